"""How many runs are enough: errors that agree with theory and with simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from acutecast.errors import AcutecastError
from acutecast.results.convergence import (
    precise_enough,
    runs_for,
    standard_error_of_mean,
    standard_error_of_quantile,
)

COUNTS = hnp.arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(2, 30)),
                    elements=st.integers(0, 10**6))  # fmt: skip


def test_the_error_of_a_mean_by_hand():
    # 1, 2, 3: s = 1; 0, 4: s = sqrt(8).
    assert standard_error_of_mean(np.array([1, 2, 3])) == pytest.approx(1 / np.sqrt(3))
    assert standard_error_of_mean(np.array([[0, 4], [7, 7]])) == pytest.approx([2, 0])
    assert standard_error_of_mean(np.array([[5.0]])).tolist() == [np.inf]


def test_the_error_of_a_quantile_by_hand():
    # The median of two runs: halfway, Beta(1.5, 1.5), so each run has weight 1/2.
    assert standard_error_of_quantile(np.array([10, 14]), 0.5) == pytest.approx(2)
    # The smallest of two: Beta(1, 2) has 3/4 of its weight below 1/2: sd = 4 sqrt(3/16).
    assert standard_error_of_quantile(np.array([14, 10]), 0) == pytest.approx(np.sqrt(3))
    assert standard_error_of_quantile(np.array([3.0]), 0.1) == np.inf


@given(st.integers(2, 200), st.integers(0, 200), st.integers(0, 10**6))
def test_weights_are_those_of_the_beta_distribution(runs, place, seed):
    place = min(place, runs - 1)
    values = np.random.default_rng(seed).gamma(2, 100, runs)
    edges = np.arange(runs + 1) / runs
    # Between two places the power of the density is not whole, and the sum is a little rough.
    for between, rough in ((0.0, 1e-6), (0.37, 1e-3)):
        q = min((place + between) / (runs - 1), 1)
        weights = np.diff(stats.beta.cdf(edges, 1 + (runs - 1) * q, 1 + (runs - 1) * (1 - q)))
        middle = weights @ values[np.argsort(values)]
        variance = weights @ (np.sort(values) - middle) ** 2
        assert standard_error_of_quantile(values, q) ** 2 == pytest.approx(variance, rel=rough)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["normal", "exponential", "poisson"])
def test_errors_are_the_spread_of_repeated_simulations(q, kind):
    rng = np.random.default_rng(17)
    size = (3000, 200)
    values = rng.poisson(400, size) if kind == "poisson" else getattr(rng, kind)(size=size)
    spread = np.quantile(values, q, axis=-1).std()
    assert np.median(standard_error_of_quantile(values, q)) == pytest.approx(spread, rel=0.1)
    assert np.median(standard_error_of_mean(values)) == pytest.approx(
        values.mean(axis=-1).std(), rel=0.06
    )


def test_the_error_of_a_median_agrees_with_its_density():
    # sqrt(q (1 - q) / n) / density, on the quantiles of a normal distribution themselves.
    values = stats.norm.ppf((np.arange(4000) + 0.5) / 4000)
    for q in (0.1, 0.5, 0.9):
        theory = np.sqrt(q * (1 - q) / 4000) / stats.norm.pdf(stats.norm.ppf(q))
        assert standard_error_of_quantile(values, q) == pytest.approx(theory, rel=0.01)


@given(COUNTS, st.floats(0, 1), st.integers(1, 1000), st.integers(-(10**6), 10**6))
def test_errors_follow_the_unit(values, q, scale, shift):
    for error in (standard_error_of_mean, lambda v: standard_error_of_quantile(v, q)):
        moved = error(values * scale + shift)
        assert moved == pytest.approx(scale * error(values), rel=1e-6, abs=1e-6)
        assert error(values[:, ::-1]) == pytest.approx(error(values), rel=1e-9, abs=1e-9)


def test_runs_by_hand():
    # Mean 100 and s = 10: one percent needs (10 / 1)² = 100 runs, to the run.
    values = 100 + 10 * np.tile([-1.0, 1.0], 50) * np.sqrt(99 / 100)
    assert runs_for(values, 0.01) == 100
    assert precise_enough(values, 0.01)
    assert runs_for(values, 0.005) == 400
    assert not precise_enough(values, 0.005)
    assert runs_for(-values, 0.005) == 400


def test_nothing_more_is_needed_where_nothing_varies():
    values = np.array([[0, 0, 0], [9, 9, 9], [-1, 0, 1]])
    assert runs_for(values, 0.001).tolist() == [1, 1, np.inf]
    assert precise_enough(values, 0.001).tolist() == [True, True, False]
    assert (runs_for(np.full(7, 0.1), 1e-9), runs_for(np.array([4.0]), 0.1)) == (1, np.inf)
    assert not precise_enough(np.array([4.0]), 0.1)


@given(COUNTS, st.floats(1e-4, 1))
def test_enough_runs_are_enough(values, precision):
    error, mean = standard_error_of_mean(values), np.abs(values.mean(axis=-1))
    enough = precise_enough(values, precision)
    assert (error[enough] <= precision * mean[enough] * (1 + 1e-9)).all()
    assert (error[~enough] > precision * mean[~enough] * (1 - 1e-9)).all()
    # One run fewer than asked for would not do.
    needed = runs_for(values, precision)
    fewer = (needed > 1) & np.isfinite(needed)
    deviation = error * np.sqrt(values.shape[-1])
    short = deviation[fewer] / np.sqrt(needed[fewer] - 1)
    assert (short > precision * mean[fewer] * (1 - 1e-9)).all()


def test_faults_are_said():
    for call in (standard_error_of_mean, lambda v: runs_for(v, 0.1)):
        with pytest.raises(AcutecastError, match="no runs"):
            call(np.zeros((3, 0)))
        with pytest.raises(AcutecastError, match="missing or infinite"):
            call(np.array([1.0, np.nan]))
    with pytest.raises(AcutecastError, match="0 to 1"):
        standard_error_of_quantile(np.arange(3), 1.1)
    with pytest.raises(AcutecastError, match="precision"):
        precise_enough(np.arange(3), 0)
