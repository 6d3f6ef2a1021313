"""Compiled kernels: walk the rows once per run, draw, thin, shorten, and add straight into cells.

Every kernel handles one run and all years. A row's draws come from its own key, mixed with the
run's keys, so that no order of work and no other row changes them. The arrays are those of
`acutecast.demand.layout`; Y is the number of years, the last of them the horizon.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from acutecast.demand.layout import ConversionCells, CountRows, SpellRows, Tags, ViewCells
from acutecast.demand.quantiles import binomial_quantile, normal_quantile, poisson_quantile

# Kinds of efficiency, as `layout.EFFICIENCY_KINDS` orders them.
_SHORTEN, _TO_SDEC, _PRE_OP, _TO_DAYCASE, _TO_OUTPATIENT = 0, 1, 2, 3, 4
_COPY_STEP = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, nogil=True)
def _scramble(x: np.uint64) -> np.uint64:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True, nogil=True)
def _unit(x: np.uint64) -> float:
    return (float(x >> np.uint64(12)) + 0.5) * 2.220446049250313e-16


@njit(cache=True, nogil=True)
def row_keys_of_text(data: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Hash each text of an Arrow string array (its bytes and offsets) to 64 bits.

    FNV-1a (Fowler, Noll and Vo), then scrambled.
    """
    keys = np.empty(len(offsets) - 1, dtype=np.uint64)
    for i in range(len(keys)):
        h = np.uint64(0xCBF29CE484222325)
        for j in range(offsets[i], offsets[i + 1]):
            h = (h ^ np.uint64(data[j])) * np.uint64(0x100000001B3)
        keys[i] = _scramble(h)
    return keys


@njit(cache=True, nogil=True)
def _applying_factor(
    i: int, row_key: np.uint64, stream: np.uint64, tags: Tags, values: np.ndarray, out: np.ndarray
) -> bool:
    """Multiply into `out` (Y,) the factors of the row's TPMAs that apply in this run.

    Each applies with its own sample rate, decided once per row and run. Returns False where none
    applies.
    """
    out[:] = 1.0
    any_applies = False
    for e in range(tags.start[i], tags.start[i + 1]):
        tpma = tags.tpma[e]
        if tags.rate[e] < 1.0:
            u = _unit(_scramble(row_key ^ stream ^ tags.tpma_key[tpma]))
            if u >= tags.rate[e]:
                continue
        any_applies = True
        for y in range(len(out)):
            out[y] *= values[tpma, y]
    return any_applies


@njit(cache=True, nogil=True)
def _chosen(i: int, row_key: np.uint64, stream: np.uint64, tags: Tags) -> int:
    """Choose one of the row's efficiency TPMAs, uniformly per row and run; -1 where it has none.

    Each has its own draw and the largest wins, so another TPMA takes rows over but never
    reshuffles the rest.
    """
    first, last = tags.start[i], tags.start[i + 1]
    if last == first:
        return -1
    if last == first + 1:
        return tags.tpma[first]
    best, best_draw = -1, np.uint64(0)
    for e in range(first, last):
        draw = _scramble(row_key ^ stream ^ tags.tpma_key[tags.tpma[e]])
        if best < 0 or draw > best_draw:
            best, best_draw = tags.tpma[e], draw
    return best


@njit(cache=True, nogil=True)
def _add_spell(
    views: ViewCells, y: int, i: int, days: int, los_group: int, procedure: int, out: np.ndarray
) -> None:
    for v in range(views.views_in_year[y]):
        cell = views.code[v, i]
        if cell < 0:
            continue
        if views.los_start[v] >= 0:
            cell = views.los_cell[views.los_start[v] + cell * 8 + los_group]
        at = views.offset[v, y] + cell * 3
        out[at] += 1
        out[at + 1] += days + 1
        out[at + 2] += procedure


@njit(cache=True, nogil=True)
def _add_converted(
    code: np.ndarray, offset: np.ndarray, y: int, n_measures: int, procedure: int, out: np.ndarray
) -> None:
    """Add one converted spell to its cells in the views of its new kind; `code` is (views,)."""
    for v in range(len(code)):
        if offset[v, y] < 0:
            continue
        at = offset[v, y] + code[v] * n_measures
        out[at] += 1
        if n_measures == 3:
            out[at + 1] += 1
            out[at + 2] += procedure


