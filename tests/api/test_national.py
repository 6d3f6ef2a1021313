"""National runs: the same whoever does the work, resumable, and added up inside runs."""

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import acutecast as ac
from acutecast.api.national import open_national, run_national
from acutecast.errors import AcutecastError, Cancelled
from acutecast.provider import write_provider
from folders import digests

CODES = ("R00", "R01", "R02", "R03")
SCENARIO = {
    "scenario": {
        "name": "National",
        "runs": 12,
        "activity_avoidance": {"ip": {"falls_related_admissions": [0.6, 0.95]}},
    },
    "providers": {"R01": {"expat": {"op": {"110": 0.5}}}},
    "systems": {"R00": "A", "R01": "A", "R02": "B"},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Four trusts; the last two are one, twice, so that only their chance can differ."""
    root = tmp_path_factory.mktemp("national") / "data"
    for number, code in enumerate(CODES):
        made = ac.demo_provider(seed=min(number, 2) + 1, size=0.01)
        write_provider(dataclasses.replace(made, dataset=code), root)
    return root


@pytest.fixture(scope="module")
def national(data, tmp_path_factory):
    return run_national(SCENARIO, data, tmp_path_factory.mktemp("one") / "out")


def test_sums_inside_runs_before_quantiles(national):
    nation, providers = national.nation(), [national.provider(code) for code in CODES]
    for measure in ("beddays", "admissions", "attendances", "arrivals"):
        together = nation.values(measure, by=("pod",))
        parts = [run.values(measure, by=("pod",)) for run in providers]
        for i, pod in enumerate(together.keys["pod"]):
            mine = [(p, j) for p in parts for j, k in enumerate(p.keys["pod"]) if k == pod]
            assert np.array_equal(together.values[i], sum(p.values[j] for p, j in mine))
            assert together.baseline[i] == sum(p.baseline[j] for p, j in mine)
    spread = nation.summary(by=(), measures="beddays").row(0, named=True)
    apart = sum(r.summary(by=(), measures="beddays").row(0, named=True)["p90"] for r in providers)
    assert spread["p90"] < apart


def test_places_of_the_nation_are_systems_and_of_a_system_providers(national):
    by = {"by": ("sitetret",), "measures": "beddays"}
    assert set(national.nation().summary(**by)["sitetret"]) == {"A", "B", "R03"}
    assert set(national.system("A").summary(**by)["sitetret"]) == {"R00", "R01"}
    assert national.systems == ("A", "B")


def test_parts_of_the_change_still_add_up(national):
    nation = national.nation()
    parts = nation.parts("attribution")
    mine = parts.keys["measure"].among(["beddays"])
    values = nation.values("beddays")
    change = values.values[0, 0] - values.baseline[0]
    assert np.array_equal(parts.values[mine].sum(axis=0), change)


def test_what_is_assumed_is_shared_and_chance_is_not(national):
    """Two providers with equal rows: equal draws, chance of their own."""
    two, three = national.provider("R02"), national.provider("R03")
    assert two.draws().equals(three.draws())
    assert not np.array_equal(two.values("beddays").values, three.values("beddays").values)
    chance = []
    for run in (two, three):
        table = run.parts("attribution")
        keep = table.keys["change_factor"].among(["sampling"])
        chance.append(table.values[keep & table.keys["measure"].among(["attendances"])].sum(axis=0))
    assert abs(np.corrcoef(chance)[0, 1]) < 0.85
    names = [name for name in national.nation().draws().columns if "falls" in name]
    assert national.nation().draws()[names].equals(two.draws()[names])


def test_two_processes_give_the_same_bytes(national, data, tmp_path):
    other = run_national(SCENARIO, data, tmp_path / "out", workers=2)
    assert digests(other.path) == digests(national.path)


def test_a_killed_run_goes_on_where_it_was(national, data, tmp_path):
    """Killed with SIGKILL as soon as one provider is finished; then the same command again."""
    out = tmp_path / "out"
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO))
    command = [
        sys.executable, "-m", "acutecast", "run", str(scenario), "--data", str(data),
        "--out", str(out), "--providers", "all", "--workers", "1",
    ]  # fmt: skip
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Providers: 1"):
            break
    process.kill()
    process.wait()
    finished = sorted(path.parent.name for path in out.glob("providers/*/run.json"))
    assert 1 <= len(finished) < len(CODES), finished
    with pytest.raises(AcutecastError, match="not finished"):
        open_national(out)
    stamps = {code: (out / "providers" / code / "run.json").stat().st_mtime_ns for code in finished}
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for code, stamp in stamps.items():
        assert (out / "providers" / code / "run.json").stat().st_mtime_ns == stamp
    assert digests(out) == digests(national.path)


def test_a_stop_keeps_what_is_finished(data, tmp_path):
    events = []
    with pytest.raises(Cancelled):
        run_national(
            SCENARIO, data, tmp_path / "out", watch=events.append, cancelled=lambda: bool(events)
        )
    assert list((tmp_path / "out").glob("providers/*/run.json"))


def test_new_data_is_run_again(data, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(data, root)
    first = run_national(SCENARIO, root, tmp_path / "out", providers=["R00", "R01"])
    before = first.provider("R00").info["inputs"]
    made = ac.demo_provider(seed=9, size=0.01)
    write_provider(dataclasses.replace(made, dataset="R00"), root)
    again = run_national(SCENARIO, root, tmp_path / "out", providers=["R00", "R01"])
    assert again.provider("R00").info["inputs"] != before
    assert again.provider("R01").info == first.provider("R01").info


def test_mistakes_are_said_before_any_work(data, tmp_path):
    wrong = SCENARIO | {"providers": {"RZZ": {"expat": {"op": {"110": 0.5}}}}}
    with pytest.raises(AcutecastError) as error:
        run_national(wrong, data, tmp_path / "out", providers=["R00", "RQQ"])
    assert {p.where for p in error.value.problems} == {"RQQ", "RZZ"}
    assert not (tmp_path / "out").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(AcutecastError, match="other files"):
        run_national(SCENARIO, data, tmp_path / "mine")


def test_one_damaged_provider_leaves_the_others_finished(data, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(data, root)
    next(root.glob("op/fyear=*/dataset=R01/*.parquet")).write_bytes(b"nothing")
    with pytest.raises(AcutecastError, match="R01"):
        run_national(SCENARIO, root, tmp_path / "out")
    done = {path.parent.name for path in (tmp_path / "out").glob("providers/*/run.json")}
    assert done == {"R00", "R02", "R03"}
