"""Projections of one's own in a scenario: what may be stated, how it is said, what is refused."""

import json

import numpy as np
import pytest

from acutecast.errors import AcutecastError
from acutecast.insight.hybrid import differing
from acutecast.scenario import draw_assumptions, dump_scenario, load_scenario, to_nhp
from acutecast.scenario.own_population import OwnLevels, OwnPopulation
from acutecast.scenario.words import describe

SITE = {"dwellings": {"2030": 1}}
TOWN = {"dwellings": {"2028": 400, "2029": 600}, "completed": [0.6, 1.0], "area": "E07000001"}
STATED = {
    "name": "Town",
    "population": {
        "variants": {"migration_category": 0.5, "own_town": 0.5},
        "own": {
            "own_town": {
                "fertility": {"p10": 0.9, "p90": 1.1, "profile": {"step": 2030}, "reason": "why"},
                "mortality": 0.95,
                "extra_migrants": [0.5, 2],
                "housing": {"North": TOWN},
            }
        },
    },
}


def test_what_is_stated_becomes_assumptions():
    found = {a.name: a for a in load_scenario(STATED).assumptions() if a.section == "population"}
    assert sorted(found) == [
        "population.own_town.extra_migrants", "population.own_town.fertility",
        "population.own_town.housing.North.completed", "population.own_town.mortality",
    ]  # fmt: skip
    fertility = found["population.own_town.fertility"]
    assert (fertility.valid, fertility.reason) == ((0, 5), "why")
    assert fertility.profile.years() == (2030,)
    assert found["population.own_town.housing.North.completed"].profile is None
    unused = json.loads(json.dumps(STATED))
    unused["population"]["variants"] = {"migration_category": 1}
    assert not [a for a in load_scenario(unused).assumptions() if a.section == "population"]


def test_it_reads_back_the_same():
    scenario = load_scenario(STATED)
    assert load_scenario(json.loads(dump_scenario(scenario))) == scenario
    assert load_scenario(json.loads(dump_scenario(scenario, full=True))) == scenario


def test_words():
    rows = {row["name"].rpartition("own_town.")[2]: row for row in describe(load_scenario(STATED))}
    assert rows["fertility"]["label"] == "Town, births per woman"
    assert rows["fertility"]["change"] == "10% less to 10% more"
    assert rows["mortality"]["change"] == "5% less"
    assert rows["extra_migrants"]["change"] == "0.5 to 2 a year per 1,000 residents"
    assert rows["housing.North.completed"]["label"] == "Town, North, dwellings built"
    assert rows["housing.North.completed"]["change"] == "60% to 100% of those planned"


@pytest.mark.parametrize(
    ("own", "where", "words"),
    [
        ({"own_a": {"fertility": 7}}, "own_a.fertility", "outside the valid range, 0 to 5"),
        ({"town": {}}, "town", "projection of one's own"),
        ({"own_a": {"births": 1}}, "own_a.births", "births"),
        ({"own_a": {"base": "own_b"}, "own_b": {}}, "own_a.base", "one's own too"),
        ({"own_a": {"housing": {"N": {"dwellings": {}}}}}, "dwellings", ""),
        ({"own_a": {"housing": {"N": {"dwellings": {"soon": 5}}}}}, "dwellings", ""),
        (
            {"own_a": {"housing": {"N": {**SITE, "ages": {"0-9": 1, "5-15": 1}}}}},
            "ages", "age 5 is in two groups",
        ),
        (
            {"own_a": {"housing": {"N": {**SITE, "ages": {"old": 1}}}}},
            "ages", "is not an age group",
        ),
        (
            {"own_a": {"housing": {"N": {
                "dwellings": {"2030": 1},
                "completed": {"value": 0.5, "profile": "linear"}}}}},
            "completed", "has no time profile",
        ),
    ],
)  # fmt: skip
def test_refusals_name_the_place(own, where, words):
    with pytest.raises(AcutecastError) as error:
        load_scenario({"name": "s", "population": {"variants": {"own_a": 1}, "own": own}})
    assert any(where in p.where for p in error.value.problems), str(error.value)
    assert words in str(error.value)


def test_nhp_has_no_such_thing():
    with pytest.raises(AcutecastError, match="NHP does not have this population variant"):
        to_nhp(load_scenario(STATED))


def test_scenarios_differ_in_it_as_a_whole():
    other = json.loads(json.dumps(STATED))
    other["population"]["own"]["own_town"]["mortality"] = 0.9
    parts = differing(load_scenario(STATED), load_scenario(other))
    assert [part.name for part in parts] == ["population"]


def test_levels_by_year():
    scenario = load_scenario({**STATED, "runs": 3})
    _, values, _, _ = draw_assumptions(scenario)
    own = scenario.population.own["own_town"]
    years, areas = range(2023, 2034), ("E07000000", "E07000001")
    made = OwnLevels(own, "own_town", scenario.assumptions(), years, areas)(values)
    assert made.mortality[0] == pytest.approx(1 - 0.05 * np.arange(1, 11) / 10)
    assert np.all(made.fertility[:, :6] == 1.0)
    assert np.all(made.fertility[:, 6:] != 1.0)
    assert np.all(made.migration == 1.0)
    assert made.extra_migration[:, -1] == pytest.approx(
        values[:, [a.name for a in scenario.assumptions()].index(
            "population.own_town.extra_migrants")] / 1000
    )  # fmt: skip
    built = made.arrivals[:, 0] / 2.4
    assert np.allclose(built[:, 5] / built[:, 4], 600 / 400)
    assert np.all(built[:, :4] == 0)
    assert made.area_of_site.tolist() == [1]
    assert made.ages_of_site.sum() == pytest.approx(1)
    with pytest.raises(AcutecastError, match="is in E07000001, which is not projected"):
        OwnLevels(own, "own_town", scenario.assumptions(), years, ("E07000000",))
    nowhere = OwnPopulation.model_validate({"housing": {"N": {"dwellings": {"2030": 1}}}})
    with pytest.raises(AcutecastError, match="does not say in which area"):
        OwnLevels(nowhere, "own_town", (), years, areas)
