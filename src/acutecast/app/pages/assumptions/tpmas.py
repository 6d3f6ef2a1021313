"""The table of all TPMAs: how much there is of each, what is set, what is known, its effect."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from shiny import ui

from acutecast.app.live import in_background
from acutecast.app.pages.assumptions import bulk, fields
from acutecast.app.pages.assumptions.entries import entry
from acutecast.app.pages.assumptions.ground import Ground
from acutecast.app.pages.assumptions.names import ACTIVITIES
from acutecast.app.pages.assumptions.phrases import FEWER
from acutecast.app.pages.assumptions.small import hide_tpmas
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.pages.assumptions.telling import set_order
from acutecast.app.visit import Visit
from acutecast.app.widgets import said
from acutecast.errors import AcutecastError

if TYPE_CHECKING:
    import polars

KINDS = {"activity_avoidance": "Avoidance", "efficiencies": "Efficiency"}
_KEPT = "find activity kind group only"
_HEADS = (
    ("TPMA", "name", "up"),
    ("Baseline volume", "volume", "down"),
    ("Change by the horizon", "set", "down"),
    ("Experts expect, fewer", "elicited", "down"),
    ("Peers suggest, fewer", "peers", "down"),
    ("Overlap", "overlap", "down"),
    ("Effect", "effect", "up"),
)
_UNITS = {"face to face attendances": "face to face"}
_HELP = (
    "5% to 12% fewer means that 0.88 to 0.95 remains, in eight of ten runs.",
    "Each field saves itself when you leave it. The name leads to what is known about a TPMA, to "
    "its reason, and to other distributions and times.",
    "Experts expect: National Elicitation Exercise, P10 to P90, for 2039/40.",
    "Peers suggest: what would remain at the rates of other providers, P10 to P90.",
    "Overlap: the share of its activity that has another TPMA that is set.",
    "Effect: this scenario with it against without it, on the figure that it acts on. Effects on "
    "the same activity do not add up.",
)


def table_of(ground: Ground, snapshot: Snapshot) -> polars.DataFrame:
    """Give what is known about every TPMA; see `acutecast.insight.evidence.tpma_table`.

    Of those that are too rare to be shown, the volume and what tells it are empty.

    Raises:
        AcutecastError: where the data cannot be read.
    """
    from acutecast.insight.evidence import tpma_table

    if ground.provider is None:
        assert ground.error is not None
        raise ground.error
    table = tpma_table(ground.provider, ground.evidence, snapshot.scenario)
    return hide_tpmas(table, ground.least)


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the filters, the bulk edits and the table."""
    known = table_of(ground, snapshot).to_dicts()
    groups = dict.fromkeys(row["group"] for row in known)
    return ui.TagList(
        ui.tags.details(
            ui.tags.summary("How to read this table"),
            ui.tags.ul(*(ui.tags.li(line) for line in _HELP)),
        ),
        _filters(list(groups)),
        ui.tags.p(id="ac-sifted", role="status", class_="ac-soft"),
        bulk.form(visit),
        ui.tags.div(
            ui.tags.table(
                ui.tags.caption("All TPMAs", class_="ac-visually-hidden"),
                ui.tags.thead(ui.tags.tr(*_heads())),
                ui.tags.tbody(*(_row(visit, snapshot, row) for row in known)),
                id="ac-tpmas",
                class_="ac-entries ac-tpmas",
            ),
            class_="ac-scroll",
            tabindex="0",
            role="region",
            aria_label="All TPMAs",
        ),
    )


