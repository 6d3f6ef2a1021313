"""Files as hospitals have them: every record is read, set aside with its line, or an error."""

import gzip
import zipfile
from datetime import date, time

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutecast.errors import AcutecastError
from acutecast.extract.mapping import read_mapping
from acutecast.extract.references import read_references
from acutecast.extract.text_files import look_at
from extract.small_records import rows_of, staged, text_of, write


def values(con, column, record="apc"):
    sql = f"SELECT {column} FROM raw_{record} ORDER BY source_file, source_row"
    return [row[0] for row in con.execute(sql).fetchall()]


def files_read(con):
    names = ("rows_in", "rows_read", "rows_rejected", "encoding", "note")
    rows = con.execute(f"SELECT {', '.join(names)} FROM read_files ORDER BY source_file").fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "records"


@pytest.fixture
def scratch(tmp_path):
    return tmp_path / "scratch"


def test_a_plain_file_is_read_by_type(folder, scratch):
    write(folder, "apc", {}, {"diag_01": "i10", "diag_02": "E11.9"})
    con = staged(folder, scratch)
    assert values(con, "admidate") == [date(2023, 5, 1)] * 2
    assert values(con, "admiage") == [70, 70]
    assert values(con, "diag_01") == ["S720", "I10X"]  # three characters are filled with X
    assert values(con, "diag_02") == ["W190", "E119"]  # and dots fall away
    assert files_read(con) == [
        {"rows_in": 2, "rows_read": 2, "rows_rejected": 0, "encoding": "utf-8", "note": ""}
    ]


def test_a_column_too_few_or_too_many_sets_the_line_aside(folder, scratch):
    path = write(folder, "apc", {}, {})
    good = path.read_text()
    path.write_text(good + "E8,S8,P8\n" + good.splitlines()[1].replace("E1", "E9") + ",one,two\n")
    con = staged(folder, scratch)
    assert files_read(con)[0] | {"note": "", "encoding": ""} == {
        "rows_in": 4,
        "rows_read": 2,
        "rows_rejected": 2,
        "encoding": "",
        "note": "",
    }
    rejected = con.execute("SELECT line, reason FROM rejected_lines ORDER BY line").fetchall()
    assert rejected == [(4, "missing columns"), (5, "too many columns")]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_found(folder, scratch, delimiter):
    write(folder, "apc", {}, {}, delimiter=delimiter)
    con = staged(folder, scratch)
    assert values(con, "admimeth") == ["21", "21"]
    assert "columns split by" in files_read(con)[0]["note"]


def test_a_delimiter_that_nobody_knows_is_a_clear_error(folder, scratch):
    write(folder, "apc", {}, delimiter="\x1f")
    with pytest.raises(AcutecastError, match=r"apc\.csv: no column is one that apc records have"):
        staged(folder, scratch)


def test_byte_order_mark_and_latin_text(folder, scratch):
    folder.mkdir()
    text = text_of(rows_of("apc", {"sitetret": "RXX01"}, {"susspellid": "Sé"}))
    (folder / "apc-1.csv").write_bytes(text.encode("utf-8-sig"))
    (folder / "apc-2.csv").write_bytes(text.replace("E1", "E3").encode("latin-1"))
    (folder / "apc-3.csv").write_bytes(text.encode("utf-16"))
    con = staged(folder, scratch)
    assert [f["encoding"] for f in files_read(con)] == ["utf-8", "latin-1", "utf-16"]
    assert "byte-order mark" in files_read(con)[0]["note"]
    assert values(con, "susspellid") == ["S1", "Sé"] * 3
    assert values(con, "epikey")[0] == "E1"  # the mark is not part of the first column's name


def test_two_kinds_of_line_end_in_one_file(folder, scratch):
    path = write(folder, "apc", {}, {}, line_end="\r\n")
    with path.open("ab") as file:
        file.write(path.read_bytes().splitlines()[1].replace(b"E1", b"E7") + b"\n\n")
    con = staged(folder, scratch)
    assert values(con, "epikey") == ["E1", "E2", "E7"]
    assert "two kinds of line end" in files_read(con)[0]["note"]


def test_quotes_around_line_ends_and_within_values(folder, scratch):
    write(folder, "apc", {"ethnos": "A\nB"}, {"ethnos": 'say "A", then'}, {"ethnos": ""})
    con = staged(folder, scratch)
    assert values(con, "ethnos") == ["A\nB", 'SAY "A", THEN', None]
    assert files_read(con)[0]["rows_in"] == 3


