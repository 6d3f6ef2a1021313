"""What a worker holds: it takes a job from the queue, says how far it is, and ends it.

Every change names the state it starts from. So of two processes that want the same one wins, and
the other sees that nothing changed; no database needs more than single updates for that.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import case, null, select, update

from acutecast.compute import Event
from acutecast.workspace.tables import JOB
from acutecast.workspace.workspace import now

if TYPE_CHECKING:
    from acutecast.workspace.workspace import Workspace

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STALE = timedelta(seconds=30)
"""A worker that has not been heard of for so long is taken for dead."""
MOST_ATTEMPTS = 3

_AGAIN = "Started again, because its worker stopped."
_TOO_OFTEN = (
    f"The run stopped {MOST_ATTEMPTS} times without a word, most likely for want of memory. "
    "Ask for fewer runs or years, or tell whoever looks after this installation."
)


class Lost(Exception):
    """The job is no longer this worker's: it was taken for dead, and others may have the job."""


@dataclass(frozen=True)
class Claim:
    """A job in the hands of a worker.

    Attributes:
        id: the job's.
        token: what the row holds as long as the job is this worker's; another for every claim.
        dataset: the code of the provider.
        content: the scenario as it was when the run was asked for.
        options: what was asked: runs, years, capacity, suppress.
    """

    id: str
    token: str
    dataset: str
    content: Mapping[str, Any]
    options: Mapping[str, Any]


def take(ws: Workspace, worker: str) -> Claim | None:
    """Take the job that has waited longest; None where none waits.

    Args:
        ws: the workspace.
        worker: a name for the worker, to be read by people.
    """
    token = f"{worker[:160]} {uuid4().hex}"
    waiting = (
        select(JOB)
        .where(JOB.c.state == QUEUED, JOB.c.deleted_at.is_(None))
        .order_by(JOB.c.asked_at, JOB.c.id)
        .limit(1)
    )
    while True:
        # Most looks find nothing, and should keep nobody from writing.
        with ws.reading() as connection:
            first = connection.execute(waiting).one_or_none()
        if first is None:
            return None
        taking = (
            update(JOB)
            .where(JOB.c.id == first.id, JOB.c.state == QUEUED, JOB.c.deleted_at.is_(None))
            .values(
                {
                    "state": RUNNING, "worker": token, "attempts": JOB.c.attempts + 1,
                    "stage": "reading", "done": 0, "of": 1, "seconds": 0.0,
                    "started_at": now(), "beat_at": now(), "ended_at": None,
                }
            )
        )  # fmt: skip
        with ws.writing() as connection:
            taken = connection.execute(taking).rowcount
        if taken:
            content, options = json.loads(first.content), json.loads(first.options)
            return Claim(first.id, token, first.dataset, content, options)


def beat(ws: Workspace, claim: Claim, progress: Event) -> None:
    """Say that the worker lives, and how far the job is.

    Raises:
        Lost: where the job is not this worker's any more.
    """
    said = {
        "beat_at": now(), "stage": progress.stage, "done": progress.done, "of": progress.of,
        "seconds": progress.seconds,
    }  # fmt: skip
    with ws.writing() as connection:
        if not connection.execute(update(JOB).where(*_mine(claim)).values(said)).rowcount:
            raise Lost(claim.id)


def stop_asked(ws: Workspace, claim: Claim) -> bool:
    """Tell whether somebody asked the job to stop.

    Raises:
        Lost: where the job is not this worker's any more.
    """
    with ws.reading() as connection:
        asked = connection.execute(select(JOB.c.stop_asked).where(*_mine(claim))).scalar()
    if asked is None:
        raise Lost(claim.id)
    return asked


def end(ws: Workspace, claim: Claim, state: str, message: str | None = None) -> None:
    """End a job, and remove its folder unless there is a result that somebody wants.

    Args:
        ws: the workspace.
        claim: the job.
        state: DONE, FAILED or CANCELLED.
        message: what to tell people of it; None to leave what was said before.
    """
    said: dict[str, Any] = {"state": state, "ended_at": now(), "worker": None}
    if message is not None:
        said["message"] = message
    if state == DONE:
        said |= {"stage": "", "done": JOB.c.of}
    _finish(ws, claim, said)


def give_back(ws: Workspace, claim: Claim) -> None:
    """Put a job back in its place in the queue; where it should stop, end it.

    It does not count as an attempt, since nothing is wrong with the job.
    """
    asked = JOB.c.stop_asked
    said = {
        "state": case((asked, CANCELLED), else_=QUEUED),
        "ended_at": case((asked, now()), else_=null()),
        "attempts": JOB.c.attempts - 1,
        "worker": None,
    }
    _finish(ws, claim, said)


def requeue_stale(ws: Workspace, at: datetime | None = None) -> int:
    """Put jobs whose worker is silent back in the queue; give up on those that died too often.

    Args:
        ws: the workspace.
        at: the time to judge by; now if None.

    Returns:
        How many jobs there were.
    """
    silent = (JOB.c.state == RUNNING, JOB.c.beat_at < (at or now()) - STALE)
    with ws.reading() as connection:
        found = connection.execute(select(JOB.c.id).where(*silent)).scalars().all()
    asked, often = JOB.c.stop_asked, JOB.c.attempts >= MOST_ATTEMPTS
    over = asked | often
    said = {
        "state": case((asked, CANCELLED), (often, FAILED), else_=QUEUED),
        "message": case((asked, JOB.c.message), (often, _TOO_OFTEN), else_=_AGAIN),
        "ended_at": case((over, now()), else_=null()),
        "worker": None,
    }
    count = 0
    for job in found:
        with ws.writing() as connection:
            changed = connection.execute(
                update(JOB).where(JOB.c.id == job, *silent).values(said)
            ).rowcount
        count += changed
        if changed:
            clear(ws, job)
    return count


def clear(ws: Workspace, job: str) -> None:
    """Remove the folder of a job, and what killed workers left half-written beside it."""
    for folder in (ws.settings.runs / job, *ws.settings.runs.glob(f".{job}.*")):
        shutil.rmtree(folder, ignore_errors=True)


def _finish(ws: Workspace, claim: Claim, said: Mapping[str, Any]) -> None:
    how = select(JOB.c.state, JOB.c.deleted_at).where(JOB.c.id == claim.id)
    with ws.writing() as connection:
        finished = connection.execute(update(JOB).where(*_mine(claim)).values(dict(said)))
        if not finished.rowcount:
            return
        row = connection.execute(how).one()
    # Whoever deletes a job marks it first and then removes the folder: one of the two sees both.
    if row.deleted_at is not None or row.state in (FAILED, CANCELLED):
        clear(ws, claim.id)


def _mine(claim: Claim) -> tuple[Any, ...]:
    return (JOB.c.id == claim.id, JOB.c.state == RUNNING, JOB.c.worker == claim.token)
