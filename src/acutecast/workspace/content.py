"""A scenario as plain content: the JSON object of its file, its paths, and what differs.

Content is kept in one normal form, so that two of the same meaning are equal: as `dump_scenario`
writes it, without empty branches. A path is the names from the top to a value. Paths may go into
an assumption that is written shortly ([0.75, 0.92]), and into growth that is named ("primary").
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem, raise_if_any

if TYPE_CHECKING:
    from acutecast.scenario import Scenario

Path = tuple[str, ...]
Change = tuple[Path, Any, Any]
"""Where, what stood there before, and after; None for nothing."""

GROWTH = ("non_demographic_growth",)
_GROWTH_NAMES = ("primary", "sensitivity", "retired", "none")  # the first where none is stated
LONGEST_NAME = 200
_OWN = ("population", "own")
# What of a projection of one's own, or of a site in it, is an assumption.
_OWN_STATED = (
    "fertility", "mortality", "migration", "extra_migrants", "people_per_dwelling", "completed",
)  # fmt: skip
_WHOLE = (("nhp",),)  # kept for writing back, and never edited in part


def parsed(content: Mapping[str, Any]) -> Scenario:
    """Give the scenario that content says.

    Raises:
        AcutecastError: with everything wrong with it, its assumptions of capacity included.
    """
    from acutecast.api.runs import load_scenario

    return load_scenario(content)


def normal(content: Mapping[str, Any]) -> dict[str, Any]:
    """Check content, ours or that of an NHP parameter file, and give it in normal form.

    Raises:
        AcutecastError: with everything wrong with it.
    """
    return plain(parsed(content))


def plain(scenario: Scenario) -> dict[str, Any]:
    """Give the content of a scenario, in normal form.

    Raises:
        AcutecastError: where a text cannot be kept.
    """
    from acutecast.scenario import dump_scenario
    from acutecast.scenario.model import SECTIONS

    text = dump_scenario(scenario)
    name = " ".join(scenario.name.split())
    raise_if_any(_text_problems(name, text), "The scenario")
    content = {**json.loads(text), "name": name}
    if scenario.capacity:
        content["capacity"] = _plain_capacity(scenario.capacity)
    for key in (*(section.field for section in SECTIONS), "reasons", "capacity"):
        if key in content:
            content[key] = _without_empties(content[key])
            if content[key] in ({}, None) and (key,) != GROWTH:
                del content[key]
    return content


def current(content: Mapping[str, Any]) -> dict[str, Any]:
    """Bring content that an older Acutecast stored to today's layout."""
    from acutecast.scenario.migrate import migrate

    return migrate(dict(content))


def to_text(value: Any) -> str:
    """Write a value as the tables hold it; plain ASCII, which every database keeps as it is."""
    return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"))


