"""National scenarios: what holds everywhere and what one provider says instead."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutecast.errors import AcutecastError
from acutecast.scenario import load_national, load_scenario

NATIONAL = {
    "scenario": {
        "name": "England",
        "runs": 8,
        "activity_avoidance": {
            "ip": {"falls_related_admissions": [0.7, 0.9], "smoking": {"p10": 0.8, "p90": 0.9}}
        },
    },
    "providers": {
        "RXX": {
            "activity_avoidance": {"ip": {"falls_related_admissions": 0.5, "smoking": None}},
            "expat": {"ip": {"elective": {"110": [0.8, 0.9]}}},
        }
    },
    "systems": {"RXX": "QAA"},
}


def stated(scenario) -> dict[str, tuple]:
    return {a.name: tuple(a.distribution.stated_values()) for a in scenario.assumptions()}


def test_a_providers_own_paths_take_the_place_of_the_national_ones():
    national = load_national(NATIONAL)
    own, other = stated(national.of("RXX")), stated(national.of("RYY"))
    falls = "activity_avoidance.ip.falls_related_admissions"
    assert (own[falls], other[falls]) == ((0.5,), (0.7, 0.9))
    assert "activity_avoidance.ip.smoking" in other
    assert "activity_avoidance.ip.smoking" not in own
    assert own["expat.ip.elective.110"] == (0.8, 0.9)
    assert national.systems == {"RXX": "QAA"}


def test_an_assumption_is_taken_whole():
    """Half of an interval from here and half from there is nobody's assumption."""
    content = json.loads(json.dumps(NATIONAL))
    content["providers"]["RXX"] = {"activity_avoidance": {"ip": {"smoking": {"value": 0.6}}}}
    assert stated(load_national(content).of("RXX"))["activity_avoidance.ip.smoking"] == (0.6,)


def test_a_plain_scenario_holds_everywhere(tmp_path):
    file = tmp_path / "plain.json"
    file.write_text(json.dumps(NATIONAL["scenario"]))
    assert load_national(file).of("RXX") == load_scenario(NATIONAL["scenario"])


def test_everything_wrong_is_said_at_once():
    content = {
        "scenario": {"name": "x", "dataset": "RXX", "runs": 8},
        "providers": {
            "RXX": {"seed": 3, "runs": 9},
            "RYY": {"expat": {"ip": {"elective": {"110": 1.5}}}},
        },
        "systems": {"RXX": ""},
        "flow": [],
    }
    with pytest.raises(AcutecastError) as error:
        load_national(content)
    assert [p.where for p in error.value.problems] == ["flow"]
    del content["flow"]
    with pytest.raises(AcutecastError) as error:
        load_national(content)
    places = {p.where for p in error.value.problems}
    assert places >= {"providers.RXX.seed", "providers.RXX.runs", "scenario.dataset", "systems.RXX"}


def test_a_provider_with_a_wrong_value_is_named():
    content = NATIONAL | {"providers": {"RYY": {"expat": {"ip": {"elective": {"110": 1.5}}}}}}
    with pytest.raises(AcutecastError, match=r"providers\.RYY\.expat\.ip\.elective\.110"):
        load_national(content)


@given(st.floats(0.01, 1), st.floats(0.01, 1))
def test_saying_the_national_value_again_changes_nothing(low, high):
    low, high = sorted((low, high))
    scenario = {"name": "x", "activity_avoidance": {"ip": {"smoking": [low, high]}}}
    again = {"activity_avoidance": {"ip": {"smoking": [low, high]}}}
    national = load_national({"scenario": scenario, "providers": {"RXX": again}})
    assert national.of("RXX") == national.of("RYY")
