"""Appointments and arrivals to counts, with the flags that rules rest on, in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from acutecast.extract.contacts import conditions_sql
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
from acutecast.extract.rules import RuleSet
from acutecast.extract.sql import has, named, quoted
from acutecast.extract.unknown import mark_contacts, told_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def derive_attendances(con: DuckDBPyConnection, rules: RuleSet) -> None:
    """Make `attendance_cells`, appointments counted by all that tells them apart."""
    if not has(con, "raw_opa"):
        con.execute(_NO_ATTENDANCES)
        return
    repeated = repeated_keys(con, "opa", "attendkey")
    kind = """coalesce(atentype, CASE WHEN attended IN ('5', '6') THEN
        CASE firstatt WHEN '1' THEN '1' WHEN '2' THEN '2' WHEN '3' THEN '21' WHEN '4' THEN '22' END
        WHEN attended IS NOT NULL THEN 'not attended' END)"""
    con.execute(
        f"""CREATE OR REPLACE TABLE set_aside_opa AS SELECT row_id, reason FROM (
            SELECT rowid AS row_id, CASE
                WHEN attendkey IS NULL THEN '{NO_KEY}'
                WHEN rowid IN (SELECT row_id FROM {repeated}) THEN '{REPEATED}'
                WHEN {NO_PROVIDER} THEN '{PROVIDER}'
                WHEN {NO_CODE} THEN '{CODE}'
                WHEN sex IS NULL OR sex NOT IN ('1', '2') THEN '{SEX}'
                WHEN coalesce({kind}, '') NOT IN ('1', '2', '21', '22')
                    THEN 'not attended, or not known whether first or follow-up'
                WHEN apptdate IS NULL THEN 'no date of appointment'
                WHEN tretspef IS NULL THEN 'no treatment specialty'
                WHEN {AGES.format("apptage")} IS NULL THEN '{AGE}'
            END AS reason FROM raw_opa
        ) WHERE reason IS NOT NULL"""
    )
    staged_view(con, "opa")
    # What kind of attendance it was says what the first-attendance code would.
    first = (
        f"CASE {kind} WHEN '1' THEN '1' WHEN '2' THEN '2' WHEN '21' THEN '3' WHEN '22' THEN '4' END"
    )
    # Private and consultant codes 180 and 190 to 192 are medical though they begin with 1.
    con.execute(
        f"""CREATE OR REPLACE TEMP VIEW appointment AS
        SELECT * REPLACE (coalesce(firstatt, {first}) AS firstatt), {kind} AS kind,
            {AGES.format("apptage")} AS age_used,
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
    mark_contacts(con, rules, ("opa",))
    flags = {
        name: told_sql(con, rules, "opa", name, conditions_sql(flag.where))
        for (on, name), flag in rules.flags.items()
        if on == "opa"
    }
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE attendance AS
        SELECT {YEAR_OF.format("apptdate")} AS fyear, {TRUST} AS procode3,
            age_used::INTEGER AS age, try_cast(sex AS INTEGER) AS sex, type, face_to_face,
            {", ".join(f"{sql} AS {name}" for name, sql in flags.items())},
            tretspef, {board_sql("appointment")} AS icb, coalesce(sitetret, {RECORDED})
                AS sitetret, sex = '2' AND age_used BETWEEN 13 AND 55
                AND tretspef IN ('501', '560') AS pregnant,
            CASE WHEN {flags["has_procedures"]} THEN left(sushrg, 4) END AS sushrg_trimmed,
            CASE WHEN {flags["has_procedures"]} THEN {QUINTILE} END AS imd_quintile,
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


class _Form(NamedTuple):
    """What the columns of one form of emergency record are called."""

    key: str
    day: str
    clock: str
    age: str
    department: str
    category: str


_FORMS = {
    "ecds": _Form(
        "ec_ident", "arrival_date", "arrival_time", "age_at_arrival", "ec_department_type",
        "ec_attendancecategory",
    ),
    "ae": _Form("aekey", "arrivaldate", "arrivaltime", "activage", "aedepttype", "aeattendcat"),
}  # fmt: skip


