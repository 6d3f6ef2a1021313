"""How a sheet of the workbook is laid out: widths, heights, and what of it goes on paper."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

from acutecast.report.documents.sheets import Sheet

A4 = 9
TABLE_ROW = 3
"""The row of the column heads, from 0: title, words and a link stand above it."""

TEXT = ("text", "code")
CODES = frozenset(
    ("pod", "measure", "year", "tretspef", "tretspef_grouped", "sex", "attendance_category",
     "change_factor", "strategy", "area", "figure", "assumption", "valid_low", "valid_high",
     "valid_from", "valid_to")
)  # fmt: skip
"""Columns for machines, which stand last; they stay off the paper."""

_WIDTHS = {"text": (9, 54), "code": (8, 16)}
_NUMBER_WIDTHS = (10, 18)
_SAMPLE = 400


def width_of(kind: str, heading: str, cells: Sequence[Any]) -> float:
    """Give a width that holds what most cells show, and the longest word of the heading.

    Args:
        kind: of the column, as the dictionary says.
        heading: above it.
        cells: its values; the first few hundred count.
    """
    # The button of the filter takes three letters.
    word = max(len(part) for part in heading.split()) + 4
    least, most = _WIDTHS.get(kind, _NUMBER_WIDTHS)
    shown = [value for value in cells[:_SAMPLE] if value is not None]
    if kind in TEXT:
        longest = max((len(str(value)) for value in shown), default=0) + 3
    else:
        longest = max((len(f"{value:,.1f}") for value in shown), default=0) + 2
    return min(max(longest, word, least), most)


def lines_of(text: Any, width: float) -> int:
    """Estimate how many lines a text takes in a column of this width.

    Widths count digits; letters are narrower by about a tenth.
    """
    if not text or (len(str(text)) <= width and "\n" not in str(text)):
        return 1
    return sum(max(1, ceil(len(part) / (1.1 * width))) for part in str(text).splitlines())


def for_paper(page: Any, sheet: Sheet) -> None:
    """Set how a sheet prints: landscape, as wide as the paper, heads on every page, no codes."""
    page.set_landscape()
    page.set_paper(A4)
    page.fit_to_pages(1, 0)
    page.repeat_rows(TABLE_ROW)
    page.set_footer("&L&A&RPage &P of &N")
    columns = sheet.table.columns
    shown = len(columns)
    while shown > 1 and columns[shown - 1] in CODES:
        shown -= 1
    page.print_area(0, 0, TABLE_ROW + max(1, sheet.table.height), max(0, shown - 1))
