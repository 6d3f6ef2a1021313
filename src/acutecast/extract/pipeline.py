"""From a hospital's own records to provider tables: the whole way, in a bounded memory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from acutecast import facts
from acutecast.errors import AcutecastError, Problem, option, raise_if_any
from acutecast.extract.accounting import (
    accounting,
    check_nothing_is_lost,
    check_rows_are_in_tables,
    rows_set_aside,
)
from acutecast.extract.assumption_tables import assumption_tables, suppress_small
from acutecast.extract.catchment import catchments
from acutecast.extract.contacts import tag_contacts
from acutecast.extract.derivation_notes import derivation_notes
from acutecast.extract.derive import CodesOf, derive
from acutecast.extract.faults import find_faults, quality_info, stop_at_faults, told_of_providers
from acutecast.extract.mapping import read_mapping
from acutecast.extract.provider_tables import derived_views, provider_tables
from acutecast.extract.providers import (
    ProviderYear,
    impossible_codes_note,
    left_out_notes,
    providers_to_write,
    rows_by_provider,
)
from acutecast.extract.references import read_references
from acutecast.extract.rules import RuleSet, read_rules
from acutecast.extract.sql import load_rows, quoted
from acutecast.extract.staging import stage
from acutecast.extract.successors import (
    apply_successors,
    outside_note,
    successor_notes,
    successors_applied,
)
from acutecast.extract.tagging import tag_spells
from acutecast.extract.unknown import unknown_info, unknown_notes, unknown_of
from acutecast.files import folder_problems, is_url, joined, whole_folder
from acutecast.provider import Provider, check_provider, conform, write_provider
from acutecast.scratch import scratch_folder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Stage, how much of it is done, of how much, seconds since it began.
Tell = Callable[[str, int, int, float], None]

MANIFEST = "extract.json"
# The area that stands for everywhere where the population of areas is not known.
_ENGLAND = "E92000001"


@dataclass(frozen=True)
class Extracted:
    """What an extract made.

    Attributes:
        root: the folder or URL with the provider tables, the assumption tables in `assumptions`,
            the rows set aside in `set_aside.parquet`, and `extract.json`.
        providers: code and baseline year of each provider that was written.
        failed: those whose tables cannot be used, with what is wrong; nothing of them is written.
        info: what `extract.json` says: versions, rule set, files, accounting, notes.
        problems: faults and warnings of the tables that were made.
    """

    root: Path | str
    providers: tuple[tuple[str, int], ...]
    info: Mapping[str, Any]
    problems: tuple[Problem, ...]
    failed: Mapping[ProviderYear, tuple[Problem, ...]] = field(default_factory=dict)


@contextmanager
def _stage(tell: Tell | None, name: str) -> Iterator[None]:
    """Tell of a stage as it begins and ends."""
    began = time.perf_counter()
    if tell is not None:
        tell(name, 0, 1, 0.0)
    yield
    if tell is not None:
        tell(name, 1, 1, time.perf_counter() - began)


@contextmanager
def opened_records(
    source: str | os.PathLike[str],
    mapping: str | os.PathLike[str] | None = None,
    rules: RuleSet | None = None,
    *,
    codes: CodesOf = "spell",
    hours: bool = False,
    memory_gb: float = 3.0,
    threads: int | None = None,
    tell: Tell | None = None,
) -> Iterator[DuckDBPyConnection]:
    """Read and derive a folder of records; give the database while the block runs.

    The database lies in a scratch folder and goes with the block. Arguments are those of
    `extract_records`.
    """
    import duckdb

    rules = rules or read_rules()
    say = tell or (lambda *_: None)
    where = read_mapping(source, mapping)
    with scratch_folder("extract") as folder:
        con = duckdb.connect(str(folder / "records.duckdb"))
        try:
            con.execute(f"SET memory_limit = '{memory_gb}GB'")
            con.execute(f"SET temp_directory = {quoted(str(folder / 'spill'))}")
            # Nothing is fetched from anywhere, whatever a query might want.
            con.execute("SET autoinstall_known_extensions = false")
            if threads is not None:
                con.execute(f"SET threads = {int(threads)}")
            began = time.perf_counter()
            stage(
                con, where, folder,
                lambda done, of: say("reading records", done, of, time.perf_counter() - began),
            )  # fmt: skip
            read_references(con, where)
            apply_successors(con, providers=where.successors)
            with _stage(tell, "deriving"):
                derive(con, rules, codes=codes, hours=hours)
                check_nothing_is_lost(con)
                derived_views(con)
            yield con
        except duckdb.OutOfMemoryException as error:
            raise AcutecastError(
                Problem(
                    f"the database needs more than {memory_gb:g} GB of memory", str(source),
                    remedy=f"Allow more, such as {option('memory_gb', round(2 * memory_gb, 1))}, "
                    "or use fewer threads.",
                )
            ) from error  # fmt: skip
        finally:
            con.close()


def extract_records(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    mapping: str | os.PathLike[str] | None = None,
    years: Sequence[int] | None = None,
    providers: Sequence[str] | None = None,
    rules: str | os.PathLike[str] | None = None,
    codes: CodesOf = "spell",
    hours: bool = False,
    suppress: int | None = None,
    replace_earlier: bool = False,
    accept_faults: bool = False,
    memory_gb: float = 3.0,
    threads: int | None = None,
    tell: Tell | None = None,
) -> Extracted:
    """Make provider tables, and the tables that setting assumptions needs, from records.

    Args:
        source: a folder of records: admitted-patient episodes, outpatient appointments, emergency
            attendances, and reference files (`acutecast.extract.mapping`).
        out: the folder to make, or an fsspec URL. It is written whole or not at all.
        mapping: a TOML file that says which file and column is which.
        years: baseline years to write (2023 for 2023/24); None for the last whole one. Every year
            in the records is used to look back, and for trends.
        providers: codes of those to write; None for all.
        rules: a folder of TPMA rules that change or add to the built-in ones.
        codes: "spell" counts the codes of all episodes of a spell; "last episode" those of the
            last alone, as the NHP model does.
        hours: keep emergency arrivals apart by hour of arrival.
        suppress: leave counts from 1 to one less than this empty in the assumption tables.
        replace_earlier: whether an earlier extract in `out` may be replaced.
        accept_faults: go on in spite of what would make results wrong (`acutecast.extract.faults`);
            it stays with the tables as notes.
        memory_gb: the most memory that the database takes.
        threads: how many threads the database uses; the tables do not depend on it.
        tell: told of each stage as it begins and ends.

    Raises:
        AcutecastError: with everything that stops the work, before anything is written; and where
            the tables of no provider can be used. Of several providers, those whose tables can are
            written, the others named in `failed`.
    """
    target = str(out) if is_url(out) else Path(out)
    already = "an extract is there already"
    raise_if_any(folder_problems(out, MANIFEST, already, replace=replace_earlier))
    rule_set = read_rules(rules)
    with opened_records(
        source, mapping, rule_set, codes=codes, hours=hours, memory_gb=memory_gb, threads=threads,
        tell=tell,
    ) as con:  # fmt: skip
        faults = find_faults(con)
        if not accept_faults:
            stop_at_faults(faults)
        people = _people(con)
        wanted = providers_to_write(con, years, providers)
        told = told_of_providers(con, wanted, faults)
        notes = [
            *derivation_notes(con), *successor_notes(con), *people,
            *unknown_notes(con, " (extract.json lists them)"),
        ]  # fmt: skip
        with _stage(tell, "finding TPMAs"):
            tag_spells(con, rule_set)
            tag_contacts(con, rule_set)
        with _stage(tell, "working out rates"):
            how = catchments(con)
            fyears = sorted({r[0] for r in con.execute(_YEARS_THERE).fetchall()})
            tables = assumption_tables(con, fyears)
            if suppress is not None:
                tables = suppress_small(tables, suppress)
        with _stage(tell, "storing tables"), whole_folder(target, MANIFEST) as folder:
            problems, failed = _write_providers(con, told, rule_set, str(source), folder)
            written = [key for key in wanted if key not in failed]
            if not written:
                wrong = [problem for found in failed.values() for problem in found]
                raise_if_any(wrong, "The tables made from these records cannot be used")
            _write_tables(tables, folder / "assumptions")
            pq.write_table(rows_set_aside(con), folder / "set_aside.parquet", compression="zstd")
            placed = rows_by_provider(con, wanted, failed)
            notes += [*impossible_codes_note(con), *left_out_notes(placed)]
            info = _manifest(con, rule_set, codes, written, suppress, notes)
            of_written = {key: told[key] for key in written}
            info |= quality_info(con, of_written, faults)
            info |= {
                "catchments": how, "failed": _said(failed), "rows_by_provider": placed,
                "successors": successors_applied(con),
                "unknown_tpmas": unknown_info(con),
            }  # fmt: skip
            text = json.dumps(info, indent=2, ensure_ascii=False) + "\n"
            (folder / MANIFEST).write_text(text, encoding="utf-8")
    return Extracted(target, tuple(written), info, tuple(problems), failed)


def _write_providers(
    con: DuckDBPyConnection, told: Mapping[ProviderYear, tuple[Problem, ...]], rules: RuleSet,
    source: str, folder: Path,
) -> tuple[list[Problem], dict[ProviderYear, tuple[Problem, ...]]]:  # fmt: skip
    """Write each provider's tables; give the warnings, and the faults of those left unwritten.

    What the contract's own check says of one provider stops no other.
    """
    problems: list[Problem] = []
    failed: dict[ProviderYear, tuple[Problem, ...]] = {}
    for (code, year), notes in told.items():
        tables = provider_tables(con, code, year)
        check_rows_are_in_tables(con, code, year, tables)
        made = {name: conform(name, table) for name, table in tables.items()}
        provider = Provider(
            code, year, made, source, rules=rules.label, notes=notes,
            unknown=unknown_of(con, code, year),
        )  # fmt: skip
        # What the records do not tell is in the notes already, once for all providers.
        found = [
            replace(problem, where=f"{code} {year}: {problem.where}")
            for problem in check_provider(replace(provider, unknown={}))
        ]
        faults = tuple(problem for problem in found if not problem.warning)
        if faults:
            failed[code, year] = faults
            continue
        problems += found
        write_provider(provider, folder)
    return problems, failed


def _said(failed: Mapping[ProviderYear, tuple[Problem, ...]]) -> list[dict[str, Any]]:
    """Give what is wrong with the tables that were not written, for `extract.json`."""
    return [
        {"dataset": code, "year": year, "problems": [str(problem) for problem in problems]}
        for (code, year), problems in failed.items()
    ]


_YEARS_THERE = """
SELECT DISTINCT fyear FROM (SELECT fyear FROM spells UNION ALL SELECT fyear FROM attendance_cells
    UNION ALL SELECT fyear FROM arrivals) WHERE fyear IS NOT NULL ORDER BY 1
