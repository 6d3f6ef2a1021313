"""The home page: scenarios made, uploaded, renamed, copied, shared, deleted and taken away."""

import json
import re
import threading

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from acutecast.app.application import make_app
from acutecast.app.live import html
from acutecast.app.pages.home.rows import lists, look
from acutecast.app.serving import listen
from acutecast.app.visit import Visit
from acutecast.workspace import create_scenario, identify, open_workspace, read_scenario
from acutecast.workspace.settings import Settings
from app.conftest import Site, faults_of_accessibility, until

AVOIDED = {"ip": {"falls_related_admissions": [0.8, 0.95]}}


@pytest.fixture(scope="module")
def workspace(site):
    return open_workspace(Settings(home=site.home))


@pytest.fixture
def made(workspace, request):
    """Make a scenario whose name no other test uses."""
    person = identify(workspace.settings, {})

    def make(name: str, **content):
        given = {"name": name, "baseline_year": 2023, "horizon_year": 2041} | content
        return create_scenario(workspace, person, given, "DEMO", f"{name} {request.node.name}")

    return make


def at_home(page: Page, site: Site, query: str = "") -> None:
    page.goto(site.link(f"?page=home{query}"))
    # The server has answered once it knows what the page shows.
    until(page, "window.Shiny && Shiny.shinyapp && Shiny.shinyapp.isConnected()")


def choose(page: Page, row, action: str) -> None:
    page.get_by_role("button", name=f"Actions: {row.name}", exact=True).click()
    page.get_by_role("menuitem", name=action, exact=True).click()


def test_the_first_visit_says_what_to_do_in_three_steps(tmp_path):
    settings = Settings(home=tmp_path)
    ws = open_workspace(settings)
    person = identify(settings, {})
    visit = Visit(ws, person, {})
    (tmp_path / "demo" / "data" / "ip" / "fyear=2023" / "dataset=DEMO").mkdir(parents=True)
    (tmp_path / "demo" / "data" / "ip" / "fyear=2023" / "dataset=DEMO" / "0.parquet").touch()
    shown = html(lists(visit, look(visit), ""))
    assert shown.count("<li>") == 3
    assert "Make my first scenario" in shown
    assert "My scenarios" not in shown


def test_a_new_scenario_by_keyboard_alone(page, site):
    at_home(page, site)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.locator("#open-new:focus").count():
            break
    page.keyboard.press("Enter")
    expect(page.locator("#new-name")).to_be_focused()
    page.keyboard.press("Enter")
    told = page.locator("#new-scenario .ac-field-problem")
    expect(told).to_have_text("The scenario has no name. Write one.")
    expect(page.locator("#new-name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#open-new")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("By keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("2041")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Make the scenario")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("page=assumptions&scenario="))
    expect(page.locator("#ac-scenario-name")).to_have_text("By keyboard")


def test_a_new_scenario_from_the_demo_and_from_a_copy(page, site, made, workspace):
    source = made("Source", activity_avoidance=AVOIDED)
    at_home(page, site)
    page.locator("#open-new").click()
    page.locator("#new-name").fill("From the demo")
    page.get_by_label("The demo's ambitions").check()
    # What was typed and chosen survives a lost connection.
    at_home(page, site)
    page.locator("#open-new").click()
    expect(page.locator("#new-name")).to_have_value("From the demo")
    expect(page.get_by_label("The demo's ambitions")).to_be_checked()
    page.get_by_label("Horizon").select_option("2040")
    page.get_by_role("button", name="Make the scenario").click()
    page.wait_for_url(re.compile("page=assumptions"))
    person = identify(workspace.settings, {})
    row = read_scenario(workspace, person, page.url.partition("scenario=")[2])
    assert row.content["horizon_year"] == 2040
    assert row.set == 12

    at_home(page, site)
    page.locator("#open-new").click()
    page.locator("#new-name").fill("From a copy")
    page.get_by_label("A copy of a scenario").check()
    page.get_by_role("button", name="Make the scenario").click()
    expect(page.locator("#new-copy-problem")).to_have_text("No scenario is chosen. Choose one.")
    page.get_by_label("Scenario to copy").select_option(source.id)
    page.get_by_role("button", name="Make the scenario").click()
    page.wait_for_url(re.compile("page=assumptions"))
    copy = read_scenario(workspace, person, page.url.partition("scenario=")[2])
    assert copy.content["activity_avoidance"] == source.content["activity_avoidance"]
    assert (copy.content["horizon_year"], copy.copied_from) == (2041, source.id)


