"""Stored runs for tests of documents: small but simulated, with reasons, capacity and sites."""

from __future__ import annotations

from pathlib import Path

import acutecast as ac
from acutecast.capacity import options
from acutecast.results.run import Run
from small_provider import small_provider

# Text that a spreadsheet would run, a page would read as markup, and XML cannot hold.
HOSTILE = "=cmd|' /C calc'!A1 <b>&"
REASON = "=1+1 agreed\x0bwith <clinicians>"
SCENARIO = {
    "name": HOSTILE,
    "description": "Fewer falls",
    "runs": 16,
    "seed": 3,
    "horizon_year": 2030,
    "activity_avoidance": {
        "ip": {"falls_related_admissions": {"p10": 0.7, "p90": 0.9, "reason": REASON}}
    },
    "expat": {"ip": {"elective": {"100": 0.95}}},
    "reasons": {"population": "+agreed with the board"},
    "capacity": {"ward_adult_non_elective": {"occupancy": {"value": 0.88, "reason": "Board"}}},
}


def make_runs(folder: Path) -> tuple[Run, Run]:
    """Make a run and another one of the same seed that avoids more; both with capacity."""
    data = small_provider(600)
    more = {"ip": {"falls_related_admissions": [0.2, 0.4]}}
    scenarios = (SCENARIO, SCENARIO | {"name": "More", "activity_avoidance": more})
    first, second = (
        ac.run(scenario, data, folder / str(number), years=[2026, 2030], capacity=options())
        for number, scenario in enumerate(scenarios)
    )
    return first, second
