"""What NHP parameter files of any version hold is read, refused or told to have no effect."""

import copy
import json
from pathlib import Path

import numpy as np
import pytest
from test_nhp import DATA, SMALL

import acutecast as ac
from acutecast.errors import AcutecastError
from acutecast.facts import SPECIALTY_GROUPS
from acutecast.scenario import (
    Scenario,
    draw_assumptions,
    dump_scenario,
    load_scenario,
    scenario_notes,
    to_nhp,
)
from small_provider import small_provider

CASES = Path(__file__).parents[2] / "../shared/cases"
# Names that say nothing about activity.
ABOUT = {"app_version", "create_datetime", "id", "user", "viewable"}
# A telling value of every name that a version from 0.1 to 5.2 has held, and what becomes of it.
NAMES = {
    "covid_adjustment": ({"ip": {"elective": [1.1, 1.2]}}, "read"),
    "time_profile_mappings": ({"expat": "back_loaded"}, "read"),
    "time_profile_mappings.covid_adjustment": ("linear", "nothing to come into effect"),
    "time_profile_mappings.expat": ("front_loaded", "read"),
    "time_profile_mappings.activity_avoidance.ip.smoking": ("step2030", "read"),
    "time_profile_mappings.inequalities": ("step2030", "noted"),
    "time_profile_mappings.non-demographic_adjustment": ("step2030", "noted"),
    "time_profile_mappings.something": ("linear", "noted"),
    "time_profile_mappings.repat_local": ("curved", "refused"),
    "bed_occupancy": ({"day+night": {"Other": [0.85, 0.9]}}, "noted"),
    "theatres": ({"change_availability": [1.1, 1.2]}, "noted"),
    "life_expectancy": ({"f": [1.8], "m": [2.1], "min_age": 55, "max_age": 90}, "noted"),
    "op": ({"first": [1.01, 1.02]}, "noted"),
    "inpatient_factors": ({"admission_avoidance": {"smoking": {}}}, "refused"),
    "outpatient_factors": ({"followup_reduction": {"adult_surgical": {}}}, "refused"),
    "aae_factors": ({"left_before_seen": {"adult_walk-in": {}}}, "refused"),
    "demographic_factors.file": ("other.csv", "noted"),
    "demographic_factors.start_year": (2018, "refused"),
    "demographic_factors.end_year": (2038, "refused"),
    "demographic_factors.shares": ({}, "refused"),
    "non-demographic_adjustment.elective": ({"0-4": [1, 1.2]}, "refused"),
    "non-demographic_adjustment.ip": ({"elective": [1, 1.2]}, "refused"),
    "waiting_list_adjustments": ({"ip": {"100": 1.1}}, "noted"),
    # What the present version has.
    "scenario": ("other", "read"),
    "dataset": ("RYY", "read"),
    "seed": (2, "read"),
    "model_runs": (3, "read"),
    "start_year": (2024, "read"),
    "end_year": (2040, "read"),
    "description": ("words", "read"),
    "demographic_factors": ({"variant_probabilities": {"var_proj_5_year_migration": 1}}, "read"),
    "health_status_adjustment": (False, "read"),
    "expat": ({"op": {"100": [0.8, 0.9]}}, "read"),
    "repat_local": ({"op": {"100": [1.1, 1.2]}}, "read"),
    "repat_nonlocal": ({"aae": {"walk-in": [1.1, 1.2]}}, "read"),
    "baseline_adjustment": ({"op": {"first": {"100": 1.2}}}, "read"),
    "waiting_list_adjustment": ({"ip": {"100": 1.2}}, "read"),
    "non-demographic_adjustment.values.op.first": ([1.0, 1.3], "read"),
    "non-demographic_adjustment.variant": ("mine", "read"),
    "non-demographic_adjustment.value-type": ("multiplier", "refused"),
    "inequalities": ({"level_up": ["HN22"], "zero_sum": [], "level_down": []}, "read"),
    "activity_avoidance": ({"ip": {"smoking": {"interval": [0.5, 0.9]}}}, "read"),
    "efficiencies": ({"ip": {"raid_ip": {"type": "all", "interval": [0.8, 0.9]}}}, "read"),
    "reasons": ({"model_run": "Because."}, "read"),
}