def _filters(groups: list[str]) -> Any:
    def select(name: str, label: str, choices: list[tuple[str, str]]) -> Any:
        options = [ui.tags.option(words, value=value) for value, words in choices]
        return ui.tags.label(
            ui.tags.span(label, class_="ac-label"),
            ui.tags.select(*options, data_sift=name, data_shiny_no_bind_input=""),
            class_="ac-labelled",
        )

    return ui.tags.div(
        ui.tags.label(
            ui.tags.span("Search", class_="ac-label"),
            ui.tags.input(
                type="search", data_sift="find", placeholder="Name, code or group",
                data_shiny_no_bind_input="", style="width:15rem",
            ),
            class_="ac-labelled",
        ),
        select("activity", "Activity", [("", "All"), *ACTIVITIES.items()]),
        select("kind", "Kind", [("", "Both"), *KINDS.items()]),
        select("group", "Group", [("", "All"), *((group.lower(), group) for group in groups)]),
        select(
            "only",
            "Show",
            [
                ("", "All"),
                ("set", "Those that are set"),
                ("unset", "Those that are not set"),
                ("elicited", "Those with expert elicitation"),
                ("peers", "Those with a suggestion of peers"),
                ("present", "Those with activity here"),
            ],
        ),
        class_="ac-filter-row",
        role="search",
        aria_label="Filter the TPMAs",
    )  # fmt: skip


def _heads() -> list[Any]:
    heads = [
        ui.tags.th(
            ui.tags.input(
                type="checkbox", data_mark_all="", aria_label="Choose all that are shown",
                data_shiny_no_bind_input="",
            ),
            scope="col",
        )
    ]  # fmt: skip
    for words, name, first in _HEADS:
        number = name in ("volume", "overlap")
        button = ui.tags.button(words, type="button", data_sorts=name, class_="ac-sorter")
        heads.append(
            ui.tags.th(
                button, scope="col", data_first=first, class_="ac-number" if number else None
            )
        )
    return heads


def path_of(row: dict[str, Any]) -> Path:
    """Give the path of a TPMA in the scenario's file."""
    return (row["section"], row["activity_type"], row["key"])


def _row(visit: Visit, snapshot: Snapshot, row: dict[str, Any]) -> Any:
    found = entry(path_of(row))
    parts = found.read(snapshot)
    text, remaining = fields.said(snapshot, found)
    name, key = row["name"], fields.row_key(found.path)
    small = f"{row['code'] or 'own rule'} · {row['group']}"
    attributes = {
        "data_row": key,
        "data_find": f"{name} {row['code']} {row['key']} {row['group']}".lower(),
        "data_activity": row["activity_type"],
        "data_kind": row["section"],
        "data_group": row["group"].lower(),
        "data_stated": "yes" if text else "",
        "data_elicited": "yes" if row["elicited_low"] is not None else "",
        "data_peers": "yes" if row["suggested_low"] is not None else "",
        "data_present": "yes" if row["cases"] else "",
    }
    return ui.tags.tr(
        ui.tags.td(
            ui.tags.input(
                type="checkbox", data_mark="", value=key, aria_label=f"Choose {name}",
                data_shiny_no_bind_input="",
            )
        ),
        ui.tags.th(
            ui.tags.a(
                name, href=visit.link("assumptions", section="tpmas", tpma=row["key"]),
                data_keep=_KEPT,
            ),
            ui.tags.span(small, class_="ac-small"),
            scope="row",
        ),
        ui.tags.td(
            *volume_words(row), class_="ac-number", data_cell="volume",
            data_sort=_sort(row["volume"]),
        ),
        ui.tags.td(
            fields.pair(found, parts, name), fields.words(text, remaining), fields.notes(),
            data_sort=set_order(snapshot, found), data_sort_set="", class_="ac-set",
        ),
        _interval_cell(row["elicited_low"], row["elicited_high"], row["elicited_mean"]),
        _interval_cell(row["suggested_low"], row["suggested_high"]),
        ui.tags.td(
            overlap_words(row), class_="ac-number", data_cell="overlap",
            data_sort=_sort(row["overlap"]), title=row["overlaps"] or None,
        ),
        ui.tags.td("", data_cell="effect", data_sort="", class_="ac-effect-cell"),
        **attributes,
    )  # fmt: skip


def volume_words(row: dict[str, Any]) -> list[Any]:
    """Give the baseline volume and its unit."""
    if not row["cases"] and not row["volume"]:
        return ["none"]
    if row["volume"] is None:
        return ["too few to show"]
    unit = _UNITS.get(row["unit"], row["unit"])
    return [said(row["volume"], "count"), ui.tags.span(unit, class_="ac-small")]


