"""Making runs: a scenario on a provider, stored."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from acutecast.compute import Event, Watch
from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import (
    check_folder_place,
    folder_problems,
    local_only,
    move_into,
    scratch_beside,
)
from acutecast.provider import Provider, read_provider
from acutecast.scratch import scratch_folder

if TYPE_CHECKING:
    from acutecast.capacity import Options
    from acutecast.results import Run
    from acutecast.scenario import Scenario


_ALREADY = "the folder holds a run already"
_PILOT_RUNS = 64
_MOST_RUNS = 20_000
# Estimated from few runs, the number needed is a rough one.
_MARGIN = 1.1


def demo_provider(seed: int = 1, size: float = 1.0) -> Provider:
    """Make the built-in region: one made-up trust with three sites.

    Args:
        seed: another seed gives another trust of the same kind.
        size: 1.0 is about 100,000 spells; 0.1 a tenth of it.
    """
    from acutecast.synthetic import make_demo

    return make_demo(seed=seed, size=size)


def load_scenario(source: str | os.PathLike[str] | Mapping[str, Any]) -> Scenario:
    """Read a scenario: ours or an NHP `params.json`, from a path, a URL or a dictionary.

    Raises:
        AcutecastError: with everything wrong in it, its assumptions of capacity included.
    """
    from acutecast.scenario import load_scenario

    scenario = load_scenario(source)
    if scenario.capacity:
        from acutecast.capacity import load_assumptions

        load_assumptions(scenario.capacity, "capacity")
    return scenario


def open_run(path: str | os.PathLike[str]) -> Run:
    """Open a stored run; nothing is read before it is asked for."""
    from acutecast.results import open_run

    return open_run(path)


def run(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    data: Provider | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    runs: int | str | None = None,
    precision: float = 0.005,
    years: str | Sequence[int] = "all",
    seed: int | None = None,
    threads: int | None = None,
    dataset: str | None = None,
    suppress: int | None = None,
    replace: bool = False,
    empty_tpmas: str = "auto",
    capacity: Options | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Run:
    """Simulate a scenario on a provider and store the results.

    Args:
        scenario: a scenario, its file, or a dictionary of its fields.
        data: a provider, or the root of its tables.
        out: the run folder to make (a path or an fsspec URL).
        runs: model runs, instead of the scenario's; "auto" for as many as `precision` takes.
        precision: the relative standard error that "auto" brings every headline figure to (those
            of at least 1% of their measure).
        years: "all", "horizon", or a list of years; the horizon is always among them.
        seed: instead of the scenario's.
        threads: how many threads; all processors by default. The numbers do not depend on it.
        dataset: which provider, where the root holds several.
        suppress: hide baseline counts from 1 to one less than this in what is stored.
        replace: whether an existing run in `out` may be replaced.
        empty_tpmas: what to do about TPMAs that no row of the data has: "error", "warn", or
            "auto", which warns for NHP parameter files (their model runs them) and otherwise
            stops.
        capacity: work out the capacity in the same pass, as asked here
            (`acutecast.capacity.options(…)`); it is stored with the run.
        watch: is told of progress.
        cancelled: asked between blocks of runs; True stops the work and leaves nothing behind.

    Returns:
        The stored run.

    Raises:
        AcutecastError: everything wrong with scenario, data or `out`, before any work starts.
    """
    from acutecast.results import open_run

    raise_if_any(folder_problems(out, "run.json", _ALREADY, replace=replace))
    if isinstance(runs, str):
        if runs != "auto":
            raise AcutecastError(
                Problem(
                    f'"{runs}" is no number of runs', "runs", remedy='Write a number or "auto".'
                )
            )
        runs = _runs_for(
            precision, scenario, data, seed, threads, dataset, empty_tpmas, watch, cancelled
        )
    _simulate_into(
        out, scenario, data, runs, years, seed, threads, dataset, suppress, empty_tpmas, capacity,
        watch, cancelled,
    )  # fmt: skip
    return open_run(out)


def _runs_for(
    precision: float,
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    data: Provider | str | os.PathLike[str],
    seed: int | None,
    threads: int | None,
    dataset: str | None,
    empty_tpmas: str,
    watch: Watch | None,
    cancelled: Callable[[], bool] | None,
) -> int:
    """Find how many runs bring the headline figures of the horizon to a precision.

    Draws depend on the number of a run only, so what a trial shows holds for the run itself.
    """
    from acutecast.insight.precision import runs_needed
    from acutecast.results import open_run

    if not 0 < precision < 1:
        raise AcutecastError(
            Problem(
                "the precision is a share between 0 and 1",
                "precision",
                example=str(precision),
                remedy="Write 0.005 for 0.5%.",
            )
        )
    done = _PILOT_RUNS
    with scratch_folder("trial") as folder:
        while True:
            trial = folder / str(done)
            _simulate_into(
                trial, scenario, data, done, "horizon", seed, threads, dataset, None, empty_tpmas,
                None, watch, cancelled,
            )  # fmt: skip
            needed = runs_needed(open_run(trial), precision)
            if needed <= done:
                return done
            if needed > _MOST_RUNS:
                raise AcutecastError(
                    Problem(
                        f"a precision of {100 * precision:g}% takes about {needed:,} runs",
                        "precision",
                        remedy=f"Ask for less, or state up to {_MOST_RUNS:,} runs yourself.",
                    )
                )
            done = max(done + 1, round(_MARGIN * needed))


def run_nhp(
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    data: Provider | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    runs: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    dataset: str | None = None,
    suppress: int | None = None,
    empty_tpmas: str = "auto",
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> tuple[Problem, ...]:
    """Simulate the horizon year and leave the eleven tables of the NHP model in `out`.

    Arguments are those of `run`. Files in `out` with other names stay.

    Returns:
        What a user should know of the run; the tables have no place for it.
    """
    from acutecast.results import export_nhp, open_run

    target = local_only(out, "the NHP layout is")
    check_folder_place(target)
    with scratch_beside(target) as scratch:
        loaded = _simulate_into(
            scratch / "run", scenario, data, runs, "horizon", seed, threads, dataset, None,
            empty_tpmas, None, watch, cancelled,
        )  # fmt: skip
        began = time.perf_counter()
        stored = open_run(scratch / "run")
        export_nhp(stored, scratch / "nhp", _nhp_parameters(loaded), suppress=suppress)
        move_into(scratch / "nhp", target)
        if watch is not None:
            watch(Event("exporting", 1, 1, time.perf_counter() - began))
        return tuple(Problem(**note) for note in stored.info["warnings"])


def _simulate_into(
    out: str | os.PathLike[str],
    scenario: Scenario | str | os.PathLike[str] | Mapping[str, Any],
    data: Provider | str | os.PathLike[str],
    runs: int | None,
    years: str | Sequence[int],
    seed: int | None,
    threads: int | None,
    dataset: str | None,
    suppress: int | None,
    empty_tpmas: str,
    capacity: Options | None,
    watch: Watch | None,
    cancelled: Callable[[], bool] | None,
) -> Scenario:
    """Do what `run` says, up to the stored folder; give the scenario as it was run."""
    from acutecast.capacity import prepare, store
    from acutecast.demand import simulate
    from acutecast.demand.engine import years_to_simulate
    from acutecast.demand.people import last_year
    from acutecast.results import open_run, save_run
    from acutecast.scenario import Scenario, dump_scenario, resolve

    began = time.perf_counter()
    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    changes = {"runs": runs, "seed": seed}
    stated = {name: value for name, value in changes.items() if value is not None}
    if stated:
        loaded = Scenario(**(loaded.model_dump() | stated))
    if not isinstance(data, Provider):
        wanted = dataset or loaded.dataset
        data = read_provider(data, wanted, loaded.baseline_year)
    loaded = resolve(loaded, data.dataset, data.year, last_year(data.tables, data.year))
    if watch is not None:
        watch(Event("reading", 1, 1, time.perf_counter() - began))
    if empty_tpmas == "auto":
        empty_tpmas = "error" if loaded.nhp is None else "warn"
    task = None
    if capacity is not None:
        assert loaded.horizon_year is not None
        simulated = years_to_simulate(years, data.year, loaded.horizon_year)
        task = prepare(data, loaded, len(simulated), capacity)
    projection = simulate(
        data,
        loaded,
        years=years,
        threads=threads,
        empty_tpmas=empty_tpmas,
        observe=None if task is None else task.census.observe,
        watch=watch,
        cancelled=cancelled,
    )
    began = time.perf_counter()
    about = _about_provider(data)
    save_run(projection, dump_scenario(loaded, full=True), about, out, suppress=suppress)
    if watch is not None:
        watch(Event("writing", 1, 1, time.perf_counter() - began))
    if task is not None:
        store(open_run(out), task, watch)
    return loaded


def _about_provider(data: Provider) -> dict[str, Any]:
    """Give what a run notes of the provider it is of."""
    return {
        "dataset": data.dataset,
        "year": data.year,
        "source": data.source,
        "hashes": dict(data.hashes),
        "rules": data.rules,
    }


def _nhp_parameters(scenario: Scenario) -> dict[str, Any] | None:
    """Give the NHP parameters of a scenario, or None where it says more than they can."""
    from acutecast.scenario import to_nhp

    try:
        return to_nhp(scenario)
    except AcutecastError:
        return None
