"""From records to provider tables: making, extracting, reporting on them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from acutecast.compute import Event, Watch, timed
from acutecast.files import joined, local_only, safe_table, write_text

if TYPE_CHECKING:
    import polars
    import pyarrow

    from acutecast.extract import Extracted
    from acutecast.extract.starter import Starter


def synth(
    out: str | os.PathLike[str],
    *,
    trusts: int = 4,
    years: Sequence[int] = (2021, 2022, 2023),
    size: float = 1.0,
    seed: int = 1,
    format: str = "parquet",
    outpatient_years: Sequence[int] | None = None,
    emergency_years: Sequence[int] | None = None,
    replace: bool = False,
    watch: Watch | None = None,
) -> dict[str, Path]:
    """Make a region of made-up trusts at record level, in the form of HES and ECDS.

    Args:
        out: the folder to make.
        trusts: how many trusts.
        years: financial years by the calendar year in which they start.
        size: the size of a trust; 1.0 is about 100,000 spells a year.
        seed: another seed gives another region of the same kind.
        format: "parquet" or "csv".
        outpatient_years: years of appointments, where not all.
        emergency_years: years of emergency attendances, where not all.
        replace: whether a region made earlier may be replaced.
        watch: is told of progress.

    Returns:
        The files or folders made, by kind of record.
    """
    from acutecast.synthetic.records import write_records

    return write_records(
        local_only(out, "records are"), seed=seed, trusts=trusts, years=tuple(years), size=size,
        format=format, outpatient_years=outpatient_years, emergency_years=emergency_years,
        replace=replace, tell=_teller(watch),
    )  # fmt: skip


def start_mapping(folder: str | os.PathLike[str], replace: bool = False) -> Starter:
    """Write a first `extract.toml` into a folder of records, from the files' own headers.

    Its lines are comments, so that it changes nothing by itself: which file is which record, which
    column is read as which, columns that are missing with the nearest guesses to uncomment, columns
    that nobody reads, and what the values of sex and the order of dates seem to need.

    Args:
        folder: the folder of the records.
        replace: whether a mapping that is there may be replaced.

    Returns:
        What was found: `path`, `text`, `found` by kind of record, `preset`, `unclear` files.
    """
    from acutecast.extract.starter import start_mapping as started

    return started(local_only(folder, "records are"), replace)


def extract_records(
    records: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    years: Sequence[int] | None = None,
    providers: Sequence[str] | None = None,
    rules: str | os.PathLike[str] | None = None,
    codes: Literal["spell", "last episode"] = "spell",
    hours: bool = False,
    suppress: int | None = None,
    replace: bool = False,
    accept_faults: bool = False,
    memory_gb: float = 3.0,
    threads: int | None = None,
    watch: Watch | None = None,
) -> Extracted:
    """Make provider tables, and what setting assumptions needs, from a hospital's records.

    Args:
        records: a folder of episodes, appointments and attendances, CSV (also zipped) or Parquet.
        out: the folder to make, or an fsspec URL; whole or not at all.
        mapping: a TOML file that says which file and column is which.
        years: baseline years to write; None for the last whole one in the records.
        providers: codes of the providers to write; None for all.
        rules: a folder of TPMA rules that change or add to the built-in ones.
        codes: "spell" counts the codes of all episodes of a spell; "last episode" those of its
            last alone, as the NHP model does.
        hours: keep emergency arrivals apart by hour.
        suppress: leave counts from 1 to one less than this empty in the assumption tables.
        replace: whether an extract made earlier may be replaced.
        accept_faults: go on in spite of what would make results wrong (dates with the month first,
            a tenth of the rows lost for one reason …); it stays with the tables as notes.
        memory_gb: the most memory that the database takes, in GB.
        threads: how many threads; all processors by default. The tables do not depend on it.
        watch: is told of progress.

    Returns:
        What was made. `run(scenario, made.root, …)` runs on it.
    """
    from acutecast.extract.pipeline import extract_records as extracted

    return extracted(
        records, out, mapping=mapping, years=years, providers=providers, rules=rules, codes=codes,
        hours=hours, suppress=suppress, replace_earlier=replace, accept_faults=accept_faults,
        memory_gb=memory_gb, threads=threads, tell=_teller(watch),
    )  # fmt: skip


def data_report(
    records: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    rules: str | os.PathLike[str] | None = None,
    suppress: int | None = None,
    memory_gb: float = 3.0,
    threads: int | None = None,
    watch: Watch | None = None,
) -> dict[str, pyarrow.Table]:
    """Report on the quality of a hospital's records.

    Args:
        records, mapping, rules, memory_gb, threads, watch: as in `extract_records`.
        suppress: leave counts from 1 to one less than this empty, round the others to 5, and leave
            examples out, so that the report can be shown to others.

    Returns:
        Tables by name: `findings` in words, `accounting` of every row, `completeness`,
        `unknown_codes`, `dates`, `duplicates`, `months`, `steps`, `gaps`.
    """
    from acutecast.extract import opened_records, read_rules
    from acutecast.extract.quality import quality, suppress_small

    tell = _teller(watch)
    with opened_records(
        records, mapping, read_rules(rules), memory_gb=memory_gb, threads=threads, tell=tell
    ) as con:
        tables = timed(watch, "checking quality", lambda: quality(con))
    return tables if suppress is None else suppress_small(tables, suppress)


def write_data_report(
    tables: Mapping[str, pyarrow.Table], out: str | os.PathLike[str], title: str = "records"
) -> dict[str, Path]:
    """Write a report on records: a page, and a folder of CSV files beside it.

    Args:
        tables: what `data_report` gave.
        out: the page to write, ending in .html.
        title: what the records are called.
    """
    from acutecast.report.quality_page import write_quality_page

    page = write_quality_page(dict(tables), local_only(out, "the report is"), Path(title).name)
    folder = page.with_name(f"{page.stem}-tables")
    for name, table in tables.items():
        # Codes and values of the records stand in them as they came.
        write_text(joined(folder, f"{name}.csv"), safe_table(_frame_of(table)).write_csv())
    return {"page": page, "tables": folder}


def _frame_of(table: pyarrow.Table) -> polars.DataFrame:
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _teller(watch: Watch | None) -> Callable[[str, int, int, float], None] | None:
    if watch is None:
        return None
    return lambda stage, done, of, seconds: watch(Event(stage, done, of, seconds))
