"""Differences between runs: run by run where draws are shared, over all pairs otherwise."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_projection import PROVIDER, make_projection

from acutecast.demand.engine import simulate
from acutecast.errors import AcutecastError
from acutecast.results.compare import compare
from acutecast.results.difference import paired, unpaired
from acutecast.results.run import open_run
from acutecast.results.store import save_run
from acutecast.scenario import Scenario, dump_scenario, resolve
from small_provider import small_provider

BASE = make_projection()
NUMBERS = ("difference", "p10", "median", "p90")
BY = ("sitetret", "pod", "measure")


def changed(projection, cubes=None, years=None, runs=None):
    """Give a projection with other values, (years, runs, cells, measures), fewer years or runs."""
    years, runs = years or projection.years, runs or projection.runs
    made = {}
    for name, cube in projection.cubes.items():
        kept = [i for i, year in enumerate(cube.years) if year in years]
        values = (cubes(cube) if cubes else cube.values)[kept][:, :runs]
        made[name] = replace(cube, years=tuple(cube.years[i] for i in kept), values=values)
    kept = [i for i, year in enumerate(projection.years) if year in years]
    parts = replace(
        projection.attribution,
        years=tuple(years),
        values=projection.attribution.values[kept][:, :runs],
    )
    draws = replace(
        projection.draws,
        values=projection.draws.values[:runs],
        variants=projection.draws.variants[:runs],
    )
    steps = replace(projection.step_counts, values=projection.step_counts.values[:, :runs])
    return replace(
        projection,
        cubes=made,
        attribution=parts,
        step_counts=steps,
        draws=draws,
        years=tuple(years),
        runs=runs,
    )


def permuted(projection, seed=3):
    order = np.random.default_rng(seed).permutation(projection.runs)
    return changed(projection, lambda cube: cube.values[:, order])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Store a projection as a run of a scenario and open it."""

    def stored(projection, name, seed=17, provider=PROVIDER, suppress=None, **scenario):
        folder = tmp_path_factory.mktemp("runs") / "run"
        seed = {} if seed is ... else {"seed": seed}
        text = json.dumps({"name": name, **seed, **scenario})
        save_run(projection, text, provider, folder, suppress=suppress)
        return open_run(folder)

    return stored


@pytest.fixture(scope="module")
def base(store):
    return store(BASE, "base")


@pytest.fixture(scope="module")
def twice(store):
    return store(changed(BASE, lambda cube: 2 * cube.values), "twice")


@pytest.fixture(scope="module")
def elsewhere(store):
    """Store a run of another seed, other data, fewer runs, other years and one site fewer."""
    projection = make_projection(seed=2, runs=5, years=(2024, 2028, 2030))
    for cube in projection.cubes.values():
        cube.keys["sitetret"][cube.keys["sitetret"] == "RXX02"] = "RYY01"
    return store(projection, "elsewhere", seed=18, provider=PROVIDER | {"hashes": {"ip": "zz"}})


# Arrays


def two_sets(same_length=False):
    whole = st.integers(-(10**12), 10**12) | st.integers(-5, 5)
    real = st.floats(-1e6, 1e6)
    size = st.integers(1, 12)

    def arrays(shape):
        n, m, kind = shape
        return st.tuples(
            st.lists(kind, min_size=n, max_size=n).map(np.array),
            st.lists(kind, min_size=m, max_size=m).map(np.array),
        )

    kinds = st.sampled_from([whole, real])
    sizes = size.map(lambda n: (n, n)) if same_length else st.tuples(size, size)
    return st.tuples(sizes, kinds).map(lambda t: (*t[0], t[1])).flatmap(arrays)


