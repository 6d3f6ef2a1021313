"""The engine: draw, run the kernels for every run, and put the counts and parts together."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acutecast import streams
from acutecast.compute import FIRST_COMPILATION, Event, Watch, run_blocks, unless_stopped
from acutecast.compute.compiling import is_compiled
from acutecast.demand import columns
from acutecast.demand.attribution import Quadrature, attribute, quadrature
from acutecast.demand.cells import LOS_GROUP_OF_DAYS, by_place
from acutecast.demand.cube import PART_UNIT, Cube, Draws, Parts, Projection
from acutecast.demand.flows import counts_of_view
from acutecast.demand.health import FIRST_AGE, HealthStatus, activity_by_age
from acutecast.demand.kernels import attendances, spells
from acutecast.demand.layout import STEPS_OF_PEOPLE, SpellRecord, SpellRows
from acutecast.demand.people import OwnPeople, Variants, variants_of
from acutecast.demand.plan import Activity, Plan, compile_plan, people_of_run
from acutecast.demand.shared import Shared
from acutecast.demand.steps import StepCounts
from acutecast.errors import AcutecastError, Problem, option, raise_if_any
from acutecast.facts import ACTIVITY_TYPES
from acutecast.population import health_status
from acutecast.provider import Provider
from acutecast.scenario import Scenario, draw_assumptions, scenario_notes
from acutecast.scenario.own_population import OWN

# Told of every run and activity type: the run from 0, the type's key, and a `SpellRecord` (ip) or
# contacts by year, row and measure (op, aae). Called from several threads.
Observer = Callable[[int, str, Any], None]

# One stream a decision; the names are part of the reproducibility contract.
_STREAMS = {
    "ip": ("copies", "applies", "choice", "outcome"),
    "op": ("face to face", "face to face avoided", "tele", "tele avoided", "converted"),
    "aae": ("arrivals", "arrivals avoided", "applies"),
}


def years_to_simulate(
    wanted: str | Sequence[int], baseline_year: int, horizon_year: int
) -> tuple[int, ...]:
    """Give the years to simulate, ascending; the horizon is always among them.

    Args:
        wanted: "all", "horizon", or years.
        baseline_year: the year of the data.
        horizon_year: the scenario's horizon.

    Raises:
        AcutecastError: where a year lies outside baseline + 1 to horizon.
    """
    if wanted == "all":
        return tuple(range(baseline_year + 1, horizon_year + 1))
    if wanted == "horizon":
        return (horizon_year,)
    years = sorted({int(year) for year in wanted} | {horizon_year})
    outside = [year for year in years if not baseline_year < year <= horizon_year]
    if outside:
        raise AcutecastError(
            Problem(
                f"year {outside[0]} is not between {baseline_year + 1} and {horizon_year}",
                where="years",
                remedy="Choose years after the baseline, up to the scenario's horizon.",
            )
        )
    return tuple(years)


def simulate(
    provider: Provider,
    scenario: Scenario,
    *,
    years: str | Sequence[int] = "all",
    threads: int | None = None,
    empty_tpmas: str = "error",
    observe: Observer | None = None,
    shared: Shared | None = None,
    watch: Watch | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Projection:
    """Simulate one scenario on one provider.

    Args:
        provider: a checked provider.
        scenario: a scenario resolved for it (dataset, baseline and horizon known).
        years: "all" from baseline to horizon, "horizon" only, or a list of years.
        threads: how many threads; all processors by default. The numbers do not depend on it.
        empty_tpmas: "error" to stop where the scenario sets a TPMA that no row has, "warn" to go
            on.
        observe: is told what became of every spell and row, run by run; it costs memory and time.
        shared: what earlier scenarios of this provider and these years left to share.
        watch: is told of progress.
        cancelled: asked between blocks of runs; True stops the work.

    Returns:
        Counts, parts of the change and draws of every run.

    Raises:
        AcutecastError: where the years or the scenario do not fit the data.
        Cancelled: where `cancelled` answered True.
    """
    began = time.perf_counter()
    assert scenario.horizon_year is not None
    years = years_to_simulate(years, provider.year, scenario.horizon_year)
    watch = _telling_of_compilation(watch)
    names, values, variants, health_uniform = draw_assumptions(scenario)
    known_variants = tuple(sorted(set(variants)))
    _check_variants(provider, scenario)
    people = variants_of(provider.tables, scenario, known_variants, provider.year, years)
    adjustments = made_adjustments(provider, scenario, people, health_uniform, values, years)
    compiler = compile_plan if shared is None else shared.plan
    plan = unless_stopped(
        lambda: compiler(provider, scenario, years, people, adjustments[0]), cancelled
    )
    empty = _tpmas_without_rows(plan.empty_tpmas, provider.unknown, warning=empty_tpmas == "warn")
    raise_if_any(empty, "The scenario does not fit the data")
    compiled = time.perf_counter()
    if watch is not None:
        watch(Event("compiling", 1, 1, compiled - began))
    variant_index = np.array([known_variants.index(variant) for variant in variants])
    simulation = _Simulation(
        plan,
        scenario.seed,
        provider.dataset,
        values,
        variant_index,
        adjustments,
        observe,
        shared if observe is None else None,
    )
    run_blocks(simulation.run_block, len(values), threads, watch, cancelled)
    simulated = time.perf_counter()
    timings = {"compile": compiled - began, "simulate": simulated - compiled}
    draws = Draws(tuple(names), values, np.asarray(variants))
    warnings = (*scenario_notes(scenario), *provider.notes, *empty, *plan.warnings)
    return simulation.projection(draws, timings, warnings)


def _telling_of_compilation(watch: Watch | None) -> Watch | None:
    """Say at once where kernels must be compiled first, and when that is done."""
    if watch is None or all(map(is_compiled, (spells, attendances, attribute))):
        return watch
    began = time.perf_counter()
    watch(Event(FIRST_COMPILATION, 0, 1, 0.0))
    open_ = [True]

    def tell(event: Event) -> None:
        if open_ and event.stage == "simulating":
            open_.clear()
            watch(Event(FIRST_COMPILATION, 1, 1, time.perf_counter() - began))
        watch(event)

    return tell


def empty_tpmas_of(
    provider: Provider,
    scenario: Scenario,
    years: str | Sequence[int],
    warning: bool,
    shared: Shared,
) -> tuple[Problem, ...]:
    """Say what does not fit the data, without simulating; the plan is kept in `shared`.

    Raises:
        AcutecastError: for years that the scenario does not reach.
    """
    assert scenario.horizon_year is not None
    wanted = years_to_simulate(years, provider.year, scenario.horizon_year)
    try:
        _check_variants(provider, scenario)
    except AcutecastError as error:
        return error.problems
    _, values, variants, uniform = draw_assumptions(scenario)
    people = variants_of(
        provider.tables, scenario, tuple(sorted(set(variants))), provider.year, wanted
    )
    adjustments = made_adjustments(provider, scenario, people, uniform, values, wanted)
    plan = shared.plan(provider, scenario, wanted, people, adjustments[0])
    return _tpmas_without_rows(plan.empty_tpmas, provider.unknown, warning=warning)


def compiled_plan(provider: Provider, scenario: Scenario, years: tuple[int, ...]) -> Plan:
    """Compile the plan that `simulate` makes of a provider and a scenario."""
    _, values, variants, uniform = draw_assumptions(scenario)
    people = variants_of(
        provider.tables, scenario, tuple(sorted(set(variants))), provider.year, years
    )
    adjustments = made_adjustments(provider, scenario, people, uniform, values, years)
    return compile_plan(provider, scenario, years, people, adjustments[0])


def made_adjustments(
    provider: Provider,
    scenario: Scenario,
    variants: Variants,
    uniform: np.ndarray,
    values: np.ndarray,
    years: tuple[int, ...],
) -> list[HealthStatus | None]:
    """Compute the health status adjustment of each population variant; None where it is off.

    Args:
        provider: whose activity by age it is.
        scenario: the scenario.
        variants: the population variants.
        uniform: one uniform per run, (runs,).
        values: the runs' values of the assumptions, (runs, assumptions).
        years: the years simulated.
    """
    if not scenario.health_status:
        return [None] * len(variants.names)
    groups, activity = activity_by_age(provider.tables["hsa_activity_tables"])
    made = []
    for i, name in enumerate(variants.names):
        own = variants.own.get(i)
        base = scenario.population.own[name].base if own else name
        table = health_status.life_table_of(base)
        changed = _life_expectancy_changed(own, values, years) if own else None
        younger = health_status.younger(uniform, provider.year, years, table, changed)
        made.append(HealthStatus(groups, activity, younger))
    return made


def _life_expectancy_changed(
    own: OwnPeople, values: np.ndarray, years: tuple[int, ...]
) -> Callable[[int], np.ndarray] | None:
    if not own.changes_mortality:
        return None
    return lambda run: health_status.life_expectancy_gained(years, own.mortality(values[run]))


def _tpmas_without_rows(
    paths: Sequence[str], unknown: Mapping[str, str], warning: bool
) -> tuple[Problem, ...]:
    """Say which TPMAs no row has; once for each reason, where the records do not tell them."""
    by_reason: dict[str, list[str]] = {}
    for path in paths:
        by_reason.setdefault(unknown.get(path.split(".")[-1], ""), []).append(path)
    return tuple(
        Problem(
            f"{f'{why}, so ' if why else ''}no row of the data has "
            f"{'these TPMAs' if found[1:] else 'this TPMA'}, {'and' if why else 'so'} setting "
            f"{'them' if found[1:] else 'it'} changes nothing: {', '.join(found)}",
            where="scenario",
            remedy=""
            if warning
            else f"Take out what the data lacks, or go on: {option('empty_tpmas', 'warn')}.",
            warning=warning,
        )
        for why, found in sorted(by_reason.items())
    )


def _check_variants(provider: Provider, scenario: Scenario) -> None:
    """Refuse population variants that the data lacks."""
    variant = columns.text(provider.tables["demographic_factors"], "variant")
    known = {variant.categories[code] for code in np.unique(variant.codes)}
    own = scenario.population.own
    used = [name for name, weight in scenario.population.variants.items() if weight > 0]
    named = {
        f"population.own.{name}.base" if name in own else f"population.variants.{name}": (
            own[name].base if name in own else name
        )
        for name in used
    }
    raise_if_any(
        [
            Problem(
                f"the data has no population variant {name}",
                where=where,
                remedy=f"Choose among {', '.join(sorted(known))}"
                + (", or define it under population.own." if name.startswith(OWN) else "."),
            )
            for where, name in named.items()
            if name not in known
        ],
        "The scenario does not fit the data",
    )


@dataclass
class _Work:
    """Scratch arrays of one run, zeroed and used again."""

    parts: np.ndarray
    isolated: np.ndarray


class _Simulation:
    """The arrays that all runs fill; each run writes only its own slices."""

    def __init__(
        self,
        plan: Plan,
        seed: int,
        dataset: str,
        values: np.ndarray,
        variant: np.ndarray,
        adjustments: Sequence[HealthStatus | None],
        observe: Observer | None = None,
        shared: Shared | None = None,
    ) -> None:
        self.plan = plan
        self.shared = shared
        self.adjustments = adjustments
        self.observe = observe
        self.seed = seed
        self.values = values
        self.variant = variant
        self.n_runs = len(values)
        # Chance is a provider's own, though its rows may be numbered like another's: what all
        # share are the draws of assumptions.
        self.rule: Quadrature = quadrature()
        self.out = np.zeros((self.n_runs, plan.size), dtype=np.int32)
        self.parts = np.zeros((len(plan.years), self.n_runs, len(plan.parts)))
        self.steps = StepCounts(plan, self.n_runs)
        self.streams = {
            key: np.array(
                [streams.key(seed, dataset, key, name) for name in names], dtype=np.uint64
            )
            for key, names in _STREAMS.items()
        }

    def run_block(self, runs: range) -> None:
        shape = (len(self.plan.totals.baseline), len(self.plan.factors.names))
        work = _Work(np.zeros((len(self.plan.years), *shape)), np.zeros(shape))
        for run in runs:
            work.parts[:] = 0.0
            work.isolated[:] = 0.0
            self._run(run, work)

    def _run(self, run: int, work: _Work) -> None:
        plan = self.plan
        factor = assumption_factors(plan, self.values[run])
        status = self.adjustments[self.variant[run]]
        by_health = None if status is None else status.of_run(run)
        people_of = people_of_run(plan, self.variant[run], self.values[run])
        for key, activity in plan.activities.items():
            people = people_of[key]
            healthy = health_of_classes(activity, by_health, people.shape)
            steps = activity.steps.factors(factor, plan.inequality_weight)
            growth_a, growth_b = people * healthy, steps.prod(axis=0)
            avoidance = factor[activity.avoidance_values]
            efficiency = factor[activity.efficiency_values]
            self._simulate(run, key, activity, growth_a, growth_b, avoidance, efficiency)
            attribute(
                activity.classes,
                _by_year(people - 1.0),
                _by_year(healthy - 1.0),
                np.ascontiguousarray(np.moveaxis(steps - 1.0, 2, 0)),
                _by_year(avoidance),
                _by_year(efficiency),
                self.rule,
                len(STEPS_OF_PEOPLE),
                STEPS_OF_PEOPLE.index("health_status_adjustment"),
                plan.factors.first_avoidance[key],
                plan.factors.first_efficiency[key],
                work.parts,
                work.isolated,
            )
        parts = work.parts[:, plan.parts[:, 0], plan.parts[:, 1]]
        self.parts[:, run] = np.rint(parts / PART_UNIT) * PART_UNIT
        self.steps.isolated[run] = work.isolated

    def _simulate(
        self,
        run: int,
        key: str,
        activity: Activity,
        growth_a: np.ndarray,
        growth_b: np.ndarray,
        avoidance: np.ndarray,
        efficiency: np.ndarray,
    ) -> None:
        # Runs are numbered from 1; the counter keeps a run's draws whatever the number of runs.
        run_streams = np.array(
            [streams.bits(stream, np.array(run + 1)) for stream in self.streams[key]],
            dtype=np.uint64,
        )
        effects = self.steps.of_run(run, key)
        growth = (growth_a, growth_b, avoidance, efficiency, run_streams)
        if self.shared is None:
            self._count(run, key, activity, growth, self.out[run], effects)
            return

        def work() -> tuple[np.ndarray, ...]:
            made = (np.zeros_like(self.out[run]), *(np.zeros_like(each) for each in effects))
            self._count(run, key, activity, growth, made[0], made[1:])
            return made

        of = (id(self.plan.views), key, run)
        room = 3 * self.out.nbytes
        counted = self.shared.counts(of, growth, room, work)
        for total, part in zip((self.out[run], *effects), counted, strict=True):
            total += part

    def _count(
        self,
        run: int,
        key: str,
        activity: Activity,
        growth: tuple[np.ndarray, ...],
        out: np.ndarray,
        effects: tuple[np.ndarray, ...],
    ) -> None:
        """Run the kernel of an activity type, which adds to `out` and `effects`."""
        growth_a, growth_b, avoidance, efficiency, run_streams = growth
        rows = activity.rows
        if isinstance(rows, SpellRows):
            assert activity.efficiency is not None
            assert activity.conversion is not None
            record = self._spell_record(rows, growth_a, growth_b)
            spells(
                rows,
                activity.avoidance,
                activity.efficiency,
                activity.view_cells,
                activity.conversion,
                LOS_GROUP_OF_DAYS,
                growth_a,
                growth_b,
                avoidance,
                efficiency,
                run_streams,
                out,
                *effects,
                record,
            )
        else:
            observed = len(rows.key) if self.observe is not None else 0
            shape = (len(self.plan.years), observed, activity.view_cells.n_measures)
            record = np.zeros(shape, dtype=np.int32)
            attendances(
                rows,
                activity.avoidance,
                activity.view_cells,
                growth_a,
                growth_b,
                avoidance,
                efficiency,
                run_streams,
                out,
                *effects,
                record,
            )
        if self.observe is not None:
            self.observe(run, key, record)

    def _spell_record(
        self, rows: SpellRows, growth_a: np.ndarray, growth_b: np.ndarray
    ) -> SpellRecord:
        """Make room for what an observer is told of the spells; none without an observer."""
        n_years = len(self.plan.years)
        room = 0
        if self.observe is not None:
            most = (growth_a[rows.class_a] * growth_b[rows.class_b]).sum(axis=0).max()
            # Twelve standard deviations above the expected number of copies.
            room = int(most + 12 * np.sqrt(most)) + 16
        return SpellRecord(
            row=np.zeros((n_years, room), dtype=np.int32),
            copy=np.zeros((n_years, room), dtype=np.int32),
            days=np.zeros((n_years, room), dtype=np.int32),
            kind=np.zeros((n_years, room), dtype=np.int8),
            count=np.zeros(n_years, dtype=np.int64),
        )

    def _view(self, name: str) -> np.ndarray:
        """Counts of a view as (years, runs, cells, measures), without copying."""
        return counts_of_view(self.out, self.plan, name)

    def projection(
        self, draws: Draws, timings: dict[str, float], warnings: tuple[Problem, ...]
    ) -> Projection:
        plan = self.plan
        cubes = {}
        for name, layout in plan.views.items():
            spec = ACTIVITY_TYPES[layout.view.activity]
            years = plan.years[-1:] if layout.view.horizon_only else plan.years
            cubes[name] = Cube(
                name,
                spec.key,
                layout.keys,
                spec.measures,
                years,
                plan.baselines[name],
                self._view(name),
            )
        self._add_sampling()
        return Projection(
            cubes=cubes,
            attribution=Parts("attribution", self._part_keys(), plan.years, self.parts),
            step_counts=self.steps.parts(self._view),
            draws=draws,
            years=plan.years,
            runs=self.n_runs,
            rows={key: len(activity.rows.key) for key, activity in plan.activities.items()},
            timings=timings,
            warnings=warnings,
        )

    def _add_sampling(self) -> None:
        """Set the part "sampling" to what the other parts leave of the change."""
        total, factor = self.plan.parts.T
        sampling = np.flatnonzero(factor == len(self.plan.factors.names) - 1)
        first = np.searchsorted(total, np.arange(len(sampling)))
        explained = np.add.reduceat(self.parts, first, axis=2)
        self.parts[:, :, sampling] = self._change() - explained

    def _change(self) -> np.ndarray:
        """Change from the baseline of each total, (years, runs, totals)."""
        changes = []
        for key, activity in self.plan.activities.items():
            name = f"{key}_people"
            counts = self._view(name)
            changes.append(
                by_place(self.plan.views[name].keys, activity.cells, counts).reshape(
                    len(self.plan.years), self.n_runs, -1
                )
            )
        return np.concatenate(changes, axis=2) - self.plan.totals.baseline

    def _part_keys(self) -> dict[str, np.ndarray]:
        total, factor = self.plan.parts.T
        names = np.array(self.plan.factors.names, dtype=object)
        return {
            **{name: values[total] for name, values in self.plan.totals.keys.items()},
            "change_factor": names[factor, 0],
            "strategy": names[factor, 1],
        }


def assumption_factors(plan: Plan, values: np.ndarray) -> np.ndarray:
    """Give the factor of each assumption and year of one run, (assumptions, Y).

    Args:
        plan: the plan.
        values: the run's values at the horizon, (assumptions,).
    """
    drawn = values[:, None]
    return np.where(
        plan.year_on_year[:, None],
        np.maximum(drawn, 0.0) ** (np.array(plan.years) - plan.baseline_year),
        1.0 + (drawn - 1.0) * plan.weights,
    )


def health_of_classes(
    activity: Activity, by_health: np.ndarray | None, shape: tuple[int, ...]
) -> np.ndarray:
    """Health status factor of each class a, (classes, Y); 1 below 55 and without a table."""
    result = np.ones(shape)
    if by_health is not None:
        people = activity.people
        mine = np.flatnonzero((people.health_group >= 0) & (people.age >= FIRST_AGE))
        result[mine] = by_health[
            people.health_group[mine], people.sex[mine] - 1, people.age[mine] - FIRST_AGE
        ]
    return result


def _by_year(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values.T)
