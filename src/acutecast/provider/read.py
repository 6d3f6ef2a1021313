"""Reading a provider's tables from a folder or object store."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from acutecast.errors import AcutecastError, Problem, raise_if_any
from acutecast.files import check_names, file_system, reason, store_errors
from acutecast.provider.absent import MEANING, absence_notes, empty_table, without_rows
from acutecast.provider.check import check_provider
from acutecast.provider.conform import conform
from acutecast.provider.contract import FACTOR_TABLES, STRATEGY_TABLES, TABLES, columns_of
from acutecast.provider.provider import Provider
from acutecast.stores import UNFINISHED

# Where the files of tags say which TPMA rule set made them.
RULES_KEY = b"acutecast.rules"
# Where the files of tables say which TPMAs their records do not tell, and why (JSON).
UNKNOWN_KEY = b"acutecast.unknown_tpmas"
# Where the file of the table that no provider is without says what to know of the records (JSON).
NOTES_KEY = b"acutecast.notes"
NOTES_TABLE = FACTOR_TABLES[0]
_KEPT_KEYS = (RULES_KEY, UNKNOWN_KEY, NOTES_KEY)
_LET_IN = "Check that it may be listed and read; of a store, the credentials in the environment."
_LAYOUT = "<root>/<table>/fyear=<year>/dataset=<provider>/*.parquet"


def read_provider(
    root: str | os.PathLike[str],
    dataset: str | None = None,
    year: int | None = None,
    *,
    check: bool = True,
) -> Provider:
    """Read the nine tables of one provider's baseline year.

    A table that is not there at all, where a provider may be without it (`absent.MEANING`), is one
    without rows, and `Provider.notes` says so. Where checked, the notes also have what is likely a
    slip: files there twice, unknown codes.

    Args:
        root: the folder that holds the tables, a local path or an fsspec URL; within it the
            layout is `<table>/fyear=<year>/dataset=<provider>/*.parquet`.
        dataset: the provider's code; may be left out where there is only one.
        year: the baseline year; may be left out where there is only one.
        check: check the content too; without it only files that cannot be read are errors.

    Returns:
        The provider, with the types of the contract and the SHA-256 of the files of each table.

    Raises:
        AcutecastError: with every damaged file and table that no provider can be without and,
            where checked, everything wrong in the tables.
    """
    files, base = file_system(root)
    title = f"The provider tables in {root} cannot be used"
    # Stores remember listings, and files may have come since.
    files.invalidate_cache()
    if dataset is None or year is None:
        dataset, year = _choose(root, dataset, year, title)
    leaves = {name: leaf_folder(base, name, dataset, year) for name in TABLES}
    # Reading is decompression and hashing, both outside Python's lock.
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        found = list(pool.map(lambda name: _read_table(files, leaves[name], name), TABLES))
    named = list(zip(TABLES, found, strict=True))
    tables = {name: table for name, (table, _, _) in named if table is not None}
    hashes = {name: digest for name, (table, digest, _) in named if table is not None}
    if not tables:
        # Nothing could be read: where there is nothing, say what there is instead.
        _choose(root, dataset, year, title)
    absent = {name for name, (table, _, faults) in named if table is None and not faults}
    problems = [problem for _, _, faults in found for problem in faults]
    problems += [_missing(name, leaves[name]) for name in TABLES if name in absent - MEANING.keys()]
    if "ip" in absent and any(len(tables.get(name, ())) for name in STRATEGY_TABLES):
        problems.append(_missing("ip", leaves["ip"]))
    tables |= {name: empty_table(name) for name in absent & MEANING.keys()}
    tables = {name: tables[name] for name in TABLES if name in tables}
    provider = Provider(
        dataset, year, tables, source=str(root), hashes=hashes, rules=_rules_of(tables),
        notes=(*_notes_of(tables), *absence_notes(tables, absent)), unknown=_unknown_of(tables),
    )  # fmt: skip
    if check:
        unread = {problem.where.split(".")[0] for problem in problems}
        # Runs say themselves which of the TPMAs that they set are not known.
        found = check_provider(replace(provider, unknown={}))
        problems += [p for p in found if p.where not in unread]
        provider = replace(provider, notes=(*provider.notes, *_slips(found, provider)))
    raise_if_any(problems, title)
    return provider


def _slips(found: list[Problem], provider: Provider) -> list[Problem]:
    """Give what is likely a slip and not told yet, without the rows' own values and keys."""
    told = {note.where for note in provider.notes}
    return [replace(p, example="") for p in found if p.warning and p.where not in told]


