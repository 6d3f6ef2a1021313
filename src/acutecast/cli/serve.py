"""Commands that serve: the web application, the HTTP service, their workers and tokens."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING, Annotated

import typer

from acutecast.cli.progress import work_in_progress
from acutecast.cli.stopping import sigterm_raises
from acutecast.errors import Problem, raise_if_any

if TYPE_CHECKING:
    from acutecast.workspace.settings import Settings

DataRoots = Annotated[
    list[str] | None,
    typer.Option(
        "--data",
        help="Root of provider tables; repeatable. The demo region is made where there is none.",
    ),
]
Home = Annotated[
    Path | None,
    typer.Option(help="Folder of scenarios and runs.", show_default="acutecast-workspace"),
]
Host = Annotated[str, typer.Option(help="Address to listen on.")]
Workers = Annotated[
    int | None, typer.Option(min=0, help="Processes that work on the queue of runs.")
]
DemoSize = Annotated[
    float, typer.Option(min=0.001, max=50, help="Size of the demo trust, where it is made.")
]


def app(
    data: DataRoots = None,
    home: Home = None,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8050,
    workers: Workers = None,
    demo_size: DemoSize = 1.0,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Serve the web application on this machine, and open it."""
    from acutecast.app import missing

    try:
        import uvicorn

        from acutecast.app.application import make_app
        from acutecast.app.pages.home.forms import MOST_BYTES
        from acutecast.app.serving import listen, when_up
        from acutecast.workspace import ensure_demo, open_workspace, start_workers
    except ModuleNotFoundError as error:
        raise missing(error) from error
    from acutecast.workspace.doorway import is_here
    from acutecast.workspace.settings import read_settings

    settings = read_settings(home=home, data=tuple(data) if data else None, workers=workers)
    settings = _listening(settings, host)
    workspace = open_workspace(settings)
    if not settings.data:
        with work_in_progress(quiet=False) as (watch, _):
            ensure_demo(settings, watch, size=demo_size)
    application = make_app(workspace)
    sock = listen(host, port)
    address = _address(host, sock)
    typer.echo(f"Acutecast is at {address}")
    typer.echo(f"{settings.said} Ctrl-C stops it.")
    if settings.identity == "local" and not is_here(host):
        # A container must listen so; what its port is published to is for whoever starts it.
        typer.echo(
            f"Warning: nobody is asked who they are, so whoever reaches {host} can see and change "
            "everything. Publish it on 127.0.0.1 alone, or set ACUTECAST_IDENTITY.",
            err=True,
        )
    # Servers are stopped so, which is no failure.
    with sigterm_raises(SystemExit(0)):
        crew = start_workers(settings)
        try:
            if open_page:
                when_up(address)
            server = uvicorn.Server(
                uvicorn.Config(
                    application,
                    log_level="warning",
                    # What the file field takes, as text and with a message around it.
                    ws_max_size=2 * MOST_BYTES,
                    server_header=False,
                    # Who connects is asked (ACUTECAST_PROXIES), and not who says that they do.
                    proxy_headers=False,
                    # Downloads are not waited for: the workers' runs must be put back in time.
                    timeout_graceful_shutdown=5,
                )
            )
            server.run(sockets=[sock])
        finally:
            crew.stop()


