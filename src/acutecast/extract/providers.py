"""Which providers and years are written, and where the rows of each went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem, listed_few, option, raise_if_any
from acutecast.extract.accounting import COUNTED, staged_records
from acutecast.extract.derivation_parts import CODE, TRUST
from acutecast.extract.sql import arrow
from acutecast.extract.successors import SWITCH, merged_into

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TITLE = "The records cannot be extracted"
SET_ASIDE = "set aside"
"""Where rows are that have a reason in the accounting and in `set_aside.parquet`."""
IN_TABLES = "tables"
YEAR_LEFT_OUT, PROVIDER_LEFT_OUT, FAILED = (
    "left out: the year was not asked for",
    "left out: the provider was not asked for",
    "left out: the provider's tables cannot be used",
)
# Rows of both forms of emergency record are counted together.
_GROUPS = {"apc": "apc", "opa": "opa", "ecds": "emergency", "ae": "emergency"}

ProviderYear = tuple[str, int]

_KEPT = """
SELECT 'apc' AS records, procode3, fyear, count(*)::BIGINT AS n FROM spells GROUP BY ALL
UNION ALL SELECT 'opa', procode3, fyear, sum(attendances + tele_attendances)::BIGINT
    FROM attendance_cells GROUP BY ALL
UNION ALL SELECT 'emergency', procode3, fyear, sum(arrivals)::BIGINT FROM arrivals GROUP BY ALL
ORDER BY ALL
"""


def providers_to_write(
    con: DuckDBPyConnection, years: Sequence[int] | None, providers: Sequence[str] | None
) -> list[ProviderYear]:
    """Choose the providers and years to write, of all that have activity of any kind.

    Args:
        con: the database, with derived tables, `population` and `births`.
        years: baseline years; None for the last whole one.
        providers: codes; None for all.

    Raises:
        AcutecastError: where nothing is left to count, for years and providers without activity,
            and for years that the population does not have.
    """
    there = sorted({(row["procode3"], row["fyear"]) for row in arrow(con, _KEPT).to_pylist()})
    if not there:
        raise AcutecastError(
            Problem(
                "no row is left to count: no spell, appointment or attendance", "records",
                remedy="See why rows were set aside: ac.data_report(records).",
            ),
            TITLE,
        )  # fmt: skip
    of_people = _years_of_people(con)
    if years is None:
        years = [_last_whole_year(con, of_people)]
    problems = []
    for year in years:
        if year not in {y for _, y in there}:
            listed = ", ".join(str(y) for y in sorted({y for _, y in there}))
            problems.append(
                Problem(
                    "no activity is in this year", option("years", year), remedy=f"Years: {listed}."
                )
            )
        elif year not in of_people:
            problems.append(_no_people(year, of_people, {y for _, y in there}))
    codes = {c for c, _ in there}
    for code in providers or ():
        if code not in codes:
            now = " and ".join(merged_into(con, code))
            part = f"Its rows count to {now}: ask for that, or write {SWITCH} in extract.toml. "
            problems.append(
                Problem(
                    "no activity is of this provider", code,
                    remedy=f"{part if now else ''}Providers: {listed_few(codes)}.",
                )
            )  # fmt: skip
    raise_if_any(problems, TITLE)
    wanted = [
        (code, year)
        for code, year in there
        if year in years and (providers is None or code in providers)
    ]
    if not wanted:
        raise AcutecastError(
            Problem(
                f"{' and '.join(providers or ())} have no activity in "
                f"{' or '.join(map(str, years))}",
                "providers, years",
                remedy=f"There is: {listed_few(f'{c} {y}' for c, y in there)}.",
            ),
            TITLE,
        )  # fmt: skip
    return wanted


def _no_people(year: int, of_people: Collection[int], there: Collection[int]) -> Problem:
    """Say that there are records of a year, and no people to measure growth from."""
    both = sorted(set(there) & set(of_people))
    choice = f", or choose {' or '.join(map(str, both))}" if both else ""
    return Problem(
        f"the population does not have the year {year}; it goes from {min(of_people)} to "
        f"{max(of_people)}",
        option("years", year),
        remedy="Put population.csv and births.csv with a column for that year beside the records"
        f"{choice}.",
    )


def _years_of_people(con: DuckDBPyConnection) -> set[int]:
    rows = con.execute(
        "SELECT DISTINCT year FROM population INTERSECT SELECT DISTINCT year FROM births"
    ).fetchall()
    return {int(row[0]) for row in rows}


_MONTHS = """
SELECT year(day) - (month(day) < 4)::INT AS fyear, count(DISTINCT month(day)) AS months,
    count(*) AS n FROM ({days}) WHERE day IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 DESC, 3 DESC
