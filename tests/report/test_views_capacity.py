"""Views of capacity: their figures are those of the run; what an area lacks is said."""

import polars as pl
import pytest

import acutecast as ac
from acutecast.capacity import options
from acutecast.errors import AcutecastError
from acutecast.provider import write_provider
from acutecast.report.views import Selection, choices, comparison, show, spec, svg
from acutecast.results.run import open_run

WARD = "ward_adult_non_elective"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("views-capacity")
    write_provider(ac.demo_provider(size=0.03), folder / "data")

    def run(name, **changes):
        scenario = {"name": name, "runs": 8, "horizon_year": 2026} | changes
        ac.run(scenario, folder / "data", folder / name, years="all", capacity=options())
        return open_run(folder / name)

    shorter = {"efficiencies": {"ip": {"emergency_elderly": [0.4, 0.6]}}}
    return {"base": run("base"), "less": run("less", **shorter)}


@pytest.fixture(scope="module")
def run(runs):
    return runs["base"]


def test_needs_stand_beside_the_preset_with_interval_and_unit(run):
    (seen,) = show(run, "capacity")
    capacity = ac.open_capacity(run.path)
    needs = {(row["label"], row["figure"]): row for row in capacity.needs().iter_rows(named=True)}
    assert not seen.table.is_empty()
    for row in seen.table.iter_rows(named=True):
        own = needs[row["label"], "simulated"]
        assert row["principal"] == pytest.approx(own["mean"])
        assert row["p90"] == pytest.approx(own["p90"])
        assert row["unit"] == own["unit"]
        preset = needs.get((row["label"], "preset"))
        assert row["preset"] == (None if preset is None else pytest.approx(preset["mean"]))
    assert svg(seen.chart).startswith("<svg")


def test_needs_of_another_year(run):
    (seen,) = show(run, "capacity", Selection(year=2025))
    needs = ac.open_capacity(run.path).needs(years=[2025])
    ward = needs.filter((pl.col("area") == WARD) & (pl.col("figure") == "simulated"))
    row = seen.table.filter(pl.col("label") == ward["label"][0]).row(0, named=True)
    assert row["principal"] == pytest.approx(ward["mean"][0])
    assert "2025/26" in seen.title


def test_the_shortage_curve_falls_and_marks_the_need(run):
    (seen,) = show(run, "shortage", Selection(area=WARD))
    curve = ac.open_capacity(run.path).shortage(WARD)
    shown = dict(zip(seen.table["beds"], seen.table["principal"], strict=True))
    for beds, share in curve.select("beds", "mean").iter_rows():
        if beds in shown:
            assert shown[beds] == pytest.approx(100 * share)
    assert seen.table["principal"].to_list() == sorted(seen.table["principal"], reverse=True)
    marks = spec(seen.chart)["datasets"]["marks"]
    assert {mark["mark"] for mark in marks} == {"simulated", "preset"}
    assert "Simulated need" in seen.alt
    assert svg(seen.chart).startswith("<svg")


def test_the_shortage_of_another_year(run):
    (seen,) = show(run, "shortage", Selection(area=WARD, year=2024))
    capacity = ac.open_capacity(run.path)
    curve = dict(capacity.shortage(WARD, year=2024).select("beds", "mean").iter_rows())
    for beds, share in seen.table.select("beds", "principal").iter_rows():
        assert share == pytest.approx(100 * curve[beds])
    marks = {row["mark"]: row["beds"] for row in spec(seen.chart)["datasets"]["marks"]}
    needs = capacity.needs([WARD], [2024])
    need = needs.filter(pl.col("figure") == "simulated")["mean"][0]
    assert marks["simulated"] == pytest.approx(need)
    assert "2024/25" in seen.title
    assert not seen.notes


def test_the_week_has_every_hour(run):
    (seen,) = show(run, "week", Selection(area=WARD))
    week = ac.open_capacity(run.path).week(WARD)
    assert len(seen.table) == 168
    assert seen.table["principal"].to_list() == pytest.approx(week["mean"].to_list())
    assert seen.table["hour"][13] == "13:00"
    assert seen.table["day"][167] == "Sunday"
    assert svg(seen.chart).startswith("<svg")


