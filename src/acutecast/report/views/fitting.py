"""Makes a selection fit a view: unknown values are refused, what a view cannot use is noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from acutecast import facts
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.report.charts import financial_year
from acutecast.report.views.asked import (
    ACTIVITY_LABELS,
    MEASURE_LABELS,
    activity_of,
    known,
    listed,
    specialty_label,
    without,
)
from acutecast.report.views.selection import Selection, wrong_words
from acutecast.report.views.shown import View

if TYPE_CHECKING:
    from acutecast.results.run import Run

_FIELD_WORDS = {
    "activity": "activity type",
    "pods": "point of delivery",
    "measure": "measure",
    "sites": "site",
    "specialties": "specialty",
    "ages": "age",
    "year": "year",
}
_SITES = ("ip_sites", "op_sites", "aae_sites")


def check_selection(runs: Sequence[Run], selection: Selection) -> None:
    """Refuse values that none of the runs has; all problems at once.

    Raises:
        AcutecastError: with a remedy for each field.
    """
    found = [known(run) for run in runs]

    def names(field: str, activities: Sequence[str] = tuple(ACTIVITY_LABELS)) -> list[str]:
        values = (getattr(have[a], field) for have in found for a in activities if a in have)
        return list(dict.fromkeys(value for some in values for value in some))

    asked = {
        "pods": (selection.pods, names("pods")),
        "specialties": (selection.specialties, names("specialties")),
        "ages": (selection.ages, names("ages")),
        **{f"{a}_sites": (selection.sites(a), names("sites", [a])) for a in ACTIVITY_LABELS},
    }
    problems = wrong_words(selection)
    for field, (values, have) in asked.items():
        unknown = [value for value in values if value not in have]
        if unknown:
            remedy = f"There are {', '.join(have[:40])}." if have else "Leave this filter out."
            problems.append(
                Problem("the run has no such value", field, example=", ".join(unknown),
                        remedy=remedy)
            )  # fmt: skip
    years = sorted({year for run in runs for year in run.years})
    if selection.year is not None and selection.year not in years:
        problems.append(
            Problem("the run has no such year", "year", example=financial_year(selection.year),
                    remedy=f"It has {', '.join(map(financial_year, years))}.")
        )  # fmt: skip
    raise_if_any(problems, "This cannot be shown")


def fit(run: Run, view: View, selection: Selection) -> tuple[Selection, tuple[str, ...]]:
    """Give the selection as a view can use it, and what was left aside.

    Args:
        run: what is looked at; the selection was checked against it.
        view: how it is looked at.
        selection: what was asked for.

    Returns:
        The selection with fields that do not fit at their default, and a note for each of those.
    """
    notes: list[str] = []
    fields = {name for f in view.filters for name in (_SITES if f == "sites" else (f,))}
    unused = [
        name
        for name in ("activity", "pods", "measure", "specialties", "ages", "year")
        if name not in fields and getattr(selection, name) != getattr(Selection(), name)
    ]
    if "pods" in fields:
        # A view of one activity type says below that there is none for another.
        unused = [name for name in unused if name != "activity"]
    told = list(unused)
    if any(getattr(selection, name) for name in _SITES) and not fields & {*_SITES}:
        told.append("sites")
        unused += _SITES
    if told:
        words = listed([_FIELD_WORDS[name] for name in told])
        notes.append(f"This view does not use the filter by {words}.")
    selection = without(selection, *unused)
    possible = [a for a in view.activities if a in known(run)] or list(view.activities)
    selection, some = _activity(selection, possible)
    notes += some
    if len(view.activities) == 1:
        selection = replace(selection, activity=view.activities[0])
    return selection, tuple(notes)


def _activity(selection: Selection, possible: Sequence[str]) -> tuple[Selection, list[str]]:
    """Put aside what contradicts the activity type, then the points of delivery."""
    notes = []
    if selection.activity and selection.activity not in possible:
        label = ACTIVITY_LABELS[selection.activity].lower()
        others = listed([ACTIVITY_LABELS[a].lower() for a in possible])
        notes.append(f"This view shows {others}; there is none for {label}.")
        selection = without(selection, "activity")
    allowed = [selection.activity] if selection.activity else possible
    pods = tuple(pod for pod in selection.pods if pod.split("_")[0] in allowed)
    if pods != selection.pods:
        aside = ", ".join(_pod(pod) for pod in selection.pods if pod not in pods)
        notes.append(f"Not part of this view: {aside}.")
        selection = replace(selection, pods=pods)
    if selection.pods:
        allowed = [a for a in allowed if any(pod.startswith(f"{a}_") for pod in pods)]
    if selection.measure and activity_of(selection.measure) not in allowed:
        label = MEASURE_LABELS[selection.measure]
        others = listed([ACTIVITY_LABELS[a].lower() for a in allowed])
        notes.append(f"{label} are not counted for {others}; the main measure is shown.")
        selection = without(selection, "measure")
    return selection, notes


def _pod(pod: str) -> str:
    return facts.pod_labels().get(pod, pod)


def selected_words(selection: Selection, activities: Sequence[str]) -> tuple[str, ...]:
    """Say which part of the activity is shown; nothing where it is all.

    A picture that leaves the page without this would be taken for the whole hospital.
    """
    parts = []
    if selection.activity and len(activities) > 1:
        parts.append(ACTIVITY_LABELS[selection.activity].lower())
    parts += _listed("point of delivery", "points of delivery", map(_pod, selection.pods))
    shown = [selection.activity] if selection.activity else list(activities)
    lists = {a: selection.sites(a) for a in shown if selection.sites(a)}
    if len(set(lists.values())) == 1 and len(lists) == len(shown):
        parts += _listed("site", "sites", next(iter(lists.values())))
    else:
        for activity, sites in lists.items():
            label = ACTIVITY_LABELS[activity].lower()
            parts += _listed(f"{label} of site", f"{label} of sites", sites)
    parts += _listed("specialty", "specialties", map(specialty_label, selection.specialties))
    parts += _listed("age", "ages", selection.ages)
    return (f"Only {'; '.join(parts)}.",) if parts else ()


def _listed(one: str, many: str, values: Sequence[str] | map[str]) -> list[str]:
    names = list(values)
    if not names:
        return []
    text = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return [f"{one if len(names) == 1 else many} {text}"]


def check_area(areas: Sequence[str], sites: Sequence[str], selection: Selection) -> None:
    """Refuse areas and sites of capacity that the run does not have.

    Raises:
        AcutecastError: with those it has.
    """
    problems = []
    if selection.area and selection.area not in areas:
        problems.append(
            Problem("the run has no such area", "area", example=selection.area,
                    remedy=f"There are {', '.join(sorted(areas))}.")
        )  # fmt: skip
    if selection.site not in sites:
        problems.append(
            Problem("the site is not counted apart", "site", example=selection.site,
                    remedy=f"Choose among {', '.join(sites)}.")
        )  # fmt: skip
    if problems:
        raise AcutecastError(problems, "This cannot be shown")
