"""Population: variants by weight, and projections of one's own with housing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shiny import ui

from acutecast.app.pages.assumptions import fields, grouped
from acutecast.app.pages.assumptions.entries import Edits, entry
from acutecast.app.pages.assumptions.ground import Ground, people_by_variant
from acutecast.app.pages.assumptions.names import variant_label, variants
from acutecast.app.pages.assumptions.phrases import read_number
from acutecast.app.pages.assumptions.snapshot import Path, Snapshot
from acutecast.app.visit import Visit
from acutecast.app.widgets import said
from acutecast.errors import AcutecastError, Problem
from acutecast.scenario.own_population import OWN

_RATES = (
    ("fertility", "Births per woman", "Fertility: change of births per woman by the horizon."),
    ("mortality", "Death rates", "Fewer deaths (below 0%) mean that people live longer."),
    (
        "migration",
        "Net migration",
        "Change of net migration. Where more people leave than come, more of it means that more "
        "leave: to state people, use extra migrants.",
    ),
    (
        "extra_migrants",
        "Extra migrants",
        "More net migrants (below 0: fewer) a year for each 1,000 residents.",
    ),
)
_NEEDED = {
    "name": "Write a name.",
    "year": "Write the first year in which dwellings are completed.",
    "dwellings": "Write how many dwellings.",
}
_OF_SITE = (
    ("completed", "Share that is built", "Of the dwellings planned."),
    ("people_per_dwelling", "People per dwelling", "In a new home in its first years."),
)


def body(visit: Visit, snapshot: Snapshot, ground: Ground) -> Any:
    """Make the weights, and the projections of one's own."""
    own = snapshot.at(("population", "own")) or {}
    return ui.TagList(
        grouped.one_in_full(visit, snapshot),
        fields.reason_row(snapshot, entry(("reasons", "population")), "Why these projections"),
        _weights(snapshot, ground, own),
        ui.tags.h3("Projections of your own"),
        ui.tags.p(
            "What departs from a published projection: other births, deaths and migration, and new "
            "dwellings. Give it a weight above, or no run uses it.",
            class_="ac-help",
        ),
        *(_own(visit, snapshot, ground, name) for name in own),
        _adder(
            "projection",
            "Add a projection",
            [("name", "What to call it", "such as New town", "14rem")],
        ),
    )


def _weights(snapshot: Snapshot, ground: Ground, own: Mapping[str, Any]) -> Any:
    stated = snapshot.scenario.population.variants
    people = people_by_variant(ground, snapshot)
    names = [name for name in variants() if name in people or name in stated]
    names += [name for name in own if name not in names]
    names += [name for name in stated if name not in names]
    heads = ("People now", "At the horizon", "Change", "Weight, %", "Of the runs")
    rows = []
    for name in names:
        found = entry(("population", "variants", name))
        label = variant_label(name)
        now, then = people.get(name, (None, None))
        change = None if now is None or then is None or not now else 100 * (then / now - 1)
        missing = name not in people and name not in own and bool(people)
        rows.append(
            ui.tags.tr(
                ui.tags.th(
                    label,
                    ui.tags.span("Your own", class_="ac-small") if name in own else None,
                    ui.tags.span("Not in the data", class_="ac-small") if missing else None,
                    scope="row",
                ),
                ui.tags.td(said(now, "count"), class_="ac-number"),
                ui.tags.td(said(then, "count"), class_="ac-number"),
                ui.tags.td(said(change, "percent"), class_="ac-number"),
                ui.tags.td(
                    fields.control(
                        found.path, "weight", found.read(snapshot)["weight"],
                        f"Weight in percent: {label}", width="4.5rem", unit="%",
                    )
                ),
                ui.tags.td(fields.words(found.words(snapshot)), fields.notes()),
                data_row=fields.row_key(found.path),
            )
        )  # fmt: skip
    return ui.tags.section(
        ui.tags.h3("Which projections, and how likely"),
        ui.tags.p(
            "Weights count relative to each other; they need not add up to 100.", class_="ac-help"
        ),
        ui.tags.div(
            ui.tags.table(
                ui.tags.caption("Projections and their weights", class_="ac-visually-hidden"),
                ui.tags.thead(
                    ui.tags.tr(
                        ui.tags.th("Projection", scope="col"),
                        *(
                            ui.tags.th(head, scope="col", class_="ac-number" if i < 3 else None)
                            for i, head in enumerate(heads)
                        ),
                    )
                ),
                ui.tags.tbody(*rows),
                class_="ac-entries",
            ),
            class_="ac-scroll",
            tabindex="0",
            role="region",
            aria_label="Projections and their weights",
        ),
        class_="ac-card",
    )