@njit(cache=True, nogil=True)
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
    """
    n_years = growth_a.shape[1]
    horizon = n_years - 1
    longest_group = len(los_group_of_days) - 1
    means = np.empty(n_years)
    counts = np.empty(n_years, dtype=np.int64)
    survive = np.empty(n_years)
    for i in range(len(rows.key)):
        row_key = rows.key[i]
        u = _unit(_scramble(row_key ^ streams[0]))
        threshold = -math.log(u)
        a, b = rows.class_a[i], rows.class_b[i]
        top = 0.0
        for y in range(n_years):
            means[y] = growth_a[a, y] * growth_b[b, y]
            top = max(top, means[y])
        if top <= threshold:
            continue
        w = normal_quantile(u) if top >= 10.0 else 0.0
        most = 0
        for y in range(n_years):
            counts[y] = poisson_quantile(u, w, means[y]) if means[y] > threshold else 0
            most = max(most, counts[y])
        avoidable = avoidance.start[i + 1] > avoidance.start[i] and _applying_factor(
            i, row_key, streams[1], avoidance, avoidance_values, survive
        )
        tpma = _chosen(i, row_key, streams[2], efficiency)
        kind = efficiency.kind[tpma] if tpma >= 0 else -1
        days = rows.days[i]
        procedure = rows.procedure[i]
        cell = rows.cell[i]
        if counts[horizon] > 0:
            resampled[cell, 0] += counts[horizon]
            resampled[cell, 1] += counts[horizon] * (days + 1)
            if avoidable:
                for e in range(avoidance.start[i], avoidance.start[i + 1]):
                    k = avoidance.tpma[e]
                    if avoidance.rate[e] < 1.0:
                        x = _scramble(row_key ^ streams[1] ^ avoidance.tpma_key[k])
                        if _unit(x) >= avoidance.rate[e]:
                            continue
                    effect = (avoidance_values[k, horizon] - 1.0) * counts[horizon]
                    avoidance_effect[cell, k, 0] += effect
                    avoidance_effect[cell, k, 1] += effect * (days + 1)
        own_group = los_group_of_days[min(days, longest_group)]
        for copy in range(most):
            x = _scramble((row_key ^ streams[3]) + np.uint64(copy) * _COPY_STEP)
            u_avoid = _unit(x)
            u_outcome = _unit(_scramble(x + _COPY_STEP)) if tpma >= 0 else 0.0
            for y in range(n_years):
                if copy >= counts[y]:
                    continue
                if avoidable and u_avoid >= survive[y]:
                    if y == horizon:
                        at = views.avoided_offset + views.avoided_code[i] * 3
                        out[at] += 1
                        out[at + 1] += days + 1
                        out[at + 2] += procedure
                    continue
                if tpma < 0:
                    _add_spell(views, y, i, days, own_group, procedure, out)
                    continue
                share = efficiency_values[tpma, y]
                stay = days
                if kind == _SHORTEN:
                    stay = binomial_quantile(u_outcome, days, share)
                elif u_outcome >= share:
                    if kind == _PRE_OP:
                        stay = days - min(days, efficiency.pre_op_days[tpma])
                    else:
                        j = conversion.of_row[i]
                        if kind == _TO_SDEC:
                            _add_converted(
                                conversion.sdec[j], conversion.sdec_offset, y, 2, procedure, out
                            )
                        elif kind == _TO_DAYCASE:
                            _add_converted(
                                conversion.daycase[j], conversion.daycase_offset, y, 3, procedure, out
                            )
                        else:
                            _add_converted(
                                conversion.outpatient[j],
                                conversion.outpatient_offset,
                                y,
                                2,
                                procedure,
                                out,
                            )
                        if y == horizon:
                            efficiency_effect[cell, tpma, 0] -= 1
                            efficiency_effect[cell, tpma, 1] -= days + 1
                        continue
                if y == horizon:
                    efficiency_effect[cell, tpma, 1] += stay - days
                _add_spell(
                    views, y, i, stay, los_group_of_days[min(stay, longest_group)], procedure, out
                )


@njit(cache=True, nogil=True)
def _draw(row_key: np.uint64, stream: np.uint64, mean: np.ndarray, out: np.ndarray) -> None:
    """Draw one Poisson count a year from one uniform: `mean` and `out` are (Y,)."""
    top = 0.0
    for y in range(len(mean)):
        top = max(top, mean[y])
    if top <= 0.0:
        out[:] = 0
        return
    u = _unit(_scramble(row_key ^ stream))
    w = normal_quantile(u) if top >= 10.0 else 0.0
    for y in range(len(mean)):
        out[y] = poisson_quantile(u, w, mean[y])


@njit(cache=True, nogil=True)
def _add_count(
    views: ViewCells, i: int, measure: int, n_measures: int, count: np.ndarray, out: np.ndarray
) -> None:
    for y in range(len(count)):
        if count[y] == 0:
            continue
        for v in range(views.views_in_year[y]):
            out[views.offset[v, y] + views.code[v, i] * n_measures + measure] += count[y]


@njit(cache=True, nogil=True)
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
    """
    n_years = growth_a.shape[1]
    horizon = n_years - 1
    n_columns = rows.count.shape[1]
    growth = np.empty(n_years)
    survive = np.empty(n_years)
    mean = np.empty(n_years)
    kept = np.empty(n_years, dtype=np.int64)
    converted = np.empty(n_years, dtype=np.int64)
    for i in range(len(rows.key)):
        row_key = rows.key[i]
        a, b = rows.class_a[i], rows.class_b[i]
        for y in range(n_years):
            growth[y] = growth_a[a, y] * growth_b[b, y]
        avoidable = avoidance.start[i + 1] > avoidance.start[i] and _applying_factor(
            i, row_key, streams[2 * n_columns], avoidance, avoidance_values, survive
        )
        tele = rows.tele[i]
        cell = rows.cell[i]
        for c in range(n_columns):
            count = rows.count[i, c]
            if count == 0:
                continue
            measure = rows.measure[i, c]
            converts = c == 0 and tele >= 0
            for y in range(n_years):
                mean[y] = count * growth[y]
                if avoidable:
                    mean[y] *= survive[y]
                if converts:
                    mean[y] *= tele_values[tele, y]
            _draw(row_key, streams[2 * c], mean, kept)
            _add_count(views, i, measure, views.n_measures, kept, out)
            total = kept[horizon]
            if converts:
                for y in range(n_years):
                    mean[y] = count * growth[y] * (1.0 - tele_values[tele, y])
                    if avoidable:
                        mean[y] *= survive[y]
                _draw(row_key, streams[2 * n_columns], mean, converted)
                _add_count(views, i, rows.measure[i, 1], views.n_measures, converted, out)
                tele_effect[cell, tele] += converted[horizon]
                total += converted[horizon]
            if avoidable:
                lost = count * growth[horizon] * (1.0 - survive[horizon])
                if lost > 0.0:
                    u = _unit(_scramble(row_key ^ streams[2 * c + 1]))
                    w = normal_quantile(u) if lost >= 10.0 else 0.0
                    avoided = poisson_quantile(u, w, lost)
                    at = views.avoided_offset + views.avoided_code[i] * views.n_measures + measure
                    out[at] += avoided
                    total += avoided
                for e in range(avoidance.start[i], avoidance.start[i + 1]):
                    k = avoidance.tpma[e]
                    avoidance_effect[cell, k, c] += (avoidance_values[k, horizon] - 1.0) * total
            resampled[cell, c] += total


