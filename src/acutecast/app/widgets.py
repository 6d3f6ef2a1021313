"""Parts that pages share: figures with their tables and downloads, messages, fields."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from shiny import module, reactive, render, ui

from acutecast.errors import AcutecastError, Problem
from acutecast.files import safe_table

if TYPE_CHECKING:
    from acutecast.report.views import Column, Shown

MOST_ROWS = 400
"""Rows of a table that a page shows; downloads have all."""


def said(value: Any, kind: str) -> str:
    """Write a value as people read it, the same as in documents; a dash for nothing."""
    from acutecast.report.views import as_text

    return as_text(None if value == "" else value, kind)


def table(
    columns: Sequence[Column], rows: Iterable[Sequence[Any]], caption: str, *, id: str | None = None
) -> Any:
    """Make a table that scrolls by itself and can be reached with the keyboard."""
    rows = list(rows)
    head = [
        ui.tags.th(c.label, scope="col", class_=None if c.kind == "text" else "ac-number")
        for c in columns
    ]
    # As text: a tag object for each of thousands of cells would take most of a page's time.
    body = "".join(_row(columns, row) for row in rows[:MOST_ROWS])
    more = len(rows) - MOST_ROWS
    return ui.tags.div(
        ui.tags.table(
            ui.tags.caption(caption), ui.tags.thead(ui.tags.tr(*head)), ui.tags.tbody(ui.HTML(body))
        ),
        ui.tags.p(f"The first {MOST_ROWS} of {len(rows):,} rows; the CSV file has all.")
        if more > 0
        else None,
        id=id,
        class_="ac-scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def _row(columns: Sequence[Column], row: Sequence[Any]) -> str:
    """Write a row of a table, as documents write it; its first cell heads it."""
    cells = []
    for i, (column, value) in enumerate(zip(columns, row, strict=True)):
        text = escape(said(value, column.kind))
        if i == 0:
            cells.append(f'<th scope="row">{text}</th>')
        elif column.kind == "text":
            cells.append(f"<td>{text}</td>")
        else:
            cells.append(f'<td class="ac-number">{text}</td>')
    return f"<tr>{''.join(cells)}</tr>"


def figures_table(shown: Shown) -> Any:
    """Make the table behind a figure."""
    return table(shown.columns, shown.table.iter_rows(), shown.title)


def chart(spec: dict[str, Any], alt: str) -> Any:
    """Put a chart into a page; the page's script draws it in the colours of the theme."""
    # "<" cannot stand in a script element as it is.
    text = json.dumps(spec, separators=(",", ":")).replace("<", "\\u003c")
    return ui.tags.div(
        ui.tags.script(ui.HTML(text), type="application/json"),
        class_="ac-chart",
        role="img",
        aria_label=alt,
    )


@module.ui
def shown_ui() -> Any:
    """Make the place of one figure: heading, words, chart, table, downloads."""
    # Not read out as a whole when it changes; the page says what is shown now.
    return ui.output_ui("card", class_="ac-card-place", aria_live="off")


@module.server
def shown_server(
    input: Any, output: Any, session: Any, get: Callable[[], Shown | None], level: int = 2
) -> None:
    """Fill the place of one figure.

    Args:
        get: reactive; the figure, or None for an empty place.
        level: of its heading.
    """
    from acutecast.report import views

    @render.ui
    def card() -> Any:
        shown = get()
        if shown is None:
            return None
        heading = (ui.tags.h2, ui.tags.h3, ui.tags.h4)[level - 2]
        parts = [heading(shown.title), ui.tags.p(shown.words, class_="ac-words")]
        if shown.chart is not None:
            parts.append(chart(views.spec(shown.chart), shown.alt))
        parts += [ui.tags.p(note, class_="ac-note") for note in shown.notes]
        figures = figures_table(shown)
        parts.append(
            figures
            if shown.chart is None
            else ui.tags.details(ui.tags.summary("The figures"), figures, class_="ac-figures")
        )
        name = shown.title
        links = [ui.download_link("csv", "CSV", aria_label=f"Download {name} as CSV")]
        if shown.chart is not None:
            links[:0] = [
                ui.download_link("png", "PNG", aria_label=f"Download {name} as PNG"),
                ui.download_link("svg", "SVG", aria_label=f"Download {name} as SVG"),
            ]
        parts.append(ui.tags.p("Download: ", *_between(links, " · "), class_="ac-downloads"))
        return ui.tags.section(*parts, class_="ac-card", aria_label=name)

    def named(ending: str) -> str:
        shown = get()
        return f"acutecast-{shown.key if shown else 'figure'}.{ending}"

    @render.download_link(filename=lambda: named("csv"), media_type="text/csv; charset=utf-8")
    def csv() -> Any:
        shown = get()
        if shown is not None:
            labels = {column.name: column.label for column in shown.columns}
            # The mark tells Excel that the file is UTF-8.
            table = shown.table.rename(labels)
            yield b"\xef\xbb\xbf" + safe_table(table).write_csv().encode("utf-8")

    @render.download_link(filename=lambda: named("png"), media_type="image/png")
    async def png() -> AsyncIterator[bytes]:
        shown = get()
        if shown is not None and shown.chart is not None:
            # A picture on its own says what it shows, and of which part.
            told = {"title": shown.title, "subtitle": shown.notes}
            yield await asyncio.to_thread(views.png, shown.chart, **told)

    @render.download_link(filename=lambda: named("svg"), media_type="image/svg+xml")
    async def svg() -> AsyncIterator[bytes]:
        shown = get()
        if shown is not None and shown.chart is not None:
            told = {"title": shown.title, "subtitle": shown.notes}
            drawn = await asyncio.to_thread(views.svg, shown.chart, **told)
            yield drawn.encode("utf-8")


def _between(items: Sequence[Any], mark: str) -> list[Any]:
    return [part for item in items for part in (mark, item)][1:]


def problems(error: AcutecastError | Problem | str) -> Any:
    """Say what is wrong, and what to do."""
    if isinstance(error, AcutecastError):
        title, found = error.title or "There is a problem", list(error.problems)
    else:
        title = "There is a problem"
        found = [error if isinstance(error, Problem) else Problem(error)]
    return ui.tags.div(
        ui.tags.h2(title),
        ui.tags.ul(*(ui.tags.li(str(problem)) for problem in found)),
        class_="ac-problems",
        role="alert",
        tabindex="-1",
    )


def notice(*content: Any, kind: str = "info") -> Any:
    """Make a message; `kind` is "info", "good" or "warning"."""
    return ui.tags.div(*content, class_=f"ac-notice ac-{kind}", role="status")


async def saved(session: Any, words: str = "Saved", *, failed: bool = False) -> None:
    """Say beside the scenario's name that something was saved now, or was not and why."""
    await session.send_custom_message("acutecast-saved", {"words": words, "failed": failed})


async def go_to(session: Any, address: str) -> None:
    """Open another page of the application."""
    await session.send_custom_message("acutecast-go", {"address": address})


def pressed(
    name: str, value: str, words: str, *, label: str | None = None, quiet: bool = True
) -> Any:
    """Make a button in a list: pressing it sets the input `name` to `value`."""
    return ui.tags.button(
        words,
        type="button",
        class_="ac-quiet" if quiet else "ac-button",
        aria_label=label,
        data_press=name,
        data_value=value,
    )


def every(seconds: float) -> None:
    """Make the calling output or effect look again after some seconds."""
    reactive.invalidate_later(seconds)
