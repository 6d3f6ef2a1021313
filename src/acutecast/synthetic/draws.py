"""Streams of random numbers of the built-in region."""

from __future__ import annotations

import numpy as np

from acutecast import streams


def stream(seed: int, name: str) -> np.random.Generator:
    """Give the random numbers of one named part of the region; the same for the same seed."""
    return np.random.Generator(np.random.Philox(key=int(streams.key(seed, name))))
