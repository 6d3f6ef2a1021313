"""The sheets of capacity and of comparisons with other runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from acutecast.report.capacity_look import FIGURE_LABELS
from acutecast.report.charts import financial_year
from acutecast.report.documents.activity_sheets import (
    MEASURES,
    without_shadows,
    without_ways,
)
from acutecast.report.documents.sheets import Sheet, in_order, labelled
from acutecast.report.documents.subject import Subject
from acutecast.report.views.asked import where
from acutecast.report.views.assumptions import assumption_label
from acutecast.results.suppress import hide_small_counts

if TYPE_CHECKING:
    import polars

    from acutecast.capacity import Capacity
    from acutecast.results.compare import Comparison

_NEEDS = (
    "area_label", "unit", "capacity_site", "financial_year", "figure_label", "space_baseline",
    "space_mean", "space_p10", "space_median", "space_p90", "area", "figure", "year",
)  # fmt: skip
_SHORTAGE = (
    "area_label", "unit", "capacity_site", "financial_year", "beds", "short", "short_p10",
    "short_p90", "suffice", "area", "year",
)  # fmt: skip
_COMPARED = (
    "other", "reference", "activity", "sitetret", "pod_label", "counted", "area_label", "unit",
    "capacity_site", "figure_label", "financial_year", "baseline_reference", "baseline_other",
    "mean_reference", "mean_other", "difference", "difference_pct", "difference_p10",
    "difference_median", "difference_p90", "probability_more", "standard_error", "paired", "pod",
    "measure", "area", "figure", "year",
)  # fmt: skip
_SIDES = ("baseline_reference", "baseline_other")
_OF_SPACE = {
    "label": "area_label", "site": "capacity_site", "baseline": "space_baseline",
    "mean": "space_mean", "p10": "space_p10", "median": "space_median", "p90": "space_p90",
}  # fmt: skip
_OF_DIFFERENCE = {
    "p10": "difference_p10", "median": "difference_median", "p90": "difference_p90",
    "label": "area_label", "site": "capacity_site",
}  # fmt: skip


def capacity_sheets(subject: Subject) -> Iterator[Sheet]:
    """Give what every area needs in every year, and the risk of running short."""
    capacity = subject.capacity
    if capacity is None:
        return
    needs = capacity.needs(years="all").rename(_OF_SPACE)
    first, last = financial_year(capacity.baseline_year), financial_year(capacity.horizon)
    yield Sheet(
        "Capacity",
        "Capacity",
        f"Space that every area needs, {first} to {last}",
        "The preset has fixed target occupancies; the simulated need is so that demand exceeds it "
        f"in at most {100 * capacity.risk:g}% of the open hours.",
        in_order(_in_words(labelled(needs)), _NEEDS),
    )
    yield Sheet(
        "Shortage",
        "Capacity",
        f"How often a number of beds or spaces is too few, {financial_year(subject.year)}",
        "The share of open hours in which demand exceeds each number. Areas whose work is booked "
        "by session have none.",
        in_order(labelled(_shortage(subject, capacity)), _SHORTAGE),
    )


def _in_words(table: polars.DataFrame) -> polars.DataFrame:
    import polars as pl

    names = {key: FIGURE_LABELS.get(key, key.capitalize()) for key in table["figure"].unique()}
    return table.with_columns(pl.col("figure").replace(names).alias("figure_label"))


def _shortage(subject: Subject, capacity: Capacity) -> polars.DataFrame:
    """Give the shortage curves of all areas that are simulated by the hour."""
    import polars as pl

    used = capacity.needs(years=[subject.year]).select("area", "site").unique()
    sites = {(row["area"], row["site"]) for row in used.iter_rows(named=True)}
    frames = []
    for row in capacity.areas().iter_rows(named=True):
        for site in capacity.sites:
            if row["method"] == "hourly" and (row["area"], site) in sites:
                curve = capacity.shortage(row["area"], site, subject.year)
                told: dict[str, Any] = {
                    "area": row["area"], "area_label": row["label"], "unit": row["unit"],
                    "capacity_site": site, "year": subject.year,
                }  # fmt: skip
                frames.append(curve.with_columns(pl.lit(v).alias(k) for k, v in told.items()))
    if not frames:
        return pl.DataFrame({"year": []}, schema={"year": pl.Int32})
    names = {"mean": "short", "p10": "short_p10", "p90": "short_p90"}
    return pl.concat(frames).rename(names)


def comparison_sheets(subject: Subject) -> Iterator[Sheet]:
    """Give the differences from the other runs: of activity, of inputs, and of space."""
    if not subject.others:
        return
    import polars as pl

    from acutecast.results.compare import compare

    found = compare([subject.run, *subject.others], names=subject.names)
    shared = sorted({year for pairing in found.pairings for year in pairing.years})
    read = (
        "The compared scenario less this one, taken run by run where they share their draws; eight "
        "runs in ten differ by between P10 and P90."
    )
    sites, pods, years = (
        _activity_compared(subject, found, by, years)
        for by, years in (
            (("sitetret", "pod"), subject.selection.year),
            (("pod",), subject.selection.year),
            ((), shared),
        )
    )
    last = financial_year(subject.selection.year or shared[-1])
    # What is hidden of a part is not given back by the sheet of its sum.
    pods = _without_shadows(pods, sites)
    years = _without_shadows(years, pods.drop("year"))
    for name, table, what in (
        ("Compared", pods, f"Activity compared, {last}"),
        ("Compared by site", sites, f"Activity compared by site, {last}"),
        ("Compared by year", years, "Activity compared by year"),
    ):
        yield Sheet(name, "Comparison", what, read, in_order(labelled(table), _COMPARED))
    rows = [
        {
            "other": row["run"],
            "reference": found.name,
            "assumption_label": assumption_label(row["what"]),
            "in_reference": row["reference"],
            "in_other": row["other"],
            "what": row["what"],
        }
        for row in found.differences
    ]
    names = ("other", "reference", "assumption_label", "in_reference", "in_other", "what")
    differences = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String))
    yield Sheet(
        "What differs", "Comparison", "What differs in the inputs",
        " ".join(found.notes()), differences,
    )  # fmt: skip
    yield from _spaces_compared(subject, f"Space compared, {last}", read)


def _activity_compared(
    subject: Subject,
    found: Comparison,
    by: tuple[str, ...],
    years: Sequence[int] | int | None,
) -> polars.DataFrame:
    """Compare all measures, small baseline counts hidden; the last year that is shared if None."""
    import polars as pl

    tables = [
        found.table(
            (*by, "measure"), measures, where(subject.selection, activity), years
        ).with_columns(pl.lit(activity).alias("activity_type"))
        for activity in subject.activities
        for measures in MEASURES[activity]
    ]
    shown = _shown(subject, pl.concat(tables).rename(_taken(tables[0])))
    for side in _SIDES:
        shown = without_ways(shown, side)
    return shown


def _without_shadows(totals: polars.DataFrame, parts: polars.DataFrame) -> polars.DataFrame:
    for side in _SIDES:
        totals = without_shadows(totals, parts, side)
    return totals


def _taken(table: polars.DataFrame) -> dict[str, str]:
    return {old: new for old, new in _OF_DIFFERENCE.items() if old in table.columns}


def _shown(subject: Subject, table: polars.DataFrame) -> polars.DataFrame:
    """Hide small baselines on both sides; say in words whether runs are paired."""
    import polars as pl

    rule = subject.threshold
    if rule is not None:
        for side in (side for side in _SIDES if side in table.columns):
            hidden = hide_small_counts(pl.DataFrame({"baseline": table[side]}), rule)
            table = table.with_columns(hidden["baseline"].alias(side))
    words = pl.when(pl.col("paired")).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("paired")
    return table.with_columns(words)


def _spaces_compared(subject: Subject, title: str, read: str) -> Iterator[Sheet]:
    """Compare the space of all runs that have it, if ours has."""
    from acutecast.capacity import open_capacity
    from acutecast.errors import AcutecastError
    from acutecast.insight.capacity_difference import compare_capacity

    if subject.capacity is None:
        return
    chosen = subject.selection.year
    others = [
        (name, capacity)
        for name, run in zip(subject.names[1:], subject.others, strict=True)
        if (capacity := open_capacity(run)) is not None and (chosen is None or chosen in run.years)
    ]
    if not others:
        return
    names = (subject.names[0], *(name for name, _ in others))
    try:
        table = compare_capacity(
            [subject.capacity, *(c for _, c in others)],
            names=names,
            years=None if chosen is None else [chosen],
        )
    except AcutecastError:
        return  # no area and site in common
    table = _in_words(labelled(_shown(subject, table.rename(_taken(table)))))
    yield Sheet("Compared capacity", "Comparison", title, read, in_order(table, _COMPARED))
