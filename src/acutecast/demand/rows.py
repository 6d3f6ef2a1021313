"""Rows of the activity types as the plan reads them: identity, key columns and baseline sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from acutecast import streams
from acutecast.demand import columns
from acutecast.demand.columns import Column
from acutecast.facts import ACTIVITY_TYPES, AGE_GROUPS, age_group_of_age
from acutecast.provider import Provider

# The stubs of pyarrow.compute lack the functions that it makes when it is imported.
pc: Any = pyarrow.compute

# What tells two outpatient or emergency rows apart; rows equal in all of it are one row.
_IDENTITY = {
    "op": (
        "pod", "sitetret", "sex", "age", "tretspef", "tretspef_grouped", "type", "is_first",
        "has_procedures", "is_gp_ref", "is_cons_cons_ref", "group", "ndggrp", "hsagrp",
        "demog_type", "is_main_icb", "is_wla", "icb", "sushrg_trimmed", "imd_quintile",
    ),
    "aae": (
        "pod", "sitetret", "sex", "age", "acuity", "attendance_category", "is_ambulance", "group",
        "ndggrp", "hsagrp", "demog_type", "is_main_icb", "is_frequent_attender",
        "is_left_before_treatment", "is_low_cost_referred_or_discharged",
        "is_discharged_no_treatment",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """The rows of one activity type.

    Attributes:
        activity: "ip", "op" or "aae".
        table: the provider table, one row per row here.
        key: random key of each row, uint64: from `rn` for spells, from the content for the rest,
            so that rebuilt or reordered data draw the same numbers.
        columns: the columns that results can be split by.
        counts: contacts of each row by count column, int64 (rows, columns); empty for spells.
        measures: baseline of each row by measure, int64 (rows, measures).
    """

    activity: str
    table: pa.Table
    key: np.ndarray
    columns: dict[str, Column]
    counts: np.ndarray
    measures: np.ndarray

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.key)


def spell_rows(provider: Provider) -> Rows:
    """Read the inpatient spells."""
    table = provider.tables["ip"]
    key = spell_keys(table)
    days = columns.numbers(table, "speldur", np.int64)
    procedure = columns.numbers(table, "has_procedure", np.int64)
    measures = np.stack([np.ones_like(days), days + 1, procedure], axis=1)
    return Rows("ip", table, key, _key_columns("ip", table), np.zeros((len(key), 0)), measures)


def spell_keys(table: pa.Table) -> np.ndarray:
    """Give the random key of each spell from its `rn`, uint64 (n,)."""
    from acutecast.demand.keyed import row_keys_of_text

    rn = table.column("rn").cast(pa.large_string()).combine_chunks()
    if isinstance(rn, pa.ChunkedArray):
        rn = pa.concat_arrays(rn.chunks)
    _, offsets, data = rn.buffers()
    start = np.frombuffer(offsets, dtype=np.int64)[rn.offset : rn.offset + len(rn) + 1]
    return row_keys_of_text(np.frombuffer(data, dtype=np.uint8), start)


def count_rows(provider: Provider, activity: str) -> Rows:
    """Read outpatient or emergency rows, merging those that nothing tells apart."""
    spec = ACTIVITY_TYPES[activity]
    table = provider.tables[spec.table]
    key = np.zeros(table.num_rows, dtype=np.uint64)
    for name in _IDENTITY[activity]:
        if name in table.column_names:
            with np.errstate(over="ignore"):
                key += streams.mix(columns.text(table, name).keys(name))
    key, first, of_row = np.unique(streams.mix(key), return_index=True, return_inverse=True)
    counts = np.stack(
        [
            np.bincount(of_row, columns.numbers(table, name, np.float64), len(key))
            for name in spec.counts
        ],
        axis=1,
    ).astype(np.int64)
    table = table.take(pa.array(first))
    if activity == "op":
        measures = counts
    else:
        ambulance = columns.numbers(table, "is_ambulance").astype(bool)
        measures = np.stack([counts[:, 0] * ~ambulance, counts[:, 0] * ambulance], axis=1)
    return Rows(activity, table, key, _key_columns(activity, table), counts, measures)


def _key_columns(activity: str, table: pa.Table) -> dict[str, Column]:
    age = columns.numbers(table, "age")
    group_of_age = np.array([AGE_GROUPS.index(group) for group in age_group_of_age()], np.int32)
    names = ["pod", "sitetret", "sex", "age"]
    names += ["acuity", "attendance_category"] if activity == "aae" else []
    names += ["tretspef", "tretspef_grouped"] if activity != "aae" else []
    result = {name: columns.text(table, name) for name in names}
    result["age_group"] = Column(group_of_age[age], AGE_GROUPS)
    return result


def delivery(rows: Rows) -> np.ndarray:
    """Tell which spells had a delivery, (rows,)."""
    return columns.numbers(rows.table, "maternity_delivery_in_spell").astype(bool)


def stay_before_surgery(rows: Rows, days: int) -> np.ndarray:
    """Days that a pre-op TPMA of `days` can take off each spell: no stay becomes negative."""
    stay = pc.min_element_wise(rows.table.column("speldur"), days)
    return np.asarray(stay.to_numpy(), dtype=np.float64)
