"""The look of the Word report: styles, page, language; made in code, so no template is needed."""

from __future__ import annotations

from typing import Any

from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

from acutecast.report.charts import BLUE, DARK_BLUE, DARK_GREY, GREY, INK

FONT = "Arial"
LANGUAGE = "en-GB"
GAP_STYLE = "Gap"
TABLE_STYLE, CELL_STYLE, NOTE_STYLE, LEAD_STYLE = "Report Table", "Table Text", "Note", "Lead"
PAGE, MARGIN = (21.0, 29.7), 2.0
"""Width and height of A4 and its margin, in cm."""

_SIZES = {"Title": 26, "Subtitle": 14, "Heading 1": 18, "Heading 2": 14, "Heading 3": 12}
_BEFORE = {"Title": 120, "Subtitle": 6, "Heading 1": 0, "Heading 2": 16, "Heading 3": 12}


def usable(wide: bool) -> tuple[float, float]:
    """Give width and height between the margins, in cm."""
    width, height = PAGE[::-1] if wide else PAGE
    return width - 2 * MARGIN, height - 2 * MARGIN


def dress(document: Any) -> None:
    """Set fonts, sizes, colours, language and the table style of an empty document."""
    _defaults(document)
    styles = document.styles
    normal = styles["Normal"]
    _font(normal, 10.5, INK)
    normal.paragraph_format.space_after = Pt(6)
    normal.paragraph_format.line_spacing = 1.15
    for name, size in _SIZES.items():
        _font(
            styles[name],
            size,
            DARK_BLUE if name != "Subtitle" else DARK_GREY,
            bold=name != "Subtitle",
        )
        layout = styles[name].paragraph_format
        layout.space_before, layout.space_after = Pt(_BEFORE[name]), Pt(8)
        layout.keep_with_next = True
    _plain_paragraph(styles["Title"])
    styles["Subtitle"].font.italic = False
    _font(styles["Caption"], 9.5, INK, bold=True)
    styles["Caption"].paragraph_format.keep_with_next = True
    styles["Caption"].paragraph_format.space_before = Pt(10)
    styles["Caption"].paragraph_format.space_after = Pt(4)
    _font(styles["TOC Heading"], 18, DARK_BLUE, bold=True)
    _font(styles["List Bullet"], 10.5, INK)
    _font(styles["Footer"], 8.5, DARK_GREY)
    for name, size, colour in ((NOTE_STYLE, 9, DARK_GREY), (LEAD_STYLE, 12, INK)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        _font(style, size, colour)
    styles[NOTE_STYLE].paragraph_format.space_before = Pt(3)
    gap = styles.add_style(GAP_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    gap.base_style = normal
    _font(gap, 4, INK)
    gap.paragraph_format.space_after, gap.paragraph_format.line_spacing = Pt(0), Pt(5)
    cell = styles.add_style(CELL_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    cell.base_style = normal
    _font(cell, 9, INK)
    cell.paragraph_format.space_before = cell.paragraph_format.space_after = Pt(1.5)
    cell.paragraph_format.line_spacing = 1
    for level, indent in ((1, 0.0), (2, 0.6)):
        style = styles.add_style(f"toc {level}", WD_STYLE_TYPE.PARAGRAPH, builtin=True)
        style.element.set(qn("w:styleId"), f"TOC{level}")
        style.base_style = normal
        _font(style, 9.5, INK, bold=level == 1)
        style.paragraph_format.left_indent = Cm(indent)
        style.paragraph_format.space_after = Pt(0.5)
        style.paragraph_format.space_before = Pt(3 if level == 1 else 0)
        style.paragraph_format.line_spacing = 1
    style = styles.add_style("Hyperlink", WD_STYLE_TYPE.CHARACTER, builtin=True)
    style.font.color.rgb = RGBColor.from_string(BLUE[1:])
    style.font.underline = True
    styles.element.append(_table_style())
    package = document.part.package
    # The template's picture of itself would stand for the report in folders.
    for key in [key for key, rel in package.rels.items() if rel.reltype.endswith("/thumbnail")]:
        del package.rels[key]


def _defaults(document: Any) -> None:
    """Set the language and the present layout rules of Word, instead of those of 2007."""
    run = document.styles.element.xpath("w:docDefaults/w:rPrDefault/w:rPr")[0]
    for old in run.findall(qn("w:lang")):
        run.remove(old)
    run.append(
        parse_xml(
            f'<w:lang {nsdecls("w")} w:val="{LANGUAGE}" w:eastAsia="{LANGUAGE}" w:bidi="ar-SA"/>'
        )
    )
    settings = document.settings.element
    for old in (*settings.findall(qn("w:compat")), *settings.findall(qn("w:themeFontLang"))):
        settings.remove(old)
    compat = parse_xml(
        f'<w:compat {nsdecls("w")}><w:compatSetting w:name="compatibilityMode" '
        'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat>'
    )
    _in_place(settings, compat)


# Settings that the schema wants after the rules of compatibility.
_LATER = (
    "w:docVars", "w:rsids", "m:mathPr", "w:attachedSchema", "w:themeFontLang",
    "w:clrSchemeMapping", "w:doNotIncludeSubdocsInStats", "w:shapeDefaults", "w:decimalSymbol",
    "w:listSeparator",
)  # fmt: skip


def _in_place(parent: Any, child: Any) -> None:
    """Put an element of the settings where the schema wants it."""
    names = {qn(name) for name in _LATER}
    for other in parent:
        if other.tag in names:
            other.addprevious(child)
            return
    parent.append(child)


def _font(style: Any, size: float, colour: str, bold: bool = False) -> None:
    """Set a font in all its forms; a theme's font would otherwise go before."""
    style.font.name, style.font.size, style.font.bold = FONT, Pt(size), bold
    style.font.color.rgb = RGBColor.from_string(colour[1:])
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in list(fonts.attrib):
        if "Theme" in name:
            del fonts.attrib[name]
    for form in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.set(qn(f"w:{form}"), FONT)


def _plain_paragraph(style: Any) -> None:
    """Take the line below the title away, which the template has."""
    layout = style.element.get_or_add_pPr()
    for old in layout.findall(qn("w:pBdr")):
        layout.remove(old)


def _table_style() -> Any:
    """Make the style of tables: a thin line below each row; heads have their own shade."""
    line = f'w:val="single" w:sz="4" w:space="0" w:color="{GREY[1:]}"'
    return parse_xml(
        f'<w:style {nsdecls("w")} w:type="table" w:customStyle="1" w:styleId="ReportTable">'
        f'<w:name w:val="{TABLE_STYLE}"/><w:basedOn w:val="TableNormal"/><w:qFormat/>'
        "<w:tblPr><w:tblBorders>"
        f"<w:top {line}/><w:bottom {line}/><w:insideH {line}/></w:tblBorders>"
        '<w:tblCellMar><w:left w:w="70" w:type="dxa"/><w:right w:w="70" w:type="dxa"/>'
        "</w:tblCellMar></w:tblPr>"
        "</w:style>"
    )


def set_page(section: Any, wide: bool) -> None:
    """Set a section to A4, upright or on its side."""
    width, height = PAGE[::-1] if wide else PAGE
    section.orientation = WD_ORIENT.LANDSCAPE if wide else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Cm(width), Cm(height)
    section.left_margin = section.right_margin = Cm(MARGIN)
    section.top_margin = section.bottom_margin = Cm(MARGIN)
    section.footer_distance = Cm(1.0)


def new_section(document: Any, wide: bool) -> Any:
    """Begin a section on a new page."""
    section = document.add_section(WD_SECTION.NEW_PAGE)
    set_page(section, wide)
    return section
