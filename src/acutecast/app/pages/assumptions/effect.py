"""The live effect: what an edit did to the headline figures, and where the scenario stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shiny import ui

from acutecast.app.background import in_words
from acutecast.app.live import Places, html, in_background
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.widgets import said, table

if TYPE_CHECKING:
    import polars

# As many as a usual run has: with fewer, the principal projection would be visibly another.
_RUNS = 256
_NOTE = (
    f"Expected activity of the first {_RUNS} runs, with the same draws before and after an edit. "
    "P10 to P90: eight of ten runs. A full run adds the chance of single patients."
)
_SLOWEST = 0.25
"""Seconds of quiet after an edit before it is worked out, so that a burst is worked out once."""


@dataclass(frozen=True)
class Preview:
    """What there is to show.

    Attributes:
        headline: of `acutecast.insight.preview.headline`.
        edit: of `acutecast.insight.preview.effect`; None where nothing was edited yet.
        about: what was edited here; "" where others edited it.
    """

    headline: polars.DataFrame
    edit: polars.DataFrame | None
    about: str


def panel(*, whole: bool = False) -> Any:
    """Make the panel; it is filled later.

    Args:
        whole: whether it stands open in its place, instead of at the foot of the window.
    """
    return ui.tags.section(
        ui.tags.h2("Live effect", class_="ac-visually-hidden"),
        ui.tags.details(
            ui.tags.summary(
                ui.tags.span("Live effect", class_="ac-effect-title"),
                ui.tags.span("is being worked out…", id="ac-effect-line", aria_live="polite"),
            ),
            ui.tags.div(id="ac-effect-more"),
            id="ac-effect-details",
            open="" if whole else None,
        ),
        id="ac-effect",
        class_="ac-effect ac-effect-whole" if whole else "ac-effect",
        aria_label="Live effect",
    )


def work_out(ground: Ground, before: Snapshot | None, after: Snapshot, about: str) -> Preview:
    """Work out what to show; takes a second or so.

    Raises:
        AcutecastError: where the scenario does not fit the data.
    """
    from acutecast.insight.preview import effect, headline

    assert ground.provider is not None
    edited = None
    if before is not None and before.content.get("horizon_year") == after.content.get(
        "horizon_year"
    ):
        edited = effect(ground.provider, before.scenario, after.scenario, _RUNS)
    return Preview(headline(ground.provider, after.scenario, _RUNS), edited, about)


class LiveEffect:
    """The panel of one open page; only the newest edit is shown."""

    def __init__(self, session: Any, places: Places, ground: Callable[[], Ground | None]) -> None:
        """Begin.

        Args:
            session: the page's.
            places: puts content in its place.
            ground: gives the data, once they are read.
        """
        self._session, self._places, self._ground = session, places, ground
        self._wanted: tuple[Snapshot | None, Snapshot, str] | None = None
        self._busy = False
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def settled(self) -> None:
        """Wait until nothing is being worked out."""
        await self._quiet.wait()

    async def ask(self, before: Snapshot | None, after: Snapshot, about: str) -> None:
        """Ask for the effect of an edit; what was asked before and is not shown yet is dropped."""
        if self._wanted is not None and before is not None and self._wanted[0] is not None:
            # Two edits before the first is worked out: they are shown together.
            same = self._wanted[2] == about
            before, about = self._wanted[0], about if same else "the last edits"
        self._wanted = (before, after, about)
        if not self._busy:
            self._busy = True
            self._quiet.clear()
            in_background(self._session, self._work())

    async def _work(self) -> None:
        try:
            while self._wanted is not None:
                await asyncio.sleep(_SLOWEST)
                await self._say("is being worked out…")
                wanted, self._wanted = self._wanted, None
                ground = self._ground()
                if ground is None or ground.provider is None:
                    await self._say("cannot be told without data.")
                    continue
                line, more = await self._made(ground, *wanted)
                if self._wanted is None:
                    await self._say(line, more)
        finally:
            self._busy = False
            self._quiet.set()

    async def _say(self, line: Any, more: Any = None) -> None:
        content = {"ac-effect-line": html(line)}
        if more is not None:
            content["ac-effect-more"] = html(more)
        await self._places.show(content)

    async def _made(
        self, ground: Ground, before: Snapshot | None, after: Snapshot, about: str
    ) -> tuple[Any, Any]:
        try:
            found = await asyncio.to_thread(work_out, ground, before, after, about)
        except Exception as error:
            told = in_words(error)
            return f"cannot be told: {told.problems[0]}", ui.tags.p(str(told))
        return line_of(found), more_of(found)


def line_of(found: Preview) -> Any:
    """Say the most important in one line."""
    year = _financial_year(found)
    if found.edit is not None:
        changed = found.edit.filter(found.edit["mean"].abs() > 0)
        ranked = sorted(changed.to_dicts(), key=lambda row: -abs(row["pct"] or 0))
        about = found.about or "what others changed"
        if not ranked:
            return f"of {about}: no change in expected activity."
        return f"of {about}: {'; '.join(row['words'] for row in ranked[:2])}."
    parts = [
        f"{row['label'].lower() if row['label'] != 'A&E arrivals' else row['label']} "
        f"{_signed(row['change_pct'])}"
        for row in found.headline.to_dicts()
    ]
    return f"of the whole scenario by {year}: {', '.join(parts)}."


def more_of(found: Preview) -> Any:
    """Make the table of all headline figures."""
    from acutecast.report.views import Column

    columns = [
        Column("label", "Figure", "text"),
        Column("baseline", "Baseline year", "count"),
        Column("mean", f"{_financial_year(found)}, mean", "count"),
        Column("range", "P10 to P90", "text"),
        Column("change_pct", "Change", "percent"),
    ]
    edits: dict[str, dict[str, Any]] = {}
    if found.edit is not None:
        columns += [
            Column("edit", "Last edit, mean", "text"),
            Column("edit_range", "P10 to P90", "text"),
            Column("edit_pct", "Last edit", "text"),
        ]
        edits = {row["figure"]: row for row in found.edit.to_dicts()}
    rows = []
    for row in found.headline.to_dicts():
        shown = [
            row["label"], row["baseline"], row["mean"], _range(row["p10"], row["p90"]),
            row["change_pct"],
        ]  # fmt: skip
        if found.edit is not None:
            edit = edits.get(row["figure"])
            shown += (
                [_signed_count(edit["mean"]), _range(edit["p10"], edit["p90"]),
                 _signed(edit["pct"], 2)] if edit else ["–", "–", "–"]
            )  # fmt: skip
        rows.append(shown)
    return ui.tags.div(
        table(columns, rows, "The headline figures of this scenario"),
        ui.tags.p(_NOTE, class_="ac-note"),
    )


def _financial_year(found: Preview) -> str:
    from acutecast.report.charts import financial_year

    return financial_year(int(found.headline["year"].max() or 0))  # type: ignore[arg-type]


def _range(low: float, high: float) -> str:
    return f"{said(low, 'count')} to {said(high, 'count')}"


def _signed_count(value: float) -> str:
    if round(value) == 0:
        return "0" if value == 0 else f"{'+' if value > 0 else '−'}{abs(value):.1f}"
    return f"{'+' if value > 0 else ''}{said(value, 'count')}"


def _signed(percent: float | None, digits: int = 1) -> str:
    if percent is None:
        return "–"
    text = f"{abs(percent):.{digits}f}%"
    sign = "" if float(text[:-1]) == 0 else "+" if percent > 0 else "−"
    return f"{sign}{text}"
