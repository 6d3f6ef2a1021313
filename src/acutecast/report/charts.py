"""Pictures of a run, as Altair charts that become PNG, SVG or a page without a browser."""

from __future__ import annotations

import os
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem
from acutecast.files import check_file_place, write_bytes, write_text
from acutecast.insight.figures import financial_year

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

    from acutecast.results.run import Run

# NHS identity colours, https://www.england.nhs.uk/nhsidentity/identity-guidelines/colours/
BLUE = "#005EB8"
DARK_BLUE = "#003087"
LIGHT_BLUE = "#41B6E6"
GREY = "#768692"
DARK_GREY = "#425563"
PALE_GREY = "#E8EDEE"
INK = "#212B32"
# Darker than that of the identity, which has 2.5:1 on white; drawing takes 3:1 (WCAG 2.2, 1.4.11).
ORANGE = "#B85C00"

_PANEL = (285, 150)
_WIDTH = 1020
# Space for the vertical axis of a panel; what has none starts as much further to the left.
INDENT = 52
FONT = "Arial, Helvetica, sans-serif"
YEAR_LABEL = "datum.value + '/' + slice(toString(datum.value + 1), -2)"
"""What `financial_year` gives, as an expression of Vega for an axis."""
FACTOR_LABELS = {
    "demographic_adjustment": "Population size and age",
    "birth_adjustment": "Births",
    "health_status_adjustment": "Health status of older people",
    "expat": "Activity moved to other providers",
    "repat_local": "Local activity brought back",
    "repat_nonlocal": "Other activity brought in",
    "waiting_list_adjustment": "Waiting lists",
    "baseline_adjustment": "Corrections of the baseline",
    "non-demographic_adjustment": "Growth beyond demography",
    "inequalities": "Reducing inequalities",
    "activity_avoidance": "Activity avoided",
    "efficiencies": "Shorter stays, other settings",
    "flows": "Activity moved between providers",
    "sampling": "Chance in the counts",
}


@dataclass(frozen=True)
class Panel:
    """One small chart.

    Attributes:
        title: what it shows.
        measures: the measures that are added.
        where: the selection.
    """

    title: str
    measures: tuple[str, ...]
    where: dict[str, str]


PANELS = (
    Panel("Bed days", ("beddays",), {}),
    Panel("Emergency admissions", ("admissions",), {"pod": "ip_non-elective_admission"}),
    Panel("Elective admissions", ("admissions",), {"pod": "ip_elective_admission"}),
    Panel("Day cases", ("admissions",), {"pod": "ip_elective_daycase"}),
    Panel("Outpatient attendances", ("attendances", "tele_attendances"), {}),
    Panel("A&E arrivals", ("arrivals",), {}),
)


def year_ticks(first: int, last: int, steps: int = 3) -> list[int]:
    """Give the years that an axis names: the ends and a few between, about evenly."""
    return sorted({first + round((last - first) * step / steps) for step in range(steps + 1)})


def projection_chart(run: Run) -> alt.ConcatChart | alt.VConcatChart:
    """Draw one page: the main measures with their uncertainty, and what drives bed days.

    Where every year was run, each measure is a fan: the line is the principal projection (mean of
    the runs), the band holds 80% of the runs, the dot is the baseline. Where only the horizon was
    run, it is a pair of bars.

    Raises:
        AcutecastError: where the run holds no activity to show.
    """
    import altair as alt

    draw = _fan if len(run.years) > 1 else _bars
    panels = []
    for panel in PANELS:
        path = _trajectory(run, panel)
        if path is not None:
            panels.append(draw(run, panel, path))
    if not panels:
        raise AcutecastError(Problem("the run holds no activity to draw", where=run.path))
    rows: list[Any] = [alt.concat(*panels, columns=3, spacing={"row": 26, "column": 34})]
    drivers = _drivers(run)
    if drivers is not None:
        rows.append(drivers)
    legend = (
        "Line: principal projection (mean of the runs) · band: 80% of the runs (P10–P90) · "
        "dot: baseline"
        if len(run.years) > 1
        else "Grey: baseline · blue: principal projection (mean of the runs) · "
        "whisker: 80% of the runs (P10–P90)"
    )
    title = alt.TitleParams(
        f"{run.info['dataset']}: hospital activity to {financial_year(run.horizon)}",
        subtitle=[f"Scenario: {run.name or 'without a name'}", legend],
        anchor="start",
        fontSize=22,
        subtitleFontSize=13,
        subtitleLineHeight=18,
        subtitlePadding=6,
        color=DARK_BLUE,
        subtitleColor=DARK_GREY,
        offset=16,
    )
    footer = _footer(run)
    page = alt.vconcat(*rows, footer, spacing=26).properties(
        title=title, padding={"left": 24, "right": 24, "top": 20, "bottom": 16}
    )
    return (
        page.configure(font=FONT, background="white")
        .configure_view(stroke=None)
        .configure_axis(
            labelFontSize=11,
            titleFontSize=11,
            labelColor=DARK_GREY,
            gridColor=PALE_GREY,
            domainColor=GREY,
            tickColor=GREY,
        )
        .configure_title(anchor="start", fontSize=14, color=INK, subtitleColor=DARK_GREY)
    )


