"""The parts of a change add up to it exactly, and are what the Shapley value says."""

from itertools import combinations
from math import factorial, prod

import numpy as np
import pytest
from hand_made import (
    CONTACT,
    ELECTIVE,
    HALFWAY,
    HORIZON,
    SPELL,
    by_place,
    cells_where,
    counted,
    part,
    project,
    provider_of,
    shapley,
    sums_of_parts,
)
from hashing import hash_of
from hypothesis import given, settings
from hypothesis import strategies as st
from rich_scenario import RICH

from acutecast.demand import Projection
from acutecast.demand.engine import PART_UNIT
from acutecast.demand.views import VIEWS
from small_provider import small_provider

# --- they add up -----------------------------------------------------------------------------


def assert_parts_add_up(projection: Projection) -> None:
    """Baseline + parts == counts, in every run, year, place and measure of every full view."""
    sums = sums_of_parts(projection.attribution)
    for view in VIEWS:
        if view.rows != "all":
            continue
        cube = projection.cubes[view.name]
        years = [projection.years.index(year) for year in cube.years]
        for place, (baseline, counts) in by_place(cube).items():
            explained = baseline + sums[view.activity, *place][years]
            assert np.array_equal(explained, counts), (view.name, place)
    found = {key for key, values in sums.items() if values.any()}
    places = {
        (view.activity, *place)
        for view in VIEWS
        if view.rows == "all"
        for place in by_place(projection.cubes[view.name])
    }
    assert found <= places


def test_the_parts_of_the_rich_scenario_add_up(rich):
    assert_parts_add_up(rich)


def test_parts_are_binary_fractions(rich):
    units = rich.attribution.values / PART_UNIT
    assert np.array_equal(units, np.rint(units))


shares = st.one_of(
    st.sampled_from([0.0, 0.5, 1.0]),
    st.floats(0, 1),
    st.tuples(st.floats(0, 0.5), st.floats(0.5, 1)).map(list),
)
factors = st.one_of(st.sampled_from([0.0, 1.0, 5.0]), st.floats(0, 3))
multipliers = st.floats(1, 2)
growth = st.floats(0.95, 1.05)


def subset(keys, values) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(keys, values))


def spells_of(values, specialties=("110", "300")) -> st.SearchStrategy[dict]:
    specialties = subset((*specialties, "Other (Medical)"), values)
    return subset(("elective", "non-elective", "maternity"), specialties)


def moves_of(values) -> st.SearchStrategy[dict]:
    return st.fixed_dictionaries(
        {
            "ip": spells_of(values),
            "op": subset(("110", "300"), values),
            "aae": subset(("ambulance", "walk-in"), values),
        }
    )


assumptions = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 1000),
        "health_status": st.booleans(),
        "non_demographic_growth": st.one_of(
            st.sampled_from(["none", "primary"]),
            st.fixed_dictionaries({"ip": subset(("elective", "non-elective"), growth)}),
        ),
        "expat": moves_of(shares),
        "repat_local": moves_of(multipliers),
        "repat_nonlocal": moves_of(multipliers),
        "baseline_adjustment": st.fixed_dictionaries(
            {"ip": spells_of(factors), "op": subset(("first",), subset(("110",), factors))}
        ),
        "waiting_list": st.fixed_dictionaries(
            {"ip": subset(("110", "130"), factors), "op": subset(("110",), factors)}
        ),
        "inequalities": st.sampled_from([{}, {"level_up": ["HN22"], "zero_sum": ["BZ34"]}]),
        "activity_avoidance": st.fixed_dictionaries(
            {kind: subset(RICH["activity_avoidance"][kind], shares) for kind in ("ip", "op", "aae")}
        ),
        "efficiencies": st.fixed_dictionaries(
            {kind: subset(RICH["efficiencies"][kind], shares) for kind in ("ip", "op")}
        ),
    }
)
SMALL = small_provider(80, 2)


@settings(max_examples=40, deadline=None)
@given(assumptions)
def test_the_parts_of_any_scenario_add_up(assumed):
    assert_parts_add_up(project(SMALL, {**assumed, "runs": 2}, [HALFWAY]))


