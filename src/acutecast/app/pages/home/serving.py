"""What the home page does when somebody presses something."""

from __future__ import annotations

import asyncio
import base64
import re
import time
from collections.abc import Callable, Coroutine
from typing import Any

from shiny import reactive, ui

from acutecast.app.live import (
    Places,
    Way,
    answer,
    follow,
    html,
    in_background,
    offer,
    open_dialogue,
    say_problems,
    send_file,
)
from acutecast.app.pages.home.forms import (
    MOST_BYTES,
    NEW_FIELDS,
    UPLOAD_FIELDS,
    scenario_options,
)
from acutecast.app.pages.home.making import (
    Checked,
    check_file,
    differences_of,
    make_new,
    make_uploaded,
)
from acutecast.app.pages.home.rows import lists, look
from acutecast.app.visit import Visit, link, remember
from acutecast.app.widgets import go_to, notice, problems, table
from acutecast.errors import AcutecastError, Problem
from acutecast.report.charts import financial_year
from acutecast.report.views import Column
from acutecast.workspace import (
    ScenarioRow,
    copy_scenario,
    delete_scenario,
    export_scenario,
    read_scenario,
    rename_scenario,
    restore_scenario,
    share_scenario,
)
from acutecast.workspace.stamp import Stamp, stamp

_SECONDS, _FULL_SECONDS = 3.0, 60.0
"""Between two looks at whether somebody, or another tab, changed the scenarios."""


def serve(input: Any, output: Any, session: Any, visit: Visit) -> None:
    """Answer the home page."""
    del output
    here = _Here(session, visit)

    @reactive.effect
    @reactive.event(input.search, ignore_init=True)
    def _search() -> None:
        in_background(session, here.search_for(str(input.search() or "")))

    for name, act in here.actions().items():
        _on(input, name, session, act)

    @reactive.effect
    @reactive.event(input.upload_file)
    def _chosen() -> None:
        in_background(session, here.check(input.upload_file()))


def _on(input: Any, name: str, session: Any, act: Callable[[Any], Coroutine]) -> None:
    @reactive.effect
    @reactive.event(input[name])
    def _() -> None:
        in_background(session, act(input[name]()))


