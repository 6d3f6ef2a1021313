"""A made-up projection whose tables agree with each other: all are sums of the same fine rows."""

from __future__ import annotations

import numpy as np

from acutecast.demand.cube import Cube, Draws, Parts, Projection
from acutecast.demand.views import VIEWS
from acutecast.errors import Problem
from acutecast.facts import ACTIVITY_TYPES, ACUITIES, LOS_GROUPS, age_group_of_age
from acutecast.facts.specialties import specialty_group

SCENARIO = '{\n  "name": "growth ü",\n  "seed": 17\n}\n'
PROVIDER = {"dataset": "RXX", "year": 2023, "hashes": {"ip": "ab", "op": "cd"}, "source": "here"}
PODS = {
    "ip": (
        "ip_non-elective_admission",
        "ip_elective_admission",
        "ip_elective_daycase",
        "ip_maternity_admission",
    ),
    "op": ("op_first", "op_procedure"),
    "aae": ("aae_type-01", "aae_type-05"),
}
PARTS_KEYS = ("activity_type", "pod", "sitetret", "measure", "change_factor", "strategy")


def make_projection(
    seed: int = 1, runs: int = 7, years: tuple[int, ...] = (2024, 2026, 2030), cells: int = 60
) -> Projection:
    """Make a projection of all activity types; the last year has the horizon's views."""
    rng = np.random.default_rng(seed)
    fine = {activity: _fine(rng, activity, runs, years, cells) for activity in ACTIVITY_TYPES}
    cubes = {}
    for view in VIEWS:
        keys, measures, baseline, values = fine[view.activity]
        kept = np.ones(len(baseline), dtype=bool)
        if view.rows == "converted":
            kept = keys["converted"] == "yes"
        elif view.rows == "delivery":
            kept = keys["pod"] == "ip_maternity_admission"
        elif view.rows == "avoided":
            baseline, values = baseline * 0, values // 3
        columns = {name: keys[name][kept] for name in ("pod", "sitetret", *view.keys)}
        shown = years[-1:] if view.horizon_only else years
        cubes[view.name] = _roll_up(
            view.name,
            view.activity,
            columns,
            measures,
            shown,
            baseline[kept],
            values[-len(shown) :, :, kept],
        )
    return Projection(
        cubes=cubes,
        attribution=_attribution(rng, cubes, years, runs),
        step_counts=_step_counts(rng, cubes, years, runs),
        draws=Draws(
            ("expat.ip.elective.100", "ndg.op"),
            rng.random((runs, 2)),
            np.array(rng.choice(["migration_category", "low"], runs, p=[0.9, 0.1]), dtype=object),
        ),
        years=years,
        runs=runs,
        rows={"ip": 100, "op": 50, "aae": 30},
        timings={"kernel": rng.random()},
        warnings=(Problem("no factor", "ip.age", 3, "age 91", "Check it.", warning=True),),
    )


def _fine(rng, activity, runs, years, n):
    spec = ACTIVITY_TYPES[activity]
    age = rng.integers(0, 91, n)
    groups = age_group_of_age()
    keys = {
        "pod": rng.choice(PODS[activity], n),
        "sitetret": rng.choice(["RXX01", "RXX02"], n),
        "sex": rng.choice(["1", "2"], n),
        "age": age.astype(str),
        "age_group": np.array([groups[a] for a in age]),
        "tretspef": rng.choice(["100", "103", "180", "301", "560"], n),
        "los_group": rng.choice(LOS_GROUPS, n),
        "acuity": rng.choice([a for a in ACUITIES if a != "standard"], n),
        "attendance_category": rng.choice(["2", "3", "X", "unknown"], n),
        "converted": np.full(n, "no"),
    }
    baseline = rng.poisson(rng.gamma(0.7, 6, (n, 1)), (n, len(spec.measures)))
    growth = np.linspace(1.0, 1.3, len(years))[:, None, None, None]
    lam = growth * (baseline[None, None] + 0.05)
    values = rng.poisson(np.broadcast_to(lam, (len(years), runs, n, len(spec.measures))))
    if activity == "op":
        keys["pod"][0], baseline[0] = "op_procedure", 0  # converted inpatients
        values[..., 0, 1] = 0
        procedures = keys["pod"] == "op_procedure"
        baseline[procedures, 1], values[:, :, procedures, 1] = 0, 0
    if activity == "aae":
        new = slice(0, 4)
        baseline[new], values[..., new, 1] = 0, 0
        values[..., new, 0] = rng.poisson(3, values[..., new, 0].shape)
        for name, value in (
            ("pod", "aae_type-05"),
            ("acuity", "standard"),
            ("attendance_category", "1"),
            ("converted", "yes"),
        ):
            keys[name] = keys[name].astype(object)
            keys[name][new] = value
    keys["tretspef_grouped"] = np.array([specialty_group(t) for t in keys["tretspef"]])
    keys = {name: np.asarray(column).astype(object) for name, column in keys.items()}
    return keys, spec.measures, baseline.astype(np.int64), values.astype(np.int32)


