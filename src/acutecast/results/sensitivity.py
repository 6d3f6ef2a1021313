"""How much of the spread of an output each assumption explains; pure functions on arrays.

**First order, from the stored draws.** For independent assumptions the first-order share of
assumption i is Var(E[y | x_i]) / Var(y) (Sobol 1993; Saltelli et al. 2008, Global Sensitivity
Analysis, section 1.2.9). The model is smooth and close to a product of its assumptions, so
E[y | x_i] is close to a straight line in x_i, and a polynomial of low degree in the value itself
(not in its rank) fits it. That is a regression, but a plain one has two faults:

- An assumption that does nothing still fits some noise. So the explained variance is corrected for
  its degrees of freedom, as in the adjusted R squared (Ezekiel 1930): an irrelevant assumption has
  mean share 0, and about half of such shares are slightly negative.
- One assumption at a time, the others are noise; all at once, the fit breaks down where there are
  nearly as many assumptions as runs. So an additive ridge fit of all assumptions predicts the runs
  of each fold from the *other* folds. From the output we take the predicted effects of all
  assumptions but i, and regress the rest on x_i. Under independence what is taken away has mean 0
  whatever x_i is, so a poor fit costs precision and adds no bias (a control variate: Owen 2013,
  Monte Carlo theory, methods and examples, section 8.9). The penalty of each term follows from its
  own estimated variance, the overall penalty from the leave-one-out error (Allen 1974; Golub, Heath
  and Wahba 1979, doi 10.1080/00401706.1979.10489751), so nothing blows up with many assumptions.

The variance of the output is estimated without the chance correlations of those effects, so that
shares add up to 1 where there are neither interactions nor noise.

Standard errors are of the infinitesimal jackknife (Efron 1982, The Jackknife, the Bootstrap and
Other Resampling Plans, chapter 6): the mean square of what each run adds to the estimate. It needs
no resampling; a bootstrap would repeat runs, which the correction above takes for signal. For
long-tailed outputs they are somewhat small: with 256 runs of a lognormal product, intervals meant
to hold 90% of true shares held 83 to 89%.

**Total order** needs runs again in which one assumption alone was redrawn (Jansen 1999,
doi 10.1016/S0010-4655(98)00154-4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acutecast.errors import Problem, raise_if_any
from acutecast.streams import key, uniforms

if TYPE_CHECKING:
    import polars

FEWEST_RUNS = 8
_FOLDS = 8
_ROUNDS = 2
_PENALTIES = np.append(np.logspace(-8, 1, 19), np.inf)
_LEAST_SPREAD = 0.1
# A column that others (or rounding) explain to this fraction of its length adds nothing.
_DEPENDENT = 1e-6


@dataclass(frozen=True)
class Shares:
    """First-order shares of the variance of an output.

    Attributes:
        names: the assumptions or groups of assumptions, as asked.
        share: the part of the variance that each explains alone, float64, (groups,). An irrelevant
            one has mean 0, so a value may be slightly negative.
        standard_error: of each share, float64, (groups,).
        not_explained: 1 less the sum of the shares: assumptions acting together, and sampling.
            May be slightly negative.
        not_explained_error: the standard error of `not_explained`.
        runs: the number of runs behind the estimate.
    """

    names: tuple[str, ...]
    share: np.ndarray
    standard_error: np.ndarray
    not_explained: float
    not_explained_error: float
    runs: int

    def frame(self) -> polars.DataFrame:
        """Give a row per assumption, the largest share first: assumption, share, standard_error."""
        import polars as pl

        table = pl.DataFrame(
            {"assumption": self.names, "share": self.share, "standard_error": self.standard_error},
            schema_overrides={"assumption": pl.String},
        )
        return table.sort("share", "assumption", descending=[True, False])


@dataclass(frozen=True)
class TotalShares:
    """Total-order shares of the variance of an output.

    Attributes:
        share: the part of the variance that would go if all *other* assumptions were known, alone
            and in interaction, float64, (assumptions,).
        standard_error: of each share, float64, (assumptions,).
    """

    share: np.ndarray
    standard_error: np.ndarray


@dataclass(frozen=True)
class Swings:
    """What moving one assumption from low to high does to the output, the largest first.

    Attributes:
        names: the assumptions or groups, by size of the change.
        low_input: the low value of the assumption; not a number for categories and for groups of
            several columns, float64, (groups,).
        high_input: the high value, likewise.
        at_low: the mean output with the assumption at its low value, float64, (groups,).
        at_high: the mean output with the assumption at its high value, float64, (groups,).
        change: `at_high` less `at_low`, float64, (groups,).
        standard_error: of the change, float64, (groups,).
    """

    names: tuple[str, ...]
    low_input: np.ndarray
    high_input: np.ndarray
    at_low: np.ndarray
    at_high: np.ndarray
    change: np.ndarray
    standard_error: np.ndarray

    def frame(self) -> polars.DataFrame:
        """Give a row per assumption in order, a column per attribute; no value where not known."""
        import polars as pl

        columns = ("low_input", "high_input", "at_low", "at_high", "change", "standard_error")
        return pl.DataFrame(
            {"assumption": self.names, **{name: getattr(self, name) for name in columns}},
            schema_overrides={"assumption": pl.String},
        ).with_columns(pl.col("low_input", "high_input").fill_nan(None))


def variance_shares(
    inputs: np.ndarray,
    groups: Sequence[str],
    output: np.ndarray,
    categories: Mapping[str, Sequence[object] | np.ndarray] | None = None,
) -> Shares:
    """Estimate the first-order share of each assumption from the stored draws (see the module).

    Args:
        inputs: what each run used of each assumption, (runs, columns).
        groups: the name of each column. Columns of one name are one group with one share (of the
            sum of their effects). Groups must be independent of each other: assumptions drawn with
            a correlation need one name.
        output: the output of each run, (runs,).
        categories: assumptions without an order, such as the population variant: a label per run
            by name.

    Returns:
        The shares in the order of `groups` (each name once), then of `categories`. Where the output
        is constant there is no variance to share, and all are 0.

    Raises:
        AcutecastError: for shapes that do not fit, values that are not finite, fewer than 8 runs,
            or a group with nearly as many columns as there are runs.
    """
    names, bases, output = _checked(inputs, groups, output, categories or {})
    runs = len(output)
    if _is_constant(output):
        zeros = np.zeros(len(names))
        return Shares(names, zeros, zeros.copy(), 0.0, 0.0, runs)
    fit = _fit([bases[name] for name in sorted(names)], output)
    share = fit.variance / fit.total
    influence = (fit.influence - share * fit.total_influence[:, None]) / fit.total
    # Where the true share is 0 the influences vanish too, and their square counts the noise twice
    # over: what they count is taken off, what it should be is put in.
    noise = 2 * fit.sizes * (fit.noise / (runs * fit.total)) ** 2
    error = np.sqrt(np.maximum((influence**2).mean(axis=0) / runs - 2 * noise, 0) + noise)
    together = (influence.sum(axis=1) ** 2).mean() / runs - 2 * noise.sum()
    order = [sorted(names).index(name) for name in names]
    return Shares(
        names,
        share[order],
        error[order],
        float(1 - share.sum()),
        float(np.sqrt(max(together, 0.0) + noise.sum())),
        runs,
    )


def total_shares(output: np.ndarray, output_redrawn: np.ndarray) -> TotalShares:
    """Estimate total-order shares from runs again in which one assumption alone was redrawn.

    T_i = mean((y - y_i)^2) / 2 / Var(y) (Jansen 1999, doi 10.1016/S0010-4655(98)00154-4). The
    standard error is of the infinitesimal jackknife. With random streams keyed by name, sampling
    is the same in both runs and cancels; where it is not, each share also holds that of sampling.

    Args:
        output: the output of each run, (runs,).
        output_redrawn: the output of the same runs with assumption i redrawn, (assumptions, runs).

    Returns:
        The shares, all 0 where the output is constant.

    Raises:
        AcutecastError: for shapes that do not fit, values that are not finite, or under 8 runs.
    """
    output, again = np.asarray(output, float), np.asarray(output_redrawn, float)
    problems = _output_problems(output)
    if again.ndim != 2 or again.shape[1:] != output.shape:
        problems.append(
            Problem(
                f"has shape {again.shape}, and should be (assumptions, {output.size})",
                "output_redrawn",
            )
        )
    problems += _not_finite(again, "output_redrawn")
    raise_if_any(problems, "The total shares cannot be computed")
    if _is_constant(output):
        return TotalShares(np.zeros(len(again)), np.zeros(len(again)))
    runs = len(output)
    square = (output - output.mean()) ** 2 * runs / (runs - 1)
    moved = (output - again) ** 2 / 2
    share = moved.mean(axis=1) / square.mean()
    influence = (moved - share[:, None] * square) / square.mean()
    return TotalShares(share, np.sqrt((influence**2).mean(axis=1) / runs))


def tornado(
    inputs: np.ndarray,
    groups: Sequence[str],
    output: np.ndarray,
    low: float = 0.1,
    high: float = 0.9,
    categories: Mapping[str, Sequence[object] | np.ndarray] | None = None,
) -> Swings:
    """Estimate how the output changes when one assumption moves from its P10 to its P90.

    The others are held at their mean: in a product of independent assumptions, the mean output at
    x_i is the output with the others at their means. The fit is that of `variance_shares`.

    Args:
        inputs: as in `variance_shares`.
        groups: as in `variance_shares`; the columns of a group move together.
        output: as in `variance_shares`.
        low: the quantile of the assumption's draws to start from.
        high: the quantile to move to.
        categories: as in `variance_shares`. Their labels are put in order by their effect, and the
            quantiles are taken over runs in that order.

    Raises:
        AcutecastError: as `variance_shares`, and for quantiles not in order within 0 to 1.
    """
    names, bases, output = _checked(inputs, groups, output, categories or {}, (low, high))
    names = tuple(sorted(names))
    fit = _fit([bases[name] for name in names], output)
    rows = []
    for name, slope, noise in zip(names, fit.slopes, fit.noise, strict=True):
        basis = bases[name]
        ends = _ends_by_effect(basis.values, slope, (low, high)) if basis.at is None else basis.at
        start, end = output.mean() + ends @ slope
        error = np.sqrt(noise / len(output)) * np.linalg.norm(ends[1] - ends[0])
        rows.append((name, *basis.inputs, start, end, end - start, error))
    rows.sort(key=lambda row: (-abs(row[5]), row[0]))
    columns = np.array([row[1:] for row in rows], dtype=float).reshape(-1, 6).T
    return Swings(tuple(row[0] for row in rows), *columns)


def _ends_by_effect(values: np.ndarray, slope: np.ndarray, at: tuple[float, float]) -> np.ndarray:
    """Give the basis at two quantiles of its own effect, (2, size)."""
    places = np.argsort(values @ slope, kind="stable")
    picked = np.ceil(np.multiply(at, len(places)) - 1e-9).astype(int) - 1
    return values[places[np.maximum(picked, 0)]]


@dataclass(frozen=True)
class _Basis:
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
class _Fit:
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


def _fit(bases: Sequence[_Basis], output: np.ndarray) -> _Fit:
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
    return _Fit(
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


def _polynomials(raw: np.ndarray, degree: int, at: tuple[float, float]) -> _Basis:
    """Give uncorrelated polynomials of each column, and their values at two quantiles."""
    runs = len(raw)
    inputs = np.quantile(raw, at, axis=0)
    with_ends = np.vstack([raw, inputs])
    terms = [np.zeros((runs + 2, 0))]
    for column in with_ends.T:
        seen = column[:runs]
        if _is_constant(seen):
            continue
        scaled = (column - seen.mean()) / seen.std()
        powers = np.arange(1, min(degree, np.unique(seen).size - 1) + 1)
        terms.append(scaled[:, None] ** powers)
    values, ends = _uncorrelated(np.hstack(terms), runs)
    single = raw.shape[1] == 1
    return _Basis(values, ends, (inputs[0, 0], inputs[1, 0]) if single else (np.nan, np.nan))


def _indicators(labels: np.ndarray) -> _Basis:
    """Give uncorrelated contrasts between the labels of a category."""
    _, code = np.unique(labels, return_inverse=True)
    columns = (code.reshape(-1, 1) == np.arange(1, code.max() + 1)).astype(float)
    return _Basis(_uncorrelated(columns, len(labels))[0])


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


def _degree(runs: int, columns: int) -> int:
    """Give the degree of the polynomials of a group: what the sample can afford."""
    degree = 1 if runs < 64 else 2 if runs < 512 else 3
    while degree > 1 and degree * columns > runs / 4:
        degree -= 1
    return degree


def _is_constant(values: np.ndarray) -> bool:
    """Tell whether values differ by no more than rounding."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _checked(
    inputs: np.ndarray,
    groups: Sequence[str],
    output: np.ndarray,
    categories: Mapping[str, Sequence[object] | np.ndarray],
    at: tuple[float, float] = (0.1, 0.9),
) -> tuple[tuple[str, ...], dict[str, _Basis], np.ndarray]:
    """Check what was given; give the names in order, the basis of each, and the output."""
    inputs, output = np.asarray(inputs, dtype=float), np.asarray(output, dtype=float)
    labels = {name: np.asarray(label).astype(str) for name, label in categories.items()}
    problems = _output_problems(output)
    if inputs.ndim != 2 or inputs.shape != (output.size, len(groups)):
        what = f"has shape {inputs.shape}, and should be ({output.size}, {len(groups)})"
        problems.append(Problem(what, "inputs", remedy="Give a row per run, a column per name."))
    problems += _not_finite(inputs, "inputs")
    for name, label in labels.items():
        if label.shape != output.shape:
            what = f"has shape {label.shape}, and should be ({output.size},)"
            problems.append(Problem(what, f"categories.{name}"))
        if name in groups:
            problems.append(Problem("is also a name in groups", f"categories.{name}"))
    if not 0 <= at[0] < at[1] <= 1:
        what = f"are {at[0]:g} and {at[1]:g}"
        problems.append(Problem(what, "low, high", remedy="Give 0 <= low < high <= 1."))
    raise_if_any(problems, "The sensitivity cannot be computed")
    bases = {}
    columns = {name: [i for i, n in enumerate(groups) if n == name] for name in groups}
    for name, which in columns.items():
        bases[name] = _polynomials(inputs[:, which], _degree(len(output), len(which)), at)
    for name, label in labels.items():
        bases[name] = _indicators(label)
    raise_if_any(
        Problem(
            "has too many columns or labels for the runs",
            name,
            example=f"{basis.values.shape[1]} for {len(output)} runs",
            remedy="Use more runs, or split the group.",
        )
        for name, basis in bases.items()
        if basis.values.shape[1] > len(output) // 2
    )
    return tuple(bases), bases, output


def _output_problems(output: np.ndarray) -> list[Problem]:
    """Give what is wrong with the output of the runs."""
    problems = _not_finite(output, "output")
    if output.ndim != 1:
        problems.append(Problem(f"has shape {output.shape}, and should be (runs,)", "output"))
    elif output.size < FEWEST_RUNS:
        remedy = f"At least {FEWEST_RUNS} runs are needed; hundreds are better."
        problems.append(Problem(f"has {output.size} runs", "output", remedy=remedy))
    return problems


def _not_finite(values: np.ndarray, where: str) -> list[Problem]:
    """Give the problem that some values are missing or infinite, if so."""
    count = int((~np.isfinite(values)).sum())
    return [Problem("values are missing or infinite", where, count)] if count else []
