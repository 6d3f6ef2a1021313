"""Older layouts of a scenario file, brought up to date step by step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acutecast.errors import AcutecastError, Problem
from acutecast.scenario.faults import shown
from acutecast.scenario.model import SCHEMA_VERSION
from acutecast.scenario.whole import whole

# Names of layout 0, which followed the NHP parameter file, and what they are called since.
_RENAMED_IN_1 = {
    "scenario": "name",
    "start_year": "baseline_year",
    "end_year": "horizon_year",
    "model_runs": "runs",
    "demographic_factors": "population",
    "health_status_adjustment": "health_status",
    "waiting_list_adjustment": "waiting_list",
    "non-demographic_adjustment": "non_demographic_growth",
}


def _to_1(data: dict[str, Any]) -> dict[str, Any]:
    """Layout 0 had the names of the NHP file, and weights of variants without `variants`."""
    renamed = {_RENAMED_IN_1.get(key, key): value for key, value in data.items()}
    population = renamed.get("population")
    if isinstance(population, dict) and "variants" not in population:
        renamed["population"] = {"variants": population}
    return renamed


STEPS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {0: _to_1}
"""The step that takes a file of each older version to the next version."""


def migrate(data: dict[str, Any]) -> dict[str, Any]:
    """Bring a scenario file's content to the current layout; a current one is returned as it is.

    Raises:
        AcutecastError: where the version is unknown or newer than this Acutecast.
    """
    version = whole(data.get("schema_version", SCHEMA_VERSION))
    if type(version) is not int or version < min(STEPS):
        raise AcutecastError(
            Problem(
                f"{shown(version)} is not a version of the scenario layout",
                "schema_version",
                remedy=f"Write {SCHEMA_VERSION}.",
            )
        )
    if version > SCHEMA_VERSION:
        raise AcutecastError(
            Problem(
                f"the file has layout {version}, and this Acutecast knows up to {SCHEMA_VERSION}",
                "schema_version",
                remedy="Update Acutecast to open it.",
            )
        )
    while version < SCHEMA_VERSION:
        data = {**STEPS[version](data), "schema_version": version + 1}
        version += 1
    return data
