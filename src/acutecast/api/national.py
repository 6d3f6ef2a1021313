"""Many providers in one run: each by itself, bounded in memory, then added up inside runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast.api.runs import _simulate_into
from acutecast.compute import Event, Watch, processors
from acutecast.errors import AcutecastError, Cancelled, Problem, raise_if_any
from acutecast.files import is_url, local, write_text
from acutecast.provider import list_providers

if TYPE_CHECKING:
    from acutecast.results import Run
    from acutecast.scenario import NationalScenario

MARK = "national.json"
NATION = "nation"


@dataclass(frozen=True)
class Task:
    """One provider's run, as it is sent to a worker.

    Attributes:
        provider: its code.
        year: its baseline year.
        scenario: its scenario, as a file holds it.
        data: root of the tables.
        out: the folder to make.
        years: "all", "horizon" or years.
        threads: of the simulation.
        suppress: as in `run`.
        flows: what leaves the provider, as a file holds it.
        parts: folder for what it is before anything moves, and what moves; used with flows.
    """

    provider: str
    year: int
    scenario: str
    data: str
    out: str
    years: str | tuple[int, ...]
    threads: int
    suppress: int | None
    flows: tuple[str, ...] = ()
    parts: str = ""

    @property
    def whole(self) -> str:
        """The folder of its run before anything moves."""
        return str(Path(self.parts) / "whole") if self.parts else self.out


@dataclass(frozen=True)
class NationalRun:
    """The results of a national run.

    Attributes:
        path: its folder.
        providers: the providers in it, sorted.
        systems: the systems in it, sorted.
    """

    path: str
    providers: tuple[str, ...]
    systems: tuple[str, ...]

    def nation(self) -> Run:
        """Open the sum of all providers; its sites are the systems, or the providers."""
        return self._open(NATION)

    def system(self, name: str) -> Run:
        """Open the sum of a system's providers, which are its sites."""
        return self._open(f"systems/{name}")

    def provider(self, code: str) -> Run:
        """Open one provider's run."""
        return self._open(f"providers/{code}")

    def _open(self, part: str) -> Run:
        from acutecast.results import open_run

        return open_run(Path(self.path) / part)


def open_national(path: str | os.PathLike[str]) -> NationalRun:
    """Open a finished national run.

    Raises:
        AcutecastError: where there is none, or it is not finished.
    """
    mark = Path(path) / MARK
    if not mark.is_file():
        raise AcutecastError(Problem("the folder holds no national run", where=str(path)))
    about = json.loads(mark.read_text(encoding="utf-8"))
    if not about["finished"]:
        raise AcutecastError(
            Problem(
                "the national run is not finished",
                where=str(path),
                remedy="Give the same command again; finished providers are not run again.",
            )
        )
    return NationalRun(str(path), tuple(about["providers"]), tuple(about["systems"]))


