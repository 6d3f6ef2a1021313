"""The Word report: the content of a report with real headings, captions, tables and pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from io import BytesIO
from typing import Any

from docx import Document as new_document
from docx.shared import Cm, Pt
from docx.text.paragraph import Paragraph

from acutecast.report.documents import word_parts as parts
from acutecast.report.documents.blocks import (
    MOST_ROWS,
    Block,
    Chapter,
    Document,
    Head,
    Picture,
    Points,
    Table,
    Words,
    drawn,
    shortened,
)
from acutecast.report.documents.whole_file import plain, without_dates
from acutecast.report.documents.word_look import (
    GAP_STYLE,
    LANGUAGE,
    LEAD_STYLE,
    NOTE_STYLE,
    dress,
    new_section,
    set_page,
    usable,
)
from acutecast.report.views import png
from acutecast.report.views.shown import Column

ANNEX = ("The figures behind the charts", "Wide tables")
_PLOT_WIDTH = 470
"""The width of a plot in pixels; so its letters are about as high as those of the text."""
_CM_PER_PIXEL = 0.0245
_AFTER_CHAPTER = Pt(20)


def word_bytes(
    document: Document, created: datetime, tell: Callable[[float], None] = lambda share: None
) -> bytes:
    """Write a report as a Word document; the same content gives the same bytes.

    Args:
        document: the content.
        created: the date it bears.
        tell: is told which share of the work is done.
    """
    pictures = drawn(document, lambda chart: png(chart, width=_PLOT_WIDTH), tell)
    writer = _Writer(document, pictures)
    writer.write()
    about = writer.file.core_properties
    about.title, about.subject = plain(document.title), plain(document.subtitle)
    about.author = about.last_modified_by = "Acutecast"
    about.comments, about.keywords, about.language = plain(document.footer), "", LANGUAGE
    about.created = about.modified = created
    about.revision = 1
    content = BytesIO()
    writer.file.save(content)
    return without_dates(content.getvalue())


def _annexes(document: Document) -> tuple[list[Table], list[Table]]:
    """Give the tables that stand at the end: those for upright pages, and those for wide ones."""
    found: list[Table] = []
    for block in (block for chapter in document.chapters for block in chapter.blocks):
        if isinstance(block, Table) and block.aside:
            found.append(block)
        elif isinstance(block, Picture) and block.behind is not None:
            found += [block.behind] if len(block.behind.rows) <= MOST_ROWS else []
    upright, _ = usable(False)
    wide = [parts.width_wanted(table, 8.5) > upright for table in found]
    return (
        [table for table, large in zip(found, wide, strict=True) if not large],
        [table for table, large in zip(found, wide, strict=True) if large],
    )


class _Writer:
    """Writes a document from its first page to its last, counting headings and captions."""

    def __init__(self, document: Document, pictures: dict[int, bytes]) -> None:
        self.document, self.pictures = document, pictures
        self.file = new_document()
        self.wide = False
        self.heads: list[tuple[int, str, int]] = []
        self.marks = 0
        self.counts = {"Figure": 0, "Table": 0}
        self.annexes = _annexes(document)
        here = [b for c in document.chapters for b in c.blocks if isinstance(b, Table)]
        ahead = sum(not table.aside for table in here)
        aside = [table for tables in self.annexes for table in tables]
        self.numbers = {id(table): ahead + n for n, table in enumerate(aside, start=1)}

    def write(self) -> None:
        """Write everything."""
        dress(self.file)
        set_page(self.file.sections[0], False)
        self._footer()
        self._first_page()
        place = self._contents_page()
        for chapter in self.document.chapters:
            self._chapter(chapter)
        for title, tables, wide in zip(ANNEX, self.annexes, (False, True), strict=True):
            if tables:
                here = tuple(replace(table, aside=False) for table in tables)
                self.counts["Table"] = self.numbers[id(tables[0])] - 1
                self._chapter(Chapter(title, here, wide=wide))
        for entry in parts.contents(self.heads):
            place.addprevious(entry)
        place.getparent().remove(place)

    def _footer(self) -> None:
        line = self.file.sections[0].footer.paragraphs[0]
        line.add_run(plain(f"{self.document.footer} · page "))
        made = parts.paragraph("Footer", parts.field("PAGE", "1"))
        for run in made.xpath("w:r"):
            line._p.append(run)

    def _first_page(self) -> None:
        self.file.add_paragraph(plain(self.document.title), style="Title")
        self.file.add_paragraph(plain(self.document.subtitle), style="Subtitle")
        columns = (Column("fact", "About this report"), Column("value", ""))
        facts = Table("About this report", columns, self.document.facts)
        self._append(parts.table(facts, usable(False)[0], 10))

    def _contents_page(self) -> Any:
        """Give the place where the table of contents will stand."""
        head = self.file.add_paragraph("Contents", style="TOC Heading")
        head.paragraph_format.page_break_before = True
        return self.file.add_paragraph()._p

    def _chapter(self, chapter: Chapter) -> None:
        if chapter.wide != self.wide:
            new_section(self.file, chapter.wide)
            self.wide = chapter.wide
            self._head(1, chapter.title)
        else:
            self._head(1, chapter.title, new_page=chapter.new_page)
        for block, after in zip(chapter.blocks, (*chapter.blocks[1:], None), strict=True):
            self._block(block, isinstance(after, Picture | Table))

    def _block(self, block: Block, leads: bool) -> None:
        """Write a block; one that leads to a picture or table stays with it."""
        if isinstance(block, Head):
            self._head(block.level, block.text)
        elif isinstance(block, Words):
            style = {"": "Normal", "lead": LEAD_STYLE, "note": NOTE_STYLE}[block.kind]
            line = self.file.add_paragraph(plain(block.text), style=style)
            line.paragraph_format.keep_with_next = leads or None
        elif isinstance(block, Points):
            for item in block.items:
                self.file.add_paragraph(plain(item), style="List Bullet")
        elif isinstance(block, Table) and block.aside:
            inside = parts.run(f"{block.caption}: ") + self._lead(block, "table ", ".")
            self._append(parts.paragraph("Normal", inside))
        elif isinstance(block, Table):
            self._table(shortened(block))
        else:
            self._picture(block)

    def _head(self, level: int, text: str, new_page: bool = False) -> None:
        self.marks += 1
        made = parts.heading(level, text, self.marks)
        self._append(made)
        layout = Paragraph(made, self.file).paragraph_format
        if new_page:
            layout.page_break_before = True
        elif level == 1:
            layout.space_before = _AFTER_CHAPTER
        if level <= 2:
            self.heads.append((level, text, self.marks))

    def _table(self, table: Table) -> None:
        self._caption("Table", table.caption)
        width, _ = usable(self.wide)
        size = 8.5 if len(table.columns) > 7 else 9
        self._append(parts.table(table, width, size))
        # A table must not touch the next one, nor end a section.
        style = NOTE_STYLE if table.notes else GAP_STYLE
        self.file.add_paragraph(plain(" ".join(table.notes)), style=style)

    def _picture(self, picture: Picture) -> None:
        more = ""
        if picture.behind is not None and len(picture.behind.rows) > MOST_ROWS:
            more = parts.run(" (figures in the Excel workbook)")
        elif picture.behind is not None:
            more = self._lead(picture.behind, " (figures in table ", ")")
        self._caption("Figure", picture.caption, more)
        content = self.pictures[id(picture)]
        run = self.file.add_paragraph().add_run()
        shape = run.add_picture(BytesIO(content))
        self._fit(shape)
        about = shape._inline.docPr
        about.set("descr", plain(picture.alt))
        about.set("name", f"Figure {self.counts['Figure']}")

    def _lead(self, table: Table, before: str, after: str) -> str:
        """Give the words that lead to a table in an annex."""
        number = self.numbers[id(table)]
        link = parts.link(parts.anchor_of("Table", number), str(number))
        return parts.run(before) + link + parts.run(after)

    def _fit(self, shape: Any) -> None:
        """Scale a picture so that its letters are of one size, and it fits below its caption."""
        width, height = usable(self.wide)
        pixels = (shape.width.inches * 72 / 2, shape.height.inches * 72 / 2)
        scale = min(_CM_PER_PIXEL, width / pixels[0], (height - 2.5) / pixels[1])
        shape.width, shape.height = Cm(pixels[0] * scale), Cm(pixels[1] * scale)

    def _caption(self, label: str, text: str, more: str = "") -> None:
        self.counts[label] += 1
        self.marks += 1
        self._append(parts.caption(label, self.counts[label], text, self.marks, more))

    def _append(self, element: Any) -> None:
        """Put an element at the end, before the properties of the last section."""
        self.file.element.body.sectPr.addprevious(element)
