"""What people are told of a run, without small counts and without where things are on a machine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from acutecast.errors import Problem
from acutecast.files import is_url
from acutecast.workspace.settings import Settings


def told(warnings: Iterable[Mapping[str, Any]], least: int | None) -> list[str]:
    """Write the warnings of a run as lines, each once.

    Args:
        warnings: as the run stores them, the fields of problems.
        least: the smallest count of rows that is told; None for all.
    """
    lines = []
    for warning in warnings:
        problem = Problem(**warning)
        if least is not None and problem.count is not None and 0 < problem.count < least:
            problem = replace(problem, count=None)
        lines.append(str(problem))
    return list(dict.fromkeys(lines))


def without_paths(text: str, settings: Settings) -> str:
    """Write names in the place of paths that say how an installation is set up."""
    named = {str(settings.home): "WORKSPACE"} | dict.fromkeys(settings.data, "DATA")
    if settings.results is not None:
        named[str(settings.runs)] = "RESULTS"
    for path in sorted(named, key=len, reverse=True):
        # What is relative, such as "data" or ".", also stands in words.
        if is_url(path) or (Path(path).is_absolute() and path != "/"):
            text = re.sub(rf"{re.escape(path)}(?!\w)", named[path], text)
    return text
