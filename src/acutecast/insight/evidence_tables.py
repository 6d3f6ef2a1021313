"""Reading the assumption tables that extraction leaves beside the provider tables."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from acutecast.errors import AcutecastError, Problem
from acutecast.files import file_system, is_url, local, reason, store_errors
from acutecast.provider import Provider

if TYPE_CHECKING:
    import polars

Root: TypeAlias = str | os.PathLike[str] | None
"""The folder of assumption tables; None for the one beside the provider tables."""

NOTHING = "The records have nothing of it."
HIDDEN = "Small counts are hidden in this extract, and so are rates that rest on them."
_NO_FOLDER = "There is no evidence beside these tables. Run acutecast extract on the records."
_GENERAL = "What is left for general reduction of stays depends on the scenario, so it has no rate."


@dataclass(frozen=True)
class Evidence:
    """One table about one TPMA.

    Attributes:
        key: the TPMA's.
        table: empty where nothing is known.
        unit: of the rates ("per 1,000 people"); "" for counts.
        notes: what is missing and how to get it; how to read what is there.
    """

    key: str
    table: polars.DataFrame
    unit: str = ""
    notes: tuple[str, ...] = ()


def _folder_of(provider: Provider, root: Root = None) -> Root:
    """Give the folder with the evidence: as told, or beside the provider tables; None for none."""
    if root is not None or provider.source == Provider.source:
        return root
    return f"{provider.source.rstrip('/')}/assumptions"


def read_evidence(
    provider: Provider,
    name: str,
    evidence_root: Root = None,
    *,
    key: str | None = None,
    year: int | None = None,
    dataset: str | None = None,
) -> polars.DataFrame | None:
    """Read rows of an assumption table; None where there is no such table.

    Args:
        provider: whose it is.
        name: "tpma_trend" and so on.
        evidence_root: the folder of assumption tables; beside the provider tables if None.
        key: only this TPMA.
        year: only this year.
        dataset: only this provider.

    Raises:
        AcutecastError: where the table is damaged.
    """
    import polars as pl

    folder = _folder_of(provider, evidence_root)
    if folder is None:
        return None
    place = f"{str(folder).rstrip('/')}/{name}.parquet"
    try:
        if is_url(place):
            files, path = file_system(place)
            if not files.exists(path):
                return None
            frame = pl.read_parquet(io.BytesIO(files.cat_file(path))).lazy()
        elif not local(place).exists():
            return None
        else:
            frame = pl.scan_parquet(local(place))
        wanted = {"strategy": key, "fyear": year, "procode3": dataset}
        for column, value in wanted.items():
            frame = frame if value is None else frame.filter(pl.col(column) == value)
        return frame.collect()
    except (pl.exceptions.PolarsError, *store_errors()) as error:
        raise AcutecastError(
            Problem(
                f"the table cannot be read: {reason(error)}",
                where=place,
                remedy="Make it again: ac.extract_records(records, out).",
            )
        ) from error


def empty(key: str, schema: dict[str, Any], *notes: str) -> Evidence:
    """Give a table without rows, and why it has none."""
    import polars as pl

    return Evidence(key, pl.DataFrame(schema=schema), "", notes)


def why_nothing(key: str, found: polars.DataFrame | None, otherwise: str) -> str:
    """Say why there is nothing about a TPMA."""
    if found is None:
        return _NO_FOLDER
    if key.startswith("general_los_reduction"):
        return _GENERAL
    return otherwise