@given(two_sets(), st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_unpaired_is_over_every_pair_of_runs(sets, at):
    a, b = sets
    every = [x - y for x in a.tolist() for y in b.tolist()]
    found = unpaired(a, b, at)
    scale = 1 + max(map(abs, every))
    assert np.allclose(found.quantiles, np.quantile(every, at), rtol=0, atol=1e-9 * scale)
    assert found.mean == pytest.approx(np.mean(every), abs=1e-9 * scale)
    won = sum((d > 0) + 0.5 * (d == 0) for d in every)
    assert found.probability == pytest.approx(won / len(every))


@given(two_sets(same_length=True))
def test_swapping_flips_the_sign(sets):
    a, b = sets
    for method in (paired, unpaired):
        one, other = method(a, b), method(b, a)
        scale = 1e-9 * (1 + np.abs(a).max() + np.abs(b).max())
        assert other.mean == -one.mean
        assert np.allclose(other.quantiles, -one.quantiles[::-1], rtol=0, atol=scale)
        assert other.probability == pytest.approx(1 - one.probability)
        assert np.array_equal(other.standard_error, one.standard_error, equal_nan=True)
        assert np.array_equal(other.narrower, one.narrower, equal_nan=True)


@given(two_sets(same_length=True), st.randoms())
def test_unpaired_does_not_see_the_order_of_runs(sets, random):
    a, b = sets
    mixed = np.array(random.sample(b.tolist(), len(b)))
    one, other = unpaired(a, b), unpaired(a, mixed)
    assert (one.quantiles == other.quantiles).all()
    assert one.probability == other.probability
    assert other.mean == pytest.approx(one.mean, abs=1e-9 * (1 + np.abs(b).max()))


@given(two_sets(same_length=True))
def test_both_means_are_the_difference_of_means(sets):
    a, b = sets
    difference = a.mean() - b.mean()
    near = 1e-9 * (1 + np.abs(a).max() + np.abs(b).max())
    assert paired(a, b).mean == pytest.approx(difference, abs=near)
    assert unpaired(a, b).mean == pytest.approx(difference, abs=near)


def test_a_small_case_by_hand():
    a, b = np.array([10, 12, 11, 15]), np.array([8, 11, 11, 12])
    # Run by run 2, 1, 0, 3: mean 1.5, variance 5/3. Variances of a and b: 14/3 and 3.
    found = paired(a, b)
    assert found.mean == 1.5
    assert np.allclose(found.quantiles, [0.3, 1.5, 2.7])
    assert found.probability == 3.5 / 4
    assert found.standard_error == pytest.approx((5 / 12) ** 0.5)
    assert found.narrower == pytest.approx((23 / 5) ** 0.5)
    # All pairs of (1, 4) and (2, 3, 4): -3, -2, -1, 0, 1, 2. Variances 4.5 and 1.
    found = unpaired(np.array([1, 4]), np.array([2, 3, 4]))
    assert found.mean == -0.5
    assert np.allclose(found.quantiles, [-2.5, -0.5, 1.5])
    assert found.probability == 2.5 / 6
    assert found.standard_error == pytest.approx((4.5 / 2 + 1 / 3) ** 0.5)
    assert np.isnan(found.narrower)


def test_what_never_varies_and_what_has_one_run():
    # The mean of three times 0.1 is not 0.1; the variance must be 0 nonetheless.
    assert paired(np.full(3, 0.1), np.zeros(3)).standard_error == 0
    shifted = np.array([[1, 4, 9], [7, 7, 7]])
    found = paired(shifted + 5, shifted)
    assert found.narrower[0] == np.inf
    assert np.isnan(found.narrower[1])
    assert (found.standard_error == 0).all()
    alone = paired(np.array([3]), np.array([1]))
    assert (alone.mean, alone.quantiles.tolist()) == (2, [2, 2, 2])
    assert np.isnan(alone.standard_error)
    assert np.isnan(unpaired(np.array([3]), np.array([1, 2])).standard_error)


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.float64, np.uint16])
def test_cells_are_compared_each_for_itself(kind):
    # 300 × 280 pairs: a dozen cells at a time, and not a whole number of times.
    rng = np.random.default_rng(4)
    top = {np.int64: 2**40}.get(kind, 60_000)
    a, b = (rng.integers(0, top, (5, 7, n)).astype(kind) for n in (300, 280))
    found = unpaired(a, b, (0.05, 0.5))
    assert found.quantiles.shape == (2, 5, 7)
    for cell in ((0, 0), (1, 6), (4, 6)):
        alone = unpaired(a[cell], b[cell], (0.05, 0.5))
        assert (found.quantiles[:, *cell] == alone.quantiles).all()
        every = (a[cell].astype(float)[:, None] - b[cell].astype(float)).ravel()
        assert np.allclose(alone.quantiles, np.quantile(every, (0.05, 0.5)), rtol=1e-12)
        won = np.mean(every > 0) + np.mean(every == 0) / 2
        assert found.probability[cell] == pytest.approx(won, rel=1e-12)


