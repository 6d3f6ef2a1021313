"""A simulated run, stored, opened, summarised and exported, agrees with what the engine gave."""

import json
from pathlib import Path

import polars as pl
import pytest

from acutecast.demand.engine import simulate
from acutecast.results.nhp import export_nhp
from acutecast.results.run import open_run
from acutecast.results.store import save_run
from acutecast.results.summary import headline
from acutecast.scenario import dump_scenario, from_nhp
from small_provider import small_provider

SAMPLE = Path(__file__).parents[2] / "../shared/data/nhp-params-sample.json"


def test_what_is_simulated_is_what_is_shown(tmp_path):
    if not SAMPLE.exists():
        pytest.skip("the sample parameters of the NHP model are not beside the repository")
    params = json.loads(SAMPLE.read_text(encoding="utf-8")) | {"dataset": "RXX", "model_runs": 4}
    provider, scenario = small_provider(), from_nhp(params)
    projection = simulate(provider, scenario, years=[2027], empty_tpmas="warn")
    about = {"dataset": "RXX", "year": provider.year, "hashes": provider.hashes}
    save_run(projection, dump_scenario(scenario), about, tmp_path / "run")
    run = open_run(tmp_path / "run")
    assert (run.name, run.years, run.info["seed"]) == (scenario.name, (2027, 2035), scenario.seed)

    for year in run.years:
        for measure in ("beddays", "attendances", "walk-in"):
            answer = run.values(measure, years=year)
            cube = next(
                c
                for c in projection.cubes.values()
                if measure in c.measures and year in c.years and c.name.endswith("_people")
            )
            values = cube.values[cube.years.index(year), :, :, cube.measures.index(measure)]
            assert (answer.values[0, 0] == values.sum(axis=1)).all()
            parts = run.attribution(where={"measure": measure}, years=year)
            assert parts["baseline"][0] + parts["mean"].sum() == pytest.approx(values.sum(1).mean())

    export_nhp(run, tmp_path / "nhp", params)
    default = pl.read_parquet(tmp_path / "nhp" / "default.parquet")
    for row in headline(run).filter(pl.col("measure") != "arrivals").iter_rows(named=True):
        mine = default.filter((pl.col("pod") == row["pod"]) & (pl.col("measure") == row["measure"]))
        assert mine.filter(pl.col("model_run") == 0)["value"].sum() == row["baseline"]
        total = mine.filter(pl.col("model_run") > 0)["value"].sum()
        assert total / run.runs == pytest.approx(row["principal"])
