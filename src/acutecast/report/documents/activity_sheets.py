"""The sheets of activity: every table of counts, of all sites together and of each.

Everything is summed inside each run by `Run.summary`; here only questions are asked and rows named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acutecast.demand.views import VIEWS
from acutecast.report.documents.sheets import ALL_PODS, Sheet, in_order, labelled
from acutecast.report.documents.subject import Subject
from acutecast.report.views.asked import stored_years, where
from acutecast.report.views.figures import FIGURES, hidden

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

# Measures that are asked together; "arrivals" holds the two ways of arriving, so they are apart.
MEASURES: dict[str, tuple[tuple[str, ...], ...]] = {
    "ip": (("admissions", "beddays", "procedures"),),
    "op": (("attendances", "tele_attendances"),),
    "aae": (("arrivals",), ("walk-in", "ambulance")),
}
_KEYS = (
    "activity", "sitetret", "pod_label", "los_group", "specialty", "sex_label", "age_group", "age",
    "acuity", "category", "counted", "financial_year",
)  # fmt: skip
_CODES = (
    "pod", "tretspef_grouped", "tretspef", "sex", "attendance_category", "measure", "year",
)  # fmt: skip
COLUMNS = (*_KEYS, *FIGURES, *_CODES)


@dataclass(frozen=True)
class Split:
    """A way to split activity.

    Attributes:
        name: of the sheet; at most 23 characters, so that " by site" fits.
        what: the title, to which years are added.
        by: the columns that split it, beside the measure.
        activities: the activity types that have them.
        of: "all" of the activity, or only a part (see `Run.values`).
        words: how to read it, beside what all have in common.
        totals: whether all points of delivery of an activity type are added too.
        path: whether every year is given.
    """

    name: str
    what: str
    by: tuple[str, ...]
    activities: tuple[str, ...] = ("ip", "op", "aae")
    of: str = "all"
    words: str = ""
    totals: bool = False
    path: bool = False


SPLITS = (
    Split("Summary", "Activity by point of delivery", ("pod",), totals=True,
          words="Rows \"All of these\" add the points of delivery inside each run."),
    Split("Every year", "Activity by year", ("pod",), totals=True, path=True,
          words="Rows \"All of these\" add the points of delivery inside each run."),
    Split("Length of stay", "Inpatients by length of stay", ("pod", "los_group"), ("ip",)),
    Split("Sex and age group", "Activity by sex and age group", ("pod", "sex", "age_group")),
    Split("Age", "Activity by single year of age", ("pod", "age")),
    Split("Specialty group", "Activity by specialty group", ("pod", "tretspef_grouped"),
          ("ip", "op")),
    Split("Specialty", "Activity by specialty in full", ("pod", "tretspef"), ("ip", "op")),
    Split("Sex and specialty", "Activity by sex and specialty group",
          ("pod", "sex", "tretspef_grouped"), ("ip", "op")),
    Split("Acuity", "Emergency care by acuity", ("pod", "acuity"), ("aae",)),
    Split("Attendance category", "Emergency care by attendance category",
          ("pod", "attendance_category"), ("aae",)),
    Split("Deliveries", "Spells with a delivery", ("pod",), ("ip",), "delivery"),
    Split("Avoided", "Activity avoided by TPMAs", ("pod", "sex", "age_group"), of="avoided",
          words="What activity avoidance takes away; it has no baseline."),
    Split("Moved to SDEC", "Spells that became same day emergency care", ("pod", "sex"), ("aae",),
          "converted", words="It has no baseline."),
)  # fmt: skip
_READING = (
    "The principal projection is the mean of the model runs; eight runs in ten lie between P10 and "
    "P90. Sums are taken inside each run, so quantiles of rows do not add up."
)


def activity_sheets(subject: Subject) -> Iterator[Sheet]:
    """Give the sheets of activity, each of all sites together and then by site."""
    for split in SPLITS:
        apart = _table(subject, split, by_site=True)
        together = without_shadows(_table(subject, split, by_site=False), apart)
        for table, name, words in (
            (together, split.name, ""),
            (apart, f"{split.name} by site", ", by site"),
        ):
            years = subject.years if split.path or not table.height else _years(subject, table)
            yield Sheet(
                name,
                "Activity",
                f"{split.what}{words}, {years}",
                " ".join(filter(None, (split.words, _READING))),
                in_order(labelled(table), COLUMNS),
            )


def _table(subject: Subject, split: Split, *, by_site: bool) -> polars.DataFrame:
    """Give the rows of a split, small baseline counts hidden."""
    import polars as pl

    sites = ("sitetret",) if by_site else ()
    frames = []
    for activity in split.activities:
        if activity not in subject.activities:
            continue
        for measures in MEASURES[activity]:
            parts = _ask(subject, split, activity, measures, (*sites, *split.by))
            if split.totals:
                total = _ask(subject, split, activity, measures, sites)
                total = without_shadows(total, parts).with_columns(pl.lit(ALL_PODS).alias("pod"))
                parts = pl.concat([total.select(parts.columns), parts])
            frames.append(parts.with_columns(pl.lit(activity).alias("activity_type")))
    return without_ways(pl.concat(frames)) if frames else pl.DataFrame()


def _ask(
    subject: Subject, split: Split, activity: str, measures: Sequence[str], by: Sequence[str]
) -> polars.DataFrame:
    """Ask one question; rows without any activity are left out."""
    import polars as pl

    run = subject.run
    kept = where(subject.selection, activity)
    columns = [name for name in by if name not in ("pod", "sitetret")]
    stored = stored_years(run, activity, columns) if split.of == "all" else (run.horizon,)
    years = [y for y in run.years if y in stored] if split.path else [subject.year]
    years = years if set(years) <= set(stored) else [run.horizon]
    sites = kept.get("sitetret", ())
    if split.of != "all" and sites:
        # A site may have none of a part of the activity, which is no error.
        kept["sitetret"] = tuple(site for site in sites if site in _sites(run, activity, split.of))
    asked = kept if all(kept.values()) else {}
    table = run.summary((*by, "measure"), asked, years, measures=measures, of=split.of)
    some = (pl.col("baseline") != 0).fill_null(True) | (pl.col("mean") > 0)
    table = table.filter(some) if all(kept.values()) else table.clear()
    table = table.rename({"mean": "principal"})
    if split.of in ("avoided", "converted"):
        # Nothing is avoided in the baseline year, so there is nothing to compare with.
        return table.drop("baseline", "change", "change_pct")
    return hidden(run, subject.selection, table)


def _sites(run: Run, activity: str, of: str) -> tuple[str, ...]:
    """Give the sites that have a part of the activity."""
    view = next(v.name for v in VIEWS if v.activity == activity and v.rows == of)
    return run.cube(view).keys["sitetret"].names


def without_shadows(
    totals: polars.DataFrame,
    parts: polars.DataFrame,
    hidden: str = "baseline",
    among: polars.Expr | None = None,
) -> polars.DataFrame:
    """Hide the count of totals over a hidden part, which would give it back.

    Args:
        totals: rows that text columns and the year tell apart.
        parts: rows that add up to them; columns that only one of both has do not count.
        hidden: the column of counts, empty where hidden; its change goes with it.
        among: which of the rows are totals; all where None.
    """
    import polars as pl

    if hidden not in parts.columns:
        return totals
    keys = [
        name
        for name, kind in totals.schema.items()
        if name in parts.columns and (kind == pl.String or name == "year")
    ]
    over = parts.filter(pl.col(hidden).is_null()).select(keys).unique()
    if over.is_empty() or not keys:
        return totals
    marked = totals.join(
        over.with_columns(pl.lit(True).alias("over")), on=keys, how="left", maintain_order="left"
    )
    shown = pl.col("over").is_null() | (pl.lit(False) if among is None else ~among)
    return marked.with_columns(
        pl.when(shown).then(pl.col(name)).alias(name)
        for name in (hidden, "change", "change_pct")
        if name in marked.columns
    ).drop("over")


def without_ways(table: polars.DataFrame, hidden: str = "baseline") -> polars.DataFrame:
    """Hide the count of arrivals beside a hidden way of arriving, which would give it back."""
    import polars as pl

    ways = table.filter(pl.col("measure").is_in(["walk-in", "ambulance"])).drop("measure")
    return without_shadows(table, ways, hidden, pl.col("measure") == "arrivals")


def _years(subject: Subject, table: polars.DataFrame) -> str:
    """Give the years of a table; those that only the horizon has show the horizon."""
    from acutecast.report.charts import financial_year

    years = sorted(table["year"].unique().to_list())
    return f"{financial_year(subject.run.baseline_year)} to {financial_year(years[-1])}"
