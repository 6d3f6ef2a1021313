"""Pages stay true: links lead somewhere, nothing is left out, and what they show runs."""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from docs_pages import PAGES, ROOT, Block, anchors, blocks, links, name_of
from typer.main import get_command

import acutecast as ac
import acutecast.api
from acutecast import facts
from acutecast.cli.main import app
from acutecast.demand.layout import EFFICIENCY_KINDS, STEPS
from acutecast.results.questions import FACTORS
from acutecast.scenario.distributions import CLASSES
from acutecast.scenario.model import SECTIONS, Scenario
from acutecast.scenario.profiles import SHAPES

DOCS = ROOT / "docs"
WITH_BLOCKS = [page for page in PAGES if blocks(page)]
GENERATED = runpy.run_path(str(ROOT / "scripts" / "make_reference.py"))
ENVIRONMENT = os.environ | {
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
}


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def in_code(page: str) -> set[str]:
    """Give the words that stand in code font, quotes taken off, on a page."""
    found = re.findall(r"`([^`\n]+)`", text(page))
    return {word.strip('",') for words in found for word in [words, *words.split()]}


def commands(command=None, name: str = "acutecast") -> dict[str, list[str]]:
    """Give the options of every command by its full name."""
    command = get_command(app) if command is None else command
    parts = getattr(command, "commands", None)
    if parts is None:
        options = [p.opts[0] for p in command.params if p.param_type_name == "option"]
        return {name: [option for option in options if option != "--help"]}
    found = {}
    for part, inner in parts.items():
        found |= commands(inner, f"{name} {part}")
    return found


