"""The full form of one assumption: its distribution, when it comes, and why."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields, values
from acutecast.app.pages.assumptions.entries import Entry
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.pages.assumptions.values import Parts

_HELP = {
    "normal": "In eight of ten runs the value lies between the two. This is the usual choice.",
    "point": "The same in every run. Use it for decisions that are made, not for hopes.",
    "triangular": "Nothing outside the limits, and a peak between them.",
    "pert": "Nothing outside the limits, and closer to the most likely value than triangular.",
    "uniform": "Every value between the limits is as likely as any other.",
    "truncated_normal": "As the first, without a heap of runs at the edge of the valid range.",
    "metalog": "A smooth curve through three to five points that you state.",
}
_PROFILE_HELP = (
    "How much of the change has come by a year. At the horizon it is always there in full."
)


def full_form(snapshot: Snapshot, entry: Entry) -> Any:
    """Make the form; the page's script shows the fields that the chosen distribution needs."""
    assert entry.phrase is not None
    parts = entry.read(snapshot)
    parts = {name: parts[name] for name in parts if name != "count"}
    text, remaining = fields.said(snapshot, entry)
    return ui.tags.div(
        ui.tags.p(
            ui.tags.span("Set now: ", class_="ac-soft"),
            fields.words(text, remaining, none="nothing"),
            class_="ac-now",
        ),
        fields.notes(),
        _values(entry, parts),
        _timing(snapshot, entry, parts) if entry.timed else None,
        fields.text_area(entry.path, "reason", parts["reason"], "Reason", rows=3),
        ui.tags.p(
            ui.tags.button("Clear this assumption", type="button", class_="ac-quiet ac-danger",
                           data_clear=""),
        ),
        data_row=fields.row_key(entry.path),
        data_full="",
        class_="ac-entry ac-form",
    )  # fmt: skip


def _values(entry: Entry, parts: Parts) -> Any:
    phrase = entry.phrase
    assert phrase is not None
    path, unit = entry.path, phrase.unit

    def number(part: str, label: str) -> Any:
        return fields.control(path, part, parts[part], label, visible=True, unit=unit)

    kinds = [
        ui.tags.p(words, class_="ac-help", data_for_kind=kind) for kind, words in _HELP.items()
    ]
    chances = [
        ui.tags.div(
            fields.control(path, f"chance{i}", parts[f"chance{i}"], f"Chance {i}", visible=True,
                           unit="% that it is"),
            fields.control(path, f"quantile{i}", parts[f"quantile{i}"], f"At most ({i})",
                           visible=True, unit=unit),
            class_="ac-row",
        )
        for i in range(1, values.QUANTILES + 1)
    ]  # fmt: skip
    return ui.tags.fieldset(
        ui.tags.legend("How much, at the horizon"),
        fields.choice(path, "kind", parts["kind"], "Shape", values.KINDS),
        *kinds,
        ui.tags.div(
            ui.tags.div(number("value", "Exactly"), data_for_kind="point"),
            ui.tags.div(
                number("low", phrase.least),
                data_for_kind="normal truncated_normal uniform triangular pert",
            ),
            ui.tags.div(number("mode", "Most likely"), data_for_kind="triangular pert"),
            ui.tags.div(
                number("high", phrase.most),
                data_for_kind="normal truncated_normal uniform triangular pert",
            ),
            ui.tags.div(*chances, data_for_kind="metalog"),
            class_="ac-row ac-numbers",
        ),
    )


def _timing(snapshot: Snapshot, entry: Entry, parts: Parts) -> Any:
    scenario = snapshot.scenario
    start = scenario.baseline_year
    years = f", from {start + 1}" if start else ""
    usual = "at once" if entry.path[0] == "baseline_adjustment" else "evenly"
    choices = [(key, f"{words} ({usual})" if not key else words) for key, words in values.PROFILES]
    return ui.tags.fieldset(
        ui.tags.legend("When it comes"),
        fields.choice(entry.path, "profile", parts["profile"], "Time profile", choices),
        ui.tags.p(_PROFILE_HELP, class_="ac-help"),
        ui.tags.div(
            fields.control(entry.path, "year", parts["year"], f"Year{years}", visible=True),
            data_for_profile="step",
        ),
        ui.tags.div(
            fields.text_area(
                entry.path, "table", parts["table"],
                "Share of the change by year, a line each, such as 2030: 40%",
            ),
            data_for_profile="table",
        ),
    )  # fmt: skip
