"""What does not fit is refused before any run, in the user's terms and all at once."""

import re
import threading
from dataclasses import replace

import numpy as np
import pytest
from hand_made import HALFWAY, HORIZON, PLAIN, SPELL, YEAR, counted, project, provider_of
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.demand import simulate
from acutecast.demand.engine import years_to_simulate
from acutecast.errors import AcutecastError, Cancelled
from acutecast.scenario import load_scenario, resolve
from small_provider import YEARS, small_provider

PROVIDER = small_provider(40)


def resolved(**assumed):
    scenario = load_scenario({**PLAIN, "horizon_year": HORIZON, "runs": 40, **assumed})
    return resolve(scenario, PROVIDER.dataset, PROVIDER.year, YEARS[-1])


def test_years_by_name():
    assert years_to_simulate("horizon", 2023, 2030) == (2030,)
    assert years_to_simulate("all", 2023, 2030) == tuple(range(2024, 2031))


@settings(deadline=None)
@given(st.lists(st.integers(2024, 2043)))
def test_years_ascend_to_the_horizon(years):
    found = years_to_simulate(years, 2023, 2043)
    assert found[-1] == 2043
    assert list(found) == sorted(set(years) | {2043})


@pytest.mark.parametrize("year", [2022, 2023, 2044])
def test_years_outside_are_refused(year):
    with pytest.raises(AcutecastError, match=f"year {year} is not between 2024 and 2043") as caught:
        simulate(PROVIDER, resolved(), years=[2030, year])
    assert caught.value.problems[0].where == "years"


def test_unknown_population_variants_are_refused():
    """A variant without weight is no matter; each with weight that is missing is named.

    The column still lists all variants among its categories, as a filtered table does.
    """
    table = PROVIDER.tables["demographic_factors"]
    variant = np.array(table.column("variant").to_pylist())
    few = replace(
        PROVIDER,
        tables={
            **PROVIDER.tables,
            "demographic_factors": table.filter(variant == "migration_category"),
        },
    )
    weights = {
        "migration_category": 0.5,
        "var_proj_high_intl_migration": 0.25,
        "var_proj_low_intl_migration": 0.25,
        "var_proj_zero_net_migration": 0.0,
    }
    with pytest.raises(AcutecastError) as caught:
        simulate(few, resolved(population={"variants": weights}))
    assert [problem.where for problem in caught.value.problems] == [
        "population.variants.var_proj_high_intl_migration",
        "population.variants.var_proj_low_intl_migration",
    ]
    assert "migration_category" in caught.value.problems[0].remedy


EMPTY = {
    "activity_avoidance": {
        "ip": {"intentional_self_harm": 0.5, "smoking": 0.5},
        "op": {"followup_reduction_child_surgical": 0.5},
        "aae": {"left_before_seen_child_ambulance": 0.5},
    },
    "efficiencies": {
        "ip": {"virtual_wards_efficiencies_ari": 0.5, "general_los_reduction_elective": 0.5},
        "op": {"convert_to_tele_child_non-surgical": 0.5},
    },
}
EMPTY_NAMES = {
    "activity_avoidance.ip.intentional_self_harm",
    "activity_avoidance.op.followup_reduction_child_surgical",
    "activity_avoidance.aae.left_before_seen_child_ambulance",
    "efficiencies.ip.virtual_wards_efficiencies_ari",
    "efficiencies.ip.general_los_reduction_elective",
    "efficiencies.op.convert_to_tele_child_non-surgical",
}


def names_in(text: str) -> set[str]:
    """The dotted paths that a text names."""
    return set(re.findall(r"[a-z_]+\.[a-z]+\.[\w-]+", text))


@pytest.fixture
def without_rows():
    return provider_of(ip=[(5, SPELL)], avoidance={0: {"smoking": 1.0}})


def test_tpmas_without_rows_are_all_named(without_rows):
    with pytest.raises(AcutecastError) as caught:
        simulate(without_rows, resolved(**EMPTY))
    [problem] = caught.value.problems
    assert names_in(problem.what) == EMPTY_NAMES


def test_tpmas_without_rows_may_be_let_pass(without_rows):
    projection = simulate(without_rows, resolved(**EMPTY), years="horizon", empty_tpmas="warn")
    [problem] = [p for p in projection.warnings if "TPMA" in p.what]
    assert names_in(problem.what) == EMPTY_NAMES
    assert all(problem.warning for problem in projection.warnings)


def test_hrgs_without_factors_are_warned_of():
    projection = project(PROVIDER, {"runs": 1, "inequalities": {"level_up": ["HN22", "QQ99"]}})
    named = [p for p in projection.warnings if p.where.startswith("inequalities")]
    assert [(p.where, "QQ99" in p.what) for p in named] == [("inequalities.level_up", True)]


def test_rows_without_population_are_warned_of():
    spell = {**SPELL, "age": 3, "demog_type": "births"}
    projection = project(provider_of(ip=[(3, spell), (9, SPELL)]), {"runs": 1})
    [warning] = [p for p in projection.warnings if p.where == "ip"]
    assert warning.count == 3
    assert warning.example == "25.0% of the rows"


def test_cancelled_at_once():
    with pytest.raises(Cancelled):
        simulate(PROVIDER, resolved(), years="horizon", threads=1, cancelled=lambda: True)


def test_cancelled_on_the_way():
    asked = []
    with pytest.raises(Cancelled):
        simulate(
            PROVIDER, resolved(), years="horizon", threads=2,
            cancelled=lambda: asked.append(1) or len(asked) == 2,
        )  # fmt: skip
    assert len(asked) == 2
    assert not [t for t in threading.enumerate() if "ThreadPool" in t.name]


def test_progress_is_told():
    events = []
    simulate(PROVIDER, resolved(), years="horizon", threads=2, watch=events.append)
    assert events[0].stage == "compiling"
    done = [e.done for e in events if e.stage == "simulating"]
    assert done == sorted(done)
    assert done[-1] == 40
    assert all(e.of == 40 and e.seconds >= 0 for e in events if e.stage == "simulating")


@pytest.mark.parametrize("activity", ["ip", "op", "aae"])
def test_a_provider_may_lack_an_activity_type(activity):
    projection = project(
        provider_of(**{activity: ()}), {"runs": 3, "health_status": True}, [HALFWAY]
    )
    assert projection.rows[activity] == 0
    others = {"ip", "op", "aae"} - {activity}
    views = {"ip": "admissions", "op": "attendances", "aae": "walk-in"}
    for other in others:
        assert counted(projection, f"{other}_people", views[other]).shape == (2, 3)
        assert projection.cubes[f"{other}_people"].baseline.any()


def test_the_baseline_year_is_not_projected():
    assert YEAR not in project(PROVIDER, {"runs": 1}, "all").years
