"""Where whole providers are worked on: this process, processes beside it, or a cluster.

All of them are a `concurrent.futures.Executor`, so whoever submits work need not know which. Dask
distributed does the last two: it starts a lost worker's tasks again elsewhere, which Python's own
pool of processes does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from acutecast.errors import AcutecastError, Problem

# How often a task is started again when the worker that had it is lost.
_TRIES = 3


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
