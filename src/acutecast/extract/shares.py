"""Which share of an area's people, by age and sex, belongs to which provider.

Source of the method: the NHP demand model's catchments (github.com/The-Strategy-Unit/nhp_data,
MIT), which count patients of spells. What happens where a provider has none is ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acutecast.extract.derivation_parts import AGES, TRUST, YEAR_OF
from acutecast.extract.sql import has, named, one_row

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Day and age of each kind of contact, where its records say the area of residence.
_CONTACTS = {
    "opa": ("apptdate", "apptage"),
    "ecds": ("arrival_date", "age_at_arrival"),
    "ae": ("arrivaldate", "activage"),
}
# How far from an age without admitted patients the next one with some may lie.
_NEAR = 5


def catchment_shares(con: DuckDBPyConnection) -> str:
    """Make the table `catchment_shares`: fyear, procode3, area, sex, age, share.

    Of each area, age and sex, the shares of all providers in a year add up to 1 at most. Each
    provider has a share wherever it has activity of any kind, contacts too:

    1. its part of the area's distinct admitted patients of that age and sex;
    2. where it admitted none of that age and sex from anywhere but saw some, it counts as many as
       of the nearest age within five years, the younger of two, else one, by area as all its own;
    3. a provider without an admitted patient of a known area counts as many as it admitted of each
       age and sex, or one, by the areas of its contacts, else as people live in the areas. So its
       people are in the right places, and rates per head of those who admit stay as they are.

    Where nobody of an age and sex went anywhere, the provider with most of the area's patients has
    them all. With one provider in the records every share would be 1, so there its share goes by
    area alone: patients over those that the area's people would give at the rates of all its areas
    together, scaled so that the greatest is 1. A share by age would cancel the very profile by age
    that rates are to show.

    Needs `spells` (lad is the area), `attendance_cells`, `arrivals`, `population` and `births`.

    Returns:
        How shares were worked out, in words.
    """
    con.execute(_ACTIVITY)
    con.execute(_PATIENTS)
    con.execute(f"CREATE OR REPLACE TEMP TABLE located AS {_located(con)}")
    one = one_row(con, "SELECT count(DISTINCT procode3) FROM activity")[0] <= 1
    if one:
        con.execute(_BY_AREA)
    else:
        con.execute(_PLACES)
        con.execute(_WEIGHTS)
        con.execute(_BY_AGE)
    return "share of each area by area alone" if one else "share of patients by area, age and sex"


def _located(con: DuckDBPyConnection) -> str:
    """Give the SQL of contacts by area, of providers and years without patients of known areas."""
    parts = ["SELECT 0 AS fyear, '' AS procode3, '' AS area, 0 AS sex, 0 AS age, 0 AS n"]
    for record, (day, age) in _CONTACTS.items():
        view = f"staged_{record}"
        if not has(con, view) or "lad" not in _columns(con, view):
            continue
        parts.append(
            f"""SELECT {YEAR_OF.format(day)}, {TRUST}, lad, try_cast(sex AS INTEGER),
                ({AGES.format(age)})::INTEGER, count(*) FROM {view}
            WHERE reason IS NULL GROUP BY ALL"""
        )
    return f"""SELECT fyear, procode3, area, sex, age, sum(n)::BIGINT AS n
        FROM ({" UNION ALL ".join(parts)})
        WHERE area IN (SELECT DISTINCT area FROM population)
            AND (fyear, procode3) NOT IN (SELECT (fyear, procode3) FROM patients)
        GROUP BY ALL"""


def _columns(con: DuckDBPyConnection, table: str) -> set[str]:
    return {row[0] for row in con.execute(f"DESCRIBE {named(table)}").fetchall()}


# Ages and sexes at which a provider has any activity; `mothers` marks what grows with births.
_ACTIVITY = """
CREATE OR REPLACE TEMP TABLE activity AS
SELECT fyear, procode3, sex, age, bool_or(demog_type = 'births') AS with_births FROM (
    SELECT fyear, procode3, sex, age, demog_type FROM spells
    UNION ALL SELECT fyear, procode3, sex, age, demog_type FROM attendance_cells
    UNION ALL SELECT fyear, procode3, sex, age, demog_type FROM arrivals
) GROUP BY ALL
"""

_PATIENTS = """
CREATE OR REPLACE TEMP TABLE patients AS
SELECT fyear, procode3, lad AS area, sex, age, count(DISTINCT coalesce(person_id, rn)) AS n
FROM spells WHERE lad IN (SELECT DISTINCT area FROM population) GROUP BY ALL
"""

# Where the people of each provider and year are, as parts of 1. Outside the projection's years,
# its nearest year says how many people there are.
_PLACES = """
CREATE OR REPLACE TEMP TABLE places AS
WITH there AS (SELECT DISTINCT fyear, procode3 FROM activity),
counted AS (
    SELECT fyear, procode3, area, sum(n)::DOUBLE AS n FROM (
        SELECT * FROM patients UNION ALL SELECT * FROM located) GROUP BY ALL
), people AS (
    SELECT year, area, sum(round(people, 6)::DECIMAL(24, 6))::DOUBLE AS n FROM population
    WHERE variant = (SELECT min(variant) FROM population) GROUP BY ALL
), everywhere AS (
    SELECT t.fyear, t.procode3, p.area, p.n FROM there t JOIN people p
        ON p.year = least(greatest(t.fyear, (SELECT min(year) FROM people)),
            (SELECT max(year) FROM people))
    WHERE (t.fyear, t.procode3) NOT IN (SELECT (fyear, procode3) FROM counted)
)
SELECT fyear, procode3, area, n / sum(round(n, 6)::DECIMAL(24, 6)) OVER (
    PARTITION BY fyear, procode3)::DOUBLE AS part
