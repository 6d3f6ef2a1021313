"""From what Pydantic finds to problems in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from acutecast.errors import Problem

# What must stand in a place, by Pydantic's name for the fault.
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "text in quotes",
    "bool": "true or false",
    "list": "a list in square brackets",
    "tuple": "a list in square brackets",
    "dict": "an object in curly brackets",
    "model": "an object in curly brackets",
    "finite": "a finite number",
}
_LIMITS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}

MOST_PROBLEMS = 200
"""Problems of one file that are told; the others are counted."""
_LONGEST_NAME = 100


def fault(what: str, remedy: str = "") -> PydanticCustomError:
    """Make the error that a validator raises for one problem at its own path."""
    return faults([Problem(what, remedy=remedy)])


def faults(problems: Iterable[Problem]) -> PydanticCustomError:
    """Make the error that a validator raises for several problems.

    A problem's `where` is relative to the place that the validator checks.
    """
    return PydanticCustomError("acutecast", "see problems", {"problems": tuple(problems)})


def tag(name: str) -> str:
    """Name a branch of a union so that it can be told from the user's own keys."""
    return f"<{name}>"


def nearest(word: str, known: Sequence[str]) -> str:
    """Give a remedy for an unknown word: the nearest known one, or all where they are few."""
    # Of a word that is far longer than any name, nothing is near.
    near = len(word) <= _LONGEST_NAME
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6) if near else []
    if close:
        return f"Did you mean {close[0]}?"
    if len(known) <= 24:
        return f"Use one of: {', '.join(known)}."
    return ""


def problems_of(error: ValidationError, root: type[BaseModel]) -> list[Problem]:
    """Say each fault in plain words, at its dotted path, each once; very many are counted.

    Args:
        error: what Pydantic raised.
        root: the model that was being read; its fields are the names it knows.
    """
    found: dict[Problem, None] = {}
    entries = error.errors(include_url=False)
    if len(entries) > MOST_PROBLEMS:
        # Of very many, most are names that nobody knows; what else is wrong is told first.
        entries.sort(key=lambda entry: entry["type"] == "extra_forbidden")
    for done, entry in enumerate(entries):
        if len(found) >= MOST_PROBLEMS:
            return [*found, further(len(entries) - done)]
        for problem in _problems(entry, root):
            found[problem] = None
    return list(found)


def further(number: int) -> Problem:
    """Say that there are more problems than anybody reads."""
    return Problem(f"there are {number:,} further problems", remedy="Mend these first.")


def dotted(location: Sequence[str | int]) -> str:
    """Write a location as the path that a user sees: correlations[0].rho."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]" and not part.startswith("<"):
            part = part if len(part) <= _LONGEST_NAME else f"{part[:_LONGEST_NAME]}…"
            path += f".{part}" if path else part
    return path


def shown(value: Any) -> str:
    """Show a wrong value, shortened."""
    names = {True: "true", False: "false", None: "nothing (null)"}
    if value is None or isinstance(value, bool):
        return names[value]
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list" if len(value) != 1 else "a list of one"
    try:
        text = repr(value)
    except ValueError:
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "…"


def _problems(entry: Mapping[str, Any], root: type[BaseModel]) -> list[Problem]:
    kind, context, where = entry["type"], entry.get("ctx", {}), dotted(entry["loc"])
    if kind == "acutecast":
        return [
            Problem(p.what, _joined(where, p.where), remedy=p.remedy) for p in context["problems"]
        ]
    if kind == "missing":
        return [Problem("is missing", where, remedy="Add it.")]
    if kind == "extra_forbidden":
        name = str(entry["loc"][-1])
        known = nearest(name, _known_names(entry["loc"][:-1], root))
        return [Problem("is not a known name", where, remedy=known or "Remove it.")]
    if kind in _LIMITS:
        words, key = _LIMITS[kind]
        return [Problem(f"is {shown(entry['input'])}; it must be {words} {context[key]:g}", where)]
    if kind == "literal_error":
        expected = context["expected"].replace("'", '"')
        return [Problem(f"is {shown(entry['input'])}", where, remedy=f"Use {expected}.")]
    if kind == "too_short":
        return [Problem("is empty", where, remedy="Write at least one entry.")]
    if kind == "string_too_short":
        return [Problem("is empty", where, remedy="Write at least one letter.")]
    if kind == "string_unicode":
        return [Problem("holds characters that are not valid text", where)]
    wanted = _KINDS.get(kind.split("_")[0])
    if wanted:
        return [Problem(f"must be {wanted}, not {shown(entry['input'])}", where)]
    words = entry["msg"].replace("Input should", "must").replace("Value should", "must")
    return [Problem(words[:1].lower() + words[1:], where)]


def _joined(where: str, rest: str) -> str:
    return where + rest if rest.startswith("[") else ".".join(filter(None, (where, rest)))


def _known_names(location: Sequence[str | int], root: type[BaseModel]) -> list[str]:
    """The field names of the model at a location."""
    model, field = root, None
    for part in location:
        candidates = {c.__name__: c for c in _models_in(field.annotation)} if field else {}
        if isinstance(part, str) and part.startswith("<"):
            # The branch <truncated_normal> of a union is the model TruncatedNormal.
            name = part.strip("<>").replace("_", "")
            chosen = [c for key, c in candidates.items() if key.lower() == name]
            model = (chosen or list(candidates.values()))[0]
        elif isinstance(part, str) and part in model.model_fields:
            field = model.model_fields[part]
            inner = list(_models_in(field.annotation))
            model = inner[0] if len(inner) == 1 else model
    return list(model.model_fields)


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
