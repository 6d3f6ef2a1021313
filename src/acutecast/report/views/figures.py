"""The figures that most tables have, by row: baseline, projection and interval; small ones hidden.

Everything is summed inside each run by `Run.values`; here only rows are named and put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from acutecast.report.charts import financial_year
from acutecast.report.views.asked import check_stored, threshold, where, year_of
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column
from acutecast.results.suppress import hide_small_counts

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

FIGURES = ("baseline", "principal", "p10", "median", "p90", "change", "change_pct")
_FILTER_WORDS = {
    "tretspef_grouped": "specialty",
    "age_group": "age",
    "los_group": "length of stay",
    "acuity": "acuity",
    "attendance_category": "attendance category",
    "sex": "sex",
}


def figure_columns(run: Run, selection: Selection, kind: str = "count") -> tuple[Column, ...]:
    """Give the columns of the figures, with the years in their heads."""
    first, last = financial_year(run.baseline_year), financial_year(year_of(run, selection))
    return (
        Column("baseline", f"Baseline {first}", kind),
        Column("principal", f"Principal projection {last}", kind),
        Column("p10", "P10", kind),
        Column("median", "Median", kind),
        Column("p90", "P90", kind),
        Column("change", "Change", kind),
        Column("change_pct", "Change, %", "percent"),
    )


def figures(
    run: Run,
    selection: Selection,
    activity: str,
    measures: str | Sequence[str],
    by: Sequence[str],
    keep: Mapping[str, Sequence[str]] | None = None,
) -> polars.DataFrame:
    """Summarise one activity type in the year looked at.

    Args:
        run: the run.
        selection: what is looked at; the sites of this activity type apply.
        activity: "ip", "op" or "aae".
        measures: one measure, or several where `by` has "measure".
        by: the columns that split it.
        keep: more rows kept, beside those of the selection.

    Returns:
        The columns of `by`, `year` and `FIGURES`; rows without any activity are left out, small
        baseline counts and their changes are empty.

    Raises:
        NotStored: for combinations of filters stored of the horizon only.
    """
    import polars as pl

    rows = where(selection, activity) | dict(keep or {})
    year = year_of(run, selection)
    check_columns(run, activity, (*by, *rows), year)
    table = run.summary(by, rows, year, measures=measures).rename({"mean": "principal"})
    table = table.filter((pl.col("baseline") != 0).fill_null(True) | (pl.col("principal") > 0))
    return hidden(run, selection, table)


def check_columns(run: Run, activity: str, columns: Iterable[str], year: int) -> None:
    """Refuse columns that are stored together of the horizon only.

    Raises:
        NotStored: in words that name them.
    """
    wanted = sorted({*columns} - {"measure", "pod", "sitetret"})
    check_stored(run, activity, {name: _FILTER_WORDS[name] for name in wanted}, year)


def hidden(run: Run, selection: Selection, table: polars.DataFrame) -> polars.DataFrame:
    """Empty small baseline counts, and what would give them back, where there is a rule."""
    rule = threshold(run, selection)
    return table if rule is None else hide_small_counts(table, rule)


def hidden_notes(run: Run, selection: Selection, table: polars.DataFrame) -> tuple[str, ...]:
    """Say that counts are hidden, where some are."""
    return rule_note(threshold(run, selection)) if table["baseline"].null_count() else ()


def rule_note(rule: int | None) -> tuple[str, ...]:
    """Say what a rule for small numbers hides; nothing where there is no rule."""
    if rule is None:
        return ()
    return (
        f"Baseline counts of 1 to {rule - 1}, and figures of their row that would give them back, "
        "are not shown. Before a total is published beside these rows, check that subtraction does "
        "not give them back.",
    )


def change_words(row: Mapping[str, Any], year: int) -> str:
    """Say what a row shows in a clause: "282,321 in the baseline, 353,000 (80% of …)"."""
    text = f"{row['principal']:,.0f} in {financial_year(year)} (80% of the runs: "
    text += f"{row['p10']:,.0f} to {row['p90']:,.0f})"
    if row["baseline"] is None:
        return text
    sign = f"{row['change_pct']:+.1f}%".replace("-", "−") if row["change_pct"] is not None else ""
    return f"{text}, from {row['baseline']:,.0f}" + (f" ({sign})" if sign else "")
