"""Times a national run: 130 made-up trusts on 1, 2 and 4 workers, then killed and resumed.

Usage: uv run --group extras benchmarks/national.py [--quick] [--folder FOLDER] [--workers 1,2,4]

With --folder the trusts and results stay there, and trusts made before are used again.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import psutil

import acutecast as ac
from acutecast import facts
from acutecast.provider import read_provider, write_provider

TRUSTS = 130
SPELLS = 16_000_000
# One trust of the demo region at size 1 has about 100,000 spells.
SPELLS_AT_ONE = 100_000
SYSTEMS = 42
TPMA_INTERVAL = [0.85, 0.95]


def sizes(trusts: int, spells: int) -> np.ndarray:
    """Give the trusts' sizes: unequal as England's are (the largest about six times the least)."""
    at = np.exp(0.4 * np.linspace(-2.2, 2.2, trusts))
    return at / at.sum() * spells / SPELLS_AT_ONE


def make(trust: tuple[int, float, str]) -> int:
    """Write one trust where it is not there already; give its spells."""
    number, size, root = trust
    code = f"T{number:03d}"
    if (Path(root) / "inequalities" / "fyear=2023" / f"dataset={code}").exists():
        return read_provider(root, code, 2023, check=False).tables["ip"].num_rows
    made = ac.demo_provider(seed=number + 1, size=size)
    write_provider(dataclasses.replace(made, dataset=code), root)
    return made.tables["ip"].num_rows


def scenario(trusts: int, runs: int) -> dict:
    """Give a national scenario with every TPMA, each with an interval of no one in particular."""
    assumed: dict = {"name": "National", "runs": runs, "horizon_year": 2043}
    for row in facts.rows("tpmas"):
        section = assumed.setdefault(row["kind"], {}).setdefault(row["activity_type"], {})
        section[row["key"]] = TPMA_INTERVAL
    systems = {f"T{i:03d}": f"ICB{i % SYSTEMS:02d}" for i in range(trusts)}
    return {"scenario": assumed, "systems": systems}


class Memory:
    """Looks at a process and those below it until told to stop."""

    def __init__(self, pid: int) -> None:
        self.together, self.largest, self._ended = 0, 0, threading.Event()
        self._process = psutil.Process(pid)
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(0.5):
            used = []
            try:
                family = [self._process, *self._process.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            for process in family:
                try:
                    full = process.memory_full_info()
                except psutil.Error:
                    continue
                # Pages that processes share are counted once (Linux), or as often as shared.
                used.append(getattr(full, "pss", full.rss))
            self.together = max(self.together, sum(used))
            self.largest = max([self.largest, *used])

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()


def command(folder: Path, out: Path, workers: int) -> list[str]:
    return [
        sys.executable, "-m", "acutecast", "run", str(folder / "national.json"),
        "--data", str(folder / "data"), "--out", str(out), "--providers", "all",
        "--workers", str(workers),
    ]  # fmt: skip


def measured(folder: Path, out: Path, workers: int) -> dict:
    """Run the nation as a command of its own."""
    began, before = time.perf_counter(), processor_time()
    with (folder / "progress.log").open("w") as log:
        process = subprocess.Popen(
            command(folder, out, workers), stdout=log, stderr=subprocess.STDOUT
        )
        memory = Memory(process.pid)
        code = process.wait()
    memory.stop()
    if code:
        raise SystemExit((folder / "progress.log").read_text()[-4000:])
    files = [path for path in out.rglob("*") if path.is_file()]
    return {
        "seconds": time.perf_counter() - began,
        "processor": processor_time() - before,
        "largest": memory.largest / 1e9,
        "together": memory.together / 1e9,
        "size": sum(path.stat().st_size for path in files) / 1e9,
        "digest": digest(out),
    }


def processor_time() -> float:
    """Give the seconds of processor time of all processes below this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def digest(out: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        if path.name != "timings.json":
            total.update(str(path.relative_to(out)).encode() + path.read_bytes())
    return total.hexdigest()[:12]


def kill_half_way(folder: Path, out: Path, workers: int, trusts: int) -> int:
    """Start a run, kill its process with SIGKILL half-way; give how many trusts are finished."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command(folder, out, workers), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        said = line.removeprefix("Providers: ").split(" ")[0]
        if line.startswith("Providers: ") and int(said) >= trusts // 2:
            break
    below = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    seconds = time.perf_counter() - began
    _, alive = psutil.wait_procs(below, timeout=60)
    print(
        f"killed after {seconds:.0f} s; of {len(below)} processes below it {len(alive)} are alive "
        "a minute later"
    )
    return len(list(out.glob("providers/*/run.json")))


COLUMNS = (
    "workers", "wall clock", "processor time", "largest process", "all together", "results",
    "digest",
)  # fmt: skip


def row(name: str, result: dict) -> None:
    shown = (
        name,
        f"{result['seconds']:.0f} s",
        f"{result['processor']:.0f} s",
        *(f"{result[key]:.2f} GB" for key in ("largest", "together", "size")),
        result["digest"],
    )
    print(f"| {' | '.join(shown)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="six small trusts")
    parser.add_argument("--folder", help="keeps trusts and results; a folder that goes if not said")
    parser.add_argument("--workers", default="1,2,4")
    parser.add_argument("--runs", type=int, default=256)
    parser.add_argument("--no-kill", action="store_true")
    asked = parser.parse_args()
    trusts, spells = (6, 120_000) if asked.quick else (TRUSTS, SPELLS)
    folder = Path(asked.folder or tempfile.mkdtemp(prefix="acutecast-national-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        began = time.perf_counter()
        wanted = [
            (i, float(size), str(folder / "data")) for i, size in enumerate(sizes(trusts, spells))
        ]
        with ProcessPoolExecutor() as pool:
            made = list(pool.map(make, wanted))
        text = json.dumps(scenario(trusts, asked.runs))
        (folder / "national.json").write_text(text, encoding="utf-8")
        print(
            f"{trusts} trusts of {min(made):,} to {max(made):,} spells, {sum(made):,} in all, in "
            f"{time.perf_counter() - began:.0f} s; {asked.runs} runs; {os.cpu_count()} processors"
        )
        print(f"\n| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|", flush=True)
        for workers in map(int, asked.workers.split(",")):
            out = folder / f"out-{workers}"
            shutil.rmtree(out, ignore_errors=True)
            row(str(workers), measured(folder, out, workers))
        if not asked.no_kill:
            out = folder / "out-killed"
            shutil.rmtree(out, ignore_errors=True)
            finished = kill_half_way(folder, out, 2, trusts)
            row(f"2, killed with {finished} finished, resumed", measured(folder, out, 2))
    finally:
        if not asked.folder:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
