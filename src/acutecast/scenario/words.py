"""Scenarios in words: what each assumption says, and how two scenarios differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from acutecast.facts import OWN_TPMA, rows
from acutecast.scenario.distributions import Stated, kind_of
from acutecast.scenario.model import SECTIONS, Assumption, Scenario
from acutecast.scenario.own_population import OWN as OWN_POPULATION
from acutecast.scenario.own_population import POPULATION
from acutecast.scenario.profiles import Profile

_DECILES = np.array([0.1, 0.9])
# What the share that does not remain turns into, by type of efficiency.
_EFFECTS = {
    "": "fewer",
    "all": "shorter stays",
    "sdec": "moved to same day emergency care",
    "pre-op": "without {days} before the operation",
    "day_procedures_daycase": "moved to day case",
    "day_procedures_outpatients": "moved to outpatients",
    "tele": "by telephone or video",
}
# What an assumption of a projection of one's own is, and how its P10 to P90 is said.
_OF_POPULATION = {
    "fertility": ("births per woman", "{change}"),
    "mortality": ("death rates", "{change}"),
    "migration": ("net migration", "{change}"),
    "extra_migrants": ("extra migrants", "{low:g} to {high:g} a year per 1,000 residents"),
    "people_per_dwelling": ("people per dwelling", "{low:g} to {high:g} people per dwelling"),
    "completed": ("dwellings built", "{low:.0%} to {high:.0%} of those planned"),
}
_TPMAS = {(row["kind"], row["activity_type"], row["key"]): row for row in rows("tpmas")}
_SPECIALTIES = {row["tretspef_grouped"]: row["name"] for row in rows("specialty_groups")}
_SHAPES = {
    "linear": "evenly",
    "front_loaded": "early on",
    "back_loaded": "late on",
    "s_curve": "S-curve",
    "immediate": "at once",
}


def describe(scenario: Scenario) -> list[dict[str, str]]:
    """Give a row for each assumption, sorted by name, every value text for people.

    Returns:
        Rows with name (the dotted path), label, change ("5% to 12% fewer", P10 to P90), remaining
        (the share or multiplier, "0.88 to 0.95"), distribution, profile and reason.
    """
    return [
        {
            "name": assumption.name,
            "label": label(assumption),
            "change": change(assumption),
            "remaining": _range(assumption.distribution),
            "distribution": kind_of(assumption.distribution),
            "profile": _profile_words(assumption.profile),
            "reason": assumption.reason,
        }
        for assumption in scenario.assumptions()
    ]


def label(assumption: Assumption) -> str:
    """Give the name that people read: the TPMA's, or the group and specialty."""
    if assumption.section == POPULATION:
        variant, *sites, name = assumption.keys
        named = variant.removeprefix(OWN_POPULATION).replace("_", " ").capitalize()
        return ", ".join([named, *sites[1:], _OF_POPULATION[name][0]])
    row = _TPMAS.get((assumption.section, assumption.activity, assumption.keys[0]))
    if row:
        return row["name"]
    if assumption.keys[0].startswith(OWN_TPMA):
        return assumption.keys[0].removeprefix(OWN_TPMA).replace("_", " ").capitalize()
    return ", ".join(_SPECIALTIES.get(key, key.capitalize()) for key in assumption.keys)


def change(assumption: Assumption) -> str:
    """Say P10 to P90 of an assumption as a change of activity."""
    low, high = _deciles(assumption.distribution)
    if assumption.section == POPULATION:
        words = _OF_POPULATION[assumption.keys[-1]][1]
        said = words.format(change=_change_words(low, high, "less"), low=low, high=high)
        return said if low != high else said.split(" to ", 1)[-1]
    row = _TPMAS.get((assumption.section, assumption.activity, assumption.keys[0]), {})
    own_stay = assumption.section == "efficiencies" and assumption.activity == "ip" and not row
    fewer = _EFFECTS["all" if own_stay else row.get("efficiency_type", "")]
    days = row.get("pre_op_days", "")
    fewer = fewer.format(days=f"{days} day{'' if days == '1' else 's'}")
    yearly = " a year" if assumption.section == "non-demographic_adjustment" else ""
    return _change_words(low, high, fewer) + yearly