def test_the_order_of_assumptions_does_not_matter(provider):
    def reversed_tree(tree):
        if not isinstance(tree, dict):
            return tree
        return {key: reversed_tree(tree[key]) for key in reversed(tree)}

    assumed = {**RICH, "runs": 3}
    expected = project(provider, assumed, [HALFWAY])
    assert hash_of(project(provider, reversed_tree(assumed), [HALFWAY])) == hash_of(expected)


# --- sampling is what remains ----------------------------------------------------------------


def test_sampling_has_mean_zero():
    """What the parts leave is the luck of the draw: no total of either year drifts."""
    projection = project(SMALL, {**RICH, "runs": 2000}, [HALFWAY], threads=2)
    parts = projection.attribution
    mine = cells_where(parts.keys, change_factor="sampling")
    left = parts.values[:, :, mine]
    mean, error = left.mean(axis=1), left.std(axis=1) / np.sqrt(left.shape[1])
    # Each part is rounded to the unit.
    rounding = 30 * PART_UNIT / 2
    z = np.abs(mean) / (error + rounding / 4.5)
    assert z.max() < 4.5
    assert mine.sum() >= 40


def test_sampling_is_no_smaller_than_chance():
    """The other parts explain expectations, not what happened: sampling keeps its variance."""
    provider = provider_of(ip=[(50, SPELL)], op=[CONTACT], aae=[])
    projection = project(provider, {"runs": 1500, "expat": {"op": {"110": 0.6}}})
    where = {"pod": "op_follow-up", "measure": "attendances", "change_factor": "sampling"}
    assert np.isclose(part(projection, **where).var(), 600, rtol=0.15)
    where = {"pod": "ip_non-elective_admission", "change_factor": "sampling"}
    assert np.isclose(part(projection, measure="admissions", **where).var(), 50, rtol=0.15)


# --- worked by hand --------------------------------------------------------------------------


def assert_parts(projection: Projection, expected: dict[str, float], year: int = -1, **where: str):
    for name, value in expected.items():
        section, _, tpma = name.partition("/")
        found = part(projection, change_factor=section, strategy=tpma or "-", **where)[year]
        assert np.abs(found - value).max() <= PART_UNIT / 2 + 1e-9, (name, found, value)


OUTPATIENTS = {"activity_type": "op", "pod": "op_follow-up", "measure": "attendances"}


def test_two_factors_by_hand():
    """1000 x 0.6 x 1.5 = 900: -400 or -600 by one, 500 or 300 by the other; their means."""
    assumed = {"expat": {"op": {"110": 0.6}}, "waiting_list": {"op": {"110": 1.5}}}
    projection = project(provider_of(), {**assumed, "runs": 3})
    assert_parts(projection, {"expat": -500.0, "waiting_list_adjustment": 400.0}, **OUTPATIENTS)


def test_three_factors_by_hand():
    """1000 x 0.6 x 1.5 x 2 = 1800; the mean over the six orders."""
    assumed = {
        "expat": {"op": {"110": 0.6}},
        "waiting_list": {"op": {"110": 1.5}},
        "baseline_adjustment": {"op": {"followup": {"110": 2.0}}},
    }
    projection = project(provider_of(), {**assumed, "runs": 3})
    # x1 (1 + (x2 + x3) / 2 + x2 x3 / 3), and so on.
    expected = {
        "expat": -0.4 * (1 + (0.5 + 1.0) / 2 + 0.5 / 3) * 1000,
        "waiting_list_adjustment": 0.5 * (1 + (-0.4 + 1.0) / 2 - 0.4 / 3) * 1000,
        "baseline_adjustment": 1.0 * (1 + (-0.4 + 0.5) / 2 - 0.2 / 3) * 1000,
    }
    assert sum(expected.values()) == pytest.approx(800)
    assert_parts(projection, expected, **OUTPATIENTS)


