"""Assumptions of capacity, by area: the default with its source, and what is stated instead."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields, grouped
from acutecast.app.pages.assumptions.entries import entry
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.names import area_label, capacity_label
from acutecast.app.pages.assumptions.phrases import number_text
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.visit import Visit
from acutecast.capacity.areas import areas
from acutecast.capacity.assumptions import Default, booked_areas, defaults

_HEADINGS = {
    "emergency": "Emergency department",
    "bed": "Wards and beds",
    "assessment": "Assessment",
    "critical_care": "Critical care",
    "birth": "Birth rooms",
    "recovery": "Day cases and recovery",
    "procedure": "Theatres and procedures",
    "outpatient": "Outpatient rooms",
    "virtual": "Outpatient rooms",
}
_HELP = (
    "Leave a row empty for the default. Write the same number twice for a certain value; between "
    "two numbers each run draws one."
)


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make a table for each area, open where something is set."""
    by_area: dict[str, list[Default]] = {}
    for default in defaults().values():
        by_area.setdefault(default.area, []).append(default)
    return ui.TagList(
        grouped.one_in_full(visit, snapshot),
        ui.tags.p(_HELP, class_="ac-help"),
        fields.reason_row(
            snapshot, entry(("reasons", "capacity")), "Why, for the assumptions of capacity"
        ),
        ui.tags.label(
            ui.tags.span("Search", class_="ac-label"),
            ui.tags.input(
                type="search", data_sift="find", placeholder="Area or assumption",
                data_shiny_no_bind_input="", style="width:15rem",
            ),
            class_="ac-labelled",
        ),
        ui.tags.p(id="ac-sifted", role="status", class_="ac-soft"),
        *(_family(visit, snapshot, heading, of) for heading, of in _families(by_area).items()),
        _minutes(snapshot),
    )  # fmt: skip


def _families(by_area: dict[str, list[Default]]) -> dict[str, dict[str, list[Default]]]:
    """Put areas under what they are."""
    family = {area.key: area.family for area in areas()}
    found: dict[str, dict[str, list[Default]]] = {}
    for area, rows in by_area.items():
        heading = _HEADINGS.get(family.get(area, ""), "Diagnostics and workforce")
        found.setdefault(heading, {})[area] = rows
    return found


def _family(visit: Visit, snapshot: Snapshot, heading: str, of: dict[str, list[Default]]) -> Any:
    return ui.tags.section(
        ui.tags.h3(heading),
        *(_area(visit, snapshot, area, rows) for area, rows in of.items()),
        class_="ac-card",
        data_sift_group="",
    )


def _area(visit: Visit, snapshot: Snapshot, area: str, rows: list[Default]) -> Any:
    n = len(snapshot.at(("capacity", area)) or {})
    heads = ("Assumption", "Default", "From – to", "Set", "Valid", "Reason")
    label = area_label(area)
    return ui.tags.details(
        ui.tags.summary(label, ui.tags.strong(f" ({n} set)") if n else None),
        ui.tags.div(
            ui.tags.table(
                ui.tags.caption(label, class_="ac-visually-hidden"),
                ui.tags.thead(
                    ui.tags.tr(
                        *(ui.tags.th(head, scope="col") for head in heads),
                        ui.tags.th(ui.tags.span("More", class_="ac-visually-hidden"), scope="col"),
                    )
                ),
                ui.tags.tbody(*(_row(visit, snapshot, default) for default in rows)),
                class_="ac-entries",
            ),
            class_="ac-scroll",
            tabindex="0",
            role="region",
            aria_label=label,
        ),
        data_sift_group="",
        open="" if n else None,
    )


def _row(visit: Visit, snapshot: Snapshot, default: Default) -> Any:
    found = entry(("capacity", default.area, default.name))
    phrase = found.phrase
    assert phrase is not None
    parts = found.read(snapshot)
    text, _ = fields.said(snapshot, found)
    name = capacity_label(default.name)
    of = f"{name}, {area_label(default.area)}"
    joint = "" if phrase.unit.startswith("%") else " "
    value = f"{phrase.typed(default.value)}{joint}{phrase.unit}"
    valid_high = number_text(phrase.high) + ("" if joint else "%")
    more = visit.link("assumptions", section="capacity", row=fields.row_key(found.path))
    return ui.tags.tr(
        ui.tags.th(name, scope="row"),
        ui.tags.td(value, ui.tags.span(default.source, class_="ac-small ac-source")),
        ui.tags.td(
            fields.pair(found, parts, of),
            None if joint == "" else ui.tags.span(phrase.unit, class_="ac-small"),
        ),
        ui.tags.td(fields.words(text), fields.notes()),
        ui.tags.td(
            f"{number_text(phrase.low)} to {valid_high}",
            class_="ac-nowrap",
        ),
        ui.tags.td(fields.reason(found, parts, of, width="9rem")),
        ui.tags.td(ui.tags.a("More", href=more, aria_label=f"Distribution: {of}")),
        data_row=fields.row_key(found.path),
        data_find=f"{area_label(default.area)} {name} {default.area}".lower(),
        data_stated="yes" if text else "",
    )


def _minutes(snapshot: Snapshot) -> Any:
    rows = []
    stated = snapshot.at(("capacity", "specialty_minutes")) or {}
    for area in booked_areas():
        found = entry(("capacity", "specialty_minutes", area.key))
        rows.append(
            ui.tags.div(
                fields.text_area(
                    found.path, "text", found.read(snapshot)["text"], area.label, rows=2
                ),
                fields.notes(),
                data_row=fields.row_key(found.path),
                class_="ac-entry",
            )
        )
    return ui.tags.details(
        ui.tags.summary("Minutes of a case or an appointment by specialty"),
        ui.tags.p(
            "A line each: the code of the treatment specialty and its minutes, such as 110: 30. "
            "They go before minutes in the data.",
            class_="ac-help",
        ),
        *rows,
        class_="ac-card",
        open="" if stated else None,
    )
