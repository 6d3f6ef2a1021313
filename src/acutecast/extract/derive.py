"""Episodes to spells, appointments and arrivals to counts: the derivations, in SQL.

Source of the derivations: the NHP demand model's data pipeline
(github.com/The-Strategy-Unit/nhp_data, MIT), HES and ECDS definitions of the NHS Data Dictionary.
docs/method/extract.md lists them, and where ours depart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from acutecast import facts
from acutecast.extract.contacts import flag_sql
from acutecast.extract.day_procedures import NOT_AN_OPERATION
from acutecast.extract.rules import RuleSet
from acutecast.extract.sql import load_rows, one_row
from acutecast.facts.specialties import specialty_group

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

CodesOf = Literal["spell", "last episode"]

# Why a record is not counted, in the order in which reasons are looked for; the first one counts.
_SEX = "sex is not 1 or 2"
_AGE = "age is missing or not from 0 to 120"
_PROVIDER = "provider is missing"
_LONGEST_STAY = 730

_YEAR_OF = "CAST(year({0}) - (month({0}) < 4)::INT AS INTEGER)"
_AGES = """CASE WHEN {0} BETWEEN 7001 AND 7007 THEN 0 WHEN {0} BETWEEN 0 AND 120
    THEN least({0}, 90) END"""
# A trust's code has three characters; with a site's two behind it ("RXX00") it is still the trust.
_TRUST = """CASE WHEN regexp_full_match(procode3, 'R[A-Z0-9]{4}') THEN left(procode3, 3)
    ELSE procode3 END"""
_QUINTILE = "CAST(coalesce(imd_quintile, ceil(imd_decile / 2.0)) AS INTEGER)"


def _has(con: DuckDBPyConnection, table: str) -> bool:
    sql = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?"
    return bool(one_row(con, sql, [table])[0])


def derive(con: DuckDBPyConnection, rules: RuleSet, *, codes: CodesOf, hours: bool) -> None:
    """Make the derived tables from the `raw_` ones.

    Makes `spells`, `spell_diagnoses`, `spell_procedures`, `attendance_cells`, `arrivals`,
    `outpatient_procedures`, and a view `staged_<record>` of each kind of record with the reason why
    a row is set aside (null where it is kept).

    Args:
        con: the database, with what `staging` made.
        rules: the flags of outpatient and emergency rows come from here.
        codes: "spell" for the codes of all episodes of a spell, the reason of admission first;
            "last episode" for those of the last one alone, as the NHP model has them.
        hours: keep arrivals apart by hour.
    """
    _lookups(con)
    _inpatients(con, codes)
    _outpatients(con, rules)
    _emergency(con, rules, hours=hours)
    _main_boards(con)


def _lookups(con: DuckDBPyConnection) -> None:
    if not _has(con, "ccg_to_icb"):
        con.execute("CREATE TABLE ccg_to_icb (ccg VARCHAR, icb VARCHAR)")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE board_of AS "
        "SELECT upper(ccg) AS ccg, min(icb) AS icb FROM ccg_to_icb GROUP BY 1"
    )
    ages = facts.age_group_of_age()
    load_rows(con, "age_groups", {"age": "INTEGER", "age_group": "VARCHAR"}, list(enumerate(ages)))
    used = set()
    for record in ("apc", "opa"):
        if _has(con, f"raw_{record}"):
            used |= {
                row[0]
                for row in con.execute(f"SELECT DISTINCT tretspef FROM raw_{record}").fetchall()
            }
    load_rows(
        con, "specialty_groups", {"tretspef": "VARCHAR", "tretspef_grouped": "VARCHAR"},
        sorted((code, specialty_group(code)) for code in used if code),
    )  # fmt: skip


def _board(table: str) -> str:
    """Give the SQL of the integrated care board: given, or by residence, or by practice."""
    return (
        f"coalesce({table}.icb, "
        f"(SELECT icb FROM board_of WHERE ccg = {table}.ccg_residence), "
        f"(SELECT icb FROM board_of WHERE ccg = {table}.ccg_responsibility))"
    )


def _duplicates(con: DuckDBPyConnection, record: str, key: str) -> str:
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


def _staged_view(con: DuckDBPyConnection, record: str) -> None:
    con.execute(
        f"""CREATE OR REPLACE VIEW staged_{record} AS
        SELECT r.*, s.reason FROM raw_{record} r
        LEFT JOIN set_aside_{record} s ON s.row_id = r.rowid"""
    )


def _inpatients(con: DuckDBPyConnection, codes: CodesOf) -> None:
    if not _has(con, "raw_apc"):
        con.execute(_NO_SPELLS)
        return
    repeated = _duplicates(con, "apc", "epikey")
    # First what a row's own columns say; then which episode stands for its spell.
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE episode AS
        SELECT e.rowid AS row_id, e.epikey, e.person_id, {_TRUST} AS procode3,
            e.sitetret, {_AGES.format("coalesce(e.admiage, e.startage)")} AS age,
            try_cast(e.sex AS INTEGER) AS sex, e.admimeth, e.classpat, e.mainspef, e.tretspef,
            e.admidate, e.admitime, e.disdate, e.distime, e.epiend, e.speldur, e.epitype,
            e.epiorder, e.spelend, e.dismeth, e.lsoa11, e.lad, {_QUINTILE} AS imd_quintile,
            {_board("e")} AS icb, e.sushrg, e.theatre_minutes, e.epistat, e.delplac,
            CASE
                WHEN e.susspellid IS NOT NULL THEN 's' || e.susspellid
                WHEN e.person_id IS NOT NULL
                    THEN 'p' || e.person_id || ' ' || coalesce(e.admidate::VARCHAR, '')
                ELSE 'e' || coalesce(e.epikey, e.rowid::VARCHAR)
            END AS spell,
            CASE
                WHEN e.epikey IS NULL THEN 'the key is missing'
                WHEN e.rowid IN (SELECT row_id FROM {repeated}) THEN 'the key is there already'
                WHEN e.procode3 IS NULL THEN '{_PROVIDER}'
                WHEN e.sex IS NULL OR e.sex NOT IN ('1', '2') THEN '{_SEX}'
                WHEN coalesce(e.epistat, '3') <> '3' THEN 'the episode is not finished'
                WHEN coalesce(e.well_baby_ind, 'N') = 'Y' OR coalesce(e.sushrg, '') = 'PB03Z'
                    OR (e.tretspef = '424' AND coalesce(e.epitype, '') = '3') THEN 'well baby'
                WHEN e.admidate IS NULL THEN 'no date of admission'
                WHEN e.admimeth IS NULL THEN 'no method of admission'
                WHEN e.tretspef IS NULL THEN 'no treatment specialty'
                WHEN e.classpat IS NULL OR e.classpat NOT IN ('1', '2', '3', '4', '5')
                    THEN 'patient class is not 1 to 5'
            END AS reason
        FROM raw_apc e"""
    )
    # A spell ends with the last of its episodes; a flag that says so counts more than the order.
    con.execute(
        """CREATE OR REPLACE TEMP TABLE spell_row AS
        SELECT *, coalesce(speldur, date_diff('day', admidate, discharged)) AS nights
        FROM (
            SELECT *,
                row_number() OVER w = 1 AS is_last,
                min(admidate) OVER s AS admitted, max(disdate) OVER s AS discharged,
                bool_or(coalesce(epitype IN ('2', '5'), false)
                    AND NOT coalesce(delplac IN ('1', '5', '6'), false)
                    AND classpat NOT IN ('3', '4')) OVER s AS delivery
            FROM episode WHERE reason IS NULL
            WINDOW w AS (PARTITION BY procode3, spell ORDER BY
                    coalesce(spelend IN ('Y', '1'), false) DESC, epiorder DESC NULLS LAST,
                    epiend DESC NULLS LAST, epikey DESC),
                s AS (PARTITION BY procode3, spell)
        )"""
    )
    con.execute(
        f"""CREATE OR REPLACE TABLE set_aside_apc AS
        SELECT row_id, reason FROM episode WHERE reason IS NOT NULL
        UNION ALL
        SELECT row_id, reason FROM (
            SELECT row_id, CASE
                WHEN NOT is_last THEN 'another episode of a spell that is counted or set aside'
                WHEN discharged IS NULL THEN 'no date of discharge'
                WHEN discharged < admidate THEN 'discharge before admission'
                WHEN age IS NULL THEN '{_AGE}'
                WHEN nights IS NULL OR nights < 0 THEN 'length of stay is not known'
                WHEN nights > {_LONGEST_STAY} AND tretspef NOT LIKE '7%'
                    AND coalesce(mainspef, '') NOT LIKE '7%' AND coalesce(epiorder, 1) < 10
                    THEN 'stay of more than {_LONGEST_STAY} nights'
            END AS reason FROM spell_row
        ) WHERE reason IS NOT NULL"""
    )
    _staged_view(con, "apc")
    _codes(con, codes)
    con.execute(_SPELLS)


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
CREATE OR REPLACE TABLE spell_diagnoses (rn VARCHAR, diag_order INTEGER, diagnosis VARCHAR);
CREATE OR REPLACE TABLE spell_procedures (rn VARCHAR, procedure_order INTEGER,
    procedure_code VARCHAR, procedure_date DATE);
