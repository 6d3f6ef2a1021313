"""Parameter files of the NHP demand model: writing one where nothing would be lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from acutecast.errors import Problem, raise_if_any
from acutecast.scenario.distributions import Normal, Point, Stated, kind_of
from acutecast.scenario.faults import shown
from acutecast.scenario.model import SECTIONS, Assumption, Growth, Scenario, growth_variant
from acutecast.scenario.nhp_layout import (
    APP_VERSION,
    END_YEARS,
    GROWTH_GROUPS,
    GROWTH_NAMES,
    POINT_SECTIONS,
    START_YEARS,
    TPMA_SECTIONS,
    VALUE_TYPE,
    VARIANT_KEY,
    VARIANTS,
    leaves,
    put,
    tpma_parts,
)
from acutecast.scenario.notes import NEARLY, NOTES_KEY
from acutecast.scenario.own_population import POPULATION


def to_nhp(scenario: Scenario) -> dict[str, Any]:
    """Write a scenario as the content of an NHP parameter file of version 5.2.

    Raises:
        AcutecastError: listing everything in the scenario that such a file cannot say.
    """
    raise_if_any(_losses(scenario), "An NHP parameter file cannot say all of this scenario")
    kept = {key: value for key, value in (scenario.nhp or {}).items() if key != NOTES_KEY}
    variant = kept.pop(VARIANT_KEY, "custom")
    weights = {name: w for name, w in scenario.population.variants.items() if w > 0}
    total = sum(weights.values())
    if abs(total - 1) > NEARLY:
        weights = {name: weight / total for name, weight in weights.items()}
    params: dict[str, Any] = {
        "app_version": APP_VERSION,
        **kept,
        "scenario": scenario.name,
        "dataset": scenario.dataset,
        "seed": scenario.seed,
        "model_runs": scenario.runs,
        "start_year": scenario.baseline_year,
        "end_year": scenario.horizon_year,
        "demographic_factors": {"variant_probabilities": weights},
        "health_status_adjustment": scenario.health_status,
        "inequalities": scenario.inequalities.model_dump(mode="json"),
    }
    if scenario.description:
        params["description"] = scenario.description
    for section in SECTIONS:
        part = getattr(scenario, section.field)
        if not isinstance(part, str):
            params[section.path] = _written(section.path, part)
    growth = scenario.non_demographic_growth
    if isinstance(growth, str):
        names = {ours: nhp for nhp, ours in GROWTH_NAMES.items()}
        variant, growth = names.get(growth, growth), growth_variant(growth)
    params["non-demographic_adjustment"] = {
        "variant": variant,
        "value-type": VALUE_TYPE,
        "values": written_growth(growth),
    }
    reasons = _written_reasons(scenario)
    return {**params, "reasons": reasons} if reasons else params


def written_growth(growth: Growth) -> dict[str, dict[str, Any]]:
    """Give the values of non-demographic growth, 1 where the scenario has none."""
    return {
        activity: {
            group: _written_leaf("", group, getattr(growth, activity).get(group))
            for group in groups
        }
        for activity, groups in GROWTH_GROUPS.items()
    }


def _losses(scenario: Scenario) -> list[Problem]:
    """Find what an NHP file cannot say."""
    losses = []
    for field, allowed in (("baseline_year", START_YEARS), ("horizon_year", END_YEARS)):
        year = getattr(scenario, field)
        if year is None:
            losses.append(Problem("is not set", field, remedy="Set it, or run on the data first."))
        elif not allowed[0] <= year <= allowed[1]:
            losses.append(Problem(f"is {year}; NHP takes {allowed[0]} to {allowed[1]}", field))
    if scenario.dataset is None:
        losses.append(Problem("is not set", "dataset", remedy="Set it, or run on the data first."))
    losses += [
        Problem("NHP does not have this population variant", f"population.variants.{variant}")
        for variant, weight in scenario.population.variants.items()
        if weight > 0 and variant not in VARIANTS
    ]
    losses += [
        Problem("NHP has no correlations", f"correlations[{index}]")
        for index in range(len(scenario.correlations))
    ]
    if scenario.capacity:
        losses.append(Problem("NHP has no assumptions of capacity", "capacity"))
    version = (scenario.nhp or {}).get("app_version", APP_VERSION)
    if not isinstance(version, str) or not re.fullmatch(r"v\d+\.\d+|dev|pr-\d+", version):
        losses.append(Problem(f"is {shown(version)}; NHP takes v5.2 or dev", "nhp.app_version"))
    for assumption in scenario.assumptions():
        if assumption.section == POPULATION:
            continue  # the variant that it belongs to is named above
        losses += [Problem(what, assumption.name) for what in _assumption_losses(assumption)]
    taken = [path for path, _ in leaves(scenario.reasons)]
    for assumption in scenario.assumptions():
        path = _path(assumption)
        clash = [
            other for other in taken if other == path[: len(other)] or path == other[: len(path)]
        ]
        if assumption.reason and clash and clash != [()]:
            losses.append(
                Problem(
                    "has a reason, and `reasons` has another in its place",
                    assumption.name,
                    remedy="Keep one of the two.",
                )
            )
    return losses


def _assumption_losses(assumption: Assumption) -> Iterator[str]:
    stated = assumption.distribution
    if assumption.section in POINT_SECTIONS and not isinstance(stated, Point):
        yield "NHP takes a plain number here"
    elif not isinstance(stated, Point | Normal):
        yield f"NHP has no {kind_of(stated)} distribution"
    default = next(s.profile for s in SECTIONS if s.path == assumption.section)
    if assumption.profile != default:
        yield "NHP has no time profiles"
    group, *specialty = assumption.keys
    if group == "maternity" and specialty not in ([], ["Other (Medical)"]):
        yield "NHP has only Other (Medical) for maternity"


def _path(assumption: Assumption) -> tuple[str, ...]:
    return (assumption.section, assumption.activity, *assumption.keys)


def _written(section: str, part: Any) -> Any:
    """The NHP form of a section: all its activity types, each a tree of leaves."""

    def tree(branch: Any) -> Any:
        return {
            key: _written_leaf(section, key, inner) if isinstance(inner, Stated) else tree(inner)
            for key, inner in branch.items()
        }

    return {activity: tree(getattr(part, activity)) for activity in type(part).model_fields}


def _written_leaf(section: str, key: str, stated: Stated | None) -> Any:
    """A point or interval in the NHP form; None stands for no effect."""
    if isinstance(stated, Normal):
        interval = [stated.p10, stated.p90]
    else:
        value = stated.value if isinstance(stated, Point) else 1
        if section in POINT_SECTIONS:
            return value
        interval = [value, value]
    if section in TPMA_SECTIONS:
        return {**tpma_parts(section, key), "interval": interval}
    return interval


def _written_reasons(scenario: Scenario) -> dict[str, Any]:
    """The tree of reasons: those of the scenario and those of its assumptions."""
    reasons: dict[str, Any] = {}
    for path, reason in leaves(scenario.reasons):
        if path:
            put(reasons, path, reason)
    for assumption in scenario.assumptions():
        if assumption.reason:
            put(reasons, _path(assumption), assumption.reason)
    return reasons
