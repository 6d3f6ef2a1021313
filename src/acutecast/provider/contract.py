"""The contract: every table and column that describes a provider's baseline year.

The contract itself is data, `contract.csv`; checks and documentation are made from it.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import pyarrow as pa

from acutecast import facts

Kind = Literal["text", "int", "float", "bool", "date"]

TABLES = (
    "ip",
    "op",
    "aae",
    "ip_activity_avoidance_strategies",
    "ip_efficiencies_strategies",
    "demographic_factors",
    "birth_factors",
    "hsa_activity_tables",
    "inequalities",
)
STRATEGY_TABLES = ("ip_activity_avoidance_strategies", "ip_efficiencies_strategies")
FACTOR_TABLES = ("demographic_factors", "birth_factors")

# Stands in the contract for the columns that are named by a calendar year.
YEAR_COLUMNS = "yyyy"
# Partition columns: in the path of a file, and superfluous inside it.
PARTITION_COLUMNS = ("fyear", "dataset")

_TEXT = pa.dictionary(pa.int32(), pa.string())
_ARROW_TYPES = {
    "text": _TEXT,
    "int": pa.int32(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
}


@dataclass(frozen=True)
class Column:
    """What one column of a provider table is.

    Attributes:
        table: the table it belongs to.
        name: its name; "yyyy" stands for the columns named by a calendar year.
        kind: "text", "int", "float", "bool" (0 and 1 are accepted) or "date".
        required: True where the projection reads it; optional ones are used when present.
        nullable: True where a value may be missing.
        codes: the allowed values as text; empty where any are.
        pattern: a regular expression that values must match in full; "" where there is none.
        low: the least valid value, or None.
        high: the greatest valid value, or None.
        above_low: True where a value must be above `low`, not equal to it.
        unknown: what a value outside codes, pattern and range is: "error" or "warning".
        unit: the unit of a number; "" where it has none.
        meaning: what it says, in the field's terms.
    """

    table: str
    name: str
    kind: Kind
    required: bool
    nullable: bool
    codes: tuple[str, ...]
    pattern: str
    low: float | None
    high: float | None
    above_low: bool
    unknown: Literal["error", "warning"]
    unit: str
    meaning: str

    @property
    def arrow_type(self) -> pa.DataType:
        """The Arrow type in memory; keys (`rn`) are plain text, other text has a dictionary."""
        return pa.string() if self.name == "rn" else _ARROW_TYPES[self.kind]


@cache
def contract() -> tuple[Column, ...]:
    """Give every column of the nine tables, in the order of the tables and of their columns."""
    text = files("acutecast.provider").joinpath("contract.csv").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return tuple(_column(row) for row in csv.DictReader(lines))


@cache
def columns_of(table: str) -> tuple[Column, ...]:
    """Give the contract's columns of one table."""
    return tuple(column for column in contract() if column.table == table)


def columns_in(table: str, names: list[str]) -> dict[str, Column]:
    """Give the contract's column for each name that a table has and the contract knows.

    The order is the contract's, with the years ascending; this is the order of columns in memory.
    """
    found: dict[str, Column] = {}
    for column in columns_of(table):
        if column.name == YEAR_COLUMNS:
            found |= {name: column for name in sorted(names) if is_year(name)}
        elif column.name in names:
            found[column.name] = column
    return found


def is_year(name: str) -> bool:
    """Tell whether a column's name is a calendar year."""
    return re.fullmatch(r"[12]\d{3}", name) is not None


def _column(row: dict[str, str]) -> Column:
    return Column(
        table=row["table"],
        name=row["column"],
        kind=row["type"],  # type: ignore[arg-type]  # a test reads every row
        required=row["required"] == "yes",
        nullable=row["nullable"] == "yes",
        codes=_codes(row["codes"], row["table"]),
        pattern=row["pattern"],
        low=float(row["low"].removeprefix(">")) if row["low"] else None,
        high=float(row["high"]) if row["high"] else None,
        above_low=row["low"].startswith(">"),
        unknown=row["unknown"],  # type: ignore[arg-type]
        unit=row["unit"],
        meaning=row["meaning"],
    )


def _codes(cell: str, table: str) -> tuple[str, ...]:
    """Read the allowed values: a list, or the values of a fact table that concern `table`."""
    if not cell.startswith("="):
        return tuple(cell.split(";")) if cell else ()
    name, column = cell[1:].split(".")
    activity = table.split("_")[0]
    return tuple(
        row[column]
        for row in facts.rows(name)
        # Facts about one activity type or kind of TPMA apply to its own tables only.
        if row.get("activity_type", activity) == activity and row.get("kind", "") in table
    )
