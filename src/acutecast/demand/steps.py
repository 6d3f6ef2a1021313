"""The NHP model's step counts: isolated effects and interaction terms, at the horizon.

Each growth step's effect is baseline x (factor - 1) as if it acted alone; what their sum leaves of
the resampled activity is the model interaction term. Each avoidance TPMA's effect is resampled
activity x (factor - 1); the rest is the avoidance interaction term. Efficiencies are exact. Kept
for compatibility; `attribution` is the one that adds up with the results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from acutecast.demand.cells import by_place
from acutecast.demand.cube import Parts
from acutecast.demand.layout import EFFICIENCY_KINDS
from acutecast.facts import ACTIVITY_TYPES

if TYPE_CHECKING:
    from acutecast.demand.plan import Activity, Plan

_TELE = "convert_to_tele"
# What converted spells are counted as at their new pod.
_MIRRORED = {
    "sdec": ("aae", "aae_type-05", ("arrivals",)),
    "day_procedures_daycase": ("ip", "ip_elective_daycase", ("admissions", "beddays")),
    "day_procedures_outpatients": ("op", "op_procedure", ("attendances",)),
}


class StepCounts:
    """Collects what the step counts need while runs go on.

    Attributes:
        isolated: isolated effect of the growth steps by total and factor, (runs, totals, factors).
    """

    def __init__(self, plan: Plan, n_runs: int) -> None:
        self.plan = plan
        self.n_runs = n_runs
        self.isolated = np.zeros((n_runs, len(plan.totals.baseline), len(plan.factors.names)))
        self.effects: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        for key, activity in plan.activities.items():
            n = len(activity.cells["pod"])
            columns = len(ACTIVITY_TYPES[key].counts) or 2
            avoidance = (n_runs, n, len(activity.avoidance_values), columns)
            efficiency = (n_runs, n, len(activity.efficiency_values))
            self.effects[key] = (
                np.zeros((n_runs, n, columns)),
                np.zeros(avoidance),
                np.zeros((*efficiency, 2) if key == "ip" else efficiency),
            )

    def of_run(self, run: int, activity: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the arrays that the kernel of an activity type adds to in one run."""
        resampled, avoidance, efficiency = self.effects[activity]
        return resampled[run], avoidance[run], efficiency[run]

    def parts(self, view: Callable[[str], np.ndarray]) -> Parts:
        """Lay out the step counts of all runs.

        Args:
            view: gives the counts of a view, (years, runs, cells, measures).
        """
        rows = _Rows(self.n_runs)
        for key, activity in self.plan.activities.items():
            self._activity(rows, key, activity, view)
        return rows.parts(self.plan.years[-1:])

    def _activity(
        self,
        rows: _Rows,
        key: str,
        activity: Activity,
        view: Callable[[str], np.ndarray],
    ) -> None:
        plan, spec = self.plan, ACTIVITY_TYPES[key]
        resampled, avoidance, efficiency = self.effects[key]
        baseline = self._measures(key, plan.totals.baseline[None, :, None])[0, :, :, 0]
        isolated = self._measures(key, self.isolated)
        avoided_keys = plan.views[f"{key}_avoided"].keys
        avoided = by_place(avoided_keys, activity.cells, view(f"{key}_avoided")[-1])
        avoided = _count_columns(key, avoided)
        used = np.unique(activity.avoidance.tpma)
        for c, (pod, site) in enumerate(
            zip(activity.cells["pod"], activity.cells["sitetret"], strict=True)
        ):
            # Cells that only conversions reach have no steps.
            if not baseline[c].any():
                continue
            for m, measure in enumerate(spec.steps_measures):
                place = (key, pod, site, measure)
                rows.add(place, "baseline", "-", np.full(self.n_runs, baseline[c, m]))
                steps = self._growth_steps(key, isolated[:, c, m])
                for name, effect in steps.items():
                    rows.add(place, name, "-", effect)
                rest = resampled[:, c, m] - baseline[c, m] - sum(steps.values())
                rows.add(place, "model_interaction_term", "-", rest)
                rest = -avoided[:, c, m].astype(np.float64)
                for k in used:
                    effect = avoidance[:, c, k, m]
                    rows.add(place, "activity_avoidance", plan.factors.avoidance[key][k], effect)
                    rest = rest - effect
                if len(activity.avoidance_values):
                    term = "activity_avoidance_interaction_term"
                    rows.add(place, "activity_avoidance", term, rest)
            if key == "ip":
                self._spell_efficiencies(rows, activity, pod, site, efficiency[:, c])
            elif key == "op":
                moved = efficiency[:, c].sum(axis=1)
                if moved.any():
                    for measure, sign in (("attendances", -1.0), ("tele_attendances", 1.0)):
                        rows.add((key, pod, site, measure), "efficiencies", _TELE, sign * moved)

    def _measures(self, key: str, values: np.ndarray) -> np.ndarray:
        """Pick an activity type's totals of (runs, totals, x) as (runs, cells, measures, x)."""
        spec = ACTIVITY_TYPES[key]
        first = self.plan.totals.first[key]
        n = len(self.plan.activities[key].cells["pod"]) * len(spec.measures)
        mine = values[:, first : first + n]
        mine = mine.reshape(len(values), -1, len(spec.measures), values.shape[2])
        return np.moveaxis(_count_columns(key, np.moveaxis(mine, 3, 0)), 0, 3)

    def _growth_steps(self, key: str, isolated: np.ndarray) -> dict[str, np.ndarray]:
        """Isolated effects of the growth steps that the scenario has, by the NHP model's names."""
        plan = self.plan
        index = {name: i for i, (name, _) in enumerate(plan.factors.names)}
        stated = {a.section for a in plan.assumptions if a.activity == key}
        shown = {"demographic_adjustment", "birth_adjustment"} | stated
        if plan.health is not None:
            shown.add("health_status_adjustment")
        if key != "aae":
            shown.add("inequalities")
        steps = {
            name: isolated[:, index[name]]
            for name in (
                "demographic_adjustment",
                "birth_adjustment",
                "health_status_adjustment",
                "expat",
            )
            if name in shown
        }
        if {"repat_local", "repat_nonlocal"} & shown:
            steps["repat"] = (
                isolated[:, index["repat_local"]] + isolated[:, index["repat_nonlocal"]]
            )
        for name in (
            "waiting_list_adjustment",
            "baseline_adjustment",
            "non-demographic_adjustment",
            "inequalities",
        ):
            if name in shown:
                steps[name] = isolated[:, index[name]]
        return steps

    def _spell_efficiencies(
        self, rows: _Rows, activity: Activity, pod: str, site: str, effect: np.ndarray
    ) -> None:
        assert activity.efficiency is not None
        for k, tpma in enumerate(self.plan.factors.efficiency["ip"]):
            if not effect[:, k].any():
                continue
            for m, measure in enumerate(("admissions", "beddays")):
                rows.add(("ip", pod, site, measure), "efficiencies", tpma, effect[:, k, m])
            kind = EFFICIENCY_KINDS[activity.efficiency.kind[k]]
            if kind in _MIRRORED:
                to_type, to_pod, measures = _MIRRORED[kind]
                for measure in measures:
                    place = (to_type, to_pod, site, measure)
                    rows.add(place, "efficiencies", tpma, -effect[:, k, 0])


def _count_columns(key: str, values: np.ndarray) -> np.ndarray:
    """Turn a last axis of result measures into one of step-count measures."""
    if key == "aae":
        return values.sum(axis=-1, keepdims=True)
    return values[..., :2]


class _Rows:
    """Rows of step counts by their keys; a row met again is added to."""

    def __init__(self, n_runs: int) -> None:
        self.n_runs = n_runs
        self.values: dict[tuple[str, ...], np.ndarray] = {}

    def add(
        self, place: tuple[str, str, str, str], factor: str, strategy: str, values: np.ndarray
    ) -> None:
        key = (*place, factor, strategy)
        self.values[key] = self.values.get(key, 0.0) + values

    def parts(self, years: tuple[int, ...]) -> Parts:
        names = ("activity_type", "pod", "sitetret", "measure", "change_factor", "strategy")
        order = sorted(self.values)
        keys = {
            name: np.array([key[i] for key in order], dtype=object) for i, name in enumerate(names)
        }
        values = np.stack([self.values[key] for key in order], axis=1)
        return Parts("step_counts", keys, years, values[None])
