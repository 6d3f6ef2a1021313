"""The conditions that TPMA rules are made of: their names and checks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from acutecast.errors import Problem
from acutecast.extract.records import NUMBERED, columns_of_record
from acutecast.extract.rule_values import (
    fits,
    is_pattern,
    is_plain,
    number_of,
    patterns,
    shortened,
)
from acutecast.provider.contract import columns_of

if TYPE_CHECKING:
    from acutecast.extract.rules import Flag, Rule

# Condition: (codes it looks at, which of them, whether finding one fulfils it).
CODES = {
    f"{prefix}{position}_{what}": (what, position, not prefix)
    for prefix in ("", "no_")
    for position in ("primary", "secondary", "any")
    for what in ("diagnosis", "procedure")
}
SPELL_CONDITIONS = {
    "admission": "one of elective, emergency, not emergency, direct",
    "admission_method": "a pattern of admimeth",
    "age": "[lowest, highest] years",
    "nights": "[fewest, most] nights",
    "sex": "1 male or 2 female",
    "patient_class": "a list of classpat codes",
    "discharge": "one of alive, died, not died",
    **dict.fromkeys(CODES, "a pattern, or a list of patterns that must each be found"),
    "procedures": '"none" for no procedure at all',
    "operation": "true where the primary procedure is an operation",
    "hrg": "a pattern of the HRG",
    "days_to_procedure": "days from admission to the primary procedure",
    "readmitted_within": "days since an earlier discharge of the person",
    "frailty": "{ weights, years, score or above }: the Hospital Frailty Risk Score",
    "over_trim_point": "{ table, column }: the stay is longer than the HRG's trim point",
    "ambulatory": "{ table, potential }: diagnosis and HRG of one ambulatory condition",
    "day_procedure": "{ setting, over, not_over, p, least } learned from the data, or { list }",
}
CONTACT_CONDITIONS = ("matches", "not_matches", "empty_or")
# Conditions that name a table: where its name is, and the columns that it must have; "=" stands
# for a column that the condition names itself.
_TABLES = {
    "frailty": ("weights", ("code", "weight")),
    "over_trim_point": ("table", ("sushrg", "=column")),
    "ambulatory": ("table", ("potential", "hrg", "diagnosis")),
    "day_procedure": ("list", ("procedure_code",)),
    "fraction": ("table", ("source", "position", "pattern", "fraction")),
}
_Cell = tuple[Callable[[str | None], bool], str, str]
_NUMBER: _Cell = (
    lambda text: not math.isnan(number_of(text)), "is no number", "Write numbers with a point."
)  # fmt: skip
_PATTERN: _Cell = (
    is_pattern, "is no pattern", "Write a regular expression without look-ahead."
)  # fmt: skip
_AGE: _Cell = (
    lambda text: re.fullmatch(r"[0-9]{0,3}", text or "") is not None, "is no age",
    "Write whole years, or nothing.",
)  # fmt: skip
# What the cells of a column can hold, what to say of others, and what to do; "=" stands for the
# column of trim points, which a condition names.
_CELLS: dict[str, _Cell] = {
    "weight": _NUMBER,
    "fraction": _NUMBER,
    "pattern": _PATTERN,
    "hrg": _PATTERN,
    "diagnosis": _PATTERN,
    "age_from": _AGE,
    "age_to": _AGE,
    "sex": (lambda text: text in (None, "", "1", "2"), "is not 1 or 2", "Write 1, 2 or nothing."),
    "position": (
        lambda text: text in ("primary", "any"), "is not known", "Write primary or any."
    ),
    "outcome": (
        lambda text: text in (None, "", "died", "survived"), "is not known",
        "Write died, survived or nothing.",
    ),
    "=": (
        lambda text: re.fullmatch(r"[0-9]{0,6}|-", text or "") is not None, "is no trim point",
        "Write whole days, or - where there is none.",
    ),
}  # fmt: skip
_OPTIONAL = ("sex", "age_from", "age_to", "outcome")
_PATTERNS = {"pattern", "hrg", "diagnosis"}
# What appointments have beside their own columns, when flags are worked out.
_WORKED_OUT = {"kind": "text", "type": "text", "face_to_face": "bool"}
# Columns of provider tables that are made after rules are tried, or not always.
_NOT_YET = ("rn", "is_wla", "arrival_hour")
MOST_ALTERNATIVES = 100


def check(rule: Rule, tables: Mapping[str, Any], place: str) -> Iterator[Problem]:
    """Find what is wrong in a rule's conditions; `place` is its file and key."""
    if not rule.says:
        yield Problem("the rule has no words (says)", place, remedy="Say what it selects.")
    if len(rule.any) > MOST_ALTERNATIVES:
        yield Problem(
            f"any has {len(rule.any):,} alternatives", place,
            remedy=f"Write {MOST_ALTERNATIVES} or fewer.",
        )  # fmt: skip
    for conditions in (rule.where, *rule.any):
        if rule.activity_type != "ip":
            yield from _check_contact(place, conditions, _contact_columns(rule.activity_type))
            continue
        for name, value in conditions.items():
            if name == "says":
                continue
            if name not in SPELL_CONDITIONS:
                yield Problem(
                    f'"{shortened(name)}" is no condition', place,
                    remedy=f"Conditions: {', '.join(SPELL_CONDITIONS)}.",
                )  # fmt: skip
            elif not fits(name, value):
                yield Problem(
                    f"{name} has a value that it cannot have", place, example=shortened(value),
                    remedy=f"Write {SPELL_CONDITIONS[name]}.",
                )  # fmt: skip
            elif name in _TABLES:
                yield from _check_table(f"{place}: {name}", name, value, tables)
    if rule.activity_type != "ip":
        yield from _check_contact(place, rule.per or {}, _contact_columns(rule.activity_type))
    if rule.fraction is not None:
        yield from _check_fraction(f"{place}: fraction", rule.fraction, tables)


