"""Many scenarios on one provider: prepared once, results in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from acutecast.api.runs import _about_provider, load_scenario
from acutecast.compute import Event, Watch
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.provider import Provider, read_provider

if TYPE_CHECKING:
    import polars

    from acutecast.results.memory import MemoryRun
    from acutecast.scenario import Scenario

    Stated = Scenario | str | os.PathLike[str] | Mapping[str, Any]

_TITLE = "The scenarios cannot be run"


class Sweep(Mapping[str, "MemoryRun"]):
    """Runs by the name of their scenario; each answers what a stored run answers."""

    def __init__(self, runs: Mapping[str, MemoryRun]) -> None:
        """Keep the runs in their order."""
        self._runs = dict(runs)

    def __getitem__(self, name: str) -> MemoryRun:
        return self._runs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs)

    def __len__(self) -> int:
        return len(self._runs)

    def __repr__(self) -> str:
        first = next(iter(self._runs.values()))
        return (
            f"<Sweep: {len(self)} scenarios of {first.info['dataset']}, {first.runs:,} runs each>"
        )

    def summary(
        self,
        by: Sequence[str] = ("pod", "measure"),
        where: Mapping[str, Any] | None = None,
        years: Sequence[int] | int | None = None,
        interval: tuple[float, float] = (0.1, 0.9),
        measures: str | Sequence[str] | None = None,
        of: str = "all",
    ) -> polars.DataFrame:
        """Summarise a selection of every scenario in one table.

        Arguments are those of `Run.summary`.

        Returns:
            What `Run.summary` gives, with `scenario` as its first column.
        """
        import polars as pl

        tables = [
            run.summary(by, where, years, interval, measures, of).select(
                pl.lit(name).alias("scenario"), pl.all()
            )
            for name, run in self._runs.items()
        ]
        return pl.concat(tables)


def sweep(
    scenarios: Mapping[str, Stated] | Sequence[Stated],
    data: Provider | str | os.PathLike[str],
    *,
    runs: int | None = None,
    years: str | Sequence[int] = "horizon",
    seed: int | None = None,
    threads: int | None = None,
    dataset: str | None = None,
    suppress: int | None = None,
    empty_tpmas: str = "auto",
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Sweep:
    """Simulate many scenarios on one provider, with the results in memory.

    Data are prepared once, and what two scenarios share is not worked out twice. Each result is
    that of `run` to the last byte; one run of 32 futures takes a few megabytes.

    Args:
        scenarios: scenarios by name, or a list of scenarios, which go by their own names; each as
            in `run`. A dictionary by name need not have a name of its own.
        data: a provider, or the root of its tables.
        years: as in `run`; the horizon alone by default.
        runs, seed, threads, dataset, suppress, empty_tpmas: as in `run`, for all scenarios.
        watch: is told how many scenarios are done.
        cancelled: asked between blocks of runs; True stops the work.

    Returns:
        Runs by name, in the order of `scenarios`; `summary` gives them in one table, and `save` of
        a run stores it.

    Raises:
        AcutecastError: everything wrong with any scenario, by name, before any is simulated.
    """
    from acutecast.demand import simulate
    from acutecast.demand.engine import empty_tpmas_of
    from acutecast.demand.shared import Shared
    from acutecast.results.memory import MemoryRun
    from acutecast.scenario import dump_scenario

    loaded, problems = _loaded(scenarios, runs, seed)
    if not loaded:
        raise AcutecastError(problems, _TITLE)
    if not isinstance(data, Provider):
        first = next(iter(loaded.values()))
        data = read_provider(data, dataset or first.dataset, first.baseline_year)
    loaded, more = _resolved(loaded, data)
    raise_if_any([*problems, *more], _TITLE)
    rule = {name: _rule(empty_tpmas, scenario) for name, scenario in loaded.items()}
    shared = Shared()
    unfit = [
        _of(name, problem)
        for name, scenario in loaded.items()
        for problem in empty_tpmas_of(data, scenario, years, rule[name] == "warn", shared)
    ]
    raise_if_any(unfit, _TITLE)
    done: dict[str, MemoryRun] = {}
    about = _about_provider(data)
    for name, scenario in loaded.items():
        projection = simulate(
            data, scenario, years=years, threads=threads, empty_tpmas=rule[name], shared=shared,
            watch=_only_compilation(watch), cancelled=cancelled,
        )  # fmt: skip
        done[name] = MemoryRun(projection, dump_scenario(scenario, full=True), about, suppress)
        if watch is not None:
            watch(Event("scenarios", len(done), len(loaded), 0.0))
    return Sweep(done)


def _rule(empty_tpmas: str, scenario: Scenario) -> str:
    if empty_tpmas != "auto":
        return empty_tpmas
    return "error" if scenario.nhp is None else "warn"


def _only_compilation(watch: Watch | None) -> Watch | None:
    """Pass on that the model is compiled; what single scenarios tell would be too much."""
    from acutecast.compute import FIRST_COMPILATION

    if watch is None:
        return None
    return lambda event: watch(event) if event.stage == FIRST_COMPILATION else None


def _loaded(
    scenarios: Mapping[str, Stated] | Sequence[Stated], runs: int | None, seed: int | None
) -> tuple[dict[str, Scenario], list[Problem]]:
    """Read every scenario; give what is wrong with any beside them."""
    from acutecast.scenario import Scenario

    if _is_one(scenarios):
        what, remedy = "this is one scenario, not several", "Give a list: [scenario]."
        raise AcutecastError(Problem(what, "scenarios", remedy=remedy))
    named: list[tuple[str, Any]]
    if isinstance(scenarios, Mapping):
        named = [
            (str(name), _with_name(scenario, str(name))) for name, scenario in scenarios.items()
        ]
    else:
        named = [(f"scenario {i}", scenario) for i, scenario in enumerate(scenarios, 1)]
    if not named:
        raise AcutecastError(Problem("there is no scenario", "scenarios", remedy="Give some."))
    stated = {k: v for k, v in {"runs": runs, "seed": seed}.items() if v is not None}
    loaded: dict[str, Scenario] = {}
    problems: list[Problem] = []
    for name, source in named:
        try:
            scenario = source if isinstance(source, Scenario) else load_scenario(source)
            if stated:
                scenario = Scenario(**(scenario.model_dump() | stated))
        except AcutecastError as error:
            problems += [_of(name, problem) for problem in error.problems]
            continue
        own = name if isinstance(scenarios, Mapping) else scenario.name or name
        if own in loaded:
            problems.append(
                Problem(
                    "two scenarios have this name", own,
                    remedy="Rename one, or give the scenarios by name: {name: scenario}.",
                )
            )  # fmt: skip
        loaded[own] = scenario
    return loaded, problems


def _is_one(scenarios: Any) -> bool:
    """Tell one scenario, its content or its file from several."""
    from acutecast.scenario import Scenario

    if isinstance(scenarios, Mapping):
        return isinstance(scenarios.get("name", scenarios.get("scenario")), str)
    return isinstance(scenarios, str | os.PathLike | Scenario)


def _with_name(scenario: Stated, name: str) -> Stated:
    """Let a dictionary without a name have that it was given by; NHP parameters have another."""
    if isinstance(scenario, Mapping) and not {"name", "scenario"} & {*scenario}:
        return {"name": name, **scenario}
    return scenario


def _resolved(
    loaded: Mapping[str, Scenario], data: Provider
) -> tuple[dict[str, Scenario], list[Problem]]:
    """Fit every scenario to the provider; give what is wrong with any beside them."""
    from acutecast.demand.people import last_year
    from acutecast.scenario import resolve

    last = last_year(data.tables, data.year)
    made: dict[str, Scenario] = {}
    problems: list[Problem] = []
    for name, scenario in loaded.items():
        try:
            made[name] = resolve(scenario, data.dataset, data.year, last)
        except AcutecastError as error:
            problems += [_of(name, problem) for problem in error.problems]
    return made, problems


def _of(name: str, problem: Problem) -> Problem:
    """Say which scenario a problem is of."""
    return replace(problem, where=f"{name}: {problem.where}" if problem.where else name)
