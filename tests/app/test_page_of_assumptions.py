"""The page of assumptions: fields that save themselves, two people at once, live effect."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from acutecast.app.pages.assumptions.sections import SECTIONS
from acutecast.workspace import (
    Edit,
    create_scenario,
    edit,
    history,
    identify,
    open_workspace,
    read_scenario,
)
from acutecast.workspace.settings import Settings
from app.conftest import Site, faults_of_accessibility

# Longer than usual: tests may share the machine with others.
expect.set_options(timeout=60_000)
FALLS = "Falls Related Admissions"
FRAIL = "Older People with Frailty Admissions (High Frailty Risk)"
# Sections that are made as expatriation is.
ALIKE = ("repat_local", "repat_nonlocal", "waiting")
SMOKING = "Smoking Related Admissions"


@pytest.fixture(scope="module")
def workspace(site):
    return open_workspace(Settings(home=site.home))


@pytest.fixture
def made(workspace, request):
    """Make a scenario of this test alone, and give its id."""

    def make(**content) -> str:
        given = {"name": "x", "baseline_year": 2023, "horizon_year": 2041} | content
        person = identify(workspace.settings, {})
        return create_scenario(workspace, person, given, "DEMO", request.node.name[:80]).id

    return make


@pytest.fixture
def stored(workspace):
    """Read what a scenario holds now."""
    return lambda id: read_scenario(workspace, identify(workspace.settings, {}), id).content


def look_at(page: Page, site: Site, id: str, section: str, more: str = "") -> None:
    page.goto(site.link(f"?page=assumptions&scenario={id}&section={section}{more}"))
    expect(page.locator("#ac-body")).to_be_visible(timeout=60_000)


def row_of(page: Page, name: str) -> Locator:
    """Give the row of a TPMA in the table."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def leave(field: Locator, text: str) -> None:
    """Type something and go on to the next field, as one does with the keyboard."""
    field.fill(text)
    field.press("Tab")


def effect_is_known(page: Page) -> None:
    expect(page.locator("#ac-effect-line")).not_to_contain_text("worked out", timeout=60_000)


def test_three_tpmas_one_by_field_and_two_from_what_experts_expect(page, site, made, stored):
    id = made()
    look_at(page, site, id, "tpmas")
    page.get_by_label("Search").fill("falls related")
    expect(page.get_by_text("1 of 92 are shown.")).to_be_visible()
    assert "find=falls" in page.url
    falls = row_of(page, FALLS)
    leave(falls.get_by_label("At least"), "5")
    expect(falls).to_contain_text("nothing is stored yet")
    leave(falls.get_by_label("At most"), "12")
    expect(falls).to_contain_text("5% to 12% fewer")
    expect(falls).to_contain_text("0.88 to 0.95")
    expect(page.locator("#ac-saved")).to_have_text(re.compile(r"Saved \d\d:\d\d"))
    expect(page.locator("#ac-effect-line")).to_contain_text(f"of {FALLS}", timeout=60_000)
    expect(page.locator("#ac-effect-line")).to_contain_text("fewer emergency admissions a year")

    page.get_by_label("Search").fill("")
    for name in (FALLS, SMOKING, FRAIL):
        row_of(page, name).get_by_role("checkbox").check()
    page.get_by_label("What to do").select_option("elicitation")
    expect(page.get_by_text("2 will change. 1 is set already and stays")).to_be_visible()
    page.get_by_label("Reason for all").fill("Agreed with clinicians")
    page.get_by_role("button", name="Change 2").click()
    expect(row_of(page, FRAIL)).to_contain_text("0.4% to 16.4% fewer")
    expect(page.get_by_text("2 changed.")).to_be_visible()
    # The effects of all three are in the table.
    for name in (FALLS, SMOKING, FRAIL):
        expect(row_of(page, name).locator("[data-cell=effect]")).to_contain_text(
            "admissions", timeout=60_000
        )

    row_of(page, FALLS).get_by_role("link").click()
    expect(page.get_by_role("heading", name=FALLS, exact=True)).to_be_visible()
    leave(page.get_by_label("Reason", exact=True), "A falls service opens in 2026")
    expect(page.locator("#ac-saved")).to_contain_text("Saved")
    expect(page.locator("#ac-one-effect")).to_contain_text(
        "fewer emergency admissions", timeout=60_000
    )
    expect(page.locator(".ac-chart[data-drawn=yes]").first).to_be_visible(timeout=60_000)
    assert not faults_of_accessibility(page)
    set_now = stored(id)["activity_avoidance"]["ip"]
    assert set_now["falls_related_admissions"] == {
        "distribution": "normal", "p10": 0.88, "p90": 0.95,
        "reason": "A falls service opens in 2026",
    }  # fmt: skip
    assert set_now["smoking"]["reason"] == "Agreed with clinicians"
    page.goto(site.link(f"?page=assumptions&scenario={id}&section=overview"))
    expect(page.get_by_role("row").filter(has_text=FALLS)).to_contain_text("A falls service")