def test_no_cells_and_wrong_shapes():
    none = np.zeros((0, 2, 5), dtype=np.int64)
    for method in (paired, unpaired):
        assert method(none, none).quantiles.shape == (3, 0, 2)
        with pytest.raises(ValueError, match=r"\(1, 5\)|\(1,\)"):
            method(np.zeros((1, 5)), np.zeros((2, 5)))
    with pytest.raises(ValueError, match="one shape"):
        paired(np.zeros(5), np.zeros(1))


# Stored runs


def test_a_run_and_itself_differ_by_nothing(base):
    comparison = compare([base, base])
    table = comparison.table(by=BY, years=base.years)
    assert table.height > 50
    assert table.select((pl.col(*NUMBERS, "standard_error") == 0).all()).row(0) == (True,) * 5
    assert set(table["probability_more"]) == {0.5}
    assert table["narrower"].null_count() == table.height
    assert (table["baseline_reference"] == table["baseline_other"]).all()
    assert (comparison.name, comparison.pairings[0].name) == ("base", "base (2)")
    assert comparison.differences == []


@pytest.mark.parametrize("where", [None, {"sitetret": "RXX02"}, {"age_group": ["75-84", "85+"]}])
def test_paired_runs_are_subtracted_run_by_run(base, twice, where):
    comparison = compare([base, twice])
    assert comparison.pairings[0].paired
    table = comparison.table(("pod",), "beddays", where, years=[2030, 2024])
    values = base.values("beddays", ("pod",), where, [2030, 2024])
    # Twice a run less the run is the run.
    runs = values.values.reshape(-1, 7)
    for name, at in (("p10", 0.1), ("median", 0.5), ("p90", 0.9)):
        assert np.allclose(table[name], np.quantile(runs, at, axis=1))
    assert np.allclose(table["difference"], runs.mean(axis=1))
    assert np.allclose(table["difference"], table["mean_other"] - table["mean_reference"])
    assert np.allclose(table["difference_pct"].drop_nulls(), 100)
    assert np.allclose(table["standard_error"], runs.std(axis=1, ddof=1) / 7**0.5)
    # The draws are the same up to scale: sqrt(1 + 4) as wide if they were independent.
    assert np.allclose(table["narrower"].drop_nulls(), 5**0.5)
    assert table["pod"].to_list() == np.repeat(values.keys["pod"], 2).tolist()
    assert table["year"].to_list() == [2030, 2024] * len(values.baseline)
    assert table["baseline_other"].to_list() == np.repeat(values.baseline, 2).tolist()


def test_columns_and_the_interval_asked_for(base, twice):
    table = compare([base, twice]).table(("pod", "measure"), interval=(0.05, 0.95))
    assert table.columns == [
        *("pod", "measure", "year", "reference", "other"),
        *("baseline_reference", "baseline_other", "mean_reference", "mean_other"),
        *("difference", "difference_pct", "p5", "median", "p95"),
        *("probability_more", "standard_error", "paired", "narrower"),
    ]
    assert table.filter(pl.col("mean_reference") == 0)["difference_pct"].null_count() == (
        (table["mean_reference"] == 0).sum()
    )
    assert set(table["year"]) == {2030}


