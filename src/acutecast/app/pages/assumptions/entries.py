"""What can be edited: for each path of a scenario, how its fields read, write and are named.

A row of fields on the page says only its path. What may stand there is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from acutecast.app.pages.assumptions import entry_kinds, phrases, values
from acutecast.app.pages.assumptions.entries_together import inequality, weight
from acutecast.app.pages.assumptions.entry_kinds import Edits, Entry
from acutecast.app.pages.assumptions.names import (
    EFFECTS,
    HEADINGS,
    area_label,
    assumption_words,
)
from acutecast.app.pages.assumptions.phrases import Phrase, number_text, read_number
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.pages.assumptions.values import Parts
from acutecast.errors import AcutecastError, Problem
from acutecast.facts import rows
from acutecast.scenario.model import SECTIONS
from acutecast.workspace.words import label_of

__all__ = ["Edits", "Entry", "entry"]

_ASSUMPTIONS = tuple(section.field for section in SECTIONS)
_PHRASES = {
    "expat": replace(phrases.FEWER, unit="% moves away"),
    "repat_local": phrases.MORE,
    "repat_nonlocal": phrases.MORE,
    "baseline_adjustment": phrases.CHANGE,
    "waiting_list": phrases.CHANGE,
    "non_demographic_growth": phrases.YEARLY,
}
_OWN_RATES = {
    "fertility": phrases.CHANGE,
    "mortality": phrases.CHANGE,
    "migration": phrases.CHANGE,
    "extra_migrants": phrases.plain("a year per 1,000 residents", -50, 50),
}
_OF_HOUSING = {
    "people_per_dwelling": phrases.plain("people per dwelling", 0, 10),
    "completed": phrases.percent("% of those planned", 0, 200),
}


def entry(path: Path) -> Entry:
    """Give the entry at a path.

    Raises:
        KeyError: where nothing can be edited by itself.
    """
    match path:
        case ("non_demographic_growth",):
            return _growth_choice()
        case (field, *_) if field in _ASSUMPTIONS and len(path) in (3, 4):
            return _assumption(path, _phrase(path), field != "non_demographic_growth")
        case ("capacity", "specialty_minutes", area):
            return entry_kinds.lines(
                path, f"Minutes by specialty: {area_label(area)}", r"\d{3}", "110: 30"
            )
        case ("capacity", area, name):
            return _assumption(path, _capacity_phrase(area, name), False)
        case ("population", "variants", variant):
            return weight(variant)
        case ("population", "own", _, rate) if rate in _OWN_RATES:
            return _assumption(path, _OWN_RATES[rate], True)
        case ("population", "own", _, "housing", _, rate) if rate in _OF_HOUSING:
            return _assumption(path, _OF_HOUSING[rate], False)
        case ("population", "own", _, "housing", _, _):
            return entry_kinds.housing(path)
        case ("population", "own", _, "base"):
            return entry_kinds.text(path, "Departs from", lambda value: value or None)
        case ("inequalities", hrg):
            return inequality(hrg)
        case ("reasons", of):
            return entry_kinds.text(
                path, f"Reason: {HEADINGS.get(of, of)}", lambda value: value or None
            )
        case ("name",) | ("description",):
            return entry_kinds.text(path, path[0].capitalize(), lambda value: value)
        case (name,) if name in entry_kinds.WHOLE:
            return entry_kinds.whole(name)
        case ("health_status",):
            return entry_kinds.yes_no(path, "Health status adjustment")
        case ("correlations",):
            return entry_kinds.as_json(path, "Correlations")
    raise KeyError(path)


def _phrase(path: Path) -> Phrase:
    if path[0] in _PHRASES:
        return _PHRASES[path[0]]
    effect = EFFECTS.get(path[-1], "fewer")
    return replace(phrases.FEWER, unit=f"% {effect}")


def _capacity_phrase(area: str, name: str) -> Phrase:
    from acutecast.capacity.assumptions import defaults

    default = defaults()[area, name]
    if default.unit.startswith("share"):
        unit = f"%{default.unit.removeprefix('share')}"
        return phrases.percent(unit, 100 * default.low, 100 * default.high)
    return phrases.plain(default.unit, default.low, default.high)


def _assumption(path: Path, phrase: Phrase, timed: bool) -> Entry:
    def read(snapshot: Snapshot) -> Parts:
        parts = values.read_parts(phrase, snapshot.at(path))
        count = (snapshot.baseline or {}).get(path)
        if path[0] == "baseline_adjustment":
            factor = values.expanded(snapshot.at(path)).get("value")
            known = count is not None and factor is not None
            parts["count"] = number_text(round(count * factor)) if known else ""  # type: ignore[operator]
        return parts

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        parts = dict(parts)
        count = (snapshot.baseline or {}).get(path)
        if changed == "count":
            parts["value"] = _percent_of_count(parts["count"], count)
        if "value" in parts and "kind" not in parts:
            parts["kind"] = "point"
        return [(path, values.write_value(phrase, parts, snapshot.at(path), snapshot.span))]

    def words(snapshot: Snapshot) -> str:
        return assumption_words(snapshot, path, phrase)

    return Entry(path, label_of(path), read, write, words, phrase, timed)


def _percent_of_count(text: str, count: float | None) -> str:
    if not text.strip():
        return ""
    if not count:
        raise AcutecastError(
            Problem(
                "the count of the baseline year is not known here", "count",
                remedy="Write the change in percent beside it.",
            )
        )  # fmt: skip
    new = read_number(text, "count")
    if not 0 <= new <= 5 * count:
        raise AcutecastError(
            Problem(
                f"{number_text(new)} lies outside 0 to {number_text(round(5 * count))}", "count",
                remedy="Write the count that the baseline year should have had.",
            )
        )  # fmt: skip
    return repr(100 * (new / count - 1))


def _growth_choice() -> Entry:
    path = ("non_demographic_growth",)

    def read(snapshot: Snapshot) -> Parts:
        stored = snapshot.at(path)
        return {"choice": stored if isinstance(stored, str) else "own" if stored else "primary"}

    def write(snapshot: Snapshot, parts: Mapping[str, str], changed: str) -> Edits:
        choice = parts["choice"]
        if choice != "own":
            return [(path, None if choice == "primary" else choice)]
        if isinstance(snapshot.at(path), Mapping):
            return []
        return [(path, _published(str(snapshot.at(path) or "primary")))]

    def words(snapshot: Snapshot) -> str:
        choice = read(snapshot)["choice"]
        return "" if choice == "primary" else f"Growth: {choice}"

    return Entry(path, "Non-demographic growth", read, write, words)


def _published(variant: str) -> dict[str, dict[str, list[float]]]:
    """Give the values of a published variant, from which one's own start."""
    values: dict[str, dict[str, list[float]]] = {}
    for row in rows("non_demographic_growth"):
        if row["variant"] == (variant if variant != "none" else "primary"):
            interval = [float(row["p10"]), float(row["p90"])]
            values.setdefault(row["activity_type"], {})[row["ndggrp"]] = interval
    return values
