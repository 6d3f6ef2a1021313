"""Facts: code lists, labels and figures, each in one data file with its source.

Lines that start with '#' in a data file state the source and the unit.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Read the fact table `name` ("pods") as a tuple of rows, every value a string."""
    text = files("acutecast.facts").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(csv.DictReader(lines))


@dataclass(frozen=True)
class ActivityType:
    """What an activity type is; the same functions serve all three.

    Attributes:
        key: "ip", "op" or "aae", as in the tables and parameter files of the NHP model.
        label: the name people read.
        table: the provider table with its rows.
        counts: the columns that hold how much activity a row stands for; empty where a row
            is one spell.
        measures: what results count, in order.
        steps_measures: the measures of the NHP model's `step_counts`.
        keys: the columns that results can be split by, beside `pod` and `sitetret`.
    """

    key: str
    label: str
    table: str
    counts: tuple[str, ...]
    measures: tuple[str, ...]
    steps_measures: tuple[str, ...]
    keys: tuple[str, ...]


INPATIENTS = ActivityType(
    key="ip",
    label="Inpatients",
    table="ip",
    counts=(),
    measures=("admissions", "beddays", "procedures"),
    steps_measures=("admissions", "beddays"),
    keys=("sex", "age_group", "tretspef", "los_group"),
)
OUTPATIENTS = ActivityType(
    key="op",
    label="Outpatients",
    table="op",
    counts=("attendances", "tele_attendances"),
    measures=("attendances", "tele_attendances"),
    steps_measures=("attendances", "tele_attendances"),
    keys=("sex", "age_group", "tretspef"),
)
EMERGENCY = ActivityType(
    key="aae",
    label="Emergency care",
    table="aae",
    counts=("arrivals",),
    measures=("walk-in", "ambulance"),
    steps_measures=("arrivals",),
    keys=("sex", "age_group", "acuity", "attendance_category"),
)
ACTIVITY_TYPES = {spec.key: spec for spec in (INPATIENTS, OUTPATIENTS, EMERGENCY)}

AGE_GROUPS = tuple(row["age_group"] for row in rows("age_groups"))
LOS_GROUPS = tuple(row["los_group"] for row in rows("los_groups"))
SPECIALTY_GROUPS = tuple(row["tretspef_grouped"] for row in rows("specialty_groups"))
ACUITIES = ("immediate-resuscitation", "very-urgent", "urgent", "standard", "non-urgent", "unknown")
ATTENDANCE_CATEGORIES = ("1", "2", "3", "4", "X", "unknown")
SEXES = {1: "Male", 2: "Female"}
MAX_AGE = 90


# TPMAs of inpatients that a rule set adds to the standard ones have keys that begin with it.
OWN_TPMA = "own_"


def pod_labels() -> dict[str, str]:
    """Give the label of each point of delivery, in the order in which tables show them."""
    return {row["pod"]: row["label"] for row in rows("pods")}


def age_group_of_age() -> list[str]:
    """Give the age group of each single year of age 0 to 90 (90 stands for 90 and over)."""
    groups = [(int(row["from_age"]), row["age_group"]) for row in rows("age_groups")]
    return [[name for start, name in groups if start <= age][-1] for age in range(MAX_AGE + 1)]
