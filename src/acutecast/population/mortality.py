"""Deaths: hazards by sex, age and year, how they change, and life expectancy from them.

A hazard is -log(1 - q), where q is the share of the people of an age at mid-year who die before
the next mid-year. Hazards of following ages add up along a life, and a change of mortality
multiplies them. Arrays have the sexes (male first) and then "birth", age 0, age 1, … on their
last two axes: "birth" is the share of those born in a year who die before its end.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from acutecast import facts

LAST_AGE = 105
# Published tables stop at 105; of those alive then, few are left at this age.
_END = 125


@cache
def _published() -> tuple[np.ndarray, np.ndarray]:
    """Years, and the logarithms of the hazards, (years, 2, 1 + ages)."""
    rows = facts.rows("mortality")
    years = np.array([int(name) for name in rows[0] if name.isdigit()])
    q = np.array([[float(row[str(year)]) for row in rows] for year in years]) / 1e5
    return years, np.log(-np.log1p(-q.reshape(len(years), 2, LAST_AGE + 2)))


def hazards(first: int, n: int) -> np.ndarray:
    """Give the hazards of England in `n` years from mid-year `first` on, (n, 2, 1 + ages 0-105).

    Before the first and after the last published year the nearest trend goes on.
    """
    years, logs = _published()
    wanted = np.arange(first, first + n)
    at = np.clip(np.searchsorted(years, wanted, side="right") - 1, 0, len(years) - 2)
    along = ((wanted - years[at]) / (years[at + 1] - years[at]))[:, None, None]
    return np.exp(logs[at] + (logs[at + 1] - logs[at]) * along)


def improving(
    base: np.ndarray, annual: np.ndarray | float, long_term: float, converging: int, n: int
) -> np.ndarray:
    """Continue the hazards of one year along a path of improvement.

    The fall of a year moves along a line from `annual` now to `long_term` after `converging`
    years and stays there, as in the method of the ONS's national projections.

    Args:
        base: hazards of the first year, (2, 1 + ages).
        annual: the fall a year now, a share (0.012 is 1.2%), one or by sex and age.
        long_term: the fall a year in the long term.
        converging: years until the long term.
        n: the number of years, the first included.

    Returns:
        Hazards, (n, 2, 1 + ages).
    """
    result = np.empty((n, *base.shape))
    result[0] = base
    for year in range(1, n):
        share = min(year / converging, 1.0) if converging else 1.0
        fall = np.asarray(annual) * (1.0 - share) + long_term * share
        result[year] = result[year - 1] * (1.0 - fall)
    return result


def together_from(hazard: np.ndarray, last: int) -> np.ndarray:
    """Give hazards whose last age is `last` and over, weighted by the survivors of a life table.

    Args:
        hazard: (…, 1 + ages).
        last: the age that becomes the last one.
    """
    if hazard.shape[-1] <= last + 2:
        return hazard
    old = _to_the_end(hazard)[..., last + 1 :]
    alive = np.exp(-np.concatenate([np.zeros_like(old[..., :1]), old.cumsum(axis=-1)], axis=-1))
    alive = alive[..., :-1]
    dying = (alive * -np.expm1(-old)).sum(axis=-1) / alive.sum(axis=-1)
    return np.concatenate([hazard[..., : last + 1], -np.log1p(-dying)[..., None]], axis=-1)


def _to_the_end(hazard: np.ndarray) -> np.ndarray:
    beyond = max(_END + 2 - hazard.shape[-1], 0)
    return np.concatenate([hazard, np.repeat(hazard[..., -1:], beyond, axis=-1)], axis=-1)


def life_expectancy(hazard: np.ndarray) -> np.ndarray:
    """Give the years that people of each exact age would live at the hazards of one year.

    The hazard of mid-year age x runs from exact age x + ½ to x + 1½ on average, so survivors are
    known at half ages and, between them, at whole ages; Simpson's rule gives the years lived.

    Args:
        hazard: (…, 1 + ages).

    Returns:
        Years, (…, ages) for ages 0 to the last.
    """
    full = _to_the_end(hazard)
    at_half = full.cumsum(axis=-1)
    first = at_half[..., :1] * 0.0
    at_whole = np.concatenate([first, (at_half[..., :-1] + at_half[..., 1:]) / 2], axis=-1)
    # Halfway between birth and age 1, the deaths at birth are behind.
    whole, half = np.exp(-at_whole), np.exp(-at_half)
    lived = (whole[..., :-1] + 4 * half[..., :-1] + whole[..., 1:]) / 6
    years = lived[..., ::-1].cumsum(axis=-1)[..., ::-1] / whole[..., :-1]
    return years[..., : hazard.shape[-1] - 1]


def period_life_expectancy(by_year: np.ndarray) -> np.ndarray:
    """Give life expectancy at the mortality of calendar years.

    Args:
        by_year: hazards of years that begin at mid-year, (n, 2, 1 + ages).

    Returns:
        (n - 1, 2, ages): a calendar year is half of the year before its middle and half of the
        year after; the first is that in whose middle the second year begins.
    """
    years = life_expectancy(by_year)
    return (years[:-1] + years[1:]) / 2


def cohort_life_expectancy(by_year: np.ndarray, at: int = 0) -> np.ndarray:
    """Give the years that people of each exact age at mid-year will live as mortality changes.

    Args:
        by_year: hazards of years that begin at mid-year, (n, 2, 1 + ages); the last goes on.
        at: the number of the year in which the people have their ages.

    Returns:
        (2, ages) for ages 0 to the last.
    """
    n, sexes, width = by_year.shape
    full = _to_the_end(by_year)
    result = np.empty((sexes, width - 1))
    for age in range(width - 1):
        steps = np.arange(_END - age)
        year = np.minimum(at + steps, n - 1)
        # From one birthday to the next: half a year at each of two ages at mid-year.
        before = full[year, :, age + steps] / np.where(age + steps > 0, 2, 1)[:, None]
        after = full[year, :, age + steps + 1] / 2
        start = np.concatenate([np.zeros((1, sexes)), (before + after).cumsum(axis=0)])
        whole, half = np.exp(-start), np.exp(-(start[:-1] + before))
        result[:, age] = ((whole[:-1] + 4 * half + whole[1:]) / 6).sum(axis=0)
    return result
