"""Archives that unpack to too much, and text that a spreadsheet would work out."""

import gzip
import io
import zipfile

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutecast import untrusted
from acutecast.api.records import write_data_report
from acutecast.errors import AcutecastError
from acutecast.extract.text_files import look_at, unpacked
from acutecast.files import safe_cell, safe_table
from acutecast.population.reading import read_population
from acutecast.untrusted import checked_archive, room_for, unpacking

LIVE = (
    "=cmd|' /C calc'!A0", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)", "\t=1+1",
    "\r=1+1", "\n=1+1", " =1+1", "＝1+1", "+A1", "-A1", "=1", "+1*HYPERLINK(\"http://x\")", "-1+A1",
)  # fmt: skip
PLAIN = (
    "-1",
    "+1.5",
    "-1,234.5",
    "-5%",
    "+3.2 beds",
    "-",
    "RXX01",
    "a=b",
    "1-2",
    "",
    "-1e-05",
    "–3",
)


@pytest.mark.parametrize("text", LIVE)
def test_formulas_are_made_text(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", PLAIN)
def test_numbers_and_words_stay_as_they_are(text):
    assert safe_cell(text) == text


@given(st.lists(st.text(st.sampled_from("=+-@\t\r\n 1.,%aA(|!＝"), max_size=6), max_size=20))
def test_tables_are_guarded_as_cells_are(texts):
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    assert safe_table(frame)["text"].to_list() == [safe_cell(text) for text in texts]


def test_headers_codes_and_numbers_of_a_table():
    frame = pl.DataFrame({"=a": [-1.5], "code": pl.Series(["=1"], dtype=pl.Categorical)})
    guarded = safe_table(frame)
    assert guarded.rows() == [(-1.5, "'=1")]
    assert guarded.columns == ["'=a", "code"]
    assert guarded.schema["'=a"] == pl.Float64


def test_the_report_on_records_holds_no_live_formula(tmp_path, monkeypatch):
    monkeypatch.setattr("acutecast.report.quality_page.write_quality_page", lambda *a: a[1])
    codes = pa.table({"value": ["=cmd|' /C calc'!A0"], "rows": [3]})
    written = write_data_report({"unknown_codes": codes}, tmp_path / "report.html")
    text = (written["tables"] / "unknown_codes.csv").read_text()
    assert text == "value,rows\n'=cmd|' /C calc'!A0,3\n"


def bomb(megabytes: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("population.csv", b"0" * (megabytes << 20))
    return packed.getvalue()


BOMB = bomb(40)
TOLD = "unpacks to more than 17 MB"


def test_a_zip_of_people_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "people.zip"
    path.write_bytes(BOMB)
    with pytest.raises(AcutecastError, match=TOLD) as caught:
        read_population(path)
    (problem,) = caught.value.problems
    assert problem.where == "people.zip"
    assert "ACUTECAST_MAX_UNPACKED" in problem.remedy
    monkeypatch.setenv("ACUTECAST_MAX_UNPACKED", "100000000")
    with pytest.raises(AcutecastError, match="no table of people"):
        read_population(path)


def test_text_that_is_packed_under_another_name_is_refused_too(tmp_path):
    path = tmp_path / "people.csv"
    path.write_bytes(gzip.compress(b"0" * (40 << 20)))
    with pytest.raises(AcutecastError, match=TOLD):
        read_population(path)


def test_a_workbook_is_a_zip_too(tmp_path):
    with pytest.raises(AcutecastError, match=TOLD):
        checked_archive(BOMB, "people.xlsx")
    path = tmp_path / "people.xlsx"
    path.write_bytes(BOMB)
    with pytest.raises(AcutecastError, match=TOLD):
        read_population(path)
    checked_archive(b"no zip", "people.ods")
    with pytest.raises(AcutecastError, match="cannot be read"):
        checked_archive(BOMB[:2000], "people.xlsx")


def test_records_may_be_packed_far_but_not_as_far_as_that(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    path = tmp_path / "apc.zip"
    path.write_bytes(BOMB)
    with pytest.raises(AcutecastError, match="unpacks to more than"):
        list(unpacked(path, scratch))
    packed = tmp_path / "apc.csv.gz"
    packed.write_bytes(gzip.compress(b"age,sex\n" + b"1,1\n" * (10 << 20)))
    with pytest.raises(AcutecastError, match="unpacks to more than"):
        look_at(packed, "apc.csv.gz")
    monkeypatch.setenv("ACUTECAST_MAX_UNPACKED", str(1 << 30))
    assert [name for _, name in unpacked(path, scratch)] == ["apc.zip: population.csv"]


def test_records_that_the_disk_cannot_hold_are_refused_before_they_are_unpacked(tmp_path):
    with pytest.raises(AcutecastError, match=r"the disk has .* GB free") as caught:
        room_for(tmp_path, 1 << 60, "apc.zip")
    assert str(tmp_path) in caught.value.problems[0].remedy
    room_for(tmp_path, 0, "apc.zip")


@pytest.mark.parametrize("size", [0, 1, untrusted.MOST_RATIO * 1000, 16 << 20])
def test_what_is_not_too_much_comes_whole(size):
    pieces = unpacking(io.BytesIO(b"x" * size), "a", size // 50)
    assert sum(map(len, pieces)) == size
