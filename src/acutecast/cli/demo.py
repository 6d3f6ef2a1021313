"""What the demo shows: a scenario with a few ambitions, and a picture of its projection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acutecast import files

if TYPE_CHECKING:
    from acutecast.results import Run

# Made up for the demo, within what the National Elicitation Exercise thought possible.
DEMO_SCENARIO: dict[str, Any] = {
    "name": "Demo: care closer to home",
    "description": "A made-up scenario for the built-in region: population grows and ages, and "
    "eleven ambitions about where and how people are cared for.",
    "expat": {"ip": {"elective": {"110": [0.94, 0.99]}}},
    "activity_avoidance": {
        "ip": {
            "falls_related_admissions": [0.75, 0.92],
            "frail_elderly_high": [0.85, 0.97],
            "ambulatory_care_conditions_chronic": [0.78, 0.94],
            "readmission_within_28_days": [0.86, 0.97],
        },
        "op": {
            "followup_reduction_adult_surgical": [0.78, 0.92],
            "followup_reduction_adult_non-surgical": [0.82, 0.95],
        },
        "aae": {"frequent_attenders_adult_walk-in": [0.75, 0.92]},
    },
    "efficiencies": {
        "ip": {
            "same_day_emergency_care_high": [0.65, 0.85],
            "emergency_elderly": [0.84, 0.95],
            "day_procedures_usually_dc": [0.3, 0.6],
        },
        "op": {"convert_to_tele_adult_non-surgical": [0.8, 0.92]},
    },
}


def write_demo(run: Run, scenario: dict[str, Any], out: Path) -> dict[str, Path]:
    """Write the demo's scenario and picture beside its results; give the files by name."""
    from acutecast.report import projection_chart, save_chart

    paths = {
        "scenario": out / "scenario.json",
        "picture": out / "projection.png",
        "page": out / "projection.html",
    }
    files.write_text(paths["scenario"], json.dumps(scenario, indent=2) + "\n")
    chart = projection_chart(run)
    save_chart(chart, paths["picture"])
    save_chart(chart, paths["page"])
    return paths
