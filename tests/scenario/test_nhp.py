"""NHP parameter files in and out."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from scenario_samples import scenarios

from acutecast.errors import AcutecastError
from acutecast.facts import rows
from acutecast.scenario import dump_scenario, from_nhp, load_scenario, to_nhp

DATA = Path(__file__).parents[2] / "../shared/data"
S21 = {row["tretspef_grouped"] for row in rows("specialty_groups")}
SMALL = {
    "scenario": "small",
    "dataset": "RXX",
    "seed": 1,
    "model_runs": 256,
    "start_year": 2023,
    "end_year": 2041,
    "app_version": "v5.2",
    "demographic_factors": {"variant_probabilities": {"migration_category": 1}},
    "health_status_adjustment": True,
    "inequalities": {"level_up": [], "zero_sum": [], "level_down": []},
    "expat": {"ip": {"elective": {"100": [0.9, 0.95]}}, "op": {}, "aae": {}},
    "repat_local": {"ip": {}, "op": {}, "aae": {}},
    "repat_nonlocal": {"ip": {}, "op": {}, "aae": {}},
    "baseline_adjustment": {"ip": {}, "op": {}, "aae": {"ambulance": 1.1}},
    "waiting_list_adjustment": {"ip": {}, "op": {}},
    "non-demographic_adjustment": {
        "variant": "variant_2",
        "value-type": "year-on-year-growth",
        "values": {
            "ip": {
                "elective": [1.0053, 1.0071],
                "maternity": [1, 1],
                "non-elective": [0.9955, 1.0017],
            },
            "op": {key: [1.0228, 1.027] for key in ("first", "followup", "procedure")},
            "aae": {key: [1.0121, 1.0142] for key in ("ambulance", "walk-in")},
        },
    },
    "activity_avoidance": {"ip": {"smoking": {"interval": [0.8, 0.9]}}, "op": {}, "aae": {}},
    "efficiencies": {
        "ip": {"pre-op_los_2-day": {"type": "pre-op", "pre-op_days": 2, "interval": [0.8, 0.9]}},
        "op": {},
    },
}


def check_against_schema(params: dict) -> None:
    """Check what the NHP schema asks of a file, by hand."""
    required = {*SMALL, "scenario", "dataset"}
    assert required <= set(params)
    assert params["start_year"] in (2023, 2024)
    assert 2025 <= params["end_year"] <= 2047
    probabilities = params["demographic_factors"]["variant_probabilities"]
    assert probabilities
    assert all(0 < p <= 1 for p in probabilities.values())
    ranges = {"expat": (0, 1), "repat_local": (1, 5), "repat_nonlocal": (1, 5)}
    for name, (low, high) in ranges.items():
        part = params[name]
        for tree in (*part["ip"].values(), part["op"]):
            assert set(tree) <= S21
            check_intervals(tree.values(), low, high)
        check_intervals(part["aae"].values(), low, high)
    baseline = params["baseline_adjustment"]
    waiting = params["waiting_list_adjustment"]
    trees = [*baseline["ip"].values(), *baseline["op"].values(), *waiting.values()]
    for tree in trees:
        assert set(tree) <= S21
        assert all(0 <= value <= 5 for value in tree.values())
    assert all(0 <= value <= 5 for value in baseline["aae"].values())
    growth = params["non-demographic_adjustment"]
    assert growth["value-type"] == "year-on-year-growth"
    assert {a: set(v) for a, v in growth["values"].items()} == {
        a: set(v) for a, v in SMALL["non-demographic_adjustment"]["values"].items()
    }
    for tree in growth["values"].values():
        check_intervals(tree.values(), 0, 5)
    tpmas = {row["key"]: row for row in rows("tpmas")}
    assert set(params["efficiencies"]) == {"ip", "op"}
    for kind in ("activity_avoidance", "efficiencies"):
        for activity, tree in params[kind].items():
            check_intervals([entry["interval"] for entry in tree.values()], 0, 1)
            for key, entry in tree.items():
                assert (tpmas[key]["kind"], tpmas[key]["activity_type"]) == (kind, activity)
                if (kind, activity) == ("efficiencies", "ip"):
                    assert entry["type"] == tpmas[key]["efficiency_type"]
                    assert (entry["type"] == "pre-op") == ("pre-op_days" in entry)
    json.dumps(params)


def check_intervals(intervals, low, high):
    for interval in intervals:
        assert len(interval) == 2
        assert low <= interval[0] <= interval[1] <= high


@settings(max_examples=60, deadline=None)
@given(scenarios(nhp=True))
def test_round_trip_through_nhp(content):
    scenario = load_scenario(content)
    params = to_nhp(scenario)
    check_against_schema(params)
    back = from_nhp(json.loads(json.dumps(params)))
    if back.nhp == {"app_version": "v5.2", "non-demographic_variant": "custom"}:
        assert not isinstance(scenario.non_demographic_growth, str)
    else:
        assert back.nhp == {"app_version": "v5.2"}
    same = back.model_copy(update={"nhp": scenario.nhp})
    assert same.assumptions() == scenario.assumptions()
    assert same == scenario
    assert to_nhp(back) == params


def test_the_sample_file_loads_and_writes_back_unchanged():
    path = DATA / "nhp-params-sample.json"
    if not path.exists():
        pytest.skip("the reference data is not beside the repository")
    sample = json.loads(path.read_text(encoding="utf-8"))
    scenario = load_scenario(path)
    assert (scenario.name, scenario.runs, scenario.horizon_year) == ("test", 256, 2035)
    assert scenario.nhp["create_datetime"] == "20220101_000000"
    assert to_nhp(scenario) == sample
    check_against_schema(to_nhp(scenario))
    assert to_nhp(load_scenario(json.loads(dump_scenario(scenario)))) == sample


def test_growth_figures_are_the_published_ones():
    path = DATA / "ndg_variants.json"
    if not path.exists():
        pytest.skip("the reference data is not beside the repository")
    published = json.loads(path.read_text(encoding="utf-8"))
    names = {"variant_1": "retired", "variant_2": "primary", "variant_3": "sensitivity"}
    for variant, ours in names.items():
        scenario = from_nhp({**SMALL, "non-demographic_adjustment": published[variant]})
        assert scenario.non_demographic_growth == ours
        assert to_nhp(scenario)["non-demographic_adjustment"] == published[variant]


def test_app_specific_names_are_kept():
    extra = {"id": "a-1", "user": "someone", "create_datetime": "20260101_000000", "viewable": True}
    params = {**SMALL, **extra, "app_version": "v4.4"}
    scenario = load_scenario(params)
    assert scenario.nhp == {**extra, "app_version": "v4.4"}
    assert to_nhp(scenario) == params
    assert scenario.non_demographic_growth == "primary"


def test_reasons_move_to_their_assumption_and_back():
    reasons = {"activity_avoidance": {"ip": {"smoking": "A clinic opens."}}, "model_run": "First."}
    scenario = load_scenario({**SMALL, "reasons": reasons})
    assert scenario.reasons == {"model_run": "First."}
    smoking = next(a for a in scenario.assumptions() if a.name == "activity_avoidance.ip.smoking")
    assert smoking.reason == "A clinic opens."
    assert to_nhp(scenario)["reasons"] == reasons


def test_files_of_version_4_with_time_profiles():
    profiles = {
        "expat": "front_loaded",
        "baseline_adjustment": "none",
        "activity_avoidance": {"ip": {"smoking": "step2030"}},
        "efficiencies": {"ip": {"pre-op_los_2-day": "linear"}},
    }
    scenario = load_scenario({**SMALL, "app_version": "v4.0", "time_profile_mappings": profiles})
    found = {a.name: a.profile for a in scenario.assumptions() if a.profile}
    assert found["expat.ip.elective.100"].shape == "front_loaded"
    assert found["activity_avoidance.ip.smoking"].year == 2030
    assert found["efficiencies.ip.pre-op_los_2-day"].shape == "linear"
    assert found["baseline_adjustment.aae.ambulance"].shape == "immediate"


def test_habits_of_r():
    params = {
        **SMALL,
        "start_year": 202324,
        "expat": {"ip": [], "op": [], "aae": []},
        "inequalities": {"level_up": "HN22", "zero_sum": [], "level_down": []},
        "reasons": [],
    }
    scenario = load_scenario(params)
    assert scenario.baseline_year == 2023
    assert scenario.inequalities.level_up == ["HN22"]
    assert scenario.expat.ip == {}


def test_problems_stand_at_the_path_in_the_nhp_file():
    params = {
        **SMALL,
        "model_runs": 0,
        "expat": {"ip": {"elective": {"100": [0.95, 0.9]}}, "oop": {}},
        "waiting_list_adjustment": {"ip": {"999": 1.1}},
        "activity_avoidance": {"ip": {"smoking": [0.9, 0.95]}},
        "efficiencies": {
            "ip": {
                "pre-op_los_1-day": {"type": "pre-op", "pre-op_days": 2, "interval": [0.8, 0.9]},
                "raid_ip": {"type": "sdec", "interval": [0.8, 0.9], "colour": "red"},
            }
        },
        "demographic_factors": {"variant_probabilities": {"migration_category": -1}},
    }
    with pytest.raises(AcutecastError) as error:
        load_scenario(params)
    assert {p.where for p in error.value.problems} == {
        "model_runs",
        "expat.ip.elective.100",
        "expat.oop",
        "waiting_list_adjustment.ip.999",
        "activity_avoidance.ip.smoking",
        "efficiencies.ip.pre-op_los_1-day.pre-op_days",
        "efficiencies.ip.raid_ip.type",
        "efficiencies.ip.raid_ip.colour",
        "demographic_factors.variant_probabilities.migration_category",
    }


@pytest.mark.parametrize(
    ("part", "where"),
    [
        ({"expat": 3}, "expat"),
        ({"demographic_factors": {}}, "demographic_factors.variant_probabilities"),
        ({"non-demographic_adjustment": {}}, "non-demographic_adjustment.values"),
        ({"demographic_factors": None}, "demographic_factors"),
        ({"non-demographic_adjustment": {"variant": "x"}}, "non-demographic_adjustment.values"),
        ({"reasons": "text"}, "reasons"),
        ({"inequalities": ["x"]}, "inequalities"),
    ],
)
def test_wrong_shapes(part, where):
    with pytest.raises(AcutecastError) as error:
        load_scenario({**SMALL, **part})
    assert [p.where for p in error.value.problems] == [where]


def test_other_kinds_of_growth_are_refused():
    growth = {**SMALL["non-demographic_adjustment"], "value-type": "multiplier"}
    with pytest.raises(AcutecastError, match="year-on-year-growth"):
        load_scenario({**SMALL, "non-demographic_adjustment": growth})


def test_missing_names_are_listed_together():
    with pytest.raises(AcutecastError) as error:
        load_scenario({"scenario": "x", "app_version": "v5.2"})
    assert len(error.value.problems) == 7


def test_everything_that_nhp_cannot_say_is_listed():
    scenario = load_scenario(
        {
            "name": "x",
            "horizon_year": 2050,
            "population": {"variants": {"high_fertility": 1, "migration_category": 1}},
            "expat": {
                "op": {
                    "100": {"distribution": "triangular", "low": 0.8, "mode": 0.9, "high": 1},
                    "101": {"value": 0.9, "profile": "s_curve"},
                    "110": {"value": 0.9, "reason": "ours"},
                },
                "ip": {"maternity": {"100": 0.9, "Other (Medical)": 0.9}},
            },
            "baseline_adjustment": {"aae": {"walk-in": [0.9, 1.1]}},
            "correlations": [{"name": "a", "assumptions": ["expat.*"], "rho": 0.5}],
            "reasons": {"expat": {"op": {"110": "theirs"}}},
        }
    )
    with pytest.raises(AcutecastError) as error:
        to_nhp(scenario)
    assert {p.where for p in error.value.problems} == {
        "baseline_year",
        "horizon_year",
        "dataset",
        "population.variants.high_fertility",
        "expat.op.100",
        "expat.op.101",
        "expat.op.110",
        "expat.ip.maternity.100",
        "baseline_adjustment.aae.walk-in",
        "correlations[0]",
    }


def test_points_and_weights_are_written_the_nhp_way():
    scenario = load_scenario(
        {
            "name": "x",
            "dataset": "RXX",
            "baseline_year": 2023,
            "horizon_year": 2041,
            "expat": {"op": {"100": 0.9}},
            "population": {"variants": {"migration_category": 3, "var_proj_5_year_migration": 1}},
            "non_demographic_growth": {"ip": {"elective": [1.01, 1.02]}},
        }
    )
    params = to_nhp(scenario)
    assert params["expat"]["op"]["100"] == [0.9, 0.9]
    weights = params["demographic_factors"]["variant_probabilities"]
    assert weights == {"migration_category": 0.75, "var_proj_5_year_migration": 0.25}
    growth = params["non-demographic_adjustment"]
    assert growth["values"]["ip"] == {
        "elective": [1.01, 1.02],
        "non-elective": [1, 1],
        "maternity": [1, 1],
    }
    check_against_schema(params)
