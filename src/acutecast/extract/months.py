"""Months of a baseline year in which a provider has no rows, or next to none.

Such a year counts too little, and growth from it too. It is said and stays with the tables; it does
not stop the work, as an extract of part of a year may be meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from acutecast.errors import Problem
from acutecast.extract.accounting import staged_records
from acutecast.extract.derivation_parts import TRUST, YEAR_OF

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# With so many rows in a usual month, a month without any is no chance (e^-20).
LEAST_ROWS = 20
# Fewer than this share of a usual month is next to none.
NEXT_TO_NONE = 0.1
_DAYS = {"opa": "apptdate", "ecds": "arrival_date", "ae": "arrivaldate"}
_NAMES = (
    "April", "May", "June", "July", "August", "September", "October", "November", "December",
    "January", "February", "March",
)  # fmt: skip

Months = dict[tuple[str, int], list[Problem]]


def thin_months(rows: Sequence[int]) -> tuple[list[int], float]:
    """Find the months of a year that are missing.

    Args:
        rows: rows of each of the twelve months from April.

    Returns:
        Places of the months, and by which share the year is too low: rows lost of those there
        would be. Nothing is missing where a usual month has few rows.
    """
    filled = [n for n in rows if n]
    usual = median(filled) if filled else 0
    if usual < LEAST_ROWS:
        return [], 0.0
    missing = [i for i, n in enumerate(rows) if n < NEXT_TO_NONE * usual]
    lost = sum(usual - rows[i] for i in missing)
    return missing, lost / (sum(rows) + lost)


def missing_months(con: DuckDBPyConnection, wanted: Sequence[tuple[str, int]]) -> Months:
    """Find the missing months of the providers and years that are written.

    Args:
        con: the database with derived records.
        wanted: code and baseline year of each.

    Returns:
        Notes by code and year, the emptiest record first.
    """
    parts = ["SELECT 'apc' AS record, procode3, fyear, month(disdate) AS m FROM spells"]
    parts += [
        f"SELECT '{record}', {TRUST}, {YEAR_OF.format(_DAYS[record])}, month({_DAYS[record]}) "
        f"FROM staged_{record} WHERE reason IS NULL"
        for record in staged_records(con)
        if record in _DAYS
    ]
    counted: dict[tuple[str, int, str], list[int]] = {}
    for record, code, year, month, n in con.execute(
        f"SELECT *, count(*) FROM ({' UNION ALL '.join(parts)}) GROUP BY ALL ORDER BY ALL"
    ).fetchall():
        if (code, year) in wanted:
            counted.setdefault((code, year, record), [0] * 12)[(month - 4) % 12] = n
    found: dict[tuple[str, int], list[tuple[float, Problem]]] = {}
    for (code, year, record), rows in counted.items():
        missing, share = thin_months(rows)
        if missing:
            listed = ", ".join(f"{_NAMES[i]} {year + (i > 8)}" for i in missing)
            problem = Problem(
                f"no rows, or next to none, in {listed}: the baseline is about {share:.0%} too low",
                f"records: {record}", remedy="Export the months again, and extract once more.",
                warning=True,
            )  # fmt: skip
            found.setdefault((code, year), []).append((share, problem))
    return {key: [p for _, p in sorted(told, key=lambda t: -t[0])] for key, told in found.items()}


def set_aside_notes(con: DuckDBPyConnection, ordinary: Sequence[str]) -> Months:
    """Say of each provider and year which share of its rows is set aside; under 1% is not said.

    Args:
        con: the database with derived records.
        ordinary: reasons that say nothing against the records.
    """
    days = {"apc": "coalesce(disdate, admidate)", **_DAYS}
    result: Months = {}
    for record in staged_records(con):
        rows = con.execute(
            f"""SELECT {TRUST} AS code, {YEAR_OF.format(days[record])} AS fyear, reason, count(*)
            FROM staged_{record} WHERE {days[record]} IS NOT NULL AND procode3 IS NOT NULL
            GROUP BY ALL ORDER BY 1, 2, 4 DESC, 3"""
        ).fetchall()
        totals: dict[tuple[str, int], int] = {}
        for code, year, _, n in rows:
            totals[code, year] = totals.get((code, year), 0) + n
        for code, year, reason, n in rows:
            share = n / totals[code, year]
            if reason is None or reason in ordinary or share < 0.01:
                continue
            result.setdefault((code, year), []).append(
                Problem(f"{share:.0%} of the rows are set aside: {reason}", f"records: {record}",
                        warning=True)
            )  # fmt: skip
    return result
