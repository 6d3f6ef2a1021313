"""Scores of back-tests, worked by hand and by their definition."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from acutecast.errors import AcutecastError
from acutecast.results.scores import bias, bias_pct, coverage, crps, crps_skill, pit

ENSEMBLES = hnp.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 12)),
                       elements=st.integers(-1000, 1000).map(float))  # fmt: skip
NUMBERS = st.integers(-1000, 1000).map(float)


def crps_by_pairs(runs, truth):
    """E|X - truth| - E|X - X'| / 2, over all pairs."""
    return np.abs(runs - truth).mean() - np.abs(runs[:, None] - runs[None]).mean() / 2


def crps_by_steps(runs, truth):
    """The integral of (F - 1[x >= truth])², step by step."""
    edges = np.sort(np.append(runs, truth))
    left = edges[:-1]
    share = (runs[:, None] <= left).mean(axis=0)
    return ((share - (left >= truth)) ** 2 * np.diff(edges)).sum()


def test_bias_by_hand():
    values, truth = np.array([[90, 110, 130], [4, 5, 6], [1, 2, 3]]), np.array([100, 5, 0])
    assert bias(values, truth).tolist() == [10, 0, 2]
    assert bias_pct(values, truth)[:2].tolist() == [10, 0]
    assert np.isnan(bias_pct(values, truth)[2])
    # Too high is above 0 for a negative truth too (a fall of 10, projected as a fall of 8).
    assert bias_pct(np.array([-8.0]), np.array(-10.0)) == 20


def test_crps_by_hand():
    # Runs 1 and 3, truth 2: mean error 1, mean distance of pairs (0 + 2 + 2 + 0) / 4 = 1.
    assert crps(np.array([3, 1]), np.array(2)) == pytest.approx(0.5)
    # Truth 5: mean error 3, less one half.
    assert crps(np.array([1, 3]), np.array(5)) == pytest.approx(2.5)
    # Runs 0, 0, 3 and truth 0: mean error 1; pairs 4 × 3 / 9, half of it 2/3.
    assert crps(np.array([0, 3, 0]), np.array(0)) == pytest.approx(1 / 3)


@given(ENSEMBLES, NUMBERS)
def test_crps_is_its_definition(values, truth):
    got = crps(values, np.full(len(values), truth))
    for runs, score in zip(values, got, strict=True):
        assert score == pytest.approx(crps_by_pairs(runs, truth), abs=1e-9)
        assert score == pytest.approx(crps_by_steps(runs, truth), abs=1e-9)
        assert score >= -1e-9


@given(NUMBERS, NUMBERS)
def test_crps_of_one_run_is_the_absolute_error(run, truth):
    assert crps(np.array([run]), np.array(truth)) == abs(run - truth)


@given(
    ENSEMBLES, NUMBERS, st.integers(1, 50), st.integers(-(10**6), 10**6), st.sampled_from([1, -1])
)
def test_scores_follow_the_unit(values, truth, scale, shift, sign):
    truths = np.full(len(values), truth)
    moved, moved_truths = sign * scale * values + shift, sign * scale * truths + shift
    assert crps(moved, moved_truths) == pytest.approx(scale * crps(values, truths), abs=1e-6)
    assert bias(moved, moved_truths) == pytest.approx(sign * scale * bias(values, truths), abs=1e-6)
    place = pit(values, truths)
    assert pit(moved, moved_truths) == pytest.approx(place if sign > 0 else 1 - place)
    assert crps(values[:, ::-1], truths) == pytest.approx(crps(values, truths))


@given(ENSEMBLES, NUMBERS, st.integers(2, 4))
def test_repeated_runs_change_no_score(values, truth, times):
    truths = np.full(len(values), truth)
    again = np.repeat(values, times, axis=1)
    for score in (bias, crps, pit):
        assert score(again, truths) == pytest.approx(score(values, truths), abs=1e-9)


