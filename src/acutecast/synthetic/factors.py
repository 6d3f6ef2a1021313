"""Population, births and activity by age of the built-in region, as provider tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from acutecast.facts import MAX_AGE
from acutecast.synthetic import people

# Made-up departures from the principal variant: people more or fewer at the end of the projection,
# relative to it, at the ages at which people move. They are not the ONS's variants.
_DEPARTURES = {
    "migration_category": 0.0,
    "var_proj_5_year_migration": 0.012,
    "var_proj_10_year_migration": -0.010,
    "var_proj_high_intl_migration": 0.045,
    "var_proj_low_intl_migration": -0.045,
    "var_proj_zero_net_migration": -0.090,
}
VARIANTS = tuple(_DEPARTURES)


def _departure(variant: str) -> np.ndarray:
    """Factor on the principal variant by age and year; movers are young adults, who then age."""
    years = np.array(people.YEARS)
    gone = np.maximum(years - people.BASE_YEAR, 0) / (years[-1] - people.BASE_YEAR)
    ages = np.arange(MAX_AGE + 1)
    centre = 30 + 10 * gone
    width = np.where(ages[:, None] < centre, 14.0, 18.0)
    mover = 0.25 + np.exp(-(((ages[:, None] - centre) / width) ** 2))
    return 1.0 + _DEPARTURES[variant] * gone * mover


def demographic_factors(size: float) -> pa.Table:
    """Make `demographic_factors`: people of the catchment by variant, age, sex and year."""
    counts = people.people_by_year(size)
    tables = [counts * _departure(variant) for variant in VARIANTS]
    n = MAX_AGE + 1
    return _by_year(
        {
            "variant": np.repeat(VARIANTS, 2 * n),
            "age": np.tile(np.arange(n), 2 * len(VARIANTS)),
            "sex": np.tile(np.repeat([1, 2], n), len(VARIANTS)),
        },
        np.stack(tables).reshape(-1, len(people.YEARS)),
    )


def birth_factors(size: float) -> pa.Table:
    """Make `birth_factors`: births of the catchment by variant, age of the mother and year."""
    counts = people.births_by_year(size)
    tables = [counts * _departure(variant)[people.MOTHERS] for variant in VARIANTS]
    n = len(people.MOTHERS)
    return _by_year(
        {
            "variant": np.repeat(VARIANTS, n),
            "age": np.tile(people.MOTHERS, len(VARIANTS)),
            "sex": np.full(n * len(VARIANTS), 2),
        },
        np.stack(tables).reshape(-1, len(people.YEARS)),
    )


def _by_year(keys: dict[str, np.ndarray], values: np.ndarray) -> pa.Table:
    years = {str(year): values[:, y].round(3) for y, year in enumerate(people.YEARS)}
    return pa.table({**keys, **years})


def health_tables() -> pa.Table:
    """Make `hsa_activity_tables`: activity per head by health group, sex and age 0-100.

    Ages above 90 go on at the slope of the last ten years, damped; ages below 18 keep the rate of
    18, as the tables serve ages from 55.
    """
    rates = people.rates()
    groups = {
        "reg": rates["regular"],
        "emerg": rates["emergency"],
        "transfer": rates["transfer"],
        "ordelec": rates["elective_ordinary"],
        "daycase": rates["daycase"],
        "aae_adult_ambulance": rates["ambulance"],
        "aae_adult_walk-in": rates["walk_in"],
    }
    for kind in ("surgical", "non-surgical"):
        for group in ("first", "followup", "procedure"):
            groups[f"op_adult_{kind}_{group}"] = rates[f"op_adult_{kind}_{group}"]
    ages = np.arange(101)
    names, sexes, activity = [], [], []
    for name in sorted(groups):
        for sex in (0, 1):
            adult = groups[name][sex, 18:]
            slope = np.log(adult[-1] / adult[-11]) / 10
            beyond = adult[-1] * np.exp(slope * np.cumsum(0.9 ** np.arange(1, 11)))
            names += [name] * len(ages)
            sexes += [sex + 1] * len(ages)
            activity.append(np.concatenate([np.full(18, adult[0]), adult, beyond]))
    return pa.table(
        {
            "hsagrp": names,
            "sex": sexes,
            "age": np.tile(ages, 2 * len(groups)),
            "activity": np.concatenate(activity).round(6),
        }
    )
