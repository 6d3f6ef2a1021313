"""The built-in region: one made-up trust, as the nine tables of a provider.

A record-level region that goes through the extract pipeline can take the place of `region_tables`
without a change to anyone who calls `make_demo`.
"""

from __future__ import annotations

import pyarrow as pa

from acutecast.provider import Provider, conform
from acutecast.synthetic import attendances, factors, inequalities, spells

DATASET = "DEMO"
YEAR = 2023


def region_tables(seed: int, size: float, year: int = YEAR) -> dict[str, pa.Table]:
    """Make the nine provider tables.

    Args:
        seed: another seed gives another trust of the same kind.
        size: 1.0 is about 100,000 spells.
        year: the start year of the financial year that the dates lie in.
    """
    ip, avoidance, efficiencies = spells.inpatients(seed, size, year)
    return {
        "ip": ip,
        "op": attendances.outpatients(seed, size, year),
        "aae": attendances.emergency(seed, size, year),
        "ip_activity_avoidance_strategies": avoidance,
        "ip_efficiencies_strategies": efficiencies,
        "demographic_factors": factors.demographic_factors(size),
        "birth_factors": factors.birth_factors(size),
        "hsa_activity_tables": factors.health_tables(),
        "inequalities": inequalities.inequalities(seed=seed),
    }


def make_demo(seed: int = 1, size: float = 1.0, year: int = YEAR) -> Provider:
    """Make the built-in trust in memory; the same arguments give the same rows."""
    tables = region_tables(seed, size, year)
    return Provider(
        DATASET, year, {name: conform(name, table) for name, table in tables.items()},
        source="the built-in demo region",
    )  # fmt: skip
