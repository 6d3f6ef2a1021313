"""When patients come and go, where the data have no dates or hours: weights in time.

The table patterns.csv holds them: assumptions, after published figures where it names some. They
are coarse and the same everywhere, so dates and hours in the data always come first.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from acutecast.capacity.areas import table_rows

_HOURS_A_DAY = 24
# How many weights each unit has, and where it starts to count.
_UNITS = {
    "weekday": (7, 0),
    "hour": (_HOURS_A_DAY, 0),
    "month": (12, 1),
    "hours_stayed": (_HOURS_A_DAY, 0),
}


@cache
def weights(flow: str, kind: str, of: str) -> np.ndarray:
    """Give the weights of a flow over the week, the day, the year or the hours stayed.

    Args:
        flow: "admissions", "discharges" (after at least one night), "same_day" (stays without a
            night) or "arrivals".
        kind: "elective", "daycase", "non_elective" or "maternity"; of arrivals "ae" or "sdec".
        of: "weekday", "hour", "month" or "hours_stayed": admissions and arrivals have the first
            three, discharges "hour" and same-day stays "hours_stayed".

    Returns:
        float64, read-only, sum 1: (7,) from Monday; (24,) by hour of the day; (12,) from January,
        as rates a day; (24,) by whole hours stayed, from 0. Hours stayed know nothing of the hour
        of admission: cut them at midnight.

    Raises:
        KeyError: where the table has no such weights.
    """
    return _tables()[flow, kind, of]


def hour_weights(
    flow: str,
    kind: str,
    weekday_of_day: np.ndarray,
    month_of_day: np.ndarray,
    opens: int = 0,
    closes: int = 24,
    by_hour: np.ndarray | None = None,
) -> np.ndarray:
    """Give the weight of every hour of a calendar: weekday × month × hour of the day.

    Args:
        flow, kind: as in `weights`.
        weekday_of_day: of each day of the calendar, 0 for Monday, (days,).
        month_of_day: of each day, 1 for January, (days,).
        opens: the hour of the day from which patients come, 0 to 23.
        closes: the hour before which they come; past 24 where that is after midnight.
        by_hour: weights of the hours of the day instead of the published ones, (24,).

    Returns:
        float64, (days × 24,), sum 1; zero while closed. Whoever would come then comes while open.

    Raises:
        KeyError: where the table has no such weights.
        ValueError: where nobody comes while it is open.
    """
    hour = np.arange(_HOURS_A_DAY)
    is_open = (hour - opens) % _HOURS_A_DAY < closes - opens
    own = weights(flow, kind, "hour") if by_hour is None else by_hour
    by_hour = np.where(is_open, own, 0.0)
    by_day = weights(flow, kind, "weekday")[weekday_of_day]
    by_day = by_day * weights(flow, kind, "month")[np.asarray(month_of_day) - 1]
    result = (by_day[:, None] * by_hour).ravel()
    total = result.sum()
    if not total > 0:
        raise ValueError(f"nobody comes from {opens}:00 to {closes}:00 ({flow}, {kind})")
    return result / total


def choose(weights: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Choose a place by its weight: the inverse of the cumulated weights.

    Args:
        weights: float64 (k,), at least 0, not all 0; they need not sum to 1.
        u: uniforms, at least 0 and below 1, any shape.

    Returns:
        int64, the shape of `u`: the chosen index; never one without weight.
    """
    cumulated = np.cumsum(weights)
    return np.searchsorted(cumulated / cumulated[-1], u, side="right")


@cache
def _tables() -> dict[tuple[str, str, str], np.ndarray]:
    """Read the table: arrays by flow, kind and unit."""
    tables: dict[tuple[str, str, str], np.ndarray] = {}
    for row in table_rows("patterns"):
        size, first = _UNITS[row["unit_of"]]
        table = tables.setdefault((row["flow"], row["kind"], row["unit_of"]), np.zeros(size))
        table[int(row["at"]) - first] = float(row["weight"])
    for table in tables.values():
        table /= table.sum()
        table.setflags(write=False)
    return tables
