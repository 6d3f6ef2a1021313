"""Why two scenarios differ: exact parts that add up in every run."""

import copy

import numpy as np
import polars as pl
import pytest

import acutecast as ac
from acutecast.demand.expected import Expectation
from acutecast.errors import AcutecastError
from acutecast.insight.hybrid import differing, hybrid
from acutecast.insight.why import EXACT
from acutecast.results.source import scenario_of

RUNS = 8
BASE = {
    "name": "Base",
    "runs": RUNS,
    "horizon_year": 2035,
    "expat": {"ip": {"elective": {"110": [0.9, 0.98]}}},
    "activity_avoidance": {
        "ip": {"falls_related_admissions": [0.7, 0.9], "frail_elderly_high": [0.8, 0.95]},
        "op": {"followup_reduction_adult_surgical": [0.8, 0.9]},
    },
    "efficiencies": {"ip": {"emergency_elderly": [0.84, 0.95]}},
}


@pytest.fixture(scope="module")
def provider():
    return ac.demo_provider(size=0.03)


@pytest.fixture(scope="module")
def runs(provider, tmp_path_factory):
    """Give a function that runs a change of the base scenario once."""
    folder, made = tmp_path_factory.mktemp("why"), {}

    def run(name="base", **changes):
        if name not in made:
            scenario = copy.deepcopy(BASE) | {"name": name}
            for path, value in changes.items():
                branch = scenario
                *parents, last = path.split("__")
                for key in parents:
                    branch = branch.setdefault(key, {})
                if value is None:
                    del branch[last]
                else:
                    branch[last] = value
            made[name] = ac.run(scenario, provider, folder / name, years="horizon",
                                empty_tpmas="warn")  # fmt: skip
        return made[name]

    return run


OTHER = {
    "activity_avoidance__ip__falls_related_admissions": [0.4, 0.6],
    "efficiencies__ip__emergency_elderly": None,
    "efficiencies__ip__enhanced_recovery_hip": [0.9, 0.95],
    "expat__ip__elective__100": [0.8, 0.9],
    "population": {"variants": {"var_proj_high_intl_migration": 1}},
}


def test_parts_and_chance_add_up_to_the_difference_in_every_run(runs, provider):
    a, b = runs(), runs("other", **OTHER)
    found = ac.why(a, b, provider, by=("pod",))
    assert found.exact
    assert np.allclose(found.values.sum(axis=0), found.difference, rtol=0, atol=1e-6)
    for g in range(len(found.difference)):
        kept = {name: str(labels[g]) for name, labels in found.keys.items()}
        counted = [
            run.values(by=("pod", "measure"), where=kept).values.sum(axis=(0, 1)) for run in (a, b)
        ]
        assert np.array_equal(found.difference[g], counted[1] - counted[0])
    assert set(found.parts) == {
        "activity_avoidance.ip.falls_related_admissions", "efficiencies.ip.emergency_elderly",
        "efficiencies.ip.enhanced_recovery_hip", "expat.ip.elective.100", "population", "chance",
    }  # fmt: skip


def test_a_run_against_itself_is_zero(runs, provider):
    found = ac.why(runs(), runs(), provider)
    assert found.parts == ("chance",)
    assert np.all(found.values == 0)
    assert np.all(found.difference == 0)


def test_the_order_in_which_assumptions_are_written_changes_nothing(runs, provider, tmp_path):
    def reversed_keys(tree):
        if not isinstance(tree, dict):
            return tree
        return {key: reversed_keys(value) for key, value in reversed(tree.items())}

    turned = ac.run(reversed_keys(BASE), provider, tmp_path / "run", years="horizon")
    forth = ac.why(runs(), runs("other", **OTHER), provider)
    again = ac.why(turned, runs("other", **OTHER), provider)
    assert forth.parts == again.parts
    assert np.array_equal(forth.values, again.values)


def test_the_other_way_round_every_part_changes_sign(runs, provider):
    forth = ac.why(runs(), runs("other", **OTHER), provider)
    back = ac.why(runs("other", **OTHER), runs(), provider)
    assert forth.parts == back.parts
    assert np.allclose(forth.values, -back.values, atol=1e-6)


def test_one_difference_takes_the_whole(runs, provider):
    found = ac.why(runs(), runs("expat", expat__ip__elective__100=[0.5, 0.6]), provider)
    bed_days = list(found.keys["measure"]).index("beddays")
    part, chance = found.values[:, bed_days].mean(axis=-1)
    assert part < 0
    assert abs(chance) < abs(part) / 5


