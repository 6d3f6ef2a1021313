"""How much space activity needs: areas, assumptions, the preset method and occupancy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acutecast.capacity.assumptions import Assumptions, load_assumptions
    from acutecast.capacity.simulate import Options, options, prepare, simulate_capacity, store
    from acutecast.capacity.stored import Capacity, open_capacity

_HOMES = {
    "Assumptions": "assumptions",
    "Capacity": "stored",
    "Options": "simulate",
    "load_assumptions": "assumptions",
    "open_capacity": "stored",
    "options": "simulate",
    "prepare": "simulate",
    "simulate_capacity": "simulate",
    "store": "simulate",
}

__all__ = [
    "Assumptions",
    "Capacity",
    "Options",
    "load_assumptions",
    "open_capacity",
    "options",
    "prepare",
    "simulate_capacity",
    "store",
]


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
