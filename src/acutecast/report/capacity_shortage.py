"""How often an area runs short, against how much space it has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from acutecast.report.capacity_look import (
    ALONE,
    AXIS_WIDTH,
    HospitalCapacity,
    chosen_area,
    drawn_alone,
    haloed,
    interval_tooltip,
    panel_title,
)
from acutecast.report.charts import (
    BLUE,
    DARK_BLUE,
    DARK_GREY,
    INK,
    LIGHT_BLUE,
    ORANGE,
    financial_year,
)

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

SHARE_TICKS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def shortage_chart(capacity: HospitalCapacity, area: str, site: str = "all") -> alt.VConcatChart:
    """Draw how often an area runs short against how much space it has, at the horizon.

    The line is the mean over the runs of the share of open hours in which demand exceeds the
    space, the band holds 80% of the runs (P10–P90). The dots mark the simulated need on the line
    of the accepted risk, and the preset's space rounded up.

    Args:
        capacity: the capacity of a run.
        area: key of an area simulated by the hour.
        site: a site, where sites are counted apart.

    Raises:
        AcutecastError: where there is no such area or site, or the area is booked by session.
    """
    chosen = chosen_area(capacity, area, site, hourly=True)
    return drawn_alone(capacity, chosen, site, shortage_panel(capacity, chosen, site, ALONE))


def shortage_panel(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, size: tuple[int, int]
) -> Any:
    """Draw the shortage curve."""
    import altair as alt
    import polars as pl

    from acutecast.capacity.explain import percent

    unit, risk = area["unit"], capacity.risk
    floor = min(0.001, risk / 5)
    curve = capacity.shortage(area["area"], site)
    marks = marked_needs(curve, area["figures"], risk)
    curve, top = window_of(curve, marks, risk, floor)
    x = _beds_axis(curve, marks, unit)
    axis = alt.Axis(
        values=[tick for tick in SHARE_TICKS if floor <= tick <= top],
        labelExpr="format(datum.value, '.2~%')",
        labelOverlap=False,
        domain=False,
        ticks=False,
        **AXIS_WIDTH,
    )
    # A little higher than the last tick, so that its label stays beside the picture.
    scale = alt.Scale(type="log", domain=[floor, 1.2 * top], nice=False)
    base = alt.Chart(curve).encode(x=x)
    for name in ("mean", "p10", "p90"):
        # A logarithm needs more than none; what lies below the floor is cut off at the edge.
        base = base.transform_calculate(f"{name}_drawn", f"max(datum.{name}, {floor / 10})")
    band = base.mark_area(color=LIGHT_BLUE, opacity=0.35, clip=True).encode(
        y=alt.Y("p10_drawn:Q", title=None, axis=axis, scale=scale), y2="p90_drawn:Q"
    )
    line = base.mark_line(color=BLUE, strokeWidth=2.5, clip=True).encode(y="mean_drawn:Q")
    # A few beds are single steps, to be seen one by one; of many, dots only carry the tooltip.
    seen = 1 if len(curve) <= 25 else 0
    tooltip = [
        alt.Tooltip("beds:Q", title=unit.capitalize(), format=",.0f"),
        *interval_tooltip(".2~%"),
        alt.Tooltip("suffice:Q", title="Runs in which the risk is kept", format=".0%"),
    ]
    dots = base.mark_circle(color=BLUE, size=34, opacity=seen, clip=True).encode(
        y="mean_drawn:Q", tooltip=tooltip
    )
    limit = alt.Chart(pl.DataFrame({"risk": [risk], "text": [f"risk {percent(risk)}"]}))
    limit = limit.encode(y="risk:Q")
    return alt.layer(
        band,
        line,
        dots,
        limit.mark_rule(color=DARK_GREY, strokeDash=[5, 4]),
        limit.mark_text(align="left", dy=-7, dx=3, fontSize=11, color=DARK_GREY).encode(
            x=alt.XValue(0), text="text:N"
        ),
        *_marked(marks, x, floor, turn=(curve["beds"][0] + 2 * curve["beds"][-1]) / 3),
        width=size[0],
        height=size[1],
        title=panel_title(
            f"How often {unit} run short, {financial_year(capacity.horizon)}",
            "Share of open hours in which demand exceeds them",
            "Line: mean of the runs · band: 80% of them (P10–P90)",
        ),
        description=f"{area['label']}: share of open hours in which demand exceeds the {unit}, by "
        f"number of {unit}. " + ". ".join(marks["words"]) + ".",
    )


def marked_needs(curve: pl.DataFrame, figures: dict[str, Any], risk: float) -> pl.DataFrame:
    """Give what the curve marks: the simulated need at the risk, the preset on the curve."""
    import polars as pl

    from acutecast.capacity.explain import number, percent

    def kept(beds: int) -> str:
        share = curve["suffice"][beds] if beds < len(curve) else 1.0
        return f"{beds:,} keep the risk in {percent(share)} of the runs"

    need, preset = figures["simulated"], figures.get("preset")
    whole = math.ceil(need["mean"] - 1e-9)
    between = f"{number(need['p10'])} to {number(need['p90'])}"
    rows = [
        {
            "mark": "simulated",
            # Beside the dot the mean curve leaves room on one side only.
            "above": whole >= len(curve) or curve["mean"][whole] <= risk,
            "beds": need["mean"],
            "share": risk,
            "p10": need["p10"],
            "p90": need["p90"],
            "text": f"Simulated {number(need['mean'])}\n({between})",
            "words": f"Simulated need {number(need['mean'])} ({between}); {kept(whole)}",
        }
    ]
    if preset is not None and preset["mean"] is not None:
        whole = math.ceil(preset["mean"] - 1e-9)
        share = curve["mean"][whole] if whole < len(curve) else 0.0
        rows.append(
            {
                "mark": "preset",
                "above": True,
                "beds": float(whole),
                "share": share,
                "p10": float(whole),
                "p90": float(whole),
                "text": f"Preset {number(preset['mean'])}\n({whole:,} too few in {percent(share)})",
                "words": f"Preset {number(preset['mean'])}: {whole:,} are too few in "
                f"{percent(share)} of the hours; {kept(whole)}",
            }
        )
    return pl.DataFrame(rows)


def window_of(
    curve: pl.DataFrame, marks: pl.DataFrame, risk: float, floor: float
) -> tuple[pl.DataFrame, float]:
    """Give the part of the curve that matters to a decision, and the share at its top."""
    import polars as pl

    least, most = 1.5 * max(marks["share"]), max(curve["mean"])
    tops = [
        top
        for top in (0.1, 0.3)
        if top >= least and (top >= most or curve["mean"].is_between(floor, top).sum() >= 3)
    ]
    top = tops[0] if tops else 1.0
    matters = (pl.col("p90") >= floor) | (pl.col("mean") >= risk / 2)
    beds = curve.filter(pl.col("p10") <= top, matters)["beds"].to_list()
    # The mean of the runs may lie outside P10–P90.
    for name in ("beds", "p10", "p90"):
        beds += [*map(math.floor, marks[name]), *map(math.ceil, marks[name])]
    return curve.filter(pl.col("beds").is_between(min(beds), max(beds) + 1)), top


def _beds_axis(curve: pl.DataFrame, marks: pl.DataFrame, unit: str) -> alt.X:
    """Give the horizontal axis of a shortage curve, in whole beds."""
    import altair as alt

    shown = [*curve["beds"], *marks["beds"], *marks["p10"], *marks["p90"]]
    first, last = min(shown), max(shown)
    pad = 0.02 * (last - first) + 0.1
    whole = range(math.ceil(first), math.floor(last) + 1)
    ticks: dict[str, Any] = {"values": list(whole)} if len(whole) <= 12 else {"tickCount": 6}
    return alt.X(
        "beds:Q",
        title=unit.capitalize(),
        scale=alt.Scale(domain=[first - pad, last + pad], nice=False),
        axis=alt.Axis(
            format=",.0f",
            grid=False,
            **ticks,
        ),
    )


def _marked(marks: pl.DataFrame, x: alt.X, floor: float, turn: float) -> list[Any]:
    """Draw the simulated need as a dot on the risk, the preset as an upright line.

    Beyond `turn` beds the preset's label stands left of its line, to stay on the picture.
    """
    import altair as alt
    import polars as pl

    style: dict[str, Any] = {"fontSize": 11, "color": INK, "lineBreak": "\n", "lineHeight": 14}
    place: dict[str, Any] = {"align": "right", "dx": -6, "dy": 15}
    if marks["above"][0]:
        place = {"align": "left", "dx": 6, "dy": -23}
    tooltip = [alt.Tooltip("words:N", title="Need")]
    dot: dict[str, Any] = {"filled": True, "size": 90, "opacity": 1, "stroke": "white"}
    need = alt.Chart(marks.head(1)).encode(x=x, y="share:Q")
    layers = [
        need.mark_rule(color=DARK_BLUE, strokeWidth=3).encode(x="p10:Q", x2="p90:Q"),
        need.mark_point(color=DARK_BLUE, **dot).encode(tooltip=tooltip),
        *haloed(need.encode(text="text:N"), **place, **style),
    ]
    preset = marks.filter(pl.col("mark") == "preset")
    if not preset.is_empty():
        left = preset["beds"][0] > turn
        side: dict[str, Any] = {"align": "right", "dx": -7} if left else {"align": "left", "dx": 7}
        chart = alt.Chart(preset).transform_calculate("drawn", f"max(datum.share, {floor})")
        chart = chart.encode(x=x)
        layers += [
            chart.mark_rule(color=ORANGE, strokeWidth=1.5),
            chart.mark_point(color=ORANGE, **dot).encode(y="drawn:Q", tooltip=tooltip),
            *haloed(chart.encode(y=alt.YValue(0), text="text:N"), dy=8, **side, **style),
        ]
    return layers
