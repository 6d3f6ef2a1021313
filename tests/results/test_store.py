"""A stored run holds what the engine gave, in the same bytes each time, whole or not at all."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_projection import PROVIDER, SCENARIO, make_projection

from acutecast.demand.cube import Cube, Parts
from acutecast.results.cells import read_cells
from acutecast.results.run import open_run
from acutecast.results.store import save_run, write_cube, write_parts


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def rows_of(cube: Cube) -> dict[tuple, tuple]:
    """List a cube's rows that are not zero throughout, by labels."""
    rows = {}
    for y, year in enumerate(cube.years):
        for c in range(len(cube.baseline)):
            for m, measure in enumerate(cube.measures):
                values = tuple(cube.values[y, :, c, m].tolist())
                if any(values) or cube.baseline[c, m]:
                    labels = tuple(str(column[c]) for column in cube.keys.values())
                    rows[(*labels, measure, year)] = (int(cube.baseline[c, m]), values)
    return rows


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(1, 9),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_a_cube_comes_back_as_it_was(tmp_path_factory, seed, years, runs, cells, measures, filled):
    rng = np.random.default_rng(seed)
    shape = (years, runs, cells, measures)
    cube = Cube(
        "any",
        "ip",
        {"pod": np.array([f"p{i % 2}" for i in range(cells)]), "n": np.arange(cells).astype(str)},
        tuple(f"m{i}" for i in range(measures)),
        tuple(range(2024, 2024 + years)),
        rng.integers(0, 2**40, shape[2:]) * (rng.random(shape[2:]) < filled),
        (rng.integers(0, 2**31 - 1, shape) * (rng.random(shape) < filled)).astype(np.int32),
    )
    path = tmp_path_factory.mktemp("cube") / "any.parquet"
    written = write_cube(path, cube)
    cells_read = read_cells(path, "any", runs)
    names = [
        np.array(c.names, dtype=object)[c.codes] if len(c.codes) else []
        for c in cells_read.keys.values()
    ]
    back = {
        (*labels, int(year)): (int(base), tuple(values.tolist()))
        for *labels, year, base, values in zip(
            *names, cells_read.year, cells_read.baseline, cells_read.values, strict=True
        )
    }
    assert back == rows_of(cube)
    assert written == len(back)


def test_parts_come_back_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1e6, (2, 4, 6))
    parts = Parts("attribution", {"pod": np.array(list("aabbcc"))}, (2024, 2025), values)
    write_parts(tmp_path / "p.parquet", parts)
    back = read_cells(tmp_path / "p.parquet", "attribution", 4)
    assert (back.values.reshape(2, 6, 4).transpose(0, 2, 1) == values).all()
    assert back.year.tolist() == [2024] * 6 + [2025] * 6


def test_the_same_projection_gives_the_same_bytes_in_all_but_timings(tmp_path):
    first, second = make_projection(seed=3), make_projection(seed=3)
    second = dataclasses.replace(second, timings={"kernel": 99.0})
    save_run(first, SCENARIO, PROVIDER, tmp_path / "a")
    save_run(second, SCENARIO, PROVIDER | {"source": "there"}, tmp_path / "b")
    a, b = files(tmp_path / "a"), files(tmp_path / "b")
    assert a.keys() == b.keys()
    assert {name for name in a if a[name] != b[name]} == {"timings.json"}


def test_run_json_says_what_the_run_is(tmp_path):
    projection = make_projection()
    save_run(projection, SCENARIO, PROVIDER, tmp_path / "run")
    info = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert info["scenario"] == "growth ü"
    assert (info["dataset"], info["baseline_year"], info["horizon_year"]) == ("RXX", 2023, 2030)
    assert (info["seed"], info["runs"], info["years"]) == (17, 7, [2024, 2026, 2030])
    assert info["inputs"]["ip"] == "ab"
    assert info["warnings"][0]["what"] == "no factor"
    cubes = {f"cube/{name}.parquet" for name in projection.cubes}
    assert set(info["tables"]) == cubes | {
        "attribution.parquet",
        "step_counts.parquet",
        "draws.parquet",
    }
    assert (tmp_path / "run" / "scenario.json").read_text(encoding="utf-8") == SCENARIO


