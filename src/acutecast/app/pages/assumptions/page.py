"""The page as a whole: the sections at the side, one of them beside it, the live effect below."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from shiny import reactive, ui

from acutecast.app import frame
from acutecast.app.background import in_words
from acutecast.app.live import Places, html, in_background, offer, place
from acutecast.app.pages.assumptions import bodies, effect
from acutecast.app.pages.assumptions.editing import POLL_SECONDS, Editor
from acutecast.app.pages.assumptions.ground import Ground, find_ground
from acutecast.app.pages.assumptions.sections import BY_KEY, SECTIONS, Section, counts
from acutecast.app.visit import Visit
from acutecast.app.widgets import notice, problems
from acutecast.errors import AcutecastError
from acutecast.workspace import may

_LOG = logging.getLogger(__name__)


def section_of(visit: Visit) -> Section:
    """Give the section that the address names; the overview where it names none."""
    return BY_KEY.get(visit.query.get("section", ""), SECTIONS[0])


def make(visit: Visit) -> Any:
    """Make the page; what needs the data comes as soon as they are read."""
    section = section_of(visit)
    editable = may(visit.person, "edit", visit.scenario)
    return ui.tags.div(
        frame.script("assumptions.js"),
        ui.tags.div(
            _list(visit, section),
            ui.tags.div(
                ui.tags.h2(section.title),
                None if visit.query.get("tpma") else ui.tags.p(section.words, class_="ac-words"),
                None if editable else notice(
                    "You may look at this scenario and not change it. Make a copy of your own to "
                    "try something.", kind="warning"
                ),
                ui.tags.div(id="ac-others", role="status"),
                effect.panel(whole=True) if section.key == "overview" else None,
                *bodies.around(
                    visit,
                    section,
                    place("ac-body-place", ui.tags.p("Reading…", class_="ac-soft")),
                ),
                class_="ac-section",
            ),
            class_="ac-assume",
        ),
        None if section.key == "overview" else effect.panel(),
        id="ac-assumptions",
        data_draft="",
        data_readonly=None if editable else "",
    )  # fmt: skip


def serve(input: Any, output: Any, session: Any, visit: Visit) -> None:
    """Answer the page."""
    Here(input, output, session, visit).begin()


class Here:
    """One open page.

    Attributes:
        input, output, session, visit: the page's.
        section: which one is open.
        editor: its edits.
        places: parts of it that change.
        ground: the data, once they are read.
        effect: the panel of the live effect.
        when_ready: what is done once the data are read.
    """

    def __init__(self, input: Any, output: Any, session: Any, visit: Visit) -> None:
        """Take what a page's server gets."""
        self.input, self.output, self.session, self.visit = input, output, session, visit
        self.section = section_of(visit)
        self.editor = Editor(visit, session)
        self.places = Places(session)
        self.ground: Ground | None = None
        self._made = 0
        self._making = asyncio.Lock()
        self.when_ready: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self.effect = effect.LiveEffect(session, self.places, lambda: self.ground)

    def begin(self) -> None:
        """Listen to the page, and show it."""
        self.on("ac_rows", self._rows)
        self.on("ac_edit", self.editor.typed)
        self.on("ac_theirs", self.editor.theirs)
        self.editor.heard.append(self.effect.ask)
        in_background(self.session, self._show(), ends_with_page=True)
        in_background(self.session, self._follow(), ends_with_page=True)
        bodies.serve(self)

    def on(self, name: str, act: Any) -> None:
        """Do something whenever the page sets an input."""

        @reactive.effect
        @reactive.event(self.input[name])
        def _() -> None:
            in_background(self.session, act(self.input[name]()))

    async def _rows(self, keys: Any) -> None:
        self.editor.shows(keys)

    async def _show(self) -> None:
        ground = await asyncio.to_thread(find_ground, self.visit, self.editor.snapshot.content)
        self.ground = ground
        counted = self.section.key in bodies.COUNTED
        self.editor.know(
            ground.provider.year if ground.provider else None,
            await asyncio.to_thread(lambda: ground.baseline) if counted else None,
        )
        await self.show_body()
        if ground.provider is not None:
            await self.effect.ask(None, self.editor.snapshot, "")
            for ready in self.when_ready:
                await ready()

    async def show_body(self) -> None:
        """Make the section anew."""
        assert self.ground is not None
        # One after the other, so that what stands there last is what was made last.
        async with self._making:
            snapshot = self.editor.snapshot
            try:
                content = await asyncio.to_thread(
                    bodies.body, self.visit, snapshot, self.ground, self.section
                )
            except Exception as error:
                content = problems(in_words(error))
            warning = None
            if self.ground.error is not None:
                warning = problems(self.ground.error)
            # Another id each time: rows are not made of the rows that stood there before, so that
            # what is typed in one cannot pass to another.
            self._made += 1
            made = ui.tags.div(
                ui.tags.div(warning, content, id="ac-body", data_revision=str(snapshot.revision)),
                id=f"ac-body-{self._made}",
            )
            await self.places.show({"ac-body-place": html(made)})

    async def _follow(self) -> None:
        told = False
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.editor.follow()
                told = False
            except AcutecastError as error:
                if not told:
                    await offer(self.session, str(error.problems[0]), kind="warning")
                told = True
            except Exception:
                # The database may be away for a moment.
                _LOG.exception("the page could not look for changes")


def _list(visit: Visit, here: Section) -> Any:
    n = counts(visit.scenario.content)
    links = [
        ui.tags.li(
            ui.tags.a(
                section.title,
                ui.tags.span(
                    ui.tags.span(n[section.key], data_count=section.key),
                    ui.tags.span(" set", class_="ac-visually-hidden") if n[section.key] else None,
                    class_="ac-count",
                ),
                href=visit.link("assumptions", section=section.key),
                **({"aria-current": "page"} if section is here else {}),
            )
        )
        for section in SECTIONS
    ]
    return ui.tags.div(
        ui.tags.nav(ui.tags.ul(*links), aria_label="Sections of the assumptions", class_="ac-list"),
        class_="ac-side ac-sections",
    )
