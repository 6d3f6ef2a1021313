"""Files that are whole or not there, and the same bytes for the same content."""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

from acutecast.errors import AcutecastError, Problem
from acutecast.files import is_url, local

# The earliest date that a zip archive can hold.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
# What XML 1.0 cannot hold; it comes with text that was pasted.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def local_file(path: str | os.PathLike[str]) -> Path:
    """Give the path of a file to be written.

    Raises:
        AcutecastError: for URLs and for folders.
    """
    if is_url(path):
        raise AcutecastError(
            Problem("documents are written to local files", str(path), remedy="Name a local path.")
        )
    found = local(path)
    if found.is_dir():
        raise AcutecastError(
            Problem("is a folder", str(path), remedy="Name the file that is to be written.")
        )
    return found


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(scratch).chmod(0o644)
        Path(scratch).replace(path)
    finally:
        Path(scratch).unlink(missing_ok=True)


def without_dates(archive: bytes) -> bytes:
    """Give a zip archive whose entries bear no date, so that the same content is the same bytes."""
    packed = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(archive)) as old,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            undated = zipfile.ZipInfo(entry.filename, _NO_DATE)
            undated.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(undated, old.read(entry))
    return packed.getvalue()


def plain(text: str) -> str:
    """Give text without what XML cannot hold."""
    return _NOT_TEXT.sub("", text)
