"""A provider without what totals by point of delivery do not need, which compiles faster.

Sites, exact specialties, acuity and the like split results and change no sum. Without them many
outpatient and emergency rows are the same, and are put together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from acutecast.facts import ACTIVITY_TYPES
from acutecast.provider import Provider

# What the growth steps and TPMAs of a row depend on.
_NEEDED = {
    "op": (
        "pod", "sex", "age", "tretspef_grouped", "type", "is_first", "has_procedures",
        "is_gp_ref", "is_cons_cons_ref", "group", "ndggrp", "hsagrp", "demog_type",
        "is_main_icb", "is_wla",
    ),
    "aae": (
        "pod", "sex", "age", "is_ambulance", "group", "ndggrp", "hsagrp", "demog_type",
        "is_main_icb", "is_frequent_attender", "is_left_before_treatment",
        "is_low_cost_referred_or_discharged", "is_discharged_no_treatment",
    ),
}  # fmt: skip
_FOR_INEQUALITIES = ("icb", "sushrg_trimmed", "imd_quintile")
_SPLITS = {
    "ip": ("sitetret", "tretspef"),
    "op": ("sitetret", "tretspef"),
    "aae": ("sitetret", "tretspef_grouped", "acuity", "attendance_category"),
}
_ALL = "all"


def light(provider: Provider, unequal: bool) -> Provider:
    """Give a provider whose totals by point of delivery are those of `provider`.

    Args:
        provider: a checked provider.
        unequal: whether the scenario brings inequalities together, which depends on more columns.
    """
    tables = dict(provider.tables)
    tables["ip"] = _without_splits(tables["ip"], _SPLITS["ip"])
    for activity, needed in _NEEDED.items():
        table = tables[activity]
        more = [c for c in _FOR_INEQUALITIES if c in table.column_names] if unequal else []
        merged = _merged(table, (*needed, *more), ACTIVITY_TYPES[activity].counts)
        tables[activity] = _without_splits(merged, _SPLITS[activity])
    return replace(provider, tables=tables)


def _merged(table: pa.Table, keys: Sequence[str], counts: Sequence[str]) -> pa.Table:
    """Put rows that agree in `keys` together and add their counts."""
    kept = table.select([*keys, *counts]).unify_dictionaries().combine_chunks()
    made: Any = kept.group_by(list(keys)).aggregate([(name, "sum") for name in counts])
    return made.select([*keys, *(f"{name}_sum" for name in counts)]).rename_columns(
        [*keys, *counts]
    )


def _without_splits(table: pa.Table, names: Sequence[str]) -> pa.Table:
    codes = pa.array([0] * table.num_rows, pa.int32())
    same = pa.DictionaryArray.from_arrays(codes, pa.array([_ALL]))
    for name in names:
        if name in table.column_names:
            table = table.set_column(table.schema.get_field_index(name), name, same)
        else:
            table = table.append_column(name, same)
    return table
