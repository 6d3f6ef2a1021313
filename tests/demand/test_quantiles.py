"""Counts by inversion are exact quantiles, and move one way with their uniform and parameters."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import stats

from acutecast.demand.quantiles import (
    LEAST_ASYMPTOTIC_MEAN,
    binomial_quantile,
    normal_quantile,
    poisson_path,
    poisson_quantile,
)

MEANS = (
    *(0.01, 0.1, 0.5, 1.0, 2.0, 3.0, 3.999, 4.0, 4.5, 7.0, 9.999, 10.0, 12.5, 30.0),
    *(100.0, 126.0, 127.5, 1e3, 1e4, 1e5),
)
# Nearer to 0 and 1 the rounding of sums, not the distribution, decides between neighbours.
uniforms = st.floats(1e-12, 1 - 1e-12)
shares = st.floats(0, 1)
STAYS = (1, 2, 5, 30, 365, 511, 512, 513, 1000, 1536, 1537, 2048, 5000)


def poisson(u: float, mean: float) -> int:
    return poisson_quantile(u, normal_quantile(u), mean)


def uniforms_of(seed: int, n: int) -> np.ndarray:
    return (np.random.default_rng(seed).integers(0, 2**52, n) + 0.5) * 2.0**-52


@pytest.mark.parametrize("mean", MEANS)
def test_poisson_is_the_quantile(mean):
    u = np.concatenate([uniforms_of(1, 2000), 10.0 ** -np.arange(1.0, 11.0)])
    u = np.concatenate([u, 1 - 10.0 ** -np.arange(1.0, 11.0)])
    found = np.array([poisson(x, mean) for x in u])
    assert np.array_equal(found, stats.poisson.ppf(u, mean))


@pytest.mark.parametrize("mean", MEANS)
def test_poisson_turns_where_the_distribution_function_does(mean):
    """The hardest uniforms lie at the steps: there the expansion is nearest to a whole number."""
    low, high = stats.poisson.ppf([1e-9, 1 - 1e-9], mean)
    k = np.unique(np.linspace(low, high, 400).round())
    step = stats.poisson.cdf(k, mean)
    near = np.maximum(1e-9 * np.minimum(step, 1 - step), 1e-14)
    for count, at, d in zip(k, step, near, strict=True):
        if 1e-7 < at < 1 - 1e-7:
            assert poisson(at - d, mean) == count
            assert poisson(at + d, mean) == count + 1


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("u", [2.0**-53, 1e-14, 1e-12, 1 - 1e-12, 1 - 1e-14, 1 - 2.0**-53])
def test_far_tails_of_poisson(mean, u):
    """So far out the rounding of sums, some 1e-15 of the total, decides between neighbours."""
    k = poisson(u, mean)
    if u < 0.5:
        # Terms below 1e-18 are left out: in all less than the smallest uniform there is.
        rounding = 1e-9 * u + 1e-16
        assert stats.poisson.cdf(k, mean) >= u - rounding
        assert k == 0 or stats.poisson.cdf(k - 1, mean) <= u + rounding
    else:
        assert stats.poisson.sf(k, mean) <= 1 - u + 2e-15
        assert k == 0 or stats.poisson.sf(k - 1, mean) >= 1 - u - 2e-15


def test_poisson_of_nothing_is_nothing():
    assert poisson(1 - 2.0**-53, 0.0) == 0


@settings(deadline=None)
@given(uniforms, uniforms, st.floats(0, 300))
def test_poisson_does_not_fall_with_its_uniform(u, v, mean):
    assert poisson(min(u, v), mean) <= poisson(max(u, v), mean)


@settings(deadline=None)
@given(uniforms, st.floats(0, 300), st.floats(0, 300))
@example(0.5, 3.9999999, 4.0)
def test_poisson_does_not_fall_with_its_mean(u, a, b):
    assert poisson(u, min(a, b)) <= poisson(u, max(a, b))


@settings(deadline=None)
@given(
    uniforms,
    st.lists(
        st.one_of(st.floats(0, 15), st.floats(0, 0.2), st.sampled_from([0.0, 4.0, 10.0])),
        min_size=1,
        max_size=30,
    ),
)
def test_a_path_is_the_quantile_of_every_year(u, means):
    out = np.full(len(means), -1)
    most = poisson_path(u, normal_quantile(u), np.array(means), out)
    expected = [poisson(u, mean) for mean in means]
    assert out.tolist() == expected
    assert most == max(expected)


def test_smooth_paths_are_the_quantile_of_every_year():
    """Years in which the mean hardly moves take the shortcut; thousands of them, all exact."""
    for seed, u in enumerate(uniforms_of(2, 3000)):
        rng = np.random.default_rng(seed)
        means = rng.uniform(0.05, 12) * np.exp(np.cumsum(rng.normal(0, 0.01, 20)))
        out = np.empty(20, dtype=np.int64)
        poisson_path(u, normal_quantile(u), means, out)
        assert out.tolist() == [poisson(u, mean) for mean in means]


@pytest.mark.parametrize("n", [1, 3, 10, 100, 512, 600, 5000])
@pytest.mark.parametrize("p", [1e-6, 0.01, 0.3, 0.5, 0.50001, 0.9, 0.999])
def test_binomial_is_the_quantile(n, p):
    u = np.concatenate([uniforms_of(3, 300), [3e-10, 3e-5, 1 - 3e-5, 1 - 3e-10]])
    found = np.array([binomial_quantile(x, n, p) for x in u])
    assert np.array_equal(found, stats.binom.ppf(u, n, p))


@settings(deadline=None)
@given(uniforms, uniforms, st.integers(0, 5000), shares)
@example(0.29999, 0.3, 5000, 0.7)
@example(0.3, 0.3000001, 600, 0.5)
def test_binomial_does_not_fall_with_its_uniform(u, v, n, p):
    assert binomial_quantile(min(u, v), n, p) <= binomial_quantile(max(u, v), n, p)


@settings(deadline=None)
@given(uniforms, st.integers(0, 5000), st.integers(0, 5000), shares)
@example(0.5, 512, 513, 0.5)
def test_binomial_does_not_fall_with_the_days(u, a, b, p):
    assert binomial_quantile(u, min(a, b), p) <= binomial_quantile(u, max(a, b), p)


@settings(deadline=None)
@given(uniforms, st.integers(0, 5000), shares, shares)
@example(0.3, 100, 0.5, 0.5000001)
def test_binomial_does_not_fall_with_the_share(u, n, p, q):
    assert binomial_quantile(u, n, min(p, q)) <= binomial_quantile(u, n, max(p, q))


@settings(deadline=None)
@given(st.floats(2.0**-53, 1 - 2.0**-53), st.integers(0, 5000), shares)
@example(2.0**-53, 5000, 0.7)
@example(1 - 2.0**-53, 5000, 0.3)
def test_binomial_keeps_within_the_stay(u, n, p):
    kept = binomial_quantile(u, n, p)
    assert 0 <= kept <= n
    assert binomial_quantile(u, n, 0.0) == 0
    assert binomial_quantile(u, n, 1.0) == n


@pytest.mark.parametrize("n", STAYS)
@pytest.mark.parametrize("p", [0.3, 0.7, 0.95])
def test_long_stays_have_the_right_mean_and_spread(n, p):
    u = uniforms_of(4, 4000)
    found = np.array([binomial_quantile(x, n, p) for x in u])
    spread = np.sqrt(n * p * (1 - p))
    assert abs(found.mean() - n * p) < 4.5 * spread / np.sqrt(len(u))
    kurtosis = stats.binom.stats(n, p, moments="k")
    error = np.sqrt((2 + kurtosis) / len(u))
    assert abs(found.var() / spread**2 - 1) < 4.5 * error


def test_normal_quantile():
    u = np.concatenate([uniforms_of(5, 2000), 10.0 ** -np.arange(1.0, 16.0), [0.5, 1 - 2.0**-53]])
    found = np.array([normal_quantile(x) for x in u])
    assert np.allclose(found, stats.norm.ppf(u), rtol=1e-14, atol=1e-15)


def test_the_expansion_serves_means_from_four():
    assert LEAST_ASYMPTOTIC_MEAN in MEANS
