"""The records that a hospital holds: their columns, as data (`records.csv`)."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

RECORDS = ("apc", "apc_diagnoses", "apc_procedures", "opa", "ecds", "ae")
# Columns of the wide form end in a number; it stands for them in `records.csv`.
NUMBERED = "NN"
PRESETS = ("hes", "sus")


@dataclass(frozen=True)
class RecordColumn:
    """What one column of the records is.

    Attributes:
        record: "apc", "opa", "ecds" and so on.
        name: its name here; "diag_NN" stands for diag_01, diag_02 and so on.
        need: "yes" where nothing can be done without it, "one" where one column of its `group`
            is needed, "no" otherwise.
        group: the columns that can stand for one another; "" where there are none.
        kind: "text", "int", "date" or "time".
        codes: known codes; empty where `pattern` or nothing says what is known.
        pattern: a regular expression that known values match in full; "" where there is none.
        names: other names of it, lower case, by preset.
        meaning: what it says.
    """

    record: str
    name: str
    need: Literal["yes", "one", "no"]
    group: str
    kind: Literal["text", "int", "date", "time"]
    codes: tuple[str, ...]
    pattern: str
    names: dict[str, tuple[str, ...]]
    meaning: str


@cache
def record_columns() -> tuple[RecordColumn, ...]:
    """Give every column of every kind of record, in the file's order."""
    text = files("acutecast.extract").joinpath("records.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(
        RecordColumn(
            row["table"],
            row["column"],
            row["need"],  # type: ignore[arg-type]  # a test reads every row
            row["group"],
            row["type"],  # type: ignore[arg-type]
            tuple(filter(None, row["codes"].split(";"))),
            row["pattern"],
            {preset: tuple(filter(None, row[preset].split(";"))) for preset in PRESETS},
            row["meaning"],
        )
        for row in csv.DictReader(lines)
    )


@dataclass(frozen=True)
class UnreadColumn:
    """A column of a published layout that is known and not read.

    Attributes:
        record: "apc", "opa" and so on.
        name: its name, lower case; "diag_3_NN" stands for diag_3_01, diag_3_02 and so on.
        how: "derived" where what it says is worked out of others, "ignored" where nothing needs it.
        reason: why it is not read.
    """

    record: str
    name: str
    how: Literal["derived", "ignored"]
    reason: str


@cache
def unread_columns() -> tuple[UnreadColumn, ...]:
    """Give the columns of published layouts that are known and not read, in the file's order."""
    text = files("acutecast.extract").joinpath("unread_columns.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(
        UnreadColumn(row["record"], name, row["how"], row["reason"])  # type: ignore[arg-type]  # a test reads every row
        for row in csv.DictReader(lines)
        for name in row["columns"].split(";")
    )


def find_unread(record: str, name: str) -> UnreadColumn | None:
    """Give what a file's column is where it is known and not read; None where it is not known."""
    plain = _plain(name)
    numbered = re.sub(r"_\d{1,2}$", f"_{NUMBERED}", plain)
    for column in unread_columns():
        if column.record == record and column.name in (plain, numbered):
            return column
    return None


@cache
def columns_of_record(record: str) -> tuple[RecordColumn, ...]:
    """Give the columns of one kind of record."""
    return tuple(column for column in record_columns() if column.record == record)


def find_column(record: str, name: str) -> RecordColumn | None:
    """Give the column that a canonical name such as "diag_03" belongs to."""
    numbered = re.sub(r"\d\d$", NUMBERED, name)
    for column in columns_of_record(record):
        if column.name in (name, numbered):
            return column
    return None


def match_columns(record: str, header: list[str], preset: str | None) -> dict[str, str]:
    """Find which column of a file is which.

    Args:
        record: the kind of record.
        header: the file's column names, as they are.
        preset: "hes" or "sus" to know that extract's names alone; None for all.

    Returns:
        The file's column by canonical name ("diag_03"), for those that were found.
    """
    there = {_plain(name): name for name in reversed(header)}
    found: dict[str, str] = {}
    for column in columns_of_record(record):
        presets = (preset,) if preset else PRESETS
        names = [column.name, *(name for p in presets for name in column.names[p])]
        if NUMBERED not in column.name:
            known = [there[name] for name in names if name in there]
            if known:
                found[column.name] = known[0]
            continue
        for number in range(1, 100):
            for name in reversed(names):
                for digits in (f"{number}", f"{number:02d}"):
                    key = name.replace(NUMBERED, digits)
                    if key in there:
                        found[column.name.replace(NUMBERED, f"{number:02d}")] = there[key]
    return found


def nearest_columns(record: str, name: str, header: Sequence[str]) -> list[str]:
    """Give up to three columns of a file that are called most like one of ours.

    Args:
        record: the kind of record.
        name: our column.
        header: the file's columns; those that are one of ours already are no guess.
    """
    column = find_column(record, name)
    known = {name, *(n for names in (column.names if column else {}).values() for n in names)}
    taken = set(match_columns(record, list(header), None).values())
    free = {_plain(h): h for h in header if h not in taken and not find_unread(record, h)}
    found: dict[str, float] = {}
    for ours in known:
        for plain, theirs in free.items():
            likeness = difflib.SequenceMatcher(None, ours, plain).ratio()
            within = min(len(ours), len(plain)) >= 3 and (ours in plain or plain in ours)
            if likeness >= 0.6 or within:
                found[theirs] = max(found.get(theirs, 0.0), likeness)
    return sorted(found, key=lambda theirs: (-found[theirs], theirs))[:3]


def _plain(name: str) -> str:
    """Give a column's name without what files add to it: case, blanks, a byte-order mark."""
    return re.sub(r"[\s\-]+", "_", name.strip().strip("\ufeff").lower())
