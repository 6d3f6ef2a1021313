"""One area of capacity: its shortage curve, its typical week and its years."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from acutecast.report.capacity_look import chosen_area
from acutecast.report.capacity_time import DAYS, paths_by_year
from acutecast.report.charts import financial_year
from acutecast.report.views.area_charts import shortage_drawing, week_drawing, years_drawing
from acutecast.report.views.asked import kept, year_of
from acutecast.report.views.drawing import INTERVAL_WORDS
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.space import areas_of, needs_of, opened, place_words

if TYPE_CHECKING:
    import polars

    from acutecast.capacity.stored import Capacity
    from acutecast.results.run import Run


def shortage(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show how often an area runs short in a year, against how much space it has."""
    from acutecast.capacity.explain import percent

    year = year_of(run, selection)

    def columns(unit: str) -> tuple[Column, ...]:
        return (
            Column("beds", unit.capitalize(), "count"),
            Column("principal", "Open hours that are short, %", "percent"),
            Column("p10", "P10", "percent"),
            Column("p90", "P90", "percent"),
            Column("suffice", "Runs in which the risk is kept, %", "percent"),
        )

    def make(capacity: Capacity, area: dict[str, Any], title: str) -> Shown:
        import polars as pl

        whole = capacity.shortage(area["area"], selection.site, year)
        matters = (pl.col("p90") > 0) & (pl.col("p10") < 1)
        curve = whole.filter(matters | (pl.col("beds") == pl.col("beds").max()))
        shares = [
            (100 * pl.col(old)).alias(new)
            for old, new in (
                ("mean", "principal"),
                ("p10", "p10"),
                ("p90", "p90"),
                ("suffice", "suffice"),
            )
        ]
        own = columns(area["unit"])
        chart, alt = shortage_drawing(whole, area, capacity.risk)
        words = (
            "The further right, the more space and the less often demand exceeds it: the line is "
            f"the mean of the runs, the band holds {INTERVAL_WORDS}. The dashed line is the "
            f"accepted risk of {percent(capacity.risk)} of the open hours."
        )
        table = table_of(own, curve.select("beds", *shares))
        place = (area["area"], selection.site)
        notes = ()
        if year == run.horizon:
            notes = (kept(run, f"words of {place}", lambda: capacity.explain(*place)),)
        return Shown("shortage", title, words, own, table, chart, f"{alt}.", notes)

    return (_hourly(run, selection, "shortage", "How often {} run short", columns, make),)


