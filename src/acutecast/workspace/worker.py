"""A worker: takes jobs from the queue one after the other and runs them.

`acutecast worker` starts one. The application and the service start theirs with
`python -m acutecast.workspace.worker`, which ends with its parent and waits for people's requests.
"""

from __future__ import annotations

import argparse
import logging
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from acutecast.compute import Event, Watch
from acutecast.errors import AcutecastError, Cancelled
from acutecast.files import in_words, write_text
from acutecast.workspace import claims
from acutecast.workspace.claims import Claim, requeue_stale
from acutecast.workspace.notes import told, without_paths

if TYPE_CHECKING:
    from acutecast.workspace.settings import Settings
    from acutecast.workspace.workspace import Workspace

__all__ = ["main", "requeue_stale", "run_worker", "work_forever", "work_once"]

UNTIL_STDIN_CLOSES = "--until-stdin-closes"
_TICK = 0.5
"""Seconds between looks at the queue, and between words on progress."""
_BEAT = 4.0
"""A worker says that it lives at least this often, in seconds."""
_SWEEP = 5.0
"""Seconds between looks for jobs of workers that died."""
_TRIES = 30
"""Seconds that the end of a job waits for a database which does not answer."""
_POLITENESS = 5
_NEXT = {"reading": "compiling", "simulating": "writing", "writing": "capacity"}
_NO_ANSWER = (AcutecastError, SQLAlchemyError)
"""What the workspace raises where its database does not answer."""
_LOG = logging.getLogger(__name__)

Execute = Callable[["Workspace", Claim, Watch, Callable[[], bool]], str]


def work_once(
    ws: Workspace,
    worker: str,
    *,
    stop: threading.Event | None = None,
    execute: Execute | None = None,
) -> bool:
    """Take the job that has waited longest and do it.

    Args:
        ws: the workspace.
        worker: a name for this worker, to be read by people.
        stop: once set, the job is left at the next block of runs and goes back in the queue.
        execute: does the work and gives what to tell people of it; a run of the model by default.

    Returns:
        Whether there was a job.
    """
    claim = claims.take(ws, worker)
    if claim is None:
        return False
    pulse = _Pulse(ws, claim, stop or threading.Event())
    try:
        with pulse:
            # What a killed worker left of an earlier attempt.
            claims.clear(ws, claim.folder)
            message = (execute or run_model)(ws, claim, pulse.watch, pulse.cancelled)
    except Cancelled:
        if pulse.asked:
            _insist(lambda: claims.end(ws, claim, claims.CANCELLED))
        else:
            _insist(lambda: claims.give_back(ws, claim))
    except AcutecastError as error:
        words = without_paths(str(error), ws.settings)
        _insist(lambda: claims.end(ws, claim, claims.FAILED, words))
    except MemoryError:
        words = "There was not enough memory. Ask for fewer runs or years." + _logged(ws, claim)
        _insist(lambda: claims.end(ws, claim, claims.FAILED, words))
    except Exception as error:
        words = _of_system(error, ws) or "Something went wrong on our side."
        words += _logged(ws, claim)
        _insist(lambda: claims.end(ws, claim, claims.FAILED, words))
    except BaseException:
        claims.give_back(ws, claim)
        raise
    else:
        _insist(lambda: claims.end(ws, claim, claims.DONE, message))
    return True


def work_forever(
    ws: Workspace,
    stop: threading.Event,
    worker: str | None = None,
    *,
    until_empty: bool = False,
) -> None:
    """Work on the queue until `stop` is set.

    Args:
        ws: the workspace.
        stop: once set, a job under way goes back in the queue.
        worker: a name for this worker, to be read by people.
        until_empty: end also when nothing waits; a database that does not answer is waited for.
    """
    worker = worker or f"{platform.node()}:{os.getpid()}"
    _warm()
    swept = -_SWEEP
    while not stop.is_set():
        worked = empty = False
        try:
            if time.monotonic() - swept >= _SWEEP:
                requeue_stale(ws)
                swept = time.monotonic()
            worked = work_once(ws, worker, stop=stop)
            empty = not worked
        except _NO_ANSWER:
            _LOG.exception("the database did not answer; trying again")
        if empty and until_empty:
            return
        if not worked:
            stop.wait(_TICK)


def run_model(ws: Workspace, claim: Claim, watch: Watch, cancelled: Callable[[], bool]) -> str:
    """Run the scenario of a job into its folder; give the notes that people should read."""
    from acutecast import api
    from acutecast.capacity import open_capacity, options
    from acutecast.workspace.data import find_dataset, kept_provider

    asked = claim.options
    data = find_dataset(ws.settings, claim.dataset, asked["baseline_year"])
    run = api.run(
        dict(claim.content),
        kept_provider(data),
        ws.settings.folder_of(claim.folder),
        runs=asked["runs"],
        years=asked["years"],
        threads=ws.settings.threads,
        suppress=asked["suppress"],
        replace=True,
        empty_tpmas="warn",
        capacity=options() if asked["capacity"] else None,
        watch=watch,
        cancelled=cancelled,
    )
    notes = list(run.info["warnings"])
    capacity = open_capacity(run)
    if capacity is not None:
        notes += capacity.about["warnings"]
    return "\n".join(told(notes, asked["suppress"]))


