"""Blocks of runs on threads; kernels release the interpreter lock, so threads are enough."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from acutecast.errors import Cancelled


@dataclass(frozen=True)
class Event:
    """One message about progress; any front end can draw it.

    Attributes:
        stage: what is under way ("reading", "compiling", "simulating", "writing").
        done: how much of it is done.
        of: how much there is.
        seconds: since the stage began.
    """

    stage: str
    done: int
    of: int
    seconds: float


Watch = Callable[[Event], None]
T = TypeVar("T")

FIRST_COMPILATION = "first compilation"
"""Stage of an `Event`: kernels are compiled, which happens once after installation."""
FIRST_COMPILATION_WORDS = "Compiling the model, once after installation: about 30 seconds"
"""What front ends say of it. Measured on one core of 2023: 24 to 35 s."""
_left: list[threading.Thread] = []


def left_behind() -> bool:
    """Tell whether a first block that was stopped is still being compiled.

    A thread inside the compiler cannot be ended; a process that would end need not wait for it.
    """
    return any(thread.is_alive() for thread in _left)


def unless_stopped(work: Callable[[], T], cancelled: Callable[[], bool] | None) -> T:
    """Do work that may compile, on a thread of its own; a stop does not wait for it.

    Raises:
        Cancelled: where `cancelled` answered True before the work was done.
    """
    if cancelled is None:
        return work()
    future = _begun(work)
    while not wait([future], timeout=0.25).done:
        if cancelled():
            raise Cancelled("stopped by the user")
    return future.result()


def _begun(work: Callable[[], T]) -> Future[T]:
    """Do work on a thread that nobody waits for at the end of the process."""
    future: Future[T] = Future()

    def do() -> None:
        try:
            result = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(result)

    thread = threading.Thread(target=do, name="first block", daemon=True)
    _left[:] = [thread, *(other for other in _left if other.is_alive())]
    thread.start()
    return future


def timed(watch: Watch | None, stage: str, work: Callable[[], T]) -> T:
    """Do some work and tell `watch` when it begins and how long it took."""
    began = time.perf_counter()
    if watch is not None:
        watch(Event(stage, 0, 1, 0.0))
    result = work()
    if watch is not None:
        watch(Event(stage, 1, 1, time.perf_counter() - began))
    return result


def processors() -> int:
    """Give the number of processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def run_blocks(
    work: Callable[[range], None],
    n_runs: int,
    threads: int | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
    stage: str = "simulating",
) -> None:
    """Call `work` on blocks of runs 0 … n_runs - 1, on several threads.

    Args:
        work: does the runs of one block; blocks share no state that they write.
        n_runs: the number of runs.
        threads: how many threads; all processors by default.
        watch: is told of progress after each block.
        cancelled: asked between blocks; where it answers True the rest is left undone.
        stage: the stage's name for `watch`.

    Raises:
        Cancelled: where `cancelled` answered True.
    """
    threads = max(1, threads or processors())
    size = max(1, min(8, -(-n_runs // (threads * 4))))
    # The first block is one run: it compiles the kernels, which other threads would only wait for.
    blocks = [range(1), *(range(at, min(at + size, n_runs)) for at in range(1, n_runs, size))]
    began = time.perf_counter()
    done = 0
    with ThreadPoolExecutor(threads) as pool:
        # A stop does not wait for the compiler: this thread is none of the pool's.
        pending = {_begun(partial(work, block)): block for block in blocks[:1]}
        rest = blocks[1:]
        try:
            while pending:
                if cancelled is not None and cancelled():
                    raise Cancelled("stopped by the user")
                finished, _ = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in finished:
                    done += len(pending.pop(future))
                    future.result()
                    if watch is not None:
                        watch(Event(stage, done, n_runs, time.perf_counter() - began))
                if done:
                    pending |= {pool.submit(work, block): block for block in rest}
                    rest = []
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise
