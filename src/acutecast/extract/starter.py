"""A first `extract.toml`, from what a folder's files are called and what their headers say."""

from __future__ import annotations

import csv
import glob
import io
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.extract.mapping import MAPPING_FILE, files_by_name, is_table
from acutecast.extract.moments import MONTH_FIRST
from acutecast.extract.records import (
    PRESETS,
    RECORDS,
    columns_of_record,
    find_column,
    find_unread,
    match_columns,
    nearest_columns,
)
from acutecast.extract.text_files import beginning, look_at, unpacked
from acutecast.extract.values import EMPTY, code_meant, known
from acutecast.extract.workbook_files import WORKBOOKS, sheets
from acutecast.files import check_file_place, write_text

# So many rows are looked at for values, and a file resembles a record by so many columns.
_ROWS, _LEAST_COLUMNS = 1000, 3
_DATE = re.compile(r"\s*(\d{1,2})[-/.](\d{1,2})[-/.](?:\d{4}|\d{2})(?!\d)")


@dataclass(frozen=True)
class Header:
    """The columns of a file, a member of an archive or a sheet of a workbook.

    Attributes:
        path: the file, from the folder of the records.
        label: how it is called: the path, and the member or sheet behind it.
        names: its columns, as they are.
        rows: the first of its rows, as texts.
    """

    path: str
    label: str
    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Missing:
    """A column that must be there and is not: ours, those that could stand for it, guesses."""

    column: str
    options: tuple[str, ...]
    guesses: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Found:
    """What a folder's files say of one kind of record.

    Attributes:
        record: the kind of record.
        named: files that their name or folder says are such records.
        alike: files whose names say nothing and whose columns are those of such records.
        matched: the file's column by ours.
        missing: columns that must be there and are not.
        ignored: columns that are known and not read.
        unknown: columns that nobody knows.
        month_first: our columns of dates in which the month comes first, where the rows say so.
        sexes: values of sex that say nothing to us.
    """

    record: str
    named: tuple[str, ...]
    alike: tuple[str, ...]
    matched: dict[str, str]
    missing: tuple[Missing, ...]
    ignored: tuple[str, ...]
    unknown: tuple[str, ...]
    month_first: tuple[str, ...] = ()
    sexes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Starter:
    """What was found, and the mapping that was written.

    Attributes:
        path: the mapping.
        text: what stands in it.
        found: what there is of each kind of record.
        preset: the layout that fits, "hes" or "sus"; None where neither does better.
        unclear: files that no record resembles, or that cannot be read, each with the reason.
    """

    path: Path
    text: str
    found: tuple[Found, ...]
    preset: str | None
    unclear: tuple[tuple[str, str], ...]


def start_mapping(root: Path, replace: bool = False) -> Starter:
    """Write a first `extract.toml` into a folder of records, whole or not at all.

    It says what the files say themselves; nothing in it changes what is read until its user
    takes the # from a line.

    Raises:
        AcutecastError: where there is no such folder or nothing in it that could be records, the
            mapping is there already, or cannot be written.
    """
    path = root / MAPPING_FILE
    if not root.is_dir():
        raise_if_any([Problem("there is no such folder", str(root))])
    if path.exists() and not replace:
        remedy = "Name it otherwise to keep it, or replace it with replace=True."
        raise_if_any([Problem("a mapping is there already", str(path), remedy=remedy)])
    check_file_place(path)
    named, alike, unclear = _headers_of(root)
    found = tuple(
        found_in(record, named.get(record, ()), alike.get(record, ()))
        for record in RECORDS
        if record in named or record in alike
    )
    if not found and not unclear:
        remedy = "Put CSV, Parquet, zip or Excel files of records there."
        raise_if_any([Problem("no file in it is a table", str(root), remedy=remedy)])
    heads = {r: (*named.get(r, ()), *alike.get(r, ())) for r in RECORDS}
    preset = preset_of(heads)
    text = text_of(found, preset, unclear)
    write_text(path, text)
    return Starter(path, text, found, preset, tuple(unclear))


def found_in(record: str, named: Sequence[Header], alike: Sequence[Header]) -> Found:
    """Say what the headers of files tell of a kind of record."""
    heads = (*named, *alike)
    names = list(dict.fromkeys(name for head in heads for name in head.names))
    matches = [match_columns(record, list(head.names), None) for head in heads]
    matched = {ours: theirs for match in reversed(matches) for ours, theirs in match.items()}
    read = {theirs for match in matches for theirs in match.values()}
    rest = [name for name in names if name not in read and name.strip()]
    missing: dict[str, Missing] = {}
    for head, match in zip(heads, matches, strict=True):
        for lacking in _missing(record, head.names, match):
            missing.setdefault(lacking.column, lacking)
    return Found(
        record,
        tuple(dict.fromkeys(head.path for head in named)),
        tuple(dict.fromkeys(head.path for head in alike)),
        matched,
        tuple(missing.values()),
        tuple(name for name in rest if find_unread(record, name) is not None),
        tuple(name for name in rest if find_unread(record, name) is None),
        tuple(
            ours
            for ours in matched
            if (column := find_column(record, ours)) is not None
            and column.kind == "date"
            and month_first(_values(heads, matches, ours))
        ),
        strange_sexes(record, _values(heads, matches, "sex")),
    )


