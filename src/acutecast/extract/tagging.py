"""Which spells each TPMA selects: rules compiled to SQL.

A pattern is tried once on each distinct code, not on each spell: the codes become bits, a spell's
codes their union, and a condition on codes a test of one bit. So a hundred patterns over a million
spells cost little more than reading the codes once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from acutecast.extract.day_procedures import learn_day_procedures
from acutecast.extract.rule_values import ADMISSIONS, DISCHARGES, patterns
from acutecast.extract.rules import Rule, RuleSet
from acutecast.extract.sql import in_list, load_rows, quoted
from acutecast.extract.vocabulary import CODES

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Bits of a signed 64-bit integer that can be set without the sign.
_BITS = 62
_CODES_OF = {"diagnosis": "spell_diagnoses", "procedure": "spell_procedures"}
_ORDER_OF = {"diagnosis": "diag_order", "procedure": "procedure_order"}
_COLUMN_OF = {"diagnosis": "diagnosis", "procedure": "procedure_code"}


def tag_spells(con: DuckDBPyConnection, rules: RuleSet) -> None:
    """Make the table `tags`: a row for every spell and inpatient TPMA that selects it.

    Needs the tables `spells`, `past_stays`, `spell_diagnoses`, `spell_procedures` and, for day
    procedures, `outpatient_procedures`. Columns: fyear, procode3, rn, strategy, kind, sample_rate
    (0-1].
    """
    wanted = [
        r for r in rules.rules.values() if r.activity_type == "ip" and not r.made_by_projection
    ]
    bits = _Bits(con, wanted)
    _frailty_scores(con, wanted, rules)
    _trim_points(con, wanted, rules)
    _ambulatory(con, wanted, rules)
    learn_day_procedures(con, wanted, rules)
    con.execute(f"CREATE OR REPLACE TEMP TABLE tagged_spells AS {_facts_of_spells(bits)}")
    _sample_rates(con, wanted, rules)
    # One scan that tests every rule; a spell's rules come out as a list.
    tests = ",\n".join(
        f"CASE WHEN {_rule_sql(rule, bits)} THEN {number} END" for number, rule in enumerate(wanted)
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE found AS SELECT rn, unnest(numbers) AS number FROM ("
        f"SELECT rn, list_filter([{tests}], lambda x: x IS NOT NULL) AS numbers FROM tagged_spells)"
        if wanted
        else "CREATE OR REPLACE TEMP TABLE found (rn VARCHAR, number INTEGER)"
    )
    load_rows(
        con, "rule_list",
        {"number": "INTEGER", "strategy": "VARCHAR", "kind": "VARCHAR", "fractional": "BOOLEAN"},
        [
            (number, rule.key, rule.kind, rule.fraction is not None)
            for number, rule in enumerate(wanted)
        ],
    )  # fmt: skip
    con.execute(
        """CREATE OR REPLACE TABLE tags AS
        SELECT s.fyear, s.procode3, f.rn, l.strategy, l.kind, coalesce(r.rate, 1.0) AS sample_rate
        FROM found f JOIN rule_list l USING (number) JOIN spells s USING (rn)
        LEFT JOIN fraction_rates r ON r.rn = f.rn AND r.strategy = l.strategy
        WHERE (NOT l.fractional OR r.rate > 0) AND NOT EXISTS (
            SELECT 1 FROM unknown_tpmas u WHERE u.strategy = l.strategy
                AND u.procode3 = s.procode3 AND u.fyear = s.fyear)
        """
    )
    for scratch in ("tagged_spells", "found", "fraction_rates"):
        con.execute(f"DROP TABLE IF EXISTS {scratch}")


def _conditions(rules: Iterable[Rule]) -> Iterable[tuple[str, Any]]:
    for rule in rules:
        for conditions in (rule.where, *rule.any):
            yield from conditions.items()


class _Bits:
    """Tables of bits: which patterns a spell's codes match, and where each pattern's bit is."""

    def __init__(self, con: DuckDBPyConnection, rules: list[Rule]) -> None:
        self.of: dict[str, dict[str, int]] = {"diagnosis": {}, "procedure": {}, "hrg": {}}
        for name, value in _conditions(rules):
            what = CODES[name][0] if name in CODES else "hrg" if name == "hrg" else None
            if what is not None:
                for pattern in patterns(value):
                    self.of[what].setdefault(pattern, len(self.of[what]))
        for what in ("diagnosis", "procedure"):
            self._codes(con, what)
        con.execute(
            "CREATE OR REPLACE TEMP TABLE hrg_bits AS SELECT DISTINCT sushrg, "
            f"{self._words('hrg', 'sushrg')} FROM spells WHERE sushrg IS NOT NULL"
        )

    def count(self, what: str) -> int:
        """Give the number of words that hold the bits of one system of codes."""
        return max(1, -(-len(self.of[what]) // _BITS))

    def test(self, what: str, position: str, pattern: str) -> str:
        """Give the SQL that tells whether a spell has a code with a pattern in a position."""
        bit = self.of[what][pattern]
        word, place = divmod(bit, _BITS)
        return f"({what}_{position}_{word} & {1 << place}) <> 0"

    def _words(self, what: str, column: str) -> str:
        """Give the SQL of a code's words, from its patterns."""
        words = [[] for _ in range(self.count(what))]
        for pattern, bit in self.of[what].items():
            word, place = divmod(bit, _BITS)
            test = f"regexp_matches({column}, {quoted(f'^(?:{pattern})')})"
            words[word].append(f"CASE WHEN {test} THEN {1 << place} ELSE 0 END")
        return ", ".join(
            f"CAST({' | '.join(parts) if parts else '0'} AS BIGINT) AS w{i}"
            for i, parts in enumerate(words)
        )

    def _codes(self, con: DuckDBPyConnection, what: str) -> None:
        code, order, table = _COLUMN_OF[what], _ORDER_OF[what], _CODES_OF[what]
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {what}_codes AS "
            f"SELECT {code}, {self._words(what, code)} FROM (SELECT DISTINCT {code} FROM {table})"
        )
        unions = []
        for i in range(self.count(what)):
            first, other = f"FILTER (WHERE {order} = 1)", f"FILTER (WHERE {order} > 1)"
            unions += [
                f"coalesce(bit_or(w{i}) {first}, 0) AS {what}_primary_{i}",
                f"coalesce(bit_or(w{i}) {other}, 0) AS {what}_secondary_{i}",
                f"coalesce(bit_or(w{i}), 0) AS {what}_any_{i}",
            ]
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE {what}_bits AS SELECT rn, {', '.join(unions)} "
            f"FROM {table} JOIN {what}_codes USING ({code}) GROUP BY rn"
        )


