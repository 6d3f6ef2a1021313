"""What is wrong, as answers: a status, and every problem in words, never a stack trace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace.access import Forbidden
from acutecast.workspace.notes import without_paths
from acutecast.workspace.queue_limit import QueueFull
from acutecast.workspace.settings import Settings
from acutecast.workspace.workspace import NoAnswer

MEDIA = "application/problem+json"
_ASK_AGAIN = 30
"""Seconds after which it is worth asking again for what is only not possible now."""
_MOST_PROBLEMS = 100
_LONGEST_EXAMPLE = 80
_MISSING = Forbidden().problems


class Refused(AcutecastError):
    """A request that is refused with a status of its own.

    Attributes:
        status: the HTTP status.
        headers: that go with it.
        more: what the answer says besides.
    """

    def __init__(
        self,
        status: int,
        problems: Problem | Iterable[Problem],
        title: str = "",
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(problems, title)
        self.status = status
        self.headers = dict(headers or {})
        self.more = dict(more or {})


def not_now(what: str, remedy: str) -> Refused:
    """Say that something is not possible at the moment, through no fault of who asks."""
    return Refused(503, Problem(what, remedy=remedy), headers={"Retry-After": str(_ASK_AGAIN)})


def answer(error: AcutecastError, settings: Settings | None = None) -> Response:
    """Give the answer to a request that cannot be fulfilled.

    Args:
        error: why.
        settings: of the installation, whose paths the answer does not show.
    """
    status, headers, more = _about(error)
    problems = [_plain(problem, settings) for problem in error.problems[:_MOST_PROBLEMS]]
    if len(error.problems) > _MOST_PROBLEMS:
        left = len(error.problems) - _MOST_PROBLEMS
        problems.append(_plain(Problem(f"there are {left:,} further problems")))
    title = error.title or HTTPStatus(status).phrase
    content = {"title": title, "status": status, "problems": problems, **more}
    return Response(as_json(content), status, headers, MEDIA)


def as_json(content: Any) -> bytes:
    """Write JSON; in ASCII, which also says what is no text in any encoding."""
    return json.dumps(content, allow_nan=False, default=str, separators=(",", ":")).encode()


def of_validation(error: RequestValidationError) -> AcutecastError:
    """Give the problems of a request that does not fit its description."""
    found = error.errors()
    if any(fault["loc"][:1] == ("path",) for fault in found):
        # An address that names nothing; what it looks like makes no difference.
        return Forbidden()
    return Refused(422, [_of_fault(fault) for fault in found], "The request cannot be understood")


def of_status(error: HTTPException) -> AcutecastError:
    """Give the problem that a status stands for."""
    words = {
        404: ("there is no such address", "The addresses are in /openapi.json."),
        405: ("this address cannot be used so", "The addresses are in /openapi.json."),
        400: ("the body cannot be read", "Send JSON with Content-Type: application/json."),
    }
    what, remedy = words.get(error.status_code, (str(error.detail), ""))
    return Refused(error.status_code, Problem(what, remedy=remedy), headers=error.headers)


def of_depth() -> Refused:
    """Give the problem of content that is nested deeper than anybody reads."""
    return Refused(422, Problem("is nested too deeply", "body"))


def of_fault(number: str) -> Refused:
    """Give what is told of a fault of ours.

    Args:
        number: of the request; the log has the fault under it.
    """
    problem = Problem(
        "something went wrong on our side",
        example=number,
        remedy="Tell whoever looks after this installation this number; its log says what.",
    )
    return Refused(500, problem, more={"id": number})


def _about(error: AcutecastError) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Give the status, the headers and what else is said of an error."""
    again = {"Retry-After": str(_ASK_AGAIN)}
    if isinstance(error, Refused):
        return error.status, error.headers, error.more
    if isinstance(error, Forbidden):
        # What somebody may not see and what is not there are the same.
        return (404 if error.problems == _MISSING else 403), {}, {}
    if isinstance(error, QueueFull):
        return 429, again, {}
    if isinstance(error, NoAnswer):
        return 503, again, {}
    return 422, {}, {}


def _plain(problem: Problem, settings: Settings | None = None) -> dict[str, Any]:
    told: dict[str, Any] = {"count": problem.count}
    for name in ("where", "what", "example", "remedy"):
        text = str(getattr(problem, name))
        told[name] = text if settings is None else without_paths(text, settings)
    return {name: told[name] for name in ("where", "what", "count", "example", "remedy")}


def _of_fault(fault: Mapping[str, Any]) -> Problem:
    """Give the problem that a fault of the request's form is."""
    place = [str(part) for part in fault["loc"]]
    if fault["type"] == "json_invalid":
        return Problem(
            f"is not JSON: {fault.get('ctx', {}).get('error', '')}", f"body, character {place[-1]}"
        )
    given = fault.get("input")
    example = "" if given is None or isinstance(given, dict | list | bytes) else repr(given)
    if len(example) > _LONGEST_EXAMPLE:
        example = example[:_LONGEST_EXAMPLE] + "…"
    remedy = ""
    if isinstance(given, bytes):
        remedy = "Send JSON with Content-Type: application/json."
    return Problem(str(fault["msg"]), ".".join(place), example=example, remedy=remedy)
