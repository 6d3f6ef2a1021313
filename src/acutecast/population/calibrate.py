"""Components that give a known projection back, and its years beyond the last.

Published subnational projections state people and births, not deaths and migration by age. With
the mortality of England the rest of each cohort's change is net migration (with whatever the
area's mortality differs in), so that the components reproduce the projection exactly and can then
be changed: more births, other mortality, a new town.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from acutecast.population import mortality
from acutecast.population.components import BOYS, Components, project
from acutecast.population.england import england
from acutecast.population.people import FIRST_MOTHER, LAST_MOTHER, Population

# Of how many years the mean migration goes on beyond the end of a file.
_RECENT = 5


@cache
def england_fertility() -> tuple[int, np.ndarray]:
    """Give the first year and births a year per woman in England, (years, mothers 15-44).

    A year is that in whose middle the twelve months end.
    """
    return england().years[1], _known_fertility(england())[0]


def _known_fertility(population: Population) -> np.ndarray:
    """Births per woman where births are known; the nearest known year where they are not."""
    mothers = np.arange(population.births.shape[2]) + population.first_mother
    women = population.people[:, :, 1, mothers]
    women = (women[:, :-1] + women[:, 1:]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(women > 0, population.births / women, 0.0)
    known = np.asarray(np.isfinite(rate).all(axis=(0, 2)))
    if not known.any():
        first, england = england_fertility()
        at = np.clip(np.array(population.years[1:]) - first, 0, len(england) - 1)
        ages = np.clip(mothers, FIRST_MOTHER, LAST_MOTHER) - FIRST_MOTHER
        return np.broadcast_to(england[at][:, ages], rate.shape).copy()
    there = np.flatnonzero(known)
    nearest = there[np.abs(there[None, :] - np.arange(len(known))[:, None]).argmin(axis=1)]
    return rate[:, nearest]


def calibrated(population: Population, hazard: np.ndarray | None = None) -> Components:
    """Find the components that give a projection back.

    Args:
        population: people and births; where births are unknown, fertility is that of the nearest
            year, or of England.
        hazard: of death, (1 or areas, Y, 2, 1 + ages); England's by default.

    Returns:
        Components whose `project` is the population, to rounding.
    """
    years, last = population.years, population.last_age
    if hazard is None:
        england = mortality.hazards(years[0], len(years) - 1)
        hazard = mortality.together_from(england, last)[None]
    share = -np.expm1(-hazard)
    before, after = population.people[:, :-1], population.people[:, 1:]
    fertility = _known_fertility(population)
    components = Components(
        population.areas, years[0], population.people[:, 0], fertility, hazard,
        np.zeros_like(after), np.zeros_like(after), population.first_mother,
    )  # fmt: skip
    dying = share[..., 1:]
    alive = before * (1.0 - dying)
    expected = np.empty_like(after)
    expected[..., 1:] = alive[..., :-1]
    expected[..., -1] += alive[..., -1]
    mothers = np.arange(fertility.shape[2]) + population.first_mother
    women = (before[:, :, 1, mothers] + after[:, :, 1, mothers]) / 2
    born = (fertility * women).sum(axis=2)
    expected[..., 0] = born[..., None] * np.array([BOYS, 1 - BOYS]) * (1.0 - share[..., 0])
    joined = after - expected
    # Half of the migrants of a year are exposed to its deaths, at the age they had at its start.
    joined[..., 1:] /= 1.0 - dying[..., :-1] / 2
    exposed = np.zeros_like(joined)
    exposed[..., :-1] = joined[..., 1:]
    return replace(components, joined=joined, exposed=exposed)


def by_age_at_move(net: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn net migration by age when people move into `joined` and `exposed`.

    Those who move at an age are, half of them, a year older at the end of the year.

    Args:
        net: net migrants, (…, ages).

    Returns:
        By age at the end, and by age at the start.
    """
    joined = net / 2
    joined[..., 1:] += net[..., :-1] / 2
    joined[..., -1] += net[..., -1] / 2
    return joined, net.copy()


def extended(population: Population, last_year: int) -> Population:
    """Continue a projection beyond its last year by its own components.

    Fertility stays at that of the last year, migration by age at the mean of the last five years,
    and mortality goes on falling as in England's national projection.

    Args:
        population: the projection.
        last_year: the year to reach; nothing changes where it is there already.
    """
    more = last_year - population.years[-1]
    if more <= 0:
        return population
    known = calibrated(population)
    recent = slice(max(known.n_years - _RECENT, 0), None)

    def go_on(values: np.ndarray) -> np.ndarray:
        return np.repeat(values, more, axis=1)

    ahead = Components(
        population.areas,
        population.years[-1],
        population.people[:, -1],
        go_on(known.fertility[:, -1:]),
        mortality.together_from(mortality.hazards(population.years[-1], more), population.last_age)[
            None
        ],
        go_on(known.joined[:, recent].mean(axis=1, keepdims=True)),
        go_on(known.exposed[:, recent].mean(axis=1, keepdims=True)),
        population.first_mother,
    )
    made = project(ahead, threads=1)
    return replace(
        population,
        years=(*population.years, *made.years[1:]),
        people=np.concatenate([population.people, made.people[:, 1:]], axis=1),
        births=np.concatenate([population.births, made.births], axis=1),
    )
