"""The space an area needs over time: hour by hour in the typical week, and year by year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.report.capacity_look import (
    ALONE,
    HospitalCapacity,
    chosen_area,
    drawn_alone,
    haloed,
    interval_tooltip,
    panel_title,
    space_axis,
    space_scale,
)
from acutecast.report.charts import (
    BLUE,
    DARK_BLUE,
    INK,
    LIGHT_BLUE,
    ORANGE,
    PALE_GREY,
    YEAR_LABEL,
    financial_year,
    year_ticks,
)

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def week_chart(capacity: HospitalCapacity, area: str, site: str = "all") -> alt.VConcatChart:
    """Draw the typical week at the horizon hour by hour, and the space needed above it.

    Arguments and errors are those of `shortage_chart`.
    """
    chosen = chosen_area(capacity, area, site, hourly=True)
    return drawn_alone(capacity, chosen, site, week_panel(capacity, chosen, site, ALONE))


def trajectory_chart(capacity: HospitalCapacity, area: str, site: str = "all") -> alt.VConcatChart:
    """Draw the space needed from the baseline to the horizon, simulated beside preset.

    A run of the horizon only has two points. Arguments and errors are those of `shortage_chart`,
    but areas booked by session can be drawn too.
    """
    chosen = chosen_area(capacity, area, site)
    return drawn_alone(capacity, chosen, site, trajectory_panel(capacity, chosen, site, ALONE))


def week_panel(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, size: tuple[int, int]
) -> Any:
    """Draw the typical week."""
    import altair as alt
    import polars as pl

    from acutecast.capacity.explain import number

    unit, need = area["unit"], area["figures"]["simulated"]
    week = capacity.week(area["area"], site).with_columns(
        hour_of_week=24 * pl.col("weekday") + pl.col("hour"),
        day=pl.col("weekday").replace_strict(list(range(7)), list(DAYS)),
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
    y = alt.Y("p10:Q", title=None, axis=space_axis(), scale=space_scale(low, high))
    days = alt.Chart(pl.DataFrame({"start": [24 * day for day in range(1, 7)]}))
    tooltip = [
        alt.Tooltip("day:N", title="Day"),
        alt.Tooltip("hour:Q", title="Hour from", format=".0f"),
        *interval_tooltip(",.1f"),
    ]
    base = alt.Chart(week).encode(x=x)
    band = base.mark_area(color=LIGHT_BLUE, opacity=0.35).encode(y=y, y2="p90:Q")
    line = base.mark_line(color=BLUE, strokeWidth=2).encode(y="mean:Q")
    dots = base.mark_circle(size=30, opacity=0).encode(y="mean:Q", tooltip=tooltip)
    words = f"{number(need['mean'])} {unit} needed"
    rule = alt.Chart(pl.DataFrame({"beds": [need["mean"]], "text": [words]})).encode(y="beds:Q")
    title = panel_title(
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
        *haloed(
            rule.encode(x=alt.XValue(size[0]), text="text:N"),
            align="right",
            dy=-8,
            fontSize=11,
            color=INK,
        ),
        width=size[0],
        height=size[1],
        title=title,
        description=f"{area['label']}: mean {unit} occupied by hour of the week. {words}.",
    )


def trajectory_panel(
    capacity: HospitalCapacity, area: dict[str, Any], site: str, size: tuple[int, int]
) -> Any:
    """Draw the need by year: as lines with a fan, or as two points for a run of the horizon."""
    import altair as alt
    import polars as pl

    from acutecast.capacity.explain import number

    unit = area["unit"]
    paths = paths_by_year(capacity, area["area"], site)
    scale = space_scale(min(*paths["p10"], *paths["mean"]), max(*paths["p90"], *paths["mean"]))
    y = alt.Y("mean:Q", title=None, axis=space_axis(), scale=scale)
    tooltip = [
        alt.Tooltip("label:N", title="Year"),
        alt.Tooltip("figure:N", title="Method"),
        *interval_tooltip(",.1f"),
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
    title = panel_title(f"{unit.capitalize()} needed to {financial_year(capacity.horizon)}", *lines)
    return alt.layer(
        *layers,
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
    return alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=[first, last], nice=False, padding=9),
        axis=alt.Axis(
            values=year_ticks(first, last) if len(capacity.years) > 1 else [first, last],
            grid=False,
            labelExpr=YEAR_LABEL,
        ),
    )


def paths_by_year(
    capacity: HospitalCapacity, area: str, site: str, needs: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Give both methods by year, after the baseline where it is known.

    Args:
        capacity: the capacity of a run.
        area: key of the area.
        site: a site, where sites are counted apart.
        needs: of the capacity in all years, where they are known already.
    """
    import polars as pl

    needs = capacity.needs(areas=[area], years="all") if needs is None else needs
    needs = needs.filter(
        pl.col("area") == area,
        pl.col("site") == site,
        pl.col("figure").is_in(["preset", "simulated"]),
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
