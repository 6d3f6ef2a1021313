"""The data of providers: found, read once, read again when it changes; the demo made once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from acutecast.errors import AcutecastError
from acutecast.provider import write_provider
from acutecast.workspace import (
    Person,
    Settings,
    create_scenario,
    datasets,
    ensure_demo,
    evidence_root,
    open_workspace,
    provider,
)
from small_provider import DATASET, YEAR, small_provider

EVERYWHERE = Person("all", "All", "admin", ("*",))


def at_home(home: Path, *roots: Path):
    return open_workspace(Settings(home, data=tuple(map(str, roots))))


@pytest.fixture
def real(tmp_path):
    """A workspace with tables of one provider."""
    write_provider(small_provider(), tmp_path / "tables")
    workspace = at_home(tmp_path / "home", tmp_path / "tables")
    yield workspace
    workspace.close()


def test_found_under_the_roots_newest_first(ws, olaf):
    found = datasets(ws, EVERYWHERE)
    assert [(d.code, d.year) for d in found] == [("RXX", 2023), ("RXX", 2022), ("RYY", 2023)]
    assert [d.label for d in datasets(ws, olaf)] == ["RYY, 2023/24"]
    assert datasets(ws, Person("x", "x")) == []


def test_of_two_roots_the_first_counts(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name / "ip" / "fyear=2023" / "dataset=RXX").mkdir(parents=True)
    (tmp_path / "b" / "ip" / "fyear=2022" / "dataset=RXX").mkdir(parents=True)
    ws = at_home(tmp_path / "home", tmp_path / "a", tmp_path / "b", tmp_path / "nowhere")
    roots = {(d.code, d.year): Path(d.root).name for d in datasets(ws, EVERYWHERE)}
    assert roots == {("RXX", 2023): "a", ("RXX", 2022): "b"}
    ws.close()


def test_read_once_and_again_when_a_file_changes(real):
    first = provider(real, EVERYWHERE, DATASET)
    assert (first.dataset, first.year) == (DATASET, YEAR)
    assert provider(real, EVERYWHERE, DATASET, YEAR) is first
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda _: provider(real, EVERYWHERE, DATASET), range(8)))
    assert all(each is first for each in again)
    root = Path(datasets(real, EVERYWHERE)[0].root)
    (file,) = (root / "op").glob("*/*/*.parquet")
    written = file.stat()
    os.utime(file, ns=(written.st_atime_ns, written.st_mtime_ns + 1))
    assert provider(real, EVERYWHERE, DATASET) is not first
    write_provider(small_provider(seed=1), root)
    assert provider(real, EVERYWHERE, DATASET).tables["ip"] != first.tables["ip"]


def test_what_is_wrong_with_the_tables_is_said_each_time(real):
    root = Path(datasets(real, EVERYWHERE)[0].root)
    (file,) = (root / "op").glob("*/*/*.parquet")
    file.unlink()
    for _ in range(2):
        with pytest.raises(AcutecastError, match="op: the table is missing"):
            provider(real, EVERYWHERE, DATASET)


def test_data_that_is_not_there(ws):
    with pytest.raises(AcutecastError, match=r"no tables of RXX of 2019.*2023, 2022"):
        provider(ws, EVERYWHERE, "RXX", 2019)
    with pytest.raises(AcutecastError, match="RZZ: there are no tables"):
        provider(ws, EVERYWHERE, "RZZ")
    with pytest.raises(AcutecastError, match="RZZ: there are no tables"):
        create_scenario(ws, EVERYWHERE, None, "RZZ", "x")


def test_evidence(ws, tmp_path):
    assert evidence_root(ws, EVERYWHERE, "RXX") is None
    (tmp_path / "data" / "assumptions").mkdir()
    assert evidence_root(ws, EVERYWHERE, "RXX") == str(tmp_path / "data" / "assumptions")


def test_tables_at_a_url(tmp_path):
    import fsspec

    write_provider(small_provider(), tmp_path / "tables")
    memory = fsspec.filesystem("memory")
    memory.put(str(tmp_path / "tables"), "/workspace-tables", recursive=True)
    ws = open_workspace(Settings(tmp_path / "home", data=("memory://workspace-tables",)))
    assert [d.code for d in datasets(ws, EVERYWHERE)] == [DATASET]
    assert provider(ws, EVERYWHERE, DATASET) is provider(ws, EVERYWHERE, DATASET)
    assert evidence_root(ws, EVERYWHERE, DATASET) is None
    ws.close()


def test_the_demo_is_made_once_where_no_data_is_named(settings):
    settings = replace(settings, data=())
    ws = open_workspace(settings)
    assert datasets(ws, EVERYWHERE) == []
    told = []
    with ThreadPoolExecutor(2) as pool:
        made = list(
            pool.map(lambda _: ensure_demo(settings, told.append, size=0.01), range(2))
        )  # fmt: skip
    assert made == [settings.home / "demo" / "data"] * 2
    begun = [event.stage for event in told if event.done == 0]
    assert len(begun) == len(set(begun)) > 0
    assert [d.label for d in datasets(ws, EVERYWHERE)] == ["Built-in demo region, 2023/24"]
    assert provider(ws, EVERYWHERE, "DEMO").year == 2023
    assert evidence_root(ws, EVERYWHERE, "DEMO") == str(settings.home / "demo/data/assumptions")
    assert [p.name for p in settings.home.iterdir() if p.name.startswith(".")] == []
    ws.close()
