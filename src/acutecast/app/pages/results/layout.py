"""How the page is laid out: at the side the views and filters, beside them what is seen."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from shiny import ui

from acutecast.app import filters
from acutecast.app.opened import has_capacity, opened
from acutecast.app.pages.results.about_run import facts_of, stale, ways_on
from acutecast.app.pages.results.which import chooser, job_of, not_ready
from acutecast.app.visit import Visit
from acutecast.app.widgets import shown_ui

if TYPE_CHECKING:
    from acutecast.report.views import View
    from acutecast.results import Run

FIRST_VIEW = "summary"
MOST_CARDS = 4


def content(visit: Visit) -> Any:
    """Lay out the results of the run that the address names, or what there is to choose."""
    job = job_of(visit)
    if job is None:
        return chooser(visit)
    if job.state != "done":
        return not_ready(visit, job)
    from acutecast.report import views

    run = opened(visit.workspace, visit.person, job.id)
    selection = views.from_query(visit.query)
    here = views.view(visit.query.get("view") or FIRST_VIEW)
    return ui.TagList(
        filters.script(),
        stale(visit, job),
        ui.tags.div(
            ui.tags.div(facts_of(visit, job, run)), ways_on(visit, job), class_="ac-results-top"
        ),
        ui.tags.div(
            ui.tags.div(
                filters.folding("Views", _list_of_views(visit, run, job.id, here)),
                filters.folding(
                    "Filters",
                    filters.form(
                        views.choices(run, selection), selection, run.horizon, _used(run, here)
                    ),
                ),
                class_="ac-side ac-panel",
            ),
            ui.tags.div(
                ui.output_ui("words", role="status", aria_live="polite", class_="ac-selected"),
                ui.output_ui("above", aria_live="off"),
                *(shown_ui(f"card{place}") for place in range(MOST_CARDS)),
                id="ac-shown",
                aria_busy="true",
            ),
            class_="ac-columns",
        ),
    )


def _list_of_views(visit: Visit, run: Run, job_id: str, here: View) -> Any:
    from acutecast.report import views

    parts = []
    for group, members in groupby(views.VIEWS, key=lambda view: view.group):
        links = []
        for view in members:
            said = {name: value for name, value in visit.query.items() if name != "page"}
            address = visit.link("results", **(said | {"run": job_id, "view": view.key}))
            links.append(
                ui.tags.li(
                    ui.tags.a(
                        view.title,
                        href=address,
                        data_carry="",
                        data_view=view.key,
                        data_uses=" ".join(_used(run, view)),
                        **({"aria-current": "page"} if view is here else {}),
                    )
                )
            )
        parts += [ui.tags.h3(group), ui.tags.ul(*links)]
    return ui.tags.nav(*parts, aria_label="Views", class_="ac-list")


def _used(run: Run, view: View) -> tuple[str, ...]:
    """Give the filters of a view; none where it has nothing to show."""
    return view.filters if view.needs != "capacity" or has_capacity(run) else ()
