"""Compiled kernels: walk the rows once per run, draw, thin, shorten, and add straight into cells.

Every kernel handles one run and all years. A row's draws come from its own key, mixed with the
run's keys, so that no order of work and no other row changes them. The arrays are those of
`acutecast.demand.layout`; Y is the number of years, the last of them the horizon. Kernels take the
arrays out of their tuples first: passing a tuple on would count references inside the loop, which
was measured at ten times the cost of the arithmetic.
"""

# Inside compiled code an element of an array is a number, which the stubs of NumPy do not know.
# pyright: reportArgumentType=false

from __future__ import annotations

import math

import numpy as np

from acutecast.compute.compiling import kernel
from acutecast.demand.keyed import applying_factor, scramble, unit
from acutecast.demand.layout import (
    ConversionCells,
    CountRows,
    SpellRecord,
    SpellRows,
    Tags,
    ViewCells,
)
from acutecast.demand.quantiles import (
    LEAST_ASYMPTOTIC_MEAN,
    binomial_quantile,
    normal_quantile,
    poisson_path,
    poisson_quantile,
)

# Kinds of efficiency, as `layout.EFFICIENCY_KINDS` orders them.
_SHORTEN, _TO_SDEC, _PRE_OP, _TO_DAYCASE, _TO_OUTPATIENT = 0, 1, 2, 3, 4
_COPY_STEP = np.uint64(0x9E3779B97F4A7C15)


@kernel(forceinline=True)
def _chosen(
    first: int, last: int, key: np.uint64, tag_tpma: np.ndarray, tpma_key: np.ndarray
) -> int:
    """Choose one of a row's efficiency TPMAs, uniformly per row and run; -1 where it has none.

    Each has its own draw and the largest wins, so another TPMA takes rows over but never
    reshuffles the rest.
    """
    if last == first:
        return -1
    best = tag_tpma[first]
    if last == first + 1:
        return best
    best_draw = scramble(key ^ tpma_key[best])
    for e in range(first + 1, last):
        draw = scramble(key ^ tpma_key[tag_tpma[e]])
        if draw > best_draw:
            best, best_draw = tag_tpma[e], draw
    return best


@kernel(forceinline=True)
def _add_spell(
    code: np.ndarray,
    los_start: np.ndarray,
    los_cell: np.ndarray,
    offset: np.ndarray,
    n_views: int,
    y: int,
    i: int,
    days: int,
    los_group: int,
    procedure: int,
    out: np.ndarray,
) -> None:
    for v in range(n_views):
        cell = code[i, v]
        if cell < 0:
            continue
        if los_start[v] >= 0:
            cell = los_cell[los_start[v] + cell * 8 + los_group]
        at = offset[v, y] + cell * 3
        out[at] += 1
        out[at + 1] += days + 1
        out[at + 2] += procedure


@kernel(forceinline=True)
def _add_converted(
    code: np.ndarray,
    offset: np.ndarray,
    j: int,
    y: int,
    n_measures: int,
    procedure: int,
    out: np.ndarray,
) -> None:
    """Add one converted spell to its cells in the views of its new kind; `code` is (m, views)."""
    for v in range(code.shape[1]):
        if offset[v, y] < 0:
            continue
        at = offset[v, y] + code[j, v] * n_measures
        out[at] += 1
        if n_measures == 3:
            out[at + 1] += 1
            out[at + 2] += procedure


