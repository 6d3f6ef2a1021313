"""Episodes to spells, with their diagnoses and procedures, in SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from acutecast.extract.day_procedures import NOT_AN_OPERATION
from acutecast.extract.derivation_parts import (
    AGE,
    AGES,
    CODE,
    NO_CODE,
    NO_KEY,
    NO_PROVIDER,
    PROVIDER,
    QUINTILE,
    RECORDED,
    REPEATED,
    SEX,
    TRUST,
    YEAR_OF,
    board_sql,
    repeated_keys,
    staged_view,
)
from acutecast.extract.sql import has

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CodesOf = Literal["spell", "last episode"]

_LONGEST_STAY = 730  # nights; longer ones are psychiatry or a slip
_NOT_THE_LAST = "another episode of a spell that is counted or set aside"


def derive_spells(con: DuckDBPyConnection, codes: CodesOf) -> None:
    """Make `spells`, `spell_diagnoses`, `spell_procedures` and `past_stays` of the episodes."""
    if not has(con, "raw_apc"):
        con.execute(_NO_SPELLS)
        return
    repeated = repeated_keys(con, "apc", "epikey")
    # First what a row's own columns say; then which episode stands for its spell.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE episode AS
        SELECT e.rowid AS row_id, e.epikey, e.person_id, {TRUST} AS procode3,
            {RECORDED} AS recorded, e.sitetret,
            coalesce({AGES.format("e.admiage")}, {AGES.format("e.startage")}) AS age,
            {AGES.format("e.admiage")} IS NULL AS age_at_start,
            try_cast(e.sex AS INTEGER) AS sex, e.admimeth, e.classpat, e.mainspef, e.tretspef,
            e.admidate, e.admitime, e.disdate, e.distime, e.epistart, e.epiend, e.speldur,
            e.epitype, CASE WHEN e.epiorder < 98 THEN e.epiorder END AS epiorder,
            e.spelend, e.dismeth, e.lsoa11, e.lad,
            {QUINTILE} AS imd_quintile, {board_sql("e")} AS icb, e.sushrg, e.theatre_minutes,
            e.delplac,
            CASE
                WHEN e.susspellid IS NOT NULL THEN 's' || e.susspellid
                WHEN e.person_id IS NOT NULL
                    THEN 'p' || e.person_id || ' ' || coalesce(e.admidate::VARCHAR, '')
                ELSE 'e' || coalesce(e.epikey, e.rowid::VARCHAR)
            END AS spell,
            e.epikey IS NOT NULL AND e.rowid NOT IN (SELECT row_id FROM {repeated}) AS single,
            coalesce(e.epistat, '3') = '3' AS finished,
            {_WELL_BABY} AS well_baby,
            CASE
                WHEN e.epikey IS NULL THEN '{NO_KEY}'
                WHEN e.rowid IN (SELECT row_id FROM {repeated}) THEN '{REPEATED}'
                WHEN {NO_PROVIDER} THEN '{PROVIDER}'
                WHEN {NO_CODE} THEN '{CODE}'
                WHEN e.sex IS NULL OR e.sex NOT IN ('1', '2') THEN '{SEX}'
                WHEN coalesce(e.epistat, '3') <> '3' THEN 'the episode is not finished'
                WHEN {_WELL_BABY} THEN 'well baby'
                WHEN e.admidate IS NULL THEN 'no date of admission'
                WHEN e.admimeth IS NULL THEN 'no method of admission'
                WHEN e.tretspef IS NULL THEN 'no treatment specialty'
                WHEN e.classpat IS NULL OR e.classpat NOT IN ('1', '2', '3', '4', '5')
                    THEN 'patient class is not 1 to 5'
            END AS reason
        FROM raw_apc e"""
    )
    con.execute(_SPELL_ROW)
    con.execute(
        f"""CREATE OR REPLACE TABLE set_aside_apc AS
        SELECT row_id, reason FROM episode WHERE reason IS NOT NULL
        UNION ALL
        SELECT row_id, '{_NOT_THE_LAST}' FROM episode WHERE reason IS NULL
            AND row_id NOT IN (SELECT row_id FROM spell_row)
        UNION ALL
        SELECT row_id, reason FROM (
            SELECT row_id, CASE
                WHEN NOT is_last THEN '{_NOT_THE_LAST}'
                WHEN discharged IS NULL THEN 'no date of discharge'
                WHEN discharged < admidate THEN 'discharge before admission'
                WHEN age IS NULL THEN '{AGE}'
                WHEN nights IS NULL OR nights < 0 THEN 'length of stay is not known'
                WHEN nights > {_LONGEST_STAY} AND tretspef NOT LIKE '7%'
                    AND coalesce(mainspef, '') NOT LIKE '7%' AND coalesce(epiorder, 1) < 10
                    THEN 'stay of more than {_LONGEST_STAY} nights'
            END AS reason FROM spell_row WHERE reason IS NULL
        ) WHERE reason IS NOT NULL"""
    )
    staged_view(con, "apc")
    _codes(con, codes)
    con.execute(_SPELLS)
    con.execute(_PAST_STAYS)


