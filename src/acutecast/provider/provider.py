"""One provider's baseline year in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from acutecast.errors import Problem


@dataclass(frozen=True)
class Provider:
    """One provider's baseline year: nine tables with the types of the contract.

    Attributes:
        dataset: the provider's code (ODS code such as "RXX").
        year: the calendar year in which the baseline financial year starts (2023 for 2023/24).
        tables: Arrow tables by name ("ip", "op", …); text columns are dictionary-encoded.
        source: the path or URL they were read from; "made in memory" for a demo region.
        hashes: SHA-256 of each table's content, hexadecimal, by table name.
        rules: the TPMA rule set that tagged the spells, its name, version and digest; "" where
            the tables do not say.
        notes: what a user of its results should know of its data (tables that are missing, …);
            they go to every run.
    """

    dataset: str
    year: int
    tables: Mapping[str, pa.Table]
    source: str = "made in memory"
    hashes: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    notes: tuple[Problem, ...] = ()
