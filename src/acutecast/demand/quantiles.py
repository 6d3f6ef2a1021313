"""Compiled quantile functions: one uniform in, one count out, monotone in the mean.

Counts are drawn by inversion, so that the same uniform gives neighbouring counts for neighbouring
means: years of a run, and scenarios of a seed, then differ by their assumptions and not by noise.
With `NUMBA_DISABLE_JIT=1` the same source runs uncompiled.
"""

from __future__ import annotations

import math

import numpy as np

from acutecast.compute.compiling import kernel

# From this mean on the expansion below is used; at 4 it still decides 93% of draws by itself.
LEAST_ASYMPTOTIC_MEAN = 4.0
# A path of years is cheaper by inversion up to this mean.
_LEAST_ASYMPTOTIC_PATH = 10.0
# From this mean on a binomial count is inverted from its mode.
_LEAST_FROM_MODE = 30.0
# Reciprocals of 1, 2, …: a product is several times faster than a quotient in a chain of terms.
_LONGEST = 127
_RECIPROCAL = np.concatenate([[0.0], 1.0 / np.arange(1, _LONGEST + 1)])
# Largest value of P(X = k) over all means, k^k exp(-k) / k!, for k = 0, 1, …
_HIGHEST = np.array(
    [math.exp(k * math.log(k) - k - math.lgamma(k + 1)) if k else 1.0 for k in range(_LONGEST + 1)]
)


# Coefficients of AS 241, highest power first: numerator and denominator of the centre, the tails
# and the far tails.
_CENTRE = (
    (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
     4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
     1.3314166789178437745e2, 3.3871328727963666080e0),
    (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
     2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
     4.2313330701600911252e1, 1.0),
)  # fmt: skip
_TAIL = (
    (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0,
     4.63033784615654529590e0, 1.42343711074968357734e0),
    (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0,
     2.05319162663775882187e0, 1.0),
)  # fmt: skip
_FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
     5.46378491116411436990e0, 6.65790464350110377720e0),
    (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0),
)  # fmt: skip


@kernel
def _horner(coefficients: tuple[float, ...], r: float) -> float:
    value = 0.0
    for coefficient in coefficients:
        value = value * r + coefficient
    return value


@kernel
def normal_quantile(u: float) -> float:
    """Quantile of the standard normal distribution.

    Algorithm AS 241 (PPND16) of Wichura 1988, doi 10.2307/2347330; relative error about 1e-16.
    """
    q = u - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        return q * _horner(_CENTRE[0], r) / _horner(_CENTRE[1], r)
    r = math.sqrt(-math.log(u if q < 0 else 1.0 - u))
    if r <= 5.0:
        x = _horner(_TAIL[0], r - 1.6) / _horner(_TAIL[1], r - 1.6)
    else:
        x = _horner(_FAR_TAIL[0], r - 5.0) / _horner(_FAR_TAIL[1], r - 5.0)
    return -x if q < 0 else x


@kernel
def _poisson_by_inversion(u: float, mean: float) -> tuple[int, float, float]:
    """Give the quantile k, P(X = k) and P(X <= k)."""
    term = math.exp(-mean)
    total = term
    k = 0
    while u > total:
        k += 1
        term *= mean * _RECIPROCAL[k]
        total += term
        # Rounding keeps the sum below 1: stop once the terms no longer count.
        if (k > mean and term < 1e-18) or k == _LONGEST:
            break
    return k, term, total


@kernel
def _poisson_cdf_reaches(u: float, mean: float, k: int) -> bool:
    """Tell whether P(X <= k) >= u, by summing from k towards the nearer tail."""
    log_mode_term = k * math.log(mean) - mean - math.lgamma(k + 1.0)
    term = math.exp(log_mode_term)
    if k <= mean:
        total = 0.0
        j = k
        while j >= 0 and term > 1e-18:
            total += term
            term *= j / mean
            j -= 1
        return total >= u
    total = 0.0
    j = k
    while True:
        j += 1
        term *= mean / j
        total += term
        if term < 1e-18:
            break
    return 1.0 - total >= u


