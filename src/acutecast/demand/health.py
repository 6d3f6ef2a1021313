"""Health status adjustment: people who live longer in good health use hospitals as if younger.

An elicited distribution gives q, the percent of life expectancy at 65 that will be free of
disability in a year. The years of age gained at 65 are then

    S = q / 100 x LE65(year) - DFLE65,      DFLE65 = disability-free life expectancy in 2021

and at another age S x (LE(age, year) - LE(age, start)) / (LE65(year) - LE65(start)). What was
gained between 2021 and the baseline year is taken off again ("rebasing"), because the baseline's
activity has it already. Method: NHP demand model 5.2. Differences: the rebasing uses the exact
mean of the distribution instead of the mean of 10,000 draws; years before the horizon use the
horizon's age profile of the gain, because published life expectancy is rounded to 0.1 year and
the ratio is noise (or 0/0) when the gain is small.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from acutecast import facts
from acutecast.compute.compiling import kernel
from acutecast.demand import columns
from acutecast.errors import AcutecastError, Problem

BASE_YEAR = 2021
REFERENCE_AGE = 65
PRINCIPAL = "ppp"
FIRST_AGE, LAST_AGE = 55, 90
# Disability-free life expectancy at 65 in England, 2018-20, years, male and female (ONS).
DISABILITY_FREE = np.array([10.45, 10.66])


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


@cache
def _life_expectancy(life_table: str) -> tuple[int, np.ndarray]:
    """First year, and life expectancy by sex, age 55-90 and year."""
    rows = [row for row in facts.rows("life_expectancy") if row["life_table"] == life_table]
    years = [int(name) for name in rows[0] if name.isdigit()]
    table = np.array([[float(row[str(year)]) for year in years] for row in rows])
    return years[0], table.reshape(2, LAST_AGE - FIRST_AGE + 1, len(years))


def life_table_of(variant: str) -> str:
    """Give the life expectancy that goes with a population variant.

    The published lookup names high ("hle") and low ("lle") life expectancy for some national
    variants; where the facts hold no such table, the principal one ("ppp") stands in.
    """
    known = {row["life_table"] for row in facts.rows("life_expectancy")}
    by_variant = {r["variant"]: r["life_table"] for r in facts.rows("population_variants")}
    named = by_variant.get(variant, PRINCIPAL)
    return named if named in known else PRINCIPAL


def years_covered() -> tuple[int, int]:
    """First and last year for which the distribution was elicited."""
    years = [year for year, _ in _terms()]
    return min(years), max(years)


@dataclass(frozen=True)
class HealthStatus:
    """What the kernel needs to adjust for health status.

    Attributes:
        groups: the health groups (`hsagrp`) that have an activity table.
        activity: activity per head, (groups, 2, ages 0-100).
        shift: years of age gained at 65, (runs, Y, 2).
        shift_by_age: gain relative to that at 65, (Y, 2, ages 55-90).
        rebase: years of age already gained at the baseline, (2, ages 55-90).
    """

    groups: tuple[str, ...]
    activity: np.ndarray
    shift: np.ndarray
    shift_by_age: np.ndarray
    rebase: np.ndarray


def health_status(
    table: pa.Table,
    uniform: np.ndarray,
    baseline_year: int,
    years: tuple[int, ...],
    life_table: str = PRINCIPAL,
) -> HealthStatus:
    """Compute the gain in healthy years for each run.

    Args:
        table: `hsa_activity_tables` of the provider.
        uniform: one uniform per run, shared by the sexes, (runs,).
        baseline_year: the start year of the data.
        years: the years simulated, the last the horizon.
        life_table: the variant of cohort life expectancy, see `life_table_of`.

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
    groups, activity = _activity_by_age(table)
    first_year, expectancy = _life_expectancy(life_table)
    at = {year: expectancy[:, :, year - first_year] for year in (BASE_YEAR, baseline_year, *years)}
    reference = REFERENCE_AGE - FIRST_AGE

    def gained(year: int, u: np.ndarray) -> np.ndarray:
        return np.stack(
            [
                metalog_quantile(u, _terms()[year, sex]) / 100 * at[year][sex - 1, reference]
                - DISABILITY_FREE[sex - 1]
                for sex in (1, 2)
            ],
            axis=-1,
        )

    def by_age(start: int, end: int) -> np.ndarray:
        gain = at[end] - at[start]
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = gain / gain[:, [reference]]
        return np.where(np.isfinite(relative), relative, 0.0)

    nodes, weights = np.polynomial.legendre.leggauss(200)
    already = np.zeros((2, LAST_AGE - FIRST_AGE + 1))
    if baseline_year > BASE_YEAR:
        mean = weights / 2 @ gained(baseline_year, (nodes + 1) / 2)
        already = mean[:, None] * by_age(BASE_YEAR, baseline_year)
    return HealthStatus(
        groups,
        activity,
        np.stack([gained(year, uniform) for year in years], axis=1),
        np.stack([by_age(baseline_year, years[-1])] * len(years)),
        already,
    )


def _activity_by_age(table: pa.Table) -> tuple[tuple[str, ...], np.ndarray]:
    group = columns.text(table, "hsagrp")
    groups = tuple(sorted(set(group.categories)))
    index = np.array([groups.index(value) for value in group.categories], dtype=np.int32)
    age = columns.numbers(table, "age")
    # A group or sex without a table keeps zero activity, which the kernel takes as factor 1.
    activity = np.zeros((len(groups), 2, 101))
    inside = (age >= 0) & (age <= 100)
    activity[index[group.codes][inside], columns.numbers(table, "sex")[inside] - 1, age[inside]] = (
        columns.numbers(table, "activity", np.float64)[inside]
    )
    return groups, activity


@kernel
def health_factors(
    shift: np.ndarray,
    shift_by_age: np.ndarray,
    rebase: np.ndarray,
    activity: np.ndarray,
    out: np.ndarray,
) -> None:
    """Factor of activity by health group, sex, age and year in one run.

    The factor is activity(a - shift × relative gain(a) + rebase(a)) / activity(a), linear between
    whole ages, never below 0; see `acutecast.demand.health`.

    Args:
        shift: years of age at 65 gained in this run, (Y, 2).
        shift_by_age: gain relative to that at 65, (Y, 2, ages 55-90).
        rebase: years of age already gained at the baseline, (2, ages).
        activity: activity per head by group, sex and age 0-100, (groups, 2, 101).
        out: factors, (groups, 2, ages, Y).
    """
    n_groups, _, n_ages, n_years = out.shape
    for g in range(n_groups):
        for s in range(2):
            for j in range(n_ages):
                own = activity[g, s, 55 + j]
                for y in range(n_years):
                    age = 55 + j - shift[y, s] * shift_by_age[y, s, j] + rebase[s, j]
                    age = min(max(age, 0.0), 100.0)
                    low = min(int(age), 99)
                    weight = age - low
                    level = (1.0 - weight) * activity[g, s, low] + weight * activity[g, s, low + 1]
                    out[g, s, j, y] = max(level / own, 0.0) if own > 0.0 else 1.0
