"""Scenarios in words."""

import pytest
from hypothesis import given, settings
from scenario_samples import scenarios

from acutecast.scenario import describe, diff_scenarios, load_scenario


def row(section: str, activity: str, key: str, written: object) -> dict[str, str]:
    content = {"name": "x", section: {activity: {key: written}}, "non_demographic_growth": "none"}
    if section == "non_demographic_growth":
        content[section] = {activity: {key: written}}
    (only,) = describe(load_scenario(content))
    return only


@pytest.mark.parametrize(
    ("section", "activity", "key", "written", "change"),
    [
        ("activity_avoidance", "ip", "smoking", [0.88, 0.95], "5% to 12% fewer"),
        ("activity_avoidance", "ip", "smoking", 0.95, "5% fewer"),
        ("activity_avoidance", "ip", "smoking", [0.95, 1], "0% to 5% fewer"),
        ("activity_avoidance", "ip", "smoking", 1, "no change"),
        ("efficiencies", "ip", "raid_ip", [0.8, 0.9], "10% to 20% shorter stays"),
        (
            "efficiencies",
            "ip",
            "pre-op_los_2-day",
            [0.8, 0.9],
            "10% to 20% without 2 days before the operation",
        ),
        (
            "efficiencies",
            "op",
            "convert_to_tele_adult_surgical",
            [0.8, 0.9],
            "10% to 20% by telephone or video",
        ),
        ("repat_local", "op", "100", [1.01, 1.05], "1% to 5% more"),
        ("repat_local", "op", "100", 1.05, "5% more"),
        ("waiting_list", "op", "100", [0.9, 1.2], "10% fewer to 20% more"),
        ("non_demographic_growth", "op", "first", [1.0228, 1.027], "2.28% to 2.7% more a year"),
        (
            "non_demographic_growth",
            "op",
            "first",
            [0.9955, 1.0017],
            "0.45% fewer to 0.17% more a year",
        ),
    ],
)
def test_change_in_words(section, activity, key, written, change):
    assert row(section, activity, key, written)["change"] == change


def test_row_of_the_table():
    written = {"p10": 0.88, "p90": 0.95, "profile": {"step": 2030}, "reason": "A clinic opens."}
    assert row("activity_avoidance", "ip", "smoking", written) == {
        "name": "activity_avoidance.ip.smoking",
        "label": "Smoking Related Admissions",
        "change": "5% to 12% fewer",
        "remaining": "0.88 to 0.95",
        "distribution": "normal",
        "profile": "all in 2030",
        "reason": "A clinic opens.",
    }
    table = {"value": 0.9, "profile": {"table": {"2030": 0.4, "2041": 1}}}
    assert row("expat", "op", "100", table)["profile"] == "40% in 2030, 100% in 2041"
    assert row("expat", "op", "100", table)["label"] == "General Surgery"


@settings(max_examples=30, deadline=None)
@given(scenarios(), scenarios())
def test_difference(a, b):
    first, second = load_scenario(a), load_scenario(b)
    assert diff_scenarios(first, first) == []
    there, back = diff_scenarios(first, second), diff_scenarios(second, first)
    assert {(d["path"], d["a"], d["b"]) for d in there} == {
        (d["path"], d["b"], d["a"]) for d in back
    }
    assert len(describe(first)) == len(first.assumptions())


def test_difference_in_words():
    a = load_scenario({"name": "x", "activity_avoidance": {"ip": {"smoking": [0.88, 0.95]}}})
    b = load_scenario(
        {
            "name": "x",
            "runs": 512,
            "health_status": False,
            "inequalities": {"level_up": ["HN22"]},
            "correlations": [
                {"name": "g", "assumptions": ["health_status_adjustment"], "rho": 0.5}
            ],
        }
    )
    assert diff_scenarios(a, b) == [
        {"path": "runs", "a": "256", "b": "512"},
        {"path": "health_status", "a": "yes", "b": "no"},
        {"path": "inequalities.level_up", "a": "none", "b": "HN22"},
        {"path": "correlations", "a": "none", "b": "not set"},
        {"path": "correlations[g].name", "a": "not set", "b": "g"},
        {
            "path": "correlations[g].assumptions",
            "a": "not set",
            "b": "health_status_adjustment",
        },
        {"path": "correlations[g].rho", "a": "not set", "b": "0.5"},
        {
            "path": "activity_avoidance.ip.smoking",
            "a": "5% to 12% fewer (normal 0.88 / 0.95, evenly)",
            "b": "not set",
        },
    ]
