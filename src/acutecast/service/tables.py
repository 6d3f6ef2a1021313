"""Tables as answers: JSON, CSV, Parquet or Arrow, by the `format` of the query or by `Accept`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends, Query, Request
from starlette.responses import Response

from acutecast.errors import Problem
from acutecast.files import safe_table
from acutecast.service.refusals import Refused, as_json

if TYPE_CHECKING:
    import polars

Format = Literal["json", "csv", "parquet", "arrow"]
MEDIA: dict[str, str] = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "arrow": "application/vnd.apache.arrow.stream",
}
"""The media type of each format; the first is given where nothing is asked for."""

MOST_NUMBERS = 5_000_000
"""How many numbers one answer may have; more are in the files of the run."""

RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The table.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["columns", "rows", "notes"],
                    "properties": {
                        "columns": {"type": "array", "items": {"type": "string"}},
                        "rows": {"type": "array", "items": {"type": "object"}},
                        "notes": {"type": "array", "items": {"type": "string"}},
                    },
                }
            },
            **{MEDIA[name]: {} for name in ("csv", "parquet", "arrow")},
        },
    }
}
"""What a table is in the description."""


@dataclass(frozen=True)
class Table:
    """A table to give.

    Attributes:
        frame: its rows.
        notes: what to know of it; only JSON has them.
    """

    frame: polars.DataFrame
    notes: Sequence[str] = ()


def _form(
    request: Request,
    format: Annotated[
        Format | None, Query(description="The format; goes before what Accept says.")
    ] = None,
) -> str:
    return format or accepted(request.headers.get("accept", ""))


Form = Annotated[str, Depends(_form)]


def accepted(header: str) -> str:
    """Give the format that an `Accept` header likes best.

    Raises:
        Refused: with status 406 where it likes none of them.
    """
    likes: dict[str, float] = {}
    for part in header.lower().split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        if media:
            likes[media] = max((_weight(p) for p in parameters if p.startswith("q=")), default=1.0)
    if not likes:
        return "json"
    best, most = "", 0.0
    for name, media in MEDIA.items():
        ranges = (media, f"{media.partition('/')[0]}/*", "*/*")
        weight = next((likes[r] for r in ranges if r in likes), 0.0)
        if weight > most:
            best, most = name, weight
    if not best:
        raise Refused(
            406,
            Problem(
                "there is no such format", "Accept", example=header[:80],
                remedy=f"There are {', '.join(MEDIA.values())}.",
            ),
        )  # fmt: skip
    return best


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 0.0


def answer(table: Table, form: str, name: str) -> Response:
    """Give a table as an answer.

    Args:
        table: the table.
        form: one of `MEDIA`.
        name: of the file, without ending, for whoever saves it.
    """
    headers = {"Vary": "Accept"}
    if form != "json":
        headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    write = {"json": _json, "csv": _csv, "parquet": _parquet, "arrow": _arrow}[form]
    return Response(write(table), headers=headers, media_type=MEDIA[form])


def as_rows(frame: polars.DataFrame) -> list[dict[str, Any]]:
    """Give the rows of a table as JSON can say them; what is no number is empty."""
    import polars.selectors as cs

    return frame.with_columns(cs.float().fill_nan(None)).to_dicts()


def _json(table: Table) -> bytes:
    return as_json(
        {
            "columns": table.frame.columns,
            "rows": as_rows(table.frame),
            "notes": list(table.notes),
        }
    )


def _csv(table: Table) -> bytes:
    import polars as pl

    frame = table.frame
    lists = [name for name, kind in frame.schema.items() if isinstance(kind, pl.List)]
    for name in lists:
        # A cell holds one value, so a list of runs becomes a column for each of them.
        runs = int(frame[name].list.len().max() or 0)  # type: ignore[arg-type]
        wide = [pl.col(name).list.get(run).alias(f"run_{run + 1}") for run in range(runs)]
        frame = frame.with_columns(wide).drop(name)
    return safe_table(frame).write_csv().encode()


def _parquet(table: Table) -> bytes:
    content = BytesIO()
    table.frame.write_parquet(content)
    return content.getvalue()


def _arrow(table: Table) -> bytes:
    content = BytesIO()
    table.frame.write_ipc_stream(content)
    return content.getvalue()