@kernel
def spells(
    rows: SpellRows,
    avoidance: Tags,
    efficiency: Tags,
    views: ViewCells,
    conversion: ConversionCells,
    los_group_of_days: np.ndarray,
    growth_a: np.ndarray,
    growth_b: np.ndarray,
    avoidance_values: np.ndarray,
    efficiency_values: np.ndarray,
    streams: np.ndarray,
    out: np.ndarray,
    resampled: np.ndarray,
    avoidance_effect: np.ndarray,
    efficiency_effect: np.ndarray,
    record: SpellRecord,
) -> None:
    """Simulate one run of inpatient spells.

    A row has Poisson(growth) copies; each survives avoidance with the product of the applying
    TPMAs' factors; the row's chosen efficiency then shortens or converts it. Copies and their own
    draws are the same in every year, only the factors move.

    Args:
        rows, avoidance, efficiency, views, conversion: the plan's arrays.
        los_group_of_days: group of 0, 1, … nights; longer stays are in the last group.
        growth_a: factor of each demography and health class, (classes a, Y).
        growth_b: factor of each class of the other steps, (classes b, Y).
        avoidance_values: remaining share of each avoidance TPMA, (TPMAs, Y).
        efficiency_values: remaining share of each efficiency TPMA, (TPMAs, Y).
        streams: this run's keys of: copies, applying, choice, copy outcomes; uint64, (4,).
        out: this run's counts, added to; int32, flat.
        resampled: horizon admissions and bed days before avoidance, added to; (cells, 2).
        avoidance_effect: horizon isolated effect of each TPMA, added to; (cells, TPMAs, 2).
        efficiency_effect: horizon change by chosen TPMA, added to; (cells, TPMAs, 2).
        record: takes down every surviving copy, where it has room.
    """
    n_years = growth_a.shape[1]
    horizon = n_years - 1
    longest_group = len(los_group_of_days) - 1
    means = np.empty(n_years)
    counts = np.empty(n_years, dtype=np.int64)
    survive = np.empty(n_years)
    applies = np.empty(256, dtype=np.bool_)
    keys, class_a, class_b = rows.key, rows.class_a, rows.class_b
    row_days, row_procedure, row_cell = rows.days, rows.procedure, rows.cell
    avoid_start, avoid_tpma, avoid_rate = avoidance.start, avoidance.tpma, avoidance.rate
    avoid_key = avoidance.tpma_key
    eff_start, eff_tpma, eff_key = efficiency.start, efficiency.tpma, efficiency.tpma_key
    eff_kind, pre_op_days = efficiency.kind, efficiency.pre_op_days
    code, los_start, los_cell = views.code, views.los_start, views.los_cell
    offset, views_in_year = views.offset, views.views_in_year
    avoided_code, avoided_offset = views.avoided_code, views.avoided_offset
    convertible = conversion.of_row
    sdec, sdec_offset = conversion.sdec, conversion.sdec_offset
    daycase, daycase_offset = conversion.daycase, conversion.daycase_offset
    outpatient, outpatient_offset = conversion.outpatient, conversion.outpatient_offset
    copies_stream, applies_stream, choice_stream, outcome_stream = streams
    record_row, record_copy, record_days = record.row, record.copy, record.days
    record_kind, recorded = record.kind, record.count
    room = record_row.shape[1]
    for i in range(len(keys)):
        row_key = keys[i]
        u = unit(scramble(row_key ^ copies_stream))
        a, b = class_a[i], class_b[i]
        top = 0.0
        for y in range(n_years):
            means[y] = growth_a[a, y] * growth_b[b, y]
            top = max(top, means[y])
        w = normal_quantile(u) if top >= LEAST_ASYMPTOTIC_MEAN else 0.0
        if n_years == 1:
            most = counts[0] = poisson_quantile(u, w, top)
        # No year has a copy where even the largest mean gives none: u <= exp(-mean).
        elif math.log(u) <= -top:
            continue
        else:
            most = poisson_path(u, w, means, counts)
        if most == 0:
            continue
        first, last = avoid_start[i], avoid_start[i + 1]
        avoidable = last > first and applying_factor(
            first,
            last,
            row_key ^ applies_stream,
            avoid_tpma,
            avoid_rate,
            avoid_key,
            avoidance_values,
            applies,
            survive,
        )
        tpma = _chosen(eff_start[i], eff_start[i + 1], row_key ^ choice_stream, eff_tpma, eff_key)
        kind = eff_kind[tpma] if tpma >= 0 else -1
        days = row_days[i]
        procedure = row_procedure[i]
        cell = row_cell[i]
        if counts[horizon] > 0:
            resampled[cell, 0] += counts[horizon]
            resampled[cell, 1] += counts[horizon] * (days + 1)
            if avoidable:
                for e in range(first, last):
                    if applies[e - first]:
                        k = avoid_tpma[e]
                        effect = (avoidance_values[k, horizon] - 1.0) * counts[horizon]
                        avoidance_effect[cell, k, 0] += effect
                        avoidance_effect[cell, k, 1] += effect * (days + 1)
        own_group = los_group_of_days[min(days, longest_group)]
        for copy in range(most):
            x = scramble((row_key ^ outcome_stream) + np.uint64(copy) * _COPY_STEP)
            u_avoid = unit(x)
            u_outcome = unit(scramble(x + _COPY_STEP)) if tpma >= 0 else 0.0
            for y in range(n_years):
                if copy >= counts[y]:
                    continue
                if avoidable and u_avoid >= survive[y]:
                    if y == horizon:
                        at = avoided_offset + avoided_code[i] * 3
                        out[at] += 1
                        out[at + 1] += days + 1
                        out[at + 2] += procedure
                    continue
                stay, group = days, own_group
                if tpma >= 0:
                    share = efficiency_values[tpma, y]
                    if kind == _SHORTEN:
                        stay = binomial_quantile(u_outcome, days, share)
                    elif u_outcome >= share:
                        if kind != _PRE_OP:
                            j = convertible[i]
                            if kind == _TO_SDEC:
                                _add_converted(sdec, sdec_offset, j, y, 2, procedure, out)
                            elif kind == _TO_DAYCASE:
                                _add_converted(daycase, daycase_offset, j, y, 3, procedure, out)
                            else:
                                _add_converted(
                                    outpatient, outpatient_offset, j, y, 2, procedure, out
                                )
                            if recorded[y] < room:
                                at = recorded[y]
                                record_row[y, at] = i
                                record_copy[y, at] = copy
                                record_days[y, at] = 0
                                record_kind[y, at] = 1 + kind
                                recorded[y] = at + 1
                            if y == horizon:
                                efficiency_effect[cell, tpma, 0] -= 1
                                efficiency_effect[cell, tpma, 1] -= days + 1
                            continue
                        stay = days - min(days, pre_op_days[tpma])
                    if y == horizon:
                        efficiency_effect[cell, tpma, 1] += stay - days
                    group = los_group_of_days[min(stay, longest_group)]
                if recorded[y] < room:
                    at = recorded[y]
                    record_row[y, at] = i
                    record_copy[y, at] = copy
                    record_days[y, at] = stay
                    record_kind[y, at] = 0
                    recorded[y] = at + 1
                _add_spell(
                    code, los_start, los_cell, offset, views_in_year[y], y, i, stay, group,
                    procedure, out,
                )  # fmt: skip


