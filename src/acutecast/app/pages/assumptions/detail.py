"""One TPMA: what it is, the form to set it, what is known about it, and what it does."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from shiny import reactive, ui

from acutecast.app.live import html, in_background
from acutecast.app.pages.assumptions.entries import entry
from acutecast.app.pages.assumptions.full_form import full_form
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.names import ACTIVITIES, EFFECTS, TPMAS, tpma_label
from acutecast.app.pages.assumptions.small import hide_counts, hide_rates
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot, dotted
from acutecast.app.pages.assumptions.tpmas import (
    KINDS,
    interval_words,
    overlap_words,
    path_of,
    table_of,
    volume_words,
)
from acutecast.app.visit import Visit
from acutecast.app.widgets import shown_server, shown_ui
from acutecast.errors import AcutecastError, Problem
from acutecast.facts import OWN_TPMA

if TYPE_CHECKING:
    from acutecast.report.views import Shown

CHARTS = ("intervals", "trend", "funnel", "box", "people", "diagnoses", "procedures")
_FILTERS = ("find", "activity", "kind", "group", "only")


def key_of(visit: Visit) -> str:
    """Give the TPMA that the address names; "" where it names none."""
    key = visit.query.get("tpma", "")
    return key if key in TPMAS or key.startswith(OWN_TPMA) else ""


def around(visit: Visit, body_place: Any) -> list[Any]:
    """Put the charts around the form."""
    first, *others = CHARTS
    return [
        ui.tags.div(
            body_place,
            ui.tags.div(
                shown_ui(first),
                ui.tags.section(
                    ui.tags.h3("What it does"),
                    ui.tags.div(
                        ui.tags.p("is being worked out…", class_="ac-soft"),
                        id="ac-one-effect",
                        role="status",
                    ),
                    class_="ac-card",
                ),
            ),
            class_="ac-detail",
        ),
        ui.tags.div(*(shown_ui(name) for name in others), class_="ac-grid"),
    ]


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the form and the facts beside it.

    Raises:
        AcutecastError: where there is no such TPMA in the data.
    """
    known = table_of(ground, snapshot).to_dicts()
    keys = [row["key"] for row in known]
    key = key_of(visit)
    if key not in keys:
        raise AcutecastError(
            Problem("there is no such TPMA here", key, remedy="Choose one from the table.")
        )
    place = keys.index(key)
    row = known[place]
    return ui.TagList(
        _ways(visit, keys, place),
        ui.tags.h3(row["name"], class_="ac-tpma-name"),
        ui.tags.p(definition(row), class_="ac-words"),
        full_form(snapshot, entry(path_of(row))),
        ui.tags.details(
            ui.tags.summary("Volume, overlap, experts and peers in figures"),
            _facts(row),
            open="",
        ),
    )


def _ways(visit: Visit, keys: list[str], place: int) -> Any:
    """Make the links to the table and to the TPMAs before and after."""
    filters = {name: visit.query.get(name) for name in _FILTERS}

    def way(words: str, to: int) -> Any:
        if not 0 <= to < len(keys):
            return None
        href = visit.link("assumptions", section="tpmas", tpma=keys[to], **filters)
        return ui.tags.li(ui.tags.a(f"{words}: {tpma_label(keys[to])}", href=href))

    back = visit.link("assumptions", section="tpmas", **filters)
    return ui.tags.nav(
        ui.tags.ul(
            ui.tags.li(ui.tags.a("All TPMAs", href=back)),
            way("Previous", place - 1),
            way("Next", place + 1),
        ),
        aria_label="Other TPMAs",
        class_="ac-siblings",
    )


@cache
def _says() -> dict[str, str]:
    from acutecast.extract.rules import read_rules

    return {key: rule.says for key, rule in read_rules().rules.items()}


def definition(row: dict[str, Any]) -> str:
    """Say which activity a TPMA is about, and what becomes of it."""
    says = _says().get(row["key"], "")
    effect = EFFECTS.get(row["key"], "fewer")
    if row["section"] == "activity_avoidance":
        becomes = "What does not remain does not happen any more."
    else:
        becomes = f"What does not remain as it was: {effect}."
    kind = f"{KINDS[row['section']]}, {ACTIVITIES[row['activity_type']].lower()}, {row['group']}."
    code = f"{row['code']}: " if row["code"] else ""
    return f"{code}{says} {becomes} {kind}".replace("  ", " ")


def _facts(row: dict[str, Any]) -> Any:
    volume = " ".join([*volume_words(row)[:1], row["unit"] if row["volume"] else ""]).strip()
    share = f", {100 * row['share']:.1f}% of all" if row["share"] is not None else ""
    experts = interval_words(row["elicited_low"], row["elicited_high"])
    if experts:
        experts += f" by 2039/40, mean {100 * (1 - row['elicited_mean']):.0f}%"
    peers = interval_words(row["suggested_low"], row["suggested_high"])
    n = row["peers"] or 0
    none = "nothing: the extract has no other provider" if not n else "no reduction"
    overlap = overlap_words(row) or "–"
    if row["overlaps"]:
        overlap += f" have another that is set: {row['overlaps']}"
    facts = (
        ("Baseline year", f"{volume}{share}"),
        ("Overlap", overlap),
        ("Experts expect", experts or "they were not asked about it"),
        ("Peers suggest", f"{peers} ({n} other providers)" if peers else none),
    )
    return ui.tags.dl(
        *(part for name, text in facts for part in (ui.tags.dt(name), ui.tags.dd(text))),
        class_="ac-facts",
    )


