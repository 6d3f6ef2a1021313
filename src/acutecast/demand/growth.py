"""Growth steps before any TPMA: which factor each row has, by class, run and year.

Rows fall into two sets of classes. Class a is what a person is (way of growing with population,
sex, age, health group); class b is the combination of assumptions of the other steps. A row's
growth is the product of its two classes' factors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from acutecast.demand import columns
from acutecast.demand.columns import Column
from acutecast.demand.layout import STEPS_OF_ACTIVITY
from acutecast.errors import Problem
from acutecast.facts import MAX_AGE

DEMOGRAPHICS, BIRTHS, OTHER = 0, 1, 2
_WAYS = {"demographics": DEMOGRAPHICS, "births": BIRTHS}
_YEAR_ON_YEAR = "non-demographic_adjustment"


@dataclass(frozen=True)
class PeopleClasses:
    """Classes a: distinct (way, sex, age, health group).

    Attributes:
        way: DEMOGRAPHICS, BIRTHS or OTHER, (classes,).
        sex: 1 or 2, (classes,).
        age: 0 to 90, (classes,).
        health_group: index into the activity tables, -1 for none, (classes,).
        of_row: class of each row, int32.
    """

    way: np.ndarray
    sex: np.ndarray
    age: np.ndarray
    health_group: np.ndarray
    of_row: np.ndarray


def people_classes(table: pa.Table, health_groups: Sequence[str]) -> PeopleClasses:
    """Group the rows of an activity table by what their people are."""
    demog_type = columns.text(table, "demog_type")
    # The type is named: a table without rows has no categories to take it from.
    ways = [_WAYS.get(value, OTHER) for value in demog_type.categories]
    way = np.array(ways, np.int64)[demog_type.codes]
    group = columns.text(table, "hsagrp")
    index = {name: i for i, name in enumerate(health_groups)}
    healths = [index.get(value, -1) for value in group.categories]
    health = np.array(healths, np.int64)[group.codes]
    sex = columns.numbers(table, "sex", np.int64)
    age = columns.numbers(table, "age", np.int64)
    width = len(index) + 1
    flat = ((way * 2 + sex - 1) * (MAX_AGE + 1) + age) * width + health + 1
    distinct, of_row = np.unique(flat, return_inverse=True)
    rest, health_group = np.divmod(distinct, width)
    rest, class_age = np.divmod(rest, MAX_AGE + 1)
    class_way, class_sex = np.divmod(rest, 2)
    return PeopleClasses(
        class_way, class_sex + 1, class_age, health_group - 1, of_row.astype(np.int32)
    )


def growth_of(classes: PeopleClasses, growth: np.ndarray) -> np.ndarray:
    """Give the growth of each class's population or births.

    Args:
        classes: classes a.
        growth: (…, 2 ways, 2 sexes, ages 0-90, Y), see `people.factors`.

    Returns:
        (…, classes, Y), 1 where a class has no match.
    """
    way = np.minimum(classes.way, BIRTHS)
    found = growth[..., way, classes.sex - 1, classes.age, :]
    matched = np.isfinite(found) & (classes.way != OTHER)[:, None]
    return np.where(matched, found, 1.0)


def rows_without(classes: PeopleClasses, growth: np.ndarray) -> int:
    """Count the rows whose way, sex and age the tables do not have.

    Args:
        classes: classes a.
        growth: of one variant, (2 ways, 2, ages, Y).
    """
    way = np.minimum(classes.way, BIRTHS)
    missing = np.isnan(growth[way, classes.sex - 1, classes.age, 0]) & (classes.way != OTHER)
    return int(np.isin(classes.of_row, np.flatnonzero(missing)).sum())


class ActivityClasses:
    """Classes b: distinct combinations of the assumptions of the steps after health status.

    Attributes:
        assumption: index into the scenario's assumptions by step and class, -1 where the step
            leaves the class alone; the last step (inequalities) indexes `inequality` instead;
            (steps, classes).
        inequality: distinct inequality factors.
        of_row: class of each row, int32.
    """

    def __init__(
        self,
        activity: str,
        table: pa.Table,
        index: dict[str, int],
        inequalities: dict[tuple[str, str, str], float],
    ) -> None:
        n = table.num_rows
        none = np.full(n, -1, dtype=np.int64)
        group = columns.text(table, "group")
        grown = columns.text(table, "ndggrp")
        specialty = columns.text(table, "tretspef_grouped")
        main_icb = columns.numbers(table, "is_main_icb").astype(bool)
        by_group = {"ip": (group, specialty), "op": (specialty,), "aae": (group,)}[activity]
        adjusted = (group, specialty) if activity != "aae" else (group,)
        local = _find(index, f"repat_local.{activity}", by_group, n)
        other = _find(index, f"repat_nonlocal.{activity}", by_group, n)
        waiting = none
        if activity != "aae":
            listed = columns.numbers(table, "is_wla").astype(bool)
            found = _find(index, f"waiting_list_adjustment.{activity}", (specialty,), n)
            waiting = np.where(listed, found, -1)
        self.inequality, unequal = _inequality_rows(activity, table, group, inequalities)
        steps = {
            "expat": _find(index, f"expat.{activity}", by_group, n),
            "repat_local": np.where(main_icb, local, -1),
            "repat_nonlocal": np.where(main_icb, -1, other),
            "waiting_list_adjustment": waiting,
            "baseline_adjustment": _find(index, f"baseline_adjustment.{activity}", adjusted, n),
            _YEAR_ON_YEAR: _find(index, f"{_YEAR_ON_YEAR}.{activity}", (grown,), n),
            "inequalities": unequal,
        }
        flat = np.zeros(n, dtype=np.int64)
        for name in STEPS_OF_ACTIVITY:
            _, codes = np.unique(steps[name], return_inverse=True)
            flat = np.unique(flat * (codes.max(initial=0) + 1) + codes, return_inverse=True)[1]
        _, first, of_row = np.unique(flat, return_index=True, return_inverse=True)
        self.assumption = np.stack([steps[name][first] for name in STEPS_OF_ACTIVITY])
        self.of_row = of_row.astype(np.int32)

    def factors(self, values: np.ndarray, inequality_weight: np.ndarray) -> np.ndarray:
        """Give the factor of each step, class and year in one run, (steps, classes, Y).

        Args:
            values: factor of each assumption, (assumptions, Y).
            inequality_weight: share of the inequality effect reached by year, (Y,).
        """
        ones = np.ones((1, values.shape[1]))
        unequal = 1.0 + (self.inequality[:, None] - 1.0) * inequality_weight
        stated = np.concatenate([values, ones])[self.assumption[:-1]]
        return np.concatenate([stated, np.concatenate([unequal, ones])[self.assumption[-1:]]])


def _find(index: dict[str, int], prefix: str, by: Sequence[Column], n: int) -> np.ndarray:
    """Index of the assumption `prefix.<value of each column>` of every row, -1 where none."""
    if not any(name.startswith(prefix + ".") for name in index):
        return np.full(n, -1, dtype=np.int64)
    names = [prefix]
    flat = np.zeros(n, dtype=np.int64)
    for column in by:
        names = [f"{name}.{value}" for name in names for value in column.categories]
        flat = flat * len(column.categories) + column.codes
    return np.array([index.get(name, -1) for name in names], dtype=np.int64)[flat]


def _inequality_rows(
    activity: str,
    table: pa.Table,
    group: Column,
    factors: dict[tuple[str, str, str], float],
) -> tuple[np.ndarray, np.ndarray]:
    """Distinct inequality factors and their index for every row, -1 where none applies."""
    n = table.num_rows
    applies_to = {"ip": "elective", "op": "procedure"}.get(activity)
    needed = ("icb", "sushrg_trimmed", "imd_quintile")
    if not factors or applies_to is None or not set(needed) <= set(table.column_names):
        return np.ones(0), np.full(n, -1, dtype=np.int64)
    index = {key: i for i, key in enumerate(factors)}
    number, values = columns.combinations([columns.text(table, name) for name in needed])
    of_combination = np.array(
        [index.get((a, b, c), -1) for a, b, c in zip(*values, strict=True)], dtype=np.int64
    )
    rows = np.where(group.is_in(applies_to), of_combination[number], -1)
    return np.array(list(factors.values())), rows


def inequality_factors(
    table: pa.Table, chosen: dict[str, Sequence[str]]
) -> tuple[dict[tuple[str, str, str], float], list[Problem]]:
    """Read the factors of the HRGs that the scenario levels.

    Args:
        table: `inequalities` of the provider.
        chosen: HRGs by way: "level_up", "zero_sum", "level_down".

    Returns:
        Factor by (ICB, HRG, deprivation quintile); and a warning for each HRG without any.
    """
    way_of = {hrg: way for way, hrgs in chosen.items() for hrg in hrgs}
    if not way_of:
        return {}, []
    found: dict[tuple[str, str, str], float] = {}
    wanted = [*("icb", "sushrg_trimmed", "imd_quintile"), "level_up", "zero_sum", "level_down"]
    for row in table.select(wanted).to_pylist():
        way = way_of.get(str(row["sushrg_trimmed"]))
        if way and row[way] is not None and row["imd_quintile"] is not None:
            key = (str(row["icb"]), str(row["sushrg_trimmed"]), str(int(row["imd_quintile"])))
            found[key] = float(row[way])
    missing = sorted(set(way_of) - {hrg for _, hrg, _ in found})
    warnings = [
        Problem(
            f"HRG {hrg} has no inequality factors in the data, so it changes nothing",
            where=f"inequalities.{way_of[hrg]}",
            remedy="Choose an HRG that the inequalities table lists.",
            warning=True,
        )
        for hrg in missing
    ]
    return found, warnings
