"""The bounded metalog distribution: a smooth curve through stated quantiles.

Source: Keelin, T. W. (2016), The metalog distributions, Decision Analysis 13(4), 243-277,
doi 10.1287/deca.2016.0338; the logit form for a variable with two bounds, fitted by least squares.
"""

from __future__ import annotations

import numpy as np

MAX_TERMS = 5
# Where the slope of the curve is checked: evenly, and far into both tails.
_TAIL = np.logspace(-12, -2, 41)
_CHECKED = np.concatenate([_TAIL, np.linspace(0.01, 0.99, 197)[1:-1], 1 - _TAIL[::-1]])


def fit(probabilities: np.ndarray, values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Fit the coefficients of a metalog with bounds `low` and `high` by least squares.

    Args:
        probabilities: the probabilities of the stated quantiles, strictly within (0, 1).
        values: the quantiles, strictly within the bounds, the shape of `probabilities`.
        low: the lower bound.
        high: the upper bound.

    Returns:
        As many coefficients as quantiles, at most `MAX_TERMS`: up to there the curve goes
        through every quantile.
    """
    z = np.log((values - low) / (high - values))
    terms = min(len(probabilities), MAX_TERMS)
    return np.linalg.lstsq(_basis(probabilities, terms), z, rcond=None)[0]


def quantile(u: np.ndarray, coefficients: np.ndarray, low: float, high: float) -> np.ndarray:
    """Give the quantiles at `u` in (0, 1), any shape."""
    u = np.asarray(u, dtype=np.float64)
    z = _basis(u.ravel(), len(coefficients)) @ coefficients
    # The logistic function of z, written so that it cannot overflow.
    share = np.where(z >= 0, 1 / (1 + np.exp(-np.abs(z))), 1 - 1 / (1 + np.exp(-np.abs(z))))
    return (low + (high - low) * share).reshape(u.shape)


def is_feasible(coefficients: np.ndarray) -> bool:
    """Tell whether the curve rises everywhere, so that it is a distribution."""
    return bool((_basis_slope(_CHECKED, len(coefficients)) @ coefficients > 0).all())


def _basis(u: np.ndarray, terms: int) -> np.ndarray:
    """One row per u: 1, L, (u-½)L, u-½, (u-½)², with L the log odds of u."""
    centred, logit = u - 0.5, np.log(u) - np.log1p(-u)
    columns = [np.ones_like(u), logit, centred * logit, centred, centred**2]
    return np.stack(columns[:terms], axis=-1)


def _basis_slope(u: np.ndarray, terms: int) -> np.ndarray:
    """The derivative of `_basis` by u."""
    centred, logit = u - 0.5, np.log(u) - np.log1p(-u)
    steep = 1 / (u * (1 - u))
    columns = [np.zeros_like(u), steep, centred * steep + logit, np.ones_like(u), 2 * centred]
    return np.stack(columns[:terms], axis=-1)