def charts(ground: Ground, snapshot: Snapshot, path: Path) -> dict[str, Shown]:
    """Draw everything that is known of a TPMA, with what is set; less of one that is rare.

    Raises:
        AcutecastError: where the evidence cannot be read.
    """
    from acutecast.insight import evidence as known
    from acutecast.report import evidence_charts as drawn
    from acutecast.report.evidence_axis import scale_of

    assert ground.provider is not None
    provider, root, key = ground.provider, ground.evidence, path[-1]
    name = tpma_label(key)
    chosen = known.chosen(provider, _resolved(ground, snapshot), dotted(path))
    trend, funnel = known.trend(provider, key, root), known.funnel(provider, key, root)
    scale = scale_of(trend, funnel, chosen)
    row = table_of(ground, snapshot).row(by_predicate=_is(key), named=True)
    intervals = {"intervals": drawn.intervals_shown(row)}
    if row["volume"] is None:
        return intervals
    least = ground.least
    return intervals | {
        "trend": drawn.trend_shown(trend, name, scale, chosen),
        "funnel": drawn.funnel_shown(hide_rates(funnel, least), name, scale, chosen),
        "box": drawn.box_shown(known.peers_box(provider, key, root), name, scale, chosen),
        "people": drawn.age_sex_shown(hide_counts(known.age_sex(provider, key, root), least), name),
        "diagnoses": drawn.causes_shown(
            hide_counts(known.top_diagnoses(provider, key, root), least), name
        ),
        "procedures": drawn.causes_shown(
            hide_counts(known.top_procedures(provider, key, root), least), name, "procedures"
        ),
    }


def _is(key: str) -> Any:
    import polars as pl

    return pl.col("key") == key


def _resolved(ground: Ground, snapshot: Snapshot) -> Any:
    from acutecast.insight.expected_runs import ready

    assert ground.provider is not None
    return ready(ground.provider, snapshot.scenario)


class Detail:
    """The charts and the effect of one open TPMA."""

    def __init__(self, here: Any) -> None:
        """Begin; `here` is the open page."""
        self._here = here
        self._shown: dict[str, reactive.Value[Shown | None]] = {
            name: reactive.Value(None) for name in CHARTS
        }
        for name, value in self._shown.items():
            shown_server(name, value.get, level=3)
        self._wanted: Snapshot | None = None
        self._busy = False
        key = key_of(here.visit)
        fact = TPMAS.get(key)
        self._path: Path = (fact["kind"], fact["activity_type"], key) if fact else ()

    async def ready(self) -> None:
        """Draw as soon as the data are read, and after every change of this TPMA."""
        if not self._path:
            known = self._here.ground
            rows = await asyncio.to_thread(table_of, known, self._here.editor.snapshot)
            own = [path_of(r) for r in rows.to_dicts() if r["key"] == key_of(self._here.visit)]
            if not own:
                return
            self._path = own[0]
        self._here.editor.heard.append(self.ask)
        await self.ask(None, self._here.editor.snapshot)

    async def ask(self, before: Snapshot | None, after: Snapshot, about: str = "") -> None:
        """Show a scenario; only the newest is shown."""
        self._wanted = after
        if not self._busy:
            self._busy = True
            in_background(self._here.session, self._work())

    async def _work(self) -> None:
        try:
            while self._wanted is not None:
                wanted, self._wanted = self._wanted, None
                try:
                    made = await asyncio.to_thread(charts, self._here.ground, wanted, self._path)
                    await self._show(made)
                    await self._here.effect.settled()
                    words = await asyncio.to_thread(self._effect, wanted)
                except AcutecastError as error:
                    words = str(error.problems[0])
                await self._here.places.show({"ac-one-effect": html(words)})
        finally:
            self._busy = False

    async def _show(self, made: dict[str, Shown]) -> None:
        async with reactive.lock():
            for name, value in self._shown.items():
                value.set(made.get(name))
            await reactive.flush()

    def _effect(self, snapshot: Snapshot) -> Any:
        from acutecast.insight.preview import effect_of_one

        if snapshot.at(self._path) is None:
            return ui.tags.p("Nothing is set here yet, so it has no effect.", class_="ac-soft")
        table = effect_of_one(self._here.ground.provider, snapshot.scenario, self._path)
        rows = [row for row in table.to_dicts() if row["main"] or abs(row["mean"]) > 0]
        lines = [ui.tags.li(row["words"]) for row in rows]
        return ui.TagList(
            ui.tags.p("With it against without it, all others as they are:"), ui.tags.ul(*lines)
        )
