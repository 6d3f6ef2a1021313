"""What the scenarios of a sweep share: the compiled plan, and counts that do not differ.

Scenarios that set the same assumptions to other values have the same plan but for its weights. And
chance is keyed by what it is for, so a run of an activity type whose growth and TPMA factors are
those of an earlier scenario's has its counts: they are added and not drawn again. Nothing here
changes a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np

from acutecast.demand.health import HealthStatus
from acutecast.demand.people import Variants
from acutecast.demand.plan import Plan, compile_plan, weights_of
from acutecast.provider import Provider
from acutecast.scenario import Scenario

# Plans kept; a sweep that takes one TPMA out at a time has as many as scenarios.
_PLANS = 4
# Of counts: the first scenario's, which others are mostly made from, and the last one's.
_KEPT = 2
_MOST_BYTES = 512 << 20

Arrays = tuple[np.ndarray, ...]


class Shared:
    """Keeps what the next scenario may need again; of one provider and one choice of years."""

    def __init__(self) -> None:
        self._plans: dict[tuple, Plan] = {}
        self._counts: dict[tuple, tuple[tuple[bytes, Arrays], ...]] = {}

    def plan(
        self,
        provider: Provider,
        scenario: Scenario,
        years: Sequence[int],
        variants: Variants,
        health: HealthStatus | None,
    ) -> Plan:
        """Give what `compile_plan` gives, from a plan of the same structure where there is one."""
        if variants.own:
            return compile_plan(provider, scenario, years, variants, health)
        assumptions = scenario.assumptions()
        structure = (
            tuple((a.name, a.section, a.activity, a.keys) for a in assumptions),
            repr(scenario.inequalities),
            tuple(years),
            None if health is None else health.groups,
            (variants.names, variants.continued),
            variants.growth.tobytes(),
        )
        if structure not in self._plans:
            if len(self._plans) >= _PLANS:
                # The first is the one that most others are made from.
                gone = self._plans.pop(list(self._plans)[1])
                self._counts = {
                    of: kept for of, kept in self._counts.items() if of[0] != id(gone.views)
                }
            self._plans[structure] = compile_plan(provider, scenario, years, variants, health)
        found = self._plans[structure]
        return replace(
            found,
            assumptions=assumptions,
            weights=weights_of(assumptions, found.years, found.baseline_year),
            variants=variants,
            health=health,
        )

    def counts(
        self,
        of: tuple,
        inputs: Sequence[np.ndarray],
        most: int,
        work: Callable[[], Arrays],
    ) -> Arrays:
        """Give what `work` gives: from an earlier scenario, if all it depends on is the same.

        Args:
            of: what is counted: `id` of the plan's views, which plans of one structure share, the
                activity type, the run.
            inputs: all arrays that it depends on.
            most: bytes that keeping it for every run takes; too many are not kept.
            work: counts.
        """
        # Only of plans that are kept: the number of another's `views` may be given again.
        if most * _KEPT > _MOST_BYTES or all(of[0] != id(p.views) for p in self._plans.values()):
            return work()
        digest = blake2b(b"".join(array.tobytes() for array in inputs), digest_size=16).digest()
        kept = self._counts.get(of, ())
        for known, arrays in kept:
            if known == digest:
                return arrays
        arrays = work()
        self._counts[of] = (*kept[: _KEPT - 1], (digest, arrays))
        return arrays
