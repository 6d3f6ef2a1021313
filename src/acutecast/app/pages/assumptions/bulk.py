"""Many TPMAs at once: one change for all, or what experts, peers or another scenario suggest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shiny import ui

from acutecast.app.pages.assumptions import values
from acutecast.app.pages.assumptions.entries import Edits, entry
from acutecast.app.pages.assumptions.fields import read_key
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.phrases import FEWER
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.pages.assumptions.values import Incomplete
from acutecast.app.visit import Visit
from acutecast.errors import AcutecastError, Problem
from acutecast.workspace import list_scenarios, read_scenario

if TYPE_CHECKING:
    import polars

HOW = (
    ("change", "Set one change for all"),
    ("elicitation", "Take what experts expect"),
    ("peers", "Take what peers suggest"),
    ("scenario", "Take them from another scenario"),
    ("reason", "Give one reason to those that are set"),
    ("clear", "Clear them"),
)
_DONE = {
    "change": "one change for all",
    "elicitation": "what experts expect",
    "peers": "what peers suggest",
    "scenario": "taken from another scenario",
    "reason": "one reason",
    "clear": "cleared",
}


@dataclass(frozen=True)
class Plan:
    """What a bulk edit would do.

    Attributes:
        edits: what would be stored.
        kept: how many of those chosen stay as they are, since they are set already.
        without: how many the source says nothing of.
    """

    edits: Edits
    kept: int
    without: int

    def words(self, how: str) -> str:
        """Say it before it is done."""
        n = len(self.edits)
        parts = [f"{n} will change." if n else "Nothing will change."]
        if self.kept:
            are = "is set already and stays" if self.kept == 1 else "are set already and stay"
            parts.append(f"{self.kept} {are}; tick “Replace what is set” to change that too.")
        if self.without:
            says = {
                "elicitation": "experts were not asked about",
                "peers": "peers suggest nothing for",
                "scenario": "the other scenario does not set",
            }.get(how, "there is nothing to change in")
            parts.append(f"{says[:1].upper()}{says[1:]} {self.without} of them.")
        return " ".join(parts)


def form(visit: Visit) -> Any:
    """Make the bar of bulk edits above the table."""
    others = [
        ui.tags.option(row.name, value=row.id)
        for row in list_scenarios(visit.workspace, visit.person)
        if row.id != visit.scenario.id
    ]
    return ui.tags.section(
        ui.tags.p(
            ui.tags.strong("None is chosen.", id="ac-chosen", role="status"),
            " Choose rows with the boxes in the table to change several at once.",
            class_="ac-help",
        ),
        ui.tags.p(id="ac-bulk-done", role="status", class_="ac-bulk-done"),
        ui.tags.fieldset(
            ui.tags.legend("Change those that are chosen"),
            ui.tags.div(
                _select("how", "What to do", [ui.tags.option(w, value=key) for key, w in HOW]),
                ui.tags.span(
                    _field("low", "At least", "4rem", "% fewer"),
                    _field("high", "At most", "4rem", "% fewer"),
                    data_for_how="change",
                ),
                ui.tags.span(
                    _select("other", "Scenario", others or [ui.tags.option("None", value="")]),
                    data_for_how="scenario",
                ),
                ui.tags.span(
                    _field("reason", "Reason for all", "16rem"),
                    data_for_how="change elicitation peers scenario reason",
                ),
                ui.tags.label(
                    ui.tags.input(
                        type="checkbox", data_bulk="replace", data_shiny_no_bind_input=""
                    ),
                    " Replace what is set",
                    class_="ac-labelled ac-tick",
                    data_for_how="change elicitation peers scenario",
                ),
                class_="ac-filter-row",
            ),
            ui.tags.div(
                ui.tags.button(
                    "Change", type="button", id="ac-bulk-apply", class_="ac-button", disabled=""
                ),
                ui.tags.span(id="ac-planned", role="status"),
                class_="ac-row",
            ),
            class_="ac-card",
            data_when_chosen="",
            hidden="",
        ),
        id="ac-bulk",
        aria_label="Change several at once",
    )  # fmt: skip


def _select(name: str, label: str, options: list[Any]) -> Any:
    return ui.tags.label(
        ui.tags.span(label, class_="ac-label"),
        ui.tags.select(*options, data_bulk=name, data_shiny_no_bind_input=""),
        class_="ac-labelled",
    )


def _field(name: str, label: str, width: str, unit: str = "") -> Any:
    return ui.tags.label(
        ui.tags.span(label, class_="ac-label"),
        ui.tags.span(
            ui.tags.input(
                type="text", data_bulk=name, data_shiny_no_bind_input="", autocomplete="off",
                style=f"width:{width}",
            ),
            ui.tags.span(unit, class_="ac-unit") if unit else None,
            class_="ac-control",
        ),
        class_="ac-labelled",
    )  # fmt: skip


def chosen_paths(message: Mapping[str, Any]) -> list[Path]:
    """Give the TPMAs that a message names; what is none of them is left out."""
    keys = message.get("keys")
    paths = [read_key(key) for key in keys] if isinstance(keys, list | tuple) else []
    kinds = ("activity_avoidance", "efficiencies")
    return [path for path in dict.fromkeys(paths) if len(path) == 3 and path[0] in kinds]


def plan(
    snapshot: Snapshot,
    message: Mapping[str, Any],
    known: polars.DataFrame | None = None,
    other: Mapping[str, Any] | None = None,
) -> Plan:
    """Work out what a bulk edit would do, without doing it.

    Args:
        snapshot: the scenario.
        message: the chosen TPMAs (`keys`), `how`, and what its fields say.
        known: of `tpma_table`; needed for what peers suggest.
        other: the content of the other scenario.

    Raises:
        AcutecastError: where a field holds something wrong.
        Incomplete: where one is still to be filled.
    """
    paths = chosen_paths(message)
    how, reason = str(message.get("how")), str(message.get("reason") or "").strip()
    stated = [path for path in paths if snapshot.at(path) is not None]
    if how == "clear":
        return Plan([(path, None) for path in stated], 0, len(paths) - len(stated))
    if how == "reason":
        if not reason:
            raise Incomplete("Write the reason.")
        return Plan(
            [(path, _with_reason(snapshot, path, reason)) for path in stated],
            0, len(paths) - len(stated),
        )  # fmt: skip
    from acutecast.insight.prefill import prefill

    interval = None
    if how == "change":
        typed = {name: str(message.get(name) or "") for name in ("low", "high")}
        if not all(text.strip() for text in typed.values()):
            raise Incomplete("Write how many percent fewer, at least and at most.")
        interval = _interval(typed)
    if how == "scenario" and other is None:
        raise Incomplete("Choose the other scenario.")
    source: Any = "bulk" if how == "change" else how
    if source not in ("bulk", "elicitation", "peers", "scenario"):
        raise AcutecastError(Problem("is no way to change several TPMAs", how))
    keys = [".".join(path) for path in paths]
    more: dict[str, Any] = {"table": known, "other": other, "interval": interval}
    every = prefill(snapshot.content, keys, source, reason=reason, replace=True, **more)
    replace = message.get("replace") == "yes"
    edits = [
        (path, value) for path, value in every
        if (replace or snapshot.at(path) is None) and snapshot.at(path) != value
    ]  # fmt: skip
    kept = 0 if replace else sum(snapshot.at(path) is not None for path, _ in every)
    return Plan(edits, kept, len(paths) - len(every))


def _interval(typed: Mapping[str, str]) -> tuple[float, float]:
    written = values.write_value(FEWER, typed)
    return (written, written) if not isinstance(written, list) else (written[0], written[1])


def _with_reason(snapshot: Snapshot, path: Path, reason: str) -> Any:
    found = entry(path)
    assert found.phrase is not None
    return values.expanded(snapshot.at(path)) | {"reason": reason}


class Bulk:
    """The bulk edits of one open page."""

    def __init__(self, here: Any) -> None:
        """Begin; `here` is the open page."""
        self._here = here

    async def ask(self, message: Mapping[str, Any]) -> None:
        """Say what the edit would do."""
        if not chosen_paths(message):
            await self._tell("", 0)
            return
        try:
            made = await asyncio.to_thread(self._plan, self._here.editor.snapshot, message)
        except Incomplete as more:
            await self._tell(str(more), 0)
        except AcutecastError as error:
            await self._tell(_said(error), 0, wrong=True)
        else:
            await self._tell(made.words(str(message.get("how"))), len(made.edits))

    async def apply(self, message: Mapping[str, Any]) -> None:
        """Do it."""
        how = str(message.get("how"))
        try:
            outcome = await self._here.editor.save_many(
                lambda fresh: self._plan(fresh, message).edits,
                lambda n: f"{n} TPMA{'' if n == 1 else 's'} ({_DONE.get(how, how)})",
            )
        except (Incomplete, AcutecastError) as error:
            await self._tell(_said(error), 0, wrong=True)
            return
        changed = len(outcome.applied) if outcome is not None else 0
        done = f"{changed} changed." if changed else "Nothing was changed."
        await self._tell(done, 0, done=True)

    def _plan(self, snapshot: Snapshot, message: Mapping[str, Any]) -> Plan:
        from acutecast.app.pages.assumptions.tpmas import table_of

        ground: Ground = self._here.ground
        how = message.get("how")
        known = table_of(ground, snapshot) if how == "peers" else None
        other = None
        if how == "scenario" and message.get("other"):
            visit: Visit = self._here.visit
            other = read_scenario(visit.workspace, visit.person, str(message["other"])).content
        return plan(snapshot, message, known, other)

    async def _tell(
        self, words: str, count: int, *, wrong: bool = False, done: bool = False
    ) -> None:
        await self._here.session.send_custom_message(
            "assumptions-bulk", {"words": words, "count": count, "wrong": wrong, "done": done}
        )


def _said(error: Exception) -> str:
    if not isinstance(error, AcutecastError):
        return str(error)
    texts = [f"{p.what}. {p.remedy}".strip() for p in error.problems]
    return " ".join(text[:1].upper() + text[1:] for text in texts)
