"""The preset method: six linear formulas from a year's workload to space.

Source of the formulas: OpenPlan's catalogue of conversion archetypes and pages by functional area
(github.com/The-Strategy-Unit/open-plan-docs, mid-2026). Every function works on arrays of any
shape that broadcast, so one call converts all years and runs; P10, mean and P90 are taken of what
comes out, never of what goes in, since percentiles of sums are not sums of percentiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from acutecast.capacity.areas import areas
from acutecast.errors import Problem, raise_if_any

MINUTES_PER_DAY = 1440.0
MINUTES_PER_HOUR = 60.0


def flow_spaces(occupancy_hours, hours, utilisation):
    """Give the spaces that patients flow through (emergency departments, SDEC).

    spaces = occupancy hours / (annual hours × utilisation).

    Args:
        occupancy_hours: arrivals × minutes in the space / 60, hours a year.
        hours: hours a year that a space is open.
        utilisation: share of them that it is meant to be in use.
    """
    return occupancy_hours / (hours * utilisation)


def recovery_spaces(occupancy_hours, hours, occupancy):
    """Give the recovery beds (day cases, maternity assessment).

    beds = occupancy hours / (annual hours × occupancy).

    Args:
        occupancy_hours: spells × minutes in recovery / 60, hours a year.
        hours: hours a year that a bed is open.
        occupancy: share of them that it is meant to be occupied.
    """
    return occupancy_hours / (hours * occupancy)


def beds(beddays, days, occupancy):
    """Give the beds in use day and night (wards, critical care, birth rooms).

    beds = bed days / (annual days × occupancy).

    Args:
        beddays: bed days a year of 24 hours; see `ward_beddays` for wards.
        days: days a year that a bed is open.
        occupancy: share of them that it is meant to be occupied.
    """
    return beddays / (days * occupancy)


def procedure_spaces(procedure_hours, hours, utilisation):
    """Give the theatres, laboratories and rooms for procedures.

    theatres = procedure hours / (annual hours × utilisation).

    Args:
        procedure_hours: procedures × minutes / 60, hours a year.
        hours: hours a year that a theatre is staffed.
        utilisation: share of them that it is meant to be in use.
    """
    return procedure_hours / (hours * utilisation)


def appointment_rooms(attendances, minutes, dna_rate, dna_minutes, hours, utilisation):
    """Give the rooms for appointments, kept or not.

    rooms = attendances × (minutes + DNA rate / (1 − DNA rate) × DNA minutes) / 60
            / (annual hours × utilisation).

    Each attendance stands for 1 / (1 − DNA rate) appointments; those nobody came to hold the room
    for the DNA minutes.

    Args:
        attendances: appointments kept, a year.
        minutes: minutes of an appointment that was kept.
        dna_rate: share of all appointments that the patient did not attend.
        dna_minutes: minutes lost by one of those.
        hours: hours a year that a room is open.
        utilisation: share of them that it is meant to be in use.
    """
    each = minutes + dna_rate / (1.0 - dna_rate) * dna_minutes
    return attendances * each / MINUTES_PER_HOUR / (hours * utilisation)


def session_stations(sessions, sessions_a_year):
    """Give the stations for treatment by session (renal day case).

    stations = sessions / sessions that one station holds in a year.

    Args:
        sessions: treatment sessions a year.
        sessions_a_year: sessions that a station holds.
    """
    return sessions / sessions_a_year


def ward_beddays(
    nights, zero_day_spells, zero_day_minutes, assessment: Any = 0.0, critical_care: Any = 0.0
):
    """Give the bed days that are left to a ward; never below 0.

    ward bed days = overnight + zero-day spells × minutes / 1440 − assessment − critical care.

    Args:
        nights: bed days of overnight stays (the sum of `speldur`).
        zero_day_spells: spells without a night.
        zero_day_minutes: minutes of one of those in a bed.
        assessment: bed days in assessment units (of non-elective spells only).
        critical_care: bed days in critical care.
    """
    zero = zero_day_spells * zero_day_minutes / MINUTES_PER_DAY
    return np.maximum(nights + zero - assessment - critical_care, 0.0)


_BY_ARCHETYPE = {
    "flow": ("arrivals",),
    "recovery": ("spells",),
    "time": ("procedures",),
    "appointment": ("attendances",),
    "session": ("spells",),
}
# Areas of the bed archetype; the others are birth rooms and assessment units.
_BEDS = {
    "ward_adult_elective": ("nights", "zero_day_spells"),
    "ward_adult_non_elective": ("nights", "zero_day_spells", "non_elective_spells"),
    "ward_child": ("nights", "zero_day_spells", "non_elective_spells"),
    "critical_care_adult": ("nights",),
    "critical_care_child": ("nights",),
    "critical_care_neonatal": ("nights",),
    "maternity_ward": ("nights", "zero_day_spells", "zero_day_planned_caesareans"),
}
_PARTS_OF_WARD = {
    "ward_adult_elective": (None, "critical_care_adult"),
    "ward_adult_non_elective": ("assessment_adult", "critical_care_adult"),
    "ward_child": ("assessment_child", "critical_care_child"),
}
_BIRTH_ROOMS = ("birth_normal", "birth_assisted", "birth_emergency_caesarean")


def quantities() -> dict[str, tuple[str, ...]]:
    """Give the workload quantities that `preset` needs of each area, all per year.

    - spells, procedures, arrivals: how many use the area. A spell with a procedure is one
      procedure.
    - attendances: appointments kept; of `op_virtual` the tele-attendances.
    - nights: the sum of `speldur` of the area's spells. Of `critical_care_adult` and
      `critical_care_child` that of all spells in the matching wards, of which they take a share.
    - zero_day_spells: spells of the area with `speldur` 0; of `maternity_ward` those with a
      delivery.
    - non_elective_spells: those of its spells with pod ip_non-elective_admission, of any stay.
    - zero_day_planned_caesareans: those of the maternity ward's zero-day spells with HRG NZ50.
    """
    return {
        area.key: _BEDS.get(area.key, ("spells",))
        if area.archetype == "bed"
        else _BY_ARCHETYPE[area.archetype]
        for area in areas()
    }


Workloads = Mapping[str, Mapping[str, np.ndarray]]
Values = Mapping[tuple[str, str], np.ndarray | float]


def preset(workloads: Workloads, assumptions: Values) -> dict[str, np.ndarray]:
    """Convert workloads into space, area by area.

    Args:
        workloads: by area and quantity (see `quantities`), (years, runs) each. Areas left out are
            not converted; the maternity ward needs the birth rooms too.
        assumptions: values by (area, name), numbers or (runs,), as `draw` gives them.

    Returns:
        Space by area, (years, runs), not rounded.

    Raises:
        AcutecastError: naming every quantity that lacks.
    """
    _check(workloads)
    archetype = {area.key: area.archetype for area in areas()}
    return {key: _convert(key, archetype[key], workloads, assumptions) for key in workloads}


def area_beddays(key: str, workloads: Workloads, assumptions: Values) -> np.ndarray:
    """Give the bed days a year of an area of the bed archetype, (years, runs)."""
    work = workloads[key]
    if key in _PARTS_OF_WARD:
        unit, critical = _PARTS_OF_WARD[key]
        assessment: Any = 0.0
        if unit:
            minutes = assumptions[unit, "minutes"]
            assessment = work["non_elective_spells"] * minutes / MINUTES_PER_DAY
        share = assumptions[critical, "overnight_share"]
        zero_minutes = assumptions[key, "zero_day_minutes"]
        nights, zero = work["nights"], work["zero_day_spells"]
        return ward_beddays(nights, zero, zero_minutes, assessment, nights * share)
    if key.startswith("critical_care"):
        return work["nights"] * assumptions[key, "overnight_share"]
    if key == "maternity_ward":
        return _maternity_beddays(workloads, assumptions)
    return work["spells"] * assumptions[key, "minutes"] / MINUTES_PER_DAY


def _maternity_beddays(workloads: Workloads, assumptions: Values) -> np.ndarray:
    """Bed days of the maternity ward: birth rooms take theirs out of it."""
    work, key = workloads["maternity_ward"], "maternity_ward"
    planned = work["zero_day_planned_caesareans"]
    minutes = assumptions[key, "zero_day_minutes"]
    extra = planned * (assumptions[key, "zero_day_planned_caesarean_minutes"] - minutes)
    rooms = sum(area_beddays(room, workloads, assumptions) for room in _BIRTH_ROOMS)
    nights = work["nights"] + extra / MINUTES_PER_DAY
    return ward_beddays(nights, work["zero_day_spells"], minutes, rooms)


def _convert(key: str, archetype: str, workloads: Workloads, assumptions: Values) -> np.ndarray:
    def given(name: str):
        return assumptions[key, name]

    def busy_hours(quantity: str) -> np.ndarray:
        return workloads[key][quantity] * given("minutes") / MINUTES_PER_HOUR

    match archetype:
        case "flow":
            return flow_spaces(busy_hours("arrivals"), given("hours"), given("utilisation"))
        case "recovery":
            return recovery_spaces(busy_hours("spells"), given("hours"), given("occupancy"))
        case "bed":
            beddays = area_beddays(key, workloads, assumptions)
            return beds(beddays, given("days"), given("occupancy"))
        case "time":
            return procedure_spaces(busy_hours("procedures"), given("hours"), given("utilisation"))
        case "session":
            return session_stations(workloads[key]["spells"], given("sessions"))
        case _:
            names = ("minutes", "dna_rate", "dna_minutes", "hours", "utilisation")
            return appointment_rooms(workloads[key]["attendances"], *map(given, names))


def _check(workloads: Workloads) -> None:
    needed = quantities()
    problems = [
        Problem("there is no such area", where=f"workloads.{key}")
        for key in workloads
        if key not in needed
    ]
    wanted = {key: needed[key] for key in workloads if key in needed}
    if "maternity_ward" in wanted:
        wanted |= {room: needed[room] for room in _BIRTH_ROOMS}
    problems += [
        Problem("this quantity is missing", where=f"workloads.{key}.{name}")
        for key, names in wanted.items()
        for name in names
        if name not in workloads.get(key, {})
    ]
    raise_if_any(problems, "The workloads")
