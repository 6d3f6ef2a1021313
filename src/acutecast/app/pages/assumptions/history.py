"""History: what changed, by whom, when and why; undoing, and going back."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from shiny import ui

from acutecast.app.live import when
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.visit import Visit
from acutecast.app.widgets import pressed
from acutecast.workspace import ChangeRow, may
from acutecast.workspace import history as read_history

_MOST = 300
_KINDS = {
    "create": "Made",
    "upload": "Made from a file",
    "copy": "Made as a copy",
    "undo": "Undone",
    "revert": "Gone back",
    "share": "Sharing",
    "delete": "Deleted",
    "restore": "Restored",
}
_MADE = ("create", "upload", "copy", "share", "delete", "restore")


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the list of revisions, the newest first."""
    changes = read_history(visit.workspace, visit.person, visit.scenario.id, _MOST)
    editable = may(visit.person, "edit", visit.scenario)
    newest = snapshot.revision
    items = []
    for (_, kind), group in groupby(changes, key=lambda c: (c.revision, c.kind)):
        items.append(_revision(visit, kind, list(group), newest, editable))
    more = f"The newest {_MOST} changes are shown." if len(changes) == _MOST else None
    return ui.TagList(
        ui.tags.p(
            f"This is revision {newest}. Undoing and going back are changes too: nothing is lost, "
            "and they can be undone themselves.",
            class_="ac-help",
        ),
        ui.tags.ol(*items, class_="ac-history", reversed=""),
        ui.tags.p(more, class_="ac-soft") if more else None,
    )


def _revision(
    visit: Visit, kind: str, changes: list[ChangeRow], newest: int, editable: bool
) -> Any:
    first = changes[0]
    revision = first.revision
    who = "you" if first.who == visit.person.name else first.who
    said = f"{_KINDS[kind]}: " if kind in _KINDS else ""
    lines = [
        ui.tags.li(ui.tags.strong(change.label), f": {change.words}") for change in changes[:8]
    ]
    others = [ui.tags.li(ui.tags.strong(c.label), f": {c.words}") for c in changes[8:]]
    buttons = []
    if editable and kind not in _MADE:
        buttons.append(pressed("ac_undo", str(revision), "Undo", label=f"Undo revision {revision}"))
    if editable and revision != newest and kind not in _MADE[3:]:
        buttons.append(
            pressed(
                "ac_revert", str(revision), "Go back to here",
                label=f"Go back to revision {revision}",
            )
        )  # fmt: skip
    return ui.tags.li(
        ui.tags.p(
            ui.tags.span(f"Revision {revision}", class_="ac-soft"),
            f" · {said}{who} · ",
            when(first.at),
        ),
        ui.tags.ul(*lines),
        ui.tags.details(
            ui.tags.summary(f"{len(others)} more in this revision"), ui.tags.ul(*others)
        )
        if others
        else None,
        ui.tags.p(f"Why: {first.reason}") if first.reason else None,
        ui.tags.div(*buttons, class_="ac-row") if buttons else None,
        class_="ac-card",
        value=str(revision),
    )
