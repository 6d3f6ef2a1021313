"""The kernels: small cases by hand, and any case against plain counting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast import streams
from acutecast.capacity.calendar import calendar_of, move_groups
from acutecast.capacity.occupancy import (
    Moves,
    PoolValues,
    SpellPlaces,
    count_hours,
    place_arrivals,
    place_spells,
    spread_hours,
    tally_contacts,
    time_quantiles,
)
from acutecast.demand.layout import SpellRecord

YEAR = calendar_of(2023)
HOURS = YEAR.hours
WARD, FIRST, CRITICAL, THEATRE = range(4)
MOVES = Moves(*move_groups(YEAR), (YEAR.season * 7 + YEAR.weekday).astype(np.int32))
STREAMS = np.array([streams.key(1, name) for name in ("move", "critical", "theatre")], np.uint64)


def places(day, hour, nights, leave=12, same_day=6, first=-1, critical=-1, theatre=-1, minutes=-1):
    day = np.atleast_1d(np.asarray(day, np.int32))
    n = len(day)

    def column(value):
        return np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.int32), n))

    def pair(value):
        return np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.int32), (n, 2)))

    return SpellPlaces(
        key=streams.bits(streams.key("row"), np.arange(n)),
        day=day, hour=column(hour), nights=column(nights), leave=column(leave),
        same_day=column(same_day), bed=pair(WARD), first=pair(first), critical=pair(critical),
        procedure=pair(theatre), minutes=column(minutes), flag=np.zeros(n, np.int8),
        day_bed=column(WARD), day_procedure=column(-1), sdec=column(-1), outpatient=column(-1),
    )  # fmt: skip


def record(nights, copy=0, kind=0):
    nights = np.atleast_1d(np.asarray(nights, np.int32))
    n = len(nights)
    return SpellRecord(
        row=np.arange(n, dtype=np.int32)[None],
        copy=np.broadcast_to(np.asarray(copy, np.int32), (1, n)).copy(),
        days=nights[None],
        kind=np.full((1, n), kind, np.int8),
        count=np.array([n]),
    )


def pools(first_hours=24.0, critical_nights=2, critical_share=0.0, immediate=0.0, minutes=60.0):
    n = 4
    return PoolValues(
        slot=np.arange(n, dtype=np.int32), first_hours=np.full(n, first_hours),
        critical_nights=np.full(n, critical_nights, np.int32),
        critical_share=np.full(n, critical_share), case_minutes=np.full(n, minutes),
        turnaround=np.zeros(n), immediate=np.full(n, immediate),
    )  # fmt: skip


def place(spells, what, values=None):
    """Give occupancy by pool and hour, tallies and bed days of one year."""
    occupancy = np.zeros((1, 4, HOURS + 1), np.int32)
    tally = np.zeros((1, 4, 6), np.int64)
    beddays = np.zeros(1, np.int64)
    place_spells(spells, what, MOVES, values or pools(), STREAMS, HOURS, occupancy, tally, beddays)
    return occupancy[0, :, :HOURS].cumsum(axis=1), tally[0], beddays[0]


def test_a_stay_of_two_nights():
    occupancy, tally, beddays = place(places(day=10, hour=9, nights=2, leave=14), record(2))
    there = np.flatnonzero(occupancy[WARD])
    assert (there[0], there[-1]) == (10 * 24 + 9, 12 * 24 + 13)
    assert len(there) == 2 * 24 + 14 - 9
    assert beddays == 3
    assert tally[WARD].tolist() == [1, 2, 0, 0, 0, 0]


def test_a_stay_over_the_end_of_the_year_goes_on_at_its_start():
    occupancy, _, beddays = place(places(day=365, hour=20, nights=2, leave=10), record(2))
    there = np.flatnonzero(occupancy[WARD])
    assert there.tolist() == [*range(24 + 10), *range(365 * 24 + 20, HOURS)]
    assert beddays == 3


def test_a_stay_longer_than_a_year_is_there_twice():
    occupancy, _, beddays = place(places(day=0, hour=0, nights=400, leave=24), record(400))
    assert occupancy[WARD].min() == 1
    assert occupancy[WARD].sum() == 401 * 24
    assert beddays == 401


def test_a_stay_without_a_night_and_a_conversion():
    spell = places(day=3, hour=8, nights=5, same_day=7)
    shortened, _, beddays = place(spell, record(0))
    assert np.flatnonzero(shortened[WARD]).tolist() == list(range(3 * 24 + 8, 3 * 24 + 15))
    daycase, _, _ = place(spell, record(0, kind=4))
    assert np.array_equal(shortened[WARD], daycase[WARD])
    sdec, tally, _ = place(spell, record(0, kind=2))
    assert sdec.sum() == 0
    assert tally.sum() == 0
    assert beddays == 1


def test_assessment_comes_first_and_the_ward_after():
    spell = places(day=10, hour=9, nights=3, leave=9, first=FIRST)
    occupancy, _, _ = place(spell, record(3))
    assert np.flatnonzero(occupancy[FIRST]).tolist() == list(range(249, 249 + 24))
    assert np.flatnonzero(occupancy[WARD]).tolist() == list(range(249 + 24, 249 + 72))
    # Who leaves sooner never sees the ward.
    short, _, _ = place(spell, record(0))
    assert short[FIRST].sum() == 6
    assert short[WARD].sum() == 0


def test_critical_care_comes_before_everything():
    spell = places(day=10, hour=9, nights=3, leave=9, first=FIRST, critical=CRITICAL)
    occupancy, tally, _ = place(spell, record(3), pools(critical_share=1.0, critical_nights=2))
    assert occupancy[CRITICAL].sum() == 48
    assert occupancy[FIRST].sum() == 0
    assert occupancy[WARD].sum() == 24
    # The preset counts every night that may be critical, not those that were.
    assert tally[CRITICAL, 1] == 3


@given(
    days=st.lists(st.integers(0, 365), min_size=1, max_size=30),
    nights=st.integers(0, 500),
    share=st.floats(0, 1),
    seed=st.integers(0, 100),
)
@settings(max_examples=60, deadline=None)
def test_a_patient_is_in_one_place_at_a_time(days, nights, share, seed):
    spells = places(day=days, hour=seed % 24, nights=nights, leave=1 + seed % 24, same_day=1,
                    first=FIRST, critical=CRITICAL)  # fmt: skip
    what = record(np.full(len(days), nights))
    occupancy, _, beddays = place(spells, what, pools(critical_share=share, first_hours=30.5))
    hours = 24 * nights + 1 + seed % 24 - seed % 24 if nights else 1
    assert occupancy.min() >= 0
    assert occupancy.sum() == len(days) * hours
    assert beddays == len(days) * (nights + 1)


def test_extra_copies_move_to_another_day_of_their_weekday_and_season():
    n = 2000
    spells = places(day=np.full(n, 40), hour=0, nights=0, same_day=1)
    first, _, _ = place(spells, record(np.zeros(n)))
    assert first[WARD, 40 * 24] == n
    moved, _, _ = place(spells, record(np.zeros(n), copy=1))
    days = np.flatnonzero(moved[WARD]) // 24
    assert 40 not in days
    assert set(YEAR.weekday[days]) == {YEAR.weekday[40]}
    assert set(YEAR.season[days]) == {YEAR.season[40]}
    assert len(days) == 12  # all the others of the quarter
    # Every copy goes its own way, the same in every run of the code.
    other, _, _ = place(spells, record(np.zeros(n), copy=2))
    assert not np.array_equal(moved, other)
    again, _, _ = place(spells, record(np.zeros(n), copy=1))
    assert np.array_equal(moved, again)


def test_emergency_cases_take_their_minutes_in_theatre():
    n = 20_000
    spells = places(day=np.arange(n) % 366, hour=23, nights=1, theatre=THEATRE, minutes=90)
    for immediate in (0.0, 1.0):
        occupancy, tally, _ = place(spells, record(np.ones(n)), pools(immediate=immediate))
        assert occupancy[THEATRE].sum() == pytest.approx(n * 1.5, rel=0.02)
        by_hour = occupancy[THEATRE].reshape(-1, 24).sum(axis=0)
        # At once: from 23:00 to 7:30; otherwise next day between 8:00 and 21:30.
        allowed = [23, *range(8)] if immediate else range(8, 22)
        assert by_hour[list(allowed)].sum() == by_hour.sum()
        assert tally[THEATRE, 4:].tolist() == [90 * n, n]


def test_cases_without_minutes_take_those_assumed():
    spells = places(day=np.arange(300), hour=9, nights=1, theatre=THEATRE)
    occupancy, tally, _ = place(spells, record(np.ones(300)), pools(minutes=120))
    assert occupancy[THEATRE].sum() == 600
    assert tally[THEATRE, 4:].tolist() == [0, 0]


@given(st.lists(st.tuples(st.integers(0, 365), st.integers(0, 23), st.integers(0, 40)), min_size=1))
@settings(max_examples=40, deadline=None)
def test_hours_are_counted_as_by_hand(stays):
    day, hour, nights = map(np.array, zip(*stays, strict=True))
    spells = places(day=day, hour=hour, nights=nights, leave=24, same_day=1)
    occupancy = np.zeros((1, 4, HOURS + 1), np.int32)
    tally, beddays = np.zeros((1, 4, 6), np.int64), np.zeros(1, np.int64)
    place_spells(spells, record(nights), MOVES, pools(), STREAMS, HOURS, occupancy, tally, beddays)
    peak, week = np.zeros((1, 4), np.int64), np.zeros((1, 4, 168), np.int64)
    months = np.zeros((1, 4, 12), np.int64)
    month = np.repeat(YEAR.month - 1, 24)
    count_hours(occupancy, YEAR.hour_of_week, month, HOURS, peak, week, months)

    plain = np.zeros(HOURS, np.int64)
    for d, h, n in stays:
        end = (d + n) * 24 + 24 if n else d * 24 + h + 1
        np.add.at(plain, np.arange(d * 24 + h, end) % HOURS, 1)
    assert np.array_equal(occupancy[0, WARD, :HOURS], plain)
    assert peak[0, WARD] == plain.max()
    assert np.array_equal(week[0, WARD], np.bincount(YEAR.hour_of_week, plain, 168))
    assert np.array_equal(months[0, WARD], np.bincount(month, plain, 12))

    for allowed in (0, 1, 5):
        at = np.zeros((1, 4, plain.max() + 1), np.int32)
        worst = np.zeros((1, 4), np.int64)
        spread_hours(occupancy, HOURS, np.full(4, allowed), at, worst)
        assert np.array_equal(at[0, WARD], np.bincount(plain))
        starts = [min(w * 168, HOURS - 168) for w in range((HOURS + 167) // 168)]
        most = max(np.sort(plain[s : s + 168])[-1 - allowed] for s in starts)
        assert worst[0, WARD] == most


def arrivals(counts, minutes=60.0, cv=0.7, closes=24, weights=None):
    weights = np.ones(HOURS) if weights is None else weights
    cumulative = np.cumsum(weights) / weights.sum()
    guide = np.searchsorted(cumulative, np.arange(4096) / 4096, side="right")
    occupancy = np.zeros((len(counts), 1, HOURS + 1), np.int32)
    place_arrivals(np.array(counts), cumulative, guide, minutes * time_quantiles(cv), closes, 0,
                   streams.key(1, "arrivals"), HOURS, occupancy)  # fmt: skip
    return occupancy[:, 0, :HOURS].cumsum(axis=1)


def test_arrivals_stay_their_minutes_on_average():
    assert arrivals([200_000], minutes=100).sum() == pytest.approx(200_000 * 100 / 60, rel=0.01)
    # Times shorter than an hour count too.
    assert arrivals([200_000], minutes=20, cv=0).sum() == pytest.approx(200_000 / 3, rel=0.01)


def test_years_share_their_arrivals():
    fewer, more = arrivals([500, 800])
    assert np.all(fewer <= more)
    assert np.array_equal(fewer, arrivals([500])[0])


def test_arrivals_come_by_weight_and_leave_at_closing():
    weights = np.tile(np.where((np.arange(24) >= 8) & (np.arange(24) < 20), 1.0, 0.0), YEAR.days)
    by_hour = arrivals([50_000], minutes=240, closes=20, weights=weights)[0].reshape(-1, 24)
    assert by_hour[:, :8].sum() == by_hour[:, 20:].sum() == 0
    assert by_hour[:, 12:19].sum() > 0


def test_contacts_are_summed_by_pool():
    contacts = np.array([[[5, 2], [3, 1]], [[6, 0], [0, 4]]], np.int32)
    pool = np.array([[0, 1], [0, -1]], np.int32)
    minutes = np.array([[-1, 30], [10, -1]], np.int32)
    tally = np.zeros((2, 2, 6), np.int64)
    tally_contacts(contacts, pool, minutes, tally)
    assert tally[:, :, 0].tolist() == [[8, 2], [6, 0]]
    assert tally[0, :, 4:].tolist() == [[30, 3], [60, 2]]
