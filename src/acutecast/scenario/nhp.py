"""Parameter files of the NHP demand model (versions 4 and 5): reading, and writing where possible.

The layout is that of the model's published schema (github.com/The-Strategy-Unit/nhp_model).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.facts import rows
from acutecast.scenario.distributions import Normal, Point, Stated
from acutecast.scenario.faults import shown
from acutecast.scenario.model import SECTIONS, Growth, Scenario, growth_variant

TITLE = "The NHP parameter file"
APP_VERSION = "v5.2"
# What NHP calls the published variants of non-demographic growth.
GROWTH_NAMES = {"variant_2": "primary", "variant_3": "sensitivity", "variant_1": "retired"}
START_YEARS = (2023, 2024)
END_YEARS = (2025, 2047)
SNPP_VARIANTS = tuple(row["variant"] for row in rows("population_variants"))[:6]
GROWTH_GROUPS = {
    "ip": ("elective", "non-elective", "maternity"),
    "op": ("first", "followup", "procedure"),
    "aae": ("ambulance", "walk-in"),
}

_VALUE_TYPE = "year-on-year-growth"
_VARIANT_KEY = "non-demographic_variant"
_TPMAS = {row["key"]: row for row in rows("tpmas")}
_REQUIRED = (
    "scenario",
    "start_year",
    "end_year",
    "seed",
    "model_runs",
    "demographic_factors",
    "health_status_adjustment",
    "non-demographic_adjustment",
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
_TPMA_SECTIONS = ("activity_avoidance", "efficiencies")
_PROFILES = {
    "linear": "linear",
    "front_loaded": "front_loaded",
    "back_loaded": "back_loaded",
    "none": "immediate",
}


def is_nhp(content: Mapping[str, Any]) -> bool:
    """Tell whether the content of a file is an NHP parameter file rather than ours."""
    ours = "schema_version" in content or "name" in content
    return not ours and any(key in content for key in _TELLING)


def from_nhp(params: Mapping[str, Any]) -> Scenario:
    """Read the content of an NHP parameter file.

    What NHP holds beside assumptions (id, user, create_datetime, app_version and any unknown
    name) is kept in `Scenario.nhp`, so that `to_nhp` writes it back.

    Raises:
        AcutecastError: with every problem, at the path in the NHP file.
    """
    problems = [
        Problem("is missing", key, remedy="Add it.") for key in _REQUIRED if key not in params
    ]
    params = {key: _objects(value) for key, value in params.items()}
    problems += _shape_problems(params)
    raise_if_any(problems, TITLE)

    values: dict[str, Any] = {new: params[old] for old, new in _RENAMED.items()}
    values |= {key: params[key] for key in _COPIED if key in params}
    values["baseline_year"] = _calendar_year(params["start_year"])
    factors = params["demographic_factors"]
    values["population"] = {"variants": factors["variant_probabilities"]}
    if "inequalities" in params:
        # R writes a list of one entry as the bare entry.
        lists = params["inequalities"].items()
        values["inequalities"] = {k: [v] if isinstance(v, str) else v for k, v in lists}
    for section in SECTIONS:
        if section.path in params:
            values[section.field] = params[section.path]
    for name in _TPMA_SECTIONS:
        values[name] = _without_types(values.get(name, {}), name, problems)
    values["non_demographic_growth"] = _growth(params["non-demographic_adjustment"])
    values["nhp"] = _kept(params)
    _add_profiles(values, params.get("time_profile_mappings", {}))
    _move_reasons(values)
    try:
        scenario = Scenario(**values)
    except AcutecastError as error:
        problems += [_at_nhp_path(problem) for problem in error.problems]
    raise_if_any(problems, TITLE)
    return scenario


def to_nhp(scenario: Scenario) -> dict[str, Any]:
    """Write a scenario as the content of an NHP parameter file of version 5.2.

    Raises:
        AcutecastError: listing everything in the scenario that such a file cannot say.
    """
    raise_if_any(_losses(scenario), "An NHP parameter file cannot say all of this scenario")
    kept = dict(scenario.nhp or {})
    variant = kept.pop(_VARIANT_KEY, "custom")
    weights = {name: w for name, w in scenario.population.variants.items() if w > 0}
    if max(weights.values()) > 1:
        total = sum(weights.values())
        weights = {name: weight / total for name, weight in weights.items()}
    params: dict[str, Any] = {
        "scenario": scenario.name,
        "dataset": scenario.dataset,
        "seed": scenario.seed,
        "model_runs": scenario.runs,
        "start_year": scenario.baseline_year,
        "end_year": scenario.horizon_year,
        "app_version": APP_VERSION,
        **kept,
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
        "value-type": _VALUE_TYPE,
        "values": {
            activity: {
                group: _written_leaf("", group, getattr(growth, activity).get(group))
                for group in groups
            }
            for activity, groups in GROWTH_GROUPS.items()
        },
    }
    reasons = _written_reasons(scenario)
    return {**params, "reasons": reasons} if reasons else params


# Reading -------------------------------------------------------------------------------------


def _objects(value: Any) -> Any:
    """Undo the habits of R: an empty object is written as an empty list."""
    if isinstance(value, Mapping):
        return {
            key: {} if inner == [] and key not in _LISTS else _objects(inner)
            for key, inner in value.items()
        }
    return value


_LISTS = ("level_up", "zero_sum", "level_down")


def _shape_problems(params: Mapping[str, Any]) -> list[Problem]:
    """Find what would stop the translation, as against what the scenario itself will refuse."""
    problems = []
    objects = {section.path for section in SECTIONS} | {"demographic_factors", "inequalities"}
    for key in sorted(objects & params.keys()):
        if not isinstance(params[key], dict):
            problems.append(
                Problem(f"must be an object in curly brackets, not {shown(params[key])}", key)
            )
    if problems:
        return problems
    factors = params.get("demographic_factors", {})
    if factors and "variant_probabilities" not in factors:
        problems.append(
            Problem("is missing", "demographic_factors.variant_probabilities", remedy="Add it.")
        )
    growth = params.get("non-demographic_adjustment", {})
    kind = growth.get("value-type", _VALUE_TYPE)
    if kind != _VALUE_TYPE:
        problems.append(
            Problem(
                f"is {shown(kind)}",
                "non-demographic_adjustment.value-type",
                remedy=f'Only "{_VALUE_TYPE}" is known.',
            )
        )
    if growth and not isinstance(growth.get("values"), dict):
        problems.append(
            Problem("is missing", "non-demographic_adjustment.values", remedy="Add it.")
        )
    return problems


def _calendar_year(year: Any) -> Any:
    """Read a financial year written 202324 as 2023."""
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
            facts = _facts(name, key)
            for part, value in entry.items():
                if part != "interval" and value != facts.get(part):
                    expected = f"Write {facts[part]}." if part in facts else "Remove it."
                    problems.append(
                        Problem(f"is {shown(value)}", f"{where}.{part}", remedy=expected)
                    )
    return plain


def _facts(section: str, key: str) -> dict[str, Any]:
    """What an NHP file says about a TPMA beside its interval."""
    row = _TPMAS.get(key)
    if section != "efficiencies" or row is None or row["activity_type"] != "ip":
        return {}
    facts: dict[str, Any] = {"type": row["efficiency_type"]}
    if row["pre_op_days"]:
        facts["pre-op_days"] = int(row["pre_op_days"])
    return facts


def _growth(growth: Mapping[str, Any]) -> Any:
    """Give the name of a published variant where label and values are both its own."""
    label, values = growth.get("variant"), growth["values"]
    name = GROWTH_NAMES.get(label) if isinstance(label, str) else None
    if name and _numbers(values) == _numbers(_written("", growth_variant(name))):
        return name
    certain = all(leaf == [1, 1] for _, leaf in _leaves(values))
    return "none" if label == "none" and certain else values


def _numbers(values: Any) -> dict[tuple[str, ...], Any]:
    return dict(_leaves(values))


def _leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(tree, Mapping):
        for key, branch in tree.items():
            yield from _leaves(branch, (*path, key))
    else:
        yield path, tree


def _kept(params: Mapping[str, Any]) -> dict[str, Any]:
    """What the file holds that a scenario has no place for."""
    known = {*_RENAMED, *_COPIED, "demographic_factors", "time_profile_mappings"}
    known |= {section.path for section in SECTIONS}
    kept = {key: value for key, value in params.items() if key not in known}
    label = params["non-demographic_adjustment"].get("variant")
    if label is not None and label != "none" and label not in GROWTH_NAMES:
        kept[_VARIANT_KEY] = label
    return kept


def _add_profiles(values: dict[str, Any], mappings: Any) -> None:
    """Give assumptions the time profiles that files before 5.2 have in a tree of their own."""
    for section in SECTIONS:
        if section.profile is None or not isinstance(mappings, dict):
            continue
        for path, _ in list(_leaves(values.get(section.field, {}))):
            mapped = mappings.get(section.path)
            for key in path:
                mapped = mapped.get(key) if isinstance(mapped, dict) else mapped
            profile = _profile(mapped)
            if profile is not None and profile != section.profile.shape:
                _attach(values[section.field], path, "profile", profile)


def _profile(mapped: Any) -> Any:
    if not isinstance(mapped, str):
        return None
    step = re.fullmatch(r"step(\d{4})", mapped)
    return {"step": int(step[1])} if step else _PROFILES.get(mapped)


def _move_reasons(values: dict[str, Any]) -> None:
    """Move the reasons that stand at the path of an assumption to the assumption."""
    reasons = values.get("reasons")
    if not isinstance(reasons, dict):
        return
    rest: dict[str, Any] = {}
    fields = {section.path: section.field for section in SECTIONS}
    for path, reason in _leaves(reasons):
        field = fields.get(path[0]) if path else None
        tree = values.get(field) if field else None
        paths = {found for found, _ in _leaves(_plain(tree))} if isinstance(tree, dict) else set()
        if isinstance(reason, str) and reason and path[1:] in paths:
            _attach(tree, path[1:], "reason", reason)
        else:
            _put(rest, path, reason)
    values["reasons"] = rest


def _plain(tree: Any) -> Any:
    """The tree with each assumption in object form as a leaf."""
    if isinstance(tree, dict):
        if "distribution" in tree:
            return None
        return {key: _plain(branch) for key, branch in tree.items()}
    return tree


def _attach(tree: Any, path: tuple[str, ...], name: str, value: Any) -> None:
    """Add a property to the assumption at a path, putting it into object form first."""
    *parents, last = path
    for key in parents:
        tree = tree[key]
    leaf = tree[last]
    if isinstance(leaf, list) and len(leaf) == 2:
        same = leaf[0] == leaf[1]
        leaf = (
            {"distribution": "point", "value": leaf[0]}
            if same
            else {"distribution": "normal", "p10": leaf[0], "p90": leaf[1]}
        )
    elif not isinstance(leaf, dict):
        leaf = {"distribution": "point", "value": leaf}
    tree[last] = {**leaf, name: value}


def _put(tree: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *parents, last = path
    for key in parents:
        tree = tree.setdefault(key, {})
    tree[last] = value


def _at_nhp_path(problem: Problem) -> Problem:
    names = {new: old for old, new in _RENAMED.items()}
    names |= {section.field: section.path for section in SECTIONS}
    names["non_demographic_growth"] = "non-demographic_adjustment.values"
    first, dot, rest = problem.where.partition(".")
    where = f"{names.get(first, first)}{dot}{rest}".replace(
        "population.variants", "demographic_factors.variant_probabilities"
    )
    return Problem(problem.what, where, remedy=problem.remedy)


# Writing -------------------------------------------------------------------------------------


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
        if weight > 0 and variant not in SNPP_VARIANTS
    ]
    losses += [
        Problem("NHP has no correlations", f"correlations[{index}]")
        for index in range(len(scenario.correlations))
    ]
    version = (scenario.nhp or {}).get("app_version", APP_VERSION)
    if not isinstance(version, str) or not re.fullmatch(r"v\d+\.\d+|dev|pr-\d+", version):
        losses.append(Problem(f"is {shown(version)}; NHP takes v5.2 or dev", "nhp.app_version"))
    defaults = {section.path: section.profile for section in SECTIONS}
    for assumption in scenario.assumptions():
        stated = assumption.distribution
        kind = getattr(stated, "distribution", "")
        points_only = assumption.section in ("baseline_adjustment", "waiting_list_adjustment")
        if points_only and not isinstance(stated, Point):
            losses.append(Problem("NHP takes a plain number here", assumption.name))
        elif not isinstance(stated, Point | Normal):
            losses.append(Problem(f"NHP has no {kind} distribution", assumption.name))
        if assumption.profile != defaults[assumption.section]:
            losses.append(Problem("NHP has no time profiles", assumption.name))
        if assumption.keys[0] == "maternity" and assumption.keys[1:] not in (
            (),
            ("Other (Medical)",),
        ):
            losses.append(Problem("NHP has Other (Medical) only for maternity", assumption.name))
    return losses


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
        if section in ("baseline_adjustment", "waiting_list_adjustment"):
            return value
        interval = [value, value]
    if section in _TPMA_SECTIONS:
        return {**_facts(section, key), "interval": interval}
    return interval


def _written_reasons(scenario: Scenario) -> dict[str, Any]:
    """The tree of reasons: those of the scenario and those of its assumptions."""
    reasons: dict[str, Any] = {}
    for path, reason in _leaves(scenario.reasons):
        _put(reasons, path, reason)
    for assumption in scenario.assumptions():
        if assumption.reason:
            path = (assumption.section, assumption.activity, *assumption.keys)
            _put(reasons, path, assumption.reason)
    return reasons
