"""Where activity goes: the cells of every view and conversion, and their place in the counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acutecast.demand import cells
from acutecast.demand.cells import Source, ViewLayout
from acutecast.demand.columns import Column, constant
from acutecast.demand.layout import EFFICIENCY_KINDS, ConversionCells, Tags, ViewCells
from acutecast.demand.rows import Rows, delivery
from acutecast.demand.views import VIEWS, View
from acutecast.facts import ACTIVITY_TYPES

# What a converted spell becomes: activity type, pod, and fixed values of the new kind's columns.
CONVERSIONS = {
    "sdec": (
        "aae",
        {"pod": "aae_type-05", "acuity": "standard", "attendance_category": "1"},
    ),
    "day_procedures_daycase": ("ip", {"pod": "ip_elective_daycase"}),
    "day_procedures_outpatients": ("op", {"pod": "op_procedure"}),
}
PLACES = View("places", "", (), False)


@dataclass(frozen=True)
class Convertible:
    """Spells that an efficiency may turn into something else.

    Attributes:
        row: their rows, (m,).
        of_row: index into `row` of every spell, -1 for none, int32.
        kinds: by kind of conversion, which of the m rows it can happen to.
    """

    row: np.ndarray
    of_row: np.ndarray
    kinds: dict[str, np.ndarray]


def convertible_spells(rows: Rows, efficiency: Tags) -> Convertible:
    """Find the spells that have a TPMA which converts."""
    of_entry = np.repeat(np.arange(len(rows)), np.diff(efficiency.start))
    kind = efficiency.kind[efficiency.tpma]
    masks = {}
    for name in CONVERSIONS:
        masks[name] = np.zeros(len(rows), dtype=bool)
        masks[name][of_entry[kind == EFFICIENCY_KINDS.index(name)]] = True
    row = np.flatnonzero(np.logical_or.reduce(list(masks.values())))
    of_row = np.full(len(rows), -1, dtype=np.int32)
    of_row[row] = np.arange(len(row))
    return Convertible(row, of_row, {name: mask[row] for name, mask in masks.items()})


def own_source(rows: Rows, efficiency: Tags) -> Source:
    """Give an activity type's own rows; an efficiency can bring a stay down to any group."""
    if rows.activity != "ip":
        return Source(rows.columns)
    group = los_group_of_rows(rows)
    shortened = np.diff(efficiency.start) > 0
    return Source(rows.columns, None, group, np.where(shortened, 0, group))


def los_group_of_rows(rows: Rows) -> np.ndarray:
    """Give the length-of-stay group of each spell at baseline."""
    longest = len(cells.LOS_GROUP_OF_DAYS) - 1
    return cells.LOS_GROUP_OF_DAYS[np.minimum(rows.measures[:, 1] - 1, longest)]


def conversion_sources(rows: Rows, converted: Convertible) -> dict[str, Source]:
    """Give the spells that can become activity of each type, by that type."""
    m = len(converted.row)
    result = {}
    for kind, (activity, fixed) in CONVERSIONS.items():
        own = {name: column[converted.row] for name, column in rows.columns.items()}
        made: dict[str, Column] = {
            **own,
            **{name: constant(value, m) for name, value in fixed.items()},
        }
        zero = np.zeros(m, dtype=np.int64)
        result[activity] = Source(made, converted.kinds[kind], zero, zero)
    return result


def view_layouts(
    own: dict[str, Source], conversions: dict[str, Source], spells: Rows, avoidance: dict[str, Tags]
) -> dict[str, ViewLayout]:
    """Number the cells of every view."""
    layouts = {}
    for view in VIEWS:
        mine, other = own[view.activity], conversions[view.activity]
        if view.rows == "delivery":
            with_delivery = delivery(spells)
            mine = Source(mine.columns, with_delivery, mine.highest_los, mine.lowest_los)
            other = Source(other.columns, np.zeros(len(other.columns["pod"].codes), dtype=bool))
        elif view.rows == "avoided":
            avoidable = np.diff(avoidance[view.activity].start) > 0
            mine, other = Source(mine.columns, avoidable), None
        elif view.rows == "converted":
            mine = Source(mine.columns, np.zeros(len(mine.columns["pod"].codes), dtype=bool))
        layouts[view.name] = cells.lay_out(view, [mine] if other is None else [mine, other])
    return layouts


