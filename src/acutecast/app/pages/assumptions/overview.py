"""Overview: everything that is assumed, in words, with reasons, and what is missing."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.names import (
    HEADINGS,
    area_label,
    capacity_label,
    variant_label,
)
from acutecast.app.pages.assumptions.sections import BY_KEY
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.visit import Visit
from acutecast.app.widgets import problems
from acutecast.errors import AcutecastError, Problem
from acutecast.scenario.model import SECTIONS

_SECTION_OF = {
    "baseline_adjustment": "baseline",
    "non_demographic_growth": "growth",
    "expat": "expat",
    "repat_local": "repat_local",
    "repat_nonlocal": "repat_nonlocal",
    "waiting_list": "waiting",
    "activity_avoidance": "tpmas",
    "efficiencies": "tpmas",
}
_SHAPES = {
    "normal": "80% interval",
    "point": "certain",
    "truncated normal": "80% interval, cut off",
}
_MANY = 40


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the lists."""
    parts = [_part(visit, snapshot, field) for field in (*_SECTION_OF, "capacity")]
    return ui.TagList(
        _problems(snapshot, ground),
        _without_reason(visit, snapshot),
        _general(visit, snapshot),
        _own_population(visit, snapshot),
        *(part for part in parts if part is not None),
    )


def _problems(snapshot: Snapshot, ground: Ground) -> Any:
    found = problems_of(snapshot, ground)
    if not found:
        return ui.tags.p("No problems: this scenario can be run.", class_="ac-soft")
    return problems(AcutecastError(found, "Before it can be run"))


def problems_of(snapshot: Snapshot, ground: Ground) -> list[Problem]:
    """Find what keeps the scenario from being run on its data."""
    from acutecast.demand.people import last_year
    from acutecast.scenario import resolve

    data = ground.provider
    if data is None:
        return list(ground.error.problems) if ground.error else []
    try:
        resolve(snapshot.scenario, data.dataset, data.year, last_year(data.tables, data.year))
    except AcutecastError as error:
        return list(error.problems)
    from acutecast.insight.tpma_volumes import volumes

    chosen = frozenset(
        name
        for name in snapshot.described
        if name.startswith(("activity_avoidance.", "efficiencies."))
    )
    rows = volumes(data, chosen).filter(_empty_of(chosen))
    return [
        Problem(
            "no activity of the data has this TPMA",
            snapshot.described[path]["label"],
            remedy="Clear it; a run stops at it unless it is told to go on.",
        )
        for path in rows["path"]
    ]


def _empty_of(chosen: frozenset[str]) -> Any:
    import polars as pl

    return pl.col("path").is_in(list(chosen)) & (pl.col("cases") == 0)


def _stated(snapshot: Snapshot, field: str) -> list[tuple[Path, dict[str, str]]]:
    """Give path and words of what a part of the scenario states."""
    if snapshot.at((field,)) is None or isinstance(snapshot.at((field,)), str):
        return []
    section = next(section.path for section in SECTIONS if section.field == field)
    return [
        ((field, *_keys(name.removeprefix(f"{section}."))), row)
        for name, row in snapshot.described.items()
        if name.startswith(f"{section}.")
    ]


def _keys(rest: str) -> Path:
    return tuple(rest.split("."))


def _link(visit: Visit, path: Path) -> str:
    section = _SECTION_OF.get(path[0], path[0])
    if section == "tpmas":
        return visit.link("assumptions", section=section, tpma=path[-1])
    return visit.link("assumptions", section=section, row=fields.row_key(path))


def _part(visit: Visit, snapshot: Snapshot, field: str) -> Any:
    if field == "capacity":
        return _capacity(visit, snapshot)
    rows = _stated(snapshot, field)
    if not rows:
        return None
    of_section = _section_reason(snapshot, field)
    made = [
        ui.tags.tr(
            ui.tags.th(ui.tags.a(row["label"], href=_link(visit, path)), scope="row"),
            ui.tags.td(row["change"], ui.tags.span(row["remaining"], class_="ac-remaining")),
            ui.tags.td(_how(row)),
            ui.tags.td(row["reason"] or ui.tags.span(of_section or "none", class_="ac-soft")),
        )
        for path, row in rows
    ]
    return _table(HEADINGS[field], made)


def _section_reason(snapshot: Snapshot, field: str) -> str:
    reason = snapshot.at(("reasons", field))
    return reason if isinstance(reason, str) else ""


