"""Scenario files: reading, writing, and their JSON Schema."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from acutecast.errors import AcutecastError, Problem
from acutecast.files import file_system, is_url, reason, store_errors
from acutecast.scenario.distributions import CLASSES
from acutecast.scenario.faults import MOST_PROBLEMS, dotted, further, shown
from acutecast.scenario.migrate import migrate
from acutecast.scenario.model import SCHEMA_VERSION, Scenario
from acutecast.scenario.nhp import from_nhp, is_nhp
from acutecast.scenario.shorthand import TOLD_BY_PARAMETERS

MAX_BYTES = 64 * 2**20
MAX_DEPTH = 50
MAX_ENTRIES = 100_000
"""Values, lists and objects that a file may have; one that states all there is has a tenth.
"""


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


def read_json(source: str | os.PathLike[str]) -> Any:
    """Read the JSON of a file or URL, as for a scenario: limited in size, no key twice."""
    where = str(source)
    try:
        content = _decode(_read(source))
        if isinstance(content, dict):
            _check_depth_and_keys(content)
    except AcutecastError as error:
        raise AcutecastError(error.problems, where) from None
    except RecursionError:
        raise AcutecastError(_too_deep().problems, where) from None
    return content


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
    raw = Scenario.model_json_schema()
    shared: dict[str, Any] = {}
    body = _share(raw, shared)
    for name in set(CLASSES) - TOLD_BY_PARAMETERS:
        definition = body["$defs"][CLASSES[name].__name__]
        definition["required"] = ["distribution", *definition["required"]]
    body["$defs"] = dict(sorted({**body["$defs"], **shared}.items()))
    for name, text in _field_texts(Scenario).items():
        body["properties"][name]["description"] = text
    body["properties"]["$schema"] = {"type": "string", "description": "where this schema is."}
    for node in (body, *body["$defs"].values()):
        if "description" in node:
            node["description"] = node["description"].partition("\n\n")[0].replace("\n", " ")
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **body, "title": "Acutecast scenario"}


def _field_texts(model: type[BaseModel]) -> dict[str, str]:
    """The descriptions of a model's fields, from the attributes in its docstring."""
    _, _, text = inspect.cleandoc(model.__doc__ or "").partition("Attributes:\n")
    entries = re.findall(r"^    (\w+): (.*(?:\n     .*)*)", text, re.MULTILINE)
    return {name: re.sub(r"\s+", " ", words) for name, words in entries}


def _share(node: Any, shared: dict[str, Any]) -> Any:
    """Move the forms of an assumption, which stand in many places, to one definition each.

    Titles that only repeat a field's name are left out.
    """
    if isinstance(node, list):
        return [_share(item, shared) for item in node]
    if not isinstance(node, dict):
        return node
    mark = node.get("$comment")
    if mark:
        name = mark.title().replace(" ", "")
        shared[name] = {key: value for key, value in node.items() if key != "$comment"}
        return {"$ref": f"#/$defs/{name}"}
    return {
        key: _share(value, shared)
        for key, value in node.items()
        if key != "title" or not isinstance(value, str)
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
    except (ValueError, *store_errors()) as error:
        raise AcutecastError(Problem(f"the file cannot be read ({reason(error)})")) from None


def _decode(content: bytes) -> Any:
    if not content.strip():
        raise AcutecastError(
            Problem("the file is empty", remedy="Check that it is the right file.")
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
        every = [key for key, _ in pairs if key in seen or seen.add(key)]
        twice = list(dict.fromkeys(every))
        problems = [
            Problem("stands twice in the same object", dotted([key]), remedy="Keep one of the two.")
            for key in twice[:MOST_PROBLEMS]
        ]
        if len(twice) > MOST_PROBLEMS:
            problems.append(further(len(twice) - MOST_PROBLEMS))
        raise AcutecastError(problems)
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
    # An editor finds the JSON Schema by this name; it says nothing about the scenario.
    content = {key: value for key, value in content.items() if key != "$schema"}
    if is_nhp(content):
        return from_nhp(content)
    try:
        return Scenario(**migrate(content))
    except AcutecastError as error:
        raise AcutecastError(error.problems, title) from None


def _check_depth_and_keys(content: dict[str, Any]) -> None:
    """Refuse what is deeper or larger than any scenario, before anything walks it by recursion."""
    level: list[Any] = [content]
    entries = 0
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
        entries += len(below)
        if entries > MAX_ENTRIES:
            raise AcutecastError(
                Problem(
                    f"has more than {MAX_ENTRIES:,} entries, too many for a scenario",
                    remedy="Check that it is the right file.",
                )
            )
        level = below
    raise _too_deep()


def _too_deep() -> AcutecastError:
    return AcutecastError(
        Problem("the file nests too deeply", remedy="Check that it is the right file.")
    )
