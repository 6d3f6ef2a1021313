"""The dialogues of the home page: new, upload, rename, differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shiny import ui

from acutecast.app.live import choices, dialogue, form, labelled, options, place
from acutecast.app.visit import Visit
from acutecast.report.charts import financial_year
from acutecast.scenario.resolution import DEFAULT_SPAN, MOST_CONTINUED
from acutecast.workspace import Dataset, ScenarioRow, datasets, may

NEW_FIELDS = ("name", "data", "horizon", "start", "copy")
UPLOAD_FIELDS = ("file", "name", "data")
LONGEST_NAME = 200
MOST_BYTES = 8 * 2**20
"""Of an uploaded file; a scenario with everything set has a hundredth of it."""
_STARTS = {
    "empty": "Empty: population growth, healthier ageing and published growth, nothing else",
    "copy": "A copy of a scenario",
    "demo": "The demo's ambitions: a dozen made-up assumptions to look at and change",
}


def dialogues(visit: Visit, rows: Sequence[ScenarioRow]) -> list[Any]:
    """Make every dialogue of the page, closed."""
    data = makeable(visit)
    return [
        *((_new(data, rows), _upload(data)) if data else ()),
        _rename(),
        _differences(rows),
    ]


def makeable(visit: Visit) -> list[Dataset]:
    """List the data for which the person may make scenarios."""
    found = datasets(visit.workspace, visit.person)
    return [dataset for dataset in found if may(visit.person, "edit", dataset.code)]


def scenario_options(rows: Sequence[ScenarioRow], nothing: str) -> Any:
    """Make the options of a list of scenarios."""
    names = {row.id: f"{row.name} ({row.dataset})" for row in rows}
    return ui.TagList(*options({"": nothing} | names))


def data_value(dataset: Dataset) -> str:
    """Write which data is chosen as the form says it."""
    return f"{dataset.code}|{dataset.year}"


def _name(id: str, help: str, *, first: bool = False) -> Any:
    field = ui.tags.input(
        type="text",
        name="name",
        id=id,
        maxlength=str(LONGEST_NAME),
        autofocus="" if first else None,
    )
    return labelled("Name", field, help)


def _data_field(id: str, data: Sequence[Dataset], first: str = "") -> Any:
    labels = {data_value(dataset): dataset.label for dataset in data}
    if first:
        labels = {"": first} | labels
    return labelled(
        "Provider and baseline year",
        ui.tags.select(*options(labels), name="data", id=id),
        "The year of activity that projections start from.",
    )


def _new(data: Sequence[Dataset], rows: Sequence[ScenarioRow]) -> Any:
    first, last = min(d.year for d in data), max(d.year for d in data)
    years = range(first + 1, last + DEFAULT_SPAN + MOST_CONTINUED + 1)
    horizons = {"": f"{DEFAULT_SPAN} years on, or as in the scenario copied"}
    horizons |= {str(year): financial_year(year) for year in years}
    return dialogue(
        "new-scenario",
        "New scenario",
        form(
            "new_scenario",
            _name(
                "new-name", "Say what is special about it, such as “More care at home”.", first=True
            ),
            _data_field("new-data", data),
            labelled(
                "Horizon: the last year",
                ui.tags.select(*options(horizons), name="horizon", id="new-horizon"),
                "Results are for every year up to it.",
            ),
            choices("start", "Start from", _STARTS, "empty", prefix="start"),
            ui.tags.div(
                labelled(
                    "Scenario to copy",
                    ui.tags.select(
                        ui.HTML(_text(scenario_options(rows, "Choose a scenario"))),
                        name="copy",
                        id="new-copy",
                    ),
                ),
                class_="ac-when-copy",
            ),
            submit="Make the scenario",
            busy="Making it…",
        ),
    )


def _upload(data: Sequence[Dataset]) -> Any:
    return dialogue(
        "upload-scenario",
        "Upload a scenario",
        ui.tags.p(
            "A scenario file of Acutecast, or a params.json of the NHP model. It is checked at "
            "once, and you read everything that is wrong with it before anything is made.",
            class_="ac-words",
        ),
        form(
            "upload_scenario",
            labelled(
                "File",
                ui.tags.input(
                    type="file",
                    name="file",
                    id="upload-file",
                    accept=".json,application/json",
                    data_file="upload_file",
                    data_most=str(MOST_BYTES),
                    autofocus="",
                ),
            ),
            place("upload-found", None),
            _name("upload-name", "Leave it empty to keep the name in the file."),
            _data_field("upload-data", data, "As the file says"),
            submit="Add the scenario",
            busy="Adding it…",
        ),
    )


def _rename() -> Any:
    return dialogue(
        "rename-scenario",
        "Rename the scenario",
        form(
            "rename_scenario",
            labelled(
                "New name",
                ui.tags.input(
                    type="text",
                    name="name",
                    id="rename-name",
                    maxlength=str(LONGEST_NAME),
                    data_fill="name",
                    data_select="",
                    autofocus="",
                ),
            ),
            ui.tags.input(type="hidden", name="id", id="rename-id", data_fill="value"),
            submit="Rename",
        ),
    )


def _differences(rows: Sequence[ScenarioRow]) -> Any:
    def chooser(label: str, name: str, fill: str | None) -> Any:
        return labelled(
            label,
            ui.tags.select(
                ui.HTML(_text(scenario_options(rows, "Choose a scenario"))),
                name=name,
                id=f"differences-{name}",
                data_fill=fill,
            ),
        )

    return dialogue(
        "differences",
        "Differences between two scenarios",
        ui.tags.p(
            "Everything that is set differently, settings first. What both have in common is "
            "left out.",
            class_="ac-words",
        ),
        form(
            "differences",
            ui.tags.div(
                chooser("First scenario", "a", "value"),
                chooser("Second scenario", "b", None),
                class_="ac-grid",
            ),
            submit="Show the differences",
            busy="Comparing…",
        ),
        place("differences-found", None, role="status"),
        wide=True,
        forget="a b",
    )


def _text(content: Any) -> str:
    from acutecast.app.live import html

    return html(content)
