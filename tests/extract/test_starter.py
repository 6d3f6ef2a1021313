"""The first `extract.toml`: what files say themselves, and nothing that changes what is read."""

import csv
import json
import re
import shutil
import tomllib
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import acutecast as ac
from acutecast.cli.main import app
from acutecast.errors import AcutecastError
from acutecast.extract.mapping import read_mapping
from acutecast.extract.records import RECORDS
from acutecast.extract.starter import (
    Header,
    found_in,
    month_first,
    resembled,
    strange_sexes,
    text_of,
)
from extract.small_records import APPOINTMENT, EPISODE, staged, write
from extract.test_workbook_files import workbook

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"
HES = {
    "apc": "artificial_hes_apc_0102.csv.gz",
    "opa": "artificial_hes_op_0304.csv",
    "ae": "artificial_hes_ae_0708.csv",
}


def table(path, header, *rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def settings_taken(text, record=None):
    """Take the # from settings, the first where several are for one column."""
    taken, seen = [], set()
    for line in text.split("\n"):
        if line.startswith("["):
            seen = set()
        key = re.match(r'#([\w]+|".*?") = ', line)
        if key and key[1] not in seen:
            seen.add(key[1])
            line = line[1:]
        taken.append(line)
    return "\n".join(taken)


def test_it_changes_nothing_by_itself(tmp_path):
    write(tmp_path, "apc", {"sex": "M"}, {})
    before = read_mapping(tmp_path)
    made = ac.start_mapping(tmp_path)
    after = read_mapping(tmp_path)
    assert made.path == tmp_path / "extract.toml"
    assert made.text == made.path.read_text(encoding="utf-8")
    assert after.files == before.files
    assert (after.preset, after.encoding) == (None, None)
    assert not any(after.columns.values())


def test_columns_matched_ignored_and_unknown_are_told_apart():
    head = Header("apc.csv", "apc.csv", ("EPIKEY", "SEX", "DIAG_01", "DIAG_02", "ADMISORC", "MINE"))
    found = found_in("apc", [head], [])
    assert found.matched == {
        "epikey": "EPIKEY", "sex": "SEX", "diag_01": "DIAG_01", "diag_02": "DIAG_02"
    }  # fmt: skip
    assert (found.ignored, found.unknown) == (("ADMISORC",), ("MINE",))
    text = text_of([found], None)
    assert '#   diag_01 = "DIAG_01" … diag_02 = "DIAG_02"' in text
    assert '# Not read, and not known: "MINE"' in text


def test_the_nearest_name_of_a_missing_column_waits_to_be_uncommented(tmp_path):
    row = {("adm_date" if k == "admidate" else k): v for k, v in EPISODE.items()}
    table(tmp_path / "apc.csv", row.keys(), row.values())
    made = ac.start_mapping(tmp_path)
    assert '#admidate = "adm_date"\n' in made.text
    made.path.write_text(settings_taken(made.text), encoding="utf-8")
    assert read_mapping(tmp_path).columns["apc"] == {"admidate": "adm_date"}
    assert staged(tmp_path, tmp_path / "s").sql(
        "SELECT count(admidate) FROM raw_apc"
    ).fetchall() == [(1,)]


def test_files_called_anything_are_offered_as_what_they_resemble(tmp_path):
    write(tmp_path, "apc", {})
    table(tmp_path / "clinic [2].csv", APPOINTMENT.keys(), APPOINTMENT.values())
    table(tmp_path / "stays.csv", EPISODE.keys(), EPISODE.values())
    table(tmp_path / "canteen.csv", ("dish", "price"), ("soup", 2))
    made = ac.start_mapping(tmp_path)
    apc, opa = made.found
    assert (apc.record, apc.named, apc.alike) == ("apc", ("apc.csv",), ("stays.csv",))
    assert (opa.record, opa.named, opa.alike) == ("opa", (), ("clinic [2].csv",))
    assert made.unclear == (("canteen.csv", "no record has three of its columns"),)
    assert list(read_mapping(tmp_path).files) == ["apc"]
    made.path.write_text(settings_taken(made.text), encoding="utf-8")
    files = read_mapping(tmp_path).files
    assert {kind: {p.name for p in paths} for kind, paths in files.items()} == {
        "apc": {"apc.csv", "stays.csv"}, "opa": {"clinic [2].csv"}
    }  # fmt: skip


def test_archives_parquet_and_workbooks_say_their_headers_too(tmp_path):
    write(tmp_path, "apc", {})
    with zipfile.ZipFile(tmp_path / "many.zip", "w") as archive:
        archive.write(tmp_path / "apc.csv", "a.csv")
    (tmp_path / "apc.csv").unlink()
    pq.write_table(pa.Table.from_pylist([APPOINTMENT]), tmp_path / "clinics.parquet")
    header = ["AEKEY", "PROCODE3", "ARRIVALDATE", "SEX"]
    workbook(tmp_path / "front door.xlsx", {"Notes": [["x"]], "Data": [["Emergency"], header]})
    found = {each.record: each.alike for each in ac.start_mapping(tmp_path).found}
    assert found == {
        "apc": ("many.zip",), "opa": ("clinics.parquet",), "ae": ("front door.xlsx",)
    }  # fmt: skip


def test_dates_with_the_month_first_and_strange_sexes_are_settings(tmp_path):
    write(tmp_path, "apc", {"admidate": "05/13/2023", "disdate": "05/14/2023", "sex": "W"},
          {"admidate": "05/01/2023", "disdate": "05/02/2023", "sex": "F"})  # fmt: skip
    made = ac.start_mapping(tmp_path)
    assert made.found[0].month_first == ("admidate", "disdate")
    assert made.found[0].sexes == ("W",)
    made.path.write_text(settings_taken(made.text), encoding="utf-8")
    mapping = read_mapping(tmp_path)
    assert mapping.order_of("apc", "apc.csv", "admidate") == "month first"
    assert mapping.values["apc"]["sex"] == {"W": "0"}


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (["04/13/2023", "04/01/2023"], True),
        (["13/04/2023", "04/01/2023"], False),
        (["04/13/2023", "13/04/2023"], False),
        (["04/01/2023", "", "2023-04-13"], False),
    ],
)
def test_the_month_comes_first_where_dates_can_only_be_read_so(values, first):
    assert month_first(values) is first


