"""The files of capacity in a run folder: `capacity/` with its `capacity.json` and four tables.

Every table has a row per label and the values of all runs as one list, like the other tables of a
run: what is asked is worked out from the runs, never from summaries.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from acutecast.capacity.areas import areas
from acutecast.capacity.census import Census, Counts
from acutecast.capacity.needs import Needs, hours_above
from acutecast.capacity.spaces import is_hourly
from acutecast.errors import AcutecastError, Problem
from acutecast.files import joined, read_bytes, whole_folder
from acutecast.results.shape import faults

if TYPE_CHECKING:
    from acutecast.capacity.simulate import Options
    from acutecast.results import Run

FOLDER = "capacity"
_MARK = "capacity.json"
FORMAT_VERSION = 1
# Whole numbers beside area and site, and text, by table; all have baseline and values.
_NUMBERS = {
    "needs": ("year",), "hours": ("year", "beds"), "week": ("weekday", "hour"),
    "months": ("year", "month"),
}  # fmt: skip
_TEXTS = {"needs": ("figure",)}
_TABLES = tuple(_NUMBERS)
# What capacity.json must hold, as `acutecast.results.shape` writes it.
_ABOUT: dict[str, Any] = {
    "format_version": int,
    "options": {"risk": float},
    "sites": [str],
    "open_hours": {"*": float},
    "areas": [str],
    "assumptions": [{"area": str, "name": str, "value": float}],
    "specialty_minutes?": [{"area": str, "tretspef": str}],
    "warnings": [{"what": str, "where": str, "remedy": str}],
}


def save(
    run: Run,
    *,
    options: Options,
    census: Census,
    baseline: Counts,
    used: list[int],
    needs: Needs,
    before: Needs,
    more: Mapping[tuple[str, str], np.ndarray],
    warnings: tuple[Problem, ...],
) -> None:
    """Write capacity into the folder or URL of its run, whole or not at all."""
    assumptions = options.assumptions
    hidden = _hidden(run, baseline, used)
    tables = {
        "needs": _needs_table(run, census, used, needs, before, more, hidden),
        "hours": _hours_table(run, census, baseline, used, hidden),
        "week": _week_table(census, baseline, used, hidden),
        "months": _months_table(run, census, baseline, used, hidden),
    }
    about = {
        "format": "acutecast-capacity",
        "format_version": FORMAT_VERSION,
        "acutecast": run.info["acutecast"],
        "scenario": run.info["inputs"]["scenario"],
        "options": {
            field.name: getattr(options, field.name)
            for field in fields(options)
            if field.name != "assumptions"
        },
        "sites": list(census.pools.sites),
        "days": census.calendar.days,
        "open_hours": _open_hours(census, used),
        "areas": [areas()[index].key for index in dict.fromkeys(census.pools.area[used])],
        "assumptions": assumptions.table(),
        "specialty_minutes": [
            {"area": area, "tretspef": tretspef, "minutes": minutes}
            for (area, tretspef), minutes in assumptions.specialty_minutes.items()
        ],
        "warnings": [asdict(warning) for warning in warnings],
    }
    with whole_folder(joined(run.path, FOLDER), mark=_MARK) as folder:
        _fill(folder, tables, about)


def _fill(folder: Path, tables: Mapping[str, pa.Table], about: Mapping[str, Any]) -> None:
    for name, table in tables.items():
        options: dict[str, Any] = {
            "compression": "zstd",
            "compression_level": 1,
            "use_dictionary": [field.name for field in table.schema if field.name != "values"],
            "write_statistics": False,
        }
        pq.write_table(table, joined(folder, f"{name}.parquet"), **options)
    text = json.dumps(about, indent=2) + "\n"
    (folder / _MARK).write_text(text, encoding="utf-8")


def _hidden(run: Run, baseline: Counts, used: list[int]) -> set[int]:
    """Give the pools whose baseline has so few patients that the run hides such numbers."""
    least = run.info["suppressed_below"]
    if least is None:
        return set()
    cases = baseline.tally[0, 0, :, 0]
    return {pool for pool in used if 0 < cases[pool] < least}


def _open_hours(census: Census, used: list[int]) -> dict[str, float]:
    """Give the open hours of each hourly area, by the mean of the assumptions."""
    from acutecast.capacity.census import open_hours

    found = {}
    for pool in used:
        area = areas()[census.pools.area[pool]]
        if is_hourly(area):
            found[area.key] = open_hours(area.key, census.expected, census.calendar.hours)
    return found


class _Rows:
    """Rows of one table, collected column by column."""

    def __init__(self, census: Census, labels: tuple[str, ...]) -> None:
        self.census = census
        self.columns: dict[str, list[np.ndarray]] = {
            name: [] for name in ("area", "site", *labels, "baseline", "values")
        }

    def add(self, pool: int, baseline: np.ndarray, values: np.ndarray, **labels: Any) -> None:
        """Add rows of a pool: baseline (rows,), NaN where unknown; values (rows, runs)."""
        pools = self.census.pools
        key, site = areas()[pools.area[pool]].key, pools.sites[pools.site[pool]]
        self.put(key, site, baseline, values, **labels)

    def put(
        self, area: str, site: str, baseline: np.ndarray, values: np.ndarray, **labels: Any
    ) -> None:
        """Add rows of an area or other item."""
        n = len(values)
        for name, value in {"area": area, "site": site, **labels}.items():
            self.columns[name].append(np.broadcast_to(np.asarray(value), n))
        self.columns["baseline"].append(np.broadcast_to(baseline, n))
        self.columns["values"].append(values)

    def table(self, kind: pa.DataType) -> pa.Table:
        """Put the rows together; `kind` is the type of the values."""
        arrays: dict[str, pa.Array] = {}
        for name, parts in self.columns.items():
            whole = np.concatenate(parts)
            if name == "values":
                flat = pa.array(np.ascontiguousarray(whole).ravel(), kind)
                arrays[name] = pa.FixedSizeListArray.from_arrays(flat, whole.shape[1])
            elif name == "baseline":
                arrays[name] = pa.array(whole.astype(float), from_pandas=True)
            elif whole.dtype.kind == "U":
                arrays[name] = pa.array(whole.tolist()).dictionary_encode()
            else:
                arrays[name] = pa.array(whole.astype(np.int32))
        return pa.table(arrays)


def _needs_table(
    run: Run,
    census: Census,
    used: list[int],
    needs: Needs,
    before: Needs,
    more: Mapping[tuple[str, str], np.ndarray],
    hidden: set[int],
) -> pa.Table:
    rows = _Rows(census, ("figure", "year"))
    years = np.array(run.years)
    for (pool, figure), values in needs.figures.items():
        then = np.array(np.nan if pool in hidden else before.of(pool, figure)[0, 0])
        rows.add(pool, then, values, figure=figure, year=years)
    for (item, figure), values in more.items():
        rows.put(item, "all", np.array(np.nan), values, figure=figure, year=years)
    return rows.table(pa.float64())


def _hours_table(
    run: Run, census: Census, baseline: Counts, used: list[int], hidden: set[int]
) -> pa.Table:
    """Hours above 0, 1, … patients."""
    rows = _Rows(census, ("year", "beds"))
    runs = census.counts.hours_at
    for pool in used:
        slot = int(census.pools.slot[pool])
        if slot < 0:
            continue
        then = hours_above(baseline.hours_at[0][slot])[0]
        width = max(len(then), *(slots[slot].shape[1] for slots in runs))
        above = np.zeros((len(run.years), width, len(runs)), dtype=np.int32)
        for r, slots in enumerate(runs):
            above[:, : slots[slot].shape[1], r] = hours_above(slots[slot])
        hours = np.zeros(width)
        hours[: len(then)] = then
        if pool in hidden:
            hours[:] = np.nan
        for y, year in enumerate(run.years):
            # Beds that are never all in use in any run say nothing more.
            keep = max(1, int(np.flatnonzero(above[y].any(axis=1)).max(initial=0)) + 2)
            keep = min(width, max(keep, len(then)))
            rows.add(pool, hours[:keep], above[y, :keep], year=year, beds=np.arange(keep))
    return rows.table(pa.int32())


def _week_table(census: Census, baseline: Counts, used: list[int], hidden: set[int]) -> pa.Table:
    """Mean occupancy of the typical week in the last year."""
    rows = _Rows(census, ("weekday", "hour"))
    hour = np.arange(168)
    often = np.bincount(census.calendar.hour_of_week, minlength=168)
    for pool in used:
        slot = int(census.pools.slot[pool])
        if slot >= 0:
            then = np.full(168, np.nan) if pool in hidden else baseline.week[0, slot] / often
            values = (census.counts.week[:, slot] / often).T
            rows.add(pool, then, values, weekday=hour // 24, hour=hour % 24)
    return rows.table(pa.float32())


def _months_table(
    run: Run, census: Census, baseline: Counts, used: list[int], hidden: set[int]
) -> pa.Table:
    """Mean occupancy of every month."""
    rows = _Rows(census, ("year", "month"))
    hours = np.bincount(census.calendar.month - 1, minlength=12) * 24.0
    for pool in used:
        slot = int(census.pools.slot[pool])
        if slot < 0:
            continue
        then = np.full(12, np.nan) if pool in hidden else baseline.months[0, 0, slot] / hours
        for y, year in enumerate(run.years):
            values = (census.counts.months[y, :, slot] / hours).T
            rows.add(pool, then, values, year=year, month=np.arange(1, 13))
    return rows.table(pa.float32())


def read_about(run: Run) -> dict[str, Any] | None:
    """Read `capacity.json` of a run; None where it has no capacity."""
    try:
        content = json.loads(_bytes(run, _MARK))
        version = content["format_version"] if isinstance(content, dict) else 0
        newer = isinstance(version, int) and version > FORMAT_VERSION
        fault = "" if newer else next(faults(content, _ABOUT), "")
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, RecursionError) as error:
        raise _damaged(run, _MARK, error) from error
    if fault:
        raise _damaged(run, _MARK, ValueError(fault))
    if newer:
        raise AcutecastError(
            Problem(
                "the capacity was written by a newer version of acutecast",
                where=f"{run.path}/{FOLDER}",
                remedy="Install that version or a later one.",
            )
        )
    return content


def read_table(run: Run, name: str) -> pa.Table:
    """Read one of the tables."""
    file = f"{name}.parquet"
    try:
        table = pq.ParquetFile(pa.BufferReader(_bytes(run, file))).read(use_threads=False)
        table.validate(full=True)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(run, file, error) from error
    if not _is_as_stored(name, table, run.runs):
        raise _damaged(run, file, ValueError("its columns are not those that were stored"))
    return table


def _is_as_stored(name: str, table: pa.Table, runs: int) -> bool:
    """Tell whether the columns of a table are there, once each and of their types."""
    types = {field.name: field.type for field in table.schema}
    texts = ("area", "site", *_TEXTS.get(name, ()))
    wanted = {*texts, *_NUMBERS[name], "baseline", "values"}
    if len(types) < len(table.schema) or not wanted <= types.keys():
        return False
    values = types["values"]
    return (
        all(pa.types.is_dictionary(types[n]) or pa.types.is_string(types[n]) for n in texts)
        and all(pa.types.is_integer(types[n]) for n in _NUMBERS[name])
        and pa.types.is_floating(types["baseline"])
        and pa.types.is_fixed_size_list(values)
        and values.list_size == runs
        and (pa.types.is_floating(values.value_type) or pa.types.is_integer(values.value_type))
    )


def _bytes(run: Run, file: str) -> bytes:
    return read_bytes(joined(run.path, FOLDER, file))


def _damaged(run: Run, file: str, error: Exception) -> AcutecastError:
    return AcutecastError(
        Problem(
            "the file is missing or damaged",
            where=f"{run.path}/{FOLDER}/{file}",
            example=str(error).splitlines()[0] if str(error) else type(error).__name__,
            remedy="Work the capacity out again: ac.capacity_of(run).",
        )
    )
