"""The difference in space between runs, paired where their runs share draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.errors import AcutecastError, Problem
from acutecast.results.compare import compare
from acutecast.results.difference import paired, unpaired
from acutecast.results.summary import INTERVAL, quantile_name

if TYPE_CHECKING:
    import polars

    from acutecast.capacity import Capacity

FIGURES = ("simulated", "preset", "mean_occupied")


def compare_capacity(
    capacities: Sequence[Capacity],
    *,
    names: Sequence[str] | None = None,
    areas: Sequence[str] | None = None,
    years: Sequence[int] | None = None,
    figures: Sequence[str] = FIGURES,
    interval: tuple[float, float] = INTERVAL,
) -> polars.DataFrame:
    """Compare what areas need with the first of several runs.

    Args:
        capacities: two or more; the first is the reference.
        names: a name for each; those of the scenarios if None.
        areas: keys of areas; all that both have where None.
        years: years of all; the last that two share where None.
        figures: figures of `Capacity.needs`.
        interval: the ends of the interval of the difference.

    Returns:
        A row per other run, area, site, year and figure: `area`, `label`, `unit`, `site`, `year`,
        `figure`, `reference`, `other`, `mean_reference`, `mean_other`, `difference`,
        `difference_pct`, `p10`, `median`, `p90`, `probability_more`, `standard_error`, `paired`
        and `narrower`, as `Comparison.table` gives them of activity.

    Raises:
        AcutecastError: where two have nothing in common.
    """
    import polars as pl

    found = compare([capacity.run for capacity in capacities], names=names)
    reference, rows = capacities[0], []
    low, high = interval
    for pairing, other in zip(found.pairings, capacities[1:], strict=True):
        both = _shared(reference, other, areas)
        asked = pairing.years[-1:] if years is None else tuple(years)
        for key, label, unit in both:
            for site in (s for s in reference.sites if s in other.sites):
                for figure in figures:
                    values = _values(reference, other, key, figure, site)
                    if values is None:
                        continue
                    for year in asked:
                        a, b = (
                            side[capacity.years.index(year)]
                            for side, capacity in zip(values, (reference, other), strict=True)
                        )
                        if pairing.paired:
                            runs = min(len(a), len(b))
                            a, b = a[:runs], b[:runs]
                        difference = (paired if pairing.paired else unpaired)(
                            b, a, (low, 0.5, high)
                        )
                        rows.append(
                            {"area": key, "label": label, "unit": unit, "site": site,
                             "year": year, "figure": figure, "reference": found.name,
                             "other": pairing.name}
                            | _summary(a, b, difference, interval)
                            | {"paired": pairing.paired}
                        )  # fmt: skip
    if not rows:
        raise AcutecastError(
            Problem(
                "the runs have no area in common",
                where="areas",
                remedy="Work both out with the same sites: ac.capacity_of(run).",
            )
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _shared(
    reference: Capacity, other: Capacity, areas: Sequence[str] | None
) -> list[tuple[str, str, str]]:
    """Give key, label and unit of the areas that both have and the user wants."""
    theirs = set(other.areas()["area"])
    kept = [
        (row["area"], row["label"], row["unit"])
        for row in reference.areas().iter_rows(named=True)
        if row["area"] in theirs and (areas is None or row["area"] in areas)
    ]
    unknown = [name for name in areas or () if name not in {key for key, _, _ in kept}]
    if unknown:
        raise AcutecastError(
            Problem(
                f'not both runs have an area "{unknown[0]}"',
                where="areas",
                remedy=f"Choose among {', '.join(sorted(theirs))}.",
            )
        )
    return kept


def _values(
    reference: Capacity, other: Capacity, key: str, figure: str, site: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Give a figure of both, (years, runs) each; None where one of them lacks it."""
    try:
        return reference.values(key, figure, site), other.values(key, figure, site)
    except AcutecastError:
        return None


def _summary(
    a: np.ndarray, b: np.ndarray, difference: Any, interval: tuple[float, float]
) -> dict[str, Any]:
    mean = float(a.mean())
    low, median, high = (float(value) for value in difference.quantiles)
    narrower = None if difference.narrower is None else float(difference.narrower)
    return {
        "mean_reference": mean,
        "mean_other": float(b.mean()),
        "difference": float(difference.mean),
        "difference_pct": 100 * float(difference.mean) / mean if mean else None,
        quantile_name(interval[0]): low,
        "median": median,
        quantile_name(interval[1]): high,
        "probability_more": float(difference.probability),
        "standard_error": float(difference.standard_error),
        "narrower": None if narrower is None or not np.isfinite(narrower) else narrower,
    }
