"""Activity per head by age, smooth: what the health status adjustment moves people along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from acutecast.extract.sql import arrow, in_list

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# The groups that the adjustment is made for (NHP demand model).
GROUPS = (
    "reg", "emerg", "transfer", "ordelec", "daycase",
    *(f"op_adult_{k}_{g}" for k in ("surgical", "non-surgical")
      for g in ("first", "followup", "procedure")),
    "aae_adult_ambulance", "aae_adult_walk-in",
)  # fmt: skip
_ADULTS = np.arange(18, 91)
_ALL_AGES = np.arange(101)
# How much of the slope of the last ten years is left after each further year beyond 90.
_DAMPING = 0.9
_LEAST = 1e-7


def hsa_activity_tables(con: DuckDBPyConnection, procode3: str, fyear: int) -> pa.Table:
    """Give the table `hsa_activity_tables` of a provider: activity per head and year, smooth.

    Spells, arrivals or attendances over the people of the catchment by single age 18 to 90, with
    a penalised spline through them (`smooth`). Ages below 18 keep the rate of 18; beyond 90 the
    curve goes on at a slope that fades. Groups without activity are left out.
    """
    mine = "procode3 = $code AND fyear = $year"
    counts = arrow(
        con,
        f"""SELECT hsagrp, sex, age, sum(n)::BIGINT AS n FROM (
            SELECT hsagrp, sex, age, 1 AS n FROM spells WHERE {mine}
            UNION ALL SELECT hsagrp, sex, age, attendances + tele_attendances FROM attendances
                WHERE {mine}
            UNION ALL SELECT hsagrp, sex, age, arrivals FROM arrivals WHERE {mine}
        ) WHERE {in_list("hsagrp", GROUPS)} AND age >= 18 GROUP BY ALL ORDER BY ALL""",
        {"code": procode3, "year": fyear},
    )
    heads = _heads(con, procode3, fyear)
    tables: dict[tuple[str, int], np.ndarray] = {}
    for row in counts.to_pylist():
        key = (row["hsagrp"], row["sex"])
        tables.setdefault(key, np.zeros(len(_ADULTS)))[row["age"] - 18] = row["n"]
    columns: dict[str, list] = {"hsagrp": [], "sex": [], "age": [], "activity": []}
    for group, sex in sorted(tables):
        curve = extended(smooth(tables[group, sex], heads[sex - 1, 18:]))
        columns["hsagrp"] += [group] * len(_ALL_AGES)
        columns["sex"] += [sex] * len(_ALL_AGES)
        columns["age"] += _ALL_AGES.tolist()
        columns["activity"] += np.round(curve, 7).tolist()
    return pa.table(columns)


def _heads(con: DuckDBPyConnection, procode3: str, fyear: int) -> np.ndarray:
    """Give the catchment's people of the year by sex (male first) and age 0-90."""
    mine = "procode3 = $code AND fyear = $year"
    rows = con.execute(
        f"""SELECT sex, age, people FROM catchment WHERE {mine}
            AND variant = (SELECT min(variant) FROM catchment WHERE {mine})
            AND year = (SELECT arg_min(year, (abs(year - $year), year))
                FROM catchment WHERE {mine})""",
        {"code": procode3, "year": fyear},
    ).fetchall()
    heads = np.zeros((2, 91))
    for sex, age, people in rows:
        heads[sex - 1, age] = people
    return heads


def smooth(counts: np.ndarray, heads: np.ndarray) -> np.ndarray:
    """Give a smooth rate through counts over people, by single age.

    A cubic smoothing spline through the square root of the rate, whose scatter does not depend on
    the rate where counts are Poisson, weighted by people; how smooth, generalised
    cross-validation says (`scipy.interpolate.make_smoothing_spline`; Woltring 1986).

    Args:
        counts: activity by age, (ages,).
        heads: people by age, (ages,); ages without people count for nothing.

    Returns:
        Activity per head and year, (ages,), above 0.
    """
    from scipy.interpolate import make_smoothing_spline

    ages = np.arange(len(counts), dtype=float)
    there = heads > 0
    if there.sum() < 6 or not counts[there].any():
        whole = counts.sum() / heads.sum() if heads.sum() else 0.0
        return np.full(len(counts), max(whole, _LEAST))
    root = np.sqrt((counts[there] + 0.25) / heads[there])
    weights = heads[there] / heads[there].mean()
    curve = make_smoothing_spline(ages[there], root, w=weights)
    fitted = np.maximum(curve(ages), 0.0) ** 2
    # The activity of the fitted rates is that of the counts.
    expected = float((fitted * heads).sum())
    scale = counts[there].sum() / expected if expected > 0 else 1.0
    return np.maximum(fitted * scale, _LEAST)


def extended(adult: np.ndarray) -> np.ndarray:
    """Extend rates of ages 18 to 90 to ages 0 to 100."""
    slope = np.log(adult[-1] / adult[-11]) / 10
    beyond = adult[-1] * np.exp(slope * np.cumsum(_DAMPING ** np.arange(1, 11)))
    return np.concatenate([np.full(18, adult[0]), adult, beyond])
