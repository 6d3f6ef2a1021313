"""Object stores by URL: what is there, and folders that are whole or not there at all.

A store has objects with long names, and neither folders nor renaming. One object is replaced whole;
several cannot be. So a folder counts as there when its mark is (`run.json` of a run), and the mark
goes last. Stores do this alike, and listings show what was written at once; a file system of any
other kind behind a URL works too as long as fsspec knows it.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4

from acutecast.errors import AcutecastError, Problem

UNFINISHED = ".unfinished-"
"""How names begin, right below a folder, of what a publish has not finished."""

_AZURE = {"abfs", "abfss", "az"}
_BUCKETS = _AZURE | {"gcs", "gs", "memory", "s3", "s3a"}
"""Protocols of stores that have no folders: making one there would make a bucket instead."""
_AT_ONCE = 8
_COPYING_SECONDS = 60.0
"""How long a store may take to copy an object within itself; Azure says so before it has."""
_RIGHTS = (
    "Check the name of the bucket or container, the credentials in the environment, and that they "
    "may list, read, write and delete there (docs/how-to/object-storage.md)."
)
_NO_BUCKET = "Make the bucket or container first, or check its name; none is made here."


def is_url(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path names a file system other than the local one ("s3://…")."""
    return "://" in str(path) and not str(path).startswith("file://")


def file_system(path: str | os.PathLike[str]) -> tuple[Any, str]:
    """Open the file system of a local path or fsspec URL.

    Returns:
        The fsspec file system and the path within it.

    Raises:
        AcutecastError: where the protocol is unknown, its package is not installed, or it has no
            credentials to begin with.
    """
    import fsspec

    try:
        return fsspec.core.url_to_fs(str(path))
    except ImportError as error:
        ours = _protocol(path) in _AZURE | {"s3", "s3a"}
        raise AcutecastError(
            Problem(
                f"the package that reads {_protocol(path)}:// is not installed",
                where=str(path),
                remedy="Install it with: pip install 'acutecast[cloud]'."
                if ours
                else f"{reason(error)}.",
            )
        ) from error
    except ValueError as error:
        remedy = _RIGHTS if _protocol(path) in _BUCKETS else ""
        raise AcutecastError(Problem(reason(error), where=str(path), remedy=remedy)) from error


def store_errors() -> tuple[type[Exception], ...]:
    """Give the errors that stores raise: those of files, and those of the packages in use."""
    found: list[type[Exception]] = [OSError]
    for module, name in (
        ("azure.core.exceptions", "AzureError"),
        ("botocore.exceptions", "BotoCoreError"),
        ("botocore.exceptions", "ClientError"),
    ):
        if module in sys.modules:
            found.append(getattr(sys.modules[module], name))
    return tuple(found)


def reason(error: Exception) -> str:
    """Give the first line of what an error says; packages of stores go on for many."""
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".! ") if lines else type(error).__name__


@contextmanager
def reaching(url: str | os.PathLike[str]) -> Iterator[None]:
    """Turn what goes wrong with a store into a problem of its URL.

    Raises:
        AcutecastError: where the store can't be reached or doesn't let us in.
        FileNotFoundError: where what was asked for is not there.
    """
    try:
        yield
    except (AcutecastError, FileNotFoundError):
        raise
    except Exception as error:
        if type(error).__name__ == "ResourceNotFoundError":  # Azure's, where adlfs passes it on
            raise FileNotFoundError(reason(error)) from error
        raise AcutecastError(
            Problem(f"the store cannot be used: {reason(error)}", str(url), remedy=_RIGHTS)
        ) from error


def bucket_problems(url: str | os.PathLike[str]) -> list[Problem]:
    """Say why nothing could be put at a URL: its bucket isn't there, or can't be listed."""
    try:
        with reaching(url), warnings.catch_warnings():
            # Credentials that may not look at a container itself: then it is taken to be there.
            warnings.simplefilter("ignore")
            system, root = file_system(url)
            # Amazon's packages say so themselves when they list; Azure's find nothing.
            if _found(system, root) or _protocol(url) not in _AZURE:
                return []
            if system.exists(root.strip("/").split("/")[0]):
                return []
    except FileNotFoundError:
        pass
    except AcutecastError as error:
        return list(error.problems)
    return [Problem("there is no such bucket or container", str(url), remedy=_NO_BUCKET)]


