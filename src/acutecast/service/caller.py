"""Who asks: a program with a token, or whom the server in front names.

Asked before anything of a request is read. What is not for everybody is for nobody else.
"""

from __future__ import annotations

import logging
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from acutecast.errors import AcutecastError, Problem
from acutecast.service import refusals
from acutecast.service.tokens import PREFIX, find_token, read_tokens, today
from acutecast.workspace import Forbidden, Person, Workspace, identify
from acutecast.workspace.access_file import Access, read_access
from acutecast.workspace.doorway import LOCAL_NAMES, is_here, name_of, refusal
from acutecast.workspace.settings import Settings

OPEN = ("/", "/health", "/openapi.json")
"""Addresses that anybody may ask."""

_LOG = logging.getLogger(__name__)
_ASK = {"WWW-Authenticate": "Bearer"}
_OF_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Identifying:
    """Tells who asks, and turns away whom nobody knows."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http" or _asked(scope) in OPEN:
            await self.app(scope, receive, send)
            return
        try:
            scope.setdefault("state", {})["person"] = caller(self._settings, scope)
        except AcutecastError as error:
            await refusals.answer(error)(scope, receive, send)
            return
        await self.app(scope, receive, send)


def caller(settings: Settings, scope: Scope) -> Person:
    """Tell who sent a request.

    Where there is a file of tokens, a token says it; without one, whoever the settings name does.
    The one person of a laptop is only who asks from the same machine.

    Raises:
        Refused: where nobody is known.
    """
    headers = Headers(scope=scope)
    token = _bearer(headers)
    alone = settings.identity == "local"
    # Servers in front have tokens of their own, which they pass on.
    if settings.tokens is not None and token and (alone or token.startswith(PREFIX)):
        return _of_token(settings, token)
    if alone and settings.tokens is not None:
        raise _nobody("a token is needed", "Send it as Authorization: Bearer TOKEN.")
    if alone and not _from_here(scope, headers):
        raise _nobody(
            "without tokens, this service answers nobody but programs on its own machine",
            "Start it with a file of tokens.",
        )
    # A token is no page's to send; whom a server in front knows, a page of another's can ask as.
    refused = refusal(settings, scope)
    if refused is not None:
        raise refusals.Refused(403, refused)
    _access(settings)
    client = scope.get("client")
    try:
        return identify(settings, headers, client[0] if client else None)
    except Forbidden as error:
        raise refusals.Refused(401, error.problems, headers=_ASK) from error


def _of_token(settings: Settings, text: str) -> Person:
    assert settings.tokens is not None
    try:
        found = find_token(read_tokens(settings.tokens), text)
    except AcutecastError as error:
        raise _unusable("tokens", error) from error
    if found is None:
        raise _nobody("this token is not known", "Ask for another one.")
    if found.expires < today():
        raise _nobody(f"this token expired on {found.expires:%d.%m.%Y}", "Ask for another one.")
    grant = _access(settings).of(found.person, found.groups)
    name = found.person.casefold()
    return Person(name, found.person, grant.role, grant.providers, found.groups)


def _access(settings: Settings) -> Access:
    if settings.access is None:
        return Access()
    try:
        return read_access(settings.access)
    except AcutecastError as error:
        raise _unusable("who may see what", error) from error


def _unusable(what: str, error: AcutecastError) -> refusals.Refused:
    # Whoever asks has not been let in yet, so they do not read what the file says.
    _LOG.error("nobody is let in: %s", error)
    return refusals.not_now(
        f"the list of {what} cannot be used at the moment",
        "Tell whoever looks after this installation; its log says what is wrong.",
    )


def _bearer(headers: Headers) -> str:
    """Give the token of a request; "" where it has none, or several."""
    stated = headers.getlist("authorization")
    if len(stated) != 1:
        return ""
    scheme, _, token = stated[0].partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""


def _from_here(scope: Scope, headers: Headers) -> bool:
    """Tell whether a request comes from this machine, and from no page of another's.

    A proxy of this machine sends on what others ask, and a browser what any page asks, also one
    whose name its owner made lead here. Both say so.
    """
    client = scope.get("client")
    named = headers.get("host", "")
    return (
        client is not None
        and is_here(client[0])
        and name_of(named) in LOCAL_NAMES
        and not any(header in headers for header in _OF_PROXIES)
        and headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        and headers.get("origin", f"http://{named}") == f"http://{named}"
    )


def _nobody(what: str, remedy: str) -> refusals.Refused:
    return refusals.Refused(401, Problem(what, remedy=remedy), headers=_ASK)


def _asked(scope: Scope) -> str:
    """Give the path of a request behind the prefix that a proxy has for us."""
    path, prefix = scope["path"], scope.get("root_path", "")
    return path[len(prefix) :] if prefix and path.startswith(f"{prefix}/") else path


_scheme = HTTPBearer(
    auto_error=False,
    description="A token of `acutecast token new`. Not needed where a server in front signs "
    "people in, nor on one's own machine.",
)


# Not in threads, of which each has one only for a moment.
async def _person(
    request: Request,
    _: Annotated[HTTPAuthorizationCredentials | None, Security(_scheme)],
) -> Person:
    return request.state.person


async def _workspace(request: Request) -> Workspace:
    return request.app.state.workspace


Caller = Annotated[Person, Depends(_person)]
Shared = Annotated[Workspace, Depends(_workspace)]
