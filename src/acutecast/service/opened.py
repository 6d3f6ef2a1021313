"""Runs that were opened, kept for the next request, and how far their small numbers are hidden.

What is kept is only given out after the workspace said that the person may see the run.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from acutecast.errors import AcutecastError, Problem
from acutecast.service.refusals import Refused
from acutecast.workspace import Forbidden, JobRow, Person, Workspace, open_result, read_job

if TYPE_CHECKING:
    from acutecast.results import Run

# A run of 256 runs and 20 years takes up to 150 MB where every table was looked at.
_MOST = 6
_RUNS: OrderedDict[str, Run] = OrderedDict()
_LOCK = threading.Lock()


def opened(ws: Workspace, person: Person, job_id: str) -> tuple[JobRow, Run]:
    """Give the results of a run, opened once for all who may see it.

    Raises:
        Forbidden: where there is no such run, or the person may not see it.
        Refused: where it has no results, with status 409.
    """
    job = read_job(ws, person, job_id)
    name = str(job.folder)
    if job.state == "done":
        with _LOCK:
            if name in _RUNS:
                _RUNS.move_to_end(name)
                return job, _RUNS[name]
    try:
        run = open_result(ws, person, job_id)
    except Forbidden:
        raise
    except AcutecastError as error:
        raise Refused(409, error.problems, error.title) from error
    with _LOCK:
        # Of two opened at the same time all use the first, which may hold tables already.
        run = _RUNS.setdefault(name, run)
        _RUNS.move_to_end(name)
        while len(_RUNS) > _MOST:
            _RUNS.popitem(last=False)
    return job, run


def threshold(ws: Workspace, run: Run, asked: int | None = None) -> int | None:
    """Give the smallest baseline count that is shown: by who asks, installation or run."""
    rules = (asked, ws.settings.suppress, run.info.get("suppressed_below"))
    return max((rule for rule in rules if rule), default=None)


def check_stored_hidden(ws: Workspace, run: Run) -> None:
    """Refuse to give the files of a run that show smaller counts than the installation does.

    Raises:
        Refused: with status 409.
    """
    if (ws.settings.suppress or 0) > (run.info.get("suppressed_below") or 0):
        raise Refused(
            409,
            Problem(
                "this run was stored with small numbers that are hidden now",
                run.name,
                remedy="Run the scenario again; its files then leave them out.",
            ),
        )
