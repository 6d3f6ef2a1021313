"""The covid adjustment of NHP parameter files until version 4.0, as a baseline adjustment.

There (github.com/The-Strategy-Unit/nhp_model, tag v4.0.1) one factor of each activity type and
group was drawn once a run, normal with the given P10 and P90 and the number itself where they are
equal, and multiplied every row of the group beside the baseline adjustment, which is a plain
number. The two come into effect alike, so their product says the same. It is kept within 0 to 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from acutecast.errors import Problem
from acutecast.facts import SPECIALTY_GROUPS
from acutecast.scenario.distributions import Normal, Point, Stated
from acutecast.scenario.faults import problems_of, shown
from acutecast.scenario.model import Growth, Scenario
from acutecast.scenario.nhp_versions import COVID, PROFILES, profile_of
from acutecast.scenario.profiles import Profile
from acutecast.scenario.shorthand import shorten

_MOST = 5


def read_covid(stated: Any) -> tuple[Growth, list[Problem]]:
    """Read a covid adjustment: an interval from 0 to 5 by activity type and group.

    Its groups and its valid range are those of non-demographic growth.
    """
    if not isinstance(stated, Mapping):
        what = f"must be an object in curly brackets, not {shown(stated)}"
        return Growth(), [Problem(what, COVID)]
    try:
        return Growth.model_validate(dict(stated)), []
    except ValidationError as error:
        problems = problems_of(error, Growth)
    return Growth(), [Problem(p.what, f"{COVID}.{p.where}", remedy=p.remedy) for p in problems]


def with_covid(
    scenario: Scenario, covid: Growth, mapped: Any
) -> tuple[dict[str, Any], list[Problem], list[Problem]]:
    """Multiply the baseline adjustment by the covid adjustment.

    Of inpatients and outpatients every specialty of a group has it, and where it is uncertain they
    all move together (correlation 1), so that they share the one draw.

    Args:
        scenario: the scenario without it.
        covid: the factors.
        mapped: its time profile as the file has it, None for none.

    Returns:
        The fields of the scenario that change, as a file has them; problems; notes.
    """
    ours = profile_of(mapped)
    profile = None if ours in (None, "immediate") else Profile.model_validate(ours)
    adjusted: dict[str, dict[str, Any]] = {
        activity: dict(getattr(scenario.baseline_adjustment, activity))
        for activity in Growth.model_fields
    }
    together, problems, other_profile = [], [], False
    for activity, group, factor in _stated(covid):
        where = f"{COVID}.{activity}.{group}"
        own = adjusted[activity].get(group, {})
        places = {group: own or None} if activity == "aae" else _by_specialty(own)
        try:
            made = {place: _product(before, factor, profile) for place, before in places.items()}
        except ValueError as error:
            remedy = "Write one product of the two, or 1 for one of them."
            problems.append(Problem(str(error), where, remedy=remedy))
            continue
        other_profile |= any(b is not None and b.profile != profile for b in places.values())
        adjusted[activity] |= made if activity == "aae" else {group: made}
        if activity != "aae" and not isinstance(factor, Point):
            members = [f"baseline_adjustment.{activity}.{group}.*"]
            together.append({"name": where, "assumptions": members, "rho": 1.0})
    if not any(_stated(covid)):
        return {}, problems, []
    what = "is part of the baseline adjustment: versions until 4.0 multiplied the two"
    notes = [Problem(what, COVID, warning=True)]
    if other_profile:
        what = "has no effect where there is a baseline adjustment, which has a profile of its own"
        notes.append(Problem(what, f"{PROFILES}.{COVID}", warning=True))
    changes = {"baseline_adjustment": _written(adjusted), "correlations": together}
    return changes, problems, notes


def _stated(covid: Growth) -> Iterator[tuple[str, str, Stated]]:
    """Give activity type, group and factor of what is not 1."""
    for activity in Growth.model_fields:
        for group, factor in getattr(covid, activity).items():
            if not (isinstance(factor, Point) and factor.value == 1):
                yield activity, group, factor


def _by_specialty(own: Mapping[str, Stated]) -> dict[str, Stated | None]:
    return {specialty: own.get(specialty) for specialty in SPECIALTY_GROUPS}


def _product(before: Stated | None, factor: Stated, profile: Profile | None) -> Stated:
    """Multiply a baseline adjustment, if there is one, by a covid adjustment.

    Raises:
        ValueError: where the product is no interval, or out of range; with the words to say.
    """
    if before is None:
        before = Point(value=1, profile=profile)
    if not isinstance(before, Point) or not isinstance(factor, Point | Normal):
        raise ValueError("and the baseline adjustment are both uncertain")
    ends = [before.value * value for value in factor.stated_values()]
    if ends[-1] > _MOST:
        raise ValueError(f"times the baseline adjustment is {ends[-1]:.4g}, above {_MOST}")
    if ends[0] == ends[-1]:
        return Point(value=ends[0], profile=before.profile, reason=before.reason)
    return Normal(p10=ends[0], p90=ends[-1], profile=before.profile, reason=before.reason)


def _written(tree: Any) -> Any:
    if isinstance(tree, Stated):
        return shorten(tree)
    return {key: _written(inner) for key, inner in tree.items()}
