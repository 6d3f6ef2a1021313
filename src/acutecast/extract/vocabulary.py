"""The conditions that TPMA rules are made of: their names and checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from acutecast.errors import Problem

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
_NAMES_TABLE = {
    "frailty": "weights",
    "over_trim_point": "table",
    "ambulatory": "table",
}


def check(rule: Rule, tables: Mapping[str, Any]) -> Iterator[Problem]:
    """Find what is wrong in a rule's conditions."""
    place = f"{rule.family}: {rule.key}"
    if not rule.says:
        yield Problem("the rule has no words (says)", place, remedy="Say what it selects.")
    for conditions in (rule.where, *rule.any):
        if rule.activity_type != "ip":
            yield from _check_contact(place, conditions)
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
            elif name in _NAMES_TABLE or "list" in (value if isinstance(value, dict) else ()):
                yield from _check_table(place, value.get(_NAMES_TABLE.get(name, "list")), tables)
    if rule.fraction is not None:
        yield from _check_table(place, rule.fraction.get("table"), tables)
        if not any(
            row.get("source") == rule.fraction.get("source")
            for row in tables.get(rule.fraction.get("table", ""), ())
        ):
            yield Problem(
                "the table has no fraction of this source", place,
                example=str(rule.fraction.get("source")), remedy="Name a source that it has.",
            )  # fmt: skip


def check_flag(flag: Flag) -> Iterator[Problem]:
    """Find what is wrong in a flag's conditions."""
    place = f"{flag.on}: {flag.name}"
    if flag.on not in ("opa", "ecds", "ae"):
        yield Problem("a flag is on opa, ecds or ae", place, example=str(flag.on))
    conditions = {k: v for k, v in flag.where.items() if k != "attendances_before"}
    yield from _check_contact(place, conditions)


def _check_contact(place: str, conditions: Mapping[str, Any]) -> Iterator[Problem]:
    for name, value in conditions.items():
        if name == "says":
            continue
        if not re.fullmatch(r"[a-z_0-9]+", name):
            yield Problem(f'"{name}" is no column', place)
        if isinstance(value, dict):
            for part in value:
                if part not in CONTACT_CONDITIONS:
                    yield Problem(
                        f'"{part}" is no condition on a column', f"{place}: {name}",
                        remedy=f"Conditions: {', '.join(CONTACT_CONDITIONS)}.",
                    )  # fmt: skip
            for part in ("matches", "not_matches"):
                if part in value and not is_pattern(value[part]):
                    yield Problem("a pattern cannot be read", place, example=str(value[part]))


def _check_table(place: str, name: Any, tables: Mapping[str, Any]) -> Iterator[Problem]:
    if name not in tables:
        yield Problem(
            f'there is no table "{name}"', place,
            remedy="Put the CSV file beside the rules, or mend its name.",
        )  # fmt: skip


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
    if name in ("frailty", "over_trim_point", "ambulatory", "day_procedure"):
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
