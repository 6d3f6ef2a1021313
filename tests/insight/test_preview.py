"""What a scenario, an edit and one assumption do to the headline figures."""

import copy

import numpy as np
import polars as pl
import pytest

import acutecast as ac
from acutecast.demand.expected import Expectation
from acutecast.errors import AcutecastError
from acutecast.insight import expected_runs, preview, without
from acutecast.insight.figures import FIGURES, HEADLINES, difference_words, main_figure
from acutecast.insight.light_provider import light
from acutecast.report.charts import PANELS
from acutecast.scenario import draw_assumptions
from small_provider import small_provider

RUNS = 32
ELDERLY, SDEC = "emergency_elderly", "same_day_emergency_care_high"
SCENARIO = {
    "name": "mine",
    "seed": 7,
    "horizon_year": 2035,
    "runs": 128,
    "expat": {"ip": {"elective": {"110": [0.8, 0.95]}}},
    "inequalities": {"level_up": ["HN22"]},
    "activity_avoidance": {
        "ip": {"smoking": [0.6, 0.95], "ambulatory_care_conditions_acute": [0.5, 0.8]},
        "op": {"followup_reduction_adult_surgical": [0.6, 0.9]},
        "aae": {"frequent_attenders_adult_walk-in": [0.4, 0.9]},
    },
    "efficiencies": {
        "ip": {
            ELDERLY: [0.6, 0.8],
            SDEC: [0.3, 0.7],
            "stroke_early_supported_discharge": 0.8,
            "day_procedures_usually_dc": [0.2, 0.7],
            "pre-op_los_1-day": [0.4, 0.8],
            "general_los_reduction_emergency": [0.7, 0.9],
        },
        "op": {"convert_to_tele_adult_surgical": [0.6, 0.9]},
    },
}
ELDERLY_PATH = ("efficiencies", "ip", ELDERLY)


@pytest.fixture(scope="module")
def provider():
    return small_provider(400, 5)


def changed(path, value):
    made = copy.deepcopy(SCENARIO)
    *way, last = path
    branch = made
    for key in way:
        branch = branch.setdefault(key, {})
    if value is None:
        del branch[last]
    else:
        branch[last] = value
    return made


def figure(table, key):
    return table.row(by_predicate=pl.col("figure") == key, named=True)


def test_headlines_are_the_panels_of_the_chart():
    assert [f.label for f in HEADLINES] == [panel.title for panel in PANELS]
    for mine, panel in zip(HEADLINES, PANELS, strict=True):
        counted = ("walk-in", "ambulance") if panel.measures == ("arrivals",) else panel.measures
        assert (mine.measures, dict(mine.where)) == (counted, panel.where)


def test_a_preview_is_the_expectation_of_the_first_runs(provider):
    table = preview.headline(provider, SCENARIO, RUNS)
    scenario = expected_runs.ready(provider, SCENARIO, RUNS)
    found = Expectation(provider, scenario, (2035,))()
    for row in table.to_dicts():
        values = FIGURES[row["figure"]].of(found)[0]
        assert row["baseline"] == FIGURES[row["figure"]].baseline(found)
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
        ends = np.quantile(values, (0.1, 0.9), method="linear")
        assert (row["p10"], row["p90"]) == pytest.approx(tuple(ends), rel=1e-12)
        assert row["change_pct"] == pytest.approx(100 * (values.mean() / row["baseline"] - 1))


def test_a_preview_is_the_mean_of_a_full_run_but_for_chance(provider, tmp_path):
    run = ac.run(SCENARIO, provider, tmp_path / "run", years="horizon", empty_tpmas="warn")
    table = preview.headline(provider, SCENARIO, run.runs)
    for panel, mine in zip(PANELS, HEADLINES, strict=True):
        values = run.values(panel.measures, where=panel.where, years=[2035]).values.sum(axis=0)[0]
        scenario = expected_runs.ready(provider, SCENARIO, run.runs)
        found = mine.of(expected_runs.expected(provider, scenario, (2035,)))[0]
        error = (values - found).std(ddof=1) / np.sqrt(run.runs)
        assert figure(table, mine.key)["mean"] == pytest.approx(values.mean(), abs=5 * error)
    # A preview of fewer runs has the draws of the first of them.
    few = draw_assumptions(expected_runs.ready(provider, SCENARIO, RUNS))[1]
    stored = run.draws()
    for column, name in enumerate(draw_assumptions(scenario)[0]):
        assert np.array_equal(few[:, column], stored[name].to_numpy()[:RUNS])


