"""People of the built-in region, and how much activity they have per head."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from acutecast.facts import AGE_GROUPS, MAX_AGE, age_group_of_age
from acutecast.population.england import england as england_projection

YEARS = tuple(range(2022, 2048))
BASE_YEAR = 2023
MOTHERS = np.arange(15, 45)
_AGES = np.arange(MAX_AGE + 1)

# Share of England's people in the catchment at age 45 and size 1, found so that about 100,000
# spells come out; it rises with age, as in a region of country and coast.
_SHARE = 0.00575
_OLDER = 0.004

# Activity that no curve covers. Regular day attenders and transfers: assumptions.
_REGULAR_BY_EMERGENCY = 0.12
_TRANSFERS_BY_EMERGENCY = 0.012
# Spells of pregnancy for each birth, delivery included: assumption, after HES maternity statistics.
_MATERNITY_SPELLS_PER_BIRTH = 2.1

ICBS = {"QD1": 0.87, "QD2": 0.13}


@dataclass(frozen=True)
class Site:
    """One site: its made-up code, name and what it mainly does."""

    code: str
    name: str
    role: str


SITES = {
    site.code: site
    for site in (
        Site("RXX01", "Estuary General Hospital", "emergency medicine and surgery, maternity"),
        Site("RXX02", "Hillside Hospital", "elective surgery, some emergency care"),
        Site("RXX03", "Market Street Hospital", "day cases, clinics and urgent treatment"),
    )
}


def read(name: str) -> list[dict[str, str]]:
    """Read one of the region's data files; lines that start with '#' say where it comes from."""
    text = files("acutecast.synthetic").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return list(csv.DictReader(lines))


@cache
def england() -> np.ndarray:
    """Give the people of England by sex (male first), age 0-90 and year 2022-2047."""
    return np.moveaxis(england_projection().people[0], 0, 2)


@cache
def england_births() -> np.ndarray:
    """Give births in England by age of the mother 15-44 and year 2022-2047.

    The source has 2023 to 2046; the years at the ends repeat their neighbours.
    """
    table = england_projection().births[0].T
    return np.concatenate([table[:, :1], table[:, :-1], table[:, -2:-1]], axis=1)


def _share_of_england(size: float) -> np.ndarray:
    return size * _SHARE * (1.0 + _OLDER * (_AGES - 45))


def people_by_year(size: float) -> np.ndarray:
    """Give the catchment's people by sex, age and year, England's growth applied to it."""
    return england() * _share_of_england(size)[None, :, None]


def births_by_year(size: float) -> np.ndarray:
    """Give the catchment's births by age of the mother and year."""
    return england_births() * _share_of_england(size)[MOTHERS][:, None]


def catchment(size: float) -> np.ndarray:
    """Give the catchment's people in the base year by sex (male first) and age 0-90."""
    return people_by_year(size)[:, :, YEARS.index(BASE_YEAR)]


@cache
def rates() -> dict[str, np.ndarray]:
    """Give activity per head and year by group, each (2, 91): sex (male first) and age."""
    adult = _AGES >= 18
    result: dict[str, np.ndarray] = {}
    for row in read("adult_rates"):
        table = result.setdefault(row["group"], np.zeros((2, MAX_AGE + 1)))
        table[int(row["sex"]) - 1] = np.where(adult, _curve(row), 0.0)
    group_of_age = np.array([AGE_GROUPS.index(name) for name in age_group_of_age()])
    for row in read("child_rates"):
        by_group = np.array([float(row.get(name) or 0.0) for name in AGE_GROUPS])
        table = result.setdefault(row["group"], np.zeros((2, MAX_AGE + 1)))
        table += np.where(adult, 0.0, by_group[group_of_age])
    emergency = result["emergency"]
    result["regular"] = emergency * _REGULAR_BY_EMERGENCY * adult
    result["transfer"] = emergency * _TRANSFERS_BY_EMERGENCY
    return result | _births()


def _curve(row: dict[str, str]) -> np.ndarray:
    """Give a curve of adult_rates.csv, which has the formula, at ages 0-90."""
    base, young, mothers, older, peak, spread = (
        float(row[name]) for name in ("base", "young", "mothers", "older", "peak", "spread")
    )
    return (
        base
        + young * np.exp(-(_AGES - 18) / 15)
        + mothers * np.exp(-0.5 * ((_AGES - 31) / 7) ** 2)
        + older * np.exp(-0.5 * ((_AGES - peak) / spread) ** 2)
    )


def _births() -> dict[str, np.ndarray]:
    """Spells of pregnancy by age of the mother, and of the newborn."""
    people = catchment(1.0)
    births = births_by_year(1.0)[:, YEARS.index(BASE_YEAR)]
    maternity, newborn = np.zeros((2, MAX_AGE + 1)), np.zeros((2, MAX_AGE + 1))
    maternity[1, MOTHERS] = _MATERNITY_SPELLS_PER_BIRTH * births / people[1, MOTHERS]
    # About 15% of newborn babies need care of their own ("well babies" are not counted).
    newborn[:, 0] = 0.15 * births.sum() / people[:, 0].sum()
    return {"maternity": maternity, "births": newborn}