def test_swapping_the_runs_of_a_comparison_flips_it(base, twice, elsewhere):
    for pair in ((base, twice), (base, elsewhere)):
        one = compare(pair).table(BY, years=[2024, 2030])
        other = compare(pair[::-1]).table(BY, years=[2024, 2030])
        assert one.select(*BY, "year").equals(other.select(*BY, "year"))
        for name, swapped in zip(NUMBERS, ("difference", "p90", "median", "p10"), strict=True):
            assert np.allclose(one[name], -other[swapped])
        assert np.allclose(one["probability_more"], 1 - other["probability_more"])
        assert np.allclose(one["standard_error"], other["standard_error"])
        assert one["mean_other"].equals(other["mean_reference"].alias("mean_other"))
        assert one["baseline_other"].equals(other["baseline_reference"].alias("baseline_other"))


def test_parts_add_up_to_the_whole_in_mean(base, twice, elsewhere):
    comparison = compare([base, twice, elsewhere])
    whole = comparison.table((), "admissions", years=[2024, 2030])
    parts = comparison.table(("pod",), "admissions", years=[2024, 2030])
    sums = parts.group_by("other", "year", maintain_order=True).agg(pl.sum("difference"))
    together = whole.join(sums, on=["other", "year"], suffix="_of_parts")
    assert together.height == whole.height == 4
    assert np.allclose(together["difference"], together["difference_of_parts"])


def test_different_seeds_are_unpaired_and_said_so(base, store):
    run = store(BASE, "luck", seed=18)
    comparison = compare([base, run])
    assert comparison.pairings[0].reasons == ("the seeds differ (17 and 18)",)
    note = comparison.notes()[0]
    assert "unpaired" in note
    assert "7 × 7" in note
    assert "the seeds differ (17 and 18)" in note
    table = comparison.table(("pod",), "admissions")
    assert not table["paired"].any()
    assert table["narrower"].null_count() == table.height
    # Though the values are the same: the spread is that of two independent runs.
    assert (table["p10"] < 0).all()
    values = base.values("admissions", ("pod",)).values[:, 0]
    every = (values[:, :, None] - values[:, None]).reshape(len(values), -1)
    assert np.allclose(table["p90"], np.quantile(every, 0.9, axis=1))


def test_unpaired_runs_may_come_in_any_order(base, store):
    tables = [
        compare([base, store(projection, "luck", seed=18)]).table(BY)
        for projection in (BASE, permuted(BASE))
    ]
    # Sums in another order may round otherwise, and only the standard error has such sums.
    assert tables[0].drop("standard_error").equals(tables[1].drop("standard_error"))
    assert np.allclose(*(table["standard_error"] for table in tables), rtol=1e-12)
    in_order = compare([base, store(permuted(BASE), "mixed")]).table(BY)
    assert not in_order["p10"].equals(tables[0]["p10"])
    assert np.allclose(in_order["difference"], 0)


@pytest.mark.parametrize(
    ("hashes", "reason"),
    [
        ({"ip": "ab", "op": "xx"}, "the data differ (op)"),
        ({"ip": "ab", "op": "cd", "aae": "ef"}, "the data differ (aae)"),
        ({}, "the data of other came from no files"),
    ],
)
def test_other_data_is_unpaired(base, store, hashes, reason):
    run = store(BASE, "other", provider=PROVIDER | {"hashes": hashes})
    (pairing,) = compare([base, run]).pairings
    assert not pairing.paired
    assert pairing.reasons == (reason,)


def test_another_version_and_the_default_seed(base, store):
    run = store(BASE, "other", seed=...)
    assert run.info["seed"] is None
    run.info["acutecast"] = "0.0.0"
    comparison = compare([base, run])
    reasons = comparison.pairings[0].reasons
    assert reasons[0] == "the seeds differ (17 and 1)"
    assert reasons[1].startswith("the versions of acutecast differ (")
    assert all(reason in comparison.notes()[0] for reason in reasons)
    assert compare([store(BASE, "first", seed=1), store(BASE, "same", seed=...)]).pairings[0].paired