def overlap_words(row: dict[str, Any]) -> str:
    """Say which share of its activity has another TPMA that is set."""
    return "" if row["overlap"] is None else f"{100 * row['overlap']:.0f}%"


def _sort(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def interval_words(low: float | None, high: float | None) -> str:
    """Put a share that remains as a change: "5% to 12% fewer"."""
    if low is None or high is None:
        return ""
    least, most = FEWER.typed(round(high, 3)), FEWER.typed(round(low, 3))
    return f"{least}% to {most}% fewer" if least != most else f"{least}% fewer"


def _interval_cell(low: float | None, high: float | None, mean: float | None = None) -> Any:
    if low is None or high is None:
        return ui.tags.td("", data_sort="")
    middle = mean if mean is not None else (low + high) / 2
    return ui.tags.td(
        interval_words(low, high).removesuffix(" fewer"),
        ui.tags.span(f"{low:.2f} to {high:.2f}", class_="ac-remaining"),
        data_sort=_sort(1 - middle),
    )


class Effects:
    """The column of effects of one open page, and what depends on which TPMAs are set."""

    def __init__(self, here: Any) -> None:
        """Begin; `here` is the open page."""
        self._here = here
        self._wanted: Snapshot | None = None
        self._busy = False

    async def ask(self, before: Snapshot | None, after: Snapshot, about: str = "") -> None:
        """Ask for the effects of all that is set; only the newest question is answered."""
        self._wanted = after
        if not self._busy:
            self._busy = True
            in_background(self._here.session, self._work())

    async def _work(self) -> None:
        try:
            while self._wanted is not None:
                wanted, self._wanted = self._wanted, None
                # The panel comes first: it is what somebody who just edited looks at.
                await self._here.effect.settled()
                cells = await asyncio.to_thread(_cells, self._here.ground, wanted)
                if self._wanted is None:
                    await self._here.session.send_custom_message(
                        "assumptions-cells", {"rows": cells}
                    )
        finally:
            self._busy = False


def _cells(ground: Ground, snapshot: Snapshot) -> dict[str, dict[str, dict[str, Any]]]:
    from acutecast.insight.preview import effects_of_all

    assert ground.provider is not None
    try:
        made = effects_of_all(ground.provider, snapshot.scenario).to_dicts()
    except AcutecastError:
        # The panel says why; what stood there is of another scenario, so nothing does.
        made = []
    effects = {row["name"]: row for row in made}
    cells: dict[str, dict[str, dict[str, Any]]] = {}
    for row in table_of(ground, snapshot).to_dicts():
        found = effects.get(row["path"])
        cells[fields.row_key(path_of(row))] = {
            "overlap": {"text": overlap_words(row), "sort": _sort(row["overlap"])},
            "effect": {"text": "", "sort": ""} if found is None else effect_cell(found),
        }
    return cells


def effect_cell(found: dict[str, Any]) -> dict[str, Any]:
    """Give what the column of effects says of one assumption."""
    from acutecast.insight.figures import FIGURES

    noun = FIGURES[found["figure"]].noun
    mean = found["mean"]
    order = f"{found['pct'] or 0:.6g}"
    sign = "" if mean == 0 else "−" if mean < 0 else "+"
    if 0 < abs(mean) < 0.05:
        fewer = "fewer" if mean < 0 else "more"
        return {"text": f"less than 0.1 {noun} {fewer}", "sort": order}
    size = f"{abs(mean):,.0f}" if abs(mean) >= 10 else f"{abs(mean):.1f}".removesuffix(".0")
    percent = abs(found["pct"] or 0)
    share = f" ({sign}{percent:.1f}%)" if percent >= 0.05 else " (less than 0.1%)"
    if found["pct"] is None or mean == 0:
        share = ""
    return {"text": f"{sign}{size} {noun}{share}", "sort": order}


async def ready(here: Any) -> None:
    """Work out the effects as soon as the table stands, and after every change."""
    effects = Effects(here)
    here.editor.heard.append(effects.ask)
    await effects.ask(None, here.editor.snapshot)
