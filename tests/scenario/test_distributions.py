"""Distributions: against SciPy, and properties of all."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scenario_samples import ascending, objects
from scipy import integrate, stats

from acutecast.errors import AcutecastError
from acutecast.scenario import Metalog, Normal, Pert, Triangular, TruncatedNormal, load_scenario
from acutecast.scenario.beta import beta_cdf, beta_quantile
from acutecast.scenario.distributions import P10_TO_P90, normal_cdf, normal_quantile

U = np.concatenate([[1e-9, 1e-6], np.linspace(0.001, 0.999, 101), [1 - 1e-6, 1 - 1e-9]])
RANGES = {"expat": (0, 1), "repat_local": (1, 5)}


def stated(written: object, section: str = "expat"):
    """Read an assumption as it stands in a section of a scenario."""
    scenario = load_scenario({"name": "x", section: {"op": {"100": written}}})
    return next(a for a in scenario.assumptions() if a.section == section).distribution


def test_interval_is_the_normal_of_the_nhp_model():
    interval = stated([0.7, 0.9])
    assert pytest.approx(2.563103, abs=1e-6) == P10_TO_P90
    assert interval.quantile(np.array([0.1, 0.5, 0.9])) == pytest.approx([0.7, 0.8, 0.9])
    assert (interval.centre, interval.spread) == pytest.approx((0.8, 0.2 / 2.563103))


@pytest.mark.parametrize("written", [[0.4, 0.6], [0.95, 1], [0, 1], [0.001, 0.002]])
def test_clipped_normal_mean(written):
    interval = stated(written)
    parent = stats.norm(interval.centre, interval.spread)
    low, high = (np.clip(interval.centre + k * interval.spread, 0, 1) for k in (-12, 12))
    inside, _ = integrate.quad(lambda x: x * parent.pdf(x), low, high)
    assert interval.mean() == pytest.approx(inside + parent.sf(1), abs=1e-8)
    middles = (np.arange(200_000) + 0.5) / 200_000
    assert interval.mean() == pytest.approx(interval.quantile(middles).mean(), abs=1e-5)


@pytest.mark.parametrize("pair", [(0.4, 0.6), (0.9, 0.99), (0.0, 1.0), (0.0, 0.1)])
def test_truncated_normal(pair):
    ours = TruncatedNormal(p10=pair[0], p90=pair[1]).within(0, 1)
    edges = (0 - ours.centre) / ours.spread, (1 - ours.centre) / ours.spread
    theirs = stats.truncnorm(*edges, ours.centre, ours.spread)
    assert ours.quantile(U) == pytest.approx(theirs.ppf(U), abs=1e-8)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=1e-8)


@pytest.mark.parametrize("corners", [(0.2, 0.5, 0.9), (0.2, 0.2, 0.9), (0.2, 0.9, 0.9)])
def test_triangular_and_pert(corners):
    low, mode, high = corners
    width = high - low
    share = (mode - low) / width
    triangular = Triangular(low=low, mode=mode, high=high)
    theirs = stats.triang(share, low, width)
    assert triangular.quantile(U) == pytest.approx(theirs.ppf(U), abs=1e-8)
    assert triangular.mean() == pytest.approx(theirs.mean())
    pert = Pert(low=low, mode=mode, high=high)
    theirs = stats.beta(1 + 4 * share, 1 + 4 * (1 - share), low, width)
    assert pert.quantile(U) == pytest.approx(theirs.ppf(U), abs=1e-8)
    assert pert.mean() == pytest.approx(theirs.mean())


@given(st.floats(1, 5))
def test_beta_against_scipy(a):
    b = 6 - a
    x = np.linspace(0, 1, 201)
    assert beta_cdf(x, a, b) == pytest.approx(stats.beta.cdf(x, a, b), abs=1e-12)
    assert beta_quantile(U, a, b) == pytest.approx(stats.beta.ppf(U, a, b), abs=1e-8)


def test_normal_score_functions():
    assert normal_quantile(U) == pytest.approx(stats.norm.ppf(U), rel=1e-12)
    z = np.linspace(-8, 8, 101)
    assert normal_cdf(z) == pytest.approx(stats.norm.cdf(z), rel=1e-9)


def test_metalog_goes_through_its_quantiles():
    written = {"quantiles": {"0.1": 0.6, "0.5": 0.85, "0.9": 0.97}}
    metalog = stated(written)
    assert metalog.quantile(np.array([0.1, 0.5, 0.9])) == pytest.approx([0.6, 0.85, 0.97])
    middles = (np.arange(200_000) + 0.5) / 200_000
    assert metalog.mean() == pytest.approx(metalog.quantile(middles).mean(), abs=1e-5)


def test_metalog_of_many_quantiles_is_a_least_squares_fit():
    probabilities = np.linspace(0.05, 0.95, 10)
    # A logit-normal, which five terms follow closely but not exactly.
    values = 1 / (1 + np.exp(-(0.5 + 0.4 * stats.norm.ppf(probabilities))))
    metalog = stated(
        {"quantiles": {f"{p:.2f}": v for p, v in zip(probabilities, values, strict=True)}}
    )
    gap = np.abs(metalog.quantile(probabilities) - values)
    assert 0 < gap.max() < 1e-3


def test_metalog_without_bounds_is_refused():
    with pytest.raises(ValueError, match="valid range"):
        Metalog(quantiles={"0.1": 0.1, "0.5": 0.2, "0.9": 0.3}).quantile(np.array([0.5]))


@pytest.mark.parametrize(
    ("quantiles", "words"),
    [
        ({"0.1": 0.5, "0.9": 0.6}, "three or more"),
        ({"0.1": 0.5, "0.5": 0.4, "0.9": 0.6}, "do not rise"),
        ({"0.1": 0.5, "0.10": 0.52, "0.5": 0.55, "0.9": 0.6}, "do not rise"),
        ({"0.1": 0.0, "0.5": 0.4, "0.9": 0.6}, "edge of the valid range"),
        ({"0": 0.1, "0.5": 0.4, "0.9": 0.6}, "not a probability"),
        ({"nan": 0.1, "0.5": 0.4, "0.9": 0.6}, "not a probability"),
        ({"0.1": 0.1, "0.5": 0.101, "0.9": 0.99}, "no smooth distribution"),
    ],
)
def test_impossible_metalogs(quantiles, words):
    with pytest.raises(AcutecastError, match=words) as error:
        stated({"distribution": "metalog", "quantiles": quantiles})
    assert error.value.problems[0].where == "expat.op.100"


@st.composite
def metalogs(draw, low, high):
    width = high - low
    values = draw(ascending(low + 0.01 * width, high - 0.01 * width, 3))
    return {"quantiles": dict(zip(("0.1", "0.5", "0.9"), values, strict=True))}


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_quantiles_rise_and_stay_in_the_valid_range(data):
    section = data.draw(st.sampled_from(sorted(RANGES)))
    low, high = RANGES[section]
    written = data.draw(st.one_of(objects(low, high), metalogs(low, high)))
    try:
        distribution = stated(written, section)
    except AcutecastError as error:
        assume("no smooth distribution" not in str(error))
        raise
    u = np.sort(np.array(data.draw(st.lists(st.floats(2.0**-53, 1 - 2.0**-53), min_size=2))))
    values = distribution.quantile(u)
    assert values.shape == u.shape
    assert values.dtype == np.float64
    assert (np.diff(values) >= -1e-12).all()
    assert ((values >= low) & (values <= high)).all()
    middles = (np.arange(4000) + 0.5) / 4000
    assert distribution.mean() == pytest.approx(distribution.quantile(middles).mean(), abs=2e-3)


def test_degenerate_normal_is_a_constant():
    constant = Normal(p10=0.8, p90=0.8).within(0, 1)
    assert constant.quantile(U) == pytest.approx(0.8)
    assert constant.mean() == 0.8


def test_any_shape():
    u = np.full((2, 3, 4), 0.3)
    for written in (0.5, [0.4, 0.6], {"distribution": "pert", "low": 0, "mode": 0.2, "high": 1}):
        assert stated(written).quantile(u).shape == (2, 3, 4)


def test_unbounded_normal_keeps_its_mean():
    assert Normal(p10=-1, p90=3).mean() == pytest.approx(1)
    assert math.isinf(Normal(p10=-1, p90=3).valid[1])
