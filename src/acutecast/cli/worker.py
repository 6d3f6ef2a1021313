"""The command of a worker that runs apart from the application and the service."""

from __future__ import annotations

import logging
import signal
from typing import Annotated

import typer

from acutecast.cli.options import Threads
from acutecast.cli.serve import DataRoots, Home
from acutecast.cli.stopping import sigterm_raises


def worker(
    data: DataRoots = None,
    home: Home = None,
    threads: Threads = None,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="End when no run waits any more.")
    ] = False,
) -> None:
    """Work on the queue of runs, apart from the application and the service that fill it."""
    # Also while it starts, SIGTERM is how a worker ends.
    with sigterm_raises(SystemExit(0)):
        from acutecast.workspace import run_worker
        from acutecast.workspace.settings import read_settings

        settings = read_settings(home=home, data=tuple(data) if data else None, threads=threads)
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
        typer.echo("Works on the queue of runs. Ctrl-C or SIGTERM puts back what is under way.")
        if run_worker(settings, until_empty=until_empty) == signal.SIGINT:
            raise KeyboardInterrupt
