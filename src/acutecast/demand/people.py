"""People behind the rows: population and births of each variant, relative to the baseline year.

Variants of the data are read from the provider's tables. A projection of one's own is worked out
run by run: the components of its base variant, with the run's fertility, mortality, migration and
dwellings. Years that the tables do not have are continued by the same components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from acutecast.demand import columns
from acutecast.errors import Problem
from acutecast.facts import MAX_AGE
from acutecast.population.calibrate import calibrated, extended
from acutecast.population.components import Components, project_area
from acutecast.population.people import FIRST_MOTHER, LAST_MOTHER, Population
from acutecast.scenario import Scenario
from acutecast.scenario.model import Assumption
from acutecast.scenario.own_population import OwnLevels, OwnPopulation

# Women outside the ages of the births table within these ages count with its nearest age.
FERTILE = range(10, 61)


@dataclass(frozen=True)
class People:
    """One variant's catchment.

    Attributes:
        years: from the baseline year to the horizon.
        people: mid-year, (years, 2, ages 0-90); 0 where the table has no row.
        births: in the twelve months to the middle of each year, (years, mothers).
        first_mother: age of the youngest mothers of `births`.
        continued: whether the last years are not in the tables.
    """

    years: tuple[int, ...]
    people: np.ndarray
    births: np.ndarray
    first_mother: int
    continued: bool

    def population(self) -> Population:
        """Give the catchment as one area."""
        born = self.births[None, 1:]
        return Population(("catchment",), self.years, self.people[None], born, self.first_mother)


def people_of(
    tables: Mapping[str, pa.Table], variant: str, baseline_year: int, horizon_year: int
) -> People:
    """Read one variant's people and births, and continue them to the horizon.

    Args:
        tables: with `demographic_factors` and `birth_factors`.
        variant: a variant of the tables.
        baseline_year: the first year.
        horizon_year: the last year.
    """
    found = {}
    for name in ("demographic_factors", "birth_factors"):
        table = tables[name]
        codes = columns.text(table, "variant")
        mine = table.filter(pa.array(codes.is_in(variant)))
        found[name] = mine
    population, births = found["demographic_factors"], found["birth_factors"]
    there = [
        year
        for year in range(baseline_year, horizon_year + 1)
        if str(year) in population.column_names and str(year) in births.column_names
    ]
    people = np.zeros((len(there), 2, MAX_AGE + 1))
    age, sex = columns.numbers(population, "age"), columns.numbers(population, "sex") - 1
    inside = age <= MAX_AGE
    mothers = columns.numbers(births, "age")
    first = int(mothers.min(initial=FIRST_MOTHER)) if len(mothers) else FIRST_MOTHER
    last = int(mothers.max()) if len(mothers) else LAST_MOTHER
    born = np.zeros((len(there), last - first + 1))
    for y, year in enumerate(there):
        counts = columns.numbers(population, str(year), np.float64)
        people[y, sex[inside], age[inside]] = counts[inside]
        born[y, mothers - first] = columns.numbers(births, str(year), np.float64)
    made = People(tuple(there), people, born, first, continued=False)
    if there[-1] == horizon_year:
        return made
    longer = extended(made.population(), horizon_year)
    return People(
        longer.years, longer.people[0], np.concatenate([born[:1], longer.births[0]]), first,
        continued=True,
    )  # fmt: skip


def factors(people: People, counts: np.ndarray, births: np.ndarray) -> np.ndarray:
    """Give the growth of demographics and of births, relative to the baseline.

    Newborn babies grow with all births; mothers of ages outside the births table grow with its
    nearest age. (The NHP model leaves both at 1.)

    Args:
        people: the variant, whose first year is the baseline.
        counts: people of the years wanted, (Y, 2, ages).
        births: births of the years wanted, (Y, mothers).

    Returns:
        (2 ways, 2 sexes, ages 0-90, Y), demographics first; NaN where nobody is known.
    """
    result = np.full((2, 2, MAX_AGE + 1, len(counts)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        result[0] = np.moveaxis(counts / people.people[0], 0, 2)
        by_mother = (births / people.births[0]).T
        result[1, :, 0] = births.sum(axis=1) / people.births[0].sum()
    ages = np.clip(np.array(FERTILE), people.first_mother, people.first_mother + len(by_mother) - 1)
    result[1, 1, FERTILE.start : FERTILE.stop] = by_mother[ages - people.first_mother]
    result[~np.isfinite(result)] = np.nan
    return result


class OwnPeople:
    """A projection of one's own: levels, growth and life expectancy, run by run."""

    def __init__(
        self,
        base: People,
        own: OwnPopulation,
        name: str,
        assumptions: Sequence[Assumption],
        years: Sequence[int],
    ) -> None:
        """Compile.

        Args:
            base: the variant that it departs from.
            own: what it states.
            name: its name.
            assumptions: the scenario's, in the order of the runs' values.
            years: the years simulated.
        """
        self._base = base
        self._components: Components = calibrated(base.population())
        self._levels = OwnLevels(own, name, assumptions, base.years)
        self._at = np.array([base.years.index(year) for year in years])

    def factors(self, values: np.ndarray) -> np.ndarray:
        """Give the growth of one run, as `factors` does."""
        made = project_area(self._components, 0, self._levels(values[None]), accounts=True)
        births = np.concatenate([self._base.births[:1], made.births[0]])
        return factors(self._base, made.people[0][self._at], births[self._at])

    @property
    def changes_mortality(self) -> bool:
        """Whether people live longer or shorter than in the base variant."""
        return self._levels.states("mortality")

    def mortality(self, values: np.ndarray) -> np.ndarray:
        """Give the level of mortality of one run in the years simulated, (Y,)."""
        level = np.concatenate([[1.0], self._levels.rate("mortality", values[None])[0]])
        return level[self._at]


