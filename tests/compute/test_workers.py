"""Tasks on this process, on processes beside it, and on a cluster that loses a worker."""

import operator
import os
import signal
from pathlib import Path

import pytest

from acutecast.compute.workers import executor, hired
from acutecast.errors import AcutecastError


def once_killed(mark: str) -> int:
    """Kill the process that does this the first time; answer the second."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return os.getpid()
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def test_one_worker_is_this_process():
    with executor(1) as pool:
        assert pool.submit(os.getpid).result() == os.getpid()
        assert isinstance(pool.submit(operator.truediv, 1, 0).exception(), ZeroDivisionError)


def test_a_task_of_a_killed_worker_is_done_by_another(tmp_path):
    with executor(2) as pool:
        others = [pool.submit(operator.add, i, 1) for i in range(4)]
        done = pool.submit(once_killed, str(tmp_path / "mark")).result(timeout=60)
        assert done not in (0, os.getpid())
        assert [future.result(timeout=60) for future in others] == [1, 2, 3, 4]


def killed(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_task_that_kills_every_worker_is_said():
    with hired(2) as crew, pytest.raises(AcutecastError, match="again and again"):
        crew.do("providers", killed, [1])


def test_no_scheduler_is_said():
    with pytest.raises(AcutecastError, match="doesn't answer"), executor(1, "tcp://127.0.0.1:1"):
        pass
