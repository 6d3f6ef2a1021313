"""The plan: one provider and one scenario compiled into the flat arrays that kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acutecast.demand import cells, columns, growth, tags
from acutecast.demand.cells import ViewLayout
from acutecast.demand.classes import FactorIndex, Totals, count_classes, part_rows, spell_classes
from acutecast.demand.health import HealthStatus
from acutecast.demand.layout import (
    Classes,
    ConversionCells,
    CountRows,
    SpellRows,
    Tags,
    ViewCells,
)
from acutecast.demand.people import Variants, last_year
from acutecast.demand.placement import (
    CONVERSIONS,
    PLACES,
    baseline_of_view,
    conversion_cells,
    conversion_sources,
    conversion_target,
    convertible_spells,
    offsets_in_counts,
    own_source,
    view_cells_of,
    view_layouts,
)
from acutecast.demand.rows import Rows, count_rows, spell_rows
from acutecast.errors import Problem
from acutecast.facts import ACTIVITY_TYPES
from acutecast.provider import Provider
from acutecast.scenario import Assumption, Scenario


@dataclass(frozen=True)
class Activity:
    """One activity type, compiled.

    Attributes:
        key: "ip", "op" or "aae".
        rows: the rows' arrays.
        people: classes a.
        population: their population or births factor, (variants, classes a, Y); for a projection
            of one's own, that of its base.
        steps: classes b.
        avoidance: avoidance tags of the rows.
        efficiency: efficiency tags of the rows; None where rows have none.
        conversion: where converted spells go; only for inpatients.
        view_cells: where rows are added.
        classes: rows grouped for attribution.
        cells: pod and sitetret of the cells that `rows.cell` numbers.
        avoidance_values, efficiency_values: the assumption of each TPMA, in the order of the tags.
    """

    key: str
    rows: SpellRows | CountRows
    people: growth.PeopleClasses
    population: np.ndarray
    steps: growth.ActivityClasses
    avoidance: Tags
    efficiency: Tags | None
    conversion: ConversionCells | None
    view_cells: ViewCells
    classes: Classes
    cells: dict[str, np.ndarray]
    avoidance_values: np.ndarray
    efficiency_values: np.ndarray


@dataclass(frozen=True)
class Plan:
    """Everything that the simulation of one scenario on one provider needs.

    Attributes:
        years: the years simulated, ascending, the horizon last.
        baseline_year: the year of the data.
        assumptions: the scenario's assumptions; arrays of values follow their order.
        weights: share of an assumption's effect reached by year, (assumptions, Y).
        year_on_year: whether an assumption is growth a year, (assumptions,).
        inequality_weight: share of the inequality effect reached by year, (Y,).
        variants: population variants, the first axis of `Activity.population`.
        activities: by key.
        health: the health status adjustment, or None where it is off.
        views: cells of every view, by name.
        baselines: baseline of every view, by name, (cells, measures).
        offsets: start of each of a view's years in a run's counts, -1 where absent, by name, (Y,).
        size: length of a run's counts.
        totals: what the attribution explains: (pod, site) cells by measure.
        factors: what it explains it by.
        parts: (total, factor) of every part that can differ from zero, (parts, 2).
        empty_tpmas: the scenario's TPMAs that no row of the data has, as dotted paths.
        warnings: what the user should know.
    """

    years: tuple[int, ...]
    baseline_year: int
    assumptions: tuple[Assumption, ...]
    weights: np.ndarray
    year_on_year: np.ndarray
    inequality_weight: np.ndarray
    variants: Variants
    activities: dict[str, Activity]
    health: HealthStatus | None
    views: dict[str, ViewLayout]
    baselines: dict[str, np.ndarray]
    offsets: dict[str, np.ndarray]
    size: int
    totals: Totals
    factors: FactorIndex
    parts: np.ndarray
    empty_tpmas: tuple[str, ...] = ()
    warnings: tuple[Problem, ...] = ()


def compile_plan(
    provider: Provider,
    scenario: Scenario,
    years: Sequence[int],
    variants: Variants,
    health: HealthStatus | None,
) -> Plan:
    """Compile one provider and one scenario.

    Args:
        provider: a checked provider.
        scenario: a scenario resolved for it.
        years: the years to simulate, ascending, the horizon last.
        variants: the population variants that the draws may use.
        health: the health status adjustment, None where it is off.
    """
    years = tuple(years)
    assumptions = scenario.assumptions()
    index = {a.name: i for i, a in enumerate(assumptions)}
    unequal, warnings = growth.inequality_factors(
        provider.tables["inequalities"],
        {
            way: getattr(scenario.inequalities, way)
            for way in ("level_up", "zero_sum", "level_down")
        },
    )
    rows = {
        "ip": spell_rows(provider),
        "op": count_rows(provider, "op"),
        "aae": count_rows(provider, "aae"),
    }
    factors = FactorIndex.of(assumptions)
    avoidable, efficient = (
        {key: tags.offered(provider, tpmas[key]) for key in rows if key in tpmas}
        for tpmas in (factors.avoidance, factors.efficiency)
    )
    entries = {
        "ip": tags.spells(provider, "ip_activity_avoidance_strategies", avoidable["ip"]),
        "op": tags.outpatients(rows["op"].table, avoidable["op"]),
        "aae": tags.emergency(rows["aae"].table, avoidable["aae"]),
    }
    chosen = tags.spells(provider, "ip_efficiencies_strategies", efficient["ip"])
    general = tags.general_length_of_stay(rows["ip"].table, chosen, efficient["ip"])
    tele = tags.tele_attendances(rows["op"].table, efficient["op"])
    empty_tpmas = _tpmas_without_rows(entries, chosen, general, tele, factors)
    avoidance = {
        key: tags.compile_tags(entries[key], len(rows[key]), factors.avoidance[key]) for key in rows
    }
    efficiency = tags.compile_tags(
        tags.Entries.join([chosen, general]), len(rows["ip"]), factors.efficiency["ip"], "all"
    )
    converted = convertible_spells(rows["ip"], efficiency)
    own = {key: own_source(rows[key], efficiency) for key in rows}
    conversions = conversion_sources(rows["ip"], converted)
    views = view_layouts(own, conversions, rows["ip"], avoidance)
    offsets, size = offsets_in_counts(views, years)
    places = {key: cells.lay_out(PLACES, [own[key], conversions[key]]) for key in ACTIVITY_TYPES}
    totals = Totals.of({key: places[key].keys for key in places}, rows, places)
    no_tele = np.full(len(rows["aae"]), -1, dtype=np.int32)
    health_groups = health.groups if health else ()
    activities = {}
    for key in ACTIVITY_TYPES:
        people = growth.people_classes(rows[key].table, health_groups)
        population = growth.growth_of(people, variants.growth)
        if unmatched := growth.rows_without(people, variants.growth[0]):
            warnings.append(_unmatched(key, unmatched, len(rows[key])))
        steps = growth.ActivityClasses(key, rows[key].table, index, unequal)
        place = places[key].codes[0]
        if key == "ip":
            compiled = SpellRows(
                rows[key].key,
                people.of_row,
                steps.of_row,
                columns.numbers(rows[key].table, "speldur"),
                rows[key].measures[:, 2].astype(np.int32),
                place,
            )
            classes = spell_classes(
                compiled, rows[key], people, avoidance[key], efficiency,
                {kind: conversion_target(kind, converted, places) for kind in CONVERSIONS},
                totals, factors,
            )  # fmt: skip
        else:
            compiled = CountRows(
                rows[key].key,
                people.of_row,
                steps.of_row,
                rows[key].counts,
                _measure_of_counts(rows[key]),
                tele if key == "op" else no_tele,
                place,
            )
            classes = count_classes(compiled, rows[key], people, avoidance[key], totals, factors)
        activities[key] = Activity(
            key,
            compiled,
            people,
            population,
            steps,
            avoidance[key],
            efficiency if key == "ip" else None,
            conversion_cells(converted, views, offsets) if key == "ip" else None,
            view_cells_of(key, views, offsets),
            classes,
            places[key].keys,
            _values(index, "activity_avoidance", key, factors.avoidance[key]),
            _values(index, "efficiencies", key, factors.efficiency[key]),
        )
    horizon = years[-1]
    return Plan(
        years=years,
        baseline_year=provider.year,
        assumptions=assumptions,
        weights=weights_of(assumptions, years, provider.year),
        year_on_year=np.array([a.section == "non-demographic_adjustment" for a in assumptions]),
        inequality_weight=(np.array(years) - provider.year) / (horizon - provider.year),
        variants=variants,
        activities=activities,
        health=health,
        views=views,
        baselines={name: baseline_of_view(layout, rows) for name, layout in views.items()},
        offsets=offsets,
        size=size,
        totals=totals,
        factors=factors,
        parts=part_rows(activities, totals, factors),
        empty_tpmas=empty_tpmas,
        warnings=(*warnings, *variants.warnings(last_year(provider.tables, provider.year))),
    )


def weights_of(
    assumptions: Sequence[Assumption], years: tuple[int, ...], baseline_year: int
) -> np.ndarray:
    """Give the share of each assumption's effect reached by year, (assumptions, Y)."""
    weights = [
        a.profile.weights(years, baseline_year, years[-1]) if a.profile else np.ones(len(years))
        for a in assumptions
    ]
    return np.array(weights).reshape(len(assumptions), len(years))


