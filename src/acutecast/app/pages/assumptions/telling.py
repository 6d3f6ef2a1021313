"""What an edit's answer says: to the row it was made in, and of what others did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from acutecast.app.pages.assumptions.entries import Entry, entry
from acutecast.app.pages.assumptions.fields import row_key, said
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.pages.assumptions.values import read_parts
from acutecast.errors import AcutecastError
from acutecast.workspace import ChangeRow, Conflict, Person
from acutecast.workspace.workspace import now

_MOST_TOLD = 12
_UNITS = ((1440, "day"), (60, "hour"), (1, "minute"))


def ago(at: datetime, now: datetime) -> str:
    """Say how long ago something was, which is the same in every time zone."""
    minutes = round((now - at).total_seconds() / 60)
    if minutes < 1:
        return "just now"
    size, unit = next(pair for pair in _UNITS if minutes >= pair[0])
    n = minutes // size
    return f"{n} {unit}{'' if n == 1 else 's'} ago"


def called(name: str, person: Person) -> str:
    """Give how to call who changed something."""
    return "You, in another window," if name == person.name else name


def row_now(snapshot: Snapshot, path: Path) -> dict[str, Any]:
    """Give what a row shows of a scenario."""
    found = entry(path)
    words, remaining = said(snapshot, found)
    row: dict[str, Any] = {
        "row": row_key(path), "parts": found.read(snapshot), "words": words,
        "remaining": remaining, "set": bool(words),
    }  # fmt: skip
    if found.phrase is not None:
        row["order"] = set_order(snapshot, found)
    return row


def set_order(snapshot: Snapshot, found: Entry) -> str:
    """Give what rows are sorted by in the column of what is set: the greater end."""
    value = snapshot.at(found.path)
    if value is None or found.phrase is None:
        return ""
    parts = read_parts(found.phrase, value)
    typed = [parts["high"], *(parts[f"quantile{i}"] for i in (3, 4, 5))]
    return str(max(float(text.replace("−", "-")) for text in typed if text))


def differs(before: Snapshot, after: Snapshot, path: Path) -> bool:
    """Tell whether a row shows something else."""
    found = entry(path)
    return found.read(before) != found.read(after) or said(before, found) != said(after, found)


def conflict_words(conflict: Conflict, person: Person) -> str:
    """Say what somebody else put where one wanted to put something."""
    return (
        f"{called(conflict.who, person)} changed this to {conflict.theirs_words or 'nothing'} "
        f"{ago(conflict.when, now())} (yours: {conflict.mine_words or 'nothing'})."
    )


def others_words(changes: Sequence[ChangeRow], person: Person) -> dict[str, Any] | None:
    """Say what others changed; None for nothing."""
    if not changes:
        return None
    who = sorted({called(change.who, person) for change in changes})
    lines = [f"{c.label}: {c.words} ({called(c.who, person).rstrip(',')})" for c in changes]
    if len(lines) > _MOST_TOLD:
        lines = [*lines[:_MOST_TOLD], f"and {len(lines) - _MOST_TOLD} more: see the history"]
    n = len(changes)
    return {
        "words": f"{' and '.join(who)} changed {n} assumption{'' if n == 1 else 's'}",
        "lines": lines,
    }


def refusal(error: AcutecastError, path: Path) -> dict[str, Any]:
    """Say why nothing was stored, without repeating where the field stands."""
    here = ".".join(path)
    lines = []
    for problem in error.problems:
        where = problem.where
        own = where == here or where.startswith(here) or "." not in where
        shown = replace(problem, where="") if own else problem
        text = str(shown)
        lines.append(text[:1].upper() + text[1:])
    wrong = [problem.where for problem in error.problems if "." not in problem.where]
    return {"state": "problem", "note": " ".join(lines), "wrong": wrong}
