"""Emergency care by acuity and attendance category."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acutecast.report.views.asked import measure_of, span
from acutecast.report.views.figures import figure_columns, figures, hidden_notes
from acutecast.report.views.pairs import pairs
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.summary import COUNTED

if TYPE_CHECKING:
    from acutecast.results.run import Run

# NHS Data Dictionary, emergency care attendance category.
CATEGORIES = {
    "1": "Unplanned first attendance",
    "2": "Unplanned follow-up, this department",
    "3": "Unplanned follow-up, another department",
    "4": "Planned follow-up",
    "X": "Not applicable",
    "unknown": "Not known",
}
_ACUITY = Column("acuity", "Acuity")
_CATEGORY = Column("attendance_category", "Attendance category")


def acuity_label(acuity: str) -> str:
    """Give the words for an acuity: "Very urgent"."""
    words = {"unknown": "Not known", "non-urgent": "Non-urgent"}
    return words.get(acuity, acuity.replace("-", " ").capitalize())


def category_label(category: str) -> str:
    """Give the words for an attendance category."""
    return CATEGORIES.get(category, category)


def acuity(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show arrivals by acuity, by attendance category, and by both."""
    measure = measure_of(run, selection)
    what, years = COUNTED[measure], span(run, selection)
    return (
        pairs(
            run, selection, "acuity", f"{what} by acuity, {years}", measure, _ACUITY, acuity_label
        ),
        pairs(
            run,
            selection,
            "acuity",
            f"{what} by attendance category, {years}",
            measure,
            _CATEGORY,
            category_label,
        ),
        _both(run, selection, measure, f"{what} by acuity and attendance category, {years}"),
    )


def _both(run: Run, selection: Selection, measure: str, title: str) -> Shown:
    import polars as pl

    columns = (_ACUITY, _CATEGORY, *figure_columns(run, selection))
    table = figures(run, selection, "aae", measure, ("acuity", "attendance_category"))
    if table.is_empty():
        return nothing("acuity", title, columns, "No activity fits this selection.")
    table = table.with_columns(
        pl.Series("acuity", [acuity_label(value) for value in table["acuity"]]),
        pl.Series(
            "attendance_category", [category_label(value) for value in table["attendance_category"]]
        ),
    )
    return Shown(
        "acuity",
        title,
        "Every acuity with every attendance category that occurs.",
        columns,
        table_of(columns, table),
        None,
        "A table of acuity and attendance category.",
        hidden_notes(run, selection, table),
    )