"""

# The maternity and birth tests of the NHP model's pipeline; its two specialties (main and
# treatment) are kept apart as there.
_SPELLS = f"""
CREATE OR REPLACE TABLE spells AS
WITH base AS (
    SELECT r.*, {_YEAR_OF.format("r.discharged")} AS fyear,
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
    left(sushrg, 4) AS sushrg_trimmed, coalesce(sitetret, procode3) AS sitetret, lsoa11, lad,
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
    if _has(con, f"raw_{long}"):
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
        shift = "" if what == "procedure" else " + (min(place) OVER spell > 1)::INT"
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
                JOIN spell_row l ON l.procode3 = e.procode3 AND l.spell = e.spell AND l.is_last
            )
            SELECT rn, (row_number() OVER spell{shift})::INTEGER AS {order}, code AS {code}{date}
            FROM of_spell WHERE again = 1
            WINDOW spell AS (PARTITION BY rn ORDER BY rank)
            ORDER BY rn, {order}"""
        )


def _outpatients(con: DuckDBPyConnection, rules: RuleSet) -> None:
    if not _has(con, "raw_opa"):
        con.execute(_NO_ATTENDANCES)
        return
    repeated = _duplicates(con, "opa", "attendkey")
    kind = """coalesce(atentype, CASE WHEN attended IN ('5', '6') THEN
        CASE firstatt WHEN '1' THEN '1' WHEN '2' THEN '2' WHEN '3' THEN '21' WHEN '4' THEN '22' END
        WHEN attended IS NOT NULL THEN 'not attended' END)"""
    con.execute(
        f"""CREATE OR REPLACE TABLE set_aside_opa AS SELECT row_id, reason FROM (
            SELECT rowid AS row_id, CASE
                WHEN attendkey IS NULL THEN 'the key is missing'
                WHEN rowid IN (SELECT row_id FROM {repeated}) THEN 'the key is there already'
                WHEN procode3 IS NULL THEN '{_PROVIDER}'
                WHEN sex IS NULL OR sex NOT IN ('1', '2') THEN '{_SEX}'
                WHEN coalesce({kind}, '') NOT IN ('1', '2', '21', '22')
                    THEN 'not attended, or not known whether first or follow-up'
                WHEN apptdate IS NULL THEN 'no date of appointment'
                WHEN tretspef IS NULL THEN 'no treatment specialty'
                WHEN {_AGES.format("apptage")} IS NULL THEN '{_AGE}'
            END AS reason FROM raw_opa
        ) WHERE reason IS NOT NULL"""
    )
    _staged_view(con, "opa")
    # Private and consultant codes 180 and 190 to 192 are medical though they begin with 1.
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW appointment AS
        SELECT *, {kind} AS kind, {_AGES.format("apptage")} AS age_used,
            CASE
                WHEN tretspef IN ('424', '501', '505', '560') THEN 'maternity'
                ELSE (CASE WHEN apptage BETWEEN 18 AND 7000 THEN 'adult_' ELSE 'child_' END)
                    || (CASE WHEN tretspef LIKE '1%'
                            AND tretspef NOT IN ('180', '190', '191', '192')
                        THEN 'surgical' ELSE 'non-surgical' END)
            END AS type,
            {kind} IN ('1', '2') AS face_to_face
        FROM staged_opa WHERE reason IS NULL"""
    )
    flags = {name: flag_sql(flag) for (on, name), flag in rules.flags.items() if on == "opa"}
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE attendance AS
        SELECT {_YEAR_OF.format("apptdate")} AS fyear, {_TRUST} AS procode3,
            age_used::INTEGER AS age, try_cast(sex AS INTEGER) AS sex, type, face_to_face,
            {", ".join(f"{sql} AS {name}" for name, sql in flags.items())},
            tretspef, {_board("appointment")} AS icb, coalesce(sitetret, {_TRUST})
                AS sitetret, sex = '2' AND age_used BETWEEN 13 AND 55
                AND tretspef IN ('501', '560') AS pregnant,
            CASE WHEN {flags["has_procedures"]} THEN left(sushrg, 4) END AS sushrg_trimmed,
            CASE WHEN {flags["has_procedures"]} THEN {_QUINTILE} END AS imd_quintile,
            opertn_01
        FROM appointment"""
    )
    con.execute(
        """CREATE OR REPLACE TABLE outpatient_procedures AS
        SELECT opertn_01 AS procedure_code, count(*) AS n FROM attendance
        WHERE has_procedures AND opertn_01 IS NOT NULL GROUP BY 1 ORDER BY 1"""
    )
    con.execute(_ATTENDANCE_CELLS)
    con.execute("DROP TABLE attendance")


_ATTENDANCE_CELLS = """
CREATE OR REPLACE TABLE attendance_cells AS
SELECT c.fyear, c.procode3, c.age, a.age_group, c.sex, c.type, c.is_first, c.has_procedures,
    c.is_gp_ref, c.is_cons_cons_ref, c.tretspef,
    coalesce(t.tretspef_grouped, 'Other') AS tretspef_grouped, c.icb, c.sitetret,
    CASE WHEN c.has_procedures THEN 'procedure' WHEN c.is_first THEN 'first' ELSE 'followup' END
        AS "group",
    CASE WHEN c.pregnant THEN 'births' ELSE 'demographics' END AS demog_type,
    c.sushrg_trimmed, c.imd_quintile, c.attendances, c.tele_attendances
