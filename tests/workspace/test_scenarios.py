"""Scenarios: made, uploaded, listed, copied, deleted, restored, compared, taken away."""

from __future__ import annotations

import json

import pytest

from acutecast.errors import AcutecastError
from acutecast.scenario import load_scenario, to_nhp
from acutecast.workspace import (
    Edit,
    copy_scenario,
    create_scenario,
    delete_scenario,
    differences,
    edit,
    export_scenario,
    history,
    list_scenarios,
    read_scenario,
    rename_scenario,
    restore_scenario,
    share_scenario,
    upload_scenario,
)
from acutecast.workspace.tables import JOB

OURS = {
    "name": "Ours",
    "activity_avoidance": {"ip": {"smoking": {"p10": 0.88, "p90": 0.95}}},
    "expat": {"ip": {"elective": {}}},
    "capacity": {"ward_child": {"occupancy": {"p10": 0.7, "p90": 0.9}}},
}
NHP = to_nhp(
    load_scenario(
        {
            "name": "Theirs",
            "dataset": "RYY",
            "baseline_year": 2023,
            "horizon_year": 2041,
            "activity_avoidance": {"ip": {"smoking": [0.88, 0.95]}},
            "non_demographic_growth": "none",
        }
    )
)


def test_a_new_one_has_defaults_and_the_newest_year(any_ws, anna):
    row = create_scenario(any_ws, anna, None, "RXX", "  Base  case ")
    assert row.content == {
        "schema_version": 1,
        "name": "Base case",
        "dataset": "RXX",
        "baseline_year": 2023,
    }
    assert (row.name, row.dataset, row.owner) == ("Base case", "RXX", anna.name)
    assert (row.revision, row.shared, row.set, row.last_run) == (1, False, 0, None)
    assert read_scenario(any_ws, anna, row.id) == row
    assert load_scenario(row.content).runs == 256


def test_uploaded_ours(any_ws, anna, tmp_path):
    file = tmp_path / "0.json"
    file.write_text(json.dumps(OURS))
    row = upload_scenario(any_ws, anna, file, "RXX")
    assert row.content == {
        "schema_version": 1,
        "name": "Ours",
        "dataset": "RXX",
        "activity_avoidance": {"ip": {"smoking": [0.88, 0.95]}},
        "capacity": {"ward_child": {"occupancy": [0.7, 0.9]}},
    }
    assert row.set == 2
    assert [c.kind for c in history(any_ws, anna, row.id)] == ["upload"]


def test_uploaded_nhp(ws, anna, olaf, tmp_path):
    file = tmp_path / "params.json"
    file.write_text(json.dumps(NHP))
    row = upload_scenario(ws, olaf, file)
    assert (row.name, row.dataset, row.set) == ("Theirs", "RYY", 1)
    assert json.loads(export_scenario(ws, olaf, row.id, "nhp")) == NHP
    # Its assumptions for another provider.
    assert upload_scenario(ws, anna, file, "RXX", "Here").dataset == "RXX"
    assert create_scenario(ws, olaf, NHP).set == 1


def test_everything_wrong_with_a_file_is_said_at_once_and_nothing_kept(ws, anna, tmp_path):
    file = tmp_path / "0.json"
    wrong = {**OURS, "runs": 0, "colour": "red", "capacity": {"ward_child": {"occupancy": 90}}}
    file.write_text(json.dumps(wrong))
    with pytest.raises(AcutecastError) as raised:
        upload_scenario(ws, anna, file, "RXX", called="mine.json")
    assert str(raised.value).startswith("mine.json:")
    assert {p.where for p in raised.value.problems} == {"runs", "colour"}
    assert str(tmp_path) not in str(raised.value)
    for content, words in (
        ("", "empty"),
        ("{", "ends too early"),
        ("[1]", "an object in curly brackets"),
        (json.dumps({**OURS, "name": "x" * 201}), "201 letters"),
        (json.dumps({**OURS, "name": " \n "}), "is empty"),
        ('{"name": "x", "reasons": {"a": "\\ud800"}}', "not valid text"),
        (json.dumps(OURS | {"capacity": {"ward_child": {"occupancy": 90}}}), "outside the valid"),
    ):
        file.write_text(content)
        with pytest.raises(AcutecastError, match=words):
            upload_scenario(ws, anna, file, "RXX")
    with pytest.raises(AcutecastError, match="Choose the provider"):
        create_scenario(ws, anna, OURS)
    assert list_scenarios(ws, anna) == []