def test_previews_can_show_years(provider):
    table = preview.headline(provider, SCENARIO, RUNS, [2027])
    assert sorted(table["year"].unique()) == [2027, 2035]
    again = preview.headline(provider, SCENARIO, RUNS)
    late = table.filter(pl.col("year") == 2035).drop("year")
    assert late["mean"].to_list() == pytest.approx(again["mean"].to_list(), rel=1e-12)


def test_previews_reproduce(provider):
    first = preview.headline(provider, SCENARIO, RUNS)
    preview.forget()
    assert preview.headline(provider, SCENARIO, RUNS).equals(first)


def test_nothing_has_exactly_no_effect(provider):
    table = preview.effect(provider, SCENARIO, {**SCENARIO, "name": "other"}, RUNS)
    assert len(table) == len(HEADLINES)
    assert not table.select("mean", "p10", "p90").to_numpy().any()
    assert table["words"][0] == "no change in bed days"
    bare = {"name": "bare", "health_status": False, "non_demographic_growth": "none"}
    assert preview.effects_of_all(provider, bare, RUNS).is_empty()
    # Another seed is no effect of an assumption.
    other = preview.effect(provider, SCENARIO, {**SCENARIO, "seed": 99}, RUNS)
    assert not other["mean"].to_numpy().any()


def test_effects_of_edits_add_up_and_turn_round(provider):
    middle = changed(("activity_avoidance", "ip", "smoking"), [0.3, 0.5])
    last = copy.deepcopy(middle)
    last["efficiencies"]["op"]["convert_to_tele_adult_surgical"] = [0.2, 0.3]
    parts = [
        preview.effect(provider, a, b, RUNS)["mean"].to_numpy()
        for a, b in ((SCENARIO, middle), (middle, last))
    ]
    whole = preview.effect(provider, SCENARIO, last, RUNS)
    assert whole["mean"].to_numpy() == pytest.approx(parts[0] + parts[1], abs=1e-6)
    back = preview.effect(provider, last, SCENARIO, RUNS)
    assert back["mean"].to_numpy() == pytest.approx(-whole["mean"].to_numpy(), abs=1e-9)
    assert (whole["after"] - whole["before"]).to_numpy() == pytest.approx(
        whole["mean"].to_numpy(), abs=1e-6
    )
    # Fewer smokers' admissions: fewer bed days, in words too.
    beds = figure(preview.effect(provider, SCENARIO, middle, RUNS), "beddays")
    assert beds["mean"] < 0
    assert "fewer bed days a year by 2035/36" in beds["words"]
    assert beds["pct"] == pytest.approx(100 * beds["mean"] / beds["before"])


def test_horizons_must_agree(provider):
    with pytest.raises(AcutecastError, match="horizons differ"):
        preview.effect(provider, SCENARIO, {**SCENARIO, "horizon_year": 2030}, RUNS)
    with pytest.raises(AcutecastError):
        preview.headline(provider, {**SCENARIO, "efficiencies": {"ip": {ELDERLY: 1.5}}})


@pytest.mark.parametrize(
    "path",
    [
        ("activity_avoidance", "ip", "smoking"),
        ("activity_avoidance", "aae", "frequent_attenders_adult_walk-in"),
        ("expat", "ip", "elective", "110"),
        ("efficiencies", "op", "convert_to_tele_adult_surgical"),
        *(("efficiencies", "ip", key) for key in SCENARIO["efficiencies"]["ip"]),
    ],
)
def test_the_effect_of_one_is_the_scenario_against_itself_without_it(provider, path):
    one = preview.effect_of_one(provider, SCENARIO, path, RUNS)
    edit = preview.effect(provider, changed(path, None), SCENARIO, RUNS)
    for row in edit.to_dicts():
        mine = figure(one, row["figure"])
        for name in ("mean", "p10", "p90", "before", "after"):
            assert mine[name] == pytest.approx(row[name], abs=1e-6), (row["figure"], name)
    assert one["main"].to_list() == [True] + [False] * (len(one) - 1)


