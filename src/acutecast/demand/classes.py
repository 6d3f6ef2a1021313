"""Rows grouped for attribution, and the list of what it explains and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from acutecast import streams
from acutecast.demand.attribution import attribute, group_rows, quadrature
from acutecast.demand.cells import ViewLayout
from acutecast.demand.growth import BIRTHS, PeopleClasses
from acutecast.demand.layout import (
    EFFICIENCY_KINDS,
    STEPS,
    STEPS_OF_PEOPLE,
    Classes,
    CountRows,
    SpellRows,
    Tags,
)
from acutecast.demand.rows import Rows, stay_before_surgery
from acutecast.facts import ACTIVITY_TYPES
from acutecast.scenario import Assumption

if TYPE_CHECKING:
    from acutecast.demand.plan import Activity

SAMPLING = "sampling"
_ADMISSIONS, _BEDDAYS, _PROCEDURES = 0, 1, 2
_SPELLS, _WITH_PROCEDURE, _BEDDAYS_OF_SPELL, _NIGHTS, _FIRST_PRE_OP = 0, 1, 2, 3, 4


@dataclass(frozen=True)
class FactorIndex:
    """What a change is explained by, numbered: growth steps, avoidance and efficiency TPMAs.

    Attributes:
        avoidance, efficiency: the scenario's TPMAs by activity type, in the order of the codes.
        names: (change_factor, strategy) of every factor; the last is sampling.
        first_avoidance, first_efficiency: number of the first TPMA by activity type.
    """

    avoidance: dict[str, tuple[str, ...]]
    efficiency: dict[str, tuple[str, ...]]
    names: tuple[tuple[str, str], ...]
    first_avoidance: dict[str, int]
    first_efficiency: dict[str, int]

    @staticmethod
    def of(assumptions: Sequence[Assumption]) -> FactorIndex:
        """Number the factors of a scenario."""
        by_section: dict[tuple[str, str], tuple[str, ...]] = {
            (section, key): tuple(
                a.keys[0] for a in assumptions if a.section == section and a.activity == key
            )
            for section in ("activity_avoidance", "efficiencies")
            for key in ACTIVITY_TYPES
        }
        names = [(step, "-") for step in STEPS]
        first: dict[tuple[str, str], int] = {}
        for (section, key), tpmas in by_section.items():
            first[section, key] = len(names)
            names += [(section, tpma) for tpma in tpmas]
        return FactorIndex(
            {key: by_section["activity_avoidance", key] for key in ACTIVITY_TYPES},
            {key: by_section["efficiencies", key] for key in ACTIVITY_TYPES},
            (*names, (SAMPLING, "-")),
            {key: first["activity_avoidance", key] for key in ACTIVITY_TYPES},
            {key: first["efficiencies", key] for key in ACTIVITY_TYPES},
        )

    def tpmas(self, section: str, activity: str) -> tuple[str, ...]:
        """Give the TPMAs of a section ("activity_avoidance" or "efficiencies")."""
        return (self.avoidance if section == "activity_avoidance" else self.efficiency)[activity]


@dataclass(frozen=True)
class Totals:
    """What the attribution explains: activity by (pod, site) and measure.

    Attributes:
        keys: activity_type, pod, sitetret and measure of each total.
        first: number of the first total of an activity type; then cell by cell, measure by measure.
        baseline: (totals,), int64.
    """

    keys: dict[str, np.ndarray]
    first: dict[str, int]
    baseline: np.ndarray

    @staticmethod
    def of(
        cells: Mapping[str, Mapping[str, np.ndarray]],
        rows: Mapping[str, Rows],
        places: Mapping[str, ViewLayout],
    ) -> Totals:
        """Number the totals of the three activity types."""
        keys: dict[str, list[str]] = {
            k: [] for k in ("activity_type", "pod", "sitetret", "measure")
        }
        first: dict[str, int] = {}
        baseline = []
        for key, spec in ACTIVITY_TYPES.items():
            first[key] = len(keys["pod"])
            for pod, site in zip(cells[key]["pod"], cells[key]["sitetret"], strict=True):
                for measure in spec.measures:
                    for name, value in zip(keys, (key, pod, site, measure), strict=True):
                        keys[name].append(value)
            sums = [
                np.bincount(places[key].codes[0], weights=m, minlength=places[key].size)
                for m in rows[key].measures.T
            ]
            baseline.append(np.stack(sums, axis=1).ravel())
        return Totals(
            {name: np.array(values, dtype=object) for name, values in keys.items()},
            first,
            np.concatenate(baseline).astype(np.int64),
        )

    def of_cell(self, activity: str, cell: np.ndarray, measure: int) -> np.ndarray:
        """Give the total of each cell for a measure."""
        n_measures = len(ACTIVITY_TYPES[activity].measures)
        return self.first[activity] + cell * n_measures + measure


class _Terms:
    """Collects the terms of a set of classes, then lays them out by class."""

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes
        self.parts: list[tuple[np.ndarray, ...]] = []

    def add(
        self, of_class: np.ndarray, tpma: np.ndarray | int, stat: int, total: np.ndarray,
        weight: np.ndarray | float,
    ) -> None:  # fmt: skip
        shape = of_class.shape
        self.parts.append(
            (
                of_class,
                np.broadcast_to(tpma, shape),
                np.full(shape, stat),
                total,
                np.broadcast_to(np.asarray(weight, dtype=np.float64), shape),
            )
        )

    def lay_out(self) -> tuple[np.ndarray, ...]:
        of_class, tpma, stat, total, weight = (
            np.concatenate(part) for part in zip(*self.parts, strict=True)
        )
        order = np.argsort(of_class, kind="stable")
        start = np.searchsorted(of_class[order], np.arange(self.n_classes + 1))
        return (
            start.astype(np.int64),
            tpma[order].astype(np.int32),
            stat[order].astype(np.int32),
            total[order].astype(np.int32),
            weight[order],
        )


def _set_keys(tags: Tags, n_rows: int) -> np.ndarray:
    """Give a key of each row's set of TPMAs with their rates, 0 for none."""
    of_entry = np.repeat(np.arange(n_rows), np.diff(tags.start))
    entry = streams.mix(tags.tpma_key[tags.tpma] ^ streams.mix(tags.rate.view(np.uint64)))
    keys = np.zeros(n_rows, dtype=np.uint64)
    np.add.at(keys, of_entry, entry)
    return keys


