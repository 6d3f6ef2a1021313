"""Every command that writes, where nothing can be written: one message with the path, exit code 2.

What keeps it from writing is a table, the commands are another; a command that writes something new
is a row. Full and read-only disks are small ones mounted for the test, which takes root.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acutecast.cli.main import main
from acutecast.files import LEAST_ROOM
from acutecast.provider import write_provider
from small_provider import small_provider

SMALL_WORLD = ("--trusts", 1, "--size", 0.005, "--years", "2023")

# What it writes ("folder", or the ending of a file), and the arguments around where it goes.
COMMANDS: dict[str, tuple[str, Callable[..., tuple[object, ...]]]] = {
    "run": ("folder", lambda out, at: ("run", at.scenario, "--data", at.data, "--out", out)),
    "run --format nhp": (
        "folder",
        lambda out, at: (
            "run", at.scenario, "--data", at.data, "--out", out, "--format", "nhp",
        ),
    ),
    "run --providers": (
        "folder",
        lambda out, at: (
            "run", at.scenario, "--data", at.data, "--out", out, "--providers", "all",
        ),
    ),
    "demo": ("folder", lambda out, at: ("demo", "--out", out, "--runs", 4, "--size", 0.01)),
    "synth": ("folder", lambda out, at: ("synth", out, *SMALL_WORLD)),
    "extract": ("folder", lambda out, at: ("extract", at.records, "--out", out)),
    "data report": (".html", lambda out, at: ("data", "report", at.records, "--out", out)),
    "report": (".xlsx", lambda out, at: ("report", at.run, "--out", out)),
    "report of words": (".html", lambda out, at: ("report", at.run, "--out", out)),
    "population project": ("folder", lambda out, at: ("population", "project", "--out", out)),
    "population plot": (".svg", lambda out, at: ("population", "plot", "--out", out)),
    "health status": (
        ".html",
        lambda out, at: ("population", "plot", "--kind", "health-status", "--out", out),
    ),
    "compare": (".svg", lambda out, at: ("compare", at.run, at.run, "--chart", out)),
    "why": (".png", lambda out, at: ("why", at.run, "--chart", out)),
    "sensitivity": (".svg", lambda out, at: ("sensitivity", at.run, "--chart", out)),
    "precision": (".svg", lambda out, at: ("precision", at.run, "--chart", out)),
    "backtest": (
        ".svg",
        lambda out, at: ("backtest", at.run, at.data, "--chart", out),
    ),
    "deploy connect": ("folder", lambda out, at: ("deploy", "connect", out)),
}  # fmt: skip
# Where it is to go, by the path in the folder of the situation, and a word of what is said.
SITUATIONS = {
    "below a file": ("file/new", "is a file"),
    "far below a file": ("file/a/b/new", "is a file"),
    "a name too long": ("n" * 250, "too long"),
    "a part too long": ("n" * 300 + "/new", "too long"),
    "a line break": ("one\ntwo", "line break"),
    "a link to nothing": ("link", "link to nothing"),
    "the other kind": ("", "is a f"),
    "a full disk": ("full/new", "disk"),
    "a disk that is read only": ("fixed/new", "not written"),
}


class At:
    """The inputs of all commands, made once."""

    def __init__(self, root: Path) -> None:
        self.data, self.records, self.run = root / "data", root / "records", root / "run"
        self.scenario = root / "base.json"
        write_provider(small_provider(300), self.data)
        self.scenario.write_text(json.dumps({"name": "Base", "runs": 4, "horizon_year": 2026}))
        main_gives(0, "synth", self.records, *SMALL_WORLD)
        main_gives(0, "run", self.scenario, "--data", self.data, "--out", self.run)


def main_gives(code: int, *arguments: object) -> None:
    """Run the command in this process; any exception but its end would be a traceback."""
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    assert (end.value.code or 0) == code


@pytest.fixture(scope="module")
def at(tmp_path_factory) -> At:
    return At(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="module")
def disks(tmp_path_factory) -> Iterator[dict[str, Path]]:
    """A full disk, one that is read only, and one with room for a little; empty without root."""
    root, made = tmp_path_factory.mktemp("disks"), {}
    try:
        for name, size in (("full", "512k"), ("fixed", "1m"), ("little", "3m")):
            place = root / name
            place.mkdir()
            command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)]
            if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
                break
            made[name] = place
        if "full" in made:
            with pytest.raises(OSError, match="No space"):
                (made["full"] / "ballast").write_bytes(bytes(1 << 20))
        if "fixed" in made:
            subprocess.run(["mount", "-o", "remount,ro", str(made["fixed"])], check=True)
        yield made
    finally:
        for place in made.values():
            subprocess.run(["umount", "-l", str(place)], check=True)


def place_of(situation: str, root: Path, disks: dict[str, Path], ending: str) -> Path:
    """Make the situation, and give where the command is to write."""
    (root / "file").write_text("of somebody else")
    (root / "link").symlink_to(root / "nowhere" / "at all")
    (root / "folder").mkdir()
    (root / f"folder{ending}").mkdir(exist_ok=True)
    name, _ = SITUATIONS[situation]
    if situation == "the other kind":
        return root / ("file" if ending == "" else f"folder{ending}")
    first = name.split("/")[0]
    if first in ("full", "fixed"):
        if first not in disks:
            pytest.skip("this user may not mount a small disk")
        return disks[first] / f"new{ending}"
    if situation == "a link to nothing" and ending:
        (root / f"link{ending}").symlink_to(root / "nowhere")
    return root / f"{name}{ending}"


def tree(root: Path) -> list[Path]:
    return sorted(root.rglob("*"))


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("command", COMMANDS)
def test_where_nothing_can_be_written(
    command, situation, at, disks, tmp_path, capsys, monkeypatch
):  # fmt: skip
    kind, arguments = COMMANDS[command]
    out = place_of(situation, tmp_path, disks, "" if kind == "folder" else kind)
    roots = [tmp_path, *disks.values()]
    before = [tree(root) for root in roots]
    # Whoever begins the work before looking would need these.
    monkeypatch.setattr("acutecast.demand.simulate", None)
    monkeypatch.setattr("acutecast.extract.pipeline.stage", None)
    capsys.readouterr()
    main_gives(2, *arguments(out, at))
    said = capsys.readouterr().err
    assert SITUATIONS[situation][1] in said
    assert out.name.replace("\n", "\\n") in said
    assert [tree(root) for root in roots] == before


# What fills 1.3 MB, with the arguments that make it more than that.
LARGE = {
    "synth": ("--size", 0.05),
    "run": ("--runs", 600, "--years", "all"),
    "demo": ("--size", 0.03),
}


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=[] if c in ("synth", "run") else pytest.mark.long) for c in LARGE],
)
def test_a_disk_that_fills_up_in_the_middle(command, at, disks, capsys):
    if "little" not in disks:
        pytest.skip("this user may not mount a small disk")
    disk = disks["little"]
    room = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    # Enough for the look before the work, and too little for what is then written.
    (disk / "ballast").write_bytes(bytes(room - LEAST_ROOM - 300_000))
    try:
        main_gives(2, *COMMANDS[command][1](disk / "new", at), *LARGE[command])
        said = capsys.readouterr().err
        assert "no space is left" in said
        assert str(disk / "new") in said
        assert tree(disk) == [disk / "ballast"]
    finally:
        for path in disk.iterdir():
            path.unlink() if path.is_file() else shutil.rmtree(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of memory are those of Unix")
@pytest.mark.parametrize("megabytes", [400, 800, 1200, 1600])
def test_under_a_limit_of_memory(megabytes, tmp_path):
    """Compiled libraries end the process at once then, or raise errors of their own."""
    import resource

    done = subprocess.run(
        [sys.executable, "-m", "acutecast", "population", "project", "--out", tmp_path / "new"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20,) * 2),
    )
    assert done.returncode == 2, done.stderr
    assert "there is not enough memory" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()
