"""Prints what capacity costs beside the run; writes the page and picture of the demo's areas.

uv run benchmarks/capacity.py            time and memory, side by side
uv run benchmarks/capacity.py --page     docs/method/capacity-demo.md and docs/images/capacity.png
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from run import measure

import acutecast as ac
from acutecast.provider import write_provider
from acutecast.synthetic.ambitions import DEMO_SCENARIO

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "method" / "capacity-demo.md"
PICTURE = ROOT / "docs" / "images" / "capacity.png"

HEAD = """# Capacity of the demo hospital

Made by `uv run benchmarks/capacity.py --page` from `ac.demo_provider()` and the scenario of
`acutecast demo`: {runs} model runs, horizon {horizon}. Preset: fixed target occupancy. Simulated:
the least space that demand exceeds in at most {risk:g}% of the open hours, mean of the runs, and
eight runs in ten. Full: mean occupied over open hours, of the simulated.
[How both are worked out](capacity.md).

| area | preset | simulated | P10 to P90 | full |
|---|---|---|---|---|
"""


def timings(repeats: int, runs: int) -> None:
    """Print wall time and peak memory of a run, of both in one pass, and of capacity after it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_provider(ac.demo_provider(), folder / "data")
        scenario = folder / "scenario.json"
        scenario.write_text(json.dumps(DEMO_SCENARIO | {"runs": runs, "horizon_year": 2043}))
        command = str(Path(sys.executable).parent / "acutecast")
        data = str(folder / "data")
        for years in ("horizon", "all"):
            run = [command, "run", str(scenario), "--data", data, "--years", years, "--replace",
                   "--out", str(folder / "run"), "--json"]  # fmt: skip
            found = {
                "run": measure(run, repeats),
                "run --capacity": measure([*run, "--capacity"], repeats),
                "capacity of the run": measure([command, "capacity", str(folder / "run"),
                                                "--json"], repeats),
            }  # fmt: skip
            base = found["run"]["seconds"]
            for what, cost in found.items():
                print(f"{years:8} {what:20} {cost['seconds']:6.1f} s  {cost['mb']:5.0f} MB  "
                      f"{cost['seconds'] / base:4.2f} × the run")  # fmt: skip


def _full(row: dict | None) -> str:
    return "booked" if row is None else f"{100 * row['mean']:.0f}%"


def write_page(runs: int) -> None:
    """Write the page and the picture of the demo."""
    from acutecast.capacity import options
    from acutecast.report import capacity_chart

    with tempfile.TemporaryDirectory() as name:
        run = ac.run(DEMO_SCENARIO | {"runs": runs}, ac.demo_provider(), Path(name) / "run",
                     capacity=options())  # fmt: skip
        found = ac.open_capacity(run)
        needs = {(r["area"], r["figure"]): r for r in found.needs().iter_rows(named=True)}
        text = HEAD.format(runs=runs, horizon=found.horizon, risk=100 * found.risk)
        for row in found.areas().iter_rows(named=True):
            preset, simulated = needs[row["area"], "preset"], needs[row["area"], "simulated"]
            full = needs.get((row["area"], "occupancy"))
            text += (
                f"| {row['label']} ({row['unit']}) | {preset['mean']:,.1f} "
                f"| {simulated['mean']:,.1f} | {simulated['p10']:,.1f} to {simulated['p90']:,.1f} "
                f"| {_full(full)} |\n"
            )
        text += "\n" + "\n\n".join(found.explain(key) for key in found.areas()["area"]) + "\n"
        PAGE.write_text(text, encoding="utf-8")
        # Twice the size of the screen, as files are otherwise, would be two megabytes.
        capacity_chart(found).save(PICTURE, scale_factor=1.2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help="write the page and the picture")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--runs", type=int, default=256)
    asked = parser.parse_args()
    if asked.page:
        write_page(asked.runs)
    else:
        timings(asked.repeats, asked.runs)