# A healthy newborn, who needs no care of a hospital's own: by the flag, the HRG, or the specialty.
# An empty flag says nothing, and the other two signs decide.
_WELL_BABY = """(coalesce(e.well_baby_ind, 'N') = 'Y' OR coalesce(e.sushrg, '') = 'PB03Z'
    OR (coalesce(e.tretspef, '') = '424' AND coalesce(e.epitype, '') = '3'))"""

# A spell ends with the last of its episodes; a flag that says so counts more than the order.
_LAST_FIRST = """coalesce(spelend IN ('Y', '1'), false) DESC, epiorder DESC NULLS LAST,
    epiend DESC NULLS LAST, epikey DESC"""

# One row an episode that tells of a stay, also of those that are set aside for what else they
# lack: a stay that is not counted is still in the person's past. An episode that can be counted
# stands before those that cannot. The discharge is the last episode's own; where it has none, or
# one before the admission, that of another episode serves, if the last one was not still going on.
# One window serves all of it, so that the episodes are sorted once.
_SPELL_ROW = f"""
CREATE OR REPLACE TEMP TABLE spell_row AS
SELECT *, coalesce(speldur, date_diff('day', admidate, discharged)) AS nights
FROM (
    SELECT *, epikey = coalesce(standing, stay) AS is_last,
        coalesce(
            CASE WHEN disdate >= admidate THEN disdate END,
            CASE WHEN latest >= greatest(admidate, coalesce(epistart, admidate),
                coalesce(epiend, admidate)) THEN latest END,
            disdate) AS discharged
    FROM (
        SELECT *, first_value(well_baby) OVER spell AS ends_as_well_baby,
            first_value(epikey) OVER spell AS last_epikey,
            first_value(reason) OVER spell AS last_reason,
            first_value(CASE WHEN reason IS NULL THEN epikey END IGNORE NULLS) OVER spell
                AS standing,
            first_value(CASE WHEN tells THEN epikey END IGNORE NULLS) OVER spell AS stay,
            max(CASE WHEN finished THEN disdate END) OVER spell AS latest,
            bool_or(reason IS NULL AND coalesce(epitype IN ('2', '5'), false)
                AND NOT coalesce(delplac IN ('1', '5', '6'), false)
                AND classpat NOT IN ('3', '4')) OVER spell AS delivery
        FROM (
            SELECT *, finished AND NOT well_baby AND admidate IS NOT NULL AS tells
            FROM episode WHERE single
        )
        WINDOW spell AS (PARTITION BY recorded, spell ORDER BY {_LAST_FIRST}
            ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ) WHERE tells AND NOT ends_as_well_baby
)
"""

# What rules look back on: every stay with its person and days, whether it is counted or not.
_PAST_STAYS = """
CREATE OR REPLACE TABLE past_stays AS
SELECT epikey AS rn, person_id, admidate, discharged AS disdate FROM spell_row
WHERE is_last AND person_id IS NOT NULL AND discharged >= admidate
"""

