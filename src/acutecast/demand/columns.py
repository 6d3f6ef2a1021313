"""Columns as integer codes with a list of categories: the form in which the plan compares rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from acutecast import streams

# The stubs of pyarrow.compute lack the functions that it makes when it is imported.
pc: Any = pyarrow.compute

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Column:
    """A column as codes.

    Attributes:
        codes: int32, index into `categories`, one a row.
        categories: the distinct values as text.
    """

    codes: np.ndarray
    categories: tuple[str, ...]

    def __getitem__(self, rows: np.ndarray) -> Column:
        """Give the column for some rows (indices or a mask)."""
        return Column(self.codes[rows], self.categories)

    def is_in(self, *values: str) -> np.ndarray:
        """Tell for each row whether its value is one of `values`."""
        return np.isin(self.categories, values)[self.codes]

    def map(self, function) -> Column:
        """Change the categories; the codes stay, so values may repeat."""
        return Column(self.codes, tuple(function(value) for value in self.categories))

    def keys(self, name: str) -> np.ndarray:
        """Give a 64-bit key of each row's value, the same in every data set."""
        by_category = np.array([streams.key(name, v) for v in self.categories], dtype=np.uint64)
        return by_category[self.codes]


def text(table: pa.Table, name: str) -> Column:
    """Read a text, whole-number or yes/no column as codes; nulls become "unknown"."""
    array = table.column(name).combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # a table without rows has no chunk to combine
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], pa.string())
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(array)
    values = array.dictionary.cast(pa.string()).to_pylist()
    codes = array.indices
    if codes.null_count or None in values:
        codes = pc.fill_null(codes, len(values))
        values = [UNKNOWN if value is None else value for value in [*values, None]]
    return Column(codes.to_numpy(zero_copy_only=False).astype(np.int32), tuple(values))


def numbers(table: pa.Table, name: str, dtype: type = np.int32) -> np.ndarray:
    """Read a numeric or yes/no column as an array."""
    array = table.column(name)
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.int8())
    return np.asarray(array.to_numpy(), dtype=dtype)


def constant(value: str, n: int) -> Column:
    """Make a column with one value."""
    return Column(np.zeros(n, dtype=np.int32), (value,))


def of_numbers(values: np.ndarray) -> Column:
    """Make a column of whole numbers."""
    distinct, codes = np.unique(values, return_inverse=True)
    return Column(codes.astype(np.int32), tuple(str(value) for value in distinct))


def stack(columns: Sequence[Column]) -> Column:
    """Put columns below each other, with sorted distinct categories in common."""
    distinct = sorted({value for column in columns for value in column.categories})
    index = {value: i for i, value in enumerate(distinct)}
    codes = [
        np.array([index[v] for v in c.categories], dtype=np.int32)[c.codes]
        if len(c.codes)
        else np.zeros(0, dtype=np.int32)
        for c in columns
    ]
    return Column(np.concatenate(codes), tuple(distinct))


def combinations(columns: Sequence[Column]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Number the distinct combinations of several columns of equal length.

    Returns:
        The number of each row's combination, int32; and per column the text values of each
        combination, in the same order.
    """
    if not columns:
        raise ValueError("no columns")
    flat = np.zeros(len(columns[0].codes), dtype=np.int64)
    for column in columns:
        flat = flat * len(column.categories) + column.codes
    distinct, inverse = np.unique(flat, return_inverse=True)
    values: list[np.ndarray] = []
    rest = distinct
    for column in reversed(columns):
        width = max(1, len(column.categories))
        categories = np.array(column.categories, dtype=object)
        values.append(categories[rest % width] if len(rest) else np.zeros(0, dtype=object))
        rest = rest // width
    return inverse.astype(np.int32), values[::-1]