"""


def _people(con: DuckDBPyConnection) -> list[str]:
    """Fill in England for people that no file gives; say so."""
    notes = []
    tables = {r[0] for r in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if "population" not in tables or "births" not in tables:
        for name, value, keys in (
            ("population", "people", ("sex", "age")),
            ("births", "births", ("age",)),
        ):
            scale = 100.0 if name == "population" else 10.0
            rows = [
                ("migration_category", _ENGLAND, *(int(row[k]) for k in keys), year,
                 scale * float(row[str(min(max(year, first), last))]))
                for row in facts.rows(f"england_{name}")
                for first, last in [_span(row)]
                # Births before the first and after the last year repeat them, as in the region.
                for year in range(2022, 2048)
            ]  # fmt: skip
            columns = {"variant": "VARCHAR", "area": "VARCHAR"}
            columns |= dict.fromkeys(keys, "INTEGER") | {"year": "INTEGER", value: "DOUBLE"}
            load_rows(con, f"england_{name}", columns, rows)
            con.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM england_{name}")
        con.execute(f"UPDATE spells SET lad = '{_ENGLAND}'")
        notes.append(
            "No population and births files: growth by age is England's (Office for National "
            "Statistics, 2022-based national projection), the same for every provider; rates per "
            "head are per person of England."
        )
    else:
        notes += outside_note(con)
    if "deprivation" not in tables:
        con.execute("CREATE TABLE deprivation (icb VARCHAR, imd_quintile INTEGER, people DOUBLE)")
        notes.append("No deprivation file: there are no inequality factors.")
    return notes


def _span(row: Mapping[str, str]) -> tuple[int, int]:
    """Give the first and last year of a row of a projection."""
    years = [int(name) for name in row if name.isdigit()]
    return min(years), max(years)


def _write_tables(tables: Mapping[str, pa.Table], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in sorted(tables.items()):
        pq.write_table(table, joined(folder, f"{name}.parquet"), compression="zstd")


def _manifest(
    con: DuckDBPyConnection, rules: RuleSet, codes: str, wanted: list[tuple[str, int]],
    suppress: int | None, notes: list[str],
) -> dict[str, Any]:  # fmt: skip
    from acutecast import __version__

    files = con.execute(
        "SELECT record, source_file, rows_in, rows_read, rows_rejected, encoding, delimiter, note "
        "FROM read_files ORDER BY record, source_file"
    ).fetchall()
    names = ("record", "file", "rows_in", "rows_read", "rows_rejected", "encoding", "delimiter",
             "note")  # fmt: skip
    unreadable = con.execute(
        'SELECT record, source_file, source_column, "column", n, example FROM unreadable '
        "ORDER BY ALL"
    ).fetchall()
    return {
        "acutecast": __version__,
        "rules": {"name": rules.name, "version": rules.version, "sha256": rules.digest},
        "codes": codes,
        "suppress": suppress,
        "providers": [{"dataset": code, "year": year} for code, year in wanted],
        "files": [dict(zip(names, row, strict=True)) for row in files],
        "accounting": accounting(con).to_pylist(),
        "unreadable_values": [
            dict(zip(("record", "file", "source_column", "column", "n"), row[:5], strict=True))
            for row in unreadable
        ],
        "notes": notes,
    }