def service(
    data: DataRoots = None,
    home: Home = None,
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8060,
    workers: Workers = None,
    tokens: Annotated[
        Path | None, typer.Option(help="TOML file of tokens; `acutecast token new` makes them.")
    ] = None,
    access: Annotated[
        Path | None, typer.Option(help="TOML file with roles and providers, with --tokens.")
    ] = None,
    root_path: Annotated[
        str, typer.Option(help="The prefix under which a proxy has the service: /acutecast.")
    ] = "",
    demo_size: DemoSize = 1.0,
) -> None:
    """Serve the HTTP interface for programs; its description is at /openapi.json."""
    from acutecast.service import missing

    try:
        import uvicorn

        from acutecast.service.application import make_service
        from acutecast.workspace import ensure_demo, open_workspace, start_workers
    except ModuleNotFoundError as error:
        raise missing(error) from error
    from acutecast.app.serving import listen
    from acutecast.workspace.settings import read_settings

    settings = read_settings(
        home=home, data=tuple(data) if data else None, workers=workers, tokens=tokens,
        access=access,
    )  # fmt: skip
    from acutecast.workspace.doorway import is_here

    settings = _listening(settings, host)
    everybody = settings.identity == "local" and settings.tokens is None
    raise_if_any(_exposure_problems(host, asked=not everybody or is_here(host)))
    raise_if_any(_prefix_problems(root_path))
    workspace = open_workspace(settings)
    application = make_service(workspace)
    if not settings.data:
        with work_in_progress(quiet=False) as (watch, _):
            ensure_demo(settings, watch, size=demo_size)
    sock = listen(host, port)
    typer.echo(f"Acutecast serves programs at {_address(host, sock)}")
    typer.echo(f"{settings.said} Ctrl-C stops it.")
    if everybody:
        typer.echo("Nobody is asked who they are: any program of this machine may do everything.")
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    # Servers are stopped so, which is no failure.
    with sigterm_raises(SystemExit(0)):
        crew = start_workers(settings)
        try:
            server = uvicorn.Server(
                uvicorn.Config(
                    application,
                    # One line a request is ours, without what is asked.
                    access_log=False,
                    log_config=None,
                    root_path=root_path,
                    server_header=False,
                    proxy_headers=False,
                    # Whoever follows a run is not waited for.
                    timeout_graceful_shutdown=5,
                )
            )
            server.run(sockets=[sock])
        finally:
            crew.stop()


def new_token(
    person: Annotated[
        str, typer.Argument(help="Whose it is, by the name that the file of roles has.")
    ],
    group: Annotated[
        list[str] | None, typer.Option(help="A group that it counts as; repeatable.")
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=3650, help="How many days it is taken for.")
    ] = 365,
) -> None:
    """Make a token for a program. It is shown this once; the file of tokens gets its hash."""
    from acutecast.service.tokens import new_token, today

    text, token = new_token(person, tuple(group or ()), today() + timedelta(days=days))
    typer.echo("The token, which is kept nowhere; give it to the program:\n")
    typer.echo(f"    {text}\n")
    typer.echo("The line for the file of tokens, below [tokens]:\n")
    typer.echo(f"    {token.line()}\n")


def _listening(settings: Settings, host: str) -> Settings:
    """Give the settings where a command listens on an address, whose name then counts.

    Raises:
        AcutecastError: where that would let anybody in as whoever they like.
    """
    from acutecast.workspace.doorway import exposure_problem

    problem = exposure_problem(settings, host)
    raise_if_any([problem] if problem else [])
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = not host
    if everywhere or settings.identity == "connect":
        return settings
    named = f"[{host}]" if ":" in host else host
    return replace(settings, hosts=(*settings.hosts, named.casefold()))


def _address(host: str, sock: socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{sock.getsockname()[1]}/"


def _exposure_problems(host: str, *, asked: bool) -> list[Problem]:
    if asked:
        return []
    return [
        Problem(
            "nobody is asked who they are, so the service would let others do everything",
            where=host,
            remedy="Name a file of tokens (--tokens or ACUTECAST_TOKENS), say who signs people in "
            "(ACUTECAST_IDENTITY), or listen on 127.0.0.1.",
        )
    ]


def _prefix_problems(prefix: str) -> list[Problem]:
    if not prefix or (prefix.startswith("/") and not prefix.endswith("/")):
        return []
    return [Problem("is no prefix", "--root-path", example=prefix, remedy="Write /acutecast.")]


def connect(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    access: Annotated[
        Path | None, typer.Option(help="TOML file with roles and providers, to go along.")
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(help="Another extra to install there: postgres, cloud; repeatable."),
    ] = None,
    service: Annotated[
        bool, typer.Option("--service", help="Of the HTTP service, not the web application.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a bundle.")] = False,
) -> None:
    """Write a folder that Posit Connect deploys as it is, with its manifest."""
    from acutecast.app.connect import write_bundle

    part = "service" if service else "app"
    files = write_bundle(out, access, tuple(extra or ()), replace, part)
    typer.echo(f"{len(files)} files in {out}. Deploy them:")
    typer.echo(f"  rsconnect deploy manifest {out / 'manifest.json'}")
