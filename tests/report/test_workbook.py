"""The workbook: its figures are those of the run, typed, explained, and nothing small is in it."""

import re
import sys
import zipfile

import pytest
from made_runs import stored
from python_calamine import CalamineWorkbook
from report_runs import HOSTILE, REASON, make_runs

from acutecast.errors import AcutecastError
from acutecast.report.documents import write_workbook
from acutecast.report.documents.activity_sheets import SPLITS
from acutecast.report.documents.dictionary import dictionary
from acutecast.report.documents.driver_sheets import PARTS
from acutecast.report.views import Selection, show

HEAD = 3
NUMBERS = {m.heading for m in dictionary().values() if m.kind not in ("text", "code")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return make_runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def file(runs, tmp_path_factory):
    path = tmp_path_factory.mktemp("workbook") / "run.xlsx"
    write_workbook(runs[0], path, others=[runs[1]])
    return path


@pytest.fixture(scope="module")
def book(file):
    return CalamineWorkbook.from_path(file)


def table(book, name):
    """Give the rows of a sheet by heading."""
    head, *rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)[HEAD:]
    return [dict(zip(head, row, strict=True)) for row in rows]


def close(cell, value):
    """Tell whether a cell has a number, or is empty where there is none."""
    return cell == "" if value is None else cell == pytest.approx(value, rel=1e-12)


def test_the_summary_is_that_of_the_run_and_of_the_page(book, runs):
    run = runs[0]
    wanted = run.summary(by=("pod", "measure"), measures=("beddays",))
    rows = {r["POD code"]: r for r in table(book, "Summary") if r["Measure code"] == "beddays"}
    assert set(rows) == {"all", *wanted["pod"]}
    names = {"Baseline": "baseline", "Principal projection": "mean", "P10": "p10", "P90": "p90",
             "Median": "median", "Change": "change", "Change, %": "change_pct"}  # fmt: skip
    for row in wanted.iter_rows(named=True):
        for heading, name in names.items():
            assert close(rows[row["pod"]][heading], row[name])
    # Quantiles of all are those of sums inside runs, as on the page.
    page = show(run, "summary")[0].table.row(0, named=True)
    shown = next(r for r in table(book, "Summary") if r["What is counted"] == page["counted"])
    assert shown["Point of delivery"] == page["pod"] == "All of these"
    for heading, name in (("Principal projection", "principal"), ("P10", "p10"), ("P90", "p90")):
        assert close(shown[heading], page[name])


def test_every_table_is_there_of_all_sites_and_of_each(book, runs):
    for split in (*SPLITS, *PARTS):
        together, apart = split.name, f"{split.name} by site"
        assert len(apart) <= 31
        assert {together, apart} <= set(book.sheet_names)
        if table(book, together):
            assert {row["Site"] for row in table(book, apart)} <= {"RXX01", "RXX02", "unknown", ""}
    names = {"Distribution", "Distribution by site", "Sensitivity", "Capacity", "Shortage",
             "Compared", "Compared by site", "Compared by year", "What differs",
             "Compared capacity", "Capacity assumptions"}  # fmt: skip
    assert names <= set(book.sheet_names)
    wanted = runs[0].summary(by=("sitetret", "pod", "los_group", "measure"), measures=("beddays",))
    cells = {
        (r["Site"], r["POD code"], r["Length of stay"]): r["P90"]
        for r in table(book, "Length of stay by site")
        if r["Measure code"] == "beddays"
    }
    for row in wanted.filter(wanted["mean"] > 0).iter_rows(named=True):
        assert close(cells[row["sitetret"], row["pod"], row["los_group"]], row["p90"])


def test_parts_add_up_to_the_change(book):
    rows = [r for r in table(book, "Change") if r["Measure code"] == "beddays"]
    total = sum(row["Part of the change"] for row in rows)
    assert total == pytest.approx(rows[0]["Principal projection"] - rows[0]["Baseline"])
    arrivals = [r for r in table(book, "Isolated effects") if r["Measure code"] == "arrivals"]
    assert arrivals
    assert all(row["Baseline"] > 0 for row in arrivals)


