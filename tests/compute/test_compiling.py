"""Compiled code is kept per content of its sources, so an edit can't leave old code behind."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from numba.core import config

from acutecast.compute import compiling

SOURCE = Path(compiling.__file__).parents[1]
ASK = "from acutecast.demand.quantiles import {0}; print({0}{1})"


def ask(package: Path, call: str = "poisson_quantile(0.5, 0.0, 3.0)") -> str:
    name, arguments = call.split("(", 1)
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(name, "(" + arguments)],
        capture_output=True, text=True, check=True,
        env=environment | {"PYTHONPATH": str(package.parent)},
    )  # fmt: skip
    return done.stdout.strip()


def test_an_edit_elsewhere_starts_a_new_cache(tmp_path):
    package = tmp_path / "acutecast"
    shutil.copytree(SOURCE, package, ignore=shutil.ignore_patterns("__pycache__"))
    root = package / "compute" / "__pycache__" / "kernels"
    assert ask(package) == "3"
    first = {folder.name for folder in root.iterdir()}
    assert ask(package) == "3"
    assert {folder.name for folder in root.iterdir()} == first
    with (package / "demand" / "views.py").open("a") as file:
        file.write("\n# edited\n")
    assert ask(package) == "3"
    assert {folder.name for folder in root.iterdir()}.isdisjoint(first)


def test_decorating_leaves_numba_as_it_was():
    before = config.CACHE_DIR
    compiled = compiling.kernel(lambda x: x + 1)
    assert compiled(1) == 2
    assert before == config.CACHE_DIR
