"""Runs that were opened and views that were made, kept for the next click.

What is kept is only given out after the workspace said that the person may see the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from acutecast.app import live
from acutecast.errors import AcutecastError
from acutecast.workspace import JobRow, Person, Workspace, list_jobs, open_result, read_job
from acutecast.workspace.kept import Kept

if TYPE_CHECKING:
    from acutecast.report.views import Selection, Shown
    from acutecast.results import Run

MOST_COMPARED = 6
"""Runs that can be read side by side."""

# A run of 256 runs and 20 years takes up to 150 MB where every table was looked at. With fewer than
# can be compared, each look at such a comparison would open them all again.
_RUNS: Kept[Run] = Kept(MOST_COMPARED)
_VIEWS: Kept[tuple[Shown, ...]] = Kept(100)


def opened(workspace: Workspace, person: Person, job_id: str) -> Run:
    """Give the results of a run, opened once for all who may see it.

    Raises:
        Forbidden: where there is no such run, or the person may not see it.
        AcutecastError: where it is not done.
    """
    job = read_job(workspace, person, job_id)
    if job.state != "done":
        return open_result(workspace, person, job_id)
    return _RUNS.get(str(job.folder), lambda: open_result(workspace, person, job_id))


def seen(
    workspace: Workspace, person: Person, job_id: str, key: str, selection: Selection
) -> tuple[Shown, ...]:
    """Give what a view shows of a run.

    Raises:
        Forbidden: as `opened`.
        AcutecastError: as `report.views.show`.
    """
    from acutecast.report import views

    run = opened(workspace, person, job_id)
    return _VIEWS.get((run.path, key, selection), lambda: tuple(views.show(run, key, selection)))


def read_ahead(workspace: Workspace, person: Person, job_id: str, selection: Selection) -> None:
    """Make the views of capacity that somebody who looks at a run may want next.

    Their tables are the largest, and are read when first asked for.
    """
    from acutecast.report import views

    with suppress(AcutecastError):
        if has_capacity(opened(workspace, person, job_id)):
            for view in views.VIEWS:
                if view.needs == "capacity":
                    seen(workspace, person, job_id, view.key, selection)


def compared(
    workspace: Workspace,
    person: Person,
    job_ids: Sequence[str],
    names: Sequence[str],
    selection: Selection,
) -> tuple[Shown, ...]:
    """Give the comparison of runs with the first of them.

    Raises:
        Forbidden: as `opened`.
        AcutecastError: as `report.views.comparison`.
    """
    from acutecast.report import views

    runs = [opened(workspace, person, job_id) for job_id in job_ids]
    key = (tuple(run.path for run in runs), tuple(names), selection)
    return _VIEWS.get(key, lambda: tuple(views.comparison(runs, names, selection)))


def has_capacity(run: Run) -> bool:
    """Tell whether capacity was worked out for a run."""
    from acutecast.capacity import open_capacity

    return open_capacity(run) is not None


def finished(workspace: Workspace, person: Person, scenario_id: str | None = None) -> list[JobRow]:
    """List the finished runs that a person may see, newest first."""
    return [job for job in list_jobs(workspace, person, scenario_id) if job.state == "done"]


def ruled(workspace: Workspace, selection: Selection) -> Selection:
    """Hide small numbers at least as far as the installation says."""
    rules = [rule for rule in (selection.suppress, workspace.settings.suppress) if rule]
    return replace(selection, suppress=max(rules) if rules else None)


def ended(job: JobRow) -> Any:
    """Write when a run ended, for the browser to show in the reader's own zone."""
    return live.when(_end(job))


def when(job: JobRow) -> str:
    """Say when a run ended where only text can stand: in this machine's zone, which is named."""
    at = _end(job).replace(tzinfo=UTC).astimezone()
    return f"{at.day} {at:%B %Y, %H:%M %Z}"


def _end(job: JobRow) -> datetime:
    return job.ended_at or job.asked_at


def names_of(jobs: Sequence[JobRow]) -> tuple[str, ...]:
    """Give each run a name: its scenario's, with the time where two are of one scenario."""
    counts = [job.scenario_name for job in jobs]
    names = []
    for job in jobs:
        twice = counts.count(job.scenario_name) > 1
        name = f"{job.scenario_name} ({when(job)})" if twice else job.scenario_name
        # Two of the same minute are still told apart.
        names.append(f"{name} [{len(names) + 1}]" if name in names else name)
    return tuple(names)


def warm() -> None:
    """Load what the first look at results or assumptions needs, so that nobody waits for it."""
    import altair
    import polars

    # By the names that are used: packages load their parts where these are first asked for.
    from acutecast.capacity import open_capacity
    from acutecast.insight import evidence, preview
    from acutecast.report import views

    del altair, polars, open_capacity, evidence, preview, views
