"""Reading and writing: any layout of files, any store, whole or a clear error."""

import hashlib
import uuid
from dataclasses import replace
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from damage import DEFECTS, broken
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.errors import AcutecastError
from acutecast.provider import (
    TABLES,
    Provider,
    columns_of,
    list_providers,
    read_provider,
    write_provider,
)
from small_provider import small_provider

SMALL = small_provider()


@pytest.fixture
def root(tmp_path) -> Path:
    write_provider(SMALL, tmp_path)
    return tmp_path


def leaf(root: Path, table: str, dataset: str = "RXX", year: int = 2023) -> Path:
    return root / table / f"fyear={year}" / f"dataset={dataset}"


def assert_same_data(one: Provider, other: Provider) -> None:
    assert one.tables.keys() == other.tables.keys()
    for name, table in one.tables.items():
        assert set(table.column_names) == set(other.tables[name].column_names)
        for column in table.column_names:
            assert table.column(column).equals(other.tables[name].column(column)), (name, column)


def contents(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@settings(max_examples=5, deadline=None)
@given(st.integers(40, 120), st.integers(0, 2**32))
def test_what_is_written_is_read_back(spells, seed):
    provider = small_provider(spells, seed)
    root = f"memory://{uuid.uuid4()}"
    write_provider(provider, root)
    assert_same_data(read_provider(root, "RXX", 2023), provider)


def test_the_same_tables_give_the_same_bytes(root, tmp_path_factory):
    again = tmp_path_factory.mktemp("again")
    write_provider(read_provider(root), again)
    write_provider(read_provider(root), again)
    second = tmp_path_factory.mktemp("second")
    write_provider(read_provider(again), second)
    assert contents(again) == contents(second)
    assert len(contents(again)) == len(TABLES)


def test_files_hold_plain_text_in_the_order_that_the_nhp_model_expects(root):
    ip = pq.read_schema(leaf(root, "ip") / "part-0.parquet")
    assert ip.field("pod").type == pa.string()
    assert ip.field("age").type == pa.int32()
    for kind in ("activity_avoidance", "efficiencies"):
        schema = pq.read_schema(leaf(root, f"ip_{kind}_strategies") / "part-0.parquet")
        assert schema.names == ["rn", "strategy", "sample_rate"]


def test_hashes_are_those_of_the_files(root):
    hashes = read_provider(root).hashes
    for name in TABLES:
        content = (leaf(root, name) / "part-0.parquet").read_bytes()
        assert hashes[name] == hashlib.sha256(content).hexdigest()


def test_a_leaf_may_hold_many_files_and_what_writers_leave(root):
    folder = leaf(root, "ip")
    table = pq.read_table(folder / "part-0.parquet", partitioning=None)
    (folder / "part-0.parquet").unlink()
    for i, start in enumerate(range(0, table.num_rows, 70)):
        pq.write_table(table.slice(start, 70), folder / f"part-{i}.snappy.parquet")
    (folder / "_SUCCESS").touch()
    (folder / ".part-0.parquet.crc").write_bytes(b"x")
    (folder / "._part-0.parquet").write_bytes(b"x")
    assert_same_data(read_provider(root), SMALL)


def test_files_of_other_writers_read_the_same(root):
    """Codes as numbers, numbers as floats, yes and no as 0 and 1, partition columns inside."""
    folder = leaf(root, "ip")
    table = pq.read_table(folder / "part-0.parquet", partitioning=None)
    columns = dict(zip(table.column_names, table.columns, strict=True))
    columns |= {
        "classpat": columns["classpat"].cast(pa.int64()),
        "tretspef": columns["tretspef"].cast(pa.float64()),
        "speldur": columns["speldur"].cast(pa.float64()),
        "age": columns["age"].cast(pa.int64()),
        "is_wla": columns["is_wla"].cast(pa.int32()),
        "sex": columns["sex"].cast(pa.string()),
        "pod": columns["pod"].dictionary_encode(),
        "admidate": columns["admidate"].cast(pa.timestamp("ns")),
        "fyear": pa.array([2023] * table.num_rows),
        "dataset": pa.array(["RXX"] * table.num_rows),
    }
    pq.write_table(pa.table(columns), folder / "part-0.parquet")
    assert_same_data(read_provider(root), SMALL)


def test_other_columns_are_kept(root):
    folder = leaf(root, "op")
    table = pq.read_table(folder / "part-0.parquet", partitioning=None)
    extra = pa.array([{"a": i} for i in range(table.num_rows)])
    pq.write_table(
        table.append_column("is_adult", pa.array([True] * table.num_rows)).append_column(
            "x", extra
        ),
        folder / "part-0.parquet",
    )
    op = read_provider(root).tables["op"]
    assert op["is_adult"].to_pylist() == [True] * table.num_rows
    assert op["x"].equals(pa.chunked_array([extra]))


def test_a_url_of_another_file_system():
    root = f"memory://{uuid.uuid4()}/deep"
    write_provider(SMALL, root)
    files = fsspec.filesystem("memory")
    old = f"{root}/ip/fyear=2023/dataset=RXX/old.parquet"
    files.pipe_file(old, b"not parquet")
    write_provider(SMALL, root)
    assert not files.exists(old)
    assert list_providers(root) == [("RXX", 2023)]
    provider = read_provider(root)
    assert_same_data(provider, SMALL)
    assert provider.source == root


def test_writing_replaces_a_leaf_and_leaves_others(root):
    write_provider(replace(SMALL, dataset="RYY"), root)
    before = contents(leaf(root, "ip", "RYY"))
    (leaf(root, "ip") / "old.parquet").write_bytes(b"x")
    write_provider(SMALL, root)
    assert contents(leaf(root, "ip")).keys() == {"part-0.parquet"}
    assert contents(leaf(root, "ip", "RYY")) == before


def test_a_place_that_cannot_be_written_to_is_an_error_of_the_user(tmp_path):
    (tmp_path / "ip").write_text("a file where a folder should be")
    with pytest.raises(AcutecastError, match="a part of the path is a file"):
        write_provider(SMALL, tmp_path)


def test_the_only_provider_needs_no_name_and_several_do(root):
    assert read_provider(root).dataset == "RXX"
    write_provider(replace(SMALL, dataset="RYY"), root)
    assert list_providers(root) == [("RXX", 2023), ("RYY", 2023)]
    with pytest.raises(AcutecastError, match="RXX 2023, RYY 2023"):
        read_provider(root)
    assert read_provider(root, "RYY").dataset == "RYY"
    with pytest.raises(AcutecastError, match=r"no provider RZZ.*RXX 2023"):
        read_provider(root, "RZZ")
    with pytest.raises(AcutecastError, match=r"no provider RXX 2019.*RXX 2023"):
        read_provider(root, "RXX", 2019)


@pytest.mark.parametrize("where", ["", "nothing/here"])
def test_an_empty_root_says_what_the_layout_is(tmp_path, where):
    with pytest.raises(AcutecastError, match=r"no provider tables here.*dataset=<provider>"):
        read_provider(tmp_path / where)
    with pytest.raises(AcutecastError, match="no provider tables here"):
        read_provider(tmp_path / where, "RXX", 2023)


def test_missing_and_damaged_files_are_reported_together(root):
    (leaf(root, "ip") / "part-0.parquet").write_bytes(b"PAR1 not really")
    (leaf(root, "aae") / "part-0.parquet").write_bytes(b"")
    whole = (leaf(root, "op") / "part-0.parquet").read_bytes()
    (leaf(root, "op") / "part-0.parquet").write_bytes(whole[: len(whole) // 2])
    (leaf(root, "inequalities") / "part-0.parquet").unlink()
    with pytest.raises(AcutecastError) as caught:
        read_provider(root, "RXX", 2023)
    assert str(root) in caught.value.title
    assert [p.where for p in caught.value.problems] == ["ip", "op", "aae", "inequalities"]
    assert "part-0.parquet" in caught.value.problems[0].example
    with pytest.raises(AcutecastError) as unchecked:
        read_provider(root, check=False)
    assert unchecked.value.problems == caught.value.problems


def test_damage_inside_a_page_is_reported(root):
    path = leaf(root, "ip") / "part-0.parquet"
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4)
    path.write_bytes(content)
    with pytest.raises(AcutecastError) as caught:
        read_provider(root)
    assert [problem.where for problem in caught.value.problems] == ["ip"]


def test_reading_reports_everything_wrong_in_the_tables_at_once(tmp_path):
    write_provider(broken(SMALL, DEFECTS), tmp_path)
    with pytest.raises(AcutecastError) as caught:
        read_provider(tmp_path)
    found = {problem.where for problem in caught.value.problems}
    assert {defect.where for defect in DEFECTS if not defect.warning} <= found
    assert not any(problem.warning for problem in caught.value.problems)
    assert read_provider(tmp_path, check=False).tables.keys() == SMALL.tables.keys()


@pytest.mark.parametrize(
    ("table", "column"),
    [(c.table, c.name) for name in TABLES for c in columns_of(name) if c.required],
)
def test_every_required_column_is_missed(tmp_path, table, column):
    column = "2023" if column == "yyyy" else column
    tables = {**SMALL.tables, table: SMALL.tables[table].drop_columns([column])}
    write_provider(replace(SMALL, tables=tables), tmp_path)
    with pytest.raises(AcutecastError) as caught:
        read_provider(tmp_path)
    assert f"{table}.{column}" in {problem.where for problem in caught.value.problems}
