"""The door of application and service: which names they answer to, and whose pages may ask them.

A browser asks whatever any page tells it to, with what it knows of the person: a laptop's own
addresses, a session at a proxy. Two headers, which no page can set, tell such requests apart.
`Host` is the name that was asked for: a name that somebody made lead here (DNS rebinding) is none
of ours. `Origin`, or `Sec-Fetch-Site`, is the page that asks: of another than ours, nothing that
reads or changes anything is taken. Sources: RFC 9110 (7.2), RFC 6454, RFC 6455 (10.2), W3C Fetch
Metadata Request Headers.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from acutecast.errors import Problem
from acutecast.workspace.settings import ANY, Settings

_LOG = logging.getLogger(__name__)
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
SECRET_HEADER = "X-Acutecast-Secret"
"""The header in which a proxy says the secret that only it and this installation know."""

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_OURS = ("same-origin", "none")
# Of Posit Connect, on whose word alone this relies there: the address that a browser asked for.
_OF_CONNECT = ("x-rsc-request", "rstudio-connect-app-base-url", "x-forwarded-host")
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # A page of another origin cannot even show what it may not read.
    "Cross-Origin-Resource-Policy": "same-origin",
}

Headers = Iterable[tuple[bytes, bytes]]
"""As an ASGI scope has them: names in small letters."""


def refusal(settings: Settings, scope: Mapping[str, Any]) -> Problem | None:
    """Say why a request is not let in; None where it is.

    Args:
        settings: says which names are ours.
        scope: of the request or the WebSocket, as ASGI has it.
    """
    said = _texts(scope["headers"])
    hosts = said.get("host", [])
    host = hosts[0].strip().casefold() if len(hosts) == 1 else ""
    if not _is_ours(settings, host):
        return Problem(
            "Acutecast does not answer to the name that this address has",
            where="Host",
            example=host[:80] if host.isprintable() else "",
            remedy="If it is the right one, whoever looks after the installation adds it to "
            "ACUTECAST_HOSTS.",
        )
    reads = scope["type"] == "http" and scope["method"] in _SAFE_METHODS
    # Following a link from elsewhere to a page is what links are for, and changes nothing.
    opens = reads and said.get("sec-fetch-mode", [""])[0] == "navigate"
    site = said.get("sec-fetch-site", ["none"])[0]
    origins = said.get("origin", [])
    known = all(_is_our_origin(settings, origin, host, said) for origin in origins)
    if not opens and not (known and site in _OURS):
        return Problem(
            "a page of another address asked for this, so it was not done",
            where="Origin",
            remedy="Open Acutecast by its own address. Behind a proxy, whoever looks after the "
            "installation adds that address to ACUTECAST_HOSTS.",
        )
    return None


def through_proxy(settings: Settings, headers: Mapping[str, str], client: str | None) -> bool:
    """Tell whether the proxy that the settings describe sent a request.

    Args:
        settings: with the proxy's secret and addresses; where neither is set, whoever connects is
            taken for it.
        headers: of the request.
        client: the address from which it came; None where nobody knows.
    """
    if settings.proxy_secret is not None:
        given = [v for k, v in headers.items() if k.casefold() == SECRET_HEADER.casefold()]
        if len(given) != 1:
            return False
        if not hmac.compare_digest(given[0].encode(), settings.proxy_secret.encode()):
            return False
    if not settings.proxies or ANY in settings.proxies:
        return True
    try:
        address = ipaddress.ip_address((client or "").partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in ipaddress.ip_network(one, strict=False) for one in settings.proxies)


def exposure_problem(settings: Settings, host: str) -> Problem | None:
    """Say what is wrong with listening on an address where a proxy signs people in.

    Whoever reaches it could say that they are anybody, unless something tells the proxy apart.
    """
    if settings.identity != "proxy" or settings.proxy_secret or settings.proxies or is_here(host):
        return None
    return Problem(
        "whoever connects would be taken for the proxy that signs people in, and could say that "
        "they are anybody",
        where=host,
        remedy=f"Set ACUTECAST_PROXY_SECRET, which the proxy sends as {SECRET_HEADER}, or "
        "ACUTECAST_PROXIES to the addresses that it connects from; listen on 127.0.0.1; or write "
        f"ACUTECAST_PROXIES={ANY} where nobody but the proxy can reach it.",
    )


def is_here(host: str) -> bool:
    """Tell whether an address is one that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def name_of(host: str) -> str:
    """Give the name or address of a `Host`, without its port and brackets, in small letters."""
    host = host.strip().casefold()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


class Door:
    """Turns away whom `refusal` refuses, and gives every answer safe headers.

    What a monitor asks (`/health`) is for whoever can connect: it tells nothing.
    """

    def __init__(
        self, app: Any, settings: Settings, headers: Mapping[str, str], kept: tuple[str, ...] = ()
    ) -> None:
        """Take what is behind the door.

        Args:
            app: the ASGI application.
            settings: of the installation.
            headers: that answers have unless they have their own.
            kept: beginnings of paths whose answers hold nothing but code, so that they may be kept.
        """
        self.app = app
        self._settings = settings
        self._headers = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
        self._kept = kept

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a request or a WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))

        async def send_safely(message: Any) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": self._safe(message.get("headers", ()), path)}
            await send(message)

        found = None if path == "/health" else refusal(self._settings, scope)
        if found is None:
            await self.app(scope, receive, send_safely)
            return
        _LOG.warning("refused %s %s: %s", scope["type"], path[:200].encode(), found.what)
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        body = f"{found}\n".encode()
        start = {
            "type": "http.response.start", "status": 403,
            "headers": [(b"content-type", b"text/plain; charset=utf-8"),
                        (b"content-length", str(len(body)).encode())],
        }  # fmt: skip
        await send_safely(start)
        await send_safely({"type": "http.response.body", "body": body})

    def _safe(self, headers: Headers, path: str) -> list[tuple[bytes, bytes]]:
        stated = list(headers)
        have = {name.lower() for name, _ in stated}
        added = [(name, value) for name, value in self._headers if name not in have]
        if b"cache-control" not in have and not path.startswith(self._kept):
            added.append((b"cache-control", b"no-store"))
        return stated + added


def _is_ours(settings: Settings, host: str) -> bool:
    if not host:
        return False
    if ANY in settings.hosts or (settings.identity == "connect" and not settings.hosts):
        # Connect listens itself, and hands on what it has let in.
        return True
    name = name_of(host)
    return name in LOCAL_NAMES or name in map(name_of, settings.hosts)


def _is_our_origin(
    settings: Settings, origin: str, host: str, said: Mapping[str, list[str]]
) -> bool:
    """Tell whether an origin is the address asked for, or one that the settings name."""
    parts = urlsplit(origin.strip().casefold())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return False
    origin, scheme = _plain(parts.netloc, parts.scheme), parts.scheme
    ours = [host, *settings.hosts]
    if settings.identity == "connect" and not settings.hosts:
        told = [value for name in _OF_CONNECT for value in said.get(name, [])]
        ours += [urlsplit(v.casefold()).netloc if "://" in v else v.casefold() for v in told]
        if not told and name_of(host) in LOCAL_NAMES:
            # Connect says nothing of the address that was asked for, so there is nothing to
            # compare with, and what it lets in is its own business.
            return True
    return origin in {_plain(one.casefold(), scheme) for one in ours}


def _plain(netloc: str, scheme: str) -> str:
    return netloc.removesuffix(":443" if scheme == "https" else ":80")


def _texts(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found
