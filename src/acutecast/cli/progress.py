"""Progress in a terminal: a bar with the time left; Ctrl-C and SIGTERM stop between runs."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from acutecast.compute import FIRST_COMPILATION, FIRST_COMPILATION_WORDS, Event, Watch
from acutecast.errors import Cancelled

_WORDS = {
    "making": "Making the region",
    "reading records": "Reading records",
    "deriving": "Deriving spells and contacts",
    "finding TPMAs": "Finding TPMAs",
    "working out rates": "Working out rates",
    "storing tables": "Storing tables",
    "checking quality": "Checking quality",
    "storing": "Storing its tables",
    "reading": "Reading and checking",
    "compiling": "Preparing",
    FIRST_COMPILATION: FIRST_COMPILATION_WORDS,
    "simulating": "Simulating",
    "writing": "Writing results",
    "exporting": "Writing NHP tables",
    "capacity": "Working out capacity",
    "drawing": "Drawing",
    "providers": "Providers",
    "scenarios": "Scenarios",
    "moving": "Moving activity",
    "adding up": "Adding up",
}


@contextmanager
def work_in_progress(quiet: bool) -> Iterator[tuple[Watch, Callable[[], bool]]]:
    """Show progress on standard error while the block runs.

    Yields:
        A function that is told of events, and one that tells whether the user pressed Ctrl-C,
        or somebody sent SIGTERM. The first stops at the next block of runs; the second at once.
    """
    stop = threading.Event()

    def on_interrupt(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    in_main = threading.current_thread() is threading.main_thread()
    signals = (signal.SIGINT, signal.SIGTERM) if in_main else ()
    previous = {number: signal.signal(number, on_interrupt) for number in signals}
    try:
        if quiet:
            yield _stopping(lambda event: None, stop), stop.is_set
        elif not sys.stderr.isatty():
            yield _stopping(_Lines(), stop), stop.is_set
        else:
            with _bars() as watch:
                yield _stopping(watch, stop), stop.is_set
        _check(stop)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _check(stop: threading.Event) -> None:
    if stop.is_set():
        raise Cancelled("stopped by the user")


def _stopping(watch: Watch, stop: threading.Event) -> Watch:
    def tell(event: Event) -> None:
        watch(event)
        _check(stop)

    return tell


class _Lines:
    """A line a quarter of each stage, for log files."""

    def __init__(self) -> None:
        self.quarters: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        if event.stage == FIRST_COMPILATION and not event.done:
            print(f"{FIRST_COMPILATION_WORDS} …", file=sys.stderr, flush=True)
        quarter = 4 * event.done // max(1, event.of)
        if quarter > self.quarters.get(event.stage, -1) and event.done:
            self.quarters[event.stage] = quarter
            words = _WORDS.get(event.stage, event.stage)
            print(
                f"{words}: {event.done} of {event.of}, {event.seconds:.1f} s",
                file=sys.stderr,
                flush=True,
            )


@contextmanager
def _bars() -> Iterator[Watch]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[seconds]:.1f} s"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
    ) as progress:
        tasks = {}

        def watch(event: Event) -> None:
            if event.stage not in tasks:
                words = _WORDS.get(event.stage, event.stage)
                tasks[event.stage] = progress.add_task(words, total=event.of, seconds=0.0)
            task = tasks[event.stage]
            progress.update(task, completed=event.done, total=event.of, seconds=event.seconds)

        yield watch
