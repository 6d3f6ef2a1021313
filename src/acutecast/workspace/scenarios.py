"""Scenarios that people share: make, upload, list, rename, share, copy, delete, compare."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace import content as contents
from acutecast.workspace import words
from acutecast.workspace.access import Person, demand
from acutecast.workspace.data import dataset_of
from acutecast.workspace.edits import Edit, edit
from acutecast.workspace.rows import (
    ScenarioRow,
    add_row,
    checked_reason,
    locked_row,
    of_providers,
    query,
    read_row,
    row_of,
    set_row,
    visible,
)
from acutecast.workspace.tables import SCENARIO
from acutecast.workspace.workspace import Workspace, clock

__all__ = [
    "ScenarioRow",
    "copy_scenario",
    "create_scenario",
    "delete_scenario",
    "differences",
    "export_scenario",
    "list_scenarios",
    "read_scenario",
    "rename_scenario",
    "restore_scenario",
    "share_scenario",
    "upload_scenario",
]

_FORMS = ("acutecast", "nhp")
_COPY = " (copy)"


def list_scenarios(ws: Workspace, person: Person, deleted: bool = False) -> list[ScenarioRow]:
    """List the scenarios that a person may see, the newest change first.

    Args:
        ws: the workspace.
        person: who asks.
        deleted: list those that are deleted and that the person may restore, instead.
    """
    wanted = SCENARIO.c.deleted_at.is_not(None) if deleted else SCENARIO.c.deleted_at.is_(None)
    newest = query().where(wanted, of_providers(person))
    newest = newest.order_by(SCENARIO.c.changed_at.desc(), SCENARIO.c.id)
    with ws.reading() as connection:
        found = [row_of(row) for row in connection.execute(newest)]
    return [row for row in found if visible(row, person)]


def read_scenario(ws: Workspace, person: Person, scenario_id: str) -> ScenarioRow:
    """Read a scenario; a deleted one is there for those who may restore it.

    Raises:
        Forbidden: where there is none, or the person may not see it.
    """
    with ws.reading() as connection:
        return read_row(connection, person, scenario_id)


def create_scenario(
    ws: Workspace,
    person: Person,
    content: Mapping[str, Any] | None = None,
    dataset: str | None = None,
    name: str | None = None,
    shared: bool = False,
    copied_from: str | None = None,
) -> ScenarioRow:
    """Make a scenario, owned by the person.

    Args:
        ws: the workspace.
        person: who makes it.
        content: of a scenario file of ours or an NHP parameter file; None for one that assumes
            nothing but what the model does by itself.
        dataset: the code of the provider; that of the content if None.
        name: what to call it; as the content does if None.
        shared: whether all who may see the provider may see it.
        copied_from: the scenario that the content comes from, if any.

    Raises:
        Forbidden: where the person may not make one on this provider.
        AcutecastError: with everything wrong with the content.
    """
    if copied_from is not None:
        read_scenario(ws, person, copied_from)
    if content is None:
        content = {"name": name or "New scenario"}
        if dataset is not None:
            content |= {"baseline_year": dataset_of(ws, person, dataset).year}
    kind = "create" if copied_from is None else "copy"
    return _add(ws, person, content, dataset, name, kind, shared, copied_from)


def upload_scenario(
    ws: Workspace,
    person: Person,
    file: os.PathLike[str],
    dataset: str | None = None,
    name: str | None = None,
    shared: bool = False,
    *,
    called: str = "The file",
) -> ScenarioRow:
    """Make a scenario from a file of ours or an NHP parameter file.

    Args:
        ws: the workspace.
        person: who uploads it.
        file: where it is on this machine.
        dataset: the code of the provider; that of the file if None.
        name: what to call it; as the file does if None.
        shared: whether all who may see the provider may see it.
        called: what its owner calls the file, for messages.

    Raises:
        Forbidden: where the person may not make one on this provider.
        AcutecastError: with everything wrong with the file.
    """
    from acutecast.api.runs import load_scenario

    try:
        content = contents.plain(load_scenario(os.fspath(file)))
    except AcutecastError as error:
        raise AcutecastError(error.problems, called) from error
    return _add(ws, person, content, dataset, name, "upload", shared, None, called)


def copy_scenario(
    ws: Workspace,
    person: Person,
    scenario_id: str,
    name: str | None = None,
    dataset: str | None = None,
    shared: bool = False,
) -> ScenarioRow:
    """Copy a scenario; the copy is the person's own.

    Args:
        ws: the workspace.
        person: who copies.
        scenario_id: the scenario.
        name: what to call the copy.
        dataset: another provider, whose newest year then is the baseline; the same if None.
        shared: whether all who may see the provider may see it.

    Raises:
        Forbidden: where there is no such scenario, or the person may not make one.
    """
    source = read_scenario(ws, person, scenario_id)
    content = dict(source.content)
    if dataset is not None and dataset != source.dataset:
        content["baseline_year"] = dataset_of(ws, person, dataset).year
    if name is None:
        name = source.name[: contents.LONGEST_NAME - len(_COPY)] + _COPY
    called = f"{source.name}, revision {source.revision}"
    return _add(
        ws, person, content, dataset or source.dataset, name, "copy", shared, source.id, called
    )


def rename_scenario(ws: Workspace, person: Person, scenario_id: str, name: str) -> ScenarioRow:
    """Give a scenario another name.

    Raises:
        Forbidden: where there is no such scenario, or the person may not edit it.
        AcutecastError: where it cannot be called so.
    """
    row = read_scenario(ws, person, scenario_id)
    return edit(ws, person, scenario_id, row.revision, [Edit(("name",), name)], force=True).row


def share_scenario(
    ws: Workspace, person: Person, scenario_id: str, shared: bool = True
) -> ScenarioRow:
    """Let all who may see the provider see a scenario, or nobody but its owner and admins.

    Raises:
        Forbidden: where there is no such scenario, or the person may not decide this.
    """
    with ws.writing() as connection:
        row = locked_row(connection, person, "share", scenario_id)
        if row.shared != shared:
            changed = [((), row.shared, shared)]
            set_row(connection, person, row, "share", changed, shared=shared)
        return read_row(connection, person, scenario_id)


def delete_scenario(ws: Workspace, person: Person, scenario_id: str) -> ScenarioRow:
    """Delete a scenario; it can be restored.

    Raises:
        Forbidden: where there is no such scenario, or the person may not delete it.
    """
    return _set_deleted(ws, person, scenario_id, deleted=True)


def restore_scenario(ws: Workspace, person: Person, scenario_id: str) -> ScenarioRow:
    """Restore a scenario that was deleted.

    Raises:
        Forbidden: where there is no such scenario, or the person may not restore it.
    """
    return _set_deleted(ws, person, scenario_id, deleted=False)


def export_scenario(
    ws: Workspace, person: Person, scenario_id: str, form: str = "acutecast"
) -> str:
    """Write a scenario as the text of a file.

    Args:
        ws: the workspace.
        person: who asks.
        scenario_id: the scenario.
        form: "acutecast" for ours, "nhp" for a parameter file of the NHP model.

    Raises:
        Forbidden: where there is no such scenario, or the person may not see it.
        AcutecastError: with everything that an NHP parameter file cannot say.
    """
    from acutecast.scenario import dump_scenario, to_nhp

    if form not in _FORMS:
        raise AcutecastError(
            Problem(f'"{form}" is no form of a file', remedy=f"Use {' or '.join(_FORMS)}.")
        )
    scenario = contents.parsed(read_scenario(ws, person, scenario_id).content)
    if form == "acutecast":
        return dump_scenario(scenario)
    return json.dumps(to_nhp(scenario), indent=2, ensure_ascii=False) + "\n"


def differences(ws: Workspace, person: Person, id_a: str, id_b: str) -> list[dict[str, str]]:
    """Say in what two scenarios differ.

    Returns:
        Rows with path, label (what stands there, as people read it), a and b (in words).

    Raises:
        Forbidden: where the person may not see both.
    """
    from acutecast.scenario import diff_scenarios

    pair = [read_scenario(ws, person, scenario_id) for scenario_id in (id_a, id_b)]
    a, b = (contents.parsed(row.content) for row in pair)
    return [
        {"path": row["path"], "label": words.label_of_name(row["path"]), **row}
        for row in diff_scenarios(a, b)
    ]


def _add(
    ws: Workspace,
    person: Person,
    content: Mapping[str, Any],
    dataset: str | None,
    name: str | None,
    kind: str,
    shared: bool,
    copied_from: str | None,
    reason: str = "",
) -> ScenarioRow:
    scenario = fitted(ws, person, content, dataset, name)
    scenario_id = uuid4().hex
    with ws.writing() as connection:
        add_row(
            connection, person, scenario, kind, scenario_id=scenario_id, shared=shared,
            copied_from=copied_from, reason=checked_reason(reason),
        )  # fmt: skip
        return read_row(connection, person, scenario_id)


def fitted(
    ws: Workspace,
    person: Person,
    content: Mapping[str, Any],
    dataset: str | None,
    name: str | None,
) -> dict[str, Any]:
    """Give content in normal form, for a provider on whose data the person may make scenarios.

    Args:
        ws: the workspace.
        person: who makes a scenario of it.
        content: of a scenario file of ours or an NHP parameter file.
        dataset: the code of the provider; that of the content if None.
        name: what to call it; as the content does if None.

    Raises:
        Forbidden: where the person may not make one on this provider.
        AcutecastError: with everything wrong with the content.
    """
    scenario = contents.plain(contents.parsed(content))
    code = dataset or scenario.get("dataset")
    if not code:
        raise AcutecastError(
            Problem("is not set", "dataset", remedy="Choose the provider that it is for.")
        )
    dataset_of(ws, person, code)
    demand(person, "edit", code)
    said = {"name": scenario["name"] if name is None else name, "dataset": code}
    return contents.normal({**scenario, **said})


def _set_deleted(ws: Workspace, person: Person, scenario_id: str, *, deleted: bool) -> ScenarioRow:
    with ws.writing() as connection:
        row = locked_row(connection, person, "delete", scenario_id)
        if (row.deleted_at is not None) != deleted:
            kind = "delete" if deleted else "restore"
            when = clock(connection) if deleted else None
            set_row(connection, person, row, kind, [((), None, None)], deleted_at=when)
        return read_row(connection, person, scenario_id)
