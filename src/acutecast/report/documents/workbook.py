"""The Excel workbook: every table of a run, with what its columns mean and what was assumed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from acutecast.compute import Event, Watch
from acutecast.files import write_bytes
from acutecast.report.charts import DARK_BLUE, GREY, INK
from acutecast.report.documents import about
from acutecast.report.documents.activity_sheets import activity_sheets
from acutecast.report.documents.dictionary import dictionary
from acutecast.report.documents.distribution_sheets import distribution_sheets
from acutecast.report.documents.driver_sheets import driver_sheets
from acutecast.report.documents.method import READING
from acutecast.report.documents.sheet_layout import (
    A4,
    TABLE_ROW,
    TEXT,
    for_paper,
    lines_of,
    width_of,
)
from acutecast.report.documents.sheets import Sheet
from acutecast.report.documents.space_sheets import capacity_sheets, comparison_sheets
from acutecast.report.documents.subject import Subject, missing, subject_of
from acutecast.report.documents.whole_file import local_file, plain
from acutecast.report.views.selection import Selection

if TYPE_CHECKING:
    from acutecast.results.run import Run

_EXPECTED_SHEETS = 46
_PARTS = 20
"""Parts in which progress is told."""
_LOOKED_UP, _WRITTEN = 0.3, 0.65
"""How much of the time it takes until all tables are there, and until all cells are written."""
_LONGEST_CELL = 32_767
_LINE = 13.5
"""The height of a line of text, in points."""
_FORMATS = {
    "text": "@",
    "code": "@",
    "year": "0",
    "count": "#,##0",
    "mean": "#,##0.0",
    "change": "+#,##0.0;-#,##0.0;0.0",
    "percent": "+0.0;-0.0;0.0",
    "share": "0.0%",
    "factor": "0.0###",
    "number": "General",
    "space": "#,##0.0##",
}
_TAB_COLOURS = {"About": GREY, "Activity": DARK_BLUE, "What drives it": "#7C2855",
                "Capacity": "#00796B", "Comparison": "#B85C00"}  # fmt: skip


def write_workbook(
    run: Run,
    path: str | os.PathLike[str],
    selection: Selection = Selection(),  # noqa: B008  # frozen
    others: Sequence[Run] = (),
    *,
    names: Sequence[str] | None = None,
    watch: Watch | None = None,
) -> None:
    """Write every table of a run as an Excel workbook.

    The same run gives the same bytes. Text is never a formula and no cell has one; numbers are
    numbers.

    Args:
        run: a stored run.
        path: the file to write, whole or not at all.
        selection: sites by activity type, the year of tables of one year, and the smallest
            baseline count shown. Other filters are put aside: the tables have all of those.
        others: runs to compare it with.
        names: a name for each run, its own first; those of the scenarios where None.
        watch: is told of progress.

    Raises:
        AcutecastError: where the extra is not installed, and for a selection that does not fit.
    """
    file = local_file(path)
    subject = subject_of(run, selection, others, names)
    write_bytes(file, workbook_bytes(subject, watch))


def workbook_bytes(subject: Subject, watch: Watch | None = None) -> bytes:
    """Give the workbook as bytes; arguments as in `write_workbook`."""
    try:
        import xlsxwriter
    except ModuleNotFoundError as error:
        raise missing(error) from error
    began = time.perf_counter()

    def tell(share: float) -> None:
        if watch is not None:
            watch(Event("Workbook", round(_PARTS * share), _PARTS, time.perf_counter() - began))

    sheets = []
    for sheet in _sheets(subject):
        sheets.append(sheet)
        tell(min(1.0, len(sheets) / _EXPECTED_SHEETS) * _LOOKED_UP)
    content = BytesIO()
    book = xlsxwriter.Workbook(
        content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties(
        {
            "title": plain(f"{subject.run.name}: {subject.run.info['dataset']}, {subject.years}"),
            "subject": "Projected hospital activity and capacity",
            "author": f"Acutecast {subject.run.info['acutecast']}",
            "comments": f"Seed {subject.run.info['seed']}, {subject.run.runs} model runs",
            "created": subject.created,
        }
    )
    writer = _Writer(book, subject)
    writer.write(sheets, lambda share: tell(_LOOKED_UP + (_WRITTEN - _LOOKED_UP) * share))
    book.close()
    tell(1.0)
    return content.getvalue()


def _sheets(subject: Subject) -> Iterator[Sheet]:
    """Give every sheet in order, but those that list the sheets themselves."""
    yield from _about_sheets(subject)
    yield from activity_sheets(subject)
    yield from distribution_sheets(subject)
    yield from driver_sheets(subject)
    yield from capacity_sheets(subject)
    yield from comparison_sheets(subject)


def _about_sheets(subject: Subject) -> Iterator[Sheet]:
    import polars as pl

    facts = about.metadata(subject)
    yield Sheet(
        "Metadata", "About", "What the run says of itself", "The facts of run.json and of this "
        "report.", pl.DataFrame(facts, schema=["setting", "value"], orient="row"),
    )  # fmt: skip
    yield Sheet(
        "Settings", "About", "What the scenario assumes as a whole", "Population, health, growth "
        "and what moves together.",
        pl.DataFrame(about.settings(subject), schema=["setting", "value", "reason"], orient="row"),
    )  # fmt: skip
    yield Sheet(
        "Assumptions", "About", "What the scenario assumes", "One row for each assumption. The "
        "change in words is P10 to P90 at the horizon; the factor beside it is what activity is "
        "multiplied by.", about.assumption_table(subject),
    )  # fmt: skip
    spaces = about.space_assumption_table(subject)
    if spaces is not None:
        yield Sheet(
            "Capacity assumptions", "About", "What capacity assumes", "Values of all areas, with "
            "where they come from.", spaces,
        )  # fmt: skip


class _Writer:
    """Writes sheets into an open workbook, with one format of each kind."""

    def __init__(self, book: Any, subject: Subject) -> None:
        self.book, self.subject = book, subject
        base = {"font_name": "Arial", "font_size": 10, "font_color": INK, "valign": "top"}
        self.cells = {
            # An indent keeps text clear of the number to its left.
            kind: book.add_format(
                base | {"num_format": form}
                | ({"text_wrap": kind == "text", "indent": 1} if kind in TEXT else {})
            )
            for kind, form in _FORMATS.items()
        }  # fmt: skip
        head = {"bold": True, "font_color": "#FFFFFF", "bg_color": DARK_BLUE, "text_wrap": True}
        self.text_head = book.add_format(base | head | {"indent": 1})
        self.number_head = book.add_format(base | head | {"align": "right"})
        self.title = book.add_format(
            base | {"bold": True, "font_size": 14, "font_color": DARK_BLUE}
        )
        self.bold = book.add_format(base | {"bold": True})
        self.words = book.add_format(base | {"text_wrap": True})
        self.plain = book.add_format(base)
        self.link = book.add_format(base | {"font_color": "#005EB8", "underline": 1})
        self.tables = 0

    def write(self, sheets: Sequence[Sheet], tell: Callable[[float], None]) -> None:
        """Write the sheets, and before them what to read first, the contents and the dictionary."""
        names = ("Read me", "Contents", "Dictionary", *(sheet.name for sheet in sheets))
        pages = {name: self.book.add_worksheet(name) for name in names}
        contents, words = _contents(sheets), _dictionary(sheets)
        self._read_me(pages["Read me"])
        self._table(pages["Contents"], contents, links=contents.table["sheet"].to_list())
        cells = sum(sheet.table.height * sheet.table.width for sheet in sheets)
        done = 0
        for sheet in (words, *sheets):
            self._table(pages[sheet.name], sheet)
            done += sheet.table.height * sheet.table.width
            tell(min(1.0, done / max(1, cells)))
        for name, page in pages.items():
            page.hide_gridlines(2)
            group = next((s.group for s in sheets if s.name == name), "About")
            page.set_tab_color(_TAB_COLOURS[group])
        pages["Read me"].activate()

    def _read_me(self, page: Any) -> None:
        page.set_column(0, 0, 26)
        page.set_column(1, 1, 96)
        page.write_string(0, 0, plain(f"Acutecast: {self.subject.run.name}"), self.title)
        row = 2
        for name, value in about.facts(self.subject):
            page.write_string(row, 0, name, self.bold)
            page.write_string(row, 1, plain(value), self.words)
            page.set_row(row, _LINE * lines_of(value, 100) + 3)
            row += 1
        row += 1
        for head, text in read_me(self.subject):
            page.write_string(row, 0, head, self.bold)
            page.write_string(row, 1, text, self.words)
            page.set_row(row, _LINE * lines_of(text, 100) + 3)
            row += 1
        page.write_url(row + 1, 0, "internal:'Contents'!A1", self.link, "All sheets")
        page.set_landscape()
        page.set_paper(A4)
        page.fit_to_pages(1, 0)

    def _table(self, page: Any, sheet: Sheet, links: Sequence[str] = ()) -> None:
        """Write one table under its title, with frozen heads, a filter and fitting widths."""
        page.write_string(0, 0, plain(sheet.title), self.title)
        page.write_string(1, 0, plain(sheet.words), self.plain)
        if not links:
            page.write_url(2, 0, "internal:'Contents'!A1", self.link, "Contents")
        columns = sheet.table.columns
        for_paper(page, sheet)
        page.freeze_panes(TABLE_ROW + 1, 0)
        if not sheet.table.height:
            page.write_string(TABLE_ROW, 0, "The run has nothing of this.", self.plain)
            return
        headings = [_heading(name) for name in columns]
        heads, lines, tallest = [], 1, [1] * sheet.table.height
        for number, (name, heading) in enumerate(zip(columns, headings, strict=True)):
            kind, cells = _kind(name), sheet.table[name].to_list()
            width = width_of(kind, heading, cells)
            page.set_column(number, number, width)
            self._column(page, number, kind, cells)
            lines = max(lines, lines_of(heading, width - 3))
            if kind == "text":
                tallest = [
                    max(t, lines_of(c, width - 2)) for t, c in zip(tallest, cells, strict=True)
                ]
            heads.append(self.text_head if kind in TEXT else self.number_head)
        for number, name in enumerate(links):
            row = TABLE_ROW + 1 + number
            page.write_url(row, 0, f"internal:'{name}'!A1", self.link, name)
        last = TABLE_ROW + sheet.table.height
        self.tables += 1
        page.add_table(
            TABLE_ROW, 0, last, len(columns) - 1,
            {"name": f"table_{self.tables}", "style": None, "autofilter": True,
             "columns": [{"header": heading, "header_format": head}
                         for heading, head in zip(headings, heads, strict=True)]},
        )  # fmt: skip
        page.set_row(TABLE_ROW, _LINE * lines + 6)
        for row, high in enumerate(tallest, start=TABLE_ROW + 1):
            if high > 1:
                page.set_row(row, _LINE * high)
        page.ignore_errors({"number_stored_as_text": f"A1:XFD{last + 1}"})

    def _column(self, page: Any, number: int, kind: str, cells: Sequence[Any]) -> None:
        form = self.cells[kind]
        text = kind in TEXT
        write = page.write_string if text else page.write_number
        for row, value in enumerate(cells, start=TABLE_ROW + 1):
            if value is None or value == "" or value != value:
                continue
            write(row, number, plain(str(value))[:_LONGEST_CELL] if text else value, form)


_OWN = {
    "sheet": ("Sheet", "text"), "group": ("Part", "text"), "holds": ("What it holds", "text"),
    "rows": ("Rows", "count"), "heading": ("Column", "text"), "name": ("Name in Python", "text"),
    "meaning": ("Meaning", "text"), "its_unit": ("Unit", "text"), "values": ("Values", "text"),
    "sheets": ("Sheets", "text"),
}  # fmt: skip
"""Columns of the sheets that list sheets and columns."""


def _heading(name: str) -> str:
    return _OWN[name][0] if name in _OWN else dictionary()[name].heading


def _kind(name: str) -> str:
    return _OWN[name][1] if name in _OWN else dictionary()[name].kind


def _contents(sheets: Sequence[Sheet]) -> Sheet:
    """List the sheets."""
    import polars as pl

    listed = [("Read me", "About", "What this workbook is and how to read it", None),
              ("Dictionary", "About", "What every column means", None)]  # fmt: skip
    listed += [(s.name, s.group, s.title, s.table.height) for s in sheets]
    table = pl.DataFrame(listed, schema=["sheet", "group", "holds", "rows"], orient="row")
    return Sheet("Contents", "About", "Contents", "Every sheet and what it holds.", table)


def _dictionary(sheets: Sequence[Sheet]) -> Sheet:
    """List the columns that the sheets have."""
    import polars as pl

    rows = []
    for key, meaning in dictionary().items():
        having = [sheet.name for sheet in sheets if key in sheet.table.columns]
        if having:
            where = ", ".join(having[:4]) + (f" and {len(having) - 4} more" * (len(having) > 4))
            rows.append(
                {"heading": meaning.heading, "name": meaning.name, "meaning": meaning.meaning,
                 "its_unit": meaning.unit, "values": meaning.values, "sheets": where}
            )  # fmt: skip
    return Sheet(
        "Dictionary", "About", "What every column means",
        "The name in Python is that of the run's own tables.", pl.DataFrame(rows),
    )  # fmt: skip


def read_me(subject: Subject) -> list[tuple[str, str]]:
    """Say how to read the workbook: a head and a paragraph each."""
    found = [("How to read it", text) for text in READING]
    if subject.aside:
        found.append(("Filters", subject.aside))
    if subject.threshold is not None:
        found.append(
            (
                "Small numbers",
                f"{about.small_numbers(subject)}, nor what would give them back in the same "
                "table. Projected counts are simulated and are shown. Who publishes several "
                "tables must still look for counts that one table gives back of another.",
            )
        )
    return [(head if n == 0 or found[n - 1][0] != head else "", text)
            for n, (head, text) in enumerate(found)]  # fmt: skip
