"""Scratch folders: what a killed process left goes, what a living one uses stays."""

import os
import tempfile

import pytest

from acutecast.files import whole_folder
from acutecast.scratch import LOCK, clear, scratch_folder
from processes import killed, process

SCRATCH = """
from acutecast.scratch import scratch_folder
with scratch_folder("extract") as folder:
    (folder / "records").write_text("P1,1950,S720")
    print(folder, flush=True)
    input()
"""
WHOLE = """
import sys
from acutecast.files import whole_folder
with whole_folder(sys.argv[1]) as folder:
    (folder / "half.txt").write_text("half")
    print(folder, flush=True)
    input()
"""
# Dies between the two renames.
SWAPPING = """
import os, signal, sys
from pathlib import Path
from acutecast.files import whole_folder
rename = Path.rename
def renamed(path, target):
    rename(path, target)
    os.kill(os.getpid(), signal.SIGKILL)
Path.rename = renamed
with whole_folder(sys.argv[1]) as folder:
    (folder / "run.json").write_text("new")
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_scratch_is_the_owners_alone_and_goes_with_the_block(place):
    with scratch_folder("extract") as folder:
        assert folder.parent.name.startswith("acutecast-extract-")
        assert folder.parent.stat().st_mode & 0o777 == 0o700
        assert list(folder.iterdir()) == []
    assert list(place.iterdir()) == []


def test_what_a_killed_process_left_goes_and_what_a_living_one_uses_stays(place):
    killed(SCRATCH, tmp=place)
    (left,) = place.rglob("records")
    with process(SCRATCH, tmp=place):
        # The living process has cleared too: only its own is there.
        (used,) = place.rglob("records")
        assert used != left
        with scratch_folder("extract"):
            assert used.is_file()
            assert len(list(place.iterdir())) == 2


def test_folders_of_others_stay(place):
    """A user's own folder may bear our name; a link may lead anywhere."""
    (place / "acutecast-demo").mkdir()
    (place / "acutecast-demo" / "scenario.json").write_text("{}")
    (place / "acutecast-young").mkdir()
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / LOCK).touch()
    (place / "acutecast-extract-link").symlink_to(place / "elsewhere")
    (place / "acutecast-extract-aside").mkdir()
    (place / "acutecast-extract-aside" / LOCK).symlink_to(place / "elsewhere" / LOCK)
    before = sorted(place.rglob("*"))
    with scratch_folder("extract"):
        pass
    assert sorted(place.rglob("*")) == before


def test_an_empty_folder_without_a_lock_goes_once_it_is_old(place):
    old = place / "acutecast-extract-12345678"
    old.mkdir()
    os.utime(old, (0, 0))
    clear(place, "acutecast-")
    assert not old.exists()


def test_half_a_folder_beside_its_place_goes_with_the_next(tmp_path):
    target, other = tmp_path / "run", tmp_path / "run.new"
    killed(WHOLE, target, tmp=tmp_path)
    assert list(tmp_path.rglob("half.txt"))
    with process(WHOLE, other, tmp=tmp_path), whole_folder(target) as folder:
        (folder / "whole.txt").write_text("whole")
        assert [path.parents[2] for path in tmp_path.rglob("half.txt")] == [tmp_path]
    assert [path.name for path in target.iterdir()] == ["whole.txt"]
    # The other place was killed in its turn, and is none of ours.
    assert list(tmp_path.rglob("half.txt"))


def test_what_changed_places_with_a_killed_process_comes_back(tmp_path):
    target = tmp_path / "run"
    target.mkdir()
    (target / "run.json").write_text("old")
    killed(SWAPPING, target, tmp=tmp_path)
    assert not target.exists()
    with pytest.raises(RuntimeError), whole_folder(target):
        raise RuntimeError
    assert (target / "run.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
