"""The workspace is made, brought up to date, and opened by many at once."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from acutecast import workspace
from acutecast.errors import AcutecastError
from acutecast.workspace import (
    Settings,
    Workspace,
    create_scenario,
    health,
    list_scenarios,
    open_workspace,
)
from acutecast.workspace.tables import METADATA, SCENARIO
from acutecast.workspace.workspace import now

OPEN = """
import sys
from pathlib import Path
from acutecast.workspace import Settings, open_workspace
open_workspace(Settings(Path(sys.argv[1]), database=sys.argv[2] or None)).close()
"""


def run_python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True
    )


def test_the_tables_are_those_that_the_code_uses(any_ws):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with any_ws.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    assert health(any_ws)["ok"]


def test_opened_again_it_holds_what_was_stored(any_settings, anna):
    first = open_workspace(any_settings)
    made = create_scenario(first, anna, None, "RXX", "Base")
    first.close()
    again = open_workspace(any_settings)
    assert list_scenarios(again, anna) == [made]
    again.close()


def test_several_processes_start_at_once(any_settings):
    home, database = str(any_settings.home), any_settings.database or ""
    started = [run_python(OPEN, home, database) for _ in range(3)]
    assert [process.communicate()[1] for process in started] == [""] * 3
    assert [process.returncode for process in started] == [0] * 3
    ws = open_workspace(any_settings)
    with ws.reading() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            ("0001",)
        ]
    ws.close()


def test_a_newer_database_is_left_alone(any_settings):
    ws = open_workspace(any_settings)
    with ws.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    ws.close()
    with pytest.raises(AcutecastError, match=r"newer Acutecast made the database.*Update"):
        open_workspace(any_settings)


SOMETHING = SCENARIO.insert().values(
    id="x", name="x", dataset="RXX", owner="x", shared=True, revision=1, content="{}",
    created_at=now(), changed_at=now(), changed_by="x",
)  # fmt: skip


def stored(ws: Workspace) -> list[str]:
    with ws.reading() as connection:
        return list(connection.execute(select(SCENARIO.c.id)).scalars())


def test_readers_do_not_wait_for_a_writer_nor_see_half_of_what_it_does(any_ws):
    with any_ws.writing() as connection:
        connection.execute(SOMETHING)
        assert stored(any_ws) == []
    assert stored(any_ws) == ["x"]


def fail_on_the_way(ws: Workspace) -> None:
    with ws.writing() as connection:
        connection.execute(SOMETHING)
        raise ZeroDivisionError


def test_a_failure_leaves_nothing_half_done(any_ws):
    with pytest.raises(ZeroDivisionError):
        fail_on_the_way(any_ws)
    assert stored(any_ws) == []


def test_a_writer_that_waited_in_vain_is_told_and_changes_nothing(settings, anna, monkeypatch):
    monkeypatch.setattr("acutecast.workspace.workspace.BUSY_SECONDS", 0.05)
    ws = open_workspace(settings)
    other = open_workspace(settings)
    with (
        other.writing(),
        pytest.raises(AcutecastError, match=r"could not be written.*Nothing was changed"),
    ):
        create_scenario(ws, anna, None, "RXX", "Base")
    assert list_scenarios(ws, anna) == []
    create_scenario(ws, anna, None, "RXX", "Base")
    for each in (ws, other):
        each.close()


def test_every_public_name_is_there():
    assert all(getattr(workspace, name) is not None for name in workspace.__all__)


@pytest.mark.parametrize(
    ("database", "words"),
    [
        ("sqlite://", "a database in a file"),
        ("sqlite:///:memory:", "a database in a file"),
        ("mysql://user:hush@host/x", "neither SQLite nor PostgreSQL"),
        ("hush", "is no URL"),
        ("postgresql+hush://host/x", "no such driver"),
        ("postgres://user:hush@127.0.0.1:1/x", "cannot be opened"),
        ("sqlite:////nowhere/x.db", "cannot be made"),
    ],
)
def test_databases_that_cannot_be_used(tmp_path, database, words):
    if "/nowhere" in database:
        (tmp_path / "file").write_text("")
        database = f"sqlite:///{tmp_path / 'file' / 'x.db'}"
    with pytest.raises(AcutecastError, match=words) as raised:
        open_workspace(Settings(tmp_path / "home", database=database))
    assert "hush@" not in str(raised.value)
    assert "Traceback" not in str(raised.value)


def test_a_home_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AcutecastError, match="nothing can be below it"):
        open_workspace(Settings(tmp_path / "file" / "home"))


def test_a_wrong_list_of_roles_is_told_at_the_start(settings, tmp_path):
    access = tmp_path / "access.toml"
    access.write_text('[people.bob]\nrole = "king"')
    with pytest.raises(AcutecastError, match="'king' is no role"):
        open_workspace(replace(settings, identity="proxy", access=access))


def test_without_the_extra_the_error_names_it():
    code = """
import sys
sys.modules["sqlalchemy"] = None
from acutecast.errors import AcutecastError
from acutecast.workspace import Person, Settings, identify
try:
    from acutecast.workspace import open_workspace
except AcutecastError as error:
    assert "acutecast[app]" in str(error), error
else:
    raise SystemExit("no error")
"""
    process = run_python(code)
    assert process.communicate()[1] == ""
    assert process.returncode == 0
