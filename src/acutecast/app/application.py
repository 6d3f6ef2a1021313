"""The application: an address comes in, its page goes out."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from shiny import App, reactive
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from acutecast.app import frame
from acutecast.app.opened import warm
from acutecast.app.pages import PAGES
from acutecast.app.visit import Page, Visit, parse_query
from acutecast.errors import AcutecastError, Problem
from acutecast.files import write_text
from acutecast.workspace import Workspace, health, identify

_LOG = logging.getLogger(__name__)


def make_app(workspace: Workspace) -> App:
    """Make the application of a workspace.

    Its workers are not started here: `acutecast app` does that, and a deployment may have them
    elsewhere.
    """
    settings = workspace.settings

    def page_of(request: Request) -> Any:
        visit = None
        try:
            person = identify(settings, request.headers)
            visit = Visit(workspace, person, dict(request.query_params))
            return _page_ui(visit)
        except AcutecastError as error:
            return frame.problem_page(error, visit)

    def server(input: Any, output: Any, session: Any) -> None:
        try:
            person = identify(settings, session.http_conn.headers)
            with reactive.isolate():
                query = parse_query(input[".clientdata_url_search"]())
            visit = Visit(workspace, person, query)
            _known(visit)
            _page(visit).server(input, output, session, visit)
        except AcutecastError:
            # The page says already why there is nothing to see.
            return

    app = App(
        page_of,
        server,
        static_assets={"/static": frame.STATIC, "/vega": _vega(settings.home / "cache")},
    )
    # What the page could not do is told in words; details go to the log alone.
    app.sanitize_errors = True
    app.sanitize_error_msg = (
        "Something went wrong on our side. What you saved is safe; load the page again."
    )

    async def is_healthy(_: Request) -> JSONResponse:
        found = health(workspace)
        return JSONResponse(found, status_code=200 if found["ok"] else 503)

    app.starlette_app.router.routes.insert(0, Route("/health", is_healthy))
    # The first visitor need not wait for what every later one finds loaded.
    threading.Thread(target=warm, daemon=True).start()
    return app


def _page(visit: Visit) -> Page:
    if visit.page not in PAGES:
        raise AcutecastError(
            Problem("there is no such page", where=visit.page, remedy="Go back to the scenarios.")
        )
    return PAGES[visit.page]


def _known(visit: Visit) -> None:
    """Raise where the address names something that the person may not see."""
    page = _page(visit)
    if page.needs == "scenario" or visit.query.get("scenario"):
        _ = visit.scenario
    if page.needs == "run" or visit.query.get("run"):
        _ = visit.job


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
