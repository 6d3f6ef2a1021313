# ruff: noqa: D102  # The members of a protocol are described where they are made.
"""Pictures of the space a hospital needs: the risk of running short, the week, the years, areas."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Protocol

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.report.charts import (
    _FONT,
    _INDENT,
    BLUE,
    DARK_BLUE,
    DARK_GREY,
    GREY,
    INK,
    LIGHT_BLUE,
    ORANGE,
    PALE_GREY,
    financial_year,
)

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

FIGURE_LABELS = {
    "preset": "By the preset (fixed target occupancy)",
    "simulated": "Simulated need",
    "worst_week": "So that the worst week is not short either",
    "mean_occupied": "Occupied on average",
    "peak_occupied": "Occupied in the busiest hour",
    "peak_month": "Occupied on average in the busiest month",
    "occupancy": "Occupancy that results",
    "nurses": "Nurses (whole-time equivalents)",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ALONE, _PANEL, _IN_PAGE = (620, 340), (278, 200), (320, 230)

# Axes of one width, so that panels line up.
_AXIS_WIDTH: dict[str, Any] = {"minExtent": _INDENT, "maxExtent": _INDENT}
_TICKS = (0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
# The right edge of a page, where its third panel ends.
_RIGHT = 3 * _PANEL[0] + 2 * (_INDENT + 34)
# The columns of the overview with their right edges, and the span of its drawing.
_COLUMNS = (
    ("baseline_text", 268),
    ("preset_text", 345),
    ("simulated_text", 425),
    ("interval_text", 525),
    ("occupancy_text", _RIGHT),
)
_RATIOS = (565, 915)
_AGAINST = ("against_mean", "against_p10", "against_p90")
_HEAD: dict[str, Any] = {
    "anchor": "start",
    "fontSize": 22,
    "subtitleFontSize": 13,
    "subtitleLineHeight": 18,
    "subtitlePadding": 6,
    "color": DARK_BLUE,
    "subtitleColor": DARK_GREY,
    "offset": 16,
}
_RATIO_TICKS = (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8)


class HospitalCapacity(Protocol):
    """What these pictures ask of the capacity of a run (`acutecast.capacity.stored.Capacity`)."""

    @property
    def name(self) -> str: ...
    @property
    def dataset(self) -> str: ...
    @property
    def baseline_year(self) -> int: ...
    @property
    def years(self) -> tuple[int, ...]: ...
    @property
    def horizon(self) -> int: ...
    @property
    def runs(self) -> int: ...
    @property
    def risk(self) -> float: ...
    @property
    def sites(self) -> tuple[str, ...]: ...
    @property
    def info(self) -> dict[str, Any]: ...
    def areas(self) -> pl.DataFrame: ...
    def needs(
        self, areas: Sequence[str] | None = None, years: Sequence[int] | str | None = None
    ) -> pl.DataFrame: ...
    def shortage(self, area: str, site: str = "all") -> pl.DataFrame: ...
    def week(self, area: str, site: str = "all") -> pl.DataFrame: ...
    def explain(self, area: str, site: str = "all") -> str: ...


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
    return _alone(capacity, chosen, site, _shortage(capacity, chosen, site, _ALONE))


def week_chart(capacity: HospitalCapacity, area: str, site: str = "all") -> alt.VConcatChart:
    """Draw the typical week at the horizon hour by hour, and the space needed above it.

    Arguments and errors are those of `shortage_chart`.
    """
    chosen = chosen_area(capacity, area, site, hourly=True)
    return _alone(capacity, chosen, site, _week(capacity, chosen, site, _ALONE))


def trajectory_chart(capacity: HospitalCapacity, area: str, site: str = "all") -> alt.VConcatChart:
    """Draw the space needed from the baseline to the horizon, simulated beside preset.

    A run of the horizon only has two points. Arguments and errors are those of `shortage_chart`,
    but areas booked by session can be drawn too.
    """
    chosen = chosen_area(capacity, area, site)
    return _alone(capacity, chosen, site, _trajectory(capacity, chosen, site, _ALONE))


def overview_chart(capacity: HospitalCapacity, site: str = "all") -> alt.VConcatChart:
    """Draw a table of all areas: preset beside simulated need, and the occupancy that results.

    Areas differ from one room to hundreds of beds, so each is drawn against its own preset, on a
    scale of ratios; the figures stand beside it.

    Raises:
        AcutecastError: where there is no such site.
    """
    check_asked(capacity, site=site)
    return _page(capacity, site, [overview_panel(capacity, site)])


def capacity_chart(
    capacity: HospitalCapacity, area: str | None = None, site: str = "all"
) -> alt.VConcatChart:
    """Draw one page: all areas, then one of them in detail, with words that explain it.

    Args:
        capacity: the capacity of a run.
        area: key of the area in detail; the one with the most beds where None.
        site: a site, where sites are counted apart.

    Raises:
        AcutecastError: where there is no such area or site.
    """
    import altair as alt

    check_asked(capacity, site=site)
    chosen = chosen_area(capacity, area or largest_area(capacity, site), site)
    panels = [chart.properties(description="") for chart in detail_panels(capacity, chosen, site)]
    detail = alt.concat(*panels, columns=3, spacing=34).properties(
        title=alt.TitleParams(
            chosen["label"], fontSize=18, color=DARK_BLUE, anchor="start", offset=12
        )
    )
    words = _words(wrap(capacity.explain(chosen["area"], site), 170), 13, INK)
    return _page(capacity, site, [overview_panel(capacity, site), detail, words])


def check_asked(
    capacity: HospitalCapacity, area: str | None = None, site: str = "all", hourly: bool = False
) -> None:
    """Raise everything that is wrong with what was asked for."""
    problems = []
    if site not in capacity.sites:
        problems.append(
            Problem(
                f'"{site}" is none of the sites counted',
                where="site",
                remedy=f"Choose among {', '.join(capacity.sites)}.",
            )
        )
    methods = dict(capacity.areas().select("area", "method").iter_rows())
    if area is not None and area not in methods:
        problems.append(
            Problem(
                f'the run has no area "{area}"',
                where="area",
                remedy=f"Choose among {', '.join(sorted(methods))}.",
            )
        )
    elif hourly and methods[area] != "hourly":
        problems.append(
            Problem(
                f"{area} is booked by session, so it has no occupancy by the hour",
                where="area",
                remedy="Draw its trajectory.",
            )
        )
    raise_if_any(problems)


def chosen_area(
    capacity: HospitalCapacity, area: str, site: str, hourly: bool = False
) -> dict[str, Any]:
    """Give the row of an area, with its figures at the horizon: {figure: row}."""
    import polars as pl

    check_asked(capacity, area, site, hourly)
    row = capacity.areas().row(by_predicate=pl.col("area") == area, named=True)
    needs = capacity.needs(areas=[area]).filter(pl.col("site") == site)
    figures = {need["figure"]: need for need in needs.iter_rows(named=True)}
    if "simulated" not in figures:
        raise AcutecastError(Problem(f"nobody uses {area} at {site}", where="site"))
    return {**row, "figures": figures}


def present_areas(capacity: HospitalCapacity, site: str) -> pl.DataFrame:
    """Give the areas that a site uses, those of one unit together."""
    import polars as pl

    needs = capacity.needs().filter(pl.col("site") == site)
    areas = capacity.areas().filter(pl.col("area").is_in(needs["area"].unique().to_list()))
    units = areas["unit"].unique(maintain_order=True).to_list()
    return areas.sort(pl.col("unit").replace_strict(units, range(len(units))), maintain_order=True)


def largest_area(capacity: HospitalCapacity, site: str) -> str:
    """Give the area with the most beds; the largest of all where none has beds."""
    import polars as pl

    needs = capacity.needs().filter(pl.col("site") == site, pl.col("figure") == "simulated")
    needs = needs.select("area", "mean").join(capacity.areas(), on="area")
    beds = needs.filter(pl.col("unit") == "beds")
    return (needs if beds.is_empty() else beds).sort("mean", descending=True)["area"][0]


def detail_panels(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, size: tuple[int, int] = _PANEL
) -> list[Any]:
    """Draw the charts that an area has; work booked by session has no hours."""
    hourly = (_shortage, _week) if area["method"] == "hourly" else ()
    return [draw(capacity, area, site, size) for draw in (*hourly, _trajectory)]


def _panel_title(title: str, *lines: str) -> alt.TitleParams:
    import altair as alt

    return alt.TitleParams(
        title, subtitle=list(lines), subtitleFontSize=12, subtitleLineHeight=15, offset=10
    )


def _shortage(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, size: tuple[int, int]
) -> Any:
    """Draw the shortage curve."""
    import altair as alt
    import polars as pl

    from acutecast.capacity.explain import percent

    unit, risk = area["unit"], capacity.risk
    floor = min(0.001, risk / 5)
    curve = capacity.shortage(area["area"], site)
    marks = _marks(curve, area["figures"], risk)
    curve, top = _window(curve, marks, risk, floor)
    x = _beds_axis(curve, marks, unit)
    axis = alt.Axis(
        values=[tick for tick in _TICKS if floor <= tick <= top],
        labelExpr="format(datum.value, '.2~%')",
        labelOverlap=False,
        domain=False,
        ticks=False,
        **_AXIS_WIDTH,
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
        *_interval_tooltip(".2~%"),
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
            x=alt.value(0), text="text:N"
        ),
        *_marked(marks, x, floor, turn=(curve["beds"][0] + 2 * curve["beds"][-1]) / 3),
    ).properties(
        width=size[0],
        height=size[1],
        title=_panel_title(
            f"How often {unit} run short, {financial_year(capacity.horizon)}",
            "Share of open hours in which demand exceeds them",
            "Line: mean of the runs · band: 80% of them (P10–P90)",
        ),
        description=f"{area['label']}: share of open hours in which demand exceeds the {unit}, by "
        f"number of {unit}. " + ". ".join(marks["words"]) + ".",
    )


def _marks(curve: pl.DataFrame, figures: dict[str, Any], risk: float) -> pl.DataFrame:
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


def _window(
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
        *_haloed(need.encode(text="text:N"), **place, **style),
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
            *_haloed(chart.encode(y=alt.value(0), text="text:N"), dy=8, **side, **style),
        ]
    return layers


def _haloed(chart: Any, **style: Any) -> list[Any]:
    """Write text that lines behind it don't cross."""
    return [
        chart.mark_text(**{**style, "color": "white"}, stroke="white", strokeWidth=3, opacity=0.8),
        chart.mark_text(**style),
    ]


