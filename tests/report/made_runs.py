"""Stored runs for tests of views: made up, in a moment."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))
from made_projection import PROVIDER, SCENARIO, make_projection

from acutecast.results.run import Run, open_run
from acutecast.results.store import save_run


def stored(folder: Path, suppress: int | None = None, name: str = "growth ü", **options) -> Run:
    """Store a made-up projection of two sites and all activity types."""
    projection = make_projection(**options)
    scenario = json.loads(SCENARIO) | {"name": name, "runs": projection.runs}
    save_run(projection, json.dumps(scenario), PROVIDER, folder, suppress=suppress)
    return open_run(folder)


def same(left, right) -> bool:
    """Tell whether two columns of figures are equal, empty values at the same places."""
    a, b = (np.array([np.nan if v is None else float(v) for v in x]) for x in (left, right))
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-12, atol=1e-9, equal_nan=True))
