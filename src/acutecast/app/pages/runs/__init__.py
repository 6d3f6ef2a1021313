"""Runs: ask for one, watch it, stop it, open its results."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from shiny import reactive, ui

from acutecast.app.live import (
    Places,
    Way,
    answer,
    dialogue,
    follow,
    form,
    html,
    in_background,
    offer,
    place,
    say_problems,
)
from acutecast.app.pages.runs.asking import FIELDS, asked, asking_form
from acutecast.app.pages.runs.rows import UNDER_WAY, KeptRows, table
from acutecast.app.visit import Page, Visit, link
from acutecast.errors import AcutecastError
from acutecast.workspace import (
    JobRow,
    cancel,
    delete_job,
    list_jobs,
    may,
    provider,
    read_job,
    submit,
)

_SOON, _LATER = 1.0, 4.0
"""Seconds between looks while something runs, and otherwise."""


def _ui(visit: Visit) -> Any:
    jobs = _jobs(visit)
    listed = ui.tags.section(
        ui.tags.h2("Runs of this scenario" if visit.query.get("scenario") else "All runs"),
        place("runs-list", _list(visit, jobs)),
        class_="ac-panel",
    )
    if not visit.query.get("scenario"):
        words = (
            "Every run that you may see, of all scenarios. To ask for another, choose the name of "
            "its scenario."
        )
        return ui.TagList(ui.tags.p(words, class_="ac-words"), listed, _deleting())
    if not may(visit.person, "run", visit.scenario):
        return ui.TagList(listed, _deleting())
    asking = ui.tags.section(
        ui.tags.h2("Run this scenario"),
        ui.tags.p(
            "A run takes the scenario as it is now; later edits do not change it. It goes on when "
            "you close this page.",
            class_="ac-words",
        ),
        asking_form(visit),
        class_="ac-panel",
    )
    return ui.TagList(ui.tags.div(asking, listed, class_="ac-columns ac-asking"), _deleting())


def _deleting() -> Any:
    return dialogue(
        "delete-run",
        "Delete this run?",
        form(
            "delete_run",
            ui.tags.p(
                "The run of ",
                ui.tags.strong(data_fill="name"),
                " and its results are removed for everybody. The scenario stays, and the same run "
                "can be made again from it.",
            ),
            ui.tags.input(type="hidden", name="id", id="delete-run-id", data_fill="value"),
            submit="Delete the run",
        ),
    )


def _jobs(visit: Visit) -> list[JobRow]:
    return list_jobs(visit.workspace, visit.person, visit.query.get("scenario") or None)


def _list(visit: Visit, jobs: Sequence[JobRow], kept: KeptRows | None = None) -> Any:
    of_scenario = bool(visit.query.get("scenario"))
    return table(visit, jobs, of_scenario=of_scenario, all_="all" in visit.query, kept=kept)


def _server(input: Any, output: Any, session: Any, visit: Visit) -> None:
    del output
    here = _Here(session, visit)
    look = follow(session, here.look, here.tell)
    if visit.query.get("scenario"):
        in_background(session, _read_ahead(visit))

    @reactive.effect
    @reactive.event(input.ask_run)
    def _ask() -> None:
        said = dict(input.ask_run())
        in_background(session, _submit(session, visit, said, here, look))

    @reactive.effect
    @reactive.event(input.cancel_run)
    def _cancel() -> None:
        in_background(session, _stop(session, visit, str(input.cancel_run()), look))

    @reactive.effect
    @reactive.event(input.delete_run)
    def _delete() -> None:
        job = str(input.delete_run().get("id", ""))
        in_background(session, _remove(session, visit, job, look))


async def _read_ahead(visit: Visit) -> None:
    """Read the provider, so that the check of a run need not wait for it."""
    scenario = visit.scenario
    year = scenario.content.get("baseline_year")
    with suppress(AcutecastError):  # said where the run is asked for
        await asyncio.to_thread(provider, visit.workspace, visit.person, scenario.dataset, year)


class _Here:
    """What this page has told of the runs so far."""

    def __init__(self, session: Any, visit: Visit) -> None:
        self._session = session
        self._visit = visit
        self._places = Places(session)
        self._states: dict[str, str] = {}
        self._kept: KeptRows = {}

    def expect(self, job: JobRow) -> None:
        """Say of this run when it has ended, also where it does so before the next look."""
        self._states.setdefault(job.id, job.state)

    def look(self) -> tuple[Sequence[JobRow], str]:
        """Find the runs, and make their list."""
        jobs = _jobs(self._visit)
        return jobs, html(_list(self._visit, jobs, self._kept))

    async def tell(self, found: tuple[Sequence[JobRow], str]) -> float:
        """Show how things are, and say which runs have ended since the last look."""
        jobs, made = found
        await self._places.show({"runs-list": made})
        for job in reversed(jobs):
            if self._states.get(job.id) in UNDER_WAY and job.state not in UNDER_WAY:
                await _ended(self._session, job)
        self._states = {job.id: job.state for job in jobs}
        return _SOON if any(job.state in UNDER_WAY for job in jobs) else _LATER


async def _ended(session: Any, job: JobRow) -> None:
    name = job.scenario_name
    if job.state == "done":
        way = Way("See the results", href=link("results", scenario=job.scenario_id, run=job.id))
        await offer(session, f"The run of {name} is done.", way)
    elif job.state == "failed":
        words = f"The run of {name} failed. The list below says why, and what to do."
        await offer(session, words, kind="warning")
    else:
        await offer(session, f"The run of {name} was cancelled.", kind="info")


async def _submit(session: Any, visit: Visit, said: dict[str, Any], here: _Here, look: Any) -> None:
    try:
        wanted = asked(said, visit.workspace.settings.max_runs)
        job = await asyncio.to_thread(
            submit,
            visit.workspace,
            visit.person,
            visit.query.get("scenario", ""),
            runs=wanted.runs,
            years=wanted.years,
            capacity=wanted.capacity,
            suppress=wanted.suppress,
        )
    except AcutecastError as error:
        await answer(session, "ask_run", error, fields=FIELDS)
        return
    here.expect(job)
    await answer(session, "ask_run", empty=False)
    waits = job.position is not None and job.position > 1
    words = f"number {job.position} in the queue" if waits else "about to begin"
    await offer(session, f"The run is {words}. You can close this page: it goes on.", kind="info")
    look()


async def _stop(session: Any, visit: Visit, job_id: str, look: Any) -> None:
    try:
        job = await asyncio.to_thread(cancel, visit.workspace, visit.person, job_id)
    except AcutecastError as error:
        await say_problems(session, error)
        return
    if job.stopping:
        words = f"The run of {job.scenario_name} stops after the model runs at hand."
        await offer(session, words, kind="info")
    look()


async def _remove(session: Any, visit: Visit, job_id: str, look: Any) -> None:
    try:
        job = await asyncio.to_thread(read_job, visit.workspace, visit.person, job_id)
        await asyncio.to_thread(delete_job, visit.workspace, visit.person, job_id)
    except AcutecastError as error:
        await answer(session, "delete_run", error)
        return
    await answer(session, "delete_run")
    await offer(session, f"The run of {job.scenario_name} is deleted.", kind="info")
    look()


PAGE = Page("runs", "Runs", _ui, _server)
