"""What changes a measure: a waterfall by change factor, then a bar for each TPMA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.report.charts import financial_year
from acutecast.report.views.asked import activity_of, measure_of, span, where, year_of
from acutecast.report.views.drawing import INTERVAL_WORDS
from acutecast.report.views.parts import (
    HIDDEN,
    MITIGATION,
    factor_label,
    is_hidden,
    parts_of,
    tpma_facts,
    tpma_label,
)
from acutecast.report.views.rows import parts_chart, waterfall_chart
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, signed, small, table_of
from acutecast.report.views.summary import COUNTED

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

MOST_TPMAS = 24
_NUMBERS = (
    Column("change", "Change", "count"),
    Column("p10", "P10", "count"),
    Column("p90", "P90", "count"),
    Column("change_pct", "Share of the baseline, %", "percent"),
)
WATERFALL = (Column("part", "Part"), Column("value", "Activity", "count"), *_NUMBERS)
MITIGATIONS = (Column("kind", "Kind"), Column("code", "Code"), Column("tpma", "TPMA"), *_NUMBERS)


def impact(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show the way from the baseline to the projection, then what TPMAs do in it."""
    return waterfall(run, selection), mitigations(run, selection)


def waterfall(run: Run, selection: Selection) -> Shown:
    """Show the parts by change factor; with the baseline they add up to the projection."""
    measure, year = measure_of(run, selection), year_of(run, selection)
    title = f"What changes {small(COUNTED[measure])}, {span(run, selection)}"
    parts = parts_of(run, selection, measure, ("change_factor",))
    rows = where(selection, activity_of(measure))
    ends = run.summary((), rows, year, measures=measure).row(0, named=True)
    if parts.is_empty():
        return nothing("impact", title, WATERFALL, "No activity fits this selection.")
    if is_hidden(run, selection, ends["baseline"]):
        return nothing("impact", title, WATERFALL, HIDDEN)
    first, last = financial_year(run.baseline_year), financial_year(year)
    begin = {"part": f"Baseline {first}", "value": ends["baseline"]}
    steps = [
        {"part": factor_label(row["change_factor"]), "value": None}
        | {column.name: row[column.name] for column in _NUMBERS}
        for row in parts.iter_rows(named=True)
    ]
    end = {
        "part": f"Principal projection {last}",
        "value": ends["mean"],
        "change": ends["change"],
        # The interval of the change is that of the projection, less the baseline that is known.
        "p10": ends["p10"] - ends["baseline"],
        "p90": ends["p90"] - ends["baseline"],
        "change_pct": ends["change_pct"],
    }
    every = [{column.name: row.get(column.name) for column in WATERFALL}
             for row in (begin, *steps, end)]  # fmt: skip
    table = table_of(WATERFALL, {c.name: [row[c.name] for row in every] for c in WATERFALL})
    told = "; ".join(f"{row['part']} {signed(row['change'])}" for row in steps)
    words = (
        "Each bar begins where the one above it ends, so the bars lead from the baseline to the "
        "principal projection; they add up exactly, in every run. Whiskers hold "
        f"{INTERVAL_WORDS} of a part. The axis need not start at 0."
    )
    alt = f"{COUNTED[measure]} from {ends['baseline']:,.0f} to {ends['mean']:,.0f}: {told}."
    chart = waterfall_chart(every, f"{COUNTED[measure]} a year")
    return Shown("impact", title, words, WATERFALL, table, chart, alt)


def mitigations(run: Run, selection: Selection) -> Shown:
    """Show what each TPMA does to the measure, largest first in each kind."""
    measure = measure_of(run, selection)
    what = small(COUNTED[measure])
    title = f"What TPMAs change in {what}, {span(run, selection)}"
    parts = parts_of(run, selection, measure, ("change_factor", "strategy"), MITIGATION)
    if parts.is_empty():
        note = f"No TPMA of the scenario changes {what}."
        return nothing("impact", title, MITIGATIONS, note)
    if is_hidden(run, selection, parts["baseline"][0]):
        return nothing("impact", title, MITIGATIONS, HIDDEN)
    rows = mitigation_rows(parts)
    table = table_of(MITIGATIONS, {c.name: [row[c.name] for row in rows] for c in MITIGATIONS})
    drawn, notes = largest(rows)
    told = "; ".join(f"{row['tpma']} {signed(row['change'])}" for row in drawn[:6])
    words = (
        "Each bar is the mean change over the runs, shared fairly where TPMAs overlap; whiskers "
        f"hold {INTERVAL_WORDS}. Parts of single TPMAs add up to their bars in the waterfall."
    )
    chart = parts_chart(drawn, "kind", "tpma", f"Change in {what} a year") if drawn else None
    alt = f"{told}." if drawn else "Nothing to draw."
    return Shown("impact", title, words, MITIGATIONS, table, chart, alt, notes)


def mitigation_rows(parts: polars.DataFrame) -> list[dict[str, Any]]:
    """Name the parts of TPMAs; activity avoided first, in each kind the largest change first."""
    about = tpma_facts()
    rows = [
        row
        | {
            "kind": factor_label(row["change_factor"]),
            "code": about.get(row["strategy"], {}).get("code", ""),
            "tpma": tpma_label(row["strategy"]),
        }
        for row in parts.iter_rows(named=True)
    ]
    order = {factor: number for number, factor in enumerate(MITIGATION)}
    return sorted(rows, key=lambda row: (order[row["change_factor"]], -abs(row["change"])))


def largest(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """Give the rows that a chart can show, in their order, and a note on the others.

    A change of less than half a unit would be an empty bar called "0 (0 to 0)".
    """
    seen = [row for row in rows if any(round(row[name]) for name in ("change", "p10", "p90"))]
    sizes = sorted((abs(row["change"]) for row in seen), reverse=True)[:MOST_TPMAS]
    drawn = [row for row in seen if abs(row["change"]) >= sizes[-1]][:MOST_TPMAS]
    if len(drawn) == len(rows):
        return rows, ()
    if not drawn:
        return [], ("No TPMA changes it by as much as one a year, so none is drawn.",)
    note = f"The chart has the {len(drawn)} largest of {len(rows)} TPMAs; the table has all."
    return drawn, (note,)
