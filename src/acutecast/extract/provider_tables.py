"""The nine provider tables of one provider and year, from the derived tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from acutecast.extract.catchment import birth_factors, demographic_factors
from acutecast.extract.health_curves import hsa_activity_tables
from acutecast.extract.inequality import inequalities
from acutecast.extract.sql import arrow

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Everything that tells two attendances apart in the table `op`.
_CELL = (
    "age", "age_group", "sex", "type", "is_first", "has_procedures", "is_gp_ref",
    "is_cons_cons_ref", "tretspef", "tretspef_grouped", "icb", "is_main_icb", "sitetret",
    '"group"', "demog_type",
)  # fmt: skip
# The rows of one provider and year.
_MINE = "fyear = $year AND procode3 = $code"
_DERIVED = """"group" AS ndggrp, 'op_' || type || '_' || "group" AS hsagrp,
    CASE "group" WHEN 'first' THEN 'op_first' WHEN 'followup' THEN 'op_follow-up'
        ELSE 'op_procedure' END AS pod, true AS is_wla"""


def derived_views(con: DuckDBPyConnection) -> None:
    """Make the view `attendances`, and `procedure_counts` that inequalities need."""
    con.execute(f"CREATE OR REPLACE VIEW attendances AS SELECT *, {_DERIVED} FROM attendance_cells")
    con.execute(
        """CREATE OR REPLACE TABLE procedure_counts AS
        SELECT fyear, procode3, icb, sushrg_trimmed, imd_quintile,
            sum(attendances + tele_attendances)::BIGINT AS n
        FROM attendance_cells
        WHERE has_procedures AND sushrg_trimmed IS NOT NULL AND imd_quintile IS NOT NULL
        GROUP BY ALL ORDER BY ALL"""
    )


def provider_tables(con: DuckDBPyConnection, procode3: str, fyear: int) -> dict[str, pa.Table]:
    """Make the nine tables of the contract, rows in a fixed order.

    Args:
        con: the database with derived tables, tags, catchments and, where there are any, people
            by deprivation.
        procode3: the provider's code.
        fyear: the calendar year in which the baseline year starts.
    """
    gaps = inequalities(con, procode3, fyear)
    con.register("gaps_now", gaps.select(["icb", "sushrg_trimmed"]))
    try:
        key = {"code": procode3, "year": fyear}
        return {
            "ip": _spells(con, key),
            "op": _attendances(con, key),
            "aae": _arrivals(con, key),
            **{
                f"ip_{kind}_strategies": arrow(
                    con,
                    f"SELECT rn, strategy, sample_rate FROM tags WHERE {_MINE} AND kind = $kind "
                    "ORDER BY rn, strategy",
                    key | {"kind": kind},
                )
                for kind in ("activity_avoidance", "efficiencies")
            },
            "demographic_factors": demographic_factors(con, procode3, fyear),
            "birth_factors": birth_factors(con, procode3, fyear),
            "hsa_activity_tables": hsa_activity_tables(con, procode3, fyear),
            "inequalities": gaps,
        }
    finally:
        con.unregister("gaps_now")


def _spells(con: DuckDBPyConnection, key: Mapping[str, Any]) -> pa.Table:
    # Person, small area and diagnosis stay behind: no projection needs them.
    return arrow(
        con,
        f"""SELECT rn, age, age_group, sex, admimeth, classpat, speldur, "group", ndggrp,
            demog_type, hsagrp, pod, tretspef, tretspef_grouped, icb, is_main_icb, is_wla,
            has_procedure, maternity_delivery_in_spell, imd_quintile, sushrg_trimmed, sitetret,
            admidate, disdate, admihour, dishour, sushrg, theatre_minutes, mainspef, procode3
        FROM spells WHERE {_MINE} ORDER BY rn""",
        key,
    )


def _attendances(con: DuckDBPyConnection, key: Mapping[str, Any]) -> pa.Table:
    """Count attendances; HRG and quintile stay where an inequality can be corrected."""
    cell = ", ".join(f"c.{name}" for name in _CELL)
    listed = "g.icb IS NOT NULL AND c.imd_quintile IS NOT NULL"
    return arrow(
        con,
        f"""SELECT 'OP-' || lpad(row_number() OVER (ORDER BY {", ".join(_CELL)}, sushrg_trimmed,
                imd_quintile)::VARCHAR, 8, '0') AS rn, *, {_DERIVED}
        FROM (
            SELECT {cell}, c.procode3,
                CASE WHEN {listed} THEN c.sushrg_trimmed END AS sushrg_trimmed,
                CASE WHEN {listed} THEN c.imd_quintile END AS imd_quintile,
                sum(attendances)::BIGINT AS attendances,
                sum(tele_attendances)::BIGINT AS tele_attendances
            FROM (SELECT * FROM attendance_cells WHERE {_MINE}) c
            LEFT JOIN (SELECT DISTINCT icb, sushrg_trimmed FROM gaps_now) g
                ON g.icb = c.icb AND g.sushrg_trimmed = c.sushrg_trimmed
            GROUP BY ALL
        ) ORDER BY rn""",
        key,
    )


def _arrivals(con: DuckDBPyConnection, key: Mapping[str, Any]) -> pa.Table:
    columns = [r[0] for r in con.execute("DESCRIBE arrivals").fetchall()]
    keys = ", ".join(f'"{c}"' for c in columns if c not in ("fyear", "arrivals"))
    return arrow(
        con,
        f"""SELECT 'AE-' || lpad(row_number() OVER (ORDER BY {keys})::VARCHAR, 8, '0') AS rn,
            {keys}, arrivals
        FROM arrivals WHERE {_MINE} ORDER BY rn""",
        key,
    )
