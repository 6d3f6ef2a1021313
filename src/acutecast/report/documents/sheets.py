"""One sheet of the workbook: a table whose columns stand in the dictionary; and its labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acutecast.facts import SEXES, pod_labels
from acutecast.facts.specialties import specialty_group
from acutecast.report.charts import financial_year
from acutecast.report.views.asked import ACTIVITY_LABELS, specialty_label
from acutecast.report.views.emergency import category_label
from acutecast.report.views.parts import factor_label, tpma_facts, tpma_label
from acutecast.report.views.summary import COUNTED

if TYPE_CHECKING:
    import polars

GROUPS = ("About", "Activity", "What drives it", "Capacity", "Comparison")
ALL_PODS = "all"


@dataclass(frozen=True)
class Sheet:
    """One sheet.

    Attributes:
        name: on its tab; at most 31 characters.
        group: which part of the workbook it belongs to, one of `GROUPS`.
        title: what it is, with the years.
        words: what a row is and how to read it.
        table: its cells; the columns are keys of the dictionary, in order.
    """

    name: str
    group: str
    title: str
    words: str
    table: polars.DataFrame


def _named(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda code: names.get(code, code)


_LABELS: tuple[tuple[str, str, Callable[..., str]], ...] = (
    ("activity_type", "activity", _named(ACTIVITY_LABELS)),
    ("pod", "pod_label", lambda code: pod_labels().get(code, "All of these")),
    ("measure", "counted", _named(COUNTED)),
    ("sex", "sex_label", _named({str(code): label for code, label in SEXES.items()})),
    ("tretspef_grouped", "specialty", specialty_label),
    ("tretspef", "specialty", lambda code: specialty_label(specialty_group(code))),
    ("tretspef", "tretspef_grouped", specialty_group),
    ("attendance_category", "category", category_label),
    ("change_factor", "factor", factor_label),
    ("strategy", "tpma", tpma_label),
    ("strategy", "tpma_code", lambda key: tpma_facts().get(key, {}).get("code", "")),
    ("year", "financial_year", financial_year),
)
"""A label beside a code: the column of codes, that of labels, and the label of a code."""


def labelled(table: polars.DataFrame) -> polars.DataFrame:
    """Add to codes what they are called, in columns of their own; ages become numbers."""
    import polars as pl

    made = []
    for column, label, name_of in _LABELS:
        if column in table.columns:
            names = {code: name_of(code) for code in table[column].unique().to_list()}
            made.append(pl.col(column).replace_strict(names, return_dtype=pl.String).alias(label))
    if "age" in table.columns:
        made.append(pl.col("age").cast(pl.Int32))
    return table.with_columns(made)


def in_order(table: polars.DataFrame, columns: Sequence[str]) -> polars.DataFrame:
    """Give the wanted columns that a table has."""
    return table.select([name for name in columns if name in table.columns])
