"""The page of runs: ask for one, watch it, stop it, delete it."""

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from acutecast.app.live import html
from acutecast.app.pages.runs.asking import asked
from acutecast.app.pages.runs.rows import left_words, stage_words, table
from acutecast.app.visit import Visit
from acutecast.errors import AcutecastError
from acutecast.workspace import JobRow, create_scenario, identify, open_workspace
from acutecast.workspace.settings import Settings
from app.conftest import Site, faults_of_accessibility, until


@pytest.fixture(scope="module")
def workspace(site):
    return open_workspace(Settings(home=site.home))


@pytest.fixture
def scenario(workspace, request):
    """A scenario of the test's own."""
    content = {"name": request.node.name, "baseline_year": 2023, "horizon_year": 2030}
    return create_scenario(workspace, identify(workspace.settings, {}), content, "DEMO")


def at_runs(page: Page, site: Site, scenario=None) -> None:
    page.goto(site.link("?page=runs" + (f"&scenario={scenario.id}" if scenario else "")))
    until(page, "window.Shiny && Shiny.shinyapp && Shiny.shinyapp.isConnected()")


def ask(page: Page, runs: int, years: str = "horizon") -> None:
    page.locator("#runs-other").check()
    page.locator("#other-runs").fill(str(runs))
    page.locator(f"#years-{years}").check()
    page.get_by_role("button", name="Run", exact=True).click()


def test_a_run_is_asked_for_watched_finished_and_deleted(page, site, scenario):
    at_runs(page, site, scenario)
    expect(page.locator("#runs-list")).to_contain_text("This scenario has not been run yet.")
    ask(page, 16)
    row = page.locator("#runs-list tbody tr")
    expect(row).to_contain_text("16 model runs, horizon year only")
    # It is nobody's page that runs it: the next one finds it as it is.
    at_runs(page, site, scenario)
    expect(row).to_contain_text("Done", timeout=120_000)
    expect(row).to_contain_text("Finished in")
    result = row.get_by_role("link", name="Results")
    assert re.search(rf"page=results&scenario={scenario.id}&run=\w+", result.get_attribute("href"))

    at_runs(page, site)
    expect(page.get_by_role("link", name=scenario.name, exact=True)).to_be_visible()
    at_runs(page, site, scenario)
    row.get_by_role("button", name="Delete").click()
    dialogue = page.get_by_role("dialog")
    expect(dialogue).to_contain_text(scenario.name)
    page.keyboard.press("Escape")
    expect(row.get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    dialogue.get_by_role("button", name="Delete the run").click()
    expect(page.locator("#runs-list")).to_contain_text("This scenario has not been run yet.")
    expect(page.locator("#ac-messages")).to_contain_text("is deleted")


def test_whoever_watches_is_told_when_a_run_ends(page, site, scenario):
    at_runs(page, site, scenario)
    page.locator("#run-capacity").focus()
    ask(page, 17)
    told = page.locator("#ac-messages")
    expect(told).to_contain_text(f"The run of {scenario.name} is done.", timeout=120_000)
    expect(told.get_by_role("link", name="See the results")).to_be_visible()
    # The focus stays where it was: on the form.
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_focused()


def test_runs_are_cancelled_waiting_and_under_way(page, site, scenario):
    at_runs(page, site, scenario)
    ask(page, 4096, "all")
    first = page.locator("#runs-list tbody tr").last
    expect(first).to_contain_text("Simulating", timeout=120_000)
    bar = first.get_by_role("progressbar")
    expect(bar).to_be_visible()
    ask(page, 4095, "all")
    second = page.locator("#runs-list tbody tr").first
    expect(second).to_contain_text("Next in the queue")
    assert not faults_of_accessibility(page)
    second.get_by_role("button", name="Cancel").click()
    expect(second).to_contain_text("Cancelled")
    first.get_by_role("button", name="Cancel").press("Enter")
    expect(first).to_contain_text("Cancelled", timeout=60_000)
    expect(first.get_by_role("link", name="Results")).to_have_count(0)


def test_what_is_wrong_with_a_run_stands_at_its_field(page, site, scenario):
    at_runs(page, site, scenario)
    page.locator("#run-suppress").fill("1")
    ask(page, 5000)
    expect(page.locator("#other-runs-problem")).to_contain_text("from 1 to 4,096")
    expect(page.locator("#run-suppress-problem")).to_contain_text("at least 2")
    expect(page.locator("#other-runs")).to_be_focused()
    expect(page.locator("#other-runs")).to_have_value("5000")
    page.set_viewport_size({"width": 320, "height": 700})
    page.emulate_media(color_scheme="dark")
    at_runs(page, site, scenario)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert not faults_of_accessibility(page)


def test_the_form_is_not_believed():
    said = {"runs": "lots", "years": "never", "suppress": "x", "capacity": "yes"}
    with pytest.raises(AcutecastError) as caught:
        asked(said, 4096)
    assert {problem.where for problem in caught.value.problems} == {"runs", "years", "suppress"}
    right = asked({"runs": "64", "years": "all", "suppress": "8", "capacity": True}, 4096)
    assert (right.runs, right.years, right.suppress, right.capacity) == (64, "all", 8, True)


def test_times_left_are_said_no_more_exactly_than_anybody_knows():
    assert left_words(None) == "time left not known yet"
    assert left_words(4) == "a few seconds left"
    assert left_words(41) == "about 45 seconds left"
    assert left_words(100) == "about 2 minutes left"
    assert left_words(9000) == "about 2.5 hours left"


def job(**said) -> JobRow:
    given = {
        "id": "1", "scenario_id": "s", "scenario_name": "Base", "dataset": "DEMO", "owner": "local",
        "shared": False, "revision": 1, "who": "local", "state": "running", "position": None,
        "stage": "simulating", "done": 32, "of": 256, "seconds": 2.0, "seconds_left": 14.0,
        "stopping": False, "message": "", "asked_at": datetime(2026, 1, 1),
        "started_at": datetime(2026, 1, 1), "ended_at": None, "options": {"runs": 256},
        "folder": Path("x"),
    }  # fmt: skip
    return JobRow(**(given | said))


def test_every_state_says_what_is_under_way_or_what_to_do(workspace):
    visit = Visit(workspace, identify(workspace.settings, {}), {})

    def shown(**said) -> str:
        return re.sub(r"<[^>]+>|\s+", " ", html(table(visit, [job(**said)], of_scenario=True)))

    assert "Simulating: 32 of 256 model runs" in shown()
    assert "12%, about 15 seconds left" in shown()
    assert "Number 3 in the queue" in shown(state="queued", position=3)
    failed = shown(state="failed", message="There was not enough memory.")
    assert "There was not enough memory." in failed
    assert "run it again" in failed
    assert stage_words(job(stage="capacity")) == "Working out the capacity"
    assert stage_words(job(stopping=True)).startswith("Stopping")
