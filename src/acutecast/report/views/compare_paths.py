"""Paths and S-curves of several scenarios over each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.report.charts import financial_year
from acutecast.report.views.asked import activity_of, measure_of, without
from acutecast.report.views.compare_charts import (
    scenario_colour,
    scenario_dash,
    scenario_shape,
)
from acutecast.report.views.distribution import runs_of
from acutecast.report.views.drawing import (
    FILLED,
    INTERVAL_WORDS,
    gathered,
    mark,
    number_axis,
    picture,
    tips,
    year_axis,
)
from acutecast.report.views.look import DASHES
from acutecast.report.views.own import own_selection
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.summary import COUNTED
from acutecast.report.views.trajectory import path_of
from acutecast.results.summary import quantiles

if TYPE_CHECKING:
    from acutecast.results.run import Run

_PATHS = (
    Column("scenario", "Scenario"),
    Column("year", "Year", "year"),
    Column("principal", "Principal projection", "count"),
    Column("p10", "P10", "count"),
    Column("median", "Median", "count"),
    Column("p90", "P90", "count"),
)
_CURVES = (
    Column("scenario", "Scenario"),
    Column("share", "Share of the runs at or below, %", "percent"),
    Column("value", "Value", "count"),
)


def trajectories(named: Sequence[tuple[str, Run]], selection: Selection) -> Shown:
    """Show a measure of all scenarios year by year."""
    measure = measure_of(named[0][1], selection)
    title = f"{COUNTED[measure]} by year, {len(named)} scenarios"
    rows, notes = [], ()
    for name, run in named:
        own = own_selection(run, selection, activity_of(measure))
        if own is None:
            continue
        path, some = path_of(run, without(own, "year"), measure)
        notes = notes or some
        rows += [{"scenario": name, **row} for row in path.iter_rows(named=True)]
    if not rows:
        note = "No activity fits this selection."
        return nothing("comparison-trajectory", title, _PATHS, note)
    table = table_of(_PATHS, {c.name: [row[c.name] for row in rows] for c in _PATHS})
    words = (
        "A line for each scenario is its principal projection; bands of the same colour hold "
        f"{INTERVAL_WORDS}. Lines differ in dash and marks too. The vertical axis need not start "
        "at 0."
    )
    names = [name for name, _ in named]
    last = {row["scenario"]: row for row in rows}
    told = "; ".join(
        f"{name}: {row['principal']:,.0f} in {financial_year(row['year'])}"
        for name, row in last.items()
    )
    chart = _fans(rows, names, f"{COUNTED[measure]} a year")
    return Shown("comparison-trajectory", title, words, _PATHS, table, chart, f"{told}.", notes)


def _fans(rows: Sequence[dict[str, Any]], names: Sequence[str], title: str) -> Any:
    """Draw the paths over each other."""
    import altair as alt

    wanted = ("scenario", "year", "principal", "p10", "p90")
    columns = gathered({name: row[name] for name in wanted} for row in rows)
    columns["place"] = [names.index(name) for name in columns["scenario"]]
    columns["label"] = [financial_year(year) for year in columns["year"]]
    years = sorted(set(columns["year"]))
    x = year_axis(years[0], years[-1], years if len(years) > 2 else years[-1:])
    y = alt.Y("principal:Q", title=title, axis=number_axis(), scale=alt.Scale(zero=False, nice=5))
    band = {"x": x, "y": alt.Y("p10:Q", title=title, stack=None), "y2": alt.Y2("p90")}
    line = {"x": x, "y": y, "color": scenario_colour(names), "strokeDash": scenario_dash(names)}
    tooltip = tips(
        ("scenario:N", "Scenario", ""),
        ("label:N", "Year", ""),
        ("principal:Q", "Principal projection", ",.0f"),
        ("p10:Q", "P10", ",.0f"),
        ("p90:Q", "P90", ",.0f"),
    )
    dot = {"x": x, "y": y, "color": scenario_colour(names), "shape": scenario_shape(names)}
    layers = [
        *(
            mark(
                "area", "paths", band, f"series-{number % len(DASHES)}",
                f"datum.place == {number}", opacity=0.16,
            )
            for number in range(len(names))
        ),
        mark("line", "paths", line, strokeWidth=2.5),
        mark("point", "paths", {**dot, "tooltip": tooltip}, size=45, **FILLED),
    ]  # fmt: skip
    return picture(layers, 320, paths=columns)


def curves(named: Sequence[tuple[str, Run]], selection: Selection) -> Shown:
    """Show the share of the runs at or below each value, of all scenarios."""
    measure, year = measure_of(named[0][1], selection), selection.year
    assert year is not None
    what = f"{COUNTED[measure]} in {financial_year(year)}"
    title = f"{what}: share of the runs at or below a value, {len(named)} scenarios"
    shares = np.arange(0, 101, 5)
    rows, drawn, told = [], [], []
    for name, run in named:
        own = own_selection(run, selection, activity_of(measure))
        if own is None:
            continue
        values, _, _ = runs_of(run, own, measure)
        if not values.any():
            continue
        curve = quantiles(values, tuple(shares / 100)).tolist()
        rows += [
            {"scenario": name, "share": float(share), "value": value}
            for share, value in zip(shares, curve, strict=True)
        ]
        fine = np.arange(101)
        line = quantiles(values, tuple(fine / 100)).tolist()
        drawn += [
            {"scenario": name, "share": int(share), "value": value}
            for share, value in zip(fine, line, strict=True)
        ]
        told.append(f"{name}: P10 {curve[2]:,.0f}, median {curve[10]:,.0f}, P90 {curve[18]:,.0f}")
    if not rows:
        return nothing("comparison-curve", title, _CURVES, "No activity fits this selection.")
    table = table_of(_CURVES, {c.name: [row[c.name] for row in rows] for c in _CURVES})
    words = (
        "A curve for each scenario; where one lies to the right of another, it has more activity. "
        "Marks are P10, the median and P90."
    )
    chart = _curves(drawn, [name for name, _ in named], f"{COUNTED[measure]} a year")
    alt = f"{what}. {'; '.join(told)}."
    return Shown("comparison-curve", title, words, _CURVES, table, chart, alt)


def _curves(rows: Sequence[dict[str, Any]], names: Sequence[str], unit: str) -> Any:
    """Draw the curves over each other."""
    import altair as alt

    x = alt.X(
        "value:Q",
        title=unit,
        axis=number_axis(grid=False),
        scale=alt.Scale(zero=False, nice=False, padding=10),
    )
    y = alt.Y(
        "share:Q",
        title="Share of the runs at or below, %",
        axis=number_axis(".0f"),
        scale=alt.Scale(domain=[0, 100]),
    )
    tooltip = tips(
        ("scenario:N", "Scenario", ""),
        ("share:Q", "Runs at or below, %", ".0f"),
        ("value:Q", unit, ",.0f"),
    )
    colour = scenario_colour(names)
    line = {"x": x, "y": y, "color": colour, "strokeDash": scenario_dash(names)}
    # Along a line the order is that of the shares, not of the values, which may be equal.
    line["order"] = alt.Order("share:Q")
    dot = {"x": x, "y": y, "color": colour, "shape": scenario_shape(names), "tooltip": tooltip}
    marked = "indexof([10, 50, 90], datum.share) >= 0"
    layers = [
        mark("line", "curves", line, strokeWidth=2.5),
        mark("point", "curves", dot, "rim", marked, size=75, **FILLED),
    ]
    return picture(layers, 300, curves=gathered(rows))
