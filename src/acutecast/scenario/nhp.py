"""Parameter files of the NHP demand model: reading those of versions 3.3 to 5.2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import PydanticCustomError

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.scenario.faults import shown
from acutecast.scenario.model import SECTIONS, Scenario, growth_variant
from acutecast.scenario.nhp_covid import read_covid, with_covid
from acutecast.scenario.nhp_layout import (
    GROWTH_NAMES,
    TPMA_SECTIONS,
    VALUE_TYPE,
    VARIANT_KEY,
    leaves,
    put,
    tpma_parts,
)
from acutecast.scenario.nhp_versions import (
    COVID,
    PROFILES,
    growth_problems,
    inequalities,
    of_population,
    profile_of,
    profiles,
    top_level,
)
from acutecast.scenario.nhp_writing import to_nhp, written_growth
from acutecast.scenario.notes import NOTES_KEY, stored
from acutecast.scenario.shorthand import expand
from acutecast.scenario.whole import whole

__all__ = ["from_nhp", "is_nhp", "to_nhp"]

TITLE = "The NHP parameter file"
_GROWTH = "non-demographic_adjustment"
_REQUIRED = (
    "scenario",
    "start_year",
    "end_year",
    "seed",
    "model_runs",
    "demographic_factors",
    "health_status_adjustment",
    _GROWTH,
)
# Names that only an NHP file has; ours has "name".
_TELLING = {*_REQUIRED, "app_version", "waiting_list_adjustment"} - {"seed"}
_RENAMED = {
    "scenario": "name",
    "start_year": "baseline_year",
    "end_year": "horizon_year",
    "model_runs": "runs",
    "health_status_adjustment": "health_status",
}
_COPIED = ("description", "dataset", "seed", "inequalities", "reasons")
_OBJECTS = {section.path for section in SECTIONS} | {
    *("demographic_factors", "inequalities", COVID, PROFILES)
}
_KNOWN = {*_RENAMED, *_COPIED, *_OBJECTS}
_LISTS = ("level_up", "zero_sum", "level_down")


def is_nhp(content: Mapping[str, Any]) -> bool:
    """Tell whether the content of a file is an NHP parameter file rather than ours."""
    ours = "schema_version" in content or "name" in content
    return not ours and any(key in content for key in _TELLING)


def from_nhp(params: Mapping[str, Any]) -> Scenario:
    """Read the content of an NHP parameter file.

    What NHP holds beside assumptions (id, user, create_datetime, app_version and any unknown
    name) is kept in `Scenario.nhp`, so that `to_nhp` writes it back, and so are notes about what
    has no effect (`scenario_notes` gives them).

    Raises:
        AcutecastError: with every problem, at the path in the NHP file.
    """
    problems = [
        Problem("is missing", key, remedy="Add it.") for key in _REQUIRED if key not in params
    ]
    params = _without_r_habits(params)
    problems += _shape_problems(params)
    raise_if_any(problems, TITLE)

    notes = []
    for found, told in (
        top_level(params, _KNOWN),
        of_population(params),
        profiles(params.get(PROFILES, {}), {section.path for section in SECTIONS}),
    ):
        problems += found
        notes += told

    values: dict[str, Any] = {new: params[old] for old, new in _RENAMED.items()}
    values |= {key: params[key] for key in _COPIED if key in params}
    values["baseline_year"] = _calendar_year(params["start_year"])
    factors = params["demographic_factors"]
    values["population"] = {"variants": factors["variant_probabilities"]}
    if "inequalities" in params:
        values["inequalities"], found, told = inequalities(params["inequalities"])
        problems, notes = problems + found, notes + told
    for section in SECTIONS:
        if section.path in params:
            values[section.field] = params[section.path]
    for name in TPMA_SECTIONS:
        values[name] = _without_types(values.get(name, {}), name, problems)
    values["non_demographic_growth"] = _growth(params[_GROWTH])
    kept = _kept(params)
    mappings = params.get(PROFILES, {})
    _add_profiles(values, mappings)
    _move_reasons(values)
    try:
        scenario = Scenario(**values)
        covid, found = read_covid(params.get(COVID, {}))
        changes, more, told = with_covid(scenario, covid, mappings.get(COVID))
        problems, notes = [*problems, *found, *more], notes + told
        kept |= {NOTES_KEY: stored(notes)} if notes else {}
        scenario = Scenario(**(scenario.model_dump() | changes | {"nhp": kept}))
    except AcutecastError as error:
        problems += [_at_nhp_path(problem) for problem in error.problems]
    raise_if_any(problems, TITLE)
    return scenario


def _without_r_habits(params: Mapping[str, Any]) -> dict[str, Any]:
    """Read an empty list as an empty object where R writes one for the other."""
    objects = {*_OBJECTS, "reasons"}
    return {key: _objects(value) if key in objects else value for key, value in params.items()}


def _objects(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: inner if key in _LISTS else _objects(inner) for key, inner in value.items()}
    return {} if value == [] else value


def _shape_problems(params: Mapping[str, Any]) -> list[Problem]:
    """Find what would stop the translation, as against what the scenario itself will refuse."""
    problems = []
    for key in sorted(_OBJECTS & params.keys()):
        if not isinstance(params[key], dict):
            problems.append(
                Problem(f"must be an object in curly brackets, not {shown(params[key])}", key)
            )
    if problems:
        return problems
    factors = params.get("demographic_factors", {})
    if "demographic_factors" in params and "variant_probabilities" not in factors:
        problems.append(
            Problem("is missing", "demographic_factors.variant_probabilities", remedy="Add it.")
        )
    growth = params.get(_GROWTH, {})
    kind = growth.get("value-type", VALUE_TYPE)
    if kind != VALUE_TYPE:
        problems.append(
            Problem(
                f"is {shown(kind)}",
                f"{_GROWTH}.value-type",
                remedy=f'Only "{VALUE_TYPE}" is known.',
            )
        )
    if _GROWTH in params:
        problems += growth_problems(growth)
    return problems


def _calendar_year(year: Any) -> Any:
    """Read a financial year written 202324 as 2023."""
    year = whole(year)
    return year // 100 if type(year) is int and year > 9999 else year


def _without_types(section: Mapping[str, Any], name: str, problems: list[Problem]) -> Any:
    """Turn {"interval": […], "type": …} into the interval, checking the type against the facts."""
    plain: dict[str, Any] = {}
    for activity, tpmas in section.items():
        if not isinstance(tpmas, dict):
            plain[activity] = tpmas
            continue
        plain[activity] = {}
        for key, entry in tpmas.items():
            where = f"{name}.{activity}.{key}"
            if not isinstance(entry, dict) or "interval" not in entry:
                problems.append(
                    Problem("has no interval", where, remedy='Write {"interval": [0.9, 0.95]}.')
                )
                continue
            plain[activity][key] = entry["interval"]
            facts = tpma_parts(name, key)
            for part, value in entry.items():
                if part != "interval" and value != facts.get(part):
                    expected = f"Write {facts[part]}." if part in facts else "Remove it."
                    problems.append(
                        Problem(f"is {shown(value)}", f"{where}.{part}", remedy=expected)
                    )
    return plain


def _growth(growth: Mapping[str, Any]) -> Any:
    """Give the name of a published variant where label and values are both its own."""
    label, values = growth.get("variant"), growth["values"]
    name = GROWTH_NAMES.get(label) if isinstance(label, str) else None
    if name and _numbers(values) == _numbers(written_growth(growth_variant(name))):
        return name
    certain = all(leaf == [1, 1] for _, leaf in leaves(values))
    return "none" if label == "none" and certain else values


def _numbers(values: Any) -> dict[tuple[str, ...], Any]:
    return dict(leaves(values))


def _kept(params: Mapping[str, Any]) -> dict[str, Any]:
    """What the file holds that a scenario has no place for."""
    kept = {key: value for key, value in params.items() if key not in _KNOWN}
    label = params[_GROWTH].get("variant")
    if label is not None and label != "none" and label not in GROWTH_NAMES:
        kept[VARIANT_KEY] = label
    return kept


def _add_profiles(values: dict[str, Any], mappings: Any) -> None:
    """Give assumptions the time profiles that files before 5.2 have in a tree of their own."""
    for section in SECTIONS:
        if section.profile is None or not isinstance(mappings, dict):
            continue
        for path, _ in list(leaves(values.get(section.field, {}))):
            mapped = mappings.get(section.path)
            for key in path:
                mapped = mapped.get(key) if isinstance(mapped, dict) else mapped
            profile = profile_of(mapped)
            if profile is not None and profile != section.profile.shape:
                _attach(values[section.field], path, "profile", profile)


def _move_reasons(values: dict[str, Any]) -> None:
    """Move the reasons that stand at the path of an assumption to the assumption."""
    reasons = values.get("reasons")
    if not isinstance(reasons, dict):
        return
    fields = {section.path: section.field for section in SECTIONS}
    rest: dict[str, Any] = {}
    for path, reason in leaves(reasons):
        tree = values.get(fields.get(path[0], "")) if path else None
        moved = isinstance(reason, str) and reason and _attach(tree, path[1:], "reason", reason)
        if not moved and path:
            put(rest, path, reason)
    values["reasons"] = rest


def _attach(tree: Any, path: tuple[str, ...], name: str, value: Any) -> bool:
    """Add a property to the assumption at a path; tell whether there is one."""
    *parents, last = path or ("",)
    for key in parents:
        tree = tree.get(key) if isinstance(tree, dict) else None
    if not isinstance(tree, dict) or last not in tree:
        return False
    try:
        tree[last] = {**expand(tree[last]), name: value}
    except PydanticCustomError:
        return False
    return True


def _at_nhp_path(problem: Problem) -> Problem:
    names = {new: old for old, new in _RENAMED.items()}
    names |= {section.field: section.path for section in SECTIONS}
    names["non_demographic_growth"] = f"{_GROWTH}.values"
    first, dot, rest = problem.where.partition(".")
    where = f"{names.get(first, first)}{dot}{rest}".replace(
        "population.variants", "demographic_factors.variant_probabilities"
    )
    return Problem(problem.what, where, remedy=problem.remedy)
