"""Writes results in long form: a row per key and run, as other tools read them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

_VALUES_PER_ROW_GROUP = 1_000_000


def write_long(
    path: Path,
    keys: Mapping[str, np.ndarray],
    baseline: np.ndarray,
    values: np.ndarray,
    about: Mapping[str, str],
    hidden: np.ndarray | None = None,
) -> None:
    """Write a wide table as the long one: a row per key and run, run 0 the baseline.

    Args:
        path: the file.
        keys: key columns, text or whole numbers, (keys,) each.
        baseline: values of run 0, (keys,).
        values: values of runs 1 to N, int64 or float64, (keys, runs).
        about: columns with one value throughout, after `value`.
        hidden: which values are left empty, (keys, runs + 1); None for none.
    """
    width = values.shape[1] + 1
    count = pa.float64() if values.dtype == np.float64 else pa.int64()
    schema = _schema(keys, count, about)
    encoded = [np.unique(column, return_inverse=True) for column in keys.values()]
    step = max(1, _VALUES_PER_ROW_GROUP // width)
    with pq.ParquetWriter(path, schema, compression="snappy", store_schema=False) as writer:
        for start in range(0, len(baseline), step):
            part = slice(start, start + step)
            rows = len(baseline[part])
            columns: list[pa.Array] = []
            for names, codes in encoded:
                repeated = np.repeat(codes[part].astype(np.int32), width)
                columns.append(_column(names, repeated))
            columns.append(pa.array(np.tile(np.arange(width), rows)))
            columns.append(
                _value(baseline[part], values[part], None if hidden is None else hidden[part])
            )
            once = np.zeros(rows * width, dtype=np.int32)
            columns += [_column(np.array([text]), once) for text in about.values()]
            writer.write_batch(pa.record_batch(columns, schema=schema))


def _column(names: np.ndarray, codes: np.ndarray) -> pa.Array:
    """Give a key column: numbers as they are, text by its codes."""
    if np.issubdtype(names.dtype, np.integer):
        return pa.array(names.astype(np.int64)[codes])
    return pa.DictionaryArray.from_arrays(codes, pa.array(names.tolist(), pa.large_string()))


def _value(baseline: np.ndarray, values: np.ndarray, hidden: np.ndarray | None) -> pa.Array:
    """Give baseline and runs of each key as one column."""
    wide = np.column_stack([baseline.astype(values.dtype), values])
    return pa.array(wide.ravel(), mask=None if hidden is None else hidden.ravel())


def _schema(
    keys: Mapping[str, np.ndarray], count: pa.DataType, about: Mapping[str, str]
) -> pa.Schema:
    """Give the schema to write with, which tells readers the NHP model's own types.

    Text goes to the file by its codes, many times faster than as strings; the schema that Arrow
    keeps in the file's metadata is what readers take types from, so it names plain strings.
    """
    numbers = {name for name, column in keys.items() if np.issubdtype(column.dtype, np.integer)}

    def fields(text: pa.DataType) -> list[pa.Field]:
        columns = [pa.field(name, pa.int64() if name in numbers else text) for name in keys]
        columns += [pa.field("model_run", pa.int64()), pa.field("value", count)]
        return columns + [pa.field(name, text) for name in about]

    seen = pa.schema(fields(pa.large_string())).serialize().to_pybytes()
    text = pa.dictionary(pa.int32(), pa.large_string())
    return pa.schema(fields(text), metadata={"ARROW:schema": base64.b64encode(seen).decode()})
