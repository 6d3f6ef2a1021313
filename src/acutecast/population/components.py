"""Cohort-component projection: this year's people, less deaths, plus births and net migration.

From one mid-year to the next, for each area, sex and age a at the start:

    deaths(a)      = (people(a) + half the net migrants of a) x q(a)
    closing(a + 1) = people(a) - deaths(a) + net migrants who are a + 1 at the end
    births         = fertility(m) x mean of the women of m at the start and at the end
    closing(0)     = births of the sex x (1 - q(birth)) + net migrants who are 0 at the end

which is the reckoning of the Office for National Statistics: with its rates it gives its national
projections to within rounding (docs/method/population.md). Mortality, fertility and migration of
a draw multiply those of the model; migrants of a draw, and residents of new dwellings, are added.
"""

# Inside compiled code an element of an array is a number, which the stubs of NumPy do not know.
# pyright: reportArgumentType=false

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from acutecast.compute.compiling import kernel
from acutecast.compute.threads import Watch, run_blocks
from acutecast.population.levels import Levels
from acutecast.population.people import FIRST_MOTHER, Population

# Boys among the newborn: 105 for 100 girls, as in the ONS's national projections.
BOYS = 105 / 205


@dataclass(frozen=True)
class Components:
    """What people of some areas do from year to year.

    Attributes:
        areas: codes of the areas.
        first_year: the year of `opening`.
        opening: people at its middle, (areas, 2, ages); the last age is it and over.
        fertility: births a year per woman by age of the mother, (areas, Y, mothers).
        hazard: of death, (areas or 1, Y, 2, 1 + ages); see `mortality`.
        joined: net migrants of a year by age at its end, (areas, Y, 2, ages).
        exposed: net migrants by age at its start, whose half is exposed to death there,
            (areas, Y, 2, ages).
        first_mother: age of the youngest mothers.
    """

    areas: tuple[str, ...]
    first_year: int
    opening: np.ndarray
    fertility: np.ndarray
    hazard: np.ndarray
    joined: np.ndarray
    exposed: np.ndarray
    first_mother: int = FIRST_MOTHER

    @property
    def n_years(self) -> int:
        """How many years go from one mid-year to the next."""
        return self.fertility.shape[1]

    @property
    def years(self) -> tuple[int, ...]:
        """The years of the projection, the opening one first."""
        return tuple(range(self.first_year, self.first_year + self.n_years + 1))

    def of_area(self, i: int) -> Components:
        """Give the components of one area."""
        one = slice(i, i + 1)
        hazard = self.hazard if len(self.hazard) == 1 else self.hazard[one]
        return replace(
            self, areas=self.areas[one], opening=self.opening[one], fertility=self.fertility[one],
            hazard=hazard, joined=self.joined[one], exposed=self.exposed[one],
        )  # fmt: skip


@dataclass(frozen=True)
class Accounts:
    """What happened to the people of one area in every draw; Y years, Y + 1 mid-years.

    Attributes:
        people: (draws, Y + 1, 2, ages).
        births: by age of the mother, (draws, Y, mothers).
        deaths: by age at the start, "birth" first, (draws, Y, 2, 1 + ages).
        net_migration: by age at the end, (draws, Y, 2, ages).
    """

    people: np.ndarray
    births: np.ndarray
    deaths: np.ndarray
    net_migration: np.ndarray


