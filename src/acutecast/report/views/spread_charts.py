"""Charts of where uncertainty comes from: shares of the variance, and swings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acutecast.report.views.drawing import (
    FILLED,
    HOLLOW,
    beside,
    gathered,
    mark,
    number_axis,
    picture,
    row_axis,
    row_step,
    tips,
    whisker,
)


def shares_chart(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Draw the share of each assumption with one standard error each way.

    Args:
        rows: `assumption`, `share` and `error` in percent.
    """
    import altair as alt

    labels = [row["assumption"] for row in rows]
    columns = gathered(
        {
            "row": number,
            "label": row["assumption"],
            "share": row["share"],
            "low": row["share"] - row["error"],
            "high": row["share"] + row["error"],
            "text": f"{row['share']:.1f}%".replace("-", "−"),
        }
        for number, row in enumerate(rows)
    )
    y = row_axis(labels)
    title = "Share of the variance, %"
    x = alt.X("share:Q", title=title, axis=number_axis(".0f"), scale=alt.Scale(zero=True))
    tooltip = tips(("label:N", "Assumption", ""), ("text:N", "Share", ""))
    layers = [
        mark("bar", "rows", {"x": x, "y": y, "tooltip": tooltip}, "interval",
             height={"band": 0.62}),
        whisker("rows", y, title),
        beside("rows", y),
    ]  # fmt: skip
    return picture(layers, row_step(labels), rows=columns)


def swings_chart(rows: Sequence[Mapping[str, Any]], title: str) -> Any:
    """Draw what the mean output is at the P10 and at the P90 of each assumption.

    Args:
        rows: `assumption`, `at_low` and `at_high`.
        title: of the axis.
    """
    import altair as alt

    labels = [row["assumption"] for row in rows]
    columns = gathered(
        {
            "row": number,
            "label": row["assumption"],
            "low": row["at_low"],
            "high": row["at_high"],
            "text": f"{row['at_low']:,.0f} → {row['at_high']:,.0f}",
        }
        for number, row in enumerate(rows)
    )
    y = row_axis(labels)
    scale = alt.Scale(zero=False, nice=True, padding=6)
    low = alt.X("low:Q", title=title, axis=number_axis(), scale=scale)
    tooltip = tips(("label:N", "Assumption", ""), ("text:N", "From P10 to P90", ""))
    line = {"x": low, "x2": alt.X2("high"), "y": y, "tooltip": tooltip}
    start = {"x": low, "y": y, "tooltip": tooltip}
    end = {"x": alt.X("high:Q", title=title), "y": y, "tooltip": tooltip}
    layers = [
        mark("rule", "rows", line, "interval", strokeWidth=5),
        mark("point", "rows", start, "strong", size=70, **HOLLOW),
        mark("point", "rows", end, "strong", size=70, **FILLED),
        beside("rows", y),
    ]
    return picture(layers, row_step(labels), rows=columns)
