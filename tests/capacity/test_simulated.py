"""Capacity of whole runs: parts add up, seeds reproduce, and both methods move as they should."""

import dataclasses
import json

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import acutecast as ac
from acutecast.capacity import options
from acutecast.capacity.areas import areas
from acutecast.errors import AcutecastError
from acutecast.scenario import to_nhp
from acutecast.synthetic.ambitions import DEMO_SCENARIO

RUNS, YEARS = 6, (2030, 2043)


@pytest.fixture(scope="module")
def provider():
    return ac.demo_provider(size=0.05)


@pytest.fixture(scope="module")
def scenario():
    return DEMO_SCENARIO | {"runs": RUNS, "horizon_year": 2043}


@pytest.fixture(scope="module")
def run(provider, scenario, tmp_path_factory):
    out = tmp_path_factory.mktemp("capacity") / "run"
    return ac.run(scenario, provider, out, years=[2030], empty_tpmas="warn")


@pytest.fixture(scope="module")
def capacity(run, provider):
    return ac.capacity_of(run, provider)


def again(provider, scenario, tmp_path, **asked):
    threads = asked.pop("threads", None)
    run = ac.run(scenario, provider, tmp_path / "again", years=[2030], empty_tpmas="warn",
                 threads=threads, capacity=options(**asked))  # fmt: skip
    return ac.open_capacity(run)


def folder(capacity):
    from pathlib import Path

    return Path(capacity.run.path) / "capacity"


def test_bed_days_of_the_calendar_are_those_of_the_activity(capacity, run):
    # The areas, the time before them and converted spells: in every run and year, by hour.
    total = sum(
        capacity.values(key, "mean_occupied") * capacity.about["open_hours"][key]
        for key in capacity.areas().filter(pl.col("method") == "hourly")["area"]
        if {a.key: a for a in areas()}[key].family in ("bed", "assessment", "critical_care",
                                                       "birth", "recovery")
    )  # fmt: skip
    nights = run.values("beddays", years=run.years).values.sum(axis=0)
    nights = nights - run.values("admissions", years=run.years).values.sum(axis=0)
    # Patient days of 24 hours lie between the nights and the days touched.
    assert np.all(total / 24 > nights * 0.95)
    assert np.all(total / 24 < run.values("beddays", years=run.years).values.sum(axis=0))
    assert (folder(capacity) / "capacity.json").exists()


def test_other_data_is_refused_by_its_bed_days(run, provider):
    other = ac.demo_provider(seed=2, size=0.05)
    with pytest.raises(AcutecastError, match="bed days on the calendar differ"):
        ac.capacity_of(run, other)
    # What was there before is untouched.
    assert ac.open_capacity(run).risk == 0.01


def test_the_same_in_one_pass_on_one_thread_and_on_three(capacity, provider, scenario, tmp_path):
    ours = {path.name: path.read_bytes() for path in folder(capacity).glob("*.parquet")}
    for threads in (1, 3):
        other = again(provider, scenario, tmp_path / str(threads), threads=threads)
        theirs = {path.name: path.read_bytes() for path in folder(other).glob("*.parquet")}
        assert ours == theirs


def test_runs_do_not_depend_on_how_many_there_are(capacity, provider, scenario, tmp_path):
    fewer = again(provider, scenario | {"runs": 2}, tmp_path)
    for figure in ("simulated", "preset", "mean_occupied", "peak_occupied"):
        ours = capacity.values("ward_adult_non_elective", figure)[:, :2]
        assert np.array_equal(ours, fewer.values("ward_adult_non_elective", figure))


def test_the_need_is_the_least_that_keeps_the_risk(capacity):
    hourly = capacity.areas().filter(pl.col("method") == "hourly")["area"]
    assert len(hourly) > 20
    for key in hourly:
        beds = capacity.values(key, "simulated")
        assert np.array_equal(beds, capacity.beds(key))
        allowed = capacity.risk * capacity.about["open_hours"][key]
        for y, year in enumerate(capacity.years):
            above = capacity._above(key, None, year)
            for r in range(RUNS):
                need = int(beds[y, r])
                assert need >= len(above) or above[need, r] <= allowed
                assert need <= 1 or above[need - 1, r] > allowed
        assert np.all(beds <= np.maximum(capacity.values(key, "peak_occupied"), 1))
        assert np.all(capacity.values(key, "worst_week") <= capacity.values(key, "peak_occupied"))


def test_beds_rise_as_the_risk_falls(capacity):
    by_risk = [capacity.beds("ward_adult_non_elective", risk) for risk in (0.1, 0.05, 0.01, 1e-4)]
    for more, less in zip(by_risk[1:], by_risk, strict=False):
        assert np.all(more >= less)
    assert np.all(by_risk[-1] > by_risk[0])


