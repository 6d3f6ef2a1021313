"""What a report says of the run itself: facts, settings and assumptions, in words and numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.facts import ACTIVITY_TYPES, rows
from acutecast.report.charts import financial_year
from acutecast.report.documents.subject import Subject
from acutecast.report.views.parts import factor_label

if TYPE_CHECKING:
    import polars

POPULATION = "population"
_DECILES = np.array([0.1, 0.9])
_SECTIONS = {POPULATION: "Population", "capacity": "Capacity"}
_GROWTH = {
    "primary": "the published primary variant",
    "sensitivity": "the published sensitivity variant",
    "retired": "the published variant that is retired",
    "none": "none",
}
_INEQUALITIES = {
    "level_up": "brought up to the highest rate",
    "zero_sum": "brought to the mean rate",
    "level_down": "brought down to the lowest rate",
}


def section_label(section: str) -> str:
    """Give the words for a section of assumptions: "Activity avoided"."""
    return _SECTIONS.get(section, factor_label(section))


def facts(subject: Subject) -> list[tuple[str, str]]:
    """Give what stands on the title page: fact and value."""
    run, scenario = subject.run, subject.scenario
    span = f"{len(run.years)} years" if len(run.years) > 1 else "the horizon year only"
    found = [
        ("Provider", run.info["dataset"]),
        ("Sites", subject.sites_words),
        ("Scenario", run.name),
        ("Description", scenario.description),
        ("Compared with", ", ".join(subject.names[1:])),
        ("Baseline year", financial_year(run.baseline_year)),
        ("Horizon year", financial_year(run.horizon)),
        ("Year shown", financial_year(subject.year) if subject.year != run.horizon else ""),
        ("Model runs", f"{run.runs:,}, {span}, seed {run.info['seed']}"),
        ("Run made", date_words(subject)),
        ("Made with", f"Acutecast {run.info['acutecast']}"),
        ("Small numbers", small_numbers(subject)),
    ]
    return [(name, value) for name, value in found if value]


def date_words(subject: Subject) -> str:
    """Give the day on which the run was made: "6 July 2026"."""
    made = subject.created
    return f"{made.day} {made:%B %Y}"


def small_numbers(subject: Subject) -> str:
    """Say which counts are hidden; "" where none are."""
    if subject.threshold is None:
        return ""
    return f"Baseline counts of 1 to {subject.threshold - 1} are not shown"


def metadata(subject: Subject) -> list[tuple[str, str]]:
    """Give everything that the run says of itself: fact and value, by dotted name."""
    info = {name: value for name, value in subject.run.info.items() if name != "tables"}
    stored = {name: f"{about['rows']:,} rows" for name, about in subject.run.info["tables"].items()}
    found = [*_leaves("", info), *_leaves("", {"made": subject.run.timings, "tables": stored})]
    if subject.capacity is not None:
        found += _leaves("capacity", subject.capacity.about["options"])
    report = {
        "sites": subject.sites_words,
        "year": financial_year(subject.year),
        "smallest baseline count shown": subject.threshold,
        "compared with": [*subject.names[1:]],
    }
    return [*found, *_leaves("report", report)]


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give every leaf with its dotted name; lists in a line."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value, start=1):
            yield from _leaves(f"{path}.{number}", item)
    elif isinstance(value, list | tuple):
        yield path, ", ".join(map(str, value))
    else:
        yield path, "" if value is None else str(value)


def assumption_table(subject: Subject) -> polars.DataFrame:
    """Give a row for each assumption; the columns are keys of the workbook's dictionary."""
    import polars as pl

    from acutecast.scenario import describe

    scenario = subject.scenario
    found = []
    for stated, told in zip(scenario.assumptions(), describe(scenario), strict=True):
        low, high = (float(value) for value in stated.distribution.quantile(_DECILES))
        found.append(
            {
                "section": section_label(stated.section),
                "activity": ACTIVITY_TYPES[stated.activity].label if stated.activity else "",
                "assumption_label": told["label"],
                "change_words": told["change"],
                "remaining_low": low,
                "remaining_high": high,
                "distribution": told["distribution"],
                "profile": told["profile"],
                "reason": told["reason"],
                "valid_low": stated.valid[0],
                "valid_high": stated.valid[1],
                "assumption": told["name"],
            }
        )
    numbers = ("remaining_low", "remaining_high", "valid_low", "valid_high")
    names = (
        "section", "activity", "assumption_label", "change_words", "remaining_low",
        "remaining_high", "distribution", "profile", "reason", "valid_low", "valid_high",
        "assumption",
    )  # fmt: skip
    kinds = {name: pl.Float64 if name in numbers else pl.String for name in names}
    return pl.DataFrame(found, schema=kinds)


def settings(subject: Subject) -> list[tuple[str, str, str]]:
    """Give what a scenario assumes beside its assumptions: setting, value and reason."""
    scenario = subject.scenario
    labels = {row["variant"]: row["label"] for row in rows("population_variants")}
    weights = {name: w for name, w in scenario.population.variants.items() if w > 0}
    total = sum(weights.values())
    found = [
        ("population", f"Population: {labels.get(name, name)}", f"{100 * weight / total:.3g}%")
        for name, weight in weights.items()
    ]
    growth = scenario.non_demographic_growth
    healthier = "yes" if scenario.health_status else "no"
    found += [
        ("health_status", "Older people become healthier as life expectancy rises", healthier),
        (
            "non_demographic_growth",
            "Growth beyond demography",
            _GROWTH[growth] if isinstance(growth, str) else "stated below",
        ),
    ]
    for name, words in _INEQUALITIES.items():
        groups = getattr(scenario.inequalities, name)
        if groups:
            found.append(("inequalities", f"Rates by deprivation {words}", ", ".join(groups)))
    for group in scenario.correlations:
        members = ", ".join(group.assumptions)
        found.append(
            ("correlations", f"Move together: {group.name}",
             f"correlation {group.rho:g} of {members}")
        )  # fmt: skip
    reasons = dict(_leaves("", scenario.reasons))
    told = [(words, value, reasons.pop(path, "")) for path, words, value in found]
    return told + [(f"Reason given for {path}", "", reason) for path, reason in reasons.items()]


def space_assumption_table(subject: Subject) -> polars.DataFrame | None:
    """Give the assumptions of capacity with their sources; None where no capacity is stored."""
    import polars as pl

    from acutecast.capacity.areas import areas

    if subject.capacity is None:
        return None
    labels = {area.key: area.label for area in areas()}
    found = [
        {
            "area_label": labels.get(row["area"], row["area"].replace("_", " ").capitalize()),
            "amount_name": row["name"],
            "amount": float(row["value"]),
            "unit": row["unit"],
            "source": row["source"],
            "valid_from": row["valid_low"],
            "valid_to": row["valid_high"],
            "area": row["area"],
        }
        for row in subject.capacity.about["assumptions"]
    ]
    return pl.DataFrame(found, infer_schema_length=None)


def stated_spaces(subject: Subject) -> list[dict[str, Any]]:
    """Give the assumptions of capacity that a user stated instead of the defaults."""
    table = space_assumption_table(subject)
    if table is None:
        return []
    return [r for r in table.iter_rows(named=True) if r["source"].startswith("stated by the user")]
