"""Asking stored runs: comparisons, reasons, targets, capacity."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from acutecast.api.runs import load_scenario
from acutecast.compute import Watch
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import joined, place_problems
from acutecast.provider import Provider, read_provider

if TYPE_CHECKING:
    import polars

    from acutecast.capacity import Capacity
    from acutecast.insight.backtest import Scored
    from acutecast.insight.sensitivity import Sensitivity
    from acutecast.insight.target import Target
    from acutecast.insight.why import Why
    from acutecast.results import Run
    from acutecast.results.compare import Comparison
    from acutecast.scenario import Scenario


def compare(*runs: Run | str | os.PathLike[str], names: Sequence[str] | None = None) -> Comparison:
    """Compare stored runs with the first of them: differences, paired where they share draws.

    Args:
        runs: two or more runs, or their folders or URLs.
        names: a name for each; those of the scenarios if None.

    Raises:
        AcutecastError: for fewer than two runs.
    """
    from acutecast.results.compare import compare

    return compare([_opened(run) for run in runs], names=names)


def why(
    reference: Run | str | os.PathLike[str],
    other: Run | str | os.PathLike[str],
    data: Provider | str | os.PathLike[str] | None = None,
    *,
    by: Sequence[str] = (),
    where: Mapping[str, str | Sequence[str]] | None = None,
    year: int | None = None,
    threads: int | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Why:
    """Split the difference between two runs over the assumptions that differ, exactly.

    Arguments are those of `acutecast.insight.why.why`.
    """
    from acutecast.insight.why import why

    return why(
        _opened(reference), _opened(other), data, by=by, where=where, year=year, threads=threads,
        watch=watch, cancelled=cancelled,
    )  # fmt: skip


def sensitivity(
    run: Run | str | os.PathLike[str],
    measure: str = "beddays",
    data: Provider | str | os.PathLike[str] | None = None,
    *,
    where: Mapping[str, str | Sequence[str]] | None = None,
    year: int | None = None,
    area: str = "",
    site: str | None = None,
    total: bool = False,
    threads: int | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sensitivity:
    """Say how much of the variance of an output each assumption explains.

    Args:
        run: a stored run, or its folder or URL.
        measure: a measure of activity; of an area a figure of capacity ("simulated").
        data: the provider or the root of its tables, for `total`; where the run says, if None.
        where: values kept, by column.
        year: the horizon where None.
        area: an area of capacity instead of activity.
        site: of the area.
        total: whether to work out total-order shares too.
        threads, watch, cancelled: as in `run`.
    """
    from acutecast.insight.outputs import Output
    from acutecast.insight.sensitivity import sensitivity

    output = Output(measure, where or {}, year, area, site)
    return sensitivity(
        _opened(run), output, data, total=total, threads=threads, watch=watch, cancelled=cancelled
    )


def target(
    run: Run | str | os.PathLike[str],
    assumption: str,
    wanted: float,
    measure: str = "beddays",
    data: Provider | str | os.PathLike[str] | None = None,
    *,
    where: Mapping[str, str | Sequence[str]] | None = None,
    year: int | None = None,
    area: str = "",
    site: str | None = None,
    threads: int | None = None,
) -> Target:
    """Find the value of one assumption at which the mean of an output is `wanted`.

    Args:
        run: a stored run, or its folder or URL.
        assumption: its name, as in the draws.
        wanted: the target.
        measure, data, where, year, area, site, threads: as in `sensitivity`.
    """
    from acutecast.insight.outputs import Output
    from acutecast.insight.target import target

    output = Output(measure, where or {}, year, area, site)
    return target(_opened(run), assumption, wanted, output, data, threads=threads)


def precision(run: Run | str | os.PathLike[str], wanted: float = 0.005) -> polars.DataFrame:
    """Give the standard error of every headline figure, and the runs that `wanted` takes."""
    from acutecast.insight.precision import precision

    return precision(_opened(run), wanted)


def backtest(
    run: Run | str | os.PathLike[str],
    later: Provider | str | os.PathLike[str],
    *,
    by: Sequence[str] = ("pod",),
    year: int | None = None,
) -> Scored:
    """Score a projection from an earlier baseline against the provider's own later year.

    Args:
        run: a stored run whose years include the later one, or its folder or URL.
        later: the provider in the later year, or the root of its tables.
        by: columns that tell groups apart; measures are always apart.
        year: which year, where the tables hold several.

    Raises:
        AcutecastError: where the run has no such year, or is another provider's.
    """
    from acutecast.insight.backtest import backtest

    opened = _opened(run)
    if not isinstance(later, Provider):
        later = read_provider(later, opened.info["dataset"], year)
    return backtest(opened, later, by)


def later_year(
    provider: Provider, scenario: Scenario | Mapping[str, Any], year: int, run: int = 1
) -> Provider:
    """Make a provider's later year out of one run of a scenario, to test back-tests with.

    Arguments are those of `acutecast.insight.later_year.later_year`.
    """
    from acutecast.demand.people import last_year
    from acutecast.insight.later_year import later_year
    from acutecast.scenario import Scenario, resolve

    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    last = last_year(provider.tables, provider.year)
    return later_year(provider, resolve(loaded, provider.dataset, provider.year, last), year, run)


def _opened(run: Run | str | os.PathLike[str]) -> Run:
    from acutecast.results import Run, open_run

    return run if isinstance(run, Run) else open_run(run)


def capacity_of(
    run: Run | str | os.PathLike[str],
    data: Provider | str | os.PathLike[str] | None = None,
    *,
    risk: float = 0.01,
    areas: Sequence[str] = (),
    assumptions: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    by_site: bool = False,
    elective_days: int = 0,
    diagnostics: bool = False,
    workforce: bool = False,
    threads: int | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Capacity:
    """Work out the space that a stored run needs, and store it in the run's folder.

    Args:
        run: a run, or its folder or URL.
        data: the provider or the root of its tables; where the run says they were, if None.
        risk: the share of open hours in which demand may exceed the space.
        areas: areas that must be in use, such as "ward_child"; all are worked out.
        assumptions: a TOML or JSON file, or its content, with what to assume instead of the
            defaults: {area: {name: value}}.
        by_site: count each site's space apart; else all sites share it.
        elective_days: 5, 6 or 7 to spread elective admissions over operating days.
        diagnostics: go on to tests and scanners.
        workforce: go on to nurses.
        threads: how many threads; the numbers do not depend on it.
        watch: is told of progress.
        cancelled: asked between blocks of runs; True stops the work.

    Raises:
        AcutecastError: everything wrong with what was asked, before any work starts.
    """
    from acutecast.capacity import options, simulate_capacity

    opened = _opened(run)
    # Stored beside the run's tables.
    raise_if_any(place_problems(joined(opened.path, "capacity"), replaced=True))
    asked = options(
        risk, areas, assumptions, by_site=by_site, elective_days=elective_days,
        diagnostics=diagnostics, workforce=workforce,
    )  # fmt: skip
    return simulate_capacity(opened, data, asked, threads=threads, watch=watch, cancelled=cancelled)


def open_capacity(run: Run | str | os.PathLike[str]) -> Capacity:
    """Open the capacity stored with a run.

    Raises:
        AcutecastError: where the run has none.
    """
    from acutecast.capacity import open_capacity

    opened = _opened(run)
    found = open_capacity(opened)
    if found is None:
        raise AcutecastError(
            Problem(
                "the run has no capacity yet",
                where=opened.path,
                remedy="Work it out first: ac.capacity_of(run).",
            )
        )
    return found
