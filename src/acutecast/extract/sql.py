"""Small pieces of SQL that are written in more than one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def quoted(text: str) -> str:
    """Give a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def named(name: str) -> str:
    """Give a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def in_list(column: str, values: Sequence[Any]) -> str:
    """Give the SQL that tells whether a column is one of some texts; never null."""
    listed = ", ".join(quoted(str(value)) for value in values) or "NULL"
    return f"coalesce({column} IN ({listed}), false)"


def has(con: DuckDBPyConnection, table: str) -> bool:
    """Tell whether there is a table or view of that name."""
    sql = """SELECT count(*) FROM (SELECT table_name AS name FROM duckdb_tables()
        UNION ALL SELECT view_name FROM duckdb_views()) WHERE name = ?"""
    return one_row(con, sql, [table]) != (0,)


def one_row(con: DuckDBPyConnection, query: str, values: Sequence[Any] = ()) -> tuple[Any, ...]:
    """Give the only row of a query, and leave the connection free for the next."""
    return con.execute(query, list(values)).fetchall()[0]


def arrow(con: DuckDBPyConnection, query: str, values: Mapping[str, Any] | None = None) -> pa.Table:
    """Give the rows of a query as an Arrow table.

    Args:
        con: the database.
        query: the query; `$name` stands for a value.
        values: values by name. Whatever comes from data or users goes here, never into the text.
    """
    return con.sql(query, params=dict(values) if values else None).to_arrow_table()


def load_rows(
    con: DuckDBPyConnection, table: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]
) -> None:
    """Make a scratch table from rows in memory.

    Args:
        con: the database.
        table: its name; an older one is replaced.
        columns: SQL types by name of the column.
        rows: a value for each column.
    """
    described = ", ".join(f"{named(name)} {kind}" for name, kind in columns.items())
    con.execute(f"CREATE OR REPLACE TEMP TABLE {table} ({described})")
    if rows:
        filled = pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)})
        con.register("rows_to_load", filled)
        con.execute(f"INSERT INTO {table} SELECT * FROM rows_to_load")
        con.unregister("rows_to_load")