def test_a_save_that_fails_leaves_the_earlier_run(tmp_path):
    save_run(make_projection(), SCENARIO, PROVIDER, tmp_path / "run")
    before = files(tmp_path / "run")
    with pytest.raises(ValueError, match="Expecting"):
        save_run(make_projection(seed=2), "{", PROVIDER, tmp_path / "run")
    assert files(tmp_path / "run") == before
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_an_object_store_gets_the_same_files(tmp_path):
    projection = make_projection()
    url = "memory://bucket/runs/one"
    save_run(make_projection(seed=8, cells=20), SCENARIO, PROVIDER, url)
    save_run(projection, SCENARIO, PROVIDER, url)
    save_run(projection, SCENARIO, PROVIDER, tmp_path / "run")
    there, here = open_run(url), open_run(tmp_path / "run")
    assert there.info == here.info
    assert there.summary().equals(here.summary())
    assert there.draws().equals(here.draws())
    assert there.scenario_json == SCENARIO


def test_draws_have_a_column_per_assumption(tmp_path):
    projection = make_projection()
    save_run(projection, SCENARIO, PROVIDER, tmp_path / "run")
    draws = open_run(tmp_path / "run").draws()
    assert draws.columns == ["model_run", "variant", *projection.draws.names]
    assert draws["model_run"].to_list() == list(range(1, 8))
    assert (draws.select(projection.draws.names).to_numpy() == projection.draws.values).all()
    assert draws["variant"].to_list() == projection.draws.variants.tolist()


def test_other_tools_read_the_cube(tmp_path):
    projection = make_projection()
    save_run(projection, SCENARIO, PROVIDER, tmp_path / "run")
    table = pl.read_parquet(tmp_path / "run" / "cube" / "op_full.parquet")
    assert table.columns[-2:] == ["baseline", "values"]
    assert table["values"].dtype == pl.Array(pl.Int32, 7)
    total = projection.cubes["op_full"].values.sum()
    assert table["values"].arr.sum().sum() == total


def test_a_suppressed_run_shows_no_small_baseline_nor_its_totals(tmp_path):
    projection = make_projection()
    save_run(projection, SCENARIO, PROVIDER, tmp_path / "run", suppress=5)
    stored = pl.read_parquet(tmp_path / "run" / "cube" / "ip_full.parquet")["baseline"]
    plain = projection.cubes["ip_full"].baseline
    assert ((plain >= 1) & (plain < 5)).any()
    assert not stored.is_between(1, 4).any()
    assert stored.null_count() == ((plain >= 1) & (plain < 5)).sum()
    run = open_run(tmp_path / "run")
    assert run.info["suppressed_below"] == 5
    total = run.summary(by=(), measures="admissions", where={"tretspef": ["100", "103"]})
    assert total["baseline"].to_list() == [None]
    assert total["change_pct"].to_list() == [None]
    assert total["mean"][0] > 0


def test_a_suppressed_run_has_no_parts_that_give_a_baseline_back(tmp_path):
    projection = make_projection()
    steps = projection.step_counts
    place = [steps.keys[name] for name in ("activity_type", "sitetret", "pod", "measure")]
    rows = list(zip(*place, steps.keys["change_factor"], strict=True))
    small = {
        row[:-1]
        for row, value in zip(rows, steps.values.max(axis=(0, 1)), strict=True)
        if row[-1] == "baseline" and 1 <= value < 50
    }
    assert small
    save_run(projection, SCENARIO, PROVIDER, tmp_path / "run", suppress=50)
    run = open_run(tmp_path / "run")
    for name in ("attribution", "step_counts"):
        keys = run.parts(name).keys
        columns = [
            np.array(keys[key].names)[keys[key].codes]
            for key in ("activity_type", "sitetret", "pod", "measure")
        ]
        stored = set(zip(*(column.tolist() for column in columns), strict=True))
        assert stored
        assert not stored & small
