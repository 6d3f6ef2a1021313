"""A whole national run on processes that get lost: the same bytes as in one process."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

import acutecast as ac
from acutecast.api.national import run_national
from acutecast.provider import write_provider
from folders import digests

distributed = pytest.importorskip("distributed", reason="needs acutecast[cluster]")

CODES = tuple(f"R{number:02d}" for number in range(6))
SCENARIO = {
    "scenario": {"name": "Cluster", "runs": 8},
    "systems": {"R00": "A", "R01": "A"},
    "flows": [
        {"from": "R01", "to": "R02", "activity": "ip", "group": "elective", "share": [0.2, 0.4]}
    ],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("cluster") / "data"
    for number, code in enumerate(CODES):
        made = ac.demo_provider(seed=number + 1, size=0.01)
        write_provider(dataclasses.replace(made, dataset=code), root)
    return root


@pytest.fixture(scope="module")
def expected(data, tmp_path_factory) -> dict[str, str]:
    return digests(run_national(SCENARIO, data, tmp_path_factory.mktemp("one") / "out").path)


@contextmanager
def process(*command: str):
    started = subprocess.Popen(
        [sys.executable, "-m", "dask", *command],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.fixture
def scheduler(tmp_path):
    """Give the address of a scheduler with three workers, processes of their own."""
    file = tmp_path / "scheduler.json"
    with ExitStack() as stack:
        stack.enter_context(
            process(
                "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
                "--scheduler-file", str(file),
            )
        )  # fmt: skip
        for _ in range(3):
            # Without a nanny nobody starts a lost worker again.
            stack.enter_context(
                process(
                    "worker", "--scheduler-file", str(file), "--no-nanny", "--nthreads", "1",
                    "--no-dashboard", "--local-directory", str(tmp_path),
                )
            )  # fmt: skip
        with distributed.Client(scheduler_file=str(file), timeout="60s") as client:
            client.wait_for_workers(3, timeout=60)
        yield json.loads(file.read_text())["address"]


def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(data, expected, scheduler, tmp_path):
    lost: list[str] = []

    def watch(event) -> None:
        if event.stage != "providers" or lost:
            return
        with distributed.Client(scheduler, timeout="10s") as client:
            busy = [address for address, tasks in client.processing().items() if tasks]
            pids = client.run(os.getpid, workers=busy[:1])
        lost.extend(pids)
        os.kill(next(iter(pids.values())), signal.SIGKILL)

    nation = run_national(SCENARIO, data, tmp_path / "out", scheduler=scheduler, watch=watch)
    assert lost
    with distributed.Client(scheduler, timeout="10s") as client:
        assert len(client.scheduler_info(n_workers=-1)["workers"]) == 2
    assert digests(nation.path) == expected


@pytest.mark.long
def test_processes_beside_this_one_may_be_lost_too(data, expected, tmp_path):
    killed: list[int] = []

    def watch(event) -> None:
        if event.stage == "providers" and not killed:
            workers = [
                child
                for child in psutil.Process().children(recursive=True)
                if any("spawn_main" in word for word in child.cmdline())
            ]
            workers[0].kill()
            killed.append(workers[0].pid)

    nation = run_national(SCENARIO, data, tmp_path / "out", workers=2, watch=watch)
    assert killed
    assert digests(nation.path) == expected
