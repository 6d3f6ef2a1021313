"""A made-up later year whose truth is known: one run of a stated scenario, as a provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from acutecast.demand import simulate
from acutecast.demand.layout import EFFICIENCY_KINDS
from acutecast.demand.rows import count_rows
from acutecast.errors import AcutecastError, Problem
from acutecast.provider import Provider
from acutecast.provider.contract import STRATEGY_TABLES
from acutecast.scenario import Scenario

# The stubs of pyarrow.compute lack the functions that it makes when it is imported.
pc: Any = pyarrow.compute
_DAYCASE = 1 + EFFICIENCY_KINDS.index("day_procedures_daycase")
_WEEKS_A_YEAR = 52


def later_year(provider: Provider, scenario: Scenario, year: int, run: int = 1) -> Provider:
    """Make a provider's later year out of one run of a scenario.

    Every surviving copy of a spell is a spell of the later year, with the nights that the run gave
    it; every outpatient and emergency row has the contacts of the run. Ages, sites and TPMAs are
    those of the baseline's rows, dates are moved by whole weeks.

    Args:
        provider: the earlier year.
        scenario: what is true; resolved for the provider.
        year: the later year, up to the scenario's horizon.
        run: which run is what happened; another seed or run is another history.

    Raises:
        AcutecastError: where the scenario turns spells into outpatient or emergency attendances,
            which have no row here.
    """
    kept: dict[str, Any] = {}

    def observe(number: int, activity: str, record: Any) -> None:
        if number == run - 1:
            kept[activity] = record

    truth = Scenario(**(scenario.model_dump() | {"runs": run}))
    projection = simulate(provider, truth, years=[year], empty_tpmas="warn", observe=observe)
    y = projection.years.index(year)
    spells = kept["ip"]
    n = int(spells.count[y])
    row, copy, days, kind = (
        getattr(spells, name)[y, :n] for name in ("row", "copy", "days", "kind")
    )
    if not np.isin(kind, (0, _DAYCASE)).all():
        raise AcutecastError(
            Problem(
                "the scenario turns spells into outpatient or emergency attendances",
                where="efficiencies.ip",
                count=int((~np.isin(kind, (0, _DAYCASE))).sum()),
                remedy="Take same day emergency care and outpatient procedures out of it.",
            )
        )
    ip = _spells(provider.tables["ip"], row, copy, days, kind == _DAYCASE, year - provider.year)
    tables = dict(provider.tables)
    for name in STRATEGY_TABLES:
        tables[name] = _tags(provider.tables[name], provider.tables["ip"], row, copy)
    tables |= {"ip": ip, "op": _attendances(provider, kept["op"][y]),
               "aae": _arrivals(provider, kept["aae"][y])}  # fmt: skip
    return replace(provider, year=year, tables=tables, source=f"run {run} of {truth.name}",
                   hashes={})  # fmt: skip


def _names(rn: pa.ChunkedArray, row: np.ndarray, copy: np.ndarray) -> pa.Array:
    old = rn.take(pa.array(row)).to_pylist()
    return pa.array([f"{name}-{c}" for name, c in zip(old, copy.tolist(), strict=True)])


def _spells(
    table: pa.Table,
    row: np.ndarray,
    copy: np.ndarray,
    days: np.ndarray,
    daycase: np.ndarray,
    years: int,
) -> pa.Table:
    made = table.take(pa.array(row))
    columns: dict[str, Any] = {
        "rn": _names(table.column("rn"), row, copy),
        "speldur": pa.array(days.astype(np.int32)),
    }
    if daycase.any():
        mask = pa.array(daycase)
        for name, value in (("pod", "ip_elective_daycase"), ("classpat", "2")):
            plain = made.column(name).cast(pa.string())
            columns[name] = pc.if_else(mask, value, plain).combine_chunks().dictionary_encode()
    if "admidate" in made.column_names:
        moved = made.column("admidate").cast(pa.int32())
        moved = pc.add(moved, pa.scalar(years * _WEEKS_A_YEAR * 7, pa.int32()))
        columns["admidate"] = moved.cast(pa.date32())
        if "disdate" in made.column_names:
            left = pc.add(moved, pa.array(days.astype(np.int32)))
            columns["disdate"] = left.cast(pa.date32())
    return _with(made, columns)


def _tags(tags: pa.Table, ip: pa.Table, row: np.ndarray, copy: np.ndarray) -> pa.Table:
    """Repeat the TPMAs of each spell for its copies."""
    number = {name: i for i, name in enumerate(ip.column("rn").to_pylist())}
    of = np.array([number[name] for name in tags.column("rn").to_pylist()], dtype=np.int64)
    order = np.argsort(row, kind="stable")
    first = np.searchsorted(row[order], of)
    count = np.searchsorted(row[order], of, side="right") - first
    tag = np.repeat(np.arange(len(of)), count)
    nth = np.arange(len(tag)) - np.repeat(np.cumsum(count) - count, count)
    spell = order[np.repeat(first, count) + nth]
    made = tags.take(pa.array(tag))
    return _with(made, {"rn": _names(ip.column("rn"), row[spell], copy[spell])})


def _attendances(provider: Provider, contacts: np.ndarray) -> pa.Table:
    table = count_rows(provider, "op").table
    there = np.flatnonzero(contacts.sum(axis=1) > 0)
    counts = {
        name: pa.array(contacts[there, m].astype(np.int32))
        for m, name in enumerate(("attendances", "tele_attendances"))
    }
    return _with(table.take(pa.array(there)), counts)


def _arrivals(provider: Provider, contacts: np.ndarray) -> pa.Table:
    table = count_rows(provider, "aae").table
    total = contacts.sum(axis=1)
    there = np.flatnonzero(total > 0)
    return _with(table.take(pa.array(there)), {"arrivals": pa.array(total[there].astype(np.int32))})


def _with(table: pa.Table, columns: dict[str, Any]) -> pa.Table:
    """Put columns in the place of those of their name."""
    for name, values in columns.items():
        index = table.schema.get_field_index(name)
        kind = table.schema.field(name).type
        if not isinstance(values, pa.ChunkedArray):
            values = pa.chunked_array([values])
        table = table.set_column(index, name, values.cast(kind))
    return table
