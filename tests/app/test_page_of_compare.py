"""The comparison of runs: paired differences, what differs, and why."""

import pytest
from playwright.sync_api import expect

from acutecast.app.opened import names_of, opened
from acutecast.app.pages.compare.chosen import _listed, chosen_jobs
from acutecast.app.visit import Visit, link
from acutecast.errors import AcutecastError
from acutecast.report import views
from acutecast.report.views import Selection
from acutecast.workspace import (
    Forbidden,
    Person,
    create_scenario,
    identify,
    open_workspace,
    submit,
)
from acutecast.workspace.settings import Settings
from app.conftest import faults_of_accessibility
from app.test_page_of_results import answered, figures, finish, written
from app.test_page_of_runs import job


@pytest.fixture(scope="module")
def workspace(site):
    return open_workspace(Settings(home=site.home))


@pytest.fixture(scope="module")
def person(workspace):
    return identify(workspace.settings, {})


@pytest.fixture(scope="module")
def jobs(workspace, person):
    """Three runs; the third has another seed, so that it shares no draws."""
    asked = []
    for name, more in (
        ("Plain", {}),
        ("Fewer falls", {"activity_avoidance": {"ip": {"falls_related_admissions": [0.5, 0.7]}}}),
        ("Other luck", {"seed": 99}),
    ):
        content = {"name": name, "horizon_year": 2027, "runs": 8} | more
        scenario = create_scenario(workspace, person, content, "DEMO", name)
        asked.append(submit(workspace, person, scenario.id))
    return [finish(workspace, person, job) for job in asked]


def address(site, jobs, **query) -> str:
    return site.link(link("compare", runs=",".join(job.id for job in jobs), **query))


def test_runs_are_chosen_and_compared_with_the_first(page, site, workspace, person, jobs):
    page.goto(site.link("?page=compare"))
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="Choose the reference")).to_be_visible()
    page.locator(f"input[type=radio][value='{jobs[0].id}']").check()
    page.locator(f"input[type=checkbox][value='{jobs[1].id}']").check()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_url("**runs=**")
    answered(page)
    runs = [opened(workspace, person, job.id) for job in jobs[:2]]
    shown = views.comparison(runs, names_of(jobs[:2]))
    expect(page.locator(".ac-card h2")).to_have_text([each.title for each in shown])
    assert figures(page) == written(shown[0])
    page.get_by_role("form", name="Filters").get_by_label("Measure").select_option("admissions")
    expect(page.locator(".ac-selected")).to_contain_text("Admissions")
    answered(page)
    selection = Selection(measure="admissions")
    assert figures(page) == written(views.comparison(runs, names_of(jobs[:2]), selection)[0])
    assert "measure=admissions" in page.url


def test_why_they_differ_adds_up(page, site, jobs):
    page.goto(address(site, jobs[:2]))
    answered(page)
    why = page.get_by_role("region", name="Why do they differ?", exact=True)
    why.get_by_role("button", name="Work out why").click()
    expect(why.locator(".ac-card")).to_be_visible(timeout=120_000)
    expect(why.locator(".ac-card")).to_contain_text("Falls")
    rows = why.locator("tbody tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(c => c.textContent))"
    )
    changes = [float(row[2].replace("−", "-").replace(",", "")) for row in rows[1:]]
    assert sum(changes[:-1]) == pytest.approx(changes[-1], abs=len(changes))
    # An explanation of something else than what is shown would mislead.
    page.locator("select[data-name=measure]").select_option("admissions")
    expect(why.locator(".ac-card")).to_have_count(0)


def test_runs_that_share_no_draws_are_compared_and_it_is_said(page, site, jobs):
    page.goto(address(site, jobs))
    answered(page)
    expect(page.locator(".ac-card").first).to_contain_text("unpaired")
    why = page.get_by_role("region", name="Why do they differ?", exact=True)
    why.get_by_label("Explain the difference").select_option("Other luck")
    why.get_by_role("button", name="Work out why").click()
    expect(why.locator(".ac-problems")).to_contain_text("seeds differ", timeout=60_000)


def test_what_cannot_be_compared_is_told_of(workspace, person, jobs):
    eve = Person("eve", "Eve", role="analyst", providers=("RYY",))
    with pytest.raises(Forbidden):
        chosen_jobs(Visit(workspace, eve, {"runs": jobs[0].id}))
    with pytest.raises(Forbidden):
        chosen_jobs(Visit(workspace, person, {"runs": f"{jobs[0].id},nothing"}))
    content = {"name": "Waiting", "horizon_year": 2025, "runs": 2}
    scenario = create_scenario(workspace, person, content, "DEMO", "Waiting")
    waiting = submit(workspace, person, scenario.id)
    if waiting.state != "done":
        with pytest.raises(AcutecastError, match="no results"):
            chosen_jobs(Visit(workspace, person, {"runs": f"{jobs[0].id},{waiting.id}"}))


def test_the_runs_that_are_compared_are_always_in_the_list():
    jobs = [job(id=str(number), dataset="AB"[number % 2]) for number in range(200)]
    listed = _listed(jobs, [jobs[150], jobs[3]])
    assert len(listed) == 61
    assert jobs[150] in listed
    assert [j.dataset for j in listed] == sorted(j.dataset for j in listed)


def test_two_runs_of_one_scenario_have_names_of_their_own(jobs):
    names = names_of([jobs[0], jobs[0], jobs[1]])
    assert len(set(names)) == 3
    assert names[2] == "Fewer falls"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_shut_out(browser, site, jobs, scheme):
    context = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme)
    page = context.new_page()
    faults = []
    for query in (address(site, jobs[:2]), site.link("?page=compare")):
        page.goto(query)
        page.locator(".ac-card h2, form[data-runs]").first.wait_for(state="attached")
        faults += faults_of_accessibility(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
    assert not faults, faults
