"""The main measures by point of delivery and by site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from acutecast import facts
from acutecast.report.charts import financial_year
from acutecast.report.views.asked import known, span, year_of
from acutecast.report.views.drawing import INTERVAL_WORDS
from acutecast.report.views.figures import (
    FIGURES,
    change_words,
    figure_columns,
    figures,
    hidden_notes,
)
from acutecast.report.views.rows import ratio_chart
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of

if TYPE_CHECKING:
    from acutecast.results.run import Run

COUNTED = {
    "admissions": "Inpatient admissions",
    "beddays": "Inpatient bed days",
    "procedures": "Inpatient procedures",
    "attendances": "Outpatient attendances",
    "tele_attendances": "Outpatient tele-attendances",
    "arrivals": "A&E arrivals",
    "walk-in": "A&E walk-in arrivals",
    "ambulance": "A&E arrivals by ambulance",
}
_MAIN = ("admissions", "beddays", "attendances", "tele_attendances", "arrivals")
_MOST_ROWS = 48
_GIVEN_BACK = ("baseline", "change", "change_pct")
_NO_CHANGE = "Rows with a baseline of 0 have no change in percent and are not drawn."
_TOO_MANY = "There are too many rows to draw at once; choose a measure, or read the table."
OF_THE_CHART = (_NO_CHANGE, _TOO_MANY)
"""Notes that a table without the chart does not need."""


def summary(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show baseline, projection and interval by point of delivery, then by site."""
    pods, sites = (summary_rows(run, selection, split) for split in ("pod", "sitetret"))
    # A total that is hidden over the parts of one table is not shown by the other.
    gone = {row["measure"] for row in (*pods, *sites) if row["whole"] and row["baseline"] is None}
    for row in (*pods, *sites):
        if row["whole"] and row["measure"] in gone:
            row |= dict.fromkeys(_GIVEN_BACK)
    return (
        _shown(run, selection, pods, "pod", "point of delivery", "Point of delivery"),
        _shown(run, selection, sites, "sitetret", "site", "Site"),
    )


def measures_asked(run: Run, selection: Selection) -> dict[str, tuple[str, ...]]:
    """Give the measures of a summary by activity type, as far as the selection has them."""
    wanted = (selection.measure,) if selection.measure else _MAIN
    found = {}
    for activity, have in known(run).items():
        measures = tuple(m for m in wanted if m in have.measures)
        fits = selection.activity in ("", activity)
        fits = fits and not (selection.specialties and activity == "aae")
        fits = fits and (
            not selection.pods or any(pod.startswith(f"{activity}_") for pod in selection.pods)
        )
        if measures and fits:
            found[activity] = measures
    return found


def _shown(
    run: Run,
    selection: Selection,
    rows: Sequence[Mapping[str, Any]],
    split: str,
    words: str,
    head: str,
) -> Shown:
    columns = (
        Column("counted", "What is counted"),
        Column(split, head),
        *figure_columns(run, selection),
    )
    title = f"Activity by {words}, {span(run, selection)}"
    notes: tuple[str, ...] = ()
    if selection.specialties and selection.activity != "aae" and "aae" in known(run):
        notes = ("Emergency care has no specialty, so it is left out.",)
    if not rows:
        return nothing("summary", title, columns, "No activity fits this selection.")
    table = table_of(columns, {c.name: [row[c.name] for row in rows] for c in columns})
    chart, alt, more = _drawn(run, selection, rows, split)
    read = (
        f"Each dot is the principal projection (the mean of the runs) as a change from the "
        f"baseline; the bar behind it holds {INTERVAL_WORDS}. Figures of several rows are added "
        "inside each run before quantiles are taken, so quantiles of rows do not add up."
    )
    notes = (*notes, *more, *hidden_notes(run, selection, table))
    return Shown("summary", title, read, columns, table, chart, alt, notes)


def summary_rows(run: Run, selection: Selection, split: str) -> list[dict[str, Any]]:
    """Give the rows of a summary: of each measure the total, then its parts.

    A total beside a hidden part would give it back, so it is hidden with it. A part that is all
    there is stands for the total; `whole` tells either.
    """
    rows = []
    labels = facts.pod_labels()
    for activity, measures in measures_asked(run, selection).items():
        parts = figures(run, selection, activity, measures, ("measure", split))
        totals = figures(run, selection, activity, measures, ("measure",))
        for total in totals.iter_rows(named=True):
            measure = total["measure"]
            mine = [r for r in parts.iter_rows(named=True) if r["measure"] == measure]
            if any(row["baseline"] is None for row in mine):
                total |= dict.fromkeys(_GIVEN_BACK)
            everything = "All of these" if len(mine) > 1 else ""
            for row in [{**total, split: everything}] * bool(everything) + mine:
                name = labels.get(row[split], row[split])
                rows.append(
                    {"counted": COUNTED[measure], split: name, "measure": measure,
                     "total": row[split] == everything,
                     "whole": row[split] == everything or len(mine) == 1}
                    | {figure: row[figure] for figure in FIGURES}
                )  # fmt: skip
    order = list(COUNTED)
    return sorted(rows, key=lambda row: order.index(row["measure"]))


def _drawn(
    run: Run, selection: Selection, rows: Sequence[Mapping[str, Any]], split: str
) -> tuple[Any, str, tuple[str, ...]]:
    """Draw the rows as changes from the baseline; say which have none."""
    drawn = [row for row in rows if row["baseline"]]
    notes = []
    if any(row["baseline"] == 0 for row in rows):
        notes.append(_NO_CHANGE)
    if not drawn:
        return None, "Nothing to draw.", tuple(notes)
    if len(drawn) > _MOST_ROWS:
        notes.append(_TOO_MANY)
        return None, "Nothing to draw.", tuple(notes)
    year = year_of(run, selection)
    main = [row for row in drawn if row["total"]] or drawn
    told = "; ".join(f"{row['counted']}: {change_words(row, year)}" for row in main[:6])
    named = [{**row, "label": row[split] or "All"} for row in drawn]
    axis = f"Change from {financial_year(run.baseline_year)} to {financial_year(year)}, %"
    chart = ratio_chart(named, "counted", "label", axis)
    return chart, f"Change from the baseline by row, with intervals. {told}.", tuple(notes)
