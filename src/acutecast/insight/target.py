"""What would have to be true: the value of one assumption at which a target is met."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from acutecast.errors import AcutecastError, Problem
from acutecast.insight.hybrid import possible_correlations
from acutecast.insight.outputs import Output
from acutecast.insight.sensitivity import check_expected, expected_output
from acutecast.provider import Provider
from acutecast.results.source import provider_of, scenario_of
from acutecast.scenario import Scenario, dump_scenario
from acutecast.scenario.model import SECTIONS
from acutecast.scenario.own_population import POPULATION

if TYPE_CHECKING:
    from acutecast.results import Run

_STEPS = 60
_TOLERANCE = 1e-6
# A number of beds moves in steps, and every trial is a whole simulation.
_CAPACITY_TOLERANCE = 1e-3
_NARROW = 1e-6


@dataclass(frozen=True)
class Target:
    """The value of one assumption at which a target is met.

    Attributes:
        output: what has a target.
        wanted: the target for the mean over the runs.
        assumption: which assumption was moved; the others stay as drawn.
        value: the value at which it is met; None where no valid value meets it.
        low, high: the range of valid values.
        at_low, at_high: the mean output at its ends.
        now: the mean output as the scenario stands.
        stated: the mean of the assumption in the scenario.
    """

    output: Output
    wanted: float
    assumption: str
    value: float | None
    low: float
    high: float
    at_low: float
    at_high: float
    now: float
    stated: float

    def words(self) -> str:
        """Say it in a sentence."""
        ends = (
            f"it is {self.at_low:,.0f} at {self.low:g} and {self.at_high:,.0f} at {self.high:g}, "
            f"and {self.now:,.0f} as the scenario stands (mean {self.stated:.3g})"
        )
        if self.value is None:
            return (
                f"No valid value of {self.assumption} brings {self.output.label} to "
                f"{self.wanted:,.0f}: {ends}."
            )
        return (
            f"{self.output.label} is {self.wanted:,.0f} on average where {self.assumption} is "
            f"{self.value:.4g}; {ends}."
        )


def target(
    run: Run,
    assumption: str,
    wanted: float,
    output: Output = Output(),  # noqa: B008  # frozen
    data: Provider | str | os.PathLike[str] | None = None,
    *,
    threads: int | None = None,
) -> Target:
    """Find what one assumption would have to be for the mean of an output to meet a target.

    The assumption gets one value in all runs and all other draws stay; the output moves one way
    with it. Activity is tried on expected activity; for an area of capacity every trial is a whole
    simulation.

    Args:
        run: a stored run.
        assumption: its name, as in the draws ("activity_avoidance.ip.falls_related_admissions").
        wanted: the target.
        output: what has the target.
        data: the provider or the root of its tables; where the run says, if None.
        threads: how many threads.

    Raises:
        AcutecastError: for an assumption that the scenario does not have, and an output that
            cannot be worked out so.
    """
    if not output.area:
        check_expected(output)
    scenario = scenario_of(run)
    stated = {a.name: a for a in scenario.assumptions()}
    if assumption not in stated:
        raise AcutecastError(
            Problem(
                f'the scenario has no assumption "{assumption}"',
                where="assumption",
                remedy=f"Choose among {', '.join(sorted(stated)[:20])}"
                + (" …" if len(stated) > 20 else "")
                + ".",
            )
        )
    provider, year = provider_of(run, data), output.year_of(run)
    mean = (
        _mean_of_capacity(run, provider, scenario, assumption, output, year, threads)
        if output.area
        else _mean_of_activity(provider, scenario, assumption, output, year, threads)
    )
    low, high = stated[assumption].valid
    at_low, at_high, now = mean(low), mean(high), mean(None)
    tolerance = _CAPACITY_TOLERANCE if output.area else _TOLERANCE
    value = _solve(mean, low, high, at_low, at_high, wanted, tolerance)
    return Target(
        output, wanted, assumption, value, low, high, at_low, at_high, now,
        float(stated[assumption].distribution.mean()),
    )  # fmt: skip


def _mean_of_activity(
    provider: Provider,
    scenario: Scenario,
    assumption: str,
    output: Output,
    year: int,
    threads: int | None,
) -> Callable[[float | None], float]:
    """Give the mean output as a function of the assumption; None leaves it as drawn."""
    from acutecast.demand.expected import Expectation

    expectation = Expectation(provider, scenario, (year,))
    at = expectation.drawn.names.index(assumption)

    def mean(value: float | None) -> float:
        drawn = expectation.drawn
        if value is not None:
            values = drawn.values.copy()
            values[:, at] = value
            drawn = replace(drawn, values=values)
        return float(expected_output(expectation, output, drawn, threads).mean())

    return mean


def _mean_of_capacity(
    run: Run,
    provider: Provider,
    scenario: Scenario,
    assumption: str,
    output: Output,
    year: int,
    threads: int | None,
) -> Callable[[float | None], float]:
    """As for activity, but every value is a whole simulation, with the stored run's options."""
    from acutecast.capacity import open_capacity, options
    from acutecast.capacity.simulate import needs_of, prepare
    from acutecast.demand import simulate

    stored = open_capacity(run)
    asked = dict(stored.about["options"]) if stored else {}
    asked |= {"areas": (), "diagnostics": False, "workforce": False}
    plain = json.loads(dump_scenario(scenario, full=True))
    section, *keys = _path_of(scenario, assumption)

    def mean(value: float | None) -> float:
        made = deepcopy(plain)
        if value is not None:
            branch = made[section]
            for key in keys[:-1]:
                branch = branch[key]
            branch[keys[-1]] = value
            # A point has nothing to correlate; the rest of its group stays together.
            made["correlations"] = possible_correlations(made)
        tried = Scenario(**made)
        task = prepare(provider, tried, len(run.years), options(**asked))
        simulate(provider, tried, years=run.years, threads=threads, empty_tpmas="warn",
                 observe=task.census.observe)  # fmt: skip
        found = needs_of(task, output.area, output.measure, output.site)
        return float(found[run.years.index(year)].mean())

    return mean


