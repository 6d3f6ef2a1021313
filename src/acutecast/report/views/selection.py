"""What is looked at: one selection shared by all views, and its form in an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from acutecast.errors import Problem, raise_if_any
from acutecast.facts import ACTIVITY_TYPES
from acutecast.results.questions import ORDERS

LISTS = ("pods", "ip_sites", "op_sites", "aae_sites", "specialties", "ages")


@dataclass(frozen=True)
class Selection:
    """What is looked at. Every field has a neutral default, so `Selection()` is everything.

    Attributes:
        activity: "ip", "op", "aae", or "" for all.
        pods: points of delivery; () for all.
        measure: "beddays", "admissions", "attendances", "arrivals", …; "" for the view's own.
        ip_sites: sites of inpatients; () for all. Sites are listed by activity type, because a
            plan may keep inpatients of two sites and outpatients of a third.
        op_sites: sites of outpatients.
        aae_sites: sites of emergency care.
        specialties: grouped treatment specialties.
        ages: age groups.
        year: the calendar year in which a financial year starts; None for the horizon.
        area: an area of capacity; "" for the largest.
        site: a site of capacity, where sites are counted apart.
        suppress: the smallest baseline count that is shown; None for the run's own rule.
    """

    activity: str = ""
    pods: tuple[str, ...] = ()
    measure: str = ""
    ip_sites: tuple[str, ...] = ()
    op_sites: tuple[str, ...] = ()
    aae_sites: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()
    ages: tuple[str, ...] = ()
    year: int | None = None
    area: str = ""
    site: str = "all"
    suppress: int | None = None

    def sites(self, activity: str) -> tuple[str, ...]:
        """Give the sites of an activity type; () for all."""
        return getattr(self, f"{activity}_sites")


_DEFAULTS = {field.name: field.default for field in fields(Selection)}


def to_query(selection: Selection) -> dict[str, str]:
    """Write a selection as the query of an address: only what differs from the default.

    Lists are joined by commas; a comma inside a value is written "%2C".
    """
    query = {}
    for name, default in _DEFAULTS.items():
        value = getattr(selection, name)
        if value == default:
            continue
        if name in LISTS:
            query[name] = ",".join(v.replace("%", "%25").replace(",", "%2C") for v in value)
        else:
            query[name] = str(value)
    return query


def from_query(query: Mapping[str, str]) -> Selection:
    """Read a selection from the query of an address; unknown keys are no part of it.

    Raises:
        AcutecastError: for a year or threshold that is no number, and for an unknown activity type
            or measure. Whether a run has the values is checked where the selection is shown.
    """
    read: dict[str, Any] = {}
    problems: list[Problem] = []
    for name in _DEFAULTS:
        text = query.get(name, "").strip()
        if not text:
            continue
        if name in LISTS:
            values = (v.replace("%2C", ",").replace("%25", "%") for v in text.split(","))
            read[name] = tuple(value for value in values if value)
        elif name in ("year", "suppress"):
            if text.isascii() and text.isdigit() and len(text) <= 6:
                read[name] = int(text)
            else:
                problems.append(Problem("is not a whole number", name, example=text))
        else:
            read[name] = text
    selection = Selection(**read)
    raise_if_any([*problems, *wrong_words(selection)], "The address cannot be shown")
    return selection


def wrong_words(selection: Selection) -> list[Problem]:
    """Give what no run can have."""
    problems = []
    if selection.activity and selection.activity not in ACTIVITY_TYPES:
        have = ", ".join(f"{key} ({spec.label})" for key, spec in ACTIVITY_TYPES.items())
        problems.append(
            Problem("no such activity type", "activity", example=selection.activity,
                    remedy=f"There are {have}.")
        )  # fmt: skip
    if selection.measure and selection.measure not in ORDERS["measure"]:
        problems.append(
            Problem("no such measure", "measure", example=selection.measure,
                    remedy=f"There are {', '.join(ORDERS['measure'])}.")
        )  # fmt: skip
    if selection.suppress is not None and selection.suppress < 2:
        problems.append(
            Problem("a threshold for small numbers is at least 2", "suppress",
                    example=str(selection.suppress), remedy="Leave it out to show all counts.")
        )  # fmt: skip
    return problems
