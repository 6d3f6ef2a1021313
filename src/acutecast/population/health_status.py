"""Health status: how many years younger people of an age will be in their use of hospitals.

An elicited distribution gives q, the percent of life expectancy at 65 that will be free of
disability in a year. The years of age gained at 65 are then

    S = q / 100 x LE65(year) - DFLE65,      DFLE65 = disability-free life expectancy in 2021

and at another age S x (LE(age, year) - LE(age, start)) / (LE65(year) - LE65(start)). What was
gained between 2021 and the baseline year is taken off again ("rebasing"), because the baseline's
activity has it already. Method: NHP demand model 5.2. Differences: the rebasing uses the exact
mean of the distribution instead of the mean of 10,000 draws; years before the horizon use the
horizon's age profile of the gain, because published life expectancy is rounded to 0.1 year and
the ratio is noise (or 0/0) when the gain is small; and where a projection of one's own has other
mortality, life expectancy moves with it.

The published life expectancies are those of periods. (The NHP model's file does not say; its past
years equal the ONS's period tables and not its cohort tables.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from acutecast import facts
from acutecast.errors import AcutecastError, Problem
from acutecast.population import mortality

BASE_YEAR = 2021
REFERENCE_AGE = 65
PRINCIPAL = "ppp"
FIRST_AGE, LAST_AGE = 55, 90
AGES = np.arange(FIRST_AGE, LAST_AGE + 1)
# Disability-free life expectancy at 65 in England, 2018-20, years, male and female (ONS).
DISABILITY_FREE = np.array([10.45, 10.66])
_REFERENCE = REFERENCE_AGE - FIRST_AGE


def metalog_quantile(u: np.ndarray, terms: np.ndarray) -> np.ndarray:
    """Quantile of a metalog distribution with up to nine terms, bounded to 0-100.

    Keelin 2016, "The Metalog Distributions", doi 10.1287/deca.2016.0338, equations 6 and 14.

    Args:
        u: probabilities in (0, 1), any shape.
        terms: a1…a9.

    Returns:
        Values in (0, 100), the shape of `u`.
    """
    u = np.asarray(u, dtype=np.float64)
    logit = np.log(u / (1.0 - u))
    c = u - 0.5
    basis = (1.0, logit, c * logit, c, c**2, c**2 * logit, c**3, c**3 * logit, c**4)
    m = sum(a * b for a, b in zip(terms, basis, strict=False))
    return 100.0 / (1.0 + np.exp(-m))


@cache
def _terms() -> dict[tuple[int, int], np.ndarray]:
    return {
        (int(row["year"]), int(row["sex"])): np.array([float(row[f"a{i}"]) for i in range(1, 10)])
        for row in facts.rows("health_status_metalog")
    }


def years_covered() -> tuple[int, int]:
    """First and last year for which the distribution was elicited."""
    years = [year for year, _ in _terms()]
    return min(years), max(years)


def free_of_disability(year: int, sex: int, u: np.ndarray) -> np.ndarray:
    """Give quantiles of the elicited percent of life expectancy at 65 that is free of disability.

    Args:
        year: the year, within `years_covered`.
        sex: 1 male, 2 female.
        u: probabilities in (0, 1), any shape.
    """
    return metalog_quantile(u, _terms()[year, sex])


@cache
def _life_expectancy(life_table: str) -> tuple[int, np.ndarray]:
    """First year, and life expectancy by year, sex and age 55-90."""
    rows = [row for row in facts.rows("life_expectancy") if row["life_table"] == life_table]
    years = [int(name) for name in rows[0] if name.isdigit()]
    table = np.array([[float(row[str(year)]) for row in rows] for year in years])
    return years[0], table.reshape(len(years), 2, len(AGES))


def life_expectancy(years: tuple[int, ...], life_table: str = PRINCIPAL) -> np.ndarray:
    """Give published period life expectancy, (years, 2, ages 55-90)."""
    first, table = _life_expectancy(life_table)
    return table[np.array(years) - first]


def life_table_of(variant: str) -> str:
    """Give the life expectancy that goes with a population variant.

    The published lookup names high ("hle") and low ("lle") life expectancy for some national
    variants; where the facts hold no such table, the principal one ("ppp") stands in.
    """
    known = {row["life_table"] for row in facts.rows("life_expectancy")}
    by_variant = {r["variant"]: r["life_table"] for r in facts.rows("population_variants")}
    named = by_variant.get(variant, PRINCIPAL)
    return named if named in known else PRINCIPAL


def life_expectancy_gained(years: tuple[int, ...], level: np.ndarray) -> np.ndarray:
    """Give by how much a level of mortality changes period life expectancy.

    Args:
        years: the years.
        level: multiplier of England's death rates in each, (Y,).

    Returns:
        Years, (Y, 2, ages 55-90); exactly 0 where the level is 1.
    """
    hazard = mortality.hazards(years[0], years[-1] - years[0] + 1)[np.array(years) - years[0]]
    changed = mortality.life_expectancy(hazard * level[:, None, None])
    gained = changed - mortality.life_expectancy(hazard)
    gained[level == 1.0] = 0.0
    return gained[:, :, FIRST_AGE : LAST_AGE + 1]


@dataclass(frozen=True)
class Younger:
    """By how many years of age people are younger, run by run.

    Attributes:
        years: the years, the last the horizon.
        percent: of life expectancy at 65 free of disability, (runs, Y, 2).
        start: life expectancy in the baseline year, (2, ages 55-90).
        expected: life expectancy in the years, (Y, 2, ages).
        rebase: years of age already gained at the baseline, (2, ages).
        changed: the change of life expectancy in a run, (Y, 2, ages); None where there is none.
    """

    years: tuple[int, ...]
    percent: np.ndarray
    start: np.ndarray
    expected: np.ndarray
    rebase: np.ndarray
    changed: Callable[[int], np.ndarray] | None = None

    def of_run(self, run: int) -> tuple[np.ndarray, np.ndarray]:
        """Give the years gained at 65, (Y, 2), and each age's gain relative to it, (2, ages)."""
        expected = self.expected
        if self.changed is not None:
            expected = expected + self.changed(run)
        shift = self.percent[run] / 100 * expected[:, :, _REFERENCE] - DISABILITY_FREE
        return shift, _relative(self.start, expected[-1])

    def adjusted_ages(self, run: int) -> np.ndarray:
        """Give the age as which people of each age use hospitals, (Y, 2, ages 55-90)."""
        shift, by_age = self.of_run(run)
        return AGES - shift[:, :, None] * by_age + self.rebase


