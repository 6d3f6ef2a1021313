"""Edits of a scenario that several people may make at once: none is lost, none is overwritten.

Who edits says which revision they saw. An edit stands back only where somebody else has since put
another value in its place, and that is told; all other edits are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace import content as contents
from acutecast.workspace import words
from acutecast.workspace.access import Person
from acutecast.workspace.changes import (
    changes_of,
    changes_since,
    check_revision,
    content_at,
    undone,
)
from acutecast.workspace.content import Path, dotted, overlap
from acutecast.workspace.rows import (
    ScenarioRow,
    checked_reason,
    locked_row,
    path_of,
    read_row,
    set_row,
)
from acutecast.workspace.workspace import Workspace

_FIXED = {
    "dataset": "Copy the scenario to another provider.",
    "schema_version": "Leave it to Acutecast.",
}


@dataclass(frozen=True)
class Edit:
    """One edit.

    Attributes:
        path: where in the scenario file, such as ("activity_avoidance", "ip", "smoking"); it may
            go into an assumption (…, "smoking", "reason").
        value: what to put there, as in the file; None to remove what is there.
    """

    path: Path
    value: Any = None


@dataclass(frozen=True)
class Conflict:
    """An edit that stood back, since somebody else had changed the same.

    Attributes:
        path: where.
        mine: what the edit would have put there.
        theirs: what stands there.
        who, when: the last to change it; the time is UTC, without a zone.
        label: what stands there, as people read it.
        mine_words, theirs_words: the two values in words.
    """

    path: Path
    mine: Any
    theirs: Any
    who: str
    when: datetime
    label: str
    mine_words: str
    theirs_words: str


@dataclass(frozen=True)
class Edited:
    """What came of edits.

    Attributes:
        row: the scenario after them.
        applied: the edits that hold now, those included that changed nothing.
        conflicts: those that stood back.
    """

    row: ScenarioRow
    applied: tuple[Edit, ...]
    conflicts: tuple[Conflict, ...]


def edit(
    ws: Workspace,
    person: Person,
    scenario_id: str,
    base_revision: int,
    edits: Sequence[Edit],
    reason: str = "",
    *,
    force: bool = False,
    whole: bool = False,
) -> Edited:
    """Edit a scenario. What changes makes one revision; what changes nothing makes none.

    Args:
        ws: the workspace.
        person: who edits.
        scenario_id: the scenario.
        base_revision: the revision that they saw.
        edits: what to change; of two at the same path the later counts.
        reason: why.
        force: edit also what others have changed since; their value stays in the history.
        whole: make none of the edits where one stands back.

    Raises:
        Forbidden: where there is no such scenario, or the person may not edit it.
        AcutecastError: with everything that would be wrong with the scenario; nothing is stored.
    """
    return _edit(
        ws, person, scenario_id, base_revision, edits, reason, "edit", force=force, whole=whole
    )


def undo(ws: Workspace, person: Person, scenario_id: str, revision: int) -> Edited:
    """Take back what a revision changed, as a new revision; later changes of the same stand.

    Raises:
        Forbidden: where there is no such scenario, or the person may not edit it.
        AcutecastError: where there is no such revision, or it made the scenario.
    """
    with ws.reading() as connection:
        row = read_row(connection, person, scenario_id)
        made = changes_of(connection, row, revision)
    edits = [Edit(path, before) for path, before, _ in made]
    return _edit(ws, person, scenario_id, revision, edits, f"Undoes revision {revision}.", "undo")


def revert_to(
    ws: Workspace,
    person: Person,
    scenario_id: str,
    revision: int,
    base_revision: int | None = None,
) -> Edited:
    """Bring back the content of a revision, as a new revision.

    Args:
        ws: the workspace.
        person: who edits.
        scenario_id: the scenario.
        revision: which one to bring back.
        base_revision: the revision that they saw, so that what others changed since stands;
            None to bring everything back.

    Raises:
        Forbidden: where there is no such scenario, or the person may not edit it.
        AcutecastError: where there is no such revision.
    """
    target = content_at(ws, person, scenario_id, revision)
    with ws.reading() as connection:
        row = read_row(connection, person, scenario_id)
        seen = row.content
        if base_revision is not None:
            check_revision(row, base_revision)
            seen = undone(seen, changes_since(connection, row.id, base_revision))
    edits = [Edit(path, after) for path, _, after in contents.changes(seen, target)]
    return _edit(
        ws, person, scenario_id, base_revision or row.revision, edits,
        f"Goes back to revision {revision}.", "revert", force=base_revision is None,
    )  # fmt: skip


def _edit(
    ws: Workspace,
    person: Person,
    scenario_id: str,
    base_revision: int,
    edits: Sequence[Edit],
    reason: str,
    kind: str,
    *,
    force: bool = False,
    whole: bool = False,
) -> Edited:
    edits = [_checked(wanted) for wanted in edits]
    reason = checked_reason(reason)
    with ws.writing() as connection:
        row = locked_row(connection, person, "edit", scenario_id)
        check_revision(row, base_revision)
        conflicts: list[Conflict] = []
        if not force and base_revision < row.revision:
            since = changes_since(connection, row.id, base_revision)
            conflicts = _conflicts(row.content, since, edits)
        stood_back = {conflict.path for conflict in conflicts}
        applied = [wanted for wanted in edits if wanted.path not in stood_back]
        if whole and conflicts:
            applied = []
        content = row.content
        for wanted in applied:
            content = contents.with_value(content, wanted.path, wanted.value)
        after = contents.normal(content) if applied else row.content
        changed = contents.changes(row.content, after)
        if changed:
            set_row(
                connection, person, row, kind, changed, reason, revision=row.revision + 1,
                name=after["name"], content=contents.to_text(after),
            )  # fmt: skip
            row = read_row(connection, person, scenario_id)
    return Edited(row, tuple(applied), tuple(conflicts))


def _checked(wanted: Edit) -> Edit:
    path = tuple(wanted.path)
    if not path or not all(isinstance(key, str) for key in path):
        raise AcutecastError(
            Problem("is no path in a scenario", str(path), remedy='For example ("runs",).')
        )
    if path[0] in _FIXED:
        raise AcutecastError(Problem("cannot be edited", path[0], remedy=_FIXED[path[0]]))
    return Edit(path, contents.from_user(wanted.value, dotted(path)))


def _conflicts(
    content: dict[str, Any], since: Sequence[Any], edits: Sequence[Edit]
) -> list[Conflict]:
    """Find the edits in whose place stands something else than their author saw, and wants."""
    seen = undone(content, since)
    conflicts = []
    for wanted in edits:
        saw, stands = (contents.value_at(tree, wanted.path) for tree in (seen, content))
        if contents.same(saw, stands) or contents.same(stands, wanted.value):
            continue
        overlapping = (c for c in reversed(since) if overlap(path_of(c.path), wanted.path))
        last = next(overlapping, since[-1])
        conflicts.append(
            Conflict(
                wanted.path, wanted.value, stands, last.who, last.at, words.label_of(wanted.path),
                words.said(wanted.path, wanted.value), words.said(wanted.path, stands),
            )
        )  # fmt: skip
    return conflicts
