"""What a worker holds: it takes a job from the queue, says how far it is, and ends it.

Every change names the state it starts from. So of two processes that want the same one wins, and
the other sees that nothing changed; no database needs more than single updates for that.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import case, null, select, update

from acutecast.compute import Event
from acutecast.errors import AcutecastError
from acutecast.files import remove
from acutecast.workspace.content import storable
from acutecast.workspace.tables import JOB
from acutecast.workspace.workspace import clock

if TYPE_CHECKING:
    from acutecast.workspace.workspace import Workspace

_LOG = logging.getLogger(__name__)
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
        attempt: which attempt at it this is, from 1.
        token: what the row holds as long as the job is this worker's; another for every claim.
        dataset: the code of the provider.
        content: the scenario as it was when the run was asked for.
        options: what was asked: runs, years, capacity, suppress.
    """

    id: str
    attempt: int
    token: str
    dataset: str
    content: Mapping[str, Any]
    options: Mapping[str, Any]

    @property
    def folder(self) -> str:
        """The name of the folder in which the results are made."""
        return folder_name(self.id, self.attempt)


def folder_name(job: str, attempt: int) -> str:
    """Name the folder of an attempt at a job.

    Each has its own, so that a worker that was taken for dead and goes on disturbs nobody.
    """
    return job if attempt <= 1 else f"{job}-{attempt}"


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
        still = (JOB.c.id == first.id, JOB.c.state == QUEUED, JOB.c.deleted_at.is_(None))
        with ws.writing() as connection:
            at = clock(connection)
            said = {
                "state": RUNNING, "worker": token, "attempts": JOB.c.attempts + 1,
                "stage": "reading", "done": 0, "of": 1, "seconds": 0.0,
                "started_at": at, "beat_at": at, "ended_at": None,
            }  # fmt: skip
            taken = connection.execute(update(JOB).where(*still).values(said)).rowcount
            attempt = connection.execute(select(JOB.c.attempts).where(JOB.c.id == first.id))
            number = attempt.scalar_one()
        if taken:
            content, options = json.loads(first.content), json.loads(first.options)
            return Claim(first.id, number, token, first.dataset, content, options)


def beat(ws: Workspace, claim: Claim, progress: Event) -> None:
    """Say that the worker lives, and how far the job is.

    Raises:
        Lost: where the job is not this worker's any more.
    """
    with ws.writing() as connection:
        said = {
            "beat_at": clock(connection), "stage": progress.stage, "done": progress.done,
            "of": progress.of, "seconds": progress.seconds,
        }  # fmt: skip
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
    """End a job, and remove its results unless somebody wants them.

    Where the job is another worker's by now, that one ends it, and these results are removed.

    Args:
        ws: the workspace.
        claim: the job.
        state: DONE, FAILED or CANCELLED.
        message: what to tell people of it; None to leave what was said before.
    """
    said: dict[str, Any] = {"state": state}
    if message is not None:
        said["message"] = storable(message)
    if state == DONE:
        said |= {"stage": "", "done": JOB.c.of}
    _finish(ws, claim, lambda at: said | {"ended_at": at})


def give_back(ws: Workspace, claim: Claim) -> None:
    """Put a job back in its place in the queue; where it should stop, end it.

    It does not count as an attempt, since nothing is wrong with the job.
    """
    asked = JOB.c.stop_asked
    said = {"state": case((asked, CANCELLED), else_=QUEUED), "attempts": JOB.c.attempts - 1}
    _finish(ws, claim, lambda at: said | {"ended_at": case((asked, at), else_=null())})


def requeue_stale(ws: Workspace, at: datetime | None = None) -> int:
    """Put jobs whose worker is silent back in the queue; give up on those that died too often.

    Args:
        ws: the workspace.
        at: the time to judge by; that of the database if None.

    Returns:
        How many jobs there were.
    """
    with ws.reading() as connection:
        at = at or clock(connection)
        silent = (JOB.c.state == RUNNING, JOB.c.beat_at < at - STALE)
        found = connection.execute(select(JOB.c.id, JOB.c.attempts).where(*silent)).all()
    asked, often = JOB.c.stop_asked, JOB.c.attempts >= MOST_ATTEMPTS
    over = asked | often
    said = {
        "state": case((asked, CANCELLED), (often, FAILED), else_=QUEUED),
        "message": case((asked, JOB.c.message), (often, _TOO_OFTEN), else_=_AGAIN),
        "worker": None,
    }
    count = 0
    for job, attempt in found:
        same = (JOB.c.id == job, JOB.c.attempts == attempt, *silent)
        with ws.writing() as connection:
            ended = {"ended_at": case((over, clock(connection)), else_=null())}
            changed = connection.execute(update(JOB).where(*same).values(said | ended)).rowcount
        count += changed
        if changed:
            # Another worker may have begun the next attempt by now, which has another folder.
            _tidy(ws, folder_name(job, attempt))
    return count


def clear_all(ws: Workspace, job: str) -> None:
    """Remove the results of every attempt at a job that is over; it raises what `clear` does."""
    clear(ws, *_folders(job))


def _folders(job: str) -> list[str]:
    return [folder_name(job, attempt + 1) for attempt in range(MOST_ATTEMPTS)]


def clear(ws: Workspace, *names: str) -> None:
    """Remove folders of attempts, and what killed workers left half-written of them.

    Raises:
        AcutecastError: where they are on a store that can't be reached.
    """
    for name in names:
        folder = ws.settings.folder_of(name)
        if isinstance(folder, str):
            remove(folder)
            continue
        for found in (folder, *folder.parent.glob(f".{name}.*")):
            shutil.rmtree(found, ignore_errors=True)


def _tidy(ws: Workspace, *names: str) -> None:
    """Remove folders that nobody sees; a store that can't be reached keeps nobody from working."""
    try:
        clear(ws, *names)
    except AcutecastError as error:
        _LOG.warning("what is left of %s could not be removed (%s)", names[0], error)


def _finish(ws: Workspace, claim: Claim, said: Callable[[datetime], dict[str, Any]]) -> None:
    """Write how a job ended where it is still this worker's; `said` takes the time."""
    how = select(JOB.c.state, JOB.c.attempts, JOB.c.deleted_at).where(JOB.c.id == claim.id)
    with ws.writing() as connection:
        values = said(clock(connection)) | {"worker": None}
        mine = connection.execute(update(JOB).where(*_mine(claim)).values(values)).rowcount
        row = connection.execute(how).one()
    # Whoever deletes a job marks it first and then removes the folder: one of the two sees both.
    if row.state in (FAILED, CANCELLED) or (row.state == DONE and row.deleted_at is not None):
        _tidy(ws, *_folders(claim.id))
    elif not mine and row.attempts > claim.attempt:
        _tidy(ws, claim.folder)


def _mine(claim: Claim) -> tuple[Any, ...]:
    return (JOB.c.id == claim.id, JOB.c.state == RUNNING, JOB.c.worker == claim.token)
