"""A scenario as it is at one revision: what is stored, typed and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from acutecast.scenario import Scenario, describe, load_scenario
from acutecast.scenario.model import SECTIONS
from acutecast.scenario.resolution import DEFAULT_SPAN
from acutecast.workspace.content import with_value

Path = tuple[str, ...]

_NAMES = {section.field: section.path for section in SECTIONS}


def dotted(path: Path) -> str:
    """Give the dotted path by which messages name a place in the scenario."""
    return ".".join(path)


@dataclass(frozen=True)
class Snapshot:
    """A scenario at one revision.

    Attributes:
        content: the plain scenario file.
        revision: which one.
        baseline: baseline activity by path, for the sections that show it; None where unknown.
        start: the baseline year of the data; None where unknown.
    """

    content: Mapping[str, Any]
    revision: int
    baseline: Mapping[Path, float] | None = None
    start: int | None = None

    @cached_property
    def scenario(self) -> Scenario:
        """The typed scenario."""
        return load_scenario(self.content)

    @cached_property
    def described(self) -> dict[str, dict[str, str]]:
        """What each assumption says, in words, by its name; see `acutecast.scenario.describe`.

        Those of projections that no run uses are there too.
        """
        content = {key: value for key, value in self.content.items() if key != "correlations"}
        population = content.get("population") or {}
        if population.get("own"):
            weights = dict.fromkeys(population["own"], 1.0) | population.get("variants", {})
            content["population"] = population | {"variants": weights}
        return {row["name"]: row for row in describe(load_scenario(content))}

    @property
    def span(self) -> tuple[int, int] | None:
        """The baseline and the horizon year; None where they are unknown."""
        first = self.content.get("baseline_year") or self.start
        if first is None:
            return None
        return first, self.content.get("horizon_year") or first + DEFAULT_SPAN

    def at(self, path: Path) -> Any:
        """Give what is stored at a path; None where nothing is."""
        found: Any = self.content
        for part in path:
            if not isinstance(found, Mapping) or part not in found:
                return None
            found = found[part]
        return found

    def said(self, path: Path) -> dict[str, str] | None:
        """Give the words for the assumption at a path; None where it is not set."""
        if self.at(path) is None:
            return None
        return self.described.get(dotted((_NAMES.get(path[0], path[0]), *_bare(path)[1:])))

    def with_values(self, values: Sequence[tuple[Path, Any]]) -> Snapshot:
        """Give the scenario as it would be with other values; None removes."""
        content: Any = self.content
        for path, value in values:
            content = with_value(content, path, value)
        return replace(self, content=content)


def _bare(path: Path) -> Path:
    """Give the path as assumptions are named: projections of one's own stand beside each other."""
    return (path[0], *path[2:]) if path[:2] == ("population", "own") else path