def run_national(
    scenario: NationalScenario | str | os.PathLike[str] | Mapping[str, Any],
    data: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    providers: str | Sequence[str] = "all",
    years: str | Sequence[int] = "horizon",
    workers: int | None = None,
    scheduler: str | None = None,
    threads: int | None = None,
    suppress: int | None = None,
    replace: bool = False,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> NationalRun:
    """Simulate a scenario on many providers, and add them up inside runs.

    Each provider is a run folder of its own in `out/providers`; `out/systems` and `out/nation`
    hold the sums. The numbers do not depend on workers or threads. Given again, the same command
    goes on where it was stopped, and finished providers are not run again.

    Args:
        scenario: a national scenario (`acutecast.scenario.NationalScenario`) or a plain one, or
            its file.
        data: root of the provider tables, a path or an fsspec URL.
        out: the folder to make.
        providers: "all" of the data, or codes.
        years: as in `run`; the horizon alone by default.
        workers: processes on this machine; 1, this process alone, by default.
        scheduler: the address of a Dask scheduler, whose workers reach `data` and `out`.
        threads: of each worker; the processors shared out by default.
        suppress: as in `run`.
        replace: start afresh where `out` holds another national run.
        watch: is told of progress, provider by provider.
        cancelled: asked between providers; True stops, and what is finished stays.

    Raises:
        AcutecastError: what is wrong with scenario, providers or `out` before any work; and, when
            the others are finished, everything that is wrong with single providers.
    """
    from acutecast.scenario import NationalScenario, load_national

    loaded = scenario if isinstance(scenario, NationalScenario) else load_national(scenario)
    if is_url(out):
        raise AcutecastError(Problem("a national run is written to a folder", where=str(out)))
    target = local(out).absolute()
    chosen = _providers(loaded, data, providers)
    workers = 1 if workers is None else workers
    each = threads or (1 if scheduler else max(1, processors() // workers))
    moving = {flow.origin for flow in loaded.flows} | {flow.to for flow in loaded.flows}
    tasks = [
        Task(
            code, year, _text(loaded, code), str(data), str(target / "providers" / code),
            years if isinstance(years, str) else tuple(years), each, suppress,
            tuple(f.model_dump_json(by_alias=True) for f in loaded.flows if f.origin == code),
            str(target / "parts" / code) if code in moving else "",
        )
        for code, year in chosen
    ]  # fmt: skip
    about = _about(loaded, tasks)
    _prepare(target, about, replace=replace)
    problems = _work(tasks, workers, scheduler, watch, cancelled)
    raise_if_any(problems, f"{len(problems)} problems; the other providers are finished")
    began = time.perf_counter()
    finals = _move(loaded, target, tasks)
    _roll_up(loaded, target, tasks, finals, about["systems"])
    if watch is not None:
        watch(Event("adding up", 1, 1, time.perf_counter() - began))
    _mark(target, about | {"finished": True})
    return NationalRun(str(target), tuple(about["providers"]), tuple(about["systems"]))


def _providers(
    loaded: NationalScenario, data: str | os.PathLike[str], wanted: str | Sequence[str]
) -> list[tuple[str, int]]:
    """Choose providers and their baseline years; report all that is wrong with the choice."""
    found: dict[str, list[int]] = {}
    for code, year in list_providers(data):
        found.setdefault(code, []).append(year)
    codes = sorted(found) if wanted == "all" else sorted({*wanted} - {""})
    year = loaded.scenario.baseline_year
    problems = [
        Problem("the data has no such provider", where=code, remedy=_some(found))
        for code in sorted(
            {*codes, *loaded.local, *(f.origin for f in loaded.flows)} - found.keys()
        )
    ]
    chosen = []
    for code in codes:
        years = found.get(code, [])
        if year is not None and years and year not in years:
            problems.append(Problem(f"the data has no tables of {year}", where=code))
        elif year is None and len(years) > 1:
            problems.append(
                Problem(
                    "the data has several years",
                    where=code,
                    example=", ".join(map(str, years)),
                    remedy="State baseline_year in the scenario.",
                )
            )
        elif years:
            chosen.append((code, years[0] if year is None else year))
    if len({start for _, start in chosen}) > 1:
        problems.append(
            Problem("the providers' tables start in different years", where="baseline_year")
        )
    problems += [
        Problem(
            "activity flows from or to it, and it is not among the providers asked for",
            where=code,
            remedy="Ask for it too, or remove the flow.",
        )
        for code in sorted(
            {f.origin for f in loaded.flows} | {f.to for f in loaded.flows if f.to in found}
        )
        if code in found and code not in codes
    ]
    if not codes:
        problems.append(Problem("there are no providers", where=str(data)))
    raise_if_any(problems, "The national run cannot start")
    return chosen


def _some(found: Mapping[str, Any]) -> str:
    names = sorted(found)
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"It has {', '.join(names[:20])}{more}." if names else ""


def _text(loaded: NationalScenario, provider: str) -> str:
    from acutecast.scenario import dump_scenario

    return dump_scenario(loaded.of(provider))


def _about(loaded: NationalScenario, tasks: Sequence[Task]) -> dict[str, Any]:
    """Say what a national run is; two with the same words may go on from each other."""
    import acutecast
    from acutecast.scenario import dump_scenario

    codes = sorted({task.provider for task in tasks} | {flow.to for flow in loaded.flows})
    systems = {code: loaded.systems[code] for code in codes if code in loaded.systems}
    asked = [(t.provider, t.year, t.scenario, t.years, t.suppress, t.flows) for t in tasks]
    words = json.dumps([asked, systems, acutecast.__version__], sort_keys=True)
    return {
        "format": "acutecast-national-run",
        "acutecast": acutecast.__version__,
        "scenario": loaded.scenario.name,
        "data": tasks[0].data,
        "providers": codes,
        "systems": sorted(set(systems.values())),
        "system_of": systems,
        "asked": hashlib.sha256(words.encode()).hexdigest(),
        "national": json.loads(dump_scenario(loaded.scenario)),
        "flows": [json.loads(flow.model_dump_json(by_alias=True)) for flow in loaded.flows],
        "local": {code: dict(stated) for code, stated in loaded.local.items() if code in codes},
        "finished": False,
    }


def _prepare(target: Path, about: Mapping[str, Any], *, replace: bool) -> None:
    """Make the folder, or go on with what is there; nothing of others is touched."""
    if target.exists() and any(target.iterdir()):
        mark = target / MARK
        if not mark.is_file():
            raise AcutecastError(
                Problem("the folder has other files in it", str(target), remedy="Name a new one.")
            )
        if json.loads(mark.read_text(encoding="utf-8")).get("asked") != about["asked"]:
            if not replace:
                raise AcutecastError(
                    Problem(
                        "the folder holds another national run",
                        str(target),
                        remedy="Name another folder, or allow it to be replaced (--replace).",
                    )
                )
            shutil.rmtree(target)
    target.mkdir(parents=True, exist_ok=True)
    for part in ("providers", "systems"):
        (target / part).mkdir(exist_ok=True)
    _mark(target, about)


def _mark(target: Path, about: Mapping[str, Any]) -> None:
    write_text(target / MARK, json.dumps(about, indent=2) + "\n")


def _work(
    tasks: Sequence[Task],
    workers: int,
    scheduler: str | None,
    watch: Watch | None,
    cancelled: Callable[[], bool] | None,
) -> list[Problem]:
    """Run every provider that is not finished; give what is wrong with single ones."""
    from acutecast.compute.workers import executor

    problems: list[Problem] = []
    began = time.perf_counter()
    done = 0

    def told(answer: tuple[str, list[Problem]]) -> None:
        nonlocal done
        done += 1
        problems.extend(answer[1])
        if watch is not None:
            watch(Event("providers", done, len(tasks), time.perf_counter() - began))

    def stopped() -> bool:
        return cancelled is not None and cancelled()

    # So few at a time that a stop doesn't wait for long, and so many that no worker waits.
    at_once = 2 * max(1, workers) if scheduler is None else 256
    waiting = iter(tasks)
    with executor(workers, scheduler) as pool:
        pending: set[Future[Any]] = set()
        for future in _submitted(pool, waiting, at_once, stopped):
            pending.add(future)
        while pending:
            ready, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in ready:
                told(future.result())
            if stopped():
                for future in pending:
                    future.cancel()
                raise Cancelled("stopped by the user")
            pending |= set(_submitted(pool, waiting, len(ready), stopped))
    return problems


def _submitted(
    pool: Any, waiting: Iterator[Task], most: int, stopped: Callable[[], bool]
) -> Iterator[Future[Any]]:
    for _ in range(most):
        task = None if stopped() else next(waiting, None)
        if task is None:
            return
        yield pool.submit(run_provider, task)


def run_provider(task: Task) -> tuple[str, list[Problem]]:
    """Run one provider unless its run is there already; give its code and what is wrong."""
    try:
        if not _finished(task):
            if task.flows:
                _simulate_moving(task)
            else:
                _simulate_into(
                    task.whole, json.loads(task.scenario), task.data, None, task.years, None,
                    task.threads, task.provider, task.suppress, "warn", None, None, None,
                )  # fmt: skip
    except AcutecastError as error:
        return task.provider, [
            Problem(p.what, f"{task.provider}: {p.where}", p.count, p.example, p.remedy, p.warning)
            for p in error.problems
        ]
    return task.provider, []


def _simulate_moving(task: Task) -> None:
    """Run a provider whose activity moves: as if nothing moved, and what moves where.

    Its own run is stored last, so that it is there only where everything is.
    """
    from acutecast.demand import simulate
    from acutecast.demand.engine import compiled_plan, years_to_simulate
    from acutecast.demand.flows import FlowCounter
    from acutecast.demand.people import last_year
    from acutecast.provider import read_provider
    from acutecast.results import save_run
    from acutecast.scenario import dump_scenario, load_scenario, resolve
    from acutecast.scenario.flows import Flow, draw_flows

    flows = [Flow.model_validate_json(text) for text in task.flows]
    data = read_provider(task.data, task.provider, task.year)
    loaded = load_scenario(json.loads(task.scenario))
    loaded = resolve(loaded, data.dataset, data.year, last_year(data.tables, data.year))
    assert loaded.horizon_year is not None
    years = years_to_simulate(task.years, data.year, loaded.horizon_year)
    counter = FlowCounter(
        data, compiled_plan(data, loaded, years), flows,
        draw_flows(flows, loaded.seed, loaded.runs), loaded.seed, loaded.horizon_year,
    )  # fmt: skip
    projection = simulate(
        data, loaded, years=task.years, threads=task.threads, empty_tpmas="warn",
        observe=counter.observe,
    )  # fmt: skip
    about = {
        "dataset": data.dataset,
        "year": data.year,
        "source": data.source,
        "hashes": dict(data.hashes),
        "rules": data.rules,
    }
    text = dump_scenario(loaded, full=True)
    for number in range(len(counter.destinations)):
        moved = counter.projection(number, projection.draws)
        save_run(moved, text, about, Path(task.parts) / f"moved-{number}")
    save_run(projection, text, about, task.whole, suppress=task.suppress)


def _finished(task: Task) -> bool:
    """Tell whether a run of the same data is there; of the same scenario it is (`asked`)."""
    from acutecast.provider import read_provider
    from acutecast.results import open_run

    try:
        stored = open_run(task.whole)
    except AcutecastError:
        return False
    tables = read_provider(task.data, task.provider, task.year, check=False).hashes
    return all(stored.info["inputs"].get(name) == digest for name, digest in tables.items())


def _move(loaded: NationalScenario, target: Path, tasks: Sequence[Task]) -> dict[str, str]:
    """Take what moves from its origin and add it where it goes; give every provider's folder."""
    from acutecast.demand.cube import Draws
    from acutecast.results import open_run
    from acutecast.results.rollup import Addend, roll_up
    from acutecast.scenario import dump_scenario

    finals = {task.provider: task.out for task in tasks}
    addends: dict[str, list[Addend]] = {
        t.provider: [Addend(t.whole)] for t in tasks if t.parts
    }  # fmt: skip
    for task in tasks:
        leaving = [flow for flow in loaded.flows if flow.origin == task.provider]
        places = dict.fromkeys((flow.to, flow.place) for flow in leaving)
        for number, (to, place) in enumerate(places):
            moved = str(Path(task.parts) / f"moved-{number}")
            addends[task.provider].append(Addend(moved, taken=True))
            addends.setdefault(to, []).append(Addend(moved, place))
    texts = {task.provider: task.scenario for task in tasks}
    for code, parts in addends.items():
        draws = open_run(parts[0].path).draws()
        names = tuple(name for name in draws.columns if name not in ("model_run", "variant"))
        own = Draws(names, draws.select(names).to_numpy(), draws["variant"].to_numpy())
        out = target / "providers" / code
        # A hospital that the data has not yet has the national scenario.
        text = texts.get(code) or dump_scenario(loaded.scenario)
        roll_up(parts, out, code, text, own)
        finals[code] = str(out)
    return finals


def _roll_up(
    loaded: NationalScenario,
    target: Path,
    tasks: Sequence[Task],
    finals: Mapping[str, str],
    systems: Sequence[str],
) -> None:
    """Add providers up to systems, and all of them to the nation."""
    from acutecast.demand.cube import Draws
    from acutecast.results import open_run
    from acutecast.results.rollup import Addend, roll_up
    from acutecast.scenario import Scenario, draw_assumptions, dump_scenario
    from acutecast.scenario.flows import draw_flows

    first = open_run(tasks[0].whole).info
    settled = {key: first[key] for key in ("baseline_year", "horizon_year")}
    national = Scenario(**(loaded.scenario.model_dump() | settled))
    names, values, variants, _ = draw_assumptions(national)
    moved = draw_flows(loaded.flows, national.seed, national.runs)
    names = (*names, *(flow.name for flow in loaded.flows))
    draws = Draws(names, np.concatenate([values, moved], axis=1), variants)
    text = dump_scenario(national, full=True)
    of = {code: loaded.systems.get(code) for code in finals}
    for system in systems:
        mine = [Addend(finals[code], code) for code in sorted(finals) if of[code] == system]
        roll_up(mine, target / "systems" / system, system, text, draws)
    # Where systems are known they are the nation's places; else its providers are.
    everywhere = [Addend(finals[code], of[code] or code) for code in sorted(finals)]
    roll_up(everywhere, target / NATION, NATION, text, draws)


__all__ = ["MARK", "NATION", "NationalRun", "Task", "open_national", "run_national", "run_provider"]
