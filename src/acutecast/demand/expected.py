"""Expected activity of every run, without chance: many scenarios or draws in a second.

What a run's counts are on average over all its chance events is a product of factors by class of
rows. It needs no row to be walked, so it answers questions that ask for hundreds of runs again:
which assumption a difference is due to, how much of the spread an assumption explains, at which
value a target is met.
"""

# Inside compiled code an element of an array is a number, which the stubs of NumPy do not know.
# pyright: reportArgumentType=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from acutecast.compute import run_blocks
from acutecast.compute.compiling import kernel
from acutecast.demand.engine import (
    assumption_factors,
    health_of_classes,
    made_adjustments,
)
from acutecast.demand.health import HealthStatus
from acutecast.demand.layout import Classes
from acutecast.demand.people import variants_of
from acutecast.demand.plan import compile_plan, people_of_run
from acutecast.provider import Provider
from acutecast.scenario import Scenario, draw_assumptions


@dataclass(frozen=True)
class Drawn:
    """What every run uses.

    Attributes:
        names: the assumptions' names, sorted.
        values: at the horizon, float64 (runs, assumptions).
        variants: the population variant, strings (runs,).
        health: the uniform of the health status adjustment, (runs,).
    """

    names: tuple[str, ...]
    values: np.ndarray
    variants: np.ndarray
    health: np.ndarray


@dataclass(frozen=True)
class Expected:
    """Expected activity.

    Attributes:
        keys: `activity_type`, `pod`, `sitetret` and `measure` of each total, (totals,) each.
        years: ascending.
        baseline: int64 (totals,).
        values: float64 (years, runs, totals).
    """

    keys: Mapping[str, np.ndarray]
    years: tuple[int, ...]
    baseline: np.ndarray
    values: np.ndarray


@kernel
def _expect(
    classes: Classes,
    people: np.ndarray,
    health: np.ndarray,
    steps: np.ndarray,
    avoidance: np.ndarray,
    efficiency: np.ndarray,
    totals: np.ndarray,
) -> None:
    """Add one run's expected activity to `totals` (Y, totals).

    The arguments are factors, not changes: people and health (Y, classes a), steps (Y, steps,
    classes b), avoidance and efficiency (Y, TPMAs).
    """
    n_stats = classes.pair_stats.shape[1]
    sums = np.empty(n_stats)
    for y in range(people.shape[0]):
        for c in range(len(classes.class_b)):
            sums[:] = 0.0
            for p in range(classes.pair_start[c], classes.pair_start[c + 1]):
                a = classes.pair_a[p]
                growth = people[y, a] * health[y, a]
                for s in range(n_stats):
                    sums[s] += classes.pair_stats[p, s] * growth
            b = classes.class_b[c]
            product = 1.0
            for s in range(steps.shape[1]):
                product *= steps[y, s, b]
            for e in range(classes.tag_start[c], classes.tag_start[c + 1]):
                k = classes.tag_tpma[e]
                product *= 1.0 + classes.tag_rate[e] * (avoidance[y, k] - 1.0)
            for term in range(classes.term_start[c], classes.term_start[c + 1]):
                weight, k = classes.term_weight[term], classes.term_tpma[term]
                if k >= 0:
                    weight *= 1.0 - efficiency[y, k]
                totals[y, classes.term_total[term]] += (
                    weight * product * sums[classes.term_stat[term]]
                )


class Expectation:
    """One scenario on one provider, compiled to be asked with any draws.

    Attributes:
        drawn: what the scenario's own runs use.
        years: the years asked for.
    """

    def __init__(self, provider: Provider, scenario: Scenario, years: tuple[int, ...]) -> None:
        """Compile.

        Args:
            provider: a checked provider.
            scenario: a scenario resolved for it.
            years: ascending.
        """
        self._provider, self._scenario = provider, scenario
        self.years = years
        self.drawn = Drawn(*draw_assumptions(scenario))
        # Any variant may be asked for, not only those that the scenario's runs drew.
        weights = scenario.population.variants
        self._variants = tuple(sorted(name for name, weight in weights.items() if weight > 0))
        self._people = variants_of(provider.tables, scenario, self._variants, provider.year, years)
        self._plan = compile_plan(
            provider, scenario, years, self._people, self._adjustments(self.drawn)[0]
        )

    def _adjustments(self, drawn: Drawn) -> list[HealthStatus | None]:
        return made_adjustments(
            self._provider, self._scenario, self._people, drawn.health, drawn.values, self.years
        )

    def __call__(self, drawn: Drawn | None = None, threads: int | None = None) -> Expected:
        """Give the expected activity of every run; by default of the scenario's own."""
        drawn = self.drawn if drawn is None else drawn
        plan = self._plan
        adjustments = self._adjustments(drawn)
        variant = np.array([self._variants.index(name) for name in drawn.variants])
        values = np.zeros((len(drawn.values), len(self.years), len(plan.totals.baseline)))

        def block(runs: range) -> None:
            for run in runs:
                factor = assumption_factors(plan, drawn.values[run])
                status = adjustments[variant[run]]
                by_health = None if status is None else status.of_run(run)
                people_of = people_of_run(plan, variant[run], drawn.values[run])
                for key, activity in plan.activities.items():
                    people = people_of[key]
                    healthy = health_of_classes(activity, by_health, people.shape)
                    steps = activity.steps.factors(factor, plan.inequality_weight)
                    _expect(
                        activity.classes,
                        np.ascontiguousarray(people.T),
                        np.ascontiguousarray(healthy.T),
                        np.ascontiguousarray(np.moveaxis(steps, 2, 0)),
                        np.ascontiguousarray(factor[activity.avoidance_values].T),
                        np.ascontiguousarray(factor[activity.efficiency_values].T),
                        values[run],
                    )

        run_blocks(block, len(values), threads)
        baseline = plan.totals.baseline
        return Expected(plan.totals.keys, self.years, baseline, values.transpose(1, 0, 2))