def sizes(url: str | os.PathLike[str], *, unfinished: bool = False) -> dict[str, int]:
    """Give the size of every file below a URL, by its path from there; none where there is none.

    Args:
        url: of a folder.
        unfinished: also what a publish has not finished.
    """
    with reaching(url):
        system, root = file_system(url)
        found = _listed(system, root)
    return found if unfinished else {n: s for n, s in found.items() if not n.startswith(UNFINISHED)}


def read(url: str | os.PathLike[str]) -> bytes:
    """Read an object.

    Raises:
        FileNotFoundError: where there is none.
    """
    with reaching(url):
        system, path = file_system(url)
        return system.cat_file(path)


def is_file(url: str | os.PathLike[str]) -> bool:
    """Tell whether there is an object of this name."""
    with reaching(url):
        system, path = file_system(url)
        system.invalidate_cache()
        return bool(system.isfile(path))


def write(url: str | os.PathLike[str], content: bytes) -> None:
    """Write an object, whole or not at all."""
    with _writing(url):
        system, path = file_system(url)
        _ready(system, url, [path])
        system.pipe_file(path, content)


def remove(url: str | os.PathLike[str], *, first: str = "", keep: Collection[str] = ()) -> None:
    """Remove what is below a URL.

    Args:
        url: of a folder; there need be nothing.
        first: the file that goes before all others, so that what is half removed isn't taken for
            whole.
        keep: files that stay, by their paths from the URL.
    """
    with reaching(url):
        system, root = file_system(url)
        names = [name for name in _listed(system, root) if name not in keep]
        _delete(system, root, [name for name in names if name == first])
        _delete(system, root, [name for name in names if name != first])
        if not keep:
            _drop(system, root)


def publish(folder: Path, url: str | os.PathLike[str], mark: str) -> None:
    """Copy a finished folder to a URL, in place of what is there.

    First everything is uploaded beside what is there, under a name of its own that begins with
    ".unfinished-": this takes long and may fail, and then nothing has changed. Then the old files
    are removed, their mark first; the new ones are copied into place within the store, the mark
    last; and what lay aside is removed. Readers see the old folder, none for a moment, or the new
    one, never a mix. Killed in between, a publish leaves the old folder or none, and files with
    that name, which nobody reads and the next publish to the URL removes.

    Args:
        folder: a local folder with the mark in it.
        url: where it goes; all other files below it are removed.
        mark: the file without which the folder counts as not there.

    Raises:
        AcutecastError: where the store can't be reached or written to; it says whether what was
            there still is.
    """
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    aside = f"{UNFINISHED}{uuid4().hex[:12]}"
    with _writing(url):
        system, root = file_system(url)
        root = root.rstrip("/")
        whole = {f"{aside}/{name}": size for name, size in files.items()}

        def upload(name: str) -> None:
            system.put_file(str(folder / name), f"{root}/{aside}/{name}")

        def place(name: str) -> None:
            try:
                system.cp_file(f"{root}/{aside}/{name}", f"{root}/{name}")
            except Exception:
                # Some credentials may write and not copy.
                system.put_file(str(folder / name), f"{root}/{name}")

        try:
            _ready(system, url, [f"{root}/{name}" for name in (*whole, *files)])
            _each(system, upload, files)
            there = _settle(system, root, whole, 0.0)
        except BaseException:
            with suppress(Exception):
                remove(f"{str(url).rstrip('/')}/{aside}")
            raise
        with _last_moment(url):
            # All of them, so that no size of an old file is taken for that of a new one.
            old = [name for name in there if not name.startswith(UNFINISHED)]
            _delete(system, root, [name for name in old if name == mark])
            _delete(system, root, [name for name in old if name != mark])
            rest = {name: size for name, size in files.items() if name != mark}
            _each(system, place, rest)
            _settle(system, root, rest, _COPYING_SECONDS)
            # Not a copy, so that it is there at once and whole.
            system.put_file(str(folder / mark), f"{root}/{mark}")
        with suppress(Exception):
            # The folder is whole; what is left of this goes with the next publish.
            left = [name for name in _listed(system, root) if name.startswith(UNFINISHED)]
            _delete(system, root, left)
            for name in {aside, *(name.split("/")[0] for name in left)}:
                _drop(system, f"{root}/{name}")


