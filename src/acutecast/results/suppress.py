"""Small-number suppression, for what leaves the organisation.

The rule: a baseline count of at least 1 and less than the threshold (5 unless told otherwise) is
left empty, and its change with it; zeros are shown. Projected counts are simulated and are shown.
The secondary rule: in a run stored with suppression, a total over an empty cell is empty too. A
suppressed summary or NHP export has the first rule alone: who publishes a total beside its parts
must still look for counts that subtraction gives back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from acutecast.errors import AcutecastError, Problem

if TYPE_CHECKING:
    import polars

THRESHOLD = 5


def is_small(counts: np.ndarray, threshold: int = THRESHOLD) -> np.ndarray:
    """Tell which counts are from 1 to `threshold` - 1; any shape."""
    if threshold < 2:
        raise AcutecastError(
            Problem(
                "a threshold for small numbers is at least 2",
                where="suppress",
                example=str(threshold),
                remedy="Leave it out to show all counts.",
            )
        )
    return (counts >= 1) & (counts < threshold)


def hide_small(counts: np.ndarray, threshold: int | None) -> pa.Array:
    """Give counts as an Arrow array, empty where small; all of them where `threshold` is None."""
    hidden = None if threshold is None else is_small(counts, threshold)
    return pa.array(counts, mask=hidden)


def hide_small_counts(
    frame: polars.DataFrame, threshold: int = THRESHOLD, *, text: bool = False
) -> polars.DataFrame:
    """Hide small baseline counts in a summary.

    Args:
        frame: a table with a column `baseline`; `change` and `change_pct` would give the count
            back, so they are emptied beside it.
        threshold: the smallest count that is shown.
        text: write "<5" in place of an empty value; the column then holds text.

    Returns:
        The table with the same columns.
    """
    import polars as pl

    baseline = frame["baseline"].cast(pl.Float64).to_numpy()
    small = pl.Series("small", is_small(np.nan_to_num(baseline), threshold))
    hidden = [
        pl.when(small).then(None).otherwise(pl.col(name)).alias(name)
        for name in ("baseline", "change", "change_pct")
        if name in frame.columns
    ]
    frame = frame.with_columns(hidden)
    if text:
        shown = pl.col("baseline").cast(pl.String)
        frame = frame.with_columns(
            pl.when(small).then(pl.lit(f"<{threshold}")).otherwise(shown).alias("baseline")
        )
    return frame
