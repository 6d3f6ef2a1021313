"""The capacity of a stored run: its draws again, with a census of every hour."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.capacity.areas import areas, check_areas
from acutecast.capacity.assumptions import Assumptions, load_assumptions
from acutecast.capacity.census import Census
from acutecast.capacity.needs import chain, used_pools, work_out
from acutecast.capacity.spaces import pools_of
from acutecast.capacity.stored import Capacity, open_capacity
from acutecast.capacity.tables import save
from acutecast.compute import Event, Watch
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.provider import Provider
from acutecast.results.source import provider_of, scenario_of

if TYPE_CHECKING:
    from acutecast.results import Run
    from acutecast.scenario import Scenario

DEFAULT_RISK = 0.01


@dataclass(frozen=True)
class Options:
    """What a user asks of capacity; `options` makes and checks one.

    Attributes:
        risk: the share of open hours in which demand may exceed the space.
        areas: keys of areas that the user named; naming one that nobody uses is an error.
        assumptions: what to assume instead of the defaults.
        by_site: whether each site's space is counted apart; else all sites share it.
        elective_days: 5, 6 or 7 to spread elective admissions over operating days; 0 for as was.
        diagnostics, workforce: whether to go on to tests and scanners, and to nurses.
    """

    risk: float = DEFAULT_RISK
    areas: tuple[str, ...] = ()
    assumptions: Assumptions = field(default_factory=Assumptions)
    by_site: bool = False
    elective_days: int = 0
    diagnostics: bool = False
    workforce: bool = False


def options(
    risk: float = DEFAULT_RISK,
    areas: Sequence[str] = (),
    assumptions: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    **others: Any,
) -> Options:
    """Read and check what a user asks of capacity.

    Args:
        risk: see `Options`.
        areas: keys of areas.
        assumptions: a file or its content; see `load_assumptions`.
        others: the other fields of `Options`.

    Raises:
        AcutecastError: with everything that is wrong at once.
    """
    asked = Options(risk, tuple(areas), Assumptions(), **others)
    problems = _problems_of(asked)
    try:
        read = load_assumptions(assumptions or {})
    except AcutecastError as error:
        raise AcutecastError((*problems, *error.problems), error.title) from None
    raise_if_any(problems, "The options of capacity")
    return replace(asked, assumptions=read)


def simulate_capacity(
    run: Run,
    data: Provider | str | os.PathLike[str] | None = None,
    options: Options = Options(),
    *,
    threads: int | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Capacity:
    """Work out the capacity of a stored run and store it in the run's folder.

    The run is simulated again from its scenario and data: draws are keyed, so its patients are
    the same, which is checked in every run and year by their bed days.

    Args:
        run: an opened run.
        data: the provider or the root of its tables; where the run says they were, if None.
        options: what is asked and assumed.
        threads: how many threads; the numbers do not depend on it.
        watch: is told of progress.
        cancelled: asked between blocks of runs.

    Raises:
        AcutecastError: everything wrong with the data or areas, before work starts.
    """
    from acutecast.demand import simulate

    began = time.perf_counter()
    provider, scenario = provider_of(run, data), scenario_of(run)
    task = prepare(provider, scenario, len(run.years), options)
    if watch is not None:
        watch(Event("reading", 1, 1, time.perf_counter() - began))
    simulate(
        provider, scenario, years=run.years, threads=threads, empty_tpmas="warn",
        observe=task.census.observe, watch=watch, cancelled=cancelled,
    )  # fmt: skip
    return store(run, task, watch)


@dataclass(frozen=True)
class Task:
    """Capacity to be worked out while the engine runs: give `census.observe` to the engine.

    Attributes:
        options: what is asked.
        census: what counts.
        warnings: what the user should know of the areas.
    """

    options: Options
    census: Census
    warnings: tuple[Problem, ...]


def prepare(provider: Provider, scenario: Scenario, years: int, options: Options) -> Task:
    """Get ready to take the census of a simulation.

    Args:
        provider: the data.
        scenario: what is simulated; the options go before its own assumptions of capacity.
        years: how many are simulated.
        options: what is asked and assumed.

    Raises:
        AcutecastError: where areas overlap, or nobody uses one that the user named.
    """
    assumed = options.assumptions.over(load_assumptions(scenario.capacity, "capacity"))
    options = replace(options, assumptions=assumed)
    stated = {area for area, _ in (*assumed.stated, *assumed.specialty_minutes)}
    known = {area.key for area in areas()}
    found = check_areas(provider, asked={*options.areas, *(stated & known)})
    raise_if_any(found, "The areas do not fit the data")
    pools = pools_of(provider, options.by_site)
    census = Census(
        provider, pools, assumed, options.risk, scenario.seed, years, scenario.runs,
        options.elective_days,
    )  # fmt: skip
    return Task(options, census, tuple(found))


def needs_of(task: Task, area: str, figure: str, site: str | None = None) -> np.ndarray:
    """Give one figure of a finished census without storing anything, (years, runs)."""
    census = task.census
    pools = census.pools
    place = pools.sites.index(site or pools.sites[0])
    pool = place * len(areas()) + [a.key for a in areas()].index(area)
    found = work_out(census.counts, pools, [pool], census.drawn, task.options.risk, census.calendar)
    return found.of(pool, figure)


def store(run: Run, task: Task, watch: Watch | None = None) -> Capacity:
    """Work out the needs from a finished census and store them in the run's folder."""
    began = time.perf_counter()
    census, options = task.census, task.options
    _check_same(run, census.counts.beddays)
    baseline = census.baseline()
    pools, calendar, drawn = census.pools, census.calendar, census.drawn
    used = used_pools(pools, census.counts, baseline)
    if not used:
        raise AcutecastError(
            Problem(
                "nobody of this run belongs to a functional area, so there is no capacity to work "
                "out", str(run.path),
                remedy="Capacity covers inpatients, outpatients, and departments of type 1 and 5.",
            )
        )  # fmt: skip
    needs = work_out(census.counts, pools, used, drawn, options.risk, calendar)
    expected = {key: np.array([value]) for key, value in census.expected.items()}
    before = work_out(baseline, pools, used, expected, options.risk, calendar)
    activity = _activity(run) if options.diagnostics else {}
    more = chain(needs, pools, activity, drawn, options.diagnostics, options.workforce)
    save(
        run,
        options=options,
        census=census,
        baseline=baseline,
        used=used,
        needs=needs,
        before=before,
        more=more,
        warnings=(*census.notes, *task.warnings),
    )
    stored = open_capacity(run)
    assert stored is not None
    if watch is not None:
        watch(Event("capacity", 1, 1, time.perf_counter() - began))
    return stored


