"""Retired codes of districts and of providers: the code that took their place is counted instead.

Records of several years name districts and trusts that are no more, and people are given by the
districts of one year. A district's records go to the code that the population file has, or, where
the file is the older one, the file's districts are added up to the code of the records. A trust
that was merged is one provider with its successor, so that its history is whole, where the records
reach the merger; before that the two were separate, and stay so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from acutecast import facts
from acutecast.extract.accounting import COUNTED
from acutecast.extract.derivation_parts import TRUST
from acutecast.extract.sql import arrow, has, load_rows, one_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SWITCH = "successors = false"
_NAMED = 6  # codes named in one note
_DAYS = {
    "apc": "coalesce(disdate, admidate)",
    "opa": "apptdate",
    "ecds": "arrival_date",
    "ae": "arrivaldate",
}


class Succession(NamedTuple):
    """One retired code.

    Attributes:
        code: the code.
        successor: the code that took its place.
        since: the first day on which it did.
        site: the site of treatment that this holds for; "" for all others.
    """

    code: str
    successor: str
    since: dt.date
    site: str = ""


def successions(table: str) -> tuple[Succession, ...]:
    """Read `area_successors` or `provider_successors`, the oldest first."""
    found = [
        Succession(
            row["code"], row["successor"], dt.date.fromisoformat(row["from"]), row.get("site", "")
        )
        for row in facts.rows(table)
    ]
    return tuple(sorted(found, key=lambda s: (s.since, s.code, s.site)))


def apply_successors(con: DuckDBPyConnection, *, providers: bool = True) -> None:
    """Put successors in the place of retired codes in all raw records.

    A row's provider as it was recorded stays in `recorded_provider`, its site as it is. Makes the
    table `successors_applied`: kind ("provider", "district", or "population" for districts of the
    population file that were added up), code, successor and n, rows that this holds for.

    Args:
        con: the database with raw records and, where there are any, `population` and `births`.
        providers: whether merged providers are one; districts always are.
    """
    con.execute(
        "CREATE OR REPLACE TABLE successors_applied "
        "(kind VARCHAR, code VARCHAR, successor VARCHAR, n BIGINT)"
    )
    records = [record for record in COUNTED if has(con, f"raw_{record}")]
    if providers:
        _apply_to_providers(con, records, successions("provider_successors"))
    if has(con, "population"):
        _apply_to_areas(con, records, successions("area_successors"))


def _apply_to_providers(
    con: DuckDBPyConnection, records: Sequence[str], known: Sequence[Succession]
) -> None:
    last: dict[str, dt.date] = {}
    there: set[tuple[str, str]] = set()
    retired = {s.code for s in known}
    for record in records:
        rows = con.execute(
            f"""SELECT {TRUST} AS trust, coalesce(sitetret, '') AS site, max({_DAYS[record]})
            FROM raw_{record} WHERE procode3 IS NOT NULL GROUP BY ALL ORDER BY ALL"""
        ).fetchall()
        for code, site, day in rows:
            if day is not None:
                last[code] = max(last.get(code, day), day)
            if code in retired:
                there.add((code, site))
    steps = merged_by(last, known)
    final = {key: last_of(*key, steps) for key in sorted(there)}
    rows = [(code, site, new) for (code, site), new in final.items() if new != code]
    if not rows:
        return
    columns = {"was": "VARCHAR", "at_site": "VARCHAR", "now": "VARCHAR"}
    load_rows(con, "merged_provider", columns, rows)
    for record in records:
        con.execute(
            f"""UPDATE raw_{record} SET recorded_provider = {TRUST}, procode3 = m.now
            FROM merged_provider m
            WHERE {TRUST} = m.was AND coalesce(sitetret, '') = m.at_site"""
        )
        con.execute(
            f"""INSERT INTO successors_applied
            SELECT 'provider', recorded_provider, procode3, count(*) FROM raw_{record}
            WHERE recorded_provider IS NOT NULL GROUP BY ALL"""
        )


def merged_by(last: Mapping[str, dt.date], known: Sequence[Succession]) -> list[Succession]:
    """Give the mergers that the records reach.

    Args:
        last: the last day of each provider's records.
        known: all mergers, the oldest first.

    Returns:
        Those of which the old or the new code has records on the first day of the merged provider
        or later, those of a site before those of all others.
    """
    seen = dict(last)
    found = []
    for step in known:
        days = [seen[code] for code in (step.code, step.successor) if code in seen]
        if days and max(days) >= step.since:
            seen[step.successor] = max(days)
            found.append(step)
    return sorted(found, key=lambda s: not s.site)


def last_of(code: str, site: str, steps: Sequence[Succession]) -> str:
    """Follow the successors of a provider's code to the last one."""
    passed = {code}
    while True:
        step = next((s for s in steps if s.code == code and s.site in (site, "")), None)
        if step is None or step.successor in passed:
            return code
        code = step.successor
        passed.add(code)


