"""Inequalities: where planned care falls short in poorer neighbourhoods, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from acutecast.extract.sql import arrow

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Rules of the NHP demand model's data (github.com/The-Strategy-Unit/nhp_data, MIT).
FEWEST_QUINTILES, FEWEST_EVENTS, SIGNIFICANCE = 3, 50, 0.05
_NAMES = (
    "icb", "sushrg_trimmed", "imd_quintile", "activity_rate", "fitted_line", "level_up",
    "level_down", "zero_sum",
)  # fmt: skip


def inequalities(con: DuckDBPyConnection, procode3: str, fyear: int) -> pa.Table:
    """Give the table `inequalities` of a provider.

    Elective spells and outpatient procedures of each care board and HRG over the board's people,
    by deprivation quintile, with a line through the rates weighted by people. Listed where three
    quintiles or more have people, each has 50 events or more, and the rate rises towards the
    least deprived beyond doubt (two-sided p below 0.05).

    Returns:
        A row for each board, HRG and quintile with the factors that bring the observed rate to the
        line: to its highest value (`level_up`; the least deprived keep 1), to its lowest
        (`level_down`; the most deprived keep 1), or to the rate of all together (`zero_sum`, which
        leaves the total as it is; the NHP model's mean over quintiles does not). One empty row
        where nothing is listed.
    """
    mine = "procode3 = $code AND fyear = $year"
    events = arrow(
        con,
        f"""SELECT e.icb, e.sushrg_trimmed, e.imd_quintile, sum(e.n)::BIGINT AS n,
            any_value(d.people)::DOUBLE AS people
        FROM (
            SELECT icb, sushrg_trimmed, imd_quintile, count(*) AS n FROM spells
            WHERE {mine} AND admimeth IN ('11', '12', '13') GROUP BY ALL
            UNION ALL SELECT icb, sushrg_trimmed, imd_quintile, n FROM procedure_counts
            WHERE {mine}
        ) e JOIN deprivation d USING (icb, imd_quintile)
        WHERE e.sushrg_trimmed IS NOT NULL AND d.people > 0
        GROUP BY e.icb, e.sushrg_trimmed, e.imd_quintile
        ORDER BY e.icb, e.sushrg_trimmed, e.imd_quintile""",
        {"code": procode3, "year": fyear},
    ).to_pylist()
    groups: dict[tuple[str, str], list[dict]] = {}
    for row in events:
        groups.setdefault((row["icb"], row["sushrg_trimmed"]), []).append(row)
    columns: dict[str, list] = {name: [] for name in _NAMES}
    for (icb, hrg), rows in groups.items():
        quintile, n, people = (
            np.array([float(row[k]) for row in rows]) for k in ("imd_quintile", "n", "people")
        )
        if len(rows) < FEWEST_QUINTILES or n.min() < FEWEST_EVENTS:
            continue
        rate = n / people
        line, p, slope = weighted_line(quintile, rate, people)
        if slope <= 0 or p >= SIGNIFICANCE or line.min() <= 0:
            continue
        up, down = line.max() / rate, line.min() / rate
        up[-1] = down[0] = 1.0
        even = n.sum() / people.sum() / rate
        columns["icb"] += [icb] * len(rows)
        columns["sushrg_trimmed"] += [hrg] * len(rows)
        columns["imd_quintile"] += quintile.astype(int).tolist()
        for name, values in zip(_NAMES[3:], (rate, line, up, down, even), strict=True):
            columns[name] += values.tolist()
    if not columns["icb"]:
        return pa.table({name: pa.nulls(1) for name in _NAMES})
    return pa.table(columns)


def weighted_line(
    x: np.ndarray, y: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, float, float]:
    """Fit a straight line by weighted least squares.

    Returns:
        Its values, the two-sided p-value of its slope, and the slope.
    """
    from scipy.stats import t

    share = weight / weight.sum()
    centred = x - (share * x).sum()
    spread = (share * centred**2).sum()
    slope = float((share * y * centred).sum() / spread)
    line = (share * y).sum() + slope * centred
    free = len(x) - 2
    residual = float((share * (y - line) ** 2).sum())
    if residual <= 1e-30:
        return line, 0.0 if slope else 1.0, slope
    error = np.sqrt(residual / free / spread)
    return line, float(2 * t.sf(abs(slope / error), free)), slope
