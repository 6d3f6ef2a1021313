"""The values that can be chosen of a run, with the words for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from acutecast import facts
from acutecast.report.charts import financial_year
from acutecast.report.views.asked import (
    ACTIVITY_LABELS,
    MEASURE_LABELS,
    known,
    specialty_label,
)
from acutecast.report.views.selection import Selection
from acutecast.report.views.space import capacity_of

if TYPE_CHECKING:
    from acutecast.results.run import Run


def choices(
    run: Run,
    selection: Selection = Selection(),  # noqa: B008  # frozen
) -> dict[str, list[tuple[str, str]]]:
    """Give what can be chosen for each field of a selection: value and label.

    Points of delivery, measures and specialties are those of the activity type chosen, all where
    none is; sites are listed by activity type. Values are text, as in an address; "" and () always
    stand for the default and are not listed.
    """
    have = known(run)
    chosen = [selection.activity] if selection.activity in have else list(have)
    pods = facts.pod_labels()
    with_measure = [a for a in chosen if not selection.pods or _any(selection.pods, a)] or chosen
    ages = [age for activity in have.values() for age in activity.ages]
    specialties = [code for a in chosen for code in have[a].specialties]
    found = {
        "activity": [(a, ACTIVITY_LABELS[a]) for a in have],
        "pods": [(pod, pods.get(pod, pod)) for a in chosen for pod in have[a].pods],
        "measure": [(m, MEASURE_LABELS[m]) for a in with_measure for m in have[a].measures],
        "specialties": [(c, specialty_label(c)) for c in _ordered("specialty", specialties)],
        "ages": [(age, age) for age in _ordered("age", ages)],
        "year": [(str(year), financial_year(year)) for year in run.years],
    }
    for activity in ACTIVITY_LABELS:
        sites = have[activity].sites if activity in have else ()
        found[f"{activity}_sites"] = [(site, site) for site in sites]
    capacity = capacity_of(run)
    areas = capacity.areas().select("area", "label").iter_rows() if capacity else ()
    found["area"] = [(key, label) for key, label in areas]
    found["site"] = (
        [(s, "All sites" if s == "all" else s) for s in capacity.sites] if capacity else []
    )
    return found


def _any(pods: tuple[str, ...], activity: str) -> bool:
    return any(pod.startswith(f"{activity}_") for pod in pods)


def _ordered(kind: str, values: list[str]) -> list[str]:
    order = facts.SPECIALTY_GROUPS if kind == "specialty" else facts.AGE_GROUPS
    rank = {value: number for number, value in enumerate(order)}
    return sorted(dict.fromkeys(values), key=lambda value: (rank.get(value, len(rank)), value))