def test_a_wrong_value_says_why_and_keeps_what_was_typed(page, site, made, stored):
    id = made(activity_avoidance={"ip": {"smoking": [0.9, 0.97]}})
    look_at(page, site, id, "tpmas")
    row = row_of(page, SMOKING)
    least, most = row.get_by_label("At least"), row.get_by_label("At most")
    for text, why in (
        ("120", "120 lies outside 0 to 100. Write how many percent fewer"),
        ("a few", '"a few" is not a number'),
        ("1", "at least 3 is above at most 1. Swap the two"),
    ):
        leave(most, text)
        expect(row.get_by_role("status")).to_contain_text(re.compile(re.escape(why), re.I))
        expect(most).to_have_value(text)
    expect(page.locator("#ac-saved")).to_contain_text("Not saved")
    assert stored(id)["activity_avoidance"]["ip"]["smoking"] == [0.9, 0.97]
    # After a reload it is still there, and told wrong.
    page.reload()
    expect(row_of(page, SMOKING).get_by_label("At most")).to_have_value("1")
    expect(row_of(page, SMOKING).get_by_role("status")).to_contain_text("Swap the two")
    leave(row_of(page, SMOKING).get_by_label("At most"), "20")
    expect(row_of(page, SMOKING)).to_contain_text("3% to 20% fewer")
    expect(least).to_have_value("3")
    assert not faults_of_accessibility(page)


def test_two_people_at_once_lose_nothing(page, browser, site, made, stored):
    id = made(expat={"ip": {"elective": {"110": [0.9, 0.95]}}})
    other = browser.new_context().new_page()
    for one in (page, other):
        look_at(one, site, id, "expat")

    def field(one: Page, specialty: str, end: str) -> Locator:
        name = re.compile(f"^At {end}.*{specialty}.*inpatients: elective")
        return one.get_by_role("textbox", name=name)

    # Different fields: both stay, and each sees the other's.
    leave(field(page, "Urology", "least"), "2")
    leave(field(page, "Urology", "most"), "4")
    leave(field(other, "General Surgery", "least"), "1")
    leave(field(other, "General Surgery", "most"), "3")
    expect(field(page, "General Surgery", "most")).to_have_value("3")
    expect(field(other, "Urology", "most")).to_have_value("4")
    expect(page.locator("#ac-others")).to_contain_text("changed 1 assumption: show")

    # The same field: who comes second is asked.
    field(other, "Trauma and Orthopaedics", "most").fill("20")
    leave(field(page, "Trauma and Orthopaedics", "most"), "30")
    expect(page.locator("#ac-saved")).to_contain_text("Saved")
    expect(other.locator("#ac-others")).to_contain_text("changed")
    field(other, "Trauma and Orthopaedics", "most").press("Tab")
    panel = other.get_by_role("group", name="Two people changed this")
    expect(panel).to_contain_text("5% to 30% fewer")
    expect(panel).to_contain_text("yours: 5% to 20% fewer")
    assert not faults_of_accessibility(other)
    assert stored(id)["expat"]["ip"]["elective"]["110"] == [0.7, 0.95]
    panel.get_by_role("button", name="Use mine").click()
    expect(field(page, "Trauma and Orthopaedics", "most")).to_have_value("20")
    expect(panel).to_have_count(0)
    assert stored(id)["expat"]["ip"]["elective"] == {
        "100": [0.97, 0.99], "101": [0.96, 0.98], "110": [0.8, 0.95],
    }  # fmt: skip
    other.context.close()


def test_what_was_typed_before_a_reload_overwrites_nobody(page, site, made, stored, workspace):
    id = made(expat={"op": {"110": 0.9}})
    look_at(page, site, id, "expat")
    name = re.compile("^At most.*Trauma and Orthopaedics.*outpatients")
    page.get_by_role("textbox", name=name).fill("30")
    edit(workspace, identify(workspace.settings, {}), id, 1, [Edit(("expat", "op", "110"), 0.8)])
    page.reload()
    panel = page.get_by_role("group", name="Two people changed this")
    expect(panel).to_contain_text("to 30% fewer", timeout=60_000)
    assert stored(id)["expat"]["op"]["110"] == 0.8