def test_runs_without_recorded_data_still_equal_themselves(store):
    run = store(BASE, "notebook", provider=PROVIDER | {"hashes": {}})
    again = open_run(run.path)
    assert compare([run, again]).pairings[0].paired
    assert compare([run, again]).table((), "beddays")["p90"][0] == 0


def test_fewer_runs_are_the_first_of_more(base, store):
    few = store(changed(BASE, runs=4), "few")
    for runs, names in (((base, few), ("few", "base")), ((few, base), ("base", "few"))):
        comparison = compare(runs)
        table = comparison.table(BY)
        assert table["paired"].all()
        assert (table["p90"] == 0).all()
        assert (table["mean_reference"] == table["mean_other"]).all()
        notes = comparison.notes()
        assert len(notes) == 2
        assert notes[1] == "Of base the first 4 of 7 runs are used, as few has no more."
        assert notes[0].startswith(f"{names[0]} is compared with {names[1]} run by run")


def test_years_of_only_one_run_are_left_out(base, store):
    early = store(changed(BASE, years=(2024, 2026)), "early")
    comparison = compare([base, early])
    assert comparison.pairings[0].years == (2024, 2026)
    assert comparison.notes()[1] == "Years only in base, left out: 2030."
    assert set(comparison.table((), "beddays")["year"]) == {2026}
    assert comparison.table((), "beddays", years=base.years)["year"].to_list() == [2024, 2026]
    assert comparison.table((), "beddays", years=2024)["year"].to_list() == [2024]
    with pytest.raises(AcutecastError, match=r"no run shares a year asked for with base"):
        comparison.table((), "beddays", years=2030)
    with pytest.raises(AcutecastError, match=r"none of the runs.*2031.*2024, 2026, 2030"):
        comparison.table((), "beddays", years=[2024, 2031])


def test_a_run_without_common_years_is_left_out(base, store):
    late = store(changed(BASE, years=(2030,)), "late")
    soon = store(changed(BASE, years=(2024,)), "soon")
    comparison = compare([late, soon, base])
    assert comparison.notes()[0] == "soon and late have no year in common and are not compared."
    assert comparison.table((), "beddays")["other"].to_list() == ["base"]


def test_groups_of_only_one_run_are_zero_in_the_other(base, elsewhere):
    table = compare([base, elsewhere]).table(("sitetret",), "beddays")
    assert table["sitetret"].to_list() == ["RXX01", "RXX02", "RYY01"]
    gone, new = table.row(1, named=True), table.row(2, named=True)
    assert (gone["baseline_other"], gone["mean_other"], gone["difference_pct"]) == (0, 0, -100)
    assert gone["difference"] == -base.values("beddays", where={"sitetret": "RXX02"}).values.mean()
    assert (new["baseline_reference"], new["mean_reference"]) == (0, 0)
    assert (new["difference_pct"], new["probability_more"]) == (None, 1)


@pytest.mark.parametrize("by", [(), ("pod",), ("sitetret",)])
def test_a_selection_that_only_one_run_has(base, elsewhere, by):
    comparison = compare([base, elsewhere])
    for site, count in (("RYY01", "mean_reference"), ("RXX02", "mean_other")):
        table = comparison.table(by, "beddays", {"sitetret": site})
        assert table.height > 0
        assert set(table[count]) == {0}
    both = comparison.table((), "beddays", {"sitetret": ["RXX02", "RYY01"]}).row(0, named=True)
    assert (
        both["mean_reference"] == base.values("beddays", where={"sitetret": "RXX02"}).values.mean()
    )
    with pytest.raises(AcutecastError, match=r"no such value.*RZZ09"):
        comparison.table(by, "beddays", {"sitetret": ["RXX01", "RZZ09"]})


