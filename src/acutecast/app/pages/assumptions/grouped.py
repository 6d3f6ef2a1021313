"""Assumptions by group and specialty: baseline adjustment, expatriation, repatriation, waiting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields
from acutecast.app.pages.assumptions.entries import Entry, entry
from acutecast.app.pages.assumptions.full_form import full_form
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.names import ACTIVITIES, GROUPS, specialties
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.visit import Visit

_COUNTED = {"ip": "Spells", "op": "Attendances", "aae": "Arrivals"}
_INPATIENTS = ("elective", "non-elective", "maternity")
_OUTPATIENTS = ("first", "followup", "procedure")
_ARRIVALS = ("ambulance", "walk-in")
_HEADS = {
    "expat": "Moves away, at least – at most",
    "repat_local": "More, at least – at most",
    "repat_nonlocal": "More, at least – at most",
    "waiting_list": "Change, from – to",
    "non_demographic_growth": "Change a year, from – to",
}
_FACTORS = {"expat": "Stays here"}
_HELP = {
    "expat": "5% to 10% moves away means that 0.90 to 0.95 stays. In eight of ten runs the share "
    "lies between the two; write the same twice for a certain one.",
    "repat_local": "2% to 6% more is a multiplier of 1.02 to 1.06. In eight of ten runs it lies "
    "between the two; write the same twice for a certain one.",
    "repat_nonlocal": "2% to 6% more is a multiplier of 1.02 to 1.06. In eight of ten runs it lies "
    "between the two; write the same twice for a certain one.",
    "waiting_list": "−5% to 10% is a multiplier of 0.95 to 1.10. In eight of ten runs it lies "
    "between the two; write the same twice for a certain one.",
    "baseline_adjustment": "Write the count that the baseline year should have had, or the change "
    "in percent: the other one follows. Say why, and where the figure comes from: an adjustment "
    "moves every later year.",
}


def scopes(section: str) -> list[tuple[str, list[tuple[Path, str]]]]:
    """Give the tables of a section: heading, and the path and label of each row."""
    of_specialty = list(specialties().items())
    tables: list[tuple[str, list[tuple[Path, str]]]] = []
    if section == "waiting_list":
        for activity in ("ip", "op"):
            tables.append(
                (ACTIVITIES[activity], [((section, activity, c), n) for c, n in of_specialty])
            )
        return tables
    for group in _INPATIENTS:
        rows = [((section, "ip", group, code), name) for code, name in of_specialty]
        tables.append((f"{ACTIVITIES['ip']}: {GROUPS[group].lower()}", rows))
    if section == "baseline_adjustment":
        for group in _OUTPATIENTS:
            rows = [((section, "op", group, code), name) for code, name in of_specialty]
            tables.append((f"{ACTIVITIES['op']}: {GROUPS[group].lower()}", rows))
    else:
        rows = [((section, "op", code), name) for code, name in of_specialty]
        tables.append((ACTIVITIES["op"], rows))
    rows = [((section, "aae", group), GROUPS[group]) for group in _ARRIVALS]
    tables.append((ACTIVITIES["aae"], rows))
    return tables


def body(visit: Visit, snapshot: Snapshot, ground: Ground, section: str) -> Any:
    """Make the tables of a section."""
    return ui.TagList(
        one_in_full(visit, snapshot),
        ui.tags.p(_HELP[section], class_="ac-help"),
        *(_table(visit, snapshot, ground, heading, rows) for heading, rows in scopes(section)),
    )


def one_in_full(visit: Visit, snapshot: Snapshot) -> Any:
    """Make the full form of the assumption that the address names, if it names one."""
    path = fields.read_key(visit.query.get("row"))
    try:
        found = entry(path)
    except KeyError:
        return None
    if found.phrase is None:
        return None
    back = visit.link("assumptions", section=visit.query.get("section"))
    return ui.tags.section(
        ui.tags.h3(found.title),
        full_form(snapshot, found),
        ui.tags.p(ui.tags.a("Close this form", href=back)),
        class_="ac-card",
    )


def _table(
    visit: Visit,
    snapshot: Snapshot,
    ground: Ground,
    heading: str,
    rows: list[tuple[Path, str]],
) -> Any:
    known = ground.provider is not None
    first = [
        (path, name)
        for path, name in rows
        if not known or ground.has(path) or snapshot.at(path) is not None
    ]
    others = [row for row in rows if row not in first]
    parts: list[Any] = [ui.tags.h3(heading)]
    if first:
        parts.append(table(visit, snapshot, ground, heading, first))
    if others:
        n = len(others)
        words = f"{n} without activity here" if first else f"{n}, none of them with activity here"
        parts.append(
            ui.tags.details(
                ui.tags.summary(f"{heading}: {words}"),
                table(visit, snapshot, ground, f"{heading}, without activity here", others),
            )
        )
    return ui.tags.section(*parts, class_="ac-card")


def table(
    visit: Visit,
    snapshot: Snapshot,
    ground: Ground,
    caption: str,
    rows: Iterable[tuple[Path, str]],
) -> Any:
    """Make one table of assumptions with their fields.

    Args:
        visit: who looks at it.
        snapshot: the scenario.
        ground: the data.
        caption: what it is about.
        rows: path and label of each row.
    """
    rows = list(rows)
    section, activity = rows[0][0][:2]
    adjusts = section == "baseline_adjustment"
    numbers = ["New count", "or change"] if adjusts else [_HEADS[section]]
    first, counted = "Specialty", _COUNTED[activity]
    if section == "non_demographic_growth":
        first, counted = "Group", "Baseline activity"
    elif activity == "aae":
        first = "Arrival"
    heads = [
        ui.tags.th(first, scope="col"),
        ui.tags.th(counted, scope="col", class_="ac-number"),
        *(ui.tags.th(head, scope="col") for head in numbers),
        ui.tags.th(_FACTORS.get(section, "Multiplier"), scope="col"),
        ui.tags.th("Reason", scope="col"),
        ui.tags.th(ui.tags.span("More", class_="ac-visually-hidden"), scope="col"),
    ]
    made = [
        _row(visit, snapshot, ground, entry(path), name, f"{name} ({caption.lower()})")
        for path, name in rows
    ]
    return ui.tags.div(
        ui.tags.table(
            ui.tags.caption(caption, class_="ac-visually-hidden"),
            ui.tags.thead(ui.tags.tr(*heads)),
            ui.tags.tbody(*made),
            class_="ac-entries",
        ),
        class_="ac-scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def _row(visit: Visit, snapshot: Snapshot, ground: Ground, found: Entry, name: str, of: str) -> Any:
    parts = found.read(snapshot)
    text, remaining = fields.said(snapshot, found)
    more = visit.link(
        "assumptions", section=visit.query.get("section"), row=fields.row_key(found.path)
    )
    if found.path[0] == "baseline_adjustment":
        cells = _adjusting(found, parts, of)
    else:
        cells = [ui.tags.td(fields.pair(found, parts, of))]
    return ui.tags.tr(
        ui.tags.th(name, scope="row"),
        ui.tags.td(ground.count_text(found.path), class_="ac-number"),
        *cells,
        ui.tags.td(fields.words(text, remaining), fields.notes(), class_="ac-set"),
        ui.tags.td(fields.reason(found, parts, of)),
        ui.tags.td(ui.tags.a("More", href=more, aria_label=f"Distribution and timing: {of}")),
        data_row=fields.row_key(found.path),
        data_stated="yes" if text else "",
    )


def _adjusting(found: Entry, parts: dict[str, str], of: str) -> list[Any]:
    """Make the two ways of saying a baseline adjustment."""
    certain = parts["kind"] == "point" or not parts["low"]
    more: dict[str, Any] = {} if certain and fields.is_simple(parts) else {"readonly": ""}
    value = parts["value"] if certain else ""
    return [
        ui.tags.td(
            fields.control(found.path, "count", parts["count"], f"New count: {of}", **more)
        ),
        ui.tags.td(
            fields.control(
                found.path, "value", value, f"Change in percent: {of}", width="4rem", unit="%",
                **more,
            )
        ),
    ]  # fmt: skip