def test_beds_by_year_begin_at_the_baseline(run):
    one, every = show(run, "beds")
    assert one.table["year"].to_list() == [2023, 2024, 2025, 2026]
    capacity = ac.open_capacity(run.path)
    needs = capacity.needs(years="all").filter(pl.col("figure") == "simulated")
    assert every.table["principal"].sum() == pytest.approx(needs["mean"].sum())
    assert len(every.table) == len(needs)
    (chosen,) = show(run, "beds", Selection(area="theatre_adult_elective"))
    assert svg(chosen.chart).startswith("<svg")


def test_booked_work_has_no_hours_and_says_so(run):
    booked = ac.open_capacity(run.path).areas().filter(pl.col("method") == "sessions")
    for key in ("shortage", "week"):
        (seen,) = show(run, key, Selection(area=booked["area"][0]))
        assert seen.chart is None
        assert seen.table.is_empty()
        assert "booked by session" in seen.notes[-1]


def test_areas_can_be_chosen_and_others_are_errors(run):
    found = choices(run)
    assert (WARD, "Adult non-elective wards") in found["area"]
    assert found["site"] == [("all", "All sites")]
    with pytest.raises(AcutecastError, match="no such area"):
        show(run, "beds", Selection(area="attic"))
    with pytest.raises(AcutecastError, match="not counted apart"):
        show(run, "capacity", Selection(site="RXX01"))


def test_the_difference_in_space_is_paired(runs):
    seen = {each.key: each for each in comparison((runs["base"], runs["less"]), ("a", "b"))}
    space = seen["comparison-space"]
    row = space.table.filter(pl.col("label") == "Adult non-elective wards").row(0, named=True)
    beds = [ac.open_capacity(run.path).values(WARD, "simulated")[-1] for run in runs.values()]
    assert row["difference"] == pytest.approx((beds[1] - beds[0]).mean())
    assert row["difference"] < 0
    assert svg(space.chart).startswith("<svg")


def test_filters_by_activity_are_not_claimed_of_space(runs):
    picked = Selection(ip_sites=("RXX01",))
    seen = {each.key: each for each in comparison(tuple(runs.values()), ("a", "b"), picked)}
    assert seen["comparison-differences"].notes[0] == "Only inpatients of site RXX01."
    assert "all activity" in seen["comparison-space"].notes[0]
    whole = {each.key: each for each in comparison(tuple(runs.values()), ("a", "b"))}
    assert seen["comparison-space"].table.equals(whole["comparison-space"].table)


def test_what_is_far_from_the_preset_is_said_to_stand_at_the_edge(run):
    (seen,) = show(run, "capacity")
    table = seen.table.filter(pl.col("preset") > 0)
    far = table.filter(~(pl.col("principal") / pl.col("preset")).is_between(0.24, 8.4))
    assert len(far)
    assert any(note.startswith(f"{len(far)} of the areas need more") for note in seen.notes)
    texts = {row["label"]: row["text"] for row in spec(seen.chart)["datasets"]["rows"]}
    # A need is never written as none.
    assert not any(text.endswith(" 0.0") for text in texts.values())


def test_sites_counted_apart_begin_with_the_first(tmp_path):
    data = ac.demo_provider(size=0.01)
    scenario = {"name": "Sites", "runs": 2, "horizon_year": 2026}
    apart = options(by_site=True)
    run = ac.run(scenario, data, tmp_path / "run", years="horizon", capacity=apart)
    sites = ac.open_capacity(run).sites
    for key in ("capacity", "shortage", "week", "beds"):
        seen = show(run, key)[0]
        assert seen.title.endswith(f", site {sites[0]}")
        assert any(f"this is {sites[0]}" in note for note in seen.notes)
        other = show(run, key, Selection(site=sites[1]))[0]
        assert not any("counted apart" in note for note in other.notes)
    both = {each.key: each for each in comparison((run, run), ("a", "b"))}
    assert both["comparison-space"].title.endswith(f", site {sites[0]}")


def test_views_of_a_real_run_agree_with_each_other(run):
    steps, tpmas = show(run, "impact", Selection(measure="beddays"))
    (pods, _) = show(run, "summary", Selection(measure="beddays"))
    assert steps.table["value"][-1] == pytest.approx(pods.table["principal"][0])
    assert tpmas.table.is_empty()
    less, *_ = show(run, "stays")
    assert less.table["principal"].sum() == pytest.approx(pods.table["principal"][0])
