"""Pieces of SQL that the derivations of spells and of contacts share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Why a record is not counted, in the order in which reasons are looked for; the first one counts.
NO_KEY = "the key is missing"
REPEATED = "the key is there already"
SEX = "sex is not 1 or 2"
AGE = "age is missing or not from 0 to 120"
PROVIDER = "provider is missing"
# 89997 and 89999 say that the provider is not applicable or not known (HES technical output
# specification).
NO_PROVIDER = "(procode3 IS NULL OR procode3 IN ('89997', '89999'))"
CODE = "provider code is not 3 to 6 capital letters and digits"
# ODS codes: trusts have three characters, sites and independent providers five, some centres six.
NO_CODE = "NOT regexp_full_match(procode3, '[A-Z0-9]{3,6}')"

YEAR_OF = "CAST(year({0}) - (month({0}) < 4)::INT AS INTEGER)"
AGES = """CASE WHEN {0} BETWEEN 7001 AND 7007 THEN 0 WHEN {0} BETWEEN 0 AND 120
    THEN least({0}, 90) END"""
# The codes of NHS trusts (R, T) and of independent providers (N) have three characters; with a
# site's two behind them ("RXX00") they still name the organisation, as HES's own procode3 does.
# Other codes of five characters, such as 8HK01, are organisations themselves (NHS ODS).
SITE_AS_PROVIDER = "coalesce(regexp_full_match(procode3, '[NRT][A-Z0-9]{4}'), false)"
TRUST = f"CASE WHEN {SITE_AS_PROVIDER} THEN left(procode3, 3) ELSE procode3 END"
# The provider as it was when the row was recorded; it may be part of another now.
RECORDED = f"coalesce(recorded_provider, {TRUST})"
QUINTILE = "CAST(coalesce(imd_quintile, ceil(imd_decile / 2.0)) AS INTEGER)"


def board_sql(table: str) -> str:
    """Give the SQL of the integrated care board: given, or by residence, or by practice."""
    return (
        f"coalesce({table}.icb, "
        f"(SELECT icb FROM board_of WHERE ccg = {table}.ccg_residence), "
        f"(SELECT icb FROM board_of WHERE ccg = {table}.ccg_responsibility))"
    )


def repeated_keys(con: DuckDBPyConnection, record: str, key: str) -> str:
    """Find repeated keys; give the name of the table of rows that come after the first."""
    con.execute(
        f"""CREATE OR REPLACE TABLE repeated_{record} AS
        SELECT row_id FROM (
            SELECT rowid AS row_id,
                row_number() OVER (PARTITION BY {key} ORDER BY source_file, source_row) AS place
            FROM raw_{record} WHERE {key} IN (
                SELECT {key} FROM raw_{record} GROUP BY {key} HAVING count(*) > 1)
        ) WHERE place > 1"""
    )
    return f"repeated_{record}"


def staged_view(con: DuckDBPyConnection, record: str) -> None:
    """Make the view of a kind of record with the reason why a row is set aside, or null."""
    con.execute(
        f"""CREATE OR REPLACE VIEW staged_{record} AS
        SELECT r.*, s.reason FROM raw_{record} r
        LEFT JOIN set_aside_{record} s ON s.row_id = r.rowid"""
    )
