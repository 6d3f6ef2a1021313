"""What `extract.toml` says of the order of day and month: for all, a record, a file or a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

from acutecast.errors import Problem
from acutecast.extract.moments import DAY_FIRST, MONTH_FIRST
from acutecast.extract.records import RECORDS, find_column

_SAY = f'Write "{DAY_FIRST}", "{MONTH_FIRST}", or a format such as "%m/%d/%Y".'


def stated_order(dates: Any, record: str, label: str, column: str) -> str | None:
    """Give what is said of a column's dates; the closest statement counts.

    Args:
        dates: the part `dates` of the mapping: a text, or texts (or tables by column) by kind of
            record or by file, where * stands for any.
        record: the kind of record.
        label: the file, with its folder.
        column: the column's canonical name.
    """
    if not isinstance(dates, Mapping):
        return dates
    of_files = [dates[key] for key in dates if key not in RECORDS and fnmatch(label, key)]
    for said in (*of_files, dates.get(record)):
        if isinstance(said, Mapping):
            said = said.get(column)
        if said is not None:
            return said
    return None


def faults_of_dates(dates: Any, place: str) -> Iterator[Problem]:
    """Find what is wrong in what is said of dates."""
    if dates is None:
        return
    if not isinstance(dates, Mapping):
        yield from _wrong(dates, place)
        return
    for key, said in dates.items():
        where = f"{place}.{key}"
        if not isinstance(said, Mapping):
            yield from _wrong(said, where)
            continue
        records = [key] if key in RECORDS else list(RECORDS)
        for column, order in said.items():
            found = [find_column(record, column) for record in records]
            if not any(each is not None and each.kind == "date" for each in found):
                yield Problem(
                    f'"{column}" is no column of dates', where,
                    remedy="The reference page on hospital records lists them.",
                )  # fmt: skip
            yield from _wrong(order, f"{where}.{column}")


def _wrong(said: Any, where: str) -> Iterator[Problem]:
    if said in (DAY_FIRST, MONTH_FIRST) or (isinstance(said, str) and "%" in said):
        return
    yield Problem("this is no order of day and month", where, example=str(said), remedy=_SAY)