def test_values_of_sex_that_are_read_without_being_asked_are_not_strange():
    values = ["1", "2", "M", "female", " F ", "1.0", "NULL", "", "9", "u"]
    assert strange_sexes("apc", values) == ()
    assert strange_sexes("apc", [*values, "W"]) == ("W",)


def test_a_header_resembles_the_record_that_has_most_of_its_columns():
    for record, row in (("apc", EPISODE), ("opa", APPOINTMENT)):
        kind, n = resembled(tuple(row)) or ("", 0)
        assert kind == record
        assert n > 10
    assert resembled(("a", "b", "sex")) is None


@given(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=6))
def test_any_name_of_a_column_gives_a_mapping_that_can_be_read(names):
    heads = [Header("x", "x", tuple(names))]
    for record in RECORDS:
        found = found_in(record, heads, heads)
        text = text_of([found], "hes", [(names[0], names[-1])])
        assert text.encode("utf-8", "replace")
        tomllib.loads(text)
        document = tomllib.loads(settings_taken(text))
        for ours, theirs in document["columns"][record].items():
            options = {pair for lacking in found.missing for pair in lacking.guesses}
            assert (ours, theirs) in options


def test_a_mapping_that_is_there_is_kept(tmp_path):
    write(tmp_path, "apc", {})
    (tmp_path / "extract.toml").write_text("# mine\n")
    with pytest.raises(AcutecastError, match=r"already.*replace=True"):
        ac.start_mapping(tmp_path)
    assert (tmp_path / "extract.toml").read_text() == "# mine\n"
    ac.start_mapping(tmp_path, replace=True)
    assert "epikey" in (tmp_path / "extract.toml").read_text(encoding="utf-8")


def test_a_folder_without_tables_is_refused_and_nothing_is_written(tmp_path):
    (tmp_path / "readme.md").write_text("x")
    with pytest.raises(AcutecastError, match="no file in it is a table"):
        ac.start_mapping(tmp_path)
    with pytest.raises(AcutecastError, match="there is no such folder"):
        ac.start_mapping(tmp_path / "none")
    assert [p.name for p in tmp_path.iterdir()] == ["readme.md"]


def test_files_that_cannot_be_read_are_named_and_the_others_told(tmp_path):
    write(tmp_path, "apc", {})
    (tmp_path / "opa.csv").write_bytes(b"")
    (tmp_path / "ecds.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "ae.csv.gz").write_bytes(b"no gzip")
    (tmp_path / "more.zip").write_bytes(b"no zip")
    made = ac.start_mapping(tmp_path)
    assert [each.record for each in made.found] == ["apc"]
    assert [file for file, _ in made.unclear] == [
        "ae.csv.gz",
        "ecds.parquet",
        "more.zip",
        "opa.csv",
    ]


@pytest.mark.skipif(
    not all((REAL / name).exists() for name in HES.values()),
    reason="no artificial HES in ../shared",
)
def test_published_hes_lacks_nothing_and_is_known_as_hes(tmp_path):
    for record, name in HES.items():
        shutil.copy(REAL / name, tmp_path / f"{record}{''.join(Path(name).suffixes)}")
    made = ac.start_mapping(tmp_path)
    assert made.preset == "hes"
    assert {each.record: each.missing for each in made.found} == {"apc": (), "opa": (), "ae": ()}
    assert not any(each.month_first or each.sexes for each in made.found)
    assert made.found[0].matched["diag_20"] == "DIAG_4_20"


def test_the_command_says_what_is_missing_and_what_to_do_next(tmp_path):
    row = {("adm_date" if k == "admidate" else k): v for k, v in EPISODE.items()}
    table(tmp_path / "apc.csv", row.keys(), row.values())
    result = CliRunner().invoke(app, ["extract", str(tmp_path), "--init"])
    assert result.exit_code == 0, result.output
    assert "Missing: admidate; nearest: adm_date" in result.output
    assert "acutecast data report" in result.output
    again = CliRunner().invoke(app, ["extract", str(tmp_path), "--init", "--replace", "--json"])
    assert json.loads(again.output)["found"][0]["record"] == "apc"


def test_a_folder_for_the_tables_is_needed_without_init(tmp_path):
    write(tmp_path, "apc", {})
    result = CliRunner().invoke(app, ["extract", str(tmp_path)])
    assert "--out: no place for the provider tables is named" in str(result.exception)
    assert not (tmp_path / "extract.toml").exists()
