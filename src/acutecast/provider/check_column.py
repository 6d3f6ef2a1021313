"""What the contract says of single columns: there, of the right type, filled, with valid values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.types as pt

from acutecast.errors import Problem
from acutecast.provider.conform import misfits
from acutecast.provider.contract import YEAR_COLUMNS, Column, columns_in, columns_of

# Its functions are made at run time, so a type checker knows none of them.
pc: Any = pyarrow.compute

# Stands for a missing value among whole numbers.
MISSING = -(2**31)

_KINDS = {
    "text": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false (1 or 0)",
    "date": "a date",
}
_KEYS = ("variant", "hsagrp", "icb", "sushrg_trimmed", "imd_quintile", "age", "sex")


def check_columns(name: str, table: pa.Table) -> Iterator[Problem]:
    """Check each column of one table against the contract."""
    known = columns_in(name, table.column_names)
    for column in columns_of(name):
        if column.required and column.name not in known and column.name != YEAR_COLUMNS:
            yield Problem(
                "the column is missing",
                f"{name}.{column.name}",
                remedy=f"Add it: {column.meaning}.",
            )
    for column_name, column in known.items():
        yield from _check_column(f"{name}.{column_name}", table, column_name, column)


def typed(table: pa.Table | None, name: str, *columns: str) -> bool:
    """Tell whether a table is there and has `columns` with the types of the contract."""
    if table is None:
        return False
    known = columns_in(name, table.column_names)
    return all(
        column in known and table.column(column).type == known[column].arrow_type
        for column in columns
    )


def text(table: pa.Table, column: str) -> tuple[np.ndarray, list[str]]:
    """Give a text column as codes (-1 where missing) and the values that they stand for."""
    values = table.column(column)
    array = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    if not pt.is_dictionary(array.type):
        array = array.dictionary_encode()
    codes = pc.fill_null(array.indices, -1).to_numpy(zero_copy_only=False)
    return codes, array.dictionary.to_pylist()


def numbers(table: pa.Table, column: str) -> np.ndarray:
    """Give a whole-number column as an array, with `MISSING` where a value is missing."""
    return pc.fill_null(table.column(column), MISSING).to_numpy()


def faulty_rows(
    rows: np.ndarray,
    table: pa.Table,
    where: str,
    what: str,
    remedy: str,
    *,
    warning: bool = False,
) -> Iterator[Problem]:
    """Make a problem of the rows of a mask, with the first as the example; none where none are.

    `where` is "table.column"; the example names the row and its value in the column.
    """
    count = int(np.count_nonzero(rows))
    if not count:
        return
    first = int(np.argmax(rows))
    value = table.column(where.split(".")[1])[first].as_py()
    shown = "empty" if value is None else repr(value) if isinstance(value, str) else str(value)
    example = f"{row_name(table, first)}: {shown}"
    yield Problem(what, where, count=count, example=example, remedy=remedy, warning=warning)


def row_name(table: pa.Table, row: int) -> str:
    """Name a row by its key ("rn 17"), or by what else identifies it."""
    keys = ("rn",) if "rn" in table.column_names else _KEYS
    parts = [f"{key} {table.column(key)[row]}" for key in keys if key in table.column_names]
    return ", ".join(parts) or f"row {row + 1}"


def _check_column(where: str, table: pa.Table, name: str, column: Column) -> Iterator[Problem]:
    values = table.column(name)
    if values.type != column.arrow_type:
        yield from _wrong_type(where, table, name, column)
        return
    if values.null_count and not column.nullable:
        empty = np.asarray(pc.is_null(values).to_numpy(), dtype=bool)
        yield from faulty_rows(
            empty, table, where, "a value is missing", f"Fill it: {column.meaning}."
        )
    if column.codes or column.pattern:
        yield from _unknown_codes(where, table, name, column)
    if column.kind == "float" or column.low is not None or column.high is not None:
        yield from _outside_range(where, table, name, column)


def _wrong_type(where: str, table: pa.Table, name: str, column: Column) -> Iterator[Problem]:
    values = table.column(name)
    kind = _KINDS[column.kind]
    wrong = misfits(values, column.kind)
    if wrong.any():
        remedy = f"Convert it: {column.meaning}."
        yield from faulty_rows(wrong, table, where, f"a value is not {kind}", remedy)
    else:
        yield Problem(
            f"the column has the type {values.type}, not {column.arrow_type}",
            where,
            remedy="Bring the table to the contract's types with `conform`.",
        )


def _unknown_codes(where: str, table: pa.Table, name: str, column: Column) -> Iterator[Problem]:
    if column.kind == "int":
        values = numbers(table, name)
        rows = ~np.isin(values, [*(int(code) for code in column.codes), MISSING])
        unknown = [str(value) for value in np.unique(values[rows])]
    else:
        codes, categories = text(table, name)
        allowed = _matches(column, categories)
        # Code -1, a missing value, finds the True at the end.
        rows = ~np.append(allowed, True)[codes]
        unknown = [c for c, fits in zip(categories, allowed, strict=True) if not fits]
    allowed_text = ", ".join(column.codes) if len(column.codes) <= 12 else ""
    listed = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if unknown[3:] else "")
    yield from faulty_rows(
        rows,
        table,
        where,
        f"unknown value{'s' if unknown[1:] else ''} {listed}",
        f"Known values: {allowed_text}."
        if allowed_text
        else f"The column holds: {column.meaning}.",
        warning=column.unknown == "warning",
    )


def _matches(column: Column, categories: list[str]) -> np.ndarray:
    if column.codes:
        return np.isin(np.array(categories, dtype=object), list(column.codes)).astype(bool)
    matches = pc.match_substring_regex(pa.array(categories, pa.string()), f"^({column.pattern})$")
    return np.asarray(matches, dtype=bool)


def _outside_range(where: str, table: pa.Table, name: str, column: Column) -> Iterator[Problem]:
    array = table.column(name)
    filled = np.asarray(pc.is_valid(array), dtype=bool)
    values = pc.fill_null(array, 0).to_numpy()
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    fits = (values > low) if column.above_low else (values >= low)
    fits &= (values <= high) & np.isfinite(values)
    bounds = [
        f"{'above' if column.above_low else 'at least'} {low:g}" if column.low is not None else "",
        f"at most {high:g}" if column.high is not None else "",
    ]
    valid = " and ".join(bound for bound in bounds if bound) or "finite"
    yield from faulty_rows(
        filled & ~fits,
        table,
        where,
        "a value is out of range",
        f"It must be {valid}{f' ({column.unit})' if column.unit else ''}.",
        warning=column.unknown == "warning",
    )
