"""Work that goes on beside a page: how far it is, whether it is still wanted, what went wrong."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from acutecast.errors import AcutecastError, Cancelled, Problem

if TYPE_CHECKING:
    from acutecast.compute import Event

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
# Apart from the threads that pages look and save with: whatever waits here, they go on.
_LONG = ThreadPoolExecutor(max(2, (os.cpu_count() or 1) // 2), thread_name_prefix="long-work")


class Progress:
    """How far one piece of work is. A thread works and tells; the page reads and may stop it.

    Attributes:
        stage: what is under way, in words; "" before anything was told.
        waiting: whether other work must end before this begins.
        done, of: how much of it is done; 0 of 0 where nobody knows.
    """

    def __init__(self) -> None:
        self.stage = ""
        self.waiting = False
        self.done = 0
        self.of = 0
        self._stop = threading.Event()

    def watch(self, event: Event) -> None:
        """Take note of progress.

        Raises:
            Cancelled: where the work was stopped.
        """
        if self._stop.is_set():
            raise Cancelled("stopped by the user")
        self.stage, self.done, self.of = event.stage, event.done, event.of

    def stop(self) -> None:
        """Ask the work to stop."""
        self._stop.set()

    def stopping(self) -> bool:
        """Tell whether the work was asked to stop."""
        return self._stop.is_set()


async def long_work(progress: Progress, work: Callable[[], T]) -> T:
    """Do work that takes up to minutes in a thread; so much of it at a time as there is room for.

    Raises:
        Cancelled: where it was asked to stop before it began.
        Exception: what the work raises.
    """

    def begin() -> T:
        progress.waiting = False
        if progress.stopping():
            raise Cancelled("stopped by the user")
        return work()

    progress.waiting = True
    return await asyncio.get_running_loop().run_in_executor(_LONG, begin)


def in_words(error: BaseException) -> AcutecastError:
    """Say what went wrong; where the fault is ours, the log alone has the details."""
    if isinstance(error, AcutecastError):
        return error
    if isinstance(error, Cancelled):
        return AcutecastError(Problem("it was stopped before it was done"), "Stopped")
    _LOG.error("something failed beside a page", exc_info=error)
    return AcutecastError(
        Problem(
            "something went wrong on our side, and this was not done",
            remedy="What was saved is safe. Try again; the log of the application has the details.",
        )
    )
