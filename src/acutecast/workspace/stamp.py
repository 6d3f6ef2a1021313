"""Whether anything changed since the last look: one small query instead of reading everything."""

from __future__ import annotations

from sqlalchemy import case, func, select

from acutecast.workspace.claims import QUEUED, RUNNING
from acutecast.workspace.tables import CHANGE, JOB
from acutecast.workspace.workspace import Workspace

Stamp = tuple[object, ...]


def stamp(ws: Workspace) -> Stamp:
    """Give what differs once something changed, progress of runs under way apart.

    That is: a scenario was made, changed, shared, deleted or restored; a run was asked for, begun,
    ended or deleted. It says nothing about any of them, so it takes no person; whoever finds
    another one than before reads again with theirs.
    """
    changes = select(func.max(CHANGE.c.id))
    waits, runs = (func.sum(case((JOB.c.state == s, 1), else_=0)) for s in (QUEUED, RUNNING))
    jobs = select(
        func.count(), waits, runs, func.max(JOB.c.ended_at), func.count(JOB.c.deleted_at)
    ).select_from(JOB)
    with ws.reading() as connection:
        return (connection.execute(changes).scalar(), *connection.execute(jobs).one())
