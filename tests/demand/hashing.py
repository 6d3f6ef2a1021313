"""One hash of every number of a projection; run as a program, of the rich scenario's.

Usage: hashing.py SPELLS RUNS THREADS YEAR [YEAR ...]
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from acutecast.demand import Projection
from acutecast.demand.cube import Cube, Parts


def hash_of(projection: Projection) -> str:
    """Hash every label, count, part and draw."""
    answer = hashlib.sha256()
    for name in sorted(projection.cubes):
        answer.update(hash_of_cube(projection.cubes[name]).encode())
    for parts in (projection.attribution, projection.step_counts):
        answer.update(hash_of_parts(parts).encode())
    answer.update(repr((projection.draws.names, projection.years, projection.runs)).encode())
    answer.update(projection.draws.values.tobytes())
    answer.update("".join(projection.draws.variants).encode())
    return answer.hexdigest()


def hash_of_cube(cube: Cube) -> str:
    """Hash a cube: labels, baseline, counts."""
    return _hash(cube.name, cube.keys, cube.years, cube.baseline, cube.values)


def hash_of_parts(parts: Parts) -> str:
    """Hash parts: labels and values."""
    return _hash(parts.name, parts.keys, parts.years, parts.values)


def _hash(name, keys, years, *arrays) -> str:
    labels = {key: list(map(str, values)) for key, values in keys.items()}
    answer = hashlib.sha256(json.dumps([name, labels, list(years)]).encode())
    for array in arrays:
        answer.update(f"{array.dtype}{array.shape}".encode())
        answer.update(np.ascontiguousarray(array).tobytes())
    return answer.hexdigest()


if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1]))
    from hand_made import project
    from rich_scenario import RICH

    from small_provider import small_provider

    spells, runs, threads, *years = (int(word) for word in sys.argv[1:])
    made = project(small_provider(spells, 1), {**RICH, "runs": runs}, years, threads)
    print(hash_of(made))
