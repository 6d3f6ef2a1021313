"""Runs beside each other: what differs, by how much, how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acutecast import facts
from acutecast.errors import AcutecastError, Problem
from acutecast.report.charts import financial_year
from acutecast.report.views.asked import known, where
from acutecast.report.views.assumptions import assumption_label
from acutecast.report.views.compare_charts import difference_chart, scenarios_chart
from acutecast.report.views.compare_paths import curves, trajectories
from acutecast.report.views.compare_space import space
from acutecast.report.views.drawing import INTERVAL_WORDS
from acutecast.report.views.figures import FIGURES, change_words, figures, hidden_notes
from acutecast.report.views.fitting import check_selection, selected_words
from acutecast.report.views.look import quickly
from acutecast.report.views.own import own_selection
from acutecast.report.views.rows import signed_text
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, table_of
from acutecast.report.views.summary import COUNTED, measures_asked

if TYPE_CHECKING:
    from acutecast.results.compare import Comparison
    from acutecast.results.run import Run

_DIFFERENCE = (
    Column("difference", "Difference", "count"),
    Column("p10", "P10", "count"),
    Column("p90", "P90", "count"),
    Column("difference_pct", "Difference, %", "percent"),
    Column("more", "Runs with more, %", "percent"),
)
_MOST_ROWS = 40


def comparison(
    runs: Sequence[Run],
    names: Sequence[str] | None = None,
    selection: Selection = Selection(),  # noqa: B008  # frozen
) -> tuple[Shown, ...]:
    """Compare stored runs with the first of them.

    Args:
        runs: two or more opened runs.
        names: a name for each; those of the scenarios, numbered where equal, if None.
        selection: what is looked at. Filters apply to every run; without a year, the last that all
            share is compared.

    Returns:
        The differences, paired run by run where draws are shared; the scenarios side by side; what
        differs in their assumptions; their paths; their S-curves; and the difference in space where
        they have capacity.

    Raises:
        AcutecastError: for fewer than two runs, names that do not tell them apart, values that none
            has, and runs without a year in common.
    """
    from acutecast.results.compare import compare

    found = compare(runs, names=names)
    check_selection(runs, selection)
    shared = sorted(set(runs[0].years).intersection(*(run.years for run in runs[1:])))
    year = selection.year if selection.year is not None else max(shared, default=None)
    if year is None or year not in shared:
        raise AcutecastError(
            Problem(
                "the runs do not share this year" if shared else "the runs share no year",
                where="year",
                example=financial_year(selection.year) if selection.year is not None else "",
                remedy=f"They share {', '.join(map(financial_year, shared))}."
                if shared
                else "Compare runs of the same horizon.",
            ),
            "The runs cannot be compared",
        )
    selection = replace(selection, year=year)
    named = tuple(zip((found.name, *(p.name for p in found.pairings)), runs, strict=True))
    with quickly():
        seen = [
            differences(found, selection),
            scenarios(named, selection),
            inputs(found),
            trajectories(named, selection),
            curves(named, selection),
            space(found, selection),
        ]
    kept = selected_words(selection, tuple(known(runs[0])))
    return tuple(_with_notes(each, kept) for each in seen if each is not None)


def _with_notes(seen: Shown, kept: tuple[str, ...]) -> Shown:
    """Say which part of the activity is compared, where it is a part; inputs have none."""
    if not kept or seen.key == "comparison-inputs":
        return seen
    if seen.key == "comparison-space":
        kept = ("Space is that of all activity: filters by activity do not apply to it.",)
    return replace(seen, notes=(*kept, *seen.notes))


def differences(found: Comparison, selection: Selection) -> Shown:
    """Show the difference of each other run from the reference, in all and by pod."""
    import polars as pl

    year = selection.year
    assert year is not None
    columns = (
        Column("other", "Scenario"),
        Column("counted", "What is counted"),
        Column("pod", "Point of delivery"),
        Column("reference", found.name, "count"),
        Column("principal", "Compared scenario", "count"),
        *_DIFFERENCE,
    )
    title = f"Difference from {found.name} in {financial_year(year)}"
    labels = facts.pod_labels()
    tables = []
    for activity, measures in measures_asked(found.reference, selection).items():
        rows = where(selection, activity)
        parts = found.table(("measure", "pod"), measures, rows, year)
        alone = parts.group_by("other", "measure").len().filter(pl.col("len") == 1)
        totals = found.table(("measure",), measures, rows, year).with_columns(
            pl.lit("").alias("pod")
        )
        # A point of delivery that is all there is says the same as the total.
        totals = totals.join(alone, on=["other", "measure"], how="anti", maintain_order="left")
        tables += [totals, parts.select(totals.columns)]
    if not tables:
        return nothing("comparison-differences", title, columns, "No activity fits this selection.")
    table = pl.concat(tables, how="vertical_relaxed")
    table = table.filter((pl.col("mean_reference") > 0) | (pl.col("mean_other") > 0))
    if table.is_empty():
        return nothing("comparison-differences", title, columns, "No activity fits this selection.")
    rows = [
        {
            "other": row["other"],
            "measure": row["measure"],
            "counted": COUNTED[row["measure"]],
            "pod": labels.get(row["pod"], row["pod"]) if row["pod"] else "All of these",
            "total": not row["pod"],
            "reference": row["mean_reference"],
            "principal": row["mean_other"],
            "more": 100 * row["probability_more"],
        }
        | {name: row[name] for name in ("difference", "p10", "p90", "difference_pct", "paired")}
        for row in table.iter_rows(named=True)
    ]
    others, order = [p.name for p in found.pairings], list(COUNTED)
    rows.sort(key=lambda row: (others.index(row["other"]), order.index(row["measure"])))
    return _differences_shown(found, title, columns, rows, others)


def _differences_shown(
    found: Comparison,
    title: str,
    columns: tuple[Column, ...],
    rows: list[dict[str, Any]],
    others: list[str],
) -> Shown:
    drawn = [
        row
        for row in rows
        if row["difference_pct"] is not None
        and (row["total"] or row["difference"] or row["p10"] or row["p90"])
    ]
    if len(others) > 1 or len(drawn) > _MOST_ROWS:
        pods = {row["pod"] for row in drawn}
        drawn = [row for row in drawn if row["total"] or len(pods) == 1]
    words = (
        f"Dots are the mean difference from {found.name} in percent, bars hold "
        f"{INTERVAL_WORDS.replace('runs', 'differences')}. “Runs with more” is the share of runs "
        "in which a scenario has more activity, ties counted half."
    )
    told = "; ".join(
        f"{row['other']}, {row['counted']}: "
        f"{signed_text(row['difference'], row['p10'], row['p90'])}, more in {row['more']:.0f}%"
        for row in rows
        if row["total"]
    )
    return Shown(
        "comparison-differences",
        title,
        words,
        columns,
        table_of(columns, {c.name: [row[c.name] for row in rows] for c in columns}),
        difference_chart(drawn, [found.name, *others]) if drawn else None,
        f"{told}.",
        tuple(found.notes()),
    )


def scenarios(named: Sequence[tuple[str, Run]], selection: Selection) -> Shown:
    """Show the main measures of the scenarios side by side, each against its own baseline."""
    import polars as pl

    columns = (
        Column("counted", "What is counted"),
        Column("scenario", "Scenario"),
        Column("baseline", "Baseline", "count"),
        Column("principal", "Principal projection", "count"),
        Column("p10", "P10", "count"),
        Column("median", "Median", "count"),
        Column("p90", "P90", "count"),
        Column("change", "Change", "count"),
        Column("change_pct", "Change, %", "percent"),
    )
    year = selection.year
    assert year is not None
    title = f"The scenarios side by side, {financial_year(year)}"
    rows, notes = [], ()
    for name, run in named:
        for activity, measures in measures_asked(run, selection).items():
            table = _known_figures(run, selection, activity, measures)
            if table is None:
                continue
            notes = notes or hidden_notes(run, selection, table)
            table = table.filter(pl.col("measure").is_in(list(COUNTED)))
            rows += [
                {"scenario": name, "measure": row["measure"], "counted": COUNTED[row["measure"]]}
                | {figure: row[figure] for figure in FIGURES}
                for row in table.iter_rows(named=True)
            ]
    if not rows:
        note = "No activity fits this selection."
        return nothing("comparison-scenarios", title, columns, note)
    order, place = list(COUNTED), [name for name, _ in named]
    rows.sort(key=lambda row: (order.index(row["measure"]), place.index(row["scenario"])))
    drawn = [row for row in rows if row["baseline"]]
    words = (
        "Marks are the principal projection as a change from the scenario's own baseline, bars "
        f"hold {INTERVAL_WORDS}. Each scenario has one colour and one shape, in the order chosen."
    )
    told = "; ".join(
        f"{row['scenario']}, {row['counted']}: {change_words(row, year)}" for row in rows[:8]
    )
    return Shown(
        "comparison-scenarios",
        title,
        words,
        columns,
        table_of(columns, {c.name: [row[c.name] for row in rows] for c in columns}),
        scenarios_chart(drawn, place) if drawn else None,
        f"{told}.",
        notes,
    )


def _known_figures(run: Run, selection: Selection, activity: str, measures: Sequence[str]) -> Any:
    """Give the figures of a run; None where it has none of what is selected."""
    mine = own_selection(run, selection, activity)
    if mine is None:
        return None
    return figures(run, mine, activity, measures, ("measure",))


def inputs(found: Comparison) -> Shown:
    """Show what differs in the assumptions, in words."""
    columns = (
        Column("other", "Scenario"),
        Column("what", "Assumption or setting"),
        Column("reference", found.name),
        Column("value", "Compared scenario"),
        Column("path", "In the scenario file"),
    )
    rows = [
        {
            "other": row["run"],
            "what": assumption_label(row["what"]),
            "reference": row["reference"],
            "value": row["other"],
            "path": row["what"],
        }
        for row in found.differences
        if row["what"] != "name"
    ]
    title = f"What differs from {found.name}"
    if not rows:
        note = "The scenarios have the same assumptions and settings."
        return nothing("comparison-inputs", title, columns, note)
    words = "Every assumption and setting that differs; all others are the same."
    told = "; ".join(f"{row['what']}: {row['reference']} → {row['value']}" for row in rows[:6])
    table = table_of(columns, {c.name: [row[c.name] for row in rows] for c in columns})
    return Shown("comparison-inputs", title, words, columns, table, None, f"{told}.")
