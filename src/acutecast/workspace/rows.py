"""The rows of scenarios: reading them with permission, locking them, writing them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    func,
    insert,
    select,
    true,
    update,
)

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace import content as contents
from acutecast.workspace.access import EVERY, Action, Forbidden, Person, demand, may
from acutecast.workspace.content import Path
from acutecast.workspace.tables import CHANGE, JOB, SCENARIO
from acutecast.workspace.workspace import clock

LONGEST_REASON = 4000
EVENTS = ("share", "delete", "restore")
"""Kinds of change that leave the content, and so the revision, as it is."""


@dataclass(frozen=True)
class LastRun:
    """The newest run of a scenario.

    Attributes:
        id: the job's.
        state: "queued", "running", "done", "failed" or "cancelled".
        asked_at: when it was asked for.
        revision: of which revision of the scenario it is.
    """

    id: str
    state: str
    asked_at: datetime
    revision: int


@dataclass(frozen=True)
class ScenarioRow:
    """A scenario and what is known about it. Times are UTC, without a zone.

    Attributes:
        id: its name in addresses.
        name: what people call it; several may have the same.
        dataset: the code of the provider.
        owner: the name of the person who made it.
        shared: whether everybody who may see the provider may see it.
        revision: how often it changed, from 1.
        content: the scenario as in its file, in normal form.
        copied_from: the scenario that it was copied from.
        created_at, changed_at, changed_by: when, and by whom the last time.
        deleted_at: when it was deleted; None where it was not.
        set: how many assumptions it states.
        last_run: the newest run; None where there is none.
    """

    id: str
    name: str
    dataset: str
    owner: str
    shared: bool
    revision: int
    content: dict[str, Any]
    copied_from: str | None
    created_at: datetime
    changed_at: datetime
    changed_by: str
    deleted_at: datetime | None
    set: int
    last_run: LastRun | None


def query() -> Select[Any]:
    """Give the query of scenarios, each with its newest run."""
    newest = (
        select(
            JOB.c.scenario_id, JOB.c.id, JOB.c.state, JOB.c.asked_at, JOB.c.revision,
            func.row_number()
            .over(partition_by=JOB.c.scenario_id, order_by=(JOB.c.asked_at.desc(), JOB.c.id))
            .label("place"),
        )
        .where(JOB.c.deleted_at.is_(None))
        .subquery()
    )  # fmt: skip
    mine = and_(newest.c.scenario_id == SCENARIO.c.id, newest.c.place == 1)
    return select(
        SCENARIO,
        newest.c.id.label("run_id"),
        newest.c.state.label("run_state"),
        newest.c.asked_at.label("run_asked_at"),
        newest.c.revision.label("run_revision"),
    ).outerjoin(newest, mine)


def row_of(row: Row[Any]) -> ScenarioRow:
    """Make a scenario of a row of `query`."""
    content = contents.current(json.loads(row.content))
    last = None
    if row.run_id is not None:
        last = LastRun(row.run_id, row.run_state, row.run_asked_at, row.run_revision)
    return ScenarioRow(
        row.id, row.name, row.dataset, row.owner, row.shared, row.revision, content,
        row.copied_from, row.created_at, row.changed_at, row.changed_by, row.deleted_at,
        contents.number_set(content), last,
    )  # fmt: skip


def of_providers(person: Person) -> ColumnElement[bool]:
    """Leave out scenarios on data that a person may not see; of the others, `may` is asked."""
    return true() if EVERY in person.providers else SCENARIO.c.dataset.in_(person.providers)


def visible(row: ScenarioRow, person: Person) -> bool:
    """Tell whether a person may see a scenario; a deleted one, who may restore it."""
    return may(person, "delete" if row.deleted_at else "see", row)


def read_row(connection: Connection, person: Person, scenario_id: str) -> ScenarioRow:
    """Read a scenario.

    Raises:
        Forbidden: where there is none, or the person may not see it.
    """
    if not is_id(scenario_id):
        raise Forbidden()
    found = connection.execute(query().where(SCENARIO.c.id == scenario_id)).one_or_none()
    if found is None or not visible(row := row_of(found), person):
        raise Forbidden()
    return row


def locked_row(
    connection: Connection, person: Person, action: Action, scenario_id: str
) -> ScenarioRow:
    """Read a scenario to change it; nobody else can until the transaction ends.

    Raises:
        Forbidden: where there is none, or the person may not do this.
        AcutecastError: where it is deleted, unless it is to be restored.
    """
    if is_id(scenario_id):
        waits = select(SCENARIO.c.id).where(SCENARIO.c.id == scenario_id).with_for_update()
        connection.execute(waits)
    row = read_row(connection, person, scenario_id)
    demand(person, action, row)
    if row.deleted_at is not None and action != "delete":
        raise AcutecastError(
            Problem("the scenario is deleted", row.name, remedy="Restore it first.")
        )
    return row


def add_row(
    connection: Connection,
    person: Person,
    content: dict[str, Any],
    kind: str,
    *,
    scenario_id: str,
    shared: bool,
    copied_from: str | None = None,
    reason: str = "",
) -> None:
    """Add a scenario with its first change, the whole content.

    Args:
        connection: one for writing.
        person: the owner.
        content: in normal form, with its dataset.
        kind: "create", "upload" or "copy".
        scenario_id: the new one.
        shared: whether others see it.
        copied_from: the scenario it is a copy of.
        reason: why.
    """
    at = clock(connection)
    connection.execute(
        insert(SCENARIO).values(
            id=scenario_id, name=content["name"], dataset=content["dataset"], owner=person.name,
            shared=shared, revision=1, content=contents.to_text(content), copied_from=copied_from,
            created_at=at, changed_at=at, changed_by=person.name,
        )
    )  # fmt: skip
    add_changes(connection, person, scenario_id, 1, kind, [((), None, content)], reason, at)


def set_row(
    connection: Connection,
    person: Person,
    row: ScenarioRow,
    kind: str,
    changes: Sequence[contents.Change],
    reason: str = "",
    **values: Any,
) -> None:
    """Change what a scenario's row says, and write down what, by whom, when and why.

    Args:
        connection: one for writing.
        person: who changes it.
        row: the scenario, locked.
        kind: of the change ("edit", "share", …).
        changes: what changed, each (path, before, after).
        reason: why.
        values: what the row says now, by column.
    """
    at = clock(connection)
    said = {"changed_at": at, "changed_by": person.name} | values
    connection.execute(update(SCENARIO).where(SCENARIO.c.id == row.id).values(said))
    revision = values.get("revision", row.revision)
    add_changes(connection, person, row.id, revision, kind, changes, reason, at)


def add_changes(
    connection: Connection,
    person: Person,
    scenario_id: str,
    revision: int,
    kind: str,
    changes: Sequence[contents.Change],
    reason: str,
    at: datetime,
) -> None:
    """Write down changes, each (path, before, after)."""
    rows = [
        {
            "scenario_id": scenario_id, "revision": revision, "kind": kind,
            "path": contents.to_text(path), "before": _text(before), "after": _text(after),
            "reason": reason, "who": person.name, "at": at,
        }
        for path, before, after in changes
    ]  # fmt: skip
    connection.execute(insert(CHANGE), rows)


def path_of(text: str) -> Path:
    """Read a path as the table of changes holds it."""
    return tuple(json.loads(text))


def checked_reason(reason: str) -> str:
    """Give a reason as it can be kept.

    Raises:
        AcutecastError: where it is too long.
    """
    if len(reason) > LONGEST_REASON:
        raise AcutecastError(
            Problem(
                f"has {len(reason):,} letters", "reason",
                remedy=f"Write at most {LONGEST_REASON:,}.",
            )
        )  # fmt: skip
    return contents.storable(reason).strip()


def is_id(text: str) -> bool:
    """Tell whether a text may be an id; databases cannot even look for every text."""
    return text.isascii() and text.isalnum()


def _text(value: Any) -> str | None:
    return None if value is None else contents.to_text(value)
