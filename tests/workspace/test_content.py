"""Content as a tree: paths, differences, normal form."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario_samples import scenarios

from acutecast.errors import AcutecastError
from acutecast.scenario import load_scenario
from acutecast.workspace.content import (
    changes,
    normal,
    number_set,
    overlap,
    same,
    value_at,
    with_value,
)

TOWN = {"base": "migration_category", "fertility": [0.9, 1.0]}
EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "capacity": st.sampled_from(
            [
                {"ward_child": {"occupancy": 0.8}},
                {"ward_child": {"occupancy": {"p10": 0.7, "p90": 0.9}}},
                {"ward_child": {}, "specialty_minutes": {}},
            ]
        ),
        "population": st.sampled_from(
            [
                {"variants": {"migration_category": 0.5, "own_a": 0.5}, "own": {"own_a": {}}},
                {"variants": {"own_a": 1.0}, "own": {"own_a": TOWN, "own_b": {}}},
                {"own": {"own_a": {"housing": {"N": {"dwellings": {"2030": 5.0}}}}}},
                {"variants": {"high_fertility": 1.0}},
            ]
        ),
        "non_demographic_growth": st.sampled_from(
            ["none", "primary", {}, {"ip": {}}, {"ip": {"elective": 1.01}}]
        ),
        "reasons": st.sampled_from(
            [{"a": {"b": "why"}}, {"a": {"b": None}, "c": {}}, {"a": [1, {"d": None}]}, {"a": "x"}]
        ),
        "nhp": st.sampled_from([{}, {"id": {}}, {"id": {"a": None}, "user": "x"}]),
    },
)
contents = st.builds(lambda a, b: normal({**a, **b, "name": "x"}), scenarios(), EXTRAS)


@settings(max_examples=60, deadline=None)
@given(contents)
def test_normal_form_says_the_same_and_is_normal(content):
    assert normal(content) == content
    assert load_scenario(content).assumptions() == load_scenario(dict(content)).assumptions()


@settings(max_examples=150, deadline=None)
@given(contents, contents, st.randoms(use_true_random=False))
def test_changes_lead_from_one_to_the_other_and_back_in_any_order(a, b, chance: random.Random):
    found = changes(a, b)
    assert [c[0] for c in changes(a, a)] == []
    chance.shuffle(found)
    there, back = a, b
    for path, _, after in found:
        there = with_value(there, path, after)
    for path, before, _ in found:
        back = with_value(back, path, before)
    assert there == b
    assert back == a
    paths = [path for path, _, _ in found]
    assert not any(overlap(p, q) for i, p in enumerate(paths) for q in paths[:i])


def test_paths_go_into_what_is_written_shortly():
    content = {"name": "x", "activity_avoidance": {"ip": {"smoking": [0.7, 0.9]}}}
    smoking = ("activity_avoidance", "ip", "smoking")
    assert value_at(content, (*smoking, "p10")) == 0.7
    assert value_at(content, (*smoking, "reason")) is None
    given_reason = with_value(content, (*smoking, "reason"), "A clinic.")
    assert normal(given_reason)["activity_avoidance"]["ip"]["smoking"]["reason"] == "A clinic."
    assert normal(with_value(given_reason, (*smoking, "reason"), None)) == normal(content)
    assert with_value(content, smoking, None) == {"name": "x"}


def test_one_group_of_growth_leaves_the_others_as_published():
    elective = ("non_demographic_growth", "ip", "elective")
    growth = with_value({"name": "x"}, elective, 1.0)["non_demographic_growth"]
    assert growth["ip"]["elective"] == 1.0
    assert growth["op"]["first"] == value_at({}, ("non_demographic_growth", "op", "first"))
    # None is not the same as the published one.
    assert with_value({"non_demographic_growth": {"ip": {"elective": 1.0}}}, elective, None) == {
        "non_demographic_growth": {}
    }


def test_the_same_however_written():
    assert same([0.7, 0.9], {"p10": 0.7, "p90": 0.9, "reason": ""})
    assert same(0.9, {"distribution": "point", "value": 0.9})
    assert same(None, {"ip": {}})
    assert same({"ip": {"smoking": 0.9}}, {"ip": {"smoking": {"value": 0.9}}, "op": {}})
    assert not same([0.7, 0.9], {"p10": 0.7, "p90": 0.9, "reason": "x"})
    assert not same(0.9, 0.8)
    assert same(256, 256)
    assert not same(False, None)


def test_nothing_is_below_a_text():
    with pytest.raises(AcutecastError, match="nothing below this"):
        with_value({"name": "x"}, ("name", "first"), "y")


def test_number_of_assumptions_set():
    site = {"dwellings": {"2030": 1.0}}
    content = normal(
        {
            "name": "x",
            "expat": {"ip": {"elective": {"100": 0.9}}},
            "activity_avoidance": {"ip": {"smoking": {"p10": 0.7, "p90": 0.9, "reason": "x"}}},
            "population": {"own": {"own_a": {**TOWN, "housing": {"N": site}}}},
            "capacity": {"ward_child": {"occupancy": 0.8}},
        }
    )  # fmt: skip
    assert number_set(content) == 4
    assert number_set({"name": "x"}) == 0
