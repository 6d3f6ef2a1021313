"""Where documents go, and the same bytes for the same content."""

from __future__ import annotations

import os
import re
import zipfile
from io import BytesIO
from pathlib import Path

from acutecast.errors import AcutecastError, Problem
from acutecast.files import check_file_place, is_url, local

# The earliest date that a zip archive can hold.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
# What XML 1.0 cannot hold; it comes with text that was pasted.
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def local_file(path: str | os.PathLike[str]) -> Path:
    """Give the path of a file to be written.

    Raises:
        AcutecastError: for URLs and folders, and where nothing can be written.
    """
    if is_url(path):
        raise AcutecastError(
            Problem("documents are written to local files", str(path), remedy="Name a local path.")
        )
    check_file_place(path)
    return local(path)


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
