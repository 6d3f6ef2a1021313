"""What a user assumes: typed, validated, versioned, uncertain; NHP parameter files in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acutecast.scenario.correlation import Correlation
    from acutecast.scenario.distributions import (
        Metalog,
        Normal,
        Pert,
        Point,
        Stated,
        Triangular,
        TruncatedNormal,
        Uniform,
    )
    from acutecast.scenario.draw import draw_assumptions
    from acutecast.scenario.model import Assumption, Scenario
    from acutecast.scenario.national import NationalScenario, load_national
    from acutecast.scenario.nhp import from_nhp, to_nhp
    from acutecast.scenario.notes import scenario_notes
    from acutecast.scenario.profiles import Profile
    from acutecast.scenario.reading import dump_scenario, load_scenario, schema
    from acutecast.scenario.resolution import resolve
    from acutecast.scenario.words import describe, diff_scenarios

# Pydantic takes a quarter of a second to import, so each name is loaded where it is first used.
_HOMES = {
    "Assumption": "model",
    "Correlation": "correlation",
    "Metalog": "distributions",
    "NationalScenario": "national",
    "Normal": "distributions",
    "Pert": "distributions",
    "Point": "distributions",
    "Profile": "profiles",
    "Scenario": "model",
    "Stated": "distributions",
    "Triangular": "distributions",
    "TruncatedNormal": "distributions",
    "Uniform": "distributions",
    "describe": "words",
    "diff_scenarios": "words",
    "draw_assumptions": "draw",
    "dump_scenario": "reading",
    "from_nhp": "nhp",
    "load_national": "national",
    "load_scenario": "reading",
    "resolve": "resolution",
    "scenario_notes": "notes",
    "schema": "reading",
    "to_nhp": "nhp",
}

__all__ = [
    "Assumption",
    "Correlation",
    "Metalog",
    "NationalScenario",
    "Normal",
    "Pert",
    "Point",
    "Profile",
    "Scenario",
    "Stated",
    "Triangular",
    "TruncatedNormal",
    "Uniform",
    "describe",
    "diff_scenarios",
    "draw_assumptions",
    "dump_scenario",
    "from_nhp",
    "load_national",
    "load_scenario",
    "resolve",
    "scenario_notes",
    "schema",
    "to_nhp",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
