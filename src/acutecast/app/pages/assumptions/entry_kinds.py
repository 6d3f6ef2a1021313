"""What an entry is, and those that are a text, a number, a choice or lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acutecast.app.pages.assumptions.phrases import Phrase, number_text, read_number
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.pages.assumptions.values import Parts
from acutecast.errors import AcutecastError, Problem
from acutecast.workspace.words import label_of

Edits = list[tuple[Path, Any]]
"""What is to be stored where; None removes."""


@dataclass(frozen=True)
class Entry:
    """One thing that can be edited.

    Attributes:
        path: where it stands.
        title: what it is.
        read: gives the fields of a snapshot.
        write: gives what the fields (and which of them changed last) mean to store.
        words: says what is set; "" for nothing.
        phrase: how its numbers are put, where it is an assumption.
        timed: whether it comes into effect over time.
        together: whether what it writes holds other entries too, so that it must be made anew
            of what is stored when it is saved.
    """

    path: Path
    title: str
    read: Callable[[Snapshot], Parts]
    write: Callable[[Snapshot, Mapping[str, str], str], Edits]
    words: Callable[[Snapshot], str]
    phrase: Phrase | None = None
    timed: bool = True
    together: bool = False


_WHOLE = {"runs": "Runs", "seed": "Seed", "horizon_year": "Horizon year"}
WHOLE = tuple(_WHOLE)
"""Settings that are whole numbers."""


def text(path: Path, title: str, make: Callable[[str], Any]) -> Entry:
    """Make the entry of a text; `make` gives what to store of it."""

    def read(snapshot: Snapshot) -> Parts:
        stored = snapshot.at(path)
        if path[-1] == "base" and stored is None:
            stored = "migration_category"
        return {"text": "" if stored is None else str(stored)}

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        return [(path, make(parts["text"].strip()))]

    return Entry(path, title, read, write, lambda snapshot: read(snapshot)["text"])


def whole(name: str) -> Entry:
    """Make the entry of a setting that is a whole number."""
    path = (name,)

    def read(snapshot: Snapshot) -> Parts:
        value = getattr(snapshot.scenario, name)
        return {"text": "" if value is None else str(value)}

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        text = parts["text"].strip()
        if not text:
            return [(path, None)]
        number = read_number(text, name)
        if number != int(number):
            raise AcutecastError(
                Problem(f"{text} is not a whole number", name, remedy="Write one without decimals.")
            )
        return [(path, int(number))]

    return Entry(path, _WHOLE[name], read, write, lambda snapshot: read(snapshot)["text"])


def yes_no(path: Path, title: str) -> Entry:
    """Make the entry of a setting that is on unless it is switched off."""

    def on(snapshot: Snapshot) -> bool:
        return snapshot.at(path) is not False

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        return [(path, None if parts["on"] == "yes" else False)]

    return Entry(
        path, title, lambda snapshot: {"on": "yes" if on(snapshot) else "no"}, write,
        lambda snapshot: "" if on(snapshot) else "Switched off",
    )  # fmt: skip


def as_json(path: Path, title: str) -> Entry:
    """Make the entry of something that is written as JSON."""

    def read(snapshot: Snapshot) -> Parts:
        stored = snapshot.at(path)
        return {"text": json.dumps(stored, indent=2, ensure_ascii=False) if stored else ""}

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        text = parts["text"].strip()
        if not text:
            return [(path, None)]
        try:
            return [(path, json.loads(text) or None)]
        except json.JSONDecodeError as error:
            raise AcutecastError(
                Problem(
                    f"this is not JSON: {error.msg} in line {error.lineno}", "text",
                    remedy="Check brackets, quotes and commas there.",
                )
            ) from None  # fmt: skip

    return Entry(path, title, read, write, lambda snapshot: "")


def lines(path: Path, title: str, pattern: str, example: str) -> Entry:
    """Make the entry of numbers by name, a line each.

    Args:
        path: where it stands.
        title: what it is.
        pattern: what a name looks like, as a regular expression.
        example: a line.
    """

    def read(snapshot: Snapshot) -> Parts:
        stored = snapshot.at(path)
        pairs = stored.items() if isinstance(stored, Mapping) else ()
        return {"text": "\n".join(f"{key}: {number_text(value)}" for key, value in pairs)}

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        return [(path, _pairs(parts["text"], pattern, example) or None)]

    return Entry(path, title, read, write, lambda snapshot: read(snapshot)["text"])


def housing(path: Path) -> Entry:
    """Make the entry of what belongs to a site of new dwellings.

    Raises:
        KeyError: where it has nothing of this name.
    """
    field = path[-1]
    if field == "dwellings":
        return lines(path, label_of(path), r"[12]\d{3}", "2028: 400")
    if field == "ages":
        return lines(path, label_of(path), r"\d+([-–]\d+|\+)?", "25-34: 0.6")
    if field not in ("share", "area"):
        raise KeyError(path)

    def read(snapshot: Snapshot) -> Parts:
        stored = snapshot.at(path)
        if field == "share":
            return {"text": number_text(100 * (1 if stored is None else stored))}
        return {"text": str(stored or "")}

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        text = parts["text"].strip()
        if field == "share":
            return [(path, round(read_number(text, "text") / 100, 10) if text else None)]
        return [(path, text or None)]

    return Entry(path, label_of(path), read, write, lambda snapshot: read(snapshot)["text"])


def _pairs(text: str, pattern: str, example: str) -> dict[str, float]:
    """Read lines such as "2028: 400"."""
    pairs = {}
    for line in filter(None, (line.strip() for line in text.replace(";", "\n").splitlines())):
        key, _, number = line.replace("=", ":").rpartition(":")
        if not re.fullmatch(pattern, key.strip()):
            raise AcutecastError(
                Problem(f'"{line}" is no such line', "text", remedy=f"Write for example {example}.")
            )
        pairs[key.strip()] = read_number(number, "text")
    return pairs
