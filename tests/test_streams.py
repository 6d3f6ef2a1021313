"""Random numbers keyed by name: inside (0, 1), reproducible, and independent of each other."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from acutecast import streams
from acutecast.demand.keyed import row_keys_of_text

N = 100_000
COUNTERS = np.arange(1, N + 1)
KNOWN_KEY = 4714318764901161922
KNOWN_UNIFORMS = [0.9053369787370452, 0.5378732326983834, 0.20679255571009725]
NAMES = ("expat.ip.elective.100", "expat.ip.elective.101", "ip", "op")


def draws(*names: object) -> np.ndarray:
    return streams.uniforms(streams.key(*names), COUNTERS)


def test_known_values():
    """The numbers are part of the contract: the same in every version and on every machine."""
    assert int(streams.key(1, "assumption", "expat.ip.elective.100")) == KNOWN_KEY
    assert streams.uniforms(np.uint64(7), np.arange(3)).tolist() == KNOWN_UNIFORMS


def test_another_process_draws_the_same():
    program = (
        "from acutecast import streams; import numpy as np;"
        "print(streams.uniforms(streams.key(3, 'a'), np.arange(5)).tolist())"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    here = streams.uniforms(streams.key(3, "a"), np.arange(5)).tolist()
    assert answer.stdout.strip() == str(here)


@settings(deadline=None)
@given(st.integers(0, 2**64 - 1), st.lists(st.integers(0, 2**63), min_size=1, max_size=20))
def test_strictly_between_0_and_1(stream, counters):
    u = streams.uniforms(np.uint64(stream), np.array(counters, dtype=np.uint64))
    assert np.all((u > 0) & (u < 1))


def test_the_extreme_bits_stay_inside():
    """All bits 0 or 1 give the smallest and the largest uniform, as the kernels compute them."""
    for bits in (0, 2**64 - 1):
        u = (float(bits >> 12) + 0.5) * 2.0**-52
        assert 0 < u < 1


def test_a_counter_stands_for_itself():
    """No draw is consumed: any part of a stream, in any order, has the same numbers."""
    u = draws(1, "ip")
    order = np.random.default_rng(0).permutation(N)
    assert np.array_equal(
        streams.uniforms(streams.key(1, "ip"), COUNTERS[order].reshape(10, -1)),
        u[order].reshape(10, -1),
    )
    assert streams.uniforms(streams.key(1, "ip"), COUNTERS[41]) == u[41]


@pytest.mark.parametrize("seed", [1, 2, 12345])
@pytest.mark.parametrize("name", NAMES)
def test_uniform(seed, name):
    u = draws(seed, "assumption", name)
    assert abs(u.mean() - 0.5) < 4.5 * np.sqrt(1 / 12 / N)
    assert abs(u.var() - 1 / 12) < 4.5 * np.sqrt(1 / 180 / N)
    assert stats.kstest(u, "uniform").pvalue > 1e-5
    counts = np.bincount((u * 1000).astype(int), minlength=1000)
    assert stats.chisquare(counts).pvalue > 1e-5


@pytest.mark.parametrize("lag", [1, 2, 3, 7, 64, 1000])
def test_neighbouring_runs_are_independent(lag):
    u = draws(1, "ip")
    assert abs(np.corrcoef(u[:-lag], u[lag:])[0, 1]) < 4.5 / np.sqrt(N)


def test_streams_are_independent():
    names = [(1, "ip"), (2, "ip"), (1, "op"), (1, "ip", "copies"), (1, "ipcopies"), ("1", "ip ")]
    u = np.stack([draws(*name) for name in names])
    correlation = np.corrcoef(u)[np.triu_indices(len(names), 1)]
    assert np.abs(correlation).max() < 4.5 / np.sqrt(N)


@pytest.mark.parametrize("bit", [0, 1, 12, 31, 32, 63])
def test_related_streams_are_independent(bit):
    """Keys or counters that differ in one bit give unrelated numbers."""
    stream = streams.key(1, "ip")
    u = streams.uniforms(stream, COUNTERS)
    flipped = np.uint64(1) << np.uint64(bit)
    for other in (
        streams.uniforms(stream ^ flipped, COUNTERS),
        streams.uniforms(stream, COUNTERS.astype(np.uint64) ^ flipped),
    ):
        # A flipped counter finds the same numbers elsewhere, so only its own place is compared.
        assert abs(np.corrcoef(u, other)[0, 1]) < 6.5 / np.sqrt(N)
        assert not np.any(u == other)


def test_names_are_kept_apart():
    keys = {
        int(streams.key(*names))
        for names in [(1, "a", "b"), (1, "ab"), ("1a", "b"), (1, "b", "a"), (11, "a", "b"), (1,)]
    }
    assert len(keys) == 6


def test_mixing_loses_nothing():
    """The scrambler is one to one: different inputs never meet."""
    assert len(np.unique(streams.mix(np.arange(1_000_000)))) == 1_000_000


def keys_of(texts: list[str]) -> np.ndarray:
    array = pa.array(texts, pa.large_string())
    _, offsets, data = array.buffers()
    bytes_of = np.frombuffer(data, np.uint8) if data else np.zeros(0, np.uint8)
    return row_keys_of_text(bytes_of, np.frombuffer(offsets, np.int64)[: len(texts) + 1])


def test_row_keys_are_distinct():
    texts = [f"{prefix}{i}" for prefix in ("", "s", "spell-") for i in range(100_000)]
    assert len(np.unique(keys_of(texts))) == len(texts)


@settings(deadline=None)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=20, unique=True))
def test_a_row_key_is_the_text_alone(texts):
    keys = keys_of(texts)
    assert len(np.unique(keys)) == len(texts)
    assert np.array_equal(keys_of(texts[::-1]), keys[::-1])


def test_row_keys_of_neighbours_are_unrelated():
    keys = keys_of([str(i) for i in range(N)])
    u = (keys >> np.uint64(12)) * 2.0**-52
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4.5 / np.sqrt(N)
    assert stats.kstest(u, "uniform").pvalue > 1e-5
