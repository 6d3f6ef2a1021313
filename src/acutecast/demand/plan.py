"""The plan: one provider and one scenario compiled into the flat arrays that kernels read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from acutecast.demand import cells, columns, growth, tags
from acutecast.demand.cells import Source, ViewLayout
from acutecast.demand.classes import FactorIndex, Totals, count_classes, part_rows, spell_classes
from acutecast.demand.columns import Column, constant
from acutecast.demand.health import HealthStatus
from acutecast.demand.layout import (
    EFFICIENCY_KINDS,
    Classes,
    ConversionCells,
    CountRows,
    SpellRows,
    Tags,
    ViewCells,
)
from acutecast.demand.rows import Rows, count_rows, delivery, spell_rows
from acutecast.demand.views import VIEWS, View
from acutecast.errors import Problem
from acutecast.facts import ACTIVITY_TYPES
from acutecast.provider import Provider
from acutecast.scenario import Assumption, Scenario

# What a converted spell becomes: activity type, pod, and fixed values of the new kind's columns.
_CONVERSIONS = {
    "sdec": (
        "aae",
        {"pod": "aae_type-05", "acuity": "standard", "attendance_category": "1"},
    ),
    "day_procedures_daycase": ("ip", {"pod": "ip_elective_daycase"}),
    "day_procedures_outpatients": ("op", {"pod": "op_procedure"}),
}
NO_ROW_HAS_IT = "no row of the data has this TPMA, so it changes nothing"
_PLACES = View("places", "", (), False)


@dataclass(frozen=True)
class Activity:
    """One activity type, compiled.

    Attributes:
        key: "ip", "op" or "aae".
        rows: the rows' arrays.
        people: classes a.
        population: their population or births factor, (variants, classes a, Y).
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
        warnings: what the user should know.
    """

    years: tuple[int, ...]
    baseline_year: int
    assumptions: tuple[Assumption, ...]
    weights: np.ndarray
    year_on_year: np.ndarray
    inequality_weight: np.ndarray
    variants: tuple[str, ...]
    activities: dict[str, Activity]
    health: HealthStatus | None
    views: dict[str, ViewLayout]
    baselines: dict[str, np.ndarray]
    offsets: dict[str, np.ndarray]
    size: int
    totals: Totals
    factors: FactorIndex
    parts: np.ndarray
    warnings: tuple[Problem, ...] = field(default=())


def compile_plan(
    provider: Provider,
    scenario: Scenario,
    years: Sequence[int],
    variants: Sequence[str],
    health: HealthStatus | None,
) -> Plan:
    """Compile one provider and one scenario.

    Args:
        provider: a checked provider.
        scenario: a scenario resolved for it.
        years: the years to simulate, ascending, the horizon last.
        variants: the population variants that the draws use.
        health: the health status adjustment, None where it is off.
    """
    years = tuple(years)
    assumptions = scenario.assumptions()
    index = {a.name: i for i, a in enumerate(assumptions)}
    unequal, warnings = growth.inequality_factors(
        provider.tables["inequalities"],
        {way: getattr(scenario.inequalities, way) for way in ("level_up", "zero_sum", "level_down")},
    )
    rows = {
        "ip": spell_rows(provider),
        "op": count_rows(provider, "op"),
        "aae": count_rows(provider, "aae"),
    }
    factors = FactorIndex.of(assumptions)
    entries = {
        "ip": tags.spells(
            provider, "ip_activity_avoidance_strategies", factors.avoidance["ip"]
        ),
        "op": tags.outpatients(rows["op"].table, factors.avoidance["op"]),
        "aae": tags.emergency(rows["aae"].table, factors.avoidance["aae"]),
    }
    chosen = tags.spells(provider, "ip_efficiencies_strategies", factors.efficiency["ip"])
    general = tags.general_length_of_stay(rows["ip"].table, chosen, factors.efficiency["ip"])
    warnings += _tpmas_without_rows(entries, chosen, general, rows, factors)
    avoidance = {
        key: tags.compile_tags(entries[key], len(rows[key]), factors.avoidance[key]) for key in rows
    }
    efficiency = tags.compile_tags(
        tags.Entries.join([chosen, general]), len(rows["ip"]), factors.efficiency["ip"]
    )
    converted = _convertible(rows["ip"], efficiency)
    own = {key: _own_source(rows[key], avoidance[key], efficiency) for key in rows}
    conversions = _conversion_sources(rows["ip"], converted)
    views = _view_layouts(own, conversions, rows["ip"], avoidance)
    offsets, size = _offsets(views, years)
    places = {
        key: cells.lay_out(_PLACES, [own[key], conversions[key]]) for key in ACTIVITY_TYPES
    }
    totals = Totals.of({key: places[key].keys for key in places}, rows, places)
    tele = tags.tele_attendances(rows["op"].table, factors.efficiency["op"])
    no_tele = np.full(len(rows["aae"]), -1, dtype=np.int32)
    health_groups = health.groups if health else ()
    activities = {}
    for key in ACTIVITY_TYPES:
        people = growth.people_classes(rows[key].table, health_groups)
        population, unmatched = growth.population_factors(
            people,
            provider.tables["demographic_factors"],
            provider.tables["birth_factors"],
            variants,
            provider.year,
            years,
        )
        if unmatched:
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
                {kind: _target(kind, converted, places) for kind in _CONVERSIONS},
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
            _conversion_cells(converted, views, offsets) if key == "ip" else None,
            _view_cells(key, views, offsets),
            classes,
            places[key].keys,
            _values(index, "activity_avoidance", key, factors.avoidance[key]),
            _values(index, "efficiencies", key, factors.efficiency[key]),
        )
    horizon = years[-1]
    weights = [
        a.profile.weights(years, provider.year, horizon) if a.profile else np.ones(len(years))
        for a in assumptions
    ]
    return Plan(
        years=years,
        baseline_year=provider.year,
        assumptions=assumptions,
        weights=np.array(weights).reshape(len(assumptions), len(years)),
        year_on_year=np.array([a.section == "non-demographic_adjustment" for a in assumptions]),
        inequality_weight=(np.array(years) - provider.year) / (horizon - provider.year),
        variants=tuple(variants),
        activities=activities,
        health=health,
        views=views,
        baselines={name: _baseline(layout, rows) for name, layout in views.items()},
        offsets=offsets,
        size=size,
        totals=totals,
        factors=factors,
        parts=part_rows(activities, totals, factors),
        warnings=tuple(warnings),
    )


@dataclass(frozen=True)
class _Convertible:
    """Spells that an efficiency may turn into something else.

    Attributes:
        row: their rows, (m,).
        of_row: index into `row` of every spell, -1 for none, int32.
        kinds: by kind of conversion, which of the m rows it can happen to.
    """

    row: np.ndarray
    of_row: np.ndarray
    kinds: dict[str, np.ndarray]


def _convertible(rows: Rows, efficiency: Tags) -> _Convertible:
    of_entry = np.repeat(np.arange(len(rows)), np.diff(efficiency.start))
    kind = efficiency.kind[efficiency.tpma]
    masks = {}
    for name in _CONVERSIONS:
        masks[name] = np.zeros(len(rows), dtype=bool)
        masks[name][of_entry[kind == EFFICIENCY_KINDS.index(name)]] = True
    row = np.flatnonzero(np.logical_or.reduce(list(masks.values())))
    of_row = np.full(len(rows), -1, dtype=np.int32)
    of_row[row] = np.arange(len(row))
    return _Convertible(row, of_row, {name: mask[row] for name, mask in masks.items()})


def _own_source(rows: Rows, avoidance: Tags, efficiency: Tags) -> Source:
    if rows.activity != "ip":
        return Source(rows.columns)
    group = _los_group(rows)
    shortened = np.diff(efficiency.start) > 0
    return Source(rows.columns, None, group, np.where(shortened, 0, group))


def _los_group(rows: Rows) -> np.ndarray:
    longest = len(cells.LOS_GROUP_OF_DAYS) - 1
    return cells.LOS_GROUP_OF_DAYS[np.minimum(rows.measures[:, 1] - 1, longest)]


def _conversion_sources(rows: Rows, converted: _Convertible) -> dict[str, Source]:
    """Give the spells that can become activity of each type, by that type."""
    m = len(converted.row)
    result = {}
    for kind, (activity, fixed) in _CONVERSIONS.items():
        own = {name: column[converted.row] for name, column in rows.columns.items()}
        made: dict[str, Column] = {
            **own,
            **{name: constant(value, m) for name, value in fixed.items()},
        }
        zero = np.zeros(m, dtype=np.int64)
        result[activity] = Source(made, converted.kinds[kind], zero, zero)
    return result


def _view_layouts(
    own: dict[str, Source], conversions: dict[str, Source], spells: Rows, avoidance: dict[str, Tags]
) -> dict[str, ViewLayout]:
    layouts = {}
    for view in VIEWS:
        mine, other = own[view.activity], conversions[view.activity]
        if view.rows == "delivery":
            with_delivery = delivery(spells)
            mine = Source(mine.columns, with_delivery, mine.highest_los, mine.lowest_los)
            other = Source(other.columns, np.zeros(len(other.columns["pod"].codes), dtype=bool))
        elif view.rows == "avoided":
            avoidable = np.diff(avoidance[view.activity].start) > 0
            mine, other = Source(mine.columns, avoidable), None
        elif view.rows == "converted":
            mine = Source(mine.columns, np.zeros(len(mine.columns["pod"].codes), dtype=bool))
        layouts[view.name] = cells.lay_out(view, [mine] if other is None else [mine, other])
    return layouts


def _offsets(
    views: dict[str, ViewLayout], years: tuple[int, ...]
) -> tuple[dict[str, np.ndarray], int]:
    """Place every view's years one behind the other in a run's counts."""
    offsets, at = {}, 0
    for name, layout in views.items():
        width = layout.size * len(ACTIVITY_TYPES[layout.view.activity].measures)
        offset = np.full(len(years), -1, dtype=np.int64)
        for y in range(len(years)):
            if y == len(years) - 1 or not layout.view.horizon_only:
                offset[y] = at
                at += width
        offsets[name] = offset
    return offsets, at


def _ordered(views: dict[str, ViewLayout], activity: str, kinds: tuple[str, ...]) -> list[str]:
    """Views of an activity type, those of every year first."""
    names = [n for n, v in views.items() if v.view.activity == activity and v.view.rows in kinds]
    return sorted(names, key=lambda name: views[name].view.horizon_only)


def _view_cells(
    activity: str, views: dict[str, ViewLayout], offsets: dict[str, np.ndarray]
) -> ViewCells:
    names = _ordered(views, activity, ("all", "delivery"))
    starts, parts, at = [], [], 0
    for name in names:
        size = len(views[name].los_cell)
        starts.append(at if size else -1)
        parts.append(views[name].los_cell)
        at += size
    avoided = _ordered(views, activity, ("avoided",))[0]
    offset = np.stack([offsets[name] for name in names])
    return ViewCells(
        code=np.stack([views[name].codes[0] for name in names], axis=1),
        los_start=np.array(starts, dtype=np.int64),
        los_cell=np.concatenate(parts).astype(np.int32),
        offset=offset,
        views_in_year=(offset >= 0).sum(axis=0).astype(np.int64),
        n_measures=len(ACTIVITY_TYPES[activity].measures),
        avoided_code=views[avoided].codes[0],
        avoided_offset=int(offsets[avoided][-1]),
    )


def _conversion_cells(
    converted: _Convertible, views: dict[str, ViewLayout], offsets: dict[str, np.ndarray]
) -> ConversionCells:
    arrays = []
    for activity in ("aae", "ip", "op"):
        names = _ordered(views, activity, ("all", "converted"))
        codes = []
        for name in names:
            code = views[name].codes[1]
            if len(views[name].los_cell):  # a converted spell has no nights: group 0
                code = np.where(code >= 0, views[name].los_cell[code * 8], -1)
            codes.append(code)
        arrays.append((np.stack(codes, axis=1), np.stack([offsets[name] for name in names])))
    (sdec, sdec_at), (daycase, daycase_at), (outpatient, outpatient_at) = arrays
    return ConversionCells(
        converted.of_row, sdec, daycase, outpatient, sdec_at, daycase_at, outpatient_at
    )


def _target(
    kind: str, converted: _Convertible, places: dict[str, ViewLayout]
) -> tuple[str, np.ndarray]:
    """Activity type and (pod, site) cell that each spell is converted to, -1 for none."""
    activity, _ = _CONVERSIONS[kind]
    code = places[activity].codes[1]
    target = np.full(len(converted.of_row), -1, dtype=np.int32)
    target[converted.row] = np.where(converted.kinds[kind], code, -1)
    return activity, target


def _measure_of_counts(rows: Rows) -> np.ndarray:
    """Index of the measure that each count column of each row is, int32 (rows, columns)."""
    if rows.activity == "op":
        return np.tile(np.array([0, 1], dtype=np.int32), (len(rows), 1))
    return columns.numbers(rows.table, "is_ambulance")[:, None].astype(np.int32)


def _baseline(layout: ViewLayout, rows: dict[str, Rows]) -> np.ndarray:
    mine = rows[layout.view.activity]
    if layout.view.rows in ("avoided", "converted"):
        return np.zeros((layout.size, mine.measures.shape[1]), dtype=np.int64)
    group = _los_group(mine) if mine.activity == "ip" else None
    return cells.baseline(layout, group, list(mine.measures.T))


def _values(index: dict[str, int], section: str, activity: str, keys: Sequence[str]) -> np.ndarray:
    return np.array([index[f"{section}.{activity}.{key}"] for key in keys], dtype=np.int64)


def _unmatched(activity: str, count: int, total: int) -> Problem:
    return Problem(
        "rows keep their baseline population because the factor tables have no match for their "
        "age and sex (babies, and mothers outside the ages of the births table)",
        where=ACTIVITY_TYPES[activity].table,
        count=count,
        example=f"{count / total:.1%} of the rows",
        warning=True,
    )


def _tpmas_without_rows(
    entries: dict[str, tags.Entries],
    chosen: tags.Entries,
    general: tags.Entries,
    rows: dict[str, Rows],
    factors: FactorIndex,
) -> list[Problem]:
    """Warn of TPMAs that the scenario sets and no row of the data has."""
    tele = tags.tele_attendances(rows["op"].table, factors.efficiency["op"])
    used = {
        ("activity_avoidance", key): np.unique(entries[key].tpma) for key in entries
    } | {
        ("efficiencies", "ip"): np.unique(np.concatenate([chosen.tpma, general.tpma])),
        ("efficiencies", "op"): np.unique(tele),
    }
    return [
        Problem(
            NO_ROW_HAS_IT,
            where=f"{section}.{activity}.{key}",
            remedy="Take it out of the scenario, or check the tags in the data.",
            warning=True,
        )
        for (section, activity), found in used.items()
        for i, key in enumerate(factors.tpmas(section, activity))
        if i not in found
    ]
