"""The command as it is deployed: it says where it is, ends when told, and loses nothing."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest
from small_service import CONTENT, people_and_tokens

import acutecast as ac

DEADLINE = 300.0
ENDED = ("done", "failed", "cancelled")


@contextmanager
def served(folder, data, access, tokens, *more):
    """Serve on a free port; give the address, the process and its log."""
    log = folder / "log.txt"
    with log.open("ab") as written:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "acutecast", "serve", "--home", str(folder / "home"),
                "--data", str(data), "--port", "0", "--access", str(access),
                "--tokens", str(tokens), *more,
            ],
            env=os.environ | {"PYTHONUNBUFFERED": "1", "ACUTECAST_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            found = next((f for line in lines if (f := re.search(r"http://\S+/", line))), None)
            assert found, log.read_text()
            yield found[0], process, log
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def ask(address, token, method, path, content=None):
    body = None if content is None else json.dumps(content).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(address + path, body, headers, method=method), timeout=120) as answer:
        return json.load(answer)


@pytest.fixture
def people(tmp_path):
    return people_and_tokens(tmp_path)


@pytest.mark.long
def test_a_service_that_is_killed_loses_no_run(data, people, tmp_path):
    access, file, tokens = people
    token = tokens["anna"]
    with served(tmp_path, data, access, file, "--workers", "1") as (address, process, _):
        sent = {"scenario": CONTENT, "provider": "DEMO", "runs": 400, "years": "all"}
        first = ask(address, token, "POST", "v1/runs", sent)
        scenario = first["scenario_id"]
        asked = [first["id"]] + [
            ask(address, token, "POST", "v1/runs",
                {"scenario": scenario, "runs": runs, "years": "horizon"})["id"]
            for runs in (4, 5)
        ]  # fmt: skip
        deadline = time.monotonic() + DEADLINE
        while ask(address, token, "GET", f"v1/runs/{asked[0]}?wait=1")["state"] == "queued":
            assert time.monotonic() < deadline
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL

    with served(tmp_path, data, access, file, "--workers", "1") as (address, process, log):
        there = ask(address, token, "GET", "v1/runs")["runs"]
        assert [run["id"] for run in reversed(there)] == asked
        assert {run["state"] for run in there} <= {"queued", "running", "done"}
        for run in asked:
            deadline = time.monotonic() + DEADLINE
            while (found := ask(address, token, "GET", f"v1/runs/{run}?wait=60"))[
                "state"
            ] not in ENDED:
                assert time.monotonic() < deadline
            assert found["state"] == "done", found["message"]
        rows = ask(address, token, "GET", f"v1/runs/{asked[1]}/summary")["rows"]
        alone = ac.run(
            CONTENT, data, tmp_path / "alone", runs=4, years="horizon", empty_tpmas="warn"
        )
        assert rows == alone.summary().to_dicts()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    written = log.read_text()
    assert "Traceback" not in written
    assert re.search(rf"GET /v1/runs/{asked[1]}/summary 200 \d+ ms anna", written)
    assert "wait=" not in written
    assert token not in written


def test_requests_come_whole_or_not_at_all_over_a_socket(data, people, tmp_path, monkeypatch):
    """A client that sends in chunks, more than may be sent, gets its answer and not a fault."""
    import http.client

    access, file, tokens = people
    monkeypatch.setenv("ACUTECAST_MAX_BYTES", "2048")
    with served(tmp_path, data, access, file, "--workers", "0", "--root-path", "/ac") as (
        address, _, log,
    ):  # fmt: skip
        host = address.removeprefix("http://").rstrip("/")
        connection = http.client.HTTPConnection(host, timeout=60)
        headers = {
            "Authorization": f"Bearer {tokens['anna']}",
            "Content-Type": "application/json",
        }
        chunks = (b" " * 1000 for _ in range(3))
        connection.request("POST", "/v1/scenarios/check", chunks, headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413
        assert "more than 2,048 bytes" in json.load(answer)["problems"][0]["what"]
        made = ask(address, tokens["anna"], "POST", "v1/runs",
                   {"scenario": CONTENT, "provider": "DEMO", "runs": 2})  # fmt: skip
        assert made["state"] == "queued"
        description = ask(address, tokens["anna"], "GET", "openapi.json")
        assert description["servers"] == [{"url": "/ac"}]
    assert "Traceback" not in log.read_text()
