"""Health status: on or off, and what it means."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields
from acutecast.app.pages.assumptions.entries import entry
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.visit import Visit
from acutecast.app.widgets import chart
from acutecast.errors import AcutecastError
from acutecast.scenario.resolution import DEFAULT_SPAN

_WORDS = (
    "People are expected to live longer. Experts were asked which part of the longer life will be "
    "free of disability. From that follows by how many years people of an age will be, in health, "
    "younger than people of that age are now.",
    "With it, someone of 80 uses hospitals in 20 years as someone of about 78 does now. Each run "
    "draws how much. It lowers emergency admissions at every age; day cases of the oldest rise, "
    "because somewhat younger people get more of them.",
    "It concerns ages 55 to 90, and not births, children or maternity. Switched off, people of an "
    "age use hospitals as they do today, however long they live.",
)
_ALT = (
    "Four pictures: what experts expect, the years by which people of 65 become younger in health "
    "year by year, the same by age at the horizon, and the age as which people use hospitals."
)


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the choice, the explanation, and the pictures."""
    path = ("health_status",)
    on = entry(path).read(snapshot)["on"]
    return ui.TagList(
        ui.tags.div(
            fields.choice(
                path,
                "on",
                on,
                "People become healthier as they live longer",
                (("yes", "Yes (the usual)"), ("no", "No")),
            ),
            fields.notes(),
            data_row=fields.row_key(path),
            class_="ac-entry",
        ),
        fields.reason_row(snapshot, entry(("reasons", path[0])), "Why"),
        *(ui.tags.p(words, class_="ac-words") for words in _WORDS),
        _pictures(snapshot, ground),
    )


def _pictures(snapshot: Snapshot, ground: Ground) -> Any:
    from acutecast.report.health_charts import health_status_chart

    if ground.provider is None:
        return None
    start = ground.provider.year
    horizon = snapshot.scenario.horizon_year or start + DEFAULT_SPAN
    try:
        made = health_status_chart(start, horizon)
    except AcutecastError:
        return None
    # Without its own dress it takes the colours of the page, light or dark.
    bare = {name: part for name, part in made.to_dict().items() if name != "config"}
    return ui.tags.section(ui.tags.h3("In pictures"), chart(bare, _ALT), class_="ac-card")
