"""The service put together: what every request goes through, and all the addresses."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from acutecast import __version__
from acutecast.errors import AcutecastError
from acutecast.service import refusals, results, runs, scenarios, takeaway, views
from acutecast.service.bodies import BoundedBody
from acutecast.service.caller import Caller, Identifying, Shared
from acutecast.service.shapes import Health, Me, Problems, ProviderOut, Providers
from acutecast.service.tokens import read_tokens
from acutecast.service.watching import Watching
from acutecast.workspace import Workspace, datasets, health

_ABOUT = """\
Projects the activity of acute hospitals by simulation. Scenarios, runs and the queue are those of
the web application. Whatever is wrong comes back as `problems`, all at once, each with a remedy;
what you may not see answers as if it did not exist."""

# All of what FastAPI can report to a collector; nothing leaves the machine.
_NO_REPORTS = dict.fromkeys(
    ("tracing", "metrics", "logs", "operation_spans", "auto_configure"), False
)
_REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body cannot be read."},
    401: {"description": "Nobody is known by this request."},
    403: {"description": "You see it, and may not do this."},
    404: {"description": "It does not exist, or you may not see it."},
    413: {"description": "The request sends too much."},
    422: {"description": "Everything that is wrong with the request."},
    503: {"description": "It is not possible at the moment; ask again."},
}
for _about in _REFUSED.values():
    _about["model"] = Problems

_open = APIRouter()
_v1 = APIRouter(prefix="/v1", responses=_REFUSED)


@_open.get("/", include_in_schema=False)
def root(request: Request) -> dict[str, str]:
    """Say what this is and where its description is."""
    prefix = request.scope.get("root_path", "")
    return {
        "name": "Acutecast",
        "version": __version__,
        "description": f"{prefix}/openapi.json",
        "health": f"{prefix}/health",
    }


@_open.get(
    "/health",
    tags=["service"],
    responses={503: {"model": Health, "description": "The workspace cannot be used."}},
)
def is_healthy(ws: Shared, response: Response) -> Health:
    """Say whether the workspace can be used; for whoever watches over the service."""
    found = health(ws)
    response.status_code = 200 if found["ok"] else 503
    return Health(**found)


@_v1.get("/me", tags=["service"])
def me(person: Caller) -> Me:
    """Say who you are and what you may do."""
    return Me.of(person)


@_v1.get("/providers", tags=["service"])
def list_providers(ws: Shared, person: Caller) -> Providers:
    """List the providers whose data you may see, each with its baseline years."""
    return Providers(providers=[ProviderOut.of(found) for found in datasets(ws, person)])


def make_service(workspace: Workspace) -> FastAPI:
    """Make the service of a workspace.

    Its workers are not started here: `acutecast serve` does that, and a deployment may have them
    elsewhere.

    Raises:
        AcutecastError: with everything wrong with the file of tokens.
    """
    settings = workspace.settings
    if settings.tokens is not None:
        read_tokens(settings.tokens)
    service = FastAPI(
        title="Acutecast",
        version=__version__,
        description=_ABOUT,
        # Their pages fetch scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name_of,
        telemetry=_NO_REPORTS,  # type: ignore[arg-type]
    )
    service.state.workspace = workspace
    service.openapi = partial(_description, service)  # type: ignore[method-assign]
    v1 = APIRouter()
    v1.include_router(_v1)
    for room in (scenarios, runs, results, views, takeaway):
        v1.include_router(room.ROUTES, prefix="/v1", responses=_REFUSED)
    service.include_router(_open)
    service.include_router(v1)
    # The last is the outermost: nothing is read of whom nobody knows.
    service.add_middleware(BoundedBody, most=settings.max_bytes)
    service.add_middleware(Identifying, settings=settings)
    service.add_middleware(Watching)
    service.add_exception_handler(AcutecastError, _refuse)
    service.add_exception_handler(RequestValidationError, _refuse_form)
    service.add_exception_handler(HTTPException, _refuse_status)
    service.add_exception_handler(RecursionError, _refuse_depth)
    return service


def _description(service: FastAPI) -> dict[str, Any]:
    """Give the description, made once: problems have a media type of their own in it."""
    if service.openapi_schema is None:
        described = FastAPI.openapi(service)
        reference = "#/components/schemas/Problems"
        for operation in (o for path in described["paths"].values() for o in path.values()):
            for answer in operation["responses"].values():
                schemas = [media.get("schema", {}) for media in answer.get("content", {}).values()]
                if {"$ref": reference} in schemas:
                    answer["content"] = {refusals.MEDIA: {"schema": {"$ref": reference}}}
    assert service.openapi_schema is not None
    return service.openapi_schema


def _name_of(route: APIRoute) -> str:
    return route.name


def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, AcutecastError)
    return refusals.answer(error, request.app.state.workspace.settings)


def _refuse_form(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return refusals.answer(refusals.of_validation(error))


def _refuse_depth(request: Request, error: Exception) -> Response:
    return refusals.answer(refusals.of_depth())


def _refuse_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return refusals.answer(refusals.of_status(error))