def _rules_of(tables: dict[str, pa.Table]) -> str:
    """Give the rule set that the tables of tags name; "" where they name none."""
    metadata = [tables[name].schema.metadata or {} for name in STRATEGY_TABLES if name in tables]
    return next((m[RULES_KEY].decode() for m in metadata if RULES_KEY in m), "")


def _unknown_of(tables: dict[str, pa.Table]) -> dict[str, str]:
    """Give the TPMAs that any of the tables says its records do not tell."""
    result: dict[str, str] = {}
    for table in tables.values():
        said = (table.schema.metadata or {}).get(UNKNOWN_KEY)
        if said is None:
            continue
        try:
            content = json.loads(said)
        except ValueError:
            continue
        if isinstance(content, dict):
            result |= {str(key): str(why) for key, why in content.items()}
    return dict(sorted(result.items()))


def _notes_of(tables: dict[str, pa.Table]) -> tuple[Problem, ...]:
    """Give what the tables themselves say of the records that they were made of."""
    metadata = tables[NOTES_TABLE].schema.metadata if NOTES_TABLE in tables else None
    try:
        told = json.loads((metadata or {}).get(NOTES_KEY, b"[]"))
        return tuple(Problem(**note, warning=True) for note in told)
    except (ValueError, TypeError):
        # Whoever wrote something else there did not write it for us.
        return ()


def list_providers(root: str | os.PathLike[str]) -> list[tuple[str, int]]:
    """List the providers and baseline years for which there is any table, sorted.

    Args:
        root: a local path or an fsspec URL.

    Raises:
        AcutecastError: where the file system cannot be reached.
    """
    files, base = file_system(root)
    files.invalidate_cache()
    found = set()
    for name in TABLES:
        for year, folder in _partitions(files, posixpath.join(base, name), "fyear="):
            if year.isdigit():
                datasets = _partitions(files, folder, "dataset=")
                found |= {(dataset, int(year)) for dataset, _ in datasets}
    return sorted(found)


def leaf_folder(base: str, table: str, dataset: str, year: int) -> str:
    """Give the folder that holds the files of one table of one provider and year.

    Raises:
        AcutecastError: where the code or table would lead out of the root.
    """
    check_names(table, dataset)
    return posixpath.join(base, table, f"fyear={year}", f"dataset={dataset}")


def _partitions(files: Any, folder: str, prefix: str) -> list[tuple[str, str]]:
    """List the values of a partition column below a folder, with the folder of each."""
    try:
        entries = files.ls(folder, detail=False)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except store_errors() as error:
        what = f"the folder cannot be read: {reason(error)}"
        raise AcutecastError(Problem(what, folder, remedy=_LET_IN)) from error
    names = [(posixpath.basename(entry.rstrip("/")), entry) for entry in entries]
    return [(name.removeprefix(prefix), entry) for name, entry in names if name.startswith(prefix)]