_NO_SPELLS = """
CREATE OR REPLACE TABLE spells (fyear INTEGER, procode3 VARCHAR, rn VARCHAR, person_id VARCHAR,
    age INTEGER, age_group VARCHAR, sex INTEGER, admimeth VARCHAR, classpat VARCHAR,
    speldur INTEGER, dismeth VARCHAR, admidate DATE, disdate DATE, tretspef VARCHAR,
    mainspef VARCHAR, tretspef_grouped VARCHAR, "group" VARCHAR, ndggrp VARCHAR,
    demog_type VARCHAR, hsagrp VARCHAR, pod VARCHAR, icb VARCHAR, is_main_icb BOOLEAN,
    is_wla BOOLEAN, has_procedure BOOLEAN, maternity_delivery_in_spell BOOLEAN,
    imd_quintile INTEGER, sushrg VARCHAR, sushrg_trimmed VARCHAR, sitetret VARCHAR,
    lsoa11 VARCHAR, lad VARCHAR, admihour INTEGER, dishour INTEGER, theatre_minutes INTEGER,
    diagnosis VARCHAR, procedure VARCHAR, procedure_date DATE);
CREATE OR REPLACE TABLE past_stays (rn VARCHAR, person_id VARCHAR, admidate DATE, disdate DATE);
CREATE OR REPLACE TABLE spell_diagnoses (rn VARCHAR, diag_order INTEGER, diagnosis VARCHAR);
CREATE OR REPLACE TABLE spell_procedures (rn VARCHAR, procedure_order INTEGER,
    procedure_code VARCHAR, procedure_date DATE);
"""

# The maternity and birth tests of the NHP model's pipeline; its two specialties (main and
# treatment) are kept apart as there.
_SPELLS = f"""
CREATE OR REPLACE TABLE spells AS
WITH base AS (
    SELECT r.*, {YEAR_OF.format("r.discharged")} AS fyear,
        r.sex = 2 AND r.age BETWEEN 13 AND 55 AS woman,
        coalesce(r.mainspef, r.tretspef) AS main_specialty,
        d.diagnosis, p.procedure_code, p.procedure_date
    FROM spell_row r
    LEFT JOIN spell_diagnoses d ON d.rn = r.epikey AND d.diag_order = 1
    LEFT JOIN spell_procedures p ON p.rn = r.epikey AND p.procedure_order = 1
    WHERE r.is_last AND r.row_id NOT IN (SELECT row_id FROM set_aside_apc)
), grouped AS (
    SELECT *, CASE
            WHEN woman AND (tretspef IN ('501', '560') OR admimeth LIKE '3%') THEN 'maternity'
            WHEN admimeth LIKE '1%' THEN 'elective' ELSE 'non-elective' END AS kind,
        admimeth IN ('82', '83') AND age = 0 AS newborn
    FROM base
)
SELECT fyear, procode3, epikey AS rn, person_id, age::INTEGER AS age, a.age_group, sex, admimeth,
    classpat, nights::INTEGER AS speldur, dismeth, admidate, discharged AS disdate,
    grouped.tretspef, main_specialty AS mainspef,
    coalesce(t.tretspef_grouped, 'Other') AS tretspef_grouped,
    kind AS "group",
    CASE WHEN newborn THEN 'maternity' ELSE kind END AS ndggrp,
    CASE WHEN newborn OR kind = 'maternity' THEN 'births' ELSE 'demographics' END AS demog_type,
    CASE
        WHEN classpat IN ('3', '4') THEN 'reg'
        WHEN admimeth IN ('82', '83') THEN 'birth'
        WHEN main_specialty = '420' THEN 'paeds'
        WHEN woman AND (admimeth LIKE '3%' OR main_specialty IN ('501', '560')) THEN 'maternity'
        WHEN admimeth LIKE '2%' THEN 'emerg'
        WHEN admimeth = '81' THEN 'transfer'
        WHEN admimeth IN ('11', '12', '13') AND classpat = '1' THEN 'ordelec'
        WHEN admimeth IN ('11', '12', '13') AND classpat = '2' THEN 'daycase'
        ELSE 'unknown' END AS hsagrp,
    CASE classpat
        WHEN '2' THEN 'ip_elective_daycase' WHEN '3' THEN 'ip_regular_day_attender'
        WHEN '4' THEN 'ip_regular_night_attender' ELSE 'ip_' || kind || '_admission' END AS pod,
    icb, false AS is_main_icb, admimeth = '11' AS is_wla,
    coalesce(NOT regexp_matches(procedure_code, '{NOT_AN_OPERATION}'), false) AS has_procedure,
    delivery AS maternity_delivery_in_spell, imd_quintile, sushrg,
    left(sushrg, 4) AS sushrg_trimmed, coalesce(sitetret, recorded) AS sitetret, lsoa11, lad,
    hour(admitime)::INTEGER AS admihour, hour(distime)::INTEGER AS dishour,
    theatre_minutes::INTEGER AS theatre_minutes,
    diagnosis, procedure_code AS procedure, procedure_date
FROM grouped JOIN age_groups a USING (age)
LEFT JOIN specialty_groups t ON t.tretspef = grouped.tretspef
ORDER BY fyear, procode3, rn
"""


