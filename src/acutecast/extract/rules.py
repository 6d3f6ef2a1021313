"""The rules that tag potentially mitigable activity: what a rule set is, and reading one.

A rule set is a folder of TOML files, a file a family, with the CSV tables that they name and
`ruleset.toml`, which gives its name and version. Rules are data: `tagging` compiles them to SQL.
docs/how-to/tpma-rules.md describes the vocabulary.
"""

from __future__ import annotations

import csv
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from acutecast import facts
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.extract import vocabulary
from acutecast.extract.rule_values import is_text, shortened, unreadable

Kind = Literal["activity_avoidance", "efficiencies"]


@dataclass(frozen=True)
class Rule:
    """One TPMA: which activity it is about.

    Attributes:
        key: the TPMA's key, as in scenarios.
        family: the file that it is in, without its ending.
        says: what it selects, in plain words.
        source: where the facts are published.
        differs: where and why it departs from the NHP model's rule; "" where it does not.
        activity_type: "ip", "op" or "aae".
        kind: "activity_avoidance" or "efficiencies".
        where: conditions that must all hold.
        any: alternatives, of which one at least must hold with all its conditions; may be empty.
        fraction: the table, and the rows of it by their `source`, that give the share of a spell
            that the cause explains; None for whole spells.
        per: conditions of the activity that a rate is a share of (outpatients, emergency); None
            where it follows from `where`.
        made_by_projection: True where the projection finds the rows itself and nothing is stored.
    """

    key: str
    family: str
    says: str
    source: str
    differs: str
    activity_type: Literal["ip", "op", "aae"]
    kind: Kind
    where: Mapping[str, Any]
    any: tuple[Mapping[str, Any], ...] = ()
    fraction: Mapping[str, str] | None = None
    per: Mapping[str, Any] | None = None
    made_by_projection: bool = False


@dataclass(frozen=True)
class Flag:
    """One yes-or-no column of outpatient or emergency rows that rules rest on.

    Attributes:
        name: the column of the provider table.
        on: the records that it is worked out from: "opa", "ecds" or "ae".
        says: what it means, in plain words.
        source: where the facts are published.
        differs: where and why it departs from the NHP model's; "" where it does not.
        where: conditions that must all hold.
    """

    name: str
    on: Literal["opa", "ecds", "ae"]
    says: str
    source: str
    differs: str
    where: Mapping[str, Any]


@dataclass(frozen=True)
class RuleSet:
    """All rules and what they rest on.

    Attributes:
        name: the set's name.
        version: the version that its makers gave it.
        digest: SHA-256 of its files, hexadecimal: two sets with one digest have the same rules.
        rules: by key.
        flags: by what they are worked out from, and name.
        tables: rows of the CSV tables by file name.
    """

    name: str
    version: str
    digest: str
    rules: Mapping[str, Rule]
    flags: Mapping[tuple[str, str], Flag]
    tables: Mapping[str, tuple[Mapping[str, str], ...]] = field(repr=False)

    @property
    def label(self) -> str:
        """Give name, version and the first digits of the digest, as stored with results."""
        return f"{self.name} {self.version} ({self.digest[:12]})"


def read_rules(folder: str | os.PathLike[str] | None = None) -> RuleSet:
    """Read the built-in rule set, with the changes of a folder on top.

    A rule of the folder takes the place of the built-in one with its key, or adds to the set; so
    does a table of the same file name. `ruleset.toml` there names the set that results.

    Args:
        folder: a folder of rule files of one's own; None for the built-in set alone.

    Raises:
        AcutecastError: with everything wrong in the files.
    """
    built_in = files("acutecast.extract").joinpath("rules")
    sources = {e.name: e.read_bytes() for e in built_in.iterdir() if _is_part(e.name)}
    own = _own_files(folder) if folder is not None else {}
    problems: list[Problem] = []
    header: dict[str, Any] = {}
    tables: dict[str, tuple[Mapping[str, str], ...]] = {}
    rules: dict[str, Rule] = {}
    flags: dict[tuple[str, str], Flag] = {}
    places: dict[Any, str] = {}
    built_in_flags: frozenset[tuple[str, str]] = frozenset()
    # The built-in files come first, so that one's own replace them.
    for where, parts in (("", sources), (str(folder), own)):
        built_in_flags = frozenset(flags)
        for name in sorted(parts):
            place = f"{where}/{name}" if where else name
            if name.endswith(".csv"):
                tables[name] = _rows(parts[name], place, problems)
                continue
            document = _document(parts[name], place, problems)
            if name == "ruleset.toml":
                header |= _header(document, place, problems)
                continue
            found, marked = _read_family(document, name.removesuffix(".toml"), place, problems)
            rules |= found
            flags |= marked
            places |= {key: f"{place}: {shortened(key)}" for key in found}
            places |= {key: f"{place}: {shortened(key[1])}" for key in marked}
    if own and not (own.keys() & {"ruleset.toml"}):
        header = {"name": f"{header.get('name', '')} with changes", "version": "unnamed"}
    rules = dict(sorted(rules.items()))
    if len(rules) > _MOST_RULES:
        problems.append(
            Problem(
                f"there are {len(rules):,} TPMAs", str(folder),
                remedy=f"Keep to {_MOST_RULES:,} in all.",
            )
        )  # fmt: skip
    for rule in rules.values():
        problems += vocabulary.check(rule, tables, places[rule.key])
    for key, flag in flags.items():
        problems += vocabulary.check_flag(flag, built_in_flags or frozenset(flags), places[key])
    if own:  # the built-in ones are tried by the tests
        problems += _unreadable_patterns(rules, flags, tables, places)
    raise_if_any(problems, "The TPMA rules cannot be used")
    digest = hashlib.sha256()
    for name, content in sorted((sources | own).items()):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return RuleSet(
        str(header.get("name", "unnamed")), str(header.get("version", "unnamed")),
        digest.hexdigest(), rules, flags, tables,
    )  # fmt: skip


