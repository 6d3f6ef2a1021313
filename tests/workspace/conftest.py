"""Workspaces to try things in, on SQLite and on a PostgreSQL server of our own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from acutecast.workspace import Person, Settings, Workspace, open_workspace

# Samples of scenarios are those of the room where scenarios are tested.
sys.path.append(str(Path(__file__).parents[1] / "scenario"))
_NUMBERS = count(1)


def _data_root(folder: Path) -> Path:
    """Make folders as tables of two providers have them; most tests read no table."""
    for code, year in (("RXX", 2022), ("RXX", 2023), ("RYY", 2023)):
        (folder / "ip" / f"fyear={year}" / f"dataset={code}").mkdir(parents=True)
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home", data=(str(_data_root(tmp_path / "data")),))


@pytest.fixture
def ws(settings: Settings) -> Iterator[Workspace]:
    workspace = open_workspace(settings)
    yield workspace
    workspace.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_settings(request, settings: Settings) -> Settings:
    """Settings of a workspace on either database, empty."""
    if request.param == "sqlite":
        return settings
    return replace(settings, database=request.getfixturevalue("postgres_database"))


@pytest.fixture
def any_ws(any_settings: Settings) -> Iterator[Workspace]:
    """A workspace on either database."""
    workspace = open_workspace(any_settings)
    yield workspace
    workspace.close()


@pytest.fixture
def postgres_database(postgres: str) -> str:
    import psycopg

    name = f"acutecast_{next(_NUMBERS)}"
    with psycopg.connect(postgres + "/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{postgres}/{name}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server that lives as long as the tests; the beginning of its URLs."""
    pytest.importorskip("psycopg", reason="the package psycopg is not installed")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    found = str(programs[-1]) if programs else shutil.which("pg_ctl")
    if found is None:
        pytest.skip("no PostgreSQL server is installed")
    programs_folder = Path(found).parent
    folder = Path(tempfile.mkdtemp(prefix="acutecast-postgres-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to run as root
        import pwd

        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "postgres" if "postgres" in names else "nobody"
        shutil.chown(folder, user)
        as_user = ["runuser", "-u", user, "--"]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def do(program: str, *arguments: str) -> None:
        command = [*as_user, str(programs_folder / program), "-D", str(folder / "db"), *arguments]
        # Not through a pipe, which the server would keep open.
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

    try:
        do("initdb", "-U", "acutecast", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        )
        do("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield f"postgresql://acutecast@127.0.0.1:{port}"
        do("pg_ctl", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def anna() -> Person:
    return Person("anna@x.nhs.uk", "Anna", "analyst", ("RXX",))


@pytest.fixture
def ben() -> Person:
    return Person("ben@x.nhs.uk", "Ben", "analyst", ("RXX",))


@pytest.fixture
def rita() -> Person:
    return Person("rita@x.nhs.uk", "Rita", "reader", ("RXX",))


@pytest.fixture
def ada() -> Person:
    return Person("ada@x.nhs.uk", "Ada", "admin", ("RXX",))


@pytest.fixture
def olaf() -> Person:
    """An analyst of another provider."""
    return Person("olaf@y.nhs.uk", "Olaf", "analyst", ("RYY",))
