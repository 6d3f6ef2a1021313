"""What a scenario takes from the data: provider, baseline year, horizon year."""

from __future__ import annotations

from acutecast.errors import Problem, raise_if_any
from acutecast.scenario.model import Scenario

DEFAULT_SPAN = 20
"""Years from the baseline to the horizon where the scenario does not say."""
MOST_CONTINUED = 30
"""Years beyond the last of the data's population projections to which they are continued."""


def resolve(scenario: Scenario, dataset: str, baseline_year: int, last_year: int) -> Scenario:
    """Fill in what the scenario leaves to the data.

    Args:
        scenario: the scenario.
        dataset: the code of the provider in the data.
        baseline_year: the calendar year in which the data's baseline financial year starts.
        last_year: the last year of the population projections in the data.

    Returns:
        The scenario with `dataset`, `baseline_year` and `horizon_year` set.

    Raises:
        AcutecastError: where the scenario and the data contradict each other, with all problems.
    """
    problems = []
    if scenario.dataset not in (None, dataset):
        problems.append(
            Problem(
                f"the scenario is for {scenario.dataset}, and the data is of {dataset}",
                "dataset",
                remedy=f'Remove it from the scenario, or read the data of "{scenario.dataset}".',
            )
        )
    if scenario.baseline_year not in (None, baseline_year):
        problems.append(
            Problem(
                f"the scenario starts in {scenario.baseline_year}, and the data in {baseline_year}",
                "baseline_year",
                remedy=f"Write {baseline_year}, or remove it.",
            )
        )
    horizon = scenario.horizon_year
    if last_year <= baseline_year:
        problems.append(
            Problem(
                f"the population of the data ends in {last_year}, not after the baseline year "
                f"{baseline_year}",
                "horizon_year",
                remedy="Give the data population projections of later years.",
            )
        )
    elif horizon is None:
        horizon = min(baseline_year + DEFAULT_SPAN, last_year)
    elif horizon <= baseline_year:
        problems.append(
            Problem(
                f"is {horizon}, not after the baseline year {baseline_year}",
                "horizon_year",
                remedy=f"Write a year from {baseline_year + 1} to {last_year}.",
            )
        )
    elif horizon > last_year + MOST_CONTINUED:
        problems.append(
            Problem(
                f"is {horizon}, and the population of the data ends in {last_year}",
                "horizon_year",
                remedy=f"Write {last_year + MOST_CONTINUED} or earlier; after {last_year} the "
                "projection is continued.",
            )
        )
    if not problems and horizon is not None:
        problems += _profile_problems(scenario, baseline_year, horizon)
    raise_if_any(problems, "The scenario does not fit the data")
    filled = {"dataset": dataset, "baseline_year": baseline_year, "horizon_year": horizon}
    return scenario.model_copy(update=filled)


def _profile_problems(scenario: Scenario, baseline: int, horizon: int) -> list[Problem]:
    """Find time profiles that name years outside the time of the scenario."""
    problems = []
    for assumption in scenario.assumptions():
        years = assumption.profile.years() if assumption.profile else ()
        outside = [year for year in years if not baseline <= year <= horizon]
        if outside:
            problems.append(
                Problem(
                    f"the time profile names {outside[0]}, outside {baseline} to {horizon}",
                    assumption.name,
                    remedy="Write years within the time of the scenario.",
                )
            )
    return problems
