"""Charts of several scenarios: one colour, shape and dash for each, by its place in the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from acutecast.report.views.drawing import (
    FILLED,
    beside,
    gathered,
    interval,
    mark,
    number_axis,
    picture,
    row_axis,
    row_step,
)
from acutecast.report.views.look import DASHES, SHAPES
from acutecast.report.views.rows import SIGNED, grouped, signed_text
from acutecast.report.views.shown import signed


def scenario_colour(names: Sequence[str], legend: bool = True) -> Any:
    """Give the colour of each scenario; the theme has the colours by position."""
    import altair as alt

    more: dict[str, Any] = {} if legend else {"legend": None}
    scale = alt.Scale(domain=list(names), range="category")
    return alt.Color("scenario:N", title=None, scale=scale, **more)


def scenario_shape(names: Sequence[str], legend: bool = True) -> Any:
    """Give the shape of each scenario."""
    import altair as alt

    more: dict[str, Any] = {} if legend else {"legend": None}
    shapes = [SHAPES[number % len(SHAPES)] for number in range(len(names))]
    scale = alt.Scale(domain=list(names), range=shapes)
    return alt.Shape("scenario:N", title=None, scale=scale, **more)


def scenario_dash(names: Sequence[str]) -> Any:
    """Give the dash of each scenario."""
    import altair as alt

    dashes = [DASHES[number % len(DASHES)] for number in range(len(names))]
    scale = alt.Scale(domain=list(names), range=dashes)
    return alt.StrokeDash("scenario:N", title=None, scale=scale)


def scenarios_chart(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Any:
    """Draw each scenario of each measure as a change from its own baseline in percent.

    Args:
        rows: `counted`, `scenario` and the figures, with a baseline above 0.
        names: the scenarios in order.
    """
    import altair as alt

    labels, heads, numbered = grouped(rows, "counted", "scenario")
    columns = gathered(
        {
            "row": row["row"],
            "scenario": row["scenario"],
            "counted": row["counted"],
            "low": 100 * (row["p10"] / row["baseline"] - 1),
            "mid": row["change_pct"],
            "high": 100 * (row["p90"] / row["baseline"] - 1),
            "words": f"{row['principal']:,.0f} ({row['p10']:,.0f} to {row['p90']:,.0f})",
            "text": f"{row['baseline']:,.0f} → {row['principal']:,.0f}",
        }
        for row in numbered
    )
    title = "Change from the baseline, %"
    words = f"datum.value == 0 ? 'baseline' : {SIGNED} + '%'"
    x = alt.X("mid:Q", title=title, axis=number_axis("+,.0f", labelExpr=words))
    tooltip = [
        alt.Tooltip("scenario:N", title="Scenario"),
        alt.Tooltip("counted:N", title="Counted"),
        alt.Tooltip("words:N", title="Principal projection (80% of the runs)"),
    ]
    return _marked(labels, heads, columns, names, x, title, tooltip, legend=True)


def difference_chart(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Any:
    """Draw the difference of each row from the reference in percent.

    Args:
        rows: `other`, `counted`, `pod`, the difference and its interval, and `reference`, which is
            above 0.
        names: the scenarios in order, the reference first.
    """
    import altair as alt

    several = len(names) > 2
    labelled = [
        {
            **row,
            "scenario": row["other"],
            "head": row["other"] if several else row["counted"],
            "name": row["counted"] if several else row["pod"],
        }
        for row in rows
    ]
    labels, heads, numbered = grouped(labelled, "head", "name")
    columns = gathered(
        {
            "row": row["row"],
            "scenario": row["scenario"],
            "counted": f"{row['counted']}, {row['pod']}",
            "low": 100 * row["p10"] / row["reference"],
            "mid": row["difference_pct"],
            "high": 100 * row["p90"] / row["reference"],
            "words": signed_text(row["difference"], row["p10"], row["p90"]),
            "text": _said(row),
        }
        for row in numbered
    )
    title = f"Difference from {names[0]}, %"
    words = f"datum.value == 0 ? 'same' : {SIGNED.replace(',.0f', ',.2~f')} + '%'"
    x = alt.X("mid:Q", title=title, axis=number_axis("+,.2~f", labelExpr=words))
    tooltip = [
        alt.Tooltip("scenario:N", title="Scenario"),
        alt.Tooltip("counted:N", title="Counted"),
        alt.Tooltip("words:N", title="Difference (80% of the runs)"),
    ]
    return _marked(labels, heads, columns, names, x, title, tooltip, legend=several)


def _said(row: Mapping[str, Any]) -> str:
    """Say what a row shows beside it."""
    if not (row["difference"] or row["p10"] or row["p90"]):
        return "no difference"
    return f"{signed(row['difference'])}, more in {row['more']:.0f}%"


def _marked(
    labels: list[str],
    heads: list[int],
    columns: dict[str, list[Any]],
    names: Sequence[str],
    x: Any,
    title: str,
    tooltip: list[Any],
    legend: bool,
) -> Any:
    """Draw rows with an interval and a mark of the scenario's colour and shape, around zero."""
    import altair as alt

    y = row_axis(labels, heads)
    own = {"color": scenario_colour(names, legend), "shape": scenario_shape(names, legend)}
    dot = {"x": x, "y": y, "tooltip": tooltip, **own}
    layers = [
        mark("rule", "zero", {"x": alt.X("zero:Q")}, "baseline", strokeWidth=2),
        interval("rows", y, title),
        mark("point", "rows", dot, "rim", size=85, **FILLED),
        beside("rows", y),
    ]
    return picture(layers, row_step(labels), rows=columns, zero={"zero": [0]})