def _week(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, size: tuple[int, int]
) -> Any:
    """Draw the typical week."""
    import altair as alt
    import polars as pl

    from acutecast.capacity.explain import number

    unit, need = area["unit"], area["figures"]["simulated"]
    week = capacity.week(area["area"], site).with_columns(
        hour_of_week=24 * pl.col("weekday") + pl.col("hour"),
        day=pl.col("weekday").replace_strict(list(range(7)), list(_DAYS)),
    )
    low, high = min(*week["p10"], *week["mean"]), max(*week["p90"], *week["mean"], need["mean"])
    low = 0.0 if low < 0.5 * high else low
    names = "['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'][(datum.value - 12) / 24]"
    x = alt.X(
        "hour_of_week:Q",
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
    y = alt.Y("p10:Q", title=None, axis=_space_axis(), scale=_space_scale(low, high))
    days = alt.Chart(pl.DataFrame({"start": [24 * day for day in range(1, 7)]}))
    tooltip = [
        alt.Tooltip("day:N", title="Day"),
        alt.Tooltip("hour:Q", title="Hour from", format=".0f"),
        *_interval_tooltip(",.1f"),
    ]
    base = alt.Chart(week).encode(x=x)
    band = base.mark_area(color=LIGHT_BLUE, opacity=0.35).encode(y=y, y2="p90:Q")
    line = base.mark_line(color=BLUE, strokeWidth=2).encode(y="mean:Q")
    dots = base.mark_circle(size=30, opacity=0).encode(y="mean:Q", tooltip=tooltip)
    words = f"{number(need['mean'])} {unit} needed"
    rule = alt.Chart(pl.DataFrame({"beds": [need["mean"]], "text": [words]})).encode(y="beds:Q")
    title = _panel_title(
        "The typical week",
        f"Mean number of {unit} occupied, hour by hour",
        f"{financial_year(capacity.horizon)} · band: 80% of the runs (P10–P90)",
    )
    return alt.layer(
        days.mark_rule(color=PALE_GREY).encode(x="start:Q"),
        band,
        line,
        dots,
        rule.mark_rule(color=DARK_BLUE, strokeWidth=2),
        *_haloed(
            rule.encode(x=alt.value(size[0]), text="text:N"),
            align="right",
            dy=-8,
            fontSize=11,
            color=INK,
        ),
    ).properties(
        width=size[0],
        height=size[1],
        title=title,
        description=f"{area['label']}: mean {unit} occupied by hour of the week. {words}.",
    )


def _trajectory(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, size: tuple[int, int]
) -> Any:
    """Draw the need by year: as lines with a fan, or as two points for a run of the horizon."""
    import altair as alt
    import polars as pl

    from acutecast.capacity.explain import number

    unit = area["unit"]
    paths = paths_by_year(capacity, area["area"], site)
    scale = _space_scale(min(*paths["p10"], *paths["mean"]), max(*paths["p90"], *paths["mean"]))
    y = alt.Y("mean:Q", title=None, axis=_space_axis(), scale=scale)
    tooltip = [
        alt.Tooltip("label:N", title="Year"),
        alt.Tooltip("figure:N", title="Method"),
        *_interval_tooltip(",.1f"),
    ]
    layers: list[Any] = _fans(capacity, paths, scale)
    words = {}
    for figure, colour, shift in (("preset", ORANGE, 4), ("simulated", BLUE, -4)):
        path = paths.filter(pl.col("figure") == figure)
        if path.is_empty():
            continue
        base = alt.Chart(path).encode(x=_year_axis(capacity))
        if len(capacity.years) > 1:
            layers += [
                base.mark_line(color=colour, strokeWidth=2.5).encode(y=y),
                base.mark_circle(size=60, opacity=0).encode(y=y, tooltip=tooltip),
            ]
        else:
            # Side by side, so that equal points do not hide each other.
            apart: dict[str, Any] = {"color": colour, "xOffset": shift}
            layers += [
                base.mark_line(strokeDash=[2, 3], **apart).encode(y=y),
                base.mark_rule(strokeWidth=2, **apart).encode(
                    y=alt.Y("p10:Q", scale=scale), y2="p90:Q"
                ),
                base.mark_point(filled=True, size=70, opacity=1, **apart).encode(
                    y=y, tooltip=tooltip
                ),
            ]
        last = path.row(-1, named=True)
        between = f"P10–P90: {number(last['p10'])} to {number(last['p90'])}"
        words[figure] = f"{number(last['mean'])} ({between})"
    lines = [
        f"{name}: {figure} {words[figure]}"
        for name, figure in (("Blue", "simulated"), ("Orange", "preset"))
        if figure in words
    ]
    title = _panel_title(
        f"{unit.capitalize()} needed to {financial_year(capacity.horizon)}", *lines
    )
    return alt.layer(*layers).properties(
        width=size[0],
        height=size[1],
        title=title,
        description=f"{area['label']}: {unit} needed by year, "
        f"at {financial_year(capacity.horizon)}: {'; '.join(lines)}.",
    )


def _fans(capacity: HospitalCapacity, paths: pl.DataFrame, scale: alt.Scale) -> list[Any]:
    """Draw P10–P90: as a band for the simulated need, as thin lines over it for the preset."""
    import altair as alt
    import polars as pl

    if len(capacity.years) == 1:
        return []
    low, high = alt.Y("p10:Q", scale=scale), alt.Y("p90:Q", scale=scale)
    band, edges = (
        alt.Chart(paths.filter(pl.col("figure") == figure)).encode(x=_year_axis(capacity))
        for figure in ("simulated", "preset")
    )
    edges = edges.mark_line(color=ORANGE, strokeWidth=1, strokeDash=[4, 3])
    return [
        band.mark_area(color=LIGHT_BLUE, opacity=0.35).encode(y=low, y2="p90:Q"),
        edges.encode(y=low),
        edges.encode(y=high),
    ]


def _year_axis(capacity: HospitalCapacity) -> alt.X:
    import altair as alt

    first, last = capacity.baseline_year, capacity.horizon
    thirds = {first + round((last - first) * third / 3) for third in range(4)}
    return alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=[first, last], nice=False, padding=9),
        axis=alt.Axis(
            values=sorted(thirds) if len(capacity.years) > 1 else [first, last],
            grid=False,
            labelExpr="datum.value + '/' + slice(toString(datum.value + 1), -2)",
        ),
    )