def test_a_quotation_mark_without_its_partner_stops_before_anything_is_lost(folder, scratch):
    path = write(folder, "apc", {}, {}, {})
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace("P1", '"P1')
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(AcutecastError, match="quotation mark without its partner"):
        staged(folder, scratch)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2023-05-01", date(2023, 5, 1)),
        ("01/05/2023", date(2023, 5, 1)),
        ("20230501", date(2023, 5, 1)),
        ("01-May-2023", date(2023, 5, 1)),
        ("01052023", date(2023, 5, 1)),
        ("01/05/23", date(2023, 5, 1)),
        ("2023-05-01 00:00:00", date(2023, 5, 1)),
        ("2023-05-01T10:11:12Z", date(2023, 5, 1)),
    ],
)
def test_dates_in_every_common_form(folder, scratch, written, read):
    write(folder, "apc", {"admidate": written})
    con = staged(folder, scratch)
    assert values(con, "admidate") == [read]
    assert con.execute("SELECT count(*) FROM unreadable").fetchall()[0] == (0,)


def test_three_forms_of_date_in_one_column(folder, scratch):
    forms = ["2023-05-01", "01/05/2023", "20230501"]
    write(folder, "apc", *({"admidate": form} for form in forms))
    assert values(staged(folder, scratch), "admidate") == [date(2023, 5, 1)] * 3


def test_values_that_are_not_of_their_type_are_counted_and_empty(folder, scratch):
    write(folder, "apc", {"disdate": "31/02/2023"}, {"admiage": "old"}, {"disdate": "1801-01-01"})
    con = staged(folder, scratch)
    assert values(con, "disdate") == [None, date(2023, 5, 5), None]
    found = con.execute('SELECT "column", n, example FROM unreadable ORDER BY 1').fetchall()
    # 1801-01-01 is how HES writes that there is no valid date: nothing is unreadable there.
    assert found == [("admiage", 1, "old"), ("disdate", 1, "31/02/2023")]


def test_times(folder, scratch):
    write(folder, "ecds", {"arrival_time": "09:05"}, {"arrival_time": "23:59:01"})
    assert values(staged(folder, scratch), "arrival_time", "ecds") == [time(9, 5), time(23, 59, 1)]


def test_zip_gz_and_parquet_are_the_same_as_csv(folder, scratch):
    path = write(folder, "apc", {}, {})
    text = path.read_text()
    with zipfile.ZipFile(folder / "apc-a.zip", "w") as archive:
        archive.writestr("2022/apc.csv", text)
        archive.writestr("2023/apc.csv", text)
    (folder / "apc-b.csv.gz").write_bytes(gzip.compress(text.encode()))
    pl.read_csv(path, infer_schema=False).write_parquet(folder / "apc-c.parquet")
    con = staged(folder, scratch)
    assert values(con, "epikey") == ["E1", "E2"] * 5
    assert len(files_read(con)) == 5
    every = con.execute("SELECT DISTINCT admidate, diag_01, admiage FROM raw_apc").fetchall()
    assert len(every) == 1


def test_names_of_sus_and_a_mapping(folder, scratch):
    rows = [
        {
            "Generated Record Identifier": r["epikey"],
            "my spell": r["susspellid"],
            "DER_PROVIDER_CODE": "RXX00",
            "Age_At_Start_Of_Spell_SUS": 44,
            "Sex": "F",
            "Patient_Classification": 1,
            "Treatment_Function_Code": 300,
            "Admission_Date": "2023-05-01",
            "Admission_Method": 21,
            "Der_Diagnosis_1": "J440",
        }
        for r in rows_of("apc", {}, {})
    ]
    folder.mkdir()
    (folder / "episodes.csv").write_text(text_of(rows))
    (folder / "extract.toml").write_text(
        """
        preset = "sus"
        [files]
        apc = "episodes.csv"
        [columns.apc]
        susspellid = "My Spell"
        [values.apc.sex]
        F = "2"
        M = "1"
        """
    )
    con = staged(folder, scratch)
    assert values(con, "susspellid") == ["S1", "S2"]
    assert values(con, "sex") == ["2", "2"]
    assert values(con, "admiage") == [44, 44]
    assert values(con, "diag_01") == ["J440", "J440"]
    assert values(con, "disdate") == [None, None]  # a column that no file has is there and empty


def test_all_that_is_missing_is_said_at_once(folder, scratch):
    folder.mkdir()
    (folder / "apc.csv").write_text("epikey,admidate\nE1,2023-04-01\n")
    (folder / "opa.csv").write_text("")
    with pytest.raises(AcutecastError) as fault:
        staged(folder, scratch)
    said = str(fault.value)
    for where in (
        "apc.csv: sex",
        "apc.csv: admimeth",
        "apc.csv: susspellid",
        "apc.csv: admiage",
        "opa.csv: the file is empty",
    ):
        assert where in said
    assert "patient_classification" in said  # what it may be called in an extract


