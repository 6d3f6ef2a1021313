"""The filters of results: one form that stays in place while views change.

The page's script tells the server the whole selection whenever a field changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from shiny import reactive, ui

from acutecast.app import frame
from acutecast.errors import AcutecastError
from acutecast.facts import ACTIVITY_TYPES

if TYPE_CHECKING:
    from acutecast.report.views import Selection, Shown

Choices = Mapping[str, Sequence[tuple[str, str]]]

LISTS = ("pods", "ip_sites", "op_sites", "aae_sites", "specialties", "ages")
_DEFAULTS = {
    "activity": ("", "All activity"),
    "measure": ("", "The main one"),
    "area": ("", "The largest"),
    "site": ("all", "All sites"),
}
_LABELS = {
    "activity": "Activity",
    "measure": "Measure",
    "year": "Year",
    "area": "Area",
    "site": "Site",
    "pods": "Point of delivery",
    "specialties": "Specialty",
    "ages": "Age",
}
ORDER = ("activity", "pods", "measure", "year", "area", "site", "sites", "specialties", "ages")


def script() -> Any:
    """Give the script of the form."""
    return frame.script("filters.js")


def form(choices: Choices, selection: Selection, horizon: int, used: Iterable[str] = ORDER) -> Any:
    """Make the form.

    Args:
        choices: value and label of all that can be chosen, by field.
        selection: what is chosen.
        horizon: the year that is meant where none is chosen.
        used: the filters to show; the others stand ready.
    """
    used = set(used)
    every = dict(choices)
    parts = []
    for name in ORDER:
        if name == "sites":
            part = _sites(every, selection)
        elif name in LISTS:
            part = _list(name, every.get(name, ()), getattr(selection, name))
        else:
            part = _select(name, every.get(name, ()), selection, horizon)
        parts.append(ui.tags.div(part, data_filter=name, hidden=None if name in used else ""))
    return ui.tags.form(
        ui.tags.p(
            ui.tags.button("Clear filters", type="button", class_="ac-quiet", data_clear=""),
            class_="ac-clear",
        ),
        *parts,
        ui.tags.p(
            "This view has no filters.",
            class_="ac-soft",
            data_no_filters="",
            hidden="" if used else None,
        ),
        data_filters="",
        aria_label="Filters",
        class_="ac-filters",
    )


def folding(title: str, *parts: Any) -> Any:
    """Make a part of the side, which is folded up at first where the page is narrow."""
    return ui.tags.details(
        ui.tags.summary(ui.tags.h2(title)), *parts, open="", class_="ac-fold", data_fold=""
    )


def in_words(choices: Choices, selection: Selection, used: Iterable[str], horizon: int) -> str:
    """Say what is chosen, as far as a view uses it."""
    used = set(used)
    parts = []
    for name in ("activity", "measure", "area", "pods"):
        value = getattr(selection, name)
        if name in used and value:
            parts += _labels(choices, name, value if name in LISTS else (value,))
    if "site" in used and selection.site != "all":
        parts += _labels(choices, "site", (selection.site,))
    if "sites" in used:
        lists = {key: selection.sites(key) for key in ACTIVITY_TYPES if selection.sites(key)}
        if len(lists) == len(ACTIVITY_TYPES) and len(set(lists.values())) == 1:
            parts.append(f"sites {_joined(lists['ip'])}")
        else:
            parts += [
                f"{ACTIVITY_TYPES[key].label.lower()} of {_joined(sites)}"
                for key, sites in lists.items()
            ]
    if "specialties" in used:
        parts += _labels(choices, "specialties", selection.specialties)
    if "ages" in used and selection.ages:
        parts.append(f"ages {_joined(selection.ages)}")
    if "year" in used and selection.year not in (None, horizon):
        parts += [f"in {year}" for year in _labels(choices, "year", (str(selection.year),))]
    return "; ".join(parts)


def _labels(choices: Choices, name: str, values: Sequence[str]) -> list[str]:
    labels = dict(choices.get(name, ()))
    return [labels.get(value, value) for value in values]


def _joined(values: Sequence[str]) -> str:
    return ", ".join(values)


def selected(title: str, words: str) -> Any:
    """Say what is shown and of what; screen readers read it out when it changes."""
    return ui.tags.p(
        ui.tags.span(f"Now shown: {title}. ", class_="ac-visually-hidden"),
        ui.tags.strong("Selected: "),
        words or "everything; no filter is set",
        ".",
    )


def read(form: Any, before: Selection) -> Selection | None:
    """Read what the form told; None where it told what no form of ours can.

    The threshold for small numbers has no field, so the one before holds.
    """
    from acutecast.report import views

    try:
        chosen = views.from_query({str(name): str(value) for name, value in dict(form).items()})
    except (AcutecastError, TypeError, ValueError):
        return None
    return replace(chosen, suppress=before.suppress)


async def answered(session: Any) -> None:
    """Tell the page's script that all was answered, once the figures are there."""

    async def tell() -> None:
        await session.send_custom_message("acutecast-shown", {})

    session.on_flushed(tell, once=True)


