"""Inequalities of the built-in region: how often each deprivation quintile is treated.

Rows of some healthcare resource groups (HRGs) are made so that less deprived people have them more
often. The table is then computed from the rows, by the rules of the NHP model's data: so it says
what the rows say, and holds only what their numbers can show.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pyarrow as pa
import pyarrow.compute

from acutecast.provider import conform
from acutecast.synthetic import people

# Rise of the rate of elective care from one quintile to the next less deprived one, relative to
# the middle quintile. Made for the demonstration.
_GRADIENTS = {
    "HN22": 0.16,
    "BZ34": 0.12,
    "FE22": 0.14,
    "JC42": 0.16,
    "CB02": 0.12,
    "FE32": 0.12,
    "LB72": 0.10,
}
HRGS = tuple(_GRADIENTS)

# Where outpatient procedures fall in these groups: share of a specialty's procedures. The others
# are done in theatres only.
OUTPATIENT_HRGS = {
    "130": {"BZ34": 0.02},
    "301": {"FE22": 0.10},
    "330": {"JC42": 0.20},
    "160": {"JC42": 0.25},
    "120": {"CB02": 0.06},
    "101": {"LB72": 0.12},
}

# People of the catchment by quintile, the most deprived first.
QUINTILE_SHARES = np.array([0.26, 0.22, 0.20, 0.17, 0.15])
_QUINTILES = np.arange(1, 6)

# Rules of the NHP model's data: events in every quintile, and significance of a slope above 0.
_FEWEST = 50
_T_AT_5_PERCENT = 3.182  # two-sided, three degrees of freedom: five quintiles, two coefficients


def quintile_mix(hrg: str) -> np.ndarray:
    """Give the shares of the five quintiles among elective activity of an HRG."""
    weight = QUINTILE_SHARES * (1 + _GRADIENTS.get(hrg, 0.0) * (_QUINTILES - 3))
    return weight / weight.sum()


def inequalities(ip: pa.Table, op: pa.Table, size: float) -> pa.Table:
    """Compute the table of inequalities from the rows.

    For each care board and HRG: elective spells and outpatient procedures per head and quintile,
    and their line by least squares weighted with people. Listed where every quintile has 50
    events or more and the rate rises with the quintile (p < 0.05). Factors bring the observed
    rates to the line's highest value (`level_up`; the least deprived keep 1), to its lowest
    (`level_down`; the most deprived keep 1) or to its mean (`zero_sum`).

    Args:
        ip: the spells.
        op: outpatient attendances, procedures of `OUTPATIENT_HRGS` with HRG and quintile.
        size: the size of the region.

    Returns:
        The table as the contract has it, rates per head and year; one empty row where no HRG
        can be listed, as in a small region.
    """
    events = _spells(ip) + _procedures(op)
    heads = people.catchment(size).sum() * QUINTILE_SHARES
    boards = np.array(list(people.ICBS.values()))[:, None, None]
    rate = events / (heads * boards)
    fitted, t = _fit(rate)
    kept = (events.min(axis=2) >= _FEWEST) & (t > _T_AT_5_PERCENT)
    pairs = [
        pair for pair, keep in zip(product(people.ICBS, HRGS), kept.ravel(), strict=True) if keep
    ]
    rate, fitted = rate[kept], fitted[kept]
    if not pairs:
        names = ("icb", "sushrg_trimmed", "imd_quintile", *_MEASURES)
        return conform("inequalities", pa.table({name: pa.nulls(1) for name in names}))
    level_up = fitted.max(axis=1, keepdims=True) / rate
    level_up[:, -1] = 1
    level_down = np.maximum(fitted.min(axis=1, keepdims=True), 0) / rate
    level_down[:, 0] = 1
    zero_sum = fitted.mean(axis=1, keepdims=True) / rate
    measures = (rate, fitted, level_up, level_down, zero_sum)
    return conform(
        "inequalities",
        pa.table(
            {
                "icb": np.repeat([icb for icb, _ in pairs], 5),
                "sushrg_trimmed": np.repeat([hrg for _, hrg in pairs], 5),
                "imd_quintile": np.tile(_QUINTILES, len(pairs)),
                **{n: m.ravel() for n, m in zip(_MEASURES, measures, strict=True)},
            }
        ),
    )


_MEASURES = ("activity_rate", "fitted_line", "level_up", "level_down", "zero_sum")


def _codes(table: pa.Table, name: str, values: list[str]) -> np.ndarray:
    """Give the place of each row's value in `values`, -1 where it has none of them."""
    place = pyarrow.compute.index_in(  # type: ignore[attr-defined]
        table.column(name).cast(pa.string()), value_set=pa.array(values, pa.string())
    )
    return place.fill_null(-1).to_numpy().astype(np.int64)


def _count(table: pa.Table, weight: np.ndarray) -> np.ndarray:
    """Sum weights by care board, HRG and quintile: (boards, HRGs, 5)."""
    icb, hrg = _codes(table, "icb", list(people.ICBS)), _codes(table, "sushrg_trimmed", list(HRGS))
    quintile = table.column("imd_quintile").fill_null(0).to_numpy().astype(np.int64) - 1
    counts = np.zeros((len(people.ICBS), len(HRGS), 5))
    there = (icb >= 0) & (hrg >= 0) & (quintile >= 0)
    np.add.at(counts, (icb[there], hrg[there], quintile[there]), weight[there])
    return counts


def _spells(ip: pa.Table) -> np.ndarray:
    methods = ["11", "12", "13"]
    return _count(ip, (_codes(ip, "admimeth", methods) >= 0).astype(float))


def _procedures(op: pa.Table) -> np.ndarray:
    return _count(op, op.column("attendances").to_numpy().astype(float))


def _fit(rate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit lines through rates of quintiles (…, 5), weighted by people.

    Returns:
        The lines, (…, 5), and the t statistics of their slopes, (…).
    """
    x = _QUINTILES - (QUINTILE_SHARES * _QUINTILES).sum()
    spread = (QUINTILE_SHARES * x**2).sum()
    slope = (rate * QUINTILE_SHARES * x).sum(axis=-1) / spread
    line = (rate * QUINTILE_SHARES).sum(axis=-1)[..., None] + slope[..., None] * x
    error = np.sqrt((QUINTILE_SHARES * (rate - line) ** 2).sum(axis=-1) / 3 / spread)
    return line, np.divide(slope, error, out=np.zeros_like(slope), where=error > 0)