"""
_DAYS = {"opa": "apptdate", "ecds": "arrival_date", "ae": "arrivaldate"}


def _last_whole_year(con: DuckDBPyConnection, of_people: Collection[int]) -> int:
    """Give the last financial year with discharges in all twelve months, else the fullest.

    Where there is no spell, contacts count. Years without people are taken where there is no other.
    """
    days = "SELECT disdate AS day FROM spells"
    rows = con.execute(_MONTHS.format(days=days)).fetchall()
    if not rows:
        contacts = [
            f"SELECT {_DAYS[record]} AS day FROM staged_{record} WHERE reason IS NULL"
            for record in staged_records(con)
            if record in _DAYS
        ]
        rows = con.execute(_MONTHS.format(days=" UNION ALL ".join(contacts))).fetchall()
    with_people = [row for row in rows if row[0] in of_people]
    return int((with_people or rows)[0][0])


def rows_by_provider(
    con: DuckDBPyConnection, wanted: Collection[ProviderYear], failed: Collection[ProviderYear]
) -> list[dict[str, Any]]:
    """Say where every row went, by provider and year.

    Args:
        con: the database.
        wanted: providers and years that were to be written.
        failed: those of them whose tables could not be used.

    Returns:
        records ("apc", "opa" or "emergency", both forms of which are counted together), dataset
        (None where no code is), year (None of rows set aside), place and rows. Of each kind of
        record they add up to the rows that were in its files and could be read.
    """
    years = {year for _, year in wanted}
    result = []
    for row in arrow(con, _KEPT).to_pylist():
        key = (row["procode3"], row["fyear"])
        place = IN_TABLES
        if key in failed:
            place = FAILED
        elif key not in wanted:
            place = PROVIDER_LEFT_OUT if row["fyear"] in years else YEAR_LEFT_OUT
        result.append(
            {"records": row["records"], "dataset": key[0], "year": key[1], "place": place,
             "rows": row["n"]}
        )  # fmt: skip
    parts = [
        f"SELECT '{_GROUPS[record]}' AS records, "
        f"CASE WHEN reason <> $code THEN {TRUST} END AS code "
        f"FROM staged_{record} WHERE reason IS NOT NULL"
        for record in staged_records(con)
    ]
    if parts:
        aside = arrow(
            con,
            f"SELECT records, code, count(*) AS n FROM ({' UNION ALL '.join(parts)}) "
            "GROUP BY ALL ORDER BY ALL",
            {"code": CODE},
        ).to_pylist()
        result += [
            {"records": row["records"], "dataset": row["code"], "year": None, "place": SET_ASIDE,
             "rows": row["n"]}
            for row in aside
        ]  # fmt: skip
    return result


def left_out_notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say in a line each which years and providers are in no table, and how many rows."""
    notes = []
    for place, by, what in (
        (YEAR_LEFT_OUT, "year", "years that were not asked for (they serve to look back)"),
        (PROVIDER_LEFT_OUT, "dataset", "providers that were not asked for"),
    ):
        counts: dict[Any, int] = {}
        for row in rows:
            if row["place"] == place:
                counts[row[by]] = counts.get(row[by], 0) + row["rows"]
        if counts:
            most = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
            listed = listed_few(f"{key} {n:,}" for key, n in most)
            total = sum(counts.values())
            notes.append(f"{total:,} row{' is' if total == 1 else 's are'} of {what}: {listed}.")
    return notes


def impossible_codes_note(con: DuckDBPyConnection) -> list[str]:
    """Name the first provider codes that can be none, if there are any."""
    parts = [
        f"SELECT procode3 AS code FROM staged_{record} WHERE reason = $code"
        for record in COUNTED
        if record in staged_records(con)
    ]
    if not parts:
        return []
    rows = con.execute(
        f"SELECT code, count(*) AS n FROM ({' UNION ALL '.join(parts)}) GROUP BY 1 "
        "ORDER BY n DESC, code",
        {"code": CODE},
    ).fetchall()
    if not rows:
        return []
    # What is in such a code may be anything: shown so that no terminal acts on it.
    listed = listed_few(f"{code[:20]!a} {n:,}" for code, n in rows)
    total = sum(n for _, n in rows)
    return [f"{total:,} row{' is' if total == 1 else 's are'} set aside, as the {CODE}: {listed}."]
