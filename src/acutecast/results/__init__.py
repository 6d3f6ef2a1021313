"""The stored run, and the one place where summaries, differences and attributions are computed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acutecast.results.nhp import export_nhp
    from acutecast.results.run import Run, open_run
    from acutecast.results.store import save_run
    from acutecast.results.summary import headline
    from acutecast.results.suppress import hide_small_counts

_HOMES = {
    "Run": "run",
    "export_nhp": "nhp",
    "headline": "summary",
    "hide_small_counts": "suppress",
    "open_run": "run",
    "save_run": "store",
}

__all__ = ["Run", "export_nhp", "headline", "hide_small_counts", "open_run", "save_run"]


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
