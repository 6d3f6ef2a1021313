"""The chain beyond space: diagnostic tests from activity, and nurses from beds. Off unless asked.

All functions take arrays of any shape that broadcast, (years, runs) as a rule, and assumptions as
`acutecast.capacity.assumptions.draw` gives them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from acutecast.capacity.assumptions import defaults

ACTIVITY = ("admission", "outpatient", "emergency")
"""What tests are asked for by: admissions, outpatient attendances of any kind, arrivals."""

SHIFTS = ("early", "late", "night")

Values = Mapping[tuple[str, str], np.ndarray | float]


def tests() -> tuple[str, ...]:
    """Give the kinds of diagnostic test ("ct", "mri", …, "pathology")."""
    return tuple(area for area, name in defaults() if name == "rate_admission")


def nursed_areas() -> tuple[str, ...]:
    """Give the areas with a ratio of beds to nurses."""
    name = f"beds_per_nurse_{SHIFTS[0]}"
    return tuple(a.removeprefix("nursing_") for a, n in defaults() if n == name)


def diagnostic_tests(
    activity: Mapping[str, np.ndarray], assumptions: Values
) -> dict[str, np.ndarray]:
    """Give the tests a year by kind: the sum of activity × tests per unit of it.

    Args:
        activity: counts a year of each of `ACTIVITY`.
        assumptions: with the rates ("ct", "rate_admission"), ….
    """
    return {
        kind: np.sum([activity[a] * assumptions[kind, f"rate_{a}"] for a in ACTIVITY], axis=0)
        for kind in tests()
    }


def rooms_for_tests(tests_a_year, tests_per_hour, hours, utilisation):
    """Give the scanners or rooms: tests / (tests per hour × annual hours × utilisation).

    Args:
        tests_a_year: tests a year.
        tests_per_hour: tests that one scanner does in an hour of work.
        hours: hours a year that it is staffed.
        utilisation: share of them that it is meant to be in use.
    """
    return tests_a_year / (tests_per_hour * hours * utilisation)


def scanners(by_kind: Mapping[str, np.ndarray], assumptions: Values) -> dict[str, np.ndarray]:
    """Give the scanners and rooms by kind of test; pathology has none.

    Args:
        by_kind: tests a year, from `diagnostic_tests`.
        assumptions: with tests per hour, hours and utilisation of each kind.
    """
    names = ("tests_per_hour", "hours", "utilisation")
    return {
        kind: rooms_for_tests(count, *(assumptions[kind, name] for name in names))
        for kind, count in by_kind.items()
        if (kind, "tests_per_hour") in defaults()
    }


def nursing_wte(nurse_hours_a_day, headroom, hours_a_week):
    """Give whole-time equivalents: nurse hours a day × 7 × (1 + headroom) / hours a week.

    Source: professional judgement method (Hurst; Telford).

    Args:
        nurse_hours_a_day: Σ over shifts of nurses × hours of the shift.
        headroom: time for leave, sickness and study, as a share of time worked.
        hours_a_week: contracted hours of one whole-time equivalent.
    """
    return nurse_hours_a_day * 7.0 * (1.0 + headroom) / hours_a_week


def nursing(beds: Mapping[str, np.ndarray], assumptions: Values) -> dict[str, np.ndarray]:
    """Give the nursing establishment (WTE) of each area that has beds and a ratio.

    The nurses on a shift are beds / beds per nurse, not rounded: a trust's wards differ in size,
    and rounding up ward by ward is its own next step.

    Args:
        beds: beds by area, as the preset or the simulation gives them.
        assumptions: with the ratios by shift, shift hours, headroom and hours a week.
    """
    result = {}
    for area in nursed_areas():
        if area in beds:
            hours_a_day = sum(
                beds[area]
                / assumptions[f"nursing_{area}", f"beds_per_nurse_{shift}"]
                * assumptions["nursing", f"{shift}_hours"]
                for shift in SHIFTS
            )
            week = assumptions["nursing", "hours_a_week"]
            result[area] = nursing_wte(hours_a_day, assumptions["nursing", "headroom"], week)
    return result