def test_a_mapping_is_checked(folder, tmp_path):
    write(folder, "apc", {})
    (folder / "extract.toml").write_text(
        'preset = "ses"\nencoding = "ebcdic"\nother = 1\n'
        '[files]\napc = "none*.csv"\nxyz = "a.csv"\n'
        '[columns.apc]\nsx = "SEX"\n[values.nothing]\nsex = {}\n'
    )
    with pytest.raises(AcutecastError) as fault:
        read_mapping(folder)
    said = str(fault.value)
    for part in (
        '"ses" is no preset',
        '"ebcdic" is no encoding',
        '"other" is no part',
        "no file is there",
        '"xyz" is no kind of file',
        '"sx" is no column of apc',
        '"nothing" is no kind',
    ):
        assert part in said
    with pytest.raises(AcutecastError, match="there is no such file"):
        read_mapping(folder, tmp_path / "none.toml")
    (tmp_path / "empty").mkdir()
    with pytest.raises(AcutecastError, match="no records are here"):
        read_mapping(tmp_path / "empty")


def test_references(folder):
    folder.mkdir()
    (folder / "apc.csv").write_text("x\n")
    (folder / "population.csv").write_text(
        "variant,area,sex,age,2023,2024\nv,A,1,0,10,11\nv,A,2,0,12,13\n"
    )
    (folder / "ccg_to_icb.csv").write_text("ccg,icb\n01A,QD1\n")
    con = duckdb.connect()
    read_references(con, read_mapping(folder))
    rows = con.execute("SELECT * FROM population ORDER BY sex, year").fetchall()
    assert rows == [
        ("v", "A", 1, 0, 2023, 10.0),
        ("v", "A", 1, 0, 2024, 11.0),
        ("v", "A", 2, 0, 2023, 12.0),
        ("v", "A", 2, 0, 2024, 13.0),
    ]
    (folder / "births.csv").write_text("variant,area\nv,A\n")
    with pytest.raises(AcutecastError, match=r"births\.csv: age, a column a year"):
        read_references(con, read_mapping(folder))


@given(
    st.lists(st.lists(st.text('ab\n\r",é;', max_size=5), min_size=3, max_size=3), max_size=12),
    st.booleans(),
)
def test_records_are_counted_as_a_csv_reader_counts_them(tmp_path_factory, rows, crlf):
    # A row of empty values is a line of commas, so that no line is empty; \r alone ends no line.
    rows = [[value.replace("\r", "") for value in row] for row in rows]
    text = text_of(
        [dict(zip("xyz", row, strict=True)) for row in [["1", "2", "3"], *rows]],
        line_end="\r\n" if crlf else "\n",
    )
    path = tmp_path_factory.mktemp("text") / "a.csv"
    path.write_bytes(text.encode())
    assert look_at(path, "a.csv").records == 1 + len(rows)


def test_people_beyond_ninety_count_at_ninety_and_bad_numbers_are_told(folder):
    folder.mkdir()
    (folder / "apc.csv").write_text("x\n")
    rows = "".join(f"v,A,1,{age},{age}\n" for age in (89, 90, 91, 104))
    (folder / "population.csv").write_text("variant,area,sex,age,2023\n" + rows)
    con = duckdb.connect()
    read_references(con, read_mapping(folder))
    found = con.execute("SELECT age, people FROM population ORDER BY age").fetchall()
    assert found == [(89, 89.0), (90, 90.0 + 91 + 104)]
    (folder / "population.csv").write_text("variant,area,sex,age,2023\nv,A,man,1,2\n")
    with pytest.raises(AcutecastError, match=r"population\.csv: the file cannot be read"):
        read_references(con, read_mapping(folder))


def test_columns_without_a_name_or_with_one_that_nobody_reads_may_repeat(folder, scratch):
    path = write(folder, "apc", {})
    header, row = path.read_text().splitlines()
    path.write_text(f"{header},,,note,note\n{row},,,a,b\n")
    assert values(staged(folder, scratch), "epikey") == ["E1"]
    path.write_text(f"{header},sex\n{row},1\n")
    with pytest.raises(AcutecastError, match="two columns have the same name"):
        staged(folder, scratch)


def test_a_message_names_a_file_with_its_folder(tmp_path):
    folder = tmp_path / "records"
    write(folder, "apc", {})
    (folder / "opa").mkdir()
    (folder / "opa" / "DEMO-2023.csv").write_text("x,y\n1,2\n")
    with pytest.raises(AcutecastError, match=r"opa/DEMO-2023\.csv"):
        staged(folder, tmp_path / "scratch")
