"""The parts of a change, as the run stores them: exact in every run, by change factor or TPMA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from acutecast import facts
from acutecast.report.charts import FACTOR_LABELS
from acutecast.report.insight_charts import words
from acutecast.report.views.asked import activity_of, known, threshold, where, year_of
from acutecast.report.views.selection import Selection
from acutecast.results.suppress import hide_small_counts

if TYPE_CHECKING:
    import polars

    from acutecast.results.run import Run

MITIGATION = ("activity_avoidance", "efficiencies")
HIDDEN = (
    "The baseline of this selection is small and not shown; the parts of its change would give it "
    "back, so they are not shown either."
)


def factor_label(factor: str) -> str:
    """Give the words for a change factor."""
    return FACTOR_LABELS.get(factor, factor.replace("_", " ").capitalize())


def tpma_label(strategy: str) -> str:
    """Give the name of a TPMA; of one of the provider's own, its key in words."""
    return words(strategy.removeprefix(facts.OWN_TPMA))


def tpma_facts() -> dict[str, dict[str, str]]:
    """Give the row of each TPMA by its key."""
    return {row["key"]: row for row in facts.rows("tpmas")}


def parts_of(
    run: Run,
    selection: Selection,
    measure: str,
    by: Sequence[str],
    factors: Sequence[str] = (),
) -> polars.DataFrame:
    """Give the parts of the change of a measure; rows that are zero throughout are left out.

    Args:
        run: the run.
        selection: what is looked at; points of delivery and sites of the measure's activity apply.
        measure: the measure.
        by: "change_factor" or "strategy" or both.
        factors: only these change factors; all where empty.

    Returns:
        The columns of `by`, `change`, `p10`, `p90`, `change_pct` (of the baseline of the
        selection, in percent), `baseline` and `total` of it.
    """
    import polars as pl

    activity = activity_of(measure)
    rows = {k: v for k, v in where(selection, activity).items() if k in ("pod", "sitetret")}
    if not _has_parts(run, activity, measure, rows):
        return _no_parts(by)
    if factors:
        present = run.parts("attribution").keys["change_factor"].names
        rows["change_factor"] = tuple(factor for factor in factors if factor in present)
        if not rows["change_factor"]:
            return _no_parts(by)
    rows |= {"activity_type": (activity,), "measure": (measure,)}
    table = run.attribution(by, rows, year_of(run, selection)).rename({"mean": "change"})
    share = pl.when(pl.col("baseline") > 0).then(100 * pl.col("change") / pl.col("baseline"))
    zero = (pl.col("change") == 0) & (pl.col("p10") == 0) & (pl.col("p90") == 0)
    return table.with_columns(share.alias("change_pct")).filter(~zero)


def _has_parts(run: Run, activity: str, measure: str, rows: dict[str, tuple[str, ...]]) -> bool:
    """Tell whether the table of parts has this activity; a site may have none of it."""
    have = known(run)
    if activity not in have or measure not in have[activity].measures:
        return False
    keys = run.parts("attribution").keys
    if activity not in keys["activity_type"].names:
        return False
    ways = ("walk-in", "ambulance") if measure == "arrivals" else (measure,)
    if not all(way in keys["measure"].names for way in ways):
        return False
    return all(set(values) <= set(keys[name].names) for name, values in rows.items())


def _no_parts(by: Sequence[str]) -> polars.DataFrame:
    import polars as pl

    numbers = ("change", "p10", "p90", "change_pct", "baseline", "total")
    kinds = dict.fromkeys(by, pl.String) | dict.fromkeys(numbers, pl.Float64)
    return pl.DataFrame(schema=kinds)


def is_hidden(run: Run, selection: Selection, baseline: float | None) -> bool:
    """Tell whether the baseline may not be shown, so that parts may not be shown either."""
    import polars as pl

    rule = threshold(run, selection)
    if baseline is None or rule is None:
        return baseline is None
    frame = pl.DataFrame({"baseline": [int(baseline)]})
    return hide_small_counts(frame, rule)["baseline"][0] is None
