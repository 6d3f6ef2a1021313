"""From a selection to questions of a run: which activity, measure and rows, and in which words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast import facts
from acutecast.demand.views import VIEWS
from acutecast.errors import AcutecastError, Problem
from acutecast.facts import ACTIVITY_TYPES
from acutecast.files import file_system, is_url, local
from acutecast.report.charts import financial_year
from acutecast.report.views.selection import Selection
from acutecast.results.questions import MEASURES, display_order

if TYPE_CHECKING:
    from acutecast.results.run import Run

DEFAULT_MEASURES = {"ip": "beddays", "op": "attendances", "aae": "arrivals"}
MEASURE_LABELS = {
    "admissions": "Admissions",
    "beddays": "Bed days",
    "procedures": "Procedures",
    "attendances": "Attendances",
    "tele_attendances": "Tele-attendances",
    "arrivals": "Arrivals",
    "walk-in": "Walk-in arrivals",
    "ambulance": "Arrivals by ambulance",
}
ACTIVITY_LABELS = {key: spec.label for key, spec in ACTIVITY_TYPES.items()}


class NotStored(AcutecastError):
    """A combination of filters that the run stores of its horizon only, or not at all.

    Documents of several views leave such a view out and say why.
    """


def listed(words: Sequence[str]) -> str:
    """Write words as a list: "a, b and c"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def activity_of(measure: str) -> str:
    """Give the activity type that counts a measure."""
    return "aae" if measure == "arrivals" else MEASURES[measure]


def kept(run: Run, name: str, make: Callable[[], Any]) -> Any:
    """Give something worked out once of a run; it is kept with the run and goes with it."""
    store: dict[str, Any] = vars(run).setdefault("_seen_by_views", {})
    if name not in store:
        store[name] = make()
    return store[name]


@dataclass(frozen=True)
class Known:
    """The values that the results of one activity type have, in display order."""

    pods: tuple[str, ...]
    sites: tuple[str, ...]
    measures: tuple[str, ...]
    specialties: tuple[str, ...]
    ages: tuple[str, ...]


def known(run: Run) -> dict[str, Known]:
    """Give the values that a run has, by activity type that it has."""
    return kept(run, "known", lambda: _known(run))


_KNOWN = ("pod", "sitetret", "measure", "tretspef_grouped", "age_group")


def _known(run: Run) -> dict[str, Known]:
    found = {}
    for activity in ACTIVITY_TYPES:
        homes = {column: _smallest(run, activity, column) for column in _KNOWN}
        values = {
            view: _labels(run, view, [column for column in _KNOWN if homes[column] == view])
            for view in dict.fromkeys(homes.values())
            if view
        }
        names = {
            column: _in_order(column, values[view][column]) if view else ()
            for column, view in homes.items()
        }
        if not names["measure"]:
            continue
        measures = names["measure"] + (("arrivals",) if activity == "aae" else ())
        found[activity] = Known(
            names["pod"],
            names["sitetret"],
            measures,
            names["tretspef_grouped"],
            names["age_group"],
        )
    return found


def _smallest(run: Run, activity: str, column: str) -> str:
    """Give the smallest table of the horizon that has a column; "" where none has."""
    tables = {
        name: about["rows"]
        for name, about in _tables(run, activity).items()
        if column in (*about["keys"], "measure") and run.horizon in about["years"]
    }
    return min(tables, key=lambda name: (tables[name], name), default="")


