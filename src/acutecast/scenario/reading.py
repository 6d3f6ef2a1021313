"""Scenario files: reading, writing, and their JSON Schema."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acutecast.errors import AcutecastError, Problem
from acutecast.files import file_system, is_url
from acutecast.scenario.faults import shown
from acutecast.scenario.migrate import migrate
from acutecast.scenario.model import SCHEMA_VERSION, Scenario
from acutecast.scenario.nhp import from_nhp, is_nhp

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 50


def load_scenario(source: str | os.PathLike[str] | Mapping[str, Any]) -> Scenario:
    """Load a scenario: ours of any version, or an NHP parameter file.

    Args:
        source: a path, any fsspec URL, or the content itself as a dictionary.

    Raises:
        AcutecastError: with every problem of the file at once.
    """
    if isinstance(source, Mapping):
        return _parse(dict(source), "The scenario")
    where = str(source)
    try:
        return _parse(_decode(_read(source)), where)
    except AcutecastError as error:
        raise AcutecastError(error.problems, where) from None


def dump_scenario(scenario: Scenario, full: bool = False) -> str:
    """Write a scenario as JSON text that `load_scenario` reads back as the same scenario.

    Args:
        scenario: the scenario.
        full: whether to write everything, also what has its default value.
    """
    content = scenario.model_dump(mode="json", exclude_defaults=not full)
    text = json.dumps({"schema_version": SCHEMA_VERSION, **content}, indent=2, ensure_ascii=False)
    # An interval reads better on one line. A string in JSON never holds a line break itself.
    return re.sub(r"\[\n\s+([-+.\deE]+),\n\s+([-+.\deE]+)\n\s+\]", r"[\1, \2]", text) + "\n"


def schema() -> dict[str, Any]:
    """Give the JSON Schema (draft 2020-12) of a scenario file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Scenario.model_json_schema(),
        "title": "Acutecast scenario",
    }


def _read(source: str | os.PathLike[str]) -> bytes:
    where = str(source)
    try:
        if is_url(source):
            system, path = file_system(source)
            size, fetch = system.size(path), lambda: system.cat_file(path)
        else:
            local = Path(where.removeprefix("file://"))
            size, fetch = local.stat().st_size, local.read_bytes
        if (size or 0) > MAX_BYTES:
            raise AcutecastError(
                Problem(
                    f"the file has {size:,} bytes, too many for a scenario",
                    remedy="Check that it is the right file.",
                )
            )
        return fetch()
    except FileNotFoundError:
        raise AcutecastError(Problem("there is no such file", remedy="Check the path.")) from None
    except IsADirectoryError:
        raise AcutecastError(
            Problem("is a folder, not a file", remedy="Name the scenario file in it.")
        ) from None
    except (OSError, ValueError) as error:
        raise AcutecastError(Problem(f"the file cannot be read ({error})")) from None


def _decode(content: bytes) -> Any:
    if not content.strip():
        raise AcutecastError(
            Problem("the file is empty", remedy='The shortest scenario is {"name": "Base"}.')
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AcutecastError(
            Problem(
                f"the file is not UTF-8 text (from byte {error.start:,} on)",
                remedy="Save it as UTF-8.",
            )
        ) from None
    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except json.JSONDecodeError as error:
        truncated = error.msg.startswith("Unterminated") or not text[error.pos :].strip()
        what = "the file ends too early" if truncated else "the file is not valid JSON"
        raise AcutecastError(
            Problem(
                f"{what}: {error.msg[:1].lower()}{error.msg[1:]}",
                f"line {error.lineno}, column {error.colno}",
                remedy="Save it again from where it came." if truncated else "Correct it there.",
            )
        ) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        # Python refuses to read whole numbers of more than 4,300 digits.
        raise AcutecastError(Problem("a number has thousands of digits")) from None


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        seen: set[str] = set()
        twice = [key for key, _ in pairs if key in seen or seen.add(key)]
        raise AcutecastError(
            [
                Problem("stands twice in the same object", key, remedy="Keep one of the two.")
                for key in dict.fromkeys(twice)
            ]
        )
    return content


def _parse(content: Any, title: str) -> Scenario:
    if not isinstance(content, dict):
        raise AcutecastError(
            Problem(
                f"a scenario is an object in curly brackets, and this is {shown(content)}",
                remedy='The shortest scenario is {"name": "Base"}.',
            )
        )
    _check_depth_and_keys(content)
    if is_nhp(content):
        return from_nhp(content)
    try:
        return Scenario(**migrate(content))
    except AcutecastError as error:
        raise AcutecastError(error.problems, title) from None


def _check_depth_and_keys(content: dict[str, Any]) -> None:
    """Refuse what nests deeper than any scenario, before anything walks it by recursion."""
    level: list[Any] = [content]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            if isinstance(item, Mapping):
                for key in item:
                    if not isinstance(key, str):
                        raise AcutecastError(
                            Problem(
                                f"the name {shown(key)} is not text", remedy="Put it in quotes."
                            )
                        )
                below.extend(item.values())
            elif isinstance(item, list | tuple):
                below.extend(item)
        if not below:
            return
        level = below
    raise _too_deep()


def _too_deep() -> AcutecastError:
    return AcutecastError(
        Problem(
            "the file nests too deeply to be a scenario", remedy="Check that it is the right file."
        )
    )
