"""The NHP model's step counts: isolated effects, and interactions that close the sum."""

from dataclasses import replace

import numpy as np
import pytest
from hand_made import (
    CONTACT,
    ELECTIVE,
    HALFWAY,
    SPELL,
    by_place,
    cells_where,
    counted,
    project,
    provider_of,
    sums_of_parts,
)
from rich_scenario import RICH

from acutecast.demand import Projection
from acutecast.demand.columns import UNKNOWN
from small_provider import column, small_provider

UNIT_OF_ARRIVALS = ("walk-in", "ambulance")


def steps_of(projection: Projection, **where: str) -> np.ndarray:
    """Sum step counts with the given keys, (runs,)."""
    parts = projection.step_counts
    return parts.values[0][:, cells_where(parts.keys, **where)].sum(axis=1)


def final_counts(projection: Projection) -> dict[tuple[str, str, str, str], np.ndarray]:
    """Counts at the horizon by activity type, pod, site and measure of the step counts."""
    result = {}
    for activity in ("ip", "op", "aae"):
        for (pod, site, measure), (_, counts) in by_place(
            projection.cubes[f"{activity}_people"]
        ).items():
            if measure == "procedures":
                continue
            measure = "arrivals" if measure in UNIT_OF_ARRIVALS else measure
            key = (activity, pod, site, measure)
            result[key] = result.get(key, 0) + counts[-1]
    return result


def assert_steps_add_up(projection: Projection) -> None:
    sums = sums_of_parts(projection.step_counts)
    final = final_counts(projection)
    assert sums.keys() <= final.keys()
    for key, counts in final.items():
        if key in sums:
            assert np.allclose(sums[key][0], counts, rtol=0, atol=1e-6), key
        else:
            assert not counts.any(), key


def test_steps_sum_to_the_counts(rich):
    """In every run, place and measure: baseline and all effects, conversions included."""
    assert_steps_add_up(rich)
    places = {key[:3] for key in sums_of_parts(rich.step_counts)}
    assert {"aae_type-05", "ip_elective_daycase", "op_procedure"} <= {pod for _, pod, _ in places}


@pytest.mark.parametrize("seed", range(4))
def test_steps_of_other_providers_sum_to_the_counts(seed):
    assert_steps_add_up(project(small_provider(60, seed), {**RICH, "runs": 4, "seed": seed}))


def test_steps_without_assumptions_sum_to_the_counts(provider):
    assert_steps_add_up(project(provider, {"runs": 3}))


def test_a_row_stands_for_one_thing(rich):
    keys = list(zip(*rich.step_counts.keys.values(), strict=True))
    assert len(set(keys)) == len(keys)
    assert rich.step_counts.years == rich.years[-1:]


def test_rows_without_a_site_have_steps():
    """As in the NHP model since its issue 663."""
    small = small_provider(60)
    tables = dict(small.tables)
    for name in ("op", "aae"):
        at = tables[name].column_names.index("sitetret")
        sites = tables[name]["sitetret"].to_pylist()
        sites = column([site or "" for site in sites], np.arange(len(sites)) % 20 == 0)
        tables[name] = tables[name].set_column(at, "sitetret", sites)
    projection = project(replace(small, tables=tables), {"runs": 3})
    assert_steps_add_up(projection)
    for activity in ("op", "aae"):
        cube = projection.cubes[f"{activity}_people"]
        without = cube.keys["sitetret"] == UNKNOWN
        assert cube.baseline[without].sum() > 0
        mine = {"activity_type": activity, "sitetret": UNKNOWN, "change_factor": "baseline"}
        assert np.all(steps_of(projection, **mine) == cube.baseline[without].sum())


def test_the_steps_are_those_of_the_nhp_model(rich):
    assert set(rich.step_counts.keys["change_factor"]) == {
        "baseline",
        "demographic_adjustment",
        "birth_adjustment",
        "health_status_adjustment",
        "expat",
        "repat",
        "waiting_list_adjustment",
        "baseline_adjustment",
        "non-demographic_adjustment",
        "inequalities",
        "model_interaction_term",
        "activity_avoidance",
        "efficiencies",
    }