def test_a_change_is_undone_and_the_scenario_goes_back(page, site, made, stored, workspace):
    id = made(waiting_list={"ip": {"110": 1.1}})
    look_at(page, site, id, "waiting")
    row = page.get_by_role("row").filter(has_text="Trauma").first
    leave(row.get_by_label("To, %"), "30")
    expect(row).to_contain_text("10% to 30% more")
    look_at(page, site, id, "history")
    revision = page.get_by_role("listitem").filter(has_text="Revision 2").first
    expect(revision).to_contain_text("10% more → 10% to 30% more")
    page.get_by_role("button", name="Undo revision 2").click()
    expect(page.get_by_text("Revision 2 is undone.")).to_be_visible()
    expect(page.get_by_text("Undone:")).to_be_visible()
    assert stored(id)["waiting_list"] == {"ip": {"110": 1.1}}
    page.get_by_role("button", name="Go back to revision 2").click()
    expect(page.get_by_text("This is revision 4.")).to_be_visible()
    assert stored(id)["waiting_list"] == {"ip": {"110": [1.1, 1.3]}}
    kinds = [change.kind for change in history(workspace, identify(workspace.settings, {}), id)]
    assert kinds == ["revert", "undo", "edit", "create"]


@pytest.mark.long
def test_every_section_opens_and_can_be_used_by_all(page, site, made):
    id = made(
        expat={"op": {"110": {"distribution": "triangular", "low": 0.8, "mode": 0.9, "high": 1}}},
        capacity={"ward_adult_non_elective": {"occupancy": [0.85, 0.92]}},
        population={
            "variants": {"migration_category": 0.5, "own_town": 0.5},
            "own": {"own_town": {"housing": {"Estuary": {"dwellings": {"2028": 400}}}}},
        },
        non_demographic_growth={"ip": {"elective": [1.0, 1.01]}},
        inequalities={"level_up": ["XX99"]},
    )
    for section in SECTIONS:
        look_at(page, site, id, section.key)
        expect(page.get_by_role("heading", name=section.title, exact=True)).to_be_visible()
        expect(page.locator("#ac-body .ac-problems")).to_have_count(0)
        if section.key not in ALIKE:
            assert not faults_of_accessibility(page), section.key
    page.get_by_role("button", name="Dark or light").click()
    for section in ("tpmas", "population"):
        look_at(page, site, id, section)
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
        assert not faults_of_accessibility(page), section
    page.set_viewport_size({"width": 320, "height": 700})
    for section in ("tpmas", "expat", "capacity", "tpmas&tpma=falls_related_admissions"):
        look_at(page, site, id, section)
        effect_is_known(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, section


def test_population_weights_and_inequalities(page, site, made, stored):
    id = made()
    look_at(page, site, id, "population")
    ten_years = page.get_by_role("textbox", name="Weight in percent: 10-year migration trend")
    leave(ten_years, "100")
    principal = page.get_by_role("row").filter(has_text="Migration category (principal)")
    expect(principal).to_contain_text("50% of the runs")
    assert stored(id)["population"]["variants"] == {
        "migration_category": 1.0, "var_proj_10_year_migration": 1.0,
    }  # fmt: skip
    page.get_by_label("What to call it").fill("New town")
    page.get_by_role("button", name="Add a projection").click()
    leave(page.get_by_role("textbox", name=re.compile("^From, %: Births per woman")), "-8")
    leave(page.get_by_role("textbox", name=re.compile("^To, %: Births per woman")), "5")
    expect(page.get_by_text("8% less to 5% more")).to_be_visible()
    assert stored(id)["population"]["own"]["own_new_town"]["fertility"] == [0.92, 1.05]

    look_at(page, site, id, "inequalities")
    choices = page.get_by_role("combobox", name=re.compile("Choice: HRG"))
    if choices.count():
        hrg = choices.first.get_attribute("aria-label").removeprefix("Choice: HRG ")
        choices.first.select_option("level_up")
        expect(page.locator("#ac-saved")).to_contain_text("Saved")
        assert stored(id)["inequalities"] == {"level_up": [hrg]}
