"""What is asked of a run, from the query of an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from fastapi import Query

from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    from acutecast.results import Run

MOST_SUPPRESSED = 1000
"""The largest threshold of small numbers that may be asked for."""

By = Annotated[
    str,
    Query(description="The columns that split the answer, joined by commas: pod,sitetret,…"),
]
Where = Annotated[
    list[str] | None,
    Query(
        description="The rows kept: COLUMN=VALUE, or COLUMN=VALUE,VALUE; may be given repeatedly.",
        examples=[["sitetret=RXX01", "age_group=75-84,85+"]],
    ),
]
Measures = Annotated[
    str | None, Query(description="Measures, joined by commas: beddays,admissions,…; else all.")
]
Years = Annotated[str, Query(description='"horizon", "all", or years joined by commas: 2030,2035.')]
Suppress = Annotated[
    int | None,
    Query(
        ge=2,
        le=MOST_SUPPRESSED,
        description="Hide baseline counts from 1 to one less than this; the rules of the "
        "installation and of the run hold where they hide more.",
    ),
]


def parts(text: str | None) -> tuple[str, ...]:
    """Read a list joined by commas."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def conditions(stated: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    """Read what `where` says: values by column.

    Raises:
        AcutecastError: with everything that names no column and value, or a column twice.
    """
    kept: dict[str, tuple[str, ...]] = {}
    problems = []
    for text in stated or ():
        column, _, values = text.partition("=")
        column, listed = column.strip(), parts(values)
        if not column or not listed:
            problems.append(
                Problem("names no column and value", "where", example=text[:80],
                        remedy="Write COLUMN=VALUE, or COLUMN=VALUE,VALUE.")
            )  # fmt: skip
        elif column in kept:
            problems.append(
                Problem("names a column twice", "where", example=column,
                        remedy="Join its values by commas.")
            )  # fmt: skip
        kept[column] = listed
    if problems:
        raise AcutecastError(problems, "The question cannot be answered")
    return kept


def years_of(run: Run, text: str) -> list[int]:
    """Read years.

    Raises:
        AcutecastError: where they are none.
    """
    named: Mapping[str, Sequence[int]] = {"horizon": [run.horizon], "all": run.years}
    if text.strip() in named:
        return list(named[text.strip()])
    listed = parts(text)
    if not listed or not all(
        year.isascii() and year.isdigit() and len(year) <= 4 for year in listed
    ):
        raise AcutecastError(
            Problem("is no list of years", "years", example=text[:80],
                    remedy="Write horizon, all, or years such as 2030,2035.")
        )  # fmt: skip
    return list(dict.fromkeys(int(year) for year in listed))
