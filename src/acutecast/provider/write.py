"""Writing a provider's tables in the layout of the NHP model."""

from __future__ import annotations

import io
import json
import os
from dataclasses import asdict

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from acutecast.files import file_system, is_url, joined, sizes, whole_folder, write_bytes
from acutecast.provider.contract import FACTOR_TABLES, STRATEGY_TABLES, TABLES, columns_in
from acutecast.provider.provider import Provider
from acutecast.provider.read import (
    NOTES_KEY,
    NOTES_TABLE,
    RULES_KEY,
    UNKNOWN_KEY,
    leaf_folder,
)

_FILE = "part-0.parquet"
_ROWS_A_GROUP = 1_000_000


def write_provider(provider: Provider, root: str | os.PathLike[str]) -> None:
    """Write a provider's tables, one file each, replacing what was there for it and its year.

    Each table is written whole or not at all. The same tables give the same bytes.

    Args:
        provider: the tables to write.
        root: a local folder or an fsspec URL.

    Raises:
        AcutecastError: where the place cannot be written to, its bucket isn't there, or the package
            that a URL needs is not installed.
    """
    base = str(root).rstrip("/") if is_url(root) else file_system(root)[1]
    # Those that no provider is without come last: a reader who comes too early is told so.
    names = sorted(provider.tables, key=lambda name: name in FACTOR_TABLES)
    for name in names:
        table = provider.tables[name]
        leaf = leaf_folder(base, name, provider.dataset, provider.year)
        content = _parquet(_as_written(name, table, provider))
        if is_url(root):
            _write_object(leaf, content)
        else:
            with whole_folder(leaf) as folder:
                (folder / _FILE).write_bytes(content)


def _write_object(leaf: str, content: bytes) -> None:
    """Write the file of a leaf folder in a store, in place of all that is there."""
    if set(sizes(leaf)) <= {_FILE}:
        write_bytes(joined(leaf, _FILE), content)
        return
    # Of several files, some could be gone and others not: readers then see that it isn't finished.
    with whole_folder(leaf, mark=_FILE) as folder:
        (folder / _FILE).write_bytes(content)


def _as_written(name: str, table: pa.Table, provider: Provider) -> pa.Table:
    """Undo what is for memory only: text is plain, so that every reader sees text.

    Tags say in the file's own metadata which rule set made them, tables of activity which TPMAs
    their records do not tell, the population what to know of the records. What is missing of the
    tables themselves shows when they are read.
    """
    known = columns_in(name, table.column_names)
    columns = {
        column: values.cast(pa.string())
        if column in known and pt.is_dictionary(values.type)
        else values
        for column, values in zip(table.column_names, table.columns, strict=True)
    }
    if name in STRATEGY_TABLES:
        # The NHP model takes the first column beside rn for the strategy.
        first = [column for column in ("rn", "strategy") if column in columns]
        columns = {c: columns[c] for c in [*first, *(c for c in columns if c not in first)]}
    written = pa.table(columns)
    said = {}
    if name in STRATEGY_TABLES and provider.rules:
        said[RULES_KEY] = provider.rules.encode()
    if name in ("ip", "op", "aae") and provider.unknown:
        said[UNKNOWN_KEY] = json.dumps(dict(sorted(provider.unknown.items()))).encode()
    notes = [note for note in provider.notes if note.where not in TABLES]
    if name == NOTES_TABLE and notes:
        told = [{k: v for k, v in asdict(note).items() if k != "warning"} for note in notes]
        said[NOTES_KEY] = json.dumps(told).encode()
    return written.replace_schema_metadata(said) if said else written


def _parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", row_group_size=_ROWS_A_GROUP)
    return buffer.getvalue()
