"""Which run a visit is about, and what there is to choose where it is about none."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app.opened import ended, finished
from acutecast.app.visit import Visit
from acutecast.app.widgets import notice, said
from acutecast.workspace import JobRow

_MOST_LISTED = 100
_STATES = {
    "queued": "This run waits in the queue. Its results are here when it is done.",
    "running": "This run is under way. Its results are here when it is done.",
    "failed": "This run failed, so it has no results.",
    "cancelled": "This run was stopped, so it has no results.",
}


def job_of(visit: Visit) -> JobRow | None:
    """Give the run that the address names, or else the newest finished one of its scenario.

    Raises:
        Forbidden: where there is no such run or scenario, or the person may not see it.
    """
    if visit.query.get("run"):
        return visit.job
    if visit.query.get("scenario"):
        done = finished(visit.workspace, visit.person, visit.scenario.id)
        return done[0] if done else None
    return None


def not_ready(visit: Visit, job: JobRow) -> Any:
    """Say why a run has no results."""
    return ui.TagList(
        notice(
            ui.tags.p(_STATES.get(job.state, "This run has no results."), *_said(job)),
            kind="warning" if job.state in ("failed", "cancelled") else "info",
        ),
        ui.tags.p(
            ui.tags.a("See the runs", href=visit.link("runs", scenario=job.scenario_id)), "."
        ),
    )


def _said(job: JobRow) -> list[Any]:
    return [ui.tags.br(), job.message] if job.message else []


def chooser(visit: Visit, page: str = "results") -> Any:
    """List the finished runs, to choose one of."""
    if visit.query.get("scenario"):
        return ui.TagList(
            notice(ui.tags.p("This scenario has no finished run yet.")),
            ui.tags.p(
                ui.tags.a("Go to its runs", href=visit.link("runs")),
                " to start one, or to see those under way.",
            ),
        )
    jobs = finished(visit.workspace, visit.person)
    if not jobs:
        return ui.TagList(
            notice(ui.tags.p("There are no finished runs yet.")),
            ui.tags.p(
                ui.tags.a("Choose a scenario", href=visit.link("home")),
                " and run it; then its results are here.",
            ),
        )
    return ui.TagList(
        ui.tags.p("Choose the run to look at. The newest is first."), runs_table(visit, jobs, page)
    )


def runs_table(visit: Visit, jobs: list[JobRow], page: str) -> Any:
    """Make a table of finished runs that lead on to a page."""
    several = visit.workspace.settings.identity != "local"
    heads = ("Scenario", "Finished", "Runs", "Capacity", "Data", *(["By"] if several else []))
    rows = [
        ui.tags.tr(
            ui.tags.th(
                ui.tags.a(
                    job.scenario_name,
                    href=visit.link(page, run=job.id, scenario=job.scenario_id),
                ),
                scope="row",
            ),
            ui.tags.td(ended(job)),
            ui.tags.td(said(job.options.get("runs"), "count"), class_="ac-number"),
            ui.tags.td("Yes" if job.options.get("capacity") else "No"),
            ui.tags.td(job.dataset),
            ui.tags.td(job.who) if several else None,
        )
        for job in jobs[:_MOST_LISTED]
    ]
    table = ui.tags.div(
        ui.tags.table(
            ui.tags.caption("Finished runs"),
            ui.tags.thead(
                ui.tags.tr(
                    *(
                        ui.tags.th(h, scope="col", class_="ac-number" if h == "Runs" else None)
                        for h in heads
                    )
                )
            ),
            ui.tags.tbody(*rows),
        ),
        class_="ac-scroll ac-panel",
        tabindex="0",
        role="region",
        aria_label="Finished runs",
    )
    if len(jobs) <= _MOST_LISTED:
        return table
    words = f"The newest {_MOST_LISTED} of {len(jobs):,}. "
    older = ui.tags.a("All runs", href=visit.link("runs", all=1))
    return ui.TagList(table, ui.tags.p(words, older, "."))
