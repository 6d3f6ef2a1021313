"""The difference in space between scenarios."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acutecast.report.charts import financial_year
from acutecast.report.views.asked import kept
from acutecast.report.views.drawing import INTERVAL_WORDS
from acutecast.report.views.rows import parts_chart
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, nothing, signed, table_of
from acutecast.report.views.space import capacity_of, place_words

if TYPE_CHECKING:
    from acutecast.results.compare import Comparison

_MOST_ROWS = 24


def space(found: Comparison, selection: Selection) -> Shown | None:
    """Show the difference in the simulated need of every area; None where no two have capacity.

    Args:
        found: the runs; of those only the ones with capacity are compared.
        selection: its year and site are used, and its area where one is chosen.
    """
    from acutecast.insight.capacity_difference import compare_capacity

    runs = [(found.name, found.reference), *((p.name, p.run) for p in found.pairings)]
    having = [(name, capacity_of(run)) for name, run in runs]
    reference = having[0][1]
    others = [(name, capacity) for name, capacity in having[1:] if capacity is not None]
    if reference is None or not others:
        return None
    year = selection.year
    assert year is not None
    columns = (
        Column("other", "Scenario"),
        Column("label", "Area"),
        Column("unit", "Unit"),
        Column("mean_reference", found.name, "decimal"),
        Column("mean_other", "Compared scenario", "decimal"),
        Column("difference", "Difference", "decimal"),
        Column("p10", "P10", "decimal"),
        Column("p90", "P90", "decimal"),
        Column("more", "Runs with more, %", "percent"),
    )
    title = f"Difference in space from {found.name}, {financial_year(year)}"
    shared = set(reference.areas()["area"]).intersection(
        *(set(capacity.areas()["area"]) for _, capacity in others)
    )
    wanted = [selection.area] if selection.area in shared else sorted(shared)
    sites = [s for s in reference.sites if all(s in capacity.sites for _, capacity in others)]
    site = sites[0] if selection.site == "all" and sites else selection.site
    if site not in sites:
        note = "The scenarios do not both count this site apart."
        return nothing("comparison-space", title, columns, note)
    title += place_words(replace(selection, site=site))
    import polars as pl

    capacities = [reference, *(capacity for _, capacity in others)]
    called = [found.name, *(name for name, _ in others)]
    which = f"space {[c.run.path for c in capacities]} {called} {year} {wanted}"
    table = kept(
        found.reference,
        which,
        lambda: compare_capacity(
            capacities, names=called, areas=wanted, years=[year], figures=("simulated",)
        ),
    )
    table = table.filter(pl.col("site") == site).with_columns(
        (100 * pl.col("probability_more")).alias("more")
    )
    names = [name for name, _ in others]
    place = pl.col("other").replace_strict(names, list(range(len(names))), return_dtype=pl.Int32)
    table = table.sort(place, pl.col("unit"), maintain_order=True)
    rows = table.iter_rows(named=True)
    moved = [
        row for row in rows if max(map(abs, (row["difference"], row["p10"], row["p90"]))) > 0.05
    ]
    drawn = sorted(moved, key=lambda row: -abs(row["difference"]))[:_MOST_ROWS]
    notes = ()
    if len(others) < len(found.pairings):
        notes = ("Scenarios without capacity are left out.",)
    words = (
        "Bars are the mean difference in the simulated need, in the unit of the area; whiskers "
        f"hold {INTERVAL_WORDS.replace('runs', 'differences')}."
    )
    told = "; ".join(_told(row) for row in drawn[:6]) or "No area differs"
    chart = _chart(drawn, names) if drawn else None
    return Shown(
        "comparison-space",
        title,
        words,
        columns,
        table_of(columns, table),
        chart,
        f"{told}.",
        notes,
    )


def _told(row: dict[str, Any]) -> str:
    return f"{row['other']}, {row['label']}: {signed(row['difference'], ',.1f')} {row['unit']}"


def _chart(rows: list[dict[str, Any]], names: list[str]) -> Any:
    """Draw a bar for each area, under its unit and, of several scenarios, its scenario."""
    headed = [
        {
            **row,
            "change": row["difference"],
            "head": f"{row['other']}: {row['unit']}"
            if len(names) > 1
            else row["unit"].capitalize(),
        }
        for row in rows
    ]
    headed.sort(key=lambda row: (names.index(row["other"]), row["unit"], -abs(row["change"])))
    return parts_chart(headed, "head", "label", "Difference in space", ".1f")
