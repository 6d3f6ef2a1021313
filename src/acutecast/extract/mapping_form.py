"""What `extract.toml` may hold, part by part: types and patterns, before anything is made of it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr
from pydantic import ValidationError as _Invalid

from acutecast.errors import Problem

# What each part must be, in words.
_FORMS = {
    "preset": "a text",
    "encoding": "a text",
    "successors": "true or false",
    "files": "a table: kind of record = a path, or a list of paths",
    "columns": "a table for each kind of record: our column = a text, your column",
    "values": "a table for each kind of record and column: your code = our code",
}


class _Form(BaseModel):
    """The types of a mapping; names and codes in it are checked elsewhere."""

    model_config = ConfigDict(extra="ignore")

    preset: StrictStr | None = None
    encoding: StrictStr | None = None
    successors: StrictBool = True
    files: dict[str, StrictStr | list[StrictStr]] = {}
    columns: dict[str, dict[str, StrictStr]] = {}
    values: dict[str, dict[str, dict[str, StrictStr | StrictInt | StrictFloat | StrictBool]]] = {}


def read_form(path: Path) -> tuple[dict[str, Any], list[Problem]]:
    """Read a mapping; give it, or nothing and everything in it that is not of its type."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except RecursionError:
        return {}, [Problem("the file is nested too deep", str(path), remedy="Write it flat.")]
    except (ValueError, OSError) as error:  # not TOML, not UTF-8, numbers too long, a folder
        return {}, [Problem(f"the file is not TOML: {error}", str(path), remedy="Mend it there.")]
    try:
        _Form.model_validate(document)
    except _Invalid as error:
        wrong = {_place(e["loc"]): e["loc"][0] for e in error.errors(include_url=False)}
        return {}, [
            Problem(
                "is not of its type", f"{path}: {place}",
                remedy=f"Write {part} as {_FORMS[str(part)]}.",
            )
            for place, part in sorted(wrong.items())
        ]  # fmt: skip
    return document, []


def _place(location: tuple[int | str, ...]) -> str:
    """Give the path of a value: kinds of types that pydantic tried are no part of it."""
    depth = {"files": 2, "columns": 3, "values": 4}.get(str(location[0]), 1)
    return ".".join(str(part) for part in location[:depth])


def files_of(root: Path, pattern: str, where: str) -> Iterator[Path | Problem]:
    """Find the files of a pattern, below the folder alone; a problem where it cannot be used."""
    parts = (*PurePosixPath(pattern).parts, *PureWindowsPath(pattern).parts)
    anchored = PurePosixPath(pattern).anchor or PureWindowsPath(pattern).anchor
    if anchored or ".." in parts or not pattern.strip():
        yield Problem(
            "the path does not lie in the folder of the records", where, example=pattern,
            remedy="Write it from that folder, without .. and without a slash in front.",
        )  # fmt: skip
        return
    try:
        yield from sorted(path for path in root.glob(pattern) if path.is_file())
    except (ValueError, OSError, NotImplementedError) as error:
        yield Problem(
            f"the pattern cannot be used: {error}", where, example=pattern[:60],
            remedy="Use * within a name, and ** alone between slashes.",
        )  # fmt: skip
