"""Pages stay true: links lead somewhere, and what they show runs."""

import re
import runpy
from pathlib import Path

import pytest
from typer.main import get_command

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks/README.md"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_python_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert blocks
    for block in blocks:
        exec(block, {})
    assert (tmp_path / "results" / "base" / "run.json").exists()


@pytest.mark.parametrize("name", ["provider-tables", "commands", "tpmas"])
def test_reference_pages_are_up_to_date(name):
    make_reference = runpy.run_path(str(ROOT / "scripts" / "make_reference.py"))
    made = make_reference["page"](name)
    kept = (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")
    assert made == kept, "run: uv run scripts/make_reference.py"


def test_every_command_is_in_the_readme_or_the_changelog():
    from acutecast.cli.main import app

    text = (ROOT / "README.md").read_text() + (ROOT / "CHANGELOG.md").read_text()
    for name in get_command(app).commands:  # type: ignore[attr-defined]
        assert name in text, name


def test_no_path_of_a_machine_is_in_the_pages():
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(work|root|home|tmp)/", page.read_text()), page.name
