"""The runs that are compared, and the form that chooses them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from shiny import ui

from acutecast.app.opened import MOST_COMPARED, ended, finished, when
from acutecast.app.visit import Visit
from acutecast.app.widgets import notice
from acutecast.errors import AcutecastError, Problem
from acutecast.workspace import JobRow, read_job

_MOST_LISTED = 60


def chosen_jobs(visit: Visit) -> list[JobRow]:
    """Give the runs that the address names, the reference first.

    Raises:
        Forbidden: where one of them does not exist, or the person may not see it.
        AcutecastError: where they cannot be compared.
    """
    names = [name for name in visit.query.get("runs", "").split(",") if name]
    jobs = [read_job(visit.workspace, visit.person, name) for name in dict.fromkeys(names)]
    problems = []
    if len({job.dataset for job in jobs}) > 1:
        have = ", ".join(dict.fromkeys(job.dataset for job in jobs))
        problems.append(
            Problem(
                "the runs are of different providers",
                example=have,
                remedy="Choose runs of one provider.",
            )
        )
    if len(jobs) > MOST_COMPARED:
        problems.append(Problem(f"more than {MOST_COMPARED} runs cannot be read side by side"))
    problems += [
        Problem(f"this run is {job.state}, so it has no results", job.scenario_name)
        for job in jobs
        if job.state != "done"
    ]
    if problems:
        raise AcutecastError(problems, "These runs cannot be compared")
    return jobs


def form(visit: Visit, chosen: Sequence[JobRow]) -> Any:
    """List the finished runs: one is the reference, others are compared with it."""
    jobs = finished(visit.workspace, visit.person)
    if len(jobs) < 2:
        return ui.TagList(
            notice(ui.tags.p("A comparison takes at least two finished runs.")),
            ui.tags.p(
                ui.tags.a("Choose a scenario", href=visit.link("home")),
                " and run it, or copy one, change it and run both.",
            ),
        )
    listed = _listed(jobs, chosen)
    first = chosen[0].id if chosen else ""
    others = {job.id for job in chosen[1:]}
    bodies = []
    providers = [list(members) for _, members in groupby(listed, key=lambda job: job.dataset)]
    for members in providers:
        rows = []
        if len(providers) > 1:
            head = ui.tags.th(f"Provider {members[0].dataset}", colspan="5", scope="rowgroup")
            rows.append(ui.tags.tr(head))
        rows += [_row(job, first, others) for job in members]
        bodies.append(ui.tags.tbody(*rows))
    heads = ("Reference", "Compare", "Scenario", "Finished", "Capacity")
    return ui.tags.form(
        ui.tags.p(
            "Choose the run that the others are compared with, and one or more others of the "
            "same provider. Runs of one seed are compared run by run, so that their difference "
            "shows the assumptions and not chance.",
            class_="ac-words",
        ),
        ui.tags.div(
            ui.tags.table(
                ui.tags.caption(
                    "Finished runs, the newest first"
                    if len(providers) == 1
                    else "Finished runs by provider, the newest first"
                ),
                ui.tags.thead(ui.tags.tr(*(ui.tags.th(h, scope="col") for h in heads))),
                *bodies,
            ),
            class_="ac-scroll",
            tabindex="0",
            role="region",
            aria_label="Finished runs to compare",
        ),
        ui.tags.p(f"The newest {_MOST_LISTED} of {len(jobs):,} finished runs.", class_="ac-note")
        if len(jobs) > _MOST_LISTED
        else None,
        ui.tags.p("", role="alert", class_="ac-field-problem", data_runs_problem=""),
        ui.tags.button("Compare", type="submit", class_="ac-button"),
        data_runs="",
        data_most=str(MOST_COMPARED),
        aria_label="Runs to compare",
    )


def _listed(jobs: Sequence[JobRow], chosen: Sequence[JobRow]) -> list[JobRow]:
    """Give the newest runs and those that are compared, by provider, the newest first."""
    own = {job.id for job in chosen}
    some = [job for place, job in enumerate(jobs) if place < _MOST_LISTED or job.id in own]
    return sorted(some, key=lambda job: job.dataset)


def _row(job: JobRow, first: str, others: set[str]) -> Any:
    name = f"{job.scenario_name}, {when(job)}"
    return ui.tags.tr(
        ui.tags.td(
            ui.tags.input(
                type="radio",
                name="reference",
                value=job.id,
                checked="" if job.id == first else None,
                aria_label=f"Reference: {name}",
                autocomplete="off",
            )
        ),
        ui.tags.td(
            ui.tags.input(
                type="checkbox",
                value=job.id,
                checked="" if job.id in others else None,
                data_dataset=job.dataset,
                aria_label=f"Compare: {name}",
                autocomplete="off",
            )
        ),
        ui.tags.td(job.scenario_name),
        ui.tags.td(ended(job)),
        ui.tags.td("Yes" if job.options.get("capacity") else "No"),
    )