def _is_part(name: str) -> bool:
    return name.endswith((".toml", ".csv"))


def _unread(path: Path, error: OSError) -> Problem:
    return Problem(
        f"it cannot be read: {error.strerror or error}", str(path),
        remedy="See that it is a file that you may read.",
    )  # fmt: skip


def _unreadable_patterns(
    rules: Mapping[str, Rule], flags: Mapping[tuple[str, str], Flag],
    tables: Mapping[str, tuple[Mapping[str, str], ...]], places: Mapping[Any, str],
) -> Iterator[Problem]:  # fmt: skip
    """Find the patterns that the database cannot read, all of them at once."""
    found = [
        (f"{places[rule.key]}: {name}", pattern)
        for rule in rules.values()
        for conditions in (rule.where, *rule.any, rule.per or {})
        for name, pattern in vocabulary.patterns_of(conditions, rule.activity_type)
    ]
    found += [
        (f"{places[key]}: {name}", pattern)
        for key, flag in flags.items()
        for name, pattern in vocabulary.patterns_of(flag.where, "flag")
    ]
    found += vocabulary.patterns_of_tables(list(rules.values()), tables)
    wrong = unreadable(pattern for _, pattern in found)
    for place, pattern in found:
        if pattern in wrong:
            yield Problem(
                "a pattern cannot be read", place, example=shortened(pattern),
                remedy="Write a regular expression (RE2), without look-ahead or back references.",
            )  # fmt: skip


def _own_files(folder: str | os.PathLike[str]) -> dict[str, bytes]:
    path = Path(folder)
    if not path.is_dir():
        raise_if_any(
            [Problem("there is no such folder of rules", str(path), remedy="Name a folder.")]
        )
    own: dict[str, bytes] = {}
    problems = []
    try:
        entries = [entry for entry in sorted(path.iterdir()) if _is_part(entry.name)]
    except OSError as error:
        raise AcutecastError(_unread(path, error)) from error
    for entry in entries:
        try:
            if entry.stat().st_size > _LARGEST_FILE[entry.suffix]:
                problems.append(
                    Problem(
                        "the file is larger than rules are", str(entry),
                        remedy=f"Keep it to {_LARGEST_FILE[entry.suffix] // 10**6} MB.",
                    )
                )  # fmt: skip
                continue
            own[entry.name] = entry.read_bytes()
        except OSError as error:
            problems.append(_unread(entry, error))
    raise_if_any(problems, "The TPMA rules cannot be read")
    if not own:
        raise_if_any(
            [
                Problem(
                    "the folder has no rule file (*.toml) and no table (*.csv)", str(path),
                    remedy="See the how-to page on TPMA rules for the form of one.",
                )
            ]
        )  # fmt: skip
    return own


def _document(content: bytes, place: str, problems: list[Problem]) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    # Beside its own error, the reader gives others for numbers and lists without end.
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else shortened(error)
        problems.append(
            Problem(f"the file is not TOML: {why}", place, remedy="Mend it at that place.")
        )
        return {}


def _header(document: dict[str, Any], place: str, problems: list[Problem]) -> dict[str, Any]:
    """Give name and version of a rule set."""
    for part in ("name", "version"):
        if part in document and not is_text(document[part]):
            problems.append(
                Problem(
                    f"{part} is no short text", place, example=shortened(document[part]),
                    remedy=f'Write {part} = "…".',
                )
            )  # fmt: skip
    return {part: document[part] for part in ("name", "version") if part in document}


def _rows(content: bytes, place: str, problems: list[Problem]) -> tuple[Mapping[str, str], ...]:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        problems.append(Problem("the table is not UTF-8 text", place, remedy="Save it as UTF-8."))
        return ()
    try:
        rows = tuple(csv.DictReader(line for line in lines if line and not line.startswith("#")))
    except csv.Error as error:
        problems.append(
            Problem(f"the table is not CSV: {error}", place, remedy="Mend or save it again.")
        )
        return ()
    ragged = [i for i, row in enumerate(rows, 1) if None in row or None in row.values()]
    if ragged:
        problems.append(
            Problem(
                "rows have more or fewer cells than the header", place, len(ragged),
                f"row {ragged[0]} below it", "Give every row a cell for each column.",
            )
        )  # fmt: skip
        return ()
    return rows


