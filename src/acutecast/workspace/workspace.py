"""The workspace: its folder and its database, made and brought up to date where it is opened."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as NoneFree

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import check_folder_place, writing
from acutecast.stores import bucket_problems
from acutecast.system_errors import in_words, no_room
from acutecast.workspace.locks import alone
from acutecast.workspace.settings import Settings

BUSY_SECONDS = 10
"""How long a writer waits for another one."""

LEAST_FREE = 50_000_000
"""Bytes of a disk below which it counts as full: a run with its tables takes up to that."""

_STARTING_SECONDS = 120
_MIGRATIONS = "acutecast.workspace:migrations"
# Any number that no other program takes as an advisory lock on the same PostgreSQL database.
_ADVISORY = 0x41637574
# A connection whose other end is gone without a word is given up after half a minute, as a worker
# is; by itself the operating system waits for hours.
_PATIENCE = {
    "connect_timeout": BUSY_SECONDS, "keepalives": 1, "keepalives_idle": 15,
    "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000,
}  # fmt: skip
_REMEDY = (
    "Write a file such as sqlite:////srv/acutecast/acutecast.db, or "
    "postgresql+psycopg://user:password@host/database."
)


class NoAnswer(AcutecastError):
    """The database does not answer at the moment; nothing was changed."""


def now() -> datetime:
    """Give the time of this machine as the tables hold it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def clock(connection: Connection) -> datetime:
    """Give the time as the tables hold it, by the clock of the database, which all machines share.

    All who use one SQLite file are on one machine, whose clock it is.
    """
    if connection.dialect.name == "sqlite":
        return now()
    return connection.execute(select(func.timezone("UTC", func.clock_timestamp()))).scalar_one()


