"""Why two scenarios differ: their difference, split over the assumptions that differ.

A part is the Shapley value of one differing assumption: the change it makes when it goes from the
one scenario's value to the other's, averaged over all orders in which the assumptions may change
(Shapley 1953). Hybrid scenarios, with some assumptions of each, are worked out on expected
activity with the draws that all share; what is left of a run's difference is chance. So in every
run the parts and chance add up to the difference.

Up to `EXACT` differing assumptions all orders are taken; beyond, pairs of an order and its reverse
(Castro et al. 2009, doi 10.1016/j.cor.2008.04.004), which still add up exactly, with a standard
error of each part.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast import streams
from acutecast.compute import Event, Watch
from acutecast.errors import AcutecastError, Cancelled, Problem, raise_if_any
from acutecast.insight.hybrid import Part, differing, hybrid
from acutecast.provider import Provider
from acutecast.results.source import provider_of, scenario_of
from acutecast.results.summary import INTERVAL, quantile_name, quantiles
from acutecast.scenario import Scenario, dump_scenario

if TYPE_CHECKING:
    import polars

    from acutecast.results import Run

EXACT = 6
_PAIRS_OF_ORDERS = 4
CHANCE = "chance"
_KEYS = ("activity_type", "pod", "sitetret", "measure")


@dataclass(frozen=True)
class Why:
    """The difference between two runs, split.

    Attributes:
        parts: the names of the parts, sorted; the last is chance.
        keys: columns that split the answer, an array of strings each, an entry per group.
        year: the year compared.
        reference: counts of the reference, (groups, runs).
        difference: the other less the reference, (groups, runs).
        values: of each part, (parts, groups, runs); they add up to `difference`.
        standard_error: of the mean of each part where orders were sampled, 0 else; (parts, groups).
        exact: whether all orders were taken.
    """

    parts: tuple[str, ...]
    keys: Mapping[str, np.ndarray]
    year: int
    reference: np.ndarray
    difference: np.ndarray
    values: np.ndarray
    standard_error: np.ndarray
    exact: bool

    def table(self, interval: tuple[float, float] = INTERVAL) -> polars.DataFrame:
        """Give a row per group and part, the difference itself last in each group.

        Returns:
            The columns of `keys`, `part`, `mean`, the interval over runs, `share` of the
            difference, `standard_error` of the split, and `reference`, the group's mean there.
        """
        import polars as pl

        names = [*self.parts, "difference"]
        values = np.concatenate([self.values, self.difference[None]])
        error = np.concatenate([self.standard_error, np.zeros((1, len(self.difference)))])
        low, high = quantiles(values, interval)
        n_parts, n_groups = values.shape[:2]
        group = np.repeat(np.arange(n_groups), n_parts)
        part = np.tile(np.arange(n_parts), n_groups)
        mean = values.mean(axis=-1)
        whole = mean[-1]
        share = np.divide(mean, whole, out=np.full_like(mean, np.nan), where=whole != 0)
        frame: dict[str, Any] = {name: labels[group].tolist() for name, labels in self.keys.items()}
        frame["part"] = [names[i] for i in part]
        frame["mean"] = mean[part, group]
        frame[quantile_name(interval[0])] = low[part, group]
        frame[quantile_name(interval[1])] = high[part, group]
        frame["share"] = pl.Series(share[part, group], dtype=pl.Float64).fill_nan(None)
        frame["standard_error"] = error[part, group]
        frame["reference"] = self.reference.mean(axis=-1)[group]
        return pl.DataFrame(frame)


def why(
    reference: Run,
    other: Run,
    data: Provider | str | os.PathLike[str] | None = None,
    *,
    by: Sequence[str] = (),
    where: Mapping[str, str | Sequence[str]] | None = None,
    year: int | None = None,
    threads: int | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Why:
    """Split the difference between two stored runs over the assumptions that differ.

    Args:
        reference, other: two runs of the same data and seed.
        data: the provider or the root of its tables; where the reference says, if None.
        by: columns among activity_type, pod and sitetret; measures are always apart.
        where: values kept of these columns and of `measure`.
        year: a year of both; the last one that both have by default.
        threads: how many threads; the numbers do not depend on it.
        watch: is told of progress.
        cancelled: asked between scenarios.

    Raises:
        AcutecastError: where the runs cannot be compared so, or nothing is selected.
    """
    from acutecast.demand.expected import Expectation

    where = where or {}
    shared = sorted(set(reference.years) & set(other.years))
    _check(reference, other, by, where, year, shared)
    year = shared[-1] if year is None else year
    provider = provider_of(reference, data)
    runs = min(reference.runs, other.runs)
    scenarios = tuple(_of_runs(scenario_of(run), runs) for run in (reference, other))
    parts = differing(*scenarios)
    plain = json.loads(dump_scenario(scenarios[0], full=True))
    groups: dict[str, Any] = {}
    known: dict[frozenset[int], np.ndarray] = {}
    orders = _orders(parts)
    of = len(_subsets(len(parts), orders))

    def worth(chosen: frozenset[int]) -> np.ndarray:
        """Give the expected activity of a hybrid, (groups, runs)."""
        if chosen not in known:
            if cancelled is not None and cancelled():
                raise Cancelled("stopped by the user")
            made = Expectation(provider, hybrid(plain, parts, chosen), (year,))(threads=threads)
            if not groups:
                groups["keys"], groups["of"] = _groups(made.keys, by, where)
            known[chosen] = _sums(made.keys, made.values[0], groups["keys"], by, where)
            if watch is not None:
                watch(Event("comparing", len(known), of, 0.0))
        return known[chosen]

    first, last = worth(frozenset()), worth(frozenset(range(len(parts))))
    split, error = _split(len(parts), orders, worth)
    keys = groups["keys"]
    actual = [_counted(run, runs, keys, by, where, year) for run in (reference, other)]
    difference = actual[1] - actual[0]
    chance = difference - (last - first)
    return Why(
        parts=(*(part.name for part in parts), CHANCE),
        keys=keys,
        year=year,
        reference=actual[0],
        difference=difference,
        values=np.concatenate([split, chance[None]]),
        standard_error=np.concatenate([error, np.zeros((1, len(first)))]),
        exact=len(parts) <= EXACT,
    )


def _check(
    reference: Run,
    other: Run,
    by: Sequence[str],
    where: Mapping[str, Any],
    year: int | None,
    shared: Sequence[int],
) -> None:
    problems = []
    if reference.info["seed"] != other.info["seed"]:
        problems.append(
            Problem(
                f"the seeds differ ({reference.info['seed']} and {other.info['seed']}), so the "
                "runs share no draws",
                where=other.path,
                remedy="Run one of them again with the other's seed; or compare them unpaired.",
            )
        )
    tables = [{k: v for k, v in run.info["inputs"].items() if k != "scenario"}
              for run in (reference, other)]  # fmt: skip
    if tables[0] != tables[1] or reference.info["dataset"] != other.info["dataset"]:
        problems.append(
            Problem(
                "the runs were made from different data, which no assumption explains",
                where=other.path,
                remedy="Run both on the same tables.",
            )
        )
    unknown = [name for name in by if name not in _KEYS]
    unknown += [name for name in where if name not in _KEYS]
    if unknown:
        problems.append(
            Problem(
                f'the difference can\'t be split by "{unknown[0]}"',
                where="by",
                remedy=f"Choose among {', '.join(_KEYS)}.",
            )
        )
    if not shared or (year is not None and year not in shared):
        problems.append(
            Problem(
                f"not both runs have the year {year}" if year else "the runs share no year",
                where="year",
                remedy=f"Both have {', '.join(map(str, shared)) or 'none'}.",
            )
        )
    raise_if_any(problems, "The runs cannot be compared")


def _of_runs(scenario: Scenario, runs: int) -> Scenario:
    return Scenario(**(scenario.model_dump() | {"runs": runs}))


def _orders(parts: Sequence[Part]) -> list[tuple[int, ...]]:
    """Give pairs of an order and its reverse, keyed by the parts' names; none for few parts."""
    n = len(parts)
    if n <= EXACT:
        return []
    names = "\n".join(part.name for part in parts)
    orders = []
    for pair in range(_PAIRS_OF_ORDERS):
        u = streams.uniforms(streams.key("orders", names, pair), np.arange(n))
        order = tuple(int(i) for i in np.argsort(u))
        orders += [order, order[::-1]]
    return orders


