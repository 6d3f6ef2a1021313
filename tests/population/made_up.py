"""Populations and components made by hand for the tests."""

from __future__ import annotations

import numpy as np

from acutecast.population.components import Components
from acutecast.population.levels import Levels
from acutecast.population.people import Population

MOTHERS = 30


def components(
    *, areas: int = 2, years: int = 3, ages: int = 60, seed: int = 1, scale: float = 1000.0
) -> Components:
    """Make areas with people, rates and migrants of every age."""
    r = np.random.default_rng(seed)
    shape = (areas, years, 2, ages)
    moves = r.normal(0, scale / 50, shape)
    return Components(
        tuple(f"A{i}" for i in range(areas)),
        2023,
        r.uniform(0, scale, (areas, 2, ages)),
        r.uniform(0, 0.1, (areas, years, MOTHERS)),
        r.uniform(0, 0.3, (1, years, 2, ages + 1)),
        moves,
        r.normal(0, scale / 50, shape),
    )


def levels(n_years: int, n_ages: int, draws: int = 4, seed: int = 2, sites: int = 1) -> Levels:
    """Make draws that change everything, with dwellings in the first area."""
    r = np.random.default_rng(seed)
    by_age = r.uniform(0, 1, (sites, 2, n_ages))
    movers = r.uniform(0, 1, (2, n_ages))
    return Levels(
        r.uniform(0.5, 1.5, (draws, n_years)),
        r.uniform(0.5, 1.5, (draws, n_years)),
        r.uniform(0, 2, (draws, n_years)),
        r.normal(0, 0.01, (draws, n_years)),
        r.uniform(0, 50, (draws, sites, n_years)),
        np.zeros(sites, np.int64),
        by_age / by_age.sum(axis=(1, 2), keepdims=True),
        movers / movers.sum(),
    )


def population(
    *, areas: int = 2, years: int = 4, ages: int = 91, seed: int = 3, first: int = 2022
) -> Population:
    """Make a smooth projection with births, of which nothing is zero."""
    r = np.random.default_rng(seed)
    base = r.uniform(500, 1000, (areas, 1, 2, ages))
    drift = 1 + 0.01 * np.arange(years)[None, :, None, None]
    births = r.uniform(20, 40, (areas, years - 1, MOTHERS))
    names = tuple(f"E0700000{i}" for i in range(areas))
    return Population(names, tuple(range(first, first + years)), base * drift, births)