def month_first(values: Sequence[str]) -> bool:
    """Tell whether dates can only be read with the month first."""
    parts = [(int(m[1]), int(m[2])) for value in values if (m := _DATE.match(value))]
    return any(b > 12 >= a for a, b in parts) and not any(a > 12 >= b for a, b in parts)


def strange_sexes(record: str, values: Sequence[str]) -> tuple[str, ...]:
    """Give the values of sex that are no code and mean none, at most nine."""
    column = find_column(record, "sex")
    if column is None:
        return ()
    texts = sorted({v.strip() for v in values} - {""})
    strange = [
        text
        for text in texts
        if text.upper() not in EMPTY
        and not known(text, column)
        and code_meant(text, column) is None
    ]
    return tuple(strange[:9])


def preset_of(heads: dict[str, tuple[Header, ...]]) -> str | None:
    """Give the layout that knows all columns that are known, and the other does not."""
    known_of = {
        preset: [
            len(match_columns(record, list(head.names), preset))
            for record, files in heads.items()
            for head in files
        ]
        for preset in (None, *PRESETS)
    }
    whole = [preset for preset in PRESETS if known_of[preset] == known_of[None]]
    return whole[0] if len(whole) == 1 else None


def resembled(names: Sequence[str]) -> tuple[str, int] | None:
    """Give the record that a header resembles most, with how many of its columns it has."""
    counts = {record: len(match_columns(record, list(names), None)) for record in RECORDS}
    # Of records that have as many, the one that lacks least, then the first.
    best = max(RECORDS, key=lambda r: (counts[r], -len(list(_missing(r, names, None)))))
    return (best, counts[best]) if counts[best] >= _LEAST_COLUMNS else None


def _missing(record: str, names: Sequence[str], match: dict[str, str] | None) -> Iterator[Missing]:
    matched = match_columns(record, list(names), None) if match is None else match
    columns = columns_of_record(record)
    needs: list[tuple[str, ...]] = [(c.name,) for c in columns if c.need == "yes"]
    for group in dict.fromkeys(c.group for c in columns if c.need == "one"):
        needs.append(tuple(c.name for c in columns if c.group == group))
    for options in needs:
        if any(option in matched for option in options):
            continue
        guesses = [(o, theirs) for o in options for theirs in nearest_columns(record, o, names)]
        yield Missing(options[0], options, tuple(guesses[:4]))


def _values(
    heads: Sequence[Header], matches: Sequence[dict[str, str]], ours: str
) -> tuple[str, ...]:
    """Give the sampled values of a column of ours."""
    result = []
    for head, match in zip(heads, matches, strict=True):
        if ours in match:
            at = head.names.index(match[ours])
            result += [row[at] for row in head.rows if at < len(row)]
    return tuple(result)


# What stands in the file.


def toml_text(text: str) -> str:
    """Write a text as a TOML string: JSON's escapes are TOML's, but for DEL and odd halves."""
    plain = text.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")


def text_of(
    found: Sequence[Found], preset: str | None, unclear: Sequence[tuple[str, str]] = ()
) -> str:
    """Write what was found as a mapping in which every setting waits behind a #."""
    lines = [
        "# How Acutecast reads the records in this folder. Nothing below changes anything until",
        "# you take the # from a line; lines with # and no blank behind it are such settings.",
        "",
    ]
    if preset:
        lines += [f"# Every column that is known is called as in {preset.upper()}.",
                  f"#preset = {toml_text(preset)}", ""]  # fmt: skip
    lines += ["[files]", *_file_lines(found, unclear)]
    for each in found:
        lines += ["", f"[columns.{each.record}]", *_column_lines(each)]
    for each in found:
        if each.sexes:
            lines += [
                "",
                "# Values that say nothing to us: 1 is male, 2 female, 0 not known, 9 not",
            ]
            lines += ["# specified.", f"[values.{each.record}.sex]"]
            lines += [f'#{toml_text(value)} = "0"' for value in each.sexes]
    for each in found:
        if each.month_first:
            lines += ["", "# The first rows can only be read with the month first."]
            lines += [f"[dates.{each.record}]"]
            lines += [f"#{column} = {toml_text(MONTH_FIRST)}" for column in each.month_first]
    return "\n".join(lines) + "\n"


def _file_lines(found: Sequence[Found], unclear: Sequence[tuple[str, str]]) -> Iterator[str]:
    for each in found:
        for path in each.named:
            yield f"# {each.record}, by its name: {toml_text(path)}"
    for each in found:
        if each.alike:
            yield f"# Their columns are most like those of {each.record}; their names say nothing."
            # All of them, as what stands here takes the place of what names say.
            paths = ", ".join(toml_text(glob.escape(p)) for p in (*each.named, *each.alike))
            yield f"#{each.record} = [{paths}]"
    for label, why in unclear:
        yield f"# Not used: {toml_text(label)}: {toml_text(why)[1:-1]}"


