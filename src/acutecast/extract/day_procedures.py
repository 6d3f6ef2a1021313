"""Which procedures are usually, or occasionally, done as a day case or in outpatients.

The lists are learned from the activity itself, as in the NHP model: a procedure is on a list where
its share in the setting is above a limit beyond doubt. With one trust's records the list says what
that trust does; a list of one's own can take its place in the rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.extract.rules import Rule, RuleSet
from acutecast.extract.sql import arrow, load_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Codes that are no operation (data.md; NHP model's public rules): imaging, subsidiary codes.
NOT_AN_OPERATION = "^(?:O(?:1[1-46]|28|3[01346]|4[2-8]|5[23])|X[6-9]|[UYZ])"


def learn_day_procedures(con: DuckDBPyConnection, wanted: list[Rule], rules: RuleSet) -> None:
    """Make the table `day_procedure_lists` (strategy, procedure_code, share, total).

    Counts elective ordinary spells, day cases and outpatient procedures by primary procedure over
    every year and provider in the data.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE procedure_settings AS
        SELECT procedure_code, sum(ordinary)::BIGINT AS ordinary, sum(daycase)::BIGINT AS daycase,
            sum(outpatient)::BIGINT AS outpatient
        FROM (
            SELECT procedure AS procedure_code, (classpat = '1')::INT AS ordinary,
                (classpat = '2')::INT AS daycase, 0 AS outpatient
            FROM spells WHERE admimeth LIKE '1%' AND classpat IN ('1', '2')
            UNION ALL SELECT procedure_code, 0, 0, n FROM outpatient_procedures
        )
        WHERE procedure_code IS NOT NULL
            AND NOT regexp_matches(procedure_code, '{NOT_AN_OPERATION}')
        GROUP BY procedure_code ORDER BY procedure_code"""
    )
    seen = arrow(con, "SELECT * FROM procedure_settings")
    rows: list[tuple[Any, ...]] = []
    for rule in wanted:
        for conditions in (rule.where, *rule.any):
            condition = conditions.get("day_procedure")
            if condition is None:
                continue
            if "list" in condition:
                codes = [row["procedure_code"] for row in rules.tables[condition["list"]]]
                rows += [(rule.key, code, None, None) for code in codes]
            else:
                rows += [(rule.key, *row) for row in _learned(seen, condition)]
    load_rows(
        con, "day_procedure_lists",
        {
            "strategy": "VARCHAR", "procedure_code": "VARCHAR", "share": "DOUBLE",
            "total": "BIGINT",
        },
        rows,
    )  # fmt: skip


def _learned(seen: Any, condition: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Give code, share and total of the procedures that a condition's list holds."""
    names = seen["procedure_code"].to_pylist()
    counts = {c: seen[c].to_numpy().astype(np.int64) for c in ("ordinary", "daycase", "outpatient")}
    total = sum(counts.values(), np.zeros(len(names), dtype=np.int64))
    inside = _above(counts, total, condition)
    if "not_over" in condition:
        # What is usually done in either setting is not on a list of the occasional.
        for setting in ("day case", "outpatient"):
            usual = condition | {"setting": setting, "over": condition["not_over"]}
            inside &= ~_above(counts, total, usual)
    share = counts[_column(condition)] / np.maximum(total, 1)
    return [(names[i], float(share[i]), int(total[i])) for i in np.flatnonzero(inside)]


def _column(condition: dict[str, Any]) -> str:
    return "daycase" if condition["setting"] == "day case" else "outpatient"


def _above(
    counts: dict[str, np.ndarray], total: np.ndarray, condition: dict[str, Any]
) -> np.ndarray:
    """Tell for which procedures the share is above the limit (one-sided binomial test)."""
    from scipy.stats import binom

    n = counts[_column(condition)]
    chance = binom.sf(n - 1, total, float(condition["over"]))
    enough = total >= int(condition.get("least", 100))
    return enough & (chance <= float(condition.get("p", 0.001)))