def _roll_up(name, activity, columns, measures, years, baseline, values):
    rows = list(zip(*columns.values(), strict=True))
    cells = sorted(set(rows))
    number = np.array([cells.index(row) for row in rows], dtype=np.int64)
    base = np.zeros((len(cells), len(measures)), dtype=np.int64)
    np.add.at(base, number, baseline)
    sums = np.zeros((*values.shape[:2], len(cells), len(measures)), dtype=np.int32)
    np.add.at(sums, (slice(None), slice(None), number), values)
    keys = {
        key: np.array([cell[i] for cell in cells], dtype=object) for i, key in enumerate(columns)
    }
    return Cube(name, activity, keys, measures, years, base, sums)


def _totals(cubes, merged):
    """Give (activity, pod, site, measure), baseline and (years, runs) of what parts belong to."""
    for activity, spec in ACTIVITY_TYPES.items():
        cube = cubes[f"{activity}_people"]
        for pod, site in sorted(set(zip(cube.keys["pod"], cube.keys["sitetret"], strict=True))):
            mine = (cube.keys["pod"] == pod) & (cube.keys["sitetret"] == site)
            for measure in spec.steps_measures if merged else spec.measures:
                m = [0, 1] if measure == "arrivals" else [cube.measures.index(measure)]
                yield (
                    (activity, pod, site, measure),
                    cube.baseline[mine][:, m].sum(),
                    cube.values[:, :, mine][..., m].sum(axis=(2, 3)),
                )


def _attribution(rng, cubes, years, runs):
    rows, values = [], []
    for key, baseline, totals in _totals(cubes, merged=False):
        change = totals - baseline
        left = change.astype(np.float64)
        for factor, strategy in (
            ("demographic_adjustment", "-"),
            ("activity_avoidance", "tpma_a"),
            ("activity_avoidance", "tpma_b"),
        ):
            part = np.round(change * rng.normal(0.5, 0.2) * 1024) / 1024
            rows.append((*key, factor, strategy))
            values.append(part)
            left = left - part
        rows.append((*key, "sampling", "-"))
        values.append(left)
    return _parts("attribution", rows, values, years)


def _step_counts(rng, cubes, years, runs):
    rows, values = [], []
    for key, baseline, _ in _totals(cubes, merged=True):
        for factor, strategy in (("baseline", "-"), ("expat", "-"), ("efficiencies", "tpma_e")):
            rows.append((*key, factor, strategy))
            part = np.full((1, runs), float(baseline))
            if factor != "baseline":
                part = rng.normal(-3, 1, (1, runs)) * (factor != "expat")
            values.append(part)
    return _parts("step_counts", rows, values, years[-1:])


def _parts(name, rows, values, years):
    keys = {
        key: np.array([row[i] for row in rows], dtype=object) for i, key in enumerate(PARTS_KEYS)
    }
    return Parts(name, keys, years, np.stack(values, axis=2))
