"""Back-tests: a projection from an earlier year scored against a later one that is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.demand.rows import Rows, count_rows, spell_rows
from acutecast.errors import AcutecastError, Problem, option
from acutecast.facts import ACTIVITY_TYPES
from acutecast.provider import Provider
from acutecast.results.scores import bias, bias_pct, coverage, crps, crps_skill, pit
from acutecast.results.summary import INTERVAL, quantile_name, quantiles

if TYPE_CHECKING:
    import polars

    from acutecast.results import Run

LEAST = 30
"""Groups projected below this are pooled by measure. The truth decides nothing: choosing by it
would leave in the groups that grew by chance."""
SMALL = "small groups"
_Z = 1.959963984540054


@dataclass(frozen=True)
class Scored:
    """A projection beside the truth, a case per group.

    Attributes:
        by: the columns that tell groups apart; the last is "measure".
        groups: their values, a row per case.
        year: the later year.
        baseline: the earlier year's counts, (cases,).
        truth: the later year's counts, (cases,).
        values: the projection of the later year, (cases, runs).
        notes: what was left out or pooled.
    """

    by: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    year: int
    baseline: np.ndarray
    truth: np.ndarray
    values: np.ndarray
    notes: tuple[str, ...]

    def table(self, interval: tuple[float, float] = INTERVAL) -> polars.DataFrame:
        """Give a row per case.

        Returns:
            The columns of `by`, `year`, `baseline`, `truth`, `mean`, the interval, `bias` (mean
            less truth), `bias_pct`, `inside` (whether the truth lies in the interval), `crps` (in
            the unit of the measure), `persistence` (the error of the forecast that nothing
            changes) and `pit` (where the truth falls among the runs, 0 to 1).
        """
        import polars as pl

        low, high = quantiles(self.values, interval)
        frame: dict[str, Any] = {
            name: [group[i] for group in self.groups] for i, name in enumerate(self.by)
        }
        frame |= {
            "year": [self.year] * len(self.truth),
            "baseline": self.baseline,
            "truth": self.truth,
            "mean": self.values.mean(axis=1),
            quantile_name(interval[0]): low,
            quantile_name(interval[1]): high,
            "bias": bias(self.values, self.truth),
            "bias_pct": bias_pct(self.values, self.truth),
            "inside": (low <= self.truth) & (self.truth <= high),
            "crps": crps(self.values, self.truth),
            "persistence": np.abs(self.baseline - self.truth).astype(float),
            "pit": pit(self.values, self.truth),
        }
        return pl.DataFrame(frame).with_columns(pl.col("bias_pct").fill_nan(None))

    def summary(self, interval: tuple[float, float] = INTERVAL) -> polars.DataFrame:
        """Give a row per measure.

        Returns:
            `measure`, `groups`, `bias_pct` (of the sum over groups), `coverage` of the interval
            with the ends of its 95% interval were groups independent (Wilson 1927), mean `crps`,
            and `skill` against persistence: 1 is perfect, 0 no better, below 0 worse.
        """
        import polars as pl

        rows = []
        measures = [group[-1] for group in self.groups]
        for measure in dict.fromkeys(measures):
            mine = np.array([name == measure for name in measures])
            values, truth, baseline = self.values[mine], self.truth[mine], self.baseline[mine]
            inside = coverage(values, truth, interval)
            low, high = _wilson(inside, len(truth))
            total = truth.sum()
            rows.append(
                {
                    "measure": measure,
                    "groups": int(mine.sum()),
                    "bias_pct": 100 * (values.mean(axis=1).sum() / total - 1) if total else None,
                    "coverage": inside,
                    "coverage_low": low,
                    "coverage_high": high,
                    "crps": float(crps(values, truth).mean()),
                    "skill": crps_skill(values, truth, baseline),
                }
            )
        return pl.DataFrame(rows)

    def meaning(self) -> list[str]:
        """Say what the scores do and do not mean."""
        return [
            *self.notes,
            f"{len(self.truth)} groups of one pair of years are few, and not independent: what "
            "moved one ward or specialty that year moved others, so the interval of the coverage "
            "is narrower than it should be.",
            "The 80% interval holds the uncertainty of the assumptions and the chance of a year. "
            "It does not hold what nobody assumed: a change of coding, a new service, a strike.",
            "The baseline year had luck of its own, which the projection carries on and its "
            "interval does not hold: where luck is all, some 64% of truths lie in an 80% interval.",
            "Assumptions that were set knowing what happened score too well. Only assumptions "
            "written down before the later year say how good the next projection may be.",
            "A short horizon tests little of what twenty years ask: ambitions have hardly begun.",
            "Skill compares with the forecast that nothing changes, which is hard to beat over a "
            "year or two and easy over ten.",
        ]


def backtest(run: Run, later: Provider, by: Sequence[str] = ("pod",)) -> Scored:
    """Score a stored projection against the provider's own later year.

    Args:
        run: a projection from the earlier baseline, which has the later year among its years.
        later: the provider in the later year.
        by: columns that tell groups apart: pod, sitetret, tretspef_grouped, …; measures are always
            apart.

    Raises:
        AcutecastError: where the run has no such year, or is another provider's.
    """
    problems = []
    if later.year not in run.years:
        problems.append(
            Problem(
                f"the run has no year {later.year}",
                where=run.path,
                remedy=f"Run the scenario again with {option('years', [later.year])}.",
            )
        )
    if later.dataset != run.info["dataset"]:
        problems.append(
            Problem(
                f"the run is of {run.info['dataset']} and the later year of {later.dataset}",
                where=later.source,
                remedy="Give the same provider's later year.",
            )
        )
    if problems:
        raise AcutecastError(problems, "The back-test cannot be done")
    names = tuple(dict.fromkeys((*(name for name in by if name != "measure"), "measure")))
    found = run.values(_measures(names), by=names, years=[later.year])
    projected = {
        tuple(str(labels[i]) for labels in found.keys.values()): i
        for i in range(len(found.baseline))
    }
    truth = _counts(later, names)
    groups = sorted(set(projected) | set(truth))
    runs = found.values.shape[-1]
    values = np.zeros((len(groups), runs))
    baseline, actual = np.zeros(len(groups)), np.zeros(len(groups))
    for g, group in enumerate(groups):
        if group in projected:
            i = projected[group]
            values[g], baseline[g] = found.values[i, 0], max(found.baseline[i], 0)
        actual[g] = truth.get(group, 0)
    hidden = int((found.baseline < 0).sum())
    notes = []
    if hidden:
        notes.append(f"{hidden} baselines are hidden in the run and count as 0 in persistence.")
    only = len(set(truth) - set(projected))
    if only:
        notes.append(f"{only} groups are new in {later.year}: the run projects none of them.")
    return _pooled(names, groups, later.year, baseline, actual, values, notes)


def _measures(names: Sequence[str]) -> tuple[str, ...]:
    """Give the measures that a question split by some columns can have."""
    kept = [spec for spec in ACTIVITY_TYPES.values()
            if "tretspef_grouped" not in names or spec.key != "aae"]  # fmt: skip
    return tuple(measure for spec in kept for measure in spec.measures)


def _counts(provider: Provider, names: Sequence[str]) -> dict[tuple[str, ...], int]:
    """Count a provider's own year by group."""
    counts: dict[tuple[str, ...], int] = {}
    wanted = _measures(names)
    for key, spec in ACTIVITY_TYPES.items():
        if not set(spec.measures) & set(wanted):
            continue
        rows: Rows = spell_rows(provider) if key == "ip" else count_rows(provider, key)
        labels = []
        for name in names[:-1]:
            if name == "activity_type":
                labels.append(np.full(len(rows), key, dtype=object))
            elif name in rows.columns:
                column = rows.columns[name]
                labels.append(np.array(column.categories, dtype=object)[column.codes])
            else:
                raise AcutecastError(
                    Problem(
                        f'{spec.label.lower()} can\'t be split by "{name}"',
                        where="by",
                        remedy=f"Choose among {', '.join(rows.columns)}.",
                    )
                )
        flat = ["\x1f".join(map(str, row)) for row in zip(*labels, strict=True)]
        group, of_row = np.unique(np.array(flat or [""] * len(rows)), return_inverse=True)
        for m, measure in enumerate(spec.measures):
            sums = np.bincount(of_row, rows.measures[:, m], len(group))
            for name, total in zip(group, sums, strict=True):
                if total:
                    values = tuple(name.split("\x1f")) if names[:-1] else ()
                    counts[(*values, measure)] = int(total)
    return counts


