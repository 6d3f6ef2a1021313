"""The runs of one figure: a dot for each, and the share of them at or below a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.report.charts import financial_year
from acutecast.report.views.asked import (
    activity_of,
    measure_of,
    threshold,
    where,
    year_of,
)
from acutecast.report.views.drawing import haloed, mark, number_axis, picture, tips
from acutecast.report.views.figures import check_columns, rule_note
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.summary import COUNTED
from acutecast.results.summary import principal, quantiles
from acutecast.results.suppress import is_small

if TYPE_CHECKING:
    import altair as alt

    from acutecast.results.run import Run

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
MOST_DOTS = 512
_BINS = 56
_CURVE_HEIGHT = 280
_NAMES = {0.1: "P10", 0.5: "Median", 0.9: "P90"}
_CURVE = (Column("share", "Share of the runs at or below, %", "percent"),
          Column("value", "Value", "count"))  # fmt: skip


def distribution(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show the runs of a measure as dots, then as the share at or below each value."""
    measure, year = measure_of(run, selection), year_of(run, selection)
    what = f"{COUNTED[measure]} in {financial_year(year)}"
    columns = (
        Column("figure", "Figure"),
        Column("value", what, "count"),
        Column("above", "Runs above it, %", "percent"),
    )
    title = f"{what}: every run"
    values, baseline, notes = runs_of(run, selection, measure)
    if not values.any() and not baseline:
        return (nothing("distribution", title, columns, "No activity fits this selection."),)
    marks = {"Baseline": baseline, "Principal projection": float(principal(values))}
    at = dict(zip(QUANTILES, quantiles(values, QUANTILES).tolist(), strict=True))
    rows = [*marks.items(), *((_NAMES.get(q, f"P{100 * q:g}"), value) for q, value in at.items())]
    table = table_of(
        columns,
        {
            "figure": [name for name, _ in rows],
            "value": [value for _, value in rows],
            "above": [None if v is None else 100 * float((values > v).mean()) for _, v in rows],
        },
    )
    more = table["above"][0]
    said = "" if more is None else f" {more:.0f}% of the runs have more than the baseline."
    alt = (
        f"{what} in {len(values):,} runs: P10 {at[0.1]:,.0f}, median {at[0.5]:,.0f}, "
        f"P90 {at[0.9]:,.0f}; principal projection {marks['Principal projection']:,.0f}."
    )
    alt += f" Baseline {baseline:,.0f}.{said}" if baseline is not None else ""
    dots = "Each dot is one run" if len(values) <= MOST_DOTS else "The higher, the more runs"
    words = (
        f"{dots}. The solid line is the principal projection (the mean of the runs), the dashed "
        f"line the baseline.{said}"
    )
    unit = f"{COUNTED[measure]} a year"
    first = Shown(
        "distribution", title, words, columns, table, _dots(values, marks, unit), alt, notes
    )
    return first, _curve(values, marks, what, unit, notes)


def runs_of(
    run: Run, selection: Selection, measure: str
) -> tuple[np.ndarray, float | None, tuple[str, ...]]:
    """Give a measure in every run.

    Returns:
        The values, (runs,); the baseline, None where it is small and hidden; and notes.
    """
    year = year_of(run, selection)
    activity = activity_of(measure)
    rows = where(selection, activity)
    check_columns(run, activity, rows, year)
    answer = run.values(measure, (), rows, year)
    baseline = float(answer.baseline[0])
    rule = threshold(run, selection)
    if baseline < 0 or (rule is not None and is_small(np.array([baseline]), rule)[0]):
        return answer.values[0, 0], None, rule_note(rule)
    return answer.values[0, 0], baseline, ()


def _dots(values: np.ndarray, marks: dict[str, float | None], unit: str) -> Any:
    """Stack a dot for each run; bars where there are too many to tell apart."""
    import altair as alt

    x, low, high = _value_axis(values, marks, unit)
    centre, height, run = _stacked(values, low, high)
    top = int(height.max())
    y = alt.Y("height:Q", axis=None, scale=alt.Scale(domain=[0, 1.16 * top + 1], nice=False))
    places = dict.fromkeys(marks, 7.0) | {"Principal projection": 22}
    rules, texts, lines = _lines(marks, places, x, low, high)
    if len(values) > MOST_DOTS:
        middle, count = np.unique(centre, return_counts=True)
        runs = {"value": middle, "height": count}
        tooltip = tips(("value:Q", unit, ",.0f"), ("height:Q", "Runs", ",.0f"))
        bar = {"x": x, "y": y, "tooltip": tooltip}
        drawn = mark("bar", "runs", bar, "projection", width=alt.ExprRef(f"width / {_BINS + 4}"))
    else:
        runs = {"value": centre, "height": height, "run": run, "own": values[run - 1]}
        # A dot fits its place in the stack and, on a page of any width, its place in the row.
        most = min(10.0, 230 / (1.16 * top + 1))
        size = alt.ExprRef(f"pow(min({most:.1f}, width / {_BINS + 4}), 2)")
        tooltip = tips(("run:Q", "Run", ".0f"), ("own:Q", unit, ",.0f"))
        dot = {"x": x, "y": y, "tooltip": tooltip}
        drawn = mark("circle", "runs", dot, "projection", size=size, opacity=1)
    return picture([drawn, *rules, *texts], 240, runs=runs, lines=lines)


