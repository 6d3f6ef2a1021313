"""The application: an address comes in, its page goes out."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shiny import App, reactive
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acutecast.app import frame
from acutecast.app.headers import page_headers
from acutecast.app.inputs import Listening
from acutecast.app.live import follow
from acutecast.app.opened import warm
from acutecast.app.pages import PAGES
from acutecast.app.visit import Page, Visit, parse_query
from acutecast.errors import AcutecastError, Problem
from acutecast.files import write_text
from acutecast.workspace import Person, Settings, Workspace, health, identify
from acutecast.workspace.doorway import Door

_PERSON_SECONDS = 30.0
"""Between two looks at whether who has a page open may still do what they might."""


def make_app(workspace: Workspace) -> App:
    """Make the application of a workspace.

    Its workers are not started here: `acutecast app` does that, and a deployment may have them
    elsewhere.
    """
    settings = workspace.settings

    def page_of(request: Request) -> Any:
        visit = None
        try:
            person = _person(settings, request)
            visit = Visit(workspace, person, parse_query(request.url.query))
            return _page_ui(visit)
        except AcutecastError as error:
            return frame.problem_page(error, visit)

    def server(input: Any, output: Any, session: Any) -> None:
        try:
            _closed_to_files(session)
            person = _person(settings, session.http_conn)
            with reactive.isolate():
                query = parse_query(input[".clientdata_url_search"]())
            visit = Visit(workspace, person, query)
            _known(visit)
            _leave_with_rights(session, settings, person)
            _page(visit).server(input, output, session, visit)
        except AcutecastError:
            # The page says already why there is nothing to see.
            return

    app = App(
        lambda request: request.scope.get(_MADE) or page_of(request),
        server,
        static_assets={"/static": frame.STATIC, "/vega": _vega(settings.home / "cache")},
    )
    # What the page could not do is told in words; details go to the log alone.
    app.sanitize_errors = True
    app.sanitize_error_msg = (
        "Something went wrong on our side. What you saved is safe; load the page again."
    )

    example = app._render_page(frame.blank_page(), lib_prefix=app.lib_prefix)["html"]
    app.starlette_app.add_middleware(_MadeAhead, make=page_of)
    app.starlette_app.add_middleware(Listening)
    # The last is the outermost: nothing is made of what is turned away.
    app.starlette_app.add_middleware(
        Door, settings=settings, headers=page_headers(settings, example), kept=_CODE
    )

    async def is_healthy(_: Request) -> JSONResponse:
        found = await asyncio.to_thread(health, workspace)
        return JSONResponse(found, status_code=200 if found["ok"] else 503)

    app.starlette_app.router.routes[:0] = [
        Route("/health", is_healthy),
        Route("/session/{session}/upload/{rest:path}", _no_upload, methods=["GET", "POST"]),
    ]
    # The first visitor need not wait for what every later one finds loaded.
    threading.Thread(target=warm, daemon=True).start()
    return app


_MADE = "acutecast.page"
_CODE = ("/static/", "/vega/", "/lib/")
"""Beginnings of paths whose answers are the application's own code."""


def _person(settings: Settings, connection: HTTPConnection) -> Person:
    client = connection.client
    return identify(settings, connection.headers, client.host if client else None)


async def _no_upload(_: Request) -> JSONResponse:
    """Refuse what Shiny's own file fields send: no page has one, and anybody could fill the disk.

    A scenario's file comes through the page's own field, whose limit is said there.
    """
    said = {"detail": "Nothing is uploaded here. Use the field for files on the scenarios page."}
    return JSONResponse(said, status_code=403)


def _closed_to_files(session: Any) -> None:
    for name in ("uploadInit", "uploadEnd"):
        session.set_message_handler(name, None)


class _MadeAhead:
    """Makes pages in a thread, before Shiny asks for them where everybody else would wait."""

    def __init__(self, app: Any, make: Callable[[Request], Any]) -> None:
        self._app, self._make = app, make

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] in ("/", f"{scope.get('root_path', '')}/"):
            scope[_MADE] = await asyncio.to_thread(self._make, Request(scope))
        await self._app(scope, receive, send)


def _leave_with_rights(session: Any, settings: Settings, person: Person) -> None:
    """Load a page again once the file of roles says something else of who has it open."""
    if settings.access is None:
        return
    connection = session.http_conn

    def look() -> bool:
        try:
            return _person(settings, connection) == person
        except AcutecastError:
            return False

    async def tell(same: bool) -> float:
        if not same:
            await session.send_custom_message("acutecast-reload", {})
            await session.close()
        return _PERSON_SECONDS

    follow(session, look, tell)


def _page(visit: Visit) -> Page:
    if visit.page not in PAGES:
        raise AcutecastError(
            Problem("there is no such page", where=visit.page, remedy="Go back to the scenarios.")
        )
    return PAGES[visit.page]


def _known(visit: Visit) -> None:
    """Raise where the address names what the person may not see, or what is not one thing."""
    page = _page(visit)
    if page.needs == "scenario" or visit.query.get("scenario"):
        _ = visit.scenario
    if page.needs == "run" or visit.query.get("run"):
        job = visit.job
        if visit.query.get("scenario") not in (None, job.scenario_id):
            raise AcutecastError(
                Problem(
                    "the address names a scenario and a run of another one",
                    remedy="Take one of them out of the address, or go back to the scenarios.",
                )
            )


def _page_ui(visit: Visit) -> Any:
    _known(visit)
    return frame.framed(_page(visit), visit)


def _vega(folder: Path) -> Path:
    """Write Vega's scripts, which come with the chart library, where browsers can fetch them."""
    from importlib.metadata import version

    import vl_convert

    script = folder / f"vega-{version('vl-convert-python')}" / "vega.js"
    if not script.exists():
        script.parent.mkdir(parents=True, exist_ok=True)
        write_text(script, vl_convert.javascript_bundle())  # pyright: ignore[reportCallIssue]
    return script.parent
