"""How people read results: views, pictures and pages."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acutecast.report.capacity_charts import capacity_chart
    from acutecast.report.capacity_html import capacity_page
    from acutecast.report.capacity_overview import overview_chart
    from acutecast.report.capacity_shortage import shortage_chart
    from acutecast.report.capacity_time import trajectory_chart, week_chart
    from acutecast.report.charts import check_picture, projection_chart, save_chart
    from acutecast.report.health_charts import health_status_chart
    from acutecast.report.insight_charts import (
        backtest_chart,
        comparison_chart,
        convergence_chart,
        sensitivity_chart,
        why_chart,
        within_run_chart,
    )
    from acutecast.report.quality_page import write_quality_page
    from acutecast.report.views import VIEWS, Selection, Shown, comparison, show

_HOMES = {
    **dict.fromkeys(("VIEWS", "Selection", "Shown", "comparison", "show"), "views"),
    **dict.fromkeys(
        (
            "backtest_chart",
            "comparison_chart",
            "convergence_chart",
            "sensitivity_chart",
            "why_chart",
            "within_run_chart",
        ),
        "insight_charts",
    ),
    "capacity_chart": "capacity_charts",
    "capacity_page": "capacity_html",
    "health_status_chart": "health_charts",
    "overview_chart": "capacity_overview",
    "check_picture": "charts",
    "projection_chart": "charts",
    "write_quality_page": "quality_page",
    "save_chart": "charts",
    "shortage_chart": "capacity_shortage",
    "trajectory_chart": "capacity_time",
    "week_chart": "capacity_time",
}

__all__ = [
    "VIEWS",
    "Selection",
    "Shown",
    "backtest_chart",
    "capacity_chart",
    "capacity_page",
    "check_picture",
    "comparison",
    "comparison_chart",
    "convergence_chart",
    "health_status_chart",
    "overview_chart",
    "projection_chart",
    "save_chart",
    "sensitivity_chart",
    "shortage_chart",
    "show",
    "trajectory_chart",
    "week_chart",
    "why_chart",
    "within_run_chart",
    "write_quality_page",
]


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