def test_absent_efficiencies_are_not_those_of_which_all_remains(provider):
    scenario = expected_runs.ready(provider, SCENARIO, RUNS)
    crowded = without.crowded_efficiencies(provider, scenario)
    assert f"efficiencies.ip.{ELDERLY}" in crowded
    assert "efficiencies.ip.general_los_reduction_emergency" not in crowded
    one = preview.effect_of_one(provider, SCENARIO, ELDERLY_PATH, RUNS)
    neutral = preview.effect(provider, changed(ELDERLY_PATH, 1.0), SCENARIO, RUNS)
    # Without it its spells have other efficiencies, so it does less than against "all remains".
    assert abs(figure(one, "beddays")["mean"]) < abs(figure(neutral, "beddays")["mean"])
    # Alone it shares no spell, and both are the same.
    alone = {**SCENARIO, "efficiencies": {"ip": {ELDERLY: [0.6, 0.8]}}}
    assert not without.crowded_efficiencies(provider, expected_runs.ready(provider, alone, RUNS))
    one = preview.effect_of_one(provider, alone, ELDERLY_PATH, RUNS)
    neutral = {**SCENARIO, "efficiencies": {"ip": {ELDERLY: 1.0}}}
    same = preview.effect(provider, neutral, alone, RUNS)
    assert figure(one, "beddays")["mean"] == pytest.approx(figure(same, "beddays")["mean"])


def test_effects_of_all_are_those_of_each(provider):
    table = preview.effects_of_all(provider, SCENARIO, RUNS)
    scenario = expected_runs.ready(provider, SCENARIO, RUNS)
    assert table["name"].to_list() == [a.name for a in scenario.assumptions()]
    for row in table.to_dicts():
        assert row["figure"] == main_figure(row["name"]).key
        one = preview.effect_of_one(provider, SCENARIO, row["name"], RUNS).row(0, named=True)
        assert one["figure"] == row["figure"]
        assert row["mean"] == pytest.approx(one["mean"], abs=1e-6)
        assert row["words"] == one["words"]
    assert (table.filter(pl.col("name").str.starts_with("activity_avoidance"))["mean"] < 0).all()


def test_negatively_correlated_draws_of_others_stay(provider):
    spread = {"name": "apart", "rho": -0.4,
              "assumptions": ["activity_avoidance.ip.*", "activity_avoidance.op.*"]}  # fmt: skip
    scenario = {**SCENARIO, "correlations": [spread]}
    table = preview.effects_of_all(provider, scenario, RUNS)
    # Taking an assumption of the group out redraws nothing of outpatients.
    path = ("activity_avoidance", "ip", "smoking")
    one = preview.effect_of_one(provider, scenario, path, RUNS)
    assert figure(one, "outpatient_attendances")["mean"] == 0
    assert table["mean"].is_finite().all()


def test_parts_and_settings_have_effects_too(provider):
    part = preview.effect_of_one(provider, SCENARIO, ("efficiencies", "ip"), RUNS)
    bare = changed(("efficiencies", "ip"), None)
    edit = preview.effect(provider, bare, SCENARIO, RUNS)
    assert figure(part, "beddays")["mean"] == pytest.approx(figure(edit, "beddays")["mean"])
    healthy = preview.effect_of_one(provider, SCENARIO, ("health_status",), RUNS)
    edit = preview.effect(provider, {**SCENARIO, "health_status": False}, SCENARIO, RUNS)
    assert figure(healthy, "beddays")["mean"] == pytest.approx(figure(edit, "beddays")["mean"])
    levelled = preview.effect_of_one(provider, SCENARIO, ("inequalities",), RUNS)
    assert figure(levelled, "elective_admissions")["mean"] > 0
    with pytest.raises(AcutecastError, match="sets nothing"):
        preview.effect_of_one(provider, SCENARIO, ("waiting_list",), RUNS)
    with pytest.raises(AcutecastError, match="sets nothing"):
        preview.effect_of_one(provider, SCENARIO, ("activity_avoidance", "ip", "raid_ae"), RUNS)


