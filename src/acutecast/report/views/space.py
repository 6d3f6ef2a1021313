"""Capacity of a run: what every area needs, how often it runs short, its week and its years."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acutecast.report.capacity_look import present_areas
from acutecast.report.charts import financial_year
from acutecast.report.views.asked import kept, listed, year_of
from acutecast.report.views.drawing import INTERVAL_WORDS
from acutecast.report.views.fitting import check_area
from acutecast.report.views.rows import against_chart, beyond_ratios
from acutecast.report.views.selection import Selection
from acutecast.report.views.shown import Column, Shown, as_text, table_of

if TYPE_CHECKING:
    import polars

    from acutecast.capacity.stored import Capacity
    from acutecast.results.run import Run

_METHODS = {"hourly": "hour by hour", "sessions": "booked"}


def capacity_of(run: Run) -> Capacity | None:
    """Give the capacity stored with a run; None where it has none yet."""
    from acutecast.capacity import open_capacity

    # What is missing may be worked out while the run is open, so only what is there is kept.
    found = kept(run, "capacity", lambda: None) or open_capacity(run)
    vars(run)["_seen_by_views"]["capacity"] = found
    return found


def at_a_site(capacity: Capacity, selection: Selection) -> tuple[Selection, tuple[str, ...]]:
    """Choose the first site where sites are counted apart and none is chosen, and say so."""
    if selection.site != "all" or "all" in capacity.sites:
        return selection, ()
    site, *others = capacity.sites
    more = f"; there is {listed(others)} too" if others else ""
    return replace(selection, site=site), (f"Sites are counted apart: this is {site}{more}.",)


def opened(run: Run, selection: Selection) -> Capacity:
    """Give the capacity of a run that has it, with an area and site that exist.

    Raises:
        AcutecastError: where the run has no such area or site.
    """
    capacity = _must(run)
    check_area(capacity.areas()["area"].to_list(), capacity.sites, selection)
    return capacity


def areas_of(run: Run, site: str) -> polars.DataFrame:
    """Give the areas that a site uses, those of one unit together."""
    return kept(
        run,
        f"areas of {site}",
        lambda: present_areas(_must(run), site, needs_of(run, run.horizon)),
    )


def needs_of(run: Run, year: int | None) -> polars.DataFrame:
    """Give what every area needs in a year, in all years where None."""
    years = "all" if year is None else [year]
    return kept(run, f"needs of {year}", lambda: _must(run).needs(years=years))


def _must(run: Run) -> Capacity:
    found = capacity_of(run)
    assert found is not None  # `show` asks for it first.
    return found


def place_words(selection: Selection) -> str:
    """Give the site where sites are counted apart: ", site RXX01"."""
    return "" if selection.site == "all" else f", site {selection.site}"


def capacity(run: Run, selection: Selection) -> tuple[Shown, ...]:
    """Show what every area needs: by the preset and simulated, with the occupancy that results."""
    import polars as pl

    from acutecast.capacity.explain import percent

    found = opened(run, selection)
    year = year_of(run, selection)
    first, last = financial_year(run.baseline_year), financial_year(year)
    columns = (
        Column("label", "Area"),
        Column("unit", "Unit"),
        Column("method", "Counted"),
        Column("baseline", f"Simulated {first}", "decimal"),
        Column("preset", f"Preset {last}", "decimal"),
        Column("principal", f"Simulated {last}", "decimal"),
        Column("p10", "P10", "decimal"),
        Column("median", "Median", "decimal"),
        Column("p90", "P90", "decimal"),
        Column("worst_week", "Worst week", "decimal"),
        Column("occupancy", "Occupancy, %", "percent"),
    )
    needs = needs_of(run, year).filter(pl.col("site") == selection.site)
    figures = {(row["area"], row["figure"]): row for row in needs.iter_rows(named=True)}
    rows = [
        _area_row(area, figures)
        for area in areas_of(run, selection.site).iter_rows(named=True)
        if (area["area"], "simulated") in figures
    ]
    title = f"Space that every area needs in {last}{place_words(selection)}"
    words = (
        f"Simulated: demand exceeds it in at most {percent(found.risk)} of the open hours; booked "
        "work by minutes and session calendar. Preset: by a fixed target occupancy. Dots are the "
        f"simulated need as a multiple of the preset (the upright line); bars hold "
        f"{INTERVAL_WORDS}. Sums of the areas are not given: their peaks fall at different times."
    )
    told = "; ".join(
        f"{row['label']}: {as_text(row['principal'], 'decimal')} {row['unit']}"
        for row in sorted(rows, key=lambda row: -row["principal"])[:6]
    )
    table = table_of(columns, {c.name: [row[c.name] for row in rows] for c in columns})
    chart = against_chart(rows)
    alt = f"Simulated need of {len(rows)} areas against the preset. The largest: {told}."
    beyond = beyond_ratios(rows)
    notes = ()
    if beyond:
        notes = (
            f"{beyond} of the areas need more than 8 times or less than a quarter of their preset "
            "and are drawn at the edge; the figures beside them are theirs.",
        )
    return (Shown("capacity", title, words, columns, table, chart, alt, notes),)


def _area_row(
    area: dict[str, Any], figures: dict[tuple[str, str], dict[str, Any]]
) -> dict[str, Any]:
    def mean(figure: str) -> float | None:
        return figures.get((area["area"], figure), {}).get("mean")

    need = figures[area["area"], "simulated"]
    hourly = area["method"] == "hourly"
    occupancy = mean("occupancy") if hourly else None
    return {
        "label": area["label"],
        "unit": area["unit"],
        "method": _METHODS[area["method"]],
        "baseline": need["baseline"],
        "preset": mean("preset"),
        "principal": need["mean"],
        "p10": need["p10"],
        "median": need["median"],
        "p90": need["p90"],
        "worst_week": mean("worst_week") if hourly else None,
        "occupancy": None if occupancy is None else 100 * occupancy,
    }
