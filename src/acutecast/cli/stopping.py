"""How commands end when they are told to: Ctrl-C, or SIGTERM as container engines send it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def sigterm_raises(error: BaseException) -> Iterator[None]:
    """Let SIGTERM raise an exception while the block runs, so that what it began is put in order.

    By itself SIGTERM ends a process at once, or, as the first process of a container, does
    nothing at all. Outside the main thread, which alone hears signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise error

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
