"""The lists of scenarios as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shiny import ui

from acutecast.app.live import when
from acutecast.app.pages.runs.rows import state_badge
from acutecast.app.visit import Visit, link
from acutecast.workspace import ScenarioRow, datasets, list_scenarios, may

MENU = "scenario-menu"
_COLUMNS = ("Scenario", "Provider", "Assumptions set", "Last run", "Changed", "What to do")
_NUMBERS = ("Assumptions set",)


@dataclass(frozen=True)
class Lists:
    """What the page shows of the scenarios.

    Attributes:
        mine: of the person who looks.
        shared: of others, which they share.
        deleted: deleted ones that the person may restore.
        providers: labels of the providers, by code.
    """

    mine: tuple[ScenarioRow, ...]
    shared: tuple[ScenarioRow, ...]
    deleted: tuple[ScenarioRow, ...]
    providers: Mapping[str, str]

    @property
    def all(self) -> tuple[ScenarioRow, ...]:
        """Every scenario that is not deleted, the person's own first."""
        return (*self.mine, *self.shared)


def look(visit: Visit) -> Lists:
    """Find the scenarios that a person may see."""
    rows = list_scenarios(visit.workspace, visit.person)
    gone = list_scenarios(visit.workspace, visit.person, deleted=True)
    me = visit.person.name
    return Lists(
        tuple(row for row in rows if row.owner == me),
        tuple(row for row in rows if row.owner != me),
        tuple(row for row in gone if may(visit.person, "delete", row)),
        {found.code: found.label for found in reversed(datasets(visit.workspace, visit.person))},
    )


def lists(visit: Visit, found: Lists, search: str) -> Any:
    """Make the lists: mine, shared with me, and the deleted ones folded away."""
    alone = visit.workspace.settings.identity == "local"
    if not found.all and not found.deleted:
        return _first_steps(visit)
    parts: list[Any] = [_count(found.all, _matching(found.all, search), search)]
    if not found.all:
        parts.append(_first_steps(visit))
    if found.mine or not alone:
        none = "You have no scenario of your own yet."
        parts += _section(visit, found, "My scenarios", found.mine, search, none)
    if found.shared or not alone:
        none = "Nobody shares a scenario with you yet."
        parts += _section(visit, found, "Shared with me", found.shared, search, none)
    if found.deleted:
        parts.append(_deleted(visit, found.deleted))
    return ui.TagList(*parts)


def can(visit: Visit, row: ScenarioRow) -> list[str]:
    """Say what the person may do with a scenario, as the items of the menu."""
    person = visit.person
    # On a laptop there is nobody to share with.
    share = may(person, "share", row) and visit.workspace.settings.identity != "local"
    rules = (
        ("open", True),
        ("run", may(person, "run", row)),
        ("rename", may(person, "edit", row)),
        ("copy", may(person, "edit", row.dataset)),
        ("share", share and not row.shared),
        ("unshare", share and row.shared),
        ("download", True),
        ("nhp", True),
        ("differences", True),
        ("delete", may(person, "delete", row)),
    )
    return [item for item, allowed in rules if allowed]


def menu() -> Any:
    """Make the one menu of all rows; a row's button says which items it has."""
    entries: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("open", "Assumptions", {"data_page": "?page=assumptions&scenario="}),
        ("run", "Run, and see its runs", {"data_page": "?page=runs&scenario="}),
        ("rename", "Rename…", {"data_dialog": "rename-scenario"}),
        ("copy", "Copy", {"data_press": "copy_scenario"}),
        ("share", "Share", {"data_press": "share_scenario"}),
        ("unshare", "Stop sharing", {"data_press": "unshare_scenario"}),
        ("download", "Download", {"data_press": "download_scenario"}),
        ("nhp", "Download for the NHP model", {"data_press": "download_nhp"}),
        ("differences", "Differences from another…", {"data_dialog": "differences"}),
        ("delete", "Delete", {"data_press": "delete_scenario"}),
    )
    items = []
    for item, words, does in entries:
        make = ui.tags.a if "data_page" in does else ui.tags.button
        items.append(
            make(
                words,
                type=None if make is ui.tags.a else "button",
                href="?page=home" if make is ui.tags.a else None,
                role="menuitem",
                tabindex="-1",
                data_item=item,
                class_="ac-danger" if item == "delete" else None,
                **does,
            )
        )
    return ui.tags.div(*items, id=MENU, popover="auto", role="menu", class_="ac-menu")


def _matching(rows: Sequence[ScenarioRow], search: str) -> tuple[ScenarioRow, ...]:
    words = search.casefold().split()
    return tuple(
        row
        for row in rows
        if all(w in f"{row.name} {row.dataset} {row.owner}".casefold() for w in words)
    )


def _count(all_: Sequence[Any], shown: Sequence[Any], search: str) -> Any:
    one = len(all_) == 1
    words = f"{len(all_)} scenario{'' if one else 's'}"
    if search:
        words = f"{len(shown)} of {words} {'matches' if len(shown) == 1 else 'match'} “{search}”"
    return ui.tags.p(words, id="scenario-count", role="status", class_="ac-soft")


def _section(
    visit: Visit, found: Lists, title: str, rows: Sequence[ScenarioRow], search: str, none: str
) -> list[Any]:
    shown = _matching(rows, search)
    if not rows:
        return [ui.tags.h2(title), ui.tags.p(none)]
    if not shown:
        return [ui.tags.h2(title), ui.tags.p("None of these has what you search for.")]
    head = ui.tags.tr(
        *(
            ui.tags.th(name, scope="col", class_="ac-number" if name in _NUMBERS else None)
            for name in _COLUMNS
        )
    )
    return [
        ui.tags.h2(title),
        ui.tags.div(
            ui.tags.table(
                ui.tags.caption(title, class_="ac-visually-hidden"),
                ui.tags.thead(head),
                ui.tags.tbody(*(_row(visit, found, row) for row in shown)),
                class_="ac-scenarios",
            ),
            class_="ac-scroll ac-panel",
            tabindex="0",
            role="region",
            aria_label=title,
        ),
    ]


