"""What a user should know of a scenario that is in order: what was scaled, or has no effect."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from acutecast.errors import Problem
from acutecast.scenario.model import Scenario

NOTES_KEY = "notes_of_reading"
"""Where `Scenario.nhp` keeps what there was to say when an NHP file was read."""

NEARLY = 1e-6
"""How far from 1 a sum of weights may be through rounding alone."""


def scenario_notes(scenario: Scenario) -> tuple[Problem, ...]:
    """Say what a scenario holds that does not count as it is written.

    Returns:
        Problems that are warnings; they go to every run of the scenario.
    """
    kept = (scenario.nhp or {}).get(NOTES_KEY)
    notes = [_note(each) for each in kept] if isinstance(kept, list) else []
    weights = [weight for weight in scenario.population.variants.values() if weight > 0]
    total = sum(weights)
    if len(weights) > 1 and abs(total - 1) > NEARLY:
        notes.append(
            Problem(
                f"the weights sum to {total:.4g}; each counts as its share of that",
                "population.variants",
                warning=True,
            )
        )
    return tuple(notes)


def stored(notes: list[Problem]) -> list[dict[str, Any]]:
    """Give notes as `Scenario.nhp` keeps them."""
    return [{key: value for key, value in asdict(note).items() if value} for note in notes]


def _note(kept: Any) -> Problem:
    """Read a note as it was kept; a file may hold anything there."""
    content = kept if isinstance(kept, dict) else {"what": str(kept)}
    what, where, example, remedy = (
        str(content.get(key, "")) for key in ("what", "where", "example", "remedy")
    )
    return Problem(what, where, example=example, remedy=remedy, warning=True)
