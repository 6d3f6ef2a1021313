"""Many providers in one run: each by itself, bounded in memory, then added up inside runs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from acutecast import stores
from acutecast.api.runs import _simulate_into
from acutecast.compute import Watch, processors
from acutecast.errors import AcutecastError, Problem, option, raise_if_any
from acutecast.files import (
    check_folder_place,
    is_url,
    joined,
    local,
    read_text,
    write_text,
    writing,
)
from acutecast.provider import list_providers

if TYPE_CHECKING:
    from acutecast.compute.workers import Crew
    from acutecast.demand.cube import Draws
    from acutecast.results import Run
    from acutecast.results.rollup import Addend
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
        return joined(self.parts, "whole") if self.parts else self.out


@dataclass(frozen=True)
class NationalRun:
    """The results of a national run.

    Attributes:
        path: its folder or URL.
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

    def notes(self) -> dict[str, list[Problem]]:
        """Give what there is to know of each provider's run, by provider; none where nothing is."""
        kept = self.nation().info.get("notes_by_provider", {})
        return {code: [Problem(**note) for note in notes] for code, notes in kept.items()}

    def _open(self, part: str) -> Run:
        from acutecast.results import open_run

        return open_run(joined(self.path, part))


def open_national(path: str | os.PathLike[str]) -> NationalRun:
    """Open a finished national run.

    Args:
        path: its folder or an fsspec URL.

    Raises:
        AcutecastError: where there is none, or it is not finished.
    """
    try:
        about = json.loads(read_text(joined(path, MARK)))
    except (FileNotFoundError, NotADirectoryError):
        raise AcutecastError(Problem("the folder holds no national run", where=str(path))) from None
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
        out: the folder to make, a path or an fsspec URL.
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
    from acutecast.compute.workers import hired
    from acutecast.scenario import NationalScenario, load_national

    check_folder_place(out)
    loaded = scenario if isinstance(scenario, NationalScenario) else load_national(scenario)
    target = str(out).rstrip("/") if is_url(out) else str(local(out).absolute())
    chosen = _providers(loaded, data, providers)
    workers = 1 if workers is None else workers
    each = threads or (1 if scheduler else max(1, processors() // workers))
    moving = {flow.origin for flow in loaded.flows} | {flow.to for flow in loaded.flows}
    tasks = [
        Task(
            code, year, _text(loaded, code), str(data), joined(target, "providers", code),
            years if isinstance(years, str) else tuple(years), each, suppress,
            tuple(f.model_dump_json(by_alias=True) for f in loaded.flows if f.origin == code),
            joined(target, "parts", code) if code in moving else "",
        )
        for code, year in chosen
    ]  # fmt: skip
    about = _about(loaded, tasks)
    _prepare(target, about, replace=replace)
    with hired(workers, scheduler, watch, cancelled) as crew:
        problems = [p for _, found in crew.do("providers", run_provider, tasks) for p in found]
        raise_if_any(problems, f"{len(problems)} problems; the other providers are finished")
        finals = _move(crew, loaded, target, tasks)
        _roll_up(crew, loaded, target, tasks, finals, about["systems"])
    _tidy(target)
    _mark(target, about | {"finished": True})
    return NationalRun(target, tuple(about["providers"]), tuple(about["systems"]))


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


def _prepare(target: str, about: Mapping[str, Any], *, replace: bool) -> None:
    """Make the folder, or go on with what is there; nothing of others is touched."""
    if _anything(target):
        try:
            held = json.loads(read_text(joined(target, MARK)))
        except FileNotFoundError:
            raise AcutecastError(
                Problem("the folder has other files in it", target, remedy="Name a new one.")
            ) from None
        if held.get("asked") != about["asked"]:
            if not replace:
                raise AcutecastError(
                    Problem(
                        "the folder holds another national run",
                        target,
                        remedy="Name another folder, or allow it to be replaced: "
                        f"{option('replace')}.",
                    )
                )
            _clear(target, held)
    if not is_url(target):
        with writing(target):
            for part in ("providers", "systems"):
                Path(target, part).mkdir(parents=True, exist_ok=True)
    _mark(target, about)


def _anything(target: str) -> bool:
    """Tell whether anything is there; a store's bucket must be."""
    if not is_url(target):
        return Path(target).exists() and any(Path(target).iterdir())
    there = bool(stores.sizes(target, unfinished=True))
    raise_if_any([] if there else stores.bucket_problems(target))
    return there


def _clear(target: str, held: Mapping[str, Any]) -> None:
    """Remove a national run. Stopped half-way on a store, what is left is still known as one."""
    if not is_url(target):
        shutil.rmtree(target)
        return
    _mark(target, {**held, "asked": "", "finished": False})
    stores.remove(target, keep={MARK})


def _mark(target: str, about: Mapping[str, Any]) -> None:
    write_text(joined(target, MARK), json.dumps(about, indent=2) + "\n")


def _tidy(target: str) -> None:
    """Remove the scratch folders of workers that were killed; on a store there are none."""
    if is_url(target):
        return
    patterns = (f".{NATION}.*", "providers/.*.*", "systems/.*.*", "parts/*/.*.*")
    for folder in chain.from_iterable(Path(target).glob(pattern) for pattern in patterns):
        shutil.rmtree(folder, ignore_errors=True)


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
    projection = replace(projection, warnings=(*projection.warnings, *counter.notes()))
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
        save_run(moved, text, about, joined(task.parts, f"moved-{number}"))
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
    used = {name: digest for name, digest in stored.info["inputs"].items() if name != "scenario"}
    return used == dict(tables)


@dataclass(frozen=True)
class _Sum:
    """A roll-up, as it is sent to a worker: the arguments of `results.rollup.roll_up`."""

    addends: tuple[Addend, ...]
    out: str
    dataset: str
    scenario: str
    draws: Draws


def _add_up(task: _Sum) -> None:
    from acutecast.results.rollup import roll_up

    roll_up(task.addends, task.out, task.dataset, task.scenario, task.draws)


def _move(
    crew: Crew, loaded: NationalScenario, target: str, tasks: Sequence[Task]
) -> dict[str, str]:
    """Take what moves from its origin and add it where it goes; give every provider's folder."""
    from acutecast.demand.cube import Draws
    from acutecast.results import open_run
    from acutecast.results.rollup import Addend
    from acutecast.scenario import dump_scenario

    finals = {task.provider: task.out for task in tasks}
    addends: dict[str, list[Addend]] = {
        t.provider: [Addend(t.whole)] for t in tasks if t.parts
    }  # fmt: skip
    for task in tasks:
        leaving = [flow for flow in loaded.flows if flow.origin == task.provider]
        places = dict.fromkeys((flow.to, flow.place) for flow in leaving)
        for number, (to, place) in enumerate(places):
            moved = joined(task.parts, f"moved-{number}")
            addends[task.provider].append(Addend(moved, taken=True))
            addends.setdefault(to, []).append(Addend(moved, place))
    texts = {task.provider: task.scenario for task in tasks}
    sums = []
    for code, parts in addends.items():
        draws = open_run(parts[0].path).draws()
        names = tuple(name for name in draws.columns if name not in ("model_run", "variant"))
        own = Draws(names, draws.select(names).to_numpy(), draws["variant"].to_numpy())
        finals[code] = joined(target, "providers", code)
        # A hospital that the data has not yet has the national scenario.
        text = texts.get(code) or dump_scenario(loaded.scenario)
        sums.append(_Sum(tuple(parts), finals[code], code, text, own))
    crew.do("moving", _add_up, sums)
    return finals


def _roll_up(
    crew: Crew,
    loaded: NationalScenario,
    target: str,
    tasks: Sequence[Task],
    finals: Mapping[str, str],
    systems: Sequence[str],
) -> None:
    """Add providers up to systems, and systems and the other providers to the nation."""
    from acutecast.demand.cube import Draws
    from acutecast.results import open_run
    from acutecast.results.rollup import Addend
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
    sums = []
    for system in systems:
        mine = tuple(Addend(finals[code], code) for code in sorted(finals) if of[code] == system)
        sums.append(_Sum(mine, joined(target, "systems", system), system, text, draws))
    crew.do("adding up", _add_up, sums)
    # Where systems are known they are the nation's places; else its providers are.
    places = [(system, joined(target, "systems", system)) for system in systems]
    places += [(code, finals[code]) for code in finals if of[code] is None]
    everywhere = tuple(Addend(path, place) for place, path in sorted(places))
    crew.do("adding up", _add_up, [_Sum(everywhere, joined(target, NATION), NATION, text, draws)])


__all__ = ["MARK", "NATION", "NationalRun", "Task", "open_national", "run_national", "run_provider"]
