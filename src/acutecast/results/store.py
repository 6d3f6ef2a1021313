"""Writes a projection as a run folder, whole or not at all; the same seed gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import acutecast
from acutecast.demand.cube import Cube, Draws, Parts, Projection
from acutecast.files import joined, whole_folder
from acutecast.results.cells import Cells
from acutecast.results.suppress import hide_small, is_small

FORMAT = "acutecast-run"
FORMAT_VERSION = 1
# What the parts of a table belong to.
PLACE_OF_PARTS = ("activity_type", "sitetret", "pod", "measure")
_VALUES_PER_ROW_GROUP = 1_000_000
_THREADS = 2


def save_run(
    projection: Projection,
    scenario_json: str,
    provider_info: Mapping[str, Any],
    target: str | os.PathLike[str],
    *,
    suppress: int | None = None,
) -> None:
    """Write a projection as a run folder.

    The same projection and scenario give the same bytes in every file but `timings.json`, on a
    disk and on a store. Without `run.json` there is no run, and on a store, where nothing can be
    renamed, it goes last (`acutecast.files.whole_folder`).

    Args:
        projection: what the engine gave.
        scenario_json: the scenario as its file holds it; its `name` and `seed` go to `run.json`.
        provider_info: `dataset`, `year` (baseline, calendar year of its start), `hashes` (SHA-256
            by table) and optionally `source` and `rules` (the TPMA rule set that tagged spells).
        target: a folder or an fsspec URL ("az://results/rxx/run-1"); replaced if it exists.
        suppress: where given, baseline counts from 1 to one less than it are left empty, and the
            parts of what has such a baseline are left out, as they would give it back.

    Raises:
        AcutecastError: where a store can't be written to; it says whether an earlier run is there.
    """
    with whole_folder(target) as folder:
        _fill(folder, projection, scenario_json, provider_info, suppress)


def _fill(
    folder: Path,
    projection: Projection,
    scenario_json: str,
    provider_info: Mapping[str, Any],
    suppress: int | None,
) -> None:
    """Write every file of the run into an empty folder."""
    (folder / "cube").mkdir()
    jobs = tables_of(projection, suppress)
    with ThreadPoolExecutor(_THREADS) as pool:
        written = {
            name: pool.submit(_write_table, Path(joined(folder, name)), table, suppress)
            for name, table in jobs.items()
        }
        rows = {name: future.result() for name, future in written.items()}
    tables = {
        name: {"rows": rows[name], "bytes": (folder / name).stat().st_size}
        | describe_table(jobs[name])
        for name in sorted(rows)
    }
    (folder / "scenario.json").write_text(scenario_json, encoding="utf-8")
    about = about_run(projection, scenario_json, provider_info, suppress, tables)
    timings = timings_of(projection, provider_info)
    for name, content in (("timings.json", timings), ("run.json", about)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def about_run(
    projection: Projection,
    scenario_json: str,
    provider_info: Mapping[str, Any],
    suppress: int | None,
    tables: Mapping[str, Any],
) -> dict[str, Any]:
    """Give the content of `run.json`; arguments as in `save_run`, and what to say of the tables."""
    scenario = json.loads(scenario_json)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "acutecast": acutecast.__version__,
        "scenario": scenario.get("name", ""),
        "dataset": provider_info["dataset"],
        "baseline_year": int(provider_info["year"]),
        "horizon_year": int(projection.years[-1]),
        "years": [int(year) for year in projection.years],
        "runs": projection.runs,
        "seed": scenario.get("seed"),
        "inputs": dict(provider_info.get("hashes", {}))
        | {"scenario": hashlib.sha256(scenario_json.encode()).hexdigest()},
        "tpma_rules": str(provider_info.get("rules", "")),
        "rows": dict(projection.rows),
        "suppressed_below": suppress,
        "warnings": [asdict(warning) for warning in projection.warnings],
        "tables": dict(tables),
    }


def timings_of(projection: Projection, provider_info: Mapping[str, Any]) -> dict[str, Any]:
    """Give the content of `timings.json`."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": str(provider_info.get("source", "")),
        "seconds": dict(projection.timings),
    }


def tables_of(projection: Projection, suppress: int | None) -> dict[str, Cube | Parts | Draws]:
    """Give the tables of a run by file name, without the parts that suppression leaves out."""
    small = _small_places(projection.step_counts, suppress)
    return {
        **{f"cube/{name}.parquet": cube for name, cube in projection.cubes.items()},
        "attribution.parquet": _without(projection.attribution, small),
        "step_counts.parquet": _without(projection.step_counts, small),
        "draws.parquet": projection.draws,
    }


