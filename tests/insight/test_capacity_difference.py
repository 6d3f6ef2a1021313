"""The difference in beds between runs."""

import numpy as np
import polars as pl
import pytest

import acutecast as ac
from acutecast.capacity import options
from acutecast.errors import AcutecastError
from acutecast.insight.capacity_difference import compare_capacity
from acutecast.provider import write_provider

WARD = "ward_adult_non_elective"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("difference")
    write_provider(ac.demo_provider(size=0.03), folder / "data")

    def run(name, **changes):
        scenario = {"name": name, "runs": 8, "horizon_year": 2030} | changes
        ac.run(scenario, folder / "data", folder / name, years="horizon", capacity=options())
        return ac.open_capacity(folder / name)

    shorter = {"efficiencies": {"ip": {"emergency_elderly": [0.4, 0.6]}}}
    return {"base": run("base"), "less": run("less", **shorter), "seed": run("seed", seed=5)}


def test_a_run_against_itself_is_zero(made):
    table = compare_capacity([made["base"], made["base"]], names=["a", "b"])
    assert (table["difference"] == 0).all()
    assert (table["probability_more"] == 0.5).all()


def test_shorter_stays_need_fewer_beds(made):
    row = compare_capacity([made["base"], made["less"]], areas=[WARD]).filter(
        pl.col("figure") == "simulated"
    ).row(0, named=True)  # fmt: skip
    beds = [made[name].values(WARD, "simulated")[-1] for name in ("base", "less")]
    assert row["paired"]
    assert row["difference"] == pytest.approx((beds[1] - beds[0]).mean())
    assert row["p10"] == pytest.approx(np.quantile(beds[1] - beds[0], 0.1))
    assert row["difference"] < 0
    assert row["probability_more"] < 0.2
    back = compare_capacity([made["less"], made["base"]], areas=[WARD]).filter(
        pl.col("figure") == "simulated"
    ).row(0, named=True)  # fmt: skip
    assert back["difference"] == pytest.approx(-row["difference"])
    assert back["probability_more"] == pytest.approx(1 - row["probability_more"])


def test_another_seed_is_unpaired(made):
    table = compare_capacity([made["base"], made["seed"]], areas=[WARD])
    assert not table["paired"].any()
    assert table["narrower"].is_null().all()


def test_areas_that_are_not_there(made):
    with pytest.raises(AcutecastError, match='area "attic"'):
        compare_capacity([made["base"], made["less"]], areas=["attic"])
