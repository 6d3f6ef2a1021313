"""What `extract.toml` may not hold, and what is said when a column is missing."""

import pytest

from acutecast.errors import AcutecastError
from acutecast.extract.mapping import read_mapping
from acutecast.extract.records import nearest_columns
from extract.small_records import rows_of, staged, text_of, write


def refused(folder, text):
    write(folder, "apc", {})
    (folder / "extract.toml").write_text(text, encoding="utf-8")
    with pytest.raises(AcutecastError) as error:
        read_mapping(folder)
    return error.value.problems


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("columns = 3", "columns"),
        ("columns = [1, 2]", "columns"),
        ("[columns]\napc = 3", "columns.apc"),
        ("[columns.apc]\nsex = 3", "columns.apc.sex"),
        ("[columns.apc]\nsex = [['a']]", "columns.apc.sex"),
        ("files = 7", "files"),
        ("[files]\napc = 3", "files.apc"),
        ("[files]\napc = [3, 'a.csv']", "files.apc"),
        ("[files]\napc = 12345678901234567890", "files.apc"),
        ("[files.apc]\nx = 'a'", "files.apc"),
        ("preset = 3", "preset"),
        ("preset = ['hes']", "preset"),
        ("encoding = true", "encoding"),
        ("values = 'x'", "values"),
        ("[values]\napc = 1", "values.apc"),
        ("[values.apc]\nsex = 'M'", "values.apc.sex"),
        ("[values.apc.sex]\nM = ['1']", "values.apc.sex.M"),
    ],
)
def test_a_wrong_type_is_one_line_that_names_file_and_key(tmp_path, text, place):
    (problem,) = refused(tmp_path, text)
    assert problem.what == "is not of its type"
    assert problem.where == f"{tmp_path / 'extract.toml'}: {place}"
    assert "\n" not in str(problem)


def test_all_wrong_types_come_at_once(tmp_path):
    assert len(refused(tmp_path, "preset = 3\ncolumns = 3\n[files]\napc = 3\n")) == 3


@pytest.mark.parametrize("text", ["columns = " + "[" * 5000 + "]" * 5000, "a = " + "9" * 5000])
def test_deep_and_huge_values_end_in_a_message(tmp_path, text):
    (problem,) = refused(tmp_path, text)
    assert "extract.toml" in str(problem)


@pytest.mark.parametrize(
    "pattern", ["/etc/*", "../other/*.csv", "a/../../b.csv", "C:/x.csv", "\\\\server\\x", "", " "]
)
def test_patterns_that_lead_outside_are_refused(tmp_path, pattern):
    found = refused(tmp_path, f"[files]\napc = '{pattern}'\n")
    assert found[0].what == "the path does not lie in the folder of the records"


def test_patterns_that_are_none_are_refused(tmp_path):
    assert "pattern cannot be used" in str(refused(tmp_path, "[files]\napc = 'a**b/*.csv'\n")[0])


def test_numbers_stand_for_codes_as_they_do_today(tmp_path):
    write(tmp_path, "apc", {})
    (tmp_path / "extract.toml").write_text("[values.apc.sex]\nM = 1\n", encoding="utf-8")
    assert read_mapping(tmp_path).values["apc"]["sex"] == {"M": 1}


def test_a_missing_column_says_what_is_there_and_what_is_nearest(tmp_path):
    (tmp_path / "in").mkdir()
    text = text_of(rows_of("apc", {})).replace("classpat", "PATIENT_CLASS", 1)
    (tmp_path / "in" / "apc.csv").write_text(text, encoding="utf-8")
    with pytest.raises(AcutecastError) as error:
        staged(tmp_path / "in", tmp_path / "scratch")
    (problem,) = error.value.problems
    assert problem.where.endswith("classpat")
    assert "The file has epikey, " in problem.remedy
    assert "Nearest: PATIENT_CLASS." in problem.remedy


def test_a_guess_is_never_a_column_that_is_read(tmp_path):
    assert nearest_columns("apc", "admimeth", ["ADMIDATE", "METHOD_OF_ADMISSION", "epikey"]) == []
    assert nearest_columns("apc", "admimeth", ["ADMI_METH", "sex"]) == ["ADMI_METH"]
