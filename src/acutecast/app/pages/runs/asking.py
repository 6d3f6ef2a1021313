"""The form "Run this scenario", and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shiny import ui

from acutecast.app.live import choices, form, labelled
from acutecast.app.visit import Visit
from acutecast.errors import Problem, raise_if_any

FIELDS = ("runs", "other", "years", "capacity", "suppress")
_RUNS = {
    "64": "64: a first look, in seconds",
    "256": "256: the usual number",
    "512": "512",
    "1024": "1,024: steadier tails, for a business case",
    "other": "Another number",
}
_YEARS = {
    "all": "Every year to the horizon: trajectories, and when a change is felt",
    "horizon": "The horizon year only: quickest, as the NHP model does it",
}


@dataclass(frozen=True)
class Asked:
    """What the form asks for, in the terms of `acutecast.workspace.submit`."""

    runs: int
    years: str
    capacity: bool
    suppress: int | None


def asking_form(visit: Visit) -> Any:
    """Make the form, with the scenario's own number of runs chosen."""
    own = str(visit.scenario.content.get("runs", 256))
    most = visit.workspace.settings.max_runs
    numbers = {n: words for n, words in _RUNS.items() if not n.isdecimal() or int(n) <= most}
    chosen, other = (own, "") if own in numbers else ("other", own)
    least = visit.workspace.settings.suppress
    hidden = (
        f"In this installation counts below {least} are always hidden."
        if least
        else "Baseline counts from 1 to one less than this are hidden in the results. Leave it "
        "empty to hide none."
    )
    return form(
        "ask_run",
        choices(
            "runs",
            "How many model runs",
            numbers,
            chosen,
            "Each model run is one possible future. More runs make ranges steadier, not narrower.",
        ),
        ui.tags.div(
            labelled(
                f"Number of model runs, 1 to {most:,}",
                ui.tags.input(
                    type="number",
                    name="other",
                    id="other-runs",
                    value=other,
                    min="1",
                    max=str(most),
                    step="1",
                ),
            ),
            class_="ac-when-other",
        ),
        choices("years", "Which years", _YEARS, "all"),
        ui.tags.fieldset(
            ui.tags.legend("What else"),
            ui.tags.div(
                ui.tags.input(type="checkbox", name="capacity", id="run-capacity"),
                ui.tags.label(
                    "Work out capacity too: beds, theatres, rooms and emergency spaces, with the "
                    "risk of running short",
                    for_="run-capacity",
                ),
                class_="ac-choice",
            ),
            labelled(
                "Hide counts below",
                ui.tags.input(
                    type="number",
                    name="suppress",
                    id="run-suppress",
                    min="2",
                    step="1",
                    value=str(least or ""),
                ),
                hidden,
            ),
        ),
        submit="Run",
        busy="Checking…",
    )


def asked(said: Mapping[str, Any], most: int) -> Asked:
    """Read what the form says.

    Args:
        said: the form's fields.
        most: the most model runs there may be.

    Raises:
        AcutecastError: with every problem; `where` is the field.
    """
    problems: list[Problem] = []
    chosen = str(said.get("runs", ""))
    field = "other" if chosen == "other" else "runs"
    runs = _whole(str(said.get("other", "")) if chosen == "other" else chosen)
    if runs is None or not 1 <= runs <= most:
        problems.append(
            Problem(
                "this is not a number of model runs",
                field,
                remedy=f"Write a whole number from 1 to {most:,}.",
            )
        )
    years = str(said.get("years", ""))
    if years not in _YEARS:
        problems.append(Problem("nothing is chosen", "years", remedy="Choose one of the two."))
    written = str(said.get("suppress", "") or "").strip()
    suppress = _whole(written)
    if written and (suppress is None or suppress < 2):
        problems.append(
            Problem(
                "this is not a whole number of at least 2",
                "suppress",
                remedy="Write for example 8, or leave it empty.",
            )
        )
    raise_if_any(problems)
    assert runs is not None
    return Asked(runs, years, said.get("capacity") is True, suppress)


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 10 else None
