"""Opening says clearly what is wrong with a folder."""

import json
import shutil

import pytest
from made_projection import PROVIDER, SCENARIO, make_projection

from acutecast.errors import AcutecastError
from acutecast.results.run import open_run
from acutecast.results.store import save_run


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "run"
    save_run(make_projection(), SCENARIO, PROVIDER, folder)
    return folder


@pytest.fixture
def copy(stored, tmp_path):
    return shutil.copytree(stored, tmp_path / "run")


def test_an_opened_run_says_what_it_is(stored):
    run = open_run(stored)
    assert (run.name, run.runs, run.years) == ("growth ü", 7, (2024, 2026, 2030))
    assert (run.baseline_year, run.horizon) == (2023, 2030)
    assert run.scenario_json == SCENARIO
    assert "ip_full" in run.views
    assert run.timings["seconds"].keys() == {"kernel"}


def test_no_folder(tmp_path):
    with pytest.raises(AcutecastError, match="no such folder"):
        open_run(tmp_path / "nothing")


def test_no_url():
    with pytest.raises(AcutecastError, match="no such folder"):
        open_run("memory://nowhere/at/all")


def test_a_folder_that_is_no_run(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(AcutecastError, match="holds no run"):
        open_run(tmp_path)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{", "missing or damaged"),
        ("[]", "missing or damaged"),
        ('{"format": "other", "format_version": 1}', "not one of ours"),
    ],
)
def test_a_strange_run_json(copy, content, fault):
    (copy / "run.json").write_text(content)
    with pytest.raises(AcutecastError, match=fault):
        open_run(copy)


def test_a_newer_format(copy):
    info = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    (copy / "run.json").write_text(json.dumps(info | {"format_version": 2, "acutecast": "9.1"}))
    with pytest.raises(AcutecastError, match=r"newer version \(acutecast 9.1\)"):
        open_run(copy)


def test_all_missing_and_cut_files_are_named_at_once(copy):
    (copy / "cube" / "op_age.parquet").unlink()
    (copy / "scenario.json").unlink()
    whole = (copy / "draws.parquet").read_bytes()
    (copy / "draws.parquet").write_bytes(whole[:-10])
    with pytest.raises(AcutecastError) as caught:
        open_run(copy)
    text = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "op_age.parquet: the file is missing" in text
    assert "scenario.json: the file is missing" in text
    assert "draws.parquet: the file is cut short" in text


def test_a_garbled_table_is_named_when_read(copy):
    for name in ("cube/ip_full.parquet", "draws.parquet"):
        size = (copy / name).stat().st_size
        (copy / name).write_bytes(b"x" * size)
    run = open_run(copy)
    with pytest.raises(AcutecastError, match=r"ip_full.parquet: the file is missing or damaged"):
        run.cube("ip_full")
    with pytest.raises(AcutecastError, match=r"draws.parquet: the file is missing or damaged"):
        run.draws()


def test_a_table_that_is_not_there(stored):
    with pytest.raises(AcutecastError, match="It has aae_acuity"):
        open_run(stored).cube("ip_shoe_size")


def test_tables_are_read_once(stored):
    run = open_run(stored)
    assert run.cube("ip_full") is run.cube("ip_full")


def test_a_run_replaced_while_it_is_open_is_not_mixed(tmp_path):
    save_run(make_projection(seed=1), SCENARIO, PROVIDER, tmp_path / "run")
    opened = open_run(tmp_path / "run")
    before = opened.cube("ip_full").values
    save_run(make_projection(seed=2, cells=40), SCENARIO, PROVIDER, tmp_path / "run")
    assert opened.cube("ip_full").values is before
    for read in (lambda: opened.cube("op_full"), lambda: opened.parts("attribution")):
        with pytest.raises(AcutecastError, match=r"replaced after it was opened\. Open it again"):
            read()