class _Pulse:
    """Says twice a second how a job is doing, and hears whether it should stop.

    One thread talks to the database, so those that simulate never wait for it.

    Attributes:
        asked: whether somebody asked the job to stop.
    """

    def __init__(self, ws: Workspace, claim: Claim, stop: threading.Event) -> None:
        self.asked = False
        self._lost = False
        self._ws, self._claim, self._stop = ws, claim, stop
        self._progress = Event("reading", 0, 1, 0.0)
        self._first: float | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="pulse", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def watch(self, event: Event) -> None:
        """Take note of progress; where a stage is finished, the next is under way."""
        if event.stage == "simulating":
            # The first block compiles the kernels, which says nothing of how long others take.
            if self._first is None:
                self._first = event.seconds
            event = replace(event, seconds=event.seconds - self._first)
        after = _NEXT.get(event.stage, "") if event.done >= event.of else ""
        if after and (after != "capacity" or self._claim.options["capacity"]):
            event = Event(after, 0, 1, 0.0)
        self._progress = event

    def cancelled(self) -> bool:
        """Tell whether to leave the job at the next block of runs."""
        return self.asked or self._lost or self._stop.is_set()

    def _tell(self) -> None:
        said, when = None, time.monotonic()
        while not self._over.wait(_TICK):
            try:
                progress = self._progress
                if progress != said or time.monotonic() - when >= _BEAT:
                    claims.beat(self._ws, self._claim, progress)
                    said, when = progress, time.monotonic()
                self.asked = claims.stop_asked(self._ws, self._claim)
            except claims.Lost:
                self._lost = True
                return
            except Exception as error:
                # Silence would be taken for death, so this goes on whatever happens.
                _LOG.warning("the database did not take the progress; trying again (%s)", error)


def _insist(write: Callable[[], None]) -> None:
    """Write to the database, and wait for it where it does not answer: the work is done."""
    for left in range(_TRIES, 0, -1):
        try:
            return write()
        except _NO_ANSWER:
            if left == 1:
                raise
            threading.Event().wait(1.0)
    return None


def _of_system(error: BaseException | None, ws: Workspace) -> str:
    """Say that the system refused something, such as room on the disk; "" where it did not."""
    while error is not None:
        found = in_words(error)
        if found is not None:
            return f"The run could not be made: {without_paths(str(found), ws.settings)}"
        error = error.__cause__ or error.__context__
    return ""


def _logged(ws: Workspace, claim: Claim) -> str:
    """Write the traceback where those who look after the installation find it; say where."""
    name = f"logs/{claim.id}.log"
    _LOG.exception("job %s failed", claim.id)
    try:
        write_text(ws.settings.home / name, traceback.format_exc())
    except (OSError, AcutecastError):
        # Most likely the disk is full, which is why the job failed.
        _LOG.exception("%s cannot be written", name)
        return " The log of its worker says what."
    return f" {name} in the folder of the workspace says what."


def _warm() -> None:
    """Load what runs need before the first of them waits for it."""
    from acutecast import api
    from acutecast.capacity import simulate
    from acutecast.demand import engine
    from acutecast.results import store

    del api, simulate, engine, store


def _close_with_stdin(stop: threading.Event) -> None:
    """Set `stop` when standard input closes, as it does when the parent ends, however it ends."""

    def read() -> None:
        # Not through `sys.stdin`, whose lock would be in the way when the process ends.
        while os.read(0, 1):
            pass
        stop.set()

    threading.Thread(target=read, daemon=True).start()


def run_worker(
    settings: Settings, *, until_empty: bool = False, until_stdin_closes: bool = False
) -> int | None:
    """Work on the queue in this process until it is told to stop.

    SIGTERM and Ctrl-C leave a job at the next block of runs and put it back in the queue; a
    second one ends the process at once. To be called in the main thread, which hears signals.

    Args:
        settings: of the installation.
        until_empty: end also when nothing waits.
        until_stdin_closes: end also when standard input closes, and let other processes go first.

    Returns:
        The number of the signal that ended it, or None.

    Raises:
        AcutecastError: where the workspace cannot be opened.
    """
    from acutecast.workspace.workspace import open_workspace

    stop = threading.Event()
    heard: list[int] = []

    def on_signal(number: int, _: object) -> None:
        # A second signal ends the process at once.
        signal.signal(number, signal.SIG_DFL)
        heard.append(number)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    if until_stdin_closes:
        _close_with_stdin(stop)
        if hasattr(os, "nice"):
            # Whoever started this answers people meanwhile, who should not wait.
            os.nice(_POLITENESS)
    work_forever(open_workspace(settings), stop, until_empty=until_empty)
    return heard[0] if heard else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Work on the queue until SIGTERM, Ctrl-C or the end of the parent."""
    from acutecast.workspace.settings import read_settings

    parser = argparse.ArgumentParser(
        prog="python -m acutecast.workspace.worker",
        description="Works on the queue of runs; the settings come from the environment.",
    )
    parser.add_argument(
        UNTIL_STDIN_CLOSES, action="store_true", help="Stop when standard input closes."
    )
    asked = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        run_worker(read_settings(), until_stdin_closes=asked.until_stdin_closes)
    except AcutecastError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
