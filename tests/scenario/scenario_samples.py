"""Scenarios and distributions that tests draw at random."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

from acutecast.facts import SPECIALTY_GROUPS, rows

SHAPES = ("linear", "front_loaded", "back_loaded", "s_curve", "immediate")
TPMAS = {
    (kind, activity): [
        row["key"]
        for row in rows("tpmas")
        if row["kind"] == kind and row["activity_type"] == activity
    ]
    for kind in ("activity_avoidance", "efficiencies")
    for activity in ("ip", "op", "aae")
}


def ascending(low: float, high: float, count: int) -> st.SearchStrategy[list[float]]:
    """Lists of values within a range that rise by at least a hundredth of it."""
    steps = st.integers(0, 1000)
    return (
        st.lists(steps, min_size=count, max_size=count, unique=True)
        .map(sorted)
        .filter(lambda s: all(b - a >= 10 for a, b in pairwise(s)))
        .map(lambda s: [low + (high - low) * x / 1000 for x in s])
    )


def points(low: float, high: float) -> st.SearchStrategy:
    return st.floats(low, high)


def intervals(low: float, high: float) -> st.SearchStrategy:
    return ascending(low, high, 2)


def objects(low: float, high: float) -> st.SearchStrategy[dict]:
    """Every distribution in object form, but the metalog."""
    two, three = ascending(low, high, 2), ascending(low, high, 3)

    def peaked(name: str) -> st.SearchStrategy[dict]:
        return three.map(lambda v: {"distribution": name, "low": v[0], "mode": v[1], "high": v[2]})

    return st.one_of(
        points(low, high).map(lambda v: {"distribution": "point", "value": v}),
        two.map(lambda v: {"distribution": "normal", "p10": v[0], "p90": v[1]}),
        two.map(lambda v: {"distribution": "truncated_normal", "p10": v[0], "p90": v[1]}),
        two.map(lambda v: {"distribution": "uniform", "low": v[0], "high": v[1]}),
        peaked("triangular"),
        peaked("pert"),
    )


profiles = st.one_of(
    st.sampled_from(SHAPES),
    st.integers(2024, 2040).map(lambda year: {"step": year}),
    st.dictionaries(st.integers(2024, 2039).map(str), st.floats(0, 1), max_size=4).map(
        lambda table: {"table": {**table, "2040": 1}}
    ),
)


@st.composite
def timed(draw: st.DrawFn, low: float, high: float) -> object:
    """An assumption in any form, perhaps with a profile and a reason."""
    written = draw(st.one_of(points(low, high), intervals(low, high), objects(low, high)))
    if isinstance(written, dict):
        if draw(st.booleans()):
            written = {**written, "profile": draw(profiles)}
        if draw(st.booleans()):
            written = {**written, "reason": draw(st.text(st.characters(codec="utf-8")))}
    return written


def _some(keys: list[str] | tuple[str, ...], values: st.SearchStrategy) -> st.SearchStrategy:
    return st.dictionaries(st.sampled_from(keys), values, max_size=3)


def _flows(values: st.SearchStrategy) -> st.SearchStrategy[dict]:
    by_specialty = _some(SPECIALTY_GROUPS, values)
    return st.fixed_dictionaries(
        {},
        optional={
            "ip": _some(("elective", "non-elective"), by_specialty),
            "op": by_specialty,
            "aae": _some(("ambulance", "walk-in"), values),
        },
    )


def _growth(values: st.SearchStrategy) -> st.SearchStrategy:
    full = {
        "ip": ("elective", "non-elective", "maternity"),
        "op": ("first", "followup", "procedure"),
        "aae": ("ambulance", "walk-in"),
    }
    tree = {a: st.fixed_dictionaries(dict.fromkeys(g, values)) for a, g in full.items()}
    names = st.sampled_from(("primary", "sensitivity", "retired", "none"))
    return st.one_of(names, st.fixed_dictionaries(tree))


def _probabilities(weights: dict[str, float]) -> dict[str, float]:
    """Scale weights to sum to 1."""
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def scenarios(nhp: bool = False) -> st.SearchStrategy[dict]:
    """Contents of scenario files; with `nhp`, such as an NHP parameter file can say."""

    def stated(low: float, high: float) -> st.SearchStrategy:
        return st.one_of(points(low, high), intervals(low, high)) if nhp else timed(low, high)

    factor = points(0, 5) if nhp else timed(0, 5)
    specialties = _some(SPECIALTY_GROUPS, factor)
    baseline = {
        "ip": _some(("elective", "non-elective"), specialties),
        "op": _some(("first", "followup", "procedure"), specialties),
        "aae": _some(("ambulance", "walk-in"), factor),
    }
    text = st.text(st.characters(codec="utf-8"))
    variants = st.sampled_from([row["variant"] for row in rows("population_variants")][:6])
    weights = st.dictionaries(variants, st.floats(0.01, 1), min_size=1)
    parts = {
        "description": text,
        "seed": st.integers(),
        "runs": st.integers(1, 65_536),
        "population": st.fixed_dictionaries(
            {"variants": weights.map(_probabilities) if nhp else weights}
        ),
        "health_status": st.booleans(),
        "non_demographic_growth": _growth(st.one_of(points(0, 5), intervals(0, 5))),
        "expat": _flows(stated(0, 1)),
        "repat_local": _flows(stated(1, 5)),
        "repat_nonlocal": _flows(stated(1, 5)),
        "baseline_adjustment": st.fixed_dictionaries({}, optional=baseline),
        "waiting_list": st.fixed_dictionaries({}, optional={"ip": specialties, "op": specialties}),
        "inequalities": st.sampled_from([{}, {"level_up": ["HN22", "HN23"], "zero_sum": ["AA22"]}]),
        "reasons": st.dictionaries(text, text, max_size=2),
    }
    for kind in ("activity_avoidance", "efficiencies"):
        tpmas = {
            a: _some(keys, stated(0, 1)) for (k, a), keys in TPMAS.items() if k == kind and keys
        }
        parts[kind] = st.fixed_dictionaries({}, optional=tpmas)
    needed = {
        "name": text.filter(bool),
        "dataset": st.just("RXX"),
        "baseline_year": st.sampled_from((2023, 2024)),
        "horizon_year": st.integers(2025, 2047),
    }
    return st.fixed_dictionaries(needed, optional=parts)
