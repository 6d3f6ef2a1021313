"""Health status adjustment: activity at the age as which people use hospitals.

How many years younger people will be is `acutecast.population.health_status`; here it becomes a
factor of activity, by the provider's activity per head at each age.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from acutecast.compute.compiling import kernel
from acutecast.demand import columns
from acutecast.population.health_status import FIRST_AGE, Younger

__all__ = ["FIRST_AGE", "HealthStatus", "activity_by_age", "health_factors"]


@dataclass(frozen=True)
class HealthStatus:
    """What the kernel needs to adjust for health status.

    Attributes:
        groups: the health groups (`hsagrp`) that have an activity table.
        activity: activity per head, (groups, 2, ages 0-100).
        younger: by how many years, run by run.
    """

    groups: tuple[str, ...]
    activity: np.ndarray
    younger: Younger

    def of_run(self, run: int) -> np.ndarray:
        """Give one run's factors, (groups, sexes, ages 55-90, Y)."""
        shift, by_age = self.younger.of_run(run)
        rebase = self.younger.rebase
        result = np.empty((len(self.groups), 2, rebase.shape[1], len(shift)))
        health_factors(shift, by_age, rebase, self.activity, result)
        return result


def activity_by_age(table: pa.Table) -> tuple[tuple[str, ...], np.ndarray]:
    """Read `hsa_activity_tables`: the groups, and activity per head (groups, 2, ages 0-100)."""
    group = columns.text(table, "hsagrp")
    groups = tuple(sorted(set(group.categories)))
    index = np.array([groups.index(value) for value in group.categories], dtype=np.int32)
    age = columns.numbers(table, "age")
    # A group or sex without a table keeps zero activity, which the kernel takes as factor 1.
    activity = np.zeros((len(groups), 2, 101))
    inside = (age >= 0) & (age <= 100)
    activity[index[group.codes][inside], columns.numbers(table, "sex")[inside] - 1, age[inside]] = (
        columns.numbers(table, "activity", np.float64)[inside]
    )
    return groups, activity


@kernel
def health_factors(
    shift: np.ndarray,
    by_age: np.ndarray,
    rebase: np.ndarray,
    activity: np.ndarray,
    out: np.ndarray,
) -> None:
    """Factor of activity by health group, sex, age and year in one run.

    The factor is activity(a - shift × relative gain(a) + rebase(a)) / activity(a), linear between
    whole ages, never below 0; see `acutecast.population.health_status`.

    Args:
        shift: years of age at 65 gained in this run, (Y, 2).
        by_age: gain relative to that at 65, (2, ages 55-90).
        rebase: years of age already gained at the baseline, (2, ages).
        activity: activity per head by group, sex and age 0-100, (groups, 2, 101).
        out: factors, (groups, 2, ages, Y).
    """
    n_groups, _, n_ages, n_years = out.shape
    for g in range(n_groups):
        for s in range(2):
            for j in range(n_ages):
                own = activity[g, s, 55 + j]
                for y in range(n_years):
                    age = 55 + j - shift[y, s] * by_age[s, j] + rebase[s, j]
                    age = min(max(age, 0.0), 100.0)
                    low = min(int(age), 99)
                    weight = age - low
                    level = (1.0 - weight) * activity[g, s, low] + weight * activity[g, s, low + 1]
                    out[g, s, j, y] = max(level / own, 0.0) if own > 0.0 else 1.0
