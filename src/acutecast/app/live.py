"""Parts of a page that change without being made again: lists, forms, messages with ways on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from htmltools import Tag, TagList
from shiny import ui

from acutecast.app.background import in_words
from acutecast.app.widgets import problems
from acutecast.errors import AcutecastError, Problem

_LOG = logging.getLogger(__name__)
_AFTER_FAULT = 10.0
"""Seconds until the next look where one has failed."""
T = TypeVar("T")
# Tasks that nobody holds may be collected before they are done.
_UNDER_WAY: set[asyncio.Task[None]] = set()


def follow(
    session: Any, look: Callable[[], T], tell: Callable[[T], Awaitable[float]]
) -> Callable[[], None]:
    """Look at what the workspace holds again and again, as long as the page is open.

    Args:
        session: the page's.
        look: finds out how things are; runs beside the page, in a thread.
        tell: says what is new to the page; gives the seconds until the next look.

    Returns:
        A function that makes it look now.
    """
    now = asyncio.Event()

    async def watch() -> None:
        while True:
            now.clear()
            try:
                pause = await tell(await asyncio.to_thread(look))
            except Exception:
                # The database may be away for a moment: the page stays as it is.
                _LOG.exception("a page could not look again")
                pause = _AFTER_FAULT
            with suppress(TimeoutError):
                await asyncio.wait_for(now.wait(), pause)

    in_background(session, watch(), ends_with_page=True)
    return now.set


def in_background(
    session: Any, work: Coroutine[Any, Any, None], *, ends_with_page: bool = False
) -> None:
    """Do some work beside the page, which goes on answering; a fault is said on it.

    Args:
        session: the page's.
        work: what to do.
        ends_with_page: whether it stops when the page is closed. What somebody asked for should
            not: closing the page at once loses nothing then.
    """
    closed = False

    async def told() -> None:
        try:
            await work
        except Exception as error:
            # To a page that is closed nothing can be said, and nothing is wrong with that.
            if not closed:
                await _say_fault(session, in_words(error))

    task = asyncio.get_running_loop().create_task(told())
    _UNDER_WAY.add(task)

    def on_ended() -> None:
        nonlocal closed
        closed = True
        if ends_with_page:
            task.cancel()

    forget = session.on_ended(on_ended)

    def done(_: asyncio.Task[None]) -> None:
        _UNDER_WAY.discard(task)
        work.close()
        forget()
        if not closed and not task.cancelled() and task.exception() is not None:
            _LOG.error("a page could not be told of a fault", exc_info=task.exception())

    task.add_done_callback(done)


async def _say_fault(session: Any, error: AcutecastError) -> None:
    """Say what went wrong in the form that waits for an answer, else at the top of the page."""
    await session.send_custom_message("acutecast-fault", {"html": html(problems(error))})


@dataclass
class Places:
    """Elements of a page whose content follows what the server knows.

    Attributes:
        session: the page's.
        shown: the content that each was last given, by id.
    """

    session: Any
    shown: dict[str, str] = field(default_factory=dict)

    async def show(self, content: Mapping[str, str]) -> None:
        """Give elements, by id, their content as HTML where it is new."""
        new = {name: text for name, text in content.items() if self.shown.get(name) != text}
        if new:
            self.shown |= new
            await self.session.send_custom_message("acutecast-fresh", new)


def html(content: Any) -> str:
    """Write content as HTML, the same way for a whole page and for a part of it."""
    return ui.TagList(content).get_html_string()


def place(id: str, content: Any, **attributes: Any) -> Any:
    """Make an element that `Places` may give new content later."""
    return ui.tags.div(ui.HTML(html(content)), id=id, **attributes)


@dataclass(frozen=True)
class Way:
    """A way on from a message: a link, or a button.

    Attributes:
        words: what it says.
        href: where the link leads; "" for a button.
        press, value: the input that the button sets, and to what.
    """

    words: str
    href: str = ""
    press: str = ""
    value: str = ""


async def offer(
    session: Any, words: str, *ways: Way, kind: str = "good", focus: bool = False
) -> None:
    """Say something at the top of the page, with ways on.

    Args:
        session: the page's.
        words: what to say; screen readers read it out.
        ways: links and buttons behind it.
        kind: "good", "info" or "warning".
        focus: whether the first way takes the focus, because what had it is gone.
    """
    message = {"words": words, "kind": kind, "actions": [asdict(w) for w in ways], "focus": focus}
    await session.send_custom_message("acutecast-offer", message)


async def say_problems(session: Any, error: AcutecastError) -> None:
    """Say at the top of the page why something could not be done."""
    message = {"html": html(problems(error)), "actions": [], "focus": True}
    await session.send_custom_message("acutecast-offer", message)


async def answer(
    session: Any,
    form: str,
    error: AcutecastError | None = None,
    *,
    fields: Sequence[str] = (),
    close: bool = True,
    empty: bool = True,
) -> None:
    """Answer a form (an element with `data-form`): it is done, or what is wrong with it.

    Args:
        session: the page's.
        form: the input that the form sets.
        error: what is wrong. Problems whose `where` is one of `fields` stand at that field, the
            others at the top of the form. Nothing that was typed is lost.
        fields: the names of the form's fields.
        close: whether the dialogue around the form is closed when it is done.
        empty: whether the fields are as at first when it is done.
    """
    found = error.problems if error else ()
    beside = {p.where: said_beside(p) for p in found if p.where in fields}
    others = [p for p in found if p.where not in fields]
    box = html(problems(AcutecastError(others, error.title))) if error and others else ""
    message = {
        "form": form,
        "problems": box,
        "fields": beside,
        "done": error is None,
        "close": close,
        "empty": empty,
    }
    await session.send_custom_message("acutecast-form", message)


def said_beside(problem: Problem) -> str:
    """Write a problem as it stands beside its field, which says already where it is."""
    text = str(Problem(problem.what, "", problem.count, problem.example, problem.remedy))
    return text[:1].upper() + text[1:] + ("" if problem.remedy else ".")


async def send_file(session: Any, name: str, text: str, type: str = "application/json") -> None:
    """Give the browser a small text file to keep."""
    await session.send_custom_message("acutecast-file", {"name": name, "text": text, "type": type})


async def open_dialogue(session: Any, id: str, **values: str) -> None:
    """Open a dialogue, with values in its fields by their names."""
    await session.send_custom_message("acutecast-dialog", {"id": id, "values": values})


def when(at: datetime) -> Any:
    """Write a time (in UTC) that the browser shows in the reader's own zone."""
    day = f"{at.day} {at:%b %Y, %H:%M}"
    return ui.tags.time(f"{day} UTC", datetime=f"{at:%Y-%m-%dT%H:%M:%SZ}", data_local="")