def test_the_newest_change_first_with_the_newest_run(any_ws, anna):
    first, second = (create_scenario(any_ws, anna, None, "RXX", name) for name in "ab")
    edit(any_ws, anna, first.id, 1, [Edit(("runs",), 8)])
    with any_ws.writing() as connection:
        for number, (state, deleted) in enumerate(
            (("done", None), ("failed", None), ("queued", first.created_at))
        ):
            connection.execute(
                JOB.insert().values(
                    id=f"j{number}", scenario_id=first.id, scenario_name="a", dataset="RXX",
                    revision=1, content="{}", options="{}", who="x", state=state, stage="",
                    done=0, of=1, seconds=0, message="", attempts=0, stop_asked=False,
                    asked_at=first.created_at.replace(year=2020 + number), deleted_at=deleted,
                )
            )  # fmt: skip
    listed = list_scenarios(any_ws, anna)
    assert [row.id for row in listed] == [first.id, second.id]
    run = listed[0].last_run
    assert run is not None
    assert (run.id, run.state, run.asked_at.year) == ("j1", "failed", 2021)
    assert listed[1].last_run is None


def test_renamed_and_shared(any_ws, anna, ben):
    row = create_scenario(any_ws, anna, None, "RXX", "Base")
    renamed = rename_scenario(any_ws, anna, row.id, "Better")
    assert (renamed.name, renamed.content["name"], renamed.revision) == ("Better", "Better", 2)
    shared = share_scenario(any_ws, anna, row.id)
    assert (shared.shared, shared.revision) == (True, 2)
    share_scenario(any_ws, anna, row.id)  # nothing new
    share_scenario(any_ws, anna, row.id, False)
    told = [(c.kind, c.label, c.words) for c in history(any_ws, anna, row.id)]
    assert told == [
        ("share", "The scenario", "made private"),
        ("share", "The scenario", "shared with all who may see RXX"),
        ("edit", "Name", "Base → Better"),
        ("create", "The scenario", "made"),
    ]
    for name in ("", "  ", "x" * 201, "a\x00b"):
        with pytest.raises(AcutecastError, match="name"):
            rename_scenario(any_ws, anna, row.id, name)


def test_copied(any_ws, anna, ben):
    row = create_scenario(any_ws, anna, OURS, "RXX", shared=True)
    copy = copy_scenario(any_ws, ben, row.id)
    assert (copy.name, copy.owner, copy.shared) == ("Ours (copy)", ben.name, False)
    assert copy.copied_from == row.id
    assert {**copy.content, "name": "Ours"} == row.content
    edit(any_ws, ben, copy.id, 1, [Edit(("runs",), 8)])
    assert read_scenario(any_ws, anna, row.id) == row
    (made,) = [c for c in history(any_ws, ben, copy.id) if c.kind == "copy"]
    assert made.reason == "Ours, revision 1"


def test_deleted_and_restored(any_ws, anna, ben):
    row = create_scenario(any_ws, anna, None, "RXX", "Base", shared=True)
    assert delete_scenario(any_ws, anna, row.id).deleted_at is not None
    assert list_scenarios(any_ws, anna) == []
    assert [r.id for r in list_scenarios(any_ws, anna, deleted=True)] == [row.id]
    assert list_scenarios(any_ws, ben, deleted=True) == []
    with pytest.raises(AcutecastError, match="Restore it first"):
        edit(any_ws, anna, row.id, 1, [Edit(("runs",), 8)])
    with pytest.raises(AcutecastError, match="does not exist"):
        read_scenario(any_ws, ben, row.id)
    restored = restore_scenario(any_ws, anna, row.id)
    assert restored.content == row.content
    assert [r.id for r in list_scenarios(any_ws, ben)] == [row.id]
    kinds = [c.kind for c in history(any_ws, anna, row.id)]
    assert kinds == ["restore", "delete", "create"]


def test_taken_away(ws, anna):
    row = create_scenario(ws, anna, OURS, "RXX")
    text = export_scenario(ws, anna, row.id)
    assert create_scenario(ws, anna, json.loads(text)).content == row.content
    with pytest.raises(AcutecastError) as raised:
        export_scenario(ws, anna, row.id, "nhp")
    assert {p.where for p in raised.value.problems} == {"baseline_year", "horizon_year", "capacity"}
    with pytest.raises(AcutecastError, match="no form"):
        export_scenario(ws, anna, row.id, "excel")


def test_differences_in_words(ws, anna):
    a = create_scenario(ws, anna, None, "RXX", "A").id
    b = copy_scenario(ws, anna, a, "A").id
    assert differences(ws, anna, a, b) == []
    changed = [
        Edit(("activity_avoidance", "ip", "smoking"), [0.88, 0.95]),
        Edit(("expat", "op", "100"), 0.9),
        Edit(("runs",), 512),
    ]
    edit(ws, anna, b, 1, changed)
    told = {row["label"]: (row["a"], row["b"]) for row in differences(ws, anna, a, b)}
    assert told["Model runs"] == ("256", "512")
    assert told["Smoking Related Admissions"][1].startswith("5% to 12% fewer")
    assert "Activity moved to other providers: General Surgery (outpatients)" in told
