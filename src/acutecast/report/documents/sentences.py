"""What a report says in sentences; figures are those that views show, written as on the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from acutecast.report.charts import financial_year
from acutecast.report.documents.subject import Subject
from acutecast.report.views.asked import listed
from acutecast.report.views.parts import factor_label
from acutecast.report.views.shown import Shown, as_text, small

ALL_ROWS = "All of these"
"""How a summary calls the sum of its rows (`acutecast.report.views.summary`)."""


def main_rows(summary: Shown) -> list[dict[str, Any]]:
    """Give the row of a summary by point of delivery that holds all of each measure."""
    rows = list(summary.table.iter_rows(named=True))
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["counted"] not in found or row["pod"] == ALL_ROWS:
            found[row["counted"]] = row
    return list(found.values())


def projected(subject: Subject, row: Mapping[str, Any]) -> str:
    """Say what one row of a summary shows."""
    year, first = financial_year(subject.year), financial_year(subject.run.baseline_year)
    count = as_text(row["principal"], "count")
    verb = "are" if subject.place.endswith(("sites chosen",)) else "is"
    text = f"In {year} {subject.place} {verb} projected to have {count} {small(row['counted'])}"
    if row["baseline"] is None:
        text += "; the baseline is not shown"
    elif row["change_pct"] is None:
        text += f"; in {first} there were none"
    else:
        text += f", {more(row['change_pct'])} {first} ({as_text(row['baseline'], 'count')})"
    low, high = as_text(row["p10"], "count"), as_text(row["p90"], "count")
    return f"{text}. Eight of ten runs lie between {low} and {high}."


def more(percent: float) -> str:
    """Say a change in percent: "12.3% more than in", "about as many as in"."""
    shown = as_text(abs(percent), "percent")
    if shown == "0.0%":
        return "about as many as in"
    return f"{shown} {'more' if percent > 0 else 'fewer'} than in"


def drivers(waterfall: Shown) -> str:
    """Say what raises and what lowers a measure most, beside chance; "" where nothing does."""
    chance = factor_label("sampling")
    steps = [
        row
        for row in waterfall.table.iter_rows(named=True)
        if row["value"] is None and row["change"] and row["part"] != chance
    ]
    up = sorted((r for r in steps if r["change"] > 0), key=lambda r: -r["change"])[:2]
    down = sorted((r for r in steps if r["change"] < 0), key=lambda r: r["change"])[:2]
    told = []
    if up:
        told.append(f"What raises them most is {listed([_step(row) for row in up])}")
    if down:
        told.append(f"what lowers them most is {listed([_step(row) for row in down])}")
    if not told:
        return ""
    text = "; ".join(told)
    return f"{text[0].upper()}{text[1:]}."


def _step(row: Mapping[str, Any]) -> str:
    change = as_text(row["change"], "count")
    sign = "" if change.startswith("−") else "+"
    return f"{small(row['part'])} ({sign}{change})"


def spaces(subject: Subject, capacity: Shown, most: int = 3) -> Iterator[str]:
    """Say what the areas with the most beds need."""
    from acutecast.capacity.explain import number

    rows = [row for row in capacity.table.iter_rows(named=True) if row["unit"] == "beds"]
    rows.sort(key=lambda row: -(row["principal"] or 0))
    for row in rows[:most]:
        need, preset, low, high = (
            number(row[name]) for name in ("principal", "preset", "p10", "p90")
        )
        now = "" if row["baseline"] is None else f", from {number(row['baseline'])}"
        yield (
            f"{row['label']}: {need} beds in {financial_year(subject.year)}{now} "
            f"(eight of ten runs: {low} to {high}); the preset gives {preset}."
        )
