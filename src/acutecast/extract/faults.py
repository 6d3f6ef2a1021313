"""What makes records unfit to count: faults, before the heavy work, worst first.

A fault is what would make results wrong without anybody seeing it: dates in which day and month
may be taken for each other, or more than a tenth of what matters lost for one reason. Whoever
knows better accepts the faults; they then stay with what was made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from acutecast.errors import AcutecastError, Problem, option
from acutecast.extract.accounting import accounting, staged_records
from acutecast.extract.months import missing_months, set_aside_notes
from acutecast.extract.records import RECORDS, columns_of_record, find_column
from acutecast.extract.sql import has, named, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from acutecast.extract.records import RecordColumn

# More of what matters than this share, for one reason, is a fault; fewer rows than this never are.
SHARE, LEAST = 0.10, 5
# Reasons to set a row aside that say nothing against the records.
ORDINARY = (
    "another episode of a spell that is counted or set aside",
    "not attended, or not known whether first or follow-up",
    "the episode is not finished",
    "well baby",
)
# Columns that decide what is counted, or as what, though they may be missing altogether.
_DECIDE = ("admiage", "startage", "apptage", "age_at_arrival", "activage", "sex", "epistat")
_TITLE = (
    "The records have faults that would make results wrong. Mend them, or go on all the same with "
    f"{option('accept_faults')}; the tables then say so"
)


class Fault(NamedTuple):
    """One fault: the kind of record and column that it is in ("" for all of it), and its words."""

    record: str
    column: str
    problem: Problem


def find_faults(con: DuckDBPyConnection) -> list[Fault]:
    """Find all faults of derived records, those first that most rows have."""
    found = [*_unclear_dates(con), *_unreadable(con), *_unknown_codes(con), *_set_aside(con)]
    return sorted(found, key=lambda f: (-(f.problem.count or 0), f.record, f.problem.where))


def stop_at_faults(faults: list[Fault]) -> None:
    """Raise all faults as one error.

    Raises:
        AcutecastError: where there is any.
    """
    if faults:
        raise AcutecastError(
            [fault.problem for fault in faults],
            _TITLE,
        )


def as_notes(faults: Sequence[Fault]) -> list[Problem]:
    """Give accepted faults as notes; values of single records stay out."""
    return [
        replace(
            fault.problem, where=f"records: {fault.problem.where}", example="",
            remedy="The fault was accepted when the records were extracted.", warning=True,
        )
        for fault in faults
    ]  # fmt: skip


def told_of_providers(
    con: DuckDBPyConnection, wanted: Sequence[tuple[str, int]], faults: Sequence[Fault]
) -> dict[tuple[str, int], tuple[Problem, ...]]:
    """Give what a user of each provider's tables should know of the records behind them.

    Args:
        con: the database with derived records.
        wanted: code and baseline year of those that are written.
        faults: those that were accepted; they concern every provider.
    """
    months, aside = missing_months(con, wanted), set_aside_notes(con, ORDINARY)
    accepted = as_notes(faults)
    return {key: (*months.get(key, ()), *accepted, *aside.get(key, ())) for key in wanted}


def quality_info(
    con: DuckDBPyConnection,
    told: Mapping[tuple[str, int], Sequence[Problem]],
    faults: Sequence[Fault],
) -> dict[str, Any]:
    """Give what `extract.json` says of the quality of the records."""
    names = ("record", "file", "source_column", "column", "what", "n", "example")
    repaired = con.execute(
        'SELECT record, source_file, source_column, "column", what, n, example FROM repaired '
        "ORDER BY ALL"
    ).fetchall()
    return {
        "accepted_faults": [str(problem) for problem in as_notes(faults)],
        "provider_notes": [
            {"dataset": code, "year": year, "notes": [str(problem) for problem in notes]}
            for (code, year), notes in told.items()
            if notes
        ],
        "repaired_values": [dict(zip(names, row, strict=True)) for row in repaired],
    }


def matters(column: RecordColumn) -> bool:
    """Tell whether results rest on a column."""
    return column.need != "no" or column.kind == "date" or column.name in _DECIDE


def _much(n: int, of: int) -> bool:
    return n >= LEAST and n > SHARE * of


def _unclear_dates(con: DuckDBPyConnection) -> list[Fault]:
    rows = con.execute(
        'SELECT record, source_file, source_column, "column", fault, n, filled, example '
        "FROM unclear_dates ORDER BY ALL"
    ).fetchall()
    words = {
        "month first": "the month is first in these dates, as in America",
        "both": "some dates can only have the day first, and some only the month",
        "neither": "nothing tells the day from the month in these dates",
    }
    remedies = {
        "month first": 'Write dates = "month first" in extract.toml, and they are read so.',
        "both": 'Export them as 2023-04-01; or write dates = "day first" (or "month first") in '
        "extract.toml: what cannot be read so is then empty.",
        "neither": 'Look at the export and write dates = "day first" (or "month first") in '
        "extract.toml.",
    }
    return [
        Fault(
            record, column,
            Problem(f"{words[fault]} ({n / max(filled, 1):.0%} of those filled)",
                    f"{file}: {source}", n, example, remedies[fault]),
        )
        for record, file, source, column, fault, n, filled, example in rows
    ]  # fmt: skip


def _unreadable(con: DuckDBPyConnection) -> list[Fault]:
    rows = con.execute(
        'SELECT record, source_file, source_column, "column", n, filled, example '
        "FROM unreadable ORDER BY ALL"
    ).fetchall()
    result = []
    for record, file, source, column, n, filled, example in rows:
        known = find_column(record, column)
        if known is not None and matters(known) and _much(n, filled):
            result.append(
                Fault(
                    record, column,
                    Problem(f"{n / max(filled, 1):.0%} of the values cannot be read",
                            f"{file}: {source}", n, example, "Mend them in the export."),
                )
            )  # fmt: skip
    return result


def _unknown_codes(con: DuckDBPyConnection) -> list[Fault]:
    result = []
    for record in RECORDS:
        if not has(con, f"raw_{record}"):
            continue
        there = {row[0] for row in con.execute(f"DESCRIBE raw_{record}").fetchall()}
        columns = [
            c for c in columns_of_record(record)
            if c.kind == "text" and c.name in there and matters(c) and (c.codes or c.pattern)
        ]  # fmt: skip
        asked = []
        for column in columns:
            name = named(column.name)
            unknown = f"{name} IS NOT NULL AND NOT ({known_sql(name, column)})"
            asked += [f"count({name})", f"count(*) FILTER (WHERE {unknown})",
                      f"mode({name}) FILTER (WHERE {unknown})"]  # fmt: skip
        if not asked:
            continue
        rows = con.execute(
            f"SELECT source_file, {', '.join(asked)} FROM raw_{record} GROUP BY 1 ORDER BY 1"
        ).fetchall()
        for file, *counts in rows:
            for i, column in enumerate(columns):
                filled, n, example = counts[3 * i : 3 * i + 3]
                if _much(n, filled):
                    what = f"{n / filled:.0%} of the codes are not known"
                    remedy = (
                        "Map them with [values] in extract.toml; is another column called "
                        f"{column.name}?"
                    )
                    place = f"{file}: {column.name}"
                    result.append(
                        Fault(record, column.name, Problem(what, place, n, example, remedy))
                    )
    return result


def known_sql(value: str, column: RecordColumn) -> str:
    """Give the SQL that tells whether a code is one that the column may hold."""
    if column.codes:
        return f"{value} IN ({', '.join(map(quoted, column.codes))})"
    return f"regexp_full_match({value}, {quoted(column.pattern)})"


def _set_aside(con: DuckDBPyConnection) -> list[Fault]:
    rows: dict[str, dict[str, int]] = {}
    for line in accounting(con).to_pylist():
        reasons = rows.setdefault(line["record"], {})
        # Broken lines are lost for one reason, whatever is wrong in them.
        reason = line["reason"].split(":")[0]
        reasons[reason] = reasons.get(reason, 0) + line["rows"]
    result = []
    for record in staged_records(con):
        reasons = rows.get(record, {})
        total = sum(reasons.values())
        kept = reasons.pop("kept", 0)
        for reason, n in reasons.items():
            if reason not in ORDINARY and _much(n, total):
                result.append(
                    _lost(record, f"{n / total:.0%} of the rows are set aside", reason, n)
                )
        if total >= LEAST and not kept and not any(f.record == record for f in result):
            most = max(reasons, key=lambda reason: reasons[reason])
            result.append(_lost(record, "all rows are set aside", most, total))
    return result


def _lost(record: str, what: str, reason: str, n: int) -> Fault:
    remedy = "See what they have in common: ac.data_report(records)."
    return Fault(record, "", Problem(f"{what}: {reason}", record, n, remedy=remedy))