def test_faults_of_a_question_are_those_of_a_run(base, twice):
    comparison = compare([base, twice])
    for question in ({"by": ("shoe",)}, {"by": (), "where": {"hat": "x"}}, {"measures": "days"}):
        with pytest.raises(AcutecastError, match="no such"):
            comparison.table(**({"by": ("measure",)} | question))
    with pytest.raises(AcutecastError, match="cannot be added"):
        comparison.table()


def test_suppressed_baselines_stay_empty(store, twice):
    hidden = store(BASE, "hidden", suppress=5)
    table = compare([hidden, twice]).table(("pod", "measure", "age"))
    empty = table["baseline_reference"].is_null()
    assert empty.any()
    assert not empty.all()
    assert (table.filter(empty)["baseline_other"] > 0).all()
    assert table["difference"].null_count() == 0


def test_what_differs_in_the_inputs(base, store):
    run = store(
        changed(BASE, years=(2024, 2030), runs=4),
        "fewer falls",
        seed=18,
        provider=PROVIDER | {"hashes": {"ip": "ab", "aae": "ef"}},
        suppress=5,
        runs=4,
        health_status=False,
        activity_avoidance={"ip": {"falls_related_admissions": [0.8, 0.9]}},
    )
    rows = compare([base, run]).differences
    assert {row["run"] for row in rows} == {"fewer falls"}
    told = {row["what"]: (row["reference"], row["other"]) for row in rows}
    assert told.pop("activity_avoidance.ip.falls_related_admissions")[0] == "not set"
    assert told == {
        "seed": ("17", "18"),
        "runs": ("7", "4"),
        "years": ("2024, 2026, 2030", "2024, 2030"),
        "suppressed_below": ("not set", "5"),
        "data.op": ("cd", "not there"),
        "data.aae": ("not there", "ef"),
        "name": ("base", "fewer falls"),
        "health_status": ("yes", "no"),
    }


def test_names(base, twice):
    comparison = compare([base, twice, base], names=["A", "B", "C"])
    table = comparison.table((), "beddays")
    assert set(table["reference"]) == {"A"}
    assert table["other"].to_list() == ["B", "C"]
    numbered = compare([base, twice, base, base])
    assert [p.name for p in numbered.pairings] == ["twice", "base (2)", "base (3)"]
    with pytest.raises(AcutecastError) as caught:
        compare([base, twice, base], names=["A", "A"])
    assert [problem.where for problem in caught.value.problems] == ["names", "names"]
    for few in ([], [base]):
        with pytest.raises(AcutecastError, match="at least two runs"):
            compare(few)


@pytest.mark.parametrize(
    ("years", "text"),
    [
        ((2024, 2025, 2026, 2030), "2024 to 2026, 2030"),
        ((2024, 2025), "2024, 2025"),
        (tuple(range(2024, 2044)), "2024 to 2043"),
    ],
)
def test_years_in_words(store, base, years, text):
    run = store(make_projection(runs=2, years=years, cells=3), "years")
    rows = {row["what"]: row["other"] for row in compare([base, run]).differences}
    assert rows["years"] == text


def test_simulated_runs_of_one_seed_are_the_same_luck(tmp_path):
    """What pairing rests on: neither more runs nor more years change the draws of a run."""
    provider = small_provider()
    about = {"dataset": "RXX", "year": provider.year, "hashes": {"ip": "ab"}}
    opened = []
    for runs, years in ((4, "horizon"), (6, [2027])):
        scenario = Scenario(name=f"{runs}", runs=runs, horizon_year=2035)
        scenario = resolve(scenario, provider.dataset, provider.year, 2035)
        projection = simulate(provider, scenario, years=years)
        save_run(projection, dump_scenario(scenario), about, tmp_path / f"{runs}")
        opened.append(open_run(tmp_path / f"{runs}"))
    table = compare(opened).table(("pod", "measure"))
    assert table["mean_reference"].sum() > 0
    assert (table["p10"] == 0).all()
    assert (table["p90"] == 0).all()
