"""Paths that may be local or any fsspec URL, and writes that are whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from acutecast.errors import AcutecastError, Problem

_EXTRAS = {"abfs": "cloud", "abfss": "cloud", "az": "cloud", "s3": "cloud", "s3a": "cloud"}


def is_url(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path names a file system other than the local one ("s3://…")."""
    return "://" in str(path) and not str(path).startswith("file://")


def local(path: str | os.PathLike[str]) -> Path:
    """Give the path on this machine that a path or "file://" URL names."""
    return Path(str(path).removeprefix("file://"))


def file_system(path: str | os.PathLike[str]) -> tuple[Any, str]:
    """Open the file system of a local path or fsspec URL.

    Returns:
        The fsspec file system and the path within it.

    Raises:
        AcutecastError: where the protocol is unknown or its package is not installed.
    """
    import fsspec

    protocol = str(path).split("://")[0]
    try:
        return fsspec.core.url_to_fs(str(path))
    except ImportError as error:
        extra = _EXTRAS.get(protocol, "cloud")
        raise AcutecastError(
            Problem(
                f"the package that reads {protocol}:// is not installed",
                where=str(path),
                remedy=f"Install it with: pip install 'acutecast[{extra}]'.",
            )
        ) from error
    except ValueError as error:
        raise AcutecastError(Problem(f"{error}", where=str(path))) from error


def folder_problems(
    target: str | os.PathLike[str], mark: str, already: str, *, replace: bool
) -> list[Problem]:
    """Say what keeps a folder from being made: nothing but our own may be replaced.

    Args:
        target: the folder to be.
        mark: the file, from the folder, that says that an earlier one is ours.
        already: what to say of an earlier one ("the folder holds a run already").
        replace: whether an earlier one may be replaced.
    """
    path = local(target)
    if is_url(target) or not path.exists():
        return []
    if not path.is_dir():
        return [Problem("is a file, not a folder", str(target), remedy="Name a new folder.")]
    if not any(path.iterdir()):
        return []
    if not (path / mark).exists():
        return [
            Problem("the folder has other files in it", str(target), remedy="Name a new folder.")
        ]
    if replace:
        return []
    return [
        Problem(
            already, str(target),
            remedy="Name another folder, or allow it to be replaced (--replace).",
        )
    ]  # fmt: skip


@contextmanager
def whole_folder(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a folder to fill that becomes `target` only if the block ends without an error.

    An existing `target` is replaced; until then it is untouched. The scratch folder lies beside
    the target, so that the final step is a rename on one disk.
    """
    target = local(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield scratch
        scratch.chmod(0o755)
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
            target.rename(old / target.name)
            scratch.rename(target)
            shutil.rmtree(old)
        else:
            scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def move_into(source: Path, target: Path) -> None:
    """Move the files of a finished folder into another, each whole; other files there stay."""
    target.mkdir(parents=True, exist_ok=True)
    for file in sorted(source.iterdir()):
        file.replace(target / file.name)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file whole or not at all."""
    path = local(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)
