"""Blocks of runs on threads; kernels release the interpreter lock, so threads are enough."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
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
        pending = {pool.submit(work, block): block for block in blocks[:1]}
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
