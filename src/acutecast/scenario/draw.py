"""Draws: the value that each run uses of each assumption."""

from __future__ import annotations

import numpy as np

from acutecast import streams
from acutecast.scenario.correlation import Correlation, spread
from acutecast.scenario.distributions import Point, normal_cdf, normal_quantile
from acutecast.scenario.model import HEALTH, VARIANTS, Scenario


def draw_assumptions(
    scenario: Scenario, runs: int | None = None, seed: int | None = None
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray]:
    """Draw every assumption for every run.

    The draw of an assumption in a run depends on the seed, its name and the run only, so that
    adding or removing other assumptions, or runs, changes nothing; within a correlation group of
    negative rho it depends on the group's other members too.

    Args:
        scenario: the scenario.
        runs: the number of runs, numbered from 1; the scenario's by default.
        seed: the seed; the scenario's by default.

    Returns:
        names: the assumptions' names, sorted.
        values: float64, (runs, assumptions), the values at the horizon.
        variants: the population variant of each run, strings, (runs,).
        health: the uniform of each run for the health status adjustment, (runs,).
    """
    seed = scenario.seed if seed is None else seed
    counters = np.arange(1, (scenario.runs if runs is None else runs) + 1)
    assumptions = scenario.assumptions()
    names = tuple(assumption.name for assumption in assumptions)
    uniforms = _correlated(scenario.correlations, (*names, HEALTH), seed, counters)
    values = np.empty((len(counters), len(names)))
    for column, assumption in enumerate(assumptions):
        if isinstance(assumption.distribution, Point):
            values[:, column] = assumption.distribution.value
            continue
        u = uniforms.get(assumption.name)
        u = uniforms_of(assumption.name, seed, counters) if u is None else u
        values[:, column] = assumption.distribution.quantile(u)
    health = uniforms.get(HEALTH)
    health = uniforms_of(HEALTH, seed, counters) if health is None else health
    return names, values, _variants(scenario.population.variants, seed, counters), health


def uniforms_of(name: str, seed: int, counters: np.ndarray) -> np.ndarray:
    """Give the uniform of an assumption in each run, numbered from 1."""
    return streams.uniforms(streams.key(seed, "assumption", name), counters)


def _correlated(
    groups: list[Correlation], names: tuple[str, ...], seed: int, counters: np.ndarray
) -> dict[str, np.ndarray]:
    """The uniforms of the assumptions in a correlation group, by name."""
    uniforms = {}
    for group in groups:
        members = group.members(names)
        if len(members) < 2 or group.rho == 0:
            continue
        own = np.stack([normal_quantile(uniforms_of(m, seed, counters)) for m in members], axis=1)
        if group.rho > 0:
            stream = streams.key(seed, "correlation", group.name)
            common = normal_quantile(streams.uniforms(stream, counters))[:, None]
            scores = np.sqrt(group.rho) * common + np.sqrt(1 - group.rho) * own
        else:
            scores = spread(own, group.rho)
        # Keep clear of 0 and 1, whose quantiles are infinite.
        inside = np.clip(normal_cdf(scores), 2.0**-53, 1 - 2.0**-53)
        uniforms.update(zip(members, inside.T, strict=True))
    return uniforms


def _variants(weights: dict[str, float], seed: int, counters: np.ndarray) -> np.ndarray:
    """The population variant of each run, by cumulative weights: published ones, then own."""
    own = sorted(set(weights) - set(VARIANTS))
    variants = np.array([name for name in (*VARIANTS, *own) if weights.get(name, 0) > 0])
    ends = np.cumsum([weights[variant] for variant in variants])
    u = uniforms_of("demographic_factors", seed, counters)
    index = np.searchsorted(ends, u * ends[-1], side="right")
    return variants[np.minimum(index, len(variants) - 1)]