def changed(path: str, value: object) -> dict:
    params = copy.deepcopy(SMALL)
    *parents, last = path.split(".")
    tree = params
    for key in parents:
        tree = tree.setdefault(key, {})
    tree[last] = value
    return params


# As versions 3.5 to 4.1 wrote inequalities.
BY_HRG = [
    ("inequalities", ({"HN22": {"option": "level_up", "values": {"1": 2, "5": 1}}}, "noted")),
    ("inequalities", ({"HN23": {"option": "level", "values": {}}}, "refused")),
]


@pytest.mark.parametrize(("path", "told"), [*NAMES.items(), *BY_HRG])
def test_nothing_is_ignored_in_silence(path, told):
    value, fate = told
    params = changed(path, value)
    if fate == "refused":
        with pytest.raises(AcutecastError) as error:
            load_scenario(params)
        assert any(p.where.startswith(path.split(".")[0]) for p in error.value.problems)
        return
    scenario, before = load_scenario(params), load_scenario(SMALL)
    differs = scenario.model_copy(update={"nhp": before.nhp}) != before
    named = {note.where for note in scenario_notes(scenario)}
    if fate == "read":
        assert differs or scenario.nhp != before.nhp
    elif fate == "noted":
        assert any(path.startswith(where) for where in named), named
        assert "no effect" in " ".join(note.what for note in scenario_notes(scenario))
    # Notes go where the scenario goes, and not into an NHP file.
    again = load_scenario(json.loads(dump_scenario(scenario)))
    assert scenario_notes(again) == scenario_notes(scenario)
    if path != "covid_adjustment" and "time_profile" not in path:
        assert "notes_of_reading" not in to_nhp(scenario)


@pytest.mark.parametrize("name", ["nhp-params-schema.json", "nhp-params-sample.json"])
def test_every_name_of_the_published_files_is_among_these(name):
    path = DATA / name
    if not path.exists():
        pytest.skip("the reference data is not beside the repository")
    content = json.loads(path.read_text(encoding="utf-8"))
    names = content["properties"] if "schema" in name else content
    assert set(names) <= ABOUT | {path.split(".")[0] for path in NAMES}
    if "schema" not in name:
        assert scenario_notes(load_scenario(content)) == ()


def test_a_name_that_nobody_reads_is_told_with_the_nearest():
    (note,) = scenario_notes(load_scenario(changed("waiting_list_adjustments", {"ip": {"1": 1}})))
    assert note.where == "waiting_list_adjustments"
    assert note.remedy == "Did you mean waiting_list_adjustment?"
    assert scenario_notes(load_scenario(changed("new_name", {}))) == ()


def covid(content: dict, **changes: object) -> Scenario:
    return load_scenario({**SMALL, "app_version": "v4.0", "covid_adjustment": content, **changes})


