"""Why two runs differ: worked out beside the page, with progress, and can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shiny import reactive, render, ui

from acutecast.app import filters
from acutecast.app.background import Progress, in_words, long_work
from acutecast.app.opened import names_of, opened
from acutecast.app.visit import Visit
from acutecast.app.widgets import every, pressed, problems, shown_server
from acutecast.errors import Cancelled
from acutecast.workspace import JobRow, provider

if TYPE_CHECKING:
    from acutecast.report.views import Selection, Shown


def reasons_of(
    visit: Visit, jobs: Sequence[JobRow], other: str, selection: Selection, work: Progress
) -> Shown:
    """Explain the difference of one run from the first; permission is checked first.

    Raises:
        AcutecastError: where the runs cannot be compared so.
        Cancelled: where it was stopped.
    """
    from acutecast import api
    from acutecast.report import views
    from acutecast.report.views.asked import activity_of, measure_of, where
    from acutecast.report.views.explained import explained

    runs = [opened(visit.workspace, visit.person, job) for job in (jobs[0].id, other)]
    names = dict(zip((job.id for job in jobs), names_of(jobs), strict=True))
    measure = measure_of(runs[0], selection)
    # Only points of delivery and sites are known of what is worked out here.
    rows = where(selection, activity_of(measure))
    kept = {name: rows[name] for name in ("pod", "sitetret") if name in rows}
    found = api.why(
        runs[0],
        runs[1],
        provider(visit.workspace, visit.person, jobs[0].dataset, runs[0].baseline_year),
        where={**kept, "measure": measure},
        year=selection.year,
        watch=work.watch,
        cancelled=work.stopping,
    )
    # One measure and no further split is one figure.
    shown = explained(found, names[jobs[0].id], names[other])[0]
    choices = views.choices(runs[0], selection)
    told = filters.in_words(choices, selection, ("pods", "sites"), runs[0].horizon)
    notes = [f"Only {told}."] if told else []
    if selection.specialties or selection.ages:
        notes.append("Specialties and ages are not told apart here: these are all of them.")
    return replace(shown, notes=(*shown.notes, *notes))


def part_of(selection: Selection) -> Selection:
    """Give what an explanation takes of a selection."""
    return replace(selection, specialties=(), ages=(), area="", site="all", suppress=None)


def explain(
    input: Any,
    session: Any,
    visit: Visit,
    jobs: Sequence[JobRow],
    selection: Callable[[], Selection],
) -> None:
    """Answer the part of the page that explains."""
    current = Progress()
    explained: Selection | None = None
    result: reactive.Value[Shown | None] = reactive.value(None)

    @reactive.extended_task
    async def think(other: str, chosen: Selection, now: Progress) -> Shown:
        return await long_work(now, lambda: reasons_of(visit, jobs, other, chosen, now))

    @reactive.effect
    @reactive.event(input.why_start)
    async def _():
        if think.status() == "running":
            return
        nonlocal current, explained
        current, explained = Progress(), part_of(selection())
        result.set(None)
        think.invoke(_other(input, jobs), selection(), current)
        await session.send_custom_message("acutecast-refocus", {"id": "why_stop"})

    @reactive.effect
    @reactive.event(input.why_stop)
    async def _():
        current.stop()

    @reactive.effect
    async def _():
        status = think.status()
        if status == "success":
            result.set(think.value())
        if status in ("success", "error"):
            await session.send_custom_message("acutecast-refocus", {"id": "why_start"})

    @reactive.effect
    def _():
        # An explanation of something else than what stands above it would mislead.
        if part_of(selection()) != explained:
            result.set(None)

    @render.ui
    def why_state():
        status = think.status()
        if status == "running":
            stop = pressed("why_stop", "yes", "Stop")
            stop.attrs["id"] = "why_stop"
            return ui.tags.div(ui.output_ui("why_progress"), stop, class_="ac-row")
        again = status in ("success", "error")
        start = pressed(
            "why_start", "yes", "Work it out again" if again else "Work out why", quiet=again
        )
        start.attrs["id"] = "why_start"
        parts = [ui.tags.p(start)]
        if status == "error":
            error = think.error()
            stopped = isinstance(error, Cancelled)
            parts.append(ui.tags.p("Stopped.") if stopped else problems(in_words(error)))
        return ui.TagList(*parts)

    @render.ui
    def why_progress():
        every(0.5)
        if current.stopping():
            return ui.tags.p("Stopping …", role="status")
        if current.waiting:
            return ui.tags.p("Waiting until other work is done …", role="status")
        if not current.of:
            return ui.tags.p("Reading the data …", role="status")
        words = f"{current.done} of {current.of} scenarios worked out"
        bar = ui.tags.progress(value=str(current.done), max=str(current.of), aria_label=words)
        return ui.tags.p(bar, f" {words}")

    shown_server("why_card", result, level=3)
    session.on_ended(lambda: current.stop())


def _other(input: Any, jobs: Sequence[JobRow]) -> str:
    """Give the run that is explained: the one chosen, and of those compared."""
    have = [job.id for job in jobs[1:]]
    asked = str(input.why_other()) if "why_other" in input else ""
    return asked if asked in have else have[0]
