"""The history of a scenario: each change with who, when and why, and the states between them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace import content as contents
from acutecast.workspace import words
from acutecast.workspace.access import Person
from acutecast.workspace.content import Path
from acutecast.workspace.rows import EVENTS, ScenarioRow, path_of, read_row
from acutecast.workspace.tables import CHANGE
from acutecast.workspace.workspace import Workspace

_WHOLE = ("create", "upload", "copy")


@dataclass(frozen=True)
class ChangeRow:
    """One thing that changed. A revision may have several; the time is UTC, without a zone.

    Attributes:
        revision: the revision that it made; of what leaves the content as it is ("share",
            "delete", "restore") the one that it found.
        kind: "create", "upload" or "copy" (the first); "edit", "undo" or "revert"; "share",
            "delete" or "restore".
        path: where in the scenario file; () for the whole.
        label: what stands there, as people read it.
        words: what changed: "no change → 5% to 12% fewer".
        before, after: the values in the file; None for nothing.
        reason: why.
        who, at: by whom and when.
    """

    revision: int
    kind: str
    path: Path
    label: str
    words: str
    before: Any
    after: Any
    reason: str
    who: str
    at: datetime


def history(
    ws: Workspace, person: Person, scenario_id: str, limit: int | None = None
) -> list[ChangeRow]:
    """List what changed, newest first.

    Args:
        ws: the workspace.
        person: who asks.
        scenario_id: the scenario.
        limit: at most so many; all if None.

    Raises:
        Forbidden: where there is no such scenario, or the person may not see it.
    """
    with ws.reading() as connection:
        row = read_row(connection, person, scenario_id)
        newest = (
            select(CHANGE)
            .where(CHANGE.c.scenario_id == row.id)
            .order_by(CHANGE.c.id.desc())
            .limit(limit)
        )
        found = connection.execute(newest).all()
    return [_change_row(change, row.dataset) for change in found]


def content_at(ws: Workspace, person: Person, scenario_id: str, revision: int) -> dict[str, Any]:
    """Give the content of a scenario as it was at a revision.

    Raises:
        Forbidden: where there is no such scenario, or the person may not see it.
        AcutecastError: where it has no such revision.
    """
    with ws.reading() as connection:
        row = read_row(connection, person, scenario_id)
        check_revision(row, revision)
        since = changes_since(connection, row.id, 0)
    content: dict[str, Any] = {}
    for change in since:
        if change.revision <= revision:
            content = contents.with_value(content, path_of(change.path), _value(change.after))
    return contents.current(content)


def changes_since(connection: Connection, scenario_id: str, revision: int) -> Sequence[Any]:
    """Read the changes of the content after a revision, oldest first."""
    return connection.execute(
        select(CHANGE)
        .where(
            CHANGE.c.scenario_id == scenario_id,
            CHANGE.c.revision > revision,
            CHANGE.c.kind.not_in(EVENTS),
        )
        .order_by(CHANGE.c.id)
    ).all()


def changes_of(connection: Connection, row: ScenarioRow, revision: int) -> list[contents.Change]:
    """Read the changes that a revision made.

    Raises:
        AcutecastError: where the revision made the scenario, or there is none.
    """
    check_revision(row, revision)
    made = [c for c in changes_since(connection, row.id, revision - 1) if c.revision == revision]
    if any(change.kind in _WHOLE for change in made):
        raise AcutecastError(
            Problem(
                "this made the scenario, so it cannot be undone", f"revision {revision}",
                remedy="Delete the scenario instead.",
            )
        )  # fmt: skip
    return [(path_of(c.path), _value(c.before), _value(c.after)) for c in made]


def undone(content: dict[str, Any], since: Sequence[Any]) -> dict[str, Any]:
    """Give the content as it was before the changes."""
    for change in reversed(since):
        content = contents.with_value(content, path_of(change.path), _value(change.before))
    return content


def check_revision(row: ScenarioRow, revision: int) -> None:
    """Raise an AcutecastError where a scenario has no such revision."""
    if not 1 <= revision <= row.revision:
        raise AcutecastError(
            Problem(
                f"the scenario has no revision {revision}", row.name,
                remedy=f"Name one from 1 to {row.revision}.",
            )
        )  # fmt: skip


def _change_row(change: Any, dataset: str) -> ChangeRow:
    path = path_of(change.path)
    before, after = _value(change.before), _value(change.after)
    if path:
        told = words.said_change(path, before, after)
    else:
        told = words.said_event(change.kind, after, dataset)
    return ChangeRow(
        change.revision, change.kind, path, words.label_of(path), told, before, after,
        change.reason, change.who, change.at,
    )  # fmt: skip


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)
