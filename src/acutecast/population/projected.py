"""A projection in many draws: totals by draw, ranges by area, and what happened to the people.

Areas are added up inside each draw before any range is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from acutecast.compute import Watch, processors
from acutecast.compute.threads import Event
from acutecast.population import mortality
from acutecast.population.components import Accounts, Components, project_area
from acutecast.population.levels import Levels
from acutecast.population.people import Population

AGE_GROUPS = {"0-15": (0, 15), "16-64": (16, 64), "65-74": (65, 74), "75-84": (75, 84)}
"""Age groups of summaries; "85+" and "all" are there too."""
OLDEST = "85+"
RANGE = (10, 50, 90)
# Exact ages of which life expectancy is told.
LIFE_AGES = (0, 65, 75, 85)


def groups_of(last_age: int) -> dict[str, slice]:
    """Give the ages of each group of summaries, "all" last."""
    groups = {name: slice(first, end + 1) for name, (first, end) in AGE_GROUPS.items()}
    return groups | {OLDEST: slice(85, last_age + 1), "all": slice(0, last_age + 1)}


@dataclass(frozen=True)
class Flows:
    """Means over the draws of what changed the people of each area, (areas, Y) each.

    `opening` + `births` - `deaths` + `net_migration` is `closing`, in every area and year.
    """

    opening: np.ndarray
    births: np.ndarray
    deaths: np.ndarray
    net_migration: np.ndarray
    closing: np.ndarray


@dataclass(frozen=True)
class Projected:
    """A projection in many draws.

    Attributes:
        name: the projection's name.
        mean: people and births by area, the mean of the draws.
        total: people of all areas together in each draw, weighted where they are a catchment,
            (draws, years, 2, ages).
        births: of all areas together in each draw, (draws, Y).
        by_area: P10, P50 and P90 of each area's people by age group (`groups_of`),
            (areas, years, groups, 3).
        flows: what changed the people.
        levels: what each draw changed.
    """

    name: str
    mean: Population
    total: np.ndarray
    births: np.ndarray
    by_area: np.ndarray
    flows: Flows
    levels: Levels

    @property
    def years(self) -> tuple[int, ...]:
        """The years, the opening one first."""
        return self.mean.years

    def total_by_group(self) -> np.ndarray:
        """Give the people of all areas by age group in each draw, (draws, years, groups)."""
        return _by_group(self.total, self.mean.last_age)

    def life_expectancy(self) -> dict[str, np.ndarray]:
        """Give period and cohort life expectancy at the ages `LIFE_AGES`.

        They are England's, with the projection's levels of mortality. As life expectancy falls
        when mortality rises, its P10 is that of the draw with the P90 of mortality.

        Returns:
            By kind, (Y, 2, ages, 3): P10, P50, P90 in the year from each mid-year; the last level
            goes on beyond the last year.
        """
        n, ahead = len(self.years) - 1, 60
        england = mortality.hazards(self.years[0], n + ahead)
        found = {kind: np.empty((n, 2, len(LIFE_AGES), 3)) for kind in ("period", "cohort")}
        order = np.argsort(self.levels.mortality[:, -1], kind="stable")[::-1]
        for at, percent in enumerate(RANGE):
            draw = order[min(int(percent / 100 * len(order)), len(order) - 1)]
            level = self.levels.mortality[draw]
            level = np.concatenate([level, np.repeat(level[-1:], ahead)])
            hazard = england * level[:, None, None]
            found["period"][..., at] = mortality.life_expectancy(hazard[:n])[..., list(LIFE_AGES)]
            for year in range(n):
                cohort = mortality.cohort_life_expectancy(hazard, year)
                found["cohort"][year, ..., at] = cohort[:, list(LIFE_AGES)]
        return found


def _by_group(people: np.ndarray, last_age: int) -> np.ndarray:
    both = people.sum(axis=-2)
    return np.stack([both[..., ages].sum(axis=-1) for ages in groups_of(last_age).values()], -1)


def project_draws(
    name: str,
    components: Components,
    levels: Levels,
    *,
    weights: np.ndarray | None = None,
    threads: int | None = None,
    watch: Watch | None = None,
) -> Projected:
    """Project every area in every draw.

    Args:
        name: the projection's name.
        components: of the areas.
        levels: what each draw changes.
        weights: share of each area's people who count in the totals, (areas, 2, ages); all of
            them by default.
        threads: how many threads; the numbers do not depend on it.
        watch: is told of progress.
    """
    c, n_draws = components, levels.draws
    n_areas, n_ages = len(c.areas), c.opening.shape[2]
    shape = (c.n_years + 1, 2, n_ages)
    total, births = np.zeros((n_draws, *shape)), np.zeros((n_draws, c.n_years))
    mean_people = np.empty((n_areas, *shape))
    mean_births = np.empty((n_areas, c.n_years, c.fertility.shape[2]))
    by_area = np.empty((n_areas, len(c.years), len(groups_of(n_ages - 1)), len(RANGE)))
    flows = Flows(*(np.empty((n_areas, c.n_years)) for _ in range(5)))
    for area, made in enumerate(_in_order(c, levels, threads or processors())):
        mean_people[area] = made.people.mean(axis=0)
        mean_births[area] = made.births.mean(axis=0)
        grouped = _by_group(made.people, n_ages - 1)
        by_area[area] = np.moveaxis(np.percentile(grouped, RANGE, axis=0), 0, -1)
        everyone = made.people.sum(axis=(2, 3)).mean(axis=0)
        flows.opening[area], flows.closing[area] = everyone[:-1], everyone[1:]
        flows.births[area] = made.births.sum(axis=2).mean(axis=0)
        flows.deaths[area] = made.deaths.sum(axis=(2, 3)).mean(axis=0)
        flows.net_migration[area] = made.net_migration.sum(axis=(2, 3)).mean(axis=0)
        if weights is None:
            total += made.people
            births += made.births.sum(axis=2)
        else:
            total += made.people * weights[area]
            mothers = np.arange(made.births.shape[2]) + c.first_mother
            births += made.births @ weights[area, 1, mothers]
        if watch is not None:
            watch(Event("projecting", area + 1, n_areas, 0.0))
    mean = Population(c.areas, c.years, mean_people, mean_births, c.first_mother)
    return Projected(name, mean, total, births, by_area, flows, levels)


def _in_order(components: Components, levels: Levels, threads: int) -> Iterator[Accounts]:
    """Project the areas side by side, and give them in their order, a few at a time."""

    def one(area: int) -> Accounts:
        return project_area(components, area, levels, accounts=True)

    rest = iter(range(len(components.areas)))
    with ThreadPoolExecutor(threads) as pool:
        # The first compiles the kernel, which others would only wait for.
        waiting = [pool.submit(one, area) for area in islice(rest, 1)]
        waiting[0].result()
        waiting += [pool.submit(one, area) for area in islice(rest, 2 * threads)]
        while waiting:
            done = waiting.pop(0)
            yield done.result()
            waiting += [pool.submit(one, area) for area in islice(rest, 1)]