@contextmanager
def _writing(url: str | os.PathLike[str]) -> Iterator[None]:
    """As `reaching`; what is not there is the bucket then."""
    try:
        with reaching(url):
            yield
    except FileNotFoundError as error:
        raise AcutecastError(Problem(reason(error), str(url), remedy=_NO_BUCKET)) from error


@contextmanager
def _last_moment(url: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise AcutecastError(
            Problem(
                f"the store failed in the last moment ({reason(error)}), so nothing is there now",
                str(url),
                remedy="Give the same command again.",
            )
        ) from error


def _protocol(url: str | os.PathLike[str]) -> str:
    return str(url).split("://")[0]


def _listed(system: Any, root: str) -> dict[str, int]:
    try:
        return _found(system, root)
    except FileNotFoundError:
        return {}


def _found(system: Any, root: str) -> dict[str, int]:
    # Packages remember listings, and others write to the store too.
    system.invalidate_cache()
    found = system.find(root, detail=True)
    if not isinstance(found, dict):  # of a single file some packages give a list
        return {}
    start = root.rstrip("/") + "/"
    return {
        name[len(start) :]: about["size"]
        for name, about in found.items()
        # Objects that stand for folders are none of ours.
        if name.startswith(start) and about["type"] == "file" and not name.endswith("/")
    }


def _ready(system: Any, url: str | os.PathLike[str], paths: Iterable[str]) -> None:
    """Make folders where they are real ones."""
    if _protocol(url) not in _BUCKETS:
        for parent in {path.rsplit("/", 1)[0] for path in paths}:
            system.makedirs(parent, exist_ok=True)


def _each(system: Any, do: Callable[[str], None], names: Iterable[str]) -> None:
    """Do something with every name, some at once where the file system can."""
    at_once = _AT_ONCE if getattr(system, "async_impl", False) else 1
    with ThreadPoolExecutor(at_once) as pool:
        # Of the names that wait, none is begun once one has failed.
        for _ in pool.map(do, names):
            pass


def _delete(system: Any, root: str, names: Iterable[str]) -> None:
    """Remove files; it is no fault if others have."""
    paths = [f"{root.rstrip('/')}/{name}" for name in names]

    def gone(path: str) -> None:
        with suppress(FileNotFoundError):
            system.rm_file(path)

    if "s3" in system.protocol and paths:
        # A thousand in one request; Azure's package would ask for each whether it is there.
        system.rm(paths)
    else:
        _each(system, gone, paths)


def _drop(system: Any, path: str) -> None:
    """Remove the folder that is left of what was in it, where folders are real; never a bucket."""
    if "/" in path.strip("/"):
        with suppress(Exception):
            if system.isdir(path):
                system.rm(path, recursive=True)


def _settle(system: Any, root: str, files: dict[str, int], seconds: float) -> dict[str, int]:
    """Wait until files have their sizes: a store may copy for a while after it has answered.

    Returns:
        The size of every file there.
    """
    end = time.monotonic() + seconds
    while True:
        there = _listed(system, root)
        wrong = [name for name, size in files.items() if there.get(name) != size]
        if not wrong:
            return there
        if time.monotonic() >= end:
            raise OSError(f"{len(wrong)} files did not arrive whole, such as {wrong[0]}")
        Event().wait(0.2)
