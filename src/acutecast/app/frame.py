"""What stands around every page: header, ways on, messages, the scenario at hand."""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from shiny import ui

from acutecast.app.visit import Page, Visit, link
from acutecast.errors import AcutecastError

STATIC = Path(__file__).parent / "static"

_MAIN = (("home", "Scenarios"), ("runs", "Runs"), ("compare", "Compare"), ("about", "About"))
_OF_SCENARIO = (
    ("assumptions", "Assumptions"),
    ("runs", "Runs"),
    ("results", "Results"),
    ("compare", "Compare"),
    ("report", "Reports"),
)


@cache
def _version() -> str:
    from acutecast import __version__

    return __version__


def _asset(name: str) -> str:
    """Give the address of a static file, new when the file is new."""
    stamp = int((STATIC / name).stat().st_mtime)
    return f"static/{name}?v={_version()}-{stamp}"


def script(name: str) -> Any:
    """Give the tag of a script that only some pages have."""
    return ui.head_content(ui.tags.script(src=_asset(name), defer=True))


@cache
def _themes() -> str:
    from acutecast.report.views import theme

    return json.dumps({"light": theme(dark=False), "dark": theme(dark=True)})


def head(title: str) -> Any:
    """Give the head of a page: style, scripts, and the themes of charts."""
    return ui.head_content(
        ui.tags.title(f"{title} – Acutecast"),
        ui.tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
        ui.tags.link(rel="icon", href="static/icon.svg", type="image/svg+xml"),
        ui.tags.link(rel="stylesheet", href=_asset("acutecast.css")),
        # The colour scheme is known before anything is drawn, so that nothing flashes.
        ui.tags.script(
            "document.documentElement.dataset.bsTheme = localStorage.getItem('acutecast-theme')"
            " || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');"
        ),
        ui.tags.script(ui.HTML(_themes()), type="application/json", id="ac-themes"),
        # A module, so that its names do not overwrite those of Shiny's own scripts.
        ui.tags.script(src="vega/vega.js", type="module"),
        ui.tags.script(src=_asset("acutecast.js"), defer=True),
    )


def framed(page: Page, visit: Visit, *, title: str | None = None) -> Any:
    """Put a page into its frame."""
    title = title or page.title
    return ui.page_fluid(
        head(title),
        ui.tags.a("Skip to the content", href="#main", class_="ac-skip"),
        _header(page, visit),
        ui.tags.main(
            _scenario_bar(page, visit),
            ui.tags.h1(title),
            ui.tags.div(id="ac-messages", role="status", aria_live="polite"),
            page.ui(visit),
            id="main",
            tabindex="-1",
            class_="ac-main",
        ),
        _footer(visit),
        lang="en-GB",
        class_="ac-body",
    )


def blank_page() -> Any:
    """Make a page of no content, which has what every page has."""
    return ui.page_fluid(head("Acutecast"))


def problem_page(error: AcutecastError, visit: Visit | None = None) -> Any:
    """Say why there is nothing to see, and where to go on."""
    from acutecast.app.widgets import problems

    def content(_: Visit) -> Any:
        return ui.tags.div(
            problems(error),
            ui.tags.p(ui.tags.a("Back to the scenarios", href=link("home"))),
        )

    page = Page("problem", "This page cannot be shown", content, lambda *_: None)
    if visit is None:
        return ui.page_fluid(
            head(page.title),
            ui.tags.main(ui.tags.h1(page.title), problems(error), id="main", class_="ac-main"),
            lang="en-GB",
        )
    return framed(page, visit)


def _nav(pages: tuple[tuple[str, str], ...], here: str, label: str, of: Any) -> Any:
    links = [
        ui.tags.li(
            ui.tags.a(title, href=of(key), **({"aria-current": "page"} if key == here else {}))
        )
        for key, title in pages
    ]
    return ui.tags.nav(ui.tags.ul(*links), aria_label=label)


def _header(page: Page, visit: Visit) -> Any:
    local = visit.workspace.settings.identity == "local"
    who = (
        "One person, no sign-in"
        if local
        else f"{visit.person.title or visit.person.name} ({visit.person.role})"
    )
    here = "" if page.needs or visit.query.get("scenario") else page.key
    return ui.tags.header(
        ui.tags.div(
            ui.tags.a("Acutecast", href=link("home"), class_="ac-brand"),
            _nav(_MAIN, here, "Main", lambda key: link(key)),
            ui.tags.div(
                ui.tags.span(who, class_="ac-who"),
                ui.tags.button(
                    "Dark or light",
                    type="button",
                    id="ac-theme",
                    class_="ac-quiet",
                    aria_pressed="false",
                ),
                class_="ac-header-end",
            ),
            class_="ac-header-in",
        ),
        class_="ac-header",
    )


def _scenario_bar(page: Page, visit: Visit) -> Any:
    """Name the scenario at hand, with the ways on from it."""
    try:
        if not visit.scenario_id:
            return None
        scenario = visit.scenario
    except AcutecastError:
        return None
    run = visit.query.get("run")

    def way(key: str) -> str:
        same = run if key in ("results", "report") else None
        return visit.link(key, scenario=scenario.id, run=same)

    return ui.tags.div(
        ui.tags.p(
            ui.tags.span("Scenario ", class_="ac-soft"),
            ui.tags.strong(scenario.name, id="ac-scenario-name"),
            ui.tags.span(f" · {scenario.dataset}", class_="ac-soft"),
            ui.tags.span("", id="ac-saved", role="status", class_="ac-saved"),
        ),
        _nav(_OF_SCENARIO, page.key, "This scenario", way),
        class_="ac-scenario-bar",
    )


def _footer(visit: Visit) -> Any:
    local = visit.workspace.settings.identity == "local"
    words = (
        "Everything stays on this machine. Whoever reaches this address sees everything here."
        if local
        else "You see the providers that your organisation gave you."
    )
    return ui.tags.footer(
        ui.tags.p(f"Acutecast {escape(_version())}. {words} No telemetry."), class_="ac-footer"
    )
