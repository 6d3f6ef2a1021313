"""Commands that serve pages: the web application and its workers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acutecast.cli.progress import work_in_progress

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


def app(
    data: DataRoots = None,
    home: Home = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8050,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Processes that work on the queue of runs.")
    ] = None,
    demo_size: Annotated[
        float, typer.Option(min=0.001, max=50, help="Size of the demo trust, where it is made.")
    ] = 1.0,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Serve the web application on this machine, and open it."""
    from acutecast.app import missing

    try:
        import uvicorn

        from acutecast.app.application import make_app
        from acutecast.app.serving import listen, when_up
        from acutecast.workspace import ensure_demo, open_workspace, start_workers
    except ModuleNotFoundError as error:
        raise missing(error) from error
    from acutecast.workspace.settings import read_settings

    settings = read_settings(
        home=home, data=tuple(data) if data else None, workers=workers
    )
    workspace = open_workspace(settings)
    if not settings.data:
        with work_in_progress(quiet=False) as (watch, _):
            ensure_demo(settings, watch, size=demo_size)
    application = make_app(workspace)
    sock = listen(host, port)
    address = f"http://{host}:{sock.getsockname()[1]}/"
    typer.echo(f"Acutecast is at {address}")
    typer.echo(f"Scenarios and runs are kept in {settings.home}. Ctrl-C stops it.")
    crew = start_workers(settings)
    try:
        if open_page:
            when_up(address)
        server = uvicorn.Server(
            uvicorn.Config(application, log_level="warning", ws_max_size=64 * 2**20)
        )
        server.run(sockets=[sock])
    finally:
        crew.stop()


def connect(
    out: Annotated[Path, typer.Argument(help="Folder to write.")],
    access: Annotated[
        Path | None, typer.Option(help="TOML file with roles and providers, to go along.")
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(help="Another extra to install there: postgres, cloud; repeatable."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a bundle.")] = False,
) -> None:
    """Write a folder that Posit Connect deploys as it is, with its manifest."""
    from acutecast.app.connect import write_bundle

    files = write_bundle(out, access, tuple(extra or ()), replace)
    typer.echo(f"{len(files)} files in {out}. Deploy them:")
    typer.echo(f"  rsconnect deploy manifest {out / 'manifest.json'}")