def _relative(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    gain = end - start
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = gain / gain[:, [_REFERENCE]]
    return np.where(np.isfinite(relative), relative, 0.0)


@cache
def _quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Give nodes and weights of the integral over the elicited distribution, on -1 to 1."""
    return np.polynomial.legendre.leggauss(200)


def younger(
    uniform: np.ndarray,
    baseline_year: int,
    years: tuple[int, ...],
    life_table: str = PRINCIPAL,
    changed: Callable[[int], np.ndarray] | None = None,
) -> Younger:
    """Work out what all runs share.

    Args:
        uniform: one uniform per run, shared by the sexes, (runs,).
        baseline_year: the start year of the data.
        years: the years simulated, the last the horizon.
        life_table: the variant of life expectancy, see `life_table_of`.
        changed: the change of life expectancy in a run, as of `life_expectancy_gained`.

    Raises:
        AcutecastError: where a year is outside the elicited distribution.
    """
    first, last = years_covered()
    outside = [year for year in (baseline_year, *years) if not first <= year <= last]
    if outside:
        raise AcutecastError(
            Problem(
                f"the health status distribution covers {first} to {last}, not {outside[0]}",
                where="health_status_adjustment",
                remedy="Choose other years or set health_status to false.",
            )
        )
    base, start, *_ = at = life_expectancy((BASE_YEAR, baseline_year, *years), life_table)
    already = np.zeros((2, len(AGES)))
    if baseline_year > BASE_YEAR:
        nodes, weights = _quadrature()
        u = (nodes + 1) / 2
        q = np.stack([free_of_disability(baseline_year, sex, u) for sex in (1, 2)], axis=-1)
        mean = weights / 2 @ (q / 100 * start[:, _REFERENCE] - DISABILITY_FREE)
        already = mean[:, None] * _relative(base, start)
    percent = np.stack(
        [
            np.stack([free_of_disability(year, sex, uniform) for sex in (1, 2)], axis=-1)
            for year in years
        ],
        axis=1,
    )
    return Younger(years, percent, start, at[2:], already, changed)
