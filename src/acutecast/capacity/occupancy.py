"""Compiled kernels: put one run's patients on the calendar and count who is there at every hour.

A patient is counted at the full hours between coming and leaving. The exact minute is as likely as
any other, so a stay of m minutes is counted m / 60 times on average, whatever the hour it began,
and the share of hours above a number is the share of time. Years are rings of `hours` hours.

A stay is added to a table of differences: +1 at its first hour, -1 after its last. Running sums of
the differences give the occupancy. The cost is the same for a stay of a day and one of a year.
"""

# Inside compiled code an element of an array is a number, which the stubs of NumPy do not know.
# pyright: reportArgumentType=false

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from acutecast.compute.compiling import kernel
from acutecast.demand.keyed import scramble, unit
from acutecast.demand.layout import SpellRecord

TALLIES = ("cases", "nights", "zero_day", "flagged", "minutes", "timed_cases")
CASES, NIGHTS, ZERO_DAY, FLAGGED, MINUTES, TIMED = range(6)
NON_ELECTIVE, PLANNED_CAESAREAN = 1, 2
IMMEDIATE_MINUTES = 360
DAY_OPENS, DAY_CLOSES = 8, 20
_TIME_STEPS = 4096
_STEP = np.uint64(0x9E3779B97F4A7C15)
# As `layout.EFFICIENCY_KINDS` orders the conversions, plus 1.
_AS_WAS, _TO_SDEC, _TO_DAYCASE, _TO_OUTPATIENT = 0, 2, 4, 5


class SpellPlaces(NamedTuple):
    """When and where the spells of the baseline are; pools are areas by site, -1 for none.

    Arrays (n, 2) hold the pool as a zero-day and as an overnight stay.
    """

    key: np.ndarray  # uint64 (n,), random key of the row
    day: np.ndarray  # int32 (n,), day of admission
    hour: np.ndarray  # int32 (n,), hour of admission
    nights: np.ndarray  # int32 (n,), at baseline
    leave: np.ndarray  # int32 (n,), hour by which it leaves after a night, 1 to 24
    same_day: np.ndarray  # int32 (n,), hours stayed without a night
    bed: np.ndarray  # int32 (n, 2), ward, recovery or other place where it lies
    first: np.ndarray  # int32 (n, 2), assessment or birth room, before the ward
    critical: np.ndarray  # int32 (n, 2), critical care, for some spells
    procedure: np.ndarray  # int32 (n, 2), theatre or room
    minutes: np.ndarray  # int32 (n,), in the theatre or room, -1 where unknown
    flag: np.ndarray  # int8 (n,), NON_ELECTIVE, PLANNED_CAESAREAN or 0
    day_bed: np.ndarray  # int32 (n,), bed as a day case
    day_procedure: np.ndarray  # int32 (n,), theatre as a day case
    sdec: np.ndarray  # int32 (n,), pool as same day emergency care
    outpatient: np.ndarray  # int32 (n,), room as an outpatient procedure


class Moves(NamedTuple):
    """Days of the same weekday and season, among which extra copies move."""

    start: np.ndarray  # int32 (groups + 1,)
    day: np.ndarray  # int32 (days,), by group
    place: np.ndarray  # int32 (days,), where a day stands in `day`
    group: np.ndarray  # int32 (days,)


class PoolValues(NamedTuple):
    """What a run assumes of each pool, all (pools,)."""

    slot: np.ndarray  # int32, place in the occupancy, -1 where it is not counted by the hour
    first_hours: np.ndarray  # float64, hours in assessment or birth room
    critical_nights: np.ndarray  # int32, nights that a stay in critical care lasts at most
    critical_share: np.ndarray  # float64, share of the spells that have one
    case_minutes: np.ndarray  # float64, of procedures without minutes of their own
    turnaround: np.ndarray  # float64, minutes after a case
    immediate: np.ndarray  # float64, share of emergency cases done at once


