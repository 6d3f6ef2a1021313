"""Reading the files of people and look-ups that go with a hospital's records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.extract.mapping import REFERENCES, RecordMapping
from acutecast.extract.sql import named, quoted
from acutecast.files import with_folder
from acutecast.population.reading import population_rows
from acutecast.population.workbooks import WORKBOOKS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_REFERENCE_COLUMNS = {
    "population": ("variant", "area", "sex", "age"),
    "births": ("variant", "area", "age"),
    "deprivation": ("icb", "imd_quintile", "people"),
    "ccg_to_icb": ("ccg", "icb"),
}
# What the columns hold; whatever else is text.
_NUMBERS = {"sex": "INTEGER", "age": "INTEGER", "imd_quintile": "INTEGER", "people": "DOUBLE"}
_BY_YEAR = {"population": "people", "births": "births"}


def read_references(con: DuckDBPyConnection, mapping: RecordMapping) -> None:
    """Read the files into the tables of their names, where there are any.

    The ONS's subnational projections may be given as published (zip or CSV). The tables are
    `population` (variant, area, sex, age 0-90, year, people), `births` (variant, area, age, year,
    births), `deprivation` (icb, imd_quintile, people), `ccg_to_icb` (ccg, icb). People older than
    90 count at 90.

    Raises:
        AcutecastError: with every file that cannot be read and every column that is missing.
    """
    problems: list[Problem] = []
    for kind in REFERENCES:
        paths = mapping.files.get(kind, ())
        if paths:
            problems += _read(con, kind, paths)
    con.execute("DROP TABLE IF EXISTS reference")
    raise_if_any(problems, "The reference files cannot be used")


def _read(con: DuckDBPyConnection, kind: str, paths: tuple[Path, ...]) -> Iterator[Problem]:
    import duckdb

    if kind in _BY_YEAR and _is_official(paths):
        try:
            con.register("official", population_rows(paths, _BY_YEAR[kind]))
            con.execute(_OFFICIAL[kind])
            con.unregister("official")
        except AcutecastError as error:
            yield from error.problems
        return
    listed = "[" + ", ".join(quoted(str(p)) for p in paths) + "]"
    parquet = paths[0].suffix.lower() == ".parquet"
    reader = f"read_parquet({listed})" if parquet else f"read_csv({listed}, header = true)"
    label = ", ".join(with_folder(path) for path in paths)
    try:
        con.execute(f"CREATE OR REPLACE TEMP TABLE reference AS SELECT * FROM {reader}")
        header = [row[0] for row in con.execute("DESCRIBE reference").fetchall()]
        lacking = [name for name in _REFERENCE_COLUMNS[kind] if name not in header]
        years = [name for name in header if name.isdigit() and len(name) == 4]
        if kind in _BY_YEAR and not years:
            lacking.append("a column a year, such as 2023")
        if lacking:
            needed = ", ".join(_REFERENCE_COLUMNS[kind])
            yield Problem(
                "columns are missing", f"{label}: {', '.join(lacking)}",
                remedy=f"The file needs {needed}"
                + (" and a column a year." if kind in _BY_YEAR else "."),
            )  # fmt: skip
            return
        _store(con, kind, years)
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        yield Problem(
            f"the file cannot be read: {first}", label,
            remedy="Write it as CSV with commas and a header, or as Parquet; numbers as numbers.",
        )  # fmt: skip


def _is_official(paths: tuple[Path, ...]) -> bool:
    """Tell whether files are in a layout of the ONS rather than plain."""
    return any(
        path.suffix.lower() in (".zip", *WORKBOOKS)
        or (path.suffix.lower() == ".csv" and "AGE_GROUP" in _first_line(path))
        for path in paths
    )


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline()


_OFFICIAL = {
    "population": """CREATE OR REPLACE TABLE population AS
        SELECT variant, area, sex::INTEGER AS sex, least(age, 90)::INTEGER AS age,
            year::INTEGER AS year,
            sum(round(value, 6)::DECIMAL(24, 6))::DOUBLE AS people
        FROM official GROUP BY ALL ORDER BY ALL""",
    "births": """CREATE OR REPLACE TABLE births AS
        SELECT variant, area, age::INTEGER AS age, year::INTEGER AS year,
            sum(round(value, 6)::DECIMAL(24, 6))::DOUBLE AS births
        FROM official GROUP BY ALL ORDER BY ALL""",
}


def _store(con: DuckDBPyConnection, kind: str, years: list[str]) -> None:
    columns = {
        name: f"{named(name)}::{_NUMBERS.get(name, 'VARCHAR')} AS {name}"
        for name in _REFERENCE_COLUMNS[kind]
    }
    if kind not in _BY_YEAR:
        con.execute(
            f"CREATE OR REPLACE TABLE {kind} AS SELECT {', '.join(columns.values())} FROM reference"
        )
        return
    value = _BY_YEAR[kind]
    if kind == "population":
        columns["age"] = "least(age::INTEGER, 90) AS age"
    listed_years = ", ".join(named(year) for year in years)
    con.execute(
        f"""CREATE OR REPLACE TABLE {kind} AS
        SELECT {", ".join(columns)}, year, sum({value})::DOUBLE AS {value} FROM (
            SELECT {", ".join(columns.values())}, year::INTEGER AS year,
                round({value}::DOUBLE, 6)::DECIMAL(24, 6) AS {value}
            FROM (UNPIVOT reference ON {listed_years} INTO NAME year VALUE {value})
        ) GROUP BY ALL ORDER BY ALL"""
    )
