"""Summaries: sums inside each run first, whichever stored table answers."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_projection import PROVIDER, SCENARIO, make_projection

from acutecast.errors import AcutecastError
from acutecast.facts import ACTIVITY_TYPES, AGE_GROUPS, pod_labels
from acutecast.facts.specialties import specialty_group
from acutecast.results.cells import group_sums
from acutecast.results.run import open_run
from acutecast.results.store import save_run
from acutecast.results.summary import headline, quantiles

PROJECTION = make_projection()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    save_run(PROJECTION, SCENARIO, PROVIDER, folder)
    return open_run(folder)


def brute_force(view, measures, where, year):
    """Sum a cube by hand: baseline and (runs,)."""
    cube = PROJECTION.cubes[view]
    keep = np.ones(len(cube.baseline), dtype=bool)
    for name, wanted in where.items():
        keep &= np.isin(cube.keys[name].astype(str), wanted)
    m = [cube.measures.index(name) for name in measures]
    y = cube.years.index(year)
    return cube.baseline[keep][:, m].sum(), cube.values[y][:, keep][:, :, m].sum(axis=(1, 2))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**31), st.integers(0, 700), st.integers(1, 40), st.integers(1, 5), st.booleans()
)
def test_group_sums_are_the_sums_of_groups(seed, rows, groups, runs, floats):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 2**31 - 1, (900, runs)).astype(np.int32)
    if floats:
        values = values / 1024
    chosen = np.sort(rng.choice(900, rows, replace=False))
    group = rng.integers(0, groups, rows)
    sums = group_sums(values, group, groups, chosen)
    for g in range(groups):
        assert (sums[g] == values[chosen[group == g]].astype(sums.dtype).sum(axis=0)).all()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_selection_is_summed_inside_each_run(run, data):
    activity = data.draw(st.sampled_from(["ip", "op", "aae"]))
    cube = PROJECTION.cubes[f"{activity}_full"]
    # Cells that are zero throughout are not stored, and their values cannot be asked for.
    stored = run.cube(f"{activity}_full").keys
    measure = data.draw(st.sampled_from(cube.measures))
    names = data.draw(st.lists(st.sampled_from(sorted(cube.keys)), unique=True, max_size=3))
    where = {
        name: data.draw(st.lists(st.sampled_from(stored[name].names), min_size=1, unique=True))
        for name in names
    }
    answer = run.values(measure, where=where)
    baseline, values = brute_force(f"{activity}_full", [measure], where, 2030)
    assert answer.values.shape == (1, 1, 7)
    assert answer.baseline[0] == baseline
    assert (answer.values[0, 0] == values).all()


def test_every_table_gives_the_same_total(run):
    for measure in ("beddays", "attendances", "ambulance"):
        totals = [
            run.summary(by=by, measures=measure).select(pl.sum("baseline", "mean")).row(0)
            for by in ((), ("sex",), ("age_group",), ("age",), ("pod", "sitetret"))
        ]
        assert np.allclose(totals, totals[0], rtol=1e-12)
    specialties = ["tretspef", "tretspef_grouped"]
    rows = [run.summary(by=(name,), measures="beddays")["baseline"].sum() for name in specialties]
    assert rows[0] == rows[1] == PROJECTION.cubes["ip_people"].baseline[:, 1].sum()


def test_quantiles_of_a_total_are_not_sums_of_quantiles(run):
    total = run.summary(by=(), measures="beddays").row(0, named=True)
    runs = PROJECTION.cubes["ip_full"].values[0, :, :, 1].sum(axis=1)
    assert total["p10"] == np.quantile(runs, 0.1)
    assert total["p90"] == np.quantile(runs, 0.9)
    assert total["median"] == np.median(runs)
    assert total["mean"] == runs.mean()
    apart = run.summary(by=("age_group",), measures="beddays")
    assert apart["p90"].sum() - apart["p10"].sum() > total["p90"] - total["p10"]


def test_quantiles_are_those_of_type_7():
    # R: quantile(c(1, 2, 4, 8), c(0.1, 0.5, 0.9), type = 7)
    got = quantiles(np.array([[8, 1, 4, 2]]), (0.1, 0.5, 0.9))
    assert np.allclose(got[:, 0], [1.3, 3.0, 6.8])


def test_a_summary_has_change_and_percent(run):
    table = run.summary(by=("pod", "measure"), years=[2030, 2024])
    assert table.columns == [
        *("pod", "measure", "year", "baseline", "mean"),
        *("p10", "median", "p90", "change", "change_pct"),
    ]
    assert set(table["year"]) == {2024, 2030}
    row = table.filter(pl.col("baseline") > 0).row(0, named=True)
    assert row["change"] == row["mean"] - row["baseline"]
    assert row["change_pct"] == pytest.approx(100 * row["change"] / row["baseline"])
    assert not table["mean"].is_nan().any()


def test_years_come_from_tables_that_have_them(run):
    for year in PROJECTION.years:
        answer = run.summary(by=("sex",), measures="beddays", years=year)
        for row in answer.iter_rows(named=True):
            baseline, values = brute_force("ip_people", ["beddays"], {"sex": [row["sex"]]}, year)
            assert (row["baseline"], row["mean"]) == (baseline, pytest.approx(values.mean()))


def test_groups_are_in_the_order_people_read(run):
    ages = run.summary(by=("age_group",), measures="beddays")["age_group"].to_list()
    assert ages == [age for age in AGE_GROUPS if age in ages]
    pods = run.summary()["pod"].unique(maintain_order=True).to_list()
    assert pods == [pod for pod in pod_labels() if pod in pods]


def test_arrivals_are_walk_in_and_ambulance(run):
    both = run.values(["walk-in", "ambulance"])
    assert (run.values("arrivals").values == both.values).all()
    labelled = run.summary(by=("measure",), measures="arrivals")
    assert labelled["measure"].to_list() == ["arrivals"]


def test_several_activity_types_in_one_answer(run):
    table = run.summary(by=("activity_type", "measure"))
    measures = {m for spec in ACTIVITY_TYPES.values() for m in spec.measures}
    assert set(table["measure"]) == measures
    assert set(table["activity_type"]) == {"ip", "op", "aae"}
    # Emergency care has no specialty, and is left out where nobody asked for it by name.
    assert "walk-in" not in set(run.summary(by=("tretspef", "measure"))["measure"])


def test_grouped_specialties_follow_from_specialties(run):
    where = {"tretspef_grouped": "Other (Medical)", "sex": 2, "los_group": ["0 days", "22+ days"]}
    by_rule = [
        t for t in ("100", "103", "180", "301", "560") if specialty_group(t) == "Other (Medical)"
    ]
    baseline, values = brute_force(
        "ip_full",
        ["admissions"],
        {"tretspef": by_rule, "sex": ["2"], "los_group": ["0 days", "22+ days"]},
        2030,
    )
    answer = run.values("admissions", where=where)
    assert answer.baseline[0] == baseline
    assert (answer.values[0, 0] == values).all()


def test_avoided_and_delivery_are_kinds_of_their_own(run):
    avoided = run.values("beddays", of="avoided")
    assert avoided.baseline[0] == 0
    assert (avoided.values[0, 0] == PROJECTION.cubes["ip_avoided"].values[0, :, :, 1].sum(1)).all()
    births = run.values("admissions", of="delivery").values[0, 0]
    assert (births == PROJECTION.cubes["ip_delivery"].values[0, :, :, 0].sum(1)).all()


def test_a_trajectory_starts_at_the_baseline(run):
    path = run.trajectory("beddays", {"sitetret": "RXX01"})
    assert path["year"].to_list() == [2023, *PROJECTION.years]
    first = path.row(0)[1:]
    baseline, values = brute_force("ip_people", ["beddays"], {"sitetret": ["RXX01"]}, 2026)
    assert set(first) == {baseline}
    assert path.row(2, named=True)["p90"] == np.quantile(values, 0.9)


def test_the_headline_has_each_pod_and_main_measure(run):
    table = headline(run)
    assert set(table["measure"]) == {
        *("admissions", "beddays", "attendances", "tele_attendances", "arrivals"),
    }
    assert set(table["year"]) == {2030}
    row = table.filter(pl.col("pod") == "aae_type-05").row(0, named=True)
    baseline, values = brute_force(
        "aae_people", ["walk-in", "ambulance"], {"pod": ["aae_type-05"]}, 2030
    )
    assert (row["baseline"], row["principal"]) == (baseline, pytest.approx(values.mean()))
    assert row["point of delivery"] == "Type 5 Department (SDEC)"
    # Outpatient procedures have no tele-attendances.
    procedures = table.filter(pl.col("pod") == "op_procedure")
    assert procedures["measure"].to_list() == ["attendances"]


@pytest.mark.parametrize(
    ("question", "faults"),
    [
        ({"by": ("shoe",), "where": {"hat": "x", "measure": "bedays"}}, ["shoe", "hat", "bedays"]),
        ({"by": (), "measures": ["admissions", "beddays"]}, ["cannot be added"]),
        ({"by": (), "measures": "beddays", "where": {"pod": "ip_elective"}}, ["no such value"]),
        ({"by": (), "measures": "beddays", "where": {"pod": "op_first"}}, ["no measure fits"]),
        ({"where": {"pod": "xx"}}, ["pod: no such value (for example xx)"]),
        ({"years": [2025]}, ["no such year", "2024, 2026, 2030"]),
        ({"of": "imagined"}, ["avoided"]),
        (
            {"by": ("tretspef",), "measures": "beddays", "years": [2024]},
            ["horizon year has them all", "sex × age_group (2024 to 2030)"],
        ),
        ({"by": ("age", "sex", "measure")}, ["age with sex", "age (2030)"]),
        ({"by": ("tretspef",), "measures": "arrivals"}, ["emergency care: no stored table"]),
    ],
)
def test_what_cannot_be_answered_is_said(run, question, faults):
    with pytest.raises(AcutecastError) as caught:
        run.summary(**question)
    for fault in faults:
        assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("tretspef", "group"),
    [
        *(("100", "100"), ("502", "502"), ("103", "Other (Surgical)"), ("180", "Other (Medical)")),
        *(("192", "Other (Medical)"), ("303", "Other (Medical)"), ("501", "Other (Medical)")),
        *(
            ("560", "Other"),
            ("650", "Other (Medical)"),
            ("710", "Other"),
            ("831", "Other (Medical)"),
        ),
        *(("800", "Other"), ("", "Other"), ("&", "Other"), ("unknown", "Other")),
    ],
)
def test_specialty_groups(tretspef, group):
    assert specialty_group(tretspef) == group