def _column_lines(found: Found) -> Iterator[str]:
    for lacking in found.missing:
        column = find_column(found.record, lacking.column)
        meaning = column.meaning if column is not None else ""
        which = lacking.column if len(lacking.options) == 1 else " or ".join(lacking.options)
        nearest = "Nearest:" if lacking.guesses else "No column is called like it; write it here."
        yield f"# Missing: {which} ({meaning}). {nearest}"
        for ours, theirs in lacking.guesses:
            yield f"#{ours} = {toml_text(theirs)}"
    yield "# Read already, our name and yours:"
    numbered: dict[str, list[tuple[str, str]]] = {}
    for ours, theirs in found.matched.items():
        column = find_column(found.record, ours)
        assert column is not None  # it was matched
        numbered.setdefault(column.name, []).append((ours, theirs))
    for name, pairs in numbered.items():
        column = find_column(found.record, name)
        assert column is not None
        (ours, theirs), last = pairs[0], pairs[-1]
        until = f" … {last[0]} = {toml_text(last[1])}" if len(pairs) > 1 else ""
        yield f"#   {ours} = {toml_text(theirs)}{until}  ({column.meaning})"
    if found.unknown:
        yield f"# Not read, and not known: {_listed(found.unknown)}"
    if found.ignored:
        yield f"# Not read, known and not needed: {_listed(found.ignored)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(toml_text(name) for name in names)


# What the files say.

_Heads = dict[str, list[Header]]


def _headers_of(root: Path) -> tuple[_Heads, _Heads, list[tuple[str, str]]]:
    """Read headers: of files that names say are records; of others, by what they resemble."""
    named: _Heads = {}
    alike: _Heads = {}
    unclear: list[tuple[str, str]] = []
    by_name = files_by_name(root)
    kinds = {path: kind for kind, paths in by_name.items() for path in paths}
    for path in sorted(p for p in root.rglob("*") if p.is_file() and is_table(p)):
        kind = kinds.get(path)
        if kind is not None and kind not in RECORDS:
            continue  # people and look-ups
        with tempfile.TemporaryDirectory(prefix="acutecast-extract-") as scratch:
            try:
                for head in _heads(path, root, Path(scratch), kind):
                    like = (kind, 0) if kind else resembled(head.names)
                    if like is None:
                        unclear.append((head.label, "no record has three of its columns"))
                        continue
                    (named if kind else alike).setdefault(like[0], []).append(head)
            except AcutecastError as error:
                label = path.relative_to(root).as_posix()
                unclear.append((label, "; ".join(p.what for p in error.problems)))
            except (OSError, EOFError, ValueError, csv.Error) as error:
                label = path.relative_to(root).as_posix()
                unclear.append((label, f"it cannot be read: {error}"))
    return named, alike, unclear


def _heads(path: Path, root: Path, scratch: Path, kind: str | None) -> Iterator[Header]:
    """Give the headers behind a path: of members of archives, sheets of workbooks."""
    place = path.relative_to(root).as_posix()
    for file, label in unpacked(path, scratch, root):
        ending = file.suffix.lower()
        if ending == ".parquet":
            with pq.ParquetFile(file) as table:
                names = tuple(table.schema_arrow.names)
                batch = next(table.iter_batches(batch_size=_ROWS), None)
            rows = (
                [] if batch is None else zip(*(c.to_pylist() for c in batch.columns), strict=True)
            )
            texts = (tuple("" if v is None else str(v) for v in row) for row in rows)
            yield Header(place, label, names, tuple(texts))
        elif ending in WORKBOOKS:
            for sheet, called in _sheets(kind, file, label, scratch):
                yield _text_head(sheet, place, called, scratch)
        else:
            yield _text_head(file, place, label, scratch)


def _sheets(kind: str | None, file: Path, label: str, scratch: Path) -> list[tuple[Path, str]]:
    """Give the sheets of records in a workbook; of any kind, where its name says none."""
    most: list[tuple[Path, str]] = []
    for record in (kind,) if kind else RECORDS:
        try:
            most = max(most, list(sheets(record, file, label, scratch, None)), key=len)
        except AcutecastError:
            if kind:
                raise
    if not most:
        raise AcutecastError(Problem("no sheet has three columns of a record", label))
    return most


def _text_head(file: Path, place: str, label: str, scratch: Path) -> Header:
    """Give the header and first rows of a text file; no more of it than its beginning is read."""
    start = beginning(file)
    end = start.rfind(b"\n") + 1 if b"\0" not in start else 0
    head = scratch / "beginning"
    head.write_bytes(start[:end] or start)
    text = look_at(head, label)
    decoded = head.read_bytes().decode({"utf-8": "utf-8-sig"}.get(text.encoding, text.encoding),
                                       errors="replace")  # fmt: skip
    lines = csv.reader(io.StringIO(decoded, newline=""), delimiter=text.delimiter)
    rows = [tuple(row) for row, _ in zip(lines, range(_ROWS + 1), strict=False) if any(row)]
    return Header(place, label, text.header, tuple(rows[1:]))
