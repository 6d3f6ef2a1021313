"""Queueing formulas: the published table, properties, and a simulation of a small ward."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from acutecast.capacity.queues import (
    beds_for_poisson,
    blocking_if_full,
    erlang_b,
    erlang_c,
    poisson_exceeds,
    servers_for_blocking,
)

# Mean occupied; beds at 5%, 1% and 0.1% turned away with the occupancy in %; turned away in % with
# the fewest beds that keep occupancy to 85% and to 92%.
TABLE = [
    (10, (15, 18, 21), (64, 55, 48), 12.0, 16.3),
    (20, (26, 30, 35), (74, 66, 57), 6.6, 10.7),
    (40, (46, 53, 60), (83, 75, 67), 3.0, 6.5),
    (80, (86, 96, 106), (89, 83, 75), 1.1, 4.0),
    (400, (394, 426, 450), (97, 93, 89), 0.0, 0.4),
]
LOADS = st.floats(0, 300)


@pytest.mark.parametrize(("load", "beds", "occupancy", "at85", "at92"), TABLE)
def test_beds_and_blocking_of_the_table(load, beds, occupancy, at85, at92):
    found = servers_for_blocking(load, [0.05, 0.01, 0.001])
    np.testing.assert_array_equal(found, beds)
    used = load * (1 - erlang_b(load, found)) / found
    np.testing.assert_array_equal(np.round(100 * used), occupancy)
    for target, blocked in ((0.85, at85), (0.92, at92)):
        assert round(100 * float(erlang_b(load, math.ceil(load / target))), 1) == blocked


def test_by_hand():
    # B(1) = 2/3; B(2) = (4/3) / (2 + 4/3) = 0.4; B(3) = 0.8 / 3.8 = 4/19.
    np.testing.assert_allclose(erlang_b(2, [0, 1, 2, 3]), [1, 2 / 3, 0.4, 4 / 19])
    # ρ = 2/3: C = (4/19) / (1 − 2/3 × 15/19) = 4/9. At 2 servers the queue never ends.
    np.testing.assert_allclose(erlang_c(2, [0, 2, 3]), [1, 1, 4 / 9])
    assert isinstance(erlang_b(2, 3), float)


def test_nothing_offered_needs_nothing():
    np.testing.assert_array_equal(erlang_b(0, [0, 1, 5]), [1, 0, 0])
    np.testing.assert_array_equal(erlang_c(0, [1, 5]), [0, 0])
    assert servers_for_blocking(0, 0.01) == 1
    assert poisson_exceeds(0, 0) == 0
    assert beds_for_poisson(0, 1e-9) == 0


@given(load=LOADS, more=st.floats(0.01, 50), servers=st.integers(0, 400))
def test_blocking_falls_with_servers_and_rises_with_load(load, more, servers):
    here = erlang_b(load, servers)
    assert 0 <= erlang_b(load, servers + 1) <= here <= 1
    assert here <= erlang_b(load + more, servers)
    assert here <= erlang_c(load, servers) <= 1


@given(load=LOADS, risk=st.floats(1e-6, 1))
def test_servers_are_the_fewest(load, risk):
    found = servers_for_blocking(load, risk)
    assert erlang_b(load, found) <= risk
    assert found == 0 or erlang_b(load, found - 1) > risk


@given(load=LOADS, risk=st.floats(1e-9, 1))
def test_beds_for_poisson_are_the_fewest(load, risk):
    found = beds_for_poisson(load, risk)
    assert poisson_exceeds(load, found) <= risk
    assert found == 0 or poisson_exceeds(load, found - 1) > risk


@given(load=st.one_of(st.floats(1e-6, 5), st.floats(0, 5000)), z=st.floats(-12, 12))
def test_poisson_agrees_with_scipy(load, z):
    n = max(int(load + z * np.sqrt(load)), -1)
    assert poisson_exceeds(load, n) == pytest.approx(
        stats.poisson.sf(n, load), rel=1e-9, abs=1e-300
    )


def test_poisson_keeps_small_chances():
    # P(N > 9) at mean 0.1, its first terms by hand: 0.1¹⁰/10! e⁻⁰·¹ (1 + 0.1/11 + …).
    assert poisson_exceeds(0.1, 9) == pytest.approx(
        1e-10 / 3628800 * np.exp(-0.1) * (1 + 0.1 / 11 + 0.01 / 132 + 0.001 / 1716), rel=1e-9
    )
    assert poisson_exceeds(5000, 0) == 1
    assert poisson_exceeds(5000, -3) == 1
    assert 0 < poisson_exceeds(5000, 6500) < 1e-80


def test_beds_broadcast():
    load, risk = np.array([[10.0], [400.0]]), np.array([0.05, 0.001])
    found = beds_for_poisson(load, risk)
    np.testing.assert_array_equal(found, stats.poisson.isf(risk, load))
    np.testing.assert_array_equal(servers_for_blocking(load, risk), [[15, 21], [394, 450]])


@given(load=st.floats(0.01, 200), beds=st.integers(0, 260))
def test_truncated_poisson_is_erlang_b(load, beds):
    hours = stats.poisson.pmf(np.arange(500), load)
    assert blocking_if_full(hours, beds) == pytest.approx(erlang_b(load, beds), rel=1e-8, abs=1e-12)


def test_truncation_by_hand():
    hours = [[0, 2, 3, 5], [4, 4, 2, 0]]
    # 3 of the 5 hours with at most 2; none with more beds than were ever used.
    np.testing.assert_allclose(blocking_if_full(hours, 2), [0.6, 0.2])
    np.testing.assert_allclose(blocking_if_full(hours, [0, 3]), [1, 0])
    np.testing.assert_allclose(blocking_if_full(hours, 9), [0, 0])
    np.testing.assert_allclose(blocking_if_full(hours[0], [1, 2, 3]), [1, 0.6, 0.5])


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: erlang_b(-1, 3), "offered load"),
        (lambda: erlang_b(np.inf, 3), "offered load"),
        (lambda: poisson_exceeds(np.nan, 3), "offered load"),
        (lambda: erlang_b(1, 2.5), "whole"),
        (lambda: erlang_c(1, -2), "whole"),
        (lambda: blocking_if_full([1, 2], -1), "beds"),
        (lambda: servers_for_blocking(1, 0), "risk"),
        (lambda: beds_for_poisson(1, np.nan), "risk"),
    ],
)
def test_impossible_arguments_are_refused(call, match):
    with pytest.raises(ValueError, match=match):
        call()


@pytest.mark.parametrize("stay", ["exponential", "fixed"])
def test_a_simulated_ward_turns_away_as_many(stay):
    # 4 arrivals a day, 2 days each, 10 beds, no queue: 12% turned away, whatever the stays.
    ciw = pytest.importorskip("ciw")
    rate, days, beds, warm, until = 4.0, 2.0, 10, 20.0, 270.0
    service = {
        "exponential": ciw.dists.Exponential(1 / days),
        "fixed": ciw.dists.Deterministic(days),
    }[stay]
    ward = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate)],
        service_distributions=[service],
        number_of_servers=[beds],
        queue_capacities=[0],
    )
    shares = []
    for seed in range(16):
        ciw.seed(seed)
        simulation = ciw.Simulation(ward)
        simulation.simulate_until_max_time(until)
        kinds = [
            record.record_type
            for record in simulation.get_all_records(only=["service", "rejection"])
            if warm <= record.arrival_date < until - 30
        ]
        shares.append(kinds.count("rejection") / len(kinds))
    error = np.std(shares, ddof=1) / np.sqrt(len(shares))
    assert error < 0.01
    assert abs(np.mean(shares) - erlang_b(rate * days, beds)) < 4 * error