def _own(visit: Visit, snapshot: Snapshot, ground: Ground, name: str) -> Any:
    path = ("population", "own", name)
    label = variant_label(name)
    base = entry((*path, "base"))
    published = [
        (key, variant_label(key))
        for key in variants()
        if key in (people_by_variant(ground, snapshot) or variants())
    ]
    sites = snapshot.at((*path, "housing")) or {}
    return ui.tags.section(
        ui.tags.h4(label, id=f"own-{name}", tabindex="-1"),
        ui.tags.div(
            fields.choice(
                base.path, "text", base.read(snapshot)["text"], "Departs from", published
            ),
            fields.notes(),
            data_row=fields.row_key(base.path),
            class_="ac-entry",
        ),
        _rate_table(
            visit, snapshot, f"{label}: rates",
            [((*path, rate), title, help) for rate, title, help in _RATES],
        ),
        *(_site(visit, snapshot, (*path, "housing", site), label) for site in sites),
        _adder(
            "site",
            f"Add new dwellings to {label}",
            [
                ("name", "Site", "such as Estuary town", "12rem"),
                ("year", "First year", "such as 2028", "5rem"),
                ("dwellings", "Dwellings in it", "such as 400", "5rem"),
            ],
            name,
        ),
        _remover(path, f"Remove {label}"),
        class_="ac-card",
    )  # fmt: skip


def _site(visit: Visit, snapshot: Snapshot, path: Path, of: str) -> Any:
    site = path[-1]

    def field(name: str, label: str, help: str, *, lines: bool = False) -> Any:
        found = entry((*path, name))
        text = found.read(snapshot)["text"]
        if lines:
            made = fields.text_area(found.path, "text", text, label, rows=4)
        else:
            made = fields.control(found.path, "text", text, label, visible=True, width="8rem")
        return ui.tags.div(
            made, ui.tags.p(help, class_="ac-help"), fields.notes(),
            data_row=fields.row_key(found.path), class_="ac-entry",
        )  # fmt: skip

    return ui.tags.details(
        ui.tags.summary(f"New dwellings: {site}"),
        field(
            "dwellings", "Dwellings by year", "A line each, such as 2028: 400, for those completed "
            "in the twelve months to the middle of the year.", lines=True,
        ),
        _rate_table(
            visit, snapshot, f"{of}, {site}",
            [((*path, rate), title, help) for rate, title, help in _OF_SITE],
        ),
        field("share", "Share of the residents whom you serve, %", "100 unless stated."),
        field("area", "Area", "The code of the area where it stands; only where areas are "
              "projected apart."),
        field(
            "ages", "People per dwelling by age", "A line each, such as 25-34: 0.6. Without it, "
            "2.4 people with more young children and adults of 25 to 44 than elsewhere.",
            lines=True,
        ),
        _remover(path, f"Remove {site}"),
        open="",
    )  # fmt: skip


