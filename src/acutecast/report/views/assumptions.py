"""Words for assumptions by their path in the scenario file."""

from __future__ import annotations

from acutecast import facts
from acutecast.facts import ACTIVITY_TYPES
from acutecast.report.charts import FACTOR_LABELS
from acutecast.report.insight_charts import words
from acutecast.report.views.asked import specialty_label

_SETTINGS = {
    "runs": "Number of runs",
    "seed": "Seed of the draws",
    "years": "Years simulated",
    "dataset": "Provider",
    "baseline_year": "Baseline year",
    "horizon_year": "Horizon year",
    "version": "Version of Acutecast",
    "suppressed_below": "Small numbers hidden below",
}


def assumption_label(path: str) -> str:
    """Give the words for an assumption or setting.

    "activity_avoidance.ip.falls_related_admissions" is the name of the TPMA,
    "non-demographic_adjustment.ip.elective" is "Growth beyond demography: inpatients, elective".
    """
    if path in _SETTINGS:
        return _SETTINGS[path]
    section, *rest = path.split(".")
    if section == "data" and rest:
        return f"Data: {' '.join(rest).replace('_', ' ')}"
    known = {row["key"] for row in facts.rows("tpmas")}
    if not rest or rest[-1] in known or section not in FACTOR_LABELS:
        return words(path)
    return f"{FACTOR_LABELS[section]}: {', '.join(map(_part, rest))}"


def _part(name: str) -> str:
    if name in ACTIVITY_TYPES:
        return ACTIVITY_TYPES[name].label.lower()
    label = specialty_label(name)
    return label if label != name else name.replace("_", " ")
