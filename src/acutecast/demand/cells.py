"""Cells of the count tables: which exist, where a row's activity goes, and the baseline in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acutecast.demand.columns import Column, combinations, stack
from acutecast.demand.views import View
from acutecast.facts import LOS_GROUPS, rows

_LOS_STARTS = [int(row["from_days"]) for row in rows("los_groups")]
LOS_GROUP_OF_DAYS = (
    np.searchsorted(_LOS_STARTS, np.arange(_LOS_STARTS[-1] + 1), side="right").astype(np.int64) - 1
)


@dataclass(frozen=True)
class Source:
    """Rows that can add to a view: the activity type's own, or conversions into it.

    Attributes:
        columns: key columns by name, with an entry per row.
        counted: which rows the view counts; a mask, or None for all.
        highest_los: highest length-of-stay group a row can have, (rows,); None without stays.
        lowest_los: lowest group it can have, (rows,).
    """

    columns: Mapping[str, Column]
    counted: np.ndarray | None = None
    highest_los: np.ndarray | None = None
    lowest_los: np.ndarray | None = None


@dataclass(frozen=True)
class ViewLayout:
    """The cells of one view.

    Attributes:
        view: the view.
        keys: text values by key column, one entry a cell.
        codes: per source, the row's cell (or, with stays, its code in `los_cell`), -1 for none.
        los_cell: cell by (code x 8 + length-of-stay group), -1 where impossible; empty without
            stays.
        size: the number of cells.
    """

    view: View
    keys: dict[str, np.ndarray]
    codes: list[np.ndarray]
    los_cell: np.ndarray
    size: int


def lay_out(view: View, sources: Sequence[Source]) -> ViewLayout:
    """Number the cells of a view: every combination that some source row can add to."""
    names = ["pod", "sitetret", *(key for key in view.keys if key != "los_group")]
    used_rows = [
        np.arange(len(source.columns["pod"].codes))
        if source.counted is None
        else np.flatnonzero(source.counted)
        for source in sources
    ]
    together = [
        stack([s.columns[name][r] for s, r in zip(sources, used_rows, strict=True)])
        for name in names
    ]
    number, values = combinations(together)
    bounds = np.cumsum([0, *(len(r) for r in used_rows)])
    codes = []
    for source, row, start, end in zip(sources, used_rows, bounds[:-1], bounds[1:], strict=True):
        code = np.full(len(source.columns["pod"].codes), -1, dtype=np.int32)
        code[row] = number[start:end]
        codes.append(code)
    keys = dict(zip(names, values, strict=True))
    if "los_group" not in view.keys:
        return ViewLayout(view, keys, codes, np.zeros(0, np.int32), len(values[0]))
    n_groups = len(LOS_GROUPS)
    possible = np.zeros((len(values[0]), n_groups), dtype=bool)
    for source, code in zip(sources, codes, strict=True):
        used = code >= 0
        low, high = source.lowest_los, source.highest_los
        assert low is not None
        assert high is not None
        for group in range(n_groups):
            reach = used & (low <= group) & (group <= high)
            possible[code[reach], group] = True
    base, group = np.nonzero(possible)
    los_cell = np.full(possible.shape, -1, dtype=np.int32)
    los_cell[base, group] = np.arange(len(base))
    keys = {name: value[base] for name, value in keys.items()}
    keys["los_group"] = np.array(LOS_GROUPS, dtype=object)[group]
    return ViewLayout(view, keys, codes, los_cell.ravel(), len(base))


def baseline(
    layout: ViewLayout, los_group: np.ndarray | None, measures: Sequence[np.ndarray]
) -> np.ndarray:
    """Sum the baseline of the view's own rows into its cells, (cells, measures), int64."""
    code = layout.codes[0].astype(np.int64)
    used = code >= 0
    cell = code[used]
    if len(layout.los_cell):
        assert los_group is not None
        cell = layout.los_cell[cell * len(LOS_GROUPS) + los_group[used]]
    return np.stack(
        [
            np.bincount(cell, weights=values[used], minlength=layout.size).astype(np.int64)
            for values in measures
        ],
        axis=1,
    )


def by_place(
    keys: dict[str, np.ndarray], cells: dict[str, np.ndarray], counts: np.ndarray
) -> np.ndarray:
    """Sum counts (…, view cells, measures) over a view's cells of each (pod, site)."""
    result = np.zeros((*counts.shape[:-2], len(cells["pod"]), counts.shape[-1]), dtype=np.int64)
    for i, (pod, site) in enumerate(zip(cells["pod"], cells["sitetret"], strict=True)):
        mine = np.flatnonzero((keys["pod"] == pod) & (keys["sitetret"] == site))
        result[..., i, :] = counts[..., mine, :].sum(axis=-2, dtype=np.int64)
    return result
