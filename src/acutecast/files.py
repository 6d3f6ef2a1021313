"""Paths that may be local or any fsspec URL, and writes that are whole or not at all."""

from __future__ import annotations

import io
import lzma
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from acutecast import stores
from acutecast.errors import AcutecastError, Problem, option, raise_if_any
from acutecast.stores import file_system, is_url, reason, store_errors
from acutecast.system_errors import in_words

if TYPE_CHECKING:
    import polars

__all__ = [
    "ARCHIVE_ERRORS", "MARK", "check_file_place", "check_folder_place", "checked_archive", "exists",
    "file_system", "folder_problems", "in_words", "is_url", "joined", "local", "local_only",
    "move_into", "place_problems", "read_bytes", "read_text", "reason", "remove",
    "removed_if_new", "room_for", "safe_cell", "safe_table", "scratch_beside", "sizes",
    "store_errors", "unpacked_members", "unpacking", "whole_folder", "with_folder",
    "write_bytes", "write_text", "writing",
]  # fmt: skip

MARK = "run.json"
"""The file without which a folder holds no run."""
ARCHIVE_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip
"""What damaged archives, and those with a password, raise when they are read."""
LEAST_ROOM = 1 << 20
"""Bytes without which nothing is begun: the smallest run folder takes about as much."""
_PROBE = 1 << 16

MOST_UNPACKED = 2**30
MOST_RATIO = 100
MOST_RATIO_OF_RECORDS = 500
"""What an archive may unpack to: bytes in all, and times its own size.

Tables of numbers as text unpack to three to twenty times their size, wide records with many empty
columns to a hundred; what is made to fill memory or a disk, to a thousand (the most that deflate
does). Assumption: the limits between. `ACUTECAST_MAX_UNPACKED`, in bytes, goes before them.
"""
_NEVER_TOO_MUCH = 16 * 2**20
_CHUNK = 1 << 20
_ROOM = 2**28
"""Bytes of a disk that are left free."""

# What a spreadsheet would work out, also in the wide letters that some turn into plain ones.
# Signed numbers in words are no formulas, unless more follows that would be worked out.
_FORMULA = (
    r"^\s*([=@＝＋－＠]|[+-]([^\d\s.,]|[\d.,]+[^\d.,\s%–]|(?s:.*)([=|!*/^&@]|[A-Za-z]\()))"
    r"|^[\t\r\n]"
)
_NUMBER = r"^[+-]?[\d.,]+([eE][+-]?\d+)?\s?%?$"


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


