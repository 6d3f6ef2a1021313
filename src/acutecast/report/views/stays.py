"""Inpatients by length of stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acutecast.report.views.asked import span
from acutecast.report.views.pairs import pairs
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown

if TYPE_CHECKING:
    from acutecast.results.run import Run


def stays(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show bed days, then admissions, by group of length of stay."""
    head = Column("los_group", "Length of stay")
    return tuple(
        pairs(
            run,
            selection,
            "stays",
            f"{name} by length of stay, {span(run, selection)}",
            measure,
            head,
            words=words,
        )
        for measure, name, words in (
            ("beddays", "Bed days", "A bed day is a night in hospital, and one for the admission."),
            ("admissions", "Admissions", ""),
        )
    )
