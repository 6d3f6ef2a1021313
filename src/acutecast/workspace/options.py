"""What is asked of a run, checked as far as it can be before the run waits in the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from acutecast.errors import AcutecastError, Problem
from acutecast.workspace.settings import Settings

if TYPE_CHECKING:
    from acutecast.provider import Provider
    from acutecast.scenario import Scenario

MOST_RUNS = Settings.max_runs
"""The most model runs of an installation that does not say otherwise."""

LEAST_SUPPRESSED = 2


def checked_options(
    content: Mapping[str, Any],
    data: Provider,
    runs: int | None,
    years: str | Sequence[int],
    capacity: bool,
    suppress: Sequence[int | None],
    most_runs: int,
) -> dict[str, Any]:
    """Check a scenario and what is asked of its run, and give that in one form.

    Args:
        content: the scenario.
        data: its provider.
        runs: model runs, instead of the scenario's.
        years: "all", "horizon", or years.
        capacity: whether to work out capacity.
        suppress: thresholds of small numbers, of which the largest holds.
        most_runs: the most model runs there may be.

    Returns:
        "runs", "years", "baseline_year", "capacity", "suppress"; equal for equal runs.

    Raises:
        AcutecastError: with everything that is wrong at once.
    """
    from acutecast.api import load_scenario

    problems = [*_runs_problems(runs, most_runs), *_suppress_problems(suppress)]
    asked: str | list[int] = []
    try:
        scenario = load_scenario(content)
        if runs is None:
            problems += _runs_problems(scenario.runs, most_runs)
        asked, found = _years_of(scenario, data, years)
        problems += found
        problems += _variant_problems(scenario, data)
        problems += _area_problems(scenario, data) if capacity else []
    except AcutecastError as error:
        problems += error.problems
        scenario = None
    if problems or scenario is None:
        raise AcutecastError(problems, "The run cannot be started")
    return {
        "runs": scenario.runs if runs is None else runs,
        "years": asked,
        "baseline_year": data.year,
        "capacity": bool(capacity),
        "suppress": max((least for least in suppress if least is not None), default=None),
    }


def _runs_problems(runs: Any, most: int) -> list[Problem]:
    if runs is None or (_is_whole(runs) and 1 <= runs <= most):
        return []
    return [
        Problem(
            f"the number of model runs is a whole number from 1 to {most:,}",
            where="runs",
            example=str(runs),
            remedy=f"{min(256, most)} are enough for most questions.",
        )
    ]


def _suppress_problems(suppress: Sequence[Any]) -> list[Problem]:
    return [
        Problem(
            f"small numbers are hidden below a whole number of at least {LEAST_SUPPRESSED}",
            where="suppress",
            example=str(least),
            remedy="Write such a number, or leave it out.",
        )
        for least in suppress
        if least is not None and not (_is_whole(least) and least >= LEAST_SUPPRESSED)
    ]


def _years_of(
    scenario: Scenario, data: Provider, years: str | Sequence[int]
) -> tuple[str | list[int], list[Problem]]:
    """Give the years in one form, and what keeps scenario, data and years from fitting."""
    from acutecast.demand.engine import years_to_simulate
    from acutecast.demand.people import last_year
    from acutecast.scenario import resolve

    wrong = Problem(
        "the years are neither all, nor the horizon, nor a list",
        where="years",
        example=str(years),
        remedy='Ask for "all", "horizon", or years such as [2030, 2035].',
    )
    listed = isinstance(years, Sequence) and not isinstance(years, str)
    known = years in ("all", "horizon") or (listed and years and all(map(_is_whole, years)))
    problems = [] if known else [wrong]
    try:
        resolved = resolve(scenario, data.dataset, data.year, last_year(data.tables, data.year))
        if known and not isinstance(years, str):
            assert resolved.horizon_year is not None
            return list(years_to_simulate(years, data.year, resolved.horizon_year)), []
    except AcutecastError as error:
        problems += error.problems
    return years if isinstance(years, str) else [*years], problems


def _variant_problems(scenario: Scenario, data: Provider) -> list[Problem]:
    """Find variants of the population that the data lack; the model would refuse them too."""
    from acutecast.scenario.own_population import OWN

    people = scenario.population
    known = set(data.tables["demographic_factors"].column("variant").unique().to_pylist())
    problems = []
    for name, weight in people.variants.items():
        own = people.own.get(name)
        base = own.base if own else name
        if weight > 0 and base not in known:
            problems.append(
                Problem(
                    f"the data has no population variant {base}",
                    where=f"population.own.{name}.base" if own else f"population.variants.{name}",
                    remedy=f"Choose among {', '.join(sorted(known))}"
                    + (", or define it under population.own." if base.startswith(OWN) else "."),
                )
            )
    return problems


def _area_problems(scenario: Scenario, data: Provider) -> list[Problem]:
    """Find what keeps capacity from being worked out: areas that overlap, or that nobody uses."""
    from acutecast.capacity import load_assumptions
    from acutecast.capacity.areas import areas, check_areas

    assumed = load_assumptions(scenario.capacity, "capacity")
    stated = {area for area, _ in (*assumed.stated, *assumed.specialty_minutes)}
    found = check_areas(data, asked=stated & {area.key for area in areas()})
    return [problem for problem in found if not problem.warning]


def _is_whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
