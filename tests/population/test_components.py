"""Cohort components: the accounts close, known cases come out, rates do what they say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import MOTHERS, components, levels, population

from acutecast.population.calibrate import by_age_at_move, calibrated, extended
from acutecast.population.components import BOYS, Components, project, project_area
from acutecast.population.levels import Levels
from acutecast.population.people import Population, mixed
from acutecast.population.projected import project_draws


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 3), st.integers(1, 4), st.integers(46, 110), st.integers(0, 10**6),
    st.sampled_from([1.0, 1e4]),
)  # fmt: skip
def test_opening_births_deaths_and_migration_give_the_closing(areas, years, ages, seed, scale):
    """In every draw, area, year, sex and age, also where more would leave than there are."""
    c = components(areas=areas, years=years, ages=ages, seed=seed, scale=scale)
    drawn = levels(years, ages, seed=seed)
    for area in range(areas):
        made = project_area(c, area, drawn, accounts=True)
        born = made.births.sum(axis=2)[..., None] * np.array([BOYS, 1 - BOYS])
        before, after = made.people[:, :-1], made.people[:, 1:]
        left = before - made.deaths[..., 1:]
        aged = np.zeros_like(after)
        aged[..., 1:] = left[..., :-1]
        aged[..., -1] += left[..., -1]
        aged[..., 0] = born - made.deaths[..., 0]
        assert np.allclose(aged + made.net_migration, after, rtol=0, atol=1e-9 * scale)
        total = before.sum((2, 3)) + born.sum(2) - made.deaths.sum((2, 3))
        total += made.net_migration.sum((2, 3))
        assert np.allclose(total, after.sum((2, 3)), rtol=1e-12)
        assert np.all(made.people >= 0)
        assert np.all(made.deaths >= 0)
        assert np.all(made.deaths[..., 1:] <= before)


def by_hand() -> Components:
    """One area of one woman an age, who die at 10% and bear 0.2 children at 15."""
    opening = np.zeros((1, 2, 20))
    opening[0, 1] = 100.0
    fertility = np.zeros((1, 1, MOTHERS - 26))
    fertility[0, 0, 0] = 0.2
    hazard = np.full((1, 1, 2, 21), -np.log(0.9))
    joined, exposed = np.zeros((1, 1, 2, 20)), np.zeros((1, 1, 2, 20))
    joined[0, 0, 1, 6], exposed[0, 0, 1, 5] = 10.0, 10.0
    return Components(("A",), 2023, opening, fertility, hazard, joined, exposed)


def test_a_case_worked_by_hand():
    c = by_hand()
    made = project_area(c, 0, Levels.unchanged(1, 1, 20), accounts=True)
    # 105 are exposed at 5: 100 women and half of the 10 who came.
    assert made.deaths[0, 0, 1, 6] == pytest.approx(10.5)
    assert made.people[0, 1, 1, 6] == pytest.approx(100 - 10.5 + 10)
    # The oldest are those of 18 and 19 who survive.
    assert made.people[0, 1, 1, 19] == pytest.approx(180)
    # Women of 15: 100 at the start, 90 at the end.
    assert made.births[0, 0, 0] == pytest.approx(0.2 * 95)
    assert made.people[0, 1, 0, 0] == pytest.approx(19 * 105 / 205 * 0.9)
    assert made.people[0, 1, 1, 0] == pytest.approx(19 * 100 / 205 * 0.9)


def test_levels_do_what_they_say():
    c = by_hand()
    one = Levels.unchanged(1, 1, 20)
    twice = np.full((1, 1), 2.0)
    made = project_area(c, 0, replace(one, fertility=twice), accounts=True)
    assert made.births.sum() == pytest.approx(0.4 * 95)
    made = project_area(c, 0, replace(one, mortality=twice), accounts=True)
    # Twice the hazard: 0.9 x 0.9 survive.
    assert made.people[0, 1, 1, 3] == pytest.approx(81)
    made = project_area(c, 0, replace(one, migration=twice), accounts=True)
    assert made.net_migration.sum() == pytest.approx(20)
    shares = np.zeros((2, 20))
    shares[0, 7] = 1.0
    more = replace(one, extra_migration=np.full((1, 1), 0.01), ages_of_migrants=shares)
    assert project_area(c, 0, more).people[0, 1, 0, 7] == pytest.approx(0.01 * 2000)


def test_residents_of_new_dwellings_come_to_their_area_and_grow_older():
    c = replace(components(areas=2, years=3), joined=np.zeros((2, 3, 2, 60)))
    c = replace(c, exposed=np.zeros_like(c.joined), hazard=np.zeros_like(c.hazard))
    ages = np.zeros((1, 2, 60))
    ages[0, 0, 30] = 1.0
    plain = Levels.unchanged(1, 3, 60)
    arrivals = np.array([[[50.0, 0.0, 20.0]]])
    moved = replace(plain, arrivals=arrivals, area_of_site=np.array([1]), ages_of_site=ages)
    for area in (0, 1):
        more = project_area(c, area, moved).people - project_area(c, area, plain).people
        expected = np.zeros((4, 60))
        if area == 1:
            expected[1, 30] = expected[2, 31] = expected[3, 32] = 50
            expected[3, 30] = 20
        assert np.allclose(more[0, :, 0], expected, atol=1e-9)
        assert np.allclose(more[0, :, 1], 0, atol=1e-9)


def test_who_lives_longer_grows_older():
    c = components(areas=1, years=10, ages=91)
    plain = Levels.unchanged(3, 10, 91)
    drawn = replace(plain, mortality=np.array([1.2, 1.0, 0.8])[:, None] * np.ones(10))
    old = project_area(c, 0, drawn).people[:, -1, :, 65:].sum(axis=(1, 2))
    assert old[0] < old[1] < old[2]


@pytest.mark.long
@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from([91, 106]), st.integers(3, 8))
def test_components_give_a_projection_back(seed, ages, years):
    known = population(seed=seed, ages=ages, years=years)
    again = project(calibrated(known))
    assert (again.areas, again.years) == (known.areas, known.years)
    assert np.allclose(again.people, known.people, rtol=1e-12)
    assert np.allclose(again.births, known.births, rtol=1e-12)


def test_years_beyond_a_projection_are_continued():
    known = population(years=6)
    longer = extended(known, 2035)
    assert longer.years == tuple(range(2022, 2036))
    assert np.array_equal(longer.people[:, :6], known.people)
    assert np.array_equal(longer.births[:, :5], known.births)
    assert np.all(np.isfinite(longer.births))
    assert extended(known, 2027) is known
    # Fertility stays as it was last.
    mothers = np.arange(MOTHERS) + 15
    women = longer.people[:, :, 1, mothers]
    rate = longer.births / ((women[:, 1:] + women[:, :-1]) / 2)
    assert np.allclose(rate[:, 5:], rate[:, 4:5], rtol=1e-9)


def test_unknown_births_take_the_fertility_of_the_nearest_year_or_of_england():
    known = population()
    births = known.births.copy()
    births[:, -1] = np.nan
    fertility = calibrated(replace(known, births=births)).fertility
    assert np.allclose(fertility[:, -1], fertility[:, -2])
    none = calibrated(replace(known, births=np.full_like(births, np.nan))).fertility
    assert 1.2 < none[0, 0].sum() < 1.8


def test_half_of_those_who_move_at_an_age_are_a_year_older_at_the_end():
    net = np.zeros((1, 2, 5))
    net[0, 0] = [10, 0, 4, 0, 6]
    joined, exposed = by_age_at_move(net)
    assert joined[0, 0].tolist() == [5, 5, 2, 2, 6]
    assert joined.sum() == net.sum()
    assert np.array_equal(exposed, net)


def test_areas_add_up_inside_each_draw():
    c = components(areas=3, years=4)
    drawn = levels(4, 60, draws=20)
    made = project_draws("own", c, drawn, threads=2)
    apart = [project_area(c, i, drawn, accounts=True) for i in range(3)]
    assert np.allclose(made.total, sum(a.people for a in apart))
    assert np.allclose(made.births, sum(a.births.sum(axis=2) for a in apart))
    assert np.allclose(made.mean.people[1], apart[1].people.mean(axis=0))
    everyone = apart[2].people.sum(axis=(2, 3))
    assert np.allclose(made.by_area[2, :, -1], np.percentile(everyone, (10, 50, 90), axis=0).T)
    f = made.flows
    closing = f.opening + f.births - f.deaths + f.net_migration
    assert np.allclose(closing, f.closing, rtol=1e-12)


def test_weights_make_a_catchment():
    c = components(areas=2, years=2)
    drawn = levels(2, 60)
    weights = np.random.default_rng(5).uniform(0, 1, (2, 2, 60))
    made = project_draws("own", c, drawn, weights=weights)
    apart = [project_area(c, i, drawn, accounts=True) for i in range(2)]
    assert np.allclose(made.total, sum(a.people * w for a, w in zip(apart, weights, strict=True)))
    mothers = weights[:, 1, 15 : 15 + MOTHERS]
    born = sum(a.births @ w for a, w in zip(apart, mothers, strict=True))
    assert np.allclose(made.births, born)


def test_threads_give_the_same_bytes():
    c, drawn = components(areas=7, years=3), levels(3, 60, draws=9)
    one, many = (project_draws("own", c, drawn, threads=n) for n in (1, 3))
    for name in ("total", "births", "by_area"):
        assert getattr(one, name).tobytes() == getattr(many, name).tobytes()
    assert one.mean.people.tobytes() == many.mean.people.tobytes()


def test_mixed_variants_are_expected_people():
    a, b = population(), population(seed=9)
    half = mixed({"a": a, "b": b}, {"a": 1, "b": 3})
    assert np.allclose(half.people, 0.25 * a.people + 0.75 * b.people)
    assert np.allclose(half.births, 0.25 * a.births + 0.75 * b.births)


def test_populations_know_their_parts():
    p = population()
    assert p.total().people.sum() == pytest.approx(p.people.sum())
    assert p.of_areas(["E07000001"]).people.shape[0] == 1
    assert p.of_years(2023, 2024).births.shape[1] == 1
    folded = p.to_last_age(85)
    assert folded.people[..., 85].sum() == pytest.approx(p.people[..., 85:].sum())
    with pytest.raises(ValueError, match="not consecutive"):
        Population(p.areas, (2022, 2023, 2025, 2026), p.people, p.births)
