"""Every year from the baseline to the horizon, with the spread of the runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.report.charts import financial_year
from acutecast.report.views.asked import activity_of, measure_of, span, stored_years, where
from acutecast.report.views.drawing import (
    FILLED,
    HOLLOW,
    INTERVAL_WORDS,
    figure_tips,
    mark,
    number_axis,
    picture,
    tips,
    year_axis,
)
from acutecast.report.views.figures import change_words, hidden, hidden_notes
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.summary import COUNTED

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

COLUMNS = (
    Column("year", "Year", "year"),
    Column("principal", "Principal projection", "count"),
    Column("p10", "P10", "count"),
    Column("median", "Median", "count"),
    Column("p90", "P90", "count"),
    Column("change", "Change from the baseline", "count"),
    Column("change_pct", "Change, %", "percent"),
)


def trajectory(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show a measure year by year; a run of the horizon only has two points."""
    measure = measure_of(run, selection)
    title = f"{COUNTED[measure]} by year, {span(run, selection)}"
    path, notes = path_of(run, selection, measure)
    if path.is_empty():
        return (nothing("trajectory", title, COLUMNS, "No activity fits this selection."),)
    table = table_of(COLUMNS, path)
    last = path.row(-1, named=True)
    first = None if path["year"][0] != run.baseline_year else path["principal"][0]
    alt = f"{COUNTED[measure]}: " + change_words(last | {"baseline": first}, last["year"]) + "."
    words = (
        f"The line is the principal projection (the mean of the runs), the band holds "
        f"{INTERVAL_WORDS}, the hollow dot is the baseline. The vertical axis need not start at 0."
    )
    if len(path["year"].unique()) <= 2:
        words = (
            "The hollow dot is the baseline, the filled one the principal projection (the mean of "
            f"the runs), with {INTERVAL_WORDS}. The years between were not simulated."
        )
    chart = fan_chart(path, f"{COUNTED[measure]} a year", run.baseline_year)
    return (Shown("trajectory", title, words, COLUMNS, table, chart, alt, notes),)


def path_of(
    run: Run, selection: Selection, measure: str
) -> tuple[polars.DataFrame, tuple[str, ...]]:
    """Give a measure by year, the baseline first where it may be shown.

    Args:
        run: the run.
        selection: which rows.
        measure: what is counted.

    Returns:
        `year`, `principal`, `p10`, `median`, `p90`, `change`, `change_pct`, empty where there is
        no activity; and notes on what is left out.
    """
    import polars as pl

    activity = activity_of(measure)
    rows = where(selection, activity)
    columns = set(rows) - {"pod", "sitetret"}
    stored = stored_years(run, activity, sorted(columns))
    years = [year for year in run.years if year in stored]
    notes: tuple[str, ...] = ()
    if len(years) < len(run.years):
        notes = (
            "By specialty and age together only the horizon year is stored, so the years between "
            "are left out.",
        )
    table = run.summary((), rows, years, measures=measure).rename({"mean": "principal"})
    if not table.is_empty() and not (table["p90"].max() or table["baseline"].max()):
        table = table.clear()
    shown = hidden(run, selection, table)
    notes = (*notes, *hidden_notes(run, selection, shown))
    base = shown.head(1).filter(pl.col("baseline").is_not_null())
    count = pl.col("baseline").cast(pl.Float64)
    none = pl.lit(None, pl.Float64)
    base = base.select(
        pl.lit(run.baseline_year, pl.Int32).alias("year"),
        *(count.alias(name) for name in ("principal", "p10", "median", "p90")),
        none.alias("change"),
        none.alias("change_pct"),
    )
    return pl.concat([base, shown.select(base.columns)], how="vertical_relaxed"), notes


def fan_chart(path: polars.DataFrame, title: str, baseline_year: int) -> Any:
    """Draw a path with its band and the dot of the baseline."""
    import altair as alt

    years = path["year"].to_list()
    columns = {name: path[name].to_list() for name in ("year", "principal", "p10", "p90")}
    columns["label"] = [financial_year(year) for year in years]
    first = min(baseline_year, years[0])
    x = year_axis(first, years[-1], [years[-1]] if len(years) <= 2 else years)
    y = alt.Y("principal:Q", title=title, axis=number_axis(), scale=alt.Scale(zero=False, nice=5))
    spread = {"x": x, "y": alt.Y("p10:Q", title=title), "y2": alt.Y2("p90")}
    line = {"x": x, "y": y}
    tooltip = [*tips(("label:N", "Year", "")), *figure_tips(baseline=False)]
    if len(years) > 2:
        layers = [
            mark("area", "path", spread, "interval", opacity=0.35),
            mark("line", "path", line, "projection", strokeWidth=2.5),
        ]
    else:
        layers = [
            mark("line", "path", line, "projection", strokeDash=[2, 3]),
            mark("rule", "path", spread, "interval", strokeWidth=7),
        ]
    later = f"datum.year > {baseline_year}"
    dots = {**line, "tooltip": tooltip}
    layers.append(mark("point", "path", dots, "projection", later, size=40, **FILLED))
    start = {**line, "tooltip": tips(("label:N", "Year", ""), ("principal:Q", "Baseline", ",.0f"))}
    before = f"datum.year == {baseline_year}"
    layers.append(mark("point", "path", start, "baseline", before, size=110, **HOLLOW))
    return picture(layers, 300, path=columns)