def _measure_of_counts(rows: Rows) -> np.ndarray:
    """Index of the measure that each count column of each row is, int32 (rows, columns)."""
    if rows.activity == "op":
        return np.tile(np.array([0, 1], dtype=np.int32), (len(rows), 1))
    return columns.numbers(rows.table, "is_ambulance")[:, None].astype(np.int32)


def _values(index: dict[str, int], section: str, activity: str, keys: Sequence[str]) -> np.ndarray:
    return np.array([index[f"{section}.{activity}.{key}"] for key in keys], dtype=np.int64)


def _unmatched(activity: str, count: int, total: int) -> Problem:
    return Problem(
        "rows keep their baseline population because the factor tables have nobody of their age "
        "and sex",
        where=ACTIVITY_TYPES[activity].table,
        count=count,
        example=f"{count / total:.1%} of the rows",
        warning=True,
    )


def _tpmas_without_rows(
    entries: dict[str, tags.Entries],
    chosen: tags.Entries,
    general: tags.Entries,
    tele: np.ndarray,
    factors: FactorIndex,
) -> tuple[str, ...]:
    """List the TPMAs that the scenario sets and no row of the data has."""
    used = {("activity_avoidance", key): np.unique(entries[key].tpma) for key in entries} | {
        ("efficiencies", "ip"): np.unique(np.concatenate([chosen.tpma, general.tpma])),
        ("efficiencies", "op"): np.unique(tele),
    }
    return tuple(
        f"{section}.{activity}.{key}"
        for (section, activity), found in used.items()
        for i, key in enumerate(factors.tpmas(section, activity))
        if i not in found
    )


def people_of_run(plan: Plan, variant: int, values: np.ndarray) -> dict[str, np.ndarray]:
    """Give the population or births factor of every class in one run.

    Args:
        plan: the plan.
        variant: the number of the run's variant.
        values: the run's values of the assumptions at the horizon.

    Returns:
        By activity type, (classes a, Y).
    """
    own = plan.variants.own.get(variant)
    if own is None:
        return {key: activity.population[variant] for key, activity in plan.activities.items()}
    of_run = own.factors(values)
    return {
        key: growth.growth_of(activity.people, of_run) for key, activity in plan.activities.items()
    }
