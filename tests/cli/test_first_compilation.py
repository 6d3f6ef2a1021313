"""The first command after installation compiles: it says so, and stops when it is told to."""

import json
import os
import signal
import subprocess
import sys

import pytest

from acutecast.compute import FIRST_COMPILATION_WORDS
from acutecast.provider import write_provider
from small_provider import small_provider


def _begun(folder, cache, out="out"):
    if not (folder / "data").exists():
        write_provider(small_provider(), folder / "data")
    (folder / "scenario.json").write_text(json.dumps({"name": "First", "runs": 4}))
    return subprocess.Popen(
        [sys.executable, "-m", "acutecast", "run", "scenario.json", "--data", "data", "--out",
         out, "--years", "horizon"],
        cwd=folder, env=os.environ | cache, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_does_not_wait_for_the_compiler(tmp_path, number):
    with _begun(tmp_path, {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith(FIRST_COMPILATION_WORDS):
                break
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert "Stopped; nothing half-written was left." in rest
    assert "Traceback" not in rest
    assert "1 of 1, " not in rest.partition(FIRST_COMPILATION_WORDS)[2]
    kernels = {path.name.split("-")[0] for path in (tmp_path / "cache").rglob("*.nbi")}
    assert not any(name.startswith("kernels.spells") for name in kernels)
    assert not (tmp_path / "out").exists()


def test_later_runs_do_not_speak_of_it(tmp_path):
    with _begun(tmp_path, {}) as process:
        _, said = process.communicate()
    assert process.returncode == 0, said
    with _begun(tmp_path, {}, "again") as process:
        _, said = process.communicate()
    assert process.returncode == 0, said
    assert "Simulating" in said
    assert FIRST_COMPILATION_WORDS not in said
