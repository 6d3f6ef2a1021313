"""What comes from others: archives that unpack to too much, text that a spreadsheet would run."""

from __future__ import annotations

import io
import lzma
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    import polars

ARCHIVE_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError, RuntimeError,
)  # fmt: skip
"""What damaged archives, and those with a password, raise when they are read."""
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
