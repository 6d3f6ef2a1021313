"""Inequalities: for each HRG, whether rates by deprivation come together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields
from acutecast.app.pages.assumptions.entries import Edits, entry
from acutecast.app.pages.assumptions.entries_together import (
    INEQUALITY_CHOICES,
    choose_inequalities,
)
from acutecast.app.pages.assumptions.ground import Ground, Treatment, treatments
from acutecast.app.pages.assumptions.small import count_text, is_small
from acutecast.app.pages.assumptions.snapshot import Snapshot
from acutecast.app.visit import Visit

_WORDS = (
    ("Level up", "all quintiles come to the highest rate; activity rises"),
    ("Zero sum", "all come to the mean rate; about as much activity, elsewhere"),
    ("Level down", "all come to the lowest rate; activity falls"),
)


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the list of HRGs with a choice each."""
    known = treatments(ground)
    listed = {t.hrg for t in known}
    stored = snapshot.at(("inequalities",)) or {}
    others = sorted({hrg for hrgs in stored.values() for hrg in hrgs} - listed)
    rows = [*known, *(Treatment(hrg, 0.0, (None,) * 5, 0) for hrg in others)]
    return ui.TagList(
        ui.tags.ul(*(ui.tags.li(ui.tags.strong(name), f": {what}.") for name, what in _WORDS)),
        fields.reason_row(snapshot, entry(("reasons", "inequalities")), "Why"),
        _nothing() if not rows else _list(snapshot, rows, listed, ground.least),
    )


def _nothing() -> Any:
    return ui.tags.p(
        "The data have no HRG whose rates differ clearly by deprivation, so there is nothing to "
        "choose here.",
        class_="ac-soft",
    )


def _list(snapshot: Snapshot, rows: list[Treatment], listed: set[str], least: int | None) -> Any:
    heads = ("HRG", "Activity", "Choice", "1, most deprived", "2", "3", "4", "5, least deprived")
    options = [ui.tags.option(words, value=key) for key, words in INEQUALITY_CHOICES]
    return ui.TagList(
        ui.tags.div(
            ui.tags.label(
                ui.tags.span("Search", class_="ac-label"),
                ui.tags.input(
                    type="search", data_sift="find", placeholder="HRG, such as HN22",
                    data_shiny_no_bind_input="",
                ),
                class_="ac-labelled",
            ),
            ui.tags.label(
                ui.tags.span("For all that are shown", class_="ac-label"),
                ui.tags.select(*options, id="ac-hrg-choice", data_shiny_no_bind_input=""),
                class_="ac-labelled",
            ),
            ui.tags.button("Set all that are shown", type="button", class_="ac-quiet",
                           data_set_all=""),
            ui.tags.button("Clear all", type="button", class_="ac-quiet ac-danger",
                           data_clear_all=""),
            class_="ac-filter-row",
        ),
        ui.tags.p(id="ac-sifted", role="status", class_="ac-soft"),
        ui.tags.div(
            ui.tags.table(
                ui.tags.caption(
                    "Elective spells and outpatient procedures by HRG; rates per 1,000 people a "
                    "year by quintile of deprivation"
                ),
                ui.tags.thead(
                    ui.tags.tr(
                        *(
                            ui.tags.th(
                                head, scope="col",
                                class_="ac-number" if i not in (0, 2) else None,
                            )
                            for i, head in enumerate(heads)
                        )
                    )
                ),
                ui.tags.tbody(*(_row(snapshot, t, t.hrg in listed, least) for t in rows)),
                class_="ac-entries",
            ),
            class_="ac-scroll",
            tabindex="0",
            role="region",
            aria_label="HRGs and their rates by deprivation",
        ),
    )  # fmt: skip


def _row(snapshot: Snapshot, treatment: Treatment, known: bool, least: int | None) -> Any:
    few = is_small(treatment.activity, least)
    rates = (None,) * 5 if few else treatment.rates
    found = entry(("inequalities", treatment.hrg))
    boards = f"{treatment.boards} boards; the first is shown" if treatment.boards > 1 else ""
    small = boards if known else "not in the data: it does nothing"
    return ui.tags.tr(
        ui.tags.th(
            treatment.hrg, ui.tags.span(small, class_="ac-small") if small else None, scope="row"
        ),
        ui.tags.td(count_text(treatment.activity, least), class_="ac-number"),
        ui.tags.td(
            fields.choice(
                found.path, "choice", found.read(snapshot)["choice"], f"Choice: {found.title}",
                INEQUALITY_CHOICES, visible=False,
            ),
            fields.notes(),
        ),
        *(
            ui.tags.td("–" if rate is None else f"{rate:,.2f}", class_="ac-number")
            for rate in rates
        ),
        data_row=fields.row_key(found.path),
        data_find=treatment.hrg.lower(),
        data_hrg=treatment.hrg,
    )  # fmt: skip


def chosen(snapshot: Snapshot, message: Mapping[str, Any]) -> Edits:
    """Give what sets a choice for several HRGs, or clears all."""
    choice = str(message.get("choice") or "")
    if choice not in dict(INEQUALITY_CHOICES):
        return []
    stored = snapshot.at(("inequalities",)) or {}
    named = message.get("hrgs")
    hrgs = [str(hrg) for hrg in named] if isinstance(named, list | tuple) else []
    if message.get("all") is True:
        hrgs = [hrg for of in stored.values() for hrg in of]
    return choose_inequalities(snapshot, dict.fromkeys(hrgs, choice))
