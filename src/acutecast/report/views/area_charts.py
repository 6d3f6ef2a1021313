"""Charts of one area of capacity: shortage curve, typical week, years."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.report.capacity_shortage import SHARE_TICKS, marked_needs, window_of
from acutecast.report.charts import financial_year
from acutecast.report.views.drawing import (
    FILLED,
    HOLLOW,
    haloed,
    mark,
    number_axis,
    picture,
    tips,
    year_axis,
)

if TYPE_CHECKING:
    import polars

_HEIGHT = 300


def shortage_drawing(curve: polars.DataFrame, area: dict[str, Any], risk: float) -> tuple[Any, str]:
    """Draw the share of open hours that are short against the space there is.

    Args:
        curve: of `Capacity.shortage`.
        area: of `chosen_area`.
        risk: the share of open hours that may be short.

    Returns:
        The chart, and what it marks in words.
    """
    import altair as alt

    from acutecast.capacity.explain import percent

    unit = area["unit"]
    floor = min(0.001, risk / 5)
    marks = marked_needs(curve, area["figures"], risk)
    curve, top = window_of(curve, marks, risk, floor)
    # Where hardly an hour is not short, the curve says nothing more.
    needed = min(*marks["beds"], *marks["p10"])
    flat = (curve["mean"] > 0.99) & (curve["beds"] + 1 < needed)
    curve = curve.slice(max(0, int(flat.sum()) - 1))
    columns: dict[str, Any] = {name: curve[name].to_list() for name in curve.columns}
    for name in ("mean", "p10", "p90"):
        # A logarithm needs more than none; what lies below the floor is cut off at the edge.
        columns[f"{name}_drawn"] = [max(value, floor / 10) for value in columns[name]]
    x = alt.X(
        "beds:Q",
        title=unit.capitalize(),
        scale=alt.Scale(zero=False, nice=False, padding=8),
        axis=number_axis(ticks=7, grid=False),
    )
    title = "Open hours that are short"
    y = alt.Y(
        "mean_drawn:Q",
        title=title,
        scale=alt.Scale(type="log", domain=[floor, 1.2 * top], nice=False),
        axis=alt.Axis(
            values=[tick for tick in SHARE_TICKS if floor <= tick <= top],
            labelExpr="format(datum.value, '.2~%')",
            labelOverlap=False,
            domain=False,
            ticks=False,
        ),
    )
    tooltip = tips(
        ("beds:Q", unit.capitalize(), ",.0f"),
        ("mean:Q", "Mean of the runs", ".2~%"),
        ("p10:Q", "P10", ".2~%"),
        ("p90:Q", "P90", ".2~%"),
        ("suffice:Q", "Runs in which the risk is kept", ".0%"),
    )
    seen: dict[str, Any] = {"size": 34, "opacity": 1 if len(curve) <= 25 else 0, "clip": True}
    band = {"x": x, "y": alt.Y("p10_drawn:Q", title=title), "y2": alt.Y2("p90_drawn")}
    line = {"x": x, "y": y}
    level = {"y": alt.Y("risk:Q", title=title)}
    limit = {"risk": [risk], "text": [f"risk {percent(risk)}"]}
    layers = [
        mark("area", "curve", band, "interval", opacity=0.35, clip=True),
        mark("line", "curve", line, "projection", strokeWidth=2.5, clip=True),
        mark("circle", "curve", {**line, "tooltip": tooltip}, "projection", **seen),
        mark("rule", "limit", level, "soft", strokeDash=[5, 4]),
        *haloed("limit", {**level, "x": alt.XValue(4)}, align="left", dy=-8, fontSize=11),
        *_marked(x, title, marks, columns["beds"]),
    ]
    drawn = {
        "beds": marks["beds"].to_list(),
        "share": [max(share, floor) for share in marks["share"]],
        **{name: marks[name].to_list() for name in ("mark", "p10", "p90", "words")},
        "text": marks["text"].to_list(),
    }
    chart = picture(layers, _HEIGHT, curve=columns, limit=limit, marks=drawn)
    return chart, ". ".join(marks["words"])


def _marked(x: Any, title: str, marks: polars.DataFrame, beds: list[int]) -> list[Any]:
    """Mark the simulated need on the level of the risk, and the preset where the curve has it.

    The curve falls from the left above to the right below: beside a mark there is room above on the
    right, and below on the left.
    """
    import altair as alt

    tooltip = tips(("words:N", "Need", ""))
    y = alt.Y("share:Q", title=title)
    turn = (beds[0] + 2 * beds[-1]) / 3
    layers, texts = [], []
    for name, style, shape in (("simulated", "strong", "circle"), ("preset", "less", "square")):
        row = marks.filter(marks["mark"] == name)
        if row.is_empty():
            continue
        mine = f"datum.mark == '{name}'"
        left = row["beds"][0] > turn
        look: dict[str, Any] = {"align": "right" if left else "left", "dx": -8 if left else 8}
        look |= {"lineBreak": "\n", "lineHeight": 14, "fontSize": 11, "test": mine}
        if name == "simulated":
            ends = {"x": alt.X("p10:Q"), "x2": alt.X2("p90"), "y": y}
            layers.append(mark("rule", "marks", ends, style, mine, strokeWidth=3))
            texts += haloed("marks", {"x": x, "y": y}, dy=14 if left else -24, **look)
        else:
            layers.append(mark("rule", "marks", {"x": x}, style, mine, strokeWidth=1.5))
            texts += haloed("marks", {"x": x, "y": alt.YValue(10)}, **look)
        dot = {"x": x, "y": y, "tooltip": tooltip}
        form: dict[str, Any] = {"shape": shape, "size": 100, **FILLED}
        layers.append(mark("point", "marks", dot, [style, "rim"], mine, **form))
    return [*layers, *texts]


def week_drawing(hours: polars.DataFrame, unit: str, need: float) -> Any:
    """Draw the typical week hour by hour, and the level of the need.

    Args:
        hours: `weekday`, `hour`, `day`, `mean`, `p10`, `p90`.
        unit: what is occupied.
        need: the simulated need.
    """
    import altair as alt

    from acutecast.capacity.explain import number

    columns = {name: hours[name].to_list() for name in ("day", "hour", "mean", "p10", "p90")}
    columns["at"] = (24 * hours["weekday"] + hours["hour"]).to_list()
    low = min(*columns["p10"], *columns["mean"])
    high = max(*columns["p90"], *columns["mean"], need)
    pad = max(0.12 * (high - low), 0.5)
    low = 0.0 if low < 0.5 * high else low - pad
    names = "['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][(datum.value - 12) / 24]"
    x = alt.X(
        "at:Q",
        title=None,
        scale=alt.Scale(domain=[0, 168], nice=False),
        axis=alt.Axis(
            values=[12 + 24 * day for day in range(7)],
            labelExpr=names,
            labelOverlap=False,
            ticks=False,
            grid=False,
        ),
    )
    title = f"{unit.capitalize()} occupied"
    y = alt.Y(
        "mean:Q",
        title=title,
        axis=number_axis(),
        scale=alt.Scale(domain=[max(low, 0.0), high + pad], nice=False, zero=False),
    )
    tooltip = tips(
        ("day:N", "Day", ""),
        ("hour:Q", "Hour from", ".0f"),
        ("mean:Q", "Mean of the runs", ",.1f"),
        ("p10:Q", "P10", ",.1f"),
        ("p90:Q", "P90", ",.1f"),
    )
    band = {"x": x, "y": alt.Y("p10:Q", title=title), "y2": alt.Y2("p90")}
    line = {"x": x, "y": y}
    level = {"y": alt.Y("need:Q", title=title)}
    layers = [
        mark("rule", "days", {"x": alt.X("start:Q")}, "line"),
        mark("area", "hours", band, "interval", opacity=0.35),
        mark("line", "hours", line, "projection", strokeWidth=2),
        mark("circle", "hours", {**line, "tooltip": tooltip}, "projection", size=30, opacity=0),
        mark("rule", "need", level, "strong", strokeWidth=2),
        *haloed("need", {**level, "x": alt.XValue("width")}, align="right", dy=-9),
    ]
    words = f"{number(need)} {unit} needed"
    days = {"start": [24 * day for day in range(1, 7)]}
    return picture(
        layers, _HEIGHT, hours=columns, days=days, need={"need": [need], "text": [words]}
    )


def years_drawing(paths: polars.DataFrame, unit: str, baseline_year: int) -> Any:
    """Draw the need year by year: simulated as a line of dots, the preset dashed with squares.

    Args:
        paths: of `paths_by_year`.
        unit: what is needed.
        baseline_year: the year of the baseline.
    """
    import altair as alt

    from acutecast.capacity.explain import number

    names = ("figure", "year", "mean", "p10", "p90")
    columns: dict[str, Any] = {name: paths[name].to_list() for name in names}
    columns["label"] = [financial_year(year) for year in columns["year"]]
    years = sorted(set(columns["year"]))
    several = len(years) > 2
    low, high = min(*columns["p10"], *columns["mean"]), max(*columns["p90"], *columns["mean"])
    pad = max(0.12 * (high - low), 0.5)
    title = f"{unit.capitalize()} needed"
    x = year_axis(min(baseline_year, years[0]), years[-1], years if several else years[-1:])
    scale = alt.Scale(domain=[max(0.0, low - pad), high + pad], nice=False, zero=False)
    y = alt.Y("mean:Q", title=title, axis=number_axis(), scale=scale)
    tooltip = tips(
        ("label:N", "Year", ""),
        ("figure:N", "Method", ""),
        ("mean:Q", "Mean of the runs", ",.1f"),
        ("p10:Q", "P10", ",.1f"),
        ("p90:Q", "P90", ",.1f"),
    )
    band = {"x": x, "y": alt.Y("p10:Q", title=title), "y2": alt.Y2("p90")}
    line, ends = {"x": x, "y": y}, []
    layers: list[Any] = []
    looks = (
        ("preset", "less", "square", [5, 3], 5),
        ("simulated", "projection", "circle", [1, 0], -5),
    )
    for figure, style, shape, dash, shift in looks:
        mine = f"datum.figure == '{figure}'"
        own = [i for i, name in enumerate(columns["figure"]) if name == figure]
        if not own:
            continue
        # Two points stand side by side, so that equal ones do not hide each other.
        apart: dict[str, Any] = {} if several else {"xOffset": shift}
        if not several:
            layers.append(mark("rule", "paths", band, style, mine, strokeWidth=3, **apart))
        elif figure == "simulated":
            layers.append(mark("area", "paths", band, "interval", mine, opacity=0.35))
        else:
            for edge in ("p10", "p90"):
                side = {"x": x, "y": alt.Y(f"{edge}:Q", title=title)}
                layers.append(mark("line", "paths", side, style, mine, strokeDash=[2, 3]))
        layers.append(
            mark("line", "paths", line, style, mine, strokeWidth=2.25, strokeDash=dash, **apart)
        )
        dots = {**line, "tooltip": tooltip}
        later = f"{mine} && datum.year > {baseline_year}"
        layers.append(
            mark("point", "paths", dots, style, later, shape=shape, size=45, **FILLED, **apart)
        )
        before = f"{mine} && datum.year == {baseline_year}"
        layers.append(
            mark(
                "point", "paths", dots, "baseline", before, shape=shape, size=90, **HOLLOW, **apart
            )
        )
        last = own[-1]
        ends.append((columns["year"][last], columns["mean"][last], figure))
    means = [mean for _, mean, _ in ends]
    names_at = {
        "year": [year for year, _, _ in ends],
        "mean": means,
        "text": [f"{figure.capitalize()} {number(mean)}" for _, mean, figure in ends],
        # Of two that are equal the first alone, or their names would stand on each other.
        "above": [n == means.index(max(means)) for n in range(len(means))],
    }
    for above, dy in (("datum.above", -12), ("!datum.above", 13)):
        layers += haloed("names", line, test=above, align="right", dx=12, dy=dy)
    return picture(layers, _HEIGHT, paths=columns, names=names_at)
