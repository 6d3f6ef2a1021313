"""Which stored tables answer a question, and which selection of their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from acutecast.demand.views import VIEWS
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.facts import (
    ACTIVITY_TYPES,
    ACUITIES,
    AGE_GROUPS,
    ATTENDANCE_CATEGORIES,
    LOS_GROUPS,
    MAX_AGE,
    SPECIALTY_GROUPS,
    pod_labels,
)
from acutecast.facts.specialties import specialty_group
from acutecast.results.cells import Labels

MEASURES = {name: spec.key for spec in ACTIVITY_TYPES.values() for name in spec.measures}
UNITS = {"tele_attendances": "attendances", "walk-in": "arrivals", "ambulance": "arrivals"}
"""Measures that count the same thing under another name may be added; others may not."""

FACTORS = (
    "demographic_adjustment",
    "birth_adjustment",
    "health_status_adjustment",
    "expat",
    "repat_local",
    "repat_nonlocal",
    "waiting_list_adjustment",
    "baseline_adjustment",
    "non-demographic_adjustment",
    "inequalities",
    "activity_avoidance",
    "efficiencies",
    "flows",
    "sampling",
)
ORDERS: dict[str, tuple[str, ...]] = {
    "activity_type": tuple(ACTIVITY_TYPES),
    "pod": tuple(pod_labels()),
    "measure": (*MEASURES, "arrivals"),
    "sex": ("1", "2"),
    "age": tuple(str(age) for age in range(MAX_AGE + 1)),
    "age_group": AGE_GROUPS,
    "tretspef_grouped": SPECIALTY_GROUPS,
    "los_group": LOS_GROUPS,
    "acuity": ACUITIES,
    "attendance_category": ATTENDANCE_CATEGORIES,
    "change_factor": FACTORS,
}
"""The order in which people read the values of a column; other values follow, by name."""

COLUMNS = (*[name for name in ORDERS if name != "change_factor"], "sitetret", "tretspef")
DERIVED = {"tretspef_grouped": ("tretspef", specialty_group)}
"""Columns that follow from another by a rule."""

_KIND = {view.name: view.rows for view in VIEWS}


@dataclass(frozen=True)
class Question:
    """What is asked, checked and in one form.

    Attributes:
        by: the columns that split the answer.
        where: the values kept, by column; without `measure`, `pod` included.
        measures: the measures asked for, "arrivals" taken apart.
        activities: the activity types that have them.
        explicit: whether the user named measures, pods or activity types.
        years: the years asked for.
        of: "all" of what remains, or "avoided", "delivery", "converted".
        merged: whether walk-in and ambulance were asked for together as "arrivals".
    """

    by: tuple[str, ...]
    where: Mapping[str, tuple[str, ...]]
    measures: tuple[str, ...]
    activities: tuple[str, ...]
    explicit: bool
    years: tuple[int, ...]
    of: str = "all"
    merged: bool = False
    columns: frozenset[str] = field(default_factory=frozenset)


def as_tuple(value: Any) -> tuple[str, ...]:
    """Give one value or several as a tuple of strings."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return (str(value),)
    return tuple(str(item) for item in value)


def check_years(years: Sequence[int] | int | None, info: Mapping[str, Any]) -> tuple[int, ...]:
    """Give the years asked for, the horizon where None; an error for years not simulated."""
    if years is None:
        return (info["horizon_year"],)
    asked = (years,) if isinstance(years, int) else tuple(int(year) for year in years)
    unknown = [year for year in asked if year not in info["years"]]
    if unknown or not asked:
        have = ", ".join(str(year) for year in info["years"])
        raise AcutecastError(
            Problem(
                "the run has no such year" if asked else "no year is asked for",
                where="years",
                example=", ".join(map(str, unknown)),
                remedy=f"It has {have}; a run of every year has those between too.",
            )
        )
    return asked


