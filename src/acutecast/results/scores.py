"""How good a projection was, once the truth is known: scores for back-tests.

Pure functions on arrays. The last axis of `values` is runs; `truth` has the other axes: a case each
(a provider, a year, a point of delivery…). Scores of cases on one scale can be averaged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acutecast.errors import Problem, raise_if_any
from acutecast.results.summary import INTERVAL, principal, quantiles


def bias(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give the principal projection (the mean of the runs) less the truth.

    Args:
        values: (…, runs).
        truth: (…,).

    Returns:
        float64, (…,); above 0 where the projection was too high.

    Raises:
        AcutecastError: where shapes do not fit, or values are missing or infinite.
    """
    values, truth = _checked(values, truth)
    return principal(values) - truth


def bias_pct(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give the bias in percent of the size of the truth; not a number where the truth is 0.

    Args:
        values: (…, runs).
        truth: (…,).

    Raises:
        AcutecastError: as `bias`.
    """
    values, truth = _checked(values, truth)
    percent = np.full(truth.shape, np.nan)
    return np.divide(100 * (principal(values) - truth), np.abs(truth), percent, where=truth != 0)


def coverage(
    values: np.ndarray, truth: np.ndarray, interval: tuple[float, float] = INTERVAL
) -> float:
    """Give the share of cases in which the truth lies in the prediction interval, ends included.

    A calibrated P10-P90 interval has about 0.8. Fewer: the projection is too sure of itself.

    Args:
        values: (…, runs).
        truth: (…,).
        interval: the quantiles at the ends of the interval.

    Raises:
        AcutecastError: as `bias`, and where there is no case or the interval is reversed.
    """
    problems = []
    low, high = interval
    if not 0 <= low < high <= 1:
        what = f"runs from {low:g} to {high:g}"
        problems.append(Problem(what, "interval", remedy="Give 0 <= low < high <= 1."))
    if np.size(truth) == 0:
        problems.append(Problem("there are no cases", "truth"))
    values, truth = _checked(values, truth, problems)
    ends = quantiles(values, (low, high))
    return float(((ends[0] <= truth) & (truth <= ends[1])).mean())


def crps(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give the continuous ranked probability score of the runs as an ensemble; 0 is perfect.

    The integral of (F(x) - 1[x >= truth])² over x, where F is the share of runs up to x; equally
    E|X - truth| - E|X - X'| / 2 (Hersbach 2000, Weather and Forecasting 15: 559-570; Gneiting and
    Raftery 2007, doi 10.1198/016214506000001437). The second mean, over all pairs of runs, is a
    weighted sum of the sorted runs: n log n steps. In the unit of the values; for a single run,
    the absolute error.

    Args:
        values: (…, runs).
        truth: (…,).

    Returns:
        float64, (…,).

    Raises:
        AcutecastError: as `bias`.
    """
    values, truth = _checked(values, truth)
    runs = values.shape[-1]
    ordered = np.sort(values - truth[..., None], axis=-1)
    weights = (2.0 * np.arange(runs) - runs + 1) / runs**2
    # The weights add up to 0, so that the pairs may be measured from the smallest run.
    return np.abs(ordered).mean(axis=-1) - (ordered - ordered[..., :1]) @ weights


def crps_skill(values: np.ndarray, truth: np.ndarray, persistence: np.ndarray) -> float:
    """Give by how much the projection beats the forecast that nothing changes.

    1 - (mean CRPS) / (mean CRPS of persistence), over all cases. Persistence has one value a case,
    so its CRPS is its absolute error.

    Args:
        values: (…, runs).
        truth: (…,).
        persistence: the last value known when the projection was made, (…,).

    Returns:
        1 for a perfect projection, 0 for one as good as persistence, below 0 for a worse one. Where
        persistence was perfect: 0 if the projection was too, otherwise minus infinity.

    Raises:
        AcutecastError: as `bias`, and where there is no case or `persistence` does not fit.
    """
    last = np.asarray(persistence, dtype=float)
    problems = _misfits(last, "persistence", np.shape(truth))
    if np.size(truth) == 0:
        problems.append(Problem("there are no cases", "truth"))
    values, truth = _checked(values, truth, problems)
    ours, theirs = float(crps(values, truth).mean()), float(np.abs(last - truth).mean())
    if theirs == 0:
        return 0.0 if ours == 0 else -np.inf
    return 1 - ours / theirs


def pit(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give where the truth falls among the runs: the probability integral transform.

    The share of runs below the truth and half of those equal to it (the mid-distribution form for
    counts, with which nothing is random). Over many cases it is about uniform if the projection is
    calibrated; a hump in the middle is too wide, a U too narrow, a slope biased.

    Args:
        values: (…, runs).
        truth: (…,).

    Returns:
        float64 from 0 to 1, (…,).

    Raises:
        AcutecastError: as `bias`.
    """
    values, truth = _checked(values, truth)
    below, same = values < truth[..., None], values == truth[..., None]
    return below.mean(axis=-1) + same.mean(axis=-1) / 2


def _checked(
    values: np.ndarray, truth: np.ndarray, problems: Sequence[Problem] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Give values and truth as float64 of fitting shapes, or raise all `problems` and more."""
    values, truth = np.asarray(values, dtype=float), np.asarray(truth, dtype=float)
    problems = list(problems)
    if values.ndim == 0 or values.shape[-1] == 0:
        remedy = "The last axis is runs, at least one."
        problems.append(Problem("there are no runs", "values", remedy=remedy))
    missing = int((~np.isfinite(values)).sum())
    if missing:
        problems.append(Problem("values are missing or infinite", "values", missing))
    problems += _misfits(truth, "truth", values.shape[:-1])
    raise_if_any(problems, "The projection cannot be scored")
    return values, truth


def _misfits(given: np.ndarray, where: str, shape: tuple[int, ...]) -> list[Problem]:
    """Give what is wrong with one value per case."""
    problems = []
    if given.shape != shape:
        what = f"has shape {given.shape}, and should be {shape}"
        problems.append(Problem(what, where, remedy="Give one value per case."))
    missing = int((~np.isfinite(given)).sum())
    if missing:
        remedy = "Leave out cases that are not known."
        problems.append(Problem("values are missing or infinite", where, missing, remedy=remedy))
    return problems