def test_the_shortage_curve_falls_and_suffices_at_the_need(capacity):
    for key in ("ward_adult_non_elective", "ae_major_adult", "recovery_endoscopy"):
        curve = capacity.shortage(key)
        for name in ("mean", "p10", "p90"):
            assert np.all(np.diff(curve[name]) <= 0)
        assert np.all(np.diff(curve["suffice"]) >= 0)
        need = capacity.values(key, "simulated")[-1]
        for beds in (int(need.min()), int(np.median(need)), int(need.max())):
            expected = (need <= beds).mean()
            assert curve["suffice"][beds] == pytest.approx(expected)


def test_week_and_months_average_to_what_is_occupied(capacity):
    from acutecast.capacity.calendar import calendar_of

    calendar = calendar_of(2023)
    often = np.bincount(calendar.hour_of_week, minlength=168)
    hours = np.bincount(calendar.month - 1, minlength=12) * 24
    for key in ("ward_adult_non_elective", "sdec", "theatre_adult_non_elective"):
        share = capacity.about["open_hours"][key]
        mean = capacity.values(key, "mean_occupied")[-1].mean() * share
        week = capacity.week(key)
        assert (week["mean"].to_numpy() * often).sum() == pytest.approx(mean, rel=1e-5)
        months = capacity.months(key)
        assert (months["mean"].to_numpy() * hours).sum() == pytest.approx(mean, rel=1e-5)
        peak = (capacity._months is not None) and months["mean"].max()
        assert capacity.values(key, "peak_month")[-1].mean() >= peak - 1e-5


def test_the_preset_of_a_run_is_its_activity_times_the_formula(capacity, run):
    # Outpatient follow-ups: attendances × (20 + 0.089 / 0.911 × 20) / 60 / (2860 × 0.85).
    attended = run.values("attendances", where={"pod": "op_follow-up"}, years=run.years).values[0]
    each = 20 + 0.089 / 0.911 * 20
    expected = attended * each / 60 / (2860 * 0.85)
    assert np.allclose(capacity.values("op_follow_up", "preset"), expected)
    # Booked by the same calendar, the simulated need is the same.
    assert np.allclose(capacity.values("op_follow_up", "simulated"), expected)
    # SDEC has its own arrivals and those that spells became.
    arrived = run.values("arrivals", where={"pod": "aae_type-05"}, years=run.years).values[0]
    assert np.allclose(capacity.values("sdec", "preset"), arrived * 4 / (4380 * 0.5))


def test_stated_assumptions_are_used_and_kept(provider, scenario, tmp_path):
    stated = {
        "ward_adult_non_elective": {"occupancy": 0.5},
        "ae_major_adult": {"minutes": [100, 300]},
        "specialty_minutes": {"op_first": {"110": 60}},
    }
    changed = again(provider, scenario, tmp_path, assumptions=stated)
    plain = again(provider, scenario, tmp_path / "plain")
    ratio = changed.values("ward_adult_non_elective", "preset") / plain.values(
        "ward_adult_non_elective", "preset"
    )
    assert np.allclose(ratio, 0.92 / 0.5)
    # An interval is drawn for each run, the same in all years.
    ratio = changed.values("ae_major_adult", "preset") / plain.values("ae_major_adult", "preset")
    assert np.allclose(ratio, ratio[0])
    assert len(set(ratio[0].round(6))) == RUNS
    assert np.all(changed.values("op_first", "simulated") > plain.values("op_first", "simulated"))
    assert np.array_equal(changed.values("op_first", "preset"), plain.values("op_first", "preset"))
    kept = {(r["area"], r["name"]): r for r in changed.about["assumptions"]}
    assert kept["ward_adult_non_elective", "occupancy"]["source"] == "stated by the user"
    # Nothing else moves.
    assert np.array_equal(
        changed.values("ward_child", "simulated"), plain.values("ward_child", "simulated")
    )


def test_a_scenario_states_its_own_and_a_file_goes_before_it(provider, scenario, tmp_path):
    stated = {"capacity": {"ward_adult_non_elective": {"occupancy": 0.5, "days": 300}}}
    own = again(provider, scenario | stated, tmp_path / "own")
    key = "ward_adult_non_elective"
    assert json.loads(own.run.scenario_json)["capacity"] == stated["capacity"]
    over = ac.capacity_of(own.run, provider, assumptions={key: {"occupancy": 0.8}})
    kept = {(r["area"], r["name"]): r["value"] for r in over.about["assumptions"]}
    assert kept[key, "occupancy"] == 0.8
    assert kept[key, "days"] == 300
    wrong = scenario | {"capacity": {key: {"occupancy": 3}, "attic": {}}}
    with pytest.raises(AcutecastError) as fault:
        ac.load_scenario(wrong)
    where = {problem.where for problem in fault.value.problems}
    assert where == {f"capacity.{key}.occupancy", "capacity.attic"}
    loaded = ac.load_scenario(scenario | stated | {"dataset": "X", "baseline_year": 2023})
    with pytest.raises(AcutecastError, match="no assumptions of capacity"):
        to_nhp(loaded)


