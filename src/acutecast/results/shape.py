"""What the small JSON files of a run must look like, so that whoever reads on need not ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

RUN: dict[str, Any] = {
    "format": str,
    "format_version": int,
    "scenario": str,
    "dataset": str,
    "baseline_year": int,
    "horizon_year": int,
    "years": [int],
    "runs": int,
    "inputs?": {"*": str},
    "rows?": {"*": int},
    "warnings?": [{"what": str, "where": str, "remedy": str}],
    "tables": {
        "*": {
            "bytes": int, "rows": int, "years?": [int], "keys?": [str], "measures?": [str],
            "activity?": str,
        },
        # Which of them answers a question is chosen by these.
        "cube/*": {"years": [int], "keys": [str], "measures": [str], "activity": str},
    },
}  # fmt: skip
"""A type; a list of such; or an object: by name, with "?" where it may lack, "*" for any ending."""


def faults(content: Any, shape: Any, where: str = "") -> Iterator[str]:
    """Say what in a parsed JSON is not as its shape.

    Args:
        content: what was read.
        shape: as `RUN`.
        where: what the content is called.
    """
    if isinstance(shape, type):
        # A whole number will do for a number; true and false are none, though Python's are.
        kinds = (int, float) if shape is float else shape
        if not isinstance(content, kinds) or (shape is not bool and isinstance(content, bool)):
            yield f"{where or 'it'} is of another type"
    elif isinstance(shape, list):
        if not isinstance(content, list):
            yield f"{where or 'it'} is no list"
            return
        for item in content:
            yield from faults(item, shape[0], where)
    elif not isinstance(content, Mapping):
        yield f"{where or 'it'} is no object"
    else:
        for name, inner in shape.items():
            plain = name.removesuffix("?")
            if name.endswith("*"):
                for key, item in content.items():
                    if key.startswith(name.removesuffix("*")):
                        yield from faults(item, inner, f"{where}.{key}".lstrip("."))
            elif plain in content:
                yield from faults(content[plain], inner, f"{where}.{plain}".lstrip("."))
            elif plain == name:
                yield f"{f'{where}.{name}'.lstrip('.')} is missing"
