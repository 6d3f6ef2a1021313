"""Paths that may be local or any fsspec URL, and writes that are whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acutecast import scratch as scratches
from acutecast import stores
from acutecast.errors import AcutecastError, Problem, option, raise_if_any
from acutecast.stores import file_system, is_url, reason, store_errors
from acutecast.system_errors import in_words
from acutecast.untrusted import safe_cell, safe_table

__all__ = [
    "MARK", "check_file_place", "check_folder_place", "check_names", "exists", "file_system",
    "folder_problems", "in_words", "is_url", "joined", "local", "local_only", "move_into",
    "place_problems", "read_bytes", "read_text", "reason", "remove", "removed_if_new",
    "safe_cell", "safe_table", "scratch_beside", "sizes", "store_errors", "whole_folder",
    "with_folder", "write_bytes", "write_text", "writing",
]  # fmt: skip

MARK = "run.json"
"""The file without which a folder holds no run."""
LEAST_ROOM = 1 << 20
"""Bytes without which nothing is begun: the smallest run folder takes about as much."""
_PROBE = 1 << 16
_NO_NAME = frozenset("/\\*?[")


def local(path: str | os.PathLike[str]) -> Path:
    """Give the path on this machine that a path or "file://" URL names."""
    return Path(str(path).removeprefix("file://"))


def local_only(path: str | os.PathLike[str], what: str) -> Path:
    """Give the path on this machine of something that is written to no store.

    Args:
        path: where it goes.
        what: how the error begins that a URL is ("the NHP layout is").

    Raises:
        AcutecastError: for URLs.
    """
    if is_url(path):
        raise AcutecastError(
            Problem(f"{what} written to a local folder", str(path), remedy="Name a local path.")
        )
    return local(path)


def with_folder(path: str | os.PathLike[str]) -> str:
    """Give the name of a file with its folder's, as messages name it: "opa/DEMO-2023.csv"."""
    return "/".join(local(path).parts[-2:])


def check_names(*names: str) -> None:
    """Make sure that names which come from data name each one thing in a folder, and nothing else.

    Codes of providers, tables of a run and systems of a scenario become parts of paths. None may
    lead out of its folder ("..", "a/b", "C:", Windows separators too), end it (NUL, line breaks)
    or stand for several ("*").

    Raises:
        AcutecastError: with every name that does not.
    """
    raise_if_any(
        Problem(
            "cannot be the name of a file or folder",
            name.encode("unicode_escape").decode("ascii"),
            remedy="Use letters, digits, - and _.",
        )
        for name in names
        if name in ("", ".", "..")
        or _NO_NAME.intersection(name)
        or name[1:2] == ":"
        or any(unicodedata.category(letter) in ("Cc", "Cs") for letter in name)
    )


def joined(root: str | os.PathLike[str], *parts: str) -> str:
    """Give the path of something below a folder or URL; parts may have several names ("a/b").

    Raises:
        AcutecastError: where a part would lead out of the folder (`check_names`).
    """
    check_names(*(name for part in parts for name in part.split("/")))
    if is_url(root):
        return "/".join([str(root).rstrip("/"), *parts])
    return str(local(root).joinpath(*parts))


