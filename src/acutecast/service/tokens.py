"""The tokens of programs: made once, kept as hashes, and read from a file.

The file is TOML with a line for each token, and read again when it changes:

    [tokens]
    "9f86d081…" = { person = "nightly@trust.nhs.uk", groups = ["planners"], expires = 2027-03-31 }

The name of a line is the SHA-256 of the token, in hexadecimal. The token itself is kept nowhere
here; it is 256 random bits, so that nobody finds it from its hash.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import reason
from acutecast.workspace.watched_file import watched

PREFIX = "acutecast_"
"""What every token begins with, so that it is told from those of other issuers."""

LONGEST_NAME = 200
_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEYS = ("person", "groups", "expires")


@dataclass(frozen=True)
class Token:
    """What is known of a token.

    Attributes:
        digest: its SHA-256, in hexadecimal.
        person: whose it is, by the name that the file of roles has.
        groups: the groups it counts as.
        expires: the last day (UTC) on which it is taken.
    """

    digest: str
    person: str
    groups: tuple[str, ...]
    expires: date

    def line(self) -> str:
        """Give its line in the file."""
        groups = f" groups = {json.dumps(self.groups)}," if self.groups else ""
        person = json.dumps(self.person, ensure_ascii=False)
        return (
            f'"{self.digest}" = {{ person = {person},{groups} expires = {self.expires:%Y-%m-%d} }}'
        )


def new_token(person: str, groups: Sequence[str], expires: date) -> tuple[str, Token]:
    """Make a token.

    Args:
        person: whose it is.
        groups: the groups it counts as.
        expires: the last day on which it is taken.

    Returns:
        The text to keep secret, and what the file is to know of it.

    Raises:
        AcutecastError: where nobody can be called so, or the day is past.
    """
    text = PREFIX + secrets.token_urlsafe(32)
    said = {"person": person, "groups": list(groups), "expires": expires}
    problems = list(_entry_problems("the token", said))
    if expires < today():
        problems.append(Problem("is past", "expires", example=str(expires)))
    raise_if_any(problems, "The token cannot be made")
    return text, Token(digest_of(text), person.strip(), tuple(groups), expires)


def digest_of(text: str) -> str:
    """Give the hash by which the file knows a token."""
    return hashlib.sha256(text.encode()).hexdigest()


def today() -> date:
    """Give the day by which tokens expire, in UTC."""
    return datetime.now(UTC).date()


def find_token(tokens: Sequence[Token], text: str) -> Token | None:
    """Find a token, expired or not; None where it is not known.

    All are compared, each in constant time, so that how long it takes says nothing.
    """
    digest, found = digest_of(text), None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def read_tokens(path: Path) -> tuple[Token, ...]:
    """Read the file, or give what was read of it where it has not changed since.

    Raises:
        AcutecastError: with everything wrong with it.
    """
    return _read(path)


def parse_tokens(text: str, where: str) -> tuple[Token, ...]:
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
            Problem(f"the file of tokens is not valid TOML: {reason(error)}", where)
        ) from error
    raise_if_any(_problems(content), where)
    return tuple(
        Token(digest, entry["person"].strip(), tuple(entry.get("groups", ())), entry["expires"])
        for digest, entry in content.get("tokens", {}).items()
    )


def _problems(content: Mapping[str, Any]) -> Iterator[Problem]:
    for table in sorted(set(content) - {"tokens"}):
        yield Problem("is not a table of this file", table, remedy="Use [tokens].")
    entries = content.get("tokens", {})
    if not isinstance(entries, Mapping):
        yield Problem("is no table", "tokens", remedy="Write [tokens].")
        return
    for digest, entry in entries.items():
        # Whoever put the token itself there must not find it again in a log.
        where = f"tokens.{digest[:8]}…"
        if not _DIGEST.fullmatch(digest):
            yield Problem(
                "is no SHA-256 in hexadecimal", where, remedy="acutecast token new writes the line."
            )
        yield from _entry_problems(where, entry)


def _entry_problems(where: str, entry: Any) -> Iterator[Problem]:
    if not isinstance(entry, Mapping):
        yield Problem("is no table", where, remedy="Write { person = …, expires = … }.")
        return
    for key in sorted(set(entry) - set(_KEYS)):
        yield Problem(
            "is not a name of this file", f"{where}.{key}", remedy=f"Use {', '.join(_KEYS)}."
        )
    person = entry.get("person")
    if not isinstance(person, str) or not person.strip() or not person.isprintable():
        yield Problem("names nobody", f"{where}.person", remedy="Write a name as people read it.")
    elif len(person.casefold()) > LONGEST_NAME:
        yield Problem(f"has {len(person)} letters", f"{where}.person")
    groups = entry.get("groups", [])
    if not isinstance(groups, list) or not all(isinstance(g, str) and g.strip() for g in groups):
        yield Problem("is no list of names", f"{where}.groups", remedy='Write ["planners"].')
    if type(entry.get("expires")) is not date:
        yield Problem("is no day", f"{where}.expires", remedy="Write a day such as 2027-03-31.")


_read = watched("file of tokens", parse_tokens)
