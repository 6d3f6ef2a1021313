"""What the engine hands over: counts by cell, year and run, as plain arrays with labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from acutecast.errors import Problem

# Parts of a change are kept as multiples of this, so that their sum is exact in binary.
PART_UNIT = 1.0 / 1024.0


@dataclass(frozen=True)
class Cube:
    """Counts of one activity type by key columns, for some years and every run.

    Attributes:
        name: the table's name, such as "ip_full" (see `acutecast.demand.views`).
        activity: "ip", "op" or "aae".
        keys: one array of strings per key column ("pod", "sitetret", "sex", …), each with an
            entry per cell; the combination is unique.
        measures: the names of the last axis of `baseline` and `values`.
        years: the years of the first axis of `values`, ascending.
        baseline: counts in the baseline year, int64, (cells, measures).
        values: counts, int32, (years, runs, cells, measures); runs are numbered from 1.
    """

    name: str
    activity: str
    keys: Mapping[str, np.ndarray]
    measures: tuple[str, ...]
    years: tuple[int, ...]
    baseline: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Parts:
    """Parts of the change of activity, one row per part, for some years and every run.

    Attributes:
        name: "attribution" (adds up exactly) or "step_counts" (as in the NHP model).
        keys: arrays of strings, an entry per row: activity_type, pod, sitetret, measure,
            change_factor, strategy ("-" where the part is not a TPMA).
        years: the years of the first axis of `values`, ascending.
        values: float64, (years, runs, rows); in "attribution" every value is a multiple of 1/1024,
            so that sums are exact.
    """

    name: str
    keys: Mapping[str, np.ndarray]
    years: tuple[int, ...]
    values: np.ndarray


@dataclass(frozen=True)
class Draws:
    """The value that each run used of each uncertain assumption, at the horizon.

    Attributes:
        names: the assumptions' names (dotted paths), in a fixed order.
        values: float64, (runs, assumptions).
        variants: the population variant of each run, strings, (runs,).
    """

    names: tuple[str, ...]
    values: np.ndarray
    variants: np.ndarray


@dataclass(frozen=True)
class Projection:
    """Everything that one simulation produced.

    Attributes:
        cubes: the count tables by name.
        attribution: the exact parts of the change from the baseline.
        step_counts: the NHP model's isolated effects and interaction terms, horizon year only.
        draws: what each run used.
        years: the years simulated, ascending; the last is the horizon.
        runs: the number of runs.
        rows: compiled rows by activity type.
        timings: seconds by stage.
        warnings: what the user should know (rows without a matching factor, …).
    """

    cubes: Mapping[str, Cube]
    attribution: Parts
    step_counts: Parts
    draws: Draws
    years: tuple[int, ...]
    runs: int
    rows: Mapping[str, int]
    timings: Mapping[str, float]
    warnings: tuple[Problem, ...] = field(default=())