def ask(
    info: Mapping[str, Any],
    measures: Sequence[str] | str | None,
    by: Sequence[str],
    where: Mapping[str, Any],
    years: Sequence[int] | int | None,
    of: str,
) -> Question:
    """Check a question and put it in one form; all its problems are reported at once."""
    by = tuple(dict.fromkeys(name for name in as_tuple(by) if name != "year"))
    kept = {name: as_tuple(value) for name, value in where.items()}
    named = measures if measures is not None else kept.get("measure")
    named = None if named is None else as_tuple(named)
    problems = [
        Problem(
            "results have no such column",
            where="by" if name in by else "where",
            example=name,
            remedy=f"They have {', '.join(COLUMNS)}.",
        )
        for name in dict.fromkeys((*by, *kept))
        if name not in COLUMNS
    ]
    problems += [
        Problem(
            "no such measure",
            "measure",
            example=name,
            remedy=f"There are {', '.join(ORDERS['measure'])}.",
        )
        for name in named or ()
        if name not in ORDERS["measure"]
    ]
    # Of other columns a run knows its values; these say which tables can answer.
    for name in ("activity_type", "pod"):
        unknown = [value for value in kept.get(name, ()) if value not in ORDERS[name]]
        if unknown:
            have = f"There are {', '.join(ORDERS[name])}."
            problems.append(Problem("no such value", name, example=", ".join(unknown), remedy=have))
    if of not in set(_KIND.values()):
        kinds = ", ".join(dict.fromkeys(_KIND.values()))
        problems.append(
            Problem("no such kind of activity", "of", example=of, remedy=f"There are {kinds}.")
        )
    raise_if_any(problems, "The question cannot be answered")
    kept.pop("measure", None)
    wanted = tuple(MEASURES) if named is None else named
    merged = "arrivals" in wanted
    if merged:
        wanted = tuple(
            dict.fromkeys((*(m for m in wanted if m != "arrivals"), "walk-in", "ambulance"))
        )
    possible = set(kept.get("activity_type", ACTIVITY_TYPES))
    if "pod" in kept:
        possible &= {pod.split("_")[0] for pod in kept["pod"]}
    wanted = tuple(name for name in wanted if MEASURES[name] in possible)
    units = {UNITS.get(name, name) for name in wanted}
    if not units or ("measure" not in by and len(units) != 1):
        raise AcutecastError(
            Problem(
                "these measures cannot be added together"
                if units
                else "no measure fits the selection",
                where="measure",
                example=", ".join(sorted(units or named or ())),
                remedy='Ask for one measure, or split by "measure".',
            )
        )
    return Question(
        by=by,
        where=kept,
        measures=wanted,
        activities=tuple(a for a in ACTIVITY_TYPES if a in {MEASURES[m] for m in wanted}),
        explicit=named is not None or "pod" in kept or "activity_type" in kept,
        years=check_years(years, info),
        of=of,
        merged=merged,
        columns=frozenset((*by, *kept)) - {"measure", "activity_type"},
    )


def choose_tables(question: Question, tables: Mapping[str, Any]) -> dict[str, str]:
    """Choose the smallest stored table that answers a question, by activity type.

    Args:
        question: what is asked.
        tables: the tables as `run.json` lists them.

    Raises:
        AcutecastError: where no table has all the columns for the years asked.
    """
    cubes = {
        path.removeprefix("cube/").removesuffix(".parquet"): about
        for path, about in tables.items()
        if path.startswith("cube/")
    }
    chosen, lacking, problems = {}, {}, []
    for activity in question.activities:
        own = {
            name: about
            for name, about in cubes.items()
            if about["activity"] == activity and _KIND.get(name) == question.of
        }
        having = {n: about for n, about in own.items() if _has(about["keys"], question.columns)}
        answering = {n: a for n, a in having.items() if set(question.years) <= set(a["years"])}
        if answering:
            chosen[activity] = min(answering, key=lambda name: (answering[name]["rows"], name))
        elif having or question.explicit:
            problems.append(_no_table(question, activity, own, horizon_only=bool(having)))
        lacking[activity] = own
    if not chosen and not problems:
        problems = [_no_table(question, a, own, horizon_only=False) for a, own in lacking.items()]
    raise_if_any(problems, "The stored run cannot answer this")
    return chosen


def _has(keys: Sequence[str], columns: frozenset[str]) -> bool:
    """Tell whether a table has columns, itself or by a rule."""
    return all(name in keys or DERIVED.get(name, ("",))[0] in keys for name in columns)


def _no_table(
    question: Question, activity: str, own: Mapping[str, Any], horizon_only: bool
) -> Problem:
    """Say which combinations of columns exist instead."""
    exist = []
    for about in own.values():
        years = about["years"]
        span = f"{years[0]} to {years[-1]}" if len(years) > 1 else f"{years[0]}"
        keys = [key for key in about["keys"] if key not in ("pod", "sitetret", "measure")]
        exist.append(f"{' × '.join(keys) or 'none'} ({span})")
    label = ACTIVITY_TYPES[activity].label.lower()
    hint = "The horizon year has them all. " if horizon_only else ""
    return Problem(
        f"{label}: no stored table has {' with '.join(sorted(question.columns)) or 'it'}"
        + (" for the years asked" if horizon_only else ""),
        where="by, where",
        example=", ".join(map(str, question.years)),
        remedy=f"{hint}Beside pod and sitetret there are: {'; '.join(exist) or 'none'}.",
    )


def column(keys: Mapping[str, Labels], name: str) -> Labels:
    """Give a key column of a table, derived by its rule where it is not stored."""
    if name in keys:
        return keys[name]
    source, rule = DERIVED[name]
    return keys[source].renamed(rule)


def display_order(keys: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give the order of groups in which people read them: by the first column, then the next."""
    ranks = []
    for name, values in keys.items():
        order = {value: rank for rank, value in enumerate(ORDERS.get(name, ()))}
        others = sorted({value for value in values.tolist() if value not in order})
        order |= {value: len(order) + rank for rank, value in enumerate(others)}
        ranks.append([order[value] for value in values.tolist()])
    if not ranks:
        return np.zeros(1, dtype=np.int64)
    return np.lexsort(ranks[::-1])
