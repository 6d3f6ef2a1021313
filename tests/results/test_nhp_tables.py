"""The export has the layout of the NHP demand model's result files, and the run's numbers."""

import json

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_projection import PROVIDER, SCENARIO, make_projection

from acutecast.errors import AcutecastError
from acutecast.facts.specialties import specialty_group
from acutecast.results.nhp import export_nhp
from acutecast.results.run import open_run
from acutecast.results.store import save_run

PROJECTION = make_projection(seed=6)
PARAMS = {
    "dataset": "RXX",
    "scenario": "test",
    "app_version": "v5.2",
    "create_datetime": "20220101_000000",
    "demographic_factors": {"variant_probabilities": {"low": 0.6, "migration_category": 0.4}},
}
# As version 5.2 of the NHP model writes them to a local folder (seen by running it).
TABLE_KEYS = {
    "default": ["pod", "sitetret", "measure"],
    "sex+age_group": ["pod", "sitetret", "sex", "age_group", "measure"],
    "age": ["pod", "sitetret", "age", "measure"],
    "sex+tretspef_grouped": ["pod", "sitetret", "sex", "tretspef_grouped", "measure"],
    "tretspef": ["pod", "sitetret", "tretspef", "measure"],
    "tretspef+los_group": ["pod", "sitetret", "tretspef", "los_group", "measure"],
    "delivery_episode_in_spell": ["pod", "sitetret", "measure"],
    "acuity": ["pod", "sitetret", "measure", "acuity"],
    "attendance_category": ["pod", "sitetret", "measure", "attendance_category"],
    "avoided_activity": ["pod", "sitetret", "sex", "age_group", "measure"],
    "step_counts": ["activity_type", "sitetret", "pod", "change_factor", "strategy", "measure"],
}
METADATA = ["dataset", "scenario", "app_version", "create_datetime"]
# Which stored table each one sums, by the activity type of the pod.
VIEWS = {
    "default": ("ip_full", "op_full", "aae_full"),
    "sex+age_group": ("ip_full", "op_full", "aae_full"),
    "age": ("ip_age", "op_age", "aae_age"),
    "sex+tretspef_grouped": ("ip_full", "op_full", "sdec_converted"),
    "tretspef": ("ip_full", "op_full", "sdec_converted"),
    "tretspef+los_group": ("ip_full",),
    "delivery_episode_in_spell": ("ip_delivery",),
    "acuity": ("aae_full",),
    "attendance_category": ("aae_full",),
    "avoided_activity": ("ip_avoided", "op_avoided", "aae_avoided"),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    save_run(PROJECTION, SCENARIO, PROVIDER, folder)
    return open_run(folder)


@pytest.fixture(scope="module")
def out(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nhp") / "results"
    export_nhp(run, folder, PARAMS)
    return folder


def expected_counts(name: str) -> dict[tuple, int]:
    """Sum the cubes by hand: value by (keys…, model_run), zeros left out."""
    counts: dict[tuple, int] = {}
    for view in VIEWS[name]:
        cube = PROJECTION.cubes[view]
        columns = {key: cube.keys[key].astype(str) for key in cube.keys}
        size = len(cube.baseline)
        columns.setdefault("tretspef", np.full(size, "Other"))
        columns["tretspef_grouped"] = np.array([specialty_group(t) for t in columns["tretspef"]])
        for m, measure in enumerate(cube.measures):
            columns["measure"] = np.full(size, measure)
            labels = zip(*(columns[key].tolist() for key in TABLE_KEYS[name]), strict=True)
            for c, key in enumerate(labels):
                for run, value in enumerate((cube.baseline[c, m], *cube.values[-1, :, c, m])):
                    if value:
                        counts[(*key, run)] = counts.get((*key, run), 0) + int(value)
    return counts


def test_the_files_are_those_of_the_nhp_model(out):
    names = {path.name for path in out.iterdir()}
    assert names == {f"{name}.parquet" for name in TABLE_KEYS} | {"params.json", "variants.json"}


@pytest.mark.parametrize("name", TABLE_KEYS)
def test_columns_and_types(out, name):
    schema = pq.read_table(out / f"{name}.parquet").schema
    assert schema.names == [*TABLE_KEYS[name], "model_run", "value", *METADATA]
    for field in schema:
        if field.name in ("sex", "age", "model_run"):
            assert field.type == pa.int64()
        elif field.name == "value":
            assert field.type == (pa.float64() if name == "step_counts" else pa.int64())
        else:
            assert field.type == pa.large_string()


@pytest.mark.parametrize("name", TABLE_KEYS)
def test_rows_are_sorted_unique_and_filled(out, name):
    table = pl.read_parquet(out / f"{name}.parquet")
    keys = [*TABLE_KEYS[name], "model_run"]
    assert table.select(keys).equals(table.select(keys).sort(keys))
    assert not table.select(keys).is_duplicated().any()
    runs = table.group_by(TABLE_KEYS[name]).agg(pl.col("model_run").sort())
    first = 1 if name == "step_counts" else 0
    assert all(listed == list(range(first, 8)) for listed in runs["model_run"].to_list())
    assert table.null_count().sum_horizontal()[0] == 0
    assert table.select(METADATA).unique().row(0) == ("RXX", "test", "v5.2", "20220101_000000")


@pytest.mark.parametrize("name", VIEWS)
def test_numbers_are_those_of_the_run(out, name):
    table = pl.read_parquet(out / f"{name}.parquet").with_columns(
        pl.col(TABLE_KEYS[name]).cast(pl.String)
    )
    rows = table.filter(pl.col("value") != 0).select(*TABLE_KEYS[name], "model_run", "value")
    assert {row[:-1]: row[-1] for row in rows.iter_rows()} == expected_counts(name)


def test_conversions_from_inpatients_are_listed_under_other(out):
    table = pl.read_parquet(out / "tretspef.parquet").filter(pl.col("pod") == "aae_type-05")
    assert set(table["tretspef"]) == {"Other"}
    assert set(table["measure"]) == {"walk-in"}
    assert table.filter(pl.col("model_run") == 0)["value"].sum() == 0


def test_type_5_departments_list_the_category_of_conversions(out):
    default = pl.read_parquet(out / "default.parquet").filter(pl.col("pod") == "aae_type-05")
    keys = set(default.select("sitetret", "measure").unique().iter_rows())
    for name, value in (("acuity", "standard"), ("attendance_category", "1")):
        table = pl.read_parquet(out / f"{name}.parquet")
        mine = table.filter((pl.col("pod") == "aae_type-05") & (pl.col(name) == value))
        assert set(mine.select("sitetret", "measure").unique().iter_rows()) == keys


def test_outpatient_keys_have_both_measures_where_there_was_a_baseline(out):
    table = pl.read_parquet(out / "tretspef.parquet").filter(pl.col("pod").str.starts_with("op_"))
    base = table.filter(pl.col("model_run") == 0)
    for _, rows in base.group_by("pod", "sitetret", "tretspef"):
        if rows["value"].sum():
            assert set(rows["measure"]) == {"attendances", "tele_attendances"}


def test_avoided_activity_lists_every_outpatient_and_emergency_key(out):
    avoided = pl.read_parquet(out / "avoided_activity.parquet")
    people = pl.read_parquet(out / "sex+age_group.parquet")
    keys = TABLE_KEYS["avoided_activity"]
    had = people.filter(
        ~pl.col("pod").str.starts_with("ip_") & (pl.col("model_run") == 0) & (pl.col("value") > 0)
    )
    assert had.join(avoided, on=keys, how="anti").is_empty()
    assert avoided.filter(pl.col("model_run") == 0)["value"].sum() == 0


def test_step_counts_keep_zero_rows_and_have_no_run_0(out):
    """A mean over rows is the mean of the runs, which rows of zeros for run 0 made too small."""
    table = pl.read_parquet(out / "step_counts.parquet")
    parts = PROJECTION.step_counts
    assert len(table) == len(parts.keys["pod"]) * 7
    assert set(table["model_run"]) == set(range(1, 8))
    assert table.filter(pl.col("change_factor") == "expat")["value"].sum() == 0
    for m, value in enumerate(parts.values[0].sum(axis=1), start=1):
        assert table.filter(pl.col("model_run") == m)["value"].sum() == pytest.approx(value)


def test_params_and_variants(out):
    assert json.loads((out / "params.json").read_text()) == PARAMS
    variants = json.loads((out / "variants.json").read_text())
    assert variants == ["low", *PROJECTION.draws.variants.tolist()]


def test_without_params_the_run_says_where_it_is_from(run, tmp_path):
    export_nhp(run, tmp_path / "nhp")
    table = pl.read_parquet(tmp_path / "nhp" / "default.parquet")
    assert set(table["scenario"]) == {"growth ü"}
    assert table["create_datetime"][0][8] == "_"
    params = json.loads((tmp_path / "nhp" / "params.json").read_text())
    assert (params["start_year"], params["end_year"], params["model_runs"]) == (2023, 2030, 7)
    variants = json.loads((tmp_path / "nhp" / "variants.json").read_text())
    drawn = PROJECTION.draws.variants.tolist()
    assert variants[0] == max(set(drawn), key=drawn.count)


def test_the_same_run_gives_the_same_bytes(run, out, tmp_path):
    export_nhp(run, tmp_path / "again", PARAMS)
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_suppression_empties_small_baselines_only(run, out, tmp_path):
    export_nhp(run, tmp_path / "nhp", PARAMS, suppress=5)
    hidden = 0
    for name in TABLE_KEYS:
        shown = pl.read_parquet(tmp_path / "nhp" / f"{name}.parquet")
        plain = pl.read_parquet(out / f"{name}.parquet")
        small = pl.col("value").is_between(1, 4)
        if name == "step_counts":
            # The baseline stands in runs 1 to N; the parts of what it becomes would give it back.
            small &= pl.col("change_factor") == "baseline"
            place = ("activity_type", "sitetret", "pod", "measure")
            small = small.max().over(place)
        else:
            small &= pl.col("model_run") == 0
        assert shown.equals(plain.with_columns(pl.when(~small).then("value").alias("value")))
        hidden += shown["value"].null_count()
    assert hidden > 0


def test_a_suppressed_run_is_not_exported(tmp_path):
    save_run(PROJECTION, SCENARIO, PROVIDER, tmp_path / "run", suppress=5)
    with pytest.raises(AcutecastError, match="suppressed baseline"):
        export_nhp(open_run(tmp_path / "run"), tmp_path / "nhp", PARAMS)
    assert not (tmp_path / "nhp").exists()
