"""Acutecast plans acute hospitals: activity over 20 years by simulation, and the capacity it needs.

Names load where they are first used, so that `import acutecast` is quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acutecast.api import (
        backtest,
        capacity_of,
        compare,
        compare_populations,
        data_report,
        demo_provider,
        extract_records,
        later_year,
        load_scenario,
        open_capacity,
        open_national,
        open_run,
        plot_health_status,
        plot_population,
        precision,
        project_population,
        read_population,
        read_provider,
        run,
        run_national,
        run_nhp,
        sensitivity,
        synth,
        target,
        why,
        write_data_report,
        write_population,
        write_report,
    )
    from acutecast.errors import AcutecastError, Problem

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(
        (
            "backtest",
            "capacity_of",
            "compare",
            "compare_populations",
            "data_report",
            "demo_provider",
            "extract_records",
            "later_year",
            "load_scenario",
            "open_capacity",
            "open_national",
            "open_run",
            "plot_health_status",
            "plot_population",
            "precision",
            "project_population",
            "read_population",
            "read_provider",
            "run",
            "run_national",
            "run_nhp",
            "sensitivity",
            "synth",
            "target",
            "why",
            "write_data_report",
            "write_population",
            "write_report",
        ),
        "acutecast.api",
    ),
    "AcutecastError": "acutecast.errors",
    "Problem": "acutecast.errors",
}

__all__ = [
    "AcutecastError",
    "Problem",
    "__version__",
    "backtest",
    "capacity_of",
    "compare",
    "compare_populations",
    "data_report",
    "demo_provider",
    "extract_records",
    "later_year",
    "load_scenario",
    "open_capacity",
    "open_national",
    "open_run",
    "plot_health_status",
    "plot_population",
    "precision",
    "project_population",
    "read_population",
    "read_provider",
    "run",
    "run_national",
    "run_nhp",
    "sensitivity",
    "synth",
    "target",
    "why",
    "write_data_report",
    "write_population",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name not in _HOMES:
        raise AttributeError(f"module 'acutecast' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
