"""How precise the headline figures of a run are, and how many runs a wanted precision takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acutecast.errors import AcutecastError, Problem
from acutecast.facts import pod_labels
from acutecast.results.convergence import (
    runs_for,
    standard_error_of_mean,
    standard_error_of_quantile,
)
from acutecast.results.summary import INTERVAL, MEASURE_LABELS, quantile_name, quantiles

if TYPE_CHECKING:
    import polars

    from acutecast.results import Run

DEFAULT_PRECISION = 0.005
# A figure below this share of its measure's total is too small to hold everything up.
_LEAST_SHARE = 0.01


def precision(
    run: Run, wanted: float = DEFAULT_PRECISION, interval: tuple[float, float] = INTERVAL
) -> polars.DataFrame:
    """Give the standard error of every headline figure, and the runs that a precision takes.

    Args:
        run: a stored run.
        wanted: largest relative standard error of a mean, such as 0.005.
        interval: the ends of the prediction interval.

    Returns:
        A row per pod and measure and one per measure in all (pod "all"), at the horizon: `figure`,
        `pod`, `measure`, `mean`, `standard_error` of it and `relative_error`, the ends of the
        interval with the error of each (`p10_error`, …), `runs_for_precision`, and `counts`:
        whether the figure is large enough to decide how many runs are done.

    Raises:
        AcutecastError: where `wanted` is not above 0.
    """
    import polars as pl

    measures = tuple(MEASURE_LABELS)
    by_pod = run.values(measures, by=("pod", "measure"))
    whole = run.values(measures, by=("measure",))
    pods = [*by_pod.keys["pod"], *["all"] * len(whole.keys["measure"])]
    names = [*by_pod.keys["measure"], *whole.keys["measure"]]
    values = np.concatenate([by_pod.values[:, 0], whole.values[:, 0]]).astype(float)
    mean, error = values.mean(axis=1), standard_error_of_mean(values)
    total = dict(zip(whole.keys["measure"], whole.values[:, 0].mean(axis=1), strict=True))
    labels = pod_labels()
    frame = {
        "figure": [
            f"{labels.get(pod, 'All')}, {MEASURE_LABELS[name].lower()}"
            for pod, name in zip(pods, names, strict=True)
        ],
        "pod": pods,
        "measure": names,
        "mean": mean,
        "standard_error": error,
        "relative_error": np.divide(error, mean, out=np.zeros_like(mean), where=mean > 0),
    }
    for q, value in zip(interval, quantiles(values, interval), strict=True):
        frame[quantile_name(q)] = value
        frame[f"{quantile_name(q)}_error"] = standard_error_of_quantile(values, q)
    frame["runs_for_precision"] = runs_for(values, wanted)
    frame["counts"] = [
        bool(m >= _LEAST_SHARE * total[name] and m > 0) for m, name in zip(mean, names, strict=True)
    ]
    return pl.DataFrame(frame).filter(pl.col("mean") > 0)


def runs_needed(run: Run, wanted: float) -> int:
    """Give how many runs bring every figure that counts to a precision.

    Raises:
        AcutecastError: where the run has one model run only, of which nothing is known.
    """
    import polars as pl

    table = precision(run, wanted).filter(pl.col("counts"))
    most = float(table["runs_for_precision"].to_numpy().max())
    if not np.isfinite(most):
        raise AcutecastError(
            Problem("one model run says nothing of precision", run.path, remedy="Do at least 2.")
        )
    return int(most)
