"""Paths and URLs open alike, and what is written is whole or not there at all."""

import stat
import sys
import uuid

import pytest

from acutecast.errors import AcutecastError
from acutecast.files import (
    exists,
    file_system,
    folder_problems,
    is_url,
    joined,
    local_only,
    move_into,
    read_text,
    remove,
    sizes,
    whole_folder,
    write_text,
)
from acutecast.stores import UNFINISHED


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("s3://bucket/key", True),
        ("abfs://container/data", True),
        ("memory://x", True),
        ("file:///data/x", False),
        ("/data/x", False),
        ("data", False),
        ("C:/data", False),
    ],
)
def test_what_is_a_url(path, url):
    assert is_url(path) is url


def test_local_and_other_file_systems_open_alike(tmp_path):
    (tmp_path / "a.txt").write_text("local")
    system, path = file_system(tmp_path / "a.txt")
    assert system.cat_file(path) == b"local"
    system, path = file_system("memory://folder/a.txt")
    system.pipe_file(path, b"memory")
    assert file_system("memory://folder/a.txt")[0].cat_file(path) == b"memory"


def test_an_unknown_protocol_is_a_problem_of_the_path():
    with pytest.raises(AcutecastError) as caught:
        file_system("nowhere://x/y")
    assert caught.value.problems[0].where == "nowhere://x/y"


@pytest.mark.parametrize(("package", "url"), [("s3fs", "s3a://b/key"), ("adlfs", "az://b/key")])
def test_a_missing_package_names_its_extra(monkeypatch, package, url):
    """None in the table of modules is how Python marks a package that cannot be imported."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(AcutecastError, match=r"pip install 'acutecast\[cloud\]'"):
        file_system(url)


def left_in(folder) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_whole_folder_appears_at_the_end(tmp_path):
    target = tmp_path / "deep" / "run"
    with whole_folder(target) as scratch:
        (scratch / "a.txt").write_text("a")
        assert not target.exists()
        assert scratch.parent.parent == target.parent
    assert (target / "a.txt").read_text() == "a"
    assert left_in(target.parent) == ["run"]
    assert stat.S_IMODE(target.stat().st_mode) == 0o755


def test_a_whole_folder_replaces_the_old_one(tmp_path):
    target = tmp_path / "run"
    target.mkdir()
    (target / "old.txt").write_text("old")
    with whole_folder(target) as scratch:
        (scratch / "new.txt").write_text("new")
        assert left_in(target) == ["old.txt"]
    assert left_in(target) == ["new.txt"]
    assert left_in(tmp_path) == ["run"]


@pytest.mark.parametrize("existed", [True, False])
@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt])
def test_a_fault_leaves_what_was_there(tmp_path, existed, fault):
    target = tmp_path / "run"
    if existed:
        target.mkdir()
        (target / "old.txt").write_text("old")

    def write_and_fail() -> None:
        with whole_folder(target) as scratch:
            (scratch / "half.txt").write_text("half")
            raise fault

    with pytest.raises(fault):
        write_and_fail()
    assert left_in(tmp_path) == (["run"] if existed else [])
    if existed:
        assert left_in(target) == ["old.txt"]


def test_finished_files_move_into_a_folder(tmp_path):
    source, target = tmp_path / "from", tmp_path / "deep" / "to"
    source.mkdir()
    target.mkdir(parents=True)
    for name, text in (("a", "new"), ("b", "new")):
        (source / name).write_text(text)
    (target / "a").write_text("old")
    (target / "c").write_text("stays")
    move_into(source, target)
    assert {name: (target / name).read_text() for name in left_in(target)} == {
        "a": "new",
        "b": "new",
        "c": "stays",
    }
    assert left_in(source) == []


def test_text_is_written_whole(tmp_path):
    path = tmp_path / "deep" / "notes.txt"
    write_text(path, "first")
    write_text(str(path), "größer ✓\n")
    assert path.read_text(encoding="utf-8") == "größer ✓\n"
    assert left_in(path.parent) == ["notes.txt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_text_that_cannot_be_written_leaves_the_old(tmp_path):
    path = tmp_path / "notes.txt"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text() == "old"
    assert left_in(tmp_path) == ["notes.txt"]


@pytest.fixture(params=["disk", "store"])
def root(request, tmp_path) -> str:
    """A folder that is not there yet, on a disk or in a store."""
    return str(tmp_path / "root") if request.param == "disk" else f"memory://{uuid.uuid4()}/root"


def made(target: str, **files: str) -> None:
    with whole_folder(target, "mark.txt") as folder:
        (folder / "deep").mkdir()
        for name, text in files.items():
            (folder / "deep" / name).write_text(text)
        (folder / "mark.txt").write_text("whole")


def test_disks_and_stores_are_used_alike(root):
    assert sizes(root) == {}
    assert not exists(joined(root, "run", "mark.txt"))
    made(joined(root, "run"), a="1", b="22")
    made(joined(root, "run-2"), a="1")
    assert sizes(joined(root, "run")) == {"deep/a": 1, "deep/b": 2, "mark.txt": 5}
    made(joined(root, "run"), c="333")
    assert sizes(joined(root, "run")) == {"deep/c": 3, "mark.txt": 5}
    write_text(joined(root, "run", "note.txt"), "größer ✓")
    assert read_text(joined(root, "run", "note.txt")) == "größer ✓"
    with pytest.raises(FileNotFoundError):
        read_text(joined(root, "run", "nothing.txt"))
    remove(joined(root, "run"), "mark.txt")
    remove(joined(root, "run"), "mark.txt")
    assert set(sizes(root)) == {"run-2/deep/a", "run-2/mark.txt"}


def test_a_fault_leaves_what_was_there_in_a_store_too(root):
    made(root, a="1")

    def write_and_fail() -> None:
        with whole_folder(root, "mark.txt") as folder:
            (folder / "mark.txt").write_text("half")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_and_fail()
    assert read_text(joined(root, "mark.txt")) == "whole"


def test_only_our_own_may_be_replaced(root):
    def said(replace: bool) -> str:
        problems = folder_problems(root, "mark.txt", "it is there already", replace=replace)
        return " ".join(problem.what for problem in problems)

    assert said(False) == ""
    made(root, a="1")
    assert said(False) == "it is there already"
    assert said(True) == ""
    remove(root)
    write_text(joined(root, "notes.txt"), "mine")
    assert said(False) == said(True) == "the folder has other files in it"


def test_what_a_killed_publish_left_is_ours():
    root = f"memory://{uuid.uuid4()}/run"
    write_text(joined(root, f"{UNFINISHED}1", "mark.txt"), "half")
    assert sizes(root) == {}
    assert folder_problems(root, "mark.txt", "it is there already", replace=False) == []
    made(root, a="1")
    assert [name for name in file_system(root)[0].find(root) if UNFINISHED in name] == []


def test_what_stays_local_says_so(tmp_path):
    assert local_only(f"file://{tmp_path}", "pictures are") == tmp_path
    with pytest.raises(AcutecastError, match="pictures are written to a local folder"):
        local_only("s3://bucket/picture.png", "pictures are")
