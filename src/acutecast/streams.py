"""Counter-based random numbers, keyed by name.

A draw is a pure function of (seed, name of the decision, counter): nothing is consumed, so adding
or removing one decision leaves every other draw as it was, and the order of work is free. The
generator is the SplitMix64 finaliser (Steele, Lea and Flood 2014, doi 10.1145/2660193.2660195)
applied to a key mixed with a counter.
"""

from __future__ import annotations

import hashlib

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)


def key(*names: object) -> np.uint64:
    """Make a 64-bit key from names (any values with a stable `str`).

    `key(seed, "assumption", "expat.ip.elective.100")` is the stream of one assumption.
    """
    text = "\x1f".join(str(name) for name in names)
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big"))


def mix(x: np.ndarray) -> np.ndarray:
    """Scramble 64-bit integers so that every output bit depends on every input bit."""
    x = np.asarray(x, dtype=np.uint64)
    with np.errstate(over="ignore"):
        x = (x ^ (x >> np.uint64(30))) * _M1
        x = (x ^ (x >> np.uint64(27))) * _M2
    return x ^ (x >> np.uint64(31))


def bits(stream: np.uint64, counters: np.ndarray) -> np.ndarray:
    """Give the 64 random bits of a stream at each counter (any shape)."""
    with np.errstate(over="ignore"):
        return mix(mix(np.asarray(counters, dtype=np.uint64) * _GOLDEN + stream) ^ stream)


def uniforms(stream: np.uint64, counters: np.ndarray) -> np.ndarray:
    """Give the uniform in (0, 1) of a stream at each counter; never 0 and never 1."""
    # 52 bits: with 53, the largest value would round to 1.
    return ((bits(stream, counters) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52
