"""The chapters of results: every view of the run, with its words, chart and figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from acutecast.report.charts import financial_year
from acutecast.report.documents.blocks import (
    Block,
    Chapter,
    Head,
    Words,
    blocks_of,
    table_of_shown,
)
from acutecast.report.documents.subject import Subject
from acutecast.report.views import show, view
from acutecast.report.views.asked import known
from acutecast.report.views.shown import Shown
from acutecast.report.views.summary import COUNTED
from acutecast.results.sensitivity import FEWEST_RUNS

MEASURES = ("beddays", "admissions", "attendances", "tele_attendances", "arrivals")
"""Measures whose trajectory a report shows."""
MAIN = ("beddays", "attendances", "arrivals")
"""The main measure of each activity type."""
_NEEDS = ("label", "unit", "baseline", "preset", "principal", "p10", "p90", "occupancy")
MOST_AREAS = 3
"""Areas with most beds of which a report shows the shortage curve."""


def shown(subject: Subject, key: str, **chosen: object) -> tuple[Shown, ...]:
    """Show a view of the part of the run that the report is about.

    Args:
        subject: what the report is about.
        key: the view.
        chosen: more fields of the selection.
    """
    # A view of every year has the chosen one too, and need not say that it does not choose.
    year = subject.selection.year if "year" in view(key).filters else None
    return show(subject.run, key, replace(subject.selection, year=year, **chosen))


def measures(subject: Subject, wanted: Sequence[str]) -> list[str]:
    """Give the wanted measures that the run has, in the order of `COUNTED`."""
    have = {measure for activity in known(subject.run).values() for measure in activity.measures}
    return [measure for measure in wanted if measure in have]


def _each(subject: Subject, key: str, wanted: Sequence[str], *, table: bool = False) -> list[Block]:
    """Show a view of several measures, each under its name; words of the view are said once."""
    blocks: list[Block] = []
    said: set[str] = set()
    for measure in measures(subject, wanted):
        blocks.append(Head(COUNTED[measure]))
        for each in shown(subject, key, measure=measure):
            blocks += blocks_of(each, table=table, words=each.words not in said)
            said.add(each.words)
    return blocks


def activity(subject: Subject) -> Chapter:
    """Show the summary by point of delivery and by site, and every year."""
    by_pod, by_site = shown(subject, "summary")
    return Chapter(
        "Activity",
        (
            Head("By point of delivery"),
            *blocks_of(by_pod),
            Head("By site"),
            *blocks_of(by_site, words=False),
        ),
    )


def trajectories(subject: Subject) -> Chapter:
    """Show every year of the main measures."""
    return Chapter("Year by year", tuple(_each(subject, "trajectory", MEASURES)))


def uncertainty(subject: Subject) -> Chapter:
    """Show every run of the main measures."""
    return Chapter("How uncertain it is", tuple(_each(subject, "distribution", MAIN)))


def impact(subject: Subject) -> Chapter:
    """Show what the change is made of."""
    blocks = _each(subject, "impact", ("beddays", "admissions", "attendances", "arrivals"))
    (every,) = shown(subject, "tpmas")
    return Chapter("What drives the change", (*blocks, Head("Every TPMA"), *blocks_of(every)))


def people(subject: Subject) -> Chapter:
    """Show length of stay, age and sex, specialty, acuity."""
    blocks: list[Block] = []
    said: set[str] = set()
    for head, key, measure in (
        ("Length of stay", "stays", "beddays"),
        ("Age and sex", "pyramid", "beddays"),
        ("Inpatients by specialty", "specialty", "beddays"),
        ("Outpatients by specialty", "specialty", "attendances"),
        ("Acuity and attendance category", "acuity", "arrivals"),
    ):
        if not measures(subject, [measure]):
            continue
        blocks.append(Head(head))
        chosen = {} if key == "stays" else {"measure": measure}
        # A table that stands aside is named before the pictures, or its line may begin a page.
        for each in sorted(shown(subject, key, **chosen), key=lambda s: s.chart is not None):
            blocks += blocks_of(each, words=each.words not in said)
            said.add(each.words)
    return Chapter("People and stays", tuple(blocks))


def capacity(subject: Subject) -> Chapter | None:
    """Show the space needed, how often it runs short, and every year; of each site counted."""
    found = subject.capacity
    if found is None:
        return None
    chosen = {site for sites in subject.chosen_sites.values() for site in sites}
    sites = [site for site in found.sites if site in chosen] or found.sites
    if subject.selection.site in found.sites:
        sites = [subject.selection.site]
    blocks: list[Block] = []
    for site in sites:
        place = "" if site == "all" else f", site {site}"
        (needs,) = shown(subject, "capacity", site=site)
        blocks += [Head(f"Space needed{place}"), Words(needs.words)]
        blocks.append(table_of_shown(needs, _NEEDS))
        blocks += blocks_of(needs, words=False)
        blocks += _areas(subject, site, place)
    return Chapter("Capacity", tuple(blocks))


def _areas(subject: Subject, site: str, place: str) -> list[Block]:
    """Show the areas with most beds: how often they run short, and every year."""
    found = subject.capacity
    assert found is not None
    words: dict[str, None] = {}
    blocks: list[Block] = []
    for area, label in _largest(subject, site):
        told = found.explain(area, site)
        when = "" if subject.year == found.horizon else f"In {financial_year(found.horizon)}: "
        blocks += [Head(f"{label}{place}", 3), Words(f"{when}{told}")]
        for key in ("shortage", "beds"):
            each = shown(subject, key, area=area, site=site)[0]
            each = replace(each, notes=tuple(note for note in each.notes if note != told))
            blocks += blocks_of(each, words=False)
            words[each.words] = None
    if not blocks:
        return []
    return [Head(f"The areas with most beds{place}"), *map(Words, filter(None, words)), *blocks]


def _largest(subject: Subject, site: str) -> list[tuple[str, str]]:
    """Give key and label of the areas with most beds at a site."""
    import polars as pl

    found = subject.capacity
    assert found is not None
    hourly = found.areas().filter(pl.col("method") == "hourly", pl.col("unit") == "beds")
    needs = found.needs(years=[subject.year])
    needs = needs.filter(pl.col("figure") == "simulated", pl.col("site") == site)
    both = needs.join(hourly.select("area"), on="area").sort("mean", descending=True)
    return list(both.head(MOST_AREAS).select("area", "label").iter_rows())


def comparison(subject: Subject) -> Chapter | None:
    """Show the differences from the runs that this one is compared with."""
    if not subject.others:
        return None
    from acutecast.report.views import comparison

    blocks: list[Block] = []
    runs = [subject.run, *subject.others]
    for each in comparison(runs, list(subject.names), subject.selection):
        blocks.append(Head(_COMPARED.get(each.key, each.title)))
        if each.key == "comparison-inputs" and not each.table.is_empty():
            # The path in the scenario file is for machines.
            columns = [column.name for column in each.columns if column.name != "path"]
            blocks += [Words(each.words), replace(table_of_shown(each, columns), whole=True)]
        else:
            blocks += blocks_of(each)
    return Chapter(f"Compared with {', '.join(subject.names[1:])}", tuple(blocks))


def sensitivity(subject: Subject) -> Chapter:
    """Show what the uncertainty comes from."""
    title = "Where the uncertainty comes from"
    if subject.run.runs < FEWEST_RUNS:
        few = f"This takes at least {FEWEST_RUNS} model runs; there are {subject.run.runs}."
        return Chapter(title, (Words(few),))
    return Chapter(title, tuple(_each(subject, "sensitivity", MAIN)))


_COMPARED = {
    "comparison-differences": "How much they differ",
    "comparison-scenarios": "Side by side",
    "comparison-inputs": "What is assumed differently",
    "comparison-trajectory": "Year by year",
    "comparison-curve": "All runs",
    "comparison-space": "Space",
}
"""Headings of what is compared; the captions say it in full."""

CHAPTERS: tuple[Callable[[Subject], Chapter | None], ...] = (
    activity, trajectories, uncertainty, impact, people, capacity, comparison, sensitivity,
)  # fmt: skip
"""The chapters of results, in order."""
