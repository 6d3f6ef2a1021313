"""Where a hospital's files are and what their columns are called: `extract.toml`, or guesses."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acutecast.errors import Problem, raise_if_any
from acutecast.extract.mapping_form import files_of, read_form
from acutecast.extract.records import PRESETS, RECORDS, find_column
from acutecast.extract.stated_dates import faults_of_dates, stated_order

# What is not a record: people, and look-ups.
REFERENCES = ("population", "births", "deprivation", "ccg_to_icb")
MAPPING_FILE = "extract.toml"
_PARTS = ("preset", "files", "columns", "values", "encoding", "dates", "successors")
ENCODINGS = ("utf-8", "latin-1", "utf-16")
_ENDINGS = r"\.(csv|txt|tsv|csv\.gz|csv\.zip|zip|parquet|xlsx|xlsm|xlsb|xls|ods)"
_KINDS = sorted((*RECORDS, *REFERENCES), key=len, reverse=True)


@dataclass(frozen=True)
class RecordMapping:
    """Where the files are and how to read them.

    Attributes:
        root: the folder that everything is in.
        files: paths by kind ("apc", "opa", "population" and so on).
        preset: "hes", "sus", or None for both.
        columns: the file's column by canonical name, by kind of record.
        values: the canonical value by the file's, by kind of record and column.
        encoding: the encoding of text files; None to find out.
        successors: whether a provider that was merged counts to its successor.
        dates: "month first" and the like, for all or by record, file and column; None to find out.
    """

    root: Path
    files: Mapping[str, tuple[Path, ...]]
    preset: str | None = None
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    encoding: str | None = None
    dates: Any = None
    successors: bool = True

    def order_of(self, record: str, label: str, column: str) -> str | None:
        """Give what is said of the order of day and month in a column of a file."""
        return stated_order(self.dates, record, label, column)


def read_mapping(
    source: str | os.PathLike[str], mapping: str | os.PathLike[str] | None = None
) -> RecordMapping:
    """Find the files of a folder and how to read them.

    Args:
        source: the folder with the records.
        mapping: a TOML file; None for `extract.toml` in the folder, where there is one, or for
            files found by their names (apc*, opa*, ecds*, ae*, population*, …).

    Raises:
        AcutecastError: with everything that is wrong in the mapping, or no records are there.
    """
    root = Path(source)
    title = "The records cannot be read"
    if not root.is_dir():
        raise_if_any([Problem("there is no such folder", str(root))], title)
    path = Path(mapping) if mapping is not None else root / MAPPING_FILE
    document: dict[str, Any] = {}
    if path.exists():
        document, wrong = read_form(path)
        raise_if_any(wrong, title)
    elif mapping is not None:
        raise_if_any([Problem("there is no such file", str(path))], title)
    problems = _faults(document, path)
    found = files_by_name(root)
    for kind, wanted in document.get("files", {}).items():
        place = f"{path}: files.{kind}"
        met = [f for pattern in _listed(wanted) for f in files_of(root, pattern, place)]
        problems += [p for p in met if isinstance(p, Problem)]
        paths = [p for p in met if isinstance(p, Path)]
        if not met:
            problems.append(
                Problem(
                    "no file is there", place, example=str(wanted),
                    remedy="Paths are relative to the folder of the records; * stands for any.",
                )
            )  # fmt: skip
        found[kind] = tuple(paths)
    if not any(found.get(record) for record in ("apc", "opa", "ecds", "ae")):
        problems.append(
            Problem(
                "no records are here", str(root),
                remedy="Name files apc*.csv, opa*.csv, ecds*.csv or ae*.csv (or .parquet, .zip), "
                f"or say in {MAPPING_FILE} which they are.",
            )
        )  # fmt: skip
    raise_if_any(problems, title)
    return RecordMapping(
        root,
        {kind: found[kind] for kind in sorted(found)},
        document.get("preset"),
        document.get("columns", {}),
        document.get("values", {}),
        document.get("encoding"),
        document.get("dates"),
        document.get("successors", True),
    )


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def is_table(path: Path) -> bool:
    """Tell whether a file's name ends as those of tables do."""
    return re.search(rf"{_ENDINGS}$", path.name.lower()) is not None


def files_by_name(root: Path) -> dict[str, tuple[Path, ...]]:
    """Find files by the beginning of their own names, or of their folder's."""
    found: dict[str, list[Path]] = {}
    for path in sorted(p for p in root.rglob("*") if p.is_file()):
        parts = path.relative_to(root).parts
        # A folder's name says what is in it; otherwise the file's does.
        for name in parts:
            kind = next((k for k in _KINDS if re.match(rf"{k}(?![a-z])", name.lower())), None)
            if kind is not None:
                break
        if kind is not None and is_table(path):
            found.setdefault(kind, []).append(path)
    return {kind: tuple(paths) for kind, paths in found.items()}


def _faults(document: dict[str, Any], path: Path) -> list[Problem]:
    problems = []
    for key in document.keys() - set(_PARTS):
        problems.append(
            Problem(
                f'"{key}" is no part of a mapping', str(path),
                remedy=f"Parts: {', '.join(_PARTS)}.",
            )
        )  # fmt: skip
    problems += faults_of_dates(document.get("dates"), f"{path}: dates")
    preset = document.get("preset")
    if preset is not None and preset not in PRESETS:
        problems.append(
            Problem(
                f'"{preset}" is no preset', f"{path}: preset",
                remedy=f"Write one of {', '.join(PRESETS)}.",
            )
        )  # fmt: skip
    encoding = document.get("encoding")
    if encoding is not None and encoding not in ENCODINGS:
        problems.append(
            Problem(
                f'"{encoding}" is no encoding that can be read', f"{path}: encoding",
                remedy=f"Write one of {', '.join(ENCODINGS)}, or leave it out.",
            )
        )  # fmt: skip
    for kind in document.get("files", {}).keys() - {*RECORDS, *REFERENCES}:
        problems.append(
            Problem(
                f'"{kind}" is no kind of file', f"{path}: files",
                remedy=f"Kinds: {', '.join((*RECORDS, *REFERENCES))}.",
            )
        )  # fmt: skip
    for part in ("columns", "values"):
        for record, columns in document.get(part, {}).items():
            if record not in RECORDS:
                problems.append(
                    Problem(
                        f'"{record}" is no kind of record', f"{path}: {part}",
                        remedy=f"Kinds: {', '.join(RECORDS)}.",
                    )
                )  # fmt: skip
                continue
            for column in columns:
                if find_column(record, column) is None:
                    problems.append(
                        Problem(
                            f'"{column}" is no column of {record}', f"{path}: {part}.{record}",
                            remedy="The reference page on hospital records lists them.",
                        )
                    )  # fmt: skip
    return problems