def _trajectory(run: Run, panel: Panel) -> pl.DataFrame | None:
    """Give the path of a panel's selection; None where there is no such activity."""
    import polars as pl

    path = run.trajectory(panel.measures, panel.where)
    labels = [financial_year(year) for year in path["year"]]
    path = path.with_columns(pl.Series("label", labels))
    return path if path["p90"].fill_null(0).max() else None


def _result(path: pl.DataFrame) -> list[str]:
    """Say what comes out in two short lines."""
    first, last = path.row(0, named=True), path.row(-1, named=True)
    result = f"{last['mean']:,.0f}"
    if first["mean"]:
        change = 100 * (last["mean"] / first["mean"] - 1)
        result = f"{first['mean']:,.0f} → {result} ({change:+.0f}%)".replace("-", "−")
    return [result, f"P10–P90: {last['p10']:,.0f} to {last['p90']:,.0f}"]


def _panel_title(panel: Panel, path: pl.DataFrame) -> alt.TitleParams:
    import altair as alt

    return alt.TitleParams(
        panel.title, subtitle=_result(path), subtitleFontSize=12, subtitleLineHeight=15, offset=8
    )


_TOOLTIP_FORMATS = (("mean", "Principal"), ("p10", "P10"), ("median", "Median"), ("p90", "P90"))


def _tooltip() -> list[alt.Tooltip]:
    import altair as alt

    numbers = [
        alt.Tooltip(name, type="quantitative", title=t, format=",.0f")
        for name, t in _TOOLTIP_FORMATS
    ]
    return [alt.Tooltip("label", type="nominal", title="Year"), *numbers]


def _count_axis() -> alt.Axis:
    """Give the vertical axis of a panel; of one width, so that panels line up."""
    import altair as alt

    return alt.Axis(
        format=",.0f", tickCount=4, domain=False, ticks=False, minExtent=INDENT, maxExtent=INDENT
    )


def _fan(run: Run, panel: Panel, path: pl.DataFrame) -> Any:
    """Draw the path of one measure with its band."""
    import altair as alt

    x = alt.X(
        "year:Q",
        title=None,
        scale=alt.Scale(domain=[run.baseline_year, run.horizon], nice=False, padding=6),
        axis=alt.Axis(
            values=year_ticks(run.baseline_year, run.horizon),
            grid=False,
            labelExpr=YEAR_LABEL,
        ),
    )
    scale = alt.Scale(zero=False, nice=4)
    base = alt.Chart(path).encode(x=x)
    band = base.mark_area(color=LIGHT_BLUE, opacity=0.35).encode(
        y=alt.Y("p10:Q", title=None, axis=_count_axis(), scale=scale), y2="p90:Q"
    )
    line = base.mark_line(color=BLUE, strokeWidth=2.5).encode(y="mean:Q", tooltip=_tooltip())
    dot = (
        alt.Chart(path.head(1))
        .mark_point(color=DARK_BLUE, filled=True, size=70, opacity=1)
        .encode(x="year:Q", y="mean:Q", tooltip=_tooltip()[:2])
    )
    return alt.layer(band, line, dot).properties(
        width=_PANEL[0], height=_PANEL[1], title=_panel_title(panel, path)
    )


def _bars(run: Run, panel: Panel, path: pl.DataFrame) -> Any:
    """Draw baseline and horizon of one measure as bars."""
    import altair as alt

    base = alt.Chart(path).encode(
        x=alt.X("label:N", title=None, sort=None, axis=alt.Axis(labelAngle=0, ticks=False))
    )
    colour = alt.condition(f"datum.year == {run.baseline_year}", alt.value(GREY), alt.value(BLUE))
    bars = base.mark_bar(size=70).encode(
        y=alt.Y("mean:Q", title=None, axis=_count_axis(), scale=alt.Scale(nice=4)),
        color=colour,
        tooltip=_tooltip(),
    )
    whisker = (
        alt.Chart(path.tail(1))
        .mark_rule(color=INK, strokeWidth=2)
        .encode(x=alt.X("label:N", sort=None), y="p10:Q", y2="p90:Q")
    )
    return alt.layer(bars, whisker).properties(
        width=_PANEL[0], height=_PANEL[1], title=_panel_title(panel, path)
    )