def _problems_of(options: Options) -> list[Problem]:
    problems = []
    if not 0 < options.risk < 1:
        problems.append(
            Problem(
                "the risk is a share of hours between 0 and 1",
                where="risk",
                example=str(options.risk),
                remedy="Write 0.01 for 1% of the hours.",
            )
        )
    if options.elective_days not in (0, 5, 6, 7):
        problems.append(
            Problem(
                "elective admissions can be spread over 5, 6 or 7 days of the week",
                where="elective_days",
                example=str(options.elective_days),
                remedy="Write 0 to leave them on their own days.",
            )
        )
    known = {area.key for area in areas()}
    problems += [
        Problem(
            f'there is no area "{name}"', where="areas", remedy=f"Choose among {', '.join(known)}."
        )
        for name in options.areas
        if name not in known
    ]
    return problems


def _check_same(run: Run, beddays: np.ndarray) -> None:
    """Refuse patients that are not those of the run; (years, runs)."""
    stored = run.values("beddays", years=run.years).values.sum(axis=0)
    differ = int((stored != beddays).sum())
    if differ:
        raise AcutecastError(
            Problem(
                "bed days on the calendar differ from those of the stored run",
                where=run.path,
                count=differ,
                remedy="The data or this version of acutecast are not those of the run; "
                "run the scenario again.",
            )
        )


def _activity(run: Run) -> dict[str, np.ndarray]:
    """Give the activity that diagnostics follow, each (years, runs)."""
    of: dict[str, str | Sequence[str]] = {
        "admission": "admissions",
        "outpatient": ("attendances", "tele_attendances"),
        "emergency": "arrivals",
    }
    result = {}
    for name, measures in of.items():
        by = ("measure",) if not isinstance(measures, str) else ()
        values = run.values(measures, by=by, years=run.years).values
        result[name] = values.sum(axis=0).astype(float)
    return result