def shell(block: str, folder: Path, code: int = 0) -> str:
    """Run a block of commands and give what it printed."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == code, (block, done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    """Leave what the first command of the tutorial leaves, but smaller."""
    folder = tmp_path_factory.mktemp("docs")
    shell("acutecast demo --size 0.05 --runs 8", folder)
    return folder / "acutecast-demo"


def run_block(block: Block, folder: Path, names: dict) -> str:
    if block.language == "python":
        printed = StringIO()
        with chdir(folder), redirect_stdout(printed):
            exec(block.text, names)
        return printed.getvalue()
    assert block.language in ("sh", "bash"), block.language
    return shell(block.text, folder, block.exit_code)


# What every newcomer runs is tried at every change; the other pages take minutes together.
FIRST_PAGES = (
    "README.md",
    "docs/tutorial.md",
    "docs/how-to/scenario.md",
    "docs/how-to/national.md",
)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=() if name_of(page) in FIRST_PAGES else pytest.mark.long)
        for page in WITH_BLOCKS
    ],
    ids=name_of,
)
def test_what_a_page_shows_runs(page, demo, tmp_path):
    shutil.copytree(demo, tmp_path / "acutecast-demo")
    names: dict = {"__name__": "__main__"}
    printed = ""
    for block in blocks(page):
        if block.mark.startswith("file: "):
            file = tmp_path / block.mark.removeprefix("file: ")
            file.parent.mkdir(exist_ok=True)
            file.write_text(block.text)
        elif block.mark == "output":
            wanted, got = (
                "\n".join(line.rstrip() for line in part.strip().splitlines())
                for part in (block.text, printed)
            )
            pattern = re.escape(wanted).replace("…", ".*")
            assert re.fullmatch(pattern, got), f"{name_of(page)} says\n{wanted}\nand it is\n{got}"
        else:
            printed = run_block(block, tmp_path, names)


def test_the_blocks_that_matter_are_marked():
    assert {name_of(page) for page in WITH_BLOCKS} >= {
        "README.md",
        "docs/tutorial.md",
        # A container takes an engine that is not here.
        *(name_of(p) for p in DOCS.glob("how-to/*.md") if p.stem != "deploy-container"),
        "docs/method/attribution.md",
        "docs/method/scenario.md",
    }
    for page in PAGES:
        marks = re.findall(r"^<!-- (?:runs|file|output)", page.read_text(), re.MULTILINE)
        assert len(marks) == len(blocks(page)), f"{name_of(page)} has a mark without a block"


@pytest.mark.long
def test_the_first_command_of_the_readme(tmp_path):
    assert "uv run acutecast demo " in text("README.md")
    printed = shell("acutecast demo", tmp_path)
    assert "Principal" in printed
    assert "projection.png" in printed
    assert (tmp_path / "acutecast-demo/projection.png").read_bytes().startswith(b"\x89PNG")


def test_the_readme_has_the_command_that_continuous_integration_runs():
    last = text(".ci/run").strip().splitlines()[-1].removesuffix(" </dev/null")
    assert last.startswith("uv run ")
    assert re.search(rf"^{re.escape(last)} ", text("README.md"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_and_pictures_lead_somewhere(page):
    for target in links(page):
        if target.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        to = page.parent / path if path else page
        assert to.exists(), f"{name_of(page)}: {target}"
        assert not anchor or anchor in anchors(to), f"{name_of(page)}: {target}"


def test_every_page_can_be_reached_from_the_readme():
    reached, queue = set(), [ROOT / "README.md"]
    while queue:
        page = queue.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        targets = (target.partition("#")[0] for target in links(page) if "://" not in target)
        for to in ((page.parent / target).resolve() for target in targets if target):
            queue += sorted(to.glob("*.md")) if to.is_dir() else [to]
    assert {name_of(page) for page in PAGES} <= {name_of(page) for page in reached}


def test_no_path_of_a_machine_is_in_the_pages():
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(work|root|home|tmp)/", page.read_text()), page.name


@pytest.mark.parametrize("name", GENERATED["PAGES"])
def test_generated_pages_are_up_to_date(name):
    made = GENERATED["page"](name)
    assert made == text(f"docs/reference/{name}.md"), "run: uv run scripts/make_reference.py"


def test_the_published_schema_is_that_of_the_code():
    from acutecast.scenario import schema

    assert json.loads(text("docs/scenario.schema.json")) == schema()


@pytest.mark.parametrize(("command", "options"), commands().items(), ids=commands())
def test_every_command_and_option_is_documented(command, options):
    by_hand = [page for page in PAGES if "reference" not in page.parts]
    assert any(command in page.read_text() for page in by_hand), f"no page shows {command}"
    pattern = rf"^## {command}(?: [A-Z ]+)?$\n(.*?)(?=^## |\Z)"
    section = re.search(pattern, text("docs/reference/commands.md"), re.MULTILINE | re.DOTALL)
    assert section, f"commands.md has no section {command}"
    for option in options:
        assert f"`{option}`" in section[1], f"{command} {option}"


def test_options_on_pages_exist():
    known = {option for options in commands().values() for option in options}
    for page in PAGES:
        for line in re.findall(r"^(?:uv run )?acutecast .*$", page.read_text(), re.MULTILINE):
            shown = set(re.findall(r"(?<= )--[a-z-]+", line.partition("#")[0]))
            assert shown <= known, f"{name_of(page)}: {line}"
    for page in (ROOT / "README.md", DOCS / "tutorial.md", *DOCS.glob("how-to/*.md")):
        for option in re.findall(r"`(--[a-z-]+)[^`\n]*`", page.read_text()):
            assert option in known, f"{name_of(page)}: {option}"


def test_the_interface_is_at_the_top_of_the_package():
    assert set(ac.api.__all__) <= set(ac.__all__)
    # A room of the same name takes a function's place as soon as anything imports the room
    rooms = {path.stem for path in Path(ac.__file__).parent.iterdir()}
    assert not rooms & set(ac.__all__)
    assert all(getattr(ac, name) is getattr(ac.api, name) for name in ac.api.__all__)


def test_every_public_name_of_python_is_documented():
    for name in ac.__all__:
        if name != "__version__":
            assert f"## ac.{name}\n" in text("docs/reference/python.md")


def test_every_part_of_a_scenario_is_documented():
    said = in_code("docs/how-to/scenario.md") | in_code("docs/method/scenario.md")
    example = next(b for b in blocks(DOCS / "how-to/scenario.md") if "scenario.json" in b.mark)
    shown = set(json.loads(example.text))
    # What an NHP file held beside assumptions is not written by hand.
    assert set(Scenario.model_fields) - {"nhp"} <= shown
    assert {section.field for section in SECTIONS} <= said
    assert set(CLASSES) <= said
    assert {*SHAPES, "step", "table"} <= said


def test_the_example_has_every_distribution_and_profile():
    content = json.loads(blocks(DOCS / "how-to/scenario.md")[0].text)
    stated = [a.distribution for a in ac.load_scenario(content).assumptions()]
    assert {type(distribution) for distribution in stated} == set(CLASSES.values())
    profiles = {d.profile.shape for d in stated if d.profile}
    assert profiles == {*SHAPES, "step", "table"} - {"linear"}


def test_every_step_and_kind_of_tpma_is_in_the_method():
    said = in_code("docs/method/demand.md")
    assert {*STEPS, *EFFICIENCY_KINDS} <= said
    families = tuple(word.removesuffix("…") for word in said if word.endswith("_…"))
    for row in facts.rows("tpmas"):
        assert row["activity_type"] == "ip" or row["key"].startswith(families), row["key"]


def test_every_file_and_column_of_a_run_is_documented(demo):
    said = in_code("docs/reference/run-folder.md")
    folder = demo / "run"
    for file in (path for path in folder.rglob("*") if path.is_file()):
        name = file.relative_to(folder).as_posix()
        assert name in said or (name.startswith("cube/") and file.stem in said), name
        if file.suffix == ".parquet" and file.stem != "draws":
            assert set(pq.read_schema(file).names) <= said, name
    assert set(json.loads((folder / "run.json").read_text())) <= said
    assert set(FACTORS) <= said


def test_the_stored_tables_have_the_keys_that_the_page_says(demo):
    info = json.loads((demo / "run" / "run.json").read_text())
    page = text("docs/reference/run-folder.md")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \| (?:horizon|all) \|$", page, re.MULTILINE))
    stored = {Path(name).stem: about for name, about in info["tables"].items() if "cube/" in name}
    assert set(rows) == set(stored)
    for name, about in stored.items():
        said = re.findall(r"`(\w+)`", rows[name])
        assert said == [k for k in about["keys"] if k not in ("pod", "sitetret")], name
        years = "all" if len(about["years"]) > 1 else "horizon"
        assert f"| `{name}` | {rows[name]} | {years} |" in page, name


def test_rooms_are_those_of_the_contract():
    contract = tomllib.loads(text("pyproject.toml"))["tool"]["importlinter"]["contracts"][0]
    layers = [
        {room.strip().removeprefix("acutecast.") for room in layer.split("|")}
        for layer in reversed(contract["layers"])
    ]
    lines = re.findall(r"^\| (\d+) \| (.*?) \|", text("docs/architecture.md"), re.MULTILINE)
    assert [int(number) for number, _ in lines] == list(range(1, len(layers) + 1))
    assert [set(re.findall(r"`(\w+)`", rooms)) for _, rooms in lines] == layers


def test_decisions_are_numbered_and_complete():
    pages = sorted(DOCS.glob("decisions/*.md"))
    assert [int(page.name[:3]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        content = page.read_text()
        assert content.startswith(f"# {page.name[:3]} "), page.name
        for part in ("Context", "Options", "Choice", "Consequences"):
            assert f"\n**{part}.** " in content, (page.name, part)