@kernel
def _project(
    opening: np.ndarray,
    fertility: np.ndarray,
    first_mother: int,
    hazard: np.ndarray,
    joined: np.ndarray,
    exposed: np.ndarray,
    more_births: np.ndarray,
    mortality: np.ndarray,
    migration: np.ndarray,
    extra_migration: np.ndarray,
    ages_of_migrants: np.ndarray,
    arrivals: np.ndarray,
    ages_of_site: np.ndarray,
    boys: float,
    people: np.ndarray,
    births: np.ndarray,
    deaths: np.ndarray,
    net: np.ndarray,
) -> None:
    """Project one area in one draw; the arrays are those of one area and draw.

    `births`, `deaths` and `net` may have no years, and are then not kept.
    """
    n_years, n_mothers = fertility.shape
    n_ages = opening.shape[1]
    last = n_ages - 1
    keep = len(births) > 0
    added = np.zeros((2, n_ages))
    some_added = False
    people[0] = opening
    for y in range(n_years):
        if some_added or extra_migration[y] != 0.0 or len(arrivals) > 0:
            some_added = True
            crowd = extra_migration[y] * people[y].sum() if extra_migration[y] != 0.0 else 0.0
            for s in range(2):
                for a in range(n_ages):
                    added[s, a] = crowd * ages_of_migrants[s, a]
            for site in range(len(arrivals)):
                for s in range(2):
                    for a in range(n_ages):
                        added[s, a] += arrivals[site, y] * ages_of_site[site, s, a]
        for s in range(2):
            people[y + 1, s, 0] = 0.0
            stayed_on = 0.0
            for a in range(n_ages):
                here = people[y, s, a]
                at_risk = here + 0.5 * migration[y] * exposed[y, s, a]
                if some_added and a < last:
                    at_risk += 0.5 * added[s, a + 1]
                share = 1.0 - np.exp(-hazard[y, s, a + 1] * mortality[y])
                died = min(max(at_risk, 0.0) * share, here)
                if keep:
                    deaths[y, s, a + 1] = died
                left = here - died
                if a < last:
                    people[y + 1, s, a + 1] = left
                else:
                    stayed_on = left
            people[y + 1, s, last] += stayed_on
            for a in range(1, n_ages):
                left = people[y + 1, s, a]
                closing = left + migration[y] * joined[y, s, a] + added[s, a]
                # More cannot leave than there are.
                closing = max(closing, 0.0)
                people[y + 1, s, a] = closing
                if keep:
                    net[y, s, a] = closing - left
        born = 0.0
        for m in range(n_mothers):
            women = 0.5 * (people[y, 1, first_mother + m] + people[y + 1, 1, first_mother + m])
            of_age = fertility[y, m] * more_births[y] * women
            born += of_age
            if keep:
                births[y, m] = of_age
        for s in range(2):
            of_sex = born * (boys if s == 0 else 1.0 - boys)
            died = of_sex * (1.0 - np.exp(-hazard[y, s, 0] * mortality[y]))
            left = of_sex - died
            closing = max(left + migration[y] * joined[y, s, 0] + added[s, 0], 0.0)
            people[y + 1, s, 0] = closing
            if keep:
                deaths[y, s, 0] = died
                net[y, s, 0] = closing - left


@kernel
def _project_draws(
    opening, fertility, first_mother, hazard, joined, exposed, more_births, mortality, migration,
    extra_migration, ages_of_migrants, arrivals, ages_of_site, boys, people, births, deaths, net,
) -> None:  # fmt: skip
    """Project one area in every draw."""
    for d in range(len(people)):
        _project(
            opening, fertility, first_mother, hazard, joined, exposed, more_births[d], mortality[d],
            migration[d], extra_migration[d], ages_of_migrants, arrivals[d], ages_of_site, boys,
            people[d], births[d], deaths[d], net[d],
        )  # fmt: skip


def project_area(
    components: Components, area: int, levels: Levels, *, accounts: bool = False
) -> Accounts:
    """Project one area in every draw.

    Args:
        components: of all areas.
        area: the number of the area.
        levels: what each draw changes.
        accounts: whether to keep births, deaths and net migration too.
    """
    c, draws, n_years = components, levels.draws, components.n_years
    n_ages = c.opening.shape[2]
    kept = n_years if accounts else 0
    result = Accounts(
        np.empty((draws, n_years + 1, 2, n_ages)),
        np.zeros((draws, kept, c.fertility.shape[2])),
        np.zeros((draws, kept, 2, n_ages + 1)),
        np.zeros((draws, kept, 2, n_ages)),
    )
    mine = np.flatnonzero(levels.area_of_site == area)
    _project_draws(
        c.opening[area],
        c.fertility[area],
        c.first_mother,
        c.hazard[area if len(c.hazard) > 1 else 0],
        c.joined[area],
        c.exposed[area],
        levels.fertility,
        levels.mortality,
        levels.migration,
        levels.extra_migration,
        levels.ages_of_migrants,
        np.ascontiguousarray(levels.arrivals[:, mine]),
        levels.ages_of_site[mine],
        BOYS,
        result.people,
        result.births,
        result.deaths,
        result.net_migration,
    )
    return result


def project(
    components: Components, *, threads: int | None = None, watch: Watch | None = None
) -> Population:
    """Project every area as the model has it, without draws.

    Returns:
        The people of all years and the births of all but the first.
    """
    c = components
    people = np.empty((len(c.areas), c.n_years + 1, *c.opening.shape[1:]))
    births = np.empty((len(c.areas), c.n_years, c.fertility.shape[2]))
    same = Levels.unchanged(1, c.n_years, c.opening.shape[2])

    def block(areas: range) -> None:
        for area in areas:
            made = project_area(c, area, same, accounts=True)
            people[area], births[area] = made.people[0], made.births[0]

    run_blocks(block, len(c.areas), threads, watch)
    return Population(c.areas, c.years, people, births, c.first_mother)
