"""How the page answers: a view or a filter is chosen, a thread looks, cards are filled."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shiny import reactive, render, ui

from acutecast.app import filters
from acutecast.app.background import in_words
from acutecast.app.live import in_background
from acutecast.app.opened import has_capacity, opened, read_ahead, ruled, seen
from acutecast.app.pages.results.again import serve_again
from acutecast.app.pages.results.layout import FIRST_VIEW, MOST_CARDS
from acutecast.app.pages.results.tiles import tiles
from acutecast.app.pages.results.which import job_of
from acutecast.app.visit import Visit, remember
from acutecast.app.widgets import notice, pressed, problems, shown_server
from acutecast.errors import AcutecastError
from acutecast.workspace import JobRow, may, read_scenario

if TYPE_CHECKING:
    from acutecast.report.views import Selection, Shown


@dataclass(frozen=True)
class Answer:
    """What was found for a view and a selection.

    Attributes:
        key: the view.
        selection: what is looked at, without what can no longer be chosen.
        choices: what can be chosen now.
        shown: the figures; none where there is a fault.
        words: what is selected.
        fault: why there is nothing to see.
        no_capacity: whether the view needs capacity and the run has none.
    """

    key: str
    selection: Selection
    choices: dict[str, list[tuple[str, str]]]
    shown: tuple[Shown, ...] = ()
    words: str = ""
    fault: AcutecastError | None = None
    no_capacity: bool = False


def find(visit: Visit, job_id: str, key: str, selection: Selection, clean: bool) -> Answer:
    """Look at a run; permission is checked first. Takes long enough to want a thread."""
    from acutecast.report import views

    choices: dict[str, list[tuple[str, str]]] = {}
    try:
        run = opened(visit.workspace, visit.person, job_id)
        view = views.view(key)
        choices = views.choices(run, selection)
        if clean:
            selection = filters.cleaned(selection, choices)
            choices = views.choices(run, selection)
        if view.needs == "capacity" and not has_capacity(run):
            return Answer(key, selection, choices, no_capacity=True)
        asked = ruled(visit.workspace, selection)
        shown = seen(visit.workspace, visit.person, job_id, key, asked)
        words = filters.in_words(choices, selection, view.filters, run.horizon)
        return Answer(key, selection, choices, shown, words)
    except Exception as error:
        return Answer(key, selection, choices, fault=in_words(error))


def server(input: Any, output: Any, session: Any, visit: Visit) -> None:
    """Answer the page."""
    job = job_of(visit)
    if job is None or job.state != "done":
        return
    from acutecast.report import views

    wanted: reactive.Value[tuple[str, Selection, bool]] = reactive.value(
        (visit.query.get("view") or FIRST_VIEW, views.from_query(visit.query), False)
    )
    answer: reactive.Value[Answer | None] = reactive.value(None)

    @reactive.extended_task
    async def look(key: str, selection: Selection, clean: bool) -> Answer:
        return await asyncio.to_thread(find, visit, job.id, key, selection, clean)

    @reactive.effect
    @reactive.event(input.view)
    def _():
        _, selection, clean = wanted()
        wanted.set((str(input.view()), selection, clean))

    @reactive.effect
    @reactive.event(input.filters)
    def _():
        key, before, _ = wanted()
        chosen = filters.read(input.filters(), before)
        if chosen is not None:
            wanted.set((key, chosen, True))

    @reactive.effect
    def _():
        look.cancel()
        look.invoke(*wanted())

    @reactive.effect
    async def _():
        if look.status() != "success":
            return
        found = look.value()
        with reactive.isolate():
            if found.key != wanted()[0]:
                return
            first = answer() is None
        answer.set(found)
        await filters.answered(session)
        await session.send_custom_message("acutecast-choices", filters.told(found.choices))
        said = filters.address(found.selection)
        await remember(session, run=job.id, scenario=job.scenario_id, view=found.key, **said)
        if first:
            asked = ruled(visit.workspace, found.selection)
            ahead = asyncio.to_thread(read_ahead, visit.workspace, visit.person, job.id, asked)
            in_background(session, ahead, ends_with_page=True)

    @render.ui
    def words():
        found = answer()
        if found is None:
            return ui.tags.p("Looking at the run …", class_="ac-soft")
        return _words(found)

    @render.ui
    def above():
        found = answer()
        if found is None:
            return None
        if found.fault is not None:
            return problems(found.fault)
        if found.no_capacity:
            return no_capacity(visit, job)
        return tiles(found.shown) if found.key == FIRST_VIEW else None

    @reactive.calc
    def shown() -> tuple[Shown, ...]:
        found = answer()
        return () if found is None else found.shown

    for place in range(MOST_CARDS):
        shown_server(f"card{place}", filters.at(shown, place))
    serve_again(input, session, visit, job)


def _words(found: Answer) -> Any:
    """Say what is shown and of what; read out when it changes."""
    from acutecast.report import views

    try:
        title = views.view(found.key).title
    except AcutecastError:
        title = ""
    if found.shown:
        title = found.shown[0].title
    if found.fault is not None or found.no_capacity:
        return ui.tags.p(f"{title}: there is nothing to show.", class_="ac-visually-hidden")
    return filters.selected(title, found.words)


def no_capacity(visit: Visit, job: JobRow) -> Any:
    """Say what to do for capacity, where it was not worked out."""
    words = (
        "Capacity was not worked out with this run. A new run with capacity gives the same "
        "activity, and then the beds, theatres, rooms and emergency spaces that it needs. It "
        "takes a few minutes and goes on when you leave the page."
    )
    return notice(
        ui.tags.p(words),
        pressed("run_capacity", "yes", "Run again with capacity", quiet=False)
        if _may_run(visit, job)
        else ui.tags.p("Ask an analyst for it: your role lets you look, not run."),
    )


def _may_run(visit: Visit, job: JobRow) -> bool:
    try:
        return may(
            visit.person, "run", read_scenario(visit.workspace, visit.person, job.scenario_id)
        )
    except AcutecastError:
        return False
