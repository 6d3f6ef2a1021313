"""How the page answers: the button is pressed, a thread makes the file, the browser takes it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shiny import reactive, render, ui

from acutecast.app import filters
from acutecast.app.background import Progress, in_words, long_work
from acutecast.app.pages.report.making import Form, Made, form_of, make, read_threshold
from acutecast.app.pages.results.again import serve_again
from acutecast.app.pages.results.which import job_of
from acutecast.app.visit import Visit, remember
from acutecast.app.widgets import every, pressed, problems
from acutecast.errors import AcutecastError
from acutecast.scratch import scratch_folder

if TYPE_CHECKING:
    from acutecast.report.views import Selection

_PART = 256 * 1024


def server(input: Any, output: Any, session: Any, visit: Visit) -> None:
    """Answer the page."""
    job = job_of(visit)
    if job is None or job.state != "done":
        return
    from acutecast.report import views

    kept = ExitStack()  # as long as the session
    folder = kept.enter_context(scratch_folder("report"))

    def leave() -> None:
        progress.stop()
        kept.close()

    session.on_ended(leave)
    selection = reactive.value(views.from_query(visit.query))
    progress = Progress()
    fault: reactive.Value[AcutecastError | None] = reactive.value(None)
    file: reactive.Value[Made | None] = reactive.value(None)

    @reactive.extended_task
    async def work(form: Form, chosen: Selection, others: Sequence[str], now: Progress) -> Made:
        place = Path(tempfile.mkdtemp(dir=folder))
        runs = [job.id, *others]
        return await long_work(now, lambda: make(visit, runs, form, chosen, place, now))

    @reactive.effect
    @reactive.event(input.filters)
    async def _():
        chosen = filters.read(input.filters(), selection())
        if chosen is not None:
            selection.set(chosen)
            await remember(session, run=job.id, scenario=job.scenario_id,
                           **filters.address(chosen))  # fmt: skip

    @reactive.effect
    @reactive.event(input.take)
    async def _():
        nonlocal progress
        if work.status() == "running":
            return
        said = {str(name): str(value) for name, value in dict(input.take()).items()}
        file.set(None)
        fault.set(None)
        try:
            form = form_of(said.get("form", ""))
            chosen = replace(selection(), suppress=read_threshold(said.get("suppress", "")))
        except AcutecastError as error:
            fault.set(error)
            return
        others = [other for other in said.get("others", "").split(",") if other]
        progress = Progress()
        work.invoke(form, chosen, others, progress)
        await session.send_custom_message("acutecast-refocus", {"id": "stop"})

    @reactive.effect
    @reactive.event(input.stop)
    def _():
        progress.stop()

    @reactive.effect
    async def _():
        status = work.status()
        if status == "success":
            file.set(work.value())
            await session.send_custom_message("acutecast-download", {"id": "download"})
        elif status == "error":
            fault.set(in_words(work.error()))
        else:
            return
        await session.send_custom_message("acutecast-refocus", {"id": "take"})

    @render.ui
    def state():
        if work.status() != "running":
            return None
        stop = pressed("stop", "yes", "Stop")
        stop.attrs["id"] = "stop"
        return ui.tags.div(ui.output_ui("far"), stop, class_="ac-row ac-panel")

    @render.ui
    def far():
        every(0.5)
        words = progress.stage.capitalize() or "Reading the run"
        if progress.waiting:
            words = "Waiting until other work is done"
        if progress.stopping():
            words = "Stopping"
        known = {"value": str(progress.done), "max": str(progress.of)} if progress.of else {}
        return ui.tags.p(ui.tags.progress(aria_label=words, **known), f" {words} …")

    @render.ui
    def made():
        wrong = fault()
        if wrong is not None:
            return problems(wrong)
        done = file()
        if done is None:
            return None
        size = max(1, round(done.path.stat().st_size / 1024))
        return ui.tags.div(
            ui.tags.p(
                ui.tags.strong(f"{done.form.title} is ready. "),
                "If the download did not start, take it here: ",
                ui.download_link("download", f"{done.name} ({size:,} kB)"),
            ),
            class_="ac-notice ac-good",
        )

    serve_again(input, session, visit, job)

    @render.download_link(filename=lambda: _name(file))
    def download():
        done = file()
        if done is None:
            return
        with done.path.open("rb") as source:
            while part := source.read(_PART):
                yield part


def _name(file: Any) -> str:
    done = file()
    return "acutecast" if done is None else done.name
