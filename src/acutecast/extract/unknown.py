"""What the records do not tell: TPMAs whose columns a file lacks are neither true nor false.

A rule that asks whether something is *not* there ("neither investigated nor treated") would take
every contact of a file without that column. So each flag and each rule has its columns; where the
files of a provider's year lack them for more than one contact in ten, its TPMAs are not offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from acutecast.extract.derivation_parts import TRUST, YEAR_OF
from acutecast.extract.records import NUMBERED
from acutecast.extract.rules import Rule, RuleSet
from acutecast.extract.sql import has, in_list, load_rows, named, quoted
from acutecast.extract.vocabulary import CODES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# A year's contacts may lack a column to this share; more, and what rests on it is unknown.
# Assumption, the share at which unreadable values are a fault.
MOST_LACKING = 0.1
# A column with nothing in it, in a file of so many rows, is as good as missing (assumption).
_EMPTY_OF = 1_000
_DAY = {"opa": "apptdate", "ecds": "arrival_date", "ae": "arrivaldate"}
# Columns that stand for one another: any of a row's is enough.
_STANDS_FOR = {
    ("ecds", "der_ec_investigation_all"): ("der_ec_investigation_all", "investigation_NN"),
    ("ecds", "der_ec_treatment_all"): ("der_ec_treatment_all", "treatment_NN"),
}
# Kinds of record that hold what a column of episodes may hold.
_LONG_FORM = {
    "diag_NN": ("apc_diagnoses", "diagnosis"),
    "opertn_NN": ("apc_procedures", "procedure_code"),
    "opdate_NN": ("apc_procedures", "procedure_date"),
}
# Columns of episodes that a condition on spells needs, beside those that all episodes have.
SPELL_NEEDS: Mapping[str, tuple[str, ...]] = {
    "admission": (), "admission_method": (), "age": (), "nights": (), "sex": (),
    "patient_class": (),
    "discharge": ("dismeth",),  # but for "not died", below
    **{
        name: ("diag_NN",) if of[0] == "diagnosis" else ("opertn_NN",)
        for name, of in CODES.items()
    },
    "procedures": ("opertn_NN",),
    "operation": ("opertn_NN",),
    "hrg": ("sushrg",),
    "days_to_procedure": ("opertn_NN", "opdate_NN"),
    "readmitted_within": ("person_id",),
    "frailty": ("person_id", "diag_NN"),
    "over_trim_point": ("sushrg",),
    "ambulatory": ("diag_NN", "sushrg"),
    "day_procedure": ("opertn_NN",),
}  # fmt: skip
# Columns of a flag that other columns, which every file has, give where they are missing.
_GIVEN = {"opa": ("kind", "type", "face_to_face", "firstatt", "atentype", "attended")}
_CATEGORY = {"ecds": "ec_attendancecategory", "ae": "aeattendcat"}


def needs_of_flag(record: str, where: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the columns that a flag rests on."""
    needed = [name for name in where if name not in ("says", "attendances_before")]
    if "attendances_before" in where:
        needed += ["person_id", _CATEGORY[record]]
    return tuple(name for name in needed if name not in _GIVEN.get(record, ()))


def needs_of_rule(rule: Rule) -> tuple[str, ...]:
    """Give the columns of episodes that an inpatient rule rests on."""
    conditions = [
        (name, value) for part in (rule.where, *rule.any) for name, value in part.items()
        # Whoever is not said to have died counts as alive, with or without the column.
        if name != "says" and (name, value) != ("discharge", "not died")
    ]  # fmt: skip
    needed = {column for name, _ in conditions for column in SPELL_NEEDS[name]}
    if rule.fraction is not None:
        needed.add("diag_NN")
    return tuple(sorted(needed))


def find_lacking(con: DuckDBPyConnection, rules: RuleSet) -> None:
    """Make `lacking`: record, source_file and column that rules ask for and the file has not.

    A column that has nothing in it in a file of a thousand rows is as good as missing.
    """
    wanted: dict[str, set[str]] = {"apc": set()}
    for (record, _), flag in rules.flags.items():
        wanted.setdefault(record, set()).update(needs_of_flag(record, flag.where))
    for rule in rules.rules.values():
        if rule.activity_type == "ip" and not rule.made_by_projection:
            wanted["apc"].update(needs_of_rule(rule))
    rows: list[tuple[str, str, str]] = []
    for record, columns in wanted.items():
        if has(con, f"raw_{record}") and columns:
            rows += _lacking_of(con, record, sorted(columns))
    described = {"record": "VARCHAR", "source_file": "VARCHAR", "column": "VARCHAR"}
    load_rows(con, "lacking", described, rows)
    con.execute(
        """CREATE OR REPLACE TABLE unknown (activity_type VARCHAR, flag VARCHAR, procode3 VARCHAR,
            fyear INTEGER, share DOUBLE, columns VARCHAR)"""
    )


