"""Where a projection begins: official files, a provider's tables, or England by the facts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from acutecast.population import england
from acutecast.population.people import Population
from acutecast.population.reading import read_population

ENGLAND = "england"
"""The name of the built-in national projection."""
_TABLES = ("demographic_factors", "birth_factors")


def open_population(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = ENGLAND,
    *,
    variant: str | None = None,
    areas: Iterable[str] | None = None,
) -> dict[str, Population]:
    """Read a projection a variant.

    Args:
        source: "england"; files, folders or zips that `read_population` knows; the root of
            provider tables, whose catchment is one area; or a folder that `acutecast population
            project` made.
        variant: the variant of files that do not state one.
        areas: the areas to keep; by default local authorities where there are any, else all.

    Raises:
        AcutecastError: with everything wrong in the files.
    """
    if isinstance(source, str) and source == ENGLAND:
        return {england.VARIANT: england.england()}
    one = isinstance(source, str | os.PathLike)
    paths = [Path(source)] if one else [Path(path) for path in source]  # type: ignore[arg-type]
    return read_population(
        [inner for path in paths for inner in _inner(path)], variant=variant, areas=areas
    )


def _inner(path: Path) -> list[Path]:
    """Give the parts of a folder that hold people, where it is one of ours."""
    if all((path / name).is_dir() for name in _TABLES):
        return [path / name for name in _TABLES]
    if (path / "population.csv").exists():
        births = path / "births.csv"
        return [path / "population.csv", *([births] if births.exists() else [])]
    return [path]