def test_covid_is_drawn_once_a_run_for_a_group():
    scenario = covid(
        {"ip": {"elective": [1.2, 1.3]}, "op": {"first": [0.5, 0.7]}, "aae": {"walk-in": [1, 1.2]}},
        baseline_adjustment={"ip": {"elective": {"100": 0.5, "101": 0}}, "op": {}, "aae": {}},
        model_runs=4000,
    )
    names, values, _, _ = draw_assumptions(scenario)
    drawn = dict(zip(names, values.T, strict=True))
    assert len([n for n in names if n.startswith("baseline_adjustment.")]) == 2 * 21 + 1
    factor = drawn["baseline_adjustment.ip.elective.Other"]
    for specialty in SPECIALTY_GROUPS:
        mine = drawn[f"baseline_adjustment.ip.elective.{specialty}"]
        before = {"100": 0.5, "101": 0.0}.get(specialty, 1.0)
        np.testing.assert_allclose(mine, before * factor, rtol=1e-12)
    # Four standard errors of a quantile at 4,000 runs.
    np.testing.assert_allclose(np.quantile(factor, [0.1, 0.9]), [1.2, 1.3], atol=0.005)
    first = drawn["baseline_adjustment.op.first.100"]
    assert abs(np.corrcoef(factor, first)[0, 1]) < 0.07
    assert abs(np.mean(drawn["baseline_adjustment.aae.walk-in"]) - 1.1) < 0.005
    told = [note.where for note in scenario_notes(scenario)]
    assert told == ["covid_adjustment"]


def test_a_certain_covid_adjustment_is_a_baseline_adjustment():
    content = {
        "ip": {"elective": [1.2, 1.2], "non-elective": [1, 1], "maternity": [1, 1]},
        "aae": {"ambulance": [2, 2]},
    }
    scenario = covid(content)
    plain = load_scenario(
        {
            **SMALL,
            "baseline_adjustment": {
                "ip": {"elective": dict.fromkeys(SPECIALTY_GROUPS, 1.2)},
                "op": {},
                "aae": {"ambulance": 2 * 1.1},
            },
        }
    )
    assert scenario.assumptions() == plain.assumptions()
    assert to_nhp(scenario)["baseline_adjustment"] == to_nhp(plain)["baseline_adjustment"]
    neutral = covid({"ip": {"elective": [1, 1]}, "op": [], "aae": {"walk-in": [1, 1]}})
    assert neutral.assumptions() == load_scenario(SMALL).assumptions()
    assert scenario_notes(neutral) == ()


def test_the_time_profile_of_covid():
    mappings = {"covid_adjustment": "linear", "baseline_adjustment": "none"}
    scenario = covid(
        {"aae": {"walk-in": [1.1, 1.2], "ambulance": [1.1, 1.2]}}, time_profile_mappings=mappings
    )
    shapes = {a.name: a.profile.shape for a in scenario.assumptions() if a.profile}
    assert shapes["baseline_adjustment.aae.walk-in"] == "linear"
    assert shapes["baseline_adjustment.aae.ambulance"] == "immediate"
    assert [note.where for note in scenario_notes(scenario)] == [
        "covid_adjustment",
        "time_profile_mappings.covid_adjustment",
    ]


@pytest.mark.parametrize(
    ("content", "where", "what"),
    [
        (3, "covid_adjustment", "object in curly brackets"),
        ({"ip": {"electve": [1, 2]}}, "covid_adjustment.ip.electve", "no group of inpatients"),
        ({"ip": {"elective": [1.2, 1.1]}}, "covid_adjustment.ip.elective", "reversed"),
        ({"ip": {"elective": [1, 6]}}, "covid_adjustment.ip.elective", "valid range"),
        ({"aae": {"ambulance": [4, 5]}}, "covid_adjustment.aae.ambulance", "5.5, above 5"),
        ({"op": {"all": 2}}, "covid_adjustment.op.all", "no group of outpatients"),
        ({"mh": {}}, "covid_adjustment.mh", "not a known name"),
    ],
)
def test_covid_adjustments_that_cannot_be_read(content, where, what):
    with pytest.raises(AcutecastError) as error:
        covid(content)
    (problem,) = error.value.problems
    assert problem.where == where
    assert what in str(problem)


@pytest.mark.parametrize("weights", [(0.9, 0.9), (0.7, None), (0.5, 0.489), (0.6, 0.411)])
def test_probabilities_that_are_none_are_refused(weights):
    names = ("migration_category", "var_proj_high_intl_migration")
    shares = {name: w for name, w in zip(names, weights, strict=True) if w is not None}
    with pytest.raises(AcutecastError, match=r"variant_probabilities: the probabilities sum to"):
        load_scenario(changed("demographic_factors", {"variant_probabilities": shares}))