def test_a_bad_file_is_told_whole_and_a_good_one_is_added(page, site, tmp_path):
    bad, good = tmp_path / "bad.json", tmp_path / "good.json"
    wrong = {"ip": {"falls_related_admissions": [0.95, 0.8], "no_such": [0.8, 0.9]}}
    bad.write_text(json.dumps({"name": "Bad", "runs": 0, "activity_avoidance": wrong}))
    good.write_text(json.dumps({"name": "Good", "activity_avoidance": AVOIDED}))
    at_home(page, site)
    page.locator("#open-upload").click()
    page.locator("#upload-name").fill("Kept through faults")
    page.locator("#upload-file").set_input_files(bad)
    told = page.locator("#upload-found .ac-problems")
    expect(told.locator("li")).to_have_count(3)
    expect(told).to_contain_text("bad.json cannot be used as it is")
    assert str(tmp_path) not in told.inner_text()
    page.get_by_role("button", name="Add the scenario").click()
    expect(page.locator("#upload-file-problem")).to_contain_text(
        "the file has faults", ignore_case=True
    )

    page.locator("#upload-file").set_input_files(good)
    expect(page.locator("#upload-found")).to_contain_text("with 1 assumption")
    page.get_by_role("button", name="Add the scenario").click()
    expect(page.locator("#upload-data-problem")).to_contain_text("which provider")
    expect(page.locator("#upload-name")).to_have_value("Kept through faults")
    page.locator("#upload-data").select_option("DEMO|2023")
    page.get_by_role("button", name="Add the scenario").click()
    page.wait_for_url(re.compile("page=assumptions"))
    expect(page.locator("#ac-scenario-name")).to_have_text("Kept through faults")


def test_rename_copy_delete_and_undo(page, site, made):
    row = made("Mine")
    at_home(page, site, f"&q={row.name.rpartition(' ')[2]}")
    choose(page, row, "Rename…")
    expect(page.locator("#rename-name")).to_have_value(row.name)
    page.locator("#rename-name").fill(f"Other {row.name}")
    page.keyboard.press("Enter")
    listed = page.locator("#scenario-lists table.ac-scenarios").first
    expect(listed.get_by_role("link", name=f"Other {row.name}", exact=True)).to_be_visible()
    actions = page.locator(f"#actions-{row.id}")
    expect(actions).to_be_focused()

    actions.press("Enter")
    page.keyboard.press("ArrowDown")
    page.get_by_role("menuitem", name="Copy", exact=True).press("Enter")
    copy = f"Other {row.name} (copy)"
    expect(listed.get_by_role("link", name=copy, exact=True)).to_be_visible()
    expect(page.locator("#ac-messages")).to_contain_text(copy)

    page.get_by_role("button", name=f"Actions: {copy}", exact=True).click()
    page.get_by_role("menuitem", name="Delete").click()
    undo = page.get_by_role("button", name="Undo", exact=True)
    expect(undo).to_be_focused()
    expect(listed.get_by_role("link", name=copy, exact=True)).to_have_count(0)
    undo.press("Enter")
    expect(listed.get_by_role("link", name=copy, exact=True)).to_be_visible()

    page.get_by_role("button", name=f"Actions: {copy}", exact=True).click()
    page.get_by_role("menuitem", name="Delete").click()
    page.locator("summary", has_text="Deleted").click()
    page.get_by_role("button", name=f"Restore {copy}").click()
    expect(listed.get_by_role("link", name=copy, exact=True)).to_be_visible()


def test_downloads_in_both_forms_say_what_would_be_lost(page, site, made):
    plain = made("Plain", activity_avoidance=AVOIDED)
    spread = {"distribution": "pert", "low": 0.7, "mode": 0.8, "high": 0.9}
    rich = made("Rich", activity_avoidance={"ip": {"falls_related_admissions": spread}})
    at_home(page, site)
    with page.expect_download() as ours:
        choose(page, plain, "Download")
    assert ours.value.suggested_filename.endswith(".json")
    content = json.loads(ours.value.path().read_text())
    assert content["activity_avoidance"] == AVOIDED
    with page.expect_download() as theirs:
        choose(page, plain, "Download for the NHP model")
    assert theirs.value.suggested_filename.endswith("-params.json")
    params = json.loads(theirs.value.path().read_text())
    assert params["end_year"] == 2041
    choose(page, rich, "Download for the NHP model")
    told = page.locator("#ac-messages .ac-problems")
    expect(told).to_contain_text("An NHP parameter file cannot say all of this scenario")
    expect(told).to_contain_text("NHP has no pert distribution")


