"""What people type about assumptions, as values and back; plans of bulk edits; who wins."""

import pytest

from acutecast.app.live import html
from acutecast.app.pages.assumptions import bulk, population
from acutecast.app.pages.assumptions.entries import entry
from acutecast.app.pages.assumptions.entries_together import choose_inequalities
from acutecast.app.pages.assumptions.fields import read_key, row_key
from acutecast.app.pages.assumptions.page import make
from acutecast.app.pages.assumptions.phrases import CHANGE, FEWER, MORE, YEARLY, read_number
from acutecast.app.pages.assumptions.sections import counts
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.pages.assumptions.tpmas import effect_cell
from acutecast.app.pages.assumptions.values import Incomplete, read_parts, write_value
from acutecast.app.visit import Visit
from acutecast.errors import AcutecastError
from acutecast.workspace import Edit, Forbidden, Person, create_scenario, edit, open_workspace
from acutecast.workspace.settings import Settings

SMOKING = ("activity_avoidance", "ip", "smoking")
FALLS = ("activity_avoidance", "ip", "falls_related_admissions")


def snapshot(**content) -> Snapshot:
    return Snapshot({"name": "x", "baseline_year": 2023, "horizon_year": 2041} | content, 1)


def test_an_interval_is_put_as_a_change_and_comes_back_the_same():
    for phrase, value, low, high in (
        (FEWER, [0.88, 0.95], "5", "12"),
        (FEWER, [0.8765, 0.925], "7.5", "12.35"),
        (MORE, [1.02, 1.06], "2", "6"),
        (CHANGE, [0.95, 1.1], "−5", "10"),
        (YEARLY, [0.9955, 1.0017], "−0.45", "0.17"),
    ):
        parts = read_parts(phrase, value)
        assert (parts["low"], parts["high"]) == (low, high)
        assert write_value(phrase, {"low": low, "high": high}) == value


@pytest.mark.parametrize(
    "value",
    [
        0.9,
        {"distribution": "pert", "low": 0.8, "mode": 0.85, "high": 0.9, "profile": "s_curve"},
        {"distribution": "uniform", "low": 0.8, "high": 0.9, "reason": "Why not"},
        {"distribution": "normal", "p10": 0.8, "p90": 0.9, "profile": {"step": 2030}},
        {"distribution": "metalog", "quantiles": {"0.1": 0.62, "0.5": 0.8, "0.9": 0.93}},
        {
            "distribution": "point",
            "value": 0.9,
            "profile": {"table": {"2028": 0.2, "2041": 1.0}},
        },
    ],
)
def test_the_full_form_holds_every_distribution_and_profile(value):
    parts = read_parts(FEWER, value)
    assert write_value(FEWER, parts, value, (2023, 2041)) == value


def test_fields_of_a_table_keep_what_they_do_not_show():
    stored = {"distribution": "normal", "p10": 0.8, "p90": 0.9, "profile": "back_loaded"}
    changed = write_value(FEWER, {"low": "5", "high": "12", "reason": "Agreed"}, stored)
    assert changed == stored | {"p10": 0.88, "p90": 0.95, "reason": "Agreed"}
    assert write_value(FEWER, {"low": "5", "high": "5"}, stored) == {
        "distribution": "point", "value": 0.95, "profile": "back_loaded",
    }  # fmt: skip
    assert write_value(FEWER, {"low": "", "high": ""}, stored) is None


@pytest.mark.parametrize(
    "value",
    [
        {"distribution": "triangular", "low": 0.8, "mode": 0.85, "high": 0.9},
        {"distribution": "metalog", "quantiles": {"0.1": 0.62, "0.5": 0.8, "0.9": 0.93}},
        {"distribution": "normal", "p10": 0.123456789, "p90": 0.9},
    ],
)
def test_a_reason_alone_changes_no_value(value):
    # Fields that cannot hold what is set are closed, and the page does not send them.
    assert write_value(FEWER, {"reason": "Agreed"}, value) == value | {"reason": "Agreed"}
    assert write_value(FEWER, read_parts(FEWER, value) | {"reason": "Agreed"}, value) == (
        value | {"reason": "Agreed"}
    )
    adjusted = entry(("baseline_adjustment", "ip", "elective", "100"))
    seen = snapshot(baseline_adjustment={"ip": {"elective": {"100": [0.9, 1.1]}}})
    assert adjusted.write(seen, {"reason": "Agreed"}, "reason")[0][1] == {
        "distribution": "normal", "p10": 0.9, "p90": 1.1, "reason": "Agreed",
    }  # fmt: skip


