"""The results of a run: every view, filters kept in the address, downloads, reports."""

import csv
import io
import json
import threading
import zipfile
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Page, expect

from acutecast.app import opened as opened_now
from acutecast.app.background import Progress
from acutecast.app.filters import cleaned
from acutecast.app.opened import opened, read_ahead
from acutecast.app.pages.report.making import form_of, make
from acutecast.app.pages.results.which import job_of
from acutecast.app.visit import Visit, link
from acutecast.errors import Cancelled
from acutecast.report import views
from acutecast.report.views import Selection
from acutecast.results import Run
from acutecast.workspace import (
    Forbidden,
    JobRow,
    Person,
    Workspace,
    create_scenario,
    edit,
    identify,
    list_jobs,
    open_workspace,
    read_job,
    submit,
    work_once,
)
from acutecast.workspace.edits import Edit
from acutecast.workspace.settings import Settings
from app.conftest import Site, faults_of_accessibility, until

expect.set_options(timeout=60_000)

FALLS = {"ip": {"falls_related_admissions": [0.7, 0.9]}}


@dataclass
class Results:
    """A finished run with capacity."""

    workspace: Workspace
    person: Person
    job: JobRow
    site: Site

    @property
    def run(self) -> Run:
        return opened(self.workspace, self.person, self.job.id)

    def link(self, view: str = "summary", selection: Selection = Selection()) -> str:  # noqa: B008
        query = views.to_query(selection)
        return self.site.link(link("results", run=self.job.id, view=view, **query))


def finish(ws: Workspace, person: Person, job: JobRow) -> JobRow:
    """Help the workers until a job is done."""
    pause = threading.Event()
    while job.state in ("queued", "running"):
        if not work_once(ws, "the tests"):
            pause.wait(0.1)
        job = read_job(ws, person, job.id)
    assert job.state == "done", job.message
    return job


@pytest.fixture(scope="module")
def results(site):
    ws = open_workspace(Settings(home=site.home))
    person = identify(ws.settings, {})
    content = {"name": "Results", "horizon_year": 2031, "runs": 16, "activity_avoidance": FALLS}
    scenario = create_scenario(ws, person, content, "DEMO", "Results")
    job = finish(ws, person, submit(ws, person, scenario.id, capacity=True))
    return Results(ws, person, job, site)


def answered(page: Page) -> None:
    """Wait until the page shows what it was asked for."""
    until(page, "(s => s && !s.hasAttribute('aria-busy'))(document.getElementById('ac-shown'))")


def figures(page: Page, card: int = 0) -> list[list[str]]:
    """Read the table of a card, closed or not."""
    rows = page.locator(".ac-card").nth(card).locator("tbody tr")
    return rows.evaluate_all("rows => rows.map(row => [...row.cells].map(c => c.textContent))")


def written(shown) -> list[list[str]]:
    """Write a table as people read it."""
    kinds = [column.kind for column in shown.columns]
    return [
        [views.as_text(None if v == "" else v, kind) for v, kind in zip(row, kinds, strict=True)]
        for row in shown.table.iter_rows()
    ]


def test_every_view_opens_with_its_figures(page, results):
    page.goto(results.link())
    for view in views.VIEWS:
        page.locator(f"a[data-view='{view.key}']").click()
        answered(page)
        shown = views.show(results.run, view.key)
        expect(page.locator(".ac-card h2")).to_have_text([each.title for each in shown])
        expect(page.locator("#main .ac-problems, .shiny-output-error")).to_have_count(0)
        expect(page.locator(f"a[data-view='{view.key}']")).to_have_attribute("aria-current", "page")
        assert f"view={view.key}" in page.url
        for place, each in enumerate(shown):
            assert figures(page, place) == written(each), view.key


def test_a_link_with_filters_opens_the_same_figures(page, results):
    choices = views.choices(results.run)
    site = choices["ip_sites"][0][0]
    selection = Selection(
        activity="ip",
        measure="admissions",
        ip_sites=(site,),
        op_sites=(choices["op_sites"][-1][0],),
        year=2029,
    )
    page.goto(results.link("specialty", selection))
    answered(page)
    assert figures(page) == written(views.show(results.run, "specialty", selection)[0])
    words = page.locator(".ac-selected")
    for word in ("Inpatients", "Admissions", site, "2029/30"):
        expect(words).to_contain_text(word)
    filters = page.get_by_role("form", name="Filters")
    expect(filters.get_by_label("Activity")).to_have_value("ip")
    expect(filters.get_by_label("Year")).to_have_value("2029")
    expect(filters.locator("[data-list=ip_sites] input:checked")).to_have_count(1)


