"""Runs that were opened, kept for the next request, and how far their small numbers are hidden.

What is kept is only given out after the workspace said that the person may see the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem
from acutecast.service.refusals import Refused
from acutecast.workspace import Forbidden, JobRow, Person, Workspace, open_result, read_job
from acutecast.workspace.kept import Kept
from acutecast.workspace.workspace import NoAnswer

if TYPE_CHECKING:
    from acutecast.results import Run

# A run of 256 runs and 20 years takes up to 150 MB where every table was looked at.
_RUNS: Kept[Run] = Kept(6)


def opened(ws: Workspace, person: Person, job_id: str) -> tuple[JobRow, Run]:
    """Give the results of a run, opened once for all who may see it.

    Raises:
        Forbidden: where there is no such run, or the person may not see it.
        Refused: where it has no results, with status 409.
    """
    job = read_job(ws, person, job_id)
    try:
        if job.state != "done":
            return job, open_result(ws, person, job_id)
        return job, _RUNS.get(str(job.folder), lambda: open_result(ws, person, job_id))
    except (Forbidden, NoAnswer):
        raise
    except AcutecastError as error:
        raise Refused(409, error.problems, error.title) from error


def threshold(ws: Workspace, run: Run, asked: int | None = None) -> int | None:
    """Give the smallest baseline count that is shown: by who asks, installation or run."""
    rules = (asked, ws.settings.suppress, run.info.get("suppressed_below"))
    return max((rule for rule in rules if rule), default=None)


def given_files(ws: Workspace, run: Run) -> Mapping[str, Any]:
    """Give what the run says of its stored tables, of those that may be fetched.

    Where small counts are hidden, a table of parts is not given: the parts of a change are stored
    in full, and would give back the count that it started from.
    """
    tables = run.info["tables"]
    if threshold(ws, run) is None:
        return tables
    if _shows_more(ws, run):
        return {}
    return {name: about for name, about in tables.items() if not _has_parts(about)}


def check_given(ws: Workspace, run: Run, name: str) -> None:
    """Refuse a file of a run that would show counts which are hidden.

    Raises:
        Forbidden: where the run lists no such file: nothing else in its folder is given.
        Refused: with status 409.
    """
    if name not in run.info["tables"]:
        raise Forbidden()
    if name in given_files(ws, run):
        return
    if _shows_more(ws, run):
        raise Refused(
            409,
            Problem(
                "this run was stored with small numbers that are hidden now",
                run.name,
                remedy="Run the scenario again; its files then leave them out.",
            ),
        )
    raise Refused(
        409,
        Problem(
            "small numbers are hidden, and this file would give them back",
            name,
            remedy="Ask for the attribution, which leaves out the parts of small numbers.",
        ),
    )


def _shows_more(ws: Workspace, run: Run) -> bool:
    """Tell whether a run was stored with smaller counts than the installation shows."""
    return (ws.settings.suppress or 0) > (run.info.get("suppressed_below") or 0)


def _has_parts(about: Mapping[str, Any]) -> bool:
    return "change_factor" in about.get("keys", ())
