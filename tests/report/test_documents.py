"""Word and HTML reports: the page's figures, headings, alt text, and nothing from elsewhere."""

import re
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from docx import Document
from docx.oxml.ns import qn
from made_runs import stored
from report_runs import HOSTILE, REASON, make_runs

from acutecast.errors import AcutecastError
from acutecast.report.documents import site_lists, write_document
from acutecast.report.documents.blocks import Head, Picture, Points, Table, Words
from acutecast.report.documents.content import report_content
from acutecast.report.documents.subject import subject_of
from acutecast.report.views import Selection, as_text, show

MAIN = ("Inpatient bed days", "Outpatient attendances", "A&E arrivals")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return make_runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def word(runs, tmp_path_factory):
    path = tmp_path_factory.mktemp("word") / "report.docx"
    write_document(runs[0], path, others=[runs[1]])
    return path


@pytest.fixture(scope="module")
def document(word):
    return Document(str(word))


@pytest.fixture(scope="module")
def page(runs, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_document(runs[0], path, others=[runs[1]])
    return path.read_text(encoding="utf-8")


def text_of(document):
    """Give all text of a Word document, tables and links included, a paragraph a line."""
    lines = document.element.body.iter(qn("w:p"))
    return "\n".join("".join(t.text or "" for t in line.iter(qn("w:t"))) for line in lines)


def figures_of(run):
    """Give the figures of the summary as the page writes them."""
    pods = show(run, "summary")[0]
    kinds = {column.name: column.kind for column in pods.columns}
    for row in pods.table.iter_rows(named=True):
        yield [as_text(row[name], kinds[name]) for name in row]


def test_word_has_the_figures_of_the_page(document, runs):
    tables = [
        [[cell.text for cell in row.cells] for row in table.rows] for table in document.tables
    ]
    summary = next(t for t in tables if t[0][:2] == ["What is counted", "Point of delivery"])
    assert summary[1:] == list(figures_of(runs[0]))
    text = text_of(document)
    for counted, pod, *figures in figures_of(runs[0]):
        if pod == "All of these" and counted in MAIN:
            baseline, principal, p10, _, p90, _, percent = figures
            name = counted if counted.startswith("A&E") else counted[0].lower() + counted[1:]
            side = "fewer" if percent.startswith("−") else "more"
            said = f"projected to have {principal} {name}, {percent.lstrip('−')} {side} than in "
            said += f"2023/24 ({baseline}). Eight of ten runs lie between {p10} and {p90}."
            assert said in text


def test_word_says_what_is_assumed_and_why(document):
    text = text_of(document)
    assert HOSTILE in text
    assert REASON.replace("\x0b", "") in text
    assert "+agreed with the board" in text
    assert "10% to 30% fewer" in text
    assert "0.7 to 0.9" in text
    assert "stated by the user: Board" in text
    assert "Compared with More" in text
    assert "How to cite and repeat the run" in text


def test_every_picture_has_words_and_every_table_repeats_its_head(document):
    pictures = list(document.element.body.iter(qn("wp:docPr")))
    assert len(pictures) >= 25
    assert all(len(picture.get("descr")) > 10 for picture in pictures)
    assert len({picture.get("id") for picture in pictures}) == len(pictures)
    for table in document.tables:
        first, *others = table._tbl.tr_lst
        assert first.xpath("w:trPr/w:tblHeader")
        assert not any(row.xpath("w:trPr/w:tblHeader") for row in others)


def test_headings_are_in_order_and_make_the_contents(document):
    levels, titles = [], []
    for line in document.paragraphs:
        if line.style.name.startswith("Heading"):
            levels.append(int(line.style.name[-1]))
            titles.append(line.text)
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    listed = [p for p in document.paragraphs if p.style.name.startswith("toc ")]
    chief = [title for title, level in zip(titles, levels, strict=True) if level <= 2]
    assert ["".join(link.text for link in line.hyperlinks) for line in listed] == chief
    marks = {m.get(qn("w:name")) for m in document.element.body.iter(qn("w:bookmarkStart"))}
    anchors = [a.get(qn("w:anchor")) for a in document.element.body.iter(qn("w:hyperlink"))]
    assert set(anchors) <= marks
    codes = [code.text for code in document.element.body.iter(qn("w:instrText"))]
    assert sum("TOC" in code for code in codes) == 1


def test_captions_are_numbered_in_order(document):
    captions = [p.text for p in document.paragraphs if p.style.name == "Caption"]
    for label in ("Figure", "Table"):
        numbers = [int(c.split()[1].rstrip(":")) for c in captions if c.startswith(label)]
        assert numbers == list(range(1, len(numbers) + 1))
    # What a caption calls the table of its figures is that table.
    named = [c for c in captions if "(figures in table" in c]
    assert named
    for caption in named:
        number = re.search(r"figures in table (\d+)", caption).group(1)
        title = caption.split(": ", 1)[1].split(" (figures")[0]
        assert f"Table {number}: {title}" in captions


def test_word_is_british_and_has_page_numbers_and_wide_pages(document):
    assert document.core_properties.language == "en-GB"
    assert 'w:lang w:val="en-GB"' in document.styles.element.xml
    assert " PAGE " in document.sections[0].footer._element.xml
    assert {section.page_width > section.page_height for section in document.sections} == {
        True,
        False,
    }


def test_the_same_run_gives_the_same_bytes(word, runs, tmp_path):
    told = []
    write_document(runs[0], tmp_path / "report.docx", others=[runs[1]], watch=told.append)
    assert (tmp_path / "report.docx").read_bytes() == word.read_bytes()
    assert told[-1].done == told[-1].of
    done = [event.done for event in told]
    assert done == sorted(done)
    assert [path.name for path in tmp_path.iterdir()] == ["report.docx"]


def test_the_same_run_gives_the_same_page(page, runs, tmp_path):
    write_document(runs[0], tmp_path / "report.html", others=[runs[1]])
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == page


class _Page(HTMLParser):
    """Collects what a page refers to, its headings, its names and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.links, self.levels, self.words = set(), [], [], [], []
        self.unnamed = 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.add(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        for name, value in attributes.items():
            if name in ("href", "src", "xlink:href"):
                self.links.append(value)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if attributes.get("role") == "img" and not attributes.get("aria-label"):
            self.unnamed += 1

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_needs_nothing_else(page):
    read = _Page(page)
    assert not read.tags & {"script", "link", "iframe", "img", "object"}
    assert all(link.startswith("#") for link in read.links)
    assert {link[1:] for link in read.links} <= set(read.ids)
    assert "@import" not in page
    assert not re.findall(r"url\((?!#)", page)
    assert len(read.ids) == len(set(read.ids))
    assert read.levels[0] == 1
    assert read.levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(read.levels))
    assert not read.unnamed
    assert page.startswith('<!doctype html><html lang="en-GB">')


def test_the_page_has_the_figures_and_the_words_of_the_word_report(page, document, runs):
    words = "\n".join(_Page(page).words)
    for row in figures_of(runs[0]):
        assert all(cell in words for cell in row)
    assert HOSTILE in words
    assert "<clinicians>" not in page
    for line in document.paragraphs:
        if line.style.name in ("List Bullet", "Heading 1") and line.text:
            known = line.text in words or line.text in (
                "The figures behind the charts", "Wide tables",
            )  # fmt: skip
            assert known, line.text


def all_text(content):
    """Give every text of a report, whatever its form."""
    yield from (content.title, content.subtitle, *(v for fact in content.facts for v in fact))
    for chapter in content.chapters:
        for block in chapter.blocks:
            if isinstance(block, Head | Words):
                yield block.text
            elif isinstance(block, Points):
                yield from block.items
            elif isinstance(block, Picture):
                yield block.alt


def tables_of(content):
    for chapter in content.chapters:
        for block in chapter.blocks:
            if isinstance(block, Table):
                yield block
            elif isinstance(block, Picture) and block.behind is not None:
                yield block.behind


@pytest.mark.parametrize("threshold", [None, 40])
def test_small_counts_are_nowhere(tmp_path, threshold):
    run = stored(tmp_path / "run", suppress=threshold, runs=8, cells=90)
    content = report_content(subject_of(run, Selection(suppress=40), [run], ["A", "B"]))
    hidden = 0
    for table in tables_of(content):
        for number, column in enumerate(table.columns):
            if column.label.startswith("Baseline"):
                counts = [row[number] for row in table.rows]
                assert not any(count and 1 <= count < 40 for count in counts), table.caption
                hidden += counts.count(None)
    assert hidden
    text = "\n".join(all_text(content))
    assert "Baseline counts of 1 to 39 are not shown" in text
    for count in re.findall(r"(?:from |baseline of |\()(\d+)(?:[);.]|$)", text, re.MULTILINE):
        assert not 1 <= int(count) < 40


def test_beds_of_all_sites_are_not_those_of_the_sites_chosen(runs):
    said = "Beds are those of all sites, which share them here."
    for selection, there in ((Selection(), False), (Selection(ip_sites=("RXX01",)), True)):
        content = report_content(subject_of(runs[0], selection))
        first = content.chapters[0].blocks
        assert any(isinstance(block, Head) and block.text == "Beds" for block in first)
        assert (said in [block.text for block in first if isinstance(block, Words)]) == there


def test_chance_drives_nothing(runs):
    content = report_content(subject_of(runs[0]))
    blocks = content.chapters[0].blocks
    at = next(n for n, b in enumerate(blocks) if b == Head("What drives bed days"))
    assert "hance" not in blocks[at + 1].text


@pytest.mark.parametrize("options", [{"runs": 7}, {"years": (2030,)}])
def test_few_runs_and_the_horizon_alone_are_reported_too(tmp_path, options):
    run = stored(tmp_path / "run", **options)
    write_document(run, tmp_path / "report.html", Selection(ip_sites=("RXX01",)))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "the sites chosen are projected to have" in text
    assert ("at least 8 model runs" in text) == ("runs" in options or run.runs < 8)


def test_wrong_endings_and_places_are_errors_and_leave_no_file(runs, tmp_path, monkeypatch):
    with pytest.raises(AcutecastError, match=r"\.docx or \.html"):
        write_document(runs[0], tmp_path / "report.pdf")
    with pytest.raises(AcutecastError, match="local"):
        write_document(runs[0], "memory://report.docx")
    with pytest.raises(AcutecastError, match="ip_sites"):
        write_document(runs[0], tmp_path / "report.html", Selection(ip_sites=("RXX09",)))
    with pytest.raises(AcutecastError, match="number of names"):
        write_document(runs[0], tmp_path / "report.html", names=("A", "B"))
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(AcutecastError, match="folder"):
        write_document(runs[0], tmp_path / "folder.html")
    for module in [name for name in sys.modules if name.split(".")[0] == "docx"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delitem(sys.modules, "acutecast.report.documents.word", raising=False)
    monkeypatch.delitem(sys.modules, "acutecast.report.documents.word_parts", raising=False)
    monkeypatch.delitem(sys.modules, "acutecast.report.documents.word_look", raising=False)
    with pytest.raises(AcutecastError, match=r"acutecast\[report\]"):
        write_document(runs[0], tmp_path / "report.docx")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.html"]


def test_site_lists(runs):
    run = runs[0]
    assert site_lists(run, op_sites=["RXX02"])["op_sites"] == ("RXX02",)
    lists = site_lists(run, ["RXX01", "RXX02"])
    assert lists == {"ip_sites": ("RXX01", "RXX02"), "op_sites": ("RXX01", "RXX02"),
                     "aae_sites": ("RXX01",)}  # fmt: skip
    with pytest.raises(AcutecastError, match="no emergency care at these sites"):
        site_lists(run, ["RXX02"])
    assert site_lists(run, ["RXX02"], aae_sites=["RXX01"])["aae_sites"] == ("RXX01",)
    with pytest.raises(AcutecastError, match="RXX09"):
        site_lists(run, ["RXX09"])