def test_seven_factors_by_the_definition():
    """People, moves, lists, growth, avoidance and conversion of one outpatient row."""
    assumed = {
        "runs": 2,
        "expat": {"op": {"110": 0.6}},
        "repat_local": {"op": {"110": 1.3}},
        "waiting_list": {"op": {"110": 1.5}},
        "baseline_adjustment": {"op": {"followup": {"110": 0.9}}},
        "non_demographic_growth": {"op": {"followup": 1.02}},
        "activity_avoidance": {"op": {"followup_reduction_adult_surgical": 0.7}},
        "efficiencies": {"op": {"convert_to_tele_adult_surgical": 0.8}},
    }
    provider = provider_of(population={HORIZON: 1.25, HALFWAY: 1.1})
    projection = project(provider, assumed, [HALFWAY])
    for year, t, people in ((0, 0.5, 1.1), (1, 1.0, 1.25)):
        before = {
            "demographic_adjustment": people,
            "expat": 1 - 0.4 * t,
            "repat_local": 1 + 0.3 * t,
            "waiting_list_adjustment": 1 + 0.5 * t,
            "baseline_adjustment": 0.9,
            "non-demographic_adjustment": 1.02 ** (20 * t),
            "activity_avoidance/followup_reduction_adult_surgical": 1 - 0.3 * t,
        }
        tele = "efficiencies/convert_to_tele_adult_surgical"
        kept = shapley({**before, tele: 1 - 0.2 * t}, 1000)
        assert_parts(projection, kept, year, **OUTPATIENTS)
        # What is converted counts there as it is lost here.
        gained = shapley(before, 200)
        for name, value in converted(before, 1000, 0.2 * t, tele).items():
            gained[name] = gained.get(name, 0.0) + value
        assert_parts(projection, gained, year, **{**OUTPATIENTS, "measure": "tele_attendances"})


def converted(before: dict[str, float], amount: float, share: float, name: str) -> dict[str, float]:
    """Shapley parts of amount x product of the factors x share, nothing without conversion `name`.

    By coalitions, of which there are fewer than orders.
    """
    players = [*before, name]
    n = len(players)
    parts = dict.fromkeys(players, 0.0)
    for player in players:
        others = [other for other in players if other != player]
        for size in range(n):
            weight = factorial(size) * factorial(n - size - 1) / factorial(n)
            for group in combinations(others, size):
                value = amount * share * prod(before[other] for other in group if other != name)
                if player == name:
                    parts[player] += weight * value
                elif name in group:
                    parts[player] += weight * value * (before[player] - 1)
    return parts


def test_spells_by_the_definition():
    """Avoidance with a sample rate, and two efficiencies of which each spell gets one."""
    provider = provider_of(
        ip=[(100, {**ELECTIVE, "speldur": 10})],
        avoidance={0: {"smoking": 0.25}},
        efficiencies={0: ["enhanced_recovery_hip", "day_procedures_usually_dc"]},
    )
    assumed = {
        "runs": 2,
        "expat": {"ip": {"elective": {"110": 0.6}}},
        "activity_avoidance": {"ip": {"smoking": 0.2}},
        "efficiencies": {"ip": {"enhanced_recovery_hip": 0.7, "day_procedures_usually_dc": 0.4}},
    }
    projection = project(provider, assumed)
    before = {"expat": 0.6, "activity_avoidance/smoking": 1 - 0.25 * 0.8}
    hip, daycase = "efficiencies/enhanced_recovery_hip", "efficiencies/day_procedures_usually_dc"
    lost = converted(before, 100 / 2, 0.6, daycase)
    shorter = converted(before, 100 * 10 / 2, 0.3, hip)
    admissions = shapley(before, 100)
    beddays = {name: 11 * value for name, value in admissions.items()}
    for name, value in lost.items():
        admissions[name] = admissions.get(name, 0.0) - value
        beddays[name] = beddays.get(name, 0.0) - 11 * value
    for name, value in shorter.items():
        beddays[name] = beddays.get(name, 0.0) - value
    where = {"activity_type": "ip", "pod": "ip_elective_admission"}
    assert_parts(projection, admissions, measure="admissions", **where)
    assert_parts(projection, admissions, measure="procedures", **where)
    assert_parts(projection, beddays, measure="beddays", **where)
    where["pod"] = "ip_elective_daycase"
    for measure in ("admissions", "beddays", "procedures"):
        assert_parts(projection, lost, measure=measure, **where)


