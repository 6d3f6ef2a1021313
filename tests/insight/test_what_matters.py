"""What the uncertainty is made of, what would have to be true, and how precise it is."""

import numpy as np
import polars as pl
import pytest

import acutecast as ac
from acutecast.capacity import options
from acutecast.errors import AcutecastError
from acutecast.provider import write_provider

RUNS = 64
FALLS = "activity_avoidance.ip.falls_related_admissions"
EXPAT = "expat.ip.non-elective.Other"


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    # From files, because runs of the same files are known to share their draws.
    root = tmp_path_factory.mktemp("data")
    write_provider(ac.demo_provider(size=0.03), root)
    return ac.read_provider(root)


@pytest.fixture(scope="module")
def run(provider, tmp_path_factory):
    scenario = {
        "name": "Wide",
        "runs": RUNS,
        "horizon_year": 2033,
        "health_status": False,
        "non_demographic_growth": "none",
        "activity_avoidance": {"ip": {"falls_related_admissions": [0.2, 0.8]}},
        "efficiencies": {"ip": {"emergency_elderly": [0.3, 0.9]}},
    }
    out = tmp_path_factory.mktemp("sensitivity") / "run"
    return ac.run(scenario, provider, out, years="horizon", empty_tpmas="warn",
                  capacity=options())  # fmt: skip


def test_shares_name_what_matters_and_add_up(run):
    found = ac.sensitivity(run)
    table = found.table()
    assert table["assumption"][0] == "efficiencies.ip.emergency_elderly"
    assert table["share"][0] > 0.7
    assert table["assumption"][-1] == "not explained"
    assert table["share"].sum() == pytest.approx(1)
    # Longer stays, more bed days: the tornado points the right way.
    assert table["at_high"][0] > table["at_low"][0]


def test_total_shares_are_at_least_the_first(run, provider):
    table = ac.sensitivity(run, data=provider, total=True).table()
    first = table.filter(pl.col("assumption") != "not explained")
    least = (first["share"] - 4 * first["standard_error"] - 0.05).to_numpy()
    assert np.all(first["total"].to_numpy() > least)
    untouched = ac.sensitivity(run, "arrivals", provider, total=True).table()
    # Emergency arrivals depend on no inpatient assumption.
    assert untouched.filter(pl.col("assumption").str.starts_with("eff"))["total"][0] == 0


def test_sensitivity_of_beds(run):
    found = ac.sensitivity(run, "simulated", area="ward_adult_non_elective")
    assert found.table()["assumption"][0] == "efficiencies.ip.emergency_elderly"
    beds = ac.open_capacity(run).values("ward_adult_non_elective", "simulated")[-1]
    assert found.mean == pytest.approx(beds.mean())


def test_a_target_is_met_where_it_says(run, provider, tmp_path):
    now = run.values("beddays").values.sum() / RUNS
    found = ac.target(run, "efficiencies.ip.emergency_elderly", now * 1.05, data=provider)
    assert found.value is not None
    assert found.low <= found.value <= found.high
    assert found.at_low < found.wanted < found.at_high
    from acutecast.results.source import scenario_of

    scenario = scenario_of(run).model_dump(mode="json")
    scenario["efficiencies"]["ip"]["emergency_elderly"] = found.value
    again = ac.run(scenario, provider, tmp_path / "again", years="horizon", empty_tpmas="warn")
    assert again.values("beddays").values.sum() / RUNS == pytest.approx(found.wanted, rel=0.01)
    assert f"{found.value:.4g}" in found.words()


def test_a_target_out_of_reach_says_so(run, provider):
    found = ac.target(run, FALLS, 10.0, data=provider)
    assert found.value is None
    assert "No valid value" in found.words()
    with pytest.raises(AcutecastError, match="has no assumption"):
        ac.target(run, "activity_avoidance.ip.magic", 10.0, data=provider)
    with pytest.raises(AcutecastError, match="expected activity, which has no age_group"):
        ac.target(run, FALLS, 10.0, data=provider, where={"age_group": "85+"})


def test_a_target_for_beds_simulates(run, provider):
    area = "ward_adult_non_elective"
    mean = ac.open_capacity(run).values(area, "simulated")[-1].mean()
    found = ac.target(run, "efficiencies.ip.emergency_elderly", mean + 2, "simulated", provider,
                      area=area)  # fmt: skip
    assert found.now == pytest.approx(mean)
    assert found.value is not None
    assert found.value > found.stated


def test_correlated_assumptions_share_one_name(provider, tmp_path):
    scenario = {
        "name": "Together",
        "runs": 32,
        "horizon_year": 2030,
        "activity_avoidance": {"ip": {"falls_related_admissions": [0.2, 0.8],
                                      "frail_elderly_high": [0.2, 0.8]}},
        "correlations": [{"name": "Frail", "assumptions": ["activity_avoidance.ip.*"],
                          "rho": 0.8}],
    }  # fmt: skip
    run = ac.run(scenario, provider, tmp_path / "run", years="horizon", empty_tpmas="warn")
    names = ac.sensitivity(run, "admissions").table()["assumption"].to_list()
    assert "Frail" in names
    assert FALLS not in names


def test_precision_of_the_headline(run):
    table = ac.precision(run, 0.01)
    row = table.filter((pl.col("pod") == "all") & (pl.col("measure") == "beddays")).row(
        0, named=True
    )
    values = run.values("beddays").values.ravel()
    assert row["standard_error"] == pytest.approx(values.std(ddof=1) / np.sqrt(RUNS))
    needed = (values.std(ddof=1) / values.mean() / 0.01) ** 2
    assert row["runs_for_precision"] == np.ceil(needed)


def test_runs_auto_stop_when_it_is_precise_enough(provider, tmp_path):
    scenario = {"name": "Auto", "horizon_year": 2030}
    run = ac.run(scenario, provider, tmp_path / "auto", runs="auto", precision=0.01,
                 years="horizon")  # fmt: skip
    table = ac.precision(run, 0.01).filter(pl.col("counts"))
    assert table["relative_error"].max() <= 0.01
    assert run.runs < 2000
    with pytest.raises(AcutecastError, match="takes about"):
        ac.run(scenario, provider, tmp_path / "fine", runs="auto", precision=1e-5)
    with pytest.raises(AcutecastError, match="share between 0 and 1"):
        ac.run(scenario, provider, tmp_path / "fine", runs="auto", precision=5)
    with pytest.raises(AcutecastError, match="no number of runs"):
        ac.run(scenario, provider, tmp_path / "fine", runs="many")
    assert not (tmp_path / "fine").exists()


def test_pairing_narrows_a_difference(provider, run, tmp_path):
    from acutecast.results.source import scenario_of

    scenario = scenario_of(run).model_dump(mode="json") | {"name": "Less"}
    scenario["activity_avoidance"]["ip"]["falls_related_admissions"] = [0.1, 0.7]
    other = ac.run(scenario, provider, tmp_path / "other", years="horizon", empty_tpmas="warn")
    row = ac.compare(run, other).table(measures="beddays").row(0, named=True)
    assert row["paired"]
    assert row["narrower"] > 2
    assert row["probability_more"] < 0.1
