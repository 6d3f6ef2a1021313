"""Scenarios between two scenarios: what differs, and hybrids that take some of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from acutecast.scenario import Scenario, dump_scenario
from acutecast.scenario.model import HEALTH, SECTIONS

_SETTINGS = ("population", "health_status", "inequalities", "horizon_year", "correlations")


@dataclass(frozen=True)
class Part:
    """One thing in which two scenarios differ.

    Attributes:
        name: the assumption or setting.
        path: where it stands in a scenario's file.
        values: what stands there in the reference and in the other; None for nothing.
    """

    name: str
    path: tuple[str, ...]
    values: tuple[Any, Any]


def differing(reference: Scenario, other: Scenario) -> tuple[Part, ...]:
    """Give the assumptions and settings in which two scenarios differ, sorted by name."""
    a, b = (json.loads(dump_scenario(s, full=True)) for s in (reference, other))
    found = [
        Part(name, (name,), (a.get(name), b.get(name)))
        for name in _SETTINGS
        if a.get(name) != b.get(name)
    ]
    paths = {s.path: s.field for s in SECTIONS}
    leaves: dict[str, tuple[str, ...]] = {}
    for scenario in (reference, other):
        for assumption in scenario.assumptions():
            # Projections of one's own differ as a whole, with the setting "population".
            if assumption.section not in paths:
                continue
            field = paths[assumption.section]
            leaves[assumption.name] = (field, assumption.activity, *assumption.keys)
    named = [s for s in SECTIONS if any(isinstance(x.get(s.field), str) for x in (a, b))]
    for section in named:
        if a.get(section.field) != b.get(section.field):
            values = (a.get(section.field), b.get(section.field))
            found.append(Part(section.path, (section.field,), values))
    whole = {section.field for section in named}
    for name, path in leaves.items():
        values = _at(a, path), _at(b, path)
        if path[0] not in whole and _told(values[0]) != _told(values[1]):
            found.append(Part(name, path, values))
    return tuple(sorted(found, key=lambda part: part.name))


def _told(value: Any) -> Any:
    """Take the reason off an assumption: it changes no number."""
    if isinstance(value, dict):
        return {key: inner for key, inner in value.items() if key != "reason"}
    return value


def _at(tree: Mapping[str, Any], path: Sequence[str]) -> Any:
    for key in path:
        if not isinstance(tree, Mapping) or key not in tree:
            return None
        tree = tree[key]
    return tree


def hybrid(plain: Mapping[str, Any], parts: Sequence[Part], chosen: frozenset[int]) -> Scenario:
    """Make the scenario with the chosen parts of the other and the rest of the reference.

    Args:
        plain: the reference as its file holds it.
        parts: what differs.
        chosen: which of them to take from the other.
    """
    made = deepcopy(dict(plain))
    for i in sorted(chosen):
        _put(made, parts[i].path, parts[i].values[1])
    made["correlations"] = possible_correlations(made)
    return Scenario(**made)


def _put(tree: dict[str, Any], path: Sequence[str], value: Any) -> None:
    for key in path[:-1]:
        tree = tree.setdefault(key, {})
    if value is None:
        tree.pop(path[-1], None)
    else:
        tree[path[-1]] = deepcopy(value)


def possible_correlations(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Keep the members of correlation groups that a hybrid has; a group needs two."""
    groups = made.get("correlations") or []
    if not groups:
        return []
    bare = Scenario(**{**made, "correlations": []})
    names = [*(assumption.name for assumption in bare.assumptions()), HEALTH]
    kept = []
    for group in groups:
        patterns = [p for p in group["assumptions"] if any(fnmatchcase(n, p) for n in names)]
        members = {n for n in names for p in patterns if fnmatchcase(n, p)}
        if len(members) > 1:
            kept.append({**group, "assumptions": patterns})
    return kept
