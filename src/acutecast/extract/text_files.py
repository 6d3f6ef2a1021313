"""What a text file is before anything reads it: encoding, delimiter, header, number of records."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.untrusted import ARCHIVE_ERRORS, MOST_RATIO_OF_RECORDS, room_for, unpacking

_CHUNK = 1 << 22
_DELIMITERS = (",", ";", "\t", "|", "^", "~")


@dataclass(frozen=True)
class TextFile:
    """A delimited text file, looked at once from beginning to end.

    Attributes:
        path: the file that can be read now; in a scratch folder where it came out of a zip.
        label: how the user knows it: "apc.zip: apc_2023.csv".
        encoding: "utf-8", "utf-16" or "latin-1".
        delimiter: what stands between columns.
        header: names of the columns.
        records: records after the header, counted with quotes respected; empty lines are none.
        lines: lines after the header that have something in them, whatever their quotes.
        mixed: whether it must be copied to be read: line ends of several kinds, or UTF-16.
        note: what a reader should know ("byte-order mark"); "" where there is nothing.
    """

    path: Path
    label: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    records: int
    lines: int
    mixed: bool
    note: str
    stored: str = ""

    @property
    def reads_as(self) -> str:
        """The encoding of the file that is read."""
        return self.stored or self.encoding


def unpacked(path: Path, scratch: Path, root: Path | None = None) -> Iterator[tuple[Path, str]]:
    """Give the files to read behind a path, with their labels; a zip's members are unpacked.

    Args:
        path: a file.
        scratch: a folder for what is unpacked.
        root: the folder of the records; labels are paths from there ("opa/DEMO-2023.csv").
    """
    called = path.name
    if root is not None and path.is_relative_to(root):
        called = path.relative_to(root).as_posix()
    if path.suffix.lower() != ".zip":
        yield path, called
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if not m.is_dir()]
            members = [m for m in members if not Path(m.filename).name.startswith((".", "_"))]
            if not members:
                raise_if_any([Problem("the zip file is empty", str(path))])
            size = path.stat().st_size
            room_for(scratch, sum(member.file_size for member in members), str(path))
            for number, member in enumerate(members):
                # Only the last part of the name: a member cannot choose where it is put.
                inner = f"{called}: {member.filename}"
                target = _free(scratch, f"{path.stem}-{number}-{Path(member.filename).name}")
                with archive.open(member) as source, target.open("wb") as sink:
                    for chunk in unpacking(source, inner, size, MOST_RATIO_OF_RECORDS):  # type: ignore[arg-type]
                        sink.write(chunk)
                yield target, inner
    except ARCHIVE_ERRORS as error:
        raise_if_any(
            [
                Problem(
                    f"the zip file cannot be unpacked: {error}", str(path),
                    remedy="Copy it again, or unpack it with its password.",
                )
            ]
        )  # fmt: skip


def _free(scratch: Path, name: str) -> Path:
    """Give a path in the scratch folder that nothing has; files of two folders may share a name."""
    number = 0
    while (target := scratch / f"{number}-{name}").exists():
        number += 1
    return target


def look_at(path: Path, label: str, encoding: str | None = None) -> TextFile:
    """Look at a text file once: encoding, delimiter, header and number of records.

    Args:
        path: the file, plain or .gz.
        label: how the user knows it.
        encoding: what the user says it is; None to find out.

    Raises:
        AcutecastError: where the file is empty.
    """
    start = beginning(path)
    notes = []
    if start.startswith(codecs.BOM_UTF8):
        notes.append("byte-order mark")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    if encoding is None and start[1:200:2].count(0) > len(start[1:200:2]) // 2:
        encoding = "utf-16-le"
    if encoding is None:
        encoding = "utf-8" if _is_utf8(path) else "latin-1"
    if encoding != "utf-8":
        notes.append(f"{encoding} text")
    decoder = {"utf-8": "utf-8-sig"}.get(encoding, encoding)
    lines = start.decode(decoder, errors="replace").splitlines()
    first = next((line for line in lines if line.strip()), "")
    if not first:
        raise_if_any([Problem("the file is empty", label, remedy="Export it again.")])
    delimiter = max(_DELIMITERS, key=lambda d: (first.count(d), -_DELIMITERS.index(d)))
    header = tuple(next(csv.reader([first], delimiter=delimiter)))
    if delimiter != ",":
        notes.append(f"columns split by {_SPOKEN.get(delimiter, delimiter)}")
    wide = encoding.startswith("utf-16")
    # Counted anew in the copy where the bytes are not the text's.
    records, filled, mixed = (0, 0, False) if wide else _count(path)
    if mixed:
        notes.append("two kinds of line end")
    return TextFile(
        path, label, encoding, delimiter, header, max(records - 1, 0), max(filled - 1, 0),
        mixed or wide, "; ".join(notes),
    )  # fmt: skip


def with_one_line_end(file: TextFile, scratch: Path) -> TextFile:
    """Give the file, copied as UTF-8 with one kind of line end where it is anything else.

    Raises:
        AcutecastError: where the text cannot be decoded, as that of a file cut in half.
    """
    if not file.mixed:
        return file
    target = _free(scratch, f"{file.path.name}.txt")
    decoder = codecs.getincrementaldecoder({"utf-8": "utf-8-sig"}.get(file.encoding, file.encoding))
    decode = decoder().decode
    try:
        with target.open("w", encoding="utf-8", newline="") as sink:
            held = ""
            for chunk in _chunks(file.path):
                text = held + decode(chunk)
                # A carriage return at the end may have its line end in the next chunk.
                kept = text.rstrip("\r")
                held = text[len(kept) :]
                sink.write(re.sub("\r+\n|\r", "\n", kept))
            sink.write(re.sub("\r+\n|\r", "\n", held + decode(b"", True)))
    except UnicodeDecodeError as error:
        raise AcutecastError(
            Problem(
                f"the text is not whole: it is no {file.encoding} to its end", file.label,
                remedy="The file may be cut off: copy or export it again.",
            )
        ) from error  # fmt: skip
    records, filled, _ = _count(target)
    return replace(
        file, path=target, records=max(records - 1, 0), lines=max(filled - 1, 0), mixed=False,
        stored="utf-8",
    )  # fmt: skip


_SPOKEN = {"\t": "tabs", ";": "semicolons", "|": "bars"}


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def beginning(path: Path) -> bytes:
    """Give the first 64 kB of a file, plain or .gz, unpacked."""
    with _open(path) as file:
        return file.read(1 << 16)


def _chunks(path: Path) -> Iterator[bytes]:
    with _open(path) as file:
        if path.suffix.lower() == ".gz":
            yield from unpacking(file, path.name, path.stat().st_size, MOST_RATIO_OF_RECORDS)
        while chunk := file.read(_CHUNK):
            yield chunk


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _count(path: Path) -> tuple[int, int, bool]:
    """Count records, header included, and lines with something in them.

    Returns:
        Records, where line ends inside quotes end nothing; lines; and whether the file has line
        ends of several kinds, or carriage returns alone.
    """
    records = lines = pairs = ends = returns = 0
    inside = 0  # an odd number of quotation marks so far
    last = b""
    # Nothing has come since the last line end, counted outside quotes and at all.
    no_record = no_line = True
    for data in _chunks(path):
        pairs += data.count(b"\r\n") + (last == b"\r" and data[:1] == b"\n")
        ends += data.count(b"\n")
        returns += data.count(b"\r")
        last = data[-1:]
        codes = np.frombuffer(data.replace(b"\r", b""), dtype=np.uint8)
        if not len(codes):
            continue
        at_end = codes == 10
        found, no_line = _filled(at_end, no_line)
        lines += found
        quotes = np.cumsum(codes == 34, dtype=np.int64) + inside
        found, no_record = _filled(at_end & (quotes % 2 == 0), no_record)
        records += found
        inside = int(quotes[-1] % 2)
    mixed = 0 < pairs < ends or returns > pairs
    return records + (not no_record), lines + (not no_line), mixed


def _filled(at_end: np.ndarray, empty: bool) -> tuple[int, bool]:
    """Count the ends that end something.

    Args:
        at_end: whether each byte ends a line or record.
        empty: whether nothing has come since the last end before them.

    Returns:
        The count, and whether nothing has come since the last end.
    """
    before = np.empty_like(at_end)
    before[0] = empty
    before[1:] = at_end[:-1]
    return int(np.count_nonzero(at_end & ~before)), bool(at_end[-1])