FROM (
    SELECT fyear, procode3, age, sex, type, is_first, has_procedures, is_gp_ref, is_cons_cons_ref,
        tretspef, icb, sitetret, pregnant, sushrg_trimmed, imd_quintile,
        count(*) FILTER (WHERE face_to_face) AS attendances,
        count(*) FILTER (WHERE NOT face_to_face) AS tele_attendances
    FROM attendance GROUP BY ALL
) c JOIN age_groups a USING (age) LEFT JOIN specialty_groups t USING (tretspef)
"""

_NO_ATTENDANCES = """
CREATE OR REPLACE TABLE attendance_cells (fyear INTEGER, procode3 VARCHAR, age INTEGER,
    age_group VARCHAR, sex INTEGER, type VARCHAR, is_first BOOLEAN, has_procedures BOOLEAN,
    is_gp_ref BOOLEAN, is_cons_cons_ref BOOLEAN, tretspef VARCHAR, tretspef_grouped VARCHAR,
    icb VARCHAR, sitetret VARCHAR, "group" VARCHAR, demog_type VARCHAR, sushrg_trimmed VARCHAR,
    imd_quintile INTEGER, attendances BIGINT, tele_attendances BIGINT);
CREATE OR REPLACE TABLE outpatient_procedures (procedure_code VARCHAR, n BIGINT);
"""

# ECDS acuity (SNOMED CT; NHS England, ECDS technical output specification).
_ACUITY = {
    "1064891000000107": "immediate-resuscitation",
    "1064911000000105": "very-urgent",
    "1064901000000108": "urgent",
    "1077241000000103": "standard",
    "1077251000000100": "non-urgent",
}
_ARRIVAL_COLUMNS = (
    "key", "person_id", "procode3", "sitetret", "arrival_date", "arrival_time", "age", "sex",
    "department", "acuity", "category", "icb",
)  # fmt: skip


def _emergency(con: DuckDBPyConnection, rules: RuleSet, *, hours: bool) -> None:
    parts = []
    for record in ("ecds", "ae"):
        if _has(con, f"raw_{record}"):
            parts.append(_arrivals_sql(con, record, rules))
    if not parts:
        con.execute(_NO_ARRIVALS)
        return
    hour = ", hour(arrival_time)::INTEGER AS arrival_hour" if hours else ""
    con.execute(
        f"""CREATE OR REPLACE TABLE arrivals AS
        SELECT {_YEAR_OF.format("arrival_date")} AS fyear, procode3, age, any_value(age_group)
            AS age_group, sex, "group", "group" AS ndggrp, 'demographics' AS demog_type,
            'aae_' || (CASE WHEN age >= 18 THEN 'adult_' ELSE 'child_' END) || "group" AS hsagrp,
            'aae_type-' || lpad(department, 2, '0') AS pod, 'Other' AS tretspef_grouped, icb,
            false AS is_main_icb, is_ambulance, is_frequent_attender, is_left_before_treatment,
            is_low_cost_referred_or_discharged, is_discharged_no_treatment, acuity,
            category AS attendance_category, sitetret{hour}, count(*) AS arrivals
        FROM (
            SELECT *, CASE WHEN is_ambulance THEN 'ambulance' ELSE 'walk-in' END AS "group"
            FROM ({" UNION ALL BY NAME ".join(parts)})
        ) JOIN age_groups USING (age)
        GROUP BY ALL"""
    )


_NO_ARRIVALS = """
CREATE OR REPLACE TABLE arrivals (fyear INTEGER, procode3 VARCHAR, age INTEGER, age_group VARCHAR,
    sex INTEGER, "group" VARCHAR, ndggrp VARCHAR, demog_type VARCHAR, hsagrp VARCHAR, pod VARCHAR,
    tretspef_grouped VARCHAR, icb VARCHAR, is_main_icb BOOLEAN, is_ambulance BOOLEAN,
    is_frequent_attender BOOLEAN, is_left_before_treatment BOOLEAN,
    is_low_cost_referred_or_discharged BOOLEAN, is_discharged_no_treatment BOOLEAN,
    acuity VARCHAR, attendance_category VARCHAR, sitetret VARCHAR, arrivals BIGINT);
