"""The pages of the project as tests read them: links, headings, and blocks that run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "benchmarks/README.md",
    ]
)

# A comment above a block says what becomes of it; readers do not see it.
_BLOCK = re.compile(
    r"^<!-- (?P<mark>runs|runs, exit \d+|file: [\w.\-/]+|output) -->\n"
    r"```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A marked block of a page.

    Attributes:
        mark: "runs"; "runs, exit 2"; "file: NAME", to be there before what follows runs; or
            "output", which the block before it must print.
        language: "python", "sh", "json" or "text".
        text: what stands in it.
    """

    mark: str
    language: str
    text: str

    @property
    def exit_code(self) -> int:
        """The exit code that a command must end with."""
        return int(self.mark.rpartition(" ")[2]) if "exit" in self.mark else 0


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    found = _BLOCK.finditer(page.read_text(encoding="utf-8"))
    return [Block(m["mark"], m["language"], m["text"]) for m in found]


def links(page: Path) -> Iterator[str]:
    """Give the targets of links and pictures, outside blocks."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    yield from re.findall(r"\]\(([^)\s]+)[^)]*\)", text)
    yield from re.findall(r"(?:src|href)=\"([^\"]+)\"", text)


def anchors(page: Path) -> set[str]:
    """Give the anchors that a page's headings get where it is shown."""
    text = _FENCED.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}