def test_crps_of_a_normal_distribution():
    # sigma (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)), at z = 0 and 1.5 (Gneiting and Raftery).
    runs = 100 + 10 * np.random.default_rng(1).normal(size=200_000)
    for z in (0.0, 1.5):
        phi, cumulated = stats.norm.pdf(z), stats.norm.cdf(z)
        truth = 10 * (z * (2 * cumulated - 1) + 2 * phi - 1 / np.sqrt(np.pi))
        assert crps(runs, np.array(100 + 10 * z)) == pytest.approx(truth, abs=0.05)


def test_the_true_distribution_has_the_best_crps():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=4000)
    runs = rng.normal(size=(4000, 50))
    right = crps(runs, truth).mean()
    for wrong in (runs * 0.3, runs * 2.5, runs + 0.7):
        assert crps(wrong, truth).mean() > right + 0.03


def test_coverage_by_hand():
    values = np.tile(np.arange(11.0), (4, 1))  # P10 is 1 and P90 is 9
    assert coverage(values, np.array([1.0, 9.0, 0.9, 9.1])) == 0.5
    assert coverage(values, np.array([1.0, 9.0, 0.9, 9.1]), (0, 1)) == 1


def test_a_calibrated_projection_covers_what_it_says_and_has_a_flat_pit():
    rng = np.random.default_rng(2)
    level = rng.normal(size=(5000, 1))
    values = rng.poisson(200, (5000, 100)) + 50 * level
    truth = rng.poisson(200, 5000) + 50 * level[:, 0]
    assert coverage(values, truth) == pytest.approx(0.8, abs=0.03)
    assert coverage(values, truth, (0.25, 0.75)) == pytest.approx(0.5, abs=0.03)
    counts = np.histogram(pit(values, truth), bins=5, range=(0, 1))[0]
    assert counts / 5000 == pytest.approx(np.full(5, 0.2), abs=0.03)
    narrow = 200 + 50 * level + 0.3 * (values - 200 - 50 * level)
    assert coverage(narrow, truth) < 0.45


def test_pit_by_hand():
    values = np.array([[1, 2, 2, 3]] * 4)
    assert pit(values, np.array([0, 2, 2.5, 9])).tolist() == [0, 0.5, 0.75, 1]


def test_skill_by_hand():
    # Mean CRPS (0.5 + 2.5) / 2 = 1.5; persistence is wrong by 2 and 4, 3 on average.
    values, truth = np.array([[1, 3], [1, 3]]), np.array([2, 5])
    assert crps_skill(values, truth, np.array([4, 1])) == pytest.approx(0.5)
    assert crps_skill(values, truth, truth) == -np.inf
    assert crps_skill(np.array([[7, 7]]), np.array([7]), np.array([7])) == 0
    assert crps_skill(np.array([[7, 7]]), np.array([7]), np.array([1])) == 1


@given(ENSEMBLES, NUMBERS, NUMBERS)
def test_persistence_has_no_skill_over_itself(values, truth, last):
    assume(truth != last)
    truths, lasts = np.full(len(values), truth), np.full(len(values), last)
    same = np.broadcast_to(lasts[:, None], values.shape)
    assert crps_skill(same, truths, lasts) == pytest.approx(0, abs=1e-9)
    ours = crps(values, truths).mean()
    assert (crps_skill(values, truths, lasts) > 1e-9) == (ours < abs(truth - last) * (1 - 1e-9))


def test_all_faults_are_said_at_once():
    with pytest.raises(AcutecastError) as caught:
        crps_skill(np.full((2, 3), np.nan), np.zeros(3), np.zeros(1))
    for fault in ("6 rows", "truth: has shape (3,), and should be (2,)", "persistence: has shape"):
        assert fault in str(caught.value)
    with pytest.raises(AcutecastError) as caught:
        coverage(np.zeros((0, 3)), np.zeros(0), (0.9, 0.1))
    assert "no cases" in str(caught.value)
    assert "from 0.9 to 0.1" in str(caught.value)
    with pytest.raises(AcutecastError, match="no runs"):
        bias(np.zeros((2, 0)), np.zeros(2))
    with pytest.raises(AcutecastError, match="missing or infinite"):
        pit(np.zeros((1, 2)), np.array([np.inf]))
