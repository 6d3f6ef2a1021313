"""What each assumption does to expected activity, all others as drawn, in one pass over classes.

Expected activity is a sum of products of factors, so what a class would be without one of them is
the product of the others. All assumptions together take little more than asking once.
"""

# Inside compiled code an element of an array is a number, which the stubs of NumPy do not know.
# pyright: reportArgumentType=false

from __future__ import annotations

import numpy as np

from acutecast.compute import run_blocks
from acutecast.compute.compiling import kernel
from acutecast.demand.engine import assumption_factors, health_of_classes
from acutecast.demand.expected import Drawn, Expectation
from acutecast.demand.layout import Classes
from acutecast.demand.plan import people_of_run


@kernel
def _leave_out(
    classes: Classes,
    growth: np.ndarray,
    steps: np.ndarray,
    of_step: np.ndarray,
    avoidance: np.ndarray,
    of_avoidance: np.ndarray,
    efficiency: np.ndarray,
    of_efficiency: np.ndarray,
    found: np.ndarray,
) -> None:
    """Add one run's effects in one year to `found` (assumptions, totals).

    The effect of a factor is activity x (factor - 1) / factor, written as the product of the other
    factors x (factor - 1), so that a factor of 0 has one too.

    Args:
        classes: the classes of one activity type.
        growth: people x health, (classes a,).
        steps: factors, (steps, classes b).
        of_step: the assumption of each, -1 for none, (steps, classes b).
        avoidance, efficiency: what remains, by TPMA.
        of_avoidance, of_efficiency: their assumptions.
        found: with each assumption less without it.
    """
    n_steps, n_stats = steps.shape[0], classes.pair_stats.shape[1]
    sums = np.empty(n_stats)
    for c in range(len(classes.class_b)):
        sums[:] = 0.0
        for p in range(classes.pair_start[c], classes.pair_start[c + 1]):
            for s in range(n_stats):
                sums[s] += classes.pair_stats[p, s] * growth[classes.pair_a[p]]
        b = classes.class_b[c]
        first, last = classes.tag_start[c], classes.tag_start[c + 1]
        n_factors = n_steps + last - first
        # One more than there are factors: leaving out none of them gives the product of all.
        for left_out in range(n_factors + 1):
            k = -1
            change = 1.0
            product = 1.0
            for i in range(n_factors):
                if i < n_steps:
                    of, factor = of_step[i, b], steps[i, b]
                else:
                    e = first + i - n_steps
                    of = of_avoidance[classes.tag_tpma[e]]
                    factor = 1.0 + classes.tag_rate[e] * (avoidance[classes.tag_tpma[e]] - 1.0)
                if i == left_out:
                    k, change = of, factor - 1.0
                else:
                    product *= factor
            if left_out < n_factors and (k < 0 or change == 0.0):
                continue
            for t in range(classes.term_start[c], classes.term_start[c + 1]):
                weight, e = classes.term_weight[t], classes.term_tpma[t]
                if e >= 0:
                    weight *= 1.0 - efficiency[e]
                value = weight * product * sums[classes.term_stat[t]]
                if left_out < n_factors:
                    found[k, classes.term_total[t]] += value * change
                elif e >= 0:
                    # Without an efficiency that shares no spell its term is not there.
                    found[of_efficiency[e], classes.term_total[t]] += value


class Ablation(Expectation):
    """An expectation that also tells what each assumption does, all others as drawn."""

    def without_each(self, drawn: Drawn) -> np.ndarray:
        """Give what each assumption does at the last year, in every run.

        An efficiency that shares spells with another is told as if its value were 1 and not as if
        it were absent; assumptions of projections of one's own are not told at all.

        Args:
            drawn: what the runs use.

        Returns:
            With it less without it, (assumptions, totals, runs).
        """
        plan = self._plan
        adjustments = self._adjustments(drawn)
        variant = np.array([self._variants.index(name) for name in drawn.variants])
        shape = (len(drawn.values), len(drawn.names), len(plan.totals.baseline))
        found = np.zeros(shape)

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
                    # The last step is inequalities, which have no assumption.
                    of_step = activity.steps.assumption.copy()
                    of_step[-1] = -1
                    _leave_out(
                        activity.classes,
                        np.ascontiguousarray((people * healthy)[:, -1]),
                        np.ascontiguousarray(steps[:, :, -1]),
                        of_step,
                        np.ascontiguousarray(factor[activity.avoidance_values, -1]),
                        activity.avoidance_values,
                        np.ascontiguousarray(factor[activity.efficiency_values, -1]),
                        activity.efficiency_values,
                        found[run],
                    )

        run_blocks(block, len(found))
        return np.moveaxis(found, 0, 2)
