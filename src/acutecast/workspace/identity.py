"""Who somebody is: nobody asks, but the server in front says so in headers."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace.access import EVERY, Forbidden, Person
from acutecast.workspace.access_file import Access, read_access
from acutecast.workspace.doorway import through_proxy
from acutecast.workspace.settings import Settings

_LOG = logging.getLogger(__name__)
LOCAL = Person("local", "You", role="admin", providers=(EVERY,))
"""The one person of a laptop."""

LONGEST_NAME = 200
_CONNECT = ("Shiny-Server-Credentials", "RStudio-Connect-Credentials")
_AZURE_NAME, _AZURE_CLAIMS = "X-MS-CLIENT-PRINCIPAL-NAME", "X-MS-CLIENT-PRINCIPAL"
# Claims are named shortly or by an address, whose last part says what they are. A display name
# is no identity: it need not be unique.
_ID_CLAIMS = ("preferred_username", "upn", "emailaddress", "email")
_GROUP_CLAIMS = ("groups", "group", "roles", "role")

# Who somebody is, how to call them, their groups.
_Said = tuple[str, str, tuple[str, ...]]


def identify(settings: Settings, headers: Mapping[str, str], client: str | None = None) -> Person:
    """Tell who sent a request, from what the server in front of the application says.

    Args:
        settings: says which server that is, and where the file of roles is.
        headers: the headers of the request; capitals and small letters are the same.
        client: the address that it came from, where that is known.

    Returns:
        The person; whom the file of roles does not name is a reader of no provider.

    Raises:
        Forbidden: where the headers name nobody, or the file of roles cannot be used.
    """
    if settings.identity == "local":
        return LOCAL
    if settings.identity == "proxy" and not through_proxy(settings, headers, client):
        raise _nobody()
    said = {
        "connect": lambda: _of_connect(headers),
        "proxy": lambda: _of_proxy(headers, settings.user_header, settings.groups_header),
        "azure": lambda: _of_azure(headers),
    }[settings.identity]()
    name, title, groups = said
    name = name.strip()
    known_as = name.casefold()  # which may be longer
    if not name or len(known_as) > LONGEST_NAME or not name.isprintable():
        raise _nobody()
    grant = _access(settings).of(name, groups)
    return Person(known_as, title.strip() or name, grant.role, grant.providers, groups)


def _of_connect(headers: Mapping[str, str]) -> _Said:
    """Posit Connect: JSON with user and groups; nothing of the kind for anonymous visitors."""
    texts = {text for name in _CONNECT if (text := _header(headers, name))}
    if len(texts) != 1:
        raise _nobody()
    try:
        said = json.loads(texts.pop())
    except ValueError:
        raise _nobody() from None
    if not isinstance(said, dict) or not isinstance(said.get("user"), str):
        raise _nobody()
    groups = said.get("groups") or []
    return said["user"], said["user"], _texts(groups if isinstance(groups, list) else [])


def _of_proxy(headers: Mapping[str, str], user: str, groups: str) -> _Said:
    name = _header(headers, user)
    return name, name, _texts(part.strip() for part in _header(headers, groups).split(","))


def _of_azure(headers: Mapping[str, str]) -> _Said:
    """Azure's built-in authentication: a name, and claims as JSON in Base64."""
    claims = _claims(_header(headers, _AZURE_CLAIMS))
    values: dict[str, list[str]] = {}
    for kind, value in claims:
        values.setdefault(kind, []).append(value)
    ids = [values[kind][0] for kind in _ID_CLAIMS if kind in values]
    name = _header(headers, _AZURE_NAME) or (ids[0] if ids else "")
    groups = _texts(value for kind in _GROUP_CLAIMS for value in values.get(kind, []))
    return name, values.get("name", [name])[0], groups


def _claims(encoded: str) -> list[tuple[str, str]]:
    if not encoded:
        return []
    try:
        said = json.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (binascii.Error, ValueError):
        raise _nobody() from None
    entries = said.get("claims", []) if isinstance(said, dict) else []
    return [
        (str(entry["typ"]).rpartition("/")[2].casefold(), str(entry["val"]))
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and "typ" in entry and "val" in entry
    ]


def _header(headers: Mapping[str, str], name: str) -> str:
    """Give a header's value; "" where it is missing, or stands there twice and differs.

    A second one is what a client adds in the hope that it is taken for the server's.
    """
    found = {value.strip() for key, value in headers.items() if key.casefold() == name.casefold()}
    return found.pop() if len(found) == 1 else ""


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for v in values if isinstance(v, str) and v))


def _access(settings: Settings) -> Access:
    if settings.access is None:
        return Access()
    try:
        return read_access(settings.access)
    except AcutecastError as error:
        # Whoever asks has not been let in yet, so they do not read what the file says.
        _LOG.error("nobody is let in: %s", error)
        raise Forbidden(
            Problem(
                "the list of who may see what cannot be used at the moment",
                remedy="Tell whoever looks after this installation; its log says what is wrong.",
            )
        ) from error


def _nobody() -> Forbidden:
    return Forbidden(
        Problem("nobody is signed in", remedy="Sign in where you usually do, and come back.")
    )