class _Here:
    """One open home page: what it shows, and what it does."""

    def __init__(self, session: Any, visit: Visit) -> None:
        self._session = session
        self._visit = visit
        self._places = Places(session)
        self._search = visit.query.get("q", "")
        self._file: Checked | None = None
        self._stamp: Stamp = ()
        self._full = 0.0
        follow(session, self._changed, self._tell)
        pair = {name: visit.query[name] for name in ("a", "b") if name in visit.query}
        if len(pair) == 2:
            in_background(session, self._open_differences(pair))

    def actions(self) -> dict[str, Callable[[Any], Coroutine]]:
        """Give what each button and form of the page does, by its input."""
        return {
            "new_scenario": self._new,
            "upload_scenario": self._upload,
            "rename_scenario": self._rename,
            "copy_scenario": self._copy,
            "share_scenario": lambda id: self._share(str(id), True),
            "unshare_scenario": lambda id: self._share(str(id), False),
            "delete_scenario": self._delete,
            "restore_scenario": self._restore,
            "download_scenario": lambda id: self._download(str(id), "acutecast"),
            "download_nhp": lambda id: self._download(str(id), "nhp"),
            "differences": self._differences,
        }

    async def search_for(self, words: str) -> None:
        """Show the scenarios that have some words, and say so in the address."""
        self._search = " ".join(words.split())
        await self._look_now()
        await remember(self._session, q=self._search)

    async def check(self, file: Any) -> None:
        """Say what an uploaded file holds, or everything that is wrong with it."""
        self._file = None
        if file:
            name = str(file.get("name", ""))
            self._file = await asyncio.to_thread(_checked, name, file.get("content"), file)
        await self._places.show({"upload-found": html(_found(self._file))})

    def _changed(self) -> dict[str, str]:
        """Make the lists anew where anything has changed; a full look now and then tells the rest.

        Who may see what can change too, which nothing but a full look finds.
        """
        now, due = stamp(self._visit.workspace), time.monotonic() - self._full > _FULL_SECONDS
        if now == self._stamp and not due:
            return {}
        self._stamp, self._full = now, time.monotonic()
        return self._made()

    def _made(self) -> dict[str, str]:
        found = look(self._visit)
        names = html(scenario_options(found.all, "Choose a scenario"))
        made = html(lists(self._visit, found, self._search))
        return {
            "scenario-lists": made,
            "new-copy": names,
            "differences-a": names,
            "differences-b": names,
        }

    async def _tell(self, made: dict[str, str]) -> float:
        await self._places.show(made)
        return _SECONDS

    async def _new(self, said: Any) -> None:
        try:
            row = await asyncio.to_thread(make_new, self._visit, dict(said))
        except AcutecastError as error:
            await answer(self._session, "new_scenario", error, fields=NEW_FIELDS)
            return
        await answer(self._session, "new_scenario")
        await go_to(self._session, link("assumptions", scenario=row.id))

    async def _upload(self, said: Any) -> None:
        try:
            if self._file is None:
                raise AcutecastError(Problem("no file is chosen", "file", remedy="Choose one."))
            if self._file.scenario is None:
                wrong = Problem("the file has faults", "file", remedy="Choose a mended one.")
                raise AcutecastError(wrong)
            row = await asyncio.to_thread(
                make_uploaded, self._visit, self._file.name, self._file.scenario, dict(said)
            )
        except AcutecastError as error:
            await answer(self._session, "upload_scenario", error, fields=UPLOAD_FIELDS)
            return
        await answer(self._session, "upload_scenario")
        await go_to(self._session, link("assumptions", scenario=row.id))

    async def _rename(self, said: Any) -> None:
        id, name = str(said.get("id", "")), str(said.get("name", ""))
        try:
            row = await self._do(rename_scenario, id, name)
        except AcutecastError as error:
            await answer(self._session, "rename_scenario", error, fields=("name",))
            return
        await self._look_now()
        await answer(self._session, "rename_scenario")
        await offer(self._session, f"It is called {row.name} now.")

    async def _copy(self, id: Any) -> None:
        await self._act(copy_scenario, str(id), self._copied)

    async def _copied(self, row: Any) -> None:
        way = Way("Open the copy", href=link("assumptions", scenario=row.id))
        await offer(self._session, f"The copy is called {row.name}, and is yours.", way)

    async def _share(self, id: str, shared: bool) -> None:
        async def tell(row: Any) -> None:
            words = (
                f"All who may see {row.dataset} see {row.name} now, and analysts may edit it."
                if shared
                else f"Only you and administrators see {row.name} now."
            )
            await offer(self._session, words)

        await self._act(share_scenario, id, tell, shared)

    async def _delete(self, id: Any) -> None:
        async def tell(row: Any) -> None:
            # The row that had the focus is gone, so the way back takes it.
            undo = Way("Undo", press="restore_scenario", value=str(id))
            words = f"{row.name} is deleted. Its history and runs are kept."
            await offer(self._session, words, undo, focus=True)

        await self._act(delete_scenario, str(id), tell)

    async def _restore(self, id: Any) -> None:
        async def tell(row: Any) -> None:
            way = Way("Open it", href=link("assumptions", scenario=row.id))
            await offer(self._session, f"{row.name} is back.", way, focus=True)

        await self._act(restore_scenario, str(id), tell)

    async def _download(self, id: str, kind: str) -> None:
        try:
            row = await self._do(read_scenario, id)
            text = await self._do(export_scenario, id, kind)
        except AcutecastError as error:
            await say_problems(self._session, error)
            return
        ending = "-params.json" if kind == "nhp" else ".json"
        await send_file(self._session, file_name(row.name) + ending, text)
        await offer(self._session, f"{row.name} is downloaded.")

    async def _differences(self, said: Any) -> None:
        try:
            a, b, rows = await asyncio.to_thread(
                differences_of, self._visit, str(said.get("a", "")), str(said.get("b", ""))
            )
        except AcutecastError as error:
            await self._places.show({"differences-found": ""})
            await answer(self._session, "differences", error, fields=("a", "b"))
            return
        await self._places.show({"differences-found": html(_differences_table(a, b, rows))})
        await answer(self._session, "differences", close=False, empty=False)
        await remember(self._session, a=a.id, b=b.id)

    async def _open_differences(self, pair: dict[str, str]) -> None:
        """Show the differences that the address names."""
        await open_dialogue(self._session, "differences", **pair)
        await self._differences(pair)

    async def _act(self, change: Callable, id: str, tell: Callable[[Any], Any], *more: Any) -> None:
        """Change a scenario, show the lists as they are now, and tell."""
        try:
            row = await self._do(change, id, *more)
        except AcutecastError as error:
            await say_problems(self._session, error)
            return
        await self._look_now()
        await tell(row)

    async def _do(self, work: Callable, *arguments: Any) -> Any:
        return await asyncio.to_thread(work, self._visit.workspace, self._visit.person, *arguments)

    async def _look_now(self) -> None:
        await self._places.show(await asyncio.to_thread(self._made))


