"""Activity by treatment specialty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acutecast.report.views.asked import measure_of, span, specialty_label
from acutecast.report.views.pairs import pairs
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown
from acutecast.report.views.summary import COUNTED

if TYPE_CHECKING:
    from acutecast.results.run import Run


def specialty(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show a measure of inpatients or outpatients by grouped specialty, the largest first."""
    measure = measure_of(run, selection)
    title = f"{COUNTED[measure]} by specialty, {span(run, selection)}"
    head = Column("tretspef_grouped", "Specialty")
    return (
        pairs(
            run, selection, "specialty", title, measure, head, specialty_label, largest_first=True
        ),
    )
