"""The HTML report: the content of a report as one page that needs nothing else, and prints well."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from acutecast.report.documents.blocks import (
    Block,
    Document,
    Head,
    Picture,
    Points,
    Table,
    Words,
    drawn,
    shortened,
)
from acutecast.report.documents.whole_file import plain
from acutecast.report.page import own_ids, page
from acutecast.report.views import svg

_MOST_ROWS = 400
_STYLE = """
nav ol { columns: 17em auto; column-gap: 2em; } nav ol ol { columns: 1; }
figure { margin: 1.4em 0 0.4em; } figcaption, .report caption { font-weight: bold; }
figcaption { color: var(--ink); background: var(--ground); padding: 4px 0; }
figure svg { max-width: 100%; height: auto; display: block; }
.lead { font-size: 1.15em; } .aside { color: var(--soft); font-size: 0.92em; }
.report th { vertical-align: bottom; }
.report tbody th { font-weight: normal; text-align: left; vertical-align: top; }
.report td.number, .report th.number { white-space: nowrap; }
.report thead th.number { white-space: normal; }
li { margin: 0.3em 0; }
@page { size: A4; margin: 16mm; }
@media print {
  :root { --ink: #212B32; --soft: #425563; --line: #C8D2D9; --head: #003087; --link: #212B32;
    --ground: white; }
  body { font-size: 10.5pt; } main { max-width: none; padding: 0; } nav a { color: inherit; }
  nav ol ol { display: none; } .words { max-width: none; } section.chapter > h2 { margin-top: 0; }
  section.chapter { break-before: page; } section.chapter.goes-on { break-before: auto; }
  h1, h2, h3, figcaption, caption { break-after: avoid; }
  figure, tr { break-inside: avoid; } .scroll { overflow: visible; }
  .report table, table.report { font-size: 8.5pt; }
  .report th, .report td { padding: 2px 6px 2px 0; }
  details { display: none; }
}
"""


def html_text(document: Document, tell: Callable[[float], None] = lambda share: None) -> str:
    """Write a report as one page of HTML, with drawings in it and no script.

    Args:
        document: the content.
        tell: is told which share of the work is done.
    """
    return _Writer(document, drawn(document, svg, tell)).page()


class _Writer:
    """Writes a document, counting headings and captions."""

    def __init__(self, document: Document, drawings: dict[int, str]) -> None:
        self.document, self.drawings = document, drawings
        self.counts = {"Figure": 0, "Table": 0}
        self.heads = 0

    def page(self) -> str:
        """Give the page."""
        document = self.document
        chapters = [self._chapter(number) for number in range(len(document.chapters))]
        facts = "".join(
            f'<tr><th scope="row">{_text(name)}</th><td>{_text(value)}</td></tr>'
            for name, value in document.facts
        )
        first = (
            f"<header><h1>{_text(document.title)}</h1>"
            f'<p class="lead">{_text(document.subtitle)}</p>'
            f'<div class="scroll report"><table><caption>About this report</caption>'
            f"<tbody>{facts}</tbody></table></div></header>"
        )
        nav = f'<nav aria-labelledby="contents"><h2 id="contents">Contents</h2>{self._list()}</nav>'
        foot = f'<footer><p class="aside">{_text(document.footer)}</p></footer>'
        return page(document.title, [first, nav, *chapters, foot], style=_STYLE)

    def _list(self) -> str:
        """List the chapters and what is in them; headings are numbered as they are written."""
        number, items = 0, []
        for chapter in self.document.chapters:
            number += 1
            item = f'<a href="#part-{number}">{_text(chapter.title)}</a>'
            inner = []
            for block in chapter.blocks:
                if isinstance(block, Head):
                    number += 1
                    if block.level == 2:
                        inner.append(f'<li><a href="#part-{number}">{_text(block.text)}</a></li>')
            below = f"<ol>{''.join(inner)}</ol>" if inner else ""
            items.append(f"<li>{item}{below}</li>")
        return f"<ol>{''.join(items)}</ol>"

    def _chapter(self, number: int) -> str:
        chapter = self.document.chapters[number]
        kind = "chapter" if chapter.new_page else "chapter goes-on"
        head = self._head(2, chapter.title)
        return (
            f'<section class="{kind}">{head}{"".join(map(self._block, chapter.blocks))}</section>'
        )

    def _head(self, level: int, text: str) -> str:
        self.heads += 1
        return f'<h{level} id="part-{self.heads}">{_text(text)}</h{level}>'

    def _block(self, block: Block) -> str:
        if isinstance(block, Head):
            return self._head(block.level + 1, block.text)
        if isinstance(block, Words):
            kind = {"": "words", "lead": "words lead", "note": "words aside"}[block.kind]
            return f'<p class="{kind}">{_text(block.text)}</p>'
        if isinstance(block, Points):
            items = "".join(f"<li>{_text(item)}</li>" for item in block.items)
            return f'<ul class="words">{items}</ul>'
        if isinstance(block, Table):
            self.counts["Table"] += 1
            return _table(shortened(block, _MOST_ROWS), f"Table {self.counts['Table']}: ")
        return self._picture(block)

    def _picture(self, picture: Picture) -> str:
        self.counts["Figure"] += 1
        number = self.counts["Figure"]
        # What stands around a drawing says what it shows, so its parts are not read out.
        drawing = own_ids(self.drawings[id(picture)], f"f{number}-").replace(
            "<svg ", '<svg aria-hidden="true" ', 1
        )
        shown = (
            f"<figure><figcaption>Figure {number}: {_text(picture.caption)}</figcaption>"
            f'<div role="img" aria-label="{_text(picture.alt)}">{drawing}</div></figure>'
        )
        if picture.behind is None:
            return shown
        return (
            f"{shown}<details><summary>The figures of figure {number}</summary>"
            f"{_table(shortened(picture.behind, _MOST_ROWS), '')}</details>"
        )


def _text(text: str) -> str:
    return escape(plain(text))


def _side(number: bool) -> str:
    """Set numbers to the right."""
    return ' class="number"' if number else ""


def _table(table: Table, label: str) -> str:
    """Write a table; the first cell of a row is its head."""
    numeric = [column.kind not in ("text", "year") for column in table.columns]

    def cells(row: tuple[str, ...]) -> str:
        first, *others = row
        made = [f'<th scope="row">{_text(first)}</th>']
        for text, number in zip(others, numeric[1:], strict=True):
            made.append(f"<td{_side(number)}>{_text(text)}</td>")
        return f"<tr>{''.join(made)}</tr>"

    heads = "".join(
        f'<th scope="col"{_side(number)}>{_text(column.label)}</th>'
        for column, number in zip(table.columns, numeric, strict=True)
    )
    rows = "".join(cells(row) for row in table.texts())
    notes = "".join(f'<p class="words aside">{_text(note)}</p>' for note in table.notes)
    return (
        f'<div class="scroll report" tabindex="0"><table><caption>{label}{_text(table.caption)}'
        f"</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{notes}"
    )