"""


def _arrivals_sql(con: DuckDBPyConnection, record: str, rules: RuleSet) -> str:
    """Set rows aside and give the SQL of those that are kept, alike in both forms."""
    new = record == "ecds"
    key, day, clock, age, department, category = (
        ("ec_ident", "arrival_date", "arrival_time", "age_at_arrival", "ec_department_type",
         "ec_attendancecategory")
        if new
        else ("aekey", "arrivaldate", "arrivaltime", "activage", "aedepttype", "aeattendcat")
    )  # fmt: skip
    repeated = _duplicates(con, record, key)
    con.execute(
        f"""CREATE OR REPLACE TABLE set_aside_{record} AS SELECT row_id, reason FROM (
            SELECT rowid AS row_id, CASE
                WHEN {key} IS NULL THEN 'the key is missing'
                WHEN rowid IN (SELECT row_id FROM {repeated}) THEN 'the key is there already'
                WHEN procode3 IS NULL THEN '{_PROVIDER}'
                WHEN sex IS NULL OR sex NOT IN ('1', '2') THEN '{_SEX}'
                WHEN {day} IS NULL THEN 'no date of arrival'
                WHEN NOT coalesce(regexp_full_match({department}, '0?[1-5]'), false)
                    THEN 'department type is not 1 to 5'
                WHEN {_AGES.format(age)} IS NULL THEN '{_AGE}'
            END AS reason FROM raw_{record}
        ) WHERE reason IS NOT NULL"""
    )
    _staged_view(con, record)
    acuity = "NULL::VARCHAR"
    if new:
        cases = " ".join(f"WHEN '{code}' THEN '{name}'" for code, name in _ACUITY.items())
        acuity = f"CASE ec_acuity_snomed_ct {cases} END"
    flags = {
        name: flag_sql(flag)
        for (on, name), flag in rules.flags.items()
        if on == record and "attendances_before" not in flag.where
    }
    # The person's earlier attendances may be of the older form.
    often = [
        flag.where["attendances_before"]
        for (on, name), flag in rules.flags.items()
        if name == "is_frequent_attender" and on in (record, "ecds")
    ]
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW kept_{record} AS
        SELECT *, {_AGES.format(age)}::INTEGER AS age_used FROM staged_{record}
        WHERE reason IS NULL"""
    )
    frequent = "false"
    if often:
        _frequent(con, record, often[0])
        frequent = f"{key} IN (SELECT key FROM frequent_{record})"
    return f"""SELECT {_TRUST} AS procode3, coalesce(sitetret, {_TRUST})
            AS sitetret, {day} AS arrival_date, {clock} AS arrival_time, age_used AS age,
            try_cast(sex AS INTEGER) AS sex, {department} AS department, {acuity} AS acuity,
            {category} AS category, {_board(f"kept_{record}")} AS icb,
            {", ".join(f"{sql} AS {name}" for name, sql in flags.items())},
            {frequent} AS is_frequent_attender
        FROM kept_{record}"""


def _frequent(con: DuckDBPyConnection, record: str, asked: dict) -> None:
    """Find attendances of people who came often in the days before, whichever form says so."""
    histories = []
    for other, key, day, category in (
        ("ecds", "ec_ident", "arrival_date", "ec_attendancecategory"),
        ("ae", "aekey", "arrivaldate", "aeattendcat"),
    ):
        if _has(con, f"raw_{other}"):
            histories.append(
                f"SELECT {key} AS key, person_id, {day} AS day, '{other}' AS record "
                f"FROM raw_{other} WHERE person_id IS NOT NULL AND {day} IS NOT NULL "
                f"AND {category} = '{asked.get('category', '1')}'"
            )
    # Counting backwards in a window needs one sort; a join of people with themselves does not end.
    con.execute(
        f"""CREATE OR REPLACE TABLE frequent_{record} AS
        SELECT key FROM (
            SELECT key, record, count(*) OVER (PARTITION BY person_id ORDER BY day
                RANGE BETWEEN INTERVAL {int(asked["days"])} DAY PRECEDING
                AND INTERVAL 1 DAY PRECEDING) AS before
            FROM ({" UNION ALL ".join(histories)})
        ) WHERE record = '{record}' AND before >= {int(asked["at_least"])}"""
    )


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