def _small_places(step_counts: Parts, suppress: int | None) -> set[tuple[str, ...]]:
    """Give the places whose baseline is small: the sum of their parts would give it back."""
    if suppress is None:
        return set()
    small = is_small(step_counts.values.max(axis=(0, 1)), suppress)
    small &= step_counts.keys["change_factor"] == "baseline"
    places = list(zip(*(step_counts.keys[name] for name in PLACE_OF_PARTS), strict=True))
    return {places[row] for row in np.flatnonzero(small)}


def _without(parts: Parts, places: set[tuple[str, ...]]) -> Parts:
    """Leave out the parts of some places."""
    if not places:
        return parts
    rows = zip(*(parts.keys[name] for name in PLACE_OF_PARTS), strict=True)
    keep = np.array([place not in places for place in rows], dtype=bool)
    keys = {name: values[keep] for name, values in parts.keys.items()}
    return Parts(parts.name, keys, parts.years, parts.values[..., keep])


def _write_table(path: Path, table: Cube | Parts | Draws, suppress: int | None) -> int:
    """Write one table and give its number of rows."""
    if isinstance(table, Cube):
        return write_cube(path, table, suppress)
    return write_parts(path, table) if isinstance(table, Parts) else write_draws(path, table)


def describe_table(table: Cube | Parts | Draws) -> dict[str, Any]:
    """Say in `run.json` what a table can answer."""
    if isinstance(table, Draws):
        return {"assumptions": len(table.names)}
    about: dict[str, Any] = {"years": [int(year) for year in table.years], "keys": [*table.keys]}
    if isinstance(table, Cube):
        about |= {"activity": table.activity, "measures": list(table.measures)}
    return about


def write_cube(path: Path, cube: Cube, suppress: int | None = None) -> int:
    """Write a cube as one row per (year, cell, measure) that is not zero throughout.

    Returns:
        The number of rows written.
    """
    n_cells, n_measures = cube.baseline.shape
    labels = {name: _encode(values) for name, values in cube.keys.items()}
    measures = pa.array(cube.measures)
    baseline = np.ascontiguousarray(cube.baseline, dtype=np.int64).ravel()
    shown = hide_small(baseline, suppress)

    def batches() -> Iterator[tuple[list[pa.Array], np.ndarray]]:
        for y, year in enumerate(cube.years):
            by_run = cube.values[y].reshape(cube.values.shape[1], n_cells * n_measures)
            for rows, values in _turned(by_run):
                index = np.arange(rows.start, rows.stop)
                keep = (values != 0).any(axis=1) | (baseline[rows] != 0)
                if not keep.all():
                    index, values = index[keep], values[keep]
                cell, measure = np.divmod(index, n_measures)
                columns = [
                    pa.DictionaryArray.from_arrays(codes[cell], names)
                    for codes, names in labels.values()
                ]
                columns.append(pa.DictionaryArray.from_arrays(measure.astype(np.int32), measures))
                columns.append(pa.array(np.full(len(index), year, dtype=np.int32)))
                columns.append(shown.take(pa.array(index)))
                yield columns, values

    text = pa.dictionary(pa.int32(), pa.string())
    fields = [pa.field(name, text) for name in (*cube.keys, "measure")]
    fields += [pa.field("year", pa.int32()), pa.field("baseline", pa.int64())]
    return _write(path, fields, pa.int32(), cube.values.shape[1], batches())


def write_parts(path: Path, parts: Parts) -> int:
    """Write parts of a change as one row per (year, part).

    Returns:
        The number of rows written.
    """
    labels = {name: _encode(values) for name, values in parts.keys.items()}

    def batches() -> Iterator[tuple[list[pa.Array], np.ndarray]]:
        for y, year in enumerate(parts.years):
            for rows, values in _turned(parts.values[y]):
                columns = [
                    pa.DictionaryArray.from_arrays(codes[rows], names)
                    for codes, names in labels.values()
                ]
                columns.append(pa.array(np.full(len(values), year, dtype=np.int32)))
                yield columns, values

    text = pa.dictionary(pa.int32(), pa.string())
    fields = [pa.field(name, text) for name in parts.keys] + [pa.field("year", pa.int32())]
    return _write(path, fields, pa.float64(), parts.values.shape[1], batches())


