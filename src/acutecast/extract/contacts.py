"""Outpatient and emergency rules: conditions on columns, as SQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from acutecast.extract.rules import Rule, RuleSet
from acutecast.extract.sql import in_list, named, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# What says whom a rule is about, rather than which of their contacts: these conditions stay in
# the denominator of a rate.
_WHOM = ("type", "hsagrp", "group")


def conditions_sql(conditions: Mapping[str, Any]) -> str:
    """Give the SQL of conditions on columns, which must all hold; it is never null.

    A condition is a value, a list of values, or a table: `matches` and `not_matches` take a
    pattern anchored at the start, and an empty value neither matches nor fails to; `empty_or`
    takes a code, or a list of some, that may stand alone in the column.
    """
    tests = []
    for name, value in conditions.items():
        if name == "says":
            continue
        column = named(name)
        if isinstance(value, bool):
            tests.append(column if value else f"NOT {column}")
            continue
        # Codes are compared as text, whatever the column holds them as.
        column = f"CAST({column} AS VARCHAR)"
        if isinstance(value, list):
            tests.append(in_list(column, value))
        elif isinstance(value, dict):
            for part, wanted in value.items():
                if part == "empty_or":
                    alone = wanted if isinstance(wanted, list) else [wanted]
                    tests.append(f"({column} IS NULL OR {in_list(column, alone)})")
                    continue
                match = f"regexp_matches({column}, {quoted(f'^(?:{wanted})')})"
                tests.append(f"coalesce({'NOT ' if part == 'not_matches' else ''}{match}, false)")
        else:
            tests.append(in_list(column, [value]))
    return f"({' AND '.join(tests)})" if tests else "true"


def tag_contacts(con: DuckDBPyConnection, rules: RuleSet) -> None:
    """Make the table `contact_tags`: contacts of each outpatient and emergency TPMA.

    Columns: fyear, procode3, activity_type, strategy, kind, age, sex, sitetret, n (contacts that
    the TPMA selects) and denominator (contacts that they are a share of).
    """
    parts = []
    for rule in rules.rules.values():
        if rule.activity_type == "op":
            parts.append(_contact_sql(rule, "attendances", _attendances_of(rule)))
        elif rule.activity_type == "aae":
            parts.append(_contact_sql(rule, "arrivals", "arrivals"))
    empty = (
        "SELECT 0 AS fyear, '' AS procode3, '' AS activity_type, '' AS strategy, '' AS kind, "
        "0 AS age, 0 AS sex, '' AS sitetret, 0::BIGINT AS n, 0::BIGINT AS denominator WHERE false"
    )
    con.execute(
        f"""CREATE OR REPLACE TABLE contact_tags AS
        SELECT * FROM ({" UNION ALL ".join([empty, *parts])})
        ANTI JOIN unknown_tpmas USING (activity_type, strategy, procode3, fyear)"""
    )


def _attendances_of(rule: Rule) -> str:
    # What becomes a call can only be an attendance that is none yet.
    return "attendances" if rule.kind == "efficiencies" else "attendances + tele_attendances"


def _contact_sql(rule: Rule, table: str, contacts: str) -> str:
    whom = rule.per
    if whom is None:
        whom = {name: value for name, value in rule.where.items() if name in _WHOM}
    selected, all_ = conditions_sql(rule.where), conditions_sql(whom)
    # Those that are calls already are in the denominator of the share that could be calls.
    both = "attendances + tele_attendances" if table == "attendances" else "arrivals"
    return f"""
        SELECT fyear, procode3, {quoted(rule.activity_type)} AS activity_type,
            {quoted(rule.key)} AS strategy, {quoted(rule.kind)} AS kind, age, sex, sitetret,
            coalesce(sum({contacts}) FILTER (WHERE {selected}), 0)::BIGINT AS n,
            coalesce(sum({both}) FILTER (WHERE {all_}), 0)::BIGINT AS denominator
        FROM {table} WHERE ({selected}) OR ({all_}) GROUP BY ALL"""
