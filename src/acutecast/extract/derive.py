"""The derivations, in their order: look-ups, spells, contacts, main boards.

Source of the derivations: the NHP demand model's data pipeline
(github.com/The-Strategy-Unit/nhp_data, MIT), HES and ECDS definitions of the NHS Data Dictionary.
docs/method/extract.md lists them, and where ours depart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from acutecast import facts
from acutecast.extract.derived_contacts import derive_arrivals, derive_attendances
from acutecast.extract.derived_spells import CodesOf, derive_spells
from acutecast.extract.rules import RuleSet
from acutecast.extract.sql import has, load_rows
from acutecast.extract.unknown import find_lacking, mark_tpmas
from acutecast.facts.specialties import specialty_group

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def derive(con: DuckDBPyConnection, rules: RuleSet, *, codes: CodesOf, hours: bool) -> None:
    """Make the derived tables from the `raw_` ones.

    Makes `spells`, `past_stays`, `spell_diagnoses`, `spell_procedures`, `attendance_cells`,
    `arrivals`, `outpatient_procedures`, `unknown_tpmas` (those that the records do not tell), and
    a view `staged_<record>` of each kind of record with the
    reason why a row is set aside (null where it is kept). What had to be decided is in
    `derivation_notes`.

    Args:
        con: the database, with what `staging` made.
        rules: the flags of outpatient and emergency rows come from here.
        codes: "spell" for the codes of all episodes of a spell, the reason of admission first;
            "last episode" for those of the last one alone, as the NHP model has them.
        hours: keep arrivals apart by hour.
    """
    _lookups(con)
    find_lacking(con, rules)
    derive_spells(con, codes)
    derive_attendances(con, rules)
    derive_arrivals(con, rules, hours=hours)
    mark_tpmas(con, rules)
    _main_boards(con)


def _lookups(con: DuckDBPyConnection) -> None:
    if not has(con, "ccg_to_icb"):
        con.execute("CREATE TABLE ccg_to_icb (ccg VARCHAR, icb VARCHAR)")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE board_of AS "
        "SELECT upper(ccg) AS ccg, min(icb) AS icb FROM ccg_to_icb GROUP BY 1"
    )
    ages = facts.age_group_of_age()
    load_rows(con, "age_groups", {"age": "INTEGER", "age_group": "VARCHAR"}, list(enumerate(ages)))
    used = set()
    for record in ("apc", "opa"):
        if has(con, f"raw_{record}"):
            used |= {
                row[0]
                for row in con.execute(f"SELECT DISTINCT tretspef FROM raw_{record}").fetchall()
            }
    load_rows(
        con, "specialty_groups", {"tretspef": "VARCHAR", "tretspef_grouped": "VARCHAR"},
        sorted((code, specialty_group(code)) for code in used if code),
    )  # fmt: skip


def _main_boards(con: DuckDBPyConnection) -> None:
    """Mark each provider's commonest board over all years."""
    con.execute(
        """CREATE OR REPLACE TEMP TABLE main_board AS
        SELECT procode3, arg_max(icb, (n, icb)) AS icb FROM (
            SELECT procode3, icb, sum(n) AS n FROM (
                SELECT procode3, icb, count(*) AS n FROM spells GROUP BY ALL
                UNION ALL
                SELECT procode3, icb, CASE WHEN (SELECT count(*) FROM spells) = 0
                    THEN sum(attendances + tele_attendances) ELSE 0 END
                FROM attendance_cells GROUP BY ALL
            ) WHERE icb IS NOT NULL GROUP BY ALL
        ) GROUP BY procode3"""
    )
    con.execute("ALTER TABLE attendance_cells ADD COLUMN is_main_icb BOOLEAN DEFAULT false")
    for table in ("spells", "attendance_cells", "arrivals"):
        con.execute(
            f"""UPDATE {table} SET is_main_icb = true FROM main_board m
            WHERE m.procode3 = {table}.procode3 AND m.icb = {table}.icb"""
        )
