"""Inequalities of the built-in region: how often each deprivation quintile is treated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from acutecast.provider import conform
from acutecast.synthetic.draws import stream
from acutecast.synthetic.people import ICBS

# Healthcare resource groups (first four characters) whose activity differs by deprivation: a rate
# per head and year in the middle quintile, and its rise from one quintile to the next less
# deprived one, relative to that. Made for the demonstration.
_HRGS = {
    "HN22": (0.0018, 0.12),
    "HN23": (0.0008, 0.10),
    "BZ34": (0.0065, 0.06),
    "FE22": (0.0080, 0.07),
    "JC42": (0.0050, 0.14),
    "CB02": (0.0020, 0.09),
}
HRGS = tuple(_HRGS)

# Where outpatient procedures fall in these groups: share of a specialty's procedures. Knees (HN)
# are operated on inpatients only.
OUTPATIENT_HRGS = {
    "130": {"BZ34": 0.02},
    "301": {"FE22": 0.25},
    "330": {"JC42": 0.20},
    "160": {"JC42": 0.25},
    "120": {"CB02": 0.06},
}

# People of the catchment by quintile, the most deprived first.
QUINTILE_SHARES = np.array([0.26, 0.22, 0.20, 0.17, 0.15])
_QUINTILES = np.arange(1, 6)
_NOISE = 0.012
_OTHER = (0.002, 0.08)


def inequalities(hrgs: Sequence[str] = HRGS, seed: int = 1) -> pa.Table:
    """Make the table of inequalities: the main care board, five quintiles for each of `hrgs`.

    As in data of the NHP demand model, a group is listed where activity per head rises with the
    quintile, so people of the most deprived areas (1) are treated least. Factors bring observed
    rates to the fitted line's highest value (`level_up`; the least deprived stay as they are), to
    its lowest (`level_down`; the most deprived stay), or to its mean (`zero_sum`).

    Args:
        hrgs: the healthcare resource groups, first four characters; those without figures of
            their own get common ones.
        seed: the seed of the region.

    Returns:
        The table as the contract has it. Rates are activity per head and year.
    """
    figures = np.array([_HRGS.get(hrg, _OTHER) for hrg in hrgs]).reshape(-1, 2, 1)
    line = figures[:, 0] * (1 + figures[:, 1] * (_QUINTILES - 3))
    noise = np.array([stream(seed, f"inequalities.{hrg}").normal(0, _NOISE, 5) for hrg in hrgs])
    rate = line * (1 + noise.reshape(-1, 5))
    fitted = _fit(rate)
    level_up = fitted.max(axis=1, keepdims=True) / rate
    level_up[:, -1] = 1
    level_down = np.maximum(fitted.min(axis=1, keepdims=True), 0) / rate
    level_down[:, 0] = 1
    count = rate.size
    return conform(
        "inequalities",
        pa.table(
            {
                "icb": np.repeat(_main_icb(), count),
                "sushrg_trimmed": np.repeat(np.array(hrgs, dtype=str), 5),
                "imd_quintile": np.tile(_QUINTILES, len(hrgs)),
                "activity_rate": rate.ravel(),
                "fitted_line": fitted.ravel(),
                "level_up": level_up.ravel(),
                "level_down": level_down.ravel(),
                "zero_sum": (fitted.mean(axis=1, keepdims=True) / rate).ravel(),
            }
        ),
    )


def keeps_hrg(table: pa.Table, icb: str, hrg: str) -> bool:
    """Tell whether outpatient rows of a care board and HRG carry their HRG and quintile."""
    return (icb, hrg) in _rates(table)


def quintile_mix(table: pa.Table, icb: str, hrg: str) -> np.ndarray:
    """Give the shares of the five quintiles among the activity of a care board and HRG.

    Those of the population where the pair is not in `table`.
    """
    weight = QUINTILE_SHARES * _rates(table).get((icb, hrg), 1.0)
    return weight / weight.sum()


def _fit(rate: np.ndarray) -> np.ndarray:
    """Fit a line through the rates of the quintiles, weighted by population."""
    x = _QUINTILES - (QUINTILE_SHARES * _QUINTILES).sum()
    slope = (rate * QUINTILE_SHARES * x).sum(axis=1) / (QUINTILE_SHARES * x**2).sum()
    return (rate * QUINTILE_SHARES).sum(axis=1)[:, None] + slope[:, None] * x


def _rates(table: pa.Table) -> dict[tuple[str, str], np.ndarray]:
    """Give the activity rates of the quintiles for each care board and HRG of the table."""
    keys = zip(table["icb"].to_pylist()[::5], table["sushrg_trimmed"].to_pylist()[::5], strict=True)
    return dict(zip(keys, table["activity_rate"].to_numpy().reshape(-1, 5), strict=True))


def _main_icb() -> str:
    return next(iter(ICBS))
