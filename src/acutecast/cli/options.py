"""Options that several commands have, and how their text is read."""

from __future__ import annotations

from typing import Annotated

import typer

from acutecast.errors import AcutecastError, Problem

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines and nothing else.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Threads; all processors by default.", show_default=False)
]
Data = Annotated[str | None, typer.Option(help="Root of the provider tables, if they were moved.")]
By = Annotated[
    str, typer.Option(help="Key columns, comma separated: pod,sitetret,age_group,tretspef,…")
]
Where = Annotated[
    list[str] | None,
    typer.Option(help="Keep only, e.g. sitetret=RXX01 or age_group=75-84,85+; repeatable."),
]


def picture(path: str | None) -> str | None:
    """Take the file of a picture; what cannot be written is said before the work begins."""
    if path is not None:
        from acutecast.report import check_picture

        check_picture(path)
    return path


Chart = Annotated[
    str | None,
    typer.Option(help="Draw it: a file that ends in .png, .svg or .html.", callback=picture),
]


def parts_of(text: str) -> tuple[str, ...]:
    """Read a comma-separated list."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def conditions(stated: list[str] | None) -> dict[str, list[str]]:
    """Read what --where says: values by column.

    Raises:
        AcutecastError: where one names no column and value.
    """
    wrong = [text for text in stated or [] if "=" not in text]
    if wrong:
        raise AcutecastError(
            Problem(
                f'"{wrong[0]}" names no column and value',
                where="--where",
                remedy="Write column=value, or column=value,value.",
            )
        )
    pairs = (text.split("=", 1) for text in stated or [])
    return {column.strip(): value.split(",") for column, value in pairs}