FROM (SELECT * FROM counted UNION ALL SELECT * FROM everywhere) WHERE n > 0
"""

_WEIGHTS = f"""
CREATE OR REPLACE TEMP TABLE weights AS
WITH cells AS (SELECT DISTINCT sex, age FROM population),
mothers AS (SELECT min(age) AS first, max(age) AS last FROM births),
admitting AS (SELECT DISTINCT fyear, procode3 FROM patients),
known AS (SELECT DISTINCT fyear, procode3, sex, age FROM patients),
-- Mothers outside the ages of the births file grow with its nearest age; babies with all births.
wanted AS (
    SELECT fyear, procode3, sex, age FROM activity
    UNION SELECT fyear, procode3, sex, least(greatest(age, first), last)
        FROM activity, mothers WHERE with_births AND sex = 2 AND age > 0
    UNION SELECT a.fyear, a.procode3, 2, c.age FROM activity a, mothers m
        JOIN cells c ON c.sex = 2 AND c.age BETWEEN m.first AND m.last
        WHERE a.with_births AND a.age = 0 AND (a.fyear, a.procode3) NOT IN (
            SELECT (fyear, procode3) FROM known k WHERE k.sex = 2
                AND k.age BETWEEN (SELECT first FROM mothers) AND (SELECT last FROM mothers))
), lacking AS (
    SELECT w.* FROM wanted w SEMI JOIN admitting USING (fyear, procode3)
    ANTI JOIN known USING (fyear, procode3, sex, age)
), nearest AS (
    SELECT w.fyear, w.procode3, w.sex, w.age, arg_min(k.age, (abs(k.age - w.age), k.age)) AS near
    FROM lacking w JOIN known k USING (fyear, procode3, sex)
    WHERE abs(k.age - w.age) <= {_NEAR} GROUP BY ALL
), admitted AS (
    SELECT fyear, procode3, sex, age, count(DISTINCT coalesce(person_id, rn)) AS n
    FROM spells GROUP BY ALL
)
SELECT fyear, procode3, area, sex, age, n::DECIMAL(18, 6) AS n FROM patients
UNION ALL
SELECT w.fyear, w.procode3, p.area, w.sex, w.age, p.n::DECIMAL(18, 6)
FROM nearest w JOIN patients p ON p.fyear = w.fyear AND p.procode3 = w.procode3
    AND p.sex = w.sex AND p.age = w.near
