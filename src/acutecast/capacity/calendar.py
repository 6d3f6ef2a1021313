"""The days and hours of the baseline year, and when each spell of the baseline came and went.

The year is a ring: what lasts beyond 31 March goes on at 1 April, so that every hour of the year
sees patients of both its sides and no bed day is lost at the edges. A spell admitted before the
year began is moved by 52 weeks, which keeps its weekday.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa

from acutecast import streams
from acutecast.capacity import patterns
from acutecast.demand import columns
from acutecast.errors import Problem

HOURS_A_DAY = 24
HOURS_A_WEEK = 168
_YEAR_OF_WEEKS = 364
# Way of admission by point of delivery; patterns and levelling differ by it.
WAYS = {
    "ip_elective_admission": "elective",
    "ip_elective_daycase": "daycase",
    "ip_regular_day_attender": "daycase",
    "ip_regular_night_attender": "daycase",
    "ip_non-elective_admission": "non_elective",
    "ip_maternity_admission": "maternity",
}
_LEVELLED = ("elective", "daycase")


@dataclass(frozen=True)
class Calendar:
    """The days of a financial year.

    Attributes:
        start: 1 April.
        weekday: of each day, 0 for Monday, (days,).
        month: of each day, 1 to 12, (days,).
    """

    start: date
    weekday: np.ndarray
    month: np.ndarray

    @property
    def days(self) -> int:
        """How many days the year has: 365 or 366."""
        return len(self.weekday)

    @property
    def hours(self) -> int:
        """How many hours the year has."""
        return self.days * HOURS_A_DAY

    @property
    def season(self) -> np.ndarray:
        """The quarter of each day, 0 for April to June, (days,)."""
        return (self.month - 4) % 12 // 3

    @property
    def hour_of_week(self) -> np.ndarray:
        """The hour of the week of each hour of the year, 0 for Monday 0:00, (hours,)."""
        hour = np.arange(self.hours) % HOURS_A_DAY
        return np.repeat(self.weekday, HOURS_A_DAY) * HOURS_A_DAY + hour


def calendar_of(year: int) -> Calendar:
    """Give the calendar of the financial year that starts in `year`."""
    start = np.datetime64(f"{year:04d}-04-01")
    day = np.arange(start, np.datetime64(f"{year + 1:04d}-04-01"))
    weekday = (day.astype(np.int64) + 3) % 7  # 1 January 1970 was a Thursday
    month = day.astype("datetime64[M]").astype(np.int64) % 12 + 1
    return Calendar(date(year, 4, 1), weekday.astype(np.int32), month.astype(np.int32))


@dataclass(frozen=True)
class Stays:
    """When each spell came and went, all int32 (n,).

    Attributes:
        day: day of the year on which it was admitted.
        hour: hour of admission.
        leave: hour of the last day by which it left, 1 to 24, where it stays a night or more.
        same_day: hours that it stays where it has no night; it never goes past midnight.
        problems: what the data lacked and what was assumed instead.
    """

    day: np.ndarray
    hour: np.ndarray
    leave: np.ndarray
    same_day: np.ndarray
    problems: tuple[Problem, ...]


def stays_of(table: pa.Table, key: np.ndarray, calendar: Calendar, elective_days: int = 0) -> Stays:
    """Read when each spell came and went; what is missing follows published patterns.

    Args:
        table: the table "ip" of a provider.
        key: random key of each spell, uint64 (n,): what fills a gap depends on it alone.
        calendar: the baseline year.
        elective_days: 5, 6 or 7 to spread elective admissions and day cases evenly over that many
            operating days of their week, from Monday; 0 to leave them where they were.
    """
    way = columns.text(table, "pod").map(lambda pod: WAYS.get(pod, "non_elective"))
    nights = columns.numbers(table, "speldur")
    day, dated = _days(table, calendar)
    day = _fill(day, dated, way, key, "day", lambda kind: _day_weights(kind, calendar))
    hour, timed = _hours(table, "admihour")
    hour = _fill(
        hour, timed, way, key, "hour", lambda kind: patterns.weights("admissions", kind, "hour")
    )
    left, known = _hours(table, "dishour")
    stayed = _drawn(
        way, key, "stayed", lambda kind: patterns.weights("same_day", kind, "hours_stayed")
    )
    overnight = nights > 0
    leave = _fill(
        left, known & overnight, way, key, "leave",
        lambda kind: patterns.weights("discharges", kind, "hour"),
    )  # fmt: skip
    leave = np.maximum(leave, 1)
    # A night stay that loses its nights still leaves at its own hour, where that is later.
    by_day = np.where(overnight, leave, left) - hour
    recorded = np.where(overnight, by_day > 0, known & timed)
    same_day = np.minimum(np.where(recorded, np.maximum(by_day, 1), stayed), HOURS_A_DAY - hour)
    if elective_days:
        day = _level(day, way.is_in(*_LEVELLED), key, calendar, elective_days)
    return Stays(
        day.astype(np.int32),
        hour.astype(np.int32),
        leave.astype(np.int32),
        same_day.astype(np.int32),
        _gaps(len(key), dated, timed, known),
    )


def _days(table: pa.Table, calendar: Calendar) -> tuple[np.ndarray, np.ndarray]:
    """Give the day of the year of each admission, and which are known."""
    if "admidate" not in table.column_names:
        return np.zeros(table.num_rows, np.int64), np.zeros(table.num_rows, bool)
    column = table.column("admidate").cast(pa.int32())
    known = np.asarray(column.is_valid())
    epoch = np.datetime64(calendar.start).astype("datetime64[D]").astype(np.int64)
    day = np.asarray(column.fill_null(0), dtype=np.int64) - epoch
    # Whole years of 52 weeks bring it into the year; the two days over keep their own place.
    before = np.where(day < 0, -(day // _YEAR_OF_WEEKS), 0)
    after = np.where(day >= calendar.days, day // _YEAR_OF_WEEKS, 0)
    return np.where(known, day + (before - after) * _YEAR_OF_WEEKS, 0), known


def _hours(table: pa.Table, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Give an hour of the day of each spell, and which are known."""
    if name not in table.column_names:
        return np.zeros(table.num_rows, np.int64), np.zeros(table.num_rows, bool)
    column = table.column(name)
    hour = np.asarray(column.fill_null(0), dtype=np.int64)
    known = np.asarray(column.is_valid()) & (hour >= 0) & (hour < HOURS_A_DAY)
    return np.where(known, hour, 0), known