def check_flag(flag: Flag, known: Collection[tuple[str, str]], place: str) -> Iterator[Problem]:
    """Find what is wrong in a flag; `known` are the built-in ones, by record and name."""
    if (flag.on, flag.name) not in known:
        listed = sorted(f"{name} on {on}" for on, name in known)
        yield Problem("there is no such flag", place, remedy=f"Flags: {', '.join(listed)}.")
        return
    columns = {c.name: "text" for c in columns_of_record(flag.on) if NUMBERED not in c.name}
    if flag.on == "opa":
        columns |= _WORKED_OUT
    plain = {k: v for k, v in flag.where.items() if k != "attendances_before"}
    yield from _check_contact(place, plain, columns)
    asked = flag.where.get("attendances_before")
    if asked is not None and (flag.on == "opa" or not fits("attendances_before", asked)):
        yield Problem(
            "attendances_before has a value that it cannot have", place, example=shortened(asked),
            remedy="Write { category, at_least, days }, on ecds or ae.",
        )  # fmt: skip


def patterns_of(
    conditions: Mapping[str, Any], activity_type: str
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """Give name and pattern of every condition that is one; those of the wrong type are left."""
    for name, value in conditions.items():
        if activity_type != "ip":
            found = [v for k, v in value.items() if k != "empty_or"] if isinstance(
                value, dict) else []  # fmt: skip
        elif name in CODES or name in ("hrg", "admission_method"):
            found = patterns(value)
        else:
            found = []
        yield from ((name, pattern) for pattern in found if is_pattern(pattern))


def patterns_of_tables(
    rules: Collection[Rule], tables: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Give column and pattern of every table that rules take patterns from."""
    named = {
        value["table"]
        for rule in rules
        for conditions in (rule.where, *rule.any, {"fraction": rule.fraction})
        for name, value in conditions.items()
        if name in ("ambulatory", "fraction") and value is not None and fits(name, value)
    }
    for table in sorted(named & tables.keys()):
        rows = tables[table]
        for column in _PATTERNS & set(rows[0] if rows else ()):
            for pattern in sorted({row[column] for row in rows if is_pattern(row[column])}):
                yield f"{table}: {column}", pattern


@cache
def _contact_columns(activity_type: str) -> dict[str, str]:
    """Give the columns that rules on contacts can ask for, with "bool" or "text" for each."""
    return {
        column.name: "bool" if column.kind == "bool" else "text"
        for column in columns_of(activity_type)
        if column.name not in _NOT_YET
    }


def _check_fraction(
    place: str, fraction: Mapping[str, str], tables: Mapping[str, Any]
) -> Iterator[Problem]:
    if not fits("fraction", fraction):
        yield Problem("fraction has no parts", place, remedy="Write { table, source }.")
        return
    yield from _check_table(place, "fraction", fraction, tables)
    rows = tables.get(fraction["table"], ())
    if rows and not any(row.get("source") == fraction["source"] for row in rows):
        yield Problem(
            "the table has no fraction of this source", place,
            example=fraction["source"], remedy="Name a source that it has.",
        )  # fmt: skip


def _check_contact(
    place: str, conditions: Mapping[str, Any], columns: Mapping[str, str]
) -> Iterator[Problem]:
    for name, value in conditions.items():
        if name == "says":
            continue
        if name not in columns:
            yield Problem(
                f'"{shortened(name)}" is no column', place,
                remedy=f"Columns: {', '.join(sorted(columns))}.",
            )  # fmt: skip
        elif (columns[name] == "bool") != isinstance(value, bool):
            what = "true or false" if columns[name] == "bool" else "a code, not true or false"
            yield Problem(
                f"{name} has a value that it cannot have", place, example=shortened(value),
                remedy=f"Write {what}.",
            )  # fmt: skip
        elif isinstance(value, dict):
            yield from _check_parts(f"{place}: {name}", value)
        elif not isinstance(value, bool) and not is_plain(value):
            yield Problem(
                f"{name} has a value that it cannot have", place, example=shortened(value),
                remedy="Write a text, a whole number, or a list of some.",
            )  # fmt: skip


def _check_parts(place: str, value: Mapping[str, Any]) -> Iterator[Problem]:
    for part, wanted in value.items():
        if part not in CONTACT_CONDITIONS:
            yield Problem(
                f'"{shortened(part)}" is no condition on a column', place,
                remedy=f"Conditions: {', '.join(CONTACT_CONDITIONS)}.",
            )  # fmt: skip
        elif not (is_plain(wanted) if part == "empty_or" else is_pattern(wanted)):
            yield Problem(
                "a pattern cannot be read", place, example=shortened(wanted),
                remedy="Write a regular expression without look-ahead.",
            )  # fmt: skip


def _check_table(
    place: str, name: str, value: Mapping[str, Any], tables: Mapping[str, Any]
) -> Iterator[Problem]:
    part, columns = _TABLES[name]
    if part not in value:  # day procedures may be learned instead
        return
    rows = tables.get(value[part])
    if rows is None:
        yield Problem(
            f'there is no table "{value[part]}"', place,
            remedy="Put the CSV file beside the rules, or mend its name.",
        )  # fmt: skip
        return
    wanted = [value[c[1:]] if c.startswith("=") else c for c in columns]
    lacking = [column for column in wanted if not rows or column not in rows[0]]
    if lacking:
        yield Problem(
            f"the table {value[part]} lacks {', '.join(lacking)}", place,
            remedy="Add the columns; the table needs a header.",
        )  # fmt: skip
        return
    tests = {c: _CELLS[c] for c in (*wanted, *_OPTIONAL) if c in _CELLS and c in rows[0]}
    if name == "over_trim_point":
        tests[value["column"]] = _CELLS["="]
    for column, (test, what, remedy) in tests.items():
        wrong = [row[column] for row in rows if not test(row[column])]
        if wrong:
            yield Problem(
                f"{column} {what}", f"{place}: {value[part]}", len(wrong), shortened(wrong[0]),
                remedy,
            )  # fmt: skip