@kernel(forceinline=True)
def _draw(row_key: np.uint64, stream: np.uint64, mean: np.ndarray, out: np.ndarray) -> None:
    """Draw one Poisson count a year from one uniform: `mean` and `out` are (Y,)."""
    top = 0.0
    for y in range(len(mean)):
        top = max(top, mean[y])
    if top <= 0.0:
        out[:] = 0
        return
    u = unit(scramble(row_key ^ stream))
    w = normal_quantile(u) if top >= LEAST_ASYMPTOTIC_MEAN else 0.0
    if len(mean) == 1:
        out[0] = poisson_quantile(u, w, mean[0])
    else:
        poisson_path(u, w, mean, out)


@kernel(forceinline=True)
def _add_count(
    code: np.ndarray,
    offset: np.ndarray,
    views_in_year: np.ndarray,
    i: int,
    measure: int,
    n_measures: int,
    count: np.ndarray,
    out: np.ndarray,
) -> None:
    for y in range(len(count)):
        if count[y] == 0:
            continue
        for v in range(views_in_year[y]):
            out[offset[v, y] + code[i, v] * n_measures + measure] += count[y]


@kernel
def attendances(
    rows: CountRows,
    avoidance: Tags,
    views: ViewCells,
    growth_a: np.ndarray,
    growth_b: np.ndarray,
    avoidance_values: np.ndarray,
    tele_values: np.ndarray,
    streams: np.ndarray,
    out: np.ndarray,
    resampled: np.ndarray,
    avoidance_effect: np.ndarray,
    tele_effect: np.ndarray,
    record: np.ndarray,
) -> None:
    """Simulate one run of outpatient or emergency rows, each of which stands for several contacts.

    A row's contacts are Poisson(count × growth). Thinning a Poisson count splits it into
    independent Poisson counts, so what remains, what becomes a tele-attendance and what is avoided
    are drawn directly, each from its own stream: the same distribution as drawing the total and
    thinning it, and each monotone in its assumption.

    Args:
        rows, avoidance, views: the plan's arrays.
        growth_a, growth_b, avoidance_values, out, resampled, avoidance_effect: as in `spells`,
            the last axis of the effects being the row's counts.
        tele_values: share that stays face to face, by tele TPMA, (TPMAs, Y).
        streams: this run's keys: per count column a kept and an avoided stream, and one for
            conversion; uint64, (2 × columns + 1,).
        tele_effect: horizon attendances converted, added to; (cells, TPMAs).
        record: contacts of every row by measure, added to; int32 (Y, rows, measures); with no rows
            nothing is recorded.
    """
    n_years = growth_a.shape[1]
    horizon = n_years - 1
    growth = np.empty(n_years)
    survive = np.empty(n_years)
    mean = np.empty(n_years)
    kept = np.empty(n_years, dtype=np.int64)
    converted = np.empty(n_years, dtype=np.int64)
    applies = np.empty(256, dtype=np.bool_)
    keys, class_a, class_b, row_cell = rows.key, rows.class_a, rows.class_b, rows.cell
    counts, measures, row_tele = rows.count, rows.measure, rows.tele
    n_columns = counts.shape[1]
    avoid_start, avoid_tpma, avoid_rate = avoidance.start, avoidance.tpma, avoidance.rate
    avoid_key = avoidance.tpma_key
    code, offset, views_in_year = views.code, views.offset, views.views_in_year
    n_measures = views.n_measures
    avoided_code, avoided_offset = views.avoided_code, views.avoided_offset
    last_stream = streams[2 * n_columns]
    recording = record.shape[1] > 0
    for i in range(len(keys)):
        row_key = keys[i]
        a, b = class_a[i], class_b[i]
        for y in range(n_years):
            growth[y] = growth_a[a, y] * growth_b[b, y]
        first, last = avoid_start[i], avoid_start[i + 1]
        avoidable = last > first and applying_factor(
            first,
            last,
            row_key ^ last_stream,
            avoid_tpma,
            avoid_rate,
            avoid_key,
            avoidance_values,
            applies,
            survive,
        )
        tele = row_tele[i]
        cell = row_cell[i]
        for c in range(n_columns):
            count = counts[i, c]
            if count == 0:
                continue
            measure = measures[i, c]
            converts = c == 0 and tele >= 0
            for y in range(n_years):
                mean[y] = count * growth[y]
                if avoidable:
                    mean[y] *= survive[y]
                if converts:
                    mean[y] *= tele_values[tele, y]
            _draw(row_key, streams[2 * c], mean, kept)
            _add_count(code, offset, views_in_year, i, measure, n_measures, kept, out)
            if recording:
                record[:, i, measure] += kept
            total = kept[horizon]
            if converts:
                for y in range(n_years):
                    mean[y] = count * growth[y] * (1.0 - tele_values[tele, y])
                    if avoidable:
                        mean[y] *= survive[y]
                _draw(row_key, last_stream, mean, converted)
                _add_count(
                    code, offset, views_in_year, i, measures[i, 1], n_measures, converted, out
                )
                if recording:
                    record[:, i, measures[i, 1]] += converted
                tele_effect[cell, tele] += converted[horizon]
                total += converted[horizon]
            if avoidable:
                lost = count * growth[horizon] * (1.0 - survive[horizon])
                if lost > 0.0:
                    u = unit(scramble(row_key ^ streams[2 * c + 1]))
                    w = normal_quantile(u) if lost >= LEAST_ASYMPTOTIC_MEAN else 0.0
                    avoided = poisson_quantile(u, w, lost)
                    out[avoided_offset + avoided_code[i] * n_measures + measure] += avoided
                    total += avoided
                for e in range(first, last):
                    if applies[e - first]:
                        k = avoid_tpma[e]
                        avoidance_effect[cell, k, c] += (avoidance_values[k, horizon] - 1.0) * total
            resampled[cell, c] += total