def _own_population(visit: Visit, snapshot: Snapshot) -> Any:
    """List what projections of one's own state."""
    rows = []
    for name, row in snapshot.described.items():
        if not name.startswith("population."):
            continue
        used = name.split(".")[1] in snapshot.scenario.population.variants
        link = ui.tags.a(row["label"], href=visit.link("assumptions", section="population"))
        rows.append(
            ui.tags.tr(
                ui.tags.th(link, scope="row"),
                ui.tags.td(row["change"], None if used else " (no run uses it)"),
                ui.tags.td(_how(row)),
                ui.tags.td(row["reason"] or _section_reason(snapshot, "population") or "none"),
            )
        )
    return _table("Projections of your own", rows) if rows else None


def _how(row: dict[str, str]) -> str:
    return f"{_SHAPES.get(row['distribution'], row['distribution'])}, {row['profile']}"


def _table(title: str, rows: list[Any]) -> Any:
    heads = ("What", "Change by the horizon", "How", "Reason")
    table = ui.tags.div(
        ui.tags.table(
            ui.tags.caption(f"{title}: {len(rows)}"),
            ui.tags.thead(ui.tags.tr(*(ui.tags.th(head, scope="col") for head in heads))),
            ui.tags.tbody(*rows),
        ),
        class_="ac-scroll",
        tabindex="0",
        role="region",
        aria_label=title,
    )
    if len(rows) <= _MANY:
        return ui.tags.section(table, class_="ac-card")
    return ui.tags.details(
        ui.tags.summary(f"{title}: {len(rows)}"), table, class_="ac-card", open=""
    )


def _capacity(visit: Visit, snapshot: Snapshot) -> Any:
    from acutecast.app.pages.assumptions.entries import entry

    rows = []
    for area, names in (snapshot.at(("capacity",)) or {}).items():
        for name in names:
            found = entry(("capacity", area, name))
            reason = ""
            if found.phrase is not None:
                reason = found.read(snapshot)["reason"]
            label = f"{area_label(area)}, {capacity_label(name).lower()}"
            rows.append(
                ui.tags.tr(
                    ui.tags.th(
                        ui.tags.a(label, href=visit.link("assumptions", section="capacity")),
                        scope="row",
                    ),
                    ui.tags.td(found.words(snapshot)),
                    ui.tags.td("in every year"),
                    ui.tags.td(reason or _section_reason(snapshot, "capacity") or "none"),
                )
            )
    return _table(HEADINGS["capacity"], rows) if rows else None


def _general(visit: Visit, snapshot: Snapshot) -> Any:
    """Say what is no list of values: population, health, growth, inequalities, settings."""
    scenario = snapshot.scenario
    weights = scenario.population.variants
    whole = sum(weights.values())
    mixed = ", ".join(
        f"{variant_label(name)} ({100 * weight / whole:.0f}%)"
        for name, weight in weights.items()
        if weight > 0
    )
    growth = scenario.non_demographic_growth
    unequal = {
        name.replace("_", " "): hrgs for name, hrgs in scenario.inequalities.model_dump().items()
    }
    chosen = "; ".join(f"{name}: {', '.join(hrgs)}" for name, hrgs in unequal.items() if hrgs)
    horizon, n = scenario.horizon_year, len(scenario.correlations)
    facts = (
        ("population", mixed, "population"),
        ("health", "people become healthier as they live longer" if scenario.health_status
         else "people of an age stay as healthy as they are", "health_status"),
        ("growth", f"published, {growth}" if isinstance(growth, str) else "values of its own",
         "non_demographic_growth"),
        ("inequalities", chosen or "no change", "inequalities"),
        ("settings", f"{'to ' + str(horizon) if horizon else '20 years on'}, {scenario.runs} runs, "
         f"{n} group{'' if n == 1 else 's'} that move{'s' if n == 1 else ''} together", ""),
    )  # fmt: skip
    made = []
    for key, words, reason in facts:
        why = _section_reason(snapshot, reason) if reason else ""
        made += [
            ui.tags.dt(ui.tags.a(BY_KEY[key].title, href=visit.link("assumptions", section=key))),
            ui.tags.dd(words, f" – {why}" if why else None),
        ]
    return ui.tags.section(ui.tags.dl(*made, class_="ac-facts"), class_="ac-card")


def _without_reason(visit: Visit, snapshot: Snapshot) -> Any:
    """Name what has no reason."""
    missing = [
        (path, row["label"])
        for field in _SECTION_OF
        for path, row in _stated(snapshot, field)
        if not row["reason"] and not _section_reason(snapshot, field)
    ]
    if not missing:
        return None
    n = len(missing)
    return ui.tags.details(
        ui.tags.summary(f"{n} {'has' if n == 1 else 'have'} no reason yet"),
        ui.tags.ul(
            *(ui.tags.li(ui.tags.a(label, href=_link(visit, path))) for path, label in missing)
        ),
        class_="ac-notice ac-warning",
    )
