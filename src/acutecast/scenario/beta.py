"""The beta distribution in NumPy alone: its distribution function and its quantiles."""

from __future__ import annotations

import math

import numpy as np

_TINY = 1e-300
_TERMS = 300
_GRID = 257


def beta_cdf(x: np.ndarray, a: float, b: float) -> np.ndarray:
    """Give the regularised incomplete beta function I_x(a, b).

    By Lentz's evaluation of the continued fraction (DLMF 8.17.22), on the side of the mean where
    it converges fast.

    Args:
        x: values in [0, 1], any shape.
        a: first shape, above 0.
        b: second shape, above 0.

    Returns:
        Probabilities, the shape of `x`.
    """
    x = np.asarray(x, dtype=np.float64)
    mirrored = x > (a + 1) / (a + b + 2)
    result = np.empty_like(x)
    result[~mirrored] = _lower_tail(x[~mirrored], a, b)
    result[mirrored] = 1 - _lower_tail(1 - x[mirrored], b, a)
    return result


def beta_pdf(x: np.ndarray, a: float, b: float) -> np.ndarray:
    """Give the density of the beta distribution, for shapes of at least 1."""
    with np.errstate(divide="ignore"):
        # 0 * log(0) is 0 here: a shape of 1 leaves no factor on its side.
        left = (a - 1) * np.log(x) if a != 1 else np.zeros_like(x)
        right = (b - 1) * np.log1p(-x) if b != 1 else np.zeros_like(x)
    return np.exp(left + right - _log_beta(a, b))


def beta_quantile(u: np.ndarray, a: float, b: float) -> np.ndarray:
    """Give the quantiles of the beta distribution, for shapes of at least 1.

    A table of the distribution function brackets each answer; Newton steps that never leave the
    bracket finish it, and bisection takes over where they would leave it.

    Args:
        u: probabilities in [0, 1], any shape.
        a: first shape, at least 1.
        b: second shape, at least 1.

    Returns:
        Values in [0, 1], the shape of `u`, to about 1e-13.
    """
    u = np.asarray(u, dtype=np.float64)
    grid = np.linspace(0, 1, _GRID)
    table = np.maximum.accumulate(beta_cdf(grid, a, b))
    cell = np.clip(np.searchsorted(table, u) - 1, 0, _GRID - 2)
    low, high = grid[cell], grid[cell + 1]
    x = np.clip(np.interp(u, table, grid), low, high)
    for _ in range(60):
        error = beta_cdf(x, a, b) - u
        low = np.where(error < 0, x, low)
        high = np.where(error > 0, x, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = x - error / beta_pdf(x, a, b)
        inside = (step >= low) & (step <= high)
        new = np.where(error == 0, x, np.where(inside, step, (low + high) / 2))
        moved = np.abs(new - x).max(initial=0)
        x = new
        if moved < 1e-14:
            break
    return x


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _lower_tail(x: np.ndarray, a: float, b: float) -> np.ndarray:
    """I_x(a, b) for x below (a + 1) / (a + b + 2)."""
    c = np.ones_like(x)
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    fraction = d.copy()
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1 / _away_from_zero(1 + term * d)
            c = _away_from_zero(1 + term / c)
            fraction = fraction * c * d
        if np.abs(c * d - 1).max(initial=0) < 1e-15:
            break
    with np.errstate(divide="ignore"):
        front = np.exp(a * np.log(x) + b * np.log1p(-x) - _log_beta(a, b))
    return front * fraction / a


def _away_from_zero(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < _TINY, _TINY, x)