def _facts_of_spells(bits: _Bits) -> str:
    """Give the SQL of one row a spell with everything that a rule can ask about it."""
    columns = []
    for what in ("diagnosis", "procedure"):
        columns += [
            f"coalesce({what}_bits.{what}_{position}_{i}, 0) AS {what}_{position}_{i}"
            for position in ("primary", "secondary", "any")
            for i in range(bits.count(what))
        ]
    columns += [f"coalesce(hrg_bits.w{i}, 0) AS hrg_any_{i}" for i in range(bits.count("hrg"))]
    return f"""
        SELECT s.rn, s.age, s.sex, s.admimeth, s.classpat, s.speldur, s.dismeth, s.admidate,
            s.disdate, s.sushrg, s.person_id, s.has_procedure, s.diagnosis, s.procedure,
            s.procedure_date,
            procedure_bits.rn IS NOT NULL AS any_procedure, {", ".join(columns)}
        FROM spells s
        LEFT JOIN diagnosis_bits ON diagnosis_bits.rn = s.rn
        LEFT JOIN procedure_bits ON procedure_bits.rn = s.rn
        LEFT JOIN hrg_bits ON hrg_bits.sushrg = s.sushrg"""


def _rule_sql(rule: Rule, bits: _Bits) -> str:
    tests = [_condition_sql(name, value, rule, bits) for name, value in rule.where.items()]
    if rule.any:
        alternatives = [
            " AND ".join(_condition_sql(n, v, rule, bits) for n, v in alternative.items())
            for alternative in rule.any
        ]
        tests.append("(" + " OR ".join(f"({a})" for a in alternatives) + ")")
    return " AND ".join(tests) or "true"