def test_differences_of_two_can_be_sent_as_a_link(page, site, made):
    a, b = made("A"), made("B", activity_avoidance=AVOIDED)
    at_home(page, site, f"&a={a.id}&b={b.id}")
    table = page.locator("#differences-found table")
    expect(table).to_contain_text("Falls Related Admissions")
    expect(table).to_contain_text("5% to 20% fewer")
    expect(page.locator("#differences-b")).to_have_value(b.id)
    page.keyboard.press("Escape")
    expect(page.locator("#differences")).to_be_hidden()
    assert "a=" not in page.url


def test_two_tabs_follow_each_other_and_keep_the_focus(page, site, made):
    row = made("Both")
    at_home(page, site)
    other = page.context.new_page()
    at_home(other, site)
    search = other.get_by_label("Search scenarios")
    search.fill(row.name.rpartition(" ")[2])
    expect(other.locator("#scenario-count")).to_contain_text("1 of")
    choose(page, row, "Copy")
    expect(other.locator("#scenario-count")).to_contain_text("2 of")
    expect(search).to_be_focused()


def test_no_serious_fault_in_light_and_dark_and_on_a_narrow_screen(page, site, made):
    row = made("With a long name that breaks somewhere on a narrow screen")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        at_home(page, site)
        assert not faults_of_accessibility(page)
        page.locator("#open-upload").click()
        assert not faults_of_accessibility(page)
    page.set_viewport_size({"width": 320, "height": 700})
    for opener in ("#open-new", "#open-differences"):
        at_home(page, site)
        page.locator(opener).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert not faults_of_accessibility(page)
        page.keyboard.press("Escape")
    page.get_by_role("button", name=f"Actions: {row.name}", exact=True).click()
    menu = page.get_by_role("menu").bounding_box()
    assert menu["x"] >= 0
    assert menu["x"] + menu["width"] <= 320


@pytest.fixture
def of_people(site, tmp_path):
    """The same data served to three people, who say in a header who they are."""
    access = tmp_path / "access.toml"
    access.write_text(
        '[people."anna"]\nrole = "analyst"\nproviders = ["DEMO"]\n'
        '[people."ben"]\nrole = "reader"\nproviders = ["DEMO"]\n'
        '[people."cleo"]\nrole = "analyst"\nproviders = ["OTHER"]\n'
    )
    settings = Settings(
        tmp_path / "home",
        data=(str(site.home / "demo" / "data"),),
        identity="proxy",
        access=access,
        workers=0,
    )
    sock = listen("127.0.0.1", 0)
    application = make_app(open_workspace(settings))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{sock.getsockname()[1]}/", settings.home, site.process)
    server.should_exit = True
    thread.join(20)


def test_sharing_shows_a_scenario_to_others_of_the_provider(browser, of_people):
    people = {}
    try:
        for name in ("anna", "ben", "cleo"):
            context = browser.new_context(extra_http_headers={"X-Forwarded-User": name})
            context.set_default_timeout(60_000)
            people[name] = context.new_page()
        anna, ben, cleo = people.values()
        at_home(anna, of_people)
        anna.locator("#first-scenario").click()
        anna.locator("#new-name").fill("Ours")
        anna.keyboard.press("Enter")
        anna.wait_for_url(re.compile("page=assumptions"))
        at_home(anna, of_people)
        at_home(ben, of_people)
        at_home(cleo, of_people)
        expect(ben.locator("main")).to_contain_text("no scenario for you to see")
        anna.get_by_role("button", name="Actions: Ours").click()
        anna.get_by_role("menuitem", name="Share", exact=True).click()
        expect(anna.locator("#ac-messages")).to_contain_text("All who may see DEMO see Ours now")
        seen = ben.get_by_role("region", name="Shared with me")
        expect(seen.get_by_role("link", name="Ours", exact=True)).to_be_visible()
        ben.get_by_role("button", name="Actions: Ours").click()
        for item in ("Rename…", "Delete", "Copy", "Stop sharing"):
            expect(ben.get_by_role("menuitem", name=item, exact=True)).to_be_hidden()
        expect(cleo.locator("main")).not_to_contain_text("Ours")
        anna.get_by_role("button", name="Actions: Ours").click()
        anna.get_by_role("menuitem", name="Stop sharing").click()
        expect(seen).to_have_count(0)
    finally:
        for person in people.values():
            person.context.close()
