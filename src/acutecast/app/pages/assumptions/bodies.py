"""Which module makes and answers which section."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from acutecast.app.live import html, offer
from acutecast.app.pages.assumptions import (
    bulk,
    capacity,
    detail,
    grouped,
    growth,
    health,
    history,
    inequalities,
    overview,
    population,
    settings,
    tpmas,
)
from acutecast.app.pages.assumptions.fields import read_key
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.sections import Section
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.visit import Visit
from acutecast.errors import AcutecastError
from acutecast.workspace import revert_to, undo

if TYPE_CHECKING:
    from acutecast.app.pages.assumptions.page import Here

Body = Callable[[Visit, Snapshot, Ground], Any]


def _grouped(field: str) -> Body:
    return lambda visit, snapshot, ground: grouped.body(visit, snapshot, ground, field)


def _tpmas(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    one = detail if detail.key_of(visit) else tpmas
    return one.body(visit, snapshot, ground)


_BODIES: dict[str, Body] = {
    "overview": overview.body,
    "baseline": _grouped("baseline_adjustment"),
    "population": population.body,
    "health": health.body,
    "growth": growth.body,
    "expat": _grouped("expat"),
    "repat_local": _grouped("repat_local"),
    "repat_nonlocal": _grouped("repat_nonlocal"),
    "waiting": _grouped("waiting_list"),
    "inequalities": inequalities.body,
    "tpmas": _tpmas,
    "capacity": capacity.body,
    "settings": settings.body,
    "history": history.body,
}
COUNTED = ("baseline", "growth", "expat", "repat_local", "repat_nonlocal", "waiting")
"""Sections whose rows show the baseline year's activity."""


def body(visit: Visit, snapshot: Snapshot, ground: Ground, section: Section) -> Any:
    """Make the content of a section.

    Raises:
        AcutecastError: where the data do not have what it needs.
    """
    return _BODIES[section.key](visit, snapshot, ground)


def around(visit: Visit, section: Section, body_place: Any) -> list[Any]:
    """Put around the place of the content what is there before the data are read."""
    if section.key == "tpmas" and detail.key_of(visit):
        return detail.around(visit, body_place)
    return [body_place]


def serve(here: Here) -> None:
    """Answer what only one section has; what needs the data waits in `here.when_ready`."""
    key = here.section.key
    if key == "tpmas" and detail.key_of(here.visit):
        here.when_ready.append(detail.Detail(here).ready)
    elif key == "tpmas":
        many = bulk.Bulk(here)
        here.on("ac_bulk_ask", many.ask)
        here.on("ac_bulk", many.apply)
        here.when_ready.append(lambda: tpmas.ready(here))
    elif key in ("overview", "history"):
        here.editor.heard.append(lambda *_: here.show_body())
    elif key == "growth":
        here.editor.heard.append(_Growth(here).heard)
    elif key == "settings":
        here.editor.heard.append(_Settings(here).heard)
    if key == "population":
        here.on("ac_add", _Population(here).add)
        here.on("ac_remove", _Population(here).remove)
    if key == "inequalities":
        here.on("ac_hrgs", _Inequalities(here).choose)
    if key == "history":
        past = _History(here)
        here.on("ac_undo", past.undo)
        here.on("ac_revert", past.revert)


class _Part:
    """What one section does beside its fields."""

    def __init__(self, here: Here) -> None:
        self.here = here


class _Growth(_Part):
    async def heard(self, before: Snapshot, after: Snapshot, about: str) -> None:
        """Show other fields where the choice is another."""
        if growth.is_own(before) != growth.is_own(after):
            await self.here.show_body()


class _Settings(_Part):
    async def heard(self, before: Snapshot, after: Snapshot, about: str) -> None:
        """Say anew what moves together, and what the scenario is called."""
        await self.here.places.show({"ac-correlations": html(settings.readable(after))})
        name = str(after.content.get("name", ""))
        await self.here.places.show({"ac-scenario-name": html(name)})


class _Population(_Part):
    async def add(self, message: Any) -> None:
        """Add a projection or a site."""
        from acutecast.app.pages.assumptions.entries import Edits

        looked_at = ""

        def make(fresh: Snapshot) -> Edits:
            nonlocal looked_at
            edits, looked_at = population.added(fresh, dict(message))
            return edits

        try:
            await self.here.editor.save_many(make, "a new projection or site")
        except AcutecastError as error:
            words = " ".join(f"{p.what}. {p.remedy}" for p in error.problems)
            words = words[:1].upper() + words[1:]
            await self.here.session.send_custom_message(
                "assumptions-add",
                {"what": message.get("what"), "of": message.get("of"), "words": words},
            )
            return
        await self.here.show_body()
        await self.here.session.send_custom_message("acutecast-focus", {"id": looked_at})

    async def remove(self, key: Any) -> None:
        """Remove a projection or a site."""
        path = read_key(key)
        try:
            await self.here.editor.save_many(
                lambda fresh: population.removed(fresh, path), "what was removed"
            )
        except AcutecastError as error:
            await offer(self.here.session, str(error), kind="warning")
            return
        await self.here.show_body()


class _Inequalities(_Part):
    async def choose(self, message: Any) -> None:
        """Give several HRGs a choice."""
        try:
            await self.here.editor.save_many(
                lambda fresh: inequalities.chosen(fresh, dict(message)), "inequalities"
            )
        except AcutecastError as error:
            await offer(self.here.session, str(error), kind="warning")


_MOST_DIGITS = 9
"""Of the number of a revision; databases take not many more."""


class _History(_Part):
    async def undo(self, revision: Any) -> None:
        """Take back what one revision did."""
        await self._back(undo, revision, f"Revision {revision} is undone")

    async def revert(self, revision: Any) -> None:
        """Bring the scenario back to how it was."""
        await self._back(revert_to, revision, f"The scenario is as it was at revision {revision}")

    async def _back(self, act: Callable[..., Any], revision: Any, words: str) -> None:
        visit = self.here.visit
        if not str(revision).isdecimal() or len(str(revision)) > _MOST_DIGITS:
            await offer(self.here.session, "There is no such revision.", kind="warning")
            return
        try:
            outcome = await asyncio.to_thread(
                act, visit.workspace, visit.person, visit.scenario.id, int(revision)
            )
        except (AcutecastError, ValueError) as error:
            await offer(self.here.session, str(error), kind="warning")
            return
        if outcome.conflicts:
            kept = "; ".join(conflict.label for conflict in outcome.conflicts)
            words += f", except what was changed later: {kept}"
        await offer(self.here.session, f"{words}.")
        await self.here.editor.done(outcome, words.lower())
