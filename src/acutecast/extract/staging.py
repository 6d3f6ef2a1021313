"""Reading a hospital's files into typed tables, losing nothing.

Every record of every file ends in one of three places: a row of a table `raw_<record>`; a line of
`rejected_lines`, where the file's own form is broken; or an error, before anything is written.
`read_files` holds the numbers, and they add up.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.extract.accounting import COUNTED
from acutecast.extract.columns_as_read import PLAIN, SQL_TYPES, read_columns
from acutecast.extract.mapping import RecordMapping
from acutecast.extract.records import (
    NUMBERED,
    RECORDS,
    columns_of_record,
    match_columns,
    nearest_columns,
)
from acutecast.extract.sql import has, named, one_row, quoted
from acutecast.extract.text_files import TextFile, look_at, unpacked, with_one_line_end
from acutecast.extract.workbook_files import WORKBOOKS, sheets

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class _Part:
    """One file to stage: its columns, and the SQL that reads its records as text."""

    record: str
    label: str
    header: tuple[str, ...]
    columns: dict[str, str]
    sql: str
    text: TextFile | None
    rows: int


def stage(
    con: DuckDBPyConnection,
    mapping: RecordMapping,
    scratch: Path,
    tell: Callable[[int, int], None] | None = None,
) -> None:
    """Read all files of records into tables `raw_<record>`.

    Makes the tables `read_files` (a row a file: rows_in, rows_read, rows_rejected, encoding,
    delimiter, note), `read_columns` (which columns a file had), `rejected_lines`, `unreadable`
    (values that are not of their type), `repaired` (values written in another way, and read) and
    `unclear_dates` (columns of dates in which the month comes first, or now and then).

    Args:
        con: the database.
        mapping: where the files are and what their columns are called.
        scratch: a folder for what is unpacked.
        tell: told how many files are read, of how many.

    Raises:
        AcutecastError: with everything that keeps files from being read, before any is.
    """
    parts = _look(mapping, scratch)
    con.execute(_TABLES)
    for number, part in enumerate(parts, start=1):
        _stage_or_say(con, part, mapping)
        if tell is not None:
            tell(number, len(parts))
    for record in RECORDS:
        columns = sorted({c for p in parts if p.record == record for c in p.columns})
        if not columns:
            continue
        # Columns that no file has are there and empty, so that derivations can name them.
        for column in columns_of_record(record):
            if NUMBERED not in column.name and column.name not in columns:
                con.execute(
                    f"ALTER TABLE raw_{record} ADD COLUMN {column.name} {SQL_TYPES[column.kind]}"
                )
        if record in COUNTED:
            # Filled where a merged provider's code gives way to its successor's.
            con.execute(f"ALTER TABLE raw_{record} ADD COLUMN recorded_provider VARCHAR")


_TABLES = """
CREATE TABLE read_files (record VARCHAR, source_file VARCHAR, rows_in BIGINT, rows_read BIGINT,
    rows_rejected BIGINT, encoding VARCHAR, delimiter VARCHAR, note VARCHAR);
CREATE TABLE read_columns (record VARCHAR, source_file VARCHAR, "column" VARCHAR);
CREATE TABLE rejected_lines (record VARCHAR, source_file VARCHAR, line BIGINT, reason VARCHAR,
    content VARCHAR);
CREATE TABLE unreadable (record VARCHAR, source_file VARCHAR, source_column VARCHAR,
    "column" VARCHAR, n BIGINT, filled BIGINT, example VARCHAR);
CREATE TABLE repaired (record VARCHAR, source_file VARCHAR, source_column VARCHAR,
    "column" VARCHAR, what VARCHAR, n BIGINT, example VARCHAR);
CREATE TABLE unclear_dates (record VARCHAR, source_file VARCHAR, source_column VARCHAR,
    "column" VARCHAR, fault VARCHAR, n BIGINT, filled BIGINT, example VARCHAR);
"""


def _look(mapping: RecordMapping, scratch: Path) -> list[_Part]:
    """Look at every file; all problems are raised together."""
    problems: list[Problem] = []
    parts: list[_Part] = []
    for record in RECORDS:
        for path in mapping.files.get(record, ()):
            try:
                for file, label in _files(record, path, scratch, mapping):
                    part = _part(record, file, label, mapping, scratch, problems)
                    parts += [part] if part is not None else []
            except AcutecastError as error:
                problems += error.problems
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                what = f"the file cannot be unpacked: {error}"
                remedy = "It may be cut off: copy it again."
                problems.append(Problem(what, _label(path, mapping.root), remedy=remedy))
    raise_if_any(problems, "The records cannot be read")
    return parts


def _files(
    record: str, path: Path, scratch: Path, mapping: RecordMapping
) -> Iterator[tuple[Path, str]]:
    """Give the files to read behind a path: members of archives, sheets of workbooks."""
    for file, label in unpacked(path, scratch, mapping.root):
        if file.suffix.lower() in WORKBOOKS:
            yield from sheets(record, file, label, scratch, mapping.preset)
        else:
            yield file, label


def _label(path: Path, root: Path) -> str:
    """Give a file's name with its folder, from the folder of the records."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.name


