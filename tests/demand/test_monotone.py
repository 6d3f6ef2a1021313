"""Runs of one seed move one way with an assumption: a difference of scenarios is no noise."""

from copy import deepcopy
from dataclasses import replace

import numpy as np
import pytest
from hand_made import HALFWAY, counted, project, provider_of
from hypothesis import given, settings
from hypothesis import strategies as st
from rich_scenario import RICH

from acutecast.demand import Projection
from acutecast.demand.views import VIEWS
from small_provider import small_provider

PROVIDER = small_provider(150, 4)
CERTAIN = {**RICH, "runs": 6}
KEPT = [view.name for view in VIEWS if view.rows != "avoided"]
AVOIDANCE = [
    (activity, tpma)
    for activity, tpmas in RICH["activity_avoidance"].items()
    for tpma in tpmas
]  # fmt: skip


def with_value(value: float, *path: str) -> dict:
    assumed = deepcopy(CERTAIN)
    branch = assumed
    for key in path[:-1]:
        branch = branch.setdefault(key, {})
    branch[path[-1]] = value
    return assumed


def assert_no_cell_rises(low: Projection, high: Projection) -> None:
    for name in KEPT:
        a, b = low.cubes[name], high.cubes[name]
        assert all(np.array_equal(a.keys[key], b.keys[key]) for key in a.keys)
        assert np.all(a.values <= b.values), name


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(AVOIDANCE), st.floats(0, 1), st.floats(0, 1))
def test_more_avoidance_raises_nothing(which, a, b):
    low, high = (
        project(PROVIDER, with_value(value, "activity_avoidance", *which), [HALFWAY])
        for value in sorted((a, b))
    )
    assert_no_cell_rises(low, high)


GROWTH = [
    ("expat", "ip", "elective", "110"),
    ("expat", "op", "100"),
    ("repat_local", "op", "110"),
    ("waiting_list", "ip", "110"),
    ("waiting_list", "op", "100"),
    ("baseline_adjustment", "ip", "elective", "120"),
    ("baseline_adjustment", "aae", "ambulance"),
]


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(GROWTH), st.floats(0, 1), st.floats(0, 1))
def test_more_growth_lowers_nothing(path, a, b):
    shift = 0 if path[0] == "expat" else 1
    low, high = (
        project(PROVIDER, with_value(value + shift, *path), [HALFWAY]) for value in sorted((a, b))
    )
    assert_no_cell_rises(low, high)


@pytest.mark.parametrize("tpma", RICH["efficiencies"]["ip"])
def test_more_efficiency_adds_no_bed_days(tpma):
    """Stays shorten and spells convert, so bed days of every place fall, but for conversions."""
    low, high = (
        project(PROVIDER, with_value(value, "efficiencies", "ip", tpma), [HALFWAY])
        for value in (0.3, 0.8)
    )
    pods = set(high.cubes["ip_people"].keys["pod"])
    if tpma.startswith("day_procedures"):
        pods -= {"ip_elective_daycase"}
    for pod in pods:
        days = [counted(p, "ip_people", "beddays", pod=pod) for p in (low, high)]
        assert np.all(days[0] <= days[1]), pod
    days = [counted(p, "ip_people", "beddays") for p in (low, high)]
    assert np.all(days[0] <= days[1])
    assert np.any(days[0] < days[1])


@pytest.mark.parametrize("tpma", RICH["efficiencies"]["op"])
def test_more_conversion_moves_attendances_one_way(tpma):
    low, high = (
        project(PROVIDER, with_value(value, "efficiencies", "op", tpma), [HALFWAY])
        for value in (0.3, 0.8)
    )
    stays = [p.cubes["op_people"].values[..., 0] for p in (low, high)]
    moves = [p.cubes["op_people"].values[..., 1] for p in (low, high)]
    assert np.all(stays[0] <= stays[1])
    assert np.any(stays[0] < stays[1])
    assert np.all(moves[0] >= moves[1])
    assert np.any(moves[0] > moves[1])


def test_a_year_follows_the_one_before():
    """The same draws move through the years: with growth alone no cell ever falls."""
    growth = {
        "ip": {"elective": 1.02, "non-elective": 1.01, "maternity": 1.03},
        "op": {"first": 1.02, "followup": 1.01, "procedure": 1.0},
        "aae": {"ambulance": 1.01, "walk-in": 1.02},
    }
    still = provider_of().tables
    people = {name: still[name] for name in ("demographic_factors", "birth_factors")}
    provider = replace(PROVIDER, tables={**PROVIDER.tables, **people})
    projection = project(provider, {"runs": 5, "non_demographic_growth": growth}, "all")
    for view in VIEWS:
        if not view.horizon_only:
            values = projection.cubes[view.name].values
            assert np.all(np.diff(values, axis=0) >= 0), view.name
            assert np.any(np.diff(values, axis=0) > 0), view.name
