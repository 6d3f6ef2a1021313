"""What every column of the workbook means: its heading, unit, values and number format."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from acutecast.facts import (
    ACTIVITY_TYPES,
    ACUITIES,
    AGE_GROUPS,
    ATTENDANCE_CATEGORIES,
    LOS_GROUPS,
)
from acutecast.report.views.asked import MEASURE_LABELS

# Lists that have their home elsewhere.
_VALUES = {
    "activity": tuple(spec.label for spec in ACTIVITY_TYPES.values()),
    "measure": tuple(MEASURE_LABELS),
    "age_group": AGE_GROUPS,
    "los_group": LOS_GROUPS,
    "acuity": ACUITIES,
    "attendance_category": ATTENDANCE_CATEGORIES,
}


@dataclass(frozen=True)
class Meaning:
    """A column of the workbook.

    Attributes:
        key: its name in the code.
        heading: what stands above it.
        name: its name in Python and in run folders; "" where it is only made for reading.
        kind: how its cells are written, as the data file says.
        unit: what its numbers are in.
        values: the values it can have, in words.
        meaning: what it says, in a sentence or two.
    """

    key: str
    heading: str
    name: str
    kind: str
    unit: str
    values: str
    meaning: str


@cache
def dictionary() -> dict[str, Meaning]:
    """Give every column by its key, in the order of the data file."""
    text = (
        files("acutecast.report.documents").joinpath("dictionary.csv").read_text(encoding="utf-8")
    )
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    found = {}
    for row in csv.DictReader(lines):
        listed = _VALUES.get(row["key"])
        values = row["values"] if listed is None else "; ".join(listed)
        found[row["key"]] = Meaning(**(row | {"values": values}))
    return found
