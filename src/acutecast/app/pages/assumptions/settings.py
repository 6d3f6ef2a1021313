"""Settings: name, horizon, runs, seed, and what moves together."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields
from acutecast.app.pages.assumptions.entries import entry
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.visit import Visit
from acutecast.scenario.correlation import Correlation
from acutecast.scenario.resolution import DEFAULT_SPAN, MOST_CONTINUED

_EXAMPLE = """[
  {
    "name": "Care for frail people",
    "assumptions": ["activity_avoidance.ip.falls*", "activity_avoidance.ip.frail*"],
    "rho": 0.6
  }
]"""


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the fields, the list of groups, and their editor."""
    description = entry(("description",))
    return ui.TagList(
        fields.single(snapshot, entry(("name",)), "Name", width="28rem"),
        ui.tags.div(
            fields.text_area(
                description.path, "text", description.read(snapshot)["text"], "Description", rows=3
            ),
            fields.notes(),
            data_row=fields.row_key(description.path),
            class_="ac-entry",
        ),
        _horizon(snapshot, ground),
        fields.single(
            snapshot, entry(("runs",)), "Model runs",
            "256 unless stated. More runs make intervals steadier and take longer.",
        ),
        fields.single(
            snapshot, entry(("seed",)), "Seed of the draws",
            "Scenarios of one seed share their draws, so that their difference is theirs and not "
            "chance. Leave it unless you know why.",
        ),
        _together(snapshot),
    )  # fmt: skip


def _horizon(snapshot: Snapshot, ground: Ground) -> Any:
    path = ("horizon_year",)
    now = entry(path).read(snapshot)["text"]
    start = ground.provider.year if ground.provider else snapshot.scenario.baseline_year
    if start is None:
        return fields.single(snapshot, entry(path), "Horizon year", "Such as 2043 for 2043/44.")
    usual = start + DEFAULT_SPAN
    years = range(start + 1, start + DEFAULT_SPAN + MOST_CONTINUED + 1)
    choices = [("", f"As usual: 20 years on, {usual}/{(usual + 1) % 100:02d}")]
    choices += [(str(year), f"{year}/{(year + 1) % 100:02d}") for year in years]
    if now and int(now) not in years:
        choices.append((now, now))
    return ui.tags.div(
        fields.choice(path, "text", now, "Horizon year", choices),
        ui.tags.p("The last year, at which every assumption is there in full.", class_="ac-help"),
        fields.notes(),
        data_row=fields.row_key(path),
        class_="ac-entry",
    )


def _together(snapshot: Snapshot) -> Any:
    found = entry(("correlations",))
    return ui.tags.section(
        ui.tags.h3("What moves together"),
        ui.tags.p(
            "Assumptions are independent unless they are in a group. Ambitions of one programme "
            "tend to succeed or fail together; independent ones cancel out in the sum, and the "
            "range of the results is then too narrow.",
            class_="ac-words",
        ),
        ui.tags.div(readable(snapshot), id="ac-correlations"),
        ui.tags.details(
            ui.tags.summary("Change the groups"),
            ui.tags.p(
                "Each group has a name, the names of its assumptions (* stands for anything) and "
                "rho, the correlation of every two, from −1 to 1. For example:",
                class_="ac-help",
            ),
            ui.tags.pre(_EXAMPLE),
            ui.tags.div(
                fields.text_area(
                    found.path, "text", found.read(snapshot)["text"], "Groups (JSON)", rows=10
                ),
                fields.notes(),
                data_row=fields.row_key(found.path),
                class_="ac-entry",
            ),
            ui.tags.p("Names of what is set:"),
            ui.tags.ul(
                *(
                    ui.tags.li(ui.tags.code(name), f": {row['label']}")
                    for name, row in snapshot.described.items()
                    if not name.startswith("non-demographic")
                ),
                class_="ac-names",
            ),
        ),
        class_="ac-card",
    )


def readable(snapshot: Snapshot) -> Any:
    """Say which assumptions move together."""
    groups = snapshot.scenario.correlations
    if not groups:
        return ui.tags.p("No groups: all are independent.", class_="ac-soft")
    return ui.tags.ul(*(_group(snapshot, group) for group in groups))


def _group(snapshot: Snapshot, group: Correlation) -> Any:
    members = group.members(snapshot.described)
    labels = [snapshot.described[name]["label"] for name in members]
    how = "together" if group.rho > 0 else "against each other" if group.rho < 0 else "apart"
    return ui.tags.li(
        ui.tags.strong(group.name),
        f": {len(members)} move {how} (correlation {group.rho:g}): {'; '.join(labels)}.",
    )