def test_sites_apart_hold_the_patients_of_all(provider, scenario, tmp_path, capacity):
    apart = again(provider, scenario, tmp_path, by_site=True)
    assert len(apart.sites) == 3
    key = "ward_adult_non_elective"
    used = apart.needs([key]).filter(pl.col("figure") == "simulated")["site"].to_list()
    by_site = {site: apart.values(key, "mean_occupied", site) for site in used}
    assert np.allclose(sum(by_site.values()), capacity.values(key, "mean_occupied"))
    # Shared beds are never more than the beds of sites that each keep the risk for themselves.
    beds = sum(apart.values(key, "simulated", site) for site in used)
    assert np.all(beds >= capacity.values(key, "simulated"))
    with pytest.raises(AcutecastError, match="counted apart"):
        apart.week(key)


def test_levelled_electives_need_fewer_beds(provider, scenario, tmp_path, capacity):
    level = again(provider, scenario, tmp_path, elective_days=7)
    key = "recovery_adult_surgical"
    assert np.allclose(level.values(key, "mean_occupied"), capacity.values(key, "mean_occupied"))
    assert level.values(key, "simulated").mean() < capacity.values(key, "simulated").mean()
    unplanned = "assessment_child"
    assert np.array_equal(level.values(unplanned, "simulated"),
                          capacity.values(unplanned, "simulated"))  # fmt: skip


def test_data_without_dates_is_simulated_by_published_patterns_and_says_so(
    provider, scenario, tmp_path, capacity
):
    table = provider.tables["ip"].drop_columns(["admidate", "admihour", "dishour", "disdate"])
    blind = dataclasses.replace(provider, tables={**provider.tables, "ip": table})
    found = again(blind, scenario, tmp_path)
    said = {warning["where"]: warning["what"] for warning in found.warnings}
    assert "published" in said["ip.admidate"]
    assert "published" in said["aae.arrival_hour"]
    key = "ward_adult_non_elective"
    ratio = found.values(key, "mean_occupied") / capacity.values(key, "mean_occupied")
    assert np.all(abs(ratio - 1) < 0.05)


def test_hours_of_arrival_in_the_data_are_used(provider, scenario, tmp_path):
    aae = provider.tables["aae"]
    hours = pa.array(np.full(aae.num_rows, 3, np.int32))
    timed = dataclasses.replace(
        provider, tables={**provider.tables, "aae": aae.append_column("arrival_hour", hours)}
    )
    found = again(timed, scenario, tmp_path)
    week = found.week("ae_minor_adult").group_by("hour").agg(pl.col("mean").sum())
    busiest = week.sort("mean")["hour"].to_list()[-1]
    assert busiest in (3, 4)
    assert "aae.arrival_hour" not in {warning["where"] for warning in found.warnings}


def test_diagnostics_and_workforce_are_off_unless_asked_for(
    provider, scenario, tmp_path, capacity, run
):
    assert set(capacity.needs()["figure"]).isdisjoint({"tests", "scanners", "nurses"})
    found = again(provider, scenario, tmp_path, diagnostics=True, workforce=True)
    mri = found.values("mri", "tests", "all")
    admitted = run.values("admissions", years=run.years).values[0]
    attended = sum(run.values(m, years=run.years).values[0]
                   for m in ("attendances", "tele_attendances"))  # fmt: skip
    arrived = run.values("arrivals", years=run.years).values[0]
    assert np.allclose(mri, admitted * 0.04 + attended * 0.024 + arrived * 0.005)
    # 7.5 h × beds / 6 twice and 10 h × beds / 8 at night, 7 days, 22% headroom, 37.5 hours a week.
    beds = found.values("ward_adult_non_elective", "simulated")
    hours = beds / 6 * 7.5 * 2 + beds / 8 * 10
    assert np.allclose(found.values("ward_adult_non_elective", "nurses"), hours * 7 * 1.22 / 37.5)


