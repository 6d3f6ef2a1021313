"""The flat arrays that kernels read: one named tuple a purpose, with the shape of each array.

n is the number of rows of an activity type, Y of years, V of views (count tables), K of TPMAs.
A class is a set of rows whose growth factors are equal in every run.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class SpellRows(NamedTuple):
    """Inpatient spells, all (n,)."""

    key: np.ndarray  # uint64, random key of the row
    class_a: np.ndarray  # int32, demography and health class
    class_b: np.ndarray  # int32, class of the other growth steps
    days: np.ndarray  # int32, nights (speldur)
    procedure: np.ndarray  # int32, 1 where the spell had a procedure
    cell: np.ndarray  # int32, (pod, site)


class CountRows(NamedTuple):
    """Outpatient or emergency rows that stand for several contacts; C count columns."""

    key: np.ndarray  # uint64 (n,)
    class_a: np.ndarray  # int32 (n,)
    class_b: np.ndarray  # int32 (n,)
    count: np.ndarray  # int64 (n, C), contacts at baseline
    measure: np.ndarray  # int32 (n, C), the measure each count column is
    tele: np.ndarray  # int32 (n,), tele TPMA, -1 for none
    cell: np.ndarray  # int32 (n,), (pod, site)


class Tags(NamedTuple):
    """The TPMAs of each row: entries start[i] to start[i + 1]."""

    start: np.ndarray  # int64 (n + 1,)
    tpma: np.ndarray  # int32 (entries,)
    rate: np.ndarray  # float64 (entries,), sample rate
    tpma_key: np.ndarray  # uint64 (K,), random key of each TPMA
    kind: np.ndarray  # int32 (K,), index in EFFICIENCY_KINDS, -1 for avoidance
    pre_op_days: np.ndarray  # int32 (K,), days that a pre-op TPMA removes


class ViewCells(NamedTuple):
    """Where a row's activity is added; views of every year come first."""

    code: np.ndarray  # int32 (n, V), the row's cell in each view, -1 where it is not counted
    los_start: np.ndarray  # int64 (V,), start of the view's part of los_cell, -1 without stay
    los_cell: np.ndarray  # int32, cell by (code x 8 + length-of-stay group), -1 where impossible
    offset: np.ndarray  # int64 (V, Y), start of the view's year in a run's counts, -1 where absent
    views_in_year: np.ndarray  # int64 (Y,), how many of the views each year has
    n_measures: int
    avoided_code: np.ndarray  # int32 (n,), the row's cell among avoided activity
    avoided_offset: int


class ConversionCells(NamedTuple):
    """Cells that converted spells go to; m is the number of rows that may be converted."""

    of_row: np.ndarray  # int32 (n,), index into the arrays below, -1 for none
    sdec: np.ndarray  # int32 (m, views of emergency care)
    daycase: np.ndarray  # int32 (m, views of inpatients)
    outpatient: np.ndarray  # int32 (m, views of outpatients)
    sdec_offset: np.ndarray  # int64 (views, Y), -1 where the view lacks the year
    daycase_offset: np.ndarray
    outpatient_offset: np.ndarray


class SpellRecord(NamedTuple):
    """What became of each copy of a spell in one run; room for `size` copies a year.

    With room for none, nothing is recorded.
    """

    row: np.ndarray  # int32 (Y, size), the baseline row
    copy: np.ndarray  # int32 (Y, size), 0 for the first copy of the row
    days: np.ndarray  # int32 (Y, size), nights
    kind: np.ndarray  # int8 (Y, size), 0 as it was, else 1 + index in EFFICIENCY_KINDS
    count: np.ndarray  # int64 (Y,), how many were recorded


class Classes(NamedTuple):
    """Rows grouped for attribution; S is the number of baseline sums ("stats") of a row."""

    pair_start: np.ndarray  # int64 (classes + 1,), pairs of a class
    pair_a: np.ndarray  # int32 (pairs,), class a
    pair_stats: np.ndarray  # float64 (pairs, S), baseline sums
    people_factor: np.ndarray  # int32 (classes,), the factor "demographic" or "birth"
    class_b: np.ndarray  # int32 (classes,)
    tag_start: np.ndarray  # int64 (classes + 1,), avoidance TPMAs of a class
    tag_tpma: np.ndarray  # int32
    tag_rate: np.ndarray  # float64
    term_start: np.ndarray  # int64 (classes + 1,)
    term_tpma: np.ndarray  # int32, efficiency TPMA of the term, -1 for the activity itself
    term_stat: np.ndarray  # int32
    term_total: np.ndarray  # int32, (cell, measure) that the term counts in
    term_weight: np.ndarray  # float64, effect per unit of the stat at full conversion


EFFICIENCY_KINDS = (
    "all",
    "sdec",
    "pre-op",
    "day_procedures_daycase",
    "day_procedures_outpatients",
)

STEPS_OF_PEOPLE = ("demographic_adjustment", "birth_adjustment", "health_status_adjustment")
STEPS_OF_ACTIVITY = (
    "expat",
    "repat_local",
    "repat_nonlocal",
    "waiting_list_adjustment",
    "baseline_adjustment",
    "non-demographic_adjustment",
    "inequalities",
)
STEPS = STEPS_OF_PEOPLE + STEPS_OF_ACTIVITY
