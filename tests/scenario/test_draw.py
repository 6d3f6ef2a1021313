"""Draws: keyed by name, correlated where stated."""

import numpy as np
import pytest
from hypothesis import given, settings
from scenario_samples import scenarios
from scipy import stats

from acutecast import streams
from acutecast.scenario import draw_assumptions, load_scenario

SMOKING = "activity_avoidance.ip.smoking"
FALLS = "activity_avoidance.ip.falls_related_admissions"


def drawn(content: dict, **options) -> dict[str, np.ndarray]:
    names, values, variants, health = draw_assumptions(load_scenario(content), **options)
    by_name = dict(zip(names, values.T, strict=True))
    return {**by_name, "variants": variants, "health": health}


def content(**tpmas) -> dict:
    return {"name": "x", "activity_avoidance": {"ip": tpmas}}


@settings(max_examples=30, deadline=None)
@given(scenarios())
def test_draws_are_in_range_and_in_order(written):
    scenario = load_scenario(written)
    names, values, variants, health = draw_assumptions(scenario, runs=20)
    assumptions = scenario.assumptions()
    assert names == tuple(a.name for a in assumptions) == tuple(sorted(names))
    assert values.shape == (20, len(names))
    for assumption, column in zip(assumptions, values.T, strict=True):
        low, high = assumption.valid
        assert ((column >= low) & (column <= high)).all()
    assert set(variants) <= set(scenario.population.variants)
    assert ((health > 0) & (health < 1)).all()


@settings(max_examples=30, deadline=None)
@given(scenarios())
def test_adding_an_assumption_changes_no_other_draw(written):
    tpmas = {**written.get("activity_avoidance", {}).get("ip", {})}
    tpmas.pop("smoking", None)
    avoidance = {**written.get("activity_avoidance", {}), "ip": tpmas}
    before = drawn({**written, "activity_avoidance": avoidance}, runs=8)
    with_smoking = {**avoidance, "ip": {**tpmas, "smoking": [0.7, 0.9]}}
    after = drawn({**written, "activity_avoidance": with_smoking}, runs=8)
    assert set(after) - set(before) == {SMOKING}
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)


def test_a_draw_is_the_quantile_of_its_own_stream():
    uniforms = streams.uniforms(streams.key(7, "assumption", SMOKING), np.arange(1, 6))
    values = drawn(
        content(smoking={"distribution": "uniform", "low": 0.5, "high": 1}), runs=5, seed=7
    )
    np.testing.assert_allclose(values[SMOKING], 0.5 + uniforms / 2)


def test_more_runs_keep_the_first_ones_and_the_seed_matters():
    written = content(smoking=[0.7, 0.9])
    few, many = drawn(written, runs=10), drawn(written, runs=100)
    np.testing.assert_array_equal(few[SMOKING], many[SMOKING][:10])
    assert (drawn(written, runs=10, seed=2)[SMOKING] != few[SMOKING]).all()
    assert len(drawn({**written, "runs": 33})[SMOKING]) == 33


def test_points_are_constant_and_growth_is_there():
    values = drawn(content(smoking=0.75), runs=50)
    assert (values[SMOKING] == 0.75).all()
    growth = values["non-demographic_adjustment.ip.elective"]
    assert np.quantile(growth, [0.1, 0.9]) == pytest.approx([1.0053, 1.0071], abs=5e-4)


def test_variants_follow_the_weights():
    weights = {"var_proj_10_year_migration": 3, "migration_category": 1, "low_fertility": 0}
    written = {"name": "x", "population": {"variants": weights}}
    variants = drawn(written, runs=4000)["variants"]
    assert set(variants) == {"var_proj_10_year_migration", "migration_category"}
    share = (variants == "migration_category").mean()
    assert share == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 4000))
    reordered = {"variants": dict(reversed(weights.items()))}
    again = drawn({"name": "x", "population": reordered}, runs=4000)["variants"]
    np.testing.assert_array_equal(variants, again)


@pytest.mark.parametrize("rho", [0.8, 1.0, -0.6, -1.0])
def test_correlation_is_met_and_margins_stay(rho):
    group = {"name": "g", "assumptions": ["activity_avoidance.ip.*"], "rho": rho}
    written = content(
        smoking={"distribution": "uniform", "low": 0, "high": 1},
        falls_related_admissions={"distribution": "uniform", "low": 0, "high": 1},
    )
    runs = 4000
    alone = drawn(written, runs=runs)
    values = drawn({**written, "correlations": [group]}, runs=runs)
    scores = stats.norm.ppf(np.stack([values[SMOKING], values[FALLS]]))
    error = (1 - rho**2) / np.sqrt(runs)
    assert np.corrcoef(scores)[0, 1] == pytest.approx(rho, abs=4 * error + 1e-9)
    for name in (SMOKING, FALLS):
        assert stats.kstest(values[name], "uniform").pvalue > 1e-4
    for name in set(values) - {SMOKING, FALLS}:
        np.testing.assert_array_equal(values[name], alone[name])


def test_negative_correlation_of_three_is_the_same_for_every_pair():
    tpmas = {key: [0.4, 0.6] for key in ("smoking", "falls_related_admissions", "raid_ae")}
    group = {"name": "g", "assumptions": ["activity_avoidance.*"], "rho": -0.5}
    values = drawn({**content(**tpmas), "correlations": [group]}, runs=4000)
    columns = [v for name, v in values.items() if name.startswith("activity_avoidance")]
    pairs = np.corrcoef(columns)[np.triu_indices(3, 1)]
    assert pairs == pytest.approx(-0.5, abs=0.05)
    assert np.sum(columns, axis=0) == pytest.approx(1.5, abs=1e-9)


def test_health_can_be_correlated():
    group = {"name": "g", "assumptions": ["health_status_adjustment", SMOKING], "rho": 1}
    written = content(smoking={"distribution": "uniform", "low": 0, "high": 1})
    values = drawn({**written, "correlations": [group]}, runs=50)
    np.testing.assert_allclose(values["health"], values[SMOKING])


def test_positive_group_member_does_not_depend_on_the_others():
    group = {"name": "g", "assumptions": ["activity_avoidance.*"], "rho": 0.5}
    two = content(smoking=[0.7, 0.9], raid_ae=[0.7, 0.9])
    three = content(smoking=[0.7, 0.9], raid_ae=[0.7, 0.9], falls_related_admissions=[0.7, 0.9])
    a = drawn({**two, "correlations": [group]}, runs=20)
    b = drawn({**three, "correlations": [group]}, runs=20)
    np.testing.assert_array_equal(a[SMOKING], b[SMOKING])