def test_space_is_that_of_the_capacity(book, runs):
    import acutecast as ac

    needs = ac.open_capacity(runs[0]).needs(years="all")
    rows = table(book, "Capacity")
    assert len(rows) == needs.height
    assert [row["Mean of the runs"] for row in rows] == pytest.approx(needs["mean"].to_list())
    # A share of beds would be 0.1 with one digit.
    assert dictionary()["space_mean"].kind == "space"
    stated = [r for r in table(book, "Capacity assumptions") if "stated by the user" in r["Source"]]
    assert [row["Value"] for row in stated] == [0.88]


def test_what_is_avoided_has_no_baseline(book):
    for name in ("Avoided", "Avoided by site"):
        rows = table(book, name)
        assert rows
        assert not {"Baseline", "Change", "Change, %"} & set(rows[0])


def test_numbers_are_numbers_and_text_is_never_a_formula(book, file):
    for name in book.sheet_names:
        if name in ("Read me", "Dictionary", "Contents"):
            continue
        for row in table(book, name):
            for heading, cell in row.items():
                if name in ("Metadata", "Settings"):
                    assert isinstance(cell, str)
                elif heading in NUMBERS:
                    assert cell == "" or isinstance(cell, int | float), (name, heading, cell)
                    assert not isinstance(cell, bool)
    scenario = {row["Setting"]: row["Value"] for row in table(book, "Metadata")}
    assert scenario["scenario"] == HOSTILE
    reasons = [row["Reason"] for row in table(book, "Assumptions")]
    assert REASON.replace("\x0b", "") in reasons
    with zipfile.ZipFile(file) as archive:
        for entry in archive.namelist():
            if entry.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in archive.read(entry)


def test_every_sheet_has_frozen_heads_a_filter_and_a_line_in_the_contents(book, file):
    listed = [row["Sheet"] for row in table(book, "Contents")]
    assert sorted([*listed, "Contents"]) == sorted(book.sheet_names)
    assert all(len(name) <= 31 for name in book.sheet_names)
    with zipfile.ZipFile(file) as archive:
        for number, name in enumerate(book.sheet_names, start=1):
            sheet = archive.read(f"xl/worksheets/sheet{number}.xml").decode()
            if name != "Read me":
                assert 'state="frozen"' in sheet, name
                assert ("<tableParts" in sheet) == bool(table(book, name)), name
        tables = [n for n in archive.namelist() if n.startswith("xl/tables/")]
        assert all(b"<autoFilter" in archive.read(name) for name in tables)


def test_the_dictionary_explains_every_column(book):
    explained = {row["Column"]: row for row in table(book, "Dictionary")}
    for name in book.sheet_names:
        if name in ("Read me", "Contents", "Dictionary") or not table(book, name):
            continue
        for heading in table(book, name)[0]:
            assert explained[heading]["Meaning"], (name, heading)


def test_sites_are_chosen_by_activity_type(runs, tmp_path):
    chosen = Selection(ip_sites=("RXX01",), op_sites=("RXX02",), year=2026, ages=("85+",))
    write_workbook(runs[0], tmp_path / "run.xlsx", chosen, [runs[1]])
    book = CalamineWorkbook.from_path(tmp_path / "run.xlsx")
    rows = {(r["POD code"], r["Measure code"]): r for r in table(book, "Summary")}
    for measure, sites in (("beddays", ["RXX01"]), ("attendances", ["RXX02"])):
        wanted = runs[0].summary((), {"sitetret": sites}, 2026, measures=measure)
        assert close(rows["all", measure]["P90"], wanted["p90"][0])
    assert {row["Year"] for row in rows.values()} == {2026}
    for name in ("Compared", "Compared by site", "Compared capacity", "Shortage"):
        assert {row["Year"] for row in table(book, name)} == {2026}, name
        assert "2026/27" in book.get_sheet_by_name(name).to_python()[0][0]
    found = sum(row["Principal projection, compared"] for row in table(book, "Compared")
                if row["Measure code"] == "beddays")  # fmt: skip
    known = runs[1].summary((), {"sitetret": "RXX01"}, 2026, measures="beddays")
    assert found == pytest.approx(known["mean"][0])
    # Single years of age are stored of the horizon only, and say so.
    assert {row["Year"] for row in table(book, "Age")} == {2030}
    read_me = str(book.get_sheet_by_name("Read me").to_python())
    assert "inpatients: RXX01; outpatients: RXX02; emergency care: all sites" in read_me
    assert "the filter by age is not applied" in read_me