def _long_form(con: DuckDBPyConnection, what: str) -> str:
    """Give the SQL of an episode's codes: key, order, code (and date), from either form."""
    wide, long, code, order = (
        ("diag", "apc_diagnoses", "diagnosis", "diag_order")
        if what == "diagnosis"
        else ("opertn", "apc_procedures", "procedure_code", "procedure_order")
    )
    there = {row[0] for row in con.execute("DESCRIBE raw_apc").fetchall()}
    parts = []
    for number in range(1, 100):
        column = f"{wide}_{number:02d}"
        if column in there:
            dated = f"opdate_{number:02d}" if f"opdate_{number:02d}" in there else "NULL::DATE"
            parts.append(
                f"SELECT rowid AS row_id, {number} AS place, {column} AS code, "
                f"{dated if what == 'procedure' else 'NULL::DATE'} AS on_date "
                f"FROM raw_apc WHERE {column} IS NOT NULL"
            )
    if has(con, f"raw_{long}"):
        dated = "l.procedure_date" if what == "procedure" else "NULL::DATE"
        parts.append(
            f"SELECT r.rowid, l.{order}::INTEGER, l.{code}, {dated} FROM raw_{long} l "
            f"JOIN raw_apc r ON r.epikey = l.epikey WHERE l.{code} IS NOT NULL"
        )
    return " UNION ALL ".join(parts) or (
        "SELECT 0 AS row_id, 1 AS place, '' AS code, NULL::DATE AS on_date WHERE false"
    )


def _codes(con: DuckDBPyConnection, codes: CodesOf) -> None:
    """Make a spell's diagnoses and procedures, each code once, numbered from 1.

    Spells that are set aside have theirs too: they are in their person's past.

    The primary diagnosis of a spell is that of its first episode, the reason of admission; its
    primary procedure the first of the first episode that has one.
    """
    only_last = "AND e.is_last" if codes == "last episode" else ""
    for what, table, order, code in (
        ("diagnosis", "spell_diagnoses", "diag_order", "diagnosis"),
        ("procedure", "spell_procedures", "procedure_order", "procedure_code"),
    ):
        date = ", on_date AS procedure_date" if what == "procedure" else ""
        # Without a first-placed code in the first episode there is no primary diagnosis.
        shift = "" if what == "procedure" else " + (first_value(place) OVER spell > 1)::INT"
        con.execute(
            f"""CREATE OR REPLACE TABLE {table} AS
            WITH held AS ({_long_form(con, what)}), of_spell AS (
                SELECT l.epikey AS rn, h.code, h.on_date, h.place,
                    row_number() OVER (PARTITION BY l.epikey, h.code
                        ORDER BY e.epiorder NULLS LAST, e.epiend NULLS LAST, e.epikey, h.place)
                        AS again,
                    row_number() OVER (PARTITION BY l.epikey
                        ORDER BY e.epiorder NULLS LAST, e.epiend NULLS LAST, e.epikey, h.place)
                        AS rank
                FROM held h JOIN spell_row e ON e.row_id = h.row_id {only_last}
                JOIN spell_row l ON l.procode3 IS NOT DISTINCT FROM e.procode3
                    AND l.spell = e.spell AND l.is_last
                    AND (e.reason IS NULL OR l.reason IS NOT NULL)
            )
            SELECT rn, (row_number() OVER spell{shift})::INTEGER AS {order}, code AS {code}{date}
            FROM of_spell WHERE again = 1
            WINDOW spell AS (PARTITION BY rn ORDER BY rank)
            ORDER BY rn, {order}"""
        )