def week(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show the typical week of an area hour by hour."""

    def columns(unit: str) -> tuple[Column, ...]:
        return (
            Column("day", "Day"),
            Column("hour", "Hour from"),
            Column(
                "baseline", f"{unit.capitalize()} {financial_year(run.baseline_year)}", "decimal"
            ),
            Column("principal", f"{unit.capitalize()} {financial_year(run.horizon)}", "decimal"),
            Column("p10", "P10", "decimal"),
            Column("p90", "P90", "decimal"),
        )

    def make(capacity: Capacity, area: dict[str, Any], title: str) -> Shown:
        import polars as pl

        hours = capacity.week(area["area"], selection.site)
        day = pl.col("weekday").replace_strict(list(range(7)), list(DAYS), return_dtype=pl.String)
        hour = pl.format("{}:00", pl.col("hour").cast(pl.String).str.zfill(2))
        words = (
            f"The line is the mean number of {area['unit']} occupied by hour of the week, the band "
            f"holds {INTERVAL_WORDS}. The upright distance to the level line is the room kept for "
            "busy hours."
        )
        hours = hours.with_columns(day.alias("day"))
        chart = week_drawing(hours, area["unit"], area["figures"]["simulated"]["mean"])
        busiest = hours.sort("mean", descending=True).row(0, named=True)
        alt = (
            f"Mean {area['unit']} occupied by hour of the week; most on {busiest['day']} from "
            f"{busiest['hour']}:00, {busiest['mean']:,.1f}."
        )
        own = columns(area["unit"])
        table = hours.with_columns(hour.alias("hour")).rename({"mean": "principal"})
        return Shown("week", title, words, own, table_of(own, table), chart, alt)

    return (_hourly(run, selection, "week", "The typical week: {} occupied", columns, make),)


def beds(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show what an area needs year by year; then every area, where none was chosen."""
    capacity = opened(run, selection)
    area = _area(run, capacity, selection, hourly=False)
    if area is None:
        title = f"Space needed by year{place_words(selection)}"
        return (nothing("beds", title, _YEARS, "Nobody uses this area at this site."),)
    # Every area is shown too where none was chosen, so that their needs are worked out once.
    needs = None if selection.area else needs_of(run, None)
    paths = paths_by_year(capacity, area["area"], selection.site, needs)
    table = _paths(paths)
    words = (
        "The simulated need (solid, dots) and the preset by a fixed target occupancy (dashed, "
        f"squares); the band and the dotted lines hold {INTERVAL_WORDS}. Hollow marks are the "
        "baseline by the same method."
    )
    last = table.row(-1, named=True)
    alt = (
        f"{area['label']} in {financial_year(last['year'])}: simulated {last['principal']:,.1f} "
        f"({last['p10']:,.1f} to {last['p90']:,.1f}) {area['unit']}"
    )
    alt += f", preset {last['preset']:,.1f}." if last["preset"] is not None else "."
    chart = years_drawing(paths, area["unit"], run.baseline_year)
    title = (
        f"{area['label']}: {area['unit']} needed, {financial_year(run.baseline_year)} to "
        f"{financial_year(run.horizon)}{place_words(selection)}"
    )
    first = Shown("beds", title, words, _YEARS, table_of(_YEARS, table), chart, alt)
    return (first,) if selection.area else (first, _all_areas(run, selection))


_YEARS = (
    Column("year", "Year", "year"),
    Column("principal", "Simulated", "decimal"),
    Column("p10", "P10", "decimal"),
    Column("median", "Median", "decimal"),
    Column("p90", "P90", "decimal"),
    Column("preset", "Preset", "decimal"),
    Column("preset_p10", "Preset P10", "decimal"),
    Column("preset_p90", "Preset P90", "decimal"),
)


def _paths(paths: polars.DataFrame) -> polars.DataFrame:
    """Put simulated need and preset of a year into one row."""
    import polars as pl

    simulated = paths.filter(pl.col("figure") == "simulated").rename({"mean": "principal"})
    preset = paths.filter(pl.col("figure") == "preset").select(
        "year",
        pl.col("mean").alias("preset"),
        pl.col("p10").alias("preset_p10"),
        pl.col("p90").alias("preset_p90"),
    )
    return simulated.join(preset, on="year", how="left", maintain_order="left")


def _all_areas(run: Run, selection: Selection) -> Shown:
    """Give every area in every year as a table."""
    import polars as pl

    columns = (Column("label", "Area"), Column("unit", "Unit"), *_YEARS)
    needs = needs_of(run, None).filter(pl.col("site") == selection.site)
    simulated = needs.filter(pl.col("figure") == "simulated").rename({"mean": "principal"})
    preset = needs.filter(pl.col("figure") == "preset").select(
        "area",
        "year",
        pl.col("mean").alias("preset"),
        pl.col("p10").alias("preset_p10"),
        pl.col("p90").alias("preset_p90"),
    )
    table = simulated.join(preset, on=["area", "year"], how="left", maintain_order="left")
    order = areas_of(run, selection.site)["area"].to_list()
    rank = pl.col("area").replace_strict(order, list(range(len(order))), return_dtype=pl.Int32)
    table = table.sort(rank, "year", maintain_order=True)
    title = f"Space needed by area and year, to {financial_year(run.horizon)}"
    return Shown(
        "beds",
        f"{title}{place_words(selection)}",
        "Every area in every simulated year.",
        columns,
        table_of(columns, table),
        None,
        "A table of areas and years.",
    )


def _hourly(
    run: Run,
    selection: Selection,
    key: str,
    title: str,
    columns: Callable[[str], tuple[Column, ...]],
    make: Callable[[Capacity, dict[str, Any], str], Shown],
) -> Shown:
    """Show an area that is counted hour by hour, or say why it cannot be."""
    capacity = opened(run, selection)
    area = _area(run, capacity, selection, hourly=True)
    year = financial_year(year_of(run, selection))
    if area is None:
        note = (
            "This area is booked by session, so it has no hours; see its years and its need."
            if selection.area
            else "No area is counted hour by hour."
        )
        return nothing(key, f"{title.format('beds')}, {year}", columns("beds"), note)
    named = f"{area['label']}: {title[0].lower()}{title[1:].format(area['unit'])}, {year}"
    return make(capacity, area, f"{named}{place_words(selection)}")


def _area(
    run: Run, capacity: Capacity, selection: Selection, hourly: bool
) -> dict[str, Any] | None:
    """Give the area chosen, or the largest with beds; None where it has no hours but should.

    Its figures are those of the year that is looked at.
    """
    import polars as pl

    year = year_of(run, selection)
    present = areas_of(run, selection.site)
    if hourly:
        present = present.filter(pl.col("method") == "hourly")
    if selection.area:
        key = selection.area if selection.area in present["area"].to_list() else ""
    else:
        needs = needs_of(run, year).filter(
            pl.col("site") == selection.site, pl.col("figure") == "simulated"
        )
        sized = present.join(needs.select("area", "mean"), on="area", maintain_order="left")
        wanted = sized.filter(pl.col("unit") == "beds")
        wanted = (sized if wanted.is_empty() else wanted).sort("mean", descending=True)
        key = "" if wanted.is_empty() else wanted["area"][0]
    if not key:
        return None
    return chosen_area(capacity, key, selection.site, needs=needs_of(run, year))