def _path_of(scenario: Scenario, assumption: str) -> tuple[str, ...]:
    found = next(a for a in scenario.assumptions() if a.name == assumption)
    if found.section == POPULATION:
        return (POPULATION, "own", *found.keys)
    field = next(s.field for s in SECTIONS if s.path == found.section)
    if isinstance(getattr(scenario, field), str):
        raise AcutecastError(
            Problem(
                f"{assumption} is part of a published variant, which has no single value to move",
                where="assumption",
                remedy=f"Write the values of {field} in the scenario.",
            )
        )
    return (field, found.activity, *found.keys)


def _solve(
    mean: Callable[[float], float],
    low: float,
    high: float,
    at_low: float,
    at_high: float,
    wanted: float,
    tolerance: float,
) -> float | None:
    """Find where a function that moves one way meets a value; None where it never does.

    The Illinois rule (Dowell and Jarratt 1971, doi 10.1007/BF01934364): a straight line between
    the ends, with an end that stays twice counted half.
    """
    if at_low == at_high or not min(at_low, at_high) <= wanted <= max(at_low, at_high):
        return None
    below, above, kept = at_low - wanted, at_high - wanted, 0
    middle = low
    for _ in range(_STEPS):
        middle = (low * above - high * below) / (above - below)
        off = mean(middle) - wanted
        if abs(off) <= tolerance * abs(wanted) or high - low < _NARROW:
            break
        if (off < 0) == (above < 0):
            high, above = middle, off
            below = below / 2 if kept == 1 else below
            kept = 1
        else:
            low, below = middle, off
            above = above / 2 if kept == -1 else above
            kept = -1
    return middle
