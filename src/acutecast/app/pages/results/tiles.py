"""The headline figures at the top of the summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shiny import ui

from acutecast.app.widgets import said
from acutecast.facts import pod_labels

if TYPE_CHECKING:
    from acutecast.report.views import Shown

# What is counted, the point of delivery ("" for the first row, which is the total), its name here.
_HEADLINES = (
    ("Inpatient bed days", "", "Bed days"),
    ("Inpatient admissions", "ip_non-elective_admission", "Emergency admissions"),
    ("Inpatient admissions", "ip_elective_admission", "Planned admissions"),
    ("Outpatient attendances", "", "Outpatient attendances"),
    ("A&E arrivals", "", "A&E arrivals"),
)


def tiles(shown: Sequence[Shown]) -> Any:
    """Take the headline figures from the summary by point of delivery."""
    if not shown or "pod" not in shown[0].table.columns:
        return None
    rows = shown[0].table.rows(named=True)
    labels = pod_labels()
    made = []
    for counted, pod, name in _HEADLINES:
        row = next(
            (r for r in rows if r["counted"] == counted and pod in ("", _pod(labels, r))), None
        )
        if row is not None:
            made.append(_tile(name, row))
    return ui.tags.ul(*made, class_="ac-tiles", aria_label="Headline figures") if made else None


def _pod(labels: Mapping[str, str], row: Mapping[str, Any]) -> str:
    return next((pod for pod, label in labels.items() if label == row["pod"]), "")


def _tile(name: str, row: Mapping[str, Any]) -> Any:
    parts = [ui.tags.span(name), ui.tags.strong(said(row["principal"], "count"))]
    if row["baseline"] is not None:
        change = row["change_pct"]
        more = "" if change is None else f"{'+' if change > 0 else ''}{said(change, 'percent')} "
        parts.append(ui.tags.span(f"{more}from {said(row['baseline'], 'count')}"))
    ends = f"{said(row['p10'], 'count')} to {said(row['p90'], 'count')}"
    parts.append(ui.tags.span("80% of runs: ", ui.tags.br(), ends, class_="ac-soft"))
    return ui.tags.li(*parts, class_="ac-tile")
