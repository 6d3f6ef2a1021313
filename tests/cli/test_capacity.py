"""The capacity command, as a user or a script runs it."""

import json
from pathlib import Path

import pytest
from test_commands import acutecast

from acutecast.provider import write_provider
from small_provider import small_provider

AREA = "ward_adult_non_elective"


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("capacity")
    write_provider(small_provider(600), folder / "data")
    scenario = folder / "base.json"
    scenario.write_text(json.dumps({"name": "Base", "runs": 4, "horizon_year": 2033}))
    acutecast("run", scenario, "--data", folder / "data", "--out", folder / "run",
              "--years", "2028,2033")  # fmt: skip
    return folder


def test_a_table_a_picture_and_a_page(stored):
    done = acutecast("capacity", stored / "run", "--area", AREA)
    assert "Adult non-elective wards" in done.stdout
    assert "Children's wards" not in done.stdout
    assert "2023/24" in done.stdout  # by year, from the baseline
    assert "the preset" in done.stdout.replace("\n", " ")
    assert "count as normal deliveries (" in done.stderr
    folder = stored / "run" / "capacity"
    assert (folder / "capacity.png").read_bytes().startswith(b"\x89PNG")
    page = (folder / "capacity.html").read_text()
    assert "Adult non-elective wards" in page
    # What is stored is part of the run's summary from now on.
    assert "Adult non-elective wards" in acutecast("summary", stored / "run").stdout
    told = json.loads(acutecast("summary", stored / "run", "--json").stdout)
    assert {row["area"] for row in told["capacity"]} >= {AREA}


@pytest.mark.long
def test_one_pass_gives_the_same(stored):
    told = json.loads(acutecast("capacity", stored / "run", "--json").stdout)
    acutecast("run", stored / "base.json", "--data", stored / "data", "--out", stored / "other",
              "--years", "2028,2033", "--capacity", "--json")  # fmt: skip
    other = json.loads(acutecast("summary", stored / "other", "--json").stdout)["capacity"]
    ours = [row for row in told["needs"] if row["year"] == 2033]
    assert ours == other
    assert set(told["explanations"]) == {r["area"] for r in ours if r["figure"] == "simulated"}


def test_everything_wrong_at_once_before_work_starts(stored):
    stated = stored / "bad.toml"
    stated.write_text("[ward_child]\noccupancy = 92\n\n[op_first]\nminutes = -3\nhours = 0\n")
    before = sorted((stored / "run").rglob("*"))
    done = acutecast("capacity", stored / "run", "--assumptions", stated, "--risk", 1,
                     "--area", "attic", code=2)  # fmt: skip
    for words in ("ward_child.occupancy", "op_first.minutes", "op_first.hours", "risk", "attic"):
        assert words in done.stderr
    assert "0.92 for 92%" in done.stderr
    assert "Simulating" not in done.stderr
    assert sorted((stored / "run").rglob("*")) == before


def test_tables_that_moved_or_changed(stored, tmp_path):
    moved = tmp_path / "moved"
    write_provider(small_provider(600, seed=5), moved)
    done = acutecast("capacity", stored / "run", "--data", moved, code=2)
    assert "not those that the run was made from" in done.stderr
    done = acutecast("capacity", stored / "run", "--data", tmp_path / "nowhere", code=2)
    assert "nowhere" in done.stderr


@pytest.mark.long
def test_sites_and_the_chain(stored):
    done = acutecast("capacity", stored / "run", "--by-site", "--workforce", "--diagnostics",
                     "--elective-days", 5)  # fmt: skip
    assert "RXX · RXX01 · 2033/34" in done.stdout
    for words in ("Nurses (WTE)", "CT", "Scanners"):
        assert words in done.stdout
