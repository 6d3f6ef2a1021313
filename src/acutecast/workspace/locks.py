"""A lock that one process holds at a time, on any operating system, without a package."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acutecast.errors import AcutecastError, Problem


@contextmanager
def alone(path: Path, seconds: float) -> Iterator[None]:
    """Hold the lock `path` while the block runs; others wait for it.

    The lock is an open transaction of an empty SQLite file, so the operating system frees it when
    its process dies, however it dies.

    Args:
        path: the file, made where it is missing; it stays.
        seconds: how long to wait for others.

    Raises:
        AcutecastError: where others held it all the time, or the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=seconds, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise AcutecastError(
            Problem(
                f"the file cannot be made ({error})", path.name,
                remedy="Check that the folder may be written.",
            )
        ) from error  # fmt: skip
    try:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise AcutecastError(
                Problem(
                    f"it could not be locked in {seconds:g} seconds ({error})", str(path),
                    remedy="Another process is at work here. Wait for it or end it; start again.",
                )
            ) from error  # fmt: skip
        yield
    finally:
        connection.close()
