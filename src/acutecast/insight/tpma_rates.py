"""The rates of one TPMA: by year, beside others, and what a scenario makes of them.

What is not in the assumption tables gives an empty table and a note that says how to get it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acutecast.insight.evidence_tables import (
    HIDDEN,
    NOTHING,
    Evidence,
    Root,
    empty,
    read_evidence,
    why_nothing,
)
from acutecast.insight.figures import financial_year
from acutecast.provider import Provider

if TYPE_CHECKING:
    from acutecast.scenario import Scenario

ENGLAND = "England"
SHARE_OF_SPELLS = "share of all spells"
FEW_PEERS = 3
_NO_OTHERS = (
    "The extract has no other provider. Run acutecast extract on the records of several to compare."
)
_ONE_YEAR = "Run acutecast extract on the records of several years to see a trend."
_OLDER = "England's figures are of older definitions; compare the direction more than the level."
# In which units England's figures are told, by column of the trend table.
_NATIONAL_UNITS = {
    "mean_nights": ("mean nights",),
    "rate": ("share of contacts", "follow-ups per first attendance"),
}


@dataclass(frozen=True)
class Chosen:
    """What a scenario assumes of a TPMA.

    Attributes:
        low, high: P10 and P90 of the share that remains at the horizon.
        words: as a change ("5% to 12% fewer").
        years: from the baseline to the horizon.
        low_by_year, high_by_year: the share that remains in those years.
    """

    low: float
    high: float
    words: str
    years: tuple[int, ...]
    low_by_year: tuple[float, ...]
    high_by_year: tuple[float, ...]


def chosen(provider: Provider, scenario: Scenario, path: str) -> Chosen | None:
    """Give what a scenario assumes of a TPMA, year by year; None where it sets nothing.

    Args:
        provider: whose baseline year it is.
        scenario: resolved, or with a horizon of its own.
        path: "activity_avoidance.ip.falls_related_admissions".
    """
    from acutecast.scenario.words import change

    found = next((a for a in scenario.assumptions() if a.name == path), None)
    if found is None:
        return None
    low, high = (float(v) for v in found.distribution.quantile(np.array([0.1, 0.9])))
    horizon = scenario.horizon_year or provider.year + 1
    after = tuple(range(provider.year + 1, horizon + 1))
    assert found.profile is not None
    weights = found.profile.weights(after, provider.year, horizon)
    paths = [(1.0, *(1.0 + (end - 1.0) * weights).tolist()) for end in (low, high)]
    return Chosen(low, high, change(found), (provider.year, *after), *paths)


def trend(
    provider: Provider,
    key: str,
    evidence_root: Root = None,
    *,
    beside_england: bool = False,
) -> Evidence:
    """Give a TPMA's rate by year, beside England's where it is told in the same unit.

    Rates per head need people of each year. Where fewer than two years have them, or beside
    England, whose rates per head are not published, the share of all spells is given.

    Args:
        provider: whose it is.
        key: the TPMA's key.
        evidence_root: the folder of assumption tables; beside the provider tables if None.
        beside_england: prefer a unit that England's figures have.

    Returns:
        `year`, `label` ("2023/24"), `series` (the provider's code or "England"), `own`,
        `baseline` (the year of the provider's data) and `value`, own first, years ascending.
    """
    import polars as pl

    schema = {"year": pl.Int32, "label": pl.String, "series": pl.String, "own": pl.Boolean,
              "baseline": pl.Boolean, "value": pl.Float64}  # fmt: skip
    rates = read_evidence(
        provider, "tpma_activity", evidence_root, key=key, dataset=provider.dataset
    )
    series = read_evidence(provider, "tpma_trend", evidence_root, key=key)
    if rates is None or series is None or rates.is_empty():
        return empty(key, schema, why_nothing(key, series, NOTHING))
    unit = rates["unit"][0]
    own = rates.select(pl.col("fyear").alias("year"), pl.col("rate_crude").alias("value"))
    own = own.drop_nulls()
    england = series.filter(pl.col("procode3") == ENGLAND)
    column = next(
        (c for c in ("mean_nights", "rate") if unit in _NATIONAL_UNITS[c]), "share_of_spells"
    )
    same_unit = column != "share_of_spells"
    notes = []
    if not same_unit and (beside_england or len(own) < 2):
        mine = series.filter(pl.col("procode3") == provider.dataset)
        shares = mine.select(pl.col("fyear").alias("year"), pl.col(column).alias("value"))
        if len(own) < 2 <= len(shares.drop_nulls()) and not beside_england:
            notes.append("People are known of one year only, so shares of all spells are shown.")
        own, unit, same_unit = shares.drop_nulls(), SHARE_OF_SPELLS, True
    national = england.select(pl.col("fyear").alias("year"), pl.col(column).alias("value"))
    national = national.drop_nulls().clear() if not same_unit else national.drop_nulls()
    if len(own) < 2:
        notes.append(_ONE_YEAR)
    if len(national):
        notes.append(_OLDER)
    table = pl.concat(
        [
            part.sort("year").with_columns(
                pl.lit(name).alias("series"), pl.lit(name != ENGLAND).alias("own")
            )
            for part, name in ((own, provider.dataset), (national, ENGLAND))
        ]
    ).with_columns(
        pl.col("year").cast(pl.Int32),
        (pl.col("own") & (pl.col("year") == provider.year)).alias("baseline"),
    )
    labels = [financial_year(year) for year in table["year"]]
    table = table.with_columns(pl.Series("label", labels, pl.String)).select(*schema)
    return Evidence(key, table, unit, tuple(notes))


def funnel(provider: Provider, key: str, evidence_root: Root = None) -> Evidence:
    """Give every provider's rate with the limits that chance and their usual spread explain.

    Args:
        provider: whose it is.
        key: the TPMA's key.
        evidence_root: the folder of assumption tables; beside the provider tables if None.

    Returns:
        `provider`, `own`, `denominator` (in the unit of the rate: thousands of people, elective
        spells, spells, contacts), `rate`, `centre` (of all together), `low_2`, `high_2`, `low_3`,
        `high_3` (limits of 2 and 3 standard deviations, Laney's U'), `sigma` (how much wider than
        Poisson counts alone) and `z` (distance from the centre in standard deviations), own last,
        so that it is drawn on top.
    """
    import polars as pl

    names = ("denominator", "rate", "centre", "low_2", "high_2", "low_3", "high_3", "sigma", "z")
    schema = {"provider": pl.String, "own": pl.Boolean, **dict.fromkeys(names, pl.Float64)}
    found = read_evidence(provider, "tpma_funnel", evidence_root, key=key, year=provider.year)
    if found is None or found.is_empty():
        why = f"The extract has no rates of it in {financial_year(provider.year)}."
        return empty(key, schema, why_nothing(key, found, why))
    spread = (pl.col("centre") / pl.col("denominator")).sqrt() * pl.col("sigma_z")
    table = found.with_columns(
        pl.col("procode3").alias("provider"),
        (pl.col("procode3") == provider.dataset).alias("own"),
        pl.col("sigma_z").alias("sigma"),
        pl.when(spread > 0).then((pl.col("rate") - pl.col("centre")) / spread).alias("z"),
    ).select(*schema)
    known = table.drop_nulls(["rate", "denominator"]).sort("own", "provider")
    notes = []
    if len(known) < len(table):
        notes.append(HIDDEN)
    if len(table) < 2:
        notes.append(_NO_OTHERS)
    return Evidence(key, known, _unit(provider, key, evidence_root), tuple(notes))


def peers_box(provider: Provider, key: str, evidence_root: Root = None) -> Evidence:
    """Give the rates of the other providers, and what a box of them shows.

    Args:
        provider: whose it is.
        key: the TPMA's key.
        evidence_root: the folder of assumption tables; beside the provider tables if None.

    Returns:
        `provider`, `own`, `rate`, and on every row `p10`, `p25`, `median`, `p75` and `p90` of the
        others' rates (without one's own; empty where there are none), own last.
    """
    import polars as pl

    rates = funnel(provider, key, evidence_root)
    table = rates.table.select("provider", "own", "rate")
    others = table.filter(~pl.col("own"))["rate"].to_numpy()
    at = {"p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9}
    found = {n: float(np.quantile(others, q)) if len(others) else None for n, q in at.items()}
    table = table.with_columns(pl.lit(v, pl.Float64).alias(n) for n, v in found.items())
    notes = list(rates.notes)
    if 0 < len(others) < FEW_PEERS:
        notes.append(f"There {'is' if len(others) == 1 else 'are'} only {len(others)} to compare.")
    return Evidence(key, table, rates.unit, tuple(notes))


def _unit(provider: Provider, key: str, evidence_root: Root) -> str:
    found = read_evidence(provider, "tpma_activity", evidence_root, key=key, year=provider.year)
    return "" if found is None or found.is_empty() else found["unit"][0]
