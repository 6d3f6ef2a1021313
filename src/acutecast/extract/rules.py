"""The rules that tag potentially mitigable activity: what a rule set is, and reading one.

A rule set is a folder of TOML files, a file a family, with the CSV tables that they name and
`ruleset.toml`, which gives its name and version. Rules are data: `tagging` compiles them to SQL.
docs/how-to/tpma-rules.md describes the vocabulary.
"""

from __future__ import annotations

import csv
import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from acutecast import facts
from acutecast.errors import Problem, raise_if_any
from acutecast.extract import vocabulary

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
    # The built-in files come first, so that one's own replace them.
    for where, parts in (("", sources), (str(folder), own)):
        for name in sorted(parts):
            place = f"{where}/{name}" if where else name
            if name.endswith(".csv"):
                tables[name] = _rows(parts[name], place, problems)
                continue
            document = _document(parts[name], place, problems)
            if name == "ruleset.toml":
                header |= document
                continue
            found, marked = _read_family(document, name.removesuffix(".toml"), place, problems)
            rules |= found
            flags |= marked
    if own and not (own.keys() & {"ruleset.toml"}):
        header = {"name": f"{header.get('name', '')} with changes", "version": "unnamed"}
    rules = dict(sorted(rules.items()))
    for rule in rules.values():
        problems += vocabulary.check(rule, tables)
    for flag in flags.values():
        problems += vocabulary.check_flag(flag)
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


def _own_files(folder: str | os.PathLike[str]) -> dict[str, bytes]:
    path = Path(folder)
    if not path.is_dir():
        raise_if_any(
            [Problem("there is no such folder of rules", str(path), remedy="Name a folder.")]
        )
    own = {entry.name: entry.read_bytes() for entry in path.iterdir() if _is_part(entry.name)}
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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(
            Problem(f"the file is not TOML: {error}", place, remedy="Mend it at that place.")
        )
        return {}


def _rows(content: bytes, place: str, problems: list[Problem]) -> tuple[Mapping[str, str], ...]:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        problems.append(Problem("the table is not UTF-8 text", place, remedy="Save it as UTF-8."))
        return ()
    return tuple(csv.DictReader(line for line in lines if line and not line.startswith("#")))


def _read_family(
    document: dict[str, Any], family: str, place: str, problems: list[Problem]
) -> tuple[dict[str, Rule], dict[tuple[str, str], Flag]]:
    source = str(document.get("source", ""))
    known = {row["key"]: row for row in facts.rows("tpmas")}
    rules: dict[str, Rule] = {}
    flags: dict[tuple[str, str], Flag] = {}
    for entry in _entries(document, "tpma", place, problems):
        key = str(entry.get("key", ""))
        fact = known.get(key, {})
        kind = entry.get("kind", fact.get("kind"))
        activity_type = entry.get("activity_type", fact.get("activity_type"))
        for name, value, allowed in (
            ("kind", kind, ("activity_avoidance", "efficiencies")),
            ("activity_type", activity_type, ("ip", "op", "aae")),
        ):
            if value not in allowed:
                problems.append(
                    Problem(
                        f"a TPMA that is not a standard one needs its {name}", f"{place}: {key}",
                        remedy=f"Add {name} = one of {', '.join(allowed)}.",
                    )
                )  # fmt: skip
        if key not in known and not (key.startswith(facts.OWN_TPMA) and activity_type == "ip"):
            problems.append(
                Problem(
                    "a TPMA of one's own is of inpatients, and its key begins with own_",
                    f"{place}: {key}", remedy=f"Rename it to {facts.OWN_TPMA}{key}.",
                )
            )  # fmt: skip
        unknown = set(entry) - _RULE_KEYS
        if unknown or not key or key in rules:
            what = "a TPMA has no key" if not key else (
                f'"{sorted(unknown)[0]}" is no part of a rule' if unknown else "a key occurs twice"
            )  # fmt: skip
            problems.append(Problem(what, f"{place}: {key}", remedy=f"Parts: {_LISTED}."))
        rules[key] = Rule(
            key, family, str(entry.get("says", "")), str(entry.get("source", source)),
            str(entry.get("differs", "")), activity_type, kind, dict(entry.get("where", {})),
            tuple(_entries(entry, "any", f"{place}: {key}", problems)),
            entry.get("fraction"), entry.get("per"),
            bool(entry.get("made_by_projection", False)),
        )  # fmt: skip
    for entry in _entries(document, "flag", place, problems):
        name = str(entry.get("name", ""))
        on = entry.get("on", "opa" if family == "outpatients" else "ecds")
        flag = Flag(
            name, on, str(entry.get("says", "")), source, str(entry.get("differs", "")),
            dict(entry.get("where", {})),
        )  # fmt: skip
        flags[on, name] = flag
    return rules, flags


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