def storable(text: str) -> str:
    """Give a text as every database keeps it: none keeps the sign 0, and none half a sign."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def from_user(value: Any, where: str) -> Any:
    """Take a value as JSON has it.

    Raises:
        AcutecastError: where JSON cannot say it.
    """
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise AcutecastError(Problem(f"cannot be stored ({error})", where)) from error


def value_at(content: Mapping[str, Any], path: Path) -> Any:
    """Give what stands at a path, as if everything were written out; None for nothing."""
    node: Any = content
    for at, key in enumerate(path):
        node = written_out(node, path[:at])
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def with_value(content: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Give the content with a value at a path, or with nothing there where it is None.

    Branches on the way are made, and removed where they are empty.

    Raises:
        AcutecastError: where the path goes through something that has nothing below it.
    """
    if not path:
        return dict(value or {})
    return _put(content, (), path, value) or {}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Give what differs, each at the deepest path that says it.

    Putting the values of `after` in their places turns `old` into `new`, in any order, and those
    of `before` turn it back.
    """
    return list(_changes((), old, new))


def overlap(a: Path, b: Path) -> bool:
    """Tell whether one of two paths leads to the other."""
    shorter = min(len(a), len(b))
    return a[:shorter] == b[:shorter]


def same(a: Any, b: Any) -> bool:
    """Tell whether two values at one path mean the same, however they are written."""
    return _meaning(a) == _meaning(b)


def number_set(content: Mapping[str, Any]) -> int:
    """Count the assumptions that a scenario states, those of capacity included."""
    from acutecast.scenario.model import SECTIONS

    count = sum(number_stated(content.get(section.field)) for section in SECTIONS)
    for own in content.get("population", {}).get("own", {}).values():
        parts = [own, *own.get("housing", {}).values()]
        count += sum(name in part for part in parts for name in _OWN_STATED)
    for area, names in content.get("capacity", {}).items():
        by_specialty = area == "specialty_minutes"
        count += sum(map(len, names.values())) if by_specialty else len(names)
    return count


def number_stated(tree: Any) -> int:
    """Count the assumptions in a section, or in a part of one."""
    return sum(_is_stated(leaf) for leaf in _leaves(tree))


def written_out(node: Any, at: Path) -> Any:
    """Write out the value at a path that is written shortly: an interval, a number, a name.

    Returns:
        The object that means the same; the value itself where it is not written shortly.
    """
    from pydantic_core import PydanticCustomError

    from acutecast.scenario.model import SECTIONS, growth_variant
    from acutecast.scenario.shorthand import expand

    if isinstance(node, Mapping):
        return node
    if at == GROWTH and node in (None, *_GROWTH_NAMES):
        growth = growth_variant(node or _GROWTH_NAMES[0])
        return growth.model_dump(mode="json", exclude_defaults=True)
    if _is_short(node) and at[0] in ("capacity", "population", *(s.field for s in SECTIONS)):
        with suppress(PydanticCustomError):
            return expand(node)
    return node


def dotted(path: Path) -> str:
    """Write a path as messages do."""
    return ".".join(path)


def _put(node: Any, at: Path, rest: Path, value: Any) -> Any:
    """Give a node with a value below it; None where nothing is left of it."""
    branch = written_out(node, at)
    if branch is None:
        branch = {}
    if not isinstance(branch, Mapping):
        raise AcutecastError(Problem("there is nothing below this", dotted(at)))
    key, *below = rest
    here = (*at, key)
    child = _put(branch.get(key), here, tuple(below), value) if below else value
    if (key in branch) == (child is not None) and child == branch.get(key):
        return node  # as it was, however it was written
    left = dict(branch)
    left.pop(key, None)
    if child is not None:
        left[key] = child
    return left if left or _says_something_empty(at) else None


def _changes(at: Path, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    branches = [v for v in (old, new) if v is not None]
    told_by_its_being_there = _says_something_empty(at) and len(branches) == 1
    if at in _WHOLE or told_by_its_being_there or not all(_is_branch(at, v) for v in branches):
        yield at, old, new
        return
    old, new = old or {}, new or {}
    for key in dict.fromkeys((*old, *new)):
        yield from _changes((*at, key), old.get(key), new.get(key))


def _is_branch(at: Path, value: Any) -> bool:
    if not isinstance(value, Mapping) or "distribution" in value:
        return False
    return bool(value) or _says_something_empty(at)


def _says_something_empty(at: Path) -> bool:
    """Tell whether a branch says something also where it is empty.

    Growth that is stated and empty is none, and growth that is not stated is the published one; a
    projection of one's own may be just its name.
    """
    return at in ((), GROWTH) or (at[:2] == _OWN and len(at) == 3)


def _is_short(node: Any) -> bool:
    numbers = node if isinstance(node, list) and len(node) == 2 else [node]
    return all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)


def _is_stated(leaf: Any) -> bool:
    return _is_short(leaf) or (isinstance(leaf, Mapping) and "distribution" in leaf)


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, Mapping) and "distribution" not in tree:
        for branch in tree.values():
            yield from _leaves(branch)
    else:
        yield tree


def _meaning(value: Any) -> Any:
    """Give a value in the form in which two of the same meaning are equal."""
    from pydantic_core import PydanticCustomError

    from acutecast.scenario.shorthand import expand

    if not _is_short(value) and not isinstance(value, Mapping):
        return value
    try:
        written = expand(value)
    except PydanticCustomError:  # no assumption, but a branch
        written = {key: _meaning(inner) for key, inner in value.items()}
    return {key: inner for key, inner in written.items() if inner not in ({}, None, "")} or None


def _plain_capacity(capacity: Mapping[str, Any]) -> dict[str, Any]:
    from acutecast.capacity import load_assumptions
    from acutecast.scenario.shorthand import shorten

    read = load_assumptions(capacity, "capacity")
    written: dict[str, Any] = {}
    for (area, name), stated in read.stated.items():
        written.setdefault(area, {})[name] = shorten(stated)
    for (area, tretspef), minutes in read.specialty_minutes.items():
        written.setdefault("specialty_minutes", {}).setdefault(area, {})[tretspef] = minutes
    return written


def _without_empties(value: Any) -> Any:
    if not isinstance(value, Mapping) or "distribution" in value:
        return value
    kept = {key: _without_empties(inner) for key, inner in value.items()}
    return {key: inner for key, inner in kept.items() if inner not in ({}, None)}


def _text_problems(name: str, text: str) -> Iterator[Problem]:
    if not name or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
        yield Problem("is empty, or holds signs that are no letters", "name")
    elif len(name) > LONGEST_NAME:
        yield Problem(f"has {len(name)} letters", "name", remedy=f"Write at most {LONGEST_NAME}.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        near = text[max(0, error.start - 30) : error.start]
        yield Problem("holds characters that are not valid text", example=f"after {near!r}")
