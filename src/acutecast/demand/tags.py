"""Which TPMAs a row has: from the strategy tables (inpatients) or from flags (the others)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from acutecast import facts, streams
from acutecast.demand import columns
from acutecast.demand.layout import EFFICIENCY_KINDS, Tags
from acutecast.provider import Provider

# The stubs of pyarrow.compute lack the functions that it makes when it is imported.
pc: Any = pyarrow.compute

# Avoidance TPMAs of outpatients: key prefix, then the flags a row must and must not have.
_OUTPATIENT_AVOIDANCE = (
    ("followup_reduction", (), ("is_first", "has_procedures")),
    ("consultant_to_consultant_reduction", ("is_cons_cons_ref",), ()),
    ("gp_referred_first_attendance_reduction", ("is_gp_ref", "is_first"), ()),
)
# Avoidance TPMAs of emergency care: key prefix and flag.
_EMERGENCY_AVOIDANCE = (
    ("frequent_attenders", "is_frequent_attender"),
    ("left_before_seen", "is_left_before_treatment"),
    ("low_cost_discharged", "is_low_cost_referred_or_discharged"),
    ("discharged_no_treatment", "is_discharged_no_treatment"),
)
_GENERAL_LENGTH_OF_STAY = (
    ("general_los_reduction_elective", "1"),
    ("general_los_reduction_emergency", "2"),
)


@dataclass(frozen=True)
class Entries:
    """TPMA tags as a list: row, TPMA (index into the scenario's) and sample rate, (entries,)."""

    row: np.ndarray
    tpma: np.ndarray
    rate: np.ndarray

    @staticmethod
    def join(parts: Sequence[Entries]) -> Entries:
        """Put lists behind each other."""
        return Entries(
            np.concatenate([p.row for p in parts] or [np.zeros(0, np.int64)]).astype(np.int64),
            np.concatenate([p.tpma for p in parts] or [np.zeros(0, np.int32)]).astype(np.int32),
            np.concatenate([p.rate for p in parts] or [np.zeros(0)]).astype(np.float64),
        )


def compile_tags(entries: Entries, n_rows: int, tpmas: Sequence[str], own_kind: str = "") -> Tags:
    """Lay tags out by row; within a row by TPMA, so that the order of the file does not matter.

    Args:
        entries: the tags.
        n_rows: the number of rows.
        tpmas: the scenario's TPMAs.
        own_kind: the kind of efficiency of TPMAs that a rule set adds to the standard ones.
    """
    order = np.lexsort((entries.tpma, entries.row))
    counts = np.bincount(entries.row, minlength=n_rows)
    known = {row["key"]: row for row in facts.rows("tpmas")}
    own = {"efficiency_type": own_kind, "pre_op_days": ""}
    known |= {key: own for key in tpmas if key.startswith(facts.OWN_TPMA)}
    kind = [
        EFFICIENCY_KINDS.index(known[key]["efficiency_type"])
        if known[key]["efficiency_type"] in EFFICIENCY_KINDS
        else -1
        for key in tpmas
    ]
    return Tags(
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        tpma=entries.tpma[order].astype(np.int32),
        rate=entries.rate[order],
        tpma_key=np.array([streams.key("tpma", key) for key in tpmas], dtype=np.uint64),
        kind=np.array(kind, dtype=np.int32),
        pre_op_days=np.array([int(known[key]["pre_op_days"] or 0) for key in tpmas], np.int32),
    )


def offered(provider: Provider, tpmas: Sequence[str]) -> list[str]:
    """Give the TPMAs with "" in place of those that the records do not tell; no row has "".

    The others keep their places, so that indices stay what they are.
    """
    return ["" if key in provider.unknown else key for key in tpmas]


def spells(provider: Provider, table: str, tpmas: Sequence[str]) -> Entries:
    """Read the tags of inpatient spells for the scenario's `tpmas` from a strategies table."""
    tags = provider.tables[table]
    strategy = columns.text(tags, "strategy")
    index = {key: i for i, key in enumerate(tpmas)}
    of_category = np.array([index.get(key, -1) for key in strategy.categories], dtype=np.int32)
    tpma = of_category[strategy.codes] if len(strategy.codes) else np.zeros(0, np.int32)
    wanted = tpma >= 0
    rn = tags.column("rn").filter(pa.array(wanted)).cast(pa.string())
    row = pc.index_in(rn, value_set=provider.tables["ip"].column("rn").cast(pa.string()))
    row = pc.fill_null(row, -1).to_numpy()
    known = row >= 0
    rate = columns.numbers(tags, "sample_rate", np.float64)[wanted]
    return Entries(row[known].astype(np.int64), tpma[wanted][known], rate[known])


def general_length_of_stay(table: pa.Table, chosen: Entries, tpmas: Sequence[str]) -> Entries:
    """Tag ordinary overnight spells that no other chosen efficiency covers."""
    days = columns.numbers(table, "speldur")
    free = (days > 0) & columns.text(table, "classpat").is_in("1")
    free[chosen.row] = False
    method = columns.text(table, "admimeth")
    parts = []
    for key, first_digit in _GENERAL_LENGTH_OF_STAY:
        if key in tpmas:
            of_category = np.array([v.startswith(first_digit) for v in method.categories])
            row = np.flatnonzero(free & of_category[method.codes])
            parts.append(
                Entries(row, np.full(len(row), tpmas.index(key), np.int32), np.ones(len(row)))
            )
    return Entries.join(parts)


def _by_suffix(
    rows: np.ndarray, prefix: str, suffix: columns.Column, tpmas: Sequence[str]
) -> Entries:
    """Tag `rows` with the TPMA `prefix_suffix` where the scenario has it."""
    index = {key: i for i, key in enumerate(tpmas)}
    of_category = np.array(
        [index.get(f"{prefix}_{value}", -1) for value in suffix.categories], dtype=np.int32
    )
    row = np.flatnonzero(rows)
    tpma = of_category[suffix.codes[row]]
    row, tpma = row[tpma >= 0], tpma[tpma >= 0]
    return Entries(row, tpma, np.ones(len(row)))


def outpatients(table: pa.Table, tpmas: Sequence[str]) -> Entries:
    """Tag outpatient rows with avoidance TPMAs by their flags and type."""
    kind = columns.text(table, "type")
    parts = []
    for prefix, required, forbidden in _OUTPATIENT_AVOIDANCE:
        rows = np.ones(table.num_rows, dtype=bool)
        for flag in required:
            rows &= columns.numbers(table, flag).astype(bool)
        for flag in forbidden:
            rows &= ~columns.numbers(table, flag).astype(bool)
        parts.append(_by_suffix(rows, prefix, kind, tpmas))
    return Entries.join(parts)


def tele_attendances(table: pa.Table, tpmas: Sequence[str]) -> np.ndarray:
    """Give each outpatient row's tele TPMA (index into `tpmas`), -1 for none; int32 (rows,)."""
    rows = ~columns.numbers(table, "has_procedures").astype(bool)
    entries = _by_suffix(rows, "convert_to_tele", columns.text(table, "type"), tpmas)
    tele = np.full(table.num_rows, -1, dtype=np.int32)
    tele[entries.row] = entries.tpma
    return tele


def emergency(table: pa.Table, tpmas: Sequence[str]) -> Entries:
    """Tag emergency rows with avoidance TPMAs by their flags, age and way of arrival."""
    group = columns.text(table, "hsagrp").map(lambda value: value.removeprefix("aae_"))
    return Entries.join(
        [
            _by_suffix(columns.numbers(table, flag).astype(bool), prefix, group, tpmas)
            for prefix, flag in _EMERGENCY_AVOIDANCE
        ]
    )