def test_quantiles_that_the_form_has_no_room_for_are_not_lost():
    value = {"distribution": "metalog", "quantiles": {f"0.{i}": 0.8 + i / 100 for i in range(1, 8)}}
    parts = read_parts(FEWER, value)
    assert write_value(FEWER, parts | {"reason": "Agreed"}, value) == value | {"reason": "Agreed"}
    with pytest.raises(AcutecastError, match="7 quantiles, and the form room for 5"):
        write_value(FEWER, parts | {"quantile1": "12"}, value)
    assert write_value(FEWER, parts | {"kind": "point", "value": "5"}, value) == 0.95


def test_half_of_an_interval_is_no_mistake_and_another_shape_clears_nothing():
    with pytest.raises(Incomplete, match="At most"):
        write_value(FEWER, {"low": "5", "high": ""})
    with pytest.raises(Incomplete, match="reason is kept with it"):
        write_value(FEWER, {"low": "", "high": "", "reason": "Because"})
    parts = read_parts(FEWER, [0.8, 0.9]) | {"kind": "metalog"}
    with pytest.raises(Incomplete, match="stays as it was"):
        write_value(FEWER, parts, [0.8, 0.9])


def test_mistakes_are_told_in_what_was_typed():
    for typed, words in (
        ({"low": "5", "high": "120"}, "120 lies outside 0 to 100"),
        ({"low": "12", "high": "5"}, "at least 12 is above at most 5"),
        ({"low": "some", "high": "5"}, '"some" is not a number'),
    ):
        with pytest.raises(AcutecastError, match=words):
            write_value(FEWER, typed)
    late = read_parts(FEWER, [0.8, 0.9]) | {"profile": "step", "year": "2060"}
    with pytest.raises(AcutecastError, match="2060 lies outside 2023 to 2041"):
        write_value(FEWER, late, None, (2023, 2041))
    assert read_number(" −1,200.5 % ") == -1200.5
    for text in ("7,5", "1,2", "12,00", "1,20,000"):
        with pytest.raises(AcutecastError, match="is not a number"):
            read_number(text)


def test_a_baseline_adjustment_is_a_new_count_or_a_change():
    path = ("baseline_adjustment", "op", "first", "320")
    found = entry(path)
    seen = Snapshot({"name": "x"}, 1, {path: 200.0})
    parts = {"count": "208", "value": "", "reason": "A clinic was closed"}
    edits = found.write(seen, parts, "count")
    assert edits[0][1] == {"distribution": "point", "value": 1.04, "reason": "A clinic was closed"}
    shown = found.read(seen.with_values(edits))
    assert (shown["count"], shown["value"]) == ("208", "4")
    assert found.write(seen, {"count": "", "value": "-50", "reason": ""}, "value")[0][1] == 0.5
    with pytest.raises(AcutecastError, match="1100 lies outside 0 to 1000"):
        found.write(seen, {"count": "1100", "value": ""}, "count")
    with pytest.raises(AcutecastError, match="is not known here"):
        found.write(Snapshot({"name": "x"}, 1), {"count": "208", "value": ""}, "count")


def test_only_what_can_be_edited_has_an_entry():
    for path in (("dataset",), ("nhp",), ("capacity", "nowhere", "minutes"), ("expat",), ()):
        with pytest.raises(KeyError):
            entry(path)
    assert read_key(row_key(SMOKING)) == SMOKING
    for wrong in ("", "[", '{"a": 1}', "[1]", None, 7):
        assert read_key(wrong) == ()