def _pooled(
    names: tuple[str, ...],
    groups: list[tuple[str, ...]],
    year: int,
    baseline: np.ndarray,
    truth: np.ndarray,
    values: np.ndarray,
    notes: list[str],
) -> Scored:
    """Pool groups of few, which say more about chance than about the projection."""
    few = values.mean(axis=1) < LEAST
    if few.any():
        notes.append(
            f"{int(few.sum())} groups projected to have fewer than {LEAST} are pooled by measure."
        )
    kept = [group for group, small in zip(groups, few, strict=True) if not small]
    parts = [baseline[~few], truth[~few], values[~few]]
    measures = np.array([group[-1] for group in groups])
    for measure in dict.fromkeys(measures[few].tolist()):
        mine = few & (measures == measure)
        kept.append((*[SMALL] * (len(names) - 1), measure))
        parts = [np.concatenate([p, whole[mine].sum(axis=0, keepdims=True)])
                 for p, whole in zip(parts, (baseline, truth, values), strict=True)]  # fmt: skip
    return Scored(names, tuple(kept), year, parts[0], parts[1], parts[2], tuple(notes))


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Give the ends of the 95% interval of a share of n (Wilson 1927)."""
    centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2)) / (1 + _Z**2 / n)
    return max(0.0, centre - half), min(1.0, centre + half)