def paths_by_year(capacity: HospitalCapacity, area: str, site: str) -> pl.DataFrame:
    """Give both methods by year, after the baseline where it is known."""
    import polars as pl

    needs = capacity.needs(areas=[area], years="all").filter(
        pl.col("site") == site, pl.col("figure").is_in(["preset", "simulated"])
    )
    columns = ("figure", "year", "mean", "p10", "median", "p90")
    rows = []
    for figure in ("simulated", "preset"):
        path = needs.filter(pl.col("figure") == figure).sort("year")
        if path.is_empty():
            continue
        before = path["baseline"][0]
        if before is not None and path["year"][0] > capacity.baseline_year:
            rows.append((figure, capacity.baseline_year, before, before, before, before))
        rows += path.select(columns).iter_rows()
    frame = pl.DataFrame(rows, schema=list(columns), orient="row")
    return frame.with_columns(
        label=pl.col("year").map_elements(financial_year, return_dtype=pl.String)
    )


def _interval_tooltip(form: str) -> list[alt.Tooltip]:
    import altair as alt

    names = (("mean", "Mean of the runs"), ("p10", "P10"), ("p90", "P90"))
    return [alt.Tooltip(f"{name}:Q", title=title, format=form) for name, title in names]


def _space_axis() -> alt.Axis:
    import altair as alt

    return alt.Axis(
        format=",.0f", tickCount=5, tickMinStep=1, domain=False, ticks=False, **_AXIS_WIDTH
    )