def _apply_to_areas(
    con: DuckDBPyConnection, records: Sequence[str], known: Sequence[Succession]
) -> None:
    placed = [
        record
        for record in records
        if "lad" in {row[0] for row in con.execute(f"DESCRIBE raw_{record}").fetchall()}
    ]
    asked: set[str] = set()
    for record in placed:
        asked |= {
            row[0]
            for row in con.execute(
                f"SELECT DISTINCT lad FROM raw_{record} WHERE lad IS NOT NULL"
            ).fetchall()
        }
    there = {row[0] for row in con.execute("SELECT DISTINCT area FROM population").fetchall()}
    begun = {s.successor: s.since for s in known}
    # The older code first, as a later one may be made of it.
    for code in sorted(asked & begun.keys(), key=lambda c: (begun[c], c)):
        parts = parts_of(code, there, known)
        if code not in there and parts:
            _add_up_people(con, code, sorted(parts))
            there = (there - parts) | {code}
    rows = [
        (code, new)
        for code in sorted(asked - there)
        for new in [area_now(code, there, known)]
        if new is not None
    ]
    if not rows:
        return
    load_rows(con, "moved_area", {"was": "VARCHAR", "now": "VARCHAR"}, rows)
    for record in placed:
        con.execute(
            f"""INSERT INTO successors_applied SELECT 'district', was, now, count(*)
            FROM raw_{record} JOIN moved_area ON was = lad GROUP BY ALL"""
        )
        con.execute(f"UPDATE raw_{record} SET lad = m.now FROM moved_area m WHERE lad = m.was")


def area_now(code: str, there: set[str], known: Sequence[Succession]) -> str | None:
    """Give the first successor of a district that the population has; None where there is none."""
    next_of = {s.code: s.successor for s in known}
    now: str | None = code
    while now is not None and now not in there:
        now = next_of.get(now)
    return now


def parts_of(code: str, there: set[str], known: Sequence[Succession]) -> set[str]:
    """Give the districts of the population that make up a district; empty where one is lacking."""
    parts: set[str] = set()
    for before in (s.code for s in known if s.successor == code):
        found = {before} if before in there else parts_of(before, there, known)
        if not found:
            return set()
        parts |= found
    return parts


def _add_up_people(con: DuckDBPyConnection, code: str, parts: Sequence[str]) -> None:
    """Make one area of several, in people and in births."""
    load_rows(con, "joined_area", {"part": "VARCHAR"}, [(part,) for part in parts])
    for table, value in (("population", "people"), ("births", "births")):
        if has(con, table):
            con.execute(
                f"""CREATE OR REPLACE TABLE {table} AS
                SELECT * REPLACE (sum(round({value}, 6)::DECIMAL(24, 6))::DOUBLE AS {value})
                FROM (SELECT * REPLACE (CASE WHEN area IN (SELECT part FROM joined_area)
                    THEN $code ELSE area END AS area) FROM {table}) GROUP BY ALL ORDER BY ALL""",
                {"code": code},
            )
    con.executemany(
        "INSERT INTO successors_applied VALUES ('population', ?, ?, 0)",
        [(part, code) for part in parts],
    )


_APPLIED = """
SELECT kind, code, successor, sum(n)::BIGINT AS rows FROM successors_applied
GROUP BY ALL ORDER BY kind, rows DESC, code, successor
"""


def successors_applied(con: DuckDBPyConnection) -> list[dict[str, Any]]:
    """Give kind, code, successor and rows of every code that was replaced, for `extract.json`."""
    return arrow(con, _APPLIED).to_pylist() if has(con, "successors_applied") else []


def successor_notes(con: DuckDBPyConnection) -> list[str]:
    """Say in a line a kind which codes were replaced, by which, and in how many rows."""
    applied = successors_applied(con)
    notes = []
    for kind, what in (
        ("provider", "providers that are part of another now"),
        ("district", "districts that are part of another now"),
    ):
        mine = [row for row in applied if row["kind"] == kind]
        if mine:
            listed = _few([f"{r['code']} → {r['successor']} {r['rows']:,}" for r in mine])
            off = f" {SWITCH} in extract.toml keeps them apart." if kind == "provider" else ""
            total = sum(r["rows"] for r in mine)
            rows = f"{total:,} row{' counts' if total == 1 else 's count'}"
            notes.append(f"{rows} to the successors of {what}: {listed}.{off}")
    joined: dict[str, list[str]] = {}
    for row in applied:
        if row["kind"] == "population":
            joined.setdefault(row["successor"], []).append(row["code"])
    if joined:
        listed = _few([f"{', '.join(parts)} → {code}" for code, parts in sorted(joined.items())])
        notes.append(
            f"The population file has districts that the records give as one, added up: {listed}."
        )
    return notes


def merged_into(con: DuckDBPyConnection, code: str) -> list[str]:
    """Give the providers that the rows of a retired code count to."""
    return [
        row["successor"]
        for row in successors_applied(con)
        if row["kind"] == "provider" and row["code"] == code
    ]


def outside_note(con: DuckDBPyConnection) -> list[str]:
    """Say how many spells are of no area of the population, and name the areas.

    Needs `spells` and `population`.
    """
    rows = con.execute(
        """SELECT lad, count(*) AS n FROM spells
        WHERE lad IS NULL OR lad NOT IN (SELECT area FROM population)
        GROUP BY 1 ORDER BY n DESC, lad"""
    ).fetchall()
    if not rows:
        return []
    unknown = [(lad, n) for lad, n in rows if lad is not None]
    none = sum(n for lad, n in rows if lad is None)
    parts = []
    if unknown:
        listed = _few([f"{lad} {n:,}" for lad, n in unknown])
        parts.append(
            f"{sum(n for _, n in unknown):,} of areas that the population file does not have and "
            f"of which no successor is known that it has ({listed})"
        )
    if none:
        parts.append(f"{none:,} of no area")
    (total,) = one_row(con, "SELECT count(*) FROM spells")
    return [
        f"{sum(n for _, n in rows):,} of {total:,} spells are outside the population: "
        f"{'; '.join(parts)}. They count as activity, and not in the shares of areas."
    ]


def _few(listed: Sequence[str]) -> str:
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    return ", ".join(listed[:_NAMED]) + more