def _drivers(run: Run) -> Any:
    """Draw what the change in bed days is made of; None where there are no bed days."""
    import altair as alt

    table = _driver_table(run)
    if table is None:
        return None
    y = alt.Y("factor:N", sort=None, axis=None)
    # Labels and figures stand inside the plot, so that it is as wide as the row of panels.
    left, right = 190, _WIDTH - 210
    signed = "datum.value == 0 ? '0' : format(datum.value, '+,.0f')"
    axis = alt.Axis(labelExpr=signed, tickCount=6, domain=False, ticks=False)
    scale = alt.Scale(range=[left, right], nice=True)
    tooltip = [alt.Tooltip("factor:N", title="Driver"), alt.Tooltip("text:N", title="Bed days")]
    colour = alt.Scale(domain=["more", "less", "all"], range=[BLUE, ORANGE, GREY])
    base = alt.Chart(table).encode(y=y)
    bars = base.mark_bar(height={"band": 0.66}).encode(
        x=alt.X("mean:Q", title=None, axis=axis, scale=scale),
        color=alt.Color("kind:N", scale=colour, legend=None),
        tooltip=tooltip,
    )
    whiskers = base.mark_rule(color=INK, strokeWidth=1.5).encode(x="p10:Q", x2="p90:Q")
    zero = alt.Chart(table.head(1)).mark_rule(color=DARK_GREY).encode(x=alt.datum(0))
    words = base.mark_text(align="left", fontSize=12, color=INK)
    labels = words.encode(x=alt.value(-INDENT), text="factor:N")
    figures = words.encode(x=alt.value(right + 20), text="text:N")
    first, last = financial_year(run.baseline_year), financial_year(run.horizon)
    title = alt.TitleParams(
        f"What changes bed days between {first} and {last}",
        subtitle=[
            "Bar: principal projection; whisker and brackets: 80% of the runs (P10–P90). "
            "In every run the parts add up exactly to the change in all."
        ],
        subtitleFontSize=12,
        frame="group",
        dx=-INDENT,
        offset=10,
    )
    return alt.layer(bars, whiskers, zero, labels, figures).properties(
        width=_WIDTH, height=alt.Step(22), title=title
    )


def _driver_table(run: Run) -> pl.DataFrame | None:
    """Give the parts of the change in bed days, largest growth first, and their sum."""
    import polars as pl

    parts = run.attribution(by=("change_factor",), where={"measure": "beddays"})
    total = run.summary(by=(), measures="beddays").row(0, named=True)
    baseline = total["baseline"]
    if parts.is_empty() or baseline is None:
        return None
    parts = parts.filter((pl.col("p10") != 0) | (pl.col("p90") != 0) | (pl.col("mean") != 0))
    parts = parts.sort("mean", descending=True)
    names = [FACTOR_LABELS.get(name, name) for name in parts["change_factor"]]
    columns = {name: [*parts[name], total[name] - baseline] for name in ("mean", "p10", "p90")}
    rows = list(zip(*columns.values(), strict=True))
    return pl.DataFrame(
        {
            "factor": [*names, "Change in all"],
            **columns,
            "kind": [*("more" if mean >= 0 else "less" for mean in parts["mean"]), "all"],
            "text": [
                f"{mean:+,.0f}  ({low:+,.0f} to {high:+,.0f})".replace("-", "−")
                for mean, low, high in rows
            ],
        }
    )


def _footer(run: Run) -> Any:
    """Draw the source line."""
    import altair as alt
    import polars as pl

    text = (
        f"Source: Acutecast {run.info['acutecast']}, {run.runs} runs, seed {run.info['seed']}, "
        f"baseline {financial_year(run.baseline_year)}. Bed days are nights in hospital plus one. "
        "Years are financial years."
    )
    return (
        alt.Chart(pl.DataFrame({"text": [text]}))
        .mark_text(align="left", baseline="middle", fontSize=11, color=DARK_GREY)
        .encode(x=alt.value(-INDENT), y=alt.value(6), text="text:N")
        .properties(width=_WIDTH, height=12)
    )


def save_chart(chart: Any, path: str | os.PathLike[str]) -> None:
    """Write a chart whole or not at all, by the ending of its name.

    Args:
        chart: an Altair chart.
        path: a path or an fsspec URL that ends in `.png` (twice the size of the screen), `.svg`,
            or `.html`, which needs no network.

    Raises:
        AcutecastError: for any other ending.
    """
    from acutecast.report.page import chart_page, own_ids

    check_picture(path)
    ending = Path(path).suffix.lower()
    if ending == ".html":
        write_text(path, chart_page(chart))
    elif ending == ".svg":
        content = StringIO()
        chart.save(content, format="svg")
        write_text(path, own_ids(content.getvalue()))
    else:
        picture = BytesIO()
        chart.save(picture, format="png", scale_factor=2)
        write_bytes(path, picture.getvalue())


def check_picture(path: str | os.PathLike[str]) -> None:
    """Make sure that a picture can be written under a name, before the work that it shows.

    Raises:
        AcutecastError: for another ending, and where nothing can be written.
    """
    ending = Path(path).suffix.lower()
    if ending not in (".png", ".svg", ".html"):
        raise AcutecastError(
            Problem(
                "charts cannot be written in this form",
                where=str(path),
                example=ending,
                remedy="Name a file that ends in .png, .svg or .html.",
            )
        )
    check_file_place(path)
