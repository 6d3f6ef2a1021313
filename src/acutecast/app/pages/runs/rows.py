"""The list of runs as people read it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from shiny import ui

from acutecast.app.live import html, when
from acutecast.app.visit import Visit, link
from acutecast.compute import FIRST_COMPILATION, FIRST_COMPILATION_WORDS
from acutecast.workspace import JobRow, may_stop

STATES = {
    "queued": "In the queue",
    "running": "Under way",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
}
_STAGES = {
    "reading": "Reading and checking the data",
    "compiling": "Preparing",
    FIRST_COMPILATION: FIRST_COMPILATION_WORDS,
    "writing": "Writing the results",
    "capacity": "Working out the capacity",
}
UNDER_WAY = ("queued", "running")
MOST_SHOWN = 50


def state_badge(state: str) -> Any:
    """Write a run's state in words, with its colour."""
    return ui.tags.span(STATES.get(state, state), class_=f"ac-state ac-state-{state}")


def stage_words(job: JobRow) -> str:
    """Say what a run under way is doing."""
    if job.stopping:
        return "Stopping after the model runs at hand"
    if job.stage == "simulating":
        return f"Simulating: {job.done:,} of {job.of:,} model runs"
    return _STAGES.get(job.stage, job.stage.capitalize() or "Starting")


def left_words(seconds: float | None) -> str:
    """Say how long a run still takes, no more exactly than anybody can know."""
    if seconds is None:
        return "time left not known yet"
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {5 * ceil(seconds / 5)} seconds left"
    if seconds < 5400:
        return f"about {ceil(seconds / 60)} minutes left"
    return f"about {ceil(seconds / 360) / 10:g} hours left"