def _read_family(
    document: dict[str, Any], family: str, place: str, problems: list[Problem]
) -> tuple[dict[str, Rule], dict[tuple[str, str], Flag]]:
    def wrong(what: str, key: str, example: Any, remedy: str) -> None:
        at = f"{place}: {shortened(key)}" if key else place
        problems.append(Problem(what, at, example=shortened(example), remedy=remedy))

    def part(entry: dict[str, Any], name: str, key: str) -> Any:
        """Give a part of an entry, or what stands for it where its type is wrong."""
        kind, otherwise, remedy = _PARTS[name]
        value = entry.get(name, otherwise)
        if value is otherwise or isinstance(value, kind):
            return value
        wrong(f"{name} has a value that it cannot have", key, value, remedy)
        return otherwise

    source = part(document, "source", "")
    known = {row["key"]: row for row in facts.rows("tpmas")}
    rules: dict[str, Rule] = {}
    flags: dict[tuple[str, str], Flag] = {}
    for entry in _entries(document, "tpma", place, problems):
        key = part(entry, "key", "")
        fact = known.get(key, {})
        kind = entry.get("kind", fact.get("kind"))
        activity_type = entry.get("activity_type", fact.get("activity_type"))
        for name, value, allowed in (
            ("kind", kind, ("activity_avoidance", "efficiencies")),
            ("activity_type", activity_type, ("ip", "op", "aae")),
        ):
            if value not in allowed:
                wrong(
                    f"a TPMA that is not a standard one needs its {name}", key, "",
                    f"Add {name} = one of {', '.join(allowed)}.",
                )  # fmt: skip
        if key and key not in known and not re.fullmatch(_OWN_KEY, key):
            wrong(
                f"the key of a TPMA of one's own begins with {facts.OWN_TPMA}, and has letters, "
                "digits, - and _", key, "", f"Rename it, such as {facts.OWN_TPMA}short_stays.",
            )  # fmt: skip
        elif key not in known and activity_type != "ip":
            wrong("a TPMA of one's own is of inpatients", key, "", 'Write activity_type = "ip".')
        # What is wrong has been said; the rest is checked as if it were the commonest.
        kind = kind if kind in ("activity_avoidance", "efficiencies") else "efficiencies"
        activity_type = activity_type if activity_type in ("ip", "op", "aae") else "ip"
        unknown = set(entry) - _RULE_KEYS
        if unknown or not key or key in rules:
            what = "a TPMA has no key" if not key else (
                f'"{shortened(sorted(unknown)[0])}" is no part of a rule' if unknown
                else "a key occurs twice"
            )  # fmt: skip
            wrong(what, key, "", f"Parts: {_LISTED}.")
        rules[key] = Rule(
            key, family, part(entry, "says", key), part(entry, "source", key) or source,
            part(entry, "differs", key), activity_type, kind, dict(part(entry, "where", key)),
            tuple(_entries(entry, "any", f"{place}: {shortened(key)}", problems)),
            part(entry, "fraction", key), part(entry, "per", key),
            part(entry, "made_by_projection", key),
        )  # fmt: skip
    for entry in _entries(document, "flag", place, problems):
        name = part(entry, "name", "")
        on = part(entry, "on", name) or ("opa" if family == "outpatients" else "ecds")
        flags[on, name] = Flag(
            name, on, part(entry, "says", name), source, part(entry, "differs", name),
            dict(part(entry, "where", name)),
        )  # fmt: skip
    return rules, flags


_TEXT_PART = (str, "", "Write a text.")
# Type of each part of a rule or flag, what stands for it where it is missing, and what to write.
_PARTS: dict[str, tuple[type, Any, str]] = {
    **dict.fromkeys(("key", "name", "on", "says", "source", "differs"), _TEXT_PART),
    "where": (dict, {}, "Write { condition = value, … }."),
    "fraction": (dict, None, "Write { table, source }."),
    "per": (dict, None, "Write { column = value, … }."),
    "made_by_projection": (bool, False, "Write true, or leave it out."),
}
_OWN_KEY = facts.OWN_TPMA + "[A-Za-z0-9_-]{1,80}"
_MOST_RULES = 1_000
_LARGEST_FILE = {".toml": 1_000_000, ".csv": 20_000_000}  # bytes
_RULE_KEYS = {
    "key", "says", "source", "differs", "where", "any", "fraction", "per", "made_by_projection",
    "kind", "activity_type",
}  # fmt: skip
_LISTED = ", ".join(sorted(_RULE_KEYS))


def _entries(
    document: dict[str, Any], name: str, place: str, problems: list[Problem]
) -> Iterator[dict[str, Any]]:
    entries = document.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in entries):
        problems.append(
            Problem(f"{name} must be a list of tables", place, remedy=f"Write [[{name}]].")
        )
        return
    yield from entries
