"""Activity by age and sex: a pyramid with the baseline as an outline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.facts import AGE_GROUPS, SEXES
from acutecast.report.views.asked import activity_of, measure_of, span, year_of
from acutecast.report.views.drawing import (
    INTERVAL_WORDS,
    figure_tips,
    gathered,
    mark,
    number_axis,
    picture,
    row_axis,
    whisker,
)
from acutecast.report.views.figures import change_words, figure_columns, figures, hidden_notes
from acutecast.report.views.rows import outline
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.summary import COUNTED

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

_DRAWN = ("baseline", "principal", "p10", "p90")
_HEADS = (Column("age_group", "Age"), Column("sex", "Sex"))


def pyramid(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show a measure by age group and sex."""
    import polars as pl

    measure, year = measure_of(run, selection), year_of(run, selection)
    columns = (*_HEADS, *figure_columns(run, selection))
    title = f"{COUNTED[measure]} by age and sex, {span(run, selection)}"
    table = figures(run, selection, activity_of(measure), measure, ("age_group", "sex"))
    if table.is_empty():
        return (nothing("pyramid", title, columns, "No activity fits this selection."),)
    labels = {str(code): label for code, label in SEXES.items()}
    table = table.with_columns(pl.col("sex").replace(labels))
    most = table.sort("principal", descending=True).row(0, named=True)
    words = (
        f"Men to the left, women to the right. Filled bars are the principal projection, lines "
        f"hold {INTERVAL_WORDS}, outlines are the baseline."
    )
    alt = (
        f"{COUNTED[measure]} by age group and sex. The most: {most['sex'].lower()}, "
        f"{most['age_group']}: {change_words(most, year)}."
    )
    chart = _chart(table, f"{COUNTED[measure]} a year")
    notes = hidden_notes(run, selection, table)
    return (Shown("pyramid", title, words, columns, table_of(columns, table), chart, alt, notes),)


def _chart(table: polars.DataFrame, title: str) -> Any:
    """Draw men to the left of zero and women to the right; the oldest on top."""
    import altair as alt

    ages = [age for age in reversed(AGE_GROUPS) if age in table["age_group"].to_list()]
    left, right = SEXES[1], SEXES[2]
    columns = gathered(
        {name: row[name] for name in ("age_group", "sex", "change_pct")}
        | {name: row[name] for name in _DRAWN}
        | {"row": ages.index(row["age_group"])}
        | {
            f"x_{name}": None
            if row[name] is None
            else (-1 if row["sex"] == left else 1) * row[name]
            for name in _DRAWN
        }
        for row in table.iter_rows(named=True)
    )
    most = max(value for name in _DRAWN for value in columns[name] if value is not None)
    y = row_axis(ages)
    x = alt.X(
        "x_principal:Q",
        title=title,
        axis=number_axis(ticks=6, labelExpr="format(abs(datum.value), ',.0f')"),
        scale=alt.Scale(domain=[-1.04 * most, 1.04 * most], nice=False),
    )
    tooltip = [alt.Tooltip("age_group:N", title="Age"), alt.Tooltip("sex:N", title="Sex")]
    tooltip += [*figure_tips(), alt.Tooltip("change_pct:Q", title="Change, %", format="+.1f")]
    heads = {"at": [-0.5 * most, 0.5 * most], "text": [left, right]}
    over = {"x": alt.X("at:Q"), "y": alt.YValue(0), "text": alt.Text("text:N")}
    before = {"x": alt.X("x_baseline:Q", title=title), "y": y, "tooltip": tooltip}
    layers = [
        mark("bar", "rows", {"x": x, "y": y, "tooltip": tooltip}, "interval",
             height={"band": 0.6}),
        outline("rows", before),
        whisker("rows", y, title, "strong", "x_p10 x_p90"),
        mark("rule", "zero", {"x": alt.X("zero:Q")}, "soft"),
        mark("text", "heads", over, "soft", fontWeight="bold", dy=-8),
    ]  # fmt: skip
    return picture(layers, alt.Step(24), rows=columns, zero={"zero": [0]}, heads=heads)
