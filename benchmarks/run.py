"""Prints run time and peak memory by stage, how they grow, and the ratio to the NHP model."""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from acutecast.api import demo_provider
from acutecast.provider import write_provider

HORIZON = 2043
# Every TPMA that the demo region has, with the intervals of no one in particular.
TPMA_INTERVAL = [0.85, 0.95]


def scenarios(folder: Path) -> dict[str, Path]:
    """Write the scenarios that are measured: nothing but growth, and every TPMA."""
    from acutecast import facts

    everything: dict = {"activity_avoidance": {}, "efficiencies": {}}
    for row in facts.rows("tpmas"):
        section = everything[row["kind"]].setdefault(row["activity_type"], {})
        section[row["key"]] = TPMA_INTERVAL
    paths = {}
    for name, content in {"growth only": {}, "all TPMAs": everything}.items():
        paths[name] = folder / f"{name.replace(' ', '-')}.json"
        paths[name].write_text(json.dumps({"name": name, "horizon_year": HORIZON} | content))
    return paths


def measure(command: list[str], repeats: int, env: dict[str, str] | None = None) -> dict:
    """Run a command several times; give its median seconds and the largest memory, MB."""
    walls, peaks, last = [], [], ""
    for _ in range(repeats):
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=env
        )
        assert process.stdout is not None
        last = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        walls.append(time.perf_counter() - began)
        if process.returncode:
            raise SystemExit(f"failed with {process.returncode}: {' '.join(command)}")
        unit = 1 if sys.platform != "darwin" else 1024
        peaks.append(usage.ru_maxrss / 1024 / unit)
    return {"seconds": statistics.median(walls), "mb": max(peaks), "out": last}


def run_command(scenario: Path, data: Path, out: Path, *extra: object) -> list[str]:
    return [
        sys.executable, "-m", "acutecast", "run", str(scenario), "--data", str(data),
        "--out", str(out), "--replace", "--skip-empty-tpmas", "--json", *map(str, extra),
    ]  # fmt: skip


def line(name: str, result: dict, note: str = "") -> None:
    print(f"  {name:<44}{result['seconds']:8.2f} s{result['mb']:9.0f} MB   {note}")


def stages(data: Path, paths: dict[str, Path], folder: Path, repeats: int) -> None:
    print("\nWhole command, 256 runs (median of", repeats, "after one warm-up)")
    for years in ("horizon", "all"):
        for name, path in paths.items():
            command = run_command(path, data, folder / "out", "--years", years)
            measure(command, 1)
            result = measure(command, repeats)
            inner = json.loads(result["out"])["seconds"]["seconds"]
            note = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in inner.items())
            line(f"{name}, {years}", result, note)
    size = sum(p.stat().st_size for p in (folder / "out").rglob("*") if p.is_file()) / 1e6
    print(f"  results of the last one on disk: {size:.1f} MB")


def growth(data: dict[float, Path], path: Path, folder: Path) -> None:
    print("\nGrowth (all TPMAs, 256 runs unless said, one run each)")
    largest = data[max(data)]
    horizon = ("--years", "horizon")
    cases = [
        (f"rows: size {size:g}, horizon", root, horizon) for size, root in sorted(data.items())
    ]
    cases += [
        (f"runs: {runs}, horizon", largest, (*horizon, "--runs", runs)) for runs in (64, 256, 1024)
    ]
    cases += [
        (f"years: {years}", largest, ("--years", years))
        for years in ("horizon", "2033", "2028,2033,2038", "all")
    ]
    cases += [
        (f"threads: {threads}, horizon", largest, (*horizon, "--threads", threads))
        for threads in (1, 2, 4)
    ]
    for name, root, extra in cases:
        line(name, measure(run_command(path, root, folder / "out", *extra), 1))


def peer(data: Path, path: Path, folder: Path, runs: int) -> None:
    """Run the NHP model and this one on the same files and parameters, in turn."""
    python = os.environ.get("ACUTECAST_PEER_PYTHON")
    if not python:
        raise SystemExit("Set ACUTECAST_PEER_PYTHON to the Python that has the NHP model.")
    from acutecast.scenario import load_scenario, resolve, to_nhp

    scenario = resolve(load_scenario(path), "DEMO", 2023, 2046)
    params = folder / "params.json"
    params.write_text(json.dumps(to_nhp(scenario) | {"model_runs": runs}))
    env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    print(f"\nSide by side: {runs} runs, horizon year, NHP tables written by both")
    where = os.getcwd()
    os.chdir(folder)
    theirs = measure([python, "-m", "nhp.model", str(params), "-d", str(data)], 1, env)
    ours = measure(run_command(params, data, folder / "nhp", "--format", "nhp"), 3)
    os.chdir(where)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    line("NHP demand model", theirs, f"largest process {children:.0f} MB")
    line("Acutecast", ours)
    print(f"  ratio {theirs['seconds'] / ours['seconds']:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--peer", action="store_true", help="also run the NHP demand model")
    parser.add_argument("--runs", type=int, default=256, help="model runs for --peer")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="acutecast-benchmark-"))
    try:
        sizes = (0.05, 0.1) if arguments.quick else (0.25, 0.5, 1.0)
        data = {}
        for size in sizes:
            began = time.perf_counter()
            provider = demo_provider(size=size)
            made = time.perf_counter() - began
            data[size] = folder / f"data-{size:g}"
            write_provider(provider, data[size])
            rows = {name: table.num_rows for name, table in provider.tables.items()}
            print(f"demo region {size:g}: made in {made:.1f} s; rows {rows}")
        paths = scenarios(folder)
        if arguments.peer:
            peer(data[max(sizes)], paths["all TPMAs"], folder, arguments.runs)
        else:
            stages(data[max(sizes)], paths, folder, 1 if arguments.quick else 3)
            growth(data, paths["all TPMAs"], folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