def _choose(
    root: str | os.PathLike[str], dataset: str | None, year: int | None, title: str
) -> tuple[str, int]:
    """Settle which provider and year to read, where one of them was left out or is not there."""
    there = list_providers(root)
    fitting = [(d, y) for d, y in there if dataset in (None, d) and year in (None, y)]
    if len(fitting) == 1:
        return fitting[0]
    listing = ", ".join(f"{d} {y}" for d, y in there[:20]) + (" …" if len(there) > 20 else "")
    if not there:
        problem = Problem(
            "there are no provider tables here", str(root), remedy=f"The layout is {_LAYOUT}."
        )
    elif not fitting:
        wanted = " ".join(str(part) for part in (dataset, year) if part is not None)
        problem = Problem(
            f"there is no provider {wanted}", str(root), remedy=f"There is: {listing}."
        )
    else:
        problem = Problem(
            f"there are {len(fitting)} providers and years to choose from",
            str(root),
            remedy="Name the provider and the year (a run: baseline_year of its scenario). "
            f"There is: {listing}.",
        )
    raise AcutecastError(problem, title)


def _read_table(files: Any, leaf: str, name: str) -> tuple[pa.Table | None, str, list[Problem]]:
    """Read the files of one table: the table (None where unusable), their hash, the problems.

    A table without a folder has no problem: whether it may be absent is for the caller to say.
    """
    try:
        there = files.ls(leaf, detail=False)
    except (FileNotFoundError, NotADirectoryError):
        return None, "", []
    except store_errors() as error:
        what = f"the folder cannot be read: {reason(error)}"
        return None, "", [Problem(what, name, example=leaf, remedy=_LET_IN)]
    if any(posixpath.basename(path.rstrip("/")).startswith(UNFINISHED) for path in there):
        half = Problem(
            "the table is being written, or was when its writer was stopped",
            name,
            example=leaf,
            remedy="Try again in a moment, or write the tables again.",
        )
        return None, "", [half]
    paths = sorted(path for path in there if _is_data(path))
    if not paths:
        return None, "", [_missing(name, leaf)]
    digest = hashlib.sha256()
    parts: list[pa.Table] = []
    damaged: list[tuple[str, Exception]] = []
    for path in paths:
        try:
            content = files.cat_file(path)
            digest.update(content)
            parts.append(_parse(content, name))
        except (pa.ArrowException, ValueError, *store_errors()) as error:
            damaged.append((path, error))
    problems = [
        Problem(
            f"a file cannot be read as parquet: {reason(error)}",
            name,
            example=path,
            remedy="Copy or write the file again.",
        )
        for path, error in damaged
    ]
    if damaged:
        return None, "", problems
    table = conform(name, parts)
    if not table.num_rows and name in MEANING:
        table = without_rows(name, table)
    said = parts[0].schema.metadata or {}
    kept = {key: said[key] for key in _KEPT_KEYS if key in said}
    if kept:
        table = table.replace_schema_metadata(kept)
    return table, digest.hexdigest(), []


def _missing(name: str, leaf: str) -> Problem:
    """Say that a table has no file; a folder left empty is a copy that did not arrive."""
    remedy = f"Put its files there; the layout is {_LAYOUT}."
    if name in MEANING:
        remedy += " Remove the folder if the provider has none."
    return Problem(
        "the table is missing: its folder holds no parquet file",
        name,
        example=leaf,
        remedy=remedy,
    )


def _is_data(path: str) -> bool:
    """Tell a table's file from what else writers leave beside it (_SUCCESS, .crc, ._copy…)."""
    name = posixpath.basename(path)
    return name.endswith(".parquet") and not name.startswith((".", "_"))


def _parse(content: bytes, name: str) -> pa.Table:
    # Text columns come out of the file as codes, which is far faster than as text.
    footer = pq.read_metadata(pa.BufferReader(content))
    text = {c.name for c in columns_of(name) if c.kind == "text" and c.name != "rn"}
    text &= {footer.schema.column(i).path for i in range(footer.num_columns)}
    source = pa.BufferReader(content)
    table = pq.ParquetFile(source, metadata=footer, read_dictionary=sorted(text)).read()
    # Text that is none, and codes beyond their dictionary, are read without a word.
    table.validate(full=True)
    return table