def _row(visit: Visit, found: Lists, row: ScenarioRow) -> Any:
    alone = visit.workspace.settings.identity == "local"
    about = []
    if row.owner != visit.person.name:
        about.append(f"Owner: {row.owner}")
    elif row.shared and not alone:
        about.append("Shared by you")
    return ui.tags.tr(
        ui.tags.th(
            ui.tags.a(row.name, href=link("assumptions", scenario=row.id)),
            ui.tags.span(*about, class_="ac-small") if about else None,
            scope="row",
        ),
        ui.tags.td(found.providers.get(row.dataset, row.dataset)),
        ui.tags.td(f"{row.set:,}", class_="ac-number"),
        ui.tags.td(_last_run(visit, row)),
        ui.tags.td(
            when(row.changed_at),
            None if alone else ui.tags.span(f"by {row.changed_by}", class_="ac-small"),
        ),
        ui.tags.td(
            ui.tags.button(
                "Actions",
                type="button",
                class_="ac-quiet",
                id=f"actions-{row.id}",
                aria_haspopup="menu",
                aria_expanded="false",
                aria_label=f"Actions: {row.name}",
                data_menu=MENU,
                data_value=row.id,
                data_name=row.name,
                data_can=" ".join(can(visit, row)),
            )
        ),
        id=f"scenario-{row.id}",
    )


def _last_run(visit: Visit, row: ScenarioRow) -> Any:
    if row.last_run is None:
        if not may(visit.person, "run", row):
            return "Not run yet"
        runs = link("runs", scenario=row.id)
        return ui.TagList(
            "Not run yet: ", ui.tags.a("run it", href=runs, aria_label=f"Run {row.name}")
        )
    badge = state_badge(row.last_run.state)
    if row.last_run.state == "done":
        results = link("results", scenario=row.id, run=row.last_run.id)
        label = f"Results of {row.name}"
        older = row.last_run.revision < row.revision
        return ui.TagList(
            badge,
            " ",
            ui.tags.a("Results", href=results, aria_label=label),
            ui.tags.span("before the last changes", class_="ac-small") if older else None,
        )
    runs = link("runs", scenario=row.id)
    return ui.TagList(
        badge, " ", ui.tags.a("Its runs", href=runs, aria_label=f"Runs of {row.name}")
    )


def _deleted(visit: Visit, rows: Sequence[ScenarioRow]) -> Any:
    return ui.tags.details(
        ui.tags.summary(f"Deleted ({len(rows)})"),
        ui.tags.div(
            ui.tags.table(
                ui.tags.caption("Deleted scenarios", class_="ac-visually-hidden"),
                ui.tags.thead(
                    ui.tags.tr(
                        *(
                            ui.tags.th(name, scope="col")
                            for name in ("Scenario", "Provider", "Deleted", "What to do")
                        )
                    )
                ),
                ui.tags.tbody(
                    *(
                        ui.tags.tr(
                            ui.tags.th(row.name, scope="row"),
                            ui.tags.td(row.dataset),
                            ui.tags.td(when(row.deleted_at) if row.deleted_at else None),
                            ui.tags.td(
                                ui.tags.button(
                                    "Restore",
                                    type="button",
                                    class_="ac-quiet",
                                    id=f"restore-{row.id}",
                                    data_press="restore_scenario",
                                    data_value=row.id,
                                    aria_label=f"Restore {row.name}",
                                )
                            ),
                            id=f"deleted-{row.id}",
                        )
                        for row in rows
                    )
                ),
                class_="ac-scenarios",
            ),
            class_="ac-scroll ac-panel",
            tabindex="0",
            role="region",
            aria_label="Deleted scenarios",
        ),
        id="deleted-scenarios",
    )


def _first_steps(visit: Visit) -> Any:
    if not may_make(visit):
        return ui.tags.p(
            "There is no scenario for you to see yet. Whoever makes one shares it with you."
        )
    return ui.tags.section(
        ui.tags.h2("Start here"),
        ui.tags.p(
            "A scenario is what you assume about the future of one hospital provider. From it "
            "come a range of futures, and the capacity that they need.",
            class_="ac-words",
        ),
        ui.tags.ol(
            ui.tags.li(
                ui.tags.strong("Make a scenario. "),
                "It has a name, a provider and a last year. Population growth and published "
                "growth are in it from the start.",
            ),
            ui.tags.li(
                ui.tags.strong("Say what will change. "),
                "How much activity could be avoided, moved or shortened, as a range, with your "
                "reason. What others think and do stands beside each field.",
            ),
            ui.tags.li(
                ui.tags.strong("Run it and read the results. "),
                "In seconds to minutes you see how activity develops, what drives it, how many "
                "beds it takes, and how sure that is.",
            ),
            class_="ac-steps",
        ),
        ui.tags.div(
            ui.tags.button(
                "Make my first scenario",
                type="button",
                id="first-scenario",
                class_="ac-button",
                data_dialog="new-scenario",
            ),
            ui.tags.button(
                "Look around with made-up ambitions",
                type="button",
                id="first-demo",
                class_="ac-quiet",
                data_dialog="new-scenario",
                data_choose_start="demo",
            ),
            class_="ac-row",
        ),
        id="first-steps",
        class_="ac-panel",
    )


def may_make(visit: Visit) -> bool:
    """Tell whether the person may make a scenario for any provider."""
    found = datasets(visit.workspace, visit.person)
    return any(may(visit.person, "edit", dataset.code) for dataset in found)
