"""What a projection says, as tables: by year and age group, accounts, life expectancy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from acutecast.errors import AcutecastError, Problem
from acutecast.facts import SEXES
from acutecast.population.people import Population, listed
from acutecast.population.projected import LIFE_AGES, RANGE, Projected, groups_of

if TYPE_CHECKING:
    import polars

ALL = "all"
_PERCENTILES = [f"p{percent}" for percent in RANGE]


def weighted_total(population: Population, weights: np.ndarray | None) -> np.ndarray:
    """Give the people of all areas together, (years, 2, ages).

    Args:
        population: the areas.
        weights: share of each area's people who count, (areas, 2, ages); all by default.
    """
    if weights is None:
        return population.people.sum(axis=0)
    return np.einsum("iysa,isa->ysa", population.people, weights)


def by_group(
    projected: Projected, variants: Mapping[str, Population], weights: np.ndarray | None = None
) -> polars.DataFrame:
    """Give people by variant, area, age group and year.

    Args:
        projected: the projection of one's own.
        variants: published ones of the same areas.
        weights: as in `project_draws`.

    Returns:
        `variant`, `area` ("all" for all together), `age_group`, `year`, `people` (the mean),
        `p10`, `p50`, `p90` (of one's own; empty for published ones).
    """
    import polars as pl

    groups = tuple(groups_of(projected.mean.last_age))
    total = projected.total_by_group()
    frames = [
        _frame(
            projected.name, ALL, groups, projected.years, total.mean(axis=0),
            np.moveaxis(np.percentile(total, RANGE, axis=0), 0, -1),
        )
    ]  # fmt: skip
    mean = _grouped(projected.mean.people)
    if len(projected.mean.areas) > 1:
        frames += [
            _frame(projected.name, area, groups, projected.years, mean[i], projected.by_area[i])
            for i, area in enumerate(projected.mean.areas)
        ]
    for name, population in variants.items():
        together = _grouped(weighted_total(population, weights)[None])[0]
        frames.append(_frame(name, ALL, groups, population.years, together, None))
    return pl.concat(frames)


def _grouped(people: np.ndarray) -> np.ndarray:
    both = people.sum(axis=2)
    groups = groups_of(people.shape[-1] - 1).values()
    return np.stack([both[..., ages].sum(axis=-1) for ages in groups], axis=-1)


def _frame(
    variant: str,
    area: str,
    groups: tuple[str, ...],
    years: tuple[int, ...],
    people: np.ndarray,
    ranges: np.ndarray | None,
) -> polars.DataFrame:
    import polars as pl

    n = people.size
    percentiles = {
        name: [None] * n if ranges is None else ranges[..., i].T.ravel()
        for i, name in enumerate(_PERCENTILES)
    }
    return pl.DataFrame(
        {
            "variant": [variant] * n,
            "area": [area] * n,
            "age_group": np.repeat(groups, len(years)),
            "year": np.tile(years, len(groups)),
            "people": people.T.ravel(),
            **percentiles,
        },
        schema_overrides={"year": pl.Int32, **dict.fromkeys(_PERCENTILES, pl.Float64)},
    )


def accounts(projected: Projected) -> polars.DataFrame:
    """Give what changed the people of each area in the twelve months to the middle of each year.

    Returns:
        `area`, `year`, `opening`, `births`, `deaths`, `net_migration`, `closing`: means of the
        draws; opening + births - deaths + net_migration = closing.
    """
    import polars as pl

    flows, areas, years = projected.flows, projected.mean.areas, projected.years[1:]
    frame = pl.DataFrame(
        {
            "area": np.repeat(areas, len(years)),
            "year": np.tile(years, len(areas)),
            **{
                name: getattr(flows, name).ravel()
                for name in ("opening", "births", "deaths", "net_migration", "closing")
            },
        },
        schema_overrides={"year": pl.Int32},
    )
    if len(areas) == 1:
        return frame
    together = frame.group_by("year", maintain_order=True).agg(pl.exclude("area").sum())
    return pl.concat([together.select(pl.lit(ALL).alias("area"), pl.all()), frame])


def life_expectancy(projected: Projected) -> polars.DataFrame:
    """Give England's life expectancy at the projection's mortality.

    Returns:
        `kind` ("period" or "cohort"), `sex`, `age`, `year` (from its middle), `p10`, `p50`, `p90`
        in years.
    """
    import polars as pl

    years = projected.years[:-1]
    rows = []
    for kind, values in projected.life_expectancy().items():
        for s, sex in SEXES.items():
            for i, age in enumerate(LIFE_AGES):
                for y, year in enumerate(years):
                    rows.append((kind, sex, age, year, *map(float, values[y, s - 1, i])))
    return pl.DataFrame(rows, schema=["kind", "sex", "age", "year", *_PERCENTILES], orient="row")


def wide(variants: Mapping[str, Population], digits: int = 1) -> polars.DataFrame:
    """Give people in the layout that `read_population` and `acutecast extract` read.

    Returns:
        `variant`, `area`, `sex`, `age` and a column a year.
    """
    import polars as pl

    frames = []
    for name, p in variants.items():
        n_areas, n_ages = len(p.areas), p.last_age + 1
        frames.append(
            pl.DataFrame(
                {
                    "variant": [name] * (n_areas * 2 * n_ages),
                    "area": np.repeat(p.areas, 2 * n_ages),
                    "sex": np.tile(np.repeat([1, 2], n_ages), n_areas),
                    "age": np.tile(np.arange(n_ages), 2 * n_areas),
                    **{
                        str(year): p.people[:, y].ravel().round(digits)
                        for y, year in enumerate(p.years)
                    },
                }
            )
        )
    return pl.concat(frames, how="diagonal")


def wide_births(variants: Mapping[str, Population], digits: int = 2) -> polars.DataFrame:
    """Give births likewise: `variant`, `area`, `age` of the mother, and a column a year."""
    import polars as pl

    frames = []
    for name, p in variants.items():
        n_areas, n_mothers = p.births.shape[0], p.births.shape[2]
        known = [y for y in range(p.births.shape[1]) if np.isfinite(p.births[:, y]).all()]
        frames.append(
            pl.DataFrame(
                {
                    "variant": [name] * (n_areas * n_mothers),
                    "area": np.repeat(p.areas, n_mothers),
                    "age": np.tile(np.arange(n_mothers) + p.first_mother, n_areas),
                    **{str(p.years[y + 1]): p.births[:, y].ravel().round(digits) for y in known},
                }
            )
        )
    return pl.concat(frames, how="diagonal")


def shares(weights: np.ndarray, areas: Sequence[str], provider: str) -> polars.DataFrame:
    """Give a catchment's shares as `read_catchments` reads them.

    Args:
        weights: (areas, 2, ages).
        areas: their codes.
        provider: whose they are.
    """
    import polars as pl

    n_ages = weights.shape[2]
    return pl.DataFrame(
        {
            "provider": [provider] * weights.size,
            "area": np.repeat(areas, 2 * n_ages),
            "sex": np.tile(np.repeat([1, 2], n_ages), len(areas)),
            "age": np.tile(np.arange(n_ages), 2 * len(areas)),
            "share": weights.ravel(),
        }
    )


def compared(
    reference: Population, other: Population, names: tuple[str, str], every: int = 5
) -> polars.DataFrame:
    """Compare two populations by age group.

    Args:
        reference, other: of any areas; those of both are added up.
        names: what they are called.
        every: years between the rows; the first and last year of both are always there.

    Returns:
        `year`, `age_group`, a column for each of the `names`, `difference` and `difference_pct`.

    Raises:
        AcutecastError: where they have no area or no year in common.
    """
    import polars as pl

    areas = [area for area in reference.areas if area in other.areas]
    if not areas and len(reference.areas) == len(other.areas) == 1:
        areas, other = list(reference.areas), other.total(reference.areas[0])
    years = sorted(set(reference.years) & set(other.years))
    if not areas or not years:
        what = "area" if not areas else "year"
        raise AcutecastError(
            Problem(
                f"the two have no {what} in common",
                remedy=f"{names[0]} has {listed(tuple(map(str, getattr(reference, what + 's'))))}; "
                f"{names[1]} has {listed(tuple(map(str, getattr(other, what + 's'))))}.",
            )
        )
    last = min(reference.last_age, other.last_age)
    chosen = sorted({*years[::every], years[-1]})
    both = []
    for population in (reference, other):
        mine = population.of_areas(areas).to_last_age(last)
        grouped = _grouped(mine.people.sum(axis=0, keepdims=True))[0]
        both.append(grouped[[population.years.index(year) for year in chosen]])
    groups = tuple(groups_of(last))
    a, b = both
    labels = names if names[0] != names[1] else (names[0], f"{names[1]} (2)")
    return pl.DataFrame(
        {
            "year": np.repeat(chosen, len(groups)),
            "age_group": np.tile(groups, len(chosen)),
            labels[0]: a.ravel(),
            labels[1]: b.ravel(),
            "difference": (b - a).ravel(),
            "difference_pct": (100 * (b - a) / np.where(a > 0, a, np.nan)).ravel(),
        }
    )
