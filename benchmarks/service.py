"""Prints requests a second, median and 95th percentile of the HTTP service under a bounded load."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from acutecast.api import demo_provider
from acutecast.provider import write_provider
from acutecast.service.tokens import new_token, today

ACCESS = '[people."load"]\nrole = "admin"\nproviders = ["*"]\n'
SCENARIO = {"name": "Load", "activity_avoidance": {"ip": {"falls_related_admissions": [0.8, 0.9]}}}
# Asked in turn: mostly figures, and one run asked for in eight requests.
MIX = ("summary", "runs", "trajectory", "run", "summary by site", "scenarios", "view", "submit")


class Client:
    """Asks over one connection, as a program that works through a list would."""

    def __init__(self, host: str, token: str) -> None:
        self._connection = http.client.HTTPConnection(host, timeout=120)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, content: Any = None) -> tuple[int, bytes]:
        """Ask, and give the status and what came back."""
        body = None if content is None else json.dumps(content)
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()


@contextmanager
def served(folder: Path, workers: int) -> Iterator[str]:
    """Serve from a folder; give host and port."""
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-m", "acutecast", "serve", "--home", str(folder / "home"),
                "--data", str(folder / "data"), "--port", "0", "--workers", str(workers),
                "--tokens", str(folder / "tokens.toml"), "--access", str(folder / "access.toml"),
            ],
            env=os.environ | {"PYTHONUNBUFFERED": "1", "ACUTECAST_MAX_QUEUED": "1000000"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"http://(\S+)/", line):
                    yield found[1]
                    return
            raise SystemExit((folder / "log.txt").read_text())
        finally:
            process.terminate()
            process.wait()


def prepare(folder: Path, size: float) -> str:
    """Make data, roles and a token; give the token."""
    write_provider(demo_provider(size=size), folder / "data")
    text, token = new_token("load", (), today() + timedelta(days=1))
    (folder / "tokens.toml").write_text(f"[tokens]\n{token.line()}\n")
    (folder / "access.toml").write_text(ACCESS)
    return text


def finished_run(host: str, token: str, runs: int) -> tuple[str, str]:
    """Have one run of every year done; give the ids of the run and of its scenario."""
    client = Client(host, token)
    asked = {"scenario": SCENARIO, "provider": "DEMO", "runs": runs, "years": "all"}
    job = json.loads(client.ask("POST", "/v1/runs", asked)[1])
    while job["state"] not in ("done", "failed"):
        job = json.loads(client.ask("GET", f"/v1/runs/{job['id']}?wait=60")[1])
    if job["state"] == "failed":
        raise SystemExit(job["message"])
    return job["id"], job["scenario_id"]


def requests_of(run: str, scenario: str, number: int) -> dict[str, tuple[str, str, Any]]:
    return {
        "summary": ("GET", f"/v1/runs/{run}/summary?years=all", None),
        "summary by site": ("GET", f"/v1/runs/{run}/summary?by=sitetret,age_group", None),
        "trajectory": ("GET", f"/v1/runs/{run}/trajectory?measure=beddays", None),
        "view": ("GET", f"/v1/runs/{run}/views/trajectory", None),
        "runs": ("GET", "/v1/runs?limit=20", None),
        "run": ("GET", f"/v1/runs/{run}", None),
        "scenarios": ("GET", "/v1/scenarios", None),
        # Never the same twice, so that each is one more in the queue.
        "submit": ("POST", "/v1/runs", {"scenario": scenario, "runs": 1 + number % 4000}),
    }


def load(host: str, token: str, clients: int, each: int, run: str, scenario: str) -> None:
    """Have so many clients ask so often each, and print how long they waited."""
    took: dict[str, list[float]] = defaultdict(list)
    wrong: dict[int, int] = defaultdict(int)
    lock, start = threading.Lock(), threading.Barrier(clients + 1)
    # What is loaded at first use is no part of the load.
    for method, path, content in requests_of(run, scenario, 0).values():
        Client(host, token).ask(method, path, content)

    def work(place: int) -> None:
        client = Client(host, token)
        client.ask("GET", "/v1/me")
        start.wait()
        for turn in range(each):
            name = MIX[(turn + place) % len(MIX)]
            method, path, content = requests_of(run, scenario, turn * clients + place)[name]
            began = time.perf_counter()
            status, _ = client.ask(method, path, content)
            with lock:
                took[name].append(1000 * (time.perf_counter() - began))
                wrong[status] += status >= 300

    threads = [threading.Thread(target=work, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - began
    total = sum(map(len, took.values()))
    print(f"\n{clients} clients, {each} requests each: {total / wall:.0f} requests a second")
    print(f"  {'':<18}{'requests':>9}{'median':>12}{'95%':>12}")
    for name in (*MIX, "all"):
        waits = took[name] if name != "all" else [w for many in took.values() for w in many]
        p95 = statistics.quantiles(waits, n=20)[-1] if len(waits) > 1 else waits[0]
        print(f"  {name:<18}{len(waits):>9}{statistics.median(waits):>9.1f} ms{p95:>9.1f} ms")
    failed = {status: count for status, count in wrong.items() if count}
    print(f"  other answers than 2xx: {failed or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--each", type=int, default=200, help="requests of each client")
    parser.add_argument("--size", type=float, default=1.0, help="size of the demo region")
    parser.add_argument("--runs", type=int, default=256, help="model runs of what is asked about")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="acutecast-") as name:
        folder = Path(name)
        token = prepare(folder, asked.size)
        with served(folder, workers=1) as host:
            run, scenario = finished_run(host, token, asked.runs)
        # What is asked for waits: this measures the service, and not the model.
        with served(folder, workers=0) as host:
            load(host, token, 1, asked.each, run, scenario)
            load(host, token, asked.clients, asked.each, run, scenario)


if __name__ == "__main__":
    main()