def took_words(seconds: float) -> str:
    """Say how long a run took."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def options_words(job: JobRow) -> str:
    """Say what was asked for."""
    asked = job.options
    runs = asked.get("runs")
    parts = [f"{runs:,} model runs" if isinstance(runs, int) else "model runs as the scenario says"]
    years = asked.get("years", "all")
    if years == "all":
        parts.append("every year")
    elif years == "horizon":
        parts.append("horizon year only")
    else:
        parts.append(f"{len(years)} years")
    if asked.get("capacity"):
        parts.append("with capacity")
    if asked.get("suppress"):
        parts.append(f"counts below {asked['suppress']} hidden")
    return ", ".join(parts)


KeptRows = dict[str, tuple[JobRow, str]]
"""Rows as HTML, by run; a row is only made again where its run has changed."""


def table(
    visit: Visit,
    jobs: Sequence[JobRow],
    *,
    of_scenario: bool,
    all_: bool = False,
    kept: KeptRows | None = None,
) -> Any:
    """Make the table of runs.

    Args:
        visit: who looks.
        jobs: the runs, newest first.
        of_scenario: whether all are of the scenario at hand.
        all_: whether to show all, rather than the newest.
        kept: the rows as they were made before; is changed.
    """
    if not jobs:
        words = "This scenario has not been run yet." if of_scenario else "There are no runs yet."
        scenarios = ui.tags.a("Choose a scenario to run", href=link("home"))
        return ui.tags.p(words, None if of_scenario else ui.TagList(" ", scenarios, "."))
    names = ("Run", "State", "Progress and result", "What to do")
    shown = jobs if all_ else jobs[:MOST_SHOWN]
    listed = ui.tags.div(
        ui.tags.table(
            ui.tags.caption("Runs, newest first", class_="ac-visually-hidden"),
            ui.tags.thead(ui.tags.tr(*(ui.tags.th(name, scope="col") for name in names))),
            ui.tags.tbody(ui.HTML(_rows(visit, shown, of_scenario, {} if kept is None else kept))),
            class_="ac-runs",
        ),
        class_="ac-scroll",
        tabindex="0",
        role="region",
        aria_label="Runs, newest first",
    )
    if len(shown) == len(jobs):
        return listed
    everything = ui.tags.a(
        f"Show all {len(jobs):,} runs",
        href=link("runs", scenario=visit.query.get("scenario"), all=1),
    )
    return ui.TagList(listed, ui.tags.p(everything))


def _rows(visit: Visit, jobs: Sequence[JobRow], of_scenario: bool, kept: KeptRows) -> str:
    for job in jobs:
        if job.id not in kept or kept[job.id][0] != job:
            kept[job.id] = (job, html(_row(visit, job, of_scenario)))
    return "".join(kept[job.id][1] for job in jobs)


def _row(visit: Visit, job: JobRow, of_scenario: bool) -> Any:
    who = "" if visit.workspace.settings.identity == "local" else f" by {job.who}"
    name: Any = ui.TagList("Asked for ", when(job.asked_at))
    if not of_scenario:
        name = ui.tags.a(job.scenario_name, href=link("runs", scenario=job.scenario_id))
    return ui.tags.tr(
        ui.tags.th(
            name,
            ui.tags.span(
                ui.TagList(when(job.asked_at), " · ", job.dataset) if not of_scenario else None,
                who,
                class_="ac-small",
            )
            if who or not of_scenario
            else None,
            ui.tags.span(options_words(job), class_="ac-small"),
            scope="row",
        ),
        ui.tags.td(state_badge(job.state)),
        ui.tags.td(_progress(job), class_="ac-progress"),
        ui.tags.td(ui.tags.div(*_ways(visit, job), class_="ac-row")),
        id=f"run-{job.id}",
    )


def _progress(job: JobRow) -> Any:
    if job.state == "queued":
        place = job.position or 1
        words = "Next in the queue" if place == 1 else f"Number {place} in the queue"
        return ui.TagList(words, _message(job))
    if job.state == "running":
        return ui.TagList(stage_words(job), *_bar(job), _message(job))
    took = None
    if job.state == "done" and job.started_at and job.ended_at:
        seconds = (job.ended_at - job.started_at).total_seconds()
        took = f"Finished in {took_words(seconds)}"
    return ui.TagList(took, _message(job))


def _bar(job: JobRow) -> list[Any]:
    label = f"Progress of the run of {job.scenario_name}"
    if job.stage != "simulating" or job.of < 1:
        return [ui.tags.progress(aria_label=label)]
    percent = int(100 * job.done / job.of)
    words = f"{percent}%" if job.stopping else f"{percent}%, {left_words(job.seconds_left)}"
    return [
        ui.tags.progress(value=str(percent), max="100", aria_label=label),
        ui.tags.span(words, class_="ac-small"),
    ]


def _message(job: JobRow) -> Any:
    if not job.message or (job.state == "running" and job.stopping):
        return None
    lines = [
        ui.tags.p(line, class_="ac-messages-line") for line in job.message.splitlines() if line
    ]
    if job.state == "failed":
        lines.append(
            ui.tags.p(
                "Put it right in the ",
                ui.tags.a("assumptions", href=link("assumptions", scenario=job.scenario_id)),
                " and run it again. Nothing else is lost.",
                class_="ac-messages-line",
            )
        )
    return ui.TagList(*lines)


def _ways(visit: Visit, job: JobRow) -> list[Any]:
    name = f"the run of {job.scenario_name}"
    ways: list[Any] = []
    if job.state == "done":
        ways.append(
            ui.tags.a(
                "Results",
                href=link("results", scenario=job.scenario_id, run=job.id),
                class_="ac-button",
                aria_label=f"Results of {name}",
                id=f"results-{job.id}",
            )
        )
    if not may_stop(visit.person, job):
        return ways
    if job.state in UNDER_WAY:
        ways.append(
            ui.tags.button(
                "Stopping…" if job.stopping else "Cancel",
                type="button",
                class_="ac-quiet",
                data_press="cancel_run",
                data_value=job.id,
                aria_label=f"Cancel {name}",
                aria_disabled="true" if job.stopping else None,
                id=f"cancel-{job.id}",
            )
        )
    else:
        ways.append(
            ui.tags.button(
                "Delete…",
                type="button",
                class_="ac-quiet ac-danger",
                data_dialog="delete-run",
                data_value=job.id,
                data_name=f"{job.scenario_name} ({options_words(job)})",
                aria_label=f"Delete {name}",
                id=f"delete-{job.id}",
            )
        )
    return ways
