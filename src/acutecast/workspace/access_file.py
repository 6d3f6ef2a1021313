"""The file of roles and providers: who may see what, by person and by group.

It is TOML, and read again when it changes:

    [people."anna@trust.nhs.uk"]
    role = "analyst"
    providers = ["RXX"]

    [groups."planners"]
    providers = ["RXX", "RYY"]

A person has the highest role and all providers of what names them and their groups, and of
[default], which is for everybody who is signed in. Without it, whom nothing names sees nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import reason
from acutecast.workspace.access import ROLES
from acutecast.workspace.watched_file import watched

_TABLES = ("default", "people", "groups")
_KEYS = ("role", "providers")


@dataclass(frozen=True)
class Grant:
    """What one entry of the file gives.

    Attributes:
        role: "reader", "analyst" or "admin".
        providers: codes, or ("*",).
    """

    role: str = "reader"
    providers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Access:
    """What the file says.

    Attributes:
        people, groups: what each is given, by name in small letters.
        default: what everybody is given.
    """

    people: Mapping[str, Grant] = field(default_factory=dict)
    groups: Mapping[str, Grant] = field(default_factory=dict)
    default: Grant = Grant()

    def of(self, name: str, groups: tuple[str, ...]) -> Grant:
        """Give the highest role and all the providers that a person has."""
        nothing = Grant()
        grants = [self.default, self.people.get(name.casefold(), nothing)]
        grants += [self.groups.get(group.casefold(), nothing) for group in groups]
        role = max((grant.role for grant in grants), key=ROLES.index)
        providers = sorted({code for grant in grants for code in grant.providers})
        return Grant(role, tuple(providers))


def read_access(path: Path) -> Access:
    """Read the file, or give what was read of it where it has not changed since.

    Raises:
        AcutecastError: with everything wrong with it.
    """
    return _read(path)


def parse_access(text: str, where: str) -> Access:
    """Read the text of such a file.

    Args:
        text: the TOML.
        where: what it is called in messages.

    Raises:
        AcutecastError: with everything wrong with it.
    """
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise AcutecastError(
            Problem(f"the file of roles is not valid TOML: {reason(error)}", where)
        ) from error
    raise_if_any(_problems(content), where)
    return Access(
        people={name.casefold(): _grant(entry) for name, entry in _entries(content, "people")},
        groups={name.casefold(): _grant(entry) for name, entry in _entries(content, "groups")},
        default=_grant(content.get("default", {})),
    )


def _entries(content: Mapping[str, Any], table: str) -> Iterator[tuple[str, Any]]:
    yield from content.get(table, {}).items()


def _grant(entry: Mapping[str, Any]) -> Grant:
    return Grant(entry.get("role", "reader"), tuple(entry.get("providers", ())))


def _problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    for table in sorted(set(content) - set(_TABLES)):
        yield Problem(
            "is not a table of this file", table, remedy=f"Use {', '.join(_TABLES)}."
        )  # fmt: skip
    yield from _entry_problems("default", content.get("default", {}))
    for table in ("people", "groups"):
        entries = content.get(table, {})
        if not isinstance(entries, Mapping):
            yield Problem("is no table", table, remedy=f'Write [{table}."name"].')
            continue
        seen: set[str] = set()
        for name, entry in entries.items():
            where = f'{table}."{name}"'
            if name.casefold() in seen:
                yield Problem("stands twice, in capitals and small letters", where)
            seen.add(name.casefold())
            # Where the quotes are forgotten, TOML reads anna@x.nhs.uk as tables in one another.
            yield from _entry_problems(where, entry)


def _entry_problems(where: str, entry: Any) -> Iterator[Problem]:
    if not isinstance(entry, Mapping):
        yield Problem("is no table", where, remedy=f"Write [{where}], and role and providers.")
        return
    for key in sorted(set(entry) - set(_KEYS)):
        yield Problem(
            "is not a name of this file", f"{where}.{key}",
            remedy="Use role and providers; a name with dots stands in quotes.",
        )  # fmt: skip
    if "role" in entry and entry["role"] not in ROLES:
        yield Problem(
            f"{entry['role']!r} is no role", f"{where}.role", remedy=f"Use {', '.join(ROLES)}."
        )
    codes = entry.get("providers", [])
    if not isinstance(codes, list) or not all(isinstance(c, str) and c.strip() for c in codes):
        yield Problem(
            "is no list of the codes of providers", f"{where}.providers",
            remedy='Write ["RXX"], or ["*"] for all.',
        )  # fmt: skip


_read = watched("file of roles", parse_access)
