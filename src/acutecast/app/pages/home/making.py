"""Making scenarios out of what the forms say; nothing here knows of pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acutecast.app.visit import Visit
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.scratch import scratch_folder
from acutecast.workspace import (
    Forbidden,
    ScenarioRow,
    create_scenario,
    differences,
    provider,
    read_scenario,
    upload_scenario,
)
from acutecast.workspace.content import number_set, plain

if TYPE_CHECKING:
    from acutecast.scenario import Scenario


def make_new(visit: Visit, said: Mapping[str, Any]) -> ScenarioRow:
    """Make the scenario that the form "New" asks for.

    Raises:
        AcutecastError: with every problem; `where` is a field of the form where it can be.
    """
    from acutecast.api import load_scenario

    name = " ".join(str(said.get("name", "")).split())
    code, _, year = str(said.get("data", "")).partition("|")
    start = str(said.get("start", ""))
    horizon = str(said.get("horizon", ""))
    copied = str(said.get("copy", "")) if start == "copy" else ""
    problems = []
    if not name:
        problems.append(Problem("the scenario has no name", "name", remedy="Write one."))
    if not year.isdecimal():
        problems.append(Problem("no provider is chosen", "data", remedy="Choose one."))
    if horizon and not horizon.isdecimal():
        problems.append(Problem("this is no year", "horizon", remedy="Choose one."))
    elif horizon and year.isdecimal() and int(horizon) <= int(year):
        problems.append(
            Problem(
                "the horizon is not after the baseline year",
                "horizon",
                remedy=f"Choose {int(year) + 1} or later.",
            )
        )
    if start == "copy" and not copied:
        problems.append(Problem("no scenario is chosen", "copy", remedy="Choose one."))
    raise_if_any(problems)
    content = _start(visit, start, copied)
    content |= {"name": name, "dataset": code, "baseline_year": int(year)}
    if horizon:
        content["horizon_year"] = int(horizon)
    _fits(visit, load_scenario(content), code, int(year))
    return create_scenario(
        visit.workspace, visit.person, content, code, name, copied_from=copied or None
    )


@dataclass(frozen=True)
class Checked:
    """What an uploaded file holds.

    Attributes:
        name: the file's.
        scenario: what it says; None where something is wrong.
        set: how many assumptions it states.
        error: everything that is wrong; None where nothing is.
    """

    name: str
    scenario: Scenario | None
    error: AcutecastError | None
    set: int = 0


def check_file(name: str, content: bytes) -> Checked:
    """Read an uploaded file, ours or the NHP model's."""
    from acutecast.api import load_scenario

    try:
        with _written(content) as path:
            scenario = load_scenario(path)
        return Checked(name, scenario, None, number_set(plain(scenario)))
    except AcutecastError as error:
        # The path on the server says nothing to whoever uploaded the file.
        title = f"{name} cannot be used as it is"
        return Checked(name, None, AcutecastError(error.problems, title))


@contextmanager
def _written(content: bytes) -> Iterator[Path]:
    with scratch_folder("upload") as folder:
        path = folder / "scenario.json"
        path.write_bytes(content)
        yield path


def make_uploaded(
    visit: Visit, name: str, scenario: Scenario, said: Mapping[str, Any]
) -> ScenarioRow:
    """Make the scenario of an uploaded file.

    Args:
        visit: who uploads.
        name: the file's.
        scenario: what it says.
        said: what the form says: "name" and "data", each "" for what the file says.

    Raises:
        AcutecastError: with every problem; `where` is a field of the form where it can be.
    """
    from acutecast.scenario import dump_scenario

    code, _, year = str(said.get("data", "")).partition("|")
    if year.isdecimal():
        chosen = {"dataset": code, "baseline_year": int(year)}
        scenario = scenario.model_copy(update=chosen)
    if not scenario.dataset:
        raise AcutecastError(
            Problem("the file does not say for which provider it is", "data", remedy="Choose one.")
        )
    _fits(visit, scenario, scenario.dataset, scenario.baseline_year)
    named = " ".join(str(said.get("name", "")).split())
    with _written(dump_scenario(scenario).encode()) as path:
        return upload_scenario(visit.workspace, visit.person, path, name=named or None, called=name)


def differences_of(visit: Visit, a: str, b: str) -> tuple[ScenarioRow, ScenarioRow, list[dict]]:
    """Find what two scenarios set differently.

    Raises:
        AcutecastError: where one is not chosen, or may not be seen.
    """
    raise_if_any(
        Problem("no scenario is chosen", field, remedy="Choose one.")
        for field, value in (("a", a), ("b", b))
        if not value
    )
    ws, person = visit.workspace, visit.person
    rows = differences(ws, person, a, b)
    return read_scenario(ws, person, a), read_scenario(ws, person, b), rows


def _start(visit: Visit, start: str, copied: str) -> dict[str, Any]:
    if start == "copy":
        return dict(read_scenario(visit.workspace, visit.person, copied).content)
    if start == "demo":
        from acutecast.synthetic.ambitions import DEMO_SCENARIO

        return dict(DEMO_SCENARIO)
    return {}


def _fits(visit: Visit, scenario: Scenario, code: str, year: int | None) -> None:
    """Raise where the scenario contradicts the provider's data, or there is none to see."""
    from acutecast.demand.people import last_year
    from acutecast.scenario import resolve

    fields = {"horizon_year": "horizon", "baseline_year": "data", "dataset": "data", code: "data"}
    try:
        data = provider(visit.workspace, visit.person, code, year)
        resolve(scenario, data.dataset, data.year, last_year(data.tables, data.year))
    except Forbidden as error:
        raise AcutecastError(
            Problem(
                f"you may not see data of {code}, or there is none",
                "data",
                remedy="Choose another provider.",
            )
        ) from error
    except AcutecastError as error:
        raise AcutecastError(
            [replace(p, where=fields.get(p.where, p.where)) for p in error.problems], error.title
        ) from error
