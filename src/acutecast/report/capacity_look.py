# ruff: noqa: D102  # The members of a protocol are described where they are made.
"""What all pictures of capacity share: what they ask of a run, their axes, words and page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.report.charts import (
    DARK_BLUE,
    DARK_GREY,
    FONT,
    GREY,
    INDENT,
    INK,
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
RATIOS = (0.24, 8.4)
"""How far an axis of needs as multiples of the preset goes; what is beyond stands at its edge."""
RATIO_TICKS = (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8)
# Width and height of a chart alone, beside two others, and in the interactive page.
ALONE, PANEL, IN_PAGE = (620, 340), (278, 200), (320, 230)

# Axes of one width, so that panels line up.
AXIS_WIDTH: dict[str, Any] = {"minExtent": INDENT, "maxExtent": INDENT}
# The right edge of a page, where its third panel ends.
RIGHT = 3 * PANEL[0] + 2 * (INDENT + 34)
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
    capacity: HospitalCapacity,
    area: str,
    site: str,
    hourly: bool = False,
    needs: pl.DataFrame | None = None,
) -> dict[str, Any]:
    """Give the row of an area, with its figures: {figure: row}.

    Args:
        capacity: the capacity of a run.
        area: key of the area.
        site: a site, where sites are counted apart.
        hourly: refuse areas that are booked by session.
        needs: of the capacity in the year of the figures, where they are known already; else those
            of the horizon.
    """
    import polars as pl

    check_asked(capacity, area, site, hourly)
    row = capacity.areas().row(by_predicate=pl.col("area") == area, named=True)
    needs = capacity.needs(areas=[area]) if needs is None else needs
    needs = needs.filter(pl.col("area") == area, pl.col("site") == site)
    figures = {need["figure"]: need for need in needs.iter_rows(named=True)}
    if "simulated" not in figures:
        raise AcutecastError(Problem(f"nobody uses {area} at {site}", where="site"))
    return {**row, "figures": figures}


def present_areas(
    capacity: HospitalCapacity, site: str, needs: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Give the areas that a site uses, those of one unit together.

    Args:
        capacity: the capacity of a run.
        site: the site.
        needs: of the capacity at the horizon, where they are known already.
    """
    import polars as pl

    needs = (capacity.needs() if needs is None else needs).filter(pl.col("site") == site)
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


def panel_title(title: str, *lines: str) -> alt.TitleParams:
    """Give the title of a panel, with the lines under it."""
    import altair as alt

    return alt.TitleParams(
        title, subtitle=list(lines), subtitleFontSize=12, subtitleLineHeight=15, offset=10
    )


def interval_tooltip(form: str) -> list[alt.Tooltip]:
    """Give the mean and P10–P90 as lines of a tooltip, in a format of D3."""
    import altair as alt

    names = (("mean", "Mean of the runs"), ("p10", "P10"), ("p90", "P90"))
    return [alt.Tooltip(f"{name}:Q", title=title, format=form) for name, title in names]


def space_axis() -> alt.Axis:
    """Give the vertical axis of a count of beds, rooms or other space."""
    import altair as alt

    return alt.Axis(
        format=",.0f", tickCount=5, tickMinStep=1, domain=False, ticks=False, **AXIS_WIDTH
    )


def space_scale(low: float, high: float) -> alt.Scale:
    """Give a scale with room for a label above, at least one bed wide."""
    import altair as alt

    pad = max(0.12 * (high - low), 0.5)
    return alt.Scale(domain=[max(0.0, low - pad), high + pad], nice=False, zero=False)


def haloed(chart: Any, **style: Any) -> list[Any]:
    """Write text that lines behind it don't cross."""
    return [
        chart.mark_text(**{**style, "color": "white"}, stroke="white", strokeWidth=3, opacity=0.8),
        chart.mark_text(**style),
    ]


def words_drawn(lines: Sequence[str], size: int, colour: str, width: int = RIGHT) -> Any:
    """Draw lines of text."""
    import altair as alt
    import polars as pl

    height = round(1.45 * size)
    style: dict[str, Any] = {"align": "left", "baseline": "top", "lineBreak": "\n"}
    return (
        alt.Chart(pl.DataFrame({"text": ["\n".join(lines)]}))
        .mark_text(fontSize=size, color=colour, lineHeight=height, **style)
        .encode(x=alt.XValue(-INDENT), y=alt.YValue(0), text="text:N")
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


def drawn_alone(capacity: HospitalCapacity, area: dict[str, Any], site: str, chart: Any) -> Any:
    """Give one chart with its own title and source."""
    import altair as alt

    title = alt.TitleParams(
        f"{area['label']}, {place_name(capacity, site)}",
        subtitle=[f"Scenario: {capacity.name or 'without a name'}"],
        **_HEAD,
    )
    source = words_drawn([source_line(capacity)], 11, DARK_GREY, width=ALONE[0])
    return in_dress(alt.vconcat(chart, source, spacing=20).properties(title=title))


def drawn_page(capacity: HospitalCapacity, site: str, rows: list[Any]) -> Any:
    """Give charts below each other, with the title and the source of a page."""
    import altair as alt

    title = alt.TitleParams(
        f"{place_name(capacity, site)}: space the hospital needs in "
        f"{financial_year(capacity.horizon)}",
        subtitle=[f"Scenario: {capacity.name or 'without a name'}"],
        **_HEAD,
    )
    source = words_drawn([source_line(capacity)], 11, DARK_GREY)
    return in_dress(alt.vconcat(*rows, source, spacing=26).properties(title=title))


def in_dress(chart: Any, padding: int = 20) -> Any:
    """Give a new chart the look of the others.

    The chart itself is changed: Altair copies every layer for each call of `configure`.
    """
    import altair as alt

    chart.padding = padding
    chart.config = alt.Config(
        font=FONT,
        background="white",
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelFontSize=11,
            titleFontSize=11,
            titleFontWeight="normal",
            titleColor=DARK_GREY,
            labelColor=DARK_GREY,
            gridColor=PALE_GREY,
            domainColor=GREY,
            tickColor=GREY,
        ),
        title=alt.TitleConfig(anchor="start", fontSize=14, color=INK, subtitleColor=DARK_GREY),
    )
    return chart