def _stacked(
    values: np.ndarray, low: float, high: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the place of every run: the middle of its bin, its height in it, and its number."""
    spread = float(values.max() - values.min())
    share = spread / (high - low) if high > low else 0.0
    bins = max(1, round(_BINS * share))
    width = spread / bins if spread else 1.0
    order = np.argsort(values, kind="stable")
    bin_of = np.minimum(((values[order] - values.min()) / width).astype(np.int64), bins - 1)
    first = np.searchsorted(bin_of, bin_of, side="left")
    height = np.arange(len(values)) - first + 1
    return values.min() + (bin_of + 0.5 * bool(spread)) * width, height, order + 1


def _curve(
    values: np.ndarray, marks: dict[str, float | None], what: str, unit: str, notes: tuple[str, ...]
) -> Shown:
    """Show the share of runs at or below each value, with guides at P10 and P90."""
    import altair as alt

    shares = np.arange(0, 101, 5)
    curve = quantiles(values, tuple(shares / 100))
    table = table_of(_CURVE, {"share": shares.tolist(), "value": curve.tolist()})
    x, low, high = _value_axis(values, marks, unit)
    own = (
        np.sort(values)
        if len(values) <= MOST_DOTS
        else quantiles(values, tuple(np.arange(513) / 512))
    )
    share = 100 * np.arange(1, len(own) + 1) / len(own)
    y = alt.Y(
        "share:Q",
        title="Share of the runs at or below, %",
        axis=number_axis(",.0f"),
        scale=alt.Scale(domain=[0, 100]),
    )
    tooltip = tips(("value:Q", unit, ",.0f"), ("share:Q", "Runs at or below, %", ".0f"))
    ends = {q: float(quantiles(values, (q,))[0]) for q in (0.1, 0.9)}
    guides = {
        "value": list(ends.values()),
        "start": [low, low],
        "share": [10, 90],
        "text": [f"P{100 * q:.0f}: {value:,.0f}" for q, value in ends.items()],
    }
    # Below the curve and right of it is always room, and at its foot above it.
    places = {"Principal projection": 0.72 * _CURVE_HEIGHT, "Baseline": 0.58 * _CURVE_HEIGHT}
    baseline = marks["Baseline"]
    if baseline is not None and baseline <= float(np.median(values)):
        places["Baseline"] = 9
    rules, texts, lines = _lines(marks, places, x, low, high)
    across = {"x": alt.X("start:Q", title=unit), "x2": alt.X2("value"), "y": y}
    ring: dict[str, Any] = {"filled": False, "size": 70, "strokeWidth": 2}
    layers = [
        mark("rule", "guides", across, "soft", strokeDash=[2, 3]),
        mark(
            "line", "curve", {"x": x, "y": y}, "projection", strokeWidth=2.5,
            interpolate="step-after",
        ),
        mark("point", "guides", {"x": x, "y": y, "tooltip": tooltip}, "projection", **ring),
        *rules,
        *texts,
        *haloed("guides", {"x": x, "y": y}, align="left", dx=8, dy=10, fontSize=11),
    ]  # fmt: skip
    drawn = picture(
        layers, _CURVE_HEIGHT, curve={"value": own, "share": share}, guides=guides, lines=lines
    )
    alt_text = f"{what}, the share of runs at or below: " + ", ".join(
        f"{share}% at {value:,.0f}" for share, value in zip(shares[2::4], curve[2::4], strict=True)
    )
    words = (
        "Read up from a value to the curve to see in which share of the runs activity stays at or "
        "below it. The rings mark P10 and P90; the solid line is the principal projection, the "
        "dashed line the baseline."
    )
    title = f"{what}: share of the runs at or below a value"
    return Shown("distribution", title, words, _CURVE, table, drawn, f"{alt_text}.", notes)


def _value_axis(
    values: np.ndarray, marks: dict[str, float | None], unit: str
) -> tuple[alt.X, float, float]:
    """Give the axis of values, wide enough for the runs and the marks, and its ends."""
    import altair as alt

    shown = [
        float(values.min()),
        float(values.max()),
        *(m for m in marks.values() if m is not None),
    ]
    pad = max(0.03 * (max(shown) - min(shown)), 0.5)
    low, high = (
        max(0.0, min(shown) - pad) if min(shown) >= 0 else min(shown) - pad,
        max(shown) + pad,
    )
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    return alt.X("value:Q", title=unit, axis=number_axis(grid=False), scale=scale), low, high


def _lines(
    marks: dict[str, float | None], places: dict[str, float], x: Any, low: float, high: float
) -> tuple[list[Any], list[Any], dict[str, list[Any]]]:
    """Draw the baseline dashed and the principal projection solid, each with its name.

    Args:
        marks: the values.
        places: how far from the top the name of each stands, in pixels.
        x: the axis of values.
        low, high: its ends.

    Returns:
        The lines, their names, and the data of both, to be called "lines".
    """
    import altair as alt

    looks = {"Baseline": ("baseline", [6, 4]), "Principal projection": ("strong", [1, 0])}
    shown = {name: value for name, value in marks.items() if value is not None}
    texts, rules = [], []
    for name, value in shown.items():
        style, dash = looks[name]
        side = -1 if (value - low) > 0.6 * (high - low) else 1
        mine = f"datum.name == '{name}'"
        rules.append(mark("rule", "lines", {"x": x}, style, mine, strokeWidth=2, strokeDash=dash))
        texts += haloed(
            "lines",
            {"x": x, "y": alt.YValue(places[name])},
            test=mine,
            align="left" if side > 0 else "right",
            dx=6 * side,
        )
    text = [f"{name} {value:,.0f}" for name, value in shown.items()]
    return rules, texts, {"value": list(shown.values()), "name": list(shown), "text": text}
