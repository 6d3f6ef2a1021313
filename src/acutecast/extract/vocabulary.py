"""The conditions that TPMA rules are made of: their names and checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from acutecast.errors import Problem
from acutecast.extract.records import columns_of_record
from acutecast.provider.contract import columns_of

if TYPE_CHECKING:
    from acutecast.extract.rules import Flag, Rule

ADMISSIONS = {
    "elective": "admimeth LIKE '1%'",
    "emergency": "admimeth LIKE '2%'",
    "not emergency": "admimeth NOT LIKE '2%'",
    "direct": "admimeth IN ('21', '22', '23')",
}
DISCHARGES = {
    "alive": "coalesce(dismeth IN ('1', '2', '3'), false)",
    "died": "coalesce(dismeth = '4', false)",
    # An empty discharge method does not say that the patient died.
    "not died": "coalesce(dismeth <> '4', true)",
}
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
_NUMBERS = ("weight", "fraction")
# What records have beside their own columns, when flags are worked out.
_WORKED_OUT = ("kind", "type", "face_to_face")


def check(rule: Rule, tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what is wrong in a rule's conditions."""
    place = f"{rule.family}: {rule.key}"
    if not rule.says:
        yield Problem("the rule has no words (says)", place, remedy="Say what it selects.")
    for conditions in (rule.where, *rule.any):
        if rule.activity_type != "ip":
            yield from _check_contact(place, conditions, _contact_columns(rule.activity_type))
            continue
        for name, value in conditions.items():
            if name == "says":
                continue
            if name not in SPELL_CONDITIONS:
                yield Problem(
                    f'"{name}" is no condition', place,
                    remedy=f"Conditions: {', '.join(SPELL_CONDITIONS)}.",
                )  # fmt: skip
            elif not _fits(name, value):
                yield Problem(
                    f"{name} has a value that it cannot have", place, example=str(value),
                    remedy=f"Write {SPELL_CONDITIONS[name]}.",
                )  # fmt: skip
            elif name in _TABLES:
                yield from _check_table(f"{place}: {name}", name, value, tables)
    if rule.activity_type != "ip":
        yield from _check_contact(place, rule.per or {}, _contact_columns(rule.activity_type))
    if rule.fraction is not None:
        yield from _check_fraction(f"{place}: fraction", rule.fraction, tables)


def check_flag(flag: Flag) -> Iterator[Problem]:
    """Find what is wrong in a flag's conditions."""
    place = f"{flag.on}: {flag.name}"
    if flag.on not in ("opa", "ecds", "ae"):
        yield Problem(
            "a flag is worked out from records that are not known", place, example=str(flag.on),
            remedy="Write on = opa, ecds or ae.",
        )  # fmt: skip
        return
    columns = {column.name for column in columns_of_record(flag.on)} | {*_WORKED_OUT}
    plain = {k: v for k, v in flag.where.items() if k != "attendances_before"}
    yield from _check_contact(place, plain, columns)
    asked = flag.where.get("attendances_before", {"category": 1, "at_least": 1, "days": 1})
    if not isinstance(asked, dict) or {"category", "at_least", "days"} - asked.keys():
        yield Problem(
            "attendances_before lacks a part", place, example=str(asked),
            remedy="Write { category, at_least, days }.",
        )  # fmt: skip


def _contact_columns(activity_type: str) -> set[str]:
    return {column.name for column in columns_of(activity_type)}


def _check_fraction(
    place: str, fraction: Mapping[str, str], tables: Mapping[str, Any]
) -> Iterator[Problem]:
    if not isinstance(fraction, dict):
        yield Problem("fraction has no parts", place, remedy="Write { table, source }.")
        return
    yield from _check_table(place, "fraction", fraction, tables)
    rows = tables.get(fraction.get("table", ""), ())
    if rows and not any(row.get("source") == fraction.get("source") for row in rows):
        yield Problem(
            "the table has no fraction of this source", place,
            example=str(fraction.get("source")), remedy="Name a source that it has.",
        )  # fmt: skip


def _check_contact(
    place: str, conditions: Mapping[str, Any], columns: set[str]
) -> Iterator[Problem]:
    for name, value in conditions.items():
        if name == "says":
            continue
        if name not in columns:
            yield Problem(
                f'"{name}" is no column', place, remedy=f"Columns: {', '.join(sorted(columns))}."
            )
        for part, wanted in value.items() if isinstance(value, dict) else ():
            if part not in CONTACT_CONDITIONS:
                yield Problem(
                    f'"{part}" is no condition on a column', f"{place}: {name}",
                    remedy=f"Conditions: {', '.join(CONTACT_CONDITIONS)}.",
                )  # fmt: skip
            elif part != "empty_or" and not is_pattern(wanted):
                yield Problem(
                    "a pattern cannot be read", f"{place}: {name}", example=str(wanted),
                    remedy="Write a regular expression without look-ahead.",
                )  # fmt: skip


def _check_table(
    place: str, name: str, value: Mapping[str, Any], tables: Mapping[str, Any]
) -> Iterator[Problem]:
    part, columns = _TABLES[name]
    if part not in value and name == "day_procedure":
        return
    rows = tables.get(value.get(part, ""))
    if rows is None:
        yield Problem(
            f'there is no table "{value.get(part)}"', place,
            remedy="Put the CSV file beside the rules, or mend its name.",
        )  # fmt: skip
        return
    wanted = [str(value.get(c[1:])) if c.startswith("=") else c for c in columns]
    lacking = [column for column in wanted if not rows or column not in rows[0]]
    if lacking:
        yield Problem(
            f"the table {value[part]} lacks {', '.join(lacking)}", place,
            remedy="Add the columns; the table needs a header.",
        )  # fmt: skip
        return
    for column in set(wanted) & {*_NUMBERS}:
        wrong = [row[column] for row in rows if not _is_number(row[column])]
        if wrong:
            yield Problem(
                f"{column} is no number", f"{place}: {value[part]}", len(wrong), wrong[0],
                "Write numbers with a point.",
            )  # fmt: skip


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def _fits(name: str, value: Any) -> bool:
    if name == "admission":
        return value in ADMISSIONS
    if name == "discharge":
        return value in DISCHARGES
    if name in ("age", "nights"):
        return (
            isinstance(value, list)
            and len(value) == 2
            and all(isinstance(v, int) for v in value)
            and value[0] <= value[1]
        )
    if name in ("days_to_procedure", "readmitted_within"):
        return isinstance(value, int) and value >= 0
    if name == "sex":
        return value in (1, 2)
    if name == "procedures":
        return value == "none"
    if name == "operation":
        return isinstance(value, bool)
    if name == "patient_class":
        return isinstance(value, list) and all(isinstance(v, str) for v in value)
    if name == "frailty":
        return isinstance(value, dict) and ("score" in value) != ("above" in value)
    if name == "day_procedure":
        return isinstance(value, dict) and (
            "list" in value
            or (value.get("setting") in ("day case", "outpatient") and 0 < value.get("over", 0) < 1)
        )
    if name in ("over_trim_point", "ambulatory"):
        return isinstance(value, dict)
    return all(is_pattern(p) for p in patterns(value))


def patterns(value: Any) -> list[Any]:
    """Give the patterns of a condition as a list; each must be found."""
    return value if isinstance(value, list) else [value]


def is_pattern(value: Any) -> bool:
    """Tell whether a value is a regular expression that the database can use."""
    if not isinstance(value, str) or not value or "(?" in value.replace("(?:", ""):
        return False
    try:
        re.compile(value)
    except re.error:
        return False
    return True
