"""Projections of one's own in the runs: each run has its own people, births and life expectancy."""

import numpy as np
import pytest
from hand_made import HALFWAY, HORIZON, SPELL, YEAR, counted, project, provider_of
from hashing import hash_of_cube

from acutecast.demand import simulate
from acutecast.demand.expected import Expectation
from acutecast.demand.people import last_year, people_of, variants_of
from acutecast.errors import AcutecastError
from acutecast.population import health_status
from acutecast.provider import Provider
from acutecast.scenario import draw_assumptions, load_scenario, resolve
from acutecast.synthetic.factors import birth_factors, demographic_factors

N = 400
OLD = {**SPELL, "age": 84}
MOTHER = {**SPELL, "age": 30, "sex": 2, "demog_type": "births", "pod": "ip_maternity_admission"}
BABY = {**MOTHER, "age": 0, "sex": 1}
ADULT = {**SPELL, "age": 35, "pod": "ip_elective_admission"}
IP = ("ip_people", "admissions")


@pytest.fixture(scope="module")
def provider() -> Provider:
    """A few kinds of rows with the made-up region's people."""
    made = provider_of(ip=[(N, row) for row in (OLD, MOTHER, BABY, ADULT)])
    tables = made.tables | {
        "demographic_factors": demographic_factors(1.0),
        "birth_factors": birth_factors(1.0),
    }
    return Provider(made.dataset, made.year, tables)


def with_own(**stated):
    own = {"base": "migration_category", **stated}
    return {"population": {"variants": {"own_mine": 1}, "own": {"own_mine": own}}}


def of_pod(projection, pod):
    return counted(projection, *IP, pod=f"ip_{pod}_admission")


def cubes_of(projection):
    return {name: hash_of_cube(cube) for name, cube in projection.cubes.items()}


def resolved(provider, **parts):
    scenario = load_scenario({"name": "s", **parts})
    return resolve(scenario, provider.dataset, YEAR, 2047)


def mean_of(provider, pod, **parts):
    found = project(provider, {"runs": 60, "health_status": False, **parts}, [HALFWAY])
    return of_pod(found, pod).mean(axis=1)


def test_nothing_stated_is_the_base_variant_byte_for_byte(provider):
    base, own = (project(provider, {"runs": 5, **parts}, "all") for parts in ({}, with_own()))
    assert cubes_of(base) == cubes_of(own)


def test_births_follow_fertility_and_nothing_else_does(provider):
    plain = mean_of(provider, "maternity")
    more = mean_of(provider, "maternity", **with_own(fertility=2.0))
    # Halfway, half of the effect is there; at the horizon all of it, with a few more mothers.
    assert more[0] / plain[0] == pytest.approx(1.5, rel=0.02)
    assert more[-1] / plain[-1] == pytest.approx(2.0, rel=0.03)
    for pod in ("non-elective", "elective"):
        same = mean_of(provider, pod, **with_own(fertility=2.0)) / mean_of(provider, pod)
        assert same == pytest.approx([1.0, 1.0], abs=1e-12)


def test_fewer_deaths_make_more_old_people(provider):
    plain = mean_of(provider, "non-elective")
    fewer = mean_of(provider, "non-elective", **with_own(mortality=0.7))
    assert fewer[-1] > 1.05 * plain[-1]
    assert fewer[0] > plain[0]


def test_dwellings_bring_their_people(provider):
    town = {"Town": {"dwellings": {"2030": 3000}, "ages": {"30-34": 2.0}, "share": 0.5}}
    scenario = resolved(provider, runs=1, **with_own(housing=town))
    _, values, _, _ = draw_assumptions(scenario)
    own = variants_of(provider.tables, scenario, ["own_mine"], YEAR, (2030, HORIZON)).own[0]
    base = people_of(provider.tables, "migration_category", YEAR, HORIZON)
    grown = own.factors(values[0])[0]
    at = base.years.index(2030)
    more = grown[:, 30:35, 0] * base.people[0][:, 30:35] - base.people[at][:, 30:35]
    # Half a year of deaths among those who come is theirs.
    assert 2995 < more.sum() < 3000
    # Thirteen years later they are 43 to 47, but for a few who died.
    later = grown[:, 43:48, 1] * base.people[0][:, 43:48]
    later = (later - base.people[base.years.index(HORIZON)][:, 43:48]).sum()
    assert 0.96 * 3000 < later < 3000


def test_every_run_has_its_own_people(provider):
    stated = with_own(
        fertility=[0.8, 1.2], extra_migrants=[-4, 4],
        housing={"Town": {"dwellings": {"2030": 9000}, "completed": [0.2, 1.0]}},
    )  # fmt: skip
    scenario = resolved(provider, runs=40, **stated)
    names, values, _, _ = draw_assumptions(scenario)
    stated_names = [name for name in names if name.startswith("population.")]
    assert stated_names == [
        "population.own_mine.extra_migrants", "population.own_mine.fertility",
        "population.own_mine.housing.Town.completed",
    ]  # fmt: skip
    found = project(provider, {"runs": 40, "health_status": False, **stated})
    of_baby = of_pod(found, "maternity")[-1]
    fertility = values[:, names.index("population.own_mine.fertility")]
    assert np.corrcoef(of_baby, fertility)[0, 1] > 0.7


