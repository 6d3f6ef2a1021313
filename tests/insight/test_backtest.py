"""Back-tests on made-up later years whose truth is known."""

import dataclasses

import numpy as np
import polars as pl
import pytest

import acutecast as ac
from acutecast.errors import AcutecastError
from acutecast.insight.backtest import SMALL, backtest
from acutecast.insight.later_year import later_year
from acutecast.provider import check_provider
from acutecast.scenario import load_scenario, resolve

TRUE = {
    "name": "True",
    "runs": 64,
    "horizon_year": 2028,
    "activity_avoidance": {"ip": {"falls_related_admissions": [0.6, 0.9]}},
    "efficiencies": {"ip": {"emergency_elderly": [0.7, 0.95],
                            "day_procedures_usually_dc": [0.5, 0.9]}},
}  # fmt: skip
YEAR = 2028


@pytest.fixture(scope="module")
def provider():
    return ac.demo_provider(size=0.05)


@pytest.fixture(scope="module")
def truth(provider):
    return resolve(load_scenario(TRUE), provider.dataset, provider.year, 2043)


@pytest.fixture(scope="module")
def run(provider, tmp_path_factory):
    return ac.run(TRUE, provider, tmp_path_factory.mktemp("backtest") / "run", years="horizon")


def test_a_later_year_is_a_whole_provider_with_the_counts_of_its_run(provider, truth, run):
    made = later_year(provider, truth, YEAR, run=3)
    assert not [p for p in check_provider(made) if not p.warning]
    assert made.year == YEAR
    found = backtest(run, made, by=("pod", "sitetret"))
    # Its seed is the run's, so it is the run's third future, exactly.
    assert np.array_equal(found.truth, found.values[:, 2])


def test_the_true_scenario_covers_the_truth(run, provider, truth):
    inside, pits = [], []
    for history in range(6):
        other = truth.model_copy(update={"seed": 1000 + history})
        made = later_year(provider, other, YEAR)
        table = backtest(run, made).table()
        large = table.filter(pl.col("truth") > 100)
        inside += large["inside"].to_list()
        pits += large["pit"].to_list()
    # 80% are expected; groups of one history move together, so the error is wide.
    assert 0.6 < np.mean(inside) < 0.97
    assert 0.3 < np.mean(pits) < 0.7


def test_a_wrong_scenario_is_found_out(provider, truth, tmp_path):
    wrong = TRUE | {"baseline_adjustment": {"ip": {"non-elective": {"Other (Medical)": 0.7}}},
                    "name": "Wrong"}  # fmt: skip
    wrong["expat"] = {"op": {"Other (Medical)": 0.7, "Other (Surgical)": 0.7}}
    run = ac.run(wrong, provider, tmp_path / "run", years="horizon")
    made = later_year(provider, truth.model_copy(update={"seed": 7}), YEAR)
    summary = backtest(run, made).summary()
    row = summary.filter(pl.col("measure") == "attendances").row(0, named=True)
    assert row["bias_pct"] < -5
    assert row["coverage"] < 0.5
    assert row["coverage_low"] < row["coverage"] + 1e-9 < row["coverage_high"] + 1e-9


def test_the_table_adds_up(run, provider, truth):
    made = later_year(provider, truth.model_copy(update={"seed": 7}), YEAR)
    found = backtest(run, made, by=("pod", "tretspef_grouped"))
    table = found.table()
    assert set(table["measure"]) <= {"admissions", "beddays", "procedures", "attendances",
                                     "tele_attendances"}  # fmt: skip
    assert SMALL in table["pod"].to_list()
    admitted = table.filter(pl.col("measure") == "admissions")
    assert admitted["truth"].sum() == made.tables["ip"].num_rows
    assert admitted["baseline"].sum() == provider.tables["ip"].num_rows
    assert (table["bias"] - (table["mean"] - table["truth"])).abs().max() < 1e-9
    assert any("pooled" in note for note in found.meaning())
    everything = backtest(run, made, by=()).table()
    assert everything.filter(pl.col("measure") == "admissions")["truth"][0] == len(
        made.tables["ip"]
    )


def test_what_cannot_be_scored_is_said(run, provider, truth):
    made = later_year(provider, truth, YEAR)
    with pytest.raises(AcutecastError, match="has no year 2027"):
        backtest(run, dataclasses.replace(made, year=2027))
    with pytest.raises(AcutecastError, match="later year of RZZ"):
        backtest(run, dataclasses.replace(made, dataset="RZZ"))
    sdec = TRUE | {"efficiencies": {"ip": {"same_day_emergency_care_high": [0.2, 0.4]}}}
    turning = resolve(load_scenario(sdec), provider.dataset, provider.year, 2043)
    with pytest.raises(AcutecastError, match="turns spells into"):
        later_year(provider, turning, YEAR)
