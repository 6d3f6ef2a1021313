"""A workspace whose disk is full: health, runs and the database say so; nothing is half done."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import acutecast as ac
from acutecast.provider import write_provider
from acutecast.workspace import (
    Settings,
    create_scenario,
    health,
    identify,
    list_scenarios,
    open_workspace,
    read_job,
    submit,
    work_once,
)
from acutecast.workspace import workspace as module
from acutecast.workspace.workspace import LEAST_FREE, NoAnswer

KILOBYTE = 1024


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_provider(ac.demo_provider(size=0.02), root)
    return root


@pytest.fixture
def disk(tmp_path):
    """A disk of 8 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=8m", "none", str(place)], capture_output=True
    )
    if not made or made.returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Fill a disk except for some bytes; give the file that does."""
    file = disk / "filler"
    file.write_bytes(b"\0" * max(0, shutil.disk_usage(disk).free - left))
    return file


@pytest.fixture
def ws(disk, data):
    workspace = open_workspace(Settings(disk / "home", data=(str(data),)))
    yield workspace
    workspace.close()


def test_health_says_that_the_disk_is_nearly_full(ws):
    found = health(ws)
    assert not found["ok"]
    assert found["problems"] == [
        f"the folder of the workspace: less than {LEAST_FREE / 1e6:.0f} MB of its disk are free"
    ]


def test_health_tries_to_write(ws, disk, monkeypatch):
    monkeypatch.setattr(module, "LEAST_FREE", 0)
    assert health(ws) == {"ok": True, "version": ac.__version__, "problems": []}
    fill(disk, 0)
    found = health(ws)
    assert not found["ok"]
    assert found["problems"] == ["the folder of the workspace: no space is left on the disk"]
    assert str(disk) not in str(found)


def test_a_database_on_a_full_disk_says_so_and_keeps_what_it_has(ws, disk):
    person = identify(ws.settings, {})
    kept = create_scenario(ws, person, {"name": "Kept"}, "DEMO")
    filler = fill(disk, 0)
    content = {"name": "Lost", "description": "x" * 200_000}
    with pytest.raises(NoAnswer, match="no space is left on the disk") as caught:
        create_scenario(ws, person, content, "DEMO")
    assert "must make room" in caught.value.problems[0].remedy
    assert [row.id for row in list_scenarios(ws, person)] == [kept.id]
    filler.unlink()
    create_scenario(ws, person, content, "DEMO")
    assert len(list_scenarios(ws, person)) == 2


def test_a_run_that_dies_on_a_full_disk_says_why_and_runs_once_there_is_room(ws, disk):
    person = identify(ws.settings, {})
    made = create_scenario(ws, person, {"name": "Run", "horizon_year": 2026}, "DEMO")
    # Folders of results are checked for room at the start, so the disk fills up while it is made.
    full = submit(ws, person, made.id, runs=2, capacity=False)

    def execute(ws, claim, watch, cancelled):
        from acutecast.workspace.worker import run_model

        def fills(event):
            if event.stage == "simulating" and not (disk / "filler").exists():
                fill(disk, 100 * KILOBYTE)
            watch(event)

        return run_model(ws, claim, fills, cancelled)

    assert work_once(ws, "the tests", execute=execute)
    job = read_job(ws, person, full.id)
    assert job.state == "failed"
    assert "no space is left on the disk" in job.message
    assert str(disk) not in job.message
    (disk / "filler").unlink()
    assert [path.name for path in ws.settings.runs.iterdir()] == []
    again = submit(ws, person, made.id, runs=2, capacity=False)
    assert work_once(ws, "the tests")
    assert read_job(ws, person, again.id).state == "done"


def test_a_folder_of_runs_on_another_disk_is_looked_at_too(tmp_path, data, disk):
    runs = disk / "runs"
    runs.mkdir()
    ws = open_workspace(Settings(tmp_path / "home", data=(str(data),)))
    here = replace(ws, settings=replace(ws.settings, results=str(runs)))
    assert health(ws)["ok"]
    (problem,) = health(here)["problems"]
    assert problem.startswith("the folder of the runs: less than")
    ws.close()


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no rights there")
def test_health_says_that_the_folder_is_gone(tmp_path, data):
    ws = open_workspace(Settings(tmp_path / "home", data=(str(data),)))
    shutil.rmtree(ws.settings.home)
    found = health(ws)
    assert not found["ok"]
    assert found["problems"]
    ws.close()
