"""What parameter files of the NHP demand model hold beside what its present version reads.

From the schemas and sample files of its published versions 0.1 to 5.2 and, for what each did, their
code (github.com/The-Strategy-Unit/nhp_model, tags and branch `schemas`; MIT). Every name is read,
refused, or told to have no effect: nothing is ignored in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from acutecast.errors import Problem
from acutecast.scenario.faults import nearest, shown
from acutecast.scenario.model import Inequalities

COVID = "covid_adjustment"
PROFILES = "time_profile_mappings"
_GROWTH = "non-demographic_adjustment"
_WAYS = tuple(Inequalities.model_fields)

ABOUT = frozenset({"app_version", "create_datetime", "id", "user", "viewable"})
"""Names that say something about the file, and nothing about activity; kept."""

_CAPACITY = "has no effect: capacity is worked out from assumptions of its own"
NO_EFFECT = {
    "bed_occupancy": f"{_CAPACITY} (versions before 2.0)",
    "theatres": f"{_CAPACITY} (versions before 0.6)",
    "life_expectancy": "has no effect: life expectancy comes from the published tables "
    "(versions before 0.4)",
    "op": "has no effect, and had none in that model: a leftover in sample files of 4.1 and 4.2",
}
"""Names of older versions that mean nothing here."""

REFUSED = dict.fromkeys(
    ("inpatient_factors", "outpatient_factors", "aae_factors"),
    "holds the assumptions of version 0.1, which are written otherwise since",
)
"""Names of older versions whose content would be lost."""

_SHAPES: dict[str, Literal["linear", "front_loaded", "back_loaded", "immediate"]] = {
    "linear": "linear",
    "front_loaded": "front_loaded",
    "back_loaded": "back_loaded",
    "none": "immediate",
}


def top_level(params: Mapping[str, Any], known: set[str]) -> tuple[list[Problem], list[Problem]]:
    """Look at every name of a file that is not `known`: what to refuse, what to note."""
    problems, notes = [], []
    for key, value in params.items():
        if key in known or key in ABOUT or value in (None, {}, [], ""):
            continue
        if key in REFUSED:
            problems.append(Problem(REFUSED[key], key, remedy="Write them for version 5."))
        elif key in NO_EFFECT:
            notes.append(Problem(NO_EFFECT[key], key, warning=True))
        else:
            near = nearest(key, sorted(known))
            what = "is not a name that the NHP model reads, so it has no effect"
            notes.append(Problem(what, key, remedy=near if "mean" in near else "", warning=True))
    return problems, notes


def of_population(params: Mapping[str, Any]) -> tuple[list[Problem], list[Problem]]:
    """Look at the probabilities of variants and what stood beside them in older versions."""
    section, factors = "demographic_factors", params["demographic_factors"]
    problems, notes = [], []
    for key, value in factors.items():
        where = f"{section}.{key}"
        if key in ("start_year", "end_year"):
            if value != params.get(key):
                what = f"is {shown(value)}, and {key} is {shown(params.get(key))}"
                problems.append(Problem(what, where, remedy="Remove it (versions before 0.3)."))
        elif key == "file":
            if value != "demographic_factors.csv":
                what = "has no effect: the population comes from the data (versions before 3.4)"
                notes.append(Problem(what, where, example=str(value), warning=True))
        elif key != "variant_probabilities":
            problems.append(Problem("is not a known name", where, remedy="Remove it."))
    shares = factors.get("variant_probabilities")
    if not isinstance(shares, Mapping) or not all(
        isinstance(p, int | float) and not isinstance(p, bool) for p in shares.values()
    ):
        return problems, notes  # the scenario itself says what is wrong with it
    total = sum(shares.values())
    if abs(total - 1) > 0.01 + 1e-9 and total > 0 and min(shares.values()) >= 0:
        problems.append(
            Problem(
                f"the probabilities sum to {total:.4g}",
                f"{section}.variant_probabilities",
                remedy="Make them sum to 1.",
            )
        )
    return problems, notes


def growth_problems(growth: Mapping[str, Any]) -> list[Problem]:
    """Find what non-demographic growth holds beside its values, also as older versions had it."""
    problems = []
    values = growth.get("values")
    older = [key for key in growth if key not in ("variant", "value-type", "values")]
    if older and not isinstance(values, Mapping):
        return [
            Problem(
                "holds multipliers at the horizon, as in versions before 3.3",
                _GROWTH,
                example=f"{_GROWTH}.{older[0]}",
                remedy='Write growth a year: {"value-type": "year-on-year-growth", "values": …}.',
            )
        ]
    if not isinstance(values, Mapping):
        problems.append(Problem("is missing", f"{_GROWTH}.values", remedy="Add it."))
    problems += [
        Problem("is not a known name", f"{_GROWTH}.{key}", remedy="Remove it.") for key in older
    ]
    return problems


def inequalities(stated: Mapping[str, Any]) -> tuple[Any, list[Problem], list[Problem]]:
    """Read the HRGs to bring together: three lists, or until version 4.1 by HRG with its rates."""
    if not any(isinstance(entry, Mapping) and "option" in entry for entry in stated.values()):
        # R writes a list of one entry as the bare entry.
        return {k: [v] if isinstance(v, str) else v for k, v in stated.items()}, [], []
    lists: dict[str, list[str]] = {}
    problems, notes = [], []
    for hrg, entry in stated.items():
        way = entry.get("option") if isinstance(entry, Mapping) else None
        if way not in _WAYS:
            where = f"inequalities.{hrg}.option"
            problems.append(Problem(f"is {shown(way)}", where, remedy=f"Use {', '.join(_WAYS)}."))
            continue
        lists.setdefault(str(way), []).append(hrg)
    if lists:
        notes.append(
            Problem(
                "the file's own factors by deprivation have no effect: those of the data are used, "
                "as since version 4.2",
                "inequalities",
                warning=True,
            )
        )
    return lists, problems, notes


def profile_of(mapped: Any) -> Any:
    """Give a time profile of the files before 5.2 as ours are written; None where there is none."""
    if not isinstance(mapped, str):
        return None
    step = re.fullmatch(r"step(\d{4})", mapped)
    return {"step": int(step[1])} if step else _SHAPES.get(mapped)


def profiles(mappings: Mapping[str, Any], known: set[str]) -> tuple[list[Problem], list[Problem]]:
    """Look at the time profiles of a file: each must be known, and of something that has one."""
    problems, notes = [], []
    for section, tree in mappings.items():
        where = f"{PROFILES}.{section}"
        if section not in known | {COVID, "inequalities", *NO_EFFECT}:
            what = "is the profile of nothing, so it has no effect"
            notes.append(Problem(what, where, warning=True))
        for path, mapped in _leaves(tree, where):
            if profile_of(mapped) is None:
                remedy = "Use none, linear, front_loaded, back_loaded or step2030."
                problems.append(Problem(f"is {shown(mapped)}", path, remedy=remedy))
        if section == "inequalities" and tree not in ("linear", {}, None):
            what = "has no effect: inequalities come evenly over the years"
            notes.append(Problem(what, where, example=str(tree), warning=True))
        if section == _GROWTH and tree not in ("none", "linear", {}, None):
            what = "has no effect: this growth is one of every year"
            notes.append(Problem(what, where, example=str(tree), warning=True))
    return problems, notes


def _leaves(tree: Any, path: str) -> list[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        return [leaf for key, inner in tree.items() for leaf in _leaves(inner, f"{path}.{key}")]
    return [] if tree in (None, []) else [(path, tree)]
