"""What values the conditions of TPMA rules can have: types and bounds.

Rules come from files that anyone may write. What goes into a query is of a known type and size, so
that a slip is said with its place and cannot become a fault of the database.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

LONGEST_WINDOW = 36_525  # days: a hundred years
_LONGEST_TEXT = 200
_LONGEST_PATTERN = 1_000
_DEEPEST_PATTERN = 30
_MOST_PATTERNS = 50
_MOST_YEARS = 100
_LARGEST = 1e6
# Words of a rule, and the SQL that they stand for.
ADMISSIONS = {
    "elective": "admimeth LIKE '1%'",
    "emergency": "admimeth LIKE '2%'",
    "not emergency": "admimeth NOT LIKE '2%'",
    "direct": "admimeth IN ('21', '22', '23')",
}
DISCHARGES = {
    "alive": "coalesce(dismeth IN ('1', '2', '3'), false)",
    "died": "coalesce(dismeth = '4', false)",
    # An empty discharge method does not say that the patient died.
    "not died": "coalesce(dismeth <> '4', true)",
}


def is_whole(value: Any, low: int, high: int) -> bool:
    """Tell whether a value is a whole number (true and false are none) between two others."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_amount(value: Any, low: float = -_LARGEST, high: float = _LARGEST) -> bool:
    """Tell whether a value is a finite number between two others."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and low <= value <= high  # not a number is between none


def is_text(value: Any) -> bool:
    """Tell whether a value is a short text that can be printed."""
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT and value.isprintable()


def is_pattern(value: Any) -> bool:
    """Tell whether a value looks like a regular expression of a size that can be used.

    Whether the database can read it is asked of the database, of all patterns at once
    (`unreadable`).
    """
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_PATTERN:
        return False
    plain = re.sub(r"\\.", "", value)
    depth = deepest = 0
    for character in plain:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return value.isprintable() and deepest <= _DEEPEST_PATTERN and "(?" not in plain.replace(
        "(?:", "("
    )  # fmt: skip


def patterns(value: Any) -> list[Any]:
    """Give the patterns of a condition as a list; each must be found."""
    return value if isinstance(value, list) else [value]


def are_patterns(value: Any) -> bool:
    """Tell whether a value is a pattern, or a list of some."""
    return 0 < len(patterns(value)) <= _MOST_PATTERNS and all(map(is_pattern, patterns(value)))


def unreadable(found: Iterable[str]) -> set[str]:
    """Give the patterns that the database cannot read (RE2's syntax, and its limits)."""
    import duckdb

    listed = sorted(set(found))
    with duckdb.connect() as con:
        rows = con.execute(
            "SELECT p FROM (SELECT unnest($1::VARCHAR[]) AS p) "
            "WHERE TRY(regexp_matches('', '^(?:' || p || ')')) IS NULL",
            [listed],
        ).fetchall()
    # A pattern that closes what it never opened would end the group that ties it to the start.
    return {row[0] for row in rows} | {p for p in listed if not _closes(p)}


def _closes(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def shortened(value: Any) -> str:
    """Give a value as an example for a message: short, and on one line."""
    try:
        text = str(value)
    except ValueError:  # a number of thousands of digits
        return "a number that is too long"
    text = "".join(c if c.isprintable() else "?" for c in text[:80])
    return text if len(text) <= 60 else f"{text[:60]}…"


def _range(low: int, high: int) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        return (
            isinstance(value, list)
            and len(value) == 2
            and all(is_whole(v, low, high) for v in value)
            and value[0] <= value[1]
        )

    return fits


def _parts(
    value: Any, need: Mapping[str, Callable[[Any], bool]], may: Mapping[str, Callable[[Any], bool]]
) -> bool:
    """Tell whether a value is a table with these parts, and no others."""
    return (
        isinstance(value, dict)
        and need.keys() <= value.keys()
        and value.keys() <= need.keys() | may.keys()
        and all((need | may)[name](part) for name, part in value.items())  # type: ignore[operator]
    )


def _share(value: Any) -> bool:
    return is_amount(value, 0, 1) and 0 < value < 1


def _frailty(value: Any) -> bool:
    def score(wanted: Any) -> bool:
        return (
            isinstance(wanted, list)
            and len(wanted) == 2
            and all(map(is_amount, wanted))
            and wanted[0] <= wanted[1]
        )

    may = {"years": lambda v: is_whole(v, 1, _MOST_YEARS), "score": score, "above": is_amount}
    return _parts(value, {"weights": is_text}, may) and ("score" in value) != ("above" in value)


def _day_procedure(value: Any) -> bool:
    if _parts(value, {"list": is_text}, {}):
        return True
    need = {"setting": lambda v: v in ("day case", "outpatient"), "over": _share}
    may = {"not_over": _share, "p": _share, "least": lambda v: is_whole(v, 0, 10**9)}
    return _parts(value, need, may)


def _patient_class(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= 10 and all(map(is_text, value))


def _one_of(names: Collection[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in names


# Which values a condition on spells can have; conditions that are not listed take patterns.
_FITS: dict[str, Callable[[Any], bool]] = {
    "admission": _one_of(ADMISSIONS),
    "discharge": _one_of(DISCHARGES),
    "age": _range(0, 9_999),
    "nights": _range(0, 99_999),
    "days_to_procedure": lambda value: is_whole(value, 0, LONGEST_WINDOW),
    "readmitted_within": lambda value: is_whole(value, 0, LONGEST_WINDOW),
    "sex": lambda value: is_whole(value, 1, 2),
    "procedures": _one_of(("none",)),
    "operation": lambda value: isinstance(value, bool),
    "patient_class": _patient_class,
    "frailty": _frailty,
    "day_procedure": _day_procedure,
    "over_trim_point": lambda value: _parts(value, {"table": is_text, "column": is_text}, {}),
    "ambulatory": lambda value: _parts(value, {"table": is_text, "potential": is_text}, {}),
    "fraction": lambda value: _parts(value, {"table": is_text, "source": is_text}, {}),
    "attendances_before": lambda value: _parts(
        value,
        {
            "category": is_text,
            "at_least": lambda v: is_whole(v, 1, 10_000),
            "days": lambda v: is_whole(v, 1, LONGEST_WINDOW),
        },
        {},
    ),
}


def fits(name: str, value: Any) -> bool:
    """Tell whether a condition on spells can have a value."""
    return _FITS.get(name, are_patterns)(value)


def is_plain(value: Any) -> bool:
    """Tell whether a column can be compared with a value: a text, a whole number, or a list."""
    if isinstance(value, list):
        return 0 < len(value) <= 1_000 and all(
            is_text(v) or is_whole(v, -(10**9), 10**9) for v in value
        )
    return is_text(value) or is_whole(value, -(10**9), 10**9)


def number_of(text: str | None) -> float:
    """Give the number that a cell of a table holds; not a number where it holds none."""
    try:
        number = float(text or "")
    except ValueError:
        return math.nan
    return number if abs(number) <= _LARGEST else math.nan