def exists(path: str | os.PathLike[str]) -> bool:
    """Tell whether there is a file.

    Raises:
        AcutecastError: where the store of a URL can't be used.
    """
    return stores.is_file(path) if is_url(path) else local(path).is_file()


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read a file.

    Raises:
        FileNotFoundError: where there is none.
        AcutecastError: where the store of a URL can't be used.
    """
    return stores.read(path) if is_url(path) else local(path).read_bytes()


def read_text(path: str | os.PathLike[str]) -> str:
    """Read a text file; it raises what `read_bytes` does."""
    return read_bytes(path).decode("utf-8")


def sizes(root: str | os.PathLike[str]) -> dict[str, int]:
    """Give the size of each file below a folder or URL by its path from there; none if it is not.

    What a publish to a store has not finished is left out.

    Raises:
        AcutecastError: where the store of a URL can't be used.
    """
    if is_url(root):
        return stores.sizes(root)
    folder = local(root)
    files = (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else ()
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}


def remove(root: str | os.PathLike[str], mark: str = MARK) -> None:
    """Remove what is in a folder or below a URL, if there is anything.

    Args:
        root: the folder or URL.
        mark: the file that goes first, so that what is half removed isn't taken for whole.

    Raises:
        AcutecastError: where the store of a URL can't be used.
    """
    if is_url(root):
        stores.remove(root, first=mark)
        return
    folder = local(root)
    if folder.exists():
        (folder / mark).unlink(missing_ok=True)
        shutil.rmtree(folder)


def folder_problems(
    target: str | os.PathLike[str], mark: str, already: str, *, replace: bool
) -> list[Problem]:
    """Say what keeps a folder from being made: nothing but our own may be replaced.

    Args:
        target: the folder to be, or a URL.
        mark: the file, from the folder, that says that an earlier one is ours.
        already: what to say of an earlier one ("the folder holds a run already").
        replace: whether an earlier one may be replaced.

    Raises:
        AcutecastError: where the store of a URL can't be used.
    """
    # A mark further below says that the folder itself is filled and stays.
    problems = place_problems(target, replaced="/" not in mark)
    if problems:
        return problems
    if is_url(target):
        there = stores.sizes(target, unfinished=True)
        if not there:
            return stores.bucket_problems(target)
        # What a killed publish left is ours too.
        ours = mark in there or any(name.startswith(stores.UNFINISHED) for name in there)
        whole = mark in there
    else:
        path = local(target)
        if not path.exists():
            return []
        if not path.is_dir():
            return [Problem("is a file, not a folder", str(target), remedy="Name a new folder.")]
        if not any(path.iterdir()):
            return []
        ours = whole = (path / mark).exists()
    if not ours:
        return [
            Problem("the folder has other files in it", str(target), remedy="Name a new folder.")
        ]
    if replace or not whole:
        return []
    return [
        Problem(
            already, str(target),
            remedy=f"Name another folder, or allow it to be replaced: {option('replace')}.",
        )
    ]  # fmt: skip


def place_problems(
    target: str | os.PathLike[str], *, needs: int = LEAST_ROOM, replaced: bool = False
) -> list[Problem]:
    """Say what keeps a file or folder from being written, before the work that fills it.

    Something is really written there and removed: rights, quotas and read-only disks show in no
    other way.

    Args:
        target: the file or folder to be, whose folder need not be there; of a URL nothing is said.
        needs: the bytes that it takes, as far as they are known.
        replaced: whether a folder is made beside and put in its place as a whole.
    """
    if is_url(target):
        return []
    unfit = [c for c in str(target) if unicodedata.category(c) in ("Cc", "Cs")]
    if unfit:
        what = "the name has a line break or another character that is none to read"
        shown = str(target).encode("unicode_escape").decode("ascii")
        return [Problem(what, shown, remedy="Name it with letters, digits, - and _.")]
    path = Path(os.path.abspath(local(target)))  # keeps links as they are
    try:
        if path.is_symlink() and not path.exists():
            return [Problem("is a link to nothing", str(target), remedy="Remove it.")]
        if replaced and path.is_mount():
            return [Problem("is a disk's own folder, which cannot be replaced", str(target),
                            remedy="Name a folder in it.")]  # fmt: skip
        # The first folder above that is there, and what is to be made below it.
        filled = path.is_dir() and not replaced
        inner = path / "new" if filled else path
        above = next(folder for folder in inner.parents if os.path.lexists(folder))
        if not above.is_dir():
            return [Problem(f"{above} is a file, so nothing can be below it", str(target),
                            remedy="Name a path below a folder.")]  # fmt: skip
        with tempfile.TemporaryDirectory(prefix=".acutecast-", dir=above) as probe:
            # Files are made beside under a longer name.
            names = inner.relative_to(above).parts
            file = Path(probe).joinpath(*names[:-1], f".{names[-1]}.new.12345678")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(bytes(_PROBE))
        free = shutil.disk_usage(above).free
    except (OSError, ValueError) as error:
        return [in_words(error, target) or Problem(reason(error), str(target))]
    if free < needs:
        return [
            Problem(
                f"{_megabytes(free)} MB are free on the disk, and this takes about "
                f"{_megabytes(needs)} MB",
                str(target),
                remedy="Make room there, or name a place on another disk.",
            )
        ]
    return []


def check_file_place(target: str | os.PathLike[str]) -> None:
    """Make sure that a file can be written, before the work that makes its content.

    Raises:
        AcutecastError: where it is a folder, or `place_problems` has something to say.
    """
    problems = place_problems(target)
    if not problems and not is_url(target) and local(target).is_dir():
        problems = [Problem("is a folder, not a file", str(target), remedy="Name a file in it.")]
    raise_if_any(problems)


def check_folder_place(target: str | os.PathLike[str]) -> None:
    """Make sure that a folder can be filled, before the work; what is in it stays.

    Raises:
        AcutecastError: where it is a file, or `place_problems` has something to say.
    """
    problems = place_problems(target)
    if not problems and not is_url(target) and local(target).is_file():
        problems = [Problem("is a file, not a folder", str(target), remedy="Name a folder.")]
    raise_if_any(problems)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f}" if size >= 1e7 else f"{size / 1e6:.1f}"


@contextmanager
def writing(
    target: str | os.PathLike[str], scratch: str | os.PathLike[str] | None = None
) -> Iterator[None]:
    """Turn what the operating system refuses while something is written into a problem of it.

    Args:
        target: what is written, as the user named it.
        scratch: where it is written first; a refusal of any other file names that one.

    Raises:
        AcutecastError: with the path, the reason in words and what to do.
    """
    try:
        yield
    except AcutecastError:
        raise
    except Exception as error:
        where: str | os.PathLike[str] = target
        named = getattr(error, "filename", None)
        if isinstance(named, str) and scratch is not None:
            inside = Path(named).is_relative_to(scratch) or Path(named).is_relative_to(
                local(target)
            )
            where = target if inside else named
        problem = in_words(error, where)
        if problem is None:
            raise
        raise AcutecastError(problem) from error


@contextmanager
def whole_folder(target: str | os.PathLike[str], mark: str = MARK) -> Iterator[Path]:
    """Give a folder to fill that becomes `target` only if the block ends without an error.

    An existing `target` is replaced; until then it is untouched. On a disk the scratch folder lies
    beside the target, so that the final step is a rename. On a store, which renames nothing, it is
    published as `acutecast.stores.publish` says: readers see the old folder, none for a moment, or
    the new one.

    Args:
        target: a folder or an fsspec URL.
        mark: on a store, the file without which the folder counts as not there.

    Raises:
        AcutecastError: where a store can't be reached or written to, or a disk is full or can
            only be read; what was there then is there.
    """
    if is_url(target):
        with scratches.scratch_folder("publish") as scratch, writing(scratch):
            yield scratch
            stores.publish(scratch, target, mark)
        return
    with scratch_beside(local(target)) as scratch:
        yield scratch
        _put(scratch, local(target))


@contextmanager
def removed_if_new(target: str | os.PathLike[str]) -> Iterator[None]:
    """Fill a local folder in several steps; where one fails, the folder goes if it is new."""
    there = local(target).exists()
    try:
        yield
    except BaseException:
        if not there:
            shutil.rmtree(local(target), ignore_errors=True)
        raise


@contextmanager
def scratch_beside(target: Path) -> Iterator[Path]:
    """Give a folder beside a target, on its disk, that goes with the block.

    Those that killed processes left beside it go first.

    Raises:
        AcutecastError: where the operating system refuses something in it.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{target.name}.new."
        scratches.clear(target.parent, prefix, target)
        scratch, lock = scratches.owned(target.parent, prefix)
    try:
        with writing(target, scratch):
            yield scratch
    finally:
        scratches.release(scratch, lock)


def _put(scratch: Path, target: Path) -> None:
    """Put a finished folder in the place of what is there."""
    scratch.chmod(0o755)
    if not target.exists():
        scratch.rename(target)
        return
    target.rename(scratch.parent / scratches.EARLIER)
    scratch.rename(target)


def move_into(source: Path, target: Path) -> None:
    """Move the files of a finished folder into another, each whole; other files there stay."""
    with writing(target):
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(source.iterdir()):
            file.replace(target / file.name)


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, local or on a store, whole or not at all."""
    if is_url(path):
        stores.write(path, content)
        return
    path = local(path)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(scratch).chmod(0o644)
            Path(scratch).replace(path)
        finally:
            Path(scratch).unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file, local or on a store, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))