def write_cells(path: Path, parts: Iterable[Cells]) -> int:
    """Write tables in memory one after the other, as one: rows in their order.

    The tables have the same columns. Baselines that are suppressed are left empty.

    Returns:
        The number of rows written.
    """
    parts = iter(parts)
    first = next(parts)
    keys, runs = tuple(first.keys), first.values.shape[1]
    with_baseline = "change_factor" not in keys
    # Sums of counts fit: no cell of a nation has two thousand million contacts.
    kind = pa.int32() if np.issubdtype(first.values.dtype, np.integer) else pa.float64()

    def batches() -> Iterator[tuple[list[pa.Array], np.ndarray]]:
        step = max(1, _VALUES_PER_ROW_GROUP // runs)
        for cells in chain([first], parts):
            labels = [(cells.keys[name].codes, pa.array(cells.keys[name].names)) for name in keys]
            for start in range(0, len(cells.year), step):
                rows = slice(start, start + step)
                columns = [
                    pa.DictionaryArray.from_arrays(codes[rows], names) for codes, names in labels
                ]
                columns.append(pa.array(cells.year[rows]))
                if with_baseline:
                    baseline = cells.baseline[rows]
                    columns.append(pa.array(baseline, mask=baseline < 0))
                yield columns, cells.values[rows].astype(kind.to_pandas_dtype())

    text = pa.dictionary(pa.int32(), pa.string())
    fields = [pa.field(name, text) for name in keys]
    fields.append(pa.field("year", pa.int32()))
    if with_baseline:
        fields.append(pa.field("baseline", pa.int64()))
    return _write(path, fields, kind, runs, batches())


def write_draws(path: Path, draws: Draws) -> int:
    """Write the draws as one row per run: `model_run`, `variant`, one column per assumption.

    Returns:
        The number of rows written.
    """
    runs = len(draws.variants)
    codes, names = _encode(draws.variants)
    columns = {
        "model_run": pa.array(np.arange(1, runs + 1, dtype=np.int32)),
        "variant": pa.DictionaryArray.from_arrays(codes, names),
    }
    for i, name in enumerate(draws.names):
        columns[name] = pa.array(np.ascontiguousarray(draws.values[:, i], dtype=np.float64))
    options: dict[str, Any] = {"compression": "zstd", "use_dictionary": ["variant"]}
    pq.write_table(pa.table(columns), path, **options)
    return runs


def _encode(values: Sequence[str] | np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """Give codes and sorted names of a text column."""
    names, codes = np.unique(np.asarray(values, dtype=str), return_inverse=True)
    return codes.astype(np.int32), pa.array(names.tolist(), pa.string())


def _turned(by_run: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Turn (runs, rows) into contiguous slices of (rows, runs), a row group at a time."""
    runs, rows = by_run.shape
    step = max(1, _VALUES_PER_ROW_GROUP // runs)
    for start in range(0, rows, step):
        part = slice(start, min(rows, start + step))
        yield part, np.ascontiguousarray(by_run[:, part].T)


def _write(
    path: Path,
    fields: list[pa.Field],
    kind: pa.DataType,
    runs: int,
    batches: Iterator[tuple[list[pa.Array], np.ndarray]],
) -> int:
    """Write batches of columns, with the values of all runs as one fixed-size list a row.

    Measured for 150,000 rows × 256 runs of counts on one core: BYTE_STREAM_SPLIT with zstd level 1
    took 0.24 s and 12 MB to write and 0.16 s to read; plain zstd 0.41 s, 19 MB and 0.22 s;
    dictionary with zstd 0.51 s, 12 MB and 0.41 s; DELTA_BINARY_PACKED 0.24 s, 18 MB and 0.20 s.
    Statistics of the values would cost time and tell readers nothing.
    """
    values_type = pa.list_(pa.field("element", kind, nullable=False), runs)
    schema = pa.schema([*fields, pa.field("values", values_type, nullable=False)])
    text = [field.name for field in fields if pa.types.is_dictionary(field.type)]
    written = 0
    options: dict[str, Any] = {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [*text, "year"],
        "column_encoding": {"values.list.element": "BYTE_STREAM_SPLIT"},
        "write_statistics": [*text, "year"],
    }
    with pq.ParquetWriter(path, schema, **options) as writer:
        for columns, values in batches:
            lists = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), type=values_type)
            writer.write_batch(pa.record_batch([*columns, lists], schema=schema))
            written += len(values)
    return written
