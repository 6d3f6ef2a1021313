"""Occupancy against queueing theory and against a simulation of events.

With arrivals at random (Poisson) and no pattern, the number of patients is Poisson with mean
arrival rate x stay, whatever the shape of stays (M/G/infinity), and cutting it off at c beds gives
the blocking of a finite ward, Erlang's B.
"""

import math

import ciw
import numpy as np
import pytest
from test_occupancy import HOURS, MOVES, STREAMS, YEAR, arrivals, places, pools, record

from acutecast import streams
from acutecast.capacity.needs import hours_above
from acutecast.capacity.occupancy import place_spells
from acutecast.capacity.queues import blocking_if_full, erlang_b, poisson_exceeds


def ward(mean_patients, mean_nights, run):
    """Simulate a ward for a year with random arrivals: hours at 0, 1, … patients."""
    rng = np.random.default_rng(run)
    # Whole nights, geometric, admitted and discharged at any hour: mean stay is mean_nights days.
    n = rng.poisson(mean_patients / mean_nights * YEAR.days)
    nights = rng.geometric(1 / mean_nights, n)
    hour = rng.integers(0, 24, n)
    # Leaving at the hour of admission keeps the stay a whole number of days.
    spells = places(day=rng.integers(0, YEAR.days, n), hour=hour, nights=nights,
                    leave=np.maximum(hour, 1))  # fmt: skip
    spells = spells._replace(key=streams.bits(streams.key("row", run), np.arange(n)))
    occupancy = np.zeros((1, 4, HOURS + 1), np.int32)
    place_spells(spells, record(nights), MOVES, pools(), STREAMS, HOURS, occupancy,
                 np.zeros((1, 4, 6), np.int64), np.zeros(1, np.int64))  # fmt: skip
    return np.bincount(occupancy[0, 0, :HOURS].cumsum(), minlength=2000)


@pytest.mark.parametrize(
    ("mean", "beds"),
    # Mean occupied, and beds with 5%, 1% and 0.1% blocked (de Bruin 2010, Erlang B).
    [(10, (15, 18, 21)), (20, (26, 30, 35)), (40, (46, 53, 60)), (80, (86, 96, 106))],
)
def test_a_finite_ward_blocks_as_erlang_says(mean, beds):
    by_run = np.array([ward(mean, 3.0, run) for run in range(60)])
    for at, risk in zip(beds, (0.05, 0.01, 0.001), strict=True):
        blocked = blocking_if_full(by_run, at)
        error = blocked.std(ddof=1) / math.sqrt(len(blocked))
        assert abs(blocked.mean() - erlang_b(mean, at)) < 4 * error + 1e-5
        # And so the least beds that keep the risk are those of the table.
        assert blocked.mean() < risk + 4 * error
        assert blocking_if_full(by_run, at - 1).mean() > risk - 4 * error


def test_hours_short_are_those_of_a_poisson_number_of_patients():
    for mean in (10, 40):
        by_run = np.array([ward(mean, 4.0, 100 + run) for run in range(60)])
        short = hours_above(by_run) / HOURS
        for n in (mean, mean + math.ceil(math.sqrt(mean)), mean + math.ceil(2 * math.sqrt(mean))):
            error = short[:, n].std(ddof=1) / math.sqrt(len(short))
            assert abs(short[:, n].mean() - poisson_exceeds(mean, n)) < 4 * error + 1e-6


def test_emergency_spaces_are_poisson_too():
    rng = np.random.default_rng(1)
    counts = rng.poisson(9.0 * HOURS / 4.0, 40)  # 9 spaces in use by 4 hours each
    by_run = np.array([np.bincount(arrivals([n], 240.0)[0] if run == 0 else
                                   shifted(n, run), minlength=200)
                       for run, n in enumerate(counts)])  # fmt: skip
    short = hours_above(by_run) / HOURS
    for n in (9, 12, 16):
        error = short[:, n].std(ddof=1) / math.sqrt(len(short))
        assert abs(short[:, n].mean() - poisson_exceeds(9.0, n)) < 4 * error + 1e-6


def shifted(n, run):
    """The arrivals of another run."""
    from acutecast.capacity.occupancy import place_arrivals, time_quantiles

    cumulative = np.arange(1, HOURS + 1) / HOURS
    guide = np.searchsorted(cumulative, np.arange(4096) / 4096, side="right")
    occupancy = np.zeros((1, 1, HOURS + 1), np.int32)
    place_arrivals(np.array([n]), cumulative, guide, 240.0 * time_quantiles(0.7), 24, 0,
                   streams.key(run, "arrivals"), HOURS, occupancy)  # fmt: skip
    return occupancy[0, 0, :HOURS].cumsum()


def test_a_finite_ward_agrees_with_a_simulation_of_events():
    mean, beds, stay = 10.0, 12, 3.0
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(mean / stay)],
        service_distributions=[ciw.dists.Exponential(1 / stay)],
        number_of_servers=[beds],
        queue_capacities=[0],
    )
    turned_away = []
    for seed in range(8):
        ciw.seed(seed)
        events = ciw.Simulation(network)
        events.simulate_until_max_time(366 * 2)
        kinds = [r.record_type for r in events.get_all_records() if r.arrival_date > 60]
        turned_away.append(kinds.count("rejection") / len(kinds))
    ours = blocking_if_full(np.array([ward(mean, stay, 500 + run) for run in range(60)]), beds)
    error = math.hypot(np.std(turned_away, ddof=1) / math.sqrt(8),
                       ours.std(ddof=1) / math.sqrt(60))  # fmt: skip
    assert abs(np.mean(turned_away) - ours.mean()) < 4 * error
    assert error < 0.01
