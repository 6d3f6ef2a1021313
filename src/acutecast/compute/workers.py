"""Who works on whole providers: this process, processes beside it, or a cluster.

All of them are a `concurrent.futures.Executor`, so whoever submits work need not know which. Dask
distributed does the last two: it starts a lost worker's tasks again elsewhere, which Python's own
pool of processes does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, TypeVar

from acutecast.compute.threads import Event, Watch
from acutecast.errors import AcutecastError, Cancelled, Problem

# How often a task is started again when the worker that had it is lost.
_TRIES = 3
T = TypeVar("T")


class _Here(Executor):
    """Does each task when it is submitted, in this process."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do the task now."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            if not isinstance(error, Exception):
                raise
            future.set_exception(error)
        return future


@contextmanager
def executor(workers: int = 1, scheduler: str | None = None) -> Iterator[Executor]:
    """Give somewhere to submit tasks to.

    Args:
        workers: processes on this machine; with 1, tasks are done in this process, each as it is
            submitted.
        scheduler: the address of a Dask scheduler ("tcp://host:8786"), instead.

    Raises:
        AcutecastError: where the scheduler doesn't answer, or Dask isn't installed.
    """
    if scheduler is not None:
        with _client(scheduler) as client:
            yield client.get_executor(retries=_TRIES, pure=False)
        return
    if workers <= 1:
        yield _Here()
        return
    try:
        from dask.distributed import Client, LocalCluster
    except ModuleNotFoundError:
        # Kernels have threads, and a fork of a process with threads can hang.
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            yield pool
        return
    import dask.config

    settings: dict[str, Any] = {
        "distributed.scheduler.allowed-failures": _TRIES,
        "distributed.worker.daemon": False,
        "distributed.logging": {"distributed": "error"},
    }
    with (
        dask.config.set(settings),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client.get_executor(retries=_TRIES, pure=False)


@contextmanager
def _client(scheduler: str) -> Iterator[Any]:
    try:
        from dask.distributed import Client
    except ModuleNotFoundError as error:
        raise AcutecastError(
            Problem(
                "a cluster needs Dask distributed",
                where="scheduler",
                remedy='Install it: pip install "acutecast[cluster]".',
            )
        ) from error
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, TimeoutError, ValueError) as error:
        raise AcutecastError(
            Problem(
                "the scheduler doesn't answer",
                where=scheduler,
                example=str(error).splitlines()[0] if str(error) else type(error).__name__,
                remedy="Check the address, and that `dask scheduler` runs there.",
            )
        ) from error
    with client:
        yield client


@dataclass(frozen=True)
class Crew:
    """Whoever does the work, and who is told of it.

    Attributes:
        pool: where tasks are submitted.
        at_once: how many of them.
        watch: is told how many tasks of a stage are done.
        cancelled: asked between tasks; True stops.
    """

    pool: Executor
    at_once: int
    watch: Watch | None = None
    cancelled: Callable[[], bool] | None = None

    def do(self, stage: str, work: Callable[[Any], T], tasks: Sequence[Any]) -> list[T]:
        """Do each task; give the answers as they come.

        Raises:
            AcutecastError: where workers were lost again and again.
            Cancelled: where `cancelled` answered True.
        """
        answers: list[T] = []
        began = time.perf_counter()
        waiting = iter(tasks)
        try:
            pending = set(self._submitted(work, waiting, self.at_once))
            while pending:
                ready, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in ready:
                    answers.append(future.result())
                    if self.watch is not None:
                        seconds = time.perf_counter() - began
                        self.watch(Event(stage, len(answers), len(tasks), seconds))
                if self._stopped():
                    for future in pending:
                        future.cancel()
                    raise Cancelled("stopped by the user")
                pending |= set(self._submitted(work, waiting, len(ready)))
        except Exception as error:
            if not _is_loss(error):
                raise
            raise AcutecastError(
                Problem(
                    "workers were lost again and again, or their scheduler was",
                    where=stage,
                    example=str(error).splitlines()[0] if str(error) else type(error).__name__,
                    remedy="See whether they have enough memory, then give the same command again.",
                )
            ) from error
        return answers

    def _submitted(
        self, work: Callable[[Any], T], waiting: Iterator[Any], most: int
    ) -> Iterator[Future[T]]:
        for _ in range(most):
            task = None if self._stopped() else next(waiting, None)
            if task is None:
                return
            yield self.pool.submit(work, task)

    def _stopped(self) -> bool:
        return self.cancelled is not None and self.cancelled()


def _is_loss(error: Exception) -> bool:
    """Tell the end of a worker from an error of the work; Dask's are known by their module."""
    if isinstance(error, BrokenExecutor | CancelledError):
        return True
    return type(error).__module__.split(".")[0] == "distributed"


@contextmanager
def hired(
    workers: int = 1,
    scheduler: str | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[Crew]:
    """Give a crew; arguments as in `executor` and `Crew`."""
    # So few at a time that a stop doesn't wait for long, and so many that no worker waits.
    at_once = 2 * max(1, workers) if scheduler is None else 256
    with executor(workers, scheduler) as pool:
        yield Crew(pool, at_once, watch, cancelled)
