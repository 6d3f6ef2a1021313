"""The web application, for people who do not write code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    from shiny import App

    from acutecast.workspace.settings import Settings

__all__ = ["create_app", "served"]


def create_app(settings: Settings | None = None) -> App:
    """Make the application with the settings of the environment, or other ones.

    Raises:
        AcutecastError: where its extra is not installed, or the settings are wrong.
    """
    try:
        from acutecast.app.application import make_app
    except ModuleNotFoundError as error:
        raise missing(error) from error
    from acutecast.workspace import open_workspace
    from acutecast.workspace.settings import read_settings

    return make_app(open_workspace(settings or read_settings()))


def served() -> App:
    """Make the application where somebody else serves it: Posit Connect, or any ASGI server.

    Settings come from the environment. The demo region is made where no data is named, and the
    workers run as long as this process does.
    """
    import atexit

    from acutecast.workspace import ensure_demo, open_workspace, start_workers
    from acutecast.workspace.settings import read_settings

    settings = read_settings()
    open_workspace(settings)
    if not settings.data:
        ensure_demo(settings)
    app = create_app(settings)
    atexit.register(start_workers(settings).stop)
    return app


def missing(error: ModuleNotFoundError) -> Exception:
    """Say which extra the application needs; a missing module of our own is our fault."""
    if (error.name or "").startswith("acutecast"):
        return error
    return AcutecastError(
        Problem(
            "the web application is not installed",
            example=str(error.name),
            remedy='Install it: pip install "acutecast[app]".',
        )
    )


def __getattr__(name: str) -> Any:
    # `app` is what a server looks for: uvicorn acutecast.app:app
    if name == "app":
        return served()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
