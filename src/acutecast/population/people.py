"""People by area, sex, age and year: what projections are read into and made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from acutecast.errors import AcutecastError, Problem

FIRST_MOTHER, LAST_MOTHER = 15, 44
"""Ages of mothers in published births; younger and older ones count at the ends."""


@dataclass(frozen=True)
class Population:
    """The people of some areas in consecutive years, in one variant.

    Attributes:
        areas: codes of the areas.
        years: calendar years, consecutive; people are of mid-year.
        people: people by area, year, sex (male first) and age, float64 (areas, years, 2, ages);
            the last age is it and over.
        births: births in the twelve months before the middle of each year but the first, by area
            and age of the mother, float64 (areas, years - 1, mothers); NaN where they are unknown.
        first_mother: age of the youngest mothers in `births`.
    """

    areas: tuple[str, ...]
    years: tuple[int, ...]
    people: np.ndarray
    births: np.ndarray
    first_mother: int = FIRST_MOTHER

    def __post_init__(self) -> None:
        """Check the shapes, which everything else relies on."""
        n, y = len(self.areas), len(self.years)
        if self.people.shape[:3] != (n, y, 2) or self.births.shape[:2] != (n, y - 1):
            raise ValueError(
                f"{n} areas and {y} years do not fit people {self.people.shape} and births "
                f"{self.births.shape}"
            )
        if self.years != tuple(range(self.years[0], self.years[0] + y)):
            raise ValueError(f"the years are not consecutive: {self.years}")

    @property
    def last_age(self) -> int:
        """The last age, which stands for it and over."""
        return self.people.shape[3] - 1

    def total(self, name: str = "all") -> Population:
        """Give the areas together as one area."""
        return replace(
            self, areas=(name,), people=self.people.sum(axis=0, keepdims=True),
            births=self.births.sum(axis=0, keepdims=True),
        )  # fmt: skip

    def of_areas(self, areas: Iterable[str]) -> Population:
        """Give some of the areas, in the order asked for.

        Raises:
            AcutecastError: naming the areas that are not there.
        """
        wanted = tuple(areas)
        unknown = [area for area in wanted if area not in self.areas]
        if unknown:
            raise AcutecastError(
                Problem(
                    "the population has no such areas",
                    count=len(unknown),
                    example=unknown[0],
                    remedy=f"It has {listed(self.areas)}.",
                )
            )
        index = [self.areas.index(area) for area in wanted]
        return replace(self, areas=wanted, people=self.people[index], births=self.births[index])

    def of_years(self, first: int, last: int) -> Population:
        """Give the years from `first` to `last`, as far as they are there."""
        kept = [i for i, year in enumerate(self.years) if first <= year <= last]
        if not kept:
            raise AcutecastError(
                Problem(
                    f"the population has no years from {first} to {last}",
                    remedy=f"It has {self.years[0]} to {self.years[-1]}.",
                )
            )
        return replace(
            self, years=tuple(self.years[i] for i in kept), people=self.people[:, kept],
            births=self.births[:, kept[0] : kept[-1]],
        )  # fmt: skip

    def to_last_age(self, last: int) -> Population:
        """Give the same people with the ages from `last` on together."""
        return replace(self, people=together_from(self.people, last))


def together_from(people: np.ndarray, last: int) -> np.ndarray:
    """Add up the ages from `last` on, the last axis."""
    if people.shape[-1] <= last + 1:
        return people
    older = people[..., last:].sum(axis=-1, keepdims=True)
    return np.concatenate([people[..., :last], older], axis=-1)


def listed(names: Sequence[str], most: int = 6) -> str:
    """List names for a message, the first few of many."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def mixed(variants: Mapping[str, Population], weights: Mapping[str, float]) -> Population:
    """Give the expected population of variants that have the given probabilities.

    Args:
        variants: populations of the same areas and years.
        weights: by variant, not negative; they are scaled to sum to 1.
    """
    used = {name: weight for name, weight in weights.items() if weight > 0}
    lacking = [name for name in used if name not in variants]
    if lacking or not used:
        raise AcutecastError(
            Problem(
                f"there is no variant {lacking[0]}" if lacking else "no variant has any weight",
                remedy=f"Choose among {listed(tuple(variants))}.",
            )
        )
    total = sum(used.values())
    first = variants[next(iter(used))]
    people = sum(variants[name].people * (weight / total) for name, weight in used.items())
    births = sum(variants[name].births * (weight / total) for name, weight in used.items())
    return replace(first, people=np.asarray(people), births=np.asarray(births))
