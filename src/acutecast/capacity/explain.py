"""Says in a paragraph what an area needs, and why its two methods differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from acutecast.capacity.areas import Area
from acutecast.capacity.queues import beds_for_poisson
from acutecast.capacity.spaces import EMERGENCY_THEATRES, is_hourly

# Why the workload of the preset differs from the hours that patients are there.
_WORKLOAD = {
    "ward": "the preset counts a stay without a night as {zero_day_minutes:.0f} minutes and takes "
    "fixed shares off for assessment and critical care, while the simulation counts the hours "
    "that patients really lie there",
    "assessment": "the preset counts {minutes:.0f} minutes for every emergency admission, while "
    "in the simulation many leave sooner and critical patients go straight on",
    "critical_care": "both give critical care the same share of nights; the simulation gives them "
    "to some patients in stays of several nights",
    "maternity_ward": "birth rooms take their fixed minutes off the preset's bed days, but in the "
    "simulation only hours that mothers are there",
    "birth_rooms": "the preset counts {minutes:.0f} minutes for every delivery, the simulation no "
    "more than the mother's stay",
    "maternity_assessment": "the preset counts {minutes:.0f} minutes a visit, the simulation the "
    "hours recorded",
    "daycase_recovery": "the preset counts {minutes:.0f} minutes a patient, the simulation the "
    "hours recorded from admission to discharge",
    "endoscopy_recovery": "the preset counts {minutes:.0f} minutes a patient, the simulation the "
    "hours recorded from admission to discharge",
    "renal_daycase": "the preset fits patients into sessions without gaps, the simulation counts "
    "the hours recorded",
    "haem_onc_spaces": "the preset counts {minutes:.0f} minutes a patient, the simulation the "
    "hours recorded from admission to discharge",
    "inpatient_theatres": "the preset spreads cases over its staffed hours, while emergencies come "
    "at all hours; the simulation uses the minutes in the data and adds turnaround",
    "obstetric_theatres": "the preset spreads cases over its staffed hours, while emergencies come "
    "at all hours; the simulation uses the minutes in the data and adds turnaround",
    "sdec_spaces": "both count the same minutes; in the simulation all leave at closing time",
    "ae_bays": "both count the same minutes a patient",
    "ae_beds": "both count the same minutes a patient",
}


@dataclass(frozen=True)
class Figures:
    """What a paragraph is made from.

    Attributes:
        runs: each figure of the area at the horizon, by run, (runs,).
        assumed: the area's assumptions by name.
        risk: the share of open hours that may be short.
        short: the share of open hours in which the preset's space would be too little; None for
            booked work.
    """

    runs: Mapping[str, np.ndarray]
    assumed: Mapping[str, float]
    risk: float
    short: float | None

    def mean(self, figure: str) -> float:
        """Give the mean of a figure over the runs."""
        return float(self.runs[figure].mean())


def explanation(area: Area, figures: Figures) -> str:
    """Give the paragraph; `figures` are those of the horizon year."""
    return _hourly(area, figures) if is_hourly(area) else _booked(area, figures)


def number(value: float) -> str:
    """Write space: whole numbers from 20 on, one digit from 1, two figures below."""
    if value >= 20 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def percent(share: float) -> str:
    """Write a share in percent."""
    if share and share < 0.001:
        return "less than 0.1%"
    return f"{100 * share:.1f}%".replace(".0%", "%") if share < 0.1 else f"{100 * share:.0f}%"


def _range(values: np.ndarray) -> str:
    low, high = (number(float(value)) for value in np.quantile(values, (0.1, 0.9)))
    return "the same in 80% of the runs" if low == high else f"{low} to {high} in 80% of the runs"


def _hourly(area: Area, figures: Figures) -> str:
    preset, simulated = figures.mean("preset"), figures.mean("simulated")
    mean = figures.mean("mean_occupied")
    unit = area.unit
    target = figures.assumed.get("occupancy", figures.assumed.get("utilisation"))
    text = [
        f"{area.label}: enough in all but {percent(figures.risk)} of the open hours are "
        f"{_units(simulated, unit)} ({_range(figures.runs['simulated'])}). "
        f"Patients occupy {number(mean)} on average over the open hours, "
        f"{percent(figures.mean('occupancy'))} of them, and "
        f"{number(figures.mean('peak_occupied'))} at the busiest hour of a year.",
    ]
    if target is None:
        text.append(f"The preset's sessions give {number(preset)}: {_reason(area, figures)}.")
    else:
        text.append(_two_parts(area, figures, target))
    if figures.short is not None and preset > 0:
        text.append(
            f"Demand would exceed {_units(float(np.ceil(preset - 1e-9)), unit)}, the preset's "
            f"number, in {percent(figures.short)} of the open hours."
        )
    return " ".join(text)


def _two_parts(area: Area, figures: Figures, target: float) -> str:
    """Split the difference of the methods into workload and headroom."""
    preset, simulated = figures.mean("preset"), figures.mean("simulated")
    mean, occupancy = figures.mean("mean_occupied"), figures.mean("occupancy")
    counted = preset * target
    poisson = max(1, int(beds_for_poisson(mean, figures.risk)))
    headroom = (
        f"It then leaves {percent(1 - target)} of the {area.unit} free, whatever the "
        f"size; this unit needs {percent(1 - occupancy)} free, {_why(area, simulated, poisson)}."
    )
    return (
        f"The preset gives {number(preset)}: it counts {number(counted)} in use"
        f"{_against(counted, mean)}; {_reason(area, figures)}. {headroom}"
    )


def _why(area: Area, simulated: float, poisson: int) -> str:
    """Say how the need compares with that of arrivals at random."""
    at_random = f"purely random arrivals at an even rate would need {_units(poisson, area.unit)}"
    if simulated > 1.03 * poisson + 0.5:
        return f"since {at_random} and the pattern of day, week and season the rest"
    if simulated < 0.97 * poisson - 0.5:
        return f"less than by chance alone, as its patients come more evenly ({at_random})"
    return f"about as chance alone asks ({at_random})"


def _units(count: float, unit: str) -> str:
    """Write a number of beds or other space; one has no plural."""
    if count == 1:
        return f"1 {unit[:-3] + 'y' if unit.endswith('ies') else unit.removesuffix('s')}"
    return f"{number(count)} {unit}"


def _against(counted: float, mean: float) -> str:
    if mean <= 0 or abs(counted / mean - 1) < 0.01:
        return ", as the simulation does"
    return f" where the simulation finds {number(mean)}"


def _reason(area: Area, figures: Figures) -> str:
    key = "inpatient_theatres" if area.key in EMERGENCY_THEATRES else area.functional_area
    return _WORKLOAD[key].format(**figures.assumed)


def _booked(area: Area, figures: Figures) -> str:
    preset, simulated = figures.mean("preset"), figures.mean("simulated")
    unit = area.unit
    text = (
        f"{area.label}: booked work, so no hour is left to chance. Its session calendar needs "
        f"{number(simulated)} {unit} ({_range(figures.runs['simulated'])}); the "
        f"preset gives {number(preset)}."
    )
    if abs(simulated - preset) < 0.005 * max(preset, 1e-9):
        return f"{text} Both use the same minutes and hours."
    if area.archetype == "appointment":
        return f"{text} The difference is minutes stated by specialty, or another calendar."
    return (
        f"{text} The simulation uses the minutes in the data (means by specialty where a case has "
        f"none) instead of {figures.assumed['minutes']:.0f}, and counts turnaround and late "
        "cancellations apart instead of within the target."
    )
