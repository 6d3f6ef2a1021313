"""How people read results: pictures now, workbooks and documents later."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acutecast.report.charts import projection_chart, save_chart

_HOMES = {
    "projection_chart": "charts",
    "save_chart": "charts",
}

__all__ = ["projection_chart", "save_chart"]


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