def derive_arrivals(con: DuckDBPyConnection, rules: RuleSet, *, hours: bool) -> None:
    """Make `arrivals` of both forms of emergency record, those that are there."""
    forms = {record: form for record, form in _FORMS.items() if has(con, f"raw_{record}")}
    if not forms:
        con.execute(_NO_ARRIVALS)
        return
    if "ecds" in forms:
        _join_codes(con)
    for record, form in forms.items():
        _set_aside(con, record, form)
    mark_contacts(con, rules, tuple(_FORMS))
    _attendances_of_persons(con, forms)
    parts = [_arrivals_sql(con, record, form, rules) for record, form in forms.items()]
    hour = ", hour(arrival_time)::INTEGER AS arrival_hour" if hours else ""
    con.execute(
        f"""CREATE OR REPLACE TABLE arrivals AS
        SELECT {YEAR_OF.format("arrival_date")} AS fyear, procode3, age, any_value(age_group)
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


def _join_codes(con: DuckDBPyConnection) -> None:
    """Put investigations and treatments of the wide form into the column of all of them."""
    there = [row[0] for row in con.execute("DESCRIBE raw_ecds").fetchall()]
    for joined, wide in (
        ("der_ec_investigation_all", "investigation_"),
        ("der_ec_treatment_all", "treatment_"),
    ):
        columns = ", ".join(named(name) for name in sorted(there) if name.startswith(wide))
        if columns:
            con.execute(
                f"UPDATE raw_ecds SET {joined} = nullif(concat_ws(',', {columns}), '') "
                f"WHERE {joined} IS NULL AND coalesce({columns}) IS NOT NULL"
            )


def _set_aside(con: DuckDBPyConnection, record: str, form: _Form) -> None:
    """Make the view of a form's rows with the reason why one is set aside."""
    repeated = repeated_keys(con, record, form.key)
    con.execute(
        f"""CREATE OR REPLACE TABLE set_aside_{record} AS SELECT row_id, reason FROM (
            SELECT rowid AS row_id, CASE
                WHEN {form.key} IS NULL THEN '{NO_KEY}'
                WHEN rowid IN (SELECT row_id FROM {repeated}) THEN '{REPEATED}'
                WHEN {NO_PROVIDER} THEN '{PROVIDER}'
                WHEN {NO_CODE} THEN '{CODE}'
                WHEN sex IS NULL OR sex NOT IN ('1', '2') THEN '{SEX}'
                WHEN {form.day} IS NULL THEN 'no date of arrival'
                WHEN NOT coalesce(regexp_full_match({form.department}, '0?[1-5]'), false)
                    THEN 'department type is not 1 to 5'
                WHEN {AGES.format(form.age)} IS NULL THEN '{AGE}'
            END AS reason FROM raw_{record}
        ) WHERE reason IS NOT NULL"""
    )
    staged_view(con, record)


def _attendances_of_persons(con: DuckDBPyConnection, forms: dict[str, _Form]) -> None:
    """Gather who came when, in either form, for those who come often.

    An attendance that is not counted, for want of a sex or an age say, still says that the person
    came; one without a key or with another's may be a copy, and is left out.
    """
    parts = [
        f"SELECT '{record}' AS record, {form.key} AS key, person_id, {form.day} AS day, "
        f"{form.category} AS category FROM staged_{record} "
        f"WHERE {form.day} IS NOT NULL AND person_id IS NOT NULL "
        f"AND coalesce(reason, '') NOT IN ('{NO_KEY}', '{REPEATED}')"
        for record, form in forms.items()
    ]
    con.execute(f"CREATE OR REPLACE TEMP TABLE attendance_of_person AS {' UNION ALL '.join(parts)}")


def _arrivals_sql(con: DuckDBPyConnection, record: str, form: _Form, rules: RuleSet) -> str:
    """Give the SQL of a form's rows that are kept, alike in both forms."""
    acuity = "NULL::VARCHAR"
    if record == "ecds":
        cases = " ".join(f"WHEN '{code}' THEN '{name}'" for code, name in _ACUITY.items())
        acuity = f"CASE ec_acuity_snomed_ct {cases} END"
    flags = {
        name: told_sql(con, rules, record, name, _flag_sql(con, record, form, flag.where))
        for (on, name), flag in rules.flags.items()
        if on == record
    }
    return f"""SELECT {TRUST} AS procode3, coalesce(sitetret, {RECORDED}) AS sitetret,
            {form.day} AS arrival_date, {form.clock} AS arrival_time,
            {AGES.format(form.age)}::INTEGER AS age, try_cast(sex AS INTEGER) AS sex,
            {form.department} AS department, {acuity} AS acuity, {form.category} AS category,
            {board_sql(f"staged_{record}")} AS icb,
            {", ".join(f"{sql} AS {name}" for name, sql in flags.items())}
        FROM staged_{record} WHERE reason IS NULL"""


def _flag_sql(con: DuckDBPyConnection, record: str, form: _Form, where: Mapping[str, Any]) -> str:
    """Give the SQL of a flag; the people who come often are found beforehand."""
    plain = {name: value for name, value in where.items() if name != "attendances_before"}
    sql = conditions_sql(plain)
    if "attendances_before" not in where:
        return sql
    asked = where["attendances_before"]
    # Counting backwards in a window needs one sort; a join of people with themselves does not end.
    con.execute(
        f"""CREATE OR REPLACE TABLE frequent_{record} AS
        SELECT key FROM (
            SELECT key, record, count(*) OVER (PARTITION BY person_id ORDER BY day
                RANGE BETWEEN INTERVAL {int(asked["days"])} DAY PRECEDING
                AND INTERVAL 1 DAY PRECEDING) AS before
            FROM attendance_of_person WHERE category = {quoted(str(asked["category"]))}
        ) WHERE record = '{record}' AND before >= {int(asked["at_least"])}"""
    )
    return f"({sql} AND {form.key} IN (SELECT key FROM frequent_{record}))"