def offsets_in_counts(
    views: dict[str, ViewLayout], years: tuple[int, ...]
) -> tuple[dict[str, np.ndarray], int]:
    """Place every view's years one behind the other in a run's counts."""
    offsets, at = {}, 0
    for name, layout in views.items():
        width = layout.size * len(ACTIVITY_TYPES[layout.view.activity].measures)
        offset = np.full(len(years), -1, dtype=np.int64)
        for y in range(len(years)):
            if y == len(years) - 1 or not layout.view.horizon_only:
                offset[y] = at
                at += width
        offsets[name] = offset
    return offsets, at


def _ordered(views: dict[str, ViewLayout], activity: str, kinds: tuple[str, ...]) -> list[str]:
    """Views of an activity type, those of every year first."""
    names = [n for n, v in views.items() if v.view.activity == activity and v.view.rows in kinds]
    return sorted(names, key=lambda name: views[name].view.horizon_only)


def view_cells_of(
    activity: str, views: dict[str, ViewLayout], offsets: dict[str, np.ndarray]
) -> ViewCells:
    """Give the arrays by which the kernel adds an activity type's rows."""
    names = _ordered(views, activity, ("all", "delivery"))
    starts, parts, at = [], [], 0
    for name in names:
        size = len(views[name].los_cell)
        starts.append(at if size else -1)
        parts.append(views[name].los_cell)
        at += size
    avoided = _ordered(views, activity, ("avoided",))[0]
    offset = np.stack([offsets[name] for name in names])
    return ViewCells(
        code=np.stack([views[name].codes[0] for name in names], axis=1),
        los_start=np.array(starts, dtype=np.int64),
        los_cell=np.concatenate(parts).astype(np.int32),
        offset=offset,
        views_in_year=(offset >= 0).sum(axis=0).astype(np.int64),
        n_measures=len(ACTIVITY_TYPES[activity].measures),
        avoided_code=views[avoided].codes[0],
        avoided_offset=int(offsets[avoided][-1]),
    )


def conversion_cells(
    converted: Convertible, views: dict[str, ViewLayout], offsets: dict[str, np.ndarray]
) -> ConversionCells:
    """Give the arrays by which the kernel adds converted spells."""
    arrays = []
    for activity in ("aae", "ip", "op"):
        names = _ordered(views, activity, ("all", "converted"))
        codes = []
        for name in names:
            code = views[name].codes[1]
            if len(views[name].los_cell):  # a converted spell has no nights: group 0
                code = np.where(code >= 0, views[name].los_cell[code * 8], -1)
            codes.append(code)
        arrays.append((np.stack(codes, axis=1), np.stack([offsets[name] for name in names])))
    (sdec, sdec_at), (daycase, daycase_at), (outpatient, outpatient_at) = arrays
    return ConversionCells(
        converted.of_row, sdec, daycase, outpatient, sdec_at, daycase_at, outpatient_at
    )


def conversion_target(
    kind: str, converted: Convertible, places: dict[str, ViewLayout]
) -> tuple[str, np.ndarray]:
    """Activity type and (pod, site) cell that each spell is converted to, -1 for none."""
    activity, _ = CONVERSIONS[kind]
    code = places[activity].codes[1]
    target = np.full(len(converted.of_row), -1, dtype=np.int32)
    target[converted.row] = np.where(converted.kinds[kind], code, -1)
    return activity, target


def baseline_of_view(layout: ViewLayout, rows: dict[str, Rows]) -> np.ndarray:
    """Give the baseline counts of a view, (cells, measures), where nothing is avoided yet."""
    mine = rows[layout.view.activity]
    if layout.view.rows in ("avoided", "converted"):
        return np.zeros((layout.size, mine.measures.shape[1]), dtype=np.int64)
    group = los_group_of_rows(mine) if mine.activity == "ip" else None
    return cells.baseline(layout, group, list(mine.measures.T))