def test_own_populations_have_effects(provider):
    own = {
        "fertility": [0.8, 0.9],
        "extra_migrants": [2, 4],
        "housing": {"New.Town": {"dwellings": {"2026": 900}, "people_per_dwelling": [2, 3]}},
    }
    scenario = {
        **SCENARIO,
        "population": {"variants": {"own_town": 1}, "own": {"own_town": own}},
    }
    table = preview.effects_of_all(provider, scenario, RUNS)
    mine = table.filter(pl.col("name").str.starts_with("population"))
    assert len(mine) == 3
    more = mine.filter(pl.col("name").str.ends_with("extra_migrants")).row(0, named=True)
    assert more["figure"] == "beddays"
    assert more["mean"] > 0
    path = ("population", "own", "own_town", "extra_migrants")
    bare = copy.deepcopy(scenario)
    del bare["population"]["own"]["own_town"]["extra_migrants"]
    edit = preview.effect(provider, bare, scenario, RUNS)
    one = preview.effect_of_one(provider, scenario, path, RUNS)
    assert figure(one, "beddays")["mean"] == pytest.approx(figure(edit, "beddays")["mean"])


def test_edits_of_values_do_not_compile_again(provider):
    def compiled(scenario):
        scenario = expected_runs.ready(provider, scenario, RUNS)
        return expected_runs.compiled(provider, scenario, (2035,))

    smoking = ("activity_avoidance", "ip", "smoking")
    first = compiled(SCENARIO)
    assert compiled(changed(smoking, [0.31, 0.52])) is first
    assert compiled(changed(smoking, 0.4)) is first
    told = changed(smoking, {"p10": 0.31, "p90": 0.52, "reason": "Why"})
    assert compiled({**told, "name": "renamed", "runs": 9, "seed": 3}) is first
    # Other things are assumed, or at other times, or of other people.
    assert compiled(changed(smoking, None)) is not first
    assert compiled(changed(smoking, {"value": 0.4, "profile": "s_curve"})) is not first
    assert compiled({**SCENARIO, "health_status": False}) is not first
    variants = {"variants": {"var_proj_high_intl_migration": 1}}
    assert compiled({**SCENARIO, "population": variants}) is not first


def test_a_light_provider_has_the_same_totals_with_fewer_rows(provider):
    for unequal in (False, True):
        lighter = light(provider, unequal)
        for table, counts in (("op", ("attendances", "tele_attendances")), ("aae", ("arrivals",))):
            before, after = provider.tables[table], lighter.tables[table]
            assert after.num_rows < before.num_rows or unequal
            for name in counts:
                total = sum(before.column(name).to_pylist())
                assert sum(after.column(name).to_pylist()) == total


def test_differences_in_words():
    def said(mean, low, high, before=1000.0):
        return difference_words(mean, low, high, before, "bed days", 2043)

    assert said(-1240, -1700, -800, 248_000) == (
        "1,240 fewer bed days a year by 2043/44 (P10–P90: 800 to 1,700 fewer), 0.5%"
    )
    assert said(30, 12.4, 55) == "30 more bed days a year by 2043/44 (P10–P90: 12 to 55 more), 3.0%"
    assert said(-20, -50, 10) == (
        "20 fewer bed days a year by 2043/44 (P10–P90: 50 fewer to 10 more), 2.0%"
    )
    assert said(-5, -5, -5) == "5 fewer bed days a year by 2043/44, 0.5%"
    assert said(0.0, 0.0, 0.0) == "no change in bed days"
    assert said(-10, -20, 0) == (
        "10 fewer bed days a year by 2043/44 (P10–P90: 0 to 20 fewer), 1.0%"
    )
    assert said(0.4, 0.1, 0.9, 9000).endswith("less than 0.1%")
    assert said(5, 1, 9, 0.0) == "5 more bed days a year by 2043/44 (P10–P90: 1 to 9 more)"
