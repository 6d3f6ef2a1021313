"""One provider's baseline year in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

import pyarrow as pa

from acutecast.errors import Problem


@dataclass(frozen=True, repr=False)
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
        unknown: why the records that the tables were made from do not tell a TPMA, by its key: a
            column that its rule needs was missing. No row has such a TPMA.
    """

    dataset: str
    year: int
    tables: Mapping[str, pa.Table]
    source: str = "made in memory"
    hashes: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    notes: tuple[Problem, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        rows = sum(table.num_rows for table in self.tables.values())
        return f"<Provider {self._said()}, {rows:,} rows in {len(self.tables)} tables>"

    def _repr_html_(self) -> str:
        """Give the rows of each table, for notebooks; every text is escaped."""
        rows = "".join(
            f'<tr><td>{escape(name)}</td><td style="text-align:right">{table.num_rows:,}</td></tr>'
            for name, table in self.tables.items()
        )
        return (
            f'<table><caption style="text-align:left">{escape(self._said())}</caption>'
            f"<thead><tr><th>Table</th><th>Rows</th></tr></thead><tbody>{rows}</tbody></table>"
        )

    def _said(self) -> str:
        year = f"{self.year}/{(self.year + 1) % 100:02d}"
        return f"{self.dataset}, baseline {year}, {self.source}"
