"""Non-demographic growth: a published variant, or values of one's own."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields, grouped
from acutecast.app.pages.assumptions.entries import entry
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.names import ACTIVITIES, GROUPS
from acutecast.app.pages.assumptions.phrases import YEARLY
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.visit import Visit
from acutecast.facts import rows

CHOICES = (
    ("primary", "Published, primary (the usual)"),
    ("sensitivity", "Published, sensitivity: wider"),
    ("retired", "Published, retired: an earlier estimate"),
    ("none", "None: no growth beside population and health"),
    ("own", "Values of your own"),
)
_PATH = ("non_demographic_growth",)


def groups() -> list[Path]:
    """Give the paths of all groups that may have growth of their own."""
    found = [
        ("non_demographic_growth", row["activity_type"], row["ndggrp"])
        for row in rows("non_demographic_growth")
    ]
    return list(dict.fromkeys(found))


def is_own(snapshot: Snapshot) -> bool:
    """Tell whether the scenario has values of its own."""
    return entry(_PATH).read(snapshot)["choice"] == "own"


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the choice, and the values."""
    found = entry(_PATH)
    chosen = found.read(snapshot)["choice"]
    return ui.TagList(
        grouped.one_in_full(visit, snapshot),
        ui.tags.div(
            fields.choice(_PATH, "choice", chosen, "Which growth", CHOICES),
            fields.notes(),
            data_row=fields.row_key(_PATH),
            class_="ac-entry",
        ),
        fields.reason_row(snapshot, entry(("reasons", _PATH[0])), "Why this growth"),
        _own(visit, snapshot, ground) if chosen == "own" else None,
        _published(ground, chosen),
    )


def _own(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    names = [
        (path, f"{ACTIVITIES[path[1]]}: {GROUPS.get(path[2], path[2]).lower()}")
        for path in groups()
    ]
    return ui.tags.section(
        ui.tags.h3("Your own growth"),
        ui.tags.p(
            "Groups that you leave empty do not grow. 0.5% a year makes 10.5% in 20 years.",
            class_="ac-help",
        ),
        grouped.table(visit, snapshot, ground, "Growth a year by group", names),
        class_="ac-card",
    )


def _published(ground: Ground, chosen: str) -> Any:
    values: dict[Path, dict[str, str]] = {}
    for row in rows("non_demographic_growth"):
        path = ("non_demographic_growth", row["activity_type"], row["ndggrp"])
        low, high = (YEARLY.typed(float(row[end])) for end in ("p10", "p90"))
        words = f"{low}%" if low == high else f"{low}% to {high}%"
        values.setdefault(path, {})[row["variant"]] = words
    names = ("primary", "sensitivity", "retired")
    head = [
        ui.tags.th(name.capitalize() + (" (chosen)" if name == chosen else ""), scope="col")
        for name in names
    ]
    made = [
        ui.tags.tr(
            ui.tags.th(
                f"{ACTIVITIES[path[1]]}: {GROUPS.get(path[2], path[2]).lower()}", scope="row"
            ),
            ui.tags.td(ground.count_text(path), class_="ac-number"),
            *(ui.tags.td(of.get(name, "–")) for name in names),
        )
        for path, of in values.items()
    ]
    return ui.tags.section(
        ui.tags.h3("Published growth a year, P10 to P90"),
        ui.tags.div(
            ui.tags.table(
                ui.tags.caption("Published growth a year", class_="ac-visually-hidden"),
                ui.tags.thead(
                    ui.tags.tr(
                        ui.tags.th("Group", scope="col"),
                        ui.tags.th("Baseline activity", scope="col", class_="ac-number"),
                        *head,
                    )
                ),
                ui.tags.tbody(*made),
            ),
            class_="ac-scroll",
            tabindex="0",
            role="region",
            aria_label="Published growth a year",
        ),
        class_="ac-card",
    )
