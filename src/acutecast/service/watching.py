"""What happens to every request: a number, a line in the log, safe headers, and no stack trace."""

from __future__ import annotations

import logging
import re
import time
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acutecast.service import refusals
from acutecast.workspace.doorway import SAFE_HEADERS

_ACCESS = logging.getLogger("acutecast.service.access")
_LOG = logging.getLogger(__name__)
NUMBER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_PATH = 200
_LEFT = 499
"""What the log says of a client that left before it was answered, as other servers do."""
_SAFE = {
    # Figures of a hospital, which nobody on the way should keep.
    "Cache-Control": "no-store",
    **SAFE_HEADERS,
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


class Watching:
    """Numbers requests, logs them, and answers for what went wrong on our side.

    The log has neither queries nor headers: they may hold what is asked about, and tokens.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = _number(Headers(scope=scope).get(NUMBER, ""))
        state = scope.setdefault("state", {})
        status, began = 0, time.perf_counter()

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[NUMBER] = number
                for name, value in _SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self.app(scope, receive, send_safely)
        except ClientDisconnect:
            status = _LEFT
        except Exception:
            _LOG.exception("request %s failed", number)
            if status:
                # Half an answer is out: closing the connection is all that can still be said.
                raise
            response = refusals.answer(refusals.of_fault(number))
            await response(scope, receive, send_safely)
        finally:
            _ACCESS.info(
                "%s %s %s %s %.0f ms %s", number, scope["method"], _path(scope), status or "-",
                1000 * (time.perf_counter() - began), _who(state),
            )  # fmt: skip


def _number(given: str) -> str:
    """Take the number that a proxy gave the request, where it is one; else make one."""
    return given if _GIVEN.fullmatch(given) else uuid4().hex


def _path(scope: Scope) -> str:
    return quote(scope["path"][:_LONGEST_PATH], safe="/")


def _who(state: dict[str, Any]) -> str:
    person = state.get("person")
    return "-" if person is None else person.name
