"""Days and hours of the baseline year, and what fills the gaps of the data."""

import datetime

import numpy as np
import pyarrow as pa
import pytest

from acutecast import streams
from acutecast.capacity.calendar import calendar_of, move_groups, stays_of

YEAR = calendar_of(2023)


def spells(n=1, **columns):
    made = {"pod": ["ip_non-elective_admission"] * n, "speldur": np.full(n, 2, np.int32)} | columns
    kinds = {"admidate": pa.date32(), "admihour": pa.int32(), "dishour": pa.int32()}
    return pa.table({name: pa.array(v, kinds.get(name)) for name, v in made.items()})


def keys(n):
    return streams.bits(streams.key("rows"), np.arange(n))


def stays(table, **options):
    return stays_of(table, keys(table.num_rows), YEAR, **options)


def test_a_financial_year():
    assert YEAR.days == 366  # 29 February 2024
    assert calendar_of(2024).days == 365
    assert YEAR.weekday[0] == 5  # 1 April 2023 was a Saturday
    assert YEAR.month[0] == 4
    assert YEAR.month[-1] == 3
    assert (YEAR.season[0], YEAR.season[-1]) == (0, 3)
    assert YEAR.hour_of_week[0] == 5 * 24


def test_dates_and_hours_in_the_data_are_kept():
    table = spells(2, admidate=[datetime.date(2023, 4, 3), datetime.date(2024, 3, 31)],
                   admihour=[9, 23], dishour=[14, 0])  # fmt: skip
    found = stays(table)
    assert found.day.tolist() == [2, 365]
    assert found.hour.tolist() == [9, 23]
    assert found.leave.tolist() == [14, 1]  # within the hour after midnight
    assert found.problems == ()


def test_a_stay_that_began_before_the_year_keeps_its_weekday():
    dates = [datetime.date(2023, 3, 31), datetime.date(2021, 6, 8)]
    found = stays(spells(2, admidate=dates, admihour=[9, 9], dishour=[14, 14]))
    assert YEAR.weekday[found.day].tolist() == [4, 1]
    assert found.day[0] == 363


def test_stays_of_a_day():
    table = spells(4, speldur=np.array([0, 0, 1, 1], np.int32), admihour=[9, 22, 9, 20],
                   dishour=[15, 22, 14, 11],
                   admidate=[datetime.date(2023, 5, 1)] * 4)  # fmt: skip
    found = stays(table)
    # As recorded; at least an hour; a night stay cut short leaves at its own hour, if it can.
    assert found.same_day[:3].tolist() == [6, 1, 5]
    assert 1 <= found.same_day[3] <= 4


def test_what_is_missing_follows_the_published_pattern_and_is_said():
    n = 20_000
    table = spells(n, pod=["ip_elective_admission"] * n)
    found = stays(table)
    by_weekday = np.bincount(YEAR.weekday[found.day], minlength=7) / n
    assert by_weekday[5:].sum() < 0.15  # few elective admissions at weekends
    assert by_weekday[:5].min() > 0.12
    assert [problem.where for problem in found.problems] == ["ip.admidate", "ip.admihour",
                                                             "ip.dishour"]  # fmt: skip
    assert all(problem.warning and problem.count == n for problem in found.problems)
    again = stays(table)
    assert np.array_equal(found.day, again.day)


def test_only_the_rows_that_lack_a_date_are_filled():
    dates = [datetime.date(2023, 4, 3), None, datetime.date(2023, 4, 5)]
    found = stays(spells(3, admidate=dates, admihour=[1, 2, 3], dishour=[1, 2, 3]))
    assert found.day[[0, 2]].tolist() == [2, 4]
    assert found.problems[0].count == 1


@pytest.mark.parametrize("operating", [5, 6, 7])
def test_electives_spread_evenly_over_operating_days(operating):
    n = 3 * 5 * 6 * 7
    pods = ["ip_elective_admission", "ip_elective_daycase", "ip_non-elective_admission"] * (n // 3)
    monday = datetime.date(2023, 5, 1)
    dates = [monday + datetime.timedelta(days=i % 3) for i in range(n)]
    table = spells(n, pod=pods, admidate=dates, admihour=[9] * n, dishour=[9] * n)
    levelled = stays(table, elective_days=operating)
    elective = np.array([pod != "ip_non-elective_admission" for pod in pods])
    weekdays = np.bincount(YEAR.weekday[levelled.day[elective]], minlength=7)
    assert weekdays[:operating].tolist() == [n * 2 // 3 // operating] * operating
    assert weekdays[operating:].sum() == 0
    was = stays(table)
    assert np.array_equal(levelled.day[~elective], was.day[~elective])
    # Everyone stays in their week.
    assert np.all(abs(levelled.day - was.day) < 7)


def test_groups_hold_every_day_once_by_weekday_and_season():
    start, day, place = move_groups(YEAR)
    assert sorted(day.tolist()) == list(range(366))
    assert np.array_equal(day[place], np.arange(366))
    for group in range(28):
        mine = day[start[group] : start[group + 1]]
        assert len(mine) >= 12
        assert len(set(YEAR.weekday[mine])) == len(set(YEAR.season[mine])) == 1
