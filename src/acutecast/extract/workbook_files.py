"""Workbooks as files of records: each sheet that holds such records becomes a text file."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from acutecast.errors import AcutecastError, Problem
from acutecast.extract.records import match_columns

WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
# A header is among the first rows, and knows so many columns of the record.
_HEADER_WITHIN, _LEAST_COLUMNS = 20, 3


def sheets(
    record: str, path: Path, label: str, scratch: Path, preset: str | None
) -> Iterator[tuple[Path, str]]:
    """Give the sheets that hold records of a kind, as text files, with their labels.

    Raises:
        AcutecastError: where the reader is not installed, the workbook cannot be read, or no
            sheet has the record's columns; the sheets are named.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        what = "the package that reads workbooks is not installed"
        remedy = "Install it with: pip install 'acutecast[excel]', or save the sheet as CSV."
        raise AcutecastError(Problem(what, label, remedy=remedy)) from error
    try:
        book = CalamineWorkbook.from_path(str(path))
        names, found = list(book.sheet_names), 0
        for name in names:
            rows = [
                [_text(cell) for cell in row] for row in book.get_sheet_by_name(name).to_python()
            ]
            fits = (
                i for i, row in enumerate(rows[:_HEADER_WITHIN])
                if len(match_columns(record, row, preset)) >= _LEAST_COLUMNS
            )  # fmt: skip
            at = next(fits, None)
            if at is None:
                continue
            target = scratch / f"{label.replace('/', '-')}-{found}.csv"
            with target.open("w", encoding="utf-8", newline="") as sink:
                csv.writer(sink, lineterminator="\n").writerows(r for r in rows[at:] if any(r))
            found += 1
            yield target, f"{label}: {name}"
    except (CalamineError, OSError) as error:
        raise AcutecastError(Problem(f"the workbook cannot be read: {error}", label)) from error
    if not found:
        what = f"no sheet has columns of {record} records"
        raise AcutecastError(Problem(what, label, remedy=f"Its sheets are {', '.join(names)}."))


def _text(cell: Any) -> str:
    """Write a cell as text: dates as 2023-04-01, whole numbers without a point."""
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return "" if cell is None else str(cell).strip()