def dialogue(id: str, title: str, *content: Any, wide: bool = False, forget: str = "") -> Any:
    """Make a dialogue, opened by a button with `data-dialog`; Escape and its button close it.

    Args:
        id: its id.
        title: its heading.
        content: what is below.
        wide: for tables.
        forget: names in the address that are removed when it is closed, separated by spaces.
    """
    return ui.tags.dialog(
        ui.tags.div(
            ui.tags.h2(title, id=f"{id}-title"),
            ui.tags.button(
                "Close",
                type="button",
                class_="ac-quiet",
                data_close="",
                aria_label=f"Close: {title}",
            ),
            class_="ac-dialog-head",
        ),
        *content,
        id=id,
        class_="ac-dialog ac-dialog-wide" if wide else "ac-dialog",
        aria_labelledby=f"{id}-title",
        data_forget=forget or None,
    )


def form(name: str, *content: Any, submit: str, busy: str = "Working…") -> Any:
    """Make a form that tells all its fields at once to the input `name`."""
    _unbind(content)
    return ui.tags.form(
        ui.tags.div(class_="ac-form-problems"),
        *content,
        ui.tags.button(submit, type="submit", class_="ac-button", data_busy_words=busy),
        data_form=name,
        data_draft="",
        novalidate="",
        autocomplete="off",
    )


def _unbind(content: Iterable[Any]) -> None:
    """Keep Shiny from sending fields one by one, and files that are only being chosen."""
    for part in content:
        if isinstance(part, Tag):
            if part.name in ("input", "select", "textarea"):
                part.attrs["data-shiny-no-bind-input"] = ""
            _unbind(part.children)
        elif isinstance(part, TagList):
            _unbind(part)


def labelled(label: str, control: Any, help: str = "") -> Any:
    """Put a label, and a word of help, at a field that has an id."""
    id = control.attrs["id"]
    told = None
    if help:
        told = ui.tags.p(help, id=f"{id}-help", class_="ac-help")
        control.attrs["aria-describedby"] = f"{id}-help"
    return ui.tags.div(ui.tags.label(label, for_=id), told, control, class_="ac-field")


def options(choices: Mapping[str, str], chosen: str = "") -> list[Any]:
    """Make the options of a list to choose from: value and words."""
    return [
        ui.tags.option(words, value=value, selected="" if value == chosen and value else None)
        for value, words in choices.items()
    ]


def choices(
    name: str, legend: str, among: Mapping[str, str], chosen: str, help: str = "", prefix: str = ""
) -> Any:
    """Make a choice of one among a few: value and words."""
    prefix = prefix or name
    return ui.tags.fieldset(
        ui.tags.legend(legend),
        ui.tags.p(help, class_="ac-help") if help else None,
        *(
            ui.tags.div(
                ui.tags.input(
                    type="radio",
                    name=name,
                    value=value,
                    id=f"{prefix}-{value or 'none'}",
                    checked="" if value == chosen else None,
                ),
                ui.tags.label(words, for_=f"{prefix}-{value or 'none'}"),
                class_="ac-choice",
            )
            for value, words in among.items()
        ),
        data_field="",
    )
