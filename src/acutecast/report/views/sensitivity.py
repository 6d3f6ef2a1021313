"""What the uncertainty of a measure is made of, from the stored draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.report.charts import financial_year
from acutecast.report.views.asked import activity_of, measure_of, where, year_of
from acutecast.report.views.assumptions import assumption_label
from acutecast.report.views.figures import check_columns
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, small, table_of
from acutecast.report.views.spread_charts import shares_chart, swings_chart
from acutecast.report.views.summary import COUNTED
from acutecast.results.sensitivity import FEWEST_RUNS

if TYPE_CHECKING:
    from acutecast.results.run import Run

_MOST_ROWS = 12
_LEAST_SHARE = 0.1
_REST = "not explained"
_REST_WORDS = "Acting together, and chance"


def sensitivity(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show how much of the variance each assumption explains, and which way it works."""
    measure, year = measure_of(run, selection), year_of(run, selection)
    what = f"{COUNTED[measure]} in {financial_year(year)}"
    columns = (
        Column("assumption", "Assumption"),
        Column("share", "Share of the uncertainty, %", "percent"),
        Column("error", "Standard error, %", "percent"),
        Column("at_low", "At its P10", "count"),
        Column("at_high", "At its P90", "count"),
        Column("direction", "Which way"),
    )
    title = f"What the uncertainty of {small(what)} is made of"
    if run.runs < FEWEST_RUNS:
        note = f"This takes at least {FEWEST_RUNS} runs; the run has {run.runs}."
        return (nothing("sensitivity", title, columns, note),)
    rows = _rows(run, selection, measure, year, what)
    if not rows:
        note = "The runs do not differ, so there is no uncertainty to explain."
        return (nothing("sensitivity", title, columns, note),)
    table = table_of(columns, {c.name: [row[c.name] for row in rows] for c in columns})
    named = [row for row in rows if row["key"] != _REST]
    drawn = [row for row in named if row["share"] >= _LEAST_SHARE][:_MOST_ROWS] or named[:3]
    drawn += [row for row in rows if row["key"] == _REST]
    most = drawn[0]
    told = "; ".join(f"{row['assumption']} {row['share']:.0f}%" for row in drawn[:5])
    words = (
        f"The bars say which share of the variance each assumption explains alone; the line is one "
        f"standard error each way. {_sentence(most, what)}"
    )
    notes = (
        "Shares come from the stored draws by regression, so small ones are noise and may fall "
        "below 0. Assumptions that were drawn together are one row. The assumption of a TPMA is "
        "the share that remains, so its P10 is the stronger change.",
    )
    first = Shown(
        "sensitivity", title, words, columns, table, shares_chart(drawn), f"{told}.", notes
    )
    moving = [row for row in drawn if row["direction"]]
    if not moving:
        return (first,)
    swing = tuple(c for c in columns if c.name in ("assumption", "at_low", "at_high", "direction"))
    second = Shown(
        "sensitivity",
        f"How {small(what)} moves with each assumption",
        "Each line leads from the mean activity where the assumption is at its P10 (hollow) to "
        "where it is at its P90 (filled), with the others as drawn.",
        swing,
        table_of(swing, {c.name: [row[c.name] for row in moving] for c in swing}),
        swings_chart(moving, f"{COUNTED[measure]} a year"),
        " ".join(_sentence(row, what) for row in moving[:4]),
    )
    return first, second


def _rows(
    run: Run, selection: Selection, measure: str, year: int, what: str
) -> list[dict[str, Any]]:
    """Give a row per assumption, the largest share first, what is not explained last."""
    from acutecast.insight.outputs import Output
    from acutecast.insight.sensitivity import sensitivity as shares_of

    activity = activity_of(measure)
    kept = where(selection, activity)
    check_columns(run, activity, kept, year)
    found = shares_of(run, Output(measure, kept, year))
    if not found.deviation:
        return []
    rows = []
    for row in found.table().iter_rows(named=True):
        name, low, high = row["assumption"], row["at_low"], row["at_high"]
        moves = low is not None and round(low) != round(high)
        rows.append(
            {
                "key": name,
                "assumption": _REST_WORDS if name == _REST else assumption_label(name),
                "share": 100 * row["share"],
                "error": 100 * row["standard_error"],
                "at_low": low,
                "at_high": high,
                "direction": ""
                if not moves
                else "Rises with it"
                if high > low
                else "Falls with it",
            }
        )
    return rows


def _sentence(row: dict[str, Any], what: str) -> str:
    """Say in words which way an assumption works."""
    name = f"“{row['assumption']}”"
    if not row["direction"]:
        return f"{name} explains most ({row['share']:.0f}%)."
    verb = row["direction"].split()[0].rstrip("s").lower()
    return (
        f"{what} {verb} with {name}: {row['at_low']:,.0f} at its P10, {row['at_high']:,.0f} at its "
        f"P90."
    )
