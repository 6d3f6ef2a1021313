"""How the page is laid out: what to take, the options, the button."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app import filters
from acutecast.app.opened import ended, finished, opened
from acutecast.app.pages.report.making import FORMS, Form
from acutecast.app.pages.results.about_run import facts_of, stale
from acutecast.app.pages.results.which import chooser, job_of, not_ready
from acutecast.app.visit import Visit
from acutecast.workspace import JobRow

_MOST_LISTED = 30


def content(visit: Visit) -> Any:
    """Lay out what can be taken away of the run that the address names."""
    job = job_of(visit)
    if job is None:
        return chooser(visit, "report")
    if job.state != "done":
        return not_ready(visit, job)
    from acutecast.report import views

    run = opened(visit.workspace, visit.person, job.id)
    selection = views.from_query(visit.query)
    return ui.TagList(
        filters.script(),
        stale(visit, job),
        facts_of(visit, job, run),
        ui.tags.p(
            "Choose what to take and press the button. The file is made on this machine and then "
            "downloaded. Its figures are those that the results show.",
            class_="ac-words",
        ),
        ui.tags.div(
            ui.tags.div(
                filters.folding(
                    "Which part",
                    filters.form(
                        views.choices(run, selection), selection, run.horizon, ("year", "sites")
                    ),
                ),
                class_="ac-side ac-panel",
            ),
            ui.tags.div(
                _form(visit, job, selection.suppress),
                ui.output_ui("state"),
                ui.output_ui("made", role="status", aria_live="polite"),
                id="ac-shown",
            ),
            class_="ac-columns",
        ),
    )


def _form(visit: Visit, job: JobRow, suppress: int | None) -> Any:
    asked = visit.query.get("form", FORMS[0].key)
    first = asked if asked in {form.key for form in FORMS} else FORMS[0].key
    rule = visit.workspace.settings.suppress
    return ui.tags.form(
        ui.tags.fieldset(
            ui.tags.legend(ui.tags.h2("What to take")),
            *(_choice(form, form.key == first) for form in FORMS),
        ),
        ui.tags.fieldset(
            ui.tags.legend(ui.tags.h2("Options")),
            _others(visit, job),
            ui.tags.label(
                "Hide small numbers below",
                ui.tags.input(
                    type="text",
                    inputmode="numeric",
                    data_suppress="",
                    value="" if suppress is None else str(suppress),
                    size="6",
                    aria_describedby="suppress-help",
                    autocomplete="off",
                ),
                class_="ac-of",
            ),
            ui.tags.p(
                "Baseline counts from 1 to one less than this are left empty, for files that "
                "leave the organisation. 5 is usual; leave it empty to show all."
                + (f" This installation hides those below {rule} in any case." if rule else ""),
                id="suppress-help",
                class_="ac-help",
            ),
        ),
        ui.tags.button("Make and download", type="submit", class_="ac-button", id="take"),
        data_take="",
        aria_label="What to take",
        class_="ac-panel",
    )


def _choice(form: Form, chosen: bool) -> Any:
    return ui.tags.label(
        ui.tags.input(
            type="radio",
            name="form",
            value=form.key,
            checked="" if chosen else None,
            autocomplete="off",
        ),
        ui.tags.span(
            ui.tags.strong(form.title),
            ui.tags.br(),
            form.words,
            ui.tags.span(form.limits, class_="ac-small") if form.limits else None,
        ),
        class_="ac-take",
    )


def _others(visit: Visit, job: JobRow) -> Any:
    """List the runs that a workbook or report can compare with."""
    jobs = [
        other
        for other in finished(visit.workspace, visit.person)
        if other.id != job.id and other.dataset == job.dataset
    ]
    if not jobs:
        return ui.tags.p(
            "There is no other finished run of this provider to compare with.", class_="ac-help"
        )
    asked = visit.query.get("others", "").split(",")
    jobs = sorted(jobs, key=lambda other: other.id not in asked)[:_MOST_LISTED]
    return ui.tags.details(
        ui.tags.summary(ui.tags.strong("Compare with other runs"), " (workbook and reports)"),
        ui.tags.fieldset(
            ui.tags.legend("Runs to compare with"),
            *(
                ui.tags.label(
                    ui.tags.input(
                        type="checkbox",
                        name="others",
                        value=other.id,
                        checked="" if other.id in asked else None,
                        autocomplete="off",
                    ),
                    f" {other.scenario_name}, ",
                    ended(other),
                    class_="ac-box",
                )
                for other in jobs
            ),
            class_="ac-boxes",
        ),
        open="" if any(other.id in asked for other in jobs) else None,
        class_="ac-choose",
    )