@dataclass(frozen=True, eq=False)
class Workspace:
    """What people share.

    Threads may use one workspace at the same time; processes open one each.

    Attributes:
        engine: the database, migrated. Its transactions are for writing unless begun by
            `reading`.
        settings: how the installation is set up.
    """

    engine: Engine
    settings: Settings

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees the database as it is now, until the block ends.

        Raises:
            NoAnswer: where the database does not answer.
        """
        with _in_words("read"), self.engine.connect() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection.execution_options(reading=True)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are all made when the block ends, or none of them.

        In SQLite one writer works at a time and others wait for it; in PostgreSQL the rows that
        are read to be changed must be locked (`with_for_update`).

        Raises:
            NoAnswer: where the database cannot be written now; nothing is stored.
        """
        with _in_words("written"), self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close the connections; the workspace can be used again all the same."""
        self.engine.dispose()


def in_turn(connection: Connection, name: str) -> None:
    """Wait for others who write and say the same name, until this transaction ends.

    What one of them then counts, the others have stored. In SQLite all who write take turns anyway.
    """
    if connection.dialect.name == "postgresql":
        wait = text("SELECT pg_advisory_xact_lock(:key, hashtext(:name))")
        connection.execute(wait, {"key": _ADVISORY, "name": name})


@contextmanager
def _in_words(done: str) -> Iterator[None]:
    try:
        yield
    except (OperationalError, NoneFree) as error:
        said = error.orig if isinstance(error, OperationalError) else error
        system = in_words(said) if said is not None else None
        remedy = "Nothing was changed. Try again in a moment."
        if system is not None and system.what == no_room():
            remedy = "Nothing was changed. Whoever looks after the installation must make room."
        why = system.what if system is not None else _first_line(said)
        raise NoAnswer(
            Problem(f"the database could not be {done} ({why})", remedy=remedy)
        ) from error


def open_workspace(settings: Settings) -> Workspace:
    """Open a workspace: make its folder and database where missing, and bring them up to date.

    Several processes may do so at the same time.

    Raises:
        AcutecastError: where folder, database or the store of results cannot be used, where a newer
            Acutecast made the database, and with everything wrong with the file of roles.
    """
    from acutecast.workspace.access_file import read_access

    if settings.access is not None:
        read_access(settings.access)
    check_folder_place(settings.home)
    with writing(settings.home):
        settings.home.mkdir(parents=True, exist_ok=True)
    if isinstance(settings.runs, str):
        # Of a run that there is not, so that little is listed.
        raise_if_any(bucket_problems(settings.folder_of("none")), "The results cannot be stored")
    url = _checked_url(settings.url)
    engine = _engine(url)
    try:
        if url.get_backend_name() == "sqlite":
            file = Path(str(url.database))
            with alone(file.with_name(f"{file.name}.lock"), _STARTING_SECONDS):
                with engine.connect() as connection:
                    # Stays with the file. Readers then never wait for the writer.
                    _at_once(connection, "PRAGMA journal_mode=WAL")
                with engine.begin() as connection:
                    _migrate(connection)
        else:
            with engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY})
                _migrate(connection)
    except DBAPIError as error:
        engine.dispose()
        raise AcutecastError(
            Problem(
                f"the database cannot be opened: {_first_line(error.orig)}",
                url.render_as_string(hide_password=True),
                remedy="Check that it is there and that it may be written.",
            )
        ) from error
    except AcutecastError:
        engine.dispose()
        raise
    return Workspace(engine, settings)


def health(ws: Workspace) -> dict[str, Any]:
    """Say whether the workspace can be used, with nothing that a stranger may not know.

    Returns:
        ok, whether the database and the folders can be used; version, Acutecast's; problems, what
        is wrong, in words.
    """
    from acutecast import __version__

    problems = []
    try:
        with ws.reading() as connection:
            connection.execute(text("SELECT count(*) FROM alembic_version"))
    except (DBAPIError, AcutecastError):
        problems.append("the database does not answer")
    folders = {"the folder of the workspace": ws.settings.home}
    if isinstance(ws.settings.runs, Path) and ws.settings.runs.is_dir():
        folders["the folder of the runs"] = ws.settings.runs
    for called, folder in folders.items():
        wrong = _unwritable(folder)
        problems += [f"{called}: {wrong}"] if wrong else []
    return {"ok": not problems, "version": __version__, "problems": problems}


def _unwritable(folder: Path) -> str:
    """Say why nothing can be stored in a folder; "" where it can."""
    try:
        free = shutil.disk_usage(folder).free
        if free < LEAST_FREE:
            return f"less than {LEAST_FREE / 1e6:,.0f} MB of its disk are free"
        # Quotas, rights and disks that fail are only seen by writing.
        with tempfile.TemporaryFile(dir=folder, prefix=".health.") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        found = in_words(error)
        return found.what if found is not None else "it cannot be written"
    return ""


def _checked_url(given: str) -> URL:
    try:
        url = make_url(given)
    except ArgumentError as error:
        # The text may hold a password, so it is not repeated.
        raise AcutecastError(
            Problem("is no URL of a database", "ACUTECAST_DATABASE", remedy=_REMEDY)
        ) from error
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    shown = url.render_as_string(hide_password=True)
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise AcutecastError(
            Problem("the database is neither SQLite nor PostgreSQL", shown, remedy=_REMEDY)
        )
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise AcutecastError(
            Problem("several processes need a database in a file", shown, remedy=_REMEDY)
        )
    return url


def _engine(url: URL) -> Engine:
    try:
        if url.get_backend_name() != "sqlite":
            ours = url.get_driver_name().startswith("psycopg")
            patience = {k: v for k, v in _PATIENCE.items() if ours and k not in url.query}
            return create_engine(url, pool_pre_ping=True, connect_args=patience)
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
    except NoSuchModuleError as error:
        raise AcutecastError(
            Problem("there is no such driver", url.drivername, remedy=_REMEDY)
        ) from error
    except ModuleNotFoundError as error:
        raise AcutecastError(
            Problem(
                f"the package {error.name}, which speaks to the database, is not installed",
                url.drivername,
                remedy="Install it with: pip install 'acutecast[postgres]'.",
            )
        ) from error
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: Any) -> None:
    # Python's own transactions begin only at the first change; ours begin where they are begun.
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=ON")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes then fails where another wrote in between, so
    # one that may write takes its turn at once.
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _at_once(connection: Connection, statement: str) -> None:
    """Do what SQLite refuses within a transaction."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()


def _migrate(connection: Connection) -> None:
    """Bring the tables up to date, within the transaction that was begun."""
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    # What it says of every start is nothing to whoever runs the application.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is not None and current not in {s.revision for s in scripts.walk_revisions()}:
        raise AcutecastError(
            Problem(
                f"a newer Acutecast made the database (its layout is {current}, and this one "
                f"knows up to {scripts.get_current_head()})",
                connection.engine.url.render_as_string(hide_password=True),
                remedy="Update Acutecast, or name another database.",
            )
        )
    command.upgrade(config, "head")


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip().splitlines() or ["no answer"])[0].rstrip(".")
