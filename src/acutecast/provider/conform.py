"""Bringing tables as people have them to the types of the contract.

Files come from Spark, pandas, R and others, so the same column arrives as text or number, as
integer or as a float with whole values. What stands for a value of the contract's type is
converted; a column with anything else is left as it is, and the check names it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.types as pt

from acutecast.provider.contract import (
    PARTITION_COLUMNS,
    STRATEGY_TABLES,
    Kind,
    columns_in,
)

# Its functions are made at run time, so a type checker knows none of them.
pc: Any = pyarrow.compute

_NUMBER = r"^\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?\s*$"
_INT32 = (-(2**31), 2**31 - 1)
_INT64 = (-(2.0**63), 2.0**63 - 1024)
_NULL_TYPES = {
    "text": pa.string(),
    "int": pa.int32(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
}
_FAILURES = (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError)


def conform(name: str, tables: pa.Table | list[pa.Table]) -> pa.Table:
    """Bring one provider table, whole or in parts, to the contract's names, types and order.

    Columns of the contract come first, in its order, then the others as they are. Dictionaries
    of text columns are sorted and hold used values only, so equal data gives equal tables. Rows
    of `op` and `aae` without a key get their position as `rn`.

    Args:
        name: the table's name ("ip", …).
        tables: the table, or its parts in order; parts may differ in columns and types.

    Returns:
        The table; columns that do not fit their type are unchanged, for `check_provider` to report.
    """
    parts = [tables] if isinstance(tables, pa.Table) else tables
    table = _join([_typed(name, part) for part in parts])
    columns = {column: _one_chunk(table.column(column)) for column in table.column_names}
    if name in ("op", "aae") and "rn" not in columns:
        columns["rn"] = pa.array(np.arange(table.num_rows)).cast(pa.string())
    known = columns_in(name, list(columns))
    others = [column for column in columns if column not in known]
    return pa.table({column: columns[column] for column in [*known, *others]})


def converted(values: pa.ChunkedArray, kind: Kind) -> pa.ChunkedArray | None:
    """Convert a column to a kind of the contract, or give None where some value does not fit."""
    if pt.is_null(values.type):
        return pa.chunked_array([pa.nulls(len(values), _NULL_TYPES[kind])])
    try:
        if _is_bytes(values.type):
            values = values.cast(pa.string())
        return _CONVERSIONS[kind](_plain(values))
    except _FAILURES:
        return None


def misfits(values: pa.ChunkedArray, kind: Kind) -> np.ndarray:
    """Tell which values do not fit a kind of the contract; for reports, as it is slow."""
    no_text = _no_text(values)
    values = _plain(values)
    filled = np.asarray(pc.is_valid(values).to_numpy(), dtype=bool)
    return (filled & ~_fits(values, kind)) | no_text


def _no_text(values: pa.ChunkedArray) -> np.ndarray:
    """Tell which values are bytes that are no UTF-8."""
    if not _is_bytes(values.type):
        return np.zeros(len(values), dtype=bool)
    return np.array([not _is_utf8(value) for value in values.to_pylist()], dtype=bool)


def _is_utf8(content: bytes | None) -> bool:
    try:
        return content is None or content.decode("utf-8") is not None
    except UnicodeDecodeError:
        return False


def _decoded(content: bytes | None) -> str | None:
    r"""Give bytes as text; what is no UTF-8 as \\xff."""
    return None if content is None else content.decode("utf-8", errors="backslashreplace")


def _typed(name: str, table: pa.Table) -> pa.Table:
    """Rename what has another name, drop partition columns, convert what can be converted."""
    columns = {
        column: values
        for column, values in zip(table.column_names, table.columns, strict=True)
        if column not in PARTITION_COLUMNS
    }
    if name in ("op", "aae") and "rn" not in columns:
        columns = _renamed(columns, "index", "rn")
    if name in STRATEGY_TABLES and "strategy" not in columns:
        first = [column for column in columns if column not in ("rn", "sample_rate")][:1]
        columns = _renamed(columns, first[0], "strategy") if first else columns
    for column, specification in columns_in(name, list(columns)).items():
        values = columns[column]
        if values.type == specification.arrow_type:
            continue
        fitting = converted(values, specification.kind)
        if fitting is not None:
            encode = pt.is_dictionary(specification.arrow_type)
            columns[column] = fitting.dictionary_encode() if encode else fitting
    return pa.table(columns)


def _renamed(columns: dict, old: str, new: str) -> dict:
    return {new if column == old else column: values for column, values in columns.items()}


def _join(parts: list[pa.Table]) -> pa.Table:
    if len(parts) == 1:
        return parts[0]
    try:
        return pa.concat_tables(parts, promote_options="permissive")
    except _FAILURES:
        # Parts disagree on a type: show that column as text, so that the check can say where.
        types: dict[str, set[pa.DataType]] = {}
        for part in parts:
            for field in part.schema:
                types.setdefault(field.name, set()).add(field.type)
        mixed = {column for column, found in types.items() if len(found) > 1}
        return pa.concat_tables(
            [_as_text(part, mixed) for part in parts], promote_options="default"
        )


def _as_text(table: pa.Table, names: set[str]) -> pa.Table:
    columns = dict(zip(table.column_names, table.columns, strict=True))
    for name in names.intersection(columns):
        try:
            columns[name] = columns[name].cast(pa.string())
        except _FAILURES:  # lists and the like
            shown = [None if value is None else str(value) for value in columns[name].to_pylist()]
            columns[name] = pa.chunked_array([pa.array(shown, pa.string())])
    return pa.table(columns)


def _one_chunk(values: pa.ChunkedArray) -> pa.Array:
    """Make a column one array; of a dictionary, sort the used values."""
    if not pt.is_dictionary(values.type):
        return pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)
    if values.num_chunks > 1:
        values = values.unify_dictionaries()
    if not values.num_chunks:
        return pa.DictionaryArray.from_arrays(
            pa.array([], values.type.index_type), pa.array([], values.type.value_type)
        )
    array = pa.concat_arrays(values.chunks)
    if values.type.index_type != pa.int32() or values.type.value_type != pa.string():
        return array  # not a column of the contract
    if array.dictionary.null_count or pc.count_distinct(array.dictionary).as_py() < len(
        array.dictionary
    ):
        array = array.dictionary_decode().dictionary_encode()
    return _sorted_dictionary(array)


def _sorted_dictionary(array: pa.DictionaryArray) -> pa.DictionaryArray:
    empty = array.indices.null_count > 0
    codes = pc.fill_null(array.indices, 0) if empty else array.indices
    codes = codes.to_numpy(zero_copy_only=False)
    nulls = pc.is_null(array.indices).to_numpy(zero_copy_only=False) if empty else None
    used = np.bincount(codes if nulls is None else codes[~nulls], minlength=len(array.dictionary))
    order = pc.array_sort_indices(array.dictionary).to_numpy()
    order = order[used[order] > 0]
    place = np.zeros(max(len(array.dictionary), 1), dtype=np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(place[codes], mask=nulls), array.dictionary.take(pa.array(order))
    )


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Undo encodings: no dictionary, no decimals, one kind of text; NaN is a missing value."""
    if pt.is_dictionary(values.type):
        if pt.is_string(values.type.value_type):
            return values.cast(pa.string())
        values = values.cast(values.type.value_type)
    if _is_bytes(values.type):
        return pa.chunked_array([pa.array(map(_decoded, values.to_pylist()), pa.string())])
    if pt.is_large_string(values.type) or pt.is_string_view(values.type):
        return values.cast(pa.string())
    if pt.is_decimal(values.type) or pt.is_floating(values.type):
        values = values.cast(pa.float64())
        not_numbers = pc.is_nan(values)
        if pc.any(not_numbers).as_py():
            values = pc.if_else(not_numbers, pa.scalar(None, pa.float64()), values)
    return values


