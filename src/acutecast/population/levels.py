"""What draws change in the components of a projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Levels:
    """What each draw changes, all by year.

    Attributes:
        fertility, mortality, migration: multipliers of the model's rates, (draws, Y).
        extra_migration: more (or fewer) net migrants a year per resident, (draws, Y).
        arrivals: people who move into new dwellings, by site, (draws, sites, Y).
        area_of_site: the index of each site's area, (sites,).
        ages_of_site: who moves in, shares by sex and age that sum to 1, (sites, 2, ages).
        ages_of_migrants: who the extra migrants are, (2, ages), summing to 1.
    """

    fertility: np.ndarray
    mortality: np.ndarray
    migration: np.ndarray
    extra_migration: np.ndarray
    arrivals: np.ndarray
    area_of_site: np.ndarray
    ages_of_site: np.ndarray
    ages_of_migrants: np.ndarray

    @property
    def draws(self) -> int:
        """How many draws there are."""
        return len(self.fertility)

    @classmethod
    def unchanged(cls, draws: int, n_years: int, n_ages: int) -> Levels:
        """Give levels that leave the model as it is."""
        ones = np.ones((draws, n_years))
        return cls(
            ones, ones, ones, np.zeros((draws, n_years)), np.zeros((draws, 0, n_years)),
            np.zeros(0, np.int64), np.zeros((0, 2, n_ages)), np.zeros((2, n_ages)),
        )  # fmt: skip
