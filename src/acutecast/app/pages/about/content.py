"""The text of the page."""

from __future__ import annotations

import csv
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from typing import Any

from shiny import ui

from acutecast.app.visit import Visit
from acutecast.workspace import Person, Settings

_PARTS = ("acutecast", "numpy", "numba", "polars", "pyarrow", "duckdb", "altair", "shiny")
_PARTS_MORE = ("sqlalchemy", "xlsxwriter", "python-docx")

_METHOD = (
    "A scenario says what changes, by how much, and how sure that is. For every model run a value "
    "is drawn for each assumption. Then each admission, attendance and arrival of the baseline "
    "year is taken on through the years: the number of people of its age and sex, their health, "
    "growth, moves between providers and waiting lists say how often it happens again; types of "
    "potentially mitigable activity (TPMAs) say which of it is avoided, shorter or elsewhere.",
    "All years of a run are one path, and two scenarios of one seed share their draws. So a line "
    "through the years shows assumptions and not noise, and so does a difference between "
    "scenarios. What a change is made of is split exactly: in every run the parts add up.",
    "For capacity every simulated patient is placed on a calendar, hour by hour. The need is the "
    "number of beds, theatres, rooms or spaces with which demand exceeds them in at most a stated "
    "share of the hours. Beside it stand the formulas with a fixed occupancy that are usual in "
    "planning.",
    "Every figure is summed inside each run first, and only then are means and intervals taken. "
    "Intervals are never added. Pages, workbook and reports take their figures from one place.",
)
_LIMITS = (
    "Intervals hold what the scenario states, and chance. What the model has wrong is in none of "
    "them; a narrow interval says that the assumptions are narrow.",
    "What has no activity in the baseline year cannot grow: new services are not projected.",
    "TPMAs are independent of each other unless the scenario states how they move together.",
    "Capacity is needed space, not a plan of work: nobody is turned away or sent home sooner "
    "because a ward is full. Unless sites are counted apart, all share their space.",
    "A baseline year with unusual activity is carried on; the baseline adjustment is for that.",
    "The application was tried on made-up data and against the published model. Check a first "
    "projection of your own data against what you know of them.",
)
_SOURCES = (
    "Populations, births, deaths and life expectancy: Office for National Statistics, Open "
    "Government Licence v3.0.",
    "Types of potentially mitigable activity, change factors and their order: the demand model of "
    "the NHS New Hospital Programme, by The Strategy Unit, MIT licence.",
    "Elicited intervals: the published national elicitation exercise of that programme.",
    "Formulas of capacity: the programme's preset, each figure with its source in the table of "
    "capacity assumptions.",
    "The demo region is made up. It holds no real person's record.",
)
_ACTIONS = (
    ("reader", "looks at shared scenarios and runs of their providers, and takes reports away"),
    ("analyst", "also makes, edits and runs scenarios: their own, and shared ones"),
    ("admin", "does everything for their providers, with private scenarios of others too"),
)
_IN_FRONT = {
    "connect": "Posit Connect, where people sign in",
    "proxy": "the server in front of this application, where people sign in",
    "azure": "Azure's sign-in",
}


_TITLES = {
    "what": "What it is",
    "private": "Nothing leaves this machine",
    "who": "Who can see what here",
    "method": "How it works",
    "terms": "What the words mean",
    "limits": "What it cannot say",
    "sources": "Where its facts come from",
    "versions": "Versions",
}


def content(visit: Visit) -> Any:
    """Make the page."""
    return ui.tags.div(
        _list_of_parts(),
        _section(
            "what",
            ui.tags.p(
                "Acutecast projects the activity of an acute hospital over the next 20 years by "
                "simulation, and the beds, theatres, rooms and emergency spaces that it needs. "
                "You state assumptions with their uncertainty; it shows the range of futures and "
                "what drives it. It helps people decide; it does not decide."
            ),
        ),
        _section("private", *_private(visit)),
        _section("who", *_who(visit)),
        _section("method", *(ui.tags.p(text) for text in _METHOD)),
        _section("terms", _terms()),
        _section("limits", _bullets(_LIMITS)),
        _section("sources", _bullets(_SOURCES)),
        _section("versions", _versions()),
        class_="ac-prose",
    )


