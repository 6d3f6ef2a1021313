"""Queueing formulas: what capacity needs if arrivals are Poisson, by hand or to check against.

All formulas take the offered load: arrivals a day × mean stay in days, which is the mean number
of beds in use if nobody is ever turned away. Erlang (1917); for wards: de Bruin and others,
Dimensioning hospital wards using the Erlang loss model, 2010, doi 10.1007/s10479-009-0647-8.

Arguments are numbers or arrays, and broadcast; results are arrays, numpy scalars for numbers.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

_log_factorial = np.vectorize(lambda n: math.lgamma(n + 1.0), otypes=[np.float64])


def erlang_b(offered: ArrayLike, servers: ArrayLike) -> np.ndarray:
    """Give the share of arrivals that find all servers busy and are turned away (M/G/c/c).

    B(0) = 1, B(c) = a B(c−1) / (c + a B(c−1)) for offered load a, which never overflows. The share
    depends on the stay by its mean alone (Sevastyanov 1957, doi 10.1137/1102005).

    Args:
        offered: offered load a, at least 0.
        servers: beds or other servers c, whole, at least 0.

    Source:
        de Bruin 2010, doi 10.1007/s10479-009-0647-8.
    """
    load, beds = _checked(offered, servers)
    blocked = np.ones(load.shape)
    for c in range(1, int(beds.max(initial=0)) + 1):
        blocked = np.where(c <= beds, load * blocked / (c + load * blocked), blocked)
    return blocked[()]


def erlang_c(offered: ArrayLike, servers: ArrayLike) -> np.ndarray:
    """Give the share of arrivals that wait where nobody is turned away (M/M/c).

    C = B / (1 − ρ(1 − B)) with B of Erlang and ρ = a / c; 1 where a ≥ c, as the queue grows for
    ever. Unlike B, it needs exponential stays.

    Args:
        offered: offered load a, at least 0.
        servers: servers c, whole, at least 0.

    Source:
        Erlang 1917; the relation to B for instance in Cooper, Introduction to Queueing Theory,
        2nd ed. 1981.
    """
    load, beds = _checked(offered, servers)
    blocked = np.asarray(erlang_b(load, beds))
    stable = load < beds
    rho = np.divide(load, beds, out=np.zeros(load.shape), where=stable)
    # The same as 1 − ρ(1 − B), but never less than B by rounding.
    below = np.where(stable, blocked + (1 - rho) * (1 - blocked), 1.0)
    return np.where(stable, blocked / below, 1.0)[()]


def servers_for_blocking(offered: ArrayLike, risk: ArrayLike) -> np.ndarray:
    """Give the fewest servers that turn away at most a share `risk`: smallest c with B(c) ≤ risk.

    Args:
        offered: offered load, at least 0.
        risk: share of arrivals turned away, above 0.

    Returns:
        int64.

    Source:
        de Bruin 2010, doi 10.1007/s10479-009-0647-8.
    """
    load, risk = _checked_risk(offered, risk)
    servers = np.zeros(load.shape, dtype=np.int64)
    blocked = np.ones(load.shape)
    c = 0
    while (short := blocked > risk).any():
        c += 1
        servers[short] = c
        blocked = np.where(short, load * blocked / (c + load * blocked), blocked)
    return servers[()]


def poisson_exceeds(offered: ArrayLike, n: ArrayLike) -> np.ndarray:
    """Give P(N > n), N Poisson with mean `offered`: the share of time with more than n in use.

    With beds without limit, the number in use is Poisson whatever the stays (M/G/∞). The sum runs
    from n away from the mean, with p(k) = exp(k ln a − a − ln k!), so that no term over- or
    underflows and small chances keep their digits.

    Args:
        offered: offered load a, at least 0.
        n: whole numbers; P is 1 below 0.

    Source:
        Takács, Introduction to the Theory of Queues, 1962 (M/G/∞).
    """
    load, top = np.broadcast_arrays(_load(offered), np.asarray(n, dtype=np.int64))
    above = top + 1 >= load  # there the chance may be small: sum it, not what is left of 1
    # P(N > n) = p(n+1) (1 + a/(n+2) + a²/((n+2)(n+3)) + …) for n + 1 at or above the mean.
    start = np.where(above, top + 1, np.maximum(top, 0))
    # P(N ≤ n) = p(n) (1 + n/a + n(n−1)/a² + …) below, where a is above 1.
    term, total, step = np.ones(load.shape), np.ones(load.shape), 0
    safe = np.where(load > 0, load, 1.0)
    while (term > total * 1e-17).any():
        step += 1
        ratio = np.where(above, load / (start + step), (start - step + 1) / np.maximum(load, 1))
        term = term * np.maximum(ratio, 0.0)
        total += term
    side = total * np.exp(start * np.log(safe) - load - _log_factorial(start))
    exceeds = np.where(above, np.where(load > 0, side, 0.0), 1 - side)
    return np.where(top < 0, 1.0, exceeds)[()]


def beds_for_poisson(offered: ArrayLike, risk: ArrayLike) -> np.ndarray:
    """Give the fewest beds exceeded in at most a share `risk` of time: smallest n, P(N > n) ≤ risk.

    Args:
        offered: offered load, the mean of the Poisson number N, at least 0.
        risk: share of time, above 0.

    Returns:
        int64.

    Source:
        Takács, Introduction to the Theory of Queues, 1962 (M/G/∞).
    """
    load, risk = _checked_risk(offered, risk)
    low = np.full(load.shape, -1, dtype=np.int64)  # never an answer
    high = np.ceil(load).astype(np.int64)
    while (short := poisson_exceeds(load, high) > risk).any():
        low = np.where(short, high, low)
        high = np.where(short, high + np.ceil(np.sqrt(load)).astype(np.int64) + 1, high)
    while (high - low > 1).any():
        middle = (low + high) // 2
        short = poisson_exceeds(load, middle) > risk
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return high[()]


def blocking_if_full(hours_at: ArrayLike, beds: ArrayLike) -> np.ndarray:
    """Give the share turned away with `beds` beds, from the hours at each occupancy without limit.

    Truncation: hours at `beds` / hours at `beds` or fewer. For Poisson arrivals of a steady rate
    this is the loss of M/G/c/c exactly, whatever the stays: the limited ward is the unlimited one
    given at most c patients (insensitivity: Sevastyanov 1957, doi 10.1137/1102005; de Bruin 2010,
    doi 10.1007/s10479-009-0647-8). Where rates vary by hour or week it is an approximation.

    Args:
        hours_at: hours at 0, 1, 2, … occupied, along the last axis, at least 0; any scale.
        beds: whole numbers, at least 0; broadcast against the other axes.

    Returns:
        float64: 0 where `beds` are never all in use, 1 where more than `beds` always are in use.
    """
    hours = np.asarray(hours_at, dtype=np.float64)
    limit = _whole(beds, "beds")
    shape = np.broadcast_shapes(hours.shape[:-1], limit.shape)
    limit = np.broadcast_to(limit, shape)[..., None]
    hours = np.broadcast_to(hours, (*shape, hours.shape[-1]))
    last = np.minimum(limit, hours.shape[-1] - 1)
    full = np.where(limit == last, np.take_along_axis(hours, last, axis=-1), 0.0)
    within = np.take_along_axis(np.cumsum(hours, axis=-1), last, axis=-1)
    share = np.divide(full, within, out=np.ones(full.shape), where=within > 0)
    return share[..., 0][()]


def _checked(offered: ArrayLike, servers: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    load, beds = np.broadcast_arrays(_load(offered), _whole(servers, "servers"))
    return load, beds


def _checked_risk(offered: ArrayLike, risk: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    load, share = np.broadcast_arrays(_load(offered), np.asarray(risk, dtype=np.float64))
    if not (share > 0).all():
        raise ValueError("a risk must be above 0: no number of servers is always enough")
    return load, share


def _load(offered: ArrayLike) -> np.ndarray:
    load = np.asarray(offered, dtype=np.float64)
    if not (np.isfinite(load) & (load >= 0)).all():
        raise ValueError("an offered load must be a number of at least 0")
    return load


def _whole(servers: ArrayLike, name: str) -> np.ndarray:
    given = np.asarray(servers)
    whole = given.astype(np.int64)
    if (whole != given).any() or (whole < 0).any():
        raise ValueError(f"{name} must be whole numbers of at least 0")
    return whole
