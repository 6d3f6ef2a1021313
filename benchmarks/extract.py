"""Times the extract: makes a region as CSV, extracts it in a process of its own, prints a table.

Usage: uv run benchmarks/extract.py [--quick]
"""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import acutecast as ac


def measured(arguments: list[str]) -> tuple[float, float, str]:
    """Run a command; give seconds, peak memory in GB and what it said on standard error."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "acutecast", *arguments], check=True, capture_output=True, text=True
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    return time.perf_counter() - began, peak, done.stderr


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        total.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return total.hexdigest()[:12]


def main() -> None:
    size = 0.1 if "--quick" in sys.argv[1:] else 1.0
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        began = time.perf_counter()
        ac.synth(folder / "records", size=size, format="csv")
        gigabytes = sum(p.stat().st_size for p in folder.rglob("*.csv")) / 1e9
        print(f"region made in {time.perf_counter() - began:.0f} s, {gigabytes:.1f} GB of CSV")
        for again in range(2):
            out = folder / f"out-{again}"
            seconds, peak, said = measured(["extract", str(folder / "records"), "--out", str(out)])
            print(f"extract: {seconds:.0f} s, {peak:.2f} GB, digest {digest(out)}")
            print(said)
        print(f"{os.cpu_count()} processors")


if __name__ == "__main__":
    main()
