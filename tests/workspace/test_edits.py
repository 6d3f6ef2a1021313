"""Several people edit one scenario: nothing is lost or overwritten, and all can be undone."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario_samples import TPMAS, timed

from acutecast.errors import AcutecastError
from acutecast.workspace import (
    Edit,
    content_at,
    create_scenario,
    edit,
    history,
    open_workspace,
    read_scenario,
    revert_to,
    undo,
)
from acutecast.workspace.content import normal, overlap, same, value_at

SMOKING = ("activity_avoidance", "ip", "smoking")
FALLS = ("activity_avoidance", "ip", "falls_related_admissions")
KEYS = [key for key in TPMAS["activity_avoidance", "ip"] if "own_" not in key]
EASY = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def at(path: tuple[str, ...], values: st.SearchStrategy) -> st.SearchStrategy[Edit]:
    return st.builds(Edit, st.just(path), st.one_of(st.none(), values))


shares = st.one_of(timed(0, 1), st.just({"p10": 0.9, "p90": 0.2}))
branches = st.dictionaries(st.sampled_from(KEYS[:4]), shares, max_size=2)
somewhere = st.one_of(
    st.builds(Edit, st.sampled_from([(*SMOKING[:2], key) for key in KEYS[:4]]), shares),
    at(SMOKING, shares),
    at(SMOKING[:2], branches),
    at(SMOKING[:1], st.fixed_dictionaries({"ip": branches})),
    at((*SMOKING, "reason"), st.sampled_from(["A clinic.", ""])),
    at((*SMOKING, "p10"), st.sampled_from([0.5, 0.9])),
    at(("expat", "ip", "elective", "100"), shares),
    at(("non_demographic_growth",), st.sampled_from(["none", "primary", {}])),
    at(("non_demographic_growth", "ip", "elective"), st.sampled_from([1.0, [1.0, 1.01]])),
    at(("non_demographic_growth", "op"), st.just({"first": 1.01})),
    at(("population", "own"), st.just({"own_a": {}})),
    at(("population", "own", "own_a"), st.just({})),
    at(("population", "own", "own_a", "fertility"), st.just([0.9, 1.0])),
    at(("population", "own", "own_a", "housing", "N", "dwellings", "2030"), st.just(100.0)),
    at(("population", "variants"), st.just({"own_a": 0.5, "migration_category": 0.5})),
    at(("population", "variants", "own_a"), st.just(0.5)),
    at(("capacity", "ward_child", "occupancy"), st.sampled_from([0.8, [0.7, 0.9], 90])),
    at(("reasons", "expat"), st.sampled_from(["x", {"ip": "y"}, {}])),
    at(("reasons", "expat", "ip"), st.just("z")),
    at(("inequalities", "level_up"), st.sampled_from([["HN22"], []])),
    at(("nhp",), st.just({"user": "x"})),
    at(("nhp", "id", "x"), st.sampled_from([{}, 1])),
    at(("runs",), st.sampled_from([256, 8, 0])),
    at(("health_status",), st.booleans()),
    at(("name",), st.sampled_from(["A", "  B ", ""])),
)
# How far behind the newest revision an editor is, and what they edit.
steps = st.lists(
    st.tuples(st.integers(0, 3), st.lists(somewhere, min_size=1, max_size=3)),
    min_size=1,
    max_size=10,
)


@EASY
@given(steps)
def test_history_tells_all_and_takes_back_all(ws, anna, ben, taken):
    row = create_scenario(ws, anna, None, "RXX", "Base")
    states = {1: row.content}
    for number, (behind, edits) in enumerate(taken):
        person = anna if number % 2 else replace(ben, role="admin")
        base = max(1, row.revision - behind)
        try:
            came = edit(ws, person, row.id, base, edits)
        except AcutecastError:
            assert read_scenario(ws, anna, row.id) == row
            continue
        assert came.row.revision - row.revision in (0, 1)
        assert normal(came.row.content) == came.row.content
        assert came.row.name == came.row.content["name"]
        if came.row.revision == row.revision:
            assert came.row == row
        for conflict in came.conflicts:
            assert same(value_at(row.content, conflict.path), conflict.theirs)
        for wanted in came.applied:
            # Nothing is overwritten that its author had not seen.
            saw, stood = (value_at(c, wanted.path) for c in (states[base], row.content))
            assert same(saw, stood) or same(stood, wanted.value)
        row = came.row
        states[row.revision] = row.content
    for revision, content in states.items():
        assert content_at(ws, anna, row.id, revision) == content
    for revision in range(row.revision, 1, -1):
        taken_back = undo(ws, replace(anna, role="admin"), row.id, revision)
        assert taken_back.conflicts == ()
        assert taken_back.row.content == states[revision - 1]
        # Undone one after the other, each stands where the one before began.
        assert taken_back.row.revision == row.revision + 1
        row = taken_back.row
    back = revert_to(ws, anna, row.id, max(states))
    assert back.row.content == states[max(states)]
    assert all(c.label and c.words for c in history(ws, anna, row.id))


def test_an_edit_is_one_revision_with_a_row_for_each_change(any_ws, anna):
    row = create_scenario(any_ws, anna, None, "RXX", "Base")
    edits = [Edit(SMOKING, {"p10": 0.88, "p90": 0.95, "reason": "A clinic."}), Edit(("runs",), 8)]
    came = edit(any_ws, anna, row.id, 1, edits, "Agreed on Monday\x00")
    assert came.row.revision == 2
    assert came.applied == tuple(edits)
    told = history(any_ws, anna, row.id)[:-1]
    assert {(c.label, c.words) for c in told} == {
        ("Smoking Related Admissions", "no change → 5% to 12% fewer, “A clinic.”"),
        ("Model runs", "256 → 8"),
    }
    assert {(c.revision, c.who, c.reason, c.kind) for c in told} == {
        (2, anna.name, "Agreed on Monday", "edit")
    }
    assert [c.revision for c in history(any_ws, anna, row.id, limit=1)] == [2]


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [Edit(("runs",), 256)],
        [Edit(SMOKING)],
        [Edit(SMOKING[:2], {})],
        [Edit(("name",), " Base ")],
        [Edit(("non_demographic_growth",), "primary")],
        [Edit(SMOKING, 0.9), Edit(SMOKING)],
    ],
)
def test_what_changes_nothing_makes_no_revision(ws, anna, edits):
    row = create_scenario(ws, anna, None, "RXX", "Base")
    came = edit(ws, anna, row.id, 1, edits)
    assert came.row == row
    assert came.applied == tuple(edits)
    assert len(history(ws, anna, row.id)) == 1


def test_the_same_value_in_another_form_is_no_change(ws, anna):
    content = {"name": "x", "activity_avoidance": {"ip": {"smoking": [0.8, 0.9]}}}
    row = create_scenario(ws, anna, content, "RXX")
    came = edit(ws, anna, row.id, 1, [Edit(SMOKING, {"p10": 0.8, "p90": 0.9, "reason": ""})])
    assert came.row == row


def test_everything_wrong_is_said_where_it_is_and_nothing_is_stored(ws, anna):
    row = create_scenario(ws, anna, None, "RXX", "Base")
    with pytest.raises(AcutecastError) as raised:
        edit(
            ws,
            anna,
            row.id,
            1,
            [Edit(SMOKING, [0.9, 0.8]), Edit(("runs",), 0), Edit(FALLS, 0.9), Edit(("colour",), 1)],
        )
    assert {p.where for p in raised.value.problems} == {"runs", ".".join(SMOKING), "colour"}
    with pytest.raises(AcutecastError, match=r"capacity\.ward_child\.occupancy"):
        edit(ws, anna, row.id, 1, [Edit(("capacity", "ward_child", "occupancy"), 85)])
    bad: list[tuple[Any, str]] = [
        (Edit((), 1), "no path"),
        (Edit(("dataset",), "RYY"), "Copy the scenario"),
        (Edit(("schema_version",), 0), "cannot be edited"),
        (Edit(("name", "x"), 1), "nothing below this"),
        (Edit(SMOKING, {1, 2}), "cannot be stored"),
        (Edit(SMOKING, float("nan")), "cannot be stored"),
        (Edit(("reasons", "a"), "\ud800"), "not valid text"),
        (Edit(("name",), None), "name: is missing"),
    ]
    for wanted, words in bad:
        with pytest.raises(AcutecastError, match=words):
            edit(ws, anna, row.id, 1, [wanted])
    for base in (0, 2):
        with pytest.raises(AcutecastError, match="no revision"):
            edit(ws, anna, row.id, base, [Edit(("runs",), 8)])
    with pytest.raises(AcutecastError, match="letters"):
        edit(ws, anna, row.id, 1, [Edit(("runs",), 8)], "x" * 5000)
    assert read_scenario(ws, anna, row.id) == row


def test_same_path_is_a_conflict_that_names_who_and_when(any_ws, anna, ben):
    row = create_scenario(any_ws, anna, None, "RXX", "Base", shared=True)
    first = edit(any_ws, anna, row.id, 1, [Edit(SMOKING, [0.88, 0.95]), Edit(FALLS, 0.9)])
    mine = [Edit(SMOKING, 0.9), Edit(("runs",), 8), Edit(FALLS, {"value": 0.9})]
    came = edit(any_ws, ben, row.id, 1, mine)
    (conflict,) = came.conflicts
    assert (conflict.path, conflict.mine, conflict.theirs) == (SMOKING, 0.9, [0.88, 0.95])
    assert (conflict.who, conflict.when) == (anna.name, first.row.changed_at)
    assert conflict.label == "Smoking Related Admissions"
    assert (conflict.mine_words, conflict.theirs_words) == ("10% fewer", "5% to 12% fewer")
    # The others hold; that of the same value is no conflict.
    assert [wanted.path for wanted in came.applied] == [("runs",), FALLS]
    assert came.row.content["runs"] == 8
    assert value_at(came.row.content, SMOKING) == [0.88, 0.95]
    # Seen, and done all the same.
    forced = edit(any_ws, ben, row.id, 1, mine[:1], force=True)
    assert (forced.conflicts, forced.row.revision) == ((), 4)
    assert history(any_ws, ben, row.id)[0].words == "5% to 12% fewer → 10% fewer"


@pytest.mark.parametrize(
    ("theirs", "mine", "conflicts"),
    [
        (Edit(SMOKING, 0.9), Edit(SMOKING[:2], {"smoking": 0.8}), True),
        (Edit(SMOKING[:2], {"smoking": 0.8}), Edit(SMOKING, 0.9), True),
        (Edit(SMOKING, 0.9), Edit((*SMOKING, "reason"), "x"), False),
        (Edit((*SMOKING, "reason"), "y"), Edit((*SMOKING, "reason"), "x"), True),
        (Edit((*SMOKING, "reason"), "y"), Edit((*SMOKING, "p10"), 0.6), False),
        (Edit(SMOKING), Edit((*SMOKING, "p10"), 0.6), True),
        (Edit(SMOKING), Edit(SMOKING), False),
        (Edit(SMOKING, 0.9), Edit(FALLS, 0.9), False),
        # The whole was replaced, but not what is edited.
        (Edit(SMOKING[:2], {"smoking": [0.7, 0.8], "falls_related_admissions": 0.9}),
         Edit(SMOKING, 0.9), False),
        (Edit(("non_demographic_growth", "ip", "elective"), 1.0),
         Edit(("non_demographic_growth", "op", "first"), 1.0), False),
        (Edit(("non_demographic_growth",), "none"),
         Edit(("non_demographic_growth", "op", "first"), 1.0), True),
        (Edit(("population", "variants"), {"high_fertility": 1.0}),
         Edit(("population", "variants", "migration_category"), 0.5), False),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_of_what(ws, anna, ben, theirs, mine, conflicts):
    content = {"name": "x", "activity_avoidance": {"ip": {"smoking": [0.7, 0.8]}}}
    row = create_scenario(ws, anna, content, "RXX", shared=True)
    assert edit(ws, anna, row.id, 1, [theirs]).row.revision == 2
    came = edit(ws, ben, row.id, 1, [mine])
    assert [c.path for c in came.conflicts] == ([mine.path] if conflicts else [])
    assert conflicts or same(value_at(came.row.content, mine.path), mine.value)


def test_what_came_back_in_between_is_no_conflict(ws, anna):
    row = create_scenario(ws, anna, None, "RXX", "Base")
    edit(ws, anna, row.id, 1, [Edit(SMOKING, 0.9)])
    undo(ws, anna, row.id, 2)
    assert edit(ws, anna, row.id, 1, [Edit(SMOKING, 0.8)]).conflicts == ()


def test_undo_leaves_what_came_later(any_ws, anna, ben):
    row = create_scenario(any_ws, anna, None, "RXX", "Base", shared=True)
    edit(any_ws, anna, row.id, 1, [Edit(SMOKING, 0.9), Edit(("runs",), 8)])
    edit(any_ws, ben, row.id, 2, [Edit(SMOKING, 0.8)])
    came = undo(any_ws, anna, row.id, 2)
    (conflict,) = came.conflicts
    assert (conflict.path, conflict.mine, conflict.theirs) == (SMOKING, None, 0.8)
    assert (conflict.who, conflict.mine_words) == (ben.name, "no change")
    assert "runs" not in came.row.content
    (told,) = [c for c in history(any_ws, anna, row.id) if c.kind == "undo"]
    assert (told.words, told.reason) == ("8 → 256", "Undoes revision 2.")
    with pytest.raises(AcutecastError, match="cannot be undone"):
        undo(any_ws, anna, row.id, 1)
    with pytest.raises(AcutecastError, match="no revision 9"):
        undo(any_ws, anna, row.id, 9)


def test_going_back_to_a_revision(ws, anna):
    row = create_scenario(ws, anna, None, "RXX", "Base")
    edit(ws, anna, row.id, 1, [Edit(SMOKING, 0.9)])
    edit(ws, anna, row.id, 2, [Edit(("runs",), 8)])
    edit(ws, anna, row.id, 3, [Edit(SMOKING), Edit(FALLS, 0.9)])
    # Not seen: that falls were set, so they stay.
    came = revert_to(ws, anna, row.id, 2, base_revision=3)
    assert value_at(came.row.content, FALLS) == 0.9
    assert "runs" not in came.row.content
    came = revert_to(ws, anna, row.id, 2)
    assert came.row.content == content_at(ws, anna, row.id, 2)
    assert came.row.revision == 6


def together(*work: Any) -> list[Any]:
    """Do several things at the same time, in threads that start at once."""
    ready = threading.Barrier(len(work))

    def start(what: Any) -> Any:
        ready.wait()
        return what()

    with ThreadPoolExecutor(len(work)) as pool:
        return [future.result() for future in [pool.submit(start, what) for what in work]]


def test_two_editors_of_different_paths_lose_nothing(any_settings, anna, ben):
    workspaces = [open_workspace(any_settings) for _ in range(2)]
    row = create_scenario(workspaces[0], anna, None, "RXX", "Base", shared=True)
    keys = KEYS[:16]

    def autosave(ws: Any, person: Any, mine: list[str]) -> list[Any]:
        # A page that knows only the revision that it last saw of its own.
        seen, came = 1, []
        for number, key in enumerate(mine):
            came.append(edit(ws, person, row.id, seen, [Edit((*SMOKING[:2], key), 0.5)]))
            seen = came[-1].row.revision if number % 2 else seen
        return came

    came = together(
        lambda: autosave(workspaces[0], anna, keys[::2]),
        lambda: autosave(workspaces[1], ben, keys[1::2]),
    )
    assert [e.conflicts for each in came for e in each] == [()] * 16
    stored = read_scenario(workspaces[0], anna, row.id)
    assert stored.revision == 17
    assert value_at(stored.content, SMOKING[:2]) == dict.fromkeys(keys, 0.5)
    assert {c.revision for c in history(workspaces[1], ben, row.id)} == set(range(1, 18))
    for ws in workspaces:
        ws.close()


def test_of_two_editors_of_one_path_one_hears_of_the_other(any_settings, anna, ben):
    workspaces = [open_workspace(any_settings) for _ in range(2)]
    row = create_scenario(workspaces[0], anna, None, "RXX", "Base", shared=True)

    def set_smoking(ws: Any, person: Any, base: int, value: float) -> Any:
        return edit(ws, person, row.id, base, [Edit(SMOKING, value)])

    for number in range(5):
        base = read_scenario(workspaces[0], anna, row.id).revision
        came = together(
            partial(set_smoking, workspaces[0], anna, base, 0.1 + number / 100),
            partial(set_smoking, workspaces[1], ben, base, 0.2 + number / 100),
        )
        (loser,) = [e for e in came if e.conflicts]
        (winner,) = [e for e in came if not e.conflicts]
        stored = read_scenario(workspaces[0], anna, row.id)
        assert stored.revision == base + 1
        assert value_at(stored.content, SMOKING) == winner.applied[0].value
        assert loser.conflicts[0].theirs == winner.applied[0].value
        assert loser.conflicts[0].who == stored.changed_by
        assert loser.conflicts[0].when == stored.changed_at
    for ws in workspaces:
        ws.close()


def test_edits_of_any_overlap_are_found():
    assert overlap(("a", "b"), ("a",))
    assert overlap(("a",), ("a", "b"))
    assert not overlap(("a", "b"), ("a", "c"))
