"""How the page is laid out: the runs, the filters, the differences, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shiny import ui

from acutecast.app import filters
from acutecast.app.opened import ended, finished, has_capacity, names_of, opened
from acutecast.app.pages.compare.chosen import chosen_jobs, form
from acutecast.app.visit import Visit
from acutecast.app.widgets import problems, shown_ui
from acutecast.errors import AcutecastError
from acutecast.workspace import Forbidden, JobRow

MOST_CARDS = 8
BEFORE_WHY = 3
"""Figures before the explanation: the differences, the scenarios side by side, what differs."""


def content(visit: Visit) -> Any:
    """Lay out the comparison that the address names, or the form that chooses one."""
    try:
        jobs = chosen_jobs(visit) or _newest(visit)
    except Forbidden:
        raise
    except AcutecastError as error:
        return ui.TagList(
            filters.script(), problems(error), ui.tags.h2("Choose runs"), _panel(form(visit, []))
        )
    if len(jobs) < 2:
        return ui.TagList(filters.script(), ui.tags.h2("Choose runs"), _panel(form(visit, jobs)))
    from acutecast.report import views

    run = opened(visit.workspace, visit.person, jobs[0].id)
    selection = views.from_query(visit.query)
    return ui.TagList(
        filters.script(),
        _runs(visit, jobs),
        ui.tags.details(ui.tags.summary("Choose other runs"), form(visit, jobs), class_="ac-panel"),
        ui.tags.div(
            ui.tags.div(
                filters.folding(
                    "Filters",
                    filters.form(
                        views.choices(run, selection), selection, run.horizon, used(visit, jobs)
                    ),
                ),
                class_="ac-side ac-panel",
            ),
            ui.tags.div(
                ui.output_ui("words", role="status", aria_live="polite", class_="ac-selected"),
                ui.output_ui("above", aria_live="off"),
                *(shown_ui(f"card{place}") for place in range(BEFORE_WHY)),
                _why(jobs),
                *(shown_ui(f"card{place}") for place in range(BEFORE_WHY, MOST_CARDS)),
                id="ac-shown",
                aria_busy="true",
            ),
            class_="ac-columns",
        ),
    )


def _newest(visit: Visit) -> list[JobRow]:
    """Give the newest run of the scenario at hand, to begin with."""
    if not visit.query.get("scenario"):
        return []
    return finished(visit.workspace, visit.person, visit.scenario.id)[:1]


def _panel(content: Any) -> Any:
    return ui.tags.div(content, class_="ac-panel")


def used(visit: Visit, jobs: Sequence[JobRow]) -> tuple[str, ...]:
    """Give the filters of a comparison; those of capacity only where all runs have it."""
    runs = [opened(visit.workspace, visit.person, job.id) for job in jobs]
    if all(has_capacity(run) for run in runs):
        return filters.ORDER
    return tuple(name for name in filters.ORDER if name not in ("area", "site"))


def _runs(visit: Visit, jobs: Sequence[JobRow]) -> Any:
    """Say which runs are compared."""
    items = [
        ui.tags.li(
            ui.tags.strong("Reference: " if place == 0 else "Compared with it: "),
            ui.tags.a(
                name,
                href=visit.link("results", run=job.id, scenario=job.scenario_id),
                data_carry="",
            ),
            ui.tags.span(", run of ", ended(job), class_="ac-soft"),
        )
        for place, (job, name) in enumerate(zip(jobs, names_of(jobs), strict=True))
    ]
    return ui.tags.div(
        ui.tags.ul(*items, class_="ac-plain-list"),
        ui.tags.div(
            ui.tags.button("Copy link", type="button", class_="ac-quiet", data_copy_link=""),
            ui.tags.a("Why do they differ?", href="#why", class_="ac-quiet ac-way"),
            ui.tags.a(
                "Take away: Excel, Word",
                href=visit.link(
                    "report",
                    run=jobs[0].id,
                    scenario=jobs[0].scenario_id,
                    others=",".join(job.id for job in jobs[1:]),
                ),
                class_="ac-quiet ac-way",
                data_carry="",
            ),
            class_="ac-row ac-ways",
        ),
        class_="ac-results-top",
    )


def _why(jobs: Sequence[JobRow]) -> Any:
    """Make the place where the difference is explained."""
    names = names_of(jobs)
    choose = None
    if len(jobs) > 2:
        choose = ui.tags.div(
            ui.tags.label(f"Explain the difference from {names[0]} of", for_="why_other"),
            ui.tags.select(
                *(
                    ui.tags.option(name, value=job.id)
                    for job, name in zip(jobs[1:], names[1:], strict=True)
                ),
                id="why_other",
                autocomplete="off",
            ),
        )
    return ui.tags.section(
        ui.tags.h2("Why do they differ?"),
        ui.tags.p(
            "The difference is split over the assumptions that differ, so that the parts add up "
            "exactly. Scenarios between the two are worked out for this, which takes from "
            "seconds to a few minutes. It explains the measure of the year, the points of delivery "
            "and the sites chosen at the side.",
            class_="ac-words",
        ),
        choose,
        ui.output_ui("why_state"),
        shown_ui("why_card"),
        id="why",
        class_="ac-panel",
        aria_label="Why do they differ?",
    )
