"""Shares of variance: equal to what can be worked out by hand, within their stated errors."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.errors import AcutecastError
from acutecast.results.sensitivity import tornado, total_shares, variance_shares


def draw(seed, runs, columns, kind="normal"):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(runs, columns)) if kind == "normal" else rng.random((runs, columns))


def names(columns):
    return [f"assumption {i:03d}" for i in range(columns)]


def within(estimate, truth, error, errors=4.0):
    return np.all(np.abs(estimate - truth) <= errors * error + 1e-9)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(-5, 5), min_size=1, max_size=6).filter(any),
    st.sampled_from([64, 100, 300, 600]),
)
def test_a_sum_without_noise_is_explained_in_full(seed, slopes, runs):
    x = draw(seed, runs, len(slopes), "uniform")
    shares = variance_shares(x, names(len(slopes)), 1000 + x @ np.array(slopes, float))
    truth = np.square(slopes) / np.square(slopes).sum()
    # The draws themselves differ from run to run: 5 errors, as hypothesis looks for the worst.
    assert within(shares.share, truth, shares.standard_error, 5)
    assert shares.share.sum() == pytest.approx(1, abs=0.01)
    assert shares.not_explained == pytest.approx(0, abs=0.01)


def test_one_assumption_alone_explains_everything():
    x = draw(1, 200, 1)
    shares = variance_shares(x, ["growth"], 5 - 3 * x[:, 0])
    assert shares.share == pytest.approx([1], abs=1e-9)
    assert shares.standard_error == pytest.approx([0], abs=1e-6)


def test_a_product_has_its_analytic_shares():
    # x_i uniform on 1 ± c_i: first order (c_i²/3) / (prod(1 + c_j²/3) - 1).
    c = np.array([0.9, 0.6, 0.3])
    x = 1 + c * (2 * draw(5, 1024, 3, "uniform") - 1)
    squares = c**2 / 3
    truth = squares / (np.prod(1 + squares) - 1)
    shares = variance_shares(x, names(3), x.prod(axis=1))
    assert within(shares.share, truth, shares.standard_error, 3)
    assert (shares.standard_error < 0.03).all()
    assert within(shares.not_explained, 1 - truth.sum(), shares.not_explained_error, 3)


def test_a_curved_effect_is_found():
    # For z normal, Var(exp(z/2)) = e^(1/2) - e^(1/4): the straight line has only 0.88 of it.
    z = draw(2, 512, 2)
    shares = variance_shares(z, names(2), np.exp(z[:, 0] / 2))
    assert shares.share[0] > 0.985
    assert abs(shares.share[1]) < 0.005


def test_total_order_of_a_product():
    # T_i = v_i prod_{j != i}(1 + v_j) / (prod(1 + v_j) - 1), with v = e^(s²) - 1 for lognormal.
    s = np.array([0.5, 0.3, 0.2])
    x, fresh = np.exp(s * draw(3, 4000, 3)), np.exp(s * draw(4, 4000, 3))
    y = x.prod(axis=1)
    again = np.stack([y / x[:, i] * fresh[:, i] for i in range(3)])
    v = np.exp(s**2) - 1
    truth = v * np.prod(1 + v) / (1 + v) / (np.prod(1 + v) - 1)
    totals = total_shares(y, again)
    assert within(totals.share, truth, totals.standard_error, 3)
    assert (totals.standard_error < 0.05).all()
    # What acts together counts for each: totals are above first-order shares.
    first = variance_shares(x[:512], names(3), y[:512])
    assert totals.share.sum() > 1 > first.share.sum()


def test_total_order_by_hand():
    y = np.array([0.0, 2, 0, 2, 0, 2, 0, 2])
    # Squared moves of 4 in half of the runs: mean 2, half of it 1; variance 8/7.
    totals = total_shares(y, np.stack([y, y * 0, 2 - y]))
    assert totals.share == pytest.approx([0, 7 / 8, 7 / 4])
    assert totals.standard_error[0] == 0
    assert (total_shares(np.ones(8), np.ones((2, 8))).share == 0).all()


def test_total_errors_cover_the_truth_as_often_as_they_should():
    inside = []
    for seed in range(200):
        x, fresh = draw(seed, 128, 2), draw(seed + 10**6, 128, 2)
        totals = total_shares(2 * x[:, 0] + x[:, 1], (2 * fresh[:, 0] + x[:, 1])[None])
        inside.append(abs(totals.share[0] - 0.8) < 1.645 * totals.standard_error[0])
    assert 0.82 < np.mean(inside) < 0.97


@pytest.mark.parametrize(
    ("runs", "columns"), [(128, 6), pytest.param(96, 90, marks=pytest.mark.long)]
)
def test_errors_cover_the_truth_as_often_as_they_should(runs, columns):
    slopes = np.zeros(columns)
    slopes[:3] = 2, 1, 1
    inside, shares, apart = [], [], []
    for seed in range(80):
        x = draw(seed, runs, columns)
        y = x @ slopes + np.sqrt(2) * draw(seed + 10**6, runs, 1)[:, 0]
        got = variance_shares(x, names(columns), y)
        truth = slopes**2 / 8
        inside.append(np.abs(got.share - truth) < 1.645 * got.standard_error)
        shares.append(got.share)
        apart.append((got.not_explained - 0.25) / got.not_explained_error)
    inside, mean = np.mean(inside, axis=0), np.mean(shares, axis=0)
    spread = np.std(shares, axis=0) / np.sqrt(80)
    assert 0.82 < inside[:3].mean() < 0.97
    assert inside[3:].mean() > 0.9  # no assumption is made important by chance
    assert (np.abs(mean - slopes**2 / 8) < 4 * spread).all()
    assert abs(np.mean(mean[3:])) < 0.001  # of mean 0, not of mean above 0
    assert abs(np.mean(apart)) < 0.6
    assert 0.5 < np.std(apart) < 1.5


@pytest.mark.parametrize(("runs", "columns"), [(256, 5), (64, 60), (64, 150)])
def test_noise_alone_has_no_share(runs, columns):
    shares = [
        variance_shares(draw(seed, runs, columns), names(columns), draw(seed + 99, runs, 1)[:, 0])
        for seed in range(15)
    ]
    share = np.stack([s.share for s in shares])
    error = np.stack([s.standard_error for s in shares])
    assert abs(share.mean()) < 4 * share.std() / np.sqrt(share.size) + 1e-3
    assert (share < 0).any()
    assert (np.abs(share) < 3 * error).mean() > 0.98
    assert np.abs(share).max() < 0.35


def test_more_assumptions_than_runs():
    x = draw(8, 100, 150)
    y = 3 * x[:, 40] + 2 * x[:, 7] + 0.5 * draw(9, 100, 1)[:, 0]
    shares = variance_shares(x, names(150), y)
    assert np.argsort(shares.share)[-2:].tolist() == [7, 40]
    assert shares.share[40] == pytest.approx(9 / 13.25, abs=0.15)
    assert np.abs(np.delete(shares.share, [7, 40])).max() < 0.1
    assert shares.frame()["assumption"].to_list()[:2] == ["assumption 040", "assumption 007"]


def test_a_category_has_one_share():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(800, 2))
    variant = rng.choice(["high", "low", "principal"], 800, p=[0.25, 0.25, 0.5])
    effect = {"high": 2.0, "low": -2.0, "principal": 0.0}
    y = x[:, 0] + np.array([effect[v] for v in variant])  # variances 1 and 2
    shares = variance_shares(x, ["a", "b"], y, {"variant": variant})
    assert shares.names == ("a", "b", "variant")
    assert within(shares.share, np.array([1, 0, 2]) / 3, shares.standard_error, 3)
    codes = variance_shares(
        x, ["a", "b"], y, {"variant": np.unique(variant, return_inverse=True)[1]}
    )
    assert codes.share == pytest.approx(shares.share, abs=1e-9)
    # The same category as indicator columns in one group.
    columns = np.column_stack([x, variant == "high", variant == "low", variant == "principal"])
    grouped = variance_shares(columns, ["a", "b", *["variant"] * 3], y)
    assert grouped.names == ("a", "b", "variant")
    assert grouped.share == pytest.approx(shares.share, abs=1e-3)


def test_assumptions_that_move_together_are_one_group():
    rng = np.random.default_rng(6)
    common = rng.normal(size=(500, 1))
    pair = 0.95 * common + np.sqrt(1 - 0.95**2) * rng.normal(size=(500, 2))
    other = rng.normal(size=500)
    y = pair.sum(axis=1) + other
    of_pair = 2 + 2 * 0.95**2
    shares = variance_shares(np.column_stack([pair, other]), ["pair", "pair", "other"], y)
    truth = np.array([of_pair, 1]) / (of_pair + 1)
    assert within(shares.share, truth, shares.standard_error, 3)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.permutations(range(7)))
def test_the_order_of_assumptions_changes_nothing(seed, order):
    x = draw(seed, 60, 7)
    x[:, 2] = 1.0
    y = x[:, 0] * 2 + x[:, 1] + x[:, 0] * x[:, 3]
    groups = names(7)
    one = variance_shares(x, groups, y)
    other = variance_shares(x[:, order], [groups[i] for i in order], y)
    assert other.names == tuple(groups[i] for i in order)
    assert (other.share == one.share[order]).all()
    assert (other.standard_error == one.standard_error[order]).all()
    assert other.not_explained == one.not_explained
    swings = tornado(x, groups, y), tornado(x[:, order], [groups[i] for i in order], y)
    assert swings[0].names == swings[1].names
    assert (swings[0].change == swings[1].change).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-3, 1e6), st.floats(-1e3, 1e3))
def test_units_change_nothing(seed, scale, shift):
    x = draw(seed, 80, 3)
    y = np.exp(0.3 * x[:, 0]) * (2 + x[:, 1])
    one = variance_shares(x, names(3), y)
    other = variance_shares(shift + scale * x, names(3), shift + 7 * y)
    assert other.share == pytest.approx(one.share, abs=1e-4)


def test_constants_have_no_share():
    x = draw(1, 100, 3)
    x[:, 1] = 0.7
    shares = variance_shares(x, names(3), x[:, 0], {"variant": ["principal"] * 100})
    assert shares.share[[1, 3]].tolist() == [0, 0]
    assert shares.standard_error[[1, 3]].tolist() == [0, 0]
    constant = variance_shares(x, names(3), np.full(100, 12.3))
    assert constant.share.tolist() == [0, 0, 0]
    assert constant.not_explained == 0
    nothing = variance_shares(np.zeros((100, 0)), [], x[:, 0])
    assert (nothing.names, nothing.not_explained) == ((), 1)


def test_draws_clipped_to_their_range_are_no_trouble():
    x = np.clip(1 + 0.2 * draw(3, 256, 3), 0, 1)  # half of the draws are exactly 1
    x[0, 2] = 0.2
    x[1:, 2] = 1.0
    shares = variance_shares(x, names(3), 100 * x[:, 0] * x[:, 1])
    assert shares.share[:2].sum() == pytest.approx(1, abs=0.1)
    assert abs(shares.share[2]) < 0.05


def test_a_tornado_by_hand():
    # A product of values around means 10 and 2: x_0 from its P10 to its P90, x_1 at its mean.
    steps = np.linspace(-1, 1, 21)
    x = np.stack(np.meshgrid(10 + steps, 2 - steps), axis=-1).reshape(-1, 2)
    swings = tornado(x, ["beds", "days"], x.prod(axis=1))
    assert swings.names == ("days", "beds")
    assert swings.low_input == pytest.approx([1.2, 9.2])
    assert swings.high_input == pytest.approx([2.8, 10.8])
    assert swings.at_low == pytest.approx([12.0, 18.4], abs=0.01)
    assert swings.at_high == pytest.approx([28.0, 21.6], abs=0.01)
    assert swings.change == pytest.approx([16.0, 3.2], abs=0.01)
    table = swings.frame()
    assert table.columns[0] == "assumption"
    assert table["change"].to_list() == swings.change.tolist()


def test_a_tornado_has_errors_and_keeps_signs():
    inside, order = [], []
    for seed in range(60):
        x = draw(seed, 128, 4)
        y = 50 - 5 * x[:, 0] + 2 * x[:, 1] + 3 * draw(seed + 10**6, 128, 1)[:, 0]
        swings = tornado(x, names(4), y, 0.25, 0.75)
        width = np.quantile(x, 0.75, axis=0) - np.quantile(x, 0.25, axis=0)
        truth = dict(zip(names(4), [-5, 2, 0, 0] * width, strict=True))
        off = swings.change - [truth[name] for name in swings.names]
        inside.append(np.abs(off) < 1.645 * swings.standard_error)
        order.append(swings.names[0])
        assert swings.change[0] < 0
        assert (np.diff(np.abs(swings.change)) <= 0).all()
    assert set(order) == {"assumption 000"}
    assert 0.82 < np.mean(inside) < 0.96


def test_a_tornado_of_categories_and_constants():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 3))
    x[:, 1] = 4.0
    variant = np.array(["low", "principal", "high"])[np.arange(300) % 3]
    y = x[:, 0] + 10.0 * (variant == "high") - 10.0 * (variant == "low")
    swings = tornado(x, ["a", "fixed", "together"], y, categories={"variant": variant})
    assert swings.names[0] == "variant"
    assert swings.change[0] == pytest.approx(20, abs=1)
    assert swings.at_low[0] == pytest.approx(-10, abs=1)
    row = swings.frame().row(by_predicate=pl.col("assumption") == "fixed", named=True)
    assert (row["change"], row["low_input"], row["high_input"]) == (0, 4, 4)
    assert swings.frame()["low_input"][0] is None
    constant = tornado(x, names(3), np.full(300, 7.0))
    assert constant.change.tolist() == [0, 0, 0]
    assert constant.names == tuple(names(3))


def test_all_faults_are_said_at_once():
    x = draw(1, 20, 3)
    x[0, 0] = np.nan
    with pytest.raises(AcutecastError) as caught:
        tornado(x, ["a", "b"], np.arange(19.0), 0.9, 0.1, {"a": [1, 2]})
    text = str(caught.value)
    for fault in ("missing or infinite", "(19, 2)", "categories.a", "also a name", "low, high"):
        assert fault in text
    with pytest.raises(AcutecastError, match="7 runs"):
        variance_shares(draw(1, 7, 1), ["a"], np.arange(7.0))
    with pytest.raises(AcutecastError, match="too many columns"):
        variance_shares(draw(1, 20, 15), ["a"] * 15, np.arange(20.0))
    with pytest.raises(AcutecastError) as caught:
        total_shares(np.arange(5.0), np.full((2, 4), np.inf))
    for fault in ("5 runs", "shape (2, 4)", "infinite"):
        assert fault in str(caught.value)
