"""Two people edit one scenario on pages of their own: nothing is lost, and nobody misnamed."""

import pytest

from acutecast.app.pages.assumptions import editing
from acutecast.app.pages.assumptions.editing import Editor
from acutecast.app.pages.assumptions.effect import Preview, line_of
from acutecast.app.pages.assumptions.fields import row_key
from acutecast.app.visit import Visit
from acutecast.errors import AcutecastError
from acutecast.workspace import (
    Edit,
    Person,
    Settings,
    create_scenario,
    edit,
    open_workspace,
    read_scenario,
)
from app.test_beside_the_page import DEMO, Session
from loops import in_own_loop

ANNA, BEN, CARLA = (Person(n, n.title(), "analyst", ("*",)) for n in ("anna", "ben", "carla"))
SMOKING = ("activity_avoidance", "ip", "smoking")
EXPAT = ("expat", "op", "110")
HRG = ("inequalities", "HN22")


@pytest.fixture
def scenario(tmp_path):
    tmp_path.joinpath(*DEMO).mkdir(parents=True)
    (tmp_path.joinpath(*DEMO) / "0.parquet").touch()
    ws = open_workspace(Settings(home=tmp_path))
    content = {"name": "x", "inequalities": {"level_up": ["HN22"]}, "expat": {"op": {"110": 0.9}}}
    return ws, create_scenario(ws, ANNA, content, "DEMO", shared=True).id


def editor(scenario, person: Person = ANNA) -> Editor:
    ws, id = scenario
    return Editor(Visit(ws, person, {"scenario": id}), Session())


def content(scenario):
    ws, id = scenario
    return read_scenario(ws, ANNA, id).content


def by(scenario, person: Person, path, value) -> None:
    ws, id = scenario
    row = read_scenario(ws, person, id)
    edit(ws, person, id, row.revision, [Edit(path, value)])


def answers(made: Editor) -> list[dict]:
    told = [m for kind, m in made._session.sent if kind == "assumptions"]
    return [row for message in told for row in message["rows"]]


def type_in(made: Editor, path, parts, changed, base) -> dict:
    said = {"row": row_key(path), "parts": parts, "changed": changed, "base": base}
    in_own_loop(made.typed(said))
    return answers(made)[-1]


def test_a_draft_of_an_earlier_visit_overwrites_nobody(scenario):
    by(scenario, BEN, EXPAT, 0.8)
    # The page was loaded again at revision 2; what is typed was begun at revision 1.
    made = editor(scenario)
    answer = type_in(made, EXPAT, {"low": "5", "high": "5"}, "low", 1)
    assert answer["state"] == "conflict"
    assert answer["note"] == "ben changed this to 20% fewer just now (yours: 5% fewer)."
    assert content(scenario)["expat"]["op"]["110"] == 0.8
    by(scenario, BEN, ("inequalities", "level_up"), None)
    by(scenario, BEN, ("inequalities", "zero_sum"), ["HN22"])
    made = editor(scenario)
    answer = type_in(made, HRG, {"choice": "level_down"}, "choice", 1)
    assert answer["state"] == "conflict"
    assert content(scenario)["inequalities"] == {"zero_sum": ["HN22"]}


def test_a_conflict_names_who_changed_this_and_says_both_in_words(scenario):
    made = editor(scenario)
    by(scenario, BEN, ("inequalities", "level_up"), None)
    by(scenario, BEN, ("inequalities", "zero_sum"), ["HN22"])
    by(scenario, CARLA, SMOKING, [0.8, 0.9])
    by(scenario, CARLA, ("inequalities", "level_up"), ["BZ34"])
    answer = type_in(made, HRG, {"choice": "level_down"}, "choice", 1)
    assert answer["note"] == "ben changed this to Zero sum (yours: Level down)."


def test_what_others_did_beside_it_is_no_conflict_and_is_told(scenario):
    made = editor(scenario)
    by(scenario, BEN, SMOKING, [0.8, 0.9])
    assert type_in(made, HRG, {"choice": "level_down"}, "choice", 1)["state"] == "saved"
    assert content(scenario)["inequalities"] == {"level_down": ["HN22"]}
    others = [m["others"] for kind, m in made._session.sent if "others" in m]
    assert others[0]["words"] == "ben changed 1 assumption"


def test_a_bulk_is_stored_whole_or_not_at_all(scenario, monkeypatch):
    made = editor(scenario)
    wanted = [(SMOKING, [0.7, 0.8]), (EXPAT, 0.5)]
    real = editing.edit

    def slower(*given, **how):
        # Somebody else is faster each time, at one of the two.
        now = content(scenario)["expat"]["op"]["110"]
        by(scenario, BEN, EXPAT, round(now - 0.01, 3))
        return real(*given, **how)

    monkeypatch.setattr(editing, "edit", slower)
    with pytest.raises(AcutecastError, match="others are changing this"):
        in_own_loop(made.save_many(lambda _: wanted, "two"))
    assert "activity_avoidance" not in content(scenario)
    monkeypatch.setattr(editing, "edit", real)
    outcome = in_own_loop(made.save_many(lambda _: wanted, "two"))
    assert outcome is not None
    assert content(scenario)["activity_avoidance"] == {"ip": {"smoking": [0.7, 0.8]}}


def test_an_edit_that_fails_says_so_in_its_row(scenario, monkeypatch):
    made = editor(scenario)
    monkeypatch.setattr(editing, "edit", lambda *_, **__: 1 / 0)
    answer = type_in(made, EXPAT, {"low": "5", "high": "5"}, "low", 1)
    assert answer["state"] == "problem"
    assert "Something went wrong on our side" in answer["note"]
    assert made._session.sent[-1] == (
        "acutecast-saved", {"words": "Not saved: see the field", "failed": True}
    )  # fmt: skip


def test_the_live_effect_of_what_others_changed_has_a_name():
    import polars as pl

    figures = pl.DataFrame({"figure": ["beddays"], "label": ["Bed days"], "year": [2041]})
    edited = pl.DataFrame({"mean": [-12.0], "pct": [-0.1], "words": ["12 fewer bed days"]})
    assert line_of(Preview(figures, edited, "")) == "of what others changed: 12 fewer bed days."
    assert line_of(Preview(figures, edited, "Smoking")).startswith("of Smoking: ")
