"""What the change is made of: parts that add up, per run, year, cell and measure.

The expected activity of a row is baseline x product of growth factors x product of expected
avoidance factors + sum of efficiency effects, a multilinear function of the assumptions. The
Shapley value of an assumption in such a function is an integral (Owen 1972, "Multilinear
extensions of games", doi 10.1287/mnsc.18.5.64):

    part_j = integral over t from 0 to 1 of (F_j - 1) x product over k != j of (1 + t (F_k - 1)) dt

The integrand is a polynomial in t, so Gauss-Legendre quadrature with enough nodes is exact, zero
factors need no special case, and no order of assumptions has to be chosen. What the counts of a
run differ from their expectation is the part "sampling", with mean zero.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from acutecast.compute.compiling import kernel
from acutecast.demand.layout import Classes

MAX_NODES = 40


class Quadrature(NamedTuple):
    """Gauss-Legendre rules on (0, 1); row n holds the n nodes or weights of the n-point rule."""

    nodes: np.ndarray
    weights: np.ndarray


@cache
def quadrature() -> Quadrature:
    """Tabulate the rules with 1 to MAX_NODES nodes."""
    nodes = np.zeros((MAX_NODES + 1, MAX_NODES))
    weights = np.zeros_like(nodes)
    for n in range(1, MAX_NODES + 1):
        x, w = np.polynomial.legendre.leggauss(n)
        nodes[n, :n], weights[n, :n] = (x + 1) / 2, w / 2
    return Quadrature(nodes, weights)


@kernel
def attribute(
    classes: Classes,
    people: np.ndarray,
    health: np.ndarray,
    steps: np.ndarray,
    avoidance: np.ndarray,
    efficiency: np.ndarray,
    rule: Quadrature,
    first_step: int,
    health_factor: int,
    first_avoidance: int,
    first_efficiency: int,
    parts: np.ndarray,
    isolated: np.ndarray,
) -> None:
    """Add the parts of one run of one activity type.

    Args:
        classes: rows grouped by what the attribution needs.
        people: demographic or birth factor minus 1, (Y, classes a).
        health: health status factor minus 1, (Y, classes a).
        steps: the other growth factors minus 1, (Y, steps, classes b).
        avoidance: remaining share of avoidance TPMAs, (Y, TPMAs).
        efficiency: remaining share of efficiency TPMAs, (Y, TPMAs).
        rule: quadrature rules.
        first_step, health_factor, first_avoidance, first_efficiency: position of the factors in
            the last axis of `parts`; the demographic and birth factors come with the classes.
        parts: Shapley parts, added to, (Y, totals, factors).
        isolated: effect of each growth step alone, baseline x (F - 1), horizon; (totals, factors).
    """
    n_years = people.shape[0]
    n_stats = classes.pair_stats.shape[1]
    value = np.empty(256)
    factor = np.empty(256, dtype=np.int64)
    alone = np.empty((256, 4))
    whole = np.empty(4)
    moments = np.empty((n_stats, 4))
    for y in range(n_years):
        for c in range(len(classes.class_b)):
            moments[:] = 0.0
            for p in range(classes.pair_start[c], classes.pair_start[c + 1]):
                a = classes.pair_a[p]
                x1, x2 = people[y, a], health[y, a]
                for s in range(n_stats):
                    stat = classes.pair_stats[p, s]
                    moments[s, 0] += stat
                    moments[s, 1] += stat * x1
                    moments[s, 2] += stat * x2
                    moments[s, 3] += stat * x1 * x2
            n = 0
            b = classes.class_b[c]
            for s in range(steps.shape[1]):
                if steps[y, s, b] != 0.0:
                    value[n] = steps[y, s, b]
                    factor[n] = first_step + s
                    n += 1
            n_steps = n
            for e in range(classes.tag_start[c], classes.tag_start[c + 1]):
                k = classes.tag_tpma[e]
                reduction = classes.tag_rate[e] * (avoidance[y, k] - 1.0)
                if reduction != 0.0:
                    value[n] = reduction
                    factor[n] = first_avoidance + k
                    n += 1
            # The highest power of t in any integrand below is n + 2.
            q = (n + 4) // 2
            whole[:] = 0.0
            alone[:n] = 0.0
            for node in range(q):
                t, weight = rule.nodes[q, node], rule.weights[q, node]
                product = weight
                for j in range(n):
                    product *= 1.0 + t * value[j]
                power = product
                for d in range(4):
                    whole[d] += power
                    power *= t
                for j in range(n):
                    power = product * value[j] / (1.0 + t * value[j])
                    for d in range(4):
                        alone[j, d] += power
                        power *= t
            who = classes.people_factor[c]
            for term in range(classes.term_start[c], classes.term_start[c + 1]):
                s, total = classes.term_stat[term], classes.term_total[term]
                weight, k = classes.term_weight[term], classes.term_tpma[term]
                m0, m1, m2, m3 = moments[s, 0], moments[s, 1], moments[s, 2], moments[s, 3]
                shift = 0
                if k >= 0:
                    weight *= 1.0 - efficiency[y, k]
                    if weight == 0.0:
                        continue
                    shift = 1
                    parts[y, total, first_efficiency + k] += weight * (
                        m0 * whole[0] + (m1 + m2) * whole[1] + m3 * whole[2]
                    )
                elif y == n_years - 1:
                    isolated[total, who] += weight * m1
                    isolated[total, health_factor] += weight * m2
                    for j in range(n_steps):
                        isolated[total, factor[j]] += weight * m0 * value[j]
                parts[y, total, who] += weight * (m1 * whole[shift] + m3 * whole[shift + 1])
                parts[y, total, health_factor] += weight * (
                    m2 * whole[shift] + m3 * whole[shift + 1]
                )
                for j in range(n):
                    parts[y, total, factor[j]] += weight * (
                        m0 * alone[j, shift]
                        + (m1 + m2) * alone[j, shift + 1]
                        + m3 * alone[j, min(shift + 2, 3)]
                    )


def group_rows(
    class_a: np.ndarray,
    class_key: np.ndarray,
    stats: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Group rows with equal class key, and within them by class a.

    Args:
        class_a: (rows,).
        class_key: anything that tells classes apart, uint64, (rows,).
        stats: baseline sums, (rows, S).

    Returns:
        One row of each class (classes,); pair starts (classes + 1,); class a of each pair; stats
        summed by pair.
    """
    _, first, of_row = np.unique(class_key, return_index=True, return_inverse=True)
    width = int(class_a.max(initial=0)) + 1
    pairs, pair_of_row = np.unique(of_row.astype(np.int64) * width + class_a, return_inverse=True)
    summed = np.stack(
        [np.bincount(pair_of_row, stats[:, s], len(pairs)) for s in range(stats.shape[1])], axis=1
    )
    start = np.searchsorted(pairs // width, np.arange(len(first) + 1))
    return first, start.astype(np.int64), (pairs % width).astype(np.int32), summed
