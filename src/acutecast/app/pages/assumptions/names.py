"""Words for what can be assumed: headings, labels, and what is set as people say it."""

from __future__ import annotations

from functools import cache

from acutecast.app.pages.assumptions.phrases import Phrase, number_text
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.pages.assumptions.values import read_parts
from acutecast.facts import OWN_TPMA, rows
from acutecast.scenario.own_population import OWN

HEADINGS = {
    "baseline_adjustment": "Baseline adjustment",
    "population": "Population",
    "health_status": "Health status",
    "non_demographic_growth": "Non-demographic growth",
    "expat": "Expatriation",
    "repat_local": "Repatriation, local",
    "repat_nonlocal": "Repatriation, non-local",
    "waiting_list": "Waiting list",
    "inequalities": "Inequalities",
    "activity_avoidance": "Avoidance",
    "efficiencies": "Efficiency",
    "capacity": "Capacity",
    "correlations": "Correlations",
    "reasons": "Reason",
}
ACTIVITIES = {"ip": "Inpatients", "op": "Outpatients", "aae": "Emergency care"}
GROUPS = {
    "elective": "Elective",
    "non-elective": "Non-elective",
    "maternity": "Maternity",
    "first": "First attendances",
    "followup": "Follow-up attendances",
    "procedure": "Procedures",
    "ambulance": "By ambulance",
    "walk-in": "Walk-in",
}
_OF_EFFICIENCY = {
    "all": "shorter stays",
    "sdec": "to same day emergency care",
    "day_procedures_daycase": "to day case",
    "day_procedures_outpatients": "to outpatients",
    "tele": "by telephone or video",
}


def _effect(kind: str, days: str) -> str:
    if kind == "pre-op":
        return f"without {days} day{'' if days == '1' else 's'} before the operation"
    return _OF_EFFICIENCY.get(kind, "fewer")


_OF_CAPACITY = {"stay_cv": "Variation of stays", "list_fill": "How full lists are"}
_ABBREVIATIONS = {"Ct": "CT", "Mri": "MRI", "Xray": "X-ray"}
TPMAS = {row["key"]: row for row in rows("tpmas")}
EFFECTS = {key: _effect(row["efficiency_type"], row["pre_op_days"]) for key, row in TPMAS.items()}
"""What the share that does not remain turns into, by TPMA."""


@cache
def specialties() -> dict[str, str]:
    """Give the names of the groups of specialties, by code."""
    return {row["tretspef_grouped"]: row["name"] for row in rows("specialty_groups")}


@cache
def variants() -> dict[str, str]:
    """Give the names of the published population variants."""
    return {row["variant"]: row["label"] for row in rows("population_variants")}


def variant_label(name: str) -> str:
    """Give the name of a population variant, or of a projection of one's own."""
    return variants().get(name) or name.removeprefix(OWN).replace("_", " ").capitalize()


@cache
def areas() -> dict[str, str]:
    """Give the names of the functional areas of capacity, in their order."""
    from acutecast.capacity.areas import areas as known

    return {area.key: area.label for area in known()}


def area_label(key: str) -> str:
    """Give the name of an area of capacity, or of an item of diagnostics or workforce."""
    said = areas().get(key) or key.replace("_", " ").capitalize()
    return _ABBREVIATIONS.get(said, said)


def capacity_label(name: str) -> str:
    """Give the name of what is assumed of an area of capacity."""
    said = name.replace("_", " ").capitalize()
    return _OF_CAPACITY.get(name, said).replace("Dna", "DNA")


def tpma_label(key: str) -> str:
    """Give the name of a TPMA."""
    if key in TPMAS:
        return TPMAS[key]["name"]
    return key.removeprefix(OWN_TPMA).replace("_", " ").capitalize()


def assumption_words(snapshot: Snapshot, path: Path, phrase: Phrase) -> str:
    """Say what an assumption is, as a change; "" where it is not set."""
    said = snapshot.said(path)
    if said is not None:
        return said["change"]
    value = snapshot.at(path)
    if value is None:
        return ""
    parts = read_parts(phrase, value)
    if parts["kind"] == "metalog":
        ends = [parts[f"quantile{i}"] for i in range(1, 6) if parts[f"quantile{i}"]]
        low, high = ends[0], ends[-1]
    else:
        low, high = parts["low"], parts["high"]
    joint = "" if phrase.unit.startswith("%") else " "
    first = low + ("%" if phrase.unit.startswith("%") else "")
    return (
        f"{high}{joint}{phrase.unit}" if low == high else f"{first} to {high}{joint}{phrase.unit}"
    )


def remaining_words(snapshot: Snapshot, path: Path, phrase: Phrase) -> str:
    """Give the share that remains, or the multiplier: "0.88 to 0.95"; "" where it is not set."""
    said = snapshot.said(path)
    if said is not None:
        return said["remaining"]
    value = snapshot.at(path)
    if value is None or phrase.origin == 0:
        return ""
    parts = read_parts(phrase, value)
    ends = [phrase.value(float(parts[p].replace("−", "-"))) for p in ("low", "high") if parts[p]]
    texts = [number_text(end) for end in sorted(ends)]
    return texts[0] if len(set(texts)) == 1 else " to ".join(texts)
