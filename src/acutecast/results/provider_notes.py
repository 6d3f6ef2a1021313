"""Notes of many providers' runs in one: kept by provider, told by note."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from acutecast.errors import Problem

_NAMED = 20

Notes = dict[str, list[dict[str, Any]]]
"""The notes of each provider that has any, as `run.json` keeps problems; codes ascending."""


def gather(infos: Iterable[Mapping[str, Any]]) -> Notes:
    """Bring together the notes of runs, of which some may be sums of providers already.

    Args:
        infos: what `run.json` of each says.
    """
    found: Notes = {}
    for info in infos:
        own = {info["dataset"]: info.get("warnings", [])}
        for code, notes in info.get("notes_by_provider", own).items():
            mine = found.setdefault(code, [])
            mine += [note for note in notes if note not in mine]
    return {code: found[code] for code in sorted(found) if found[code]}


def by_note(
    notes: Notes, providers: Sequence[str], suppressed_below: int | None
) -> list[dict[str, Any]]:
    """Tell each note once, with the providers that have it; what most have comes first.

    Args:
        notes: the notes of each provider.
        providers: all of the sum, with and without notes.
        suppressed_below: counts of rows below it are left out of what is added up; None for none.
    """
    if len(providers) < 2:
        return [note for code in notes for note in notes[code]]
    groups: dict[tuple[str, str, str], dict[str, list[int | None]]] = {}
    for code, mine in notes.items():
        for note in mine:
            key = (note["where"], note["what"], note["remedy"])
            groups.setdefault(key, {}).setdefault(code, []).append(note["count"])
    told = []
    for (where, what, remedy), having in groups.items():
        counts = [count for each in having.values() for count in each]
        known = all(_may_be_told(count, suppressed_below) for count in counts)
        total = sum(count or 0 for count in counts) if known else None
        words = f"{what} ({_named(tuple(having), len(providers))})"
        told.append((len(having), Problem(words, where, total, remedy=remedy, warning=True)))
    told.sort(key=lambda each: (-each[0], each[1].where, each[1].what))
    return [asdict(problem) for _, problem in told]


def _may_be_told(count: int | None, suppressed_below: int | None) -> bool:
    return count is not None and not 0 < count < (suppressed_below or 0)


def _named(codes: Sequence[str], of: int) -> str:
    if len(codes) == of:
        return f"all {of} providers"
    more = f" and {len(codes) - _NAMED} more" if len(codes) > _NAMED else ""
    return f"{len(codes)} of {of} providers: {', '.join(codes[:_NAMED])}{more}"
