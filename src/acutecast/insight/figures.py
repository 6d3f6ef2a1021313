"""The figures that people look at first, of expected activity, and differences in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from acutecast.facts import rows

if TYPE_CHECKING:
    from acutecast.demand.expected import Expected


@dataclass(frozen=True)
class Figure:
    """One figure: the sum of some measures over some activity.

    Attributes:
        key: its name.
        label: what it is, as a heading.
        noun: what it counts, in a sentence.
        measures: the measures that are added.
        where: the selection, by key of expected activity.
    """

    key: str
    label: str
    noun: str
    measures: tuple[str, ...]
    where: Mapping[str, str] = field(default_factory=dict)

    def selected(self, keys: Mapping[str, np.ndarray]) -> np.ndarray:
        """Tell which totals belong to it, a mask."""
        keep = np.isin(keys["measure"].astype(str), self.measures)
        for name, value in self.where.items():
            keep &= keys[name].astype(str) == value
        return keep

    def of(self, found: Expected) -> np.ndarray:
        """Give its value, (years, runs)."""
        return found.values[:, :, self.selected(found.keys)].sum(axis=2)

    def baseline(self, found: Expected) -> int:
        """Give its value in the baseline year."""
        return int(found.baseline[self.selected(found.keys)].sum())


# The panels of `acutecast.report.charts.PANELS`, which draw the same of a run.
HEADLINES = (
    Figure("beddays", "Bed days", "bed days", ("beddays",)),
    Figure(
        "emergency_admissions", "Emergency admissions", "emergency admissions", ("admissions",),
        {"pod": "ip_non-elective_admission"},
    ),
    Figure(
        "elective_admissions", "Elective admissions", "elective admissions", ("admissions",),
        {"pod": "ip_elective_admission"},
    ),
    Figure("day_cases", "Day cases", "day cases", ("admissions",), {"pod": "ip_elective_daycase"}),
    Figure(
        "outpatient_attendances", "Outpatient attendances", "outpatient attendances",
        ("attendances", "tele_attendances"),
    ),
    Figure("arrivals", "A&E arrivals", "A&E arrivals", ("walk-in", "ambulance")),
)  # fmt: skip
# What single assumptions act on, where it is no headline.
OTHERS = (
    Figure("admissions", "Admissions", "admissions", ("admissions",)),
    Figure(
        "face_to_face", "Face to face attendances", "face to face attendances", ("attendances",)
    ),
)  # fmt: skip
FIGURES = {figure.key: figure for figure in (*HEADLINES, *OTHERS)}

_OF_ACTIVITY = {"ip": "admissions", "op": "outpatient_attendances", "aae": "arrivals"}
_OF_EFFICIENCY = {
    "all": "beddays",
    "pre-op": "beddays",
    "sdec": "emergency_admissions",
    "day_procedures_daycase": "elective_admissions",
    "day_procedures_outpatients": "admissions",
    "tele": "face_to_face",
}


@cache
def _effects() -> dict[str, str]:
    return {
        f"efficiencies.{row['activity_type']}.{row['key']}": row["efficiency_type"]
        for row in rows("tpmas")
        if row["kind"] == "efficiencies"
    }


def main_figure(name: str) -> Figure:
    """Give the figure that an assumption acts on, by its name in draws.

    Stays act on bed days, conversions on what is converted, all else on the activity of its type;
    what concerns all types, such as a population, on bed days.
    """
    section, activity, *_ = (*name.split("."), "")
    if section == "efficiencies":
        other = "tele" if activity == "op" else "all"
        return FIGURES[_OF_EFFICIENCY[_effects().get(name, other)]]
    return FIGURES[_OF_ACTIVITY.get(activity, "beddays")]


def financial_year(year: int) -> str:
    """Give the name of the financial year that starts in a calendar year: "2043/44"."""
    return f"{year}/{(year + 1) % 100:02d}"


def difference_words(
    mean: float, low: float, high: float, before: float, noun: str, year: int
) -> str:
    """Say a difference.

    Args:
        mean: the mean difference.
        low, high: its P10 and P90.
        before: what it is a difference from.
        noun: what is counted.
        year: in which year.

    Returns:
        "1,240 fewer bed days a year by 2043/44 (P10–P90: 800 to 1,700 fewer), 0.5%".
    """
    if _none(mean) and _none(low) and _none(high):
        return f"no change in {noun}"
    said = f"{_count(mean)} {_side(mean)} {noun} a year by {financial_year(year)}"
    if _count(low) != _count(high) or _side(low) != _side(high):
        said += f" (P10–P90: {_range(low, high)})"
    if before > 0:
        share = 100 * abs(mean) / before
        said += f", {share:.1f}%" if share >= 0.05 else ", less than 0.1%"
    return said


def _range(low: float, high: float) -> str:
    if _none(low) or _none(high) or (low < 0) == (high < 0):
        least, most = sorted((low, high), key=abs)
        return f"{_count(least)} to {_count(most)} {_side(most)}"
    return f"{_count(low)} {_side(low)} to {_count(high)} {_side(high)}"


def _none(value: float) -> bool:
    return abs(value) < 0.05


def _count(value: float) -> str:
    """Write the size of a difference: whole from 10 on, one decimal below."""
    text = f"{abs(value):,.0f}" if abs(value) >= 9.95 else f"{abs(value):.1f}"
    return text.removesuffix(".0")


def _side(value: float) -> str:
    return "fewer" if value < 0 else "more"
