"""One page's edits: each is saved when its field is left, and nobody's is lost.

The page says which revision its fields show. What others change comes in by itself, except into a
field that somebody is typing in; such a field keeps the revision that it showed, so that what is
typed there is told apart from what others have put there since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from acutecast.app.background import in_words
from acutecast.app.pages.assumptions.entries import Edits, Entry, entry
from acutecast.app.pages.assumptions.fields import read_key, row_key
from acutecast.app.pages.assumptions.sections import counts
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.pages.assumptions.telling import (
    called,
    conflict_words,
    differs,
    others_words,
    refusal,
    row_now,
)
from acutecast.app.pages.assumptions.values import Incomplete
from acutecast.app.visit import Visit
from acutecast.app.widgets import saved
from acutecast.errors import AcutecastError, Problem
from acutecast.workspace import (
    ChangeRow,
    Edit,
    Edited,
    content_at,
    edit,
    history,
    read_scenario,
)

POLL_SECONDS = 3
_TRIES = 4
_MOST_CHANGES = 200
"""Of those that others made, that are looked at."""

Heard = Callable[[Snapshot, Snapshot, str], Awaitable[None]]
"""Is told of a change: the scenario before and after, and what was edited here ("" for nothing)."""


class Editor:
    """What one open page edits.

    Attributes:
        snapshot: the scenario as the page knows it.
        heard: who is told of changes.
    """

    def __init__(self, visit: Visit, session: Any) -> None:
        """Begin with the scenario as it is.

        Args:
            visit: who came, and which scenario.
            session: the page's.
        """
        row = visit.scenario
        self._visit, self._session = visit, session
        self.snapshot = Snapshot(row.content, row.revision)
        self.heard: list[Heard] = []
        # One after the other: an edit is compared with what the one before it left.
        self._turn = asyncio.Lock()
        self._mine: dict[Path, int] = {}
        self._own: set[int] = set()
        self._rows: list[Path] = []

    def know(self, start: int | None, baseline: Mapping[Path, float] | None) -> None:
        """Tell the data's baseline year, and the activity that counts are worked out of."""
        self.snapshot = replace(self.snapshot, start=start, baseline=baseline)

    def shows(self, keys: Any) -> None:
        """Take note of the rows that stand on the page."""
        paths = [read_key(key) for key in keys] if isinstance(keys, list | tuple) else []
        self._rows = [path for path in paths if _is_entry(path)]

    async def typed(self, message: Mapping[str, Any]) -> None:
        """Save what was typed in a row, and tell it what came of it."""
        path = read_key(message.get("row"))
        try:
            found = entry(path)
        except KeyError:
            return
        parts = {str(k): str(v) for k, v in dict(message.get("parts") or {}).items()}
        changed = str(message.get("changed") or "")
        force = message.get("force") is True
        if message.get("clear") is True and found.phrase is not None:
            found = replace(found, write=lambda *_: [(path, None)])
        try:
            async with self._turn:
                base = self._base(path, message.get("base"))
                await self._save(found, parts, changed, base, force)
        except Incomplete as more:
            await self._answer(found, {"state": "hint", "note": str(more)})
        except AcutecastError as error:
            await self._not_saved(found, refusal(error, path))
        except Exception as error:
            await self._not_saved(found, refusal(in_words(error), path))

    async def _not_saved(self, found: Entry, answer: dict[str, Any]) -> None:
        await self._answer(found, answer)
        await saved(self._session, "Not saved: see the field", failed=True)

    async def _save(
        self, found: Entry, parts: Mapping[str, str], changed: str, base: int, force: bool
    ) -> None:
        before = self.snapshot
        if found.together:
            outcome = await self._save_together(found, parts, changed, base, force)
        else:
            edits = found.write(before, parts, changed)
            if not force and base >= before.revision and _same(before, edits):
                await self._answer(found, {"state": "same"})
                await saved(self._session)
                return
            outcome = await self._edit(edits, base, force=force)
        if isinstance(outcome, str):
            await self._answer(found, {"state": "conflict", "note": outcome, "changed": changed})
            return
        if outcome.conflicts:
            words = conflict_words(outcome.conflicts[0], self._visit.person)
            await self._answer(found, {"state": "conflict", "note": words, "changed": changed})
        else:
            self._mine[found.path] = outcome.row.revision
            await self._saved(before, outcome, found.title, [found.path], sent={found.path: parts})

    async def _edit(self, edits: Edits, base: int, why: str = "", **how: bool) -> Edited:
        visit = self._visit
        wanted = [Edit(path, value) for path, value in edits]
        return await asyncio.to_thread(
            edit, visit.workspace, visit.person, visit.scenario.id, base, wanted, why, **how
        )

    async def _save_together(
        self, found: Entry, parts: Mapping[str, str], changed: str, base: int, force: bool
    ) -> Edited | str:
        """Save into something that holds other rows too, made anew of what is stored now.

        Returns:
            What came of it, or why it stood back, in words.
        """
        saw = found.read(await self._at(base))
        for _ in range(_TRIES):
            fresh = await self._read()
            stands = found.read(fresh)
            edits = found.write(fresh, parts, changed)
            if not force and stands != saw and stands != dict(parts):
                who = await self._who_changed(found, base, fresh)
                theirs = found.words(fresh) or "nothing"
                mine = found.words(fresh.with_values(edits)) or "nothing"
                return f"{who} changed this to {theirs} (yours: {mine})."
            outcome = await self._edit(edits, fresh.revision)
            if not outcome.conflicts:
                return outcome
        return "Others are changing this at the same moment. Try again."

    async def save_many(
        self,
        make: Callable[[Snapshot], Edits],
        about: str | Callable[[int], str],
        why: str = "",
    ) -> Edited | None:
        """Save a bulk of edits, made of what is stored now: all of them or none.

        Args:
            make: gives the edits.
            about: what they are, in words; or says it of how many they are.
            why: the reason that the history keeps.

        Returns:
            What came of it; None where there was nothing to edit.

        Raises:
            AcutecastError: with everything that would be wrong, and where others were faster each
                time; nothing is stored.
        """
        async with self._turn:
            for _ in range(_TRIES):
                fresh = await self._read()
                edits = await asyncio.to_thread(make, fresh)
                if not edits:
                    return None
                outcome = await self._edit(edits, fresh.revision, why, whole=True)
                if not outcome.conflicts:
                    paths = [path for path, _ in edits]
                    words = about if isinstance(about, str) else about(len(edits))
                    await self._saved(self.snapshot, outcome, words, paths)
                    return outcome
        raise AcutecastError(
            Problem("others are changing this at the same moment", remedy="Try again.")
        )

    async def theirs(self, key: Any) -> None:
        """Show in a row what is stored, instead of what was typed."""
        path = read_key(key)
        if _is_entry(path):
            await self.follow()
            await self._answer(entry(path), row_now(self.snapshot, path) | {"state": "theirs"})

    async def follow(self) -> None:
        """Look whether others changed the scenario, and show what they did."""
        async with self._turn:
            before = self.snapshot
            fresh = await self._read()
            if fresh.revision != before.revision:
                await self._show(before, fresh, "", mine=())

    async def done(self, outcome: Edited, about: str) -> None:
        """Take note of an edit that was made by other means, such as undo."""
        async with self._turn:
            self._own.add(outcome.row.revision)
            await self._saved(self.snapshot, outcome, about, ())

    async def _read(self) -> Snapshot:
        visit = self._visit
        row = await asyncio.to_thread(
            read_scenario, visit.workspace, visit.person, visit.scenario.id
        )
        return replace(self.snapshot, content=row.content, revision=row.revision)

    async def _at(self, revision: int) -> Snapshot:
        """Give the scenario as it was at a revision."""
        if revision == self.snapshot.revision:
            return self.snapshot
        visit = self._visit
        content = await asyncio.to_thread(
            content_at, visit.workspace, visit.person, visit.scenario.id, revision
        )
        return replace(self.snapshot, content=content, revision=revision)

    def _base(self, path: Path, said: Any) -> int:
        """Give the revision that a row showed when it was edited.

        What this page itself saved meanwhile counts as seen.
        """
        known = self.snapshot.revision
        base = said if isinstance(said, int) and 1 <= said <= known else known
        return max(base, self._mine.get(path, 0))

    async def _saved(
        self,
        before: Snapshot,
        outcome: Edited,
        about: str,
        mine: Sequence[Path],
        sent: Mapping[Path, Mapping[str, str]] | None = None,
    ) -> None:
        row = outcome.row
        after = replace(before, content=row.content, revision=row.revision)
        self._own.add(row.revision)
        await self._show(before, after, about, mine, sent or {})
        await saved(self._session)

    async def _show(
        self,
        before: Snapshot,
        after: Snapshot,
        about: str,
        mine: Sequence[Path],
        sent: Mapping[Path, Mapping[str, str]] | None = None,
    ) -> None:
        """Show what differs between two revisions; rows that were saved here come first."""
        self.snapshot = after
        rows = [
            row_now(after, path) | {"state": "saved", "sent": dict((sent or {}).get(path, {}))}
            for path in mine
            if _is_entry(path)
        ]
        for path in self._rows:
            if path not in mine and differs(before, after, path):
                rows.append(row_now(after, path) | {"state": "update"})
        message: dict[str, Any] = {
            "revision": after.revision, "rows": rows, "counts": counts(after.content),
        }  # fmt: skip
        told = await self._others(before.revision, after.revision)
        if told:
            message["others"] = told
        await self._session.send_custom_message("assumptions", message)
        if after.revision != before.revision:
            for hear in self.heard:
                await hear(before, after, about)

    async def _others(self, since: int, until: int) -> dict[str, Any] | None:
        """Say what others changed between two revisions; None where nobody did."""
        if not {*range(since + 1, until + 1)} - self._own:
            return None
        changes = await self._changes(since)
        return others_words(
            [c for c in changes if c.revision <= until and c.revision not in self._own],
            self._visit.person,
        )

    async def _who_changed(self, found: Entry, since: int, now: Snapshot) -> str:
        """Give who put into a row what stands there, after a revision."""
        stands = found.read(now)
        for revision, who in {c.revision: c.who for c in await self._changes(since)}.items():
            if found.read(await self._at(revision - 1)) != stands:
                return called(who, self._visit.person)
        return "Somebody"

    async def _changes(self, since: int) -> list[ChangeRow]:
        """Give what changed after a revision, newest first."""
        visit = self._visit
        found = await asyncio.to_thread(
            history, visit.workspace, visit.person, visit.scenario.id, _MOST_CHANGES
        )
        return [change for change in found if change.revision > since and change.path]

    async def _answer(self, found: Entry, answer: dict[str, Any]) -> None:
        rows = [{"row": row_key(found.path)} | answer]
        await self._session.send_custom_message(
            "assumptions", {"revision": self.snapshot.revision, "rows": rows}
        )


def _is_entry(path: Path) -> bool:
    try:
        entry(path)
    except KeyError:
        return False
    return True


def _same(snapshot: Snapshot, edits: Edits) -> bool:
    return all(snapshot.at(path) == value for path, value in edits)
