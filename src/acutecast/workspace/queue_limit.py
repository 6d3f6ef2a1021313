"""How many runs one person may have waiting, so that nobody keeps the others from theirs."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace.access import Person
from acutecast.workspace.claims import QUEUED
from acutecast.workspace.tables import JOB
from acutecast.workspace.workspace import Workspace, in_turn


class QueueFull(AcutecastError):
    """Somebody has as many runs waiting as they may."""


def check_room(ws: Workspace, connection: Connection, person: Person) -> None:
    """Raise `QueueFull` where another run of a person may not wait.

    Args:
        ws: the workspace; its settings say how many may.
        connection: one for writing, in whose transaction the run is stored.
        person: who asks.
    """
    in_turn(connection, f"queue of {person.name}")
    theirs = (JOB.c.who == person.name, JOB.c.state == QUEUED, JOB.c.deleted_at.is_(None))
    waiting = connection.execute(select(func.count()).select_from(JOB).where(*theirs)).scalar_one()
    if waiting >= ws.settings.max_queued:
        raise QueueFull(
            Problem(
                "as many of your runs wait as may at a time",
                "the queue",
                count=waiting,
                remedy="Ask again when one of them has begun, or cancel one.",
            ),
            "No further run can be asked for now",
        )