def _list_of_parts() -> Any:
    return ui.tags.nav(
        ui.tags.ul(*(ui.tags.li(ui.tags.a(title, href=f"#{id}")) for id, title in _TITLES.items())),
        aria_label="On this page",
        class_="ac-on-page",
    )


def _section(id: str, *parts: Any) -> Any:
    return ui.tags.section(
        ui.tags.h2(_TITLES[id], id=f"{id}-title"),
        *parts,
        id=id,
        aria_labelledby=f"{id}-title",
        class_="ac-panel",
    )


def _bullets(texts: tuple[str, ...]) -> Any:
    return ui.tags.ul(*(ui.tags.li(text) for text in texts))


def _private(visit: Visit) -> list[Any]:
    settings = visit.workspace.settings
    paragraphs = [
        "This application sends nothing to anybody: no telemetry, no fonts or scripts from "
        "elsewhere, no look-ups. It works without a network.",
        "Patients' records are read where they lie. What is stored are scenarios, counts and the "
        "simulated draws; a run's results hold no patient's record.",
    ]
    if settings.identity == "local":
        paragraphs.append(settings.said)
    else:
        paragraphs.append(
            "“This machine” is the server on which your organisation runs the application, and "
            "the database and folders that it names."
        )
    if any("://" in root for root in settings.data):
        paragraphs.append(
            "Provider tables are read from an address that whoever set this up named as a setting."
        )
    return [ui.tags.p(text) for text in paragraphs]


def _who(visit: Visit) -> list[Any]:
    settings, person = visit.workspace.settings, visit.person
    if settings.identity == "local":
        parts = [
            ui.tags.p(
                ui.tags.strong("Nobody is asked who they are. "),
                "Whoever reaches this address on this machine sees and may change everything "
                "here. That is meant for one person on a laptop. For several people it must be "
                "set up with a sign-in.",
            )
        ]
    else:
        parts = [
            ui.tags.p(f"Who you are is told by {_IN_FRONT[settings.identity]}."),
            ui.tags.p(_you(person)),
            ui.tags.p(
                "A scenario is its owner's until they share it; then everybody with its provider "
                "sees it. What you may not see answers as if it did not exist. Every read and "
                "every change is checked on the server."
            ),
            ui.tags.dl(
                *(
                    part
                    for role, may in _ACTIONS
                    for part in (ui.tags.dt(role.capitalize()), ui.tags.dd(may))
                ),
                class_="ac-facts",
            ),
        ]
    return [*parts, ui.tags.p(_hidden(settings))]


def _you(person: Person) -> str:
    if person.providers == ("*",):
        providers = "all providers"
    elif person.providers:
        providers = f"these providers: {', '.join(person.providers)}"
    else:
        providers = "no provider yet; ask whoever looks after this installation"
    return (
        f"You are {person.title or person.name}, with the role {person.role}, and see {providers}."
    )


def _hidden(settings: Settings) -> str:
    if settings.suppress is None:
        return (
            "Small numbers are shown. Hide them in what leaves your organisation: the reports "
            "have a field for it, and so have runs."
        )
    return (
        f"Small numbers are hidden: baseline counts from 1 to {settings.suppress - 1} are left "
        "empty in everything shown and taken away."
    )


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = files("acutecast.app.pages.about").joinpath("terms.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(csv.DictReader(lines))


def _terms() -> Any:
    return ui.tags.dl(
        *(
            part
            for row in _rows()
            for part in (ui.tags.dt(row["term"]), ui.tags.dd(row["meaning"]))
        ),
        class_="ac-facts",
    )


def _versions() -> Any:
    found = []
    for name in (*_PARTS, *_PARTS_MORE):
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return ui.tags.ul(*(ui.tags.li(f"{name} {number}") for name, number in found))
