"""Writes results in long form: a row per key and run, as other tools read them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from acutecast.results.cells import Labels

NUMBERS = ("sex", "age")
"""The key columns that are whole numbers in the NHP model's files; the others are text."""

_VALUES_PER_ROW_GROUP = 1_000_000


def sorted_labels(name: str, values: np.ndarray) -> Labels:
    """Encode a column of strings so that its codes sort as the file's values do."""
    kind = np.int64 if name in NUMBERS else str
    names, codes = np.unique(values.astype(kind), return_inverse=True)
    return Labels(codes.astype(np.int32), tuple(str(value) for value in names.tolist()))


def write_long(
    path: Path,
    keys: Mapping[str, Labels],
    baseline: np.ndarray | None,
    values: np.ndarray,
    about: Mapping[str, str],
    hidden: np.ndarray | None = None,
) -> None:
    """Write a wide table as the long one: a row per key and run, run 0 the baseline.

    Args:
        path: the file.
        keys: key columns; rows are written in the order of their codes.
        baseline: values of run 0, (keys,); None for a table without run 0.
        values: values of runs 1 to N, int64 or float64, (keys, runs).
        about: columns with one value throughout, after `value`.
        hidden: which values are left empty, (keys, runs written); None for none.
    """
    first = 1 if baseline is None else 0
    width = values.shape[1] + 1 - first
    count = pa.float64() if values.dtype == np.float64 else pa.int64()
    schema, seen = _schemas(tuple(keys), count, tuple(about))
    order = np.lexsort([labels.codes for labels in keys.values()][::-1])
    step = max(1, _VALUES_PER_ROW_GROUP // width)
    # A row group holds all runs of its keys, so statistics help no reader; they took half the time.
    with pq.ParquetWriter(
        path, schema, compression="snappy", store_schema=False, write_statistics=False
    ) as writer:
        for start in range(0, len(order), step):
            part = order[start : start + step]
            columns = [
                _key(name, labels, np.repeat(labels.codes[part], width))
                for name, labels in keys.items()
            ]
            columns.append(pa.array(np.tile(np.arange(first, first + width), len(part))))
            before = None if baseline is None else baseline[part]
            columns.append(_value(before, values[part], None if hidden is None else hidden[part]))
            once = np.zeros(len(part) * width, dtype=np.int32)
            columns += [_key(name, Labels(once, (text,)), once) for name, text in about.items()]
            writer.write_batch(pa.record_batch(columns, schema=schema))
        writer.add_key_value_metadata({"ARROW:schema": seen})


def _key(name: str, labels: Labels, codes: np.ndarray) -> pa.Array:
    """Give a key column: numbers as they are, text by its codes."""
    if name in NUMBERS:
        return pa.array(np.array(labels.names, dtype=np.int64)[codes])
    return pa.DictionaryArray.from_arrays(codes, pa.array(labels.names, pa.large_string()))


def _value(baseline: np.ndarray | None, values: np.ndarray, hidden: np.ndarray | None) -> pa.Array:
    """Give baseline, where there is one, and runs of each key as one column."""
    wide = values
    if baseline is not None:
        wide = np.column_stack([baseline.astype(values.dtype), values])
    return pa.array(wide.ravel(), mask=None if hidden is None else hidden.ravel())


def _schemas(
    keys: Sequence[str], count: pa.DataType, about: Sequence[str]
) -> tuple[pa.Schema, str]:
    """Give the schema to write with, and the one that readers see, as Arrow keeps it in a file.

    Text goes to the file by its codes, many times faster than as strings; readers take types from
    the kept schema, which has the plain strings of the NHP model's files.
    """

    def fields(text: pa.DataType) -> list[pa.Field]:
        columns = [pa.field(name, pa.int64() if name in NUMBERS else text) for name in keys]
        columns += [pa.field("model_run", pa.int64()), pa.field("value", count)]
        return columns + [pa.field(name, text) for name in about]

    seen = pa.schema(fields(pa.large_string())).serialize().to_pybytes()
    written = pa.schema(fields(pa.dictionary(pa.int32(), pa.large_string())))
    return written, base64.b64encode(seen).decode()
