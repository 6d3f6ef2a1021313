"""An additive fit of an output to groups of inputs, for `acutecast.results.sensitivity`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acutecast.streams import key, uniforms

_FOLDS = 8
_ROUNDS = 2
_PENALTIES = np.append(np.logspace(-8, 1, 19), np.inf)
_LEAST_SPREAD = 0.1
# A column that others (or rounding) explain to this fraction of its length adds nothing.
_DEPENDENT = 1e-6


@dataclass(frozen=True)
class Basis:
    """The functions of one group: uncorrelated, of mean 0 and mean square 1 over the runs.

    Attributes:
        values: float64, (runs, size); size 0 where the group is constant.
        at: the functions at the low and the high end, (2, size); None for categories.
        inputs: the low and high value of a group of one column; otherwise not a number.
    """

    values: np.ndarray
    at: np.ndarray | None = None
    inputs: tuple[float, float] = (np.nan, np.nan)


@dataclass(frozen=True)
class Fit:
    """What the regressions give, for groups in the order of their bases.

    Attributes:
        sizes: the number of functions of each group, (groups,).
        variance: the variance that each group explains, unbiased, (groups,).
        noise: the variance of what is left beside each group, (groups,).
        slopes: the coefficients of each group's functions.
        influence: what each run adds to `variance` (runs, groups), of mean about 0.
        total: the variance of the output.
        total_influence: what each run adds to `total` (runs,).
    """

    sizes: np.ndarray
    variance: np.ndarray
    noise: np.ndarray
    slopes: list[np.ndarray]
    influence: np.ndarray
    total: float
    total_influence: np.ndarray


def fit(bases: Sequence[Basis], output: np.ndarray) -> Fit:
    """Regress the output, less the predicted effects of all other groups, on each group."""
    runs = len(output)
    centred = output - output.mean()
    sizes = np.array([basis.values.shape[1] for basis in bases], dtype=int)
    columns = np.hstack([np.zeros((runs, 0)), *(basis.values for basis in bases)])
    effects = _effects(columns, centred, np.repeat(np.arange(len(bases)), sizes), len(bases))
    rest = _partial(effects, centred)
    slopes, noise = [], np.zeros(len(bases))
    fitted = np.zeros_like(effects)  # each run's from the other runs: its own noise is not signal
    for i, basis in enumerate(bases):
        slopes.append(basis.values.T @ rest[:, i] / runs)
        residual = rest[:, i] - basis.values @ slopes[i]
        noise[i] = residual @ residual / (runs - 1 - sizes[i])
        leverage = np.minimum((basis.values**2).sum(axis=1) / runs, 1 - 1 / runs)
        fitted[:, i] = rest[:, i] - residual / (1 - leverage)
    explained = np.array([slope @ slope for slope in slopes])
    influence = 2 * fitted * rest - fitted**2
    # Independent effects are uncorrelated: what correlation they have here is chance.
    apart = effects.sum(axis=1) ** 2 - (effects**2).sum(axis=1)
    spread = centred**2 - apart
    if spread.mean() < _LEAST_SPREAD * (centred**2).mean():
        spread = centred**2  # many groups that are in truth one: their correlation is not chance
    return Fit(
        sizes,
        explained - sizes * noise / runs,
        noise,
        slopes,
        influence - influence.mean(axis=0),
        spread.mean(),
        spread - spread.mean(),
    )


def _partial(effects: np.ndarray, centred: np.ndarray) -> np.ndarray:
    """Give the output less the effects of all groups but one, of mean 0, (runs, groups)."""
    rest = centred[:, None] - effects.sum(axis=1, keepdims=True) + effects
    return rest - rest.mean(axis=0)


def _effects(columns: np.ndarray, output: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Predict each group's effect in each run from runs in other folds, (runs, groups)."""
    runs = len(output)
    places = np.argsort(uniforms(key("sensitivity", "folds"), np.arange(runs)), kind="stable")
    effects = np.zeros((runs, groups))
    for fold in range(_FOLDS):
        out = np.sort(places[fold::_FOLDS])
        kept = np.setdiff1d(np.arange(runs), out)
        mean = columns[kept].mean(axis=0)
        slopes = _ridge(columns[kept] - mean, output[kept] - output[kept].mean(), group)
        effects[out] = _by_group((columns[out] - mean) * slopes, group, groups)
    effects -= effects.mean(axis=0)
    # Where the fits chased noise, less of them (or nothing) is better.
    predicted = effects.sum(axis=1)
    square = predicted @ predicted
    return effects * np.clip(predicted @ output / square, 0, 1) if square > 0 else effects