@pytest.mark.parametrize("name", ["Acuity", "Sex and age group", "Age"])
def test_a_way_of_arriving_is_not_given_back_by_all_arrivals(arrivals, name):
    key = ("Site", "POD code", "Acuity", "Sex", "Age group", "Age")
    ways, gone = {}, 0
    for row in table(arrivals, f"{name} by site"):
        if row["Activity"] == "Emergency care":
            ways.setdefault(tuple(row.get(h) for h in key), {})[row["Measure code"]] = row
    for rows in ways.values():
        hidden = [rows[w]["Baseline"] == "" for w in ("walk-in", "ambulance") if w in rows]
        if any(hidden):
            gone += 1
            assert rows["arrivals"]["Baseline"] == rows["arrivals"].get("Change", "") == ""
    assert gone


@pytest.fixture(scope="module")
def arrivals(tmp_path_factory):
    folder = tmp_path_factory.mktemp("arrivals")
    run = stored(folder / "run", runs=2, cells=400)
    write_workbook(run, folder / "run.xlsx", Selection(suppress=60))
    return CalamineWorkbook.from_path(folder / "run.xlsx")


@pytest.mark.parametrize("threshold", [None, 40])
def test_small_counts_are_nowhere(tmp_path, threshold):
    run = stored(tmp_path / "run", suppress=threshold, runs=8, cells=90)
    write_workbook(run, tmp_path / "run.xlsx", Selection(suppress=40), [run])
    book = CalamineWorkbook.from_path(tmp_path / "run.xlsx")
    hidden = 0
    for name in book.sheet_names[3:]:
        for row in table(book, name):
            counts = [v for k, v in row.items() if k.startswith("Baseline")]
            assert not any(isinstance(n, int | float) and 1 <= n < 40 for n in counts), name
            if row.get("Baseline", 0) == "" and "Change" in row:
                assert row["Change"] == row["Change, %"] == ""
                hidden += 1
    assert hidden
    # A total over something hidden would give it back.
    for sheets, heading in (
        (("Summary", "Summary by site"), "Baseline"),
        (("Compared", "Compared by site"), "Baseline, this scenario"),
        (("Compared", "Compared by site"), "Baseline, compared"),
    ):
        apart = {(r["POD code"], r["Measure code"]) for r in table(book, sheets[1])
                 if r[heading] == ""}  # fmt: skip
        shown = {(r["POD code"], r["Measure code"]) for r in table(book, sheets[0])
                 if r[heading] != ""}  # fmt: skip
        assert apart
        assert not apart & shown
    pods = {r["Measure code"] for r in table(book, "Compared") if r["Baseline, compared"] == ""}
    every = {r["Measure code"] for r in table(book, "Compared by year")
             if r["Baseline, compared"] != ""}  # fmt: skip
    assert not pods & every
    assert "1 to 39 are not shown" in str(book.get_sheet_by_name("Read me").to_python())


def test_the_same_run_gives_the_same_bytes(file, runs, tmp_path):
    told = []
    write_workbook(runs[0], tmp_path / "deep" / "run.xlsx", others=[runs[1]], watch=told.append)
    assert (tmp_path / "deep" / "run.xlsx").read_bytes() == file.read_bytes()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["run.xlsx"]
    assert told[-1].done == told[-1].of
    done = [event.done for event in told]
    assert done == sorted(done)


def test_dates_are_those_of_the_run(file, runs):
    with zipfile.ZipFile(file) as archive:
        core = archive.read("docProps/core.xml").decode()
    created = re.search(r"<dcterms:created[^>]*>([^<]+)Z?<", core)
    assert created is not None
    assert runs[0].timings["created"].startswith(created.group(1).removesuffix("Z"))


def test_without_the_extra_an_error_names_it(runs, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(AcutecastError, match=r"acutecast\[report\]"):
        write_workbook(runs[0], tmp_path / "run.xlsx")
    assert not list(tmp_path.iterdir())