def _lacking_of(
    con: DuckDBPyConnection, record: str, columns: list[str]
) -> Iterator[tuple[str, str, str]]:
    there = {row[0] for row in con.execute(f"DESCRIBE raw_{record}").fetchall()}
    held: dict[str, set[str]] = {}
    for file, column in con.execute(
        'SELECT source_file, "column" FROM read_columns WHERE record = ?', [record]
    ).fetchall():
        held.setdefault(file, set()).add(column)
    looked = {
        column: [name for form in _STANDS_FOR.get((record, column), (column,))
                 for name in _all_numbers(form, there)]
        for column in columns
    }  # fmt: skip
    filled = ", ".join(
        "count(coalesce(" + ", ".join(f"{named(n)}::VARCHAR" for n in names) + "))"
        if names else "0"
        for names in looked.values()
    )  # fmt: skip
    counts = con.execute(
        f"SELECT source_file, count(*), {filled} FROM raw_{record} GROUP BY 1 ORDER BY 1"
    ).fetchall()
    for file, rows, *with_it in counts:
        for (column, names), n in zip(looked.items(), with_it, strict=True):
            if record == "apc" and column in _LONG_FORM and _long_form(con, column):
                continue
            missing = not held.get(file, set()).intersection(names)
            if missing or (rows >= _EMPTY_OF and not n):
                yield record, file, column


def _all_numbers(column: str, there: set[str]) -> list[str]:
    if NUMBERED not in column:
        return [column] if column in there else []
    return [
        name for name in (column.replace(NUMBERED, f"{i:02d}") for i in range(1, 100))
        if name in there
    ]  # fmt: skip


def _long_form(con: DuckDBPyConnection, column: str) -> bool:
    record, name = _LONG_FORM[column]
    there = con.execute(
        'SELECT count(*) FROM read_columns WHERE record = ? AND "column" = ?', [record, name]
    ).fetchall()
    return there != [(0,)]


def mark_contacts(con: DuckDBPyConnection, rules: RuleSet, records: tuple[str, ...]) -> None:
    """Add to `unknown` the flags of contacts that the records lack columns for.

    Args:
        con: the database, with `lacking` and the views `staged_<record>`.
        rules: the flags.
        records: kinds of record that are counted together: ("opa",), or ("ecds", "ae").
    """
    there = [record for record in records if has(con, f"raw_{record}")]
    activity = "op" if records == ("opa",) else "aae"
    for name in sorted({flag for on, flag in rules.flags if on in there}):
        parts, columns = [], set()
        for record in there:
            lacks = _files_without(con, record, _needs(rules, record, name))
            columns |= {column for found in lacks.values() for column in found}
            parts.append(
                f"SELECT {TRUST} AS trust, {YEAR_OF.format(_DAY[record])} AS fyear, "
                f"{in_list('source_file', sorted(lacks))} AS lacks "
                f"FROM staged_{record} WHERE reason IS NULL"
            )
        if columns:
            con.execute(
                f"""INSERT INTO unknown
                SELECT '{activity}', '{name}', trust, fyear, avg(lacks::INTEGER) AS share,
                    {quoted(", ".join(sorted(columns)))}
                FROM ({" UNION ALL ".join(parts)}) GROUP BY ALL HAVING share > 0"""
            )


def _needs(rules: RuleSet, record: str, name: str) -> tuple[str, ...]:
    flag = rules.flags.get((record, name))
    return needs_of_flag(record, flag.where) if flag is not None else ()


def _files_without(
    con: DuckDBPyConnection, record: str, needed: tuple[str, ...]
) -> dict[str, list[str]]:
    """Give the columns that each file lacks, of those that are needed."""
    result: dict[str, list[str]] = {}
    for file, column in con.execute(
        'SELECT source_file, "column" FROM lacking WHERE record = ? ORDER BY ALL', [record]
    ).fetchall():
        if column in needed:
            result.setdefault(file, []).append(column)
    return result


def told_sql(con: DuckDBPyConnection, rules: RuleSet, record: str, name: str, sql: str) -> str:
    """Give the SQL of a flag that is false where the records do not tell it.

    Args:
        con: the database, with `lacking` and `unknown`.
        rules: the flags.
        record: the kind of record that the SQL is about.
        name: the flag.
        sql: its conditions.
    """
    lacks = _files_without(con, record, _needs(rules, record, name))
    tests = [sql]
    if lacks:
        tests.append(f"NOT {in_list('source_file', sorted(lacks))}")
    unknown = con.execute(
        "SELECT count(*) FROM unknown WHERE flag = ? AND share > ?", [name, MOST_LACKING]
    ).fetchall()
    if unknown != [(0,)]:
        tests.append(
            f"NOT coalesce(({TRUST}, {YEAR_OF.format(_DAY[record])}) IN (SELECT (procode3, fyear) "
            f"FROM unknown WHERE flag = '{name}' AND share > {MOST_LACKING}), false)"
        )
    return f"({' AND '.join(tests)})" if len(tests) > 1 else sql


