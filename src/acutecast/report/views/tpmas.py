"""All parts of TPMAs: what each does to every measure that it changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acutecast.report.views.asked import span
from acutecast.report.views.impact import mitigation_rows
from acutecast.report.views.parts import HIDDEN, MITIGATION, is_hidden, parts_of, tpma_facts
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.summary import COUNTED, measures_asked

if TYPE_CHECKING:
    from acutecast.results.run import Run

COLUMNS = (
    Column("code", "Code"),
    Column("tpma", "TPMA"),
    Column("group", "Group"),
    Column("kind", "Kind"),
    Column("counted", "What is counted"),
    Column("change", "Change", "count"),
    Column("p10", "P10", "count"),
    Column("p90", "P90", "count"),
    Column("change_pct", "Share of the baseline, %", "percent"),
)


def tpmas(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show what each TPMA does to every measure that it changes."""
    title = f"What each TPMA changes, {span(run, selection)}"
    about = tpma_facts()
    rows, notes = [], ()
    for measures in measures_asked(run, selection).values():
        for measure in measures:
            parts = parts_of(run, selection, measure, ("change_factor", "strategy"), MITIGATION)
            if parts.is_empty():
                continue
            if is_hidden(run, selection, parts["baseline"][0]):
                notes = (HIDDEN,)
                continue
            for row in mitigation_rows(parts):
                group = about.get(row["strategy"], {}).get("group", "The provider's own")
                rows.append({**row, "counted": COUNTED[measure], "group": group})
    if not rows:
        note = notes[0] if notes else "No TPMA of the scenario changes this selection."
        return (nothing("tpmas", title, COLUMNS, note),)
    order = list(COUNTED.values())
    rows.sort(key=lambda row: (row["code"] or "~", row["tpma"], order.index(row["counted"])))
    table = table_of(COLUMNS, {c.name: [row[c.name] for row in rows] for c in COLUMNS})
    words = (
        "A row for each measure that a TPMA changes: the mean change over the runs and 80% of the "
        "runs (P10–P90). TPMAs that overlap share what they do together, so the rows of a measure "
        "add up. An avoided admission also takes with it the same day emergency care that "
        "it might have become."
    )
    alt = f"{len({row['tpma'] for row in rows})} TPMAs and the measures that they change."
    return (Shown("tpmas", title, words, COLUMNS, table, None, alt, notes),)
