"""Damaged files of every kind: they are read, or refused in words; nothing else happens."""

import signal
import traceback
from pathlib import Path

import pytest

from acutecast.errors import AcutecastError
from fuzz.kinds import KINDS, Kind
from fuzz.mutations import mutated

SECONDS = 30
"""The longest that reading one small file may take on a busy machine."""


def outcome(kind: Kind, folder: Path, name: str) -> str:
    """Damage a file and read it; "" where that ends as it should."""
    folder.mkdir()
    kind.make(folder)
    files = sorted(folder.glob(kind.file))
    file = files[sum(map(ord, name)) % len(files)]
    file.write_bytes(mutated(file.read_bytes(), kind.mutations, name))
    there = sorted(folder.parent.rglob("*"))

    def late(*_: object) -> None:
        raise TimeoutError("it takes too long")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        kind.read(folder, file)
    except AcutecastError as error:
        if not str(error).strip():
            return "an error without words"
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)
        ours = [f for f in last if "acutecast/src" in f.filename or "/src/acutecast" in f.filename]
        place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "?"
        return f"{type(error).__name__} at {place}: {str(error)[:150]}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    if sorted(folder.parent.rglob("*")) != there:
        return "something was written"
    return ""


def failures(name: str, cases: range, root: Path) -> list[str]:
    kind = KINDS[name]
    found = ((case, outcome(kind, root / str(case), f"{name} {case}")) for case in cases)
    return [f"{name} {case}: {said}" for case, said in found if said]


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="time is limited by an alarm of Unix")
@pytest.mark.parametrize("name", KINDS)
def test_a_few_damaged_files(name, tmp_path):
    assert failures(name, range(KINDS[name].few), tmp_path) == []


@pytest.mark.long
@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="time is limited by an alarm of Unix")
@pytest.mark.parametrize("name", KINDS)
def test_many_damaged_files(name, tmp_path):
    assert failures(name, range(KINDS[name].many), tmp_path) == []


@pytest.mark.parametrize("name", KINDS)
def test_what_is_damaged_is_good_before(name, tmp_path):
    KINDS[name].make(tmp_path)
    KINDS[name].read(tmp_path, next(tmp_path.glob(KINDS[name].file)))


def test_the_same_name_gives_the_same_damage():
    sample = b'{"a": 1, "b": [true, "x"]}\n'
    for kind in KINDS.values():
        once = [mutated(sample, kind.mutations, f"case {i}") for i in range(20)]
        assert once == [mutated(sample, kind.mutations, f"case {i}") for i in range(20)]
        assert len(set(once)) > 5
