"""Charts of rows: a label, and a bar or dot with its interval."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from acutecast.report.capacity_look import RATIO_TICKS, RATIOS
from acutecast.report.views.drawing import (
    FILLED,
    HOLLOW,
    beside,
    figure_tips,
    gathered,
    interval,
    mark,
    number_axis,
    picture,
    row_axis,
    row_step,
    whisker,
)
from acutecast.report.views.shown import signed

SIGNED = "(datum.value == 0 ? '0' : replace(format(datum.value, '+,.0f'), '-', '−'))"
_BAR: dict[str, Any] = {"height": {"band": 0.62}}


def grouped(
    rows: Iterable[Mapping[str, Any]], head: str, label: str
) -> tuple[list[str], list[int], list[dict[str, Any]]]:
    """Put a head before each group of rows.

    Args:
        rows: those of a group together.
        head: the column that groups them.
        label: the column that names a row.

    Returns:
        The labels of all lines, the numbers of those that are heads, and the rows with `row`, their
        number, and `label`.
    """
    labels: list[str] = []
    heads: list[int] = []
    numbered = []
    before = None
    for row in rows:
        if row[head] != before:
            before = row[head]
            heads.append(len(labels))
            labels.append(before)
        numbered.append({**row, "row": len(labels), "label": row[label]})
        labels.append(row[label])
    return labels, heads, numbered


def ratio_chart(rows: Sequence[Mapping[str, Any]], head: str, label: str, title: str) -> Any:
    """Draw each row as a change from its baseline in percent.

    Args:
        rows: the figures, with a baseline above 0.
        head: the column that groups rows.
        label: the column that names a row.
        title: of the axis.
    """
    import altair as alt

    labels, heads, numbered = grouped(rows, head, label)
    columns = gathered(
        {
            "row": row["row"],
            "label": row["label"],
            "head": row[head],
            "low": 100 * (row["p10"] / row["baseline"] - 1),
            "mid": row["change_pct"],
            "high": 100 * (row["p90"] / row["baseline"] - 1),
            **{name: row[name] for name in ("baseline", "principal", "p10", "p90")},
            "text": f"{row['baseline']:,.0f} → {row['principal']:,.0f}",
        }
        for row in numbered
    )
    y = row_axis(labels, heads)
    words = f"datum.value == 0 ? 'baseline' : {SIGNED} + '%'"
    x = alt.X("mid:Q", title=title, axis=number_axis("+,.0f", labelExpr=words))
    tooltip = [alt.Tooltip("head:N", title="Counted"), alt.Tooltip("label:N", title="Row")]
    tooltip += [*figure_tips(), alt.Tooltip("mid:Q", title="Change, %", format="+.1f")]
    layers = [
        mark("rule", "zero", {"x": alt.X("zero:Q")}, "baseline", strokeWidth=2),
        interval("rows", y, title),
        mark(
            "point", "rows", {"x": x, "y": y, "tooltip": tooltip}, "projection", size=80, **FILLED
        ),
        beside("rows", y),
    ]
    return picture(layers, row_step(labels), rows=columns, zero={"zero": [0]})


def waterfall_chart(rows: Sequence[Mapping[str, Any]], title: str) -> Any:
    """Draw the way from a baseline (the first row) to a projection (the last).

    Args:
        rows: `part`, `value` of the first and the last, `change`, `p10` and `p90` of all others.
        title: of the axis.
    """
    import altair as alt

    at = float(rows[0]["value"])
    steps = []
    for number, row in enumerate(rows[1:-1], start=1):
        change = row["change"]
        steps.append(
            {
                "row": number,
                "label": row["part"],
                "start": at,
                "end": at + change,
                "low": at + row["p10"],
                "high": at + row["p90"],
                "text": signed_text(change, row["p10"], row["p90"]),
                "way": "more" if change >= 0 else "less",
            }
        )
        at += change
    first, last = rows[0], rows[-1]
    ends = {
        "row": [0, len(rows) - 1],
        "label": [first["part"], last["part"]],
        "start": [first["value"], last["value"]],
        "low": [None, first["value"] + last["p10"]],
        "high": [None, first["value"] + last["p90"]],
        "text": [f"{first['value']:,.0f}", f"{last['value']:,.0f}"],
    }
    labels = [row["part"] for row in rows]
    y = row_axis(labels, [0, len(rows) - 1])
    x = alt.X("start:Q", title=title, axis=number_axis(), scale=alt.Scale(zero=False, nice=6))
    tooltip = [alt.Tooltip("label:N", title="Part"), alt.Tooltip("text:N", title="Activity")]
    bar = {"x": x, "x2": alt.X2("end"), "y": y, "tooltip": tooltip}
    dot = {"x": x, "y": y, "tooltip": tooltip}
    layers = [
        mark("bar", "steps", bar, "projection", "datum.way == 'more'", **_BAR),
        mark("bar", "steps", bar, "less", "datum.way == 'less'", **_BAR),
        whisker("steps", y, title),
        interval("ends", y, title, "datum.row > 0"),
        mark("point", "ends", dot, "projection", "datum.row > 0", size=90, **FILLED),
        mark("point", "ends", dot, "baseline", "datum.row == 0", size=110, **HOLLOW),
        beside("steps", y),
        beside("ends", y),
    ]
    return picture(layers, row_step(labels), steps=gathered(steps), ends=ends)


def parts_chart(
    rows: Sequence[Mapping[str, Any]], head: str, label: str, title: str, form: str = ".0f"
) -> Any:
    """Draw a bar around zero for each part, under a head for each group.

    Args:
        rows: `change`, `p10`, `p90` and the columns named, those of a group together.
        head: the column that groups rows.
        label: the column that names a row.
        title: of the axis.
        form: of the figures, as in Python and D3.
    """
    import altair as alt

    labels, heads, numbered = grouped(rows, head, label)
    columns = gathered(
        {
            "row": row["row"],
            "label": row["label"],
            "change": row["change"],
            "low": row["p10"],
            "high": row["p90"],
            "text": signed_text(row["change"], row["p10"], row["p90"], form),
        }
        for row in numbered
    )
    y = row_axis(labels, heads)
    x = alt.X(
        "change:Q",
        title=title,
        axis=number_axis(f"+,{form}", labelExpr=SIGNED.replace(".0f", form)),
    )
    tooltip = [alt.Tooltip("label:N", title="Part"), alt.Tooltip("text:N", title="Change")]
    bar = {"x": x, "y": y, "tooltip": tooltip}
    layers = [
        mark("bar", "rows", bar, "projection", "datum.change >= 0", **_BAR),
        mark("bar", "rows", bar, "less", "datum.change < 0", **_BAR),
        whisker("rows", y, title),
        mark("rule", "zero", {"x": alt.X("zero:Q")}, "soft"),
        beside("rows", y),
    ]
    return picture(layers, row_step(labels), rows=columns, zero={"zero": [0]})


def pairs_chart(rows: Sequence[Mapping[str, Any]], title: str) -> Any:
    """Draw the projection of each row as a bar with its interval, the baseline as an outline.

    Args:
        rows: `label`, and the figures; the baseline is empty where it is hidden.
        title: of the axis.
    """
    import altair as alt

    names = ("label", "baseline", "principal", "p10", "p90", "change_pct")
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    columns["row"] = list(range(len(rows)))
    columns["text"] = [
        (f"{row['baseline']:,.0f} → " if row["baseline"] is not None else "")
        + f"{row['principal']:,.0f}"
        for row in rows
    ]
    y = row_axis(columns["label"])
    x = alt.X("principal:Q", title=title, axis=number_axis(), scale=alt.Scale(zero=True))
    tooltip = [alt.Tooltip("label:N", title="Row"), *figure_tips()]
    tooltip.append(alt.Tooltip("change_pct:Q", title="Change, %", format="+.1f"))
    before = {"x": alt.X("baseline:Q", title=title), "y": y, "tooltip": tooltip}
    after = {"x": x, "y": y, "tooltip": tooltip}
    layers = [
        mark("bar", "rows", after, "interval", height={"band": 0.56}),
        outline("rows", before),
        whisker("rows", y, title, "strong", "p10 p90"),
        mark("point", "rows", after, "strong", size=45, **FILLED),
        beside("rows", y),
    ]
    return picture(layers, row_step(columns["label"]), rows=columns)


def outline(source: str, encoding: Mapping[str, Any]) -> Any:
    """Draw the baseline as the outline of a bar; not where it is hidden."""
    look: dict[str, Any] = {"filled": False, "strokeWidth": 1.75, "height": {"band": 0.84}}
    return mark("bar", source, encoding, "baseline", "isValid(datum.baseline)", **look)


def against_chart(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Draw simulated needs as multiples of the preset, so that small and large areas compare.

    Args:
        rows: `label`, `unit`, `preset`, `principal`, `p10` and `p90`, those of a unit together.

    Returns:
        The chart; None where no area has a preset.
    """
    import altair as alt

    from acutecast.capacity.explain import number

    some = [{**row, "head": row["unit"].capitalize()} for row in rows if row["preset"]]
    if not some:
        return None
    labels, heads, numbered = grouped(some, "head", "label")
    columns = gathered(
        {
            "row": row["row"],
            "label": row["label"],
            "low": row["p10"] / row["preset"],
            "mid": row["principal"] / row["preset"],
            "high": row["p90"] / row["preset"],
            "preset": f"{number(row['preset'])} {row['unit']}",
            "need": f"{number(row['principal'])} ({number(row['p10'])} to {number(row['p90'])}) "
            f"{row['unit']}",
            "text": f"{number(row['preset'])} → {number(row['principal'])}",
        }
        for row in numbered
    )
    low = max(RATIOS[0], 0.95 * min(0.72, *columns["low"]))
    high = min(RATIOS[1], 1.06 * max(1.55, *columns["high"]))
    title = "Simulated need as a multiple of the preset"
    y = row_axis(labels, heads)
    x = alt.X(
        "mid:Q",
        title=title,
        scale=alt.Scale(type="log", domain=[low, high], clamp=True, nice=False),
        axis=number_axis(
            ".2f",
            values=[tick for tick in RATIO_TICKS if low <= tick <= high],
            labelExpr="datum.value == 1 ? 'preset' : datum.value + ' ×'",
            labelOverlap=True,
        ),
    )
    tooltip = [
        alt.Tooltip("label:N", title="Area"),
        alt.Tooltip("preset:N", title="Preset"),
        alt.Tooltip("need:N", title="Simulated (80% of the runs)"),
    ]
    layers = [
        mark("rule", "one", {"x": alt.X("one:Q")}, "baseline", strokeWidth=2),
        interval("rows", y, title),
        mark(
            "point", "rows", {"x": x, "y": y, "tooltip": tooltip}, "projection", size=80, **FILLED
        ),
        beside("rows", y),
    ]
    return picture(layers, row_step(labels), rows=columns, one={"one": [1]})


def beyond_ratios(rows: Iterable[Mapping[str, Any]]) -> int:
    """Count the rows of `against_chart` that it draws at the edge."""
    return sum(
        not RATIOS[0] <= row["principal"] / row["preset"] <= RATIOS[1]
        for row in rows
        if row["preset"]
    )


def signed_text(change: float, low: float, high: float, form: str = ".0f") -> str:
    """Write a change with its interval: "+1,200 (+800 to +1,500)"."""
    texts = [signed(number, f",{form}") for number in (change, low, high)]
    return f"{texts[0]} ({texts[1]} to {texts[2]})"
