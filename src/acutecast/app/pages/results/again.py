"""Asking for the run of a scenario again, from a page that shows one of its runs."""

from __future__ import annotations

import asyncio
from typing import Any

from shiny import reactive

from acutecast.app.live import in_background, offer, say_problems
from acutecast.app.visit import Visit
from acutecast.app.widgets import go_to
from acutecast.errors import AcutecastError
from acutecast.workspace import JobRow, submit


def serve_again(input: Any, session: Any, visit: Visit, job: JobRow) -> None:
    """Answer the buttons "run_again" and "run_capacity" of a page about a run."""

    # Beside the page: reading the provider may take a while, and an effect that waits for it would
    # hold up everybody's pages.
    @reactive.effect
    @reactive.event(input.run_capacity)
    def _():
        in_background(session, _submit(session, visit, job, capacity=True))

    @reactive.effect
    @reactive.event(input.run_again)
    def _():
        in_background(session, _submit(session, visit, job))


async def _submit(session: Any, visit: Visit, job: JobRow, *, capacity: bool = False) -> None:
    """Put the scenario into the queue again, and go to where the queue is seen."""
    options = {name: job.options[name] for name in ("runs", "years", "suppress")}
    options["capacity"] = capacity or job.options["capacity"]
    await offer(session, "The run is put into the queue …", kind="info")
    try:
        await asyncio.to_thread(submit, visit.workspace, visit.person, job.scenario_id, **options)
    except AcutecastError as error:
        await say_problems(session, error)
        return
    await go_to(session, visit.link("runs", scenario=job.scenario_id))