@dataclass(frozen=True)
class Variants:
    """Every population variant that a scenario's runs may use.

    Attributes:
        names: the variants, in the order of the arrays.
        growth: of the variants of the data, (variants, 2 ways, 2, ages, Y); a projection of one's
            own has its base variant's there.
        own: projections of one's own by their number.
        continued: variants whose last years are not in the tables.
    """

    names: tuple[str, ...]
    growth: np.ndarray
    own: Mapping[int, OwnPeople]
    continued: tuple[str, ...]

    def warnings(self, last_year: int) -> tuple[Problem, ...]:
        """Say which variants go on beyond the tables."""
        if not self.continued:
            return ()
        return (
            Problem(
                f"the tables end in {last_year}; later years continue with the last fertility, "
                "the mean migration of the last five years and England's falling mortality",
                where=f"population.variants: {', '.join(self.continued)}",
                warning=True,
            ),
        )


def variants_of(
    tables: Mapping[str, pa.Table],
    scenario: Scenario,
    names: Sequence[str],
    baseline_year: int,
    years: Sequence[int],
) -> Variants:
    """Read the variants of a scenario from the provider's tables.

    Args:
        tables: with `demographic_factors` and `birth_factors`.
        scenario: resolved for the provider.
        names: the variants wanted, of the data or of one's own.
        baseline_year: the baseline.
        years: the years simulated, ascending, the horizon last.
    """
    assumptions = scenario.assumptions()
    read: dict[str, People] = {}
    growth, own = [], {}
    for i, name in enumerate(names):
        defined = scenario.population.own.get(name)
        base = defined.base if defined else name
        if base not in read:
            read[base] = people_of(tables, base, baseline_year, years[-1])
        people = read[base]
        at = np.array([people.years.index(year) for year in years])
        growth.append(factors(people, people.people[at], people.births[at]))
        if defined:
            own[i] = OwnPeople(people, defined, name, assumptions, years)
    continued = tuple(name for name, people in read.items() if people.continued)
    return Variants(tuple(names), np.stack(growth), own, continued)


def last_year(tables: Mapping[str, pa.Table], baseline_year: int) -> int:
    """Give the last year for which the tables have both population and births."""
    years = [
        {int(name) for name in tables[table].column_names if name.isdigit()}
        for table in ("demographic_factors", "birth_factors")
    ]
    return max(set.intersection(*years), default=baseline_year)