@njit(cache=True, nogil=True)
def health_factors(
    shift: np.ndarray,
    shift_by_age: np.ndarray,
    rebase: np.ndarray,
    activity: np.ndarray,
    out: np.ndarray,
) -> None:
    """Factor of activity by health group, sex, age and year in one run.

    The factor is activity(a - shift × relative gain(a) + rebase(a)) / activity(a), linear between
    whole ages, never below 0; see `acutecast.demand.health`.

    Args:
        shift: years of age at 65 gained in this run, (Y, 2).
        shift_by_age: gain relative to that at 65, (Y, 2, ages 55-90).
        rebase: years of age already gained at the baseline, (2, ages).
        activity: activity per head by group, sex and age 0-100, (groups, 2, 101).
        out: factors, (groups, 2, ages, Y).
    """
    n_groups, _, n_ages, n_years = out.shape
    for g in range(n_groups):
        for s in range(2):
            for j in range(n_ages):
                own = activity[g, s, 55 + j]
                for y in range(n_years):
                    age = 55 + j - shift[y, s] * shift_by_age[y, s, j] + rebase[s, j]
                    age = min(max(age, 0.0), 100.0)
                    low = min(int(age), 99)
                    weight = age - low
                    level = (1.0 - weight) * activity[g, s, low] + weight * activity[g, s, low + 1]
                    out[g, s, j, y] = max(level / own, 0.0) if own > 0.0 else 1.0
