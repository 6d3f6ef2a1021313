"""All areas in one table: preset beside simulated need, and the occupancy that results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.report.capacity_look import (
    INDENT,
    RATIO_TICKS,
    RATIOS,
    RIGHT,
    HospitalCapacity,
    check_asked,
    drawn_page,
    panel_title,
    present_areas,
)
from acutecast.report.charts import (
    BLUE,
    DARK_BLUE,
    DARK_GREY,
    INK,
    LIGHT_BLUE,
    ORANGE,
    PALE_GREY,
    financial_year,
)

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

# The columns of the overview with their right edges, and the span of its drawing.
_COLUMNS = (
    ("baseline_text", 268),
    ("preset_text", 345),
    ("simulated_text", 425),
    ("interval_text", 525),
    ("occupancy_text", RIGHT),
)
_SPAN = (565, 915)
_AGAINST = ("against_mean", "against_p10", "against_p90")


def overview_chart(capacity: HospitalCapacity, site: str = "all") -> alt.VConcatChart:
    """Draw a table of all areas: preset beside simulated need, and the occupancy that results.

    Areas differ from one room to hundreds of beds, so each is drawn against its own preset, on a
    scale of ratios; the figures stand beside it.

    Raises:
        AcutecastError: where there is no such site.
    """
    check_asked(capacity, site=site)
    return drawn_page(capacity, site, [overview_panel(capacity, site)])


def overview_panel(capacity: HospitalCapacity, site: str) -> Any:
    """Draw the table of all areas."""
    import altair as alt
    import polars as pl

    from acutecast.capacity.explain import percent

    table = _overview_rows(capacity, site)
    y = alt.Y("row:O", axis=None, scale=alt.Scale(domain=table["row"].to_list()))
    drawn = table.filter(pl.col("against_mean").is_not_null())
    plot = alt.Chart(drawn).encode(y=y)
    areas = alt.Chart(table.filter(pl.col("kind") == "area")).encode(y=y)
    under = areas.mark_rule(color=PALE_GREY, yOffset=10.5).encode(
        x=alt.XValue(-INDENT), x2=alt.X2Value(RIGHT)
    )
    tooltip = [
        alt.Tooltip(f"{name}:N", title=title)
        for name, title in (
            ("label", "Area"),
            ("preset_text", "Preset"),
            ("simulated_text", "Simulated"),
            ("interval_text", "80% of the runs (P10–P90)"),
            ("occupancy_text", "Mean occupancy that results"),
        )
    ]
    x = _ratio_axis(drawn)
    beyond = drawn.filter(~pl.col("against_mean").is_between(*RATIOS)).height
    edge = f"; {beyond} beyond the axis stand at its edge" if beyond else ""
    return alt.layer(
        under,
        plot.mark_rule(color=LIGHT_BLUE, strokeWidth=5).encode(
            x="against_p10:Q", x2="against_p90:Q"
        ),
        alt.Chart(table.head(1)).mark_rule(color=ORANGE, strokeWidth=2).encode(x=alt.XDatum(1)),
        plot.mark_point(color=BLUE, filled=True, size=75, opacity=1).encode(x=x, tooltip=tooltip),
        *_overview_words(table, y),
        width=RIGHT,
        height=alt.Step(21),
        title=panel_title(
            f"What every area needs in {financial_year(capacity.horizon)}",
            f"Simulated: demand exceeds it in at most {percent(capacity.risk)} of the open hours · "
            "preset: by a fixed target occupancy · booked: by minutes and session calendar",
            "Dot and bar: simulated need and 80% of the runs (P10–P90), as a multiple of the "
            f"area's preset (orange line){edge}",
        ),
        description=f"Table of {areas.data.height} areas: preset, simulated need, occupancy.",
    )


def _overview_words(table: pl.DataFrame, y: alt.Y) -> list[Any]:
    """Write the columns of the overview."""
    import altair as alt
    import polars as pl

    looks: dict[str, dict[str, Any]] = {
        "head": {"fontSize": 11, "color": DARK_GREY, "dy": -7, "lineBreak": "\n"},
        "unit": {"fontSize": 12, "color": DARK_BLUE, "fontWeight": "bold", "dy": 2},
        "area": {"fontSize": 12, "color": INK},
    }
    layers = []
    for kind, look in looks.items():
        base = alt.Chart(table.filter(pl.col("kind") == kind)).encode(y=y)
        layers.append(
            base.mark_text(align="left", **look).encode(x=alt.XValue(-INDENT), text="label:N")
        )
        for name, edge in _COLUMNS if kind != "unit" else ():
            weight = "bold" if (kind, name) == ("area", "simulated_text") else "normal"
            layers.append(
                base.mark_text(align="right", lineHeight=14, fontWeight=weight, **look).encode(
                    x=alt.XValue(edge), text=f"{name}:N"
                )
            )
    return layers


def _ratio_axis(drawn: pl.DataFrame) -> alt.X:
    """Give the horizontal axis of the overview, on which equal ratios are equally wide."""
    import altair as alt

    low = min([0.72, *drawn["against_p10"]])
    high = max([1.55, *drawn["against_p90"]])
    low, high = max(RATIOS[0], 0.95 * low), min(RATIOS[1], 1.06 * high)
    return alt.X(
        "against_mean:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[low, high], range=_SPAN, clamp=True, nice=False),
        axis=alt.Axis(
            orient="top",
            values=[tick for tick in RATIO_TICKS if low <= tick <= high],
            labelExpr="datum.value == 1 ? 'preset' : datum.value + ' ×'",
            labelOverlap=True,
            grid=True,
            domain=False,
            ticks=False,
        ),
    )


def _overview_rows(capacity: HospitalCapacity, site: str) -> pl.DataFrame:
    """Give the lines of the overview: a head, then per unit its name and its areas."""
    import polars as pl

    from acutecast.capacity.explain import number, percent

    needs = capacity.needs().filter(pl.col("site") == site)
    figures = {(row["area"], row["figure"]): row for row in needs.iter_rows(named=True)}
    then, horizon = financial_year(capacity.baseline_year), financial_year(capacity.horizon)
    rows: list[dict[str, Any]] = [
        {
            "kind": "head",
            "label": "",
            "baseline_text": f"simulated\n{then}",
            "preset_text": f"preset\n{horizon}",
            "simulated_text": f"simulated\n{horizon}",
            "interval_text": "80% of\nthe runs",
            "occupancy_text": "mean\noccupancy",
        }
    ]
    unit = ""
    for area in present_areas(capacity, site).iter_rows(named=True):
        if area["unit"] != unit:
            unit = area["unit"]
            rows.append({"kind": "unit", "label": unit.capitalize()})
        need = figures[area["area"], "simulated"]
        preset = figures.get((area["area"], "preset"), {}).get("mean")
        occupancy = figures.get((area["area"], "occupancy"), {}).get("mean")
        row = {
            "kind": "area",
            "label": area["label"],
            "preset": preset,
            "simulated": need["mean"],
            "p10": need["p10"],
            "p90": need["p90"],
            "occupancy": occupancy,
            "baseline_text": "–" if need["baseline"] is None else number(need["baseline"]),
            "preset_text": "–" if preset is None else number(preset),
            "simulated_text": number(need["mean"]),
            "interval_text": f"{number(need['p10'])} to {number(need['p90'])}",
            "occupancy_text": "booked" if area["method"] != "hourly" else "–",
        }
        if occupancy is not None and area["method"] == "hourly":
            row["occupancy_text"] = percent(occupancy)
        if preset:
            row |= {f"against_{end}": need[end] / preset for end in ("mean", "p10", "p90")}
        rows.append(row)
    columns = dict.fromkeys(name for row in rows for name in row)
    numbers = ("preset", "simulated", "p10", "p90", "occupancy", *_AGAINST)
    data = {
        name: pl.Series(
            [row.get(name) for row in rows], dtype=pl.Float64 if name in numbers else pl.String
        )
        for name in (*columns, *_AGAINST)
    }
    return pl.DataFrame({"row": range(len(rows)), **data})