@kernel
def poisson_quantile(u: float, w: float, mean: float) -> int:
    """Smallest k with P(X <= k) >= u, X ~ Poisson(mean).

    Args:
        u: a uniform in (0, 1).
        w: `normal_quantile(u)`; only read where the mean is at least LEAST_ASYMPTOTIC_MEAN.
        mean: the mean, at least 0.

    Small means are inverted term by term. From 4 on, the normal expansion of Giles 2016 (ACM
    Algorithm 955, doi 10.1145/2699466) gives the answer unless it lies near an integer or far in
    a tail; then the distribution function decides, so that the result is exact in every case.
    """
    if mean < LEAST_ASYMPTOTIC_MEAN:
        if mean <= 0.0:
            return 0
        return _poisson_by_inversion(u, mean)[0]
    root = math.sqrt(mean)
    w2 = w * w
    x = (
        mean
        + root * w
        + (1.0 / 3.0 + w2 / 6.0)
        + (-w / 36.0 - w * w2 / 72.0) / root
        + (-8.0 / 405.0 + 7.0 * w2 / 810.0 + w2 * w2 / 270.0) / mean
    )
    # Error of the expansion, generously bounded (checked against exact values in the tests).
    error = (0.01 + 0.01 * w2 + 0.004 * w2 * w2) / mean
    nearest = math.floor(x + 0.5)
    if abs(x - nearest) > error and abs(w) < 5.0:
        return max(0, math.floor(x))
    k = max(0, int(nearest) - 1)
    while not _poisson_cdf_reaches(u, mean, k):
        k += 1
    while k > 0 and _poisson_cdf_reaches(u, mean, k - 1):
        k -= 1
    return k


@kernel
def poisson_path(u: float, w: float, means: np.ndarray, out: np.ndarray) -> int:
    """Write `poisson_quantile(u, w, mean)` of every year's mean to `out`; give the largest.

    From year to year a mean moves little. P(X <= k) falls by at most (rise of the mean) x
    (largest P(X = k) over all means), so most years need only one comparison with the last year
    that was worked out; the result is the same.
    """
    most = 0
    k = -1
    anchor = below = reached = 0.0
    for y in range(len(means)):
        mean = means[y]
        if mean >= _LEAST_ASYMPTOTIC_PATH or mean <= 0.0:
            out[y] = poisson_quantile(u, w, mean)
        else:
            move = mean - anchor
            if k >= 0 and move >= 0.0:
                same = reached - move * _HIGHEST[k] >= u
            elif k > 0:
                same = below - move * _HIGHEST[k - 1] < u
            else:
                same = k == 0
            if not same:
                k, term, reached = _poisson_by_inversion(u, mean)
                anchor = mean
                below = reached - term
            out[y] = k
        most = max(most, out[y])
    return most


@kernel
def _binomial_from_zero(u: float, n: int, p: float) -> int:
    ratio = p / (1.0 - p)
    term = math.exp(n * math.log1p(-p))
    total = term
    k = 0
    while u > total and k < n:
        k += 1
        term *= ratio * (n - k + 1) / k
        total += term
        if k > n * p and term < 1e-18:
            break
    return k


@kernel
def _binomial_from_mode(u: float, n: int, p: float) -> int:
    """Invert outwards from the most likely count; for long stays (1 - p)^n would underflow."""
    odds = p / (1.0 - p)
    k = min(int((n + 1) * p), n)
    term = math.exp(
        math.lgamma(n + 1.0)
        - math.lgamma(k + 1.0)
        - math.lgamma(n - k + 1.0)
        + k * math.log(p)
        + (n - k) * math.log1p(-p)
    )
    total, lower, j = 0.0, term, k
    while lower > 1e-18:
        total += lower
        if j == 0:
            break
        lower *= j / ((n - j + 1) * odds)
        j -= 1
    if u <= total:
        while k > 0 and total - term >= u:
            total -= term
            term *= k / ((n - k + 1) * odds)
            k -= 1
        return k
    while u > total and k < n:
        k += 1
        term *= odds * (n - k + 1) / k
        total += term
        if term < 1e-18:
            break
    return k


@kernel
def _binomial_by_inversion(u: float, n: int, p: float) -> int:
    if n * p > _LEAST_FROM_MODE:
        return _binomial_from_mode(u, n, p)
    return _binomial_from_zero(u, n, p)


@kernel
def binomial_quantile(u: float, n: int, p: float) -> int:
    """Count with distribution Binomial(n, p), not decreasing in u, in n or in p."""
    if p >= 1.0:
        return n
    if p <= 0.0 or n <= 0:
        return 0
    if p > 0.5:
        return n - _binomial_by_inversion(1.0 - u, n, 1.0 - p)
    return _binomial_by_inversion(u, n, p)
