"""A national scenario: what holds everywhere, and what one provider assumes instead.

A file has `scenario`, a scenario as ever; `providers`, for each provider the paths that differ
there; `systems`, which system (an integrated care board, a region) a provider belongs to; and
`flows`, activity that moves between providers. A provider's value takes the place of the national
one at the same path; null takes it away there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.scenario.faults import problems_of
from acutecast.scenario.flows import Flow, flow_problems
from acutecast.scenario.model import SECTIONS, Scenario
from acutecast.scenario.reading import dump_scenario, load_scenario, read_json

# What a roll-up needs to be the same everywhere.
COMMON = ("schema_version", "seed", "runs", "baseline_year", "horizon_year")
_KEYS = ("$schema", "scenario", "providers", "systems", "flows")
_SECTIONS = frozenset(section.field for section in SECTIONS)


@dataclass(frozen=True)
class NationalScenario:
    """What a national run assumes.

    Attributes:
        scenario: what holds everywhere.
        local: by provider, the paths that differ there, as in a scenario's file.
        systems: the system of a provider; a provider without one belongs to none.
        flows: activity that moves from one provider to another.
    """

    scenario: Scenario
    local: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    systems: Mapping[str, str] = field(default_factory=dict)
    flows: tuple[Flow, ...] = ()

    def of(self, provider: str) -> Scenario:
        """Give the scenario of one provider: the national one with its own paths.

        Raises:
            AcutecastError: where the two together are no scenario, naming the provider.
        """
        stated = self.local.get(provider, {})
        whole = merged(json.loads(dump_scenario(self.scenario)), stated)
        try:
            return Scenario(**whole)
        except AcutecastError as error:
            raise AcutecastError(
                [_under(problem, f"providers.{provider}") for problem in error.problems],
                "The national scenario",
            ) from None


def _under(problem: Problem, path: str) -> Problem:
    where = f"{path}.{problem.where}" if problem.where else path
    return Problem(
        problem.what, where, problem.count, problem.example, problem.remedy, problem.warning
    )


def merged(national: Mapping[str, Any], local: Mapping[str, Any]) -> dict[str, Any]:
    """Put a provider's paths in the place of the national ones.

    An assumption is taken whole, never half of one and half of the other; null removes.
    """
    result = deepcopy(dict(national))
    for key, value in local.items():
        if value is None:
            result.pop(key, None)
            continue
        here = result.get(key)
        if key in _SECTIONS or key in ("population", "reasons", "capacity"):
            result[key] = _merged(here, value, 0 if key != "population" else 1)
        else:
            result[key] = deepcopy(value)
    return result


def _merged(national: Any, local: Any, at_most: int) -> Any:
    """Merge two trees whose leaves are assumptions; `at_most` 1 merges the first level alone."""
    if not isinstance(local, Mapping) or not isinstance(national, Mapping) or _is_leaf(local):
        return deepcopy(local)
    result = deepcopy(dict(national))
    for key, value in local.items():
        if value is None:
            result.pop(key, None)
        elif at_most == 1:
            result[key] = deepcopy(value)
        else:
            result[key] = _merged(result.get(key), value, 0)
    return result


def _is_leaf(value: Mapping[str, Any]) -> bool:
    return bool({"value", "p10", "distribution", "quantiles", "low"} & set(value))


def load_national(source: Any) -> NationalScenario:
    """Load a national scenario, or a plain one that then holds everywhere alike.

    Args:
        source: a path, an fsspec URL, or the content as a dictionary.

    Raises:
        AcutecastError: with every problem of the file at once.
    """
    content = source if isinstance(source, Mapping) else read_json(source)
    if not isinstance(content, Mapping) or "scenario" not in content:
        return NationalScenario(load_scenario(source))
    problems = [
        Problem("there is no such field", key, remedy=f"Use {', '.join(_KEYS[1:])}.")
        for key in content
        if key not in _KEYS
    ]
    scenario = None
    try:
        scenario = load_scenario(content["scenario"])
    except AcutecastError as error:
        problems += [_under(problem, "scenario") for problem in error.problems]
    local = content.get("providers", {})
    systems = content.get("systems", {})
    for name, table in (("providers", local), ("systems", systems)):
        if not isinstance(table, Mapping):
            problems.append(Problem("is not an object in curly brackets", name))
    raise_if_any(problems, "The national scenario")
    assert scenario is not None
    for provider, stated in local.items():
        where = f"providers.{provider}"
        if not isinstance(stated, Mapping):
            problems.append(Problem("is not an object in curly brackets", where))
            continue
        problems += [
            Problem(
                "is the same everywhere, so that providers can be added up",
                f"{where}.{key}",
                remedy="State it in scenario.",
            )
            for key in COMMON
            if key in stated
        ]
    if scenario.dataset is not None:
        problems.append(
            Problem(
                "names one provider",
                "scenario.dataset",
                example=scenario.dataset,
                remedy="Remove it; the providers are those of the data.",
            )
        )
    problems += [
        Problem("is not the name of a system", f"systems.{provider}", example=str(system))
        for provider, system in systems.items()
        if not isinstance(system, str) or not system
    ]
    flows = _flows(content.get("flows", []), problems)
    made = NationalScenario(scenario, local, systems, flows)
    if not problems:
        for provider in local:
            try:
                made.of(provider)
            except AcutecastError as error:
                problems += error.problems
    raise_if_any(problems, "The national scenario")
    return made


def _flows(stated: Any, problems: list[Problem]) -> tuple[Flow, ...]:
    """Read the flows; what is wrong with them joins the `problems`."""
    if not isinstance(stated, list):
        problems.append(Problem("is not a list in square brackets", "flows"))
        return ()
    flows, numbers = [], []
    for i, one in enumerate(stated):
        try:
            flows.append(Flow.model_validate(one))
            numbers.append(i)
        except ValidationError as error:
            problems += [_under(p, f"flows.{i}") for p in problems_of(error, Flow)]
    problems += [
        Problem(what, f"flows.{numbers[i]}", remedy=remedy)
        for i, what, remedy in flow_problems(flows)
    ]
    return tuple(flows)
