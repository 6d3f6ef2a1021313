"""Why two scenarios differ, as a view: the parts of their difference by assumption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast import facts
from acutecast.report.charts import financial_year
from acutecast.report.views.asked import ACTIVITY_LABELS
from acutecast.report.views.assumptions import assumption_label
from acutecast.report.views.drawing import INTERVAL_WORDS
from acutecast.report.views.look import quickly
from acutecast.report.views.rows import waterfall_chart
from acutecast.report.views.shown import Column, Shown, nothing, signed, small, table_of
from acutecast.report.views.summary import COUNTED

if TYPE_CHECKING:
    from acutecast.insight.why import Why


def explained(found: Why, reference: str, other: str) -> tuple[Shown, ...]:
    """Show what a difference is made of, a chart for each group that was asked about.

    Args:
        found: of `acutecast.insight.why.why`, which takes seconds and the provider's tables.
        reference: the name of the first scenario.
        other: the name of the second.

    Returns:
        The parts of each group that differs, with those of the largest part first; they add up
        exactly to the difference in every run.
    """
    with quickly():
        groups = found.table().partition_by(list(found.keys), maintain_order=True)
        shown = [_group(found, group.to_dicts(), reference, other) for group in groups]
    return tuple(shown)


def _group(found: Why, rows: list[dict[str, Any]], reference: str, other: str) -> Shown:
    from acutecast.insight.why import CHANCE

    columns = (
        Column("part", "Assumption"),
        Column("value", "Activity", "count"),
        Column("change", "Part of the difference", "count"),
        Column("p10", "P10", "count"),
        Column("p90", "P90", "count"),
    )
    counted = str(rows[0]["measure"])
    measure = COUNTED.get(counted, counted)
    names = facts.pod_labels() | ACTIVITY_LABELS
    others = [str(rows[0][key]) for key in found.keys if key != "measure"]
    title = f"Why {small(measure)} differ, {financial_year(found.year)}"
    title = ": ".join([title, ", ".join(names.get(o, o) for o in others)]) if others else title
    whole = next(row for row in rows if row["part"] == "difference")
    parts = [
        {
            "part": "Chance" if row["part"] == CHANCE else assumption_label(row["part"]),
            "value": None,
            "change": row["mean"],
            "p10": row["p10"],
            "p90": row["p90"],
        }
        for row in sorted(rows, key=lambda row: (row["part"] == CHANCE, -abs(row["mean"])))
        if row is not whole
    ]
    if not any(row["change"] or row["p10"] or row["p90"] for row in parts):
        return nothing("comparison-why", title, columns, "The scenarios do not differ in this.")
    before = whole["reference"]
    begin: dict[str, Any] = {"part": reference, "value": before}
    begin |= dict.fromkeys(("change", "p10", "p90"))
    end = {
        "part": other,
        "value": before + whole["mean"],
        "change": whole["mean"],
        "p10": whole["p10"],
        "p90": whole["p90"],
    }
    every = [begin, *parts, end]
    told = "; ".join(f"{row['part']} {signed(row['change'])}" for row in parts)
    words = (
        f"Each bar is what one differing assumption adds to or takes from {reference} on the way "
        f"to {other}; they add up exactly, in every run. Whiskers hold {INTERVAL_WORDS}."
    )
    notes = () if found.exact else ("Orders of the assumptions were sampled.",)
    return Shown(
        "comparison-why",
        title,
        words,
        columns,
        table_of(columns, {c.name: [row[c.name] for row in every] for c in columns}),
        waterfall_chart(every, f"{measure} a year"),
        f"{told}.",
        notes,
    )
