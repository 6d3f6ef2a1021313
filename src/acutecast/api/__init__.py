"""The Python interface: a projection in five lines.

import acutecast as ac

run = ac.run({"name": "Base"}, ac.demo_provider(), "results/base")
run.summary(by=("pod", "measure"))
run.attribution(where={"measure": "beddays"})
"""

from acutecast.api.national import open_national, run_national
from acutecast.api.population import (
    compare_populations,
    plot_health_status,
    plot_population,
    project_population,
    read_population,
    write_population,
)
from acutecast.api.questions import (
    backtest,
    capacity_of,
    compare,
    later_year,
    open_capacity,
    precision,
    sensitivity,
    target,
    why,
)
from acutecast.api.records import data_report, extract_records, synth, write_data_report
from acutecast.api.reports import write_report
from acutecast.api.runs import (
    demo_provider,
    load_scenario,
    open_run,
    run,
    run_nhp,
)
from acutecast.provider import read_provider

# Long names on purpose: they read well after `acutecast.`
__all__ = [
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
