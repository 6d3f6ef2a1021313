"""Summaries as pure functions on arrays.

The one rule: sum over the selection inside each run first, then take the mean and the quantiles.
Quantiles are never added. Arrays here are already sums of a selection; the last axis is runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acutecast.facts import pod_labels

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

INTERVAL = (0.1, 0.9)
MEASURE_LABELS = {
    "admissions": "Admissions",
    "beddays": "Bed days",
    "attendances": "Attendances",
    "tele_attendances": "Tele-attendances",
    "arrivals": "Arrivals",
}


@dataclass(frozen=True)
class Values:
    """What each run gave for each group and year.

    Attributes:
        keys: one array of strings per asked column, an entry per group, in display order.
        years: the years of the second axis of `values`.
        baseline: counts in the baseline year, int64, (groups,); -1 where suppressed.
        values: int64, (groups, years, runs).
    """

    keys: Mapping[str, np.ndarray]
    years: tuple[int, ...]
    baseline: np.ndarray
    values: np.ndarray


def principal(values: np.ndarray) -> np.ndarray:
    """Give the principal projection: the mean over runs (last axis)."""
    return values.mean(axis=-1)


def quantiles(values: np.ndarray, at: tuple[float, ...]) -> np.ndarray:
    """Give quantiles over runs (last axis) by linear interpolation, as R's type 7.

    Returns:
        (quantiles, …) for values (…, runs).
    """
    return np.quantile(values, at, axis=-1, method="linear")


def quantile_name(at: float) -> str:
    """Give the column name of a quantile: "p10" for 0.1, "median" for 0.5."""
    return "median" if at == 0.5 else f"p{100 * at:g}"


def summary_frame(values: Values, interval: tuple[float, float] = INTERVAL) -> polars.DataFrame:
    """Summarise over runs: a row per group and year.

    Returns:
        The group columns, `year`, `baseline`, `mean` (the principal projection), the lower end of
        the interval (`p10`), `median`, the upper end (`p90`), `change` (mean less baseline) and
        `change_pct` (of the baseline, in percent; empty where the baseline is 0).
    """
    import polars as pl

    n_groups, n_years = values.values.shape[:2]
    low, high = interval
    at = (low, 0.5, high)
    mean = principal(values.values).ravel()
    baseline = np.repeat(values.baseline, n_years)
    columns = {name: np.repeat(labels, n_years) for name, labels in values.keys.items()}
    frame = {name: pl.Series(name, labels.tolist(), pl.String) for name, labels in columns.items()}
    frame["year"] = pl.Series("year", np.tile(np.asarray(values.years, np.int32), n_groups))
    frame["baseline"] = pl.Series("baseline", baseline)
    frame["mean"] = pl.Series("mean", mean)
    for name, value in zip(map(quantile_name, at), quantiles(values.values, at), strict=True):
        frame[name] = pl.Series(name, value.ravel())
    shown = pl.when(pl.col("baseline") >= 0).then(pl.col("baseline"))
    change = pl.col("mean") - pl.col("baseline")
    return (
        pl.DataFrame(frame)
        .with_columns(shown.alias("baseline"))
        .with_columns(change.alias("change"))
        .with_columns(
            pl.when(pl.col("baseline") > 0)
            .then(100 * pl.col("change") / pl.col("baseline"))
            .alias("change_pct")
        )
    )


def headline(run: Run) -> polars.DataFrame:
    """Give the main measures by point of delivery at the horizon.

    Returns:
        `pod`, `measure`, their labels `point of delivery` and `counted`, `year`, `baseline`,
        `principal`, `change`, `change_pct`, `p10`, `p90`; rows that are zero throughout are left
        out.
    """
    import polars as pl

    table = run.summary(by=("pod", "measure"), measures=tuple(MEASURE_LABELS))
    return table.filter((pl.col("baseline") != 0).fill_null(True) | (pl.col("mean") > 0)).select(
        "pod",
        "measure",
        pl.col("pod").replace(pod_labels()).alias("point of delivery"),
        pl.col("measure").replace(MEASURE_LABELS).alias("counted"),
        "year",
        "baseline",
        pl.col("mean").alias("principal"),
        "change",
        "change_pct",
        "p10",
        "p90",
    )
