"""Worker processes beside the application: started, replaced when they die, ended with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

from acutecast.workspace.settings import VARIABLES, Settings, join_roots

_LOG = logging.getLogger(__name__)
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
"""Seconds before another is started; longer where one after the other dies at once."""


class Workers:
    """Worker processes. They end with this process, also where it is killed."""

    def __init__(self, environment: Mapping[str, str], count: int) -> None:
        self._environment = dict(environment)
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._keepers = [
            threading.Thread(target=self._keep, args=(place,), name=f"worker {place}", daemon=True)
            for place in range(count)
        ]
        for keeper in self._keepers:
            keeper.start()

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of the processes that live."""
        with self._lock:
            return tuple(p.pid for p in self._processes.values() if p.poll() is None)

    def stop(self, patience: float = 20.0) -> None:
        """End the processes; what they were at goes back in the queue.

        Args:
            patience: seconds until a process that has not ended by itself is killed; its job
                goes back in the queue when another worker notices.
        """
        with self._lock:
            self._stopping.set()
            processes = tuple(self._processes.values())
        for process in processes:
            if process.stdin is not None:
                process.stdin.close()
        deadline = time.monotonic() + patience
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
        for keeper in self._keepers:
            keeper.join()

    def _keep(self, place: int) -> None:
        """Keep one process alive until all should stop."""
        pause = _SHORTEST_PAUSE
        while True:
            began = time.monotonic()
            with self._lock:
                if self._stopping.is_set():
                    return
                try:
                    process = self._processes[place] = self._start()
                except OSError as error:
                    process, code = None, str(error)
            if process is not None:
                code = process.wait()
                if process.stdin is not None:
                    process.stdin.close()
            if self._stopping.is_set():
                return
            _LOG.warning("a worker ended (%s); starting another", code)
            lived = time.monotonic() - began
            pause = _SHORTEST_PAUSE if lived > _LONGEST_PAUSE else min(_LONGEST_PAUSE, 2 * pause)
            self._stopping.wait(pause)

    def _start(self) -> subprocess.Popen[bytes]:
        from acutecast.workspace.worker import UNTIL_STDIN_CLOSES

        command = [sys.executable, "-m", "acutecast.workspace.worker", UNTIL_STDIN_CLOSES]
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=self._environment)


def start_workers(settings: Settings, count: int | None = None) -> Workers:
    """Start the worker processes of an installation.

    Args:
        settings: as for the application; the processes get the same.
        count: how many, instead of `settings.workers`.

    Raises:
        AcutecastError: where the settings cannot be passed on.
    """
    return Workers(environment_of(settings), settings.workers if count is None else count)


def environment_of(settings: Settings) -> dict[str, str]:
    """Give the environment of this process with `settings` written into it.

    Raises:
        AcutecastError: for roots of data that the environment cannot hold.
    """
    environment = dict(os.environ)
    for variable, name in VARIABLES:
        value = getattr(settings, name)
        environment.pop(variable, None)
        if value not in (None, ()):
            if name == "data":
                environment[variable] = join_roots(value)
            else:
                environment[variable] = " ".join(value) if isinstance(value, tuple) else str(value)
    return environment