def _rate_table(
    visit: Visit, snapshot: Snapshot, caption: str, rows: list[tuple[Path, str, str]]
) -> Any:
    made = []
    for path, title, help in rows:
        found = entry(path)
        assert found.phrase is not None
        parts = found.read(snapshot)
        text, remaining = fields.said(snapshot, found)
        of = f"{title} ({caption})"
        more = visit.link("assumptions", section="population", row=fields.row_key(path))
        made.append(
            ui.tags.tr(
                ui.tags.th(title, ui.tags.span(help, class_="ac-small"), scope="row"),
                ui.tags.td(
                    fields.pair(found, parts, of),
                    None
                    if found.phrase.unit.startswith("%")
                    else ui.tags.span(found.phrase.unit, class_="ac-small"),
                ),
                ui.tags.td(fields.words(text, remaining), fields.notes()),
                ui.tags.td(fields.reason(found, parts, of)),
                ui.tags.td(
                    ui.tags.a("More", href=more, aria_label=f"Distribution and timing: {of}")
                ),
                data_row=fields.row_key(path),
            )
        )
    heads = ("Rate", "From – to", "Set", "Reason")
    return ui.tags.div(
        ui.tags.table(
            ui.tags.caption(caption, class_="ac-visually-hidden"),
            ui.tags.thead(
                ui.tags.tr(
                    *(ui.tags.th(head, scope="col") for head in heads),
                    ui.tags.th(ui.tags.span("More", class_="ac-visually-hidden"), scope="col"),
                )
            ),
            ui.tags.tbody(*made),
            class_="ac-entries",
        ),
        class_="ac-scroll",
        tabindex="0",
        role="region",
        aria_label=caption,
    )


def _adder(what: str, title: str, parts: list[tuple[str, str, str, str]], of: str = "") -> Any:
    """Make a small form whose button adds something."""
    return ui.tags.fieldset(
        ui.tags.legend(title),
        ui.tags.div(
            *(
                ui.tags.label(
                    ui.tags.span(label, class_="ac-label"),
                    ui.tags.input(
                        type="text", data_add_part=name, placeholder=example,
                        data_shiny_no_bind_input="", autocomplete="off", style=f"width:{width}",
                    ),
                    class_="ac-labelled",
                )
                for name, label, example, width in parts
            ),
            ui.tags.button(title, type="button", class_="ac-quiet", data_add_button=""),
            class_="ac-filter-row",
        ),
        ui.tags.p(class_="ac-field-problem", data_add_problem="", role="alert"),
        data_add=what,
        data_add_of=of,
    )  # fmt: skip


def _remover(path: Path, words: str) -> Any:
    return ui.tags.button(
        words, type="button", class_="ac-quiet ac-danger", data_press="ac_remove",
        data_value=fields.row_key(path),
    )  # fmt: skip


def added(snapshot: Snapshot, message: Mapping[str, Any]) -> tuple[Edits, str]:
    """Give what adds a projection or a site, and the id of what is then looked at.

    Raises:
        AcutecastError: where a field is wrong.
    """
    parts = {str(k): str(v).strip() for k, v in dict(message.get("parts") or {}).items()}
    missing = [words for name, words in _NEEDED.items() if parts.get(name) == ""]
    if missing:
        raise AcutecastError([Problem("something is missing", remedy=w) for w in missing[:1]])
    name = parts.get("name", "")
    if message.get("what") == "projection":
        bare = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        if not bare:
            raise AcutecastError(
                Problem(f"{name} has no letter from a to z", remedy="Write a name with some.")
            )
        key = OWN + bare
        path = ("population", "own", key)
        _free(snapshot, path, name)
        return [(path, {"base": "migration_category"})], f"own-{key}"
    of = str(message.get("of") or "")
    if snapshot.at(("population", "own", of)) is None:
        raise AcutecastError(Problem("this projection is not there any more", of))
    path = ("population", "own", of, "housing", name)
    _free(snapshot, path, name)
    year = read_number(parts.get("year", ""), "year")
    if year != int(year):
        raise AcutecastError(Problem(f"{parts['year']} is no year", remedy="Such as 2028."))
    number = read_number(parts.get("dwellings", ""), "dwellings")
    return [(path, {"dwellings": {str(int(year)): number}})], f"own-{of}"


def _free(snapshot: Snapshot, path: Path, name: str) -> None:
    if snapshot.at(path) is not None:
        raise AcutecastError(
            Problem(f"{name} is there already", "name", remedy="Write another name.")
        )


def removed(snapshot: Snapshot, path: Path) -> Edits:
    """Give what removes a projection, with its weight, or a site."""
    is_own = path[:2] == ("population", "own")
    if not is_own or len(path) not in (3, 5) or snapshot.at(path) is None:
        return []
    edits: Edits = [(path, None)]
    weights = dict(snapshot.scenario.population.variants)
    if len(path) == 3 and path[2] in weights:
        del weights[path[2]]
        edits.append((("population", "variants"), weights or None))
    return edits
