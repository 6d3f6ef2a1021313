"""Changes of a scenario in words: "no change → 5% to 12% fewer" rather than numbers in brackets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from acutecast.errors import AcutecastError
from acutecast.workspace import content as contents
from acutecast.workspace.content import GROWTH, Path

_SETTINGS = {
    "name": "Name",
    "description": "Description",
    "dataset": "Provider",
    "baseline_year": "Baseline year",
    "horizon_year": "Horizon year",
    "seed": "Seed of the draws",
    "runs": "Model runs",
    "health_status": "Health status of older people",
    "population": "Population",
    "correlations": "Assumptions that move together",
    "inequalities": "Reducing inequalities",
    "capacity": "Capacity",
    "reasons": "Reason",
    "nhp": "What else the NHP file held",
    "schema_version": "Layout of the file",
}
_INEQUALITIES = {
    "level_up": "HRGs levelled up",
    "zero_sum": "HRGs levelled with the same activity in all",
    "level_down": "HRGs levelled down",
}
_UNSET = {
    "description": "none",
    "baseline_year": "that of the data",
    "horizon_year": "20 years on",
    "inequalities": "none",
    "correlations": "none",
    "reasons": "none",
    "capacity": "the default",
}
_EVENTS = {
    "create": "made",
    "upload": "made from a file",
    "copy": "made as a copy",
    "delete": "deleted",
    "restore": "restored",
}
_OWN = ("population", "own")
_CERTAIN = {"distribution": "point", "value": 1}
_LONGEST_KEPT = 2000
"""Letters of a path and its value, up to which their description is kept for the next time."""


def label_of(path: Path) -> str:
    """Give the name of what stands at a path, as people read it."""
    if not path:
        return "The scenario"
    first, *rest = path
    section = _section(first)
    for length in range(len(path), 2, -1):
        described = _described(path[:length], _CERTAIN)
        if described is not None:
            label = described["label"]
            if section is None:
                label = f"Population: {label}"
            elif first not in ("activity_avoidance", "efficiencies"):
                label = f"{section}: {label} ({_activity(rest[0])})"
            return ", ".join([label, *path[length:]])
    if section is not None:
        return f"{section}: {', '.join(rest)}" if rest else section
    return _label_of_setting(first, rest)


def label_of_name(name: str) -> str:
    """Give the label of a path as `diff_scenarios` writes it."""
    from acutecast.scenario.model import SECTIONS

    first, *rest = name.split(".")
    if first == "population" and rest and rest[0].startswith("own_"):
        rest = ["own", *rest]
    fields = {section.path: section.field for section in SECTIONS}
    return label_of((fields.get(first, first.partition("[")[0]), *rest))


def said(path: Path, value: Any) -> str:
    """Say a value in words: "5% to 12% fewer", "no change", "yes"."""
    return str(_said(path, value))


def said_change(path: Path, before: Any, after: Any) -> str:
    """Say what a change did: "no change → 5% to 12% fewer"."""
    if path == GROWTH and isinstance(after, Mapping):
        # A name became values of one's own, most of them the same as before.
        trees = [{GROWTH[0]: contents.written_out(value, GROWTH)} for value in (before, after)]
        found = contents.changes(*trees)
        parts = [f"{label_of(p).rpartition(': ')[2]}: {said_change(p, a, b)}" for p, a, b in found]
        if parts:
            return "; ".join(parts)
    old, new = _said(path, before), _said(path, after)
    if old.value != new.value:
        return f"{old} → {new}"
    parts = [new.value]
    if old.profile != new.profile:
        parts.append(f"comes {old.profile or 'as usual'} → {new.profile or 'as usual'}")
    if old.reason != new.reason:
        parts.append(f"reason {old.reason or 'none'} → {new.reason or 'none'}")
    return ", ".join(parts)


def said_event(kind: str, after: Any, dataset: str) -> str:
    """Say what happened to a scenario as a whole."""
    if kind == "share":
        return f"shared with all who may see {dataset}" if after else "made private"
    return _EVENTS.get(kind, kind)


@dataclass(frozen=True)
class _Said:
    """A value in words.

    Attributes:
        value: the value: "5% to 12% fewer".
        profile: of an assumption, how it comes into effect: "evenly".
        reason: of an assumption, why, in quotation marks.
        timed: whether the profile is stated; a default one goes without saying.
    """

    value: str
    profile: str = ""
    reason: str = ""
    timed: bool = False

    def __str__(self) -> str:
        parts = (self.value, self.profile if self.timed else "", self.reason)
        return ", ".join(filter(None, parts))


def _said(path: Path, value: Any) -> _Said:
    if not path:
        return _Said("the whole scenario")
    if value is None:
        if _described(path, _CERTAIN) is None:
            return _Said(_unset(path))
        return _Said("as in the base" if path[:2] == _OWN else "no change")
    described = _described(path, value)
    if described is not None:
        reason = f"“{described['reason']}”" if described["reason"] else ""
        timed = isinstance(value, Mapping) and "profile" in value
        return _Said(described["change"], described["profile"], reason, timed)
    if _section(path[0]) is not None and isinstance(value, Mapping):
        return _Said(_number(contents.number_stated(value), "assumption"))
    return _Said(_plain(value))


def _described(path: Path, value: Any) -> dict[str, str] | None:
    """Describe the assumption at a path; None where what stands there is none."""
    if len(path) < 3 or (_section(path[0]) is None and path[:2] != _OWN):
        return None
    text = contents.to_text(value)
    if len(text) + sum(map(len, path)) > _LONGEST_KEPT:
        return _description(path, text)
    return _kept_description(path, text)


def _description(path: Path, text: str) -> dict[str, str] | None:
    from acutecast.scenario import describe, load_scenario

    base: dict[str, Any] = {"name": "x", GROWTH[0]: {} if path[:1] == GROWTH else "none"}
    if path[:2] == _OWN:
        base["population"] = {"variants": {path[2]: 1.0}}
        if path[3:4] == ("housing",) and len(path) > 5:
            base = contents.with_value(base, (*path[:5], "dwellings"), {"2030": 1.0})
    try:
        rows = describe(load_scenario(contents.with_value(base, path, json.loads(text))))
    except AcutecastError:
        return None
    return rows[0] if len(rows) == 1 else None


_kept_description = lru_cache(4096)(_description)


def _section(field: str) -> str | None:
    """Give what a section of assumptions is called; None for what is no section."""
    from acutecast.report.charts import FACTOR_LABELS
    from acutecast.scenario.model import SECTIONS

    paths = {section.field: section.path for section in SECTIONS}
    return FACTOR_LABELS[paths[field]] if field in paths else None


def _activity(key: str) -> str:
    from acutecast.facts import ACTIVITY_TYPES

    return ACTIVITY_TYPES[key].label.lower() if key in ACTIVITY_TYPES else key


def _label_of_setting(first: str, rest: list[str]) -> str:
    if first == "inequalities" and rest:
        return _INEQUALITIES.get(rest[0], rest[0])
    if first == "population" and rest[:1] == ["variants"]:
        rest = [f"weight of {_variant(name)}" for name in rest[1:]] or ["weights of the variants"]
    if first == "population" and rest[:1] == ["own"]:
        rest = [_spaced(name.removeprefix("own_")) for name in rest[1:]]
    if first == "capacity" and rest:
        rest = [_area(rest[0]), *map(_spaced, rest[1:])]
    name = _SETTINGS.get(first, first)
    return f"{name}: {', '.join(rest)}" if rest else name


def _variant(name: str) -> str:
    from acutecast.facts import rows

    labels = {row["variant"]: row["label"] for row in rows("population_variants")}
    return labels.get(name, _spaced(name.removeprefix("own_")))


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _area(key: str) -> str:
    from acutecast.capacity.areas import areas

    return next((area.label for area in areas() if area.key == key), _spaced(key))


def _unset(path: Path) -> str:
    """Say what holds where nothing is stated."""
    from acutecast.capacity.assumptions import defaults
    from acutecast.scenario import Scenario

    if path[0] == "capacity" and path[1:] in defaults():
        return f"{defaults()[path[1], path[2]].value:g} (the default)"
    if len(path) == 1 and path[0] not in _UNSET:
        field = Scenario.model_fields.get(path[0])
        if field is not None and isinstance(field.default, bool | int | float | str):
            return _plain(field.default)
    return _UNSET.get(path[0], "not set")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _number(len(value), "entry", "entries")
    if isinstance(value, list):
        if any(isinstance(item, list | Mapping) for item in value):
            return _number(len(value), "entry", "entries")
        numbers = len(value) == 2 and all(isinstance(item, int | float) for item in value)
        return (" to " if numbers else ", ").join(map(_plain, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"


def _number(count: int, noun: str, several: str = "") -> str:
    return f"{count} {noun if count == 1 else several or noun + 's'}"
