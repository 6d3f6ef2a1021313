"""What several people share: scenarios with their history, who may see what, and the queue of runs.

No page is in here, so that any front end can stand on it. Every function takes the person who
asks, and checks what they may do before it reads or writes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    from acutecast.workspace.access import Forbidden, Person, may
    from acutecast.workspace.changes import ChangeRow, content_at, history
    from acutecast.workspace.data import (
        Dataset,
        datasets,
        ensure_demo,
        evidence_root,
        provider,
    )
    from acutecast.workspace.edits import (
        Conflict,
        Edit,
        Edited,
        edit,
        revert_to,
        undo,
    )
    from acutecast.workspace.identity import identify
    from acutecast.workspace.jobs import (
        JobRow,
        cancel,
        delete_job,
        list_jobs,
        may_stop,
        open_result,
        read_job,
        submit,
        submit_new,
    )
    from acutecast.workspace.processes import start_workers
    from acutecast.workspace.rows import LastRun, ScenarioRow
    from acutecast.workspace.scenarios import (
        copy_scenario,
        create_scenario,
        delete_scenario,
        differences,
        export_scenario,
        list_scenarios,
        read_scenario,
        rename_scenario,
        restore_scenario,
        share_scenario,
        upload_scenario,
    )
    from acutecast.workspace.settings import Settings, read_settings
    from acutecast.workspace.worker import run_worker, work_forever, work_once
    from acutecast.workspace.workspace import Workspace, health, open_workspace

_HOMES = {
    "ChangeRow": "changes",
    "Conflict": "edits",
    "Dataset": "data",
    "Edit": "edits",
    "Edited": "edits",
    "Forbidden": "access",
    "JobRow": "jobs",
    "LastRun": "rows",
    "Person": "access",
    "ScenarioRow": "rows",
    "Settings": "settings",
    "Workspace": "workspace",
    "cancel": "jobs",
    "content_at": "changes",
    "copy_scenario": "scenarios",
    "create_scenario": "scenarios",
    "datasets": "data",
    "delete_job": "jobs",
    "delete_scenario": "scenarios",
    "differences": "scenarios",
    "edit": "edits",
    "ensure_demo": "data",
    "evidence_root": "data",
    "export_scenario": "scenarios",
    "health": "workspace",
    "history": "changes",
    "identify": "identity",
    "list_jobs": "jobs",
    "list_scenarios": "scenarios",
    "may": "access",
    "may_stop": "jobs",
    "open_result": "jobs",
    "open_workspace": "workspace",
    "provider": "data",
    "read_job": "jobs",
    "read_scenario": "scenarios",
    "read_settings": "settings",
    "rename_scenario": "scenarios",
    "restore_scenario": "scenarios",
    "revert_to": "edits",
    "run_worker": "worker",
    "share_scenario": "scenarios",
    "start_workers": "processes",
    "submit": "jobs",
    "submit_new": "jobs",
    "undo": "edits",
    "upload_scenario": "scenarios",
    "work_forever": "worker",
    "work_once": "worker",
}

__all__ = [
    "ChangeRow",
    "Conflict",
    "Dataset",
    "Edit",
    "Edited",
    "Forbidden",
    "JobRow",
    "LastRun",
    "Person",
    "ScenarioRow",
    "Settings",
    "Workspace",
    "cancel",
    "content_at",
    "copy_scenario",
    "create_scenario",
    "datasets",
    "delete_job",
    "delete_scenario",
    "differences",
    "edit",
    "ensure_demo",
    "evidence_root",
    "export_scenario",
    "health",
    "history",
    "identify",
    "list_jobs",
    "list_scenarios",
    "may",
    "may_stop",
    "open_result",
    "open_workspace",
    "provider",
    "read_job",
    "read_scenario",
    "read_settings",
    "rename_scenario",
    "restore_scenario",
    "revert_to",
    "run_worker",
    "share_scenario",
    "start_workers",
    "submit",
    "submit_new",
    "undo",
    "upload_scenario",
    "work_forever",
    "work_once",
]

# What the extra `app` brings, by the name under which it is imported.
_OF_EXTRA = {"sqlalchemy": "SQLAlchemy", "alembic": "Alembic"}


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        home = import_module(f"{__name__}.{_HOMES[name]}")
    except ModuleNotFoundError as error:
        package = _OF_EXTRA.get((error.name or "").partition(".")[0])
        if package is None:
            raise
        raise AcutecastError(
            Problem(
                f"the package {package}, which keeps what people share, is not installed",
                remedy="Install it with: pip install 'acutecast[app]'.",
            )
        ) from error
    return getattr(home, name)