def test_filters_are_kept_between_views_and_in_the_address(page, results):
    page.goto(results.link("trajectory"))
    answered(page)
    pod = "ip_non-elective_admission"
    filters = page.get_by_role("form", name="Filters")
    filters.get_by_label("Activity").select_option("ip")
    answered(page)
    filters.locator("[data-filter=pods] summary").click()
    filters.locator("[data-list=pods]").get_by_label("Non-Elective Admission").check()
    expect(page.locator(".ac-selected")).to_contain_text("Non-Elective Admission")
    page.locator("a[data-view=impact]").click()
    expect(page.locator(".ac-card h2").first).to_contain_text("What changes")
    answered(page)
    selection = Selection(activity="ip", pods=(pod,))
    assert figures(page) == written(views.show(results.run, "impact", selection)[0])
    assert f"pods={pod}" in page.url
    page.reload()
    answered(page)
    assert figures(page) == written(views.show(results.run, "impact", selection)[0])
    filters.get_by_role("button", name="Clear filters").click()
    expect(page.locator(".ac-selected")).to_contain_text("no filter is set")
    assert "pods=" not in page.url


def test_one_list_of_sites_serves_all_activity_until_they_are_chosen_apart(page, results):
    page.goto(results.link())
    answered(page)
    site = views.choices(results.run)["ip_sites"][0][0]
    filters = page.get_by_role("form", name="Filters")
    filters.locator("[data-filter=sites] summary").click()
    filters.locator("[data-every-site]").get_by_label(site).check()
    expect(page.locator(".ac-selected")).to_contain_text(f"sites {site}")
    filters.get_by_label("Choose apart").check()
    filters.locator("[data-list=op_sites]").get_by_label(site).uncheck()
    expect(page.locator(".ac-selected")).to_contain_text(f"inpatients of {site}")
    answered(page)
    selection = Selection(ip_sites=(site,), aae_sites=(site,))
    assert figures(page) == written(views.show(results.run, "summary", selection)[0])


def test_the_csv_file_has_the_table(page, results):
    page.goto(results.link("stays"))
    answered(page)
    with page.expect_download() as download:
        page.locator(".ac-card").first.get_by_role("link", name="as CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    shown = views.show(results.run, "stays")[0]
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0] == [column.label for column in shown.columns]
    plain = csv.reader(io.StringIO(shown.table.write_csv()))
    assert rows[1:] == list(plain)[1:]


def test_by_keyboard_the_focus_stays_and_the_change_is_told(page, results):
    page.goto(results.link())
    answered(page)
    page.locator("a[data-view=trajectory]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ac-card h2").first).to_contain_text("by year")
    expect(page.locator("a[data-view=trajectory]")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="Now shown: ")).to_contain_text("by year")
    field = page.get_by_role("form", name="Filters").get_by_label("Measure")
    field.focus()
    page.keyboard.press("A")
    expect(page.locator(".ac-card h2").first).to_contain_text("admissions by year")
    expect(field).to_be_focused()


def test_capacity_that_is_not_there_can_be_asked_for(page, results):
    ws, person = results.workspace, results.person
    content = {"name": "No capacity", "horizon_year": 2025, "runs": 2}
    scenario = create_scenario(ws, person, content, "DEMO", "No capacity")
    job = finish(ws, person, submit(ws, person, scenario.id, years="horizon"))
    page.goto(results.site.link(link("results", scenario=scenario.id, view="beds")))
    page.get_by_role("button", name="Run again with capacity").click()
    page.wait_for_url("**page=runs**")
    newest = list_jobs(ws, person, scenario.id)[0]
    assert newest.id != job.id
    assert newest.options["capacity"]
    assert newest.options["years"] == "horizon"


def test_a_scenario_that_changed_since_says_so(page, results):
    ws, person = results.workspace, results.person
    content = {"name": "Changed", "horizon_year": 2025, "runs": 2}
    scenario = create_scenario(ws, person, content, "DEMO", "Changed")
    job = finish(ws, person, submit(ws, person, scenario.id, years="horizon"))
    edit(ws, person, scenario.id, job.revision, [Edit(("seed",), 7)])
    page.goto(results.site.link(link("results", run=job.id)))
    expect(page.get_by_text("has changed since this run")).to_be_visible()
    page.goto(results.site.link(link("report", run=job.id)))
    page.get_by_role("button", name="Run again with the changes").click()
    page.wait_for_url("**page=runs**")
    assert list_jobs(ws, person, scenario.id)[0].revision > job.revision


