"""The sheet of distributions: quantiles over the runs of every point of delivery."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from acutecast.report.documents.activity_sheets import (
    MEASURES,
    without_shadows,
    without_ways,
)
from acutecast.report.documents.sheets import ALL_PODS, Sheet, in_order, labelled
from acutecast.report.documents.subject import Subject
from acutecast.report.views.asked import where
from acutecast.report.views.figures import hidden
from acutecast.results.summary import principal, quantiles

if TYPE_CHECKING:
    import polars

QUANTILES = {
    "p5": 0.05, "p10": 0.1, "p25": 0.25, "median": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95,
}  # fmt: skip
_COLUMNS = (
    "activity", "sitetret", "pod_label", "counted", "financial_year", "baseline", "principal",
    *QUANTILES, "pod", "measure", "year",
)  # fmt: skip


def distribution_sheets(subject: Subject) -> Iterator[Sheet]:
    """Give quantiles of every measure by point of delivery: all sites together, then by site."""
    apart = _table(subject, ("sitetret",))
    together = without_shadows(_table(subject, ()), apart)
    for table, name, words in (
        (together, "Distribution", ""),
        (apart, "Distribution by site", ", by site"),
    ):
        yield Sheet(
            name,
            "Activity",
            f"How the model runs spread{words}, {subject.years}",
            'Quantiles over the runs of sums taken inside each run. Rows "All of these" add the '
            "points of delivery inside each run.",
            in_order(labelled(table), _COLUMNS),
        )


def _table(subject: Subject, sites: tuple[str, ...]) -> polars.DataFrame:
    import polars as pl

    frames = []
    for activity in subject.activities:
        for measures in MEASURES[activity]:
            parts = _ask(subject, activity, measures, (*sites, "pod"))
            total = _ask(subject, activity, measures, sites)
            total = without_shadows(total, parts).with_columns(pl.lit(ALL_PODS).alias("pod"))
            both = pl.concat([total.select(parts.columns), parts])
            frames.append(both.with_columns(pl.lit(activity).alias("activity_type")))
    return without_ways(pl.concat(frames))


def _ask(
    subject: Subject, activity: str, measures: tuple[str, ...], by: tuple[str, ...]
) -> polars.DataFrame:
    import polars as pl

    kept = where(subject.selection, activity)
    found = subject.run.values(measures, (*by, "measure"), kept, subject.year)
    runs = found.values[:, 0]
    known = [None if count < 0 else count for count in found.baseline.tolist()]
    columns = {name: pl.Series(name, k.tolist(), pl.String) for name, k in found.keys.items()}
    table = pl.DataFrame(columns).with_columns(
        pl.lit(subject.year, pl.Int32).alias("year"),
        pl.Series("baseline", known, pl.Int64),
        pl.Series("principal", principal(runs)),
        *(
            pl.Series(name, line)
            for name, line in zip(
                QUANTILES, quantiles(runs, tuple(QUANTILES.values())), strict=True
            )
        ),
    )
    some = (pl.col("baseline") != 0).fill_null(True) | (pl.col("principal") > 0)
    return hidden(subject.run, subject.selection, table.filter(some))
