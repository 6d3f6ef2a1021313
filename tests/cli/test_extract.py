"""The commands about records, whole: what they print, what they leave, and how they fail."""

import json
import subprocess
import sys

import pytest


def acutecast(*arguments, cwd, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "acutecast", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("commands")
    acutecast("synth", "records", "--trusts", 1, "--size", 0.02, "--years", 2023, cwd=folder)
    return folder


def test_extract_prints_where_every_row_went(folder):
    said = acutecast("extract", "records", "--out", "data", cwd=folder).stdout
    assert "rows in" in said
    assert "set aside: well baby" in said
    assert "Provider tables of DEMO 2023, TPMA rules Acutecast 1.0" in said
    again = acutecast("extract", "records", "--out", "data", cwd=folder, code=2)
    assert "an extract is there already" in again.stderr
    info = json.loads(
        acutecast("extract", "records", "--out", "data", "--replace", "--json", cwd=folder).stdout
    )
    assert info["providers"] == [{"dataset": "DEMO", "year": 2023}]
    assert sum(a["rows"] for a in info["accounting"]) == sum(f["rows_in"] for f in info["files"])


def test_data_report_leaves_a_page_and_its_tables(folder):
    said = acutecast("data", "report", "records", "--out", "report.html", cwd=folder).stdout
    assert "report.html" in said
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    names = {path.stem for path in (folder / "report-tables").glob("*.csv")}
    assert {"findings", "accounting", "completeness", "unknown_codes", "gaps"} <= names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("extract", "nowhere", "--out", "x"), "there is no such folder"),
        (("extract", "records", "--out", "x", "--years", "soon"), "is not a list of years"),
        (("extract", "records", "--out", "x", "--codes", "some"), "is no choice"),
        (("extract", "records", "--out", "x", "--rules", "none"), "no such folder of rules"),
        (("extract", "records", "--out", "x", "--mapping", "none.toml"), "no such file"),
        (("synth", "records"), "a made-up region is there already"),
        (("synth", "y", "--format", "xls"), "is no format"),
    ],
)
def test_refusals(folder, arguments, message):
    assert message in acutecast(*arguments, cwd=folder, code=2).stderr
    assert not (folder / "x").exists()


def test_a_broken_file_is_told_and_leaves_nothing(folder, tmp_path):
    (tmp_path / "apc.csv").write_text("epikey;procode3\nE1;RXX\n")
    said = acutecast("extract", tmp_path, "--out", tmp_path / "out", cwd=tmp_path, code=2).stderr
    assert "apc.csv: admimeth: a column is missing" in said
    assert "apc.csv: sex: a column is missing" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["apc.csv"]