def test_the_baseline_is_the_year_itself(capacity, provider):
    ip = pl.DataFrame(provider.tables["ip"].select(["pod", "age", "speldur", "admihour",
                                                    "dishour"]))  # fmt: skip
    ward = ip.filter(pl.col("pod").cast(pl.String) == "ip_maternity_admission")
    hours = (ward["speldur"] * 24 + ward["dishour"] - ward["admihour"]).clip(1).sum()
    at = capacity.needs().filter(pl.col("figure") == "mean_occupied")
    open_hours = capacity.about["open_hours"]
    keys = ("maternity_ward", "birth_normal", "birth_assisted", "birth_emergency_caesarean",
            "maternity_assessment")  # fmt: skip
    ours = sum(row["baseline"] * open_hours[row["area"]]
               for row in at.iter_rows(named=True) if row["area"] in keys)  # fmt: skip
    assert ours == pytest.approx(hours, rel=0.02)


def test_small_baselines_are_hidden_where_the_run_hides_them(provider, scenario, tmp_path):
    run = ac.run(scenario, provider, tmp_path / "run", years="horizon", empty_tpmas="warn",
                 suppress=30, capacity=options())  # fmt: skip
    needs = ac.open_capacity(run).needs().filter(pl.col("figure") == "simulated")
    hidden = needs.filter(pl.col("baseline").is_null())["area"].to_list()
    assert "birth_assisted" in hidden
    assert "ward_adult_non_elective" not in hidden


def test_everything_wrong_is_said_at_once(run, provider):
    with pytest.raises(AcutecastError) as fault:
        ac.capacity_of(
            run,
            provider,
            risk=2,
            areas=["attic"],
            elective_days=3,
            assumptions={
                "ward_child": {"occupancy": 1.2, "beds": 3},
                "op_first": {"minutes": -5, "hours": 0},
                "specialty_minutes": {"op_first": {"110": 0}, "ward_child": {"110": 5}},
            },
        )
    where = {problem.where for problem in fault.value.problems}
    assert {"risk", "areas", "elective_days", "ward_child.occupancy", "ward_child.beds",
            "op_first.minutes", "op_first.hours"} <= where  # fmt: skip
    assert sum(place.startswith("specialty_minutes") for place in where) == 2


def test_an_area_that_nobody_belongs_to_is_an_error_where_it_is_named(run, provider):
    for asked in ({"areas": ["interventional_radiology"]},
                  {"assumptions": {"interventional_radiology": {"minutes": 100}}}):  # fmt: skip
        with pytest.raises(AcutecastError, match="nobody in the baseline belongs"):
            ac.capacity_of(run, provider, **asked)


def test_questions_that_have_no_answer(capacity, run, tmp_path):
    with pytest.raises(AcutecastError, match='no area "attic"'):
        capacity.needs(["attic"])
    with pytest.raises(AcutecastError, match="booked by session"):
        capacity.shortage("op_first")
    with pytest.raises(AcutecastError, match="2031 was not simulated"):
        capacity.needs(years=[2031])
    with pytest.raises(AcutecastError, match="no site"):
        capacity.shortage("ward_child", site="X")


def test_a_run_without_capacity_and_damaged_files(provider, scenario, tmp_path):
    run = ac.run(scenario | {"runs": 1}, provider, tmp_path / "run", years="horizon",
                 empty_tpmas="warn")  # fmt: skip
    with pytest.raises(AcutecastError, match="has no capacity yet"):
        ac.open_capacity(run)
    with pytest.raises(AcutecastError, match="this needs the provider tables"):
        ac.capacity_of(run)  # made in memory: nobody knows where the data are
    made = ac.capacity_of(run, provider)
    (folder(made) / "needs.parquet").write_bytes(b"PAR1")
    with pytest.raises(AcutecastError, match="damaged"):
        ac.open_capacity(run).needs()
    (folder(made) / "capacity.json").write_text("{")
    with pytest.raises(AcutecastError, match="damaged"):
        ac.open_capacity(run)
    about = json.dumps({"format_version": 99})
    (folder(made) / "capacity.json").write_text(about)
    with pytest.raises(AcutecastError, match="newer version"):
        ac.open_capacity(run)


def test_every_area_is_explained(capacity):
    for key in capacity.areas()["area"]:
        text = capacity.explain(key)
        label = {area.key: area.label for area in areas()}[key]
        assert text.startswith(label)
        assert "preset" in text
        assert "{" not in text
        assert "nan" not in text


def test_a_run_on_an_object_store(provider, scenario):
    import fsspec

    url = "memory://runs/capacity"
    run = ac.run(scenario | {"runs": 2}, provider, url, years="horizon", empty_tpmas="warn",
                 capacity=options())  # fmt: skip
    found = ac.open_capacity(url)
    assert found.needs().height > 50
    assert fsspec.filesystem("memory").exists("/runs/capacity/capacity/capacity.json")
    assert run.runs == 2
