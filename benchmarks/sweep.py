"""Times a sweep of variants against as many single runs, and looks whether the results are equal.

uv run --frozen python benchmarks/sweep.py [variants] [runs]
"""

from __future__ import annotations

import copy
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import acutecast as ac
from acutecast.synthetic.ambitions import DEMO_SCENARIO


def seconds() -> float:
    """Give the processor seconds of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def variants(count: int, kind: str) -> dict:
    """Give variants of the demo's scenario.

    Kinds: "one" changes one ambition of inpatients; "each" one ambition after the other, of any
    activity type; "all" changes growth, so that no count is another's.
    """
    made = {}
    places = [
        (section, activity, key)
        for section in ("activity_avoidance", "efficiencies")
        for activity, values in DEMO_SCENARIO[section].items()
        for key in values
    ]
    for i in range(count):
        scenario = copy.deepcopy(DEMO_SCENARIO) | {"name": f"{kind} {i}"}
        if kind == "all":
            scenario["non_demographic_growth"] = {
                "ip": {"elective": [1.0, 1.01 + i / 1e4], "non-elective": [1.0, 1.01 + i / 1e4]},
                "op": {"first": [1.0, 1.01 + i / 1e4], "followup": [1.0, 1.01 + i / 1e4]},
                "aae": {"ambulance": [1.0, 1.01 + i / 1e4], "walk-in": [1.0, 1.01 + i / 1e4]},
            }
        else:
            section, activity, key = places[0 if kind == "one" else i % len(places)]
            scenario[section][activity][key] = [0.7 + i / 1e3, 0.9 + i / 1e3]
        made[scenario["name"]] = scenario
    return made


def main() -> None:
    """Print processor and wall seconds by kind of variants."""
    count, runs = (int(text) for text in [*sys.argv[1:], "100", "32"][:2])
    provider = ac.demo_provider()
    folder = Path(tempfile.mkdtemp())
    try:
        ac.run(DEMO_SCENARIO, provider, folder / "first", runs=2)
        for kind in ("one", "each", "all"):
            stated = variants(count, kind)
            began, used = time.perf_counter(), seconds()
            for name, scenario in stated.items():
                ac.run(scenario, provider, folder / name, runs=runs, years="horizon")
            apart = time.perf_counter() - began, seconds() - used
            began, used = time.perf_counter(), seconds()
            swept = ac.sweep(stated, provider, runs=runs)
            together = time.perf_counter() - began, seconds() - used
            equal = all(
                swept[name].summary().equals(ac.open_run(folder / name).summary())
                for name in stated
            )
            print(
                f"{kind}: {count} runs {apart[1]:.1f} s of processor ({apart[0]:.1f} s), sweep "
                f"{together[1]:.1f} s ({together[0]:.1f} s), a share of "
                f"{together[1] / apart[1]:.2f}; equal: {equal}"
            )
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
