"""Parts of a Word document that python-docx has no words for: fields, bookmarks, tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from acutecast.report.charts import DARK_BLUE, PALE_GREY
from acutecast.report.documents.blocks import Table
from acutecast.report.documents.whole_file import plain

_TWIPS_PER_CM = 567
_LETTER = 0.52
"""The mean width of a letter of Arial, of its size."""
_SHORT = 14
"""Rows of a table that is kept on one page."""
_LONGEST = 46
"""Letters that a column of words is made wide for; longer texts take more lines."""


def run(text: str, look: str = "") -> str:
    """Give a run of text; `look` is its properties."""
    return f'<w:r>{look}<w:t xml:space="preserve">{escape(plain(text))}</w:t></w:r>'


def field(code: str, shown: str) -> str:
    """Give a field with what it shows until it is updated."""
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {escape(code)} </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run(shown)}'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def link(anchor: str, text: str) -> str:
    """Give a link to a bookmark."""
    look = '<w:rPr><w:rStyle w:val="Hyperlink"/></w:rPr>'
    return (
        f'<w:hyperlink w:anchor={quoteattr(anchor)} w:history="1">{run(text, look)}</w:hyperlink>'
    )


def paragraph(style: str, inside: str, number: int = 0, mark: str = "") -> Any:
    """Give a paragraph of prepared parts; with a bookmark around them where `mark` names one."""
    if mark:
        inside = (
            f'<w:bookmarkStart w:id="{number}" w:name={quoteattr(mark)}/>{inside}'
            f'<w:bookmarkEnd w:id="{number}"/>'
        )
    return parse_xml(
        f'<w:p {nsdecls("w")}><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{inside}</w:p>'
    )


def heading(level: int, text: str, number: int) -> Any:
    """Give a heading that the table of contents can lead to."""
    return paragraph(f"Heading{level}", run(text), number, f"_Toc{number:06d}")


def caption(label: str, count: int, text: str, mark_number: int, more: str = "") -> Any:
    """Give a numbered caption, "Figure 3: …"; a list of figures can be made of them.

    Args:
        label: "Figure" or "Table".
        count: its number.
        text: what it shows.
        mark_number: of its bookmark, `anchor_of(label, count)`.
        more: prepared parts after the text.
    """
    number = field(rf"SEQ {label} \* ARABIC", str(count))
    inside = f"{run(label + ' ')}{number}{run(': ' + text)}{more}"
    return paragraph("Caption", inside, mark_number, anchor_of(label, count))


def anchor_of(label: str, count: int) -> str:
    """Give the bookmark of a caption."""
    return f"{label}_{count}"


def contents(entries: Sequence[tuple[int, str, int]]) -> list[Any]:
    """Give a table of contents, filled in, that Word can update.

    Args:
        entries: level, text and number of the heading's bookmark.
    """
    begin = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    found = []
    for place, (level, text, number) in enumerate(entries):
        entry = f'<w:hyperlink w:anchor="_Toc{number:06d}" w:history="1">{run(text)}</w:hyperlink>'
        inside = (begin if place == 0 else "") + entry
        found.append(paragraph(f"TOC{level}", inside + (end if place == len(entries) - 1 else "")))
    return found


def table(content: Table, width: float, size: float) -> Any:
    """Give a table as wide as the page, whose head is repeated on every page.

    Args:
        content: the table.
        width: in cm.
        size: of the letters, in points.
    """
    texts = content.texts()
    numeric = [column.kind not in ("text", "year") for column in content.columns]
    labels = [column.label for column in content.columns]
    widths = [round(w * _TWIPS_PER_CM) for w in column_widths(content, width, size)]
    grid = "".join(f'<w:gridCol w:w="{w}"/>' for w in widths)
    letters = f'<w:sz w:val="{round(2 * size)}"/>'
    looks = {
        False: f"<w:rPr>{letters}</w:rPr>",
        True: f'<w:rPr><w:b/><w:color w:val="{DARK_BLUE[1:]}"/>{letters}</w:rPr>',
    }
    # Shade and line stand in the cells too: not every program reads them in a style.
    heads = (
        f'<w:tcBorders><w:bottom w:val="single" w:sz="12" w:space="0" w:color="{DARK_BLUE[1:]}"/>'
        f'</w:tcBorders><w:shd w:val="clear" w:color="auto" w:fill="{PALE_GREY[1:]}"/>'
        '<w:vAlign w:val="bottom"/>'
    )

    def cells(row: Sequence[str], head: bool, stays: bool) -> str:
        next_to = "<w:keepNext/>" if stays else ""
        made = []
        for text, w, number in zip(row, widths, numeric, strict=True):
            side = '<w:jc w:val="right"/>' if number else ""
            made.append(
                f'<w:tc><w:tcPr><w:tcW w:w="{w}" w:type="dxa"/>{heads if head else ""}</w:tcPr>'
                f'<w:p><w:pPr><w:pStyle w:val="TableText"/>{next_to}{side}</w:pPr>'
                f"{run(text, looks[head])}</w:p></w:tc>"
            )
        kept = (
            "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>"
            if head
            else ("<w:trPr><w:cantSplit/></w:trPr>")
        )
        return f"<w:tr>{kept}{''.join(made)}</w:tr>"

    # A short table stays on one page; of a long one no row is left alone at the foot.
    together = len(texts) - 1 if len(texts) <= _SHORT else 2
    rows = "".join(cells(row, False, n < together) for n, row in enumerate(texts))
    return parse_xml(
        f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="ReportTable"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        '<w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
        'w:lastColumn="0" w:noHBand="0" w:noVBand="1"/>'
        f"<w:tblCaption w:val={quoteattr(plain(content.caption))}/></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid>{cells(labels, True, True)}{rows}</w:tbl>"
    )


def width_wanted(content: Table, size: float) -> float:
    """Give the width that a table wants, in cm: numbers in one line, words in two or three."""
    return sum(max(n, w / 2.5) for n, w in _wishes(content, size))


def column_widths(content: Table, width: float, size: float) -> list[float]:
    """Share the width of a page among columns: what they need at least, the rest by their text.

    Args:
        content: the table.
        width: of all columns, in cm.
        size: of the letters, in points.
    """
    wishes = _wishes(content, size)
    total = sum(wish for _, wish in wishes)
    if total <= width:
        # Words take what is over; a table of few numbers stays narrow enough to read along.
        return [min(wish * width / total, wish * 1.6) for _, wish in wishes]
    least = sum(need for need, _ in wishes)
    share = max(0.0, width - least) / (total - least) if total > least else 0.0
    found = [need + share * (wish - need) for need, wish in wishes]
    return [w * min(1.0, width / sum(found)) for w in found]


def _wishes(content: Table, size: float) -> list[tuple[float, float]]:
    """Give what each column needs and what it would like, in cm."""
    letter = _LETTER * size * 2.54 / 72
    texts, found = content.texts(), []
    for i, column in enumerate(content.columns):
        cells = [row[i] for row in texts]
        longest = max((len(cell) for cell in cells), default=0)
        words = [len(part) for cell in cells for part in cell.split()]
        # Heads are bold, so wider.
        head = 1.2 * max(map(len, column.label.split()), default=1)
        need = max(head, longest if column.kind != "text" else max(words, default=1), 4)
        need = min(need, _LONGEST)
        wish = max(min(max(longest, len(column.label) / 2), _LONGEST), need)
        found.append((1.05 * need * letter + 0.3, 1.05 * wish * letter + 0.3))
    return found
