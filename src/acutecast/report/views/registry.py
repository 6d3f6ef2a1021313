"""The list of views, and the one function that shows any of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acutecast.errors import AcutecastError, Problem
from acutecast.report.views.area import beds, shortage, week
from acutecast.report.views.distribution import distribution
from acutecast.report.views.emergency import acuity
from acutecast.report.views.fitting import check_selection, fit, selected_words
from acutecast.report.views.impact import impact
from acutecast.report.views.look import quickly
from acutecast.report.views.people import pyramid
from acutecast.report.views.selection import Selection
from acutecast.report.views.sensitivity import sensitivity
from acutecast.report.views.shown import Shown, View
from acutecast.report.views.space import at_a_site, capacity, capacity_of
from acutecast.report.views.specialties import specialty
from acutecast.report.views.stays import stays
from acutecast.report.views.summary import summary
from acutecast.report.views.tpmas import tpmas
from acutecast.report.views.trajectory import trajectory

if TYPE_CHECKING:
    from acutecast.results.run import Run

_PEOPLE = ("activity", "pods", "measure", "sites", "specialties", "ages")
_PARTS = ("activity", "pods", "measure", "sites")

VIEWS: tuple[View, ...] = (
    View("summary", "Summary", "Activity", (*_PEOPLE, "year"), "", summary),
    View("trajectory", "Year by year", "Activity", _PEOPLE, "", trajectory),
    View("distribution", "All runs", "Uncertainty", (*_PEOPLE, "year"), "", distribution),
    View(
        "sensitivity", "What drives the spread", "Uncertainty", (*_PEOPLE, "year"), "", sensitivity
    ),
    View("impact", "Impact of changes", "What drives it", (*_PARTS, "year"), "", impact),
    View("tpmas", "TPMAs", "What drives it", (*_PARTS, "year"), "", tpmas),
    View(
        "stays",
        "Length of stay",
        "People and stays",
        ("pods", "sites", "specialties", "ages", "year"),
        "",
        stays,
        ("ip",),
    ),
    View("pyramid", "Age and sex", "People and stays", (*_PEOPLE, "year"), "", pyramid),
    View(
        "specialty",
        "Specialty",
        "People and stays",
        (*_PEOPLE, "year"),
        "",
        specialty,
        ("ip", "op"),
    ),
    View(
        "acuity",
        "Acuity and attendance category",
        "People and stays",
        ("pods", "measure", "sites", "ages", "year"),
        "",
        acuity,
        ("aae",),
    ),
    View("capacity", "Space needed", "Capacity", ("site", "year"), "capacity", capacity),
    View("shortage", "How often short", "Capacity", ("area", "site", "year"), "capacity", shortage),
    View("week", "Typical week", "Capacity", ("area", "site"), "capacity", week),
    View("beds", "Beds by year", "Capacity", ("area", "site"), "capacity", beds),
)


def view(key: str) -> View:
    """Give a view by its key.

    Raises:
        AcutecastError: where there is none.
    """
    for found in VIEWS:
        if found.key == key:
            return found
    raise AcutecastError(
        Problem("there is no such view", "view", example=key,
                remedy=f"There are {', '.join(each.key for each in VIEWS)}.")
    )  # fmt: skip


def show(run: Run, key: str, selection: Selection = Selection()) -> tuple[Shown, ...]:  # noqa: B008  # frozen
    """Show a run in one way.

    Args:
        run: a stored run, opened. It keeps its tables, so that the next call is quick.
        key: the key of a view.
        selection: what is looked at. What the view cannot use is put aside and noted.

    Returns:
        One or several tables with their charts, each with exactly its columns. A selection without
        activity gives an empty table and a note.

    Raises:
        AcutecastError: for unknown views, values that the run does not have, and views of capacity
            where it has none; `NotStored` for combinations of filters that it does not store of the
            year.
    """
    found = view(key)
    check_selection([run], selection)
    fitted, aside = fit(run, found, selection)
    if found.needs == "capacity":
        stored = capacity_of(run)
        if stored is None:
            raise AcutecastError(
                Problem(
                    "the run has no capacity yet",
                    where=run.path,
                    remedy="Work it out first: ac.capacity_of(run).",
                )
            )
        fitted, more = at_a_site(stored, fitted)
        aside += more
    with quickly():
        seen = found.make(run, fitted)
    kept = selected_words(fitted, found.activities)
    return tuple(replace(each, notes=(*kept, *aside, *each.notes)) for each in seen)
