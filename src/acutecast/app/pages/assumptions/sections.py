"""The sections of the page: their names, what each is about, and how many are set in each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Section:
    """One section.

    Attributes:
        key: its name in the address.
        title: what people read.
        words: what it is about, in two sentences.
        parts: the parts of the scenario's file whose assumptions it counts.
    """

    key: str
    title: str
    words: str
    parts: tuple[str, ...] = ()


SECTIONS = (
    Section(
        "overview",
        "Overview",
        "Everything that this scenario assumes, in words and with its reasons, and what it does "
        "to the headline figures. What is not listed stays as it is.",
    ),
    Section(
        "baseline",
        "Baseline adjustment",
        "Corrects the baseline year where it was unusual: a ward was closed, a service came later, "
        "activity was recorded elsewhere. It counts from the first year on.",
        ("baseline_adjustment",),
    ),
    Section(
        "population",
        "Population",
        "Which projections of the population the runs use. Each run draws one, by weight; all of "
        "them together show how unsure the future population is.",
    ),
    Section(
        "health",
        "Health status",
        "Whether people of an age become healthier as they live longer. Its uncertainty comes from "
        "experts and is built in, so that there is only a yes or no to choose.",
    ),
    Section(
        "growth",
        "Non-demographic growth",
        "How activity changes each year beside population and health: new treatments, "
        "expectations, thresholds. It compounds year by year.",
    ),
    Section(
        "expat",
        "Expatriation",
        "Activity that moves from here to other providers. Write which share of it moves away by "
        "the horizon.",
        ("expat",),
    ),
    Section(
        "repat_local",
        "Repatriation, local",
        "Activity of residents of your main integrated care board that comes here from other "
        "providers. Write how much more of it there is by the horizon.",
        ("repat_local",),
    ),
    Section(
        "repat_nonlocal",
        "Repatriation, non-local",
        "Activity of residents of other integrated care boards that comes here from other "
        "providers. Write how much more of it there is by the horizon.",
        ("repat_nonlocal",),
    ),
    Section(
        "waiting",
        "Waiting list",
        "More or less activity from the waiting list by the horizon, by specialty. It acts on "
        "planned admissions from the list and on outpatients.",
        ("waiting_list",),
    ),
    Section(
        "inequalities",
        "Inequalities",
        "For groups of treatments (HRGs) that people of deprived areas get more or less often, "
        "whether rates come together. It comes evenly, year by year.",
    ),
    Section(
        "tpmas",
        "Potentially mitigable activity",
        "Activity that could be avoided, shortened or delivered elsewhere. Set how much of each "
        "type will be, beside what experts expect and what other providers have.",
        ("activity_avoidance", "efficiencies"),
    ),
    Section(
        "capacity",
        "Capacity",
        "How activity turns into beds, theatres, rooms and spaces. Every value has a default with "
        "its source; state your own where you know better.",
    ),
    Section(
        "settings",
        "Settings",
        "What the scenario is called, how far it looks, how many runs it has, and which "
        "assumptions move together.",
    ),
    Section(
        "history",
        "History",
        "Every change: who, when, what and why. Any can be undone, and the scenario can go back "
        "to how it was.",
    ),
)
BY_KEY = {section.key: section for section in SECTIONS}


def counts(content: Mapping[str, Any]) -> dict[str, str]:
    """Give how many assumptions are set in each section, as text; "" for none."""
    found = {s.key: sum(_leaves(content.get(part)) for part in s.parts) for s in SECTIONS}
    population = content.get("population") or {}
    own = population.get("own") or {}
    found["population"] = _leaves(own) + ("variants" in population)
    found["health"] = int(content.get("health_status") is False)
    growth = content.get("non_demographic_growth")
    found["growth"] = (
        int(growth is not None) if not isinstance(growth, Mapping) else _leaves(growth)
    )
    found["inequalities"] = sum(map(len, (content.get("inequalities") or {}).values()))
    found["capacity"] = _leaves(content.get("capacity"))
    found["settings"] = len(content.get("correlations") or ())
    found["overview"] = sum(found.values()) - found["settings"]
    return {key: str(n) if n else "" for key, n in found.items()}


def _leaves(tree: Any) -> int:
    """Count assumptions: what is no branch, or says which distribution it is."""
    if tree is None:
        return 0
    if not isinstance(tree, Mapping) or "distribution" in tree or {"p10", "value"} & set(tree):
        return 1
    return sum(_leaves(branch) for branch in tree.values())