def mark_tpmas(con: DuckDBPyConnection, rules: RuleSet) -> None:
    """Make `unknown_tpmas`: activity_type, strategy, procode3, fyear, columns that are lacking."""
    _mark_spells(con, rules)
    rows = [
        (rule.activity_type, rule.key, flag)
        for rule in rules.rules.values()
        if rule.activity_type != "ip"
        for flag in sorted({n for part in (rule.where, *rule.any, rule.per or {}) for n in part})
    ]
    described = {"activity_type": "VARCHAR", "strategy": "VARCHAR", "flag": "VARCHAR"}
    load_rows(con, "flags_of_rules", described, rows)
    con.execute(
        f"""CREATE OR REPLACE TABLE unknown_tpmas AS
        SELECT activity_type, strategy, procode3, fyear, string_agg(DISTINCT columns, ', '
            ORDER BY columns) AS columns
        FROM (
            SELECT activity_type, flag AS strategy, procode3, fyear, columns FROM unknown
            WHERE activity_type = 'ip' AND share > {MOST_LACKING}
            UNION ALL
            SELECT r.activity_type, r.strategy, u.procode3, u.fyear, u.columns
            FROM unknown u JOIN flags_of_rules r USING (activity_type, flag)
            WHERE u.share > {MOST_LACKING}
        ) GROUP BY ALL ORDER BY ALL"""
    )


def _mark_spells(con: DuckDBPyConnection, rules: RuleSet) -> None:
    """Add to `unknown` the inpatient rules, as flags of their own, that lack columns."""
    if con.execute("SELECT count(*) FROM lacking WHERE record = 'apc'").fetchall() == [(0,)]:
        return
    lacking: dict[str, set[str]] = {}
    for file, column in con.execute(
        "SELECT source_file, \"column\" FROM lacking WHERE record = 'apc'"
    ).fetchall():
        lacking.setdefault(column, set()).add(file)
    for rule in rules.rules.values():
        if rule.activity_type != "ip" or rule.made_by_projection:
            continue
        columns = [column for column in needs_of_rule(rule) if column in lacking]
        files = sorted(set().union(*(lacking[column] for column in columns)))
        if files:
            con.execute(
                f"""INSERT INTO unknown
                SELECT 'ip', {quoted(rule.key)}, s.procode3, s.fyear,
                    avg({in_list("r.source_file", files)}::INTEGER) AS share,
                    {quoted(", ".join(columns))}
                FROM spells s JOIN staged_apc r ON r.epikey = s.rn AND r.reason IS NULL
                GROUP BY ALL HAVING share > 0"""
            )


def unknown_of(con: DuckDBPyConnection, procode3: str, fyear: int) -> dict[str, str]:
    """Give the TPMAs that the records of a provider's year do not tell, with the reason."""
    return {
        strategy: f"the records lack {columns}"
        for strategy, columns in con.execute(
            "SELECT strategy, columns FROM unknown_tpmas WHERE procode3 = ? AND fyear = ? "
            "ORDER BY strategy",
            [procode3, fyear],
        ).fetchall()
    }


def unknown_info(con: DuckDBPyConnection) -> list[dict[str, str | int]]:
    """List, for `extract.json`, the TPMAs that are not offered: whose, and the columns they lack.

    What is the same for several providers and years is there for each.
    """
    rows = con.execute(
        "SELECT procode3, fyear, strategy, columns FROM unknown_tpmas ORDER BY ALL"
    ).fetchall()
    names = ("dataset", "year", "strategy", "lacks")
    return [dict(zip(names, row, strict=True)) for row in rows]


def unknown_notes(con: DuckDBPyConnection, listed: str = "") -> list[str]:
    """Say which TPMAs are not offered, and what counts as no though unknown: a line for each.

    It is one line whatever the number of columns, TPMAs and providers.

    Args:
        con: the database, with `unknown_tpmas`.
        listed: where they are listed, if anywhere.
    """
    notes = []
    rows = con.execute("SELECT columns, strategy, procode3 FROM unknown_tpmas").fetchall()
    if rows:
        tpmas = len({strategy for _, strategy, _ in rows})
        notes.append(
            f"The records lack {_columns_of(row[0] for row in rows)}: "
            f"{tpmas:,} TPMA{' is' if tpmas == 1 else 's are'} not offered, as nothing tells "
            f"{'it' if tpmas == 1 else 'them'}, for {_providers(row[2] for row in rows)}{listed}."
        )
    rows = con.execute(
        f"SELECT columns, share, procode3 FROM unknown WHERE share <= {MOST_LACKING}"
    ).fetchall()
    if rows:
        notes.append(
            f"Some files lack {_columns_of(row[0] for row in rows)}: their rows, up to "
            f"{max(row[1] for row in rows):.0%} of a year's, count in no TPMA that rests on "
            f"these columns, for {_providers(row[2] for row in rows)}."
        )
    return notes


def _columns_of(lists: Iterable[str]) -> str:
    """Give the columns of several lists, each once; the numbered ones as files call them."""
    columns = sorted({column for listed in lists for column in listed.split(", ")})
    return ", ".join(column.replace(NUMBERED, "01, …") for column in columns)


def _providers(codes: Iterable[str]) -> str:
    count = len(set(codes))
    return f"{count:,} provider{'' if count == 1 else 's'}"
