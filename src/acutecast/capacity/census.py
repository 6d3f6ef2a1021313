"""The census: every run's patients hour by hour, taken while the engine runs."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from acutecast import streams
from acutecast.capacity import patterns
from acutecast.capacity.areas import areas
from acutecast.capacity.assumptions import Assumptions, draw
from acutecast.capacity.calendar import Calendar, calendar_of, move_groups, stays_of
from acutecast.capacity.occupancy import (
    TALLIES,
    Moves,
    PoolValues,
    count_hours,
    place_arrivals,
    place_spells,
    spread_hours,
    tally_contacts,
    time_quantiles,
)
from acutecast.capacity.spaces import (
    EMERGENCY_THEATRES,
    Pools,
    arrival_hours,
    count_places,
    spell_places,
)
from acutecast.demand.layout import SpellRecord
from acutecast.demand.rows import spell_keys
from acutecast.errors import Problem
from acutecast.provider import Provider

_ACTIVITIES = ("ip", "op", "aae")
_GUIDE_STEPS = 4096
_HOURS_OF_365_DAYS = 8760.0
Values = Mapping[tuple[str, str], float]


@dataclass
class Counts:
    """What the census counted; R runs, Y years, S pools counted by the hour, P pools.

    Attributes:
        tally: by `TALLIES`, int64 (Y, R, P, 6).
        hours_at: of each run and slot: hours at 0, 1, … patients, uint16 (Y, peak + 1).
        peak: highest occupancy, int64 (Y, R, S).
        worst_week: beds that the worst week needs at the stated risk, int64 (Y, R, S).
        week: patient hours by hour of the week in the last year, int64 (R, S, 168).
        months: patient hours by month, January first; int64 (Y, R, S, 12).
        beddays: calendar days on which spells were there, int64 (Y, R).
    """

    tally: np.ndarray
    hours_at: list[list[np.ndarray]]
    peak: np.ndarray
    worst_week: np.ndarray
    week: np.ndarray
    months: np.ndarray
    beddays: np.ndarray

    @classmethod
    def empty(cls, years: int, runs: int, pools: Pools) -> Counts:
        """Make room for the counts of some runs."""
        slots = len(pools.hourly)
        return cls(
            tally=np.zeros((years, runs, len(pools), len(TALLIES)), dtype=np.int64),
            hours_at=[[] for _ in range(runs)],
            peak=np.zeros((years, runs, slots), dtype=np.int64),
            worst_week=np.zeros((years, runs, slots), dtype=np.int64),
            week=np.zeros((runs, slots, 168), dtype=np.int64),
            months=np.zeros((years, runs, slots, 12), dtype=np.int64),
            beddays=np.zeros((years, runs), dtype=np.int64),
        )


def open_hours(key: str, values: Values, hours: int) -> float:
    """Give the hours of a year of `hours` hours in which an area is meant to be open."""
    if key in EMERGENCY_THEATRES:
        return float(hours)
    if (key, "days") in values:
        return values[key, "days"] * 24.0 / _HOURS_OF_365_DAYS * hours
    return min(values[key, "hours"] / _HOURS_OF_365_DAYS, 1.0) * hours


class Census:
    """Takes the census of a provider's runs; `observe` is the engine's observer.

    Attributes:
        pools: what is counted apart.
        calendar: the baseline year.
        problems: what the data lacked.
    """

    def __init__(
        self,
        provider: Provider,
        pools: Pools,
        assumptions: Assumptions,
        risk: float,
        seed: int,
        years: int,
        runs: int,
        elective_days: int = 0,
    ) -> None:
        self.pools = pools
        self.calendar: Calendar = calendar_of(provider.year)
        self.risk = risk
        self.seed = seed
        self.drawn = draw(assumptions, seed, runs)
        self.expected = {key: assumptions.value(*key) for key in self.drawn}
        table = provider.tables["ip"]
        stays = stays_of(table, spell_keys(table), self.calendar, elective_days)
        minutes = dict(assumptions.specialty_minutes)
        self.spells = spell_places(provider, stays, pools, minutes)
        self.contacts = {
            activity: count_places(provider, activity, pools, minutes) for activity in ("op", "aae")
        }
        self.problems = stays.problems
        self._hours_of_day = arrival_hours(provider)
        self._moves = Moves(*move_groups(self.calendar), self._move_group())
        self._critical = _CriticalCare.of(self.spells.critical[:, 1], self.spells.nights, pools)
        self._streams = {
            name: streams.key(seed, "capacity", name)
            for name in ("moving", "critical care", "theatre")
        }
        self._arrivals = {
            int(pool): streams.key(seed, "capacity", "arrivals", *self._name(pool))
            for pool in pools.hourly
            if areas()[pools.area[pool]].family == "emergency"
        }
        self.counts = Counts.empty(years, runs, pools)
        self._open: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        self._lock = threading.Lock()

    def _name(self, pool: int) -> tuple[str, str]:
        return areas()[self.pools.area[pool]].key, self.pools.sites[self.pools.site[pool]]

    def _move_group(self) -> np.ndarray:
        return (self.calendar.season * 7 + self.calendar.weekday).astype(np.int32)

    def observe(self, run: int, activity: str, record: Any) -> None:
        """Take the census of one run; called once for each activity type."""
        with self._lock:
            if run not in self._open:
                years, slots = len(self.counts.beddays), len(self.pools.hourly)
                occupancy = np.zeros((years, slots, self.calendar.hours + 1), dtype=np.int32)
                self._open[run] = occupancy, np.zeros(len(_ACTIVITIES), dtype=bool)
        occupancy, seen = self._open[run]
        values = {key: float(drawn[run]) for key, drawn in self.drawn.items()}
        # Runs are numbered from 1; 0 is the baseline.
        self._take(self.counts, run, run + 1, values, activity, record, occupancy)
        seen[_ACTIVITIES.index(activity)] = True
        if seen.all():
            self._finish(self.counts, run, run + 1, values, occupancy)
            with self._lock:
                del self._open[run]

    def baseline(self) -> Counts:
        """Take the census of the baseline year itself: every spell once, on its own day."""
        counts = Counts.empty(1, 1, self.pools)
        n = len(self.spells.key)
        zero = np.zeros((1, n), dtype=np.int32)
        record = SpellRecord(
            row=np.arange(n, dtype=np.int32)[None],
            copy=zero,
            days=self.spells.nights.astype(np.int32)[None],
            kind=zero.astype(np.int8),
            count=np.array([n], dtype=np.int64),
        )
        slots = len(self.pools.hourly)
        occupancy = np.zeros((1, slots, self.calendar.hours + 1), dtype=np.int32)
        records: dict[str, Any] = {"ip": record}
        for activity, places in self.contacts.items():
            records[activity] = places.baseline.astype(np.int32)[None]
        for activity in _ACTIVITIES:
            self._take(counts, 0, 0, self.expected, activity, records[activity], occupancy)
        self._finish(counts, 0, 0, self.expected, occupancy)
        return counts

    def _take(
        self,
        counts: Counts,
        run: int,
        number: int,
        values: Values,
        activity: str,
        record: Any,
        occupancy: np.ndarray,
    ) -> None:
        """Put one activity type of a run on the calendar."""
        tally = np.zeros((len(counts.beddays), *counts.tally.shape[2:]), dtype=np.int64)
        if activity == "ip":
            keys = [streams.bits(key, np.array(number)) for key in self._streams.values()]
            beddays = np.zeros(len(counts.beddays), dtype=np.int64)
            place_spells(
                self.spells, record, self._moves, self._pool_values(values),
                np.array(keys, dtype=np.uint64), self.calendar.hours, occupancy, tally, beddays,
            )  # fmt: skip
            counts.beddays[:, run] = beddays
        else:
            places = self.contacts[activity]
            tally_contacts(record, places.pool, places.minutes, tally)
        counts.tally[:, run] += tally

    def _pool_values(self, values: Values) -> PoolValues:
        """Give what a run assumes of each pool."""
        keys = [areas()[index].key for index in self.pools.area]

        def of(name: str, otherwise: float = 0.0) -> np.ndarray:
            return np.array([values.get((key, name), otherwise) for key in keys])

        nights, share = self._critical.split(of("overnight_share"), of("nights_a_stay"))
        return PoolValues(
            slot=self.pools.slot,
            first_hours=of("minutes") / 60.0,
            critical_nights=nights,
            critical_share=share,
            case_minutes=of("minutes"),
            turnaround=of("turnaround"),
            immediate=of("immediate_share"),
        )

    def _finish(
        self, counts: Counts, run: int, number: int, values: Values, occupancy: np.ndarray
    ) -> None:
        """Add the emergency arrivals of a run and count its hours."""
        hours = self.calendar.hours
        for pool, key in self._arrivals.items():
            self._place_arrivals(counts.tally[:, run, pool, 0], pool, key, number, values,
                                 occupancy)  # fmt: skip
        years, slots = len(occupancy), len(self.pools.hourly)
        by_week = np.zeros((years, slots, 168), dtype=np.int64)
        months = np.zeros((years, slots, 12), dtype=np.int64)
        month = np.repeat(self.calendar.month - 1, 24)
        peak = np.zeros((years, slots), dtype=np.int64)
        week_hour = self.calendar.hour_of_week
        count_hours(occupancy, week_hour, month, hours, peak, by_week, months)
        at = np.zeros((years, slots, int(peak.max(initial=0)) + 1), dtype=np.int32)
        allowed = [
            int(self.risk * open_hours(self._name(pool)[0], values, hours) * 168 / hours)
            for pool in self.pools.hourly
        ]
        worst = np.zeros_like(peak)
        spread_hours(occupancy, hours, np.array(allowed), at, worst)
        counts.peak[:, run], counts.worst_week[:, run] = peak, worst
        counts.week[run], counts.months[:, run] = by_week[-1], months
        counts.hours_at[run] = [
            at[:, slot, : int(peak[:, slot].max()) + 1].astype(np.uint16) for slot in range(slots)
        ]

    def _place_arrivals(
        self,
        arrivals: np.ndarray,
        pool: int,
        key: np.uint64,
        number: int,
        values: Values,
        occupancy: np.ndarray,
    ) -> None:
        area = areas()[self.pools.area[pool]]
        opens = int(values.get((area.key, "opens"), 0))
        open_a_day = round(values[area.key, "hours"] / 365.0)
        closes = min(24, opens + open_a_day) if open_a_day < 24 else 24
        cumulative = np.cumsum(self._arrival_weights(int(self.pools.area[pool]), opens, closes))
        cumulative /= cumulative[-1]
        guide = np.searchsorted(cumulative, np.arange(_GUIDE_STEPS) / _GUIDE_STEPS, side="right")
        place_arrivals(
            arrivals, cumulative, guide,
            values[area.key, "minutes"] * time_quantiles(values[area.key, "stay_cv"]), closes,
            int(self.pools.slot[pool]), streams.bits(key, np.array(number)), self.calendar.hours,
            occupancy,
        )  # fmt: skip

    def _arrival_weights(self, area: int, opens: int, closes: int) -> np.ndarray:
        """Give the weight of every hour of the year for arrivals of an area."""
        kind = "sdec" if areas()[area].key == "sdec" else "ae"
        recorded = self._hours_of_day.get(area)
        if recorded is not None and not recorded[opens:closes].any():
            recorded = None  # nobody was recorded while it is open
        return patterns.hour_weights(
            "arrivals", kind, self.calendar.weekday, self.calendar.month, opens, closes, recorded
        )

    @property
    def notes(self) -> tuple[Problem, ...]:
        """What the data lacked and what was assumed instead."""
        if self._hours_of_day:
            return self.problems
        missing = Problem(
            "the data have no hour of arrival; arrivals follow published weights by month, "
            "weekday and hour",
            where="aae.arrival_hour",
            remedy="Add the column where you can.",
            warning=True,
        )
        return (*self.problems, missing)


@dataclass(frozen=True)
class _CriticalCare:
    """How a share of nights becomes stays in critical care, by area.

    Of each area: `short[k]`, the nights that all spells spend there in at most k nights each, at
    baseline. Stays of k nights for a share q of the spells make up the share s of all nights where
    q = s × all / short[k]; where that exceeds 1, the stays get longer.
    """

    short: tuple[np.ndarray | None, ...]

    @classmethod
    def of(cls, pool: np.ndarray, nights: np.ndarray, pools: Pools) -> _CriticalCare:
        by_area: dict[int, np.ndarray] = {}
        area = np.where(pool >= 0, pools.area[pool], -1)
        for index in np.unique(area[area >= 0]):
            mine = np.bincount(nights[area == index])
            longer = mine.sum() - np.cumsum(mine)  # spells with more than k nights
            by_area[int(index)] = np.concatenate([[0], np.cumsum(longer[:-1])])
        return cls(tuple(by_area.get(int(index)) for index in pools.area))

    def split(self, share: np.ndarray, nights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the longest stay in nights and the share of spells with one, by pool."""
        longest = np.zeros(len(self.short), dtype=np.int32)
        chance = np.zeros(len(self.short))
        for pool, short in enumerate(self.short):
            if short is None or short[-1] == 0:
                continue
            wanted = share[pool] * short[-1]
            k = max(round(nights[pool]), int(np.searchsorted(short, wanted)), 1)
            longest[pool] = k
            chance[pool] = min(1.0, wanted / short[min(k, len(short) - 1)])
        return longest, chance