def _part(
    record: str,
    path: Path,
    label: str,
    mapping: RecordMapping,
    scratch: Path,
    problems: list[Problem],
) -> _Part | None:
    text: TextFile | None = None
    if path.suffix.lower() == ".parquet":
        try:
            footer = pq.read_metadata(path)
            header, rows = tuple(pq.read_schema(path).names), footer.num_rows
        except Exception as error:  # Arrow has many classes of error for a damaged file
            first = str(error).splitlines()[0]
            problems.append(Problem(f"the file cannot be read as parquet: {first}", label))
            return None
        sql = f"SELECT * FROM read_parquet({quoted(str(path))})"
    else:
        text = with_one_line_end(look_at(path, label, mapping.encoding), scratch)
        header, rows = text.header, text.records
        sql = ""
    own = mapping.columns.get(record, {})
    columns = match_columns(record, list(header), mapping.preset)
    there = {name.strip().lower(): name for name in header}
    for canonical, name in own.items():
        if name.strip().lower() not in there:
            problems.append(
                Problem(
                    f'the mapping names a column "{name}" that is not there', label,
                    remedy=f"The columns are: {_listed(header)}.",
                )
            )  # fmt: skip
            continue
        columns[canonical] = there[name.strip().lower()]
    found = _missing(record, header, columns, label)
    problems += found
    if text is not None and not found:
        sql = _csv_sql(text)
    return _Part(record, label, header, columns, sql, text, rows)


def _missing(
    record: str, header: tuple[str, ...], columns: dict[str, str], label: str
) -> list[Problem]:
    """Say which columns a file lacks; one message where it has none at all."""
    known = columns_of_record(record)
    if not columns:
        return [
            Problem(
                f"no column is one that {record} records have", label,
                example=_listed(header),
                remedy="Is the first line the header, and are columns split by commas, "
                "semicolons, tabs or bars? Otherwise name the columns in extract.toml.",
            )
        ]  # fmt: skip
    # Columns that nobody reads may be called as they like.
    repeated = sorted(name for name in set(columns.values()) if header.count(name) > 1)
    problems = [
        Problem("two columns have the same name", f"{label}: {name}", remedy="Rename one of them.")
        for name in repeated
    ]
    for column in known:
        if column.need == "yes" and column.name not in columns:
            names = sorted({column.name, *(n for p in column.names.values() for n in p)})
            problems.append(
                Problem(
                    "a column is missing", f"{label}: {column.name}",
                    remedy=f"Add it: {column.meaning}. It may be called {', '.join(names)}, "
                    f"or what extract.toml says. {_said_of_header(record, [column.name], header)}",
                )
            )  # fmt: skip
    for group in sorted({c.group for c in known if c.need == "one"}):
        options = [c.name for c in known if c.group == group]
        if not any(option in columns for option in options):
            problems.append(
                Problem(
                    "a column is missing", f"{label}: {options[0]}",
                    remedy=f"Add one of {', '.join(options)}. "
                    f"{_said_of_header(record, options, header)}",
                )
            )  # fmt: skip
    return problems


def _said_of_header(record: str, columns: list[str], header: tuple[str, ...]) -> str:
    """Say which columns are there, and which of them are called most like one that is missing."""
    guesses = [g for column in columns for g in nearest_columns(record, column, header)]
    guess = f" Nearest: {', '.join(dict.fromkeys(guesses))}." if guesses else ""
    return f"The file has {_listed(header)}.{guess}"


def _csv_sql(text: TextFile) -> str:
    names = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in _distinct(text.header))
    return (
        f"SELECT * FROM read_csv({quoted(str(text.path))}, delim = {quoted(text.delimiter)}, "
        "header = true, auto_detect = false, quote = '\"', escape = '\"', strict_mode = true, "
        "null_padding = false, ignore_errors = true, store_rejects = true, "
        "rejects_table = 'rejects_now', rejects_scan = 'rejects_scan_now', rejects_limit = 0, "
        f"max_line_size = 10000000, encoding = {quoted(text.reads_as)}, columns = {{{names}}})"
    )


def _distinct(header: tuple[str, ...]) -> list[str]:
    """Give names that differ, as unknown columns may be called the same or nothing."""
    seen: dict[str, int] = {}
    result = []
    for name in header:
        seen[name.lower()] = seen.get(name.lower(), 0) + 1
        count = seen[name.lower()]
        result.append(name if count == 1 and name else f"{name or 'unnamed'} ({count})")
    return result


