"""Addresses of runs: ask for one, follow it, stop it, remove it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from acutecast.errors import AcutecastError, Problem
from acutecast.service.caller import Caller, Shared
from acutecast.service.refusals import not_now
from acutecast.service.shapes import ID, Problems, RunId, RunIn, RunOut, Runs, State
from acutecast.workspace import (
    JobRow,
    Person,
    Workspace,
    cancel,
    delete_job,
    list_jobs,
    read_job,
    submit,
    submit_new,
)
from acutecast.workspace.content import parsed

ROUTES = APIRouter(prefix="/runs", tags=["runs"])
LONGEST_WAIT, LONGEST_FOLLOWING = 60, 600
"""Seconds that one request may wait for a run."""

MOST_FOLLOWERS = 200
"""How many requests may wait for runs at a time: each looks into the database twice a second."""

_LOOK = 0.5
"""Seconds between looks at a run that is followed."""
_SIGN_OF_LIFE = 15.0
"""Seconds of silence after which a proxy may take a connection for dead."""
_followers = 0
_ENDED = ("done", "failed", "cancelled")
_ASKED: dict[int | str, dict[str, Any]] = {
    202: {"description": "The run waits, or waits already; Location says where to look."},
    429: {"model": Problems, "description": "As many of your runs wait as may at a time."},
}


@ROUTES.post("", status_code=202, responses=_ASKED)
def ask_for_run(
    ws: Shared, person: Caller, request: Request, response: Response, asked: RunIn
) -> RunOut:
    """Ask for a run of a scenario as it is now.

    Where the same run of the same scenario waits or is under way, that is given instead, so a
    request by id may be repeated. A scenario that is sent is kept, as yours, with its history.
    """
    options: dict[str, Any] = {
        "runs": asked.runs, "years": asked.years, "capacity": asked.capacity,
        "suppress": asked.suppress,
    }  # fmt: skip
    if isinstance(asked.scenario, str):
        job = submit(ws, person, asked.scenario, **options)
    elif asked.provider is None and parsed(asked.scenario).dataset is None:
        raise AcutecastError(
            Problem("is not set", "provider", remedy="Name the provider that it is for.")
        )
    else:
        job = submit_new(ws, person, asked.scenario, asked.provider, asked.name, **options)
    prefix = request.scope.get("root_path", "")
    response.headers["Location"] = f"{prefix}/v1/runs/{job.id}"
    return RunOut.of_job(job)


@ROUTES.get("")
def list_of_runs(
    ws: Shared,
    person: Caller,
    scenario: Annotated[str | None, Query(pattern=ID, description="Only of this scenario.")] = None,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 100,
) -> Runs:
    """List the runs that you may see, newest first."""
    found = [job for job in list_jobs(ws, person, scenario) if state in (None, job.state)]
    return Runs(runs=[RunOut.of_job(job) for job in found[:limit]])


@ROUTES.get("/{run}")
async def read_run(
    ws: Shared,
    person: Caller,
    run: RunId,
    wait: Annotated[
        int,
        Query(
            ge=0, le=LONGEST_WAIT, description="Answer when the run has ended, or after so many "
            "seconds.",
        ),
    ] = 0,
) -> RunOut:  # fmt: skip
    """Read how a run is doing."""
    job = await run_in_threadpool(read_job, ws, person, run)
    until = time.monotonic() + wait
    if wait and job.state not in _ENDED:
        with _following():
            while job.state not in _ENDED and time.monotonic() < until:
                await anyio.sleep(_LOOK)
                job = await run_in_threadpool(read_job, ws, person, run)
    return RunOut.of_job(job)


@ROUTES.get(
    "/{run}/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events."}},
)
async def follow(
    ws: Shared,
    person: Caller,
    run: RunId,
    seconds: Annotated[
        int, Query(ge=1, le=LONGEST_FOLLOWING, description="End after so many seconds.")
    ] = 60,
) -> Response:
    """Follow a run by server-sent events.

    `event: run` with the run as JSON comes at once and whenever something changed, until it has
    ended or the time is over; `event: gone` where it was deleted meanwhile.
    """
    job = await run_in_threadpool(read_job, ws, person, run)
    events = _events(ws, person, job, seconds)
    # It is counted, or refused, before the answer begins; later nothing can be refused.
    first = await anext(events)
    return StreamingResponse(
        _from(first, events),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


@ROUTES.post("/{run}/cancel")
def cancel_run(ws: Shared, person: Caller, run: RunId) -> RunOut:
    """Stop a run: at once where it waits, at the next block of runs where it is under way."""
    return RunOut.of_job(cancel(ws, person, run))


@ROUTES.delete("/{run}", status_code=204)
def delete_run(ws: Shared, person: Caller, run: RunId) -> None:
    """Take a run from the list and remove its results."""
    delete_job(ws, person, run)


async def _from(first: str, rest: AsyncGenerator[str, None]) -> AsyncIterator[str]:
    async with aclosing(rest):
        yield first
        async for text in rest:
            yield text


async def _events(
    ws: Workspace, person: Person, job: JobRow, seconds: int
) -> AsyncGenerator[str, None]:
    began = spoke = time.monotonic()
    said = ""
    with _following():
        while True:
            text = RunOut.of_job(job).model_dump_json()
            if text != said:
                said, spoke = text, time.monotonic()
                yield f"event: run\ndata: {text}\n\n"
            elif time.monotonic() - spoke >= _SIGN_OF_LIFE:
                spoke = time.monotonic()
                yield ": still here\n\n"
            if job.state in _ENDED or time.monotonic() - began >= seconds:
                return
            await anyio.sleep(_LOOK)
            try:
                job = await run_in_threadpool(read_job, ws, person, job.id)
            except AcutecastError:
                yield "event: gone\ndata: {}\n\n"
                return


@contextmanager
def _following() -> Iterator[None]:
    """Count a request among those that follow a run, in the one thread of the event loop.

    Raises:
        Refused: with status 503 where there are too many already.
    """
    global _followers
    if _followers >= MOST_FOLLOWERS:
        raise not_now("too many requests follow runs", "Ask again later, and less often.")
    _followers += 1
    try:
        yield
    finally:
        _followers -= 1