def diff_scenarios(a: Scenario, b: Scenario) -> list[dict[str, str]]:
    """Give every difference between two scenarios.

    Returns:
        Rows with path, a and b (in words; "not set" where one has nothing), settings first, then
        assumptions sorted by name.
    """
    settings_a, settings_b = dict(_settings(a)), dict(_settings(b))
    stated_a, stated_b = _stated(a), _stated(b)
    return [
        {"path": path, "a": ours.get(path, "not set"), "b": theirs.get(path, "not set")}
        for ours, theirs in ((settings_a, settings_b), (stated_a, stated_b))
        for path in dict.fromkeys([*ours, *theirs])
        if ours.get(path) != theirs.get(path)
    ]


def _deciles(stated: Stated) -> tuple[float, float]:
    low, high = stated.quantile(_DECILES)
    return float(low), float(high)


def _change_words(low: float, high: float, fewer: str) -> str:
    least, most = _percent(1 - high), _percent(1 - low)
    if least == most and (low <= 1) == (high <= 1):
        return "no change" if least == "0%" else _side(1 - low, least, fewer)
    if high <= 1 or least == "0%":
        return f"{least} to {most} {fewer}"
    if low >= 1 or most == "0%":
        return f"{most} to {least} more"
    return f"{most} {fewer} to {least} more"


def _side(fall: float, percent: str, fewer: str) -> str:
    return f"{percent} {fewer}" if fall > 0 else f"{percent} more"


def _percent(share: float) -> str:
    """A share without its sign, in percent, to a tenth; below 10%, to a hundredth."""
    percent = abs(share) * 100
    text = f"{percent:.1f}" if percent >= 10 else f"{percent:.2f}"
    return f"{text.rstrip('0').rstrip('.')}%"


def _range(stated: Stated) -> str:
    low, high = (f"{value:.4f}".rstrip("0").rstrip(".") for value in _deciles(stated))
    return low if low == high else f"{low} to {high}"


def _profile_words(profile: Profile | None) -> str:
    if profile is None:
        return "every year"
    if profile.table is not None:
        return ", ".join(f"{_percent(share)} in {year}" for year, share in profile.table)
    return f"all in {profile.year}" if profile.shape == "step" else _SHAPES[profile.shape]


def _settings(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Every leaf of a scenario that is not an assumption."""
    sections = {section.field for section in SECTIONS}
    written = scenario.model_dump(mode="json", exclude=sections | {"nhp", "schema_version"})
    for name, value in written.items():
        for path, leaf in _leaves(name, value):
            if leaf not in (None, ""):
                yield path, _plain(leaf)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for item in value:
            # A group of correlations has a name, which says more than its position.
            name = item.get("name", "") if isinstance(item, Mapping) else ""
            yield from _leaves(f"{path}[{name}]", item)
    else:
        yield path, value


def _plain(leaf: Any) -> str:
    if isinstance(leaf, bool):
        return "yes" if leaf else "no"
    if isinstance(leaf, list):
        return ", ".join(str(item) for item in leaf) or "none"
    return f"{leaf:g}" if isinstance(leaf, float) else str(leaf)


def _stated(scenario: Scenario) -> dict[str, str]:
    words = {}
    for assumption, row in zip(scenario.assumptions(), describe(scenario), strict=True):
        parts = [row["change"], f"({_parameters(assumption.distribution)}, {row['profile']})"]
        words[row["name"]] = " ".join(parts)
        if row["reason"]:
            words[row["name"]] += f": {row['reason']}"
    return words


def _parameters(stated: Stated) -> str:
    values = " / ".join(f"{value:.10g}" for value in stated.stated_values())
    return f"{kind_of(stated)} {values}"
