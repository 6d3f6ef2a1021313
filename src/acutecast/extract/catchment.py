"""Whom a provider serves: its share of each area's people, by age and sex.

Source of the method: the NHP demand model's catchments (github.com/The-Strategy-Unit/nhp_data,
MIT).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from acutecast.extract.sql import arrow, named

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def catchments(con: DuckDBPyConnection) -> str:
    """Make the tables `catchment_shares`, `catchment` and `catchment_births`.

    A provider's share of an area, age and sex is its part of the area's distinct patients who went
    to any provider in the records in that year; where no one of an age and sex did, the provider
    with most of the area's patients has them all. With one provider in the records every share
    would be 1, so there its share goes by area alone: patients over those that the area's people
    would give at the rates of all its areas together, scaled so that the greatest is 1. A share
    by age would cancel the very profile by age that rates are to show.

    Needs `spells` (lad is the area), `population` and `births`.

    Returns:
        How shares were worked out, in words.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE patients AS
        SELECT fyear, procode3, lad AS area, sex, age, count(DISTINCT coalesce(person_id, rn)) AS n
        FROM spells WHERE lad IN (SELECT DISTINCT area FROM population) GROUP BY ALL"""
    )
    one = con.execute("SELECT count(DISTINCT procode3) FROM spells").fetchall()[0][0] <= 1
    con.execute(_BY_AREA if one else _BY_AGE)
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
    return "share of each area by area alone" if one else "share of patients by area, age and sex"


_BY_AGE = """
CREATE OR REPLACE TABLE catchment_shares AS
WITH cells AS (SELECT DISTINCT area, sex, age FROM population),
providers AS (SELECT DISTINCT fyear, procode3, area FROM patients),
biggest AS (
    SELECT fyear, area, arg_max(procode3, (n, procode3)) AS procode3 FROM (
        SELECT fyear, area, procode3, sum(n) AS n FROM patients GROUP BY ALL) GROUP BY ALL
), totals AS (SELECT fyear, area, sex, age, sum(n) AS n FROM patients GROUP BY ALL)
SELECT p.procode3, p.fyear, c.area, c.sex, c.age,
    CASE WHEN t.n > 0 THEN coalesce(own.n, 0) / t.n
        ELSE (b.procode3 = p.procode3)::DOUBLE END AS share
FROM cells c JOIN providers p USING (area)
LEFT JOIN totals t USING (fyear, area, sex, age)
LEFT JOIN patients own USING (fyear, procode3, area, sex, age)
LEFT JOIN biggest b USING (fyear, area)
ORDER BY ALL
"""

_BY_AREA = """
CREATE OR REPLACE TABLE catchment_shares AS
WITH people AS (
    SELECT year AS fyear, area, sex, age, people FROM population
    WHERE variant = (SELECT min(variant) FROM population)
), years AS (SELECT DISTINCT procode3, fyear FROM patients),
-- Outside the projection's years, its nearest year says how many people there were.
near AS (
    SELECT y.procode3, y.fyear, p.area, p.sex, p.age, p.people FROM years y
    JOIN people p ON p.fyear = least(greatest(y.fyear, (SELECT min(fyear) FROM people)),
        (SELECT max(fyear) FROM people))
), rates AS (
    SELECT n.procode3, n.fyear, n.sex, n.age,
        coalesce(sum(q.n), 0) / nullif(sum(n.people), 0) AS rate
    FROM near n LEFT JOIN patients q USING (procode3, fyear, area, sex, age) GROUP BY ALL
), areas AS (
    SELECT n.procode3, n.fyear, n.area, coalesce(sum(q.n), 0)
            / nullif(sum(round(n.people * r.rate, 6)::DECIMAL(24, 6)), 0) AS relative
    FROM near n JOIN rates r USING (procode3, fyear, sex, age)
    LEFT JOIN patients q USING (procode3, fyear, area, sex, age) GROUP BY ALL
)
SELECT procode3, fyear, area, c.sex, c.age,
    coalesce(relative, 0) / max(relative) OVER (PARTITION BY procode3, fyear) AS share
FROM areas JOIN (SELECT DISTINCT area, sex, age FROM population) c USING (area)
ORDER BY ALL
"""


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
    mine = f"procode3 = '{procode3}' AND fyear = {int(fyear)}"
    years = [
        row[0]
        for row in con.execute(
            f"SELECT DISTINCT year FROM {table} WHERE {mine} ORDER BY year"
        ).fetchall()
    ]
    columns = ", ".join(
        f"round(coalesce(max({value}) FILTER (WHERE year = {year}), 0), 3) AS {named(str(year))}"
        for year in years
    )
    listed = ", ".join(keys)
    return arrow(
        con,
        f"SELECT {listed}, {columns} FROM {table} WHERE {mine} GROUP BY {listed} ORDER BY {listed}",
    )