def file_name(name: str) -> str:
    """Make the name of a file out of that of a scenario."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:80] or "scenario"


def _checked(name: str, content: Any, file: Any) -> Checked:
    """Decode and check what the browser sent of a file."""
    if isinstance(content, str) and int(file.get("size", 0)) <= MOST_BYTES:
        try:
            return check_file(name, base64.b64decode(content, validate=True))
        except ValueError:
            pass
    elif content is not None:
        size = f"{MOST_BYTES // 2**20} MB"
        wrong = Problem(
            f"the file is larger than {size}, too large for a scenario",
            remedy="Check that it is the right one.",
        )
        return Checked(name, None, AcutecastError(wrong, f"{name} cannot be used as it is"))
    wrong = Problem("the file could not be read", remedy="Choose it again.")
    return Checked(name, None, AcutecastError(wrong, f"{name} cannot be used as it is"))


def _found(checked: Checked | None) -> Any:
    """Say what an uploaded file holds, or what is wrong with it."""
    if checked is None:
        return None
    if checked.scenario is None:
        return problems(checked.error or "")
    found = checked.scenario
    horizon = f", to {financial_year(found.horizon_year)}" if found.horizon_year else ""
    number = checked.set
    kind = "a params.json of the NHP model" if found.nhp is not None else "a scenario"
    words = (
        f"{checked.name} is {kind} named “{found.name}”, for {found.dataset or 'any provider'}"
        f"{horizon}, with {number:,} assumption{'' if number == 1 else 's'}. "
        "Nothing is wrong with it."
    )
    return notice(words, kind="good")


def _differences_table(a: ScenarioRow, b: ScenarioRow, rows: list[dict[str, str]]) -> Any:
    if not rows:
        return notice(f"{a.name} and {b.name} set everything the same.", kind="good")
    columns = [Column("", "What", "text"), Column("", a.name, "text"), Column("", b.name, "text")]
    number = f"{len(rows):,} difference{'' if len(rows) == 1 else 's'}"
    return ui.TagList(
        table(columns, [(r["label"], r["a"], r["b"]) for r in rows], number), _compared(a, b)
    )


def _compared(a: ScenarioRow, b: ScenarioRow) -> Any:
    """Lead on to the results, where both scenarios have some."""
    done = [s.last_run.id for s in (a, b) if s.last_run and s.last_run.state == "done"]
    if len(done) < 2:
        return ui.tags.p("Run both scenarios to compare their results.", class_="ac-note")
    return ui.tags.p(ui.tags.a("Compare their results", href=link("compare", runs=",".join(done))))
