"""What each column of one file holds, and the SQL that reads it as its type.

One scan looks at all columns for what is written in another way; only columns that have such
values are looked at again. All that is repaired, or cannot be read, is counted in the tables
`repaired`, `unreadable` and `unclear_dates`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acutecast.extract.mapping import RecordMapping
from acutecast.extract.moments import (
    MONTH_FIRST,
    Dates,
    clock_sql,
    date_sql,
    day_sql,
    no_date_sql,
    time_sql,
)
from acutecast.extract.records import RecordColumn, find_column
from acutecast.extract.sql import named, one_row
from acutecast.extract.values import (
    KEYS,
    code_meant,
    has_commas_sql,
    is_empty_sql,
    number_sql,
    plain_text_sql,
    strange_sql,
    text_sql,
)

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SQL_TYPES = {"text": "VARCHAR", "int": "BIGINT", "date": "DATE", "time": "TIME"}
# Types of a Parquet file that are a column's own already.
_AS_STORED = {
    "text": (),
    "int": ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"),
    "date": ("DATE",),
    "time": ("TIME",),
}
# The view of a file's columns as plain texts, from which they are read.
PLAIN = "as_plain"
# So many dates that may be read either way are a fault where nothing in the file tells (assumption,
# as in `faults`): of five days by chance, one file in a hundred has none after the 12th.
MOST_UNDECIDED, NEITHER = 5, "neither"
# More codes than this in one column are no codes.
_MOST_CODES = 5000


@dataclass(frozen=True)
class ReadColumn:
    """One column of a file.

    Attributes:
        name: its canonical name.
        kind: "text", "int", "date" or "time".
        sql: SQL of its value, of that type.
    """

    name: str
    kind: str
    sql: str


@dataclass
class _Looked:
    """What the first scan says of a column: how many values it has, and how many are strange.

    `text` is the SQL of a value as text, null where it is, or stands for, nothing; `strange` says
    which may be written in another way.
    """

    column: RecordColumn
    stored: str
    mapped: Mapping[str, str]
    text: str
    strange: str
    filled: int = 0
    odd: int = 0
    bytes: int = 0

    @property
    def as_stored(self) -> bool:
        return self.stored in _AS_STORED[self.column.kind]


def read_columns(
    con: DuckDBPyConnection,
    record: str,
    label: str,
    names: Mapping[str, str],
    mapping: RecordMapping,
) -> list[ReadColumn]:
    """Say how the columns of a file, in the table `as_text`, are read from the view `as_plain`.

    Args:
        con: the database.
        record: the kind of record.
        label: how the user knows the file.
        names: the file's column by canonical name.
        mapping: codes of the user's own, and what is said of dates.
    """
    looked = _look(con, record, names, mapping.values.get(record, {}))
    told = _Told(con, record, label, names)
    for name, seen in looked.items():
        if seen.bytes:
            told.unreadable(name, seen.bytes, seen.filled + seen.bytes, "bytes that are no UTF-8")
        if seen.odd:
            _empty(con, name, seen, told)
    _plain_view(con, looked)
    result, dates = [], {}
    for name, seen in looked.items():
        if seen.as_stored:
            sql = f"{named(name)}::{SQL_TYPES[seen.column.kind]}"
        elif name in KEYS:
            sql = _key(name, seen, told)
        elif seen.column.kind == "text":
            sql = text_sql(name, seen.text, _codes(con, name, seen, told))
        elif seen.column.kind == "int":
            sql = _number(con, name, seen, told)
        elif seen.column.kind == "date":
            dates[name] = date_sql(con, PLAIN, seen.text, mapping.order_of(record, label, name))
            sql = dates[name].sql
        else:
            sql = time_sql(con, PLAIN, seen.text)
        result.append(ReadColumn(name, seen.column.kind, sql))
    changed = _dates(con, looked, dates, mapping, told)
    result = [ReadColumn(c.name, c.kind, changed.get(c.name, c.sql)) for c in result]
    _count_unreadable(con, looked, result, told)
    return result


def _plain_view(con: DuckDBPyConnection, looked: Mapping[str, _Looked]) -> None:
    """Make the view of the file's columns as plain texts; those of its own types as they are.

    Every later look names a column once or more, so what it takes to get at its text is here.
    """
    plain = {}
    for name, seen in looked.items():
        text = seen.text
        if not seen.as_stored and seen.column.kind in ("date", "time"):
            text = day_sql(text) if seen.column.kind == "date" else clock_sql(text)
        if not seen.as_stored:
            plain[name], seen.text = text, named(name)
            seen.strange = strange_sql(name, seen.text, seen.column)
        else:
            plain[name] = named(name)
    chosen = ", ".join(f"{text} AS {named(name)}" for name, text in plain.items())
    con.execute(f"CREATE OR REPLACE TEMP VIEW {PLAIN} AS SELECT {chosen} FROM as_text")


class _Told:
    """Writes down what was found in the columns of one file."""

    def __init__(
        self, con: DuckDBPyConnection, record: str, label: str, names: Mapping[str, str]
    ) -> None:
        self.con, self.record, self.label, self.names = con, record, label, names

    def _add(self, table: str, name: str, *values: Any) -> None:
        row = [self.record, self.label, self.names[name], name, *values]
        self.con.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def repaired(self, name: str, what: str, n: int, example: str) -> None:
        self._add("repaired", name, what, n, example)

    def unreadable(self, name: str, n: int, filled: int, example: str) -> None:
        self._add("unreadable", name, n, filled, example)

    def unclear(self, name: str, fault: str, n: int, filled: int, example: str) -> None:
        self._add("unclear_dates", name, fault, n, filled, example)


def _look(
    con: DuckDBPyConnection,
    record: str,
    names: Mapping[str, str],
    values: Mapping[str, Mapping[str, str]],
) -> dict[str, _Looked]:
    """Look at every column in one scan."""
    stored = {row[0]: row[1] for row in con.execute("DESCRIBE as_text").fetchall()}
    looked = {}
    asked: list[str] = []
    for name in names:
        column = find_column(record, name)
        assert column is not None  # canonical names come from the contract
        text = plain_text_sql(name, stored[name])
        strange = strange_sql(name, text, column)
        seen = _Looked(column, stored[name], values.get(name, {}), text, strange)
        looked[name] = seen
        undecoded = f"{named(name)} IS NOT NULL AND try(decode({named(name)})) IS NULL"
        asked += [
            f"count({text})",
            "0" if seen.as_stored else f"count(*) FILTER (WHERE {strange})",
            f"count(*) FILTER (WHERE {undecoded})" if stored[name] == "BLOB" else "0",
        ]
    row = one_row(con, f"SELECT {', '.join(asked)} FROM as_text")
    for i, seen in enumerate(looked.values()):
        seen.filled, seen.odd, seen.bytes = row[3 * i : 3 * i + 3]
    return looked


def _empty(con: DuckDBPyConnection, name: str, seen: _Looked, told: _Told) -> None:
    """Take texts that stand for nothing as nothing; count them."""
    empty = is_empty_sql(seen.text, seen.mapped)
    rows = con.execute(
        f"SELECT upper({seen.text}) AS v, count(*) AS n FROM as_text WHERE {empty} "
        "GROUP BY 1 ORDER BY n DESC, v"
    ).fetchall()
    if not rows:
        return
    n = sum(row[1] for row in rows)
    told.repaired(name, "texts that stand for nothing", n, rows[0][0])
    seen.filled, seen.odd = seen.filled - n, seen.odd - n
    seen.text = f"CASE WHEN NOT {empty} THEN {seen.text} END"


def _codes(con: DuckDBPyConnection, name: str, seen: _Looked, told: _Told) -> dict[str, str]:
    """Give the code by what the file writes, where it writes something else; count it."""
    codes = {str(old).strip().upper(): str(new) for old, new in seen.mapped.items()}
    if not seen.odd:
        return codes
    rows = con.execute(
        f"SELECT upper({seen.text}) AS v, count(*) AS n FROM {PLAIN} WHERE {seen.strange} "
        f"GROUP BY 1 HAVING v IS NOT NULL ORDER BY n DESC, v LIMIT {_MOST_CODES}"
    ).fetchall()
    counted: dict[str, tuple[int, str]] = {}
    for value, n in rows:
        meant = None if value in codes else code_meant(value, seen.column)
        if meant is None:
            continue
        codes[value], how = meant
        so_far, example = counted.get(how, (0, f"{value} read as {codes[value]}"))
        counted[how] = so_far + n, example
    for how, (n, example) in counted.items():
        told.repaired(name, how, n, example)
    return codes


def _key(name: str, seen: _Looked, told: _Told) -> str:
    """Give the SQL of a key; numbers that all have ".0" behind them are keys without."""
    if not seen.odd or seen.odd != seen.filled:
        return seen.text
    told.repaired(name, 'keys with ".0" behind them', seen.odd, "")
    return f"regexp_replace({seen.text}, '[.]0+$', '')"


def _number(con: DuckDBPyConnection, name: str, seen: _Looked, told: _Told) -> str:
    """Give the SQL of whole numbers; count those with commas or a fraction."""
    if not seen.odd:
        return number_sql(seen.text, seen.column, commas=False)
    sql = number_sql(seen.text, seen.column, commas=True)
    commas = has_commas_sql(seen.text)
    broken = f"try_cast({seen.text} AS DOUBLE) <> floor(try_cast({seen.text} AS DOUBLE))"
    for what, test in (
        ("numbers with commas between thousands", commas),
        ("numbers with a fraction, rounded down", f"{broken} AND ({sql}) IS NOT NULL"),
    ):
        n, example = one_row(con, f"SELECT count(*), min({seen.text}) FROM {PLAIN} WHERE {test}")
        if n:
            told.repaired(name, what, n, example)
    return sql


def _dates(
    con: DuckDBPyConnection,
    looked: Mapping[str, _Looked],
    dates: dict[str, Dates],
    mapping: RecordMapping,
    told: _Told,
) -> dict[str, str]:
    """Write down what is unclear or unusual about dates; give the SQL of those read anew.

    A column in which nothing tells the order has that of the file's other columns, where these
    agree. Where they tell nothing either, the day is first, as in Britain; but more than a few such
    dates are a fault, as one look at the export settles what no count can.
    """
    result = {}
    orders = {found.order for found in dates.values()} - {""}
    not_stated = any(found.fault == MONTH_FIRST for found in dates.values())
    for name, found in dates.items():
        seen = looked[name]
        fault, undecided = found.fault, found.undecided
        if undecided and orders == {MONTH_FIRST}:
            result[name] = date_sql(con, PLAIN, seen.text, MONTH_FIRST).sql
            if not_stated:
                fault, undecided = MONTH_FIRST, 0
        elif undecided >= MOST_UNDECIDED and len(orders) != 1:
            fault, undecided = NEITHER, 0
        if fault:
            told.unclear(name, fault, found.affected, seen.filled, found.example)
        if undecided:
            told.repaired(
                name,
                "dates in which nothing tells day from month, read with the "
                + ("month first, as the file's others" if name in result else "day first"),
                undecided, f"03/04/2023 read as {'4 March' if name in result else '3 April'}",
            )  # fmt: skip
        stated = mapping.order_of(told.record, told.label, name)
        if stated == MONTH_FIRST and found.affected:
            told.repaired(
                name, "dates read with the month first, as extract.toml says", found.affected,
                "04/03/2023 read as 3 April",
            )  # fmt: skip
        for form, n in found.unusual.items():
            told.repaired(name, f"dates written as {form}", n, "")
    return result


def _count_unreadable(
    con: DuckDBPyConnection,
    looked: Mapping[str, _Looked],
    columns: list[ReadColumn],
    told: _Told,
) -> None:
    """Count the values that have something in them but not what their column's type is."""
    asked, counted = [], []
    for column in columns:
        seen = looked[column.name]
        if column.kind == "text" or seen.as_stored:
            continue
        fault = f"{seen.text} IS NOT NULL AND ({column.sql}) IS NULL"
        if column.kind == "date":
            fault += f" AND NOT {no_date_sql(seen.text)}"
        counted += [
            f"count(*) FILTER (WHERE {fault})", f"min({seen.text}) FILTER (WHERE {fault})"
        ]  # fmt: skip
        asked.append(column.name)
    if not asked:
        return
    # One scan, whatever the number of columns.
    row = one_row(con, f"SELECT {', '.join(counted)} FROM {PLAIN}")
    for i, name in enumerate(asked):
        if row[2 * i]:
            told.unreadable(name, row[2 * i], looked[name].filled, row[2 * i + 1])
