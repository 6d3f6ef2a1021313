"""Tables that a provider may be without: a trust with no emergency care has no such table.

The NHP model runs such trusts too, and leaves their kind of activity out
(github.com/The-Strategy-Unit/nhp_model, branch fix_648).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa

from acutecast.errors import Problem
from acutecast.provider.contract import STRATEGY_TABLES, YEAR_COLUMNS, columns_of

MEANING = {
    "ip": "the provider has no inpatients",
    "op": "the provider has no outpatients",
    "aae": "the provider has no emergency care",
    "ip_activity_avoidance_strategies": "no TPMA avoids spells",
    "ip_efficiencies_strategies": "no TPMA shortens or moves spells, but the general ones",
    "hsa_activity_tables": "health status has nobody to act on",
    "inequalities": "no HRG has rates by deprivation to bring together",
}
"""The tables that may be missing, and what a run without them takes it to mean."""


def empty_table(name: str) -> pa.Table:
    """Give a table of the contract without rows: its required columns, with their types."""
    return pa.table(
        {
            column.name: pa.array([], column.arrow_type)
            for column in columns_of(name)
            if column.required and column.name != YEAR_COLUMNS
        }
    )


def without_rows(name: str, table: pa.Table) -> pa.Table:
    """Give a table that has no rows all its required columns; whoever wrote it may have left none.

    Its other columns stay, where their types are those of the contract.
    """
    typed = {column.name: column.arrow_type for column in columns_of(name)}
    columns = {field.name: pa.array([], field.type) for field in empty_table(name).schema}
    for field in table.schema:
        if field.type == typed.get(field.name, field.type):
            columns.setdefault(field.name, pa.array([], field.type))
    return pa.table(columns)


def absence_notes(tables: Mapping[str, pa.Table], absent: Collection[str]) -> tuple[Problem, ...]:
    """Say which tables a provider is without, and what that means for its runs.

    A provider without spells needs no TPMAs of spells, and nobody is told that it has none. That
    there are no rates by deprivation is usual, and told only where the table itself is missing.

    Args:
        tables: all nine tables, those that are absent without rows.
        absent: the names of the tables that were not there.
    """
    notes = []
    for name, meaning in MEANING.items():
        table = tables.get(name)
        if table is None or table.num_rows or (name == "inequalities" and name not in absent):
            continue
        if name in STRATEGY_TABLES and "ip" in tables and not tables["ip"].num_rows:
            continue
        what = "the table is missing" if name in absent else "the table has no rows"
        notes.append(
            Problem(f"{what}, so {meaning}", name, remedy="Add it if that is not so.", warning=True)
        )
    return tuple(notes)
