"""Where every row of every file went: counted, set aside with a reason, or not readable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from acutecast.extract.sql import arrow, has, one_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Its functions are made at run time, so a type checker knows none of them.
pc: Any = pyarrow.compute

# The kinds of record that rows are counted of; the long forms of codes hang on episodes.
COUNTED = ("apc", "opa", "ecds", "ae")


def staged_records(con: DuckDBPyConnection) -> list[str]:
    """Give the kinds of record that there are, of those that are counted."""
    return [record for record in COUNTED if has(con, f"staged_{record}")]


def accounting(con: DuckDBPyConnection) -> pa.Table:
    """Give rows kept, and set aside by reason, a row a file and reason.

    Returns:
        record, file, reason ("kept" for those that count) and rows; for each file they add up to
        the rows that are in it.
    """
    parts = [
        "SELECT record, source_file, 'the line cannot be read: ' || reason AS reason, "
        "count(*) AS n FROM rejected_lines GROUP BY ALL"
    ]
    parts += [
        f"SELECT '{record}', source_file, coalesce(reason, 'kept'), count(*) FROM staged_{record} "
        "GROUP BY ALL"
        for record in staged_records(con)
    ]
    return arrow(
        con,
        f"""SELECT record, source_file AS file, reason, n AS rows FROM ({" UNION ALL ".join(parts)})
        ORDER BY record, file, reason <> 'kept', rows DESC, reason""",
    )


def rows_set_aside(con: DuckDBPyConnection) -> pa.Table:
    """Give record, file, place in it and reason of each row that is not counted.

    What is in the rows stays out. Of a line that cannot be read the place is the line.
    """
    parts = [
        "SELECT record, source_file, line AS source_row, 'the line cannot be read: ' || reason "
        "AS reason FROM rejected_lines"
    ]
    parts += [
        f"SELECT '{record}', source_file, source_row, reason FROM staged_{record} "
        "WHERE reason IS NOT NULL"
        for record in staged_records(con)
    ]
    return arrow(
        con,
        f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY record, source_file, source_row",
    )


def check_nothing_is_lost(con: DuckDBPyConnection) -> None:
    """See that rows in are rows kept and rows set aside, and that kept ones are what is counted.

    Raises:
        AssertionError: where they are not, which is a fault of the derivation.
    """
    there = staged_records(con)
    lost = [
        record
        for record in there
        if one_row(con, f"SELECT count(*) FROM staged_{record}")
        != one_row(con, "SELECT sum(rows_read) FROM read_files WHERE record = ?", [record])
    ]
    sums = {
        ("apc",): "SELECT count(*) FROM spells",
        ("opa",): "SELECT coalesce(sum(attendances + tele_attendances), 0) FROM attendance_cells",
        ("ecds", "ae"): "SELECT coalesce(sum(arrivals), 0) FROM arrivals",
    }
    for records, sql in sums.items():
        kept = sum(
            one_row(con, f"SELECT count(*) FROM staged_{record} WHERE reason IS NULL")[0]
            for record in records
            if record in there
        )
        if one_row(con, sql)[0] != kept:
            lost += records
    if lost:
        raise AssertionError(f"rows of {', '.join(lost)} are lost or doubled")


def check_rows_are_in_tables(
    con: DuckDBPyConnection, procode3: str, fyear: int, tables: Mapping[str, pa.Table]
) -> None:
    """See that the tables of a provider hold every row of it that is kept.

    Args:
        con: the database.
        procode3: the provider's code.
        fyear: the year.
        tables: `ip`, `op` and `aae` as they will be written.

    Raises:
        AssertionError: where they do not, which is a fault of ours.
    """
    mine = "WHERE procode3 = ? AND fyear = ?"
    kept = {
        "ip": "count(*) FROM spells",
        "op": "coalesce(sum(attendances + tele_attendances), 0) FROM attendance_cells",
        "aae": "coalesce(sum(arrivals), 0) FROM arrivals",
    }
    held = {
        "ip": tables["ip"].num_rows,
        "op": sum(_total(tables["op"], name) for name in ("attendances", "tele_attendances")),
        "aae": _total(tables["aae"], "arrivals"),
    }
    for name, sql in kept.items():
        (there,) = one_row(con, f"SELECT {sql} {mine}", [procode3, fyear])
        if there != held[name]:
            raise AssertionError(f"{name} of {procode3} {fyear} has {held[name]} of {there} rows")


def _total(table: pa.Table, column: str) -> int:
    return int(pc.sum(table.column(column)).as_py() or 0)
