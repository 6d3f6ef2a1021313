"""Home: the scenarios of a person and those shared with them, and what can be done to them."""

from __future__ import annotations

from typing import Any

from shiny import ui

from acutecast.app.live import place
from acutecast.app.pages.home.forms import dialogues
from acutecast.app.pages.home.rows import lists, look, may_make, menu
from acutecast.app.pages.home.serving import serve
from acutecast.app.visit import Page, Visit


def _ui(visit: Visit) -> Any:
    found = look(visit)
    search = visit.query.get("q", "")
    make = may_make(visit)
    return ui.TagList(
        ui.tags.div(
            ui.tags.button(
                "New scenario",
                type="button",
                id="open-new",
                class_="ac-button",
                data_dialog="new-scenario",
            )
            if make
            else None,
            ui.tags.button(
                "Upload",
                type="button",
                id="open-upload",
                class_="ac-quiet",
                data_dialog="upload-scenario",
            )
            if make
            else None,
            ui.tags.button(
                "Differences",
                type="button",
                id="open-differences",
                class_="ac-quiet ac-when-some",
                data_dialog="differences",
            ),
            ui.tags.div(
                ui.tags.label("Search scenarios", for_="search"),
                ui.tags.input(
                    type="search",
                    id="search",
                    value=search,
                    class_="shiny-input-text",
                    autocomplete="off",
                ),
                class_="ac-field ac-row-end ac-when-some",
                role="search",
            ),
            class_="ac-list-head",
        ),
        place("scenario-lists", lists(visit, found, search)),
        menu(),
        *dialogues(visit, found.all),
    )


PAGE = Page("home", "Scenarios", _ui, serve)
