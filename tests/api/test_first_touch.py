"""What people meet first in Python: names, types, short descriptions, errors, a picture."""

import ast
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import acutecast as ac
from acutecast import api
from acutecast.cli.wording import COMMANDS, FLAGS, for_command, in_command_words
from acutecast.errors import Problem, option
from small_provider import small_provider

SOURCES = Path(ac.__file__).parent
# Front ends of their own, whose flags are their own.
_OF_COMMANDS = ("cli/", "app/serving.py", "workspace/worker.py", "report/")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    scenario = {"name": "<i>More & less</i>", "runs": 4}
    return ac.run(scenario, small_provider(), out, suppress=5)


def test_public_names_are_shown_and_load():
    shown = [name for name in dir(ac) if not name.startswith("_")]
    assert {*api.__all__, "AcutecastError", "Problem"} <= {*shown}
    assert {*ac.__all__} == {*api.__all__, "AcutecastError", "Problem", "__version__"}
    assert all(getattr(ac, name) is not None for name in ac.__all__)
    found: dict = {}
    exec("from acutecast import *", found)
    assert {*ac.__all__} <= {*found}


def test_names_for_type_checkers_are_those_that_load():
    tree = ast.parse((SOURCES / "api" / "__init__.py").read_text(encoding="utf-8"))
    listed = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("acutecast.")
        for alias in node.names
    }
    assert listed == {*api.__all__}


def test_a_misspelt_name_gets_a_suggestion():
    with pytest.raises(AttributeError, match=r"no attribute 'rum'\. Did you mean 'run'"):
        ac.rum  # noqa: B018
    with pytest.raises(AttributeError, match=r"no attribute 'zebra'$"):
        ac.zebra  # noqa: B018


def test_importing_the_package_loads_no_heavy_library():
    code = "import sys, acutecast; print(sorted({'numpy', 'numba', 'polars'} & {*sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _pyright(folder, code):
    (folder / "mine.py").write_text(code)
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "mine.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_a_type_checker_knows_the_names(tmp_path):
    fine = "import acutecast as ac\n\nrun = ac.open_run('x')\nyears: int = run.horizon\n"
    code, said = _pyright(tmp_path, fine)
    if "error" in said and "0 errors" not in said and "download" in said.lower():
        pytest.skip("pyright is not installed whole, and nothing may be downloaded")
    assert code == 0, said
    code, said = _pyright(tmp_path, fine + "ac.rum({}, 'data', 'out')\nac.run(3.5)\nrun.summry()\n")
    assert code == 1
    assert '"rum" is not a known attribute' in said
    assert "reportCallIssue" in said or "reportArgumentType" in said
    assert "summry" in said


@pytest.mark.long
def test_the_wheel_says_that_it_is_typed(tmp_path):
    subprocess.run(
        ["uv", "build", "--wheel", "--offline", "--out-dir", tmp_path, SOURCES.parents[1]],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    assert "acutecast/py.typed" in zipfile.ZipFile(wheel).namelist()


def test_the_package_is_marked_as_typed():
    assert (SOURCES / "py.typed").exists()


def test_a_run_in_a_line_and_as_a_table(run):
    assert repr(run).startswith("<Run '<i>More & less</i>': RXX, 2023/24 to ")
    assert "4 model runs" in repr(run)
    assert len(repr(run)) < 120 + len(run.path)
    page = run._repr_html_()
    assert "&lt;i&gt;More &amp; less&lt;/i&gt;" in page
    assert "<i>" not in page
    assert "2023/24 to" in page
    assert "4 model runs" in page


def test_what_a_run_hides_is_hidden_in_notebooks(run):
    hidden = run.summary(by=("pod", "measure"))["baseline"].null_count()
    assert hidden > 0
    assert "Baseline counts below 5 are hidden" in run._repr_html_()
    assert run._repr_html_().count("–</td>") >= 2


def test_a_damaged_run_still_shows_in_a_notebook(tmp_path):
    run = ac.run({"name": "x", "runs": 2}, small_provider(), tmp_path / "run")
    for path in (tmp_path / "run" / "cube").iterdir():
        path.write_bytes(b"")
    assert "was replaced" in run._repr_html_()


def test_a_provider_in_a_line_and_as_a_table():
    provider = small_provider()
    assert repr(provider).startswith("<Provider RXX, baseline 2023/24, ")
    assert len(repr(provider)) < 200
    page = provider._repr_html_()
    assert f">{provider.tables['ip'].num_rows:,}</td>" in page


def test_a_remedy_names_the_option_in_each_front_ends_words(run, tmp_path):
    with pytest.raises(ac.AcutecastError) as caught:
        ac.run({"name": "x"}, small_provider(), run.path)
    assert "replace=True" in str(caught.value)
    assert "--" not in str(caught.value)
    said = str(for_command(caught.value.problems[0]))
    assert said.endswith("Name another folder, or allow it to be replaced: --replace.")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (f"Allow it: {option('replace')}.", "Allow it: --replace."),
        (f"Use {option('memory_gb', 6.0)}, or …", "Use --memory 6.0, or …"),
        (f"With {option('years', [2030, 2035])}.", "With --years 2030,2035."),
        (f"Go on: {option('empty_tpmas', 'warn')}.", "Go on: --skip-empty-tpmas."),
        (f"There: {option('data', 'FOLDER')}.", "There: --data FOLDER."),
        ("First: ac.capacity_of(run).", "First: acutecast capacity RUN."),
        ("Write column=value; `data=1` and mydata=2 stay.", None),
    ],
)
def test_options_become_flags(written, words):
    assert in_command_words(written) == (words or written)
    problem = Problem("it is so", "there", remedy=written)
    assert for_command(problem).remedy == (words or written)


def _texts():
    for path in sorted(SOURCES.rglob("*.py")):
        name = path.relative_to(SOURCES).as_posix()
        if name.startswith(_OF_COMMANDS):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Problem", "option"):
                yield name, node


def test_no_remedy_outside_the_command_names_a_flag():
    named = [
        f"{name}: {constant.value}"
        for name, call in _texts()
        for constant in ast.walk(call)
        if isinstance(constant, ast.Constant) and re.search(r"(^|\W)--[a-z]", str(constant.value))
    ]
    assert named == []


def test_every_option_that_a_remedy_names_has_a_flag():
    named = {call.args[0].value for _, call in _texts() if getattr(call.func, "id", "") == "option"}
    assert named
    assert named <= {*FLAGS, "empty_tpmas"}
    assert all(hasattr(ac, re.match(r"ac\.(\w+)", call)[1]) for call in COMMANDS)


def test_a_run_is_plotted(run, tmp_path):
    whole = ac.plot(run)
    assert whole.to_dict()["vconcat"]
    one = ac.plot(run.path, "trajectory", tmp_path / "picture.png", measure="beddays")
    assert one.to_dict()
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ac.AcutecastError, match="no picture"):
        ac.plot(run, "cake")
    with pytest.raises(ac.AcutecastError, match="site"):
        ac.plot(run, "summary", sites=["RXX99"])


def test_views_of_several_charts_are_one_picture(run, tmp_path):
    picture = ac.plot(run, "distribution", tmp_path / "picture.svg")
    assert len(picture.to_dict()["vconcat"]) > 1
    assert "<svg" in (tmp_path / "picture.svg").read_text()
