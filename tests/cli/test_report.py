"""The report command, as a user or a script runs it."""

import json
import sys
from pathlib import Path

import pytest
from docx import Document
from python_calamine import CalamineWorkbook
from test_commands import acutecast

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
from made_runs import stored


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("report") / "run"
    stored(folder, runs=12, name="Base")
    return folder


def test_report_writes_every_form(run, tmp_path):
    files = [tmp_path / "new" / f"report.{ending}" for ending in ("xlsx", "docx", "html")]
    outs = [argument for file in files for argument in ("--out", file)]
    done = acutecast("report", run, *outs, "--compare", run, "--suppress", "5", "--year", "2026",
                     "--ip-sites", "RXX01", "--op-sites", "RXX01,RXX02")  # fmt: skip
    assert sorted(path.name for path in files[0].parent.iterdir()) == sorted(f.name for f in files)
    assert all(str(file) in done.stdout.replace("\n", "") for file in files)
    assert "Word report: 20 of 20" in done.stderr
    book = CalamineWorkbook.from_path(files[0])
    assert "inpatients: RXX01" in str(book.get_sheet_by_name("Read me").to_python())
    assert "Compared" in book.sheet_names
    assert "Base (2)" in "\n".join(line.text for line in Document(str(files[1])).paragraphs)
    assert "2023/24 to 2026/27" in files[2].read_text(encoding="utf-8")


def test_report_says_as_json_what_it_wrote(run, tmp_path):
    out = tmp_path / "run.xlsx"
    done = acutecast("report", run, "--out", out, "--sites", "RXX01", "--json")
    assert json.loads(done.stdout) == {"files": [str(out)]}
    assert done.stderr == ""


def test_what_is_wrong_is_said_and_leaves_no_file(run, tmp_path):
    def wrong(*more):
        done = acutecast("report", run, "--out", tmp_path / "report.html", *more, code=2)
        assert not list(tmp_path.iterdir())
        return done.stderr

    assert ".xlsx, .docx or .html" in wrong("--out", tmp_path / "report.pdf")
    assert "RXX09" in wrong("--sites", "RXX09")
    assert "RXX01, RXX02" in wrong("--aae-sites", "RXX07")
    assert "no such folder" in wrong("--compare", tmp_path / "none")