def _subsets(n: int, orders: Sequence[Sequence[int]]) -> set[frozenset[int]]:
    """Give the hybrids that are needed: all of them where no orders were sampled."""
    if not orders:
        return {frozenset(c) for size in range(n + 1) for c in combinations(range(n), size)}
    return {frozenset(order[:i]) for order in orders for i in range(n + 1)}


def _split(
    n: int, orders: Sequence[tuple[int, ...]], worth: Callable[[frozenset[int]], np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Give the Shapley value of every part, and its standard error where orders were sampled.

    Args:
        n: how many parts there are.
        orders: pairs of an order and its reverse; none to take all orders.
        worth: expected activity of a hybrid, (groups, runs).

    Returns:
        (parts, groups, runs) and (parts, groups).
    """
    shape = worth(frozenset()).shape
    split = np.zeros((n, *shape))
    if not orders:
        for subset in sorted(_subsets(n, orders), key=lambda s: (len(s), sorted(s))):
            for i in set(range(n)) - subset:
                size = len(subset)
                weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
                split[i] += weight * (worth(subset | {i}) - worth(subset))
        return split, np.zeros((n, shape[0]))
    means = np.zeros((len(orders) // 2, n, shape[0]))
    for o, order in enumerate(orders):
        before: frozenset[int] = frozenset()
        for i in order:
            part = worth(before | {i}) - worth(before)
            split[i] += part / len(orders)
            means[o // 2, i] += part.mean(axis=-1) / 2
            before = before | {i}
    return split, means.std(axis=0, ddof=1) / math.sqrt(len(means))


def _kept(keys: Mapping[str, np.ndarray], where: Mapping[str, Any]) -> np.ndarray:
    keep = np.ones(len(keys["measure"]), dtype=bool)
    for name, wanted in where.items():
        keep &= np.isin(keys[name].astype(str), [wanted] if isinstance(wanted, str) else wanted)
    return keep


def _groups(
    keys: Mapping[str, np.ndarray], by: Sequence[str], where: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], int]:
    """Give the groups that an answer has, sorted."""
    names = [*dict.fromkeys((*by, "measure"))]
    keep = _kept(keys, where)
    rows = sorted(set(zip(*(keys[name][keep].astype(str) for name in names), strict=True)))
    if not rows:
        raise AcutecastError(Problem("nothing is selected", where="where"))
    columns = np.array(rows, dtype=object).T
    return dict(zip(names, columns, strict=True)), len(rows)


def _sums(
    keys: Mapping[str, np.ndarray],
    values: np.ndarray,
    groups: Mapping[str, np.ndarray],
    by: Sequence[str],
    where: Mapping[str, Any],
) -> np.ndarray:
    """Sum totals, (runs, totals), by group, (groups, runs)."""
    rows = list(zip(*groups.values(), strict=True))
    place = {row: i for i, row in enumerate(rows)}
    keep = np.flatnonzero(_kept(keys, where))
    labels = zip(*(keys[name][keep].astype(str) for name in groups), strict=True)
    result = np.zeros((len(rows), len(values)))
    for total, row in zip(keep, labels, strict=True):
        # A hybrid may reach places that the reference never does; they count in no group of it.
        if row in place:
            result[place[row]] += values[:, total]
    return result


def _counted(
    run: Run,
    runs: int,
    groups: Mapping[str, np.ndarray],
    by: Sequence[str],
    where: Mapping[str, Any],
    year: int,
) -> np.ndarray:
    """Give what a run counted by group, (groups, runs)."""
    names = list(groups)
    found = run.values(by=names, where=dict(where), years=[year])
    rows = list(zip(*(found.keys[name] for name in names), strict=True))
    place = {tuple(map(str, row)): i for i, row in enumerate(rows)}
    result = np.zeros((len(next(iter(groups.values()))), runs))
    for g, row in enumerate(zip(*groups.values(), strict=True)):
        if row in place:
            result[g] = found.values[place[row], 0, :runs]
    return result
