"""Providers made by hand, a few kinds of rows at a time, and questions to what was projected.

People, births and deprivation stay as they are unless a test says otherwise, so that a count can
move by the one thing that the test is about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pyarrow as pa

from acutecast.demand import Projection, simulate
from acutecast.demand.cube import Cube, Parts
from acutecast.facts import age_group_of_age
from acutecast.provider import Provider
from acutecast.scenario import load_scenario, resolve
from small_provider import DATASET, YEAR, YEARS, column, small_provider

HORIZON = YEAR + 20
HALFWAY = YEAR + 10

_PERSON = {
    "age": 40,
    "sex": 1,
    "demog_type": "demographics",
    "icb": "QHM",
    "is_main_icb": True,
    "sitetret": "RXX01",
}
SPELL = {
    **_PERSON,
    "admimeth": "21",
    "classpat": "1",
    "speldur": 5,
    "group": "non-elective",
    "ndggrp": "non-elective",
    "hsagrp": "emerg",
    "pod": "ip_non-elective_admission",
    "tretspef": "300",
    "tretspef_grouped": "300",
    "is_wla": False,
    "has_procedure": False,
    "maternity_delivery_in_spell": False,
    "imd_quintile": 1,
    "sushrg_trimmed": "ZZ99",
}
ELECTIVE = {
    **SPELL,
    "admimeth": "11",
    "group": "elective",
    "ndggrp": "elective",
    "hsagrp": "ordelec",
    "pod": "ip_elective_admission",
    "tretspef": "110",
    "tretspef_grouped": "110",
    "is_wla": True,
    "has_procedure": True,
}
CONTACT = {
    **_PERSON,
    "type": "adult_surgical",
    "group": "followup",
    "ndggrp": "followup",
    "hsagrp": "op_adult_surgical_followup",
    "pod": "op_follow-up",
    "tretspef": "110",
    "tretspef_grouped": "110",
    "is_wla": True,
    "is_first": False,
    "has_procedures": False,
    "is_gp_ref": False,
    "is_cons_cons_ref": False,
    "imd_quintile": 1,
    "sushrg_trimmed": "ZZ99",
    "attendances": 1000,
    "tele_attendances": 200,
}
ARRIVAL = {
    **_PERSON,
    "group": "walk-in",
    "ndggrp": "walk-in",
    "hsagrp": "aae_adult_walk-in",
    "pod": "aae_type-01",
    "tretspef_grouped": "Other",
    "is_ambulance": False,
    "is_frequent_attender": False,
    "is_left_before_treatment": False,
    "is_low_cost_referred_or_discharged": False,
    "is_discharged_no_treatment": False,
    "acuity": "standard",
    "attendance_category": "1",
    "arrivals": 1000,
}


def provider_of(
    ip: Sequence[tuple[int, Mapping[str, Any]]] = ((1, SPELL),),
    op: Sequence[Mapping[str, Any]] = (CONTACT,),
    aae: Sequence[Mapping[str, Any]] = (ARRIVAL,),
    avoidance: Mapping[int, Mapping[str, float]] | None = None,
    efficiencies: Mapping[int, Sequence[str]] | None = None,
    population: Mapping[int, float] | None = None,
    births: Mapping[int, float] | None = None,
    inequalities: Mapping[str, Sequence[Any]] | None = None,
    activity: Mapping[str, Sequence[Any]] | None = None,
) -> Provider:
    """Make a provider of a few kinds of rows.

    Args:
        ip: kinds of spells: how many of each, and the columns.
        op, aae: rows.
        avoidance: by kind of spell (its place in `ip`), sample rate by TPMA.
        efficiencies: by kind of spell, its TPMAs.
        population, births: factor on the baseline by year, for every age and sex; 1 elsewhere.
        inequalities, activity: columns of the tables `inequalities` and `hsa_activity_tables`.
    """
    kind = np.repeat(np.arange(len(ip)), [count for count, _ in ip])
    rn = np.array([f"s{i}" for i in range(len(kind))], dtype=object)
    avoided = [
        (key, tpma, rate)
        for number, tpmas in (avoidance or {}).items()
        for tpma, rate in tpmas.items()
        for key in rn[kind == number]
    ]
    shortened = [
        (key, tpma, 1.0)
        for number, tpmas in (efficiencies or {}).items()
        for tpma in tpmas
        for key in rn[kind == number]
    ]
    base = small_provider(40)
    tables = {
        "ip": _rows([dict(ip[k][1]) for k in kind], rn, base.tables["ip"]),
        "op": _rows([dict(row) for row in op], None, base.tables["op"]),
        "aae": _rows([dict(row) for row in aae], None, base.tables["aae"]),
        "ip_activity_avoidance_strategies": _tags(avoided),
        "ip_efficiencies_strategies": _tags(shortened),
        "demographic_factors": _factors(base.tables["demographic_factors"], population),
        "birth_factors": _factors(base.tables["birth_factors"], births),
        "hsa_activity_tables": base.tables["hsa_activity_tables"],
        "inequalities": base.tables["inequalities"],
    }
    for name, given in (("inequalities", inequalities), ("hsa_activity_tables", activity)):
        if given is not None:
            tables[name] = pa.table({key: column(values) for key, values in given.items()})
    return Provider(DATASET, YEAR, tables)


def _rows(rows: list[dict[str, Any]], rn: np.ndarray | None, like: pa.Table) -> pa.Table:
    if not rows:
        return like.slice(0, 0)
    groups = age_group_of_age()
    columns = {name: column([row[name] for row in rows]) for name in rows[0]}
    columns["age_group"] = column([groups[row["age"]] for row in rows])
    keys = [f"r{i}" for i in range(len(rows))] if rn is None else rn.tolist()
    return pa.table({"rn": pa.array(keys, pa.string()), **columns})


def _tags(entries: list[tuple[str, str, float]]) -> pa.Table:
    rn, strategy, rate = zip(*entries, strict=True) if entries else ((), (), ())
    text = pa.array(list(strategy), pa.string()).dictionary_encode()
    return pa.table(
        {
            "rn": pa.array(list(rn), pa.string()),
            "strategy": text,
            "sample_rate": pa.array(list(rate), pa.float64()),
        }
    )


def _factors(table: pa.Table, by_year: Mapping[int, float] | None) -> pa.Table:
    for year in YEARS:
        values = np.full(table.num_rows, 1000.0 * (by_year or {}).get(year, 1.0))
        place = table.column_names.index(str(year))
        table = table.set_column(place, str(year), pa.array(values))
    return table


PLAIN = {"name": "plain", "health_status": False, "non_demographic_growth": "none"}
"""A scenario that assumes nothing at all."""


def project(
    provider: Provider,
    assumed: Mapping[str, Any],
    years: str | Sequence[int] = "horizon",
    threads: int = 1,
) -> Projection:
    """Simulate what is assumed over the plain scenario, 20 years on unless it says otherwise."""
    scenario = load_scenario({**PLAIN, "horizon_year": HORIZON, **assumed})
    resolved = resolve(scenario, provider.dataset, provider.year, YEARS[-1])
    return simulate(provider, resolved, years=years, threads=threads, empty_tpmas="warn")


def cells_where(keys: Mapping[str, np.ndarray], **where: str) -> np.ndarray:
    """Tell which cells or parts have the given keys."""
    mask = np.ones(len(next(iter(keys.values()))), dtype=bool)
    for name, value in where.items():
        mask &= keys[name] == value
    return mask


def counted(projection: Projection, view: str, measure: str, **where: str) -> np.ndarray:
    """Sum a measure of a view over the cells with the given keys, (years, runs)."""
    cube = projection.cubes[view]
    chosen = cube.values[:, :, cells_where(cube.keys, **where), cube.measures.index(measure)]
    return chosen.sum(axis=2, dtype=np.int64)


def part(projection: Projection, **where: str) -> np.ndarray:
    """Sum the parts of the attribution with the given keys, (years, runs)."""
    parts = projection.attribution
    return parts.values[:, :, cells_where(parts.keys, **where)].sum(axis=2)


def by_place(cube: Cube) -> dict[tuple[str, str, str], tuple[int, np.ndarray]]:
    """Baseline and counts (years, runs) of a cube by pod, site and measure."""
    result = {}
    places = sorted(set(zip(cube.keys["pod"], cube.keys["sitetret"], strict=True)))
    for pod, site in places:
        mine = cells_where(cube.keys, pod=pod, sitetret=site)
        for m, measure in enumerate(cube.measures):
            values = cube.values[:, :, mine, m].sum(axis=2, dtype=np.int64)
            result[pod, site, measure] = (int(cube.baseline[mine, m].sum()), values)
    return result


def sums_of_parts(parts: Parts) -> dict[tuple[str, str, str, str], np.ndarray]:
    """Sum parts over factors, by activity type, pod, site and measure, (years, runs)."""
    names = ("activity_type", "pod", "sitetret", "measure")
    result: dict[tuple[str, str, str, str], np.ndarray] = {}
    for i, key in enumerate(zip(*(parts.keys[name] for name in names), strict=True)):
        result[key] = result.get(key, 0.0) + parts.values[:, :, i]
    return result


def shapley(factors: dict[str, float], amount: float) -> dict[str, float]:
    """Mean gain of a factor over all orders in which the factors may come: the definition."""
    parts = dict.fromkeys(factors, 0.0)
    orders = list(permutations(factors))
    for order in orders:
        reached = amount
        for name in order:
            parts[name] += reached * (factors[name] - 1) / len(orders)
            reached *= factors[name]
    return parts