def _stage_or_say(con: DuckDBPyConnection, part: _Part, mapping: RecordMapping) -> None:
    """Read one file; what the database cannot read is an error that names it."""
    import duckdb

    try:
        _stage_file(con, part, mapping)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise AcutecastError(
            Problem(
                f"the file cannot be read: {_first_line(error)}", part.label,
                remedy="It may be damaged, or text in it is no UTF-8: copy or export it again.",
            ),
            "The records cannot be read",
        ) from error  # fmt: skip


def _first_line(error: Exception) -> str:
    """Give the beginning of a message of the database, without the paths of this machine."""
    first = str(error).splitlines()[0].split(": ", 1)[-1]
    return re.sub(r'\s*(in |file )?(Parquet )?(file )?"[^"]*[/\\\\][^"]*"', "", first)


def _stage_file(con: DuckDBPyConnection, part: _Part, mapping: RecordMapping) -> None:
    """Read one file: first as text, then by type."""
    for table in ("rejects_now", "rejects_scan_now"):
        con.execute(f"DROP TABLE IF EXISTS {table}")
    stored = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE {part.sql}").fetchall()}
    chosen = ", ".join(
        f"nullif(trim({named(name)}), '') AS {named(c)}"
        if stored[name] == "VARCHAR"
        else f"{named(name)} AS {named(c)}"
        for c, name in part.columns.items()
    )
    # Parquet can be read again for nothing; text is read once.
    form = "TABLE" if part.text is not None else "VIEW"
    con.execute(f"CREATE OR REPLACE TEMP {form} as_text AS SELECT {chosen} FROM ({part.sql})")
    rejected = 0
    if part.text is not None:
        con.execute(
            """INSERT INTO rejected_lines
            SELECT ?, ?, line, min(lower(replace(error_type::VARCHAR, '_', ' '))), min(csv_line)
            FROM rejects_now GROUP BY line ORDER BY line""",
            [part.record, part.label],
        )
        (rejected,) = one_row(con, "SELECT count(DISTINCT line) FROM rejects_now")
    (read,) = one_row(con, "SELECT count(*) FROM as_text")
    note = part.text.note if part.text else ""
    rows = part.rows
    if part.text is not None and read + rejected == part.text.lines:
        # A quotation mark within a value looks like the start of one to whoever counts.
        rows = part.text.lines
    unclosed = part.text is not None and one_row(
        con, "SELECT count(*) FROM rejects_now WHERE error_type::VARCHAR = 'UNQUOTED VALUE'"
    ) != (0,)
    if read + rejected != rows or unclosed:
        # Two counts of one file must agree; where they do not, quotes are broken.
        raise AcutecastError(
            Problem(
                f"{rows:,} records seem to be in the file, but {read:,} could be read and "
                f"{rejected:,} could not", part.label,
                remedy="Look for a quotation mark without its partner, and export the file again.",
            )
        )  # fmt: skip
    con.execute(
        "INSERT INTO read_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            part.record, part.label, rows, read, rejected,
            part.text.encoding if part.text else "parquet",
            part.text.delimiter if part.text else "", note,
        ],
    )  # fmt: skip
    con.executemany(
        "INSERT INTO read_columns VALUES (?, ?, ?)",
        [(part.record, part.label, column) for column in sorted(part.columns)],
    )
    _typed(con, part, mapping)
    con.execute(f"DROP VIEW {PLAIN}")
    con.execute(f"DROP {form} as_text")


def _typed(con: DuckDBPyConnection, part: _Part, mapping: RecordMapping) -> None:
    """Add a file's records to `raw_<record>`, each value as its type."""
    columns = read_columns(con, part.record, part.label, part.columns, mapping)
    select = ", ".join(f"{c.sql} AS {named(c.name)}" for c in columns)
    select = f"{select}, {quoted(part.label)} AS source_file, row_number() OVER () AS source_row"
    if not has(con, f"raw_{part.record}"):
        con.execute(f"CREATE TABLE raw_{part.record} AS SELECT {select} FROM {PLAIN}")
        return
    known = {r[0] for r in con.execute(f"DESCRIBE raw_{part.record}").fetchall()}
    for column in columns:
        if column.name not in known:
            con.execute(
                f"ALTER TABLE raw_{part.record} ADD COLUMN {named(column.name)} "
                f"{SQL_TYPES[column.kind]}"
            )
    con.execute(f"INSERT INTO raw_{part.record} BY NAME SELECT {select} FROM {PLAIN}")


def _listed(header: tuple[str, ...]) -> str:
    return ", ".join(header[:12]) + (", …" if len(header) > 12 else "")
