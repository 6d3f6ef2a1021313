"""From counts to space: what every area needs in every year and run, by both methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from acutecast.capacity.areas import Area, areas
from acutecast.capacity.calendar import Calendar
from acutecast.capacity.census import Counts, open_hours
from acutecast.capacity.diagnostics_workforce import diagnostic_tests, nursing, scanners
from acutecast.capacity.occupancy import CASES, FLAGGED, MINUTES, NIGHTS, TIMED, ZERO_DAY
from acutecast.capacity.preset import preset, quantities
from acutecast.capacity.spaces import Pools, is_hourly

FIGURES = (
    "preset", "simulated", "worst_week", "mean_occupied", "peak_occupied", "peak_month",
    "occupancy",
)  # fmt: skip
"""What is worked out of every area; sessions have only the first two."""

_TALLY_OF_QUANTITY = {
    "spells": CASES,
    "procedures": CASES,
    "arrivals": CASES,
    "attendances": CASES,
    "nights": NIGHTS,
    "zero_day_spells": ZERO_DAY,
    "non_elective_spells": FLAGGED,
    "zero_day_planned_caesareans": FLAGGED,
}
Drawn = Mapping[tuple[str, str], np.ndarray]


@dataclass(frozen=True)
class Needs:
    """Figures of every pool that is used, each (Y, runs), float64, by (pool, figure)."""

    figures: Mapping[tuple[int, str], np.ndarray]

    def of(self, pool: int, figure: str) -> np.ndarray:
        """Give one figure of one pool."""
        return self.figures[pool, figure]


def used_pools(pools: Pools, *counts: Counts) -> list[int]:
    """Give the pools that anybody uses in any of some counts."""
    cases = np.sum([c.tally[..., CASES].sum(axis=(0, 1)) for c in counts], axis=0)
    return np.flatnonzero(cases > 0).tolist()


def work_out(
    counts: Counts,
    pools: Pools,
    used: list[int],
    drawn: Drawn,
    risk: float,
    calendar: Calendar,
) -> Needs:
    """Work out every figure of every pool that is used.

    Args:
        counts: what the census counted.
        pools: what it counted apart.
        used: the pools to work out.
        drawn: the assumptions by run, (runs,) each.
        risk: the share of open hours that may be short.
        calendar: the baseline year.
    """
    hours, of_month = calendar.hours, np.bincount(calendar.month - 1, minlength=12) * 24.0
    figures: dict[tuple[int, str], np.ndarray] = {}
    for pool, space in _preset(counts, pools, used, drawn).items():
        figures[pool, "preset"] = space
    for pool in used:
        area = areas()[pools.area[pool]]
        if not is_hourly(area):
            figures[pool, "simulated"] = booked_rooms(area, counts.tally[:, :, pool], drawn)
            continue
        slot = int(pools.slot[pool])
        open_for = _open(area, drawn, hours)
        simulated = beds_at_risk(counts, slot, open_for, risk)
        months = counts.months[:, :, slot]
        mean = months.sum(axis=-1) / open_for
        figures[pool, "simulated"] = simulated
        figures[pool, "worst_week"] = counts.worst_week[:, :, slot].astype(float)
        figures[pool, "mean_occupied"] = mean
        figures[pool, "peak_occupied"] = counts.peak[:, :, slot].astype(float)
        figures[pool, "peak_month"] = (months / of_month).max(axis=-1)
        used_beds = np.where(simulated > 0, simulated, 1.0)
        figures[pool, "occupancy"] = np.where(simulated > 0, mean / used_beds, 0.0)
    return Needs(figures)


def _open(area: Area, drawn: Drawn, hours: int) -> np.ndarray:
    """Give the open hours of an area by run, (runs,)."""
    runs = len(next(iter(drawn.values())))
    mine = {key: values for key, values in drawn.items() if key[0] == area.key}
    return np.array(
        [open_hours(area.key, {k: float(v[r]) for k, v in mine.items()}, hours)
         for r in range(runs)]
    )  # fmt: skip


def beds_at_risk(counts: Counts, slot: int, open_hours: np.ndarray, risk: float) -> np.ndarray:
    """Give the least beds that are too few in at most a share `risk` of the open hours.

    Args:
        counts: what the census counted.
        slot: the pool's place among those counted by the hour.
        open_hours: of the year, by run, (runs,).
        risk: share of them that may be short.

    Returns:
        float64, (Y, runs), whole numbers; at least 1 where anybody comes, since space that is
        needed seldom can't be done without.
    """
    result = np.empty(counts.beddays.shape)
    for run, slots in enumerate(counts.hours_at):
        above = hours_above(slots[slot])
        enough = (above > risk * open_hours[run]).sum(axis=1)
        result[:, run] = np.maximum(enough, above[:, 0] > 0)
    return result


def hours_above(hours_at: np.ndarray) -> np.ndarray:
    """Give the hours with more than 0, 1, … patients from those with 0, 1, …; last axis."""
    at = hours_at.astype(np.int64)
    return at.sum(axis=-1, keepdims=True) - np.cumsum(at, axis=-1)


def _preset(counts: Counts, pools: Pools, used: list[int], drawn: Drawn) -> dict[int, np.ndarray]:
    """Convert the tallies by the preset formulas, site by site."""
    n_areas = len(areas())
    result = {}
    for site in range(len(pools.sites)):
        mine = [pool for pool in used if pools.site[pool] == site]
        wanted = {areas()[pools.area[pool]].key: pool for pool in mine}
        asked = {
            key: {
                name: counts.tally[:, :, site * n_areas + index, _TALLY_OF_QUANTITY[name]]
                for name in names
            }
            for index, (key, names) in enumerate(quantities().items())
        }
        space = preset(asked, drawn)
        result |= {pool: space[key] for key, pool in wanted.items()}
    return result


def booked_rooms(area: Area, tally: np.ndarray, drawn: Drawn) -> np.ndarray:
    """Give the rooms or theatres that booked work needs by its session calendar.

    Cases: Σ (minutes + turnaround) / (1 − cancelled) / (session minutes × sessions × weeks ×
    list fill). Minutes are those of the data or stated by specialty; other cases take the area's.
    Appointments: Σ (minutes + DNA rate / (1 − DNA rate) × DNA minutes) / (… × utilisation).

    Args:
        area: the area.
        tally: its tallies, (Y, runs, 6).
        drawn: the assumptions by run.

    Returns:
        Rooms, not rounded, float64 (Y, runs).
    """

    def of(name: str) -> np.ndarray:
        return drawn[area.key, name]

    cases = tally[..., CASES].astype(float)
    busy = tally[..., MINUTES] + (cases - tally[..., TIMED]) * of("minutes")
    year = of("sessions_a_week") * of("session_minutes") * of("weeks")
    if area.archetype == "appointment":
        lost = of("dna_rate") / (1.0 - of("dna_rate")) * of("dna_minutes")
        return (busy + cases * lost) / (year * of("utilisation"))
    busy = (busy + cases * of("turnaround")) / (1.0 - of("cancelled"))
    return busy / (year * of("list_fill"))


def chain(
    needs: Needs,
    pools: Pools,
    activity: Mapping[str, np.ndarray],
    drawn: Drawn,
    diagnostics: bool,
    workforce: bool,
) -> dict[tuple[str, str], np.ndarray]:
    """Give diagnostic tests, scanners and nurses, by (item, figure), each (Y, runs).

    Args:
        needs: the space; nurses follow the simulated beds.
        pools: what was counted apart; beds of several sites are added.
        activity: admissions, outpatient attendances and emergency arrivals a year; see
            `diagnostics_workforce.ACTIVITY`.
        drawn: the assumptions by run.
        diagnostics, workforce: which of them are asked for.
    """
    result: dict[tuple[str, str], np.ndarray] = {}
    if diagnostics:
        tests = diagnostic_tests(activity, drawn)
        result |= {(kind, "tests"): count for kind, count in tests.items()}
        result |= {(kind, "scanners"): n for kind, n in scanners(tests, drawn).items()}
    if workforce:
        beds: dict[str, np.ndarray] = {}
        for (pool, figure), values in needs.figures.items():
            if figure == "simulated":
                key = areas()[pools.area[pool]].key
                beds[key] = beds.get(key, 0.0) + values
        result |= {(area, "nurses"): wte for area, wte in nursing(beds, drawn).items()}
    return result
