"""Demand: provider × scenario → plan → kernels → activity by run and year."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acutecast.demand.cube import Cube, Draws, Parts, Projection
    from acutecast.demand.engine import simulate

# The engine brings Numba, which takes most of a second to import.
_HOMES = {
    "Cube": "cube",
    "Draws": "cube",
    "Parts": "cube",
    "Projection": "cube",
    "simulate": "engine",
}

__all__ = ["Cube", "Draws", "Parts", "Projection", "simulate"]


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'acutecast.demand' has no attribute {name!r}")
    return getattr(import_module(f"acutecast.demand.{_HOMES[name]}"), name)
