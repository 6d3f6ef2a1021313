"""Describing a provider in figures that people can compare with their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from acutecast.facts import EMERGENCY, INPATIENTS, OUTPATIENTS
from acutecast.provider.check_column import MISSING, numbers, text, typed
from acutecast.provider.contract import (
    FACTOR_TABLES,
    STRATEGY_TABLES,
    columns_in,
    columns_of,
    is_year,
)
from acutecast.provider.provider import Provider

# Its functions are made at run time, so a type checker knows none of them.
pc: Any = pyarrow.compute


def describe_provider(provider: Provider) -> dict[str, Any]:
    """Summarise a provider's tables as plain values that JSON can hold.

    Returns:
        dataset, year, source, hashes; `rows` by table; `activity`, counts by point of delivery and
        measure; `sites`, the same counts by site; `population`, variants and years; `tpmas`, tagged
        spells by table and TPMA; `dates`, the first and last date of admission and discharge or
        None; `optional_columns` and `other_columns` by table.
    """
    tables = provider.tables
    return {
        "dataset": provider.dataset,
        "year": provider.year,
        "source": provider.source,
        "hashes": dict(provider.hashes),
        "rows": {name: table.num_rows for name, table in tables.items()},
        "activity": _counts(provider, "pod"),
        "sites": _counts(provider, "sitetret"),
        "population": _population(provider),
        "tpmas": {
            name: _tally(tables[name], "strategy")
            for name in STRATEGY_TABLES
            if typed(tables.get(name), name, "strategy")
        },
        "dates": _dates(tables.get("ip")),
        "optional_columns": {
            name: [c.name for c in columns_of(name) if not c.required and c.name in known]
            for name, known in _known(provider).items()
        },
        "other_columns": {
            name: [column for column in tables[name].column_names if column not in known]
            for name, known in _known(provider).items()
        },
    }


def _known(provider: Provider) -> dict[str, dict]:
    return {name: columns_in(name, t.column_names) for name, t in provider.tables.items()}


def _counts(provider: Provider, key: str) -> dict[str, dict[str, int]]:
    """Add up each measure by a text column; rows without a value count as "unknown"."""
    totals: dict[str, dict[str, int]] = {}
    for spec in (INPATIENTS, OUTPATIENTS, EMERGENCY):
        table = provider.tables.get(spec.table)
        counted = spec.counts or ("speldur",)
        if table is None or not typed(table, spec.table, key, *counted):
            continue
        measures = {name: _filled(table, name) for name in spec.counts}
        if not spec.counts:
            nights = _filled(table, "speldur")
            measures = {"admissions": np.ones_like(nights), "beddays": nights + 1}
        codes, values = text(table, key)
        for place, value in enumerate([*values, "unknown"]):
            rows = codes == (place if place < len(values) else -1)
            if rows.any():
                entry = totals.setdefault(value, {})
                for measure, counts in measures.items():
                    entry[measure] = entry.get(measure, 0) + int(counts[rows].sum())
    return dict(sorted(totals.items()))


def _filled(table: pa.Table, column: str) -> np.ndarray:
    values = numbers(table, column).astype(np.int64)
    return np.where(values == MISSING, 0, values)


def _population(provider: Provider) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, table in provider.tables.items():
        if name in FACTOR_TABLES:
            years = sorted(int(column) for column in table.column_names if is_year(column))
            variants = text(table, "variant")[1] if typed(table, name, "variant") else []
            result[name] = {"variants": sorted(variants), "years": years}
    return result


def _tally(table: pa.Table, column: str) -> dict[str, int]:
    codes, values = text(table, column)
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    return {value: int(count) for value, count in sorted(zip(values, counts, strict=True))}


def _dates(spells: pa.Table | None) -> dict[str, str] | None:
    columns = [c for c in ("admidate", "disdate") if typed(spells, "ip", c)]
    if spells is None or not columns:
        return None
    ends = [pc.min_max(spells.column(column)).as_py() for column in columns]
    first = min((end["min"] for end in ends if end["min"]), default=None)
    last = max((end["max"] for end in ends if end["max"]), default=None)
    return {"first": first.isoformat(), "last": last.isoformat()} if first and last else None
