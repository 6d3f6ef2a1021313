"""Selections: to an address and back, and what can be chosen of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import stored

from acutecast.errors import AcutecastError
from acutecast.facts import ACTIVITY_TYPES, AGE_GROUPS
from acutecast.report.views import Selection, choices, from_query, show, to_query
from acutecast.results.questions import ORDERS

values = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text == text.strip())
lists = st.lists(values, max_size=3).map(tuple)
selections = st.builds(
    Selection,
    activity=st.sampled_from(("", *ACTIVITY_TYPES)),
    pods=lists,
    measure=st.sampled_from(("", *ORDERS["measure"])),
    ip_sites=lists,
    op_sites=lists,
    aae_sites=lists,
    specialties=lists,
    ages=lists,
    year=st.none() | st.integers(1900, 2200),
    area=st.just("") | values,
    site=st.just("all") | values,
    suppress=st.none() | st.integers(2, 100),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("selection") / "run")


@given(selections)
def test_a_selection_survives_the_way_through_an_address(selection):
    query = to_query(selection)
    assert all(isinstance(name, str) and isinstance(text, str) for name, text in query.items())
    assert from_query(query) == selection


def test_an_address_holds_only_what_differs_from_the_default():
    assert to_query(Selection()) == {}
    picked = Selection(pods=("ip_elective_daycase", "op_first"), year=2031, site="RXX01")
    assert to_query(picked) == {
        "pods": "ip_elective_daycase,op_first", "year": "2031", "site": "RXX01"
    }  # fmt: skip
    assert from_query({"page": "results", "view": "summary", "pods": ",op_first,"}) == Selection(
        pods=("op_first",)
    )


def test_wrong_words_in_an_address_are_told_all_at_once():
    with pytest.raises(AcutecastError) as caught:
        from_query({"year": "soon", "suppress": "1", "activity": "xx", "measure": "beds"})
    assert {problem.where for problem in caught.value.problems} == {
        "year", "suppress", "activity", "measure"
    }  # fmt: skip


def test_choices_are_those_of_the_run_with_words(run):
    found = choices(run)
    assert found["activity"] == [
        ("ip", "Inpatients"), ("op", "Outpatients"), ("aae", "Emergency care")
    ]  # fmt: skip
    assert ("aae_type-05", "Type 5 Department (SDEC)") in found["pods"]
    assert found["ip_sites"] == [("RXX01", "RXX01"), ("RXX02", "RXX02")]
    assert ("100", "General Surgery") in found["specialties"]
    assert ("arrivals", "Arrivals") in found["measure"]
    assert found["year"] == [("2024", "2024/25"), ("2026", "2026/27"), ("2030", "2030/31")]
    ages = [age for age, _ in found["ages"]]
    assert ages == [age for age in AGE_GROUPS if age in ages]
    assert found["area"] == []
    assert found["site"] == []


def test_choices_follow_what_is_chosen(run):
    found = choices(run, Selection(activity="op"))
    assert {pod.split("_")[0] for pod, _ in found["pods"]} == {"op"}
    assert [measure for measure, _ in found["measure"]] == ["attendances", "tele_attendances"]
    found = choices(run, Selection(pods=("aae_type-01",)))
    assert [measure for measure, _ in found["measure"]] == ["walk-in", "ambulance", "arrivals"]
    assert len({pod.split("_")[0] for pod, _ in found["pods"]}) == 3


def test_whatever_can_be_chosen_can_be_shown(run):
    found = choices(run)
    for field in ("activity", "measure", "year"):
        for value, _ in found[field]:
            query = {field: value}
            assert show(run, "distribution", from_query(query))[0].title
    for field in ("pods", "specialties", "ages", "ip_sites", "op_sites", "aae_sites"):
        for value, _ in found[field]:
            assert show(run, "trajectory", from_query({field: value}))[0].title
