"""The Python interface: a projection in five lines.

import acutecast as ac

run = ac.run({"name": "Base"}, ac.demo_provider(), "results/base")
run.summary(by=("pod", "measure"))
run.attribution(where={"measure": "beddays"})
"""

from __future__ import annotations

import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from acutecast.compute import Event, Watch
from acutecast.errors import AcutecastError, Problem
from acutecast.files import is_url, local, move_into, write_text
from acutecast.provider import Provider, read_provider

if TYPE_CHECKING:
    import polars
    import pyarrow

    from acutecast.capacity import Capacity, Options
    from acutecast.extract import Extracted
    from acutecast.insight.backtest import Scored
    from acutecast.insight.sensitivity import Sensitivity
    from acutecast.insight.target import Target
    from acutecast.insight.why import Why
    from acutecast.results import Run
    from acutecast.results.compare import Comparison
    from acutecast.scenario import Scenario

# Long names on purpose: they read well after `acutecast.`
__all__ = [
    "backtest",
    "capacity_of",
    "compare",
    "data_report",
    "demo_provider",
    "extract",
    "later_year",
    "load_scenario",
    "open_capacity",
    "open_run",
    "precision",
    "read_provider",
    "run",
    "run_nhp",
    "sensitivity",
    "synth",
    "target",
    "why",
    "write_data_report",
]

T = TypeVar("T")

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


def synth(
    out: str | os.PathLike[str],
    *,
    trusts: int = 4,
    years: Sequence[int] = (2021, 2022, 2023),
    size: float = 1.0,
    seed: int = 1,
    format: str = "parquet",
    outpatient_years: Sequence[int] | None = None,
    emergency_years: Sequence[int] | None = None,
    replace: bool = False,
    watch: Watch | None = None,
) -> dict[str, Path]:
    """Make a region of made-up trusts at record level, in the form of HES and ECDS.

    Args:
        out: the folder to make.
        trusts: how many trusts.
        years: financial years by the calendar year in which they start.
        size: the size of a trust; 1.0 is about 100,000 spells a year.
        seed: another seed gives another region of the same kind.
        format: "parquet" or "csv".
        outpatient_years: years of appointments, where not all.
        emergency_years: years of emergency attendances, where not all.
        replace: whether a region made earlier may be replaced.
        watch: is told of progress.

    Returns:
        The files or folders made, by kind of record.
    """
    from acutecast.synthetic.records import write_records

    return write_records(
        local(out), seed=seed, trusts=trusts, years=tuple(years), size=size, format=format,
        outpatient_years=outpatient_years, emergency_years=emergency_years, replace=replace,
        tell=_teller(watch),
    )  # fmt: skip


def extract(
    records: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    years: Sequence[int] | None = None,
    providers: Sequence[str] | None = None,
    rules: str | os.PathLike[str] | None = None,
    codes: Literal["spell", "last episode"] = "spell",
    hours: bool = False,
    suppress: int | None = None,
    replace: bool = False,
    memory_gb: float = 3.0,
    threads: int | None = None,
    watch: Watch | None = None,
) -> Extracted:
    """Make provider tables, and what setting assumptions needs, from a hospital's records.

    Args:
        records: a folder of episodes, appointments and attendances, CSV (also zipped) or Parquet.
        out: the folder to make, whole or not at all.
        mapping: a TOML file that says which file and column is which.
        years: baseline years to write; None for the last whole one in the records.
        providers: codes of the providers to write; None for all.
        rules: a folder of TPMA rules that change or add to the built-in ones.
        codes: "spell" counts the codes of all episodes of a spell; "last episode" those of its
            last alone, as the NHP model does.
        hours: keep emergency arrivals apart by hour.
        suppress: leave counts from 1 to one less than this empty in the assumption tables.
        replace: whether an extract made earlier may be replaced.
        memory_gb: the most memory that the database takes, in GB.
        threads: how many threads; all processors by default. The tables do not depend on it.
        watch: is told of progress.

    Returns:
        What was made. `run(scenario, made.root, …)` runs on it.
    """
    from acutecast.extract import extract_records

    return extract_records(
        records, out, mapping=mapping, years=years, providers=providers, rules=rules, codes=codes,
        hours=hours, suppress=suppress, replace_earlier=replace, memory_gb=memory_gb,
        threads=threads, tell=_teller(watch),
    )  # fmt: skip


def data_report(
    records: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    rules: str | os.PathLike[str] | None = None,
    memory_gb: float = 3.0,
    threads: int | None = None,
    watch: Watch | None = None,
) -> dict[str, pyarrow.Table]:
    """Report on the quality of a hospital's records.

    Returns:
        Tables by name: `findings` in words, `accounting` of every row, `completeness`,
        `unknown_codes`, `dates`, `duplicates`, `months`, `steps`, `gaps`.
    """
    from acutecast.extract import opened_records, read_rules
    from acutecast.extract.quality import quality

    tell = _teller(watch)
    with opened_records(
        records, mapping, read_rules(rules), memory_gb=memory_gb, threads=threads, tell=tell
    ) as con:
        return _timed(watch, "checking quality", lambda: quality(con))