def _is_bytes(kind: pa.DataType) -> bool:
    return pt.is_binary(kind) or pt.is_large_binary(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pt.is_integer(kind) or pt.is_floating(kind)


def _is_time(kind: pa.DataType) -> bool:
    return pt.is_date(kind) or pt.is_timestamp(kind)


def _to_text(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if pt.is_string(values.type):
        return values
    if pt.is_floating(values.type):
        values = values.cast(pa.int64())
    return values.cast(pa.string()) if pt.is_integer(values.type) else None


def _to_int(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if pt.is_string(values.type):
        values = pc.utf8_trim_whitespace(values).cast(pa.float64())
    return values.cast(pa.int32()) if _is_number(values.type) else None


def _to_float(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if pt.is_string(values.type):
        return pc.utf8_trim_whitespace(values).cast(pa.float64())
    return values.cast(pa.float64()) if _is_number(values.type) else None


def _to_bool(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    # Arrow takes any number but 0 for true; here only 1 is.
    if _is_number(values.type) and not _zero_or_one(values).all():
        return None
    fits = _is_number(values.type) or pt.is_boolean(values.type) or pt.is_string(values.type)
    return values.cast(pa.bool_()) if fits else None


def _to_date(values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if pt.is_string(values.type):
        return pc.utf8_slice_codeunits(values, 0, 10).cast(pa.date32())
    # Not "safe": a time of day is cut off.
    return values.cast(pa.date32(), safe=False) if _is_time(values.type) else None


_CONVERSIONS = {
    "text": _to_text,
    "int": _to_int,
    "float": _to_float,
    "bool": _to_bool,
    "date": _to_date,
}


def _zero_or_one(values: pa.ChunkedArray) -> np.ndarray:
    """Tell which numbers are 0, 1 or missing."""
    fits = pc.or_(pc.is_null(values), pc.is_in(values, pa.array([0, 1], values.type)))
    return np.asarray(fits.to_numpy(), dtype=bool)


def _fits(values: pa.ChunkedArray, kind: Kind) -> np.ndarray:
    """Tell for each row whether a value, where it has one, fits a kind; `values` are plain."""
    if pt.is_string(values.type):
        return _text_fits(values, kind)
    n = len(values)
    if _is_number(values.type):
        if kind == "bool":
            return _zero_or_one(values)
        return _number_fits(values.cast(pa.float64(), safe=False), kind)
    return np.full(n, _CONVERSIONS[kind](values.slice(0, 0)) is not None)


def _text_fits(values: pa.ChunkedArray, kind: Kind) -> np.ndarray:
    if kind == "text":
        return np.ones(len(values), dtype=bool)
    if kind in ("int", "float"):
        matches = pc.match_substring_regex(values, _NUMBER)
        numbers = pc.if_else(matches, pc.utf8_trim_whitespace(values), None).cast(pa.float64())
        return np.asarray(pc.is_valid(numbers), dtype=bool) & _number_fits(numbers, kind)
    if kind == "bool":
        fits = pc.match_substring_regex(pc.utf8_lower(values), "^(0|1|true|false)$")
    else:
        day = pc.utf8_slice_codeunits(values, 0, 10)
        fits = pc.is_valid(pc.strptime(day, "%Y-%m-%d", "s", error_is_null=True))
    return np.asarray(pc.fill_null(fits, True), dtype=bool)


def _number_fits(values: pa.ChunkedArray, kind: Kind) -> np.ndarray:
    if kind == "float":
        return np.ones(len(values), dtype=bool)
    if kind == "date":
        return np.zeros(len(values), dtype=bool)
    numbers = values.to_numpy()
    low, high = _INT32 if kind == "int" else _INT64
    with np.errstate(invalid="ignore"):
        return (np.trunc(numbers) == numbers) & (numbers >= low) & (numbers <= high)
