"""Small numbers: which counts of the baseline year are not shown, as the installation says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from acutecast.app.widgets import said

if TYPE_CHECKING:
    import polars

    from acutecast.insight.evidence import Evidence

_OF_TPMA = ("volume", "share", "overlap", "overlaps", "rate", "suggested_low", "suggested_high")
"""What of a TPMA would tell how much of it there is."""


def is_small(count: float | None, least: int | None) -> bool:
    """Tell whether a count is above 0 and below the smallest that is shown (None for all)."""
    return least is not None and count is not None and 0 < count < least


def count_text(count: float | None, least: int | None) -> str:
    """Write a count, or below which number it lies."""
    return f"below {least}" if is_small(count, least) else said(count, "count")


def hide_tpmas(table: polars.DataFrame, least: int | None) -> polars.DataFrame:
    """Empty what would tell how much there is of rare TPMAs.

    Args:
        table: of `acutecast.insight.evidence.tpma_table`.
        least: the smallest count that is shown; None for all.
    """
    import polars as pl

    if least is None:
        return table
    few = (pl.col("cases") > 0) & (pl.col("cases") < least)
    few |= (pl.col("volume") > 0) & (pl.col("volume") < least)
    return table.with_columns(
        pl.when(few).then(None).otherwise(pl.col(n)).alias(n) for n in _OF_TPMA
    )


def hide_counts(found: Evidence, least: int | None) -> Evidence:
    """Empty small counts of people, diagnoses or procedures, and their shares."""
    import polars as pl

    few = (pl.col("n") > 0) & (pl.col("n") < (least or 0))
    if least is None or found.table.filter(few).is_empty():
        return found
    table = found.table.with_columns(
        pl.when(few).then(None).otherwise(pl.col(name)).alias(name) for name in ("n", "share")
    )
    shown = table if table["n"].sum() else table.clear()
    notes = (f"Counts below {least} are hidden.", *found.notes)
    return replace(found, table=shown, notes=notes)


def hide_rates(found: Evidence, least: int | None) -> Evidence:
    """Leave out providers whose rate and denominator together tell a small count."""
    import polars as pl

    few = (pl.col("rate") > 0) & (pl.col("rate") * pl.col("denominator") < (least or 0))
    if least is None or found.table.filter(few).is_empty():
        return found
    notes = (f"Providers with a count below {least} are left out.", *found.notes)
    return replace(found, table=found.table.filter(~few), notes=notes)