def _class_keys(parts: Sequence[np.ndarray]) -> np.ndarray:
    keys = np.zeros(len(parts[0]), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for i, part in enumerate(parts):
            keys = streams.mix(keys * np.uint64(31) + part.astype(np.uint64) + np.uint64(i + 1))
    return keys


def _of_representatives(tags: Tags, first: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start, TPMA and rate of the tags of some rows."""
    counts = tags.start[first + 1] - tags.start[first]
    start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    entry = np.repeat(tags.start[first] - start[:-1], counts) + np.arange(start[-1])
    return start, tags.tpma[entry], tags.rate[entry]


def _people_factor(people: PeopleClasses, class_a: np.ndarray) -> np.ndarray:
    births = people.way[class_a] == BIRTHS
    return np.where(
        births,
        STEPS_OF_PEOPLE.index("birth_adjustment"),
        STEPS_OF_PEOPLE.index("demographic_adjustment"),
    ).astype(np.int32)


def spell_classes(
    spells: SpellRows,
    rows: Rows,
    people: PeopleClasses,
    avoidance: Tags,
    efficiency: Tags,
    targets: Mapping[str, tuple[str, np.ndarray]],
    totals: Totals,
    factors: FactorIndex,
) -> Classes:
    """Group inpatient spells.

    Args:
        spells, rows, people, avoidance, efficiency: the rows and their tags.
        targets: by kind of conversion, the activity type and (pod, site) cell of each row.
        totals, factors: numbering.
    """
    n = len(rows)
    pre_op_days = sorted({int(days) for days in efficiency.pre_op_days if days})
    stats = [np.ones(n), rows.measures[:, 2], rows.measures[:, 1], spells.days]
    stats += [stay_before_surgery(rows, days) for days in pre_op_days]
    keys = [
        spells.class_b,
        spells.cell,
        people.way[spells.class_a],
        _set_keys(avoidance, n),
        _set_keys(efficiency, n),
    ]
    keys += [target for _, target in targets.values()]
    first, pair_start, pair_a, pair_stats = group_rows(
        spells.class_a, _class_keys(keys), np.stack(stats, axis=1).astype(np.float64)
    )
    every = np.arange(len(first))
    cell = spells.cell[first]
    admissions, beddays, procedures = (totals.of_cell("ip", cell, m) for m in range(3))
    terms = _Terms(len(first))
    terms.add(every, -1, _SPELLS, admissions, 1.0)
    terms.add(every, -1, _BEDDAYS_OF_SPELL, beddays, 1.0)
    terms.add(every, -1, _WITH_PROCEDURE, procedures, 1.0)
    start, tpma, _ = _of_representatives(efficiency, first)
    of_class = np.repeat(every, np.diff(start))
    share = 1.0 / np.diff(start)[of_class]
    kind = efficiency.kind[tpma]
    for number, name in enumerate(EFFICIENCY_KINDS):
        mine = np.flatnonzero(kind == number)
        c, k, weight = of_class[mine], tpma[mine], share[mine]
        if name == "all":
            terms.add(c, k, _NIGHTS, beddays[c], -weight)
        elif name == "pre-op":
            for i, days in enumerate(pre_op_days):
                of_days = efficiency.pre_op_days[k] == days
                terms.add(
                    c[of_days], k[of_days], _FIRST_PRE_OP + i, beddays[c[of_days]], -weight[of_days]
                )
        else:
            terms.add(c, k, _SPELLS, admissions[c], -weight)
            terms.add(c, k, _BEDDAYS_OF_SPELL, beddays[c], -weight)
            terms.add(c, k, _WITH_PROCEDURE, procedures[c], -weight)
            activity, target = targets[name]
            place = target[first[c]]
            terms.add(c, k, _SPELLS, totals.of_cell(activity, place, 0), weight)
            if activity == "ip":
                terms.add(c, k, _SPELLS, totals.of_cell("ip", place, _BEDDAYS), weight)
                terms.add(c, k, _WITH_PROCEDURE, totals.of_cell("ip", place, _PROCEDURES), weight)
    return Classes(
        pair_start,
        pair_a,
        pair_stats,
        _people_factor(people, spells.class_a[first]),
        spells.class_b[first],
        *_of_representatives(avoidance, first),
        *terms.lay_out(),
    )


def count_classes(
    counts: CountRows,
    rows: Rows,
    people: PeopleClasses,
    avoidance: Tags,
    totals: Totals,
    factors: FactorIndex,
) -> Classes:
    """Group outpatient or emergency rows."""
    first, pair_start, pair_a, pair_stats = group_rows(
        counts.class_a,
        _class_keys(
            [
                counts.class_b,
                counts.cell,
                people.way[counts.class_a],
                _set_keys(avoidance, len(rows)),
                counts.tele,
            ]
        ),
        rows.measures.astype(np.float64),
    )
    every = np.arange(len(first))
    total = [totals.of_cell(rows.activity, counts.cell[first], m) for m in range(2)]
    terms = _Terms(len(first))
    for measure in range(2):
        terms.add(every, -1, measure, total[measure], 1.0)
    tele = counts.tele[first]
    moved = np.flatnonzero(tele >= 0)
    terms.add(moved, tele[moved], 0, total[0][moved], -1.0)
    terms.add(moved, tele[moved], 0, total[1][moved], 1.0)
    return Classes(
        pair_start,
        pair_a,
        pair_stats,
        _people_factor(people, counts.class_a[first]),
        counts.class_b[first],
        *_of_representatives(avoidance, first),
        *terms.lay_out(),
    )


def part_rows(
    activities: Mapping[str, Activity], totals: Totals, factors: FactorIndex
) -> np.ndarray:
    """Find the parts that can differ from zero, sampling included, (parts, 2).

    The attribution itself is run once on made-up factors, so the list cannot disagree with it.
    """
    touched = np.zeros((len(totals.baseline), len(factors.names)), dtype=bool)
    touched[:, -1] = True
    for key, activity in activities.items():
        n_a, _n_b = len(activity.people.way), activity.steps.assumption.shape[1]
        parts = np.zeros((1, *touched.shape))
        attribute(
            activity.classes,
            np.full((1, n_a), 0.37),
            np.where(activity.people.health_group >= 0, 0.23, 0.0)[None],
            np.where(activity.steps.assumption >= 0, 0.19, 0.0)[None],
            np.full((1, len(factors.avoidance[key])), 0.53),
            np.full((1, len(factors.efficiency[key])), 0.71),
            quadrature(),
            len(STEPS_OF_PEOPLE),
            STEPS_OF_PEOPLE.index("health_status_adjustment"),
            factors.first_avoidance[key],
            factors.first_efficiency[key],
            parts,
            np.zeros(touched.shape),
        )
        touched |= parts[0] != 0.0
    return np.argwhere(touched)
