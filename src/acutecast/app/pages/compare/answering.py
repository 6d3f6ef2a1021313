"""How the page answers: filters change, a thread compares, cards are filled."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shiny import reactive, render, ui

from acutecast.app import filters
from acutecast.app.background import in_words
from acutecast.app.opened import compared, names_of, opened, ruled
from acutecast.app.pages.compare.chosen import chosen_jobs
from acutecast.app.pages.compare.explaining import explain
from acutecast.app.pages.compare.layout import MOST_CARDS, used
from acutecast.app.visit import Visit, remember
from acutecast.app.widgets import problems, shown_server
from acutecast.errors import AcutecastError
from acutecast.workspace import JobRow

if TYPE_CHECKING:
    from acutecast.report.views import Selection, Shown


@dataclass(frozen=True)
class Answer:
    """What was found for a selection.

    Attributes:
        selection: what is looked at, without what can no longer be chosen.
        choices: what can be chosen now.
        shown: the figures; none where there is a fault.
        words: what is selected.
        fault: why there is nothing to see.
    """

    selection: Selection
    choices: dict[str, list[tuple[str, str]]]
    shown: tuple[Shown, ...] = ()
    words: str = ""
    fault: AcutecastError | None = None


def find(visit: Visit, jobs: Sequence[JobRow], selection: Selection, clean: bool) -> Answer:
    """Compare the runs; permission is checked first. Takes long enough to want a thread."""
    from acutecast.report import views

    choices: dict[str, list[tuple[str, str]]] = {}
    try:
        run = opened(visit.workspace, visit.person, jobs[0].id)
        choices = views.choices(run, selection)
        if clean:
            selection = filters.cleaned(selection, choices)
            choices = views.choices(run, selection)
        shown = compared(
            visit.workspace,
            visit.person,
            [job.id for job in jobs],
            names_of(jobs),
            ruled(visit.workspace, selection),
        )
        words = filters.in_words(choices, selection, used(visit, jobs), run.horizon)
        return Answer(selection, choices, shown, words)
    except Exception as error:
        return Answer(selection, choices, fault=in_words(error))


def server(input: Any, output: Any, session: Any, visit: Visit) -> None:
    """Answer the page."""
    # Runs that cannot be compared are told of by the layout.
    jobs = chosen_jobs(visit)
    if len(jobs) < 2:
        return
    from acutecast.report import views

    wanted: reactive.Value[tuple[Selection, bool]] = reactive.value(
        (views.from_query(visit.query), False)
    )
    answer: reactive.Value[Answer | None] = reactive.value(None)

    @reactive.extended_task
    async def look(selection: Selection, clean: bool) -> Answer:
        return await asyncio.to_thread(find, visit, jobs, selection, clean)

    @reactive.effect
    @reactive.event(input.filters)
    def _():
        chosen = filters.read(input.filters(), wanted()[0])
        if chosen is not None:
            wanted.set((chosen, True))

    @reactive.effect
    def _():
        look.cancel()
        look.invoke(*wanted())

    @reactive.effect
    async def _():
        if look.status() != "success":
            return
        found = look.value()
        answer.set(found)
        await filters.answered(session)
        await session.send_custom_message("acutecast-choices", filters.told(found.choices))
        runs = ",".join(job.id for job in jobs)
        await remember(session, runs=runs, **filters.address(found.selection))

    @render.ui
    def words():
        found = answer()
        if found is None:
            return ui.tags.p("Comparing the runs …", class_="ac-soft")
        title = found.shown[0].title if found.shown else ""
        return filters.selected(title, found.words)

    @render.ui
    def above():
        found = answer()
        return problems(found.fault) if found is not None and found.fault is not None else None

    @reactive.calc
    def shown() -> tuple[Shown, ...]:
        found = answer()
        return () if found is None else found.shown

    for place in range(MOST_CARDS):
        shown_server(f"card{place}", filters.at(shown, place))

    @reactive.calc
    def selection() -> Selection:
        found = answer()
        return wanted()[0] if found is None else found.selection

    explain(input, session, visit, jobs, selection)