def test_two_assumptions_by_hand(runs, provider):
    changes = {"activity_avoidance__ip__falls_related_admissions": [0.4, 0.6],
               "expat__ip__elective__110": [0.6, 0.7]}  # fmt: skip
    a, b = runs(), runs("two", **changes)
    found = ac.why(a, b, provider, where={"measure": "admissions"})
    scenarios = scenario_of(a), scenario_of(b)
    parts = differing(*scenarios)
    import json

    from acutecast.scenario import dump_scenario

    plain = json.loads(dump_scenario(scenarios[0], full=True))
    worth = {}
    for chosen in [(), (0,), (1,), (0, 1)]:
        made = Expectation(provider, hybrid(plain, parts, frozenset(chosen)), (2035,))()
        mine = made.keys["measure"] == "admissions"
        worth[chosen] = made.values[0][:, mine].sum(axis=1)
    first = 0.5 * (worth[0,] - worth[()] + worth[0, 1] - worth[1,])
    second = 0.5 * (worth[1,] - worth[()] + worth[0, 1] - worth[0,])
    assert np.allclose(found.values[0, 0], first)
    assert np.allclose(found.values[1, 0], second)


def test_many_assumptions_sample_orders_and_still_add_up(runs, provider):
    tpmas = ("alcohol_partially_attributable_chronic", "smoking", "readmission_within_28_days",
             "ambulatory_care_conditions_acute", "ambulatory_care_conditions_chronic",
             "zero_los_no_procedure_adult", "obesity_related_admissions")  # fmt: skip
    changes = {f"activity_avoidance__ip__{name}": [0.6, 0.8] for name in tpmas}
    assert len(changes) > EXACT
    found = ac.why(runs(), runs("many", **changes), provider)
    assert not found.exact
    assert np.allclose(found.values.sum(axis=0), found.difference, atol=1e-6)
    bed_days = list(found.keys["measure"]).index("beddays")
    assert found.standard_error[:-1, bed_days].max() > 0
    assert np.all(found.values[:-1, bed_days].mean(axis=-1) <= 0)


def test_the_table(runs, provider):
    found = ac.why(runs(), runs("other", **OTHER), provider)
    table = found.table().filter(pl.col("measure") == "beddays")
    assert table["part"].to_list()[-2:] == ["chance", "difference"]
    assert table["mean"][:-1].sum() == pytest.approx(table["mean"][-1])
    assert table["share"][:-1].sum() == pytest.approx(1)
    assert table["share"][-1] == 1


def test_what_cannot_be_compared_is_said(runs, provider, tmp_path):
    seeded = ac.run(BASE | {"seed": 9}, provider, tmp_path / "seed", years="horizon")
    with pytest.raises(AcutecastError, match="the seeds differ"):
        ac.why(runs(), seeded, provider)
    with pytest.raises(AcutecastError, match="can't be split"):
        ac.why(runs(), runs(), provider, by=("age",))
    with pytest.raises(AcutecastError, match="year 2030"):
        ac.why(runs(), runs(), provider, year=2030)
    with pytest.raises(AcutecastError, match="nothing is selected"):
        ac.why(runs(), runs("other", **OTHER), provider, where={"pod": "none"})


def test_expected_activity_is_the_baseline_and_the_exact_parts(runs, provider):
    run = runs()
    made = Expectation(provider, scenario_of(run), (2035,))()
    table = run.parts("attribution")
    factor = table.keys["change_factor"]
    names = ("activity_type", "pod", "sitetret", "measure")
    place = {row: i for i, row in enumerate(zip(*(made.keys[n] for n in names), strict=True))}
    total = np.repeat(made.baseline[:, None].astype(float), RUNS, axis=1)
    for r in range(len(table.year)):
        if factor.names[factor.codes[r]] != "sampling":
            row = tuple(table.keys[n].names[table.keys[n].codes[r]] for n in names)
            total[place[row]] += table.values[r]
    assert np.allclose(total, made.values[0].T, atol=0.05)


def test_the_isolated_form_is_the_step_counts(runs):
    run = runs()
    kept = {"measure": "beddays"}
    table = run.attribution(("change_factor",), kept, form="isolated")
    assert "model_interaction_term" in table["change_factor"].to_list()
    assert "baseline" not in table["change_factor"].to_list()
    exact = run.attribution(("change_factor",), kept)
    assert table["mean"].sum() == pytest.approx(exact["mean"].sum(), abs=1)
    # Both end at the same level: the baseline counts once.
    assert table["total"].to_list() == pytest.approx([exact["total"][0]] * len(table), abs=1)
    assert table["total"][0] == pytest.approx(table["baseline"][0] + table["mean"].sum())
    with pytest.raises(AcutecastError, match="no form"):
        run.attribution(form="rough")