def test_a_bulk_edit_leaves_what_is_set_unless_told():
    seen = snapshot(activity_avoidance={"ip": {"smoking": [0.9, 0.97]}})
    keys = [row_key(path) for path in (SMOKING, FALLS, ("efficiencies", "ip", "general_los_x"))]
    ask = {"keys": keys[:2], "how": "change", "low": "5", "high": "12", "reason": "Plan"}
    made = bulk.plan(seen, ask)
    assert [path for path, _ in made.edits] == [FALLS]
    assert made.edits[0][1] == {"p10": 0.88, "p90": 0.95, "reason": "Plan"}
    assert made.words("change").startswith("1 will change. 1 is set already and stays")
    assert len(bulk.plan(seen, ask | {"replace": "yes"}).edits) == 2
    assert bulk.plan(seen, ask | {"how": "clear"}).edits == [(SMOKING, None)]
    reason = bulk.plan(seen, ask | {"how": "reason"}).edits
    value = {"distribution": "normal", "p10": 0.9, "p90": 0.97, "reason": "Plan"}
    assert reason == [(SMOKING, value)]
    other = {"activity_avoidance": {"ip": {"falls_related_admissions": 0.9}}}
    taken = bulk.plan(seen, ask | {"how": "scenario", "reason": ""}, other=other)
    assert taken.edits == [(FALLS, 0.9)]
    assert taken.without == 1
    with pytest.raises(Incomplete):
        bulk.plan(seen, ask | {"high": ""})
    with pytest.raises(AcutecastError):
        bulk.plan(seen, ask | {"keys": keys})


def test_an_hrg_stands_in_one_list():
    seen = snapshot(inequalities={"level_up": ["HN22"], "zero_sum": ["BZ34"]})
    edits = dict(choose_inequalities(seen, {"HN22": "level_down", "BZ34": ""}))
    assert edits == {
        ("inequalities", "level_up"): None,
        ("inequalities", "zero_sum"): None,
        ("inequalities", "level_down"): ["HN22"],
    }


def test_a_projection_and_a_site_have_names_and_years():
    ask = {"what": "projection", "parts": {"name": "New town"}}
    edits, _ = population.added(snapshot(), ask)
    assert edits[0][0] == ("population", "own", "own_new_town")
    with pytest.raises(AcutecastError, match="no letter from a to z"):
        population.added(snapshot(), ask | {"parts": {"name": "新町"}})
    seen = snapshot().with_values(edits)
    parts = {"name": "Estuary", "year": "2028.5", "dwellings": "400"}
    site = {"what": "site", "of": "own_new_town", "parts": parts}
    with pytest.raises(AcutecastError, match=r"2028\.5 is no year"):
        population.added(seen, site)


def test_effects_too_small_to_write_are_said_in_words():
    for mean, text in (
        (-0.03, "less than 0.1 bed days fewer"),
        (-3.2, "−3.2 bed days (less than 0.1%)"),
        (0, "0 bed days"),
    ):
        found = {"figure": "beddays", "mean": mean, "pct": mean / 1000}
        assert effect_cell(found)["text"] == text


def test_sections_count_what_is_set():
    n = counts(
        {
            "expat": {"op": {"110": 0.9}, "aae": {"walk-in": {"p10": 0.8, "p90": 0.9}}},
            "activity_avoidance": {"ip": {"smoking": [0.9, 0.97]}},
            "health_status": False,
            "inequalities": {"level_up": ["HN22", "BZ34"]},
        }
    )
    assert {k: v for k, v in n.items() if v} == {
        "expat": "2", "tpmas": "1", "health": "1", "inequalities": "2", "overview": "6",
    }  # fmt: skip


def test_a_reader_gets_a_page_whose_fields_are_closed(tmp_path):
    (tmp_path / "demo" / "data" / "ip" / "fyear=2023" / "dataset=DEMO").mkdir(parents=True)
    (tmp_path / "demo" / "data" / "ip" / "fyear=2023" / "dataset=DEMO" / "0.parquet").touch()
    ws = open_workspace(Settings(home=tmp_path))
    writer = Person("anna", "Anna", "analyst", ("*",))
    reader = Person("ben", "Ben", "reader", ("*",))
    given = {"name": "x", "expat": {"op": {"110": 0.9}}}
    id = create_scenario(ws, writer, given, "DEMO", shared=True).id
    for person, closed in ((writer, False), (reader, True)):
        shown = html(make(Visit(ws, person, {"scenario": id, "section": "expat"})))
        assert ("data-readonly" in shown) is closed
        assert ("You may look at this scenario" in shown) is closed
    with pytest.raises(Forbidden):
        edit(ws, reader, id, 1, [Edit(("expat", "op", "110"), None)])
