"""A national run keeps what each provider's run has to say: by provider, and told by note."""

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from acutecast.api.national import run_national
from acutecast.cli.main import main
from acutecast.provider import write_provider
from folders import digests
from small_provider import small_provider

CODES = ("R00", "R01", "R02")
SCENARIO = {
    "scenario": {
        "name": "Notes",
        "runs": 2,
        "population": {"variants": {"migration_category": 2, "var_proj_5_year_migration": 2}},
    },
    "systems": {"R00": "A", "R01": "A"},
}
WEIGHTS = "the weights sum to 4"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Three providers: the first two have no emergency care, the first no outpatients either."""
    root = tmp_path_factory.mktemp("national") / "data"
    for number, code in enumerate(CODES):
        write_provider(dataclasses.replace(small_provider(60, number), dataset=code), root)
    for table, code in (("aae", "R00"), ("aae", "R01"), ("op", "R00")):
        shutil.rmtree(root / table / "fyear=2023" / f"dataset={code}")
    return root


@pytest.fixture(scope="module")
def national(data, tmp_path_factory):
    return run_national(SCENARIO, data, tmp_path_factory.mktemp("one") / "out")


def test_every_note_is_kept_by_provider(national):
    notes = national.notes()
    assert list(notes) == list(CODES)
    wheres = {code: [note.where for note in notes[code]] for code in CODES}
    assert wheres == {
        "R00": ["population.variants", "op", "aae"],
        "R01": ["population.variants", "aae"],
        "R02": ["population.variants"],
    }
    for code in CODES:
        assert [dataclasses.asdict(n) for n in notes[code]] == national.provider(code).info[
            "warnings"
        ]
    assert set(national.system("A").info["notes_by_provider"]) == {"R00", "R01"}


def test_each_note_is_told_once_with_its_providers(national):
    told = [(note["where"], note["what"]) for note in national.nation().info["warnings"]]
    assert [where for where, _ in told] == ["population.variants", "aae", "op"]
    assert told[0][1].startswith(WEIGHTS)
    assert told[0][1].endswith("(all 3 providers)")
    assert told[1][1].endswith("(2 of 3 providers: R00, R01)")
    assert told[2][1].endswith("(1 of 3 providers: R00)")
    of_system = [note["what"] for note in national.system("A").info["warnings"]]
    assert of_system[0].endswith("(all 2 providers)")


def test_notes_are_the_same_bytes_resumed_and_with_two_processes(national, data, tmp_path):
    out = tmp_path / "out"
    two = run_national(SCENARIO, data, out, workers=2)
    assert digests(two.path) == digests(national.path)
    shutil.rmtree(out / "nation")
    shutil.rmtree(out / "providers" / "R01")
    about = json.loads((out / "national.json").read_text())
    (out / "national.json").write_text(json.dumps(about | {"finished": False}, indent=2) + "\n")
    resumed = run_national(SCENARIO, data, out)
    assert resumed.notes() == national.notes()
    assert digests(resumed.path) == digests(national.path)


def test_a_table_that_comes_or_goes_is_new_data(data, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(data, root)
    run_national(SCENARIO, root, tmp_path / "out")
    shutil.rmtree(root / "op" / "fyear=2023" / "dataset=R02")
    again = run_national(SCENARIO, root, tmp_path / "out")
    assert [note.where for note in again.notes()["R02"]] == ["population.variants", "op"]


def test_flows_keep_the_notes_of_their_providers(data, tmp_path):
    """What moves is more than there is: both get their part, and the note says so."""
    both = [
        {"from": "R02", "to": to, "activity": "op", "share": share}
        for to, share in (("R00", 0.8), ("NEW", 0.7))
    ]
    national = run_national(SCENARIO | {"flows": both}, data, tmp_path / "out")
    assert list(national.notes()) == list(CODES)
    (flows,) = [note for note in national.notes()["R02"] if note.where == "flows"]
    assert "op that go to R00, NEW are more than there is" in flows.what
    told = {note["where"]: note["what"] for note in national.provider("R00").info["warnings"]}
    assert set(told) == {"population.variants", "op", "aae"}
    assert "providers" not in told["aae"]


def test_the_command_tells_them(data, tmp_path, capsys):
    scenario = tmp_path / "scenario.json"
    scenario.write_text(json.dumps(SCENARIO))
    command = ["run", str(scenario), "--data", str(data), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as end:
        main([*command, "--providers", "all"])
    assert end.value.code == 0
    assert "Note: aae: the table is missing" in (said := capsys.readouterr().err)
    assert "(2 of 3 providers: R00, R01)" in said
    with pytest.raises(SystemExit):
        main(["summary", str(tmp_path / "out" / "nation"), "--json"])
    content = json.loads(capsys.readouterr().out)
    assert set(content["notes_by_provider"]) == set(CODES)
    assert len(content["warnings"]) == 3