def _space_scale(low: float, high: float) -> alt.Scale:
    """Give a scale with room for a label above, at least one bed wide."""
    import altair as alt

    pad = max(0.12 * (high - low), 0.5)
    return alt.Scale(domain=[max(0.0, low - pad), high + pad], nice=False, zero=False)


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
        x=alt.value(-_INDENT), x2=alt.value(_RIGHT)
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
    return alt.layer(
        under,
        plot.mark_rule(color=LIGHT_BLUE, strokeWidth=5).encode(
            x="against_p10:Q", x2="against_p90:Q"
        ),
        alt.Chart(table.head(1)).mark_rule(color=ORANGE, strokeWidth=2).encode(x=alt.datum(1)),
        plot.mark_point(color=BLUE, filled=True, size=75, opacity=1).encode(x=x, tooltip=tooltip),
        *_overview_words(table, y),
    ).properties(
        width=_RIGHT,
        height=alt.Step(21),
        title=_panel_title(
            f"What every area needs in {financial_year(capacity.horizon)}",
            f"Simulated: demand exceeds it in at most {percent(capacity.risk)} of the open hours · "
            "preset: by a fixed target occupancy · booked: by minutes and session calendar",
            "Dot and bar: simulated need and 80% of the runs (P10–P90), as a multiple of the "
            "area's preset (orange line)",
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
            base.mark_text(align="left", **look).encode(x=alt.value(-_INDENT), text="label:N")
        )
        for name, edge in _COLUMNS if kind != "unit" else ():
            weight = "bold" if (kind, name) == ("area", "simulated_text") else "normal"
            layers.append(
                base.mark_text(align="right", lineHeight=14, fontWeight=weight, **look).encode(
                    x=alt.value(edge), text=f"{name}:N"
                )
            )
    return layers


def _ratio_axis(drawn: pl.DataFrame) -> alt.X:
    """Give the horizontal axis of the overview, on which equal ratios are equally wide."""
    import altair as alt

    low = min([0.72, *drawn["against_p10"]])
    high = max([1.55, *drawn["against_p90"]])
    low, high = max(0.24, 0.95 * low), min(8.4, 1.06 * high)
    return alt.X(
        "against_mean:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[low, high], range=_RATIOS, clamp=True, nice=False),
        axis=alt.Axis(
            orient="top",
            values=[tick for tick in _RATIO_TICKS if low <= tick <= high],
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


def _words(lines: Sequence[str], size: int, colour: str, width: int = _RIGHT) -> Any:
    """Draw lines of text."""
    import altair as alt
    import polars as pl

    height = round(1.45 * size)
    style: dict[str, Any] = {"align": "left", "baseline": "top", "lineBreak": "\n"}
    return (
        alt.Chart(pl.DataFrame({"text": ["\n".join(lines)]}))
        .mark_text(fontSize=size, color=colour, lineHeight=height, **style)
        .encode(x=alt.value(-_INDENT), y=alt.value(0), text="text:N")
        .properties(width=width, height=height * len(lines))
    )


def source_line(capacity: HospitalCapacity) -> str:
    """Give the line that says where the figures come from."""
    return (
        f"Source: Acutecast {capacity.info['acutecast']}, {capacity.runs} runs, "
        f"seed {capacity.info['seed']}, baseline {financial_year(capacity.baseline_year)}."
    )


def place_name(capacity: HospitalCapacity, site: str) -> str:
    """Give the name of the provider, and of the site where sites are apart."""
    return capacity.dataset if site == "all" else f"{capacity.dataset}, site {site}"


def _alone(capacity: HospitalCapacity, area: dict[str, Any], site: str, chart: Any) -> Any:
    """Give one chart with its own title and source."""
    import altair as alt

    title = alt.TitleParams(
        f"{area['label']}, {place_name(capacity, site)}",
        subtitle=[f"Scenario: {capacity.name or 'without a name'}"],
        **_HEAD,
    )
    source = _words([source_line(capacity)], 11, DARK_GREY, width=_ALONE[0])
    return in_dress(alt.vconcat(chart, source, spacing=20).properties(title=title))


def _page(capacity: HospitalCapacity, site: str, rows: list[Any]) -> Any:
    import altair as alt

    title = alt.TitleParams(
        f"{place_name(capacity, site)}: space the hospital needs in "
        f"{financial_year(capacity.horizon)}",
        subtitle=[f"Scenario: {capacity.name or 'without a name'}"],
        **_HEAD,
    )
    source = _words([source_line(capacity)], 11, DARK_GREY)
    return in_dress(alt.vconcat(*rows, source, spacing=26).properties(title=title))


def in_dress(chart: Any, padding: int = 20) -> Any:
    """Give a chart the look of the others."""
    return (
        chart.properties(padding=padding)
        .configure(font=_FONT, background="white")
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            titleColor=DARK_GREY,
            labelColor=DARK_GREY,
            gridColor=PALE_GREY,
            domainColor=GREY,
            tickColor=GREY,
        )
        .configure_title(anchor="start", fontSize=14, color=INK, subtitleColor=DARK_GREY)
    )
