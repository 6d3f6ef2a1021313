"""The demo, and the real parameters and projections on it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

import acutecast as ac
from acutecast.demand import simulate
from acutecast.provider import check_provider, conform
from acutecast.scenario import load_scenario, resolve

DATA = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the reference data is not here")


@pytest.fixture(scope="module")
def demo():
    return ac.demo_provider(size=0.03)


def test_the_demo_ends_with_a_table_and_a_picture(tmp_path):
    out = tmp_path / "demo"
    command = [sys.executable, "-m", "acutecast", "demo", "--size", "0.01", "--runs", "8"]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "Principal" in done.stdout
    assert (out / "projection.png").read_bytes().startswith(b"\x89PNG")
    assert "<html" in (out / "projection.html").read_text()[:2000].lower()
    assert ac.open_run(out / "run").years == tuple(range(2024, 2044))
    again = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, text=True)
    assert again.returncode == 2
    assert "other files" in again.stderr


@needs_data
def test_the_nhp_sample_parameters_run_on_the_demo(demo):
    params = json.loads((DATA / "nhp-params-sample.json").read_text())
    params |= {"dataset": "DEMO", "start_year": 2023, "end_year": 2041, "model_runs": 4}
    scenario = resolve(load_scenario(params), "DEMO", 2023, 2046)
    projection = simulate(demo, scenario, years="horizon", empty_tpmas="warn")
    assert projection.years == (2041,)
    assert projection.cubes["ip_full"].values.sum() > 0


@needs_data
def test_real_projections_take_the_place_of_the_made_up_ones(demo, tmp_path):
    tables = dict(demo.tables)
    for name in ("demographic", "birth"):
        published = pa.csv.read_csv(DATA / f"national_{name}_factors.csv")
        tables[f"{name}_factors"] = conform(f"{name}_factors", published)
    provider = replace(demo, tables=tables)
    assert [p for p in check_provider(provider) if not p.warning] == []
    scenario = {"name": "England", "runs": 6, "horizon_year": 2043, "health_status": False,
                "non_demographic_growth": "none"}  # fmt: skip
    run = ac.run(scenario, provider, tmp_path / "run", years="horizon")
    # Worked by hand: spells of each age and sex times the growth of England's people.
    population = tables["demographic_factors"]
    grown = dict(
        zip(
            zip(population["sex"].to_pylist(), population["age"].to_pylist(), strict=True),
            np.array(population["2043"]) / np.array(population["2023"]),
            strict=True,
        )
    )
    spells = demo.tables["ip"]
    people = np.array(spells["demog_type"].cast(pa.string())) == "demographics"
    keys = zip(spells["sex"].to_pylist(), spells["age"].to_pylist(), strict=True)
    growth = np.array([grown[key] for key in keys])
    births = demo_births(population_births=tables["birth_factors"], spells=spells)
    expected = np.where(people, growth, births).sum()
    found = run.values("admissions", by=(), years=[2043])
    assert found.values.mean() == pytest.approx(expected, rel=5 / np.sqrt(expected))


def demo_births(population_births: pa.Table, spells: pa.Table) -> np.ndarray:
    """Growth of births by the mother's age; 1 for the newborn, who have no mother's age."""
    ages = population_births["age"].to_pylist()
    ratio = np.array(population_births["2043"]) / np.array(population_births["2023"])
    by_age = dict(zip(ages, ratio, strict=True))
    rows = zip(spells["sex"].to_pylist(), spells["age"].to_pylist(), strict=True)
    return np.array([by_age.get(age, 1.0) if sex == 2 else 1.0 for sex, age in rows])


def test_an_observer_sees_what_the_counts_hold(demo):
    scenario = resolve(
        load_scenario(
            {
                "name": "Seen", "runs": 3, "horizon_year": 2033,
                "efficiencies": {
                    "ip": {"emergency_elderly": 0.8, "day_procedures_usually_dc": 0.3}
                },
                "activity_avoidance": {"op": {"followup_reduction_adult_surgical": 0.7}},
            }
        ),
        "DEMO", 2023, 2046,
    )  # fmt: skip
    seen = {}
    projection = simulate(
        demo, scenario, years=[2028], threads=1,
        observe=lambda run, key, record: seen.update({(run, key): record}),
    )  # fmt: skip
    for run in range(3):
        spells = seen[run, "ip"]
        for y in range(2):
            n = spells.count[y]
            assert n == projection.cubes["ip_people"].values[y, run, :, 0].sum()
            beddays = (spells.days[y, :n] + 1).sum()
            assert beddays == projection.cubes["ip_people"].values[y, run, :, 1].sum()
        for key in ("op", "aae"):
            counts = projection.cubes[f"{key}_people"].values[:, run].sum(axis=1)
            assert (seen[run, key].sum(axis=1) == counts).all()