def _ridge(columns: np.ndarray, centred: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Fit all columns at once; each is penalised by the inverse of its own estimated variance."""
    slopes = np.zeros(columns.shape[1])
    squares = np.maximum((columns**2).mean(axis=0), _DEPENDENT)
    groups = int(group.max(initial=-1)) + 1
    for _ in range(_ROUNDS):
        parts = _by_group(columns * slopes, group, groups)
        rest = (centred[:, None] - parts.sum(axis=1, keepdims=True) + parts)[:, group]
        alone = (columns * rest).mean(axis=0) / squares
        noise = ((rest - columns * alone) ** 2).mean(axis=0) / squares / len(centred)
        slopes = _penalised(columns, centred, np.maximum(alone**2 - noise, 0))
    return slopes


def _penalised(columns: np.ndarray, centred: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Fit slopes of prior variance `weights`, times what the leave-one-out error likes best."""
    slopes = np.zeros(columns.shape[1])
    kept = np.flatnonzero(weights > 0)
    if not kept.size:
        return slopes
    root = np.sqrt(weights[kept] / (centred**2).mean())
    scaled = columns[:, kept] * root
    sizes, axes = np.linalg.eigh(scaled.T @ scaled)
    turned = scaled @ axes
    scores, squares = turned.T @ centred, turned**2
    best = np.inf
    for penalty in _PENALTIES:
        gain = 1 / (np.maximum(sizes, 0) + penalty)
        known = squares @ gain + 1 / len(centred)
        error = (((centred - turned @ (gain * scores)) / np.maximum(1 - known, 1e-12)) ** 2).sum()
        if error < best:
            best, fitted = error, axes @ (gain * scores)
    slopes[kept] = root * fitted
    return slopes


def _by_group(parts: np.ndarray, group: np.ndarray, groups: int) -> np.ndarray:
    """Add the columns of each group, (runs, groups)."""
    sums = np.zeros((len(parts), groups))
    np.add.at(sums.T, group, parts.T)
    return sums


def polynomials(raw: np.ndarray, degree: int, at: tuple[float, float]) -> Basis:
    """Give uncorrelated polynomials of each column, and their values at two quantiles."""
    runs = len(raw)
    inputs = np.quantile(raw, at, axis=0)
    with_ends = np.vstack([raw, inputs])
    terms = [np.zeros((runs + 2, 0))]
    for column in with_ends.T:
        seen = column[:runs]
        if is_constant(seen):
            continue
        scaled = (column - seen.mean()) / seen.std()
        powers = np.arange(1, min(degree, np.unique(seen).size - 1) + 1)
        terms.append(scaled[:, None] ** powers)
    values, ends = _uncorrelated(np.hstack(terms), runs)
    single = raw.shape[1] == 1
    return Basis(values, ends, (inputs[0, 0], inputs[1, 0]) if single else (np.nan, np.nan))


def indicators(labels: np.ndarray) -> Basis:
    """Give uncorrelated contrasts between the labels of a category."""
    _, code = np.unique(labels, return_inverse=True)
    columns = (code.reshape(-1, 1) == np.arange(1, code.max() + 1)).astype(float)
    return Basis(_uncorrelated(columns, len(labels))[0])


def _uncorrelated(columns: np.ndarray, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Make columns uncorrelated, of mean 0 and mean square 1 over the first rows, the runs.

    Columns that are sums of earlier ones are left out.

    Returns:
        The columns over the runs, and the same functions in the rows after them.
    """
    columns = columns - columns[:runs].mean(axis=0)
    lengths = np.linalg.norm(columns[:runs], axis=0)
    triangle = np.linalg.qr(columns[:runs], mode="r")
    independent = np.abs(np.diagonal(triangle)) > _DEPENDENT * lengths[: len(triangle)]
    columns = columns[:, : len(triangle)][:, independent]
    triangle = np.linalg.qr(columns[:runs], mode="r") / np.sqrt(runs)
    values = np.linalg.solve(triangle.T, columns.T).T
    return values[:runs], values[runs:]


def degree_for(runs: int, columns: int) -> int:
    """Give the degree of the polynomials of a group: what the sample can afford."""
    degree = 1 if runs < 64 else 2 if runs < 512 else 3
    while degree > 1 and degree * columns > runs / 4:
        degree -= 1
    return degree


def is_constant(values: np.ndarray) -> bool:
    """Tell whether values differ by no more than rounding."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
