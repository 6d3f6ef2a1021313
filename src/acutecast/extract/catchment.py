"""Whom a provider serves: the people and births of its shares of areas, by year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from acutecast.extract.shares import catchment_shares
from acutecast.extract.sql import arrow, named

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def catchments(con: DuckDBPyConnection) -> str:
    """Make the tables `catchment_shares` (see `shares`), `catchment` and `catchment_births`.

    Returns:
        How shares were worked out, in words.
    """
    how = catchment_shares(con)
    con.execute(
        """CREATE OR REPLACE TABLE catchment AS
        SELECT s.procode3, s.fyear, p.variant, p.sex, p.age, p.year,
            sum(round(p.people * s.share, 6)::DECIMAL(24, 6))::DOUBLE AS people
        FROM population p JOIN catchment_shares s USING (area, sex, age) GROUP BY ALL"""
    )
    # Mothers are women; their babies are born where they are served.
    con.execute(
        """CREATE OR REPLACE TABLE catchment_births AS
        SELECT s.procode3, s.fyear, b.variant, b.age, b.year,
            sum(round(b.births * s.share, 6)::DECIMAL(24, 6))::DOUBLE AS births
        FROM births b JOIN catchment_shares s ON s.area = b.area AND s.age = b.age AND s.sex = 2
        GROUP BY ALL"""
    )
    return how


def demographic_factors(con: DuckDBPyConnection, procode3: str, fyear: int) -> pa.Table:
    """Give the table `demographic_factors` of a provider: people of its catchment by year."""
    return _wide(con, "catchment", "people", ("variant", "age", "sex"), procode3, fyear)


def birth_factors(con: DuckDBPyConnection, procode3: str, fyear: int) -> pa.Table:
    """Give the table `birth_factors` of a provider: births by the mother's age and year."""
    table = _wide(con, "catchment_births", "births", ("variant", "age"), procode3, fyear)
    return table.add_column(2, "sex", pa.array([2] * table.num_rows, pa.int32()))


def _wide(
    con: DuckDBPyConnection, table: str, value: str, keys: tuple[str, ...], procode3: str,
    fyear: int,
) -> pa.Table:  # fmt: skip
    years = [
        row[0]
        for row in con.execute(
            f"SELECT DISTINCT year FROM {table} WHERE procode3 = $code AND fyear = $year "
            "ORDER BY year",
            {"code": procode3, "year": fyear},
        ).fetchall()
    ]
    # Few people are still some: 0 would say that there is nobody who could grow.
    columns = ", ".join(
        f"coalesce(max(CASE WHEN {value} > 0 THEN greatest(round({value}, 3), 0.001) ELSE 0 END) "
        f"FILTER (WHERE year = {int(year)}), 0) AS {named(str(year))}"
        for year in years
    )
    listed = ", ".join([*keys, *([columns] if columns else [])])
    return arrow(
        con,
        f"SELECT {listed} FROM {table} WHERE procode3 = $code AND fyear = $year "
        f"GROUP BY {', '.join(keys)} ORDER BY {', '.join(keys)}",
        {"code": procode3, "year": fyear},
    )
