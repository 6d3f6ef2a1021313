"""The built-in region: one made-up trust, as the nine tables of a provider.

A record-level region that goes through the extract pipeline can take the place of `region_tables`
without a change to anyone who calls `make_demo`.
"""

from __future__ import annotations

import math

import pyarrow as pa

from acutecast.errors import Problem, raise_if_any
from acutecast.provider import Provider, conform
from acutecast.synthetic import emergency, factors, inequalities, outpatients, people, spells

DATASET = "DEMO"
YEAR = people.BASE_YEAR
_LARGEST = 200.0  # as many people as England has, nearly


def region_tables(seed: int, size: float, year: int = YEAR) -> dict[str, pa.Table]:
    """Make the nine provider tables.

    Args:
        seed: another seed gives another trust of the same kind.
        size: 1.0 is about 100,000 spells.
        year: the start year of the financial year that the dates lie in. Activity per head and the
            people who have it are those of 2023 whatever the year.

    Raises:
        AcutecastError: where the size is not above 0, or the projection lacks the year.
    """
    raise_if_any(_problems(size, year), "The demo region cannot be made")
    ip, avoidance, efficiencies = spells.inpatients(seed, size, year)
    procedures = outpatients.outpatients(seed, size, year)
    gaps = inequalities.inequalities(ip, procedures, size)
    return {
        "ip": ip,
        "op": outpatients.without_other_hrgs(procedures, gaps),
        "aae": emergency.emergency(seed, size, year),
        "ip_activity_avoidance_strategies": avoidance,
        "ip_efficiencies_strategies": efficiencies,
        "demographic_factors": factors.demographic_factors(size),
        "birth_factors": factors.birth_factors(size),
        "hsa_activity_tables": factors.health_tables(),
        "inequalities": gaps,
    }


def make_demo(seed: int = 1, size: float = 1.0, year: int = YEAR) -> Provider:
    """Make the built-in trust in memory; the same arguments give the same rows.

    Arguments and errors are those of `region_tables`.
    """
    tables = region_tables(seed, size, year)
    return Provider(
        DATASET, year, {name: conform(name, table) for name, table in tables.items()},
        source="the built-in demo region",
    )  # fmt: skip


def _problems(size: float, year: int) -> list[Problem]:
    problems = []
    if not (math.isfinite(size) and 0 < size <= _LARGEST):
        problems.append(
            Problem(
                f"the size must be above 0 and at most {_LARGEST:g}", "size", example=str(size),
                remedy="1 is about 100,000 spells, 0.1 a tenth of it.",
            )
        )  # fmt: skip
    first, last = people.YEARS[0], people.YEARS[-1]
    if not first <= year <= last:
        problems.append(
            Problem(
                f"the projection has the years {first} to {last}", "year", example=str(year),
                remedy=f"Give one of them; the usual one is {YEAR}.",
            )
        )  # fmt: skip
    return problems