def test_a_run_that_is_not_there_or_not_yours_says_the_same(results):
    other = Person("eve", "Eve", role="analyst", providers=("RYY",))
    said = []
    for person, run in ((other, results.job.id), (results.person, "0" * 32)):
        with pytest.raises(Forbidden) as caught:
            job_of(Visit(results.workspace, person, {"run": run}))
        said.append(str(caught.value))
        with pytest.raises(Forbidden):
            opened(results.workspace, person, run)
    assert said[0] == said[1]


def test_a_wrong_address_is_told_of_in_words(page, results):
    page.goto(results.link("summary", Selection(ip_sites=("NOWHERE",))))
    expect(page.locator(".ac-problems")).to_contain_text("NOWHERE")
    page.goto(results.site.link(link("results", run="nothing")))
    expect(page.locator(".ac-problems")).to_contain_text("does not exist")


def test_views_of_capacity_are_made_before_they_are_wanted(results):
    selection = Selection(suppress=7)
    read_ahead(results.workspace, results.person, results.job.id, selection)
    for view in views.VIEWS:
        if view.needs == "capacity":
            name = (results.run.path, view.key, selection)
            assert name in opened_now._VIEWS._things


def test_what_can_no_longer_be_chosen_is_left_out(results):
    pods = ("ip_elective_daycase", "op_first")
    selection = Selection(activity="op", pods=pods, measure="beddays", ages=("0",))
    kept = cleaned(selection, views.choices(results.run, selection))
    assert kept == Selection(activity="op", pods=("op_first",), ages=("0",))


@pytest.mark.long
def test_the_workbook_and_the_report_open_and_say_the_same(page, results):
    page.goto(results.site.link(link("report", run=results.job.id)))
    total = views.show(results.run, "summary")[0].table.row(0, named=True)["principal"]
    with page.expect_download(timeout=300_000) as download:
        page.get_by_role("button", name="Make and download").click()
    assert download.value.suggested_filename == "acutecast-results.xlsx"
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(download.value.path()))
    cells = [
        cell
        for name in book.sheet_names
        for row in book.get_sheet_by_name(name).to_python()
        for cell in row
    ]
    assert any(isinstance(cell, float) and cell == pytest.approx(total) for cell in cells)

    page.get_by_label("Word report").check()
    with page.expect_download(timeout=300_000) as download:
        page.get_by_role("button", name="Make and download").click()
    with zipfile.ZipFile(download.value.path()) as parts:
        text = parts.read("word/document.xml").decode()
    assert f"{total:,.0f}" in text


def test_files_for_programs_hold_the_figures_shown(results, tmp_path):
    visit = Visit(results.workspace, results.person, {})
    site = views.choices(results.run)["ip_sites"][0][0]
    selection = Selection(ip_sites=(site,))
    made = make(visit, [results.job.id], form_of("figures"), selection, tmp_path, Progress())
    content = json.loads(made.path.read_text())
    assert {each["view"] for each in content["figures"]} == {view.key for view in views.VIEWS}
    shown = views.show(results.run, "stays", selection)[0]
    figure = next(each for each in content["figures"] if each["view"] == "stays")
    assert figure["rows"] == shown.table.to_dicts()
    # A filter of results that the page of reports does not show changes nothing.
    visit_filtered = replace(selection, ages=("0",), specialties=("100",))
    again = make(visit, [results.job.id], form_of("figures"), visit_filtered, tmp_path, Progress())
    assert json.loads(again.path.read_text()) == content

    made = make(visit, [results.job.id], form_of("nhp"), selection, tmp_path, Progress())
    with zipfile.ZipFile(made.path) as parts:
        tables = [name for name in parts.namelist() if name.endswith(".parquet")]
    assert len(tables) == 11

    stopped = Progress()
    stopped.stop()
    with pytest.raises(Cancelled):
        make(visit, [results.job.id], form_of("figures"), selection, tmp_path, stopped)


def test_a_wrong_threshold_is_told_of_and_no_file_is_made(page, results):
    page.goto(results.site.link(link("report", run=results.job.id)))
    page.get_by_label("Hide small numbers below").fill("many")
    page.get_by_role("button", name="Make and download").click()
    expect(page.locator(".ac-problems")).to_contain_text("no whole number")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(browser, results, scheme):
    context = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page = context.new_page()
    faults = []
    for address in (
        *(results.link(view) for view in ("summary", "distribution", "capacity")),
        results.site.link(link("report", run=results.job.id)),
        results.site.link("?page=about"),
    ):
        page.goto(address)
        if "view=" in address:
            page.locator(".ac-card").first.wait_for()
        faults += faults_of_accessibility(page)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, address
    context.close()
    assert not faults, faults
