"""Views by one column: the projection beside the baseline, with intervals."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from acutecast.report.views.asked import activity_of, year_of
from acutecast.report.views.drawing import INTERVAL_WORDS
from acutecast.report.views.figures import change_words, figure_columns, figures, hidden_notes
from acutecast.report.views.rows import pairs_chart
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.summary import COUNTED

if TYPE_CHECKING:
    from acutecast.results.run import Run


def pairs(
    run: Run,
    selection: Selection,
    key: str,
    title: str,
    measure: str,
    head: Column,
    label: Callable[[str], str] = str,
    largest_first: bool = False,
    words: str = "",
) -> Shown:
    """Show a measure by one column, projection beside baseline.

    Args:
        run: the run.
        selection: what is looked at.
        key: the view's.
        title: what it is.
        measure: the measure.
        head: the column that splits it.
        label: gives the words for its values.
        largest_first: whether rows stand by size rather than in the column's own order.
        words: said before how to read the chart.
    """
    import polars as pl

    columns = (head, *figure_columns(run, selection))
    table = figures(run, selection, activity_of(measure), measure, (head.name,))
    if table.is_empty():
        return nothing(key, title, columns, "No activity fits this selection.")
    names = pl.Series(head.name, [label(value) for value in table[head.name]], pl.String)
    table = table.with_columns(names)
    if largest_first:
        table = table.sort("principal", descending=True, maintain_order=True)
    rows = [{**row, "label": row[head.name]} for row in table.iter_rows(named=True)]
    year = year_of(run, selection)
    read = (
        f"Filled bars and dots are the principal projection, lines hold {INTERVAL_WORDS}, outlines "
        "are the baseline."
    )
    told = "; ".join(f"{row['label']}: {change_words(row, year)}" for row in rows[:8])
    return Shown(
        key,
        title,
        f"{words} {read}".strip(),
        columns,
        table_of(columns, table),
        pairs_chart(rows, f"{COUNTED[measure]} a year"),
        f"{COUNTED[measure]} by {head.label.lower()}. {told}.",
        hidden_notes(run, selection, table),
    )