def test_draws_are_those_of_the_name(provider):
    """Another assumption beside it changes no draw of fertility."""
    one = load_scenario({"name": "s", "runs": 9, **with_own(fertility=[0.8, 1.2])})
    both = with_own(fertility=[0.8, 1.2], mortality=[0.8, 1.2])
    two = load_scenario({"name": "s", "runs": 9, "expat": {"op": {"100": [0.5, 0.9]}}, **both})
    drawn = []
    for scenario in (one, two):
        names, values, _, _ = draw_assumptions(scenario)
        drawn.append(values[:, names.index("population.own_mine.fertility")])
    assert np.array_equal(*drawn)


def test_threads_and_other_variants_beside_it(provider):
    parts = with_own(fertility=[0.5, 1.5], mortality=[0.8, 1.1])
    parts["population"]["variants"]["var_proj_zero_net_migration"] = 1
    scenario = resolve(
        load_scenario({"name": "s", "runs": 12, **parts}), provider.dataset, YEAR, 2047
    )
    one, many = (simulate(provider, scenario, years="horizon", threads=n) for n in (1, 3))
    assert cubes_of(one) == cubes_of(many)
    assert set(one.draws.variants) == {"own_mine", "var_proj_zero_net_migration"}


def test_expected_activity_is_the_mean_of_the_runs(provider):
    stated = with_own(fertility=[0.7, 1.3], mortality=[0.8, 1.1])
    scenario = resolved(provider, runs=150, **stated)
    expected = Expectation(provider, scenario, (HORIZON,))()
    admissions = (expected.keys["measure"] == "admissions") & (
        expected.keys["pod"] == "ip_maternity_admission"
    )
    runs = of_pod(simulate(provider, scenario, years="horizon", empty_tpmas="warn"), "maternity")[
        -1
    ]
    mean = expected.values[0][:, admissions].sum(axis=1)
    error = np.sqrt(mean.mean() / len(runs))
    assert runs.mean() == pytest.approx(mean.mean(), abs=4.5 * error)


def test_life_expectancy_moves_with_mortality(provider):
    """Who lives longer at the same share of healthy years gains healthy years."""
    u = np.array([0.5])
    plain = health_status.younger(u, YEAR, (HORIZON,))
    gained = health_status.life_expectancy_gained((HORIZON,), np.array([0.8]))
    longer = health_status.younger(u, YEAR, (HORIZON,), changed=lambda _: gained)
    at = 65 - health_status.FIRST_AGE
    share = health_status.free_of_disability(HORIZON, 1, u)[0] / 100
    more = longer.of_run(0)[0][0, 0] - plain.of_run(0)[0][0, 0]
    assert more == pytest.approx(share * gained[0, 0, at])
    assert longer.adjusted_ages(0)[0, 0, at] < plain.adjusted_ages(0)[0, 0, at]
    shorter, same = (mean_of(provider, "non-elective", **with_own(mortality=m)) for m in (1.2, 1.0))
    assert shorter[-1] < same[-1]


def test_years_beyond_the_tables_are_continued_and_said(provider):
    scenario = resolved(provider, runs=3, horizon_year=2049)
    assert last_year(provider.tables, YEAR) == 2047
    found = simulate(provider, scenario, years=[2047])
    [warning] = [p for p in found.warnings if "tables end in 2047" in p.what]
    assert warning.warning
    assert "migration_category" in warning.where
    read = people_of(provider.tables, "migration_category", YEAR, 2049)
    assert read.years[-1] == 2049
    growth = read.people[-1].sum() / read.people[-3].sum()
    assert 1.0 < growth < 1.02


@pytest.mark.parametrize(
    ("population", "words"),
    [
        ({"variants": {"own_mine": 1}}, "no population variant own_mine.*define it under"),
        (
            {"variants": {"own_mine": 1}, "own": {"own_mine": {"base": "high_fertility"}}},
            r"own_mine\.base: the data has no population variant high_fertility",
        ),
    ],
)
def test_variants_that_are_not_there(provider, population, words):
    scenario = resolved(provider, runs=1, population=population)
    with pytest.raises(AcutecastError, match=words):
        simulate(provider, scenario)


def test_an_own_variant_of_the_data_needs_no_definition(provider):
    tables = dict(provider.tables)
    for name in ("demographic_factors", "birth_factors"):
        table = tables[name]
        renamed = [
            "own_mine" if v == "var_proj_zero_net_migration" else v
            for v in table.column("variant").to_pylist()
        ]
        tables[name] = table.set_column(0, "variant", [renamed])
    mine = Provider(provider.dataset, provider.year, tables)
    found = mean_of(mine, "elective", population={"variants": {"own_mine": 1}})
    known = mean_of(provider, "elective",
                    population={"variants": {"var_proj_zero_net_migration": 1}})  # fmt: skip
    assert found == pytest.approx(known, abs=0)
