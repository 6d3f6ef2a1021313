"""Population projections of one's own: what departs from a published variant, and by how much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator

from acutecast.errors import Problem, raise_if_any
from acutecast.facts import MAX_AGE
from acutecast.population.levels import Levels
from acutecast.population.movers import (
    ages_of_group,
    by_age,
    migrants_by_age,
    people_per_dwelling,
    to_last_age,
)
from acutecast.population.people import listed
from acutecast.scenario.distributions import Distribution, Stated
from acutecast.scenario.faults import fault, shown
from acutecast.scenario.profiles import Profile
from acutecast.scenario.shorthand import Within

OWN = "own_"
"""The beginning of the names of projections of one's own."""
POPULATION = "population"
"""The section of their assumptions."""

Rate = Annotated[Distribution, Within(0, 5)]
ExtraMigrants = Annotated[Distribution, Within(-50, 50)]
PeoplePerDwelling = Annotated[Distribution, Within(0, 10, timed=False)]
Completed = Annotated[Distribution, Within(0, 2, timed=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Housing(_Part):
    """New dwellings beyond what the base variant has, and who moves in.

    Attributes:
        dwellings: dwellings completed in the twelve months to the middle of a year.
        area: the code of the area where they stand; needed where areas are projected apart.
        share: of the residents, how many are of the provider's catchment.
        people_per_dwelling: of all ages; that of `ages`, 2.4 by default.
        completed: the share of the dwellings that is built.
        ages: people per dwelling by age group, {"0-4": 0.26, "5-15": 0.36, …}.
    """

    dwellings: Annotated[
        dict[Annotated[str, Field(pattern=r"^[12]\d{3}$")], Annotated[float, Field(ge=0)]],
        Field(min_length=1),
    ]
    area: str | None = None
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    people_per_dwelling: PeoplePerDwelling | None = None
    completed: Completed | None = None
    ages: dict[str, Annotated[float, Field(ge=0)]] = {}

    @field_validator("ages")
    @classmethod
    def _age_groups(cls, ages: dict[str, float]) -> dict[str, float]:
        taken: set[int] = set()
        for group in ages:
            try:
                mine = set(ages_of_group(group))
            except ValueError:
                raise fault(f"{shown(group)} is not an age group", 'For example "25-34".') from None
            if taken & mine:
                raise fault(f"age {min(taken & mine)} is in two groups", "Keep it in one of them.")
            taken |= mine
        if ages and not sum(ages.values()) > 0:
            raise fault("the age groups hold nobody", 'For example {"25-44": 1.1, "0-15": 0.6}.')
        return ages

    def groups(self) -> dict[str, float]:
        """Give people per dwelling by age group, the default where none are stated."""
        return self.ages or people_per_dwelling()


class OwnPopulation(_Part):
    """A projection of one's own: a published variant with other rates, migrants and dwellings.

    What is not stated stays as in the base variant.

    Attributes:
        base: the variant that it departs from.
        fertility: multiplier of births per woman at the horizon.
        mortality: multiplier of death rates at the horizon; below 1, people live longer.
        migration: multiplier of net migration at the horizon.
        extra_migrants: more (or fewer) net migrants a year per 1,000 residents at the horizon.
        housing: new dwellings by the name of the site.
    """

    base: str = "migration_category"
    fertility: Rate | None = None
    mortality: Rate | None = None
    migration: Rate | None = None
    extra_migrants: ExtraMigrants | None = None
    housing: dict[Annotated[str, Field(min_length=1)], Housing] = {}

    def stated(self) -> Iterator[tuple[tuple[str, ...], Stated, Profile | None]]:
        """Give what is stated: where, the distribution, and the default profile."""
        for name in ("fertility", "mortality", "migration", "extra_migrants"):
            if (value := getattr(self, name)) is not None:
                yield (name,), value, Profile(shape="linear")
        for site, housing in self.housing.items():
            for name in ("people_per_dwelling", "completed"):
                if (value := getattr(housing, name)) is not None:
                    yield ("housing", site, name), value, None


class Uncertain(Protocol):
    """What of an assumption the levels need; see `acutecast.scenario.model.Assumption`."""

    @property
    def name(self) -> str:
        """The dotted path."""
        ...

    @property
    def profile(self) -> Profile | None:
        """How it comes into effect."""
        ...


class OwnLevels:
    """From the values that runs drew to what they change in the components of a projection."""

    def __init__(
        self,
        own: OwnPopulation,
        name: str,
        assumptions: Sequence[Uncertain],
        years: Sequence[int],
        areas: Sequence[str] | None = None,
        last_age: int = MAX_AGE,
    ) -> None:
        """Compile.

        Args:
            own: what is stated.
            name: the projection's name.
            assumptions: the scenario's, in the order of the runs' values.
            years: consecutive, the baseline year first.
            areas: the areas projected apart, each with all residents of its sites; None for one
                catchment, with the share of the residents who are of it.
            last_age: the last age, which stands for it and over.

        Raises:
            AcutecastError: naming the sites whose area is not projected.
        """
        self._own, self._years, self._last_age = own, tuple(years), last_age
        prefix = f"{POPULATION}.{name}."
        self._index = {
            a.name.removeprefix(prefix): i
            for i, a in enumerate(assumptions)
            if a.name.startswith(prefix)
        }
        self._weights = {
            path: profile.weights(years[1:], years[0], years[-1])
            for path, i in self._index.items()
            if (profile := assumptions[i].profile) is not None
        }
        sites = own.housing
        self._area_of_site = np.zeros(len(sites), np.int64)
        if areas is not None:
            raise_if_any(_site_problems(name, sites, areas), "The projection cannot be made")
            index = {area: i for i, area in enumerate(areas)}
            of_site = [index[s.area or areas[0]] for s in sites.values()]
            self._area_of_site = np.array(of_site, np.int64)
        shares = [site.share if areas is None else 1.0 for site in sites.values()]
        self._dwellings = np.array(
            [
                [site.dwellings.get(str(year), 0.0) * share for year in years[1:]]
                for site, share in zip(sites.values(), shares, strict=True)
            ]
        ).reshape(len(sites), len(years) - 1)
        ages = [by_age(site.groups()) for site in sites.values()]
        shares_by_age = np.array([a / a.sum() for a in ages]).reshape(-1, 2, MAX_AGE + 1)
        self._ages_of_site = to_last_age(shares_by_age, last_age)

    def states(self, name: str) -> bool:
        """Tell whether a rate is stated."""
        return name in self._index

    def value(self, path: str, values: np.ndarray, site: Housing | None = None) -> np.ndarray:
        """Give an assumption's values at the horizon, (draws,)."""
        if path in self._index:
            return values[:, self._index[path]]
        return np.full(len(values), _unstated(path.rpartition(".")[2], site))

    def rate(self, name: str, values: np.ndarray) -> np.ndarray:
        """Give a rate by year, from what it is without the assumption to its full effect.

        Returns:
            (draws, Y).
        """
        none = _unstated(name)
        if name not in self._index:
            return np.full((len(values), len(self._years) - 1), none)
        return none + (self.value(name, values)[:, None] - none) * self._weights[name]

    def __call__(self, values: np.ndarray) -> Levels:
        """Give what runs change.

        Args:
            values: of the scenario's assumptions at the horizon, (draws, assumptions).
        """
        moving_in = np.array(
            [
                self.value(f"housing.{name}.completed", values)
                * self.value(f"housing.{name}.people_per_dwelling", values, site)
                for name, site in self._own.housing.items()
            ]
        ).reshape(len(self._own.housing), len(values))
        return Levels(
            self.rate("fertility", values),
            self.rate("mortality", values),
            self.rate("migration", values),
            self.rate("extra_migrants", values) / 1000,
            self._dwellings[None] * moving_in.T[:, :, None],
            self._area_of_site,
            self._ages_of_site,
            to_last_age(migrants_by_age(), self._last_age),
        )


def _site_problems(
    name: str, sites: Mapping[str, Housing], areas: Sequence[str]
) -> Iterator[Problem]:
    for site, housing in sites.items():
        if housing.area is None and len(areas) > 1:
            what = "does not say in which area it is"
        elif housing.area is not None and housing.area not in areas:
            what = f"is in {housing.area}, which is not projected"
        else:
            continue
        yield Problem(
            what, f"{POPULATION}.own.{name}.housing.{site}.area",
            remedy=f"Name one of {listed(tuple(areas))}.",
        )  # fmt: skip


def _unstated(name: str, site: Housing | None = None) -> float:
    """What an assumption of `OwnPopulation` or `Housing` is where it is not stated."""
    if name == "extra_migrants":
        return 0.0
    if name == "people_per_dwelling" and site is not None:
        return sum(site.groups().values())
    return 1.0
