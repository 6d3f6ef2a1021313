"""How precise an answer is for the number of runs behind it; pure functions on arrays.

The last axis of all `values` is runs, which are independent draws. A standard error here is the
error of *simulating* a finite number of runs; it says nothing of whether the assumptions are right.
"""

from __future__ import annotations

import math

import numpy as np

from acutecast.errors import AcutecastError, Problem

_NODES = 16


def standard_error_of_mean(values: np.ndarray) -> np.ndarray:
    """Give the standard error of the mean over runs: s / sqrt(runs).

    Args:
        values: (…, runs).

    Returns:
        float64, (…,); infinite for a single run, of which nothing is known.

    Raises:
        AcutecastError: where there are no runs, or values are missing or infinite.
    """
    values = _checked(values)
    runs = values.shape[-1]
    if runs == 1:
        return np.full(values.shape[:-1], np.inf)
    return _deviation(values) / math.sqrt(runs)


def standard_error_of_quantile(values: np.ndarray, q: float) -> np.ndarray:
    """Give the standard error of a quantile over runs, from the order statistics.

    The method of Maritz and Jarrett (1978, doi 10.1080/01621459.1978.10480027). The j-th smallest
    of n runs has the j-th smallest of n uniforms as its probability, which is Beta(j, n - j + 1)
    distributed; so the quantile falls on the i-th smallest value with weight

        w_i = integral of the density of Beta(j, n - j + 1) from (i - 1) / n to i / n,

    and the variance of the quantile is that of the sorted values under these weights. There are no
    resamples, and no density to estimate. Here j = 1 + (n - 1) q, the place (not always whole) that
    the quantiles of `acutecast.results.summary` (R's type 7) read.

    Args:
        values: (…, runs).
        q: the quantile, from 0 to 1.

    Returns:
        float64, (…,); infinite for a single run.

    Raises:
        AcutecastError: as `standard_error_of_mean`, and where `q` is not from 0 to 1.
    """
    if not 0 <= q <= 1:
        raise AcutecastError(Problem(f"is {q:g}", "q", remedy="Give a quantile from 0 to 1."))
    values = _checked(values)
    runs = values.shape[-1]
    if runs == 1:
        return np.full(values.shape[:-1], np.inf)
    weights = _order_weights(runs, q)
    # Less the smallest value, so that large counts with a small spread keep their digits.
    ordered = np.sort(values, axis=-1)
    ordered -= ordered[..., :1].copy()
    mean = ordered @ weights
    return np.sqrt(((ordered - mean[..., None]) ** 2) @ weights)


def runs_for(values: np.ndarray, precision: float) -> np.ndarray:
    """Give how many runs make the standard error of the mean at most `precision` times the mean.

    n = (s / (precision × |mean|))², rounded up, with s the standard deviation over the runs there
    are. So it is an estimate, and a rough one where they are few.

    Args:
        values: (…, runs).
        precision: the largest relative standard error wanted, such as 0.001.

    Returns:
        Whole numbers in float64, (…,): runs in all, those there are included. 1 where the values
        are constant (zero throughout, for example), so that no more are needed; infinite where
        they are not but have mean 0, and where there is only one run.

    Raises:
        AcutecastError: as `standard_error_of_mean`, and where `precision` is not above 0.
    """
    _check_precision(precision)
    values = _checked(values)
    mean = np.abs(values.mean(axis=-1))
    if values.shape[-1] == 1:
        return np.full(mean.shape, np.inf)
    deviation = _deviation(values)
    needed = np.full(mean.shape, np.inf)
    np.divide(deviation, precision * mean, out=needed, where=mean > 0)
    # Rounding must not ask for a run more than is needed.
    needed = np.maximum(np.ceil(needed**2 * (1 - 1e-12)), 1)
    return np.where(deviation == 0, 1.0, needed)


def precise_enough(values: np.ndarray, precision: float) -> np.ndarray:
    """Tell whether the standard error of the mean is at most `precision` times the mean.

    Args:
        values: (…, runs).
        precision: the largest relative standard error wanted.

    Returns:
        bool, (…,): True where `runs_for` is no more than the runs there are.

    Raises:
        AcutecastError: as `runs_for`.
    """
    return runs_for(values, precision) <= np.shape(values)[-1]


def _deviation(values: np.ndarray) -> np.ndarray:
    """Give the standard deviation over runs; exactly 0 where all are the same."""
    return np.where(np.ptp(values, axis=-1) == 0, 0.0, values.std(axis=-1, ddof=1))


def _order_weights(runs: int, q: float) -> np.ndarray:
    """Give the weight of each order statistic in the distribution of a quantile, (runs,).

    Gauss-Legendre quadrature in each interval: the density is smooth on the scale of 1 / runs.
    """
    a, b = 1 + (runs - 1) * q, 1 + (runs - 1) * (1 - q)
    nodes, shares = np.polynomial.legendre.leggauss(_NODES)
    at = (np.arange(runs)[:, None] + (nodes + 1) / 2) / runs
    log_density = (a - 1) * np.log(at) + (b - 1) * np.log1p(-at)
    weights = np.exp(log_density - log_density.max()) @ shares
    return weights / weights.sum()


def _check_precision(precision: float) -> None:
    if not precision > 0:
        remedy = "Give the largest relative standard error wanted, such as 0.001."
        raise AcutecastError(Problem(f"is {precision:g}", "precision", remedy=remedy))


def _checked(values: np.ndarray) -> np.ndarray:
    """Give the values as float64; none of them missing."""
    values = np.asarray(values, dtype=float)
    if values.ndim == 0 or values.shape[-1] == 0:
        remedy = "The last axis is runs, at least one."
        raise AcutecastError(Problem("there are no runs", "values", remedy=remedy))
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise AcutecastError(Problem("values are missing or infinite", "values", missing))
    return values
