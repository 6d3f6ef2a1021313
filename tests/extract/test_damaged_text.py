"""Files as text: line ends of every kind, halves, bytes that are no text; each said by its name."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from acutecast.errors import AcutecastError
from extract.small_records import rows_of, staged, text_of

TEXT = text_of(rows_of("apc", {}, {}, {}))
OTHER = text_of(rows_of("opa", {}, {}, {}))


@pytest.fixture
def read(tmp_path):
    """Read files of the given bytes; give the keys, and rows read and rejected by file."""

    def go(files):
        for name, content in files.items():
            path = tmp_path / "records" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        con = staged(tmp_path / "records", tmp_path / "scratch")
        keys = [row[0] for row in con.execute("SELECT epikey FROM raw_apc").fetchall()]
        sql = "SELECT source_file, rows_read, rows_rejected FROM read_files ORDER BY 1"
        return keys, con.execute(sql).fetchall()

    return go


@pytest.mark.parametrize(
    "content",
    [
        TEXT.replace("\n", "\r\n", 2).encode(), TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\r", 2).encode(), TEXT.replace("\n", "\r\r\n").encode(),
        TEXT.replace("\n", "\r\n", 2).encode("utf-16"), b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
    ],
)  # fmt: skip
def test_line_ends_of_any_kind_in_any_encoding(read, content):
    keys, files = read({"apc.csv": content})
    assert keys == ["E1", "E2", "E3"]
    assert files == [("apc.csv", 3, 0)]


def test_two_files_of_one_name_are_two_files_and_named_with_their_folders(read):
    mixed = [text.replace("\n", "\r\n", 2).encode() for text in (TEXT, OTHER)]
    keys, files = read({"apc/DEMO-2023.csv": mixed[0], "opa/DEMO-2023.csv": mixed[1]})
    assert keys == ["E1", "E2", "E3"]
    assert files == [("apc/DEMO-2023.csv", 3, 0), ("opa/DEMO-2023.csv", 3, 0)]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("opa.csv", OTHER.encode("utf-16")[:-101], "the text is not whole: it is no utf-16"),
        ("opa.csv.gz", gzip.compress(OTHER.encode() * 50)[:-40], "cannot be unpacked"),
    ],
)
def test_a_file_cut_in_half_is_named_with_its_folder(read, name, content, said):
    with pytest.raises(AcutecastError) as stopped:
        read({"apc/a.csv": TEXT.encode(), f"opa/{name}": content})
    assert f"opa/{name}: " in str(stopped.value)
    assert said in str(stopped.value)


def as_parquet(codes, kind):
    rows = rows_of("apc", {}, {}, {})
    columns = {name: pa.array([str(row[name]).encode() for row in rows]) for name in rows[0]}
    code = pa.array(codes, pa.binary())
    columns["sushrg"] = pa.Array.from_buffers(kind, len(code), code.buffers())
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def test_bytes_that_are_no_text_are_counted_and_a_text_column_of_them_is_an_error(tmp_path):
    codes = [b"\xff\xfe", b"AA01A", b"\x80"]
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "apc.parquet").write_bytes(as_parquet(codes, pa.binary()))
    con = staged(tmp_path / "a", tmp_path / "scratch")
    assert con.execute("SELECT sushrg FROM raw_apc").fetchall() == [(None,), ("AA01A",), (None,)]
    rows = con.execute('SELECT "column", n, filled FROM unreadable').fetchall()
    assert rows == [("sushrg", 2, 3)]
    (tmp_path / "b" / "apc").mkdir(parents=True)
    (tmp_path / "b" / "apc" / "x.parquet").write_bytes(as_parquet(codes, pa.string()))
    with pytest.raises(AcutecastError, match=r"apc/x\.parquet: the file cannot be read") as stopped:
        staged(tmp_path / "b", tmp_path / "scratch")
    assert str(tmp_path) not in str(stopped.value)