def joined(root: str | os.PathLike[str], *parts: str) -> str:
    """Give the path of something below a folder or URL."""
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
            file = Path(probe).joinpath(*names[:-1], f".{names[-1]}.12345678")
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
        with (
            writing(tempfile.gettempdir()),
            tempfile.TemporaryDirectory(prefix="acutecast-") as name,
        ):
            yield Path(name)
            stores.publish(Path(name), target, mark)
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

    Raises:
        AcutecastError: where the operating system refuses something in it.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with writing(target, scratch):
            yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _put(scratch: Path, target: Path) -> None:
    """Put a finished folder in the place of what is there."""
    scratch.chmod(0o755)
    if not target.exists():
        scratch.rename(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    try:
        target.rename(old / target.name)
    except OSError:
        old.rmdir()
        raise
    scratch.rename(target)
    shutil.rmtree(old)


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


def safe_cell(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would take for a formula.

    Numbers stay numbers, and so does a number in words ("-3.2 beds"). Source: OWASP, CSV Injection.
    """
    return f"'{text}" if re.search(_FORMULA, text) and not re.match(_NUMBER, text) else text


def safe_table(frame: polars.DataFrame) -> polars.DataFrame:
    """Give a table whose texts and headers are as `safe_cell` makes them, to be written as CSV."""
    import polars as pl

    codes = pl.selectors.categorical() | pl.selectors.by_dtype(pl.Enum)
    frame = frame.with_columns(codes.cast(pl.String))
    text = pl.selectors.string()
    risky = text.str.contains(_FORMULA) & ~text.str.contains(_NUMBER)
    guarded = frame.with_columns(
        pl.when(risky).then(pl.lit("'") + text).otherwise(text).name.keep()
    )
    return guarded.rename({name: safe_cell(name) for name in guarded.columns})


def unpacking(
    source: BinaryIO, label: str, packed: int, ratio: int = MOST_RATIO, most: int | None = None
) -> Iterator[bytes]:
    """Give what something packed unpacks to, piece by piece, as long as it is not too much.

    Args:
        source: gives it unpacked.
        label: how the user knows the file.
        packed: its bytes as it is packed.
        ratio: how many times of it are too much.
        most: the most bytes; None for no other limit.

    Raises:
        AcutecastError: once it is too much.
    """
    meter = _Meter(label, packed, ratio, most)
    while piece := source.read(_CHUNK):
        meter.count(len(piece))
        yield piece


def unpacked_members(
    archive: zipfile.ZipFile, label: str, packed: int, names: list[str]
) -> Iterator[tuple[str, bytes]]:
    """Give the name and content of some members of a zip, which together are not too much.

    Args:
        archive: the zip.
        label: how the user knows it.
        packed: its bytes.
        names: the members.

    Raises:
        AcutecastError: once it is too much to be held in memory.
        zipfile.BadZipFile: where a member isn't what the zip says of it.
    """
    meter = _Meter(label, packed, MOST_RATIO, MOST_UNPACKED)
    for name in names:
        pieces = []
        with archive.open(name) as member:
            while piece := member.read(_CHUNK):
                meter.count(len(piece))
                pieces.append(piece)
        yield name, b"".join(pieces)


def checked_archive(content: bytes, label: str) -> None:
    """Check that a workbook, which is a zip too, does not unpack to too much; others pass.

    Raises:
        AcutecastError: where it does, or where its parts aren't what it says of them.
    """
    if not content.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            meter = _Meter(label, len(content), MOST_RATIO, MOST_UNPACKED)
            for name in archive.namelist():
                with archive.open(name) as member:
                    while piece := member.read(_CHUNK):
                        meter.count(len(piece))
    except ARCHIVE_ERRORS as error:
        raise AcutecastError(
            Problem(f"cannot be read: {error}", label, remedy="Save it again.")
        ) from error


def room_for(folder: Path, size: int, label: str) -> None:
    """Check that a disk has room for what a file unpacks to.

    Args:
        folder: where it goes.
        size: its bytes.
        label: how the user knows the file.

    Raises:
        AcutecastError: where it has not.
    """
    free = shutil.disk_usage(folder).free
    if size + _ROOM > free:
        raise AcutecastError(
            Problem(
                f"unpacks to {size / 1e9:,.1f} GB, and the disk has {free / 1e9:,.1f} GB free",
                label,
                remedy=f"Make room in {folder}, or set TMPDIR to a folder of a larger disk.",
            )
        )


class _Meter:
    """Counts what an archive has unpacked to, and stops it."""

    def __init__(self, label: str, packed: int, ratio: int, most: int | None) -> None:
        stated = os.environ.get("ACUTECAST_MAX_UNPACKED", "")
        limit = max(_NEVER_TOO_MUCH, packed * ratio)
        limit = limit if most is None else min(limit, most)
        self._most = int(stated) if stated.isdecimal() else limit
        self._label, self._packed, self._read = label, packed, 0

    def count(self, size: int) -> None:
        self._read += size
        if self._read > self._most:
            raise AcutecastError(
                Problem(
                    f"has {self._packed / 1e6:,.1f} MB and unpacks to more than "
                    f"{self._most / 1e6:,.0f} MB, which no such file does",
                    self._label,
                    remedy="Check that it is the right file. If it is, set ACUTECAST_MAX_UNPACKED "
                    "to the bytes that it may have.",
                )
            )