def test_probabilities_nearly_1_are_scaled_and_told():
    shares = {"migration_category": 0.5, "var_proj_high_intl_migration": 0.49}
    scenario = load_scenario(changed("demographic_factors", {"variant_probabilities": shares}))
    (note,) = scenario_notes(scenario)
    assert (note.where, note.warning) == ("population.variants", True)
    assert "sum to 0.99" in note.what
    written = to_nhp(scenario)["demographic_factors"]["variant_probabilities"]
    assert sum(written.values()) == pytest.approx(1, abs=1e-12)
    published = ["var_proj_5_year_migration", "var_proj_10_year_migration"]
    exact = {"migration_category": 0.7, published[0]: 0.2, published[1]: 0.1}
    quiet = load_scenario(changed("demographic_factors", {"variant_probabilities": exact}))
    assert scenario_notes(quiet) == ()


def test_weights_of_our_own_are_told_where_they_are_no_shares():
    variants = {"migration_category": 3, "var_proj_5_year_migration": 1}
    scenario = load_scenario({"name": "x", "population": {"variants": variants}})
    assert ["sum to 4;" in note.what for note in scenario_notes(scenario)] == [True]
    alone = load_scenario({"name": "x", "population": {"variants": {"migration_category": 2}}})
    assert scenario_notes(alone) == ()


def test_whole_numbers_however_written():
    floats = {"seed": 1234.0, "model_runs": 16.0, "start_year": 202324.0, "end_year": 2041.0}
    profiles = {"time_profile_mappings": {"expat": "step2030"}}
    scenario = load_scenario({**SMALL, **floats, **profiles})
    assert (scenario.seed, scenario.runs) == (1234, 16)
    assert (scenario.baseline_year, scenario.horizon_year) == (2023, 2041)
    assert type(scenario.seed) is int
    ours = {"name": "x", "schema_version": 1.0, "seed": 5.0, "runs": 8.0, "horizon_year": 2040.0}
    step = {"expat": {"op": {"100": {"value": 0.9, "profile": {"step": 2030.0}}}}}
    read = load_scenario({**ours, **step})
    assert (read.seed, read.runs, read.horizon_year) == (5, 8, 2040)
    assert read.expat.op["100"].profile.year == 2030
    # A float this large need not be what was written.
    with pytest.raises(AcutecastError, match="seed: must be a whole number"):
        load_scenario({"name": "x", "seed": 1e20})
    for key, value in {"seed": 1.5, "runs": "8", "horizon_year": True}.items():
        with pytest.raises(AcutecastError, match=f"{key}: must be a whole number"):
            load_scenario({"name": "x", key: value})


def test_notes_go_to_the_run(tmp_path):
    params = {**SMALL, "model_runs": 2, "covid_adjustment": {"ip": {"elective": [1.1, 1.2]}}}
    run = ac.run(params, small_provider(), tmp_path / "run", years="horizon")
    assert run.info["warnings"][0]["where"] == "covid_adjustment"
    (note, *_) = ac.run_nhp(params, small_provider(), tmp_path / "nhp")
    assert note.where == "covid_adjustment"


def test_the_cases_beside_the_repository():
    if not CASES.exists():
        pytest.skip("the cases are not beside the repository")
    scenario = ac.load_scenario(CASES / "covid-adjustment-v4" / "params.json")
    stated = {a.name: a.distribution for a in scenario.assumptions()}
    elective = stated["baseline_adjustment.ip.elective.100"]
    assert (elective.p10, elective.p90) == (1.2, 1.3)
    assert "baseline_adjustment.ip.maternity.Other" not in stated
    with pytest.raises(AcutecastError, match=r"the probabilities sum to 1\.8"):
        ac.load_scenario(CASES / "variant-probabilities-over-1" / "params.json")
