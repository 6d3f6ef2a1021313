"""The main job as a planner does it, from nothing to a Word report; and what may go wrong."""

import re
import signal
import subprocess
import sys
import zipfile

import pytest
from playwright.sync_api import Page, expect

from app.conftest import Site, faults_of_accessibility, serve, stop, until

expect.set_options(timeout=60_000)

FALLS = "Falls Related Admissions"
FRAIL = "Older People with Frailty Admissions (High Frailty Risk)"
SMOKING = "Smoking Related Admissions"


def connected(page: Page) -> None:
    until(page, "window.Shiny && Shiny.shinyapp && Shiny.shinyapp.isConnected()")


def row_of(page: Page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def answered(page: Page) -> None:
    until(page, "(s => s && !s.hasAttribute('aria-busy'))(document.getElementById('ac-shown'))")


def make(page: Page, site: Site, name: str) -> None:
    page.goto(site.link())
    connected(page)
    page.locator("#open-new").click()
    page.locator("#new-name").fill(name)
    page.get_by_role("button", name="Make the scenario").click()
    page.wait_for_url(re.compile("page=assumptions&scenario="))


def run(page: Page, *, capacity: bool) -> None:
    page.get_by_role("navigation", name="This scenario").get_by_role("link", name="Runs").click()
    connected(page)
    page.locator("#runs-other").check()
    page.locator("#other-runs").fill("16")
    page.locator("#years-horizon").check()
    if capacity:
        page.locator("#run-capacity").check()
    rows = page.locator("#runs-list tbody tr")
    before = rows.count()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(rows).to_have_count(before + 1)
    expect(rows.first).to_contain_text("Done", timeout=180_000)


def test_from_a_new_scenario_to_a_word_report(page, site, tmp_path):
    make(page, site, "First plan")
    run(page, capacity=False)

    # Three TPMAs: the experts' intervals for all.
    page.get_by_role("navigation", name="This scenario").get_by_role(
        "link", name="Assumptions"
    ).click()
    page.get_by_role("link", name="Potentially mitigable activity").click()
    connected(page)
    for name in (FALLS, SMOKING, FRAIL):
        row_of(page, name).get_by_role("checkbox").check(timeout=60_000)
    page.get_by_label("What to do").select_option("elicitation")
    page.get_by_role("button", name="Change 3").click()
    expect(page.get_by_text("3 changed.")).to_be_visible()
    expect(page.locator("#ac-effect-line")).to_contain_text("fewer", timeout=60_000)
    run(page, capacity=True)

    page.locator("#runs-list tbody tr").first.get_by_role("link", name="Results").click()
    answered(page)
    expect(page.locator(".ac-card h2").first).to_be_visible()
    page.locator("a[data-view='capacity']").click()
    answered(page)
    expect(page.locator(".ac-card").first).to_contain_text("beds")

    # Beside the run without them.
    page.get_by_role("link", name="Compare with other runs").click()
    connected(page)
    page.locator("form[data-runs] input[type=radio]").first.check()
    page.locator("form[data-runs] input[type=checkbox]").nth(1).check()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.wait_for_url("**runs=**")
    answered(page)
    expect(page.locator("main")).to_contain_text("Falls")

    page.get_by_role("navigation", name="This scenario").get_by_role("link", name="Reports").click()
    connected(page)
    page.get_by_label("Word report").check()
    with page.expect_download(timeout=180_000) as waiting:
        page.get_by_role("button", name="Make and download").click()
    waiting.value.save_as(tmp_path / "report.docx")
    text = zipfile.ZipFile(tmp_path / "report.docx").read("word/document.xml").decode()
    assert "First plan" in text
    assert FALLS in text


def test_a_lost_connection_is_said_and_nothing_typed_is_lost(page, tmp_path):
    """The application is killed while somebody types, and started again at the same place."""
    site = serve(tmp_path / "home", "--workers", "0")
    try:
        make(page, site, "Kept")
        page.get_by_role("link", name="Potentially mitigable activity").click()
        connected(page)
        row = row_of(page, FALLS)
        row.get_by_label("At least").fill("7", timeout=60_000)
        port = site.address.rstrip("/").rsplit(":", 1)[1]
        site.process.send_signal(signal.SIGKILL)
        site.process.wait()
        lost = page.get_by_role("alert").filter(has_text="connection to the application is lost")
        expect(lost).to_be_visible()
        site.process = subprocess.Popen(
            [
                sys.executable, "-m", "acutecast", "app", "--home", str(site.home), "--port", port,
                "--no-open", "--workers", "0",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # The page loads itself again, with what was typed.
        expect(lost).to_have_count(0, timeout=90_000)
        expect(row_of(page, FALLS).get_by_label("At least")).to_have_value("7", timeout=90_000)
        expect(page.locator("#ac-scenario-name")).to_have_text("Kept")
    finally:
        stop(site)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, site):
    """An application behind a proxy that says who people are; its data are the demo's."""
    home = tmp_path_factory.mktemp("guarded") / "home"
    access = home.parent / "access.toml"
    access.write_text(
        '[people."anna"]\nrole = "analyst"\nproviders = ["DEMO"]\n'
        '[people."rita"]\nrole = "reader"\nproviders = ["DEMO"]\n'
        '[people."otto"]\nrole = "analyst"\nproviders = ["RYY"]\n'
    )
    served = serve(
        home, "--workers", "0", "--data", str(site.home / "demo" / "data"),
        ACUTECAST_IDENTITY="proxy", ACUTECAST_ACCESS=str(access),
    )  # fmt: skip
    yield served
    stop(served)


def as_person(browser, name: str):
    headers = {"X-Forwarded-User": name} if name else {}
    return browser.new_context(extra_http_headers=headers).new_page()


def test_nobody_sees_or_does_what_they_may_not(browser, guarded):
    anna = as_person(browser, "anna")
    make(anna, guarded, "Anna's own")
    address = anna.url
    expect(anna.locator("header")).to_contain_text("anna (analyst)")
    # To others it is as if it did not exist, and so it is with one that does not.
    nothing = re.sub("scenario=[0-9a-f]+", f"scenario={'0' * 32}", address)
    for name in ("rita", "otto", ""):
        other = as_person(browser, name)
        said = []
        for query in (address, nothing):
            other.goto(query)
            expect(other.get_by_role("alert")).to_be_visible()
            expect(other.locator("body")).not_to_contain_text("Anna's own")
            said.append(other.get_by_role("alert").inner_text())
        assert said[0] == said[1]
        assert not faults_of_accessibility(other)
        other.context.close()
    reader = as_person(browser, "rita")
    reader.goto(guarded.link())
    connected(reader)
    expect(reader.locator("#open-new")).to_have_count(0)
    reader.context.close()
    anna.context.close()
