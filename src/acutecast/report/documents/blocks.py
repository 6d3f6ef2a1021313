"""What a document is made of, whatever its form: chapters of words, tables and pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from acutecast.report.views.shown import Column, Shown, as_text

T = TypeVar("T")
_PICTURES_AT_ONCE = 2
MOST_ROWS = 60
"""Rows of a table that a document shows; longer ones are in the workbook."""
MOST_ROWS_BETWEEN = 12
"""Rows of a table that stand between paragraphs; longer ones stand aside."""


@dataclass(frozen=True)
class Head:
    """A heading below that of the chapter; level 2 or 3."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Words:
    """A paragraph; a lead stands out, a note stands back."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Points:
    """A list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        caption: what it shows.
        columns: in order.
        rows: values as in a view's table; a document writes them as the page does.
        notes: below it.
        aside: whether it may stand at the end of the document, where pages are wide.
        whole: whether it is never cut short.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    notes: tuple[str, ...] = ()
    aside: bool = False
    whole: bool = False

    def texts(self) -> list[tuple[str, ...]]:
        """Give the cells as a page writes them."""
        kinds = [column.kind for column in self.columns]
        return [
            tuple(as_text(value, kind) for value, kind in zip(row, kinds, strict=True))
            for row in self.rows
        ]


@dataclass(frozen=True)
class Picture:
    """A chart.

    Attributes:
        caption: what it shows.
        chart: an Altair chart.
        alt: what it shows, for people who cannot see it.
        behind: its figures.
    """

    caption: str
    chart: Any
    alt: str
    behind: Table | None = None


Block = Head | Words | Points | Table | Picture


@dataclass(frozen=True)
class Chapter:
    """A chapter.

    Attributes:
        title: its heading.
        blocks: what it is made of, in order.
        wide: whether its tables want a page on its side.
        new_page: whether it begins a page.
    """

    title: str
    blocks: tuple[Block, ...]
    wide: bool = False
    new_page: bool = True


@dataclass(frozen=True)
class Document:
    """A document.

    Attributes:
        title: on the first page.
        subtitle: below it.
        facts: on the first page, name and value.
        chapters: in order.
        footer: at the foot of every page, before its number.
    """

    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    chapters: tuple[Chapter, ...]
    footer: str


def drawn(
    document: Document, draw: Callable[[Any], T], tell: Callable[[float], None]
) -> dict[int, T]:
    """Draw all charts of a document, two at a time, by the identity of their picture.

    Args:
        document: the document.
        draw: makes a picture of a chart.
        tell: is told which share is done.
    """
    wanted = [b for c in document.chapters for b in c.blocks if isinstance(b, Picture)]
    found = {}
    with ThreadPoolExecutor(_PICTURES_AT_ONCE) as threads:
        made = threads.map(draw, [picture.chart for picture in wanted])
        for number, (picture, content) in enumerate(zip(wanted, made, strict=True), start=1):
            found[id(picture)] = content
            tell(number / len(wanted))
    return found


def table_of_shown(shown: Shown, columns: Sequence[str] = (), caption: str = "") -> Table:
    """Give the table of what a view shows, or some of its columns."""
    wanted = [c for c in shown.columns if not columns or c.name in columns]
    rows = shown.table.select([column.name for column in wanted]).rows()
    return Table(caption or shown.title, tuple(wanted), tuple(rows), shown.notes)


def blocks_of(shown: Shown, *, table: bool = False, words: bool = True) -> list[Block]:
    """Give what a view shows as blocks: its words, then its chart with the figures behind it.

    Args:
        shown: what a view shows.
        table: show the table in its place and not behind the chart.
        words: whether its words are said; the same words need to be said once.
    """
    found: list[Block] = [Words(shown.words)] if words and shown.words else []
    figures = table_of_shown(shown)
    if not figures.rows:
        return [Words(f"{shown.title}: {' '.join(shown.notes)}", "note")]
    if shown.chart is not None:
        behind = None if table else figures
        found.append(Picture(shown.title, shown.chart, shown.alt, behind))
    if shown.chart is None or table:
        found.append(replace(figures, aside=len(figures.rows) > MOST_ROWS_BETWEEN))
    elif shown.notes:
        found.append(Words(" ".join(shown.notes), "note"))
    return found


def shortened(table: Table, most: int = MOST_ROWS) -> Table:
    """Give a table that fits a document; a note says where the rest is."""
    if table.whole or len(table.rows) <= most:
        return table
    note = f"The first {most} of {len(table.rows):,} rows; the Excel workbook has all."
    return replace(table, rows=table.rows[:most], notes=(*table.notes, note))