def _condition_sql(name: str, value: Any, rule: Rule, bits: _Bits) -> str:
    """Give the SQL of one condition; it is never null."""
    if name in CODES:
        what, position, finds = CODES[name]
        found = [bits.test(what, position, pattern) for pattern in patterns(value)]
        return f"({' AND '.join(found)})" if finds else f"NOT ({' OR '.join(found)})"
    match name:
        case "says":
            return "true"
        case "admission":
            return f"({ADMISSIONS[value]})"
        case "admission_method":
            return f"regexp_matches(admimeth, {quoted(f'^(?:{value})')})"
        case "age" | "nights":
            column = "age" if name == "age" else "speldur"
            return f"{column} BETWEEN {int(value[0])} AND {int(value[1])}"
        case "sex":
            return f"sex = {int(value)}"
        case "patient_class":
            return in_list("classpat", value)
        case "discharge":
            return DISCHARGES[value]
        case "procedures":
            return "NOT any_procedure"
        case "operation":
            return "has_procedure" if value else "NOT has_procedure"
        case "hrg":
            return bits.test("hrg", "any", value)
        case "days_to_procedure":
            return (
                "coalesce(procedure_date BETWEEN admidate AND disdate "
                f"AND procedure_date - admidate = {int(value)}, false)"
            )
        case "readmitted_within":
            return f"rn IN ({_readmissions(int(value))})"
        case "frailty":
            low, high = value.get("score", [-1e9, 1e9])
            test = f"score BETWEEN {float(low)} AND {float(high)}"
            if "above" in value:
                test = f"score > {float(value['above'])}"
            return f"rn IN (SELECT rn FROM {_frailty_table(value)} WHERE {test})"
        case "over_trim_point":
            return (
                f"rn IN (SELECT rn FROM over_trim_point WHERE source = {quoted(value['table'])} "
                f"AND trim = {quoted(value['column'])})"
            )
        case "ambulatory":
            return (
                "(diagnosis, sushrg) IN (SELECT (diagnosis, sushrg) FROM ambulatory "
                f"WHERE source = {quoted(value['table'])} "
                f"AND potential = {quoted(value['potential'])})"
            )
        case "day_procedure":
            return (
                "coalesce(procedure IN (SELECT procedure_code FROM day_procedure_lists "
                f"WHERE strategy = {quoted(rule.key)}), false)"
            )
    raise ValueError(name)  # the check of the rule set lets no other name through


def _readmissions(days: int) -> str:
    """Give the SQL of the spells that began within `days` of an earlier discharge.

    A discharge on the day of admission counts, unless both days of both stays are the same: of two
    stays of no night on one day none can be said to be the earlier.
    """
    return f"""
        SELECT c.rn FROM spells c JOIN past_stays e ON e.person_id = c.person_id AND e.rn <> c.rn
            AND e.disdate BETWEEN c.admidate - {days} AND c.admidate
            AND (c.admidate > e.admidate OR c.disdate > e.disdate)"""


def _frailty_table(value: Mapping[str, Any]) -> str:
    """Give the name of the scores' table, which two tables of weights never share."""
    asked = f"{int(value.get('years', 2))} {value['weights']}"
    return f"frailty_{hashlib.sha256(asked.encode()).hexdigest()[:16]}"


def _frailty_scores(con: DuckDBPyConnection, wanted: list[Rule], rules: RuleSet) -> None:
    """Score spells: distinct three-character codes of the person's stays over some years.

    A stay is an earlier one if it ended before the day of admission.
    """
    done = set()
    for name, value in _conditions(wanted):
        if name != "frailty" or _frailty_table(value) in done:
            continue
        done.add(_frailty_table(value))
        # Tenths, so that sums and limits are exact.
        weights = [
            (row["code"], round(float(row["weight"]) * 10))
            for row in rules.tables[value["weights"]]
        ]
        load_rows(con, "frailty_weights", {"code": "VARCHAR", "tenths": "INTEGER"}, weights)
        years = int(value.get("years", 2))
        con.execute(
            f"""CREATE OR REPLACE TEMP TABLE {_frailty_table(value)} AS
            WITH codes AS (
                SELECT DISTINCT rn, left(diagnosis, 3) AS code FROM spell_diagnoses
                WHERE left(diagnosis, 3) IN (SELECT code FROM frailty_weights)
            ), history AS (
                SELECT rn, code FROM codes JOIN spells USING (rn) WHERE person_id IS NOT NULL
                UNION
                SELECT s.rn, codes.code FROM spells s
                JOIN past_stays e ON e.person_id = s.person_id AND e.rn <> s.rn
                    AND e.disdate BETWEEN s.admidate - {365 * years} AND s.admidate - 1
                JOIN codes ON codes.rn = e.rn
            )
            SELECT rn, sum(tenths) / 10 AS score FROM history JOIN frailty_weights USING (code)
            GROUP BY rn"""
        )


def _trim_points(con: DuckDBPyConnection, wanted: list[Rule], rules: RuleSet) -> None:
    rows = []
    for name, value in _conditions(wanted):
        if name == "over_trim_point":
            rows += [
                (value["table"], value["column"], row["sushrg"], int(row[value["column"]]))
                for row in rules.tables[value["table"]]
                if row[value["column"]] not in (None, "", "-")
            ]
    load_rows(
        con, "trim_points",
        {"source": "VARCHAR", "trim": "VARCHAR", "sushrg": "VARCHAR", "days": "INTEGER"},
        sorted(set(rows)),
    )  # fmt: skip
    con.execute(
        "CREATE OR REPLACE TEMP TABLE over_trim_point AS SELECT source, trim, rn "
        "FROM spells JOIN trim_points USING (sushrg) WHERE speldur > days"
    )