def test_growth_steps_by_hand():
    """Each step as if it were alone: baseline x (factor - 1)."""
    assumed = {
        "runs": 3,
        "expat": {"ip": {"elective": {"110": 0.6}}},
        "repat_local": {"ip": {"elective": {"110": 1.3}}},
        "waiting_list": {"ip": {"110": 1.5}},
    }
    provider = provider_of(ip=[(80, ELECTIVE)], population={2043: 1.25})
    projection = project(provider, assumed, [HALFWAY])
    effects = {
        "baseline": 80,
        "demographic_adjustment": 80 * 0.25,
        "expat": -80 * 0.4,
        "repat": 80 * 0.3,
        "waiting_list_adjustment": 80 * 0.5,
    }
    for name, effect in effects.items():
        for measure, per_spell in (("admissions", 1), ("beddays", 6)):
            found = steps_of(projection, activity_type="ip", measure=measure, change_factor=name)
            assert np.allclose(found, effect * per_spell), name
    admissions = counted(projection, "ip_people", "admissions")[-1]
    rest = steps_of(projection, activity_type="ip", measure="admissions",
                    change_factor="model_interaction_term")  # fmt: skip
    assert np.allclose(admissions - sum(effects.values()), rest)


def test_avoidance_by_hand():
    """Each TPMA takes its share of the resampled activity; interaction closes the sum."""
    provider = provider_of(
        ip=[(200, SPELL)], avoidance={0: {"smoking": 1.0, "falls_related_admissions": 1.0}}
    )
    values = {"smoking": 0.6, "falls_related_admissions": 0.9}
    projection = project(provider, {"runs": 50, "activity_avoidance": {"ip": values}})
    mine = {"activity_type": "ip", "measure": "admissions"}
    resampled = counted(projection, "ip_people", "admissions")[-1]
    resampled = resampled + counted(projection, "ip_avoided", "admissions")[-1]
    for tpma, value in values.items():
        found = steps_of(projection, strategy=tpma, **mine)
        assert np.allclose(found, (value - 1) * resampled)
    term = "activity_avoidance_interaction_term"
    rest = steps_of(projection, strategy=term, **mine)
    # Two TPMAs together take 0.04 less than the sum of both.
    assert abs(rest.mean() - 0.04 * 200) < 4.5 * rest.std() / np.sqrt(50)


def test_conversions_are_mirrored():
    """What a place loses by a TPMA another gains, with a bed day for a day case."""
    tpmas = [
        "same_day_emergency_care_high",
        "day_procedures_usually_dc",
        "day_procedures_usually_op",
    ]
    provider = provider_of(
        ip=[(100, ELECTIVE)] * 3, efficiencies={i: [tpma] for i, tpma in enumerate(tpmas)}
    )
    assumed = {"runs": 10, "efficiencies": {"ip": dict.fromkeys(tpmas, 0.4)}}
    projection = project(provider, assumed)
    places = {
        tpmas[0]: ("aae_type-05", "arrivals"),
        tpmas[1]: ("ip_elective_daycase", "admissions"),
        tpmas[2]: ("op_procedure", "attendances"),
    }
    for tpma, (pod, measure) in places.items():
        lost = steps_of(
            projection, pod="ip_elective_admission", measure="admissions", strategy=tpma
        )
        assert np.all(lost < 0)
        assert np.array_equal(steps_of(projection, pod=pod, measure=measure, strategy=tpma), -lost)
        days = steps_of(projection, pod="ip_elective_admission", measure="beddays", strategy=tpma)
        assert np.array_equal(days, 6 * lost)
    gained = steps_of(projection, pod="ip_elective_daycase", measure="beddays")
    assert np.array_equal(
        gained, steps_of(projection, pod="ip_elective_daycase", measure="admissions")
    )


def test_tele_attendances_move_between_measures():
    provider = provider_of(op=[CONTACT])
    value = {"convert_to_tele_adult_surgical": 0.7}
    projection = project(provider, {"runs": 5, "efficiencies": {"op": value}})
    mine = {"change_factor": "efficiencies", "strategy": "convert_to_tele"}
    lost = steps_of(projection, measure="attendances", **mine)
    assert np.all(lost < 0)
    assert np.array_equal(steps_of(projection, measure="tele_attendances", **mine), -lost)
