"""The Python interface: a projection in five lines.

import acutecast as ac

run = ac.run({"name": "Base"}, ac.demo_provider(), "results/base")
run.summary(by=("pod", "measure"))
run.attribution(where={"measure": "beddays"})

A name is imported from its module when it is first used. What is listed here is all that
`acutecast` offers: once for type checkers, once by module.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

# A name imported as itself is public (the typing documentation on libraries, PEP 484).
if TYPE_CHECKING:
    from acutecast.api.national import open_national as open_national
    from acutecast.api.national import run_national as run_national
    from acutecast.api.population import compare_populations as compare_populations
    from acutecast.api.population import plot_health_status as plot_health_status
    from acutecast.api.population import plot_population as plot_population
    from acutecast.api.population import project_population as project_population
    from acutecast.api.population import read_population as read_population
    from acutecast.api.population import write_population as write_population
    from acutecast.api.questions import backtest as backtest
    from acutecast.api.questions import capacity_of as capacity_of
    from acutecast.api.questions import compare as compare
    from acutecast.api.questions import later_year as later_year
    from acutecast.api.questions import open_capacity as open_capacity
    from acutecast.api.questions import precision as precision
    from acutecast.api.questions import sensitivity as sensitivity
    from acutecast.api.questions import target as target
    from acutecast.api.questions import why as why
    from acutecast.api.records import data_report as data_report
    from acutecast.api.records import extract_records as extract_records
    from acutecast.api.records import start_mapping as start_mapping
    from acutecast.api.records import synth as synth
    from acutecast.api.records import write_data_report as write_data_report
    from acutecast.api.reports import plot as plot
    from acutecast.api.reports import write_report as write_report
    from acutecast.api.runs import demo_provider as demo_provider
    from acutecast.api.runs import load_scenario as load_scenario
    from acutecast.api.runs import open_run as open_run
    from acutecast.api.runs import run as run
    from acutecast.api.runs import run_nhp as run_nhp
    from acutecast.api.sweeps import sweep as sweep
    from acutecast.provider import read_provider as read_provider
else:
    # Long names on purpose: they read well after `acutecast.`
    _BY_MODULE = {
        "acutecast.api.national": "open_national run_national",
        "acutecast.api.population": "compare_populations plot_health_status plot_population "
        "project_population read_population write_population",
        "acutecast.api.questions": "backtest capacity_of compare later_year open_capacity "
        "precision sensitivity target why",
        "acutecast.api.records": "data_report extract_records start_mapping synth "
        "write_data_report",
        "acutecast.api.reports": "plot write_report",
        "acutecast.api.runs": "demo_provider load_scenario open_run run run_nhp",
        "acutecast.api.sweeps": "sweep",
        "acutecast.provider": "read_provider",
    }
    _HOMES = {name: module for module, names in _BY_MODULE.items() for name in names.split()}

    __all__ = sorted(_HOMES)

    def __getattr__(name: str) -> object:
        """Load a public name from its module."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)

    def __dir__() -> list[str]:
        """List the public names, and the modules that are loaded."""
        return sorted({*globals(), *_HOMES})
