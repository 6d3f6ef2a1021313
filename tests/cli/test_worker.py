"""Workers apart, and servers with theirs: they end when they are told, and no run is lost."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from acutecast.provider import write_provider
from acutecast.workspace import Person, Settings, create_scenario, open_workspace, submit
from acutecast.workspace.tables import JOB
from small_provider import DATASET, small_provider

ANNA = Person("anna", "Anna", "analyst", (DATASET,))
LONG = 4000
"""More runs than are done before somebody stops them."""
DEADLINE = 300.0


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_provider(small_provider(600), root)
    return root


@pytest.fixture
def ws(data, tmp_path):
    opened = open_workspace(Settings(tmp_path / "home", data=(str(data),)))
    yield opened
    opened.close()


@pytest.fixture
def scenario(ws):
    return create_scenario(ws, ANNA, {"name": "Base", "horizon_year": 2033}, DATASET, "Base")


def start(ws, *arguments) -> subprocess.Popen:
    """Start a command on the workspace."""
    where = ("--home", str(ws.settings.home), "--data", *ws.settings.data)
    return subprocess.Popen(
        [sys.executable, "-m", "acutecast", *arguments, *where],
        env=os.environ | {"PYTHONUNBUFFERED": "1", "ACUTECAST_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def row(ws, job):
    with ws.reading() as connection:
        return connection.execute(select(JOB).where(JOB.c.id == job.id)).one()


def wait_until_under_way(ws, job) -> None:
    pause, deadline = threading.Event(), time.monotonic() + DEADLINE
    while row(ws, job).stage != "simulating":
        assert time.monotonic() < deadline, row(ws, job)
        pause.wait(0.05)


def test_a_worker_can_end_when_nothing_waits(ws, scenario):
    jobs = [submit(ws, ANNA, scenario.id, runs=runs) for runs in (2, 3)]
    process = start(ws, "worker", "--until-empty", "--threads", "2")
    out, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert "queue of runs" in out
    assert [row(ws, job).state for job in jobs] == ["done", "done"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_worker_that_is_stopped_puts_its_run_back(ws, scenario, number, code):
    job = submit(ws, ANNA, scenario.id, runs=LONG)
    process = start(ws, "worker")
    wait_until_under_way(ws, job)
    process.send_signal(number)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert (row(ws, job).state, row(ws, job).attempts) == ("queued", 0)


@pytest.mark.parametrize("command", [("app", "--no-open"), ("serve",)])
def test_a_server_that_is_stopped_puts_the_run_of_its_worker_back(ws, scenario, command):
    job = submit(ws, ANNA, scenario.id, runs=LONG)
    process = start(ws, *command, "--port", "0", "--workers", "1")
    assert process.stdout is not None
    assert any(re.search(r"http://\S+/", line) for line in iter(process.stdout.readline, ""))
    wait_until_under_way(ws, job)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert (row(ws, job).state, row(ws, job).attempts) == ("queued", 0)


def test_a_worker_without_a_workspace_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "acutecast", "worker", "--home", str(tmp_path)],
        env=os.environ | {"ACUTECAST_DATABASE": "nonsense"},
        capture_output=True, text=True, timeout=DEADLINE,
    )  # fmt: skip
    assert done.returncode == 2
    assert "is no URL of a database" in done.stderr
    assert "Traceback" not in done.stderr
