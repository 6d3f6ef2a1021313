"""Providers without some of the tables: ordinary ones, as in the NHP model, with a note."""

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import acutecast as ac
from acutecast.errors import AcutecastError
from acutecast.provider import TABLES, check_provider, read_provider, write_provider
from acutecast.provider.absent import MEANING
from acutecast.results import export_nhp
from small_provider import small_provider

SMALL = small_provider()
SCENARIO = {
    "name": "x",
    "runs": 4,
    "activity_avoidance": {
        "ip": {"smoking": [0.8, 0.9]},
        "aae": {"left_before_seen_adult_walk-in": 0.9},
    },
    "inequalities": {"level_up": ["HN22"]},
}
WHOLE_ACTIVITIES = {
    "ip": ("ip", "ip_activity_avoidance_strategies", "ip_efficiencies_strategies"),
    "op": ("op",),
    "aae": ("aae",),
}


def leaf(root: Path, table: str, dataset: str = "RXX") -> Path:
    return root / table / "fyear=2023" / f"dataset={dataset}"


def table_removed(root: Path, name: str) -> None:
    shutil.rmtree(root / name)


def partition_removed(root: Path, name: str) -> None:
    """Other years of the provider and other providers of the year have the table."""
    shutil.copytree(leaf(root, name), leaf(root, name, "RYY"))
    shutil.copytree(leaf(root, name), root / name / "fyear=2022" / "dataset=RXX")
    shutil.rmtree(leaf(root, name))


def no_rows(root: Path, name: str) -> None:
    pq.write_table(SMALL.tables[name].slice(0, 0), leaf(root, name) / "part-0.parquet")


def no_columns(root: Path, name: str) -> None:
    pq.write_table(pa.table({}), leaf(root, name) / "part-0.parquet")


def untyped_columns(root: Path, name: str) -> None:
    """As pandas writes an empty frame: columns of objects, which have no type."""
    names = SMALL.tables[name].column_names
    table = pa.table({column: pa.nulls(0) for column in names})
    pq.write_table(table, leaf(root, name) / "part-0.parquet")


@pytest.mark.parametrize("removed", [table_removed, partition_removed, no_rows, no_columns])
@pytest.mark.parametrize("name", MEANING)
def test_each_table_may_be_absent(tmp_path, name, removed):
    write_provider(SMALL, tmp_path)
    removed(tmp_path, name)
    if name == "ip":
        for strategies in WHOLE_ACTIVITIES["ip"][1:]:
            removed(tmp_path, strategies)
    provider = read_provider(tmp_path, "RXX", 2023)
    assert tuple(provider.tables) == TABLES
    assert provider.tables[name].num_rows == 0
    assert not [p for p in check_provider(provider) if not p.warning]
    told = {note.where: note for note in provider.notes}
    if name == "inequalities" and removed in (no_rows, no_columns):
        assert not told
    else:
        assert set(told) == {name}
        assert MEANING[name] in told[name].what
        assert told[name].warning


@pytest.mark.parametrize("removed", [table_removed, untyped_columns])
@pytest.mark.parametrize("activity", WHOLE_ACTIVITIES)
def test_a_provider_without_a_kind_of_activity_runs(tmp_path, activity, removed):
    write_provider(SMALL, tmp_path / "data")
    whole = ac.run(SCENARIO, tmp_path / "data", tmp_path / "whole", years="horizon")
    for name in WHOLE_ACTIVITIES[activity]:
        removed(tmp_path / "data", name)
    run = ac.run(SCENARIO, tmp_path / "data", tmp_path / "run", years="horizon", empty_tpmas="warn")
    notes = {note["where"]: note["what"] for note in run.info["warnings"]}
    assert MEANING[activity] in notes[activity]
    assert run.info["rows"][activity] == 0
    # The baseline of what is there is that of before.
    base = [
        {(pod, measure): value for pod, measure, value in table.iter_rows() if value}
        for table in (r.summary(by=("pod", "measure")).select("pod", "measure", "baseline")
                      for r in (run, whole))
    ]  # fmt: skip
    assert base[0]
    assert base[0] == {k: v for k, v in base[1].items() if not k[0].startswith(activity)}
    export_nhp(run, tmp_path / "nhp")
    assert len(list((tmp_path / "nhp").glob("*.parquet"))) == 11


def test_nothing_at_all_is_no_provider(tmp_path):
    with pytest.raises(AcutecastError, match="no provider tables here"):
        read_provider(tmp_path / "nowhere", "RXX", 2023)
    write_provider(SMALL, tmp_path)
    with pytest.raises(AcutecastError, match=r"there is no provider RXY.*There is: RXX 2023"):
        read_provider(tmp_path, "RXY", 2023)
    for names in WHOLE_ACTIVITIES.values():
        for name in names:
            table_removed(tmp_path, name)
    with pytest.raises(AcutecastError) as caught:
        read_provider(tmp_path)
    assert [problem.where for problem in caught.value.problems] == ["ip", "op", "aae"]


@pytest.mark.parametrize("name", ["demographic_factors", "birth_factors"])
def test_people_and_births_are_needed_always(tmp_path, name):
    write_provider(SMALL, tmp_path)
    table_removed(tmp_path, name)
    with pytest.raises(AcutecastError, match=f"{name}: the table is missing"):
        read_provider(tmp_path)


def test_a_folder_left_empty_is_a_copy_that_did_not_arrive(tmp_path):
    write_provider(SMALL, tmp_path)
    (leaf(tmp_path, "op") / "part-0.parquet").unlink()
    with pytest.raises(AcutecastError, match=r"op: the table is missing.*Remove the folder if"):
        read_provider(tmp_path)


def test_tags_of_spells_that_are_not_there_are_still_a_fault(tmp_path):
    write_provider(SMALL, tmp_path)
    table_removed(tmp_path, "ip")
    with pytest.raises(AcutecastError, match="there is no spell with this key in ip") as caught:
        read_provider(tmp_path)
    first = caught.value.problems[0]
    assert (first.where, "the table is missing" in first.what) == ("ip", True)


def test_a_file_that_is_there_twice_is_told_with_every_run(tmp_path):
    write_provider(SMALL, tmp_path / "data")
    file = leaf(tmp_path / "data", "op") / "part-0.parquet"
    shutil.copy(file, file.with_name("part-1.parquet"))
    (note,) = read_provider(tmp_path / "data").notes
    assert (note.where, note.count, note.warning) == ("op.rn", SMALL.tables["op"].num_rows, True)
    # Keys and values of single rows stay where the data are.
    assert note.example == ""
    run = ac.run({"name": "x", "runs": 1}, tmp_path / "data", tmp_path / "run", years="horizon")
    assert [w["where"] for w in run.info["warnings"]] == ["op.rn"]


def test_a_provider_half_written_lacks_its_people(tmp_path):
    """So that a reader who comes too early is told, and does not take it for a small provider."""
    order = []

    class Tables(dict):
        def __getitem__(self, name):
            order.append(name)
            return super().__getitem__(name)

    write_provider(replace(SMALL, tables=Tables(SMALL.tables)), tmp_path)
    assert order[-2:] == ["demographic_factors", "birth_factors"]