def _ambulatory(con: DuckDBPyConnection, wanted: list[Rule], rules: RuleSet) -> None:
    """Find the pairs of primary diagnosis and HRG that belong to one ambulatory condition."""
    named = {value["table"] for name, value in _conditions(wanted) if name == "ambulatory"}
    rows = [
        (table, row["potential"], row["diagnosis"], row["hrg"])
        for table in sorted(named)
        for row in rules.tables[table]
    ]
    load_rows(
        con, "ambulatory_patterns",
        {"source": "VARCHAR", "potential": "VARCHAR", "dx": "VARCHAR", "hrg": "VARCHAR"}, rows,
    )  # fmt: skip
    con.execute(
        """CREATE OR REPLACE TEMP TABLE ambulatory AS
        WITH dx AS (
            SELECT DISTINCT p.dx, d.diagnosis FROM (SELECT DISTINCT diagnosis FROM spells) d
            JOIN (SELECT DISTINCT dx FROM ambulatory_patterns) p
                ON regexp_full_match(d.diagnosis, p.dx)
        ), hrgs AS (
            SELECT DISTINCT p.hrg, s.sushrg FROM (SELECT DISTINCT sushrg FROM spells) s
            JOIN (SELECT DISTINCT hrg FROM ambulatory_patterns) p
                ON regexp_full_match(s.sushrg, p.hrg)
        )
        SELECT DISTINCT source, potential, diagnosis, sushrg
        FROM ambulatory_patterns JOIN dx USING (dx) JOIN hrgs USING (hrg)"""
    )


def _sample_rates(con: DuckDBPyConnection, wanted: list[Rule], rules: RuleSet) -> None:
    """Give each spell's share for the TPMAs of causes: the largest over its matching diagnoses."""
    rows = []
    for rule in wanted:
        if rule.fraction is None:
            continue
        for row in rules.tables[rule.fraction["table"]]:
            if row["source"] == rule.fraction["source"] and 0 < float(row["fraction"]) <= 1:
                rows.append(
                    (
                        rule.key, row["position"] == "primary", row["pattern"],
                        int(row["sex"]) if row.get("sex") else None,
                        int(row.get("age_from") or 0), int(row.get("age_to") or 999),
                        row.get("outcome") or None, float(row["fraction"]),
                    )
                )  # fmt: skip
    load_rows(
        con, "fractions",
        {
            "strategy": "VARCHAR", "only_primary": "BOOLEAN", "pattern": "VARCHAR",
            "sex": "INTEGER", "age_from": "INTEGER", "age_to": "INTEGER", "outcome": "VARCHAR",
            "fraction": "DOUBLE",
        },
        rows,
    )  # fmt: skip
    # Spread out to every age, sex and outcome first, so that the long table of codes is joined by
    # equality alone.
    con.execute(
        """CREATE OR REPLACE TEMP TABLE fraction_of_code AS
        WITH matching AS (
            SELECT p.pattern, d.diagnosis FROM (SELECT DISTINCT diagnosis FROM spell_diagnoses) d
            JOIN (SELECT DISTINCT pattern FROM fractions) p
                ON regexp_matches(d.diagnosis, '^(?:' || p.pattern || ')')
        )
        SELECT f.strategy, m.diagnosis, f.only_primary, s.sex, a.age, o.died,
            max(f.fraction) AS fraction
        FROM fractions f JOIN matching m USING (pattern)
        JOIN (VALUES (1), (2)) s (sex) ON f.sex IS NULL OR f.sex = s.sex
        JOIN range(121) a (age) ON a.age BETWEEN f.age_from AND f.age_to
        JOIN (VALUES (true), (false)) o (died)
            ON f.outcome IS NULL OR (f.outcome = 'died') = o.died
        GROUP BY ALL"""
    )
    con.execute(
        """CREATE OR REPLACE TEMP TABLE fraction_rates AS
        SELECT d.rn, f.strategy, max(f.fraction) AS rate
        FROM spell_diagnoses d
        JOIN (SELECT rn, sex, age, coalesce(dismeth = '4', false) AS died FROM spells) s
            ON s.rn = d.rn
        JOIN fraction_of_code f ON f.diagnosis = d.diagnosis AND f.sex = s.sex AND f.age = s.age
            AND f.died = s.died AND (NOT f.only_primary OR d.diag_order = 1)
        GROUP BY d.rn, f.strategy"""
    )