UNION ALL
SELECT w.fyear, w.procode3, p.area, w.sex, w.age, greatest(p.part, 0.000001)::DECIMAL(18, 6)
FROM lacking w ANTI JOIN nearest USING (fyear, procode3, sex, age)
JOIN places p ON p.fyear = w.fyear AND p.procode3 = w.procode3
UNION ALL
SELECT p.fyear, p.procode3, p.area, c.sex, c.age,
    greatest(p.part * greatest(coalesce(a.n, 0), 1), 0.000001)::DECIMAL(18, 6)
FROM places p ANTI JOIN admitting USING (fyear, procode3) CROSS JOIN cells c
LEFT JOIN admitted a ON a.fyear = p.fyear AND a.procode3 = p.procode3
    AND a.sex = c.sex AND a.age = c.age
"""

_BY_AGE = """
CREATE OR REPLACE TABLE catchment_shares AS
WITH cells AS (SELECT DISTINCT area, sex, age FROM population),
providers AS (SELECT DISTINCT fyear, procode3, area FROM weights),
biggest AS (
    SELECT fyear, area, arg_max(procode3, (n, procode3)) AS procode3 FROM (
        SELECT fyear, area, procode3, sum(n) AS n FROM weights GROUP BY ALL) GROUP BY ALL
), totals AS (SELECT fyear, area, sex, age, sum(n) AS n FROM weights GROUP BY ALL)
SELECT p.procode3, p.fyear, c.area, c.sex, c.age,
    CASE WHEN t.n > 0 THEN coalesce(own.n, 0)::DOUBLE / t.n::DOUBLE
        ELSE (b.procode3 = p.procode3)::DOUBLE END AS share
FROM cells c JOIN providers p USING (area)
LEFT JOIN totals t USING (fyear, area, sex, age)
LEFT JOIN weights own USING (fyear, procode3, area, sex, age)
LEFT JOIN biggest b USING (fyear, area)
ORDER BY ALL
"""

_BY_AREA = """
CREATE OR REPLACE TABLE catchment_shares AS
WITH people AS (
    SELECT year AS fyear, area, sex, age, people FROM population
    WHERE variant = (SELECT min(variant) FROM population)
), counted AS (SELECT * FROM patients UNION ALL SELECT * FROM located),
years AS (SELECT DISTINCT procode3, fyear FROM activity),
-- Outside the projection's years, its nearest year says how many people there were.
near AS (
    SELECT y.procode3, y.fyear, p.area, p.sex, p.age, p.people FROM years y
    JOIN people p ON p.fyear = least(greatest(y.fyear, (SELECT min(fyear) FROM people)),
        (SELECT max(fyear) FROM people))
), rates AS (
    SELECT n.procode3, n.fyear, n.sex, n.age,
        coalesce(sum(q.n), 0) / nullif(sum(n.people), 0) AS rate
    FROM near n LEFT JOIN counted q USING (procode3, fyear, area, sex, age) GROUP BY ALL
), areas AS (
    SELECT n.procode3, n.fyear, n.area, coalesce(sum(q.n), 0)
            / nullif(sum(round(n.people * r.rate, 6)::DECIMAL(24, 6)), 0) AS relative
    FROM near n JOIN rates r USING (procode3, fyear, sex, age)
    LEFT JOIN counted q USING (procode3, fyear, area, sex, age) GROUP BY ALL
), greatest AS (SELECT procode3, fyear, max(relative) AS most FROM areas GROUP BY ALL)
-- Without a patient of a known area, all areas count alike.
SELECT procode3, fyear, area, c.sex, c.age,
    CASE WHEN most > 0 THEN coalesce(relative, 0) / most ELSE 1.0 END AS share
FROM areas JOIN greatest USING (procode3, fyear)
JOIN (SELECT DISTINCT area, sex, age FROM population) c USING (area)
ORDER BY ALL
"""
