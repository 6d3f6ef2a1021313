"""Whole commands, as a user or a script runs them."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from acutecast.provider import write_provider
from small_provider import small_provider

NHP_TABLES = {
    "acuity", "age", "attendance_category", "avoided_activity", "default",
    "delivery_episode_in_spell", "sex+age_group", "sex+tretspef_grouped", "step_counts",
    "tretspef", "tretspef+los_group",
}  # fmt: skip
PARAMS = Path(__file__).parents[2] / "../shared/data/nhp-params-sample.json"


def acutecast(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own and check its exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "acutecast", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_provider(small_provider(600), root)
    return root


@pytest.fixture(scope="module")
def scenario(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "base.json"
    path.write_text(json.dumps({"name": "Base", "runs": 12, "horizon_year": 2033}))
    return path


@pytest.fixture(scope="module")
def stored(tmp_path_factory, data, scenario) -> Path:
    out = tmp_path_factory.mktemp("run") / "base"
    acutecast("run", scenario, "--data", data, "--out", out, "--years", "2028,2033")
    return out


def test_run_ends_with_a_table_and_where_the_results_are(tmp_path, data, scenario):
    done = acutecast("run", scenario, "--data", data, "--out", tmp_path / "run")
    assert "Non-Elective Admission" in done.stdout
    assert "Bed days" in done.stdout
    assert str(tmp_path / "run") in done.stdout
    assert "Simulating: 12 of 12" in done.stderr


def test_run_in_json_is_json_and_nothing_else(tmp_path, data, scenario):
    done = acutecast("run", scenario, "--data", data, "--out", tmp_path / "run", "--json")
    content = json.loads(done.stdout)
    assert content["model_runs"] == 12
    assert {row["measure"] for row in content["summary"]} >= {"admissions", "beddays"}


def test_runs_seed_and_threads_are_taken_from_the_command(tmp_path, data, scenario):
    common = ("run", scenario, "--data", data, "--runs", 5, "--years", "horizon", "--json")
    summaries = {}
    for name, extra in {
        "one": ("--seed", 3, "--threads", 1),
        "two": ("--seed", 3, "--threads", 2),
        "other": ("--seed", 4),
    }.items():
        done = acutecast(*common, "--out", tmp_path / name, *extra)
        summaries[name] = json.loads(done.stdout)["summary"]
    assert summaries["one"] == summaries["two"] != summaries["other"]
    for path in (tmp_path / "one").rglob("*"):
        if path.is_file() and path.name != "timings.json":
            other = tmp_path / "two" / path.relative_to(tmp_path / "one")
            assert path.read_bytes() == other.read_bytes(), path.name


def test_years_are_those_asked_for_and_the_horizon(stored):
    info = json.loads((stored / "run.json").read_text())
    assert info["years"] == [2028, 2033]


def test_nhp_format_leaves_the_eleven_tables_in_the_folder(tmp_path, data, scenario):
    out = tmp_path / "nhp"
    out.mkdir()
    (out / "mine.txt").write_text("kept")
    acutecast("run", scenario, "--data", data, "--out", out, "--format", "nhp")
    assert {path.stem for path in out.glob("*.parquet")} == NHP_TABLES
    assert (out / "mine.txt").read_text() == "kept"
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    runs = pq.read_table(out / "default.parquet").column("model_run").unique().to_pylist()
    assert sorted(runs) == list(range(13))


@pytest.mark.skipif(not PARAMS.exists(), reason="the NHP sample parameters are not here")
def test_an_nhp_parameter_file_runs(tmp_path, data):
    params = json.loads(PARAMS.read_text()) | {"dataset": "RXX", "model_runs": 6}
    path = tmp_path / "params.json"
    path.write_text(json.dumps(params))
    done = acutecast("run", path, "--data", data, "--out", tmp_path / "nhp", "--format", "nhp")
    assert "11 tables" in done.stdout
    assert json.loads((tmp_path / "nhp" / "params.json").read_text()) == params


def test_summary_sums_over_what_is_asked_for(stored):
    whole = json.loads(acutecast("summary", stored, "--by", "", "--json").stdout)
    parts = json.loads(acutecast("summary", stored, "--by", "sitetret,age_group", "--json").stdout)
    total = next(row["baseline"] for row in whole if row["measure"] == "beddays")
    assert sum(row["baseline"] for row in parts if row["measure"] == "beddays") == total
    one = json.loads(
        acutecast(
            "summary", stored, "--by", "pod", "--where", "age_group=75-84,85+",
            "--measure", "beddays", "--years", "all", "--json",
        ).stdout
    )  # fmt: skip
    assert {row["year"] for row in one} == {2028, 2033}


def test_summary_for_people(stored):
    done = acutecast("summary", stored)
    assert "Principal" in done.stdout
    assert "sitetret" in acutecast("summary", stored, "--by", "sitetret").stdout


def test_data_check_and_describe(data):
    assert "ready to run" in acutecast("data", "check", data).stdout
    described = json.loads(acutecast("data", "describe", data, "--json").stdout)
    assert described
    assert "RXX" in acutecast("data", "describe", data).stdout


def test_data_check_names_a_broken_file(tmp_path):
    root = tmp_path / "data"
    write_provider(small_provider(100), root)
    broken = next((root / "op").rglob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[:2000])
    done = acutecast("data", "check", root, code=2)
    assert broken.name in done.stderr
    assert "op" in done.stderr


def test_scenario_commands(tmp_path, scenario):
    assert "in order" in acutecast("scenario", "check", scenario).stdout
    assert (
        "non-demographic_adjustment.ip.elective" in acutecast("scenario", "show", scenario).stdout
    )
    assert json.loads(acutecast("scenario", "schema").stdout)["type"] == "object"
    other = tmp_path / "other.json"
    other.write_text(
        json.dumps({"name": "Base", "activity_avoidance": {"ip": {"smoking": [0.8, 0.9]}}})
    )
    rows = json.loads(acutecast("scenario", "diff", scenario, other, "--json").stdout)
    assert any("smoking" in row["path"] for row in rows)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"name": "x", "horizon_year": 2020}', "not after the baseline"),
        ('{"name": "x", "population": {"variants": {"migration_category": 0}}}', "sum to 0"),
        ('{"name": "x", "activity_avoidance": {"ip": {"smo', "ends too early"),
        ('{"a":' * 1_500_000 + "1" + "}" * 1_500_000, "nests too deeply"),
        ("", "empty"),
        ('{"name": "x", "population": {"variants": {"low_fertility": 1}}}', "variant"),
        (
            '{"name": "x", "activity_avoidance": {"ip": {"virtual_wards_activity_avoidance_ari": '
            "0.9}}}",
            "no row of the data has this TPMA",
        ),
        ('{"name": "x", "activity_avoidance": {"ip": {"made_up": 0.9}}}', "made_up"),
    ],
)  # fmt: skip
def test_hostile_scenarios_give_one_message_and_exit_code_2(tmp_path, data, content, says):
    path = tmp_path / "scenario.json"
    path.write_text(content)
    done = acutecast("run", path, "--data", data, "--out", tmp_path / "out", code=2)
    assert says in done.stderr
    assert len(done.stderr) < 3000
    assert not (tmp_path / "out").exists()
    as_json = acutecast("run", path, "--data", data, "--out", tmp_path / "out", "--json", code=2)
    assert json.loads(as_json.stdout)["problems"]


def test_file_urls_are_paths(tmp_path, data, scenario):
    common = ("run", scenario, "--data", f"file://{data}", "--years", "horizon")
    acutecast(*common, "--out", f"file://{tmp_path}/run")
    assert (tmp_path / "run" / "run.json").exists()
    acutecast(*common, "--out", f"file://{tmp_path}/nhp", "--format", "nhp")
    assert {path.stem for path in (tmp_path / "nhp").glob("*.parquet")} == NHP_TABLES


def test_nothing_the_user_had_is_written_over(tmp_path, data, scenario, stored):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "thesis.docx").write_text("years of work")
    done = acutecast("run", scenario, "--data", data, "--out", taken, code=2)
    assert "other files" in done.stderr
    assert (taken / "thesis.docx").read_text() == "years of work"
    again = acutecast("run", scenario, "--data", data, "--out", stored, code=2)
    assert "--replace" in again.stderr
    acutecast("run", scenario, "--data", data, "--out", stored, "--years", "2028", "--replace")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_stopped_leaves_nothing_behind(tmp_path, data, scenario, number):
    with subprocess.Popen(
        [sys.executable, "-m", "acutecast", "run", str(scenario), "--data", str(data), "--out",
         str(tmp_path / "out"), "--runs", "60000"],
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Simulating"):
                break
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []


def test_help_is_there_for_every_command():
    for command in ([], ["run"], ["demo"], ["summary"], ["data", "check"], ["scenario", "show"]):
        assert "Usage" in acutecast(*command, "--help").stdout
    assert "acutecast" in acutecast("--version").stdout


def test_commands_start_without_what_only_some_of_them_need():
    heavy = ["numba", "polars", "duckdb", "altair", "pyarrow", "sqlalchemy", "shiny", "fastapi"]
    code = f"import sys, acutecast.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