def _labels(run: Run, view: str, columns: Sequence[str]) -> dict[str, list[str]]:
    """Give the values of columns that rows of a stored table have, without reading all runs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with _opened(run, f"cube/{view}.parquet") as file:
            table = pq.read_table(file, columns=list(columns))
        return {name: table.column(name).unique().to_pylist() for name in columns}
    except (OSError, pa.ArrowException):
        # Reading the whole of it says in words what is wrong.
        keys = run.cube(view).keys
        return {c: [keys[c].names[i] for i in np.unique(keys[c].codes)] for c in columns}


def _opened(run: Run, file: str) -> Any:
    """Open a file of a run, which may be at a URL."""
    if is_url(run.path):
        system, root = file_system(run.path)
        return system.open(f"{root}/{file}", "rb")
    return (local(run.path) / file).open("rb")


def _in_order(column: str, values: Sequence[str]) -> tuple[str, ...]:
    names = np.array(values, dtype=object)
    return tuple(names[display_order({column: names})].tolist()) if len(names) else ()


def _tables(run: Run, activity: str) -> dict[str, Any]:
    """Give the tables that count all activity of a type, as `run.json` describes them."""
    return {
        view.name: run.info["tables"][f"cube/{view.name}.parquet"]
        for view in VIEWS
        if view.activity == activity
        and view.rows == "all"
        and f"cube/{view.name}.parquet" in run.info["tables"]
    }


def threshold(run: Run, selection: Selection) -> int | None:
    """Give the smallest baseline count that may be shown; None for all."""
    rules = [rule for rule in (selection.suppress, run.info.get("suppressed_below")) if rule]
    return max(rules) if rules else None


def year_of(run: Run, selection: Selection) -> int:
    """Give the year that is looked at."""
    return run.horizon if selection.year is None else selection.year


def span(run: Run, selection: Selection) -> str:
    """Give the years in words: "2023/24 to 2043/44"."""
    return f"{financial_year(run.baseline_year)} to {financial_year(year_of(run, selection))}"


def measure_of(run: Run, selection: Selection) -> str:
    """Give the measure that is looked at: the one chosen, or the main one of the activity."""
    if selection.measure:
        return selection.measure
    have = known(run)
    activity = selection.activity or next((p.split("_")[0] for p in selection.pods), "")
    activity = activity if activity in have else next(iter(have), "ip")
    return DEFAULT_MEASURES[activity]


def where(selection: Selection, activity: str) -> dict[str, tuple[str, ...]]:
    """Give the rows kept of one activity type: its own points of delivery and its own sites."""
    pods = tuple(pod for pod in selection.pods if pod.startswith(f"{activity}_"))
    rows = {
        "pod": pods,
        "sitetret": selection.sites(activity),
        "tretspef_grouped": selection.specialties if activity != "aae" else (),
        "age_group": selection.ages,
    }
    return {name: values for name, values in rows.items() if values}


def check_stored(run: Run, activity: str, columns: Mapping[str, str], year: int) -> None:
    """Refuse a combination of columns that is not stored of a year.

    Args:
        run: the run.
        activity: the activity type.
        columns: the words for each column.
        year: the year.

    Raises:
        NotStored: in words that name the columns.
    """
    years = stored_years(run, activity, tuple(columns))
    if year in years:
        return
    words = listed(sorted(columns.values()))
    label = ACTIVITY_LABELS[activity].lower()
    remedy = f"Choose {financial_year(run.horizon)}, or clear one of these filters."
    raise NotStored(
        Problem(
            f"{label} by {words} are stored of the horizon year only"
            if years
            else f"the run does not hold {label} by {words}",
            where="year",
            example=financial_year(year),
            remedy=remedy if years else "Clear one of these filters.",
        ),
        "This cannot be shown",
    )


def stored_years(run: Run, activity: str, columns: Sequence[str]) -> tuple[int, ...]:
    """Give the years of which a table with all these columns is stored, ascending."""
    years: set[int] = set()
    for about in _tables(run, activity).values():
        keys = {*about["keys"], "measure"}
        if "tretspef" in keys:
            keys.add("tretspef_grouped")
        if set(columns) <= keys:
            years |= set(about["years"])
    return tuple(sorted(years))


def specialty_label(code: str) -> str:
    """Give the name of a grouped specialty."""
    for row in facts.rows("specialty_groups"):
        if row["tretspef_grouped"] == code:
            return row["name"]
    return code


def without(selection: Selection, *names: str) -> Selection:
    """Give a selection with some fields at their default."""
    neutral = Selection()
    return replace(selection, **{name: getattr(neutral, name) for name in names})