def test_equal_factors_have_equal_parts():
    """Which step a factor belongs to does not matter, only its size."""

    def parts_of(adjusted: float, waiting: float) -> list[np.ndarray]:
        assumed = {
            "runs": 1,
            "baseline_adjustment": {"op": {"followup": {"110": adjusted}}},
            "waiting_list": {"op": {"110": waiting}},
        }
        projection = project(provider_of(), assumed)
        names = ("baseline_adjustment", "waiting_list_adjustment")
        return [part(projection, change_factor=name, **OUTPATIENTS) for name in names]

    assert np.array_equal(parts_of(0.7, 1.9), parts_of(1.9, 0.7)[::-1])


def test_a_factor_of_one_has_no_part(provider):
    projection = project(
        provider,
        {
            "runs": 2,
            "expat": {"ip": {"elective": {"110": 1.0}}},
            "activity_avoidance": {"ip": {"smoking": 1.0}},
            "efficiencies": {"ip": {"enhanced_recovery_hip": 1.0}},
        },
    )
    for factor in ("expat", "activity_avoidance", "efficiencies"):
        assert cells_where(projection.attribution.keys, change_factor=factor).any()
        assert not part(projection, change_factor=factor).any()


# --- conversions -----------------------------------------------------------------------------

CONVERSIONS = {
    "same_day_emergency_care_high": ("aae", "aae_type-05", "walk-in"),
    "day_procedures_usually_dc": ("ip", "ip_elective_daycase", "admissions"),
    "day_procedures_usually_op": ("op", "op_procedure", "attendances"),
}


@pytest.mark.parametrize("tpma", CONVERSIONS)
def test_what_a_conversion_takes_it_gives(tpma):
    """Admissions lost in one place are attendances gained in another, in parts and in counts."""
    to_type, to_pod, measure = CONVERSIONS[tpma]
    provider = provider_of(
        ip=[(60, {**ELECTIVE, "sitetret": "RXX02"}), (20, SPELL)], op=[], aae=[],
        efficiencies={0: [tpma]},
    )  # fmt: skip
    assumed = {
        "runs": 50,
        "expat": {"ip": {"elective": {"110": [0.6, 0.8]}}},
        "efficiencies": {"ip": {tpma: [0.2, 0.6]}},
    }
    projection = project(provider, assumed, [HALFWAY])
    lost = {"pod": "ip_elective_admission", "measure": "admissions"}
    gained = {"activity_type": to_type, "pod": to_pod, "sitetret": "RXX02", "measure": measure}
    mine = {"change_factor": "efficiencies", "strategy": tpma}
    assert (part(projection, **lost, **mine) < 0).all()
    assert np.array_equal(part(projection, **gained, **mine), -part(projection, **lost, **mine))
    found = counted(projection, f"{to_type}_people", measure, pod=to_pod, sitetret="RXX02")
    assert np.array_equal(part(projection, **gained), found)
    before = project(provider, {**assumed, "efficiencies": {}}, [HALFWAY])
    left = [counted(p, "ip_people", "admissions", pod=lost["pod"]) for p in (before, projection)]
    assert np.array_equal(left[0] - left[1], found)
    assert found.any()


def test_conversions_of_the_rich_scenario_balance(rich):
    keys = rich.attribution.keys
    for tpma in CONVERSIONS:
        mine = cells_where(keys, change_factor="efficiencies", strategy=tpma)
        heads = mine & np.isin(keys["measure"], ["admissions", "attendances", "walk-in"])
        assert heads.sum() >= 2
        left = np.abs(rich.attribution.values[:, :, heads].sum(axis=2))
        assert left.max() <= heads.sum() * PART_UNIT / 2