def _fill(values, known, way, key, name, weights_of) -> np.ndarray:
    """Put drawn values where they are not known."""
    if known.all():
        return values
    return np.where(known, values, _drawn(way, key, name, weights_of))


def _drawn(way: columns.Column, key: np.ndarray, name: str, weights_of) -> np.ndarray:
    """Draw a value of each spell by the weights of its way of admission."""
    u = streams.uniforms(streams.key("capacity", "calendar", name), key)
    result = np.zeros(len(key), dtype=np.int64)
    for code, kind in enumerate(way.categories):
        mine = way.codes == code
        if mine.any():
            result[mine] = patterns.choose(weights_of(kind), u[mine])
    return result


def _day_weights(kind: str, calendar: Calendar) -> np.ndarray:
    by_day = patterns.weights("admissions", kind, "weekday")[calendar.weekday]
    by_day = by_day * patterns.weights("admissions", kind, "month")[calendar.month - 1]
    return by_day / by_day.sum()


def _level(
    day: np.ndarray, levelled: np.ndarray, key: np.ndarray, calendar: Calendar, operating: int
) -> np.ndarray:
    """Spread the levelled spells of each week evenly over its operating days."""
    monday = day - calendar.weekday[day]
    rows = np.flatnonzero(levelled)
    rows = rows[np.lexsort([key[rows], monday[rows]])]
    _, first, size = np.unique(monday[rows], return_index=True, return_counts=True)
    rank = np.arange(len(rows)) - np.repeat(first, size)
    result = day.copy()
    moved = monday[rows] + rank % operating
    # The first and last week may lie partly outside the year, a ring of whole weeks and two days.
    moved = np.where(moved < 0, moved + _YEAR_OF_WEEKS, moved)
    result[rows] = np.where(moved >= calendar.days, moved - _YEAR_OF_WEEKS, moved)
    return result


def _gaps(n: int, dated: np.ndarray, timed: np.ndarray, known: np.ndarray) -> tuple[Problem, ...]:
    """Say what the data lacked."""
    gaps = (
        ("admidate", dated, "days of admission follow published weights by weekday and month"),
        ("admihour", timed, "hours of admission follow published weights"),
        ("dishour", known, "hours of discharge follow published weights"),
    )
    return tuple(
        Problem(
            f"{int((~have).sum()) / n:.0%} of the spells have none; their {instead}",
            where=f"ip.{name}",
            count=int((~have).sum()),
            remedy="Occupancy by hour is only as good as these; add the column where you can.",
            warning=True,
        )
        for name, have, instead in gaps
        if n and not have.all()
    )


def move_groups(calendar: Calendar) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group the days by weekday and season, for copies that move to another day of their kind.

    Returns:
        int32: the start of each of 28 groups among the sorted days (29,), the days by group
        (days,), and the place of each day among them (days,).
    """
    group = calendar.season * 7 + calendar.weekday
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], np.arange(29))
    place = np.empty(calendar.days, dtype=np.int32)
    place[order] = np.arange(calendar.days)
    return start.astype(np.int32), order.astype(np.int32), place