@kernel(forceinline=True)
def _stay(occupancy: np.ndarray, slot: int, start: int, end: int, hours: int) -> None:
    """Count a stay from hour `start` up to `end`; `occupancy` is (slots, hours + 1)."""
    if slot < 0 or end <= start:
        return
    length = end - start
    if length >= hours:
        occupancy[slot, 0] += length // hours
        length -= (length // hours) * hours
        if length == 0:
            return
    start %= hours
    end = start + length
    occupancy[slot, start] += 1
    if end <= hours:
        occupancy[slot, end] -= 1
    else:
        occupancy[slot, 0] += 1
        occupancy[slot, end - hours] -= 1


@kernel(forceinline=True)
def _tally(tally: np.ndarray, pool: int, nights: int, flagged: bool) -> None:
    if pool >= 0:
        tally[pool, 0] += 1
        tally[pool, 1] += nights
        tally[pool, 2] += nights == 0
        tally[pool, 3] += flagged


@kernel(forceinline=True)
def _emergency_case(
    x: np.uint64, day: int, hour: int, immediate: float, minutes: float
) -> tuple[int, int]:
    """Give the first hour of an emergency case in theatre and the hour after its last.

    Some are done within six hours of admission at any hour; the others wait for the next daytime.
    """
    u = unit(scramble(x + _STEP))
    if unit(x) < immediate:
        begins = (day * 24 + hour) * 60 + u * (60 + IMMEDIATE_MINUTES)
    else:
        wait = 0 if hour < DAY_OPENS else 1
        begins = ((day + wait) * 24 + DAY_OPENS) * 60 + u * 60 * (DAY_CLOSES - DAY_OPENS)
    return int(begins // 60), int((begins + minutes) // 60)


@kernel
def place_spells(
    places: SpellPlaces,
    record: SpellRecord,
    moves: Moves,
    pools: PoolValues,
    streams: np.ndarray,
    hours: int,
    occupancy: np.ndarray,
    tally: np.ndarray,
    beddays: np.ndarray,
) -> None:
    """Put every surviving copy of one run's spells on the calendar.

    The first copy of a spell keeps its day; further copies move to another day of the same weekday
    and season. A spell is in one place at a time: critical care first, for some; else assessment
    or a birth room first; then its ward.

    Args:
        places, moves, pools: see there.
        record: the copies, as the engine gives them.
        streams: the run's keys for: moving, critical care, theatre; uint64 (3,).
        hours: of the year.
        occupancy: differences, added to; int32 (Y, slots, hours + 1).
        tally: counts by `TALLIES`, added to; int64 (Y, pools, 6).
        beddays: calendar days on which each spell was there, added to; int64 (Y,).
    """
    move_stream, critical_stream, theatre_stream = streams
    key, own_day = places.key, places.day
    admitted, leave, same_day = places.hour, places.leave, places.same_day
    bed, first, critical = places.bed, places.first, places.critical
    procedure, own_minutes, flag = places.procedure, places.minutes, places.flag
    day_bed, day_procedure = places.day_bed, places.day_procedure
    sdec, outpatient = places.sdec, places.outpatient
    group_start, group_day, place_of = moves.start, moves.day, moves.place
    group_of = moves.group
    slot, first_hours = pools.slot, pools.first_hours
    critical_nights, critical_share = pools.critical_nights, pools.critical_share
    case_minutes, turnaround, immediate = pools.case_minutes, pools.turnaround, pools.immediate
    rows, copies, stays, kinds = record.row, record.copy, record.days, record.kind
    for y in range(len(beddays)):
        here, counts = occupancy[y], tally[y]
        for r in range(record.count[y]):
            i, copy, kind = rows[y, r], copies[y, r], kinds[y, r]
            nights = stays[y, r]
            if kind == _TO_SDEC:
                _tally(counts, sdec[i], 0, False)
                continue
            if kind == _TO_OUTPATIENT:
                _tally(counts, outpatient[i], 0, False)
                continue
            x = key[i] + np.uint64(copy) * _STEP
            day = own_day[i]
            if copy > 0:
                g = group_of[day]
                others = group_start[g + 1] - group_start[g] - 1
                if others > 0:
                    shift = 1 + int(unit(scramble(x ^ move_stream)) * others)
                    at = place_of[day] - group_start[g] + shift
                    day = group_day[group_start[g] + at % (others + 1)]
            begins = day * 24 + admitted[i]
            z = 1 if nights > 0 else 0
            ends = (day + nights) * 24 + leave[i] if nights > 0 else begins + same_day[i]
            beddays[y] += (ends - 1) // 24 - begins // 24 + 1
            flagged = flag[i] == NON_ELECTIVE or (flag[i] == PLANNED_CAESAREAN and nights == 0)
            lies, operated = bed[i, z], procedure[i, z]
            at = begins
            if kind == _TO_DAYCASE:
                lies, operated = day_bed[i], day_procedure[i]
            else:
                c, f = critical[i, z], first[i, z]
                _tally(counts, c, nights, flagged)
                _tally(counts, f, nights, flagged)
                if c >= 0 and unit(scramble(x ^ critical_stream)) < critical_share[c]:
                    at = min(ends, begins + 24 * critical_nights[c])
                    _stay(here, slot[c], begins, at, hours)
                elif f >= 0:
                    part = unit(scramble((x ^ critical_stream) + _STEP))
                    at = min(ends, begins + int(first_hours[f] + part))
                    _stay(here, slot[f], begins, at, hours)
            _tally(counts, lies, nights, flagged)
            if lies >= 0:
                _stay(here, slot[lies], at, ends, hours)
            if operated >= 0:
                _tally(counts, operated, nights, flagged)
                minutes = float(own_minutes[i])
                if minutes >= 0:
                    counts[operated, MINUTES] += own_minutes[i]
                    counts[operated, TIMED] += 1
                else:
                    minutes = case_minutes[operated]
                if slot[operated] >= 0:
                    from_hour, to_hour = _emergency_case(
                        scramble(x ^ theatre_stream),
                        day,
                        admitted[i],
                        immediate[operated],
                        minutes + turnaround[operated],
                    )
                    _stay(here, slot[operated], from_hour, to_hour, hours)


@cache
def time_quantiles(cv: float) -> np.ndarray:
    """Give the log-normal times with mean 1 at the middle of 4,096 equally likely steps.

    Args:
        cv: standard deviation over mean; 0 for equal times.
    """
    sigma = math.sqrt(math.log1p(cv * cv))
    normal = NormalDist()
    steps = (np.arange(_TIME_STEPS) + 0.5) / _TIME_STEPS
    times = np.exp([sigma * normal.inv_cdf(u) for u in steps])
    return times / times.mean()


@kernel
def place_arrivals(
    counts: np.ndarray,
    cumulative: np.ndarray,
    guide: np.ndarray,
    times: np.ndarray,
    closes: int,
    slot: int,
    stream: np.uint64,
    hours: int,
    occupancy: np.ndarray,
) -> None:
    """Put arrivals of one pool on the calendar, each with its own hour and time there.

    The n-th arrival of a run comes and leaves at the same time in every year that has it.

    Args:
        counts: arrivals by year, int64 (Y,).
        cumulative: running sums of the weights of the hours, the last one 1; (hours,).
        guide: for each of its equal steps of the uniform, the first hour that may be meant.
        times: minutes there at equally likely steps, a power of 2 of them.
        closes: hour of the day by which all have left, 24 for never.
        slot: the pool's place in the occupancy.
        stream: key of the run and pool.
        hours: of the year.
        occupancy: differences, added to; int32 (Y, slots, hours + 1).
    """
    steps = len(guide)
    last_time = np.uint64(len(times) - 1)
    most = 0
    for y in range(len(counts)):
        most = max(most, counts[y])
    for k in range(most):
        x = scramble(stream + np.uint64(k) * _STEP)
        u = unit(x)
        hour = guide[int(u * steps)]
        while cumulative[hour] <= u:
            hour += 1
        x = scramble(x + _STEP)
        begins = unit(x) * 60.0
        # The low bits are none of those that the uniform is made of.
        end = hour + int((begins + times[x & last_time]) // 60.0)
        if closes < 24:
            end = min(end, hour - hour % 24 + closes)
        for y in range(len(counts)):
            if k < counts[y]:
                _stay(occupancy[y], slot, hour, end, hours)


@kernel
def count_hours(
    occupancy: np.ndarray,
    hour_of_week: np.ndarray,
    month: np.ndarray,
    hours: int,
    peak: np.ndarray,
    by_week: np.ndarray,
    by_month: np.ndarray,
) -> None:
    """Turn differences into occupancy, in place, and sum it by hour of the week and month.

    Args:
        occupancy: differences, int32 (Y, slots, hours + 1).
        hour_of_week: of each hour, (hours,).
        month: of each hour, 0 to 11, (hours,).
        hours: of the year.
        peak: highest occupancy, set; int64 (Y, slots).
        by_week: patient hours by hour of the week, added to; int64 (Y, slots, 168).
        by_month: patient hours by month, added to; int64 (Y, slots, 12).
    """
    for y in range(occupancy.shape[0]):
        for s in range(occupancy.shape[1]):
            here = occupancy[y, s]
            week, months = by_week[y, s], by_month[y, s]
            now, top = 0, 0
            for h in range(hours):
                now += here[h]
                here[h] = now
                top = max(top, now)
                week[hour_of_week[h]] += now
                months[month[h]] += now
            peak[y, s] = top


@kernel
def spread_hours(
    occupancy: np.ndarray,
    hours: int,
    allowed_in_week: np.ndarray,
    at: np.ndarray,
    worst_week: np.ndarray,
) -> None:
    """Count the hours at each occupancy, and find what the worst week needs.

    Args:
        occupancy: int32 (Y, slots, hours + 1), from `count_hours`.
        hours: of the year.
        allowed_in_week: hours of any week that may be short, (slots,).
        at: hours at 0, 1, … patients, added to; int32 (Y, slots, most + 1).
        worst_week: beds with which no week is short for longer, set; int64 (Y, slots).
    """
    for y in range(occupancy.shape[0]):
        for s in range(occupancy.shape[1]):
            here, mine = occupancy[y, s], at[y, s]
            for h in range(hours):
                mine[here[h]] += 1
            allowed = allowed_in_week[s]
            need = 0
            for w in range((hours + 167) // 168):
                # The last week is the last 168 hours, so that none is shorter.
                start = min(w * 168, hours - 168)
                above = 0
                for h in range(start, start + 168):
                    above += here[h] > need
                if above > allowed:
                    week = np.sort(here[start : start + 168])
                    need = week[167 - allowed]
            worst_week[y, s] = need


@kernel
def tally_contacts(
    record: np.ndarray, pool: np.ndarray, minutes: np.ndarray, tally: np.ndarray
) -> None:
    """Sum one run's outpatient or emergency contacts by pool.

    Args:
        record: contacts, int32 (Y, rows, measures).
        pool: of each row and measure, -1 for none; (rows, measures).
        minutes: stated minutes of each contact, -1 for none; (rows, measures).
        tally: counts by `TALLIES`, added to; int64 (Y, pools, 6).
    """
    for y in range(record.shape[0]):
        for i in range(record.shape[1]):
            for m in range(record.shape[2]):
                contacts, p = record[y, i, m], pool[i, m]
                if contacts > 0 and p >= 0:
                    tally[y, p, CASES] += contacts
                    if minutes[i, m] >= 0:
                        tally[y, p, MINUTES] += contacts * minutes[i, m]
                        tally[y, p, TIMED] += contacts
