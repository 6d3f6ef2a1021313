"""A summary as CSV: the figures of the Python interface, and no live formula."""

import io
import json
import subprocess
import sys
from dataclasses import replace

import polars as pl

import acutecast as ac
from small_provider import small_provider


def _acutecast(*arguments):
    command = [sys.executable, "-m", "acutecast", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def _provider_with_a_formula():
    provider = small_provider()
    tables = {}
    for name, table in provider.tables.items():
        if "sitetret" in table.column_names:
            at = table.column_names.index("sitetret")
            sites = table.column("sitetret").to_pylist()
            table = table.set_column(
                at, "sitetret", [["=HYPERLINK(1)" if s == sites[0] else s for s in sites]]
            )
        tables[name] = table
    return replace(provider, tables=tables)


def test_a_summary_is_written_as_csv(tmp_path):
    run = ac.run({"name": "x", "runs": 3}, _provider_with_a_formula(), tmp_path / "run")
    done = _acutecast("summary", run.path, "--by", "pod,sitetret", "--years", "2030", "--csv", "-")
    assert done.returncode == 0, done.stderr
    mine = run.summary(by=("pod", "sitetret", "measure"), years=[2030])
    read = pl.read_csv(io.StringIO(done.stdout))
    assert read.columns == mine.columns
    assert read["mean"].to_list() == mine["mean"].to_list()
    assert "\"'=HYPERLINK" in done.stdout or ",'=HYPERLINK" in done.stdout
    assert ",=HYPERLINK" not in done.stdout


def test_a_summary_goes_to_a_file_whole_or_not_at_all(tmp_path):
    run = ac.run({"name": "x", "runs": 3}, small_provider(), tmp_path / "run")
    done = _acutecast("summary", run.path, "--csv", tmp_path / "figures.csv", "--suppress", "5")
    assert (done.returncode, done.stdout) == (0, "")
    read = pl.read_csv(tmp_path / "figures.csv")
    shown = json.loads(_acutecast("summary", run.path, "--suppress", "5", "--json").stdout)
    assert read["baseline"].to_list() == [row["baseline"] for row in shown]
    wrong = _acutecast("summary", run.path, "--csv", tmp_path / "figures.csv" / "below")
    assert wrong.returncode == 2
    assert "Traceback" not in wrong.stderr
