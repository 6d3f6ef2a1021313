"""Fields of a row as they stand on the page; the page's script sends and updates them.

A row is an element with `data-row`, the path of what it edits. Its fields have `data-part`, the
name of one of its parts. `.ac-row-words` says what is set, `.ac-row-notes` what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from shiny import ui

from acutecast.app.inputs import is_text
from acutecast.app.pages.assumptions.entries import Entry
from acutecast.app.pages.assumptions.names import remaining_words
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.pages.assumptions.values import PEAKED, Parts

Choices = Sequence[tuple[str, str]]


def row_key(path: Path) -> str:
    """Write a path as the page's script sends it back."""
    return json.dumps(path, separators=(",", ":"), ensure_ascii=False)


def read_key(key: Any) -> Path:
    """Read a path that came from the page; () where it is none."""
    try:
        parts = json.loads(key) if isinstance(key, str) else ()
    except (ValueError, RecursionError):
        return ()
    if isinstance(parts, list) and all(map(is_text, parts)):
        return tuple(parts)
    return ()


def control(
    path: Path,
    part: str,
    value: str,
    label: str,
    *,
    visible: bool = False,
    width: str = "5.5rem",
    unit: str = "",
    **more: Any,
) -> Any:
    """Make a text field of a row.

    Args:
        path: of the row.
        part: which of its parts it is.
        value: what stands in it.
        label: read by everybody where `visible`, else by screen readers.
        visible: whether the label is shown above it.
        width: its width.
        unit: what stands behind it.
        more: further attributes.
    """
    field = ui.tags.input(
        type="text",
        value=value,
        data_part=part,
        data_path=row_key(path),
        data_shiny_no_bind_input="",
        autocomplete="off",
        aria_label=None if visible else label,
        style=f"width:{width}",
        **more,
    )
    hidden = None if visible else "true"
    shown = [field, ui.tags.span(unit, class_="ac-unit", aria_hidden=hidden)] if unit else [field]
    if not visible:
        return ui.tags.span(*shown, class_="ac-control")
    return ui.tags.label(
        ui.tags.span(label, class_="ac-label"),
        ui.tags.span(*shown, class_="ac-control"),
        class_="ac-labelled",
        data_for=part,
    )


def text_area(path: Path, part: str, value: str, label: str, *, rows: int = 3) -> Any:
    """Make a field of several lines with its label above it."""
    return ui.tags.label(
        ui.tags.span(label, class_="ac-label"),
        ui.tags.textarea(
            value, rows=rows, data_part=part, data_path=row_key(path),
            data_shiny_no_bind_input="", class_="ac-wide",
        ),
        class_="ac-labelled ac-labelled-wide",
        data_for=part,
    )  # fmt: skip


def choice(
    path: Path, part: str, value: str, label: str, choices: Choices, *, visible: bool = True
) -> Any:
    """Make a list to choose from."""
    options = [
        ui.tags.option(words, value=key, selected="" if key == value else None)
        for key, words in choices
    ]
    field = ui.tags.select(
        *options, data_part=part, data_path=row_key(path), data_shiny_no_bind_input="",
        aria_label=None if visible else label,
    )  # fmt: skip
    if not visible:
        return field
    return ui.tags.label(
        ui.tags.span(label, class_="ac-label"), field, class_="ac-labelled", data_for=part
    )


def notes() -> Any:
    """Make the place where a row says what is wrong, and what others did."""
    return ui.tags.div(class_="ac-row-notes", role="status")


def words(text: str, remaining: str = "", none: str = "") -> Any:
    """Make the place that says what is set; `none` is said where nothing is."""
    return ui.tags.span(
        ui.tags.span(text or none, class_="ac-said", data_none=none or None),
        ui.tags.span(remaining, class_="ac-remaining"),
        class_="ac-row-words",
    )


def said(snapshot: Snapshot, entry: Entry) -> tuple[str, str]:
    """Give what a row says is set, and the share that remains or the multiplier."""
    text = entry.words(snapshot)
    if entry.phrase is None or entry.phrase.origin == 0 or not text:
        return text, ""
    return text, remaining_words(snapshot, entry.path, entry.phrase)


def is_simple(parts: Mapping[str, str]) -> bool:
    """Tell whether the two fields of a table can hold what is set."""
    return parts["kind"] not in (*PEAKED, "metalog")


def pair(entry: Entry, parts: Parts, of: str) -> Any:
    """Make the two fields of an interval, side by side, for a table.

    Args:
        entry: what they edit.
        parts: what stands in them.
        of: what the row is about, for screen readers.
    """
    phrase = entry.phrase
    assert phrase is not None
    unit = phrase.unit
    simple = is_simple(parts)
    shown = [parts["low"], parts["high"]] if simple else ["", ""]
    more: dict[str, Any] = {} if simple else {"readonly": ""}
    sign = "%" if unit.startswith("%") else ""
    return ui.tags.span(
        control(entry.path, "low", shown[0], f"{phrase.least}, {unit}: {of}", width="4rem",
                unit=sign, **more),
        ui.tags.span("to", class_="ac-unit", aria_hidden="true"),
        control(entry.path, "high", shown[1], f"{phrase.most}, {unit}: {of}", width="4rem",
                unit=sign, **more),
        class_="ac-pair",
    )  # fmt: skip


def reason(entry: Entry, parts: Parts, of: str, *, width: str = "14rem") -> Any:
    """Make the field of the reason, for a table."""
    return control(entry.path, "reason", parts["reason"], f"Reason: {of}", width=width)


def reason_row(snapshot: Snapshot, entry: Entry, label: str) -> Any:
    """Make the field of a reason that a whole section has."""
    return ui.tags.div(
        text_area(entry.path, "text", entry.read(snapshot)["text"], label, rows=2),
        notes(),
        data_row=row_key(entry.path),
        class_="ac-entry",
    )


def single(snapshot: Snapshot, entry: Entry, label: str, help: str = "", **more: Any) -> Any:
    """Make a row with one text field and its label."""
    part, value = next(iter(entry.read(snapshot).items()))
    return ui.tags.div(
        control(entry.path, part, value, label, visible=True, **more),
        ui.tags.p(help, class_="ac-help") if help else None,
        notes(),
        data_row=row_key(entry.path),
        class_="ac-entry",
    )
