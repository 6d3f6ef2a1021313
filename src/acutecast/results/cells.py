"""Stored tables in memory: labelled rows, each with the values of all runs, and sums over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

# So few that a block of rows stays in the cache while it is summed.
_ROWS_AT_A_TIME = 256


@dataclass(frozen=True)
class Labels:
    """A text column: `names[codes]` are its values.

    Attributes:
        codes: int32, an entry per row.
        names: the distinct values.
    """

    codes: np.ndarray
    names: tuple[str, ...]

    def renamed(self, name: Callable[[str], str]) -> Labels:
        """Give the column with another name for each value; equal names become one."""
        new = [name(old) for old in self.names]
        distinct = tuple(dict.fromkeys(new))
        code = {text: i for i, text in enumerate(distinct)}
        lookup = np.array([code[text] for text in new], dtype=np.int32)
        return Labels(lookup[self.codes] if len(lookup) else self.codes, distinct)

    def only(self, rows: np.ndarray) -> Labels:
        """Give some rows of the column, by index or mask."""
        return Labels(self.codes[rows], self.names)

    def among(self, wanted: Sequence[str]) -> np.ndarray:
        """Tell which rows have one of the `wanted` values; a mask."""
        hit = np.array([name in wanted for name in self.names], dtype=bool)
        return hit[self.codes] if len(hit) else np.zeros(len(self.codes), dtype=bool)


@dataclass(frozen=True)
class Cells:
    """A stored table.

    Attributes:
        name: "ip_full", …, "attribution" or "step_counts".
        keys: text columns by name; cubes have `measure` among them.
        year: int32, (rows,).
        baseline: int64, (rows,); -1 where suppressed; empty for parts.
        values: int32 counts or float64 parts, (rows, runs); run 1 is column 0.
    """

    name: str
    keys: Mapping[str, Labels]
    year: np.ndarray
    baseline: np.ndarray
    values: np.ndarray


def read_cells(source: Any, name: str, runs: int) -> Cells:
    """Read a stored table, row group by row group, so that its values are in memory only once.

    Args:
        source: a path or an open file.
        name: the table's name.
        runs: the number of runs.
    """
    with pq.ParquetFile(source) as file:
        rows = file.metadata.num_rows
        kind = file.schema_arrow.field("values").type.value_type.to_pandas_dtype()
        values = np.empty((rows, runs), dtype=kind)
        parts, start = [], 0
        for group in range(file.num_row_groups):
            table = file.read_row_group(group, use_threads=False)
            for chunk in table.column("values").chunks:
                end = start + len(chunk)
                values[start:end] = chunk.flatten().to_numpy().reshape(-1, runs)
                start = end
            parts.append(table.drop_columns("values"))
        empty = file.schema_arrow.empty_table().drop_columns("values")
    labels = pa.concat_tables(parts) if parts else empty
    columns = {column: labels.column(column) for column in labels.column_names}
    year = columns.pop("year").to_numpy().astype(np.int32)
    baseline = np.zeros(0, dtype=np.int64)
    if "baseline" in columns:
        baseline = columns.pop("baseline").fill_null(-1).to_numpy().astype(np.int64)
    return Cells(
        name, {key: _labels(column) for key, column in columns.items()}, year, baseline, values
    )


def _labels(column: pa.ChunkedArray) -> Labels:
    """Turn a dictionary column into codes and names."""
    if not len(column):
        return Labels(np.zeros(0, dtype=np.int32), ())
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0)
    return Labels(whole.indices.to_numpy().astype(np.int32), tuple(whole.dictionary.to_pylist()))


def group_sums(
    values: np.ndarray, group: np.ndarray, groups: int, rows: np.ndarray | None = None
) -> np.ndarray:
    """Sum the rows of each group inside each run.

    Args:
        values: (all rows, runs).
        group: the group of each row that counts, 0 to `groups` - 1.
        groups: how many groups there are.
        rows: the rows that count, ascending, one for each entry of `group`; None for all.

    Returns:
        (groups, runs); int64 for counts, float64 for parts.
    """
    kind = np.int64 if np.issubdtype(values.dtype, np.integer) else np.float64
    sums = np.zeros((groups, values.shape[1]), dtype=kind)
    order = np.argsort(group, kind="stable")
    group = group[order]
    rows = order if rows is None else rows[order]
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        part = slice(start, start + _ROWS_AT_A_TIME)
        first = np.flatnonzero(np.r_[True, group[part][1:] != group[part][:-1]])
        sums[group[part][first]] += np.add.reduceat(values[rows[part]], first, axis=0, dtype=kind)
    return sums


def group_baseline(baseline: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Sum baseline counts by group; -1 for a group with a suppressed count."""
    hidden = np.bincount(group, weights=baseline < 0, minlength=groups) > 0
    sums = np.zeros(groups, dtype=np.int64)
    np.add.at(sums, group, np.maximum(baseline, 0))
    sums[hidden] = -1
    return sums


def combine(labels: Sequence[Labels], rows: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Number the combinations of several columns of `rows` rows that occur.

    Returns:
        The number of each row's combination, and per column the code of each combination.
        Combinations ascend in the codes of the first column, then the second, ….
    """
    code = np.zeros(rows, dtype=np.int64)
    for column in labels:
        code = code * max(1, len(column.names)) + column.codes
    distinct, number = np.unique(code, return_inverse=True)
    codes = []
    for column in reversed(labels):
        distinct, own = np.divmod(distinct, max(1, len(column.names)))
        codes.append(own.astype(np.int32))
    return number, codes[::-1]