def at(shown: Callable[[], tuple[Shown, ...]], place: int) -> Callable[[], Shown | None]:
    """Give the figure at a place, for a card; None where there are fewer."""

    @reactive.calc
    def one() -> Shown | None:
        figures = shown()
        return figures[place] if place < len(figures) else None

    return one


def told(choices: Choices) -> dict[str, list[list[str]]]:
    """Give the choices as the page's script takes them, defaults first."""
    return {
        name: [[value, label] for value, label in _listed(name, options)]
        for name, options in choices.items()
    }


def _listed(name: str, options: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Put the default first where it is not among the options."""
    default = _DEFAULTS.get(name)
    if default is None or default[0] in {value for value, _ in options}:
        return list(options)
    return [default, *options]


def address(selection: Selection) -> dict[str, str]:
    """Give the whole selection as an address has it, empty where it is the default."""
    from acutecast.report import views

    return dict.fromkeys((field.name for field in fields(selection)), "") | views.to_query(
        selection
    )


def cleaned(selection: Selection, choices: Choices) -> Selection:
    """Leave out what can no longer be chosen, as the form does."""
    changes: dict[str, Any] = {}
    for name in LISTS:
        have = {value for value, _ in choices.get(name, ())}
        kept = tuple(value for value in getattr(selection, name) if value in have)
        if kept != getattr(selection, name):
            changes[name] = kept
    for name in ("measure", "area", "site"):
        have = {value for value, _ in _listed(name, choices.get(name, ()))}
        if getattr(selection, name) not in have:
            changes[name] = _DEFAULTS[name][0]
    return replace(selection, **changes)


def _select(
    name: str, options: Sequence[tuple[str, str]], selection: Selection, horizon: int
) -> Any:
    value = getattr(selection, name)
    default = {"year": str(horizon), "site": "all"}.get(name, "")
    chosen = default if value is None else str(value)
    listed = _listed(name, options)
    # Without an id and a name the field is none of Shiny's, which would tell the server by itself.
    return ui.tags.label(
        _LABELS[name],
        ui.tags.select(
            *(
                ui.tags.option(label, value=v, selected="" if v == chosen else None)
                for v, label in listed
            ),
            data_name=name,
            data_default=default,
            autocomplete="off",
        ),
        class_="ac-of",
    )


def _list(name: str, options: Sequence[tuple[str, str]], chosen: Sequence[str]) -> Any:
    return _fold(_LABELS[name], _boxes(_LABELS[name], options, chosen, data_list=name))


def _fold(label: str, *content: Any) -> Any:
    return ui.tags.details(
        ui.tags.summary(ui.tags.strong(label), ": ", ui.tags.span("all", data_chosen="")),
        *content,
        class_="ac-choose",
    )


def _boxes(
    legend: str,
    options: Sequence[tuple[str, str]],
    chosen: Sequence[str],
    hidden: bool = False,
    **data: str,
) -> Any:
    boxes = [
        ui.tags.label(
            ui.tags.input(
                type="checkbox",
                value=value,
                checked="" if value in chosen else None,
                autocomplete="off",
            ),
            f" {label}",
            class_="ac-box",
        )
        for value, label in options
    ]
    return ui.tags.fieldset(
        ui.tags.legend(legend), *boxes, hidden="" if hidden else None, class_="ac-boxes", **data
    )


def _sites(choices: Choices, selection: Selection) -> Any:
    """List the sites once for all activity, or by activity type where they are chosen apart."""
    lists = {key: choices.get(f"{key}_sites", ()) for key in ACTIVITY_TYPES}
    labels = {value: label for options in lists.values() for value, label in options}
    every = sorted(labels.items(), key=lambda item: item[1])
    chosen = {key: set(selection.sites(key)) for key in ACTIVITY_TYPES}
    union = set().union(*chosen.values())
    # One list can say it where each type has all of the chosen sites that it knows.
    same = all(chosen[key] == union & {v for v, _ in lists[key]} for key in ACTIVITY_TYPES)
    return _fold(
        "Sites",
        _boxes("Sites of all activity", every, sorted(union), hidden=not same, data_every_site=""),
        *(
            _boxes(
                f"Sites of {ACTIVITY_TYPES[key].label.lower()}",
                options,
                sorted(chosen[key]),
                hidden=same,
                data_list=f"{key}_sites",
                data_site_list=key,
            )
            for key, options in lists.items()
        ),
        ui.tags.label(
            ui.tags.input(
                type="checkbox",
                data_apart="",
                checked=None if same else "",
                autocomplete="off",
            ),
            " Choose apart for inpatients, outpatients and emergency care",
            class_="ac-box",
        ),
        ui.tags.p("A type of activity with no site ticked shows all its sites.", class_="ac-help"),
    )