def write_data_report(
    tables: Mapping[str, pyarrow.Table], out: str | os.PathLike[str], title: str = "records"
) -> dict[str, Path]:
    """Write a report on records: a page, and a folder of CSV files beside it.

    Args:
        tables: what `data_report` gave.
        out: the page to write, ending in .html.
        title: what the records are called.
    """
    import pyarrow.csv

    from acutecast.report.quality_page import write_quality_page

    page = write_quality_page(dict(tables), local(out), Path(title).name)
    folder = page.with_name(f"{page.stem}-tables")
    for name, table in tables.items():
        content = io.BytesIO()
        pyarrow.csv.write_csv(table, content)
        write_text(folder / f"{name}.csv", content.getvalue().decode("utf-8"))
    return {"page": page, "tables": folder}


def _timed(watch: Watch | None, stage: str, work: Callable[[], T]) -> T:
    began = time.perf_counter()
    if watch is not None:
        watch(Event(stage, 0, 1, 0.0))
    result = work()
    if watch is not None:
        watch(Event(stage, 1, 1, time.perf_counter() - began))
    return result


def _teller(watch: Watch | None) -> Callable[[str, int, int, float], None] | None:
    if watch is None:
        return None
    return lambda stage, done, of, seconds: watch(Event(stage, done, of, seconds))


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

    check_target(out, replace)
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
    with tempfile.TemporaryDirectory(prefix="acutecast-") as name:
        while True:
            trial = Path(name) / str(done)
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
    from acutecast.insight.later_year import later_year
    from acutecast.scenario import Scenario, resolve

    loaded = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
    last = last_population_year(provider)
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

    asked = options(
        risk, areas, assumptions, by_site=by_site, elective_days=elective_days,
        diagnostics=diagnostics, workforce=workforce,
    )  # fmt: skip
    return simulate_capacity(
        _opened(run), data, asked, threads=threads, watch=watch, cancelled=cancelled
    )


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
                remedy="Work it out first: acutecast capacity RUN.",
            )
        )
    return found


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
) -> None:
    """Simulate the horizon year and leave the eleven tables of the NHP model in `out`.

    Arguments are those of `run`. Files in `out` with other names stay.
    """
    from acutecast.results import export_nhp, open_run

    if is_url(out):
        raise AcutecastError(Problem("the NHP layout is written to a local folder", where=str(out)))
    target = local(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        loaded = _simulate_into(
            scratch / "run", scenario, data, runs, "horizon", seed, threads, dataset, None,
            empty_tpmas, None, watch, cancelled,
        )  # fmt: skip
        began = time.perf_counter()
        export_nhp(
            open_run(scratch / "run"), scratch / "nhp", _nhp_parameters(loaded), suppress=suppress
        )
        move_into(scratch / "nhp", target)
        if watch is not None:
            watch(Event("exporting", 1, 1, time.perf_counter() - began))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def check_target(out: str | os.PathLike[str], replace: bool) -> None:
    """Refuse to write over anything that is not an empty folder or, where allowed, a run."""
    target = local(out)
    if is_url(out) or not target.exists():
        return
    if not target.is_dir():
        raise AcutecastError(Problem("is a file, not a folder", where=str(out)))
    if not any(target.iterdir()):
        return
    if not (target / "run.json").exists():
        raise AcutecastError(
            Problem(
                "the folder has other files in it",
                where=str(out),
                remedy="Name a new folder; a run replaces the whole of it.",
            )
        )
    if not replace:
        raise AcutecastError(
            Problem(
                "the folder holds a run already",
                where=str(out),
                remedy="Name another folder, or allow it to be replaced (--replace).",
            )
        )


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
    loaded = resolve(loaded, data.dataset, data.year, last_population_year(data))
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
    about = {
        "dataset": data.dataset,
        "year": data.year,
        "source": data.source,
        "hashes": dict(data.hashes),
        "rules": data.rules,
    }
    save_run(projection, dump_scenario(loaded, full=True), about, out, suppress=suppress)
    if watch is not None:
        watch(Event("writing", 1, 1, time.perf_counter() - began))
    if task is not None:
        store(open_run(out), task, watch)
    return loaded


def last_population_year(provider: Provider) -> int:
    """Give the last year for which the provider has both population and births."""
    years = [
        {int(name) for name in provider.tables[table].column_names if name.isdigit()}
        for table in ("demographic_factors", "birth_factors")
    ]
    return max(set.intersection(*years), default=provider.year)


def _nhp_parameters(scenario: Scenario) -> dict[str, Any] | None:
    """Give the NHP parameters of a scenario, or None where it says more than they can."""
    from acutecast.scenario import to_nhp

    try:
        return to_nhp(scenario)
    except AcutecastError:
        return None
