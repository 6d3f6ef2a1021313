"""The HTTP service: what programs ask of the workspace, described by OpenAPI.

It shares scenarios, permissions and the queue of runs with the web application, and holds nothing
of its own, so it may be stopped at any moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    from fastapi import FastAPI

    from acutecast.workspace.settings import Settings

__all__ = ["create_service", "served"]

_OF_EXTRA = ("fastapi", "starlette", "uvicorn", "sqlalchemy", "alembic")


def create_service(settings: Settings | None = None) -> FastAPI:
    """Make the service with the settings of the environment, or other ones.

    Its workers are not started here.

    Raises:
        AcutecastError: where its extra is not installed, or the settings are wrong.
    """
    try:
        from acutecast.service.application import make_service
        from acutecast.workspace import open_workspace
    except ModuleNotFoundError as error:
        raise missing(error) from error
    from acutecast.workspace.settings import read_settings

    return make_service(open_workspace(settings or read_settings()))


def served() -> FastAPI:
    """Make the service where another ASGI server serves it.

    Settings come from the environment. The demo region is made where no data is named, and the
    workers run as long as this process does.
    """
    import atexit

    from acutecast.workspace.settings import read_settings

    settings = read_settings()
    service = create_service(settings)
    from acutecast.workspace import ensure_demo, start_workers

    if not settings.data:
        ensure_demo(settings)
    atexit.register(start_workers(settings).stop)
    return service


def missing(error: ModuleNotFoundError) -> Exception:
    """Say which extra the service needs; another missing module is our fault."""
    if (error.name or "").partition(".")[0] not in _OF_EXTRA:
        return error
    return AcutecastError(
        Problem(
            "the HTTP service is not installed",
            example=str(error.name),
            remedy='Install it: pip install "acutecast[service]".',
        )
    )


def __getattr__(name: str) -> Any:
    # `app` is what a server looks for: uvicorn acutecast.service:app
    if name == "app":
        return served()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
