"""The scenario of the demo: a few ambitions for the made-up region."""

from __future__ import annotations

from typing import Any

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
