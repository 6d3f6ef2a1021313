"""Health status: the elicited distribution, the age people seem to have, and the activity of it."""

import csv
from functools import cache
from importlib.resources import files

import numpy as np
import pytest
from hand_made import HALFWAY, HORIZON, SPELL, YEAR, counted, part, project, provider_of, shapley
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.demand.health import HealthStatus, health_factors
from acutecast.errors import AcutecastError
from acutecast.population import health_status as health
from acutecast.scenario import draw_assumptions, load_scenario, resolve
from small_provider import YEARS

DFLE = {1: 10.45, 2: 10.66}


@cache
def facts_of(name: str) -> list[dict[str, str]]:
    text = files("acutecast.facts").joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def terms_of(year: int, sex: int) -> np.ndarray:
    row = next(
        row
        for row in facts_of("health_status_metalog")
        if (row["year"], row["sex"]) == (str(year), str(sex))
    )
    return np.array([float(row[f"a{i}"]) for i in range(1, 10)])


def life_expectancy(sex: int, age: int, year: int) -> float:
    row = next(
        row
        for row in facts_of("life_expectancy")
        if (row["life_table"], row["sex"], row["age"]) == ("ppp", str(sex), str(age))
    )
    return float(row[str(year)])


def test_published_quantiles():
    u = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
    found = health.metalog_quantile(u, terms_of(2041, 1))
    assert found.round(3).tolist() == [47.088, 53.127, 59.190, 65.157, 74.812]


@settings(deadline=None)
@given(st.floats(1e-12, 1 - 1e-12), st.floats(1e-12, 1 - 1e-12), st.sampled_from([2030, 2041]))
def test_quantiles_are_percentages_that_rise(u, v, year):
    low, high = health.metalog_quantile(np.array(sorted((u, v))), terms_of(year, 2))
    assert 0 <= low <= high <= 100


def gained_at_65(u: np.ndarray | float, sex: int, year: int) -> np.ndarray:
    """Healthy life expectancy at 65 beyond that of the base year, at probability u."""
    share = health.metalog_quantile(np.asarray(u), terms_of(year, sex)) / 100
    return share * life_expectancy(sex, 65, year) - DFLE[sex]


def relative(sex: int, age: int, start: int, end: int) -> float:
    """Life expectancy gained at an age against that gained at 65."""
    gain = [life_expectancy(sex, a, end) - life_expectancy(sex, a, start) for a in (age, 65)]
    return gain[0] / gain[1]


@cache
def rebase(sex: int, age: int) -> float:
    """What the baseline's activity has already."""
    middles = (np.arange(200_000) + 0.5) / 200_000
    mean = gained_at_65(middles, sex, YEAR).mean()
    return float(mean) * relative(sex, age, health.BASE_YEAR, YEAR)


def shift_by_hand(u: float, sex: int, age: int, year: int) -> float:
    """Years of age gained since the baseline, with h stated at 65 and carried to other ages."""
    h = float(gained_at_65(u, sex, year))
    return h * relative(sex, age, YEAR, year) - rebase(sex, age)


@pytest.mark.parametrize("sex", [1, 2])
@pytest.mark.parametrize("age", [55, 65, 78, 90])
@pytest.mark.parametrize("u", [0.1, 0.5, 0.8])
def test_the_adjusted_age_by_hand(u, age, sex):
    """With activity equal to the age, the factor is the adjusted age over the age."""
    younger = health.younger(np.array([u]), YEAR, (HALFWAY, HORIZON))
    activity = np.broadcast_to(np.arange(101.0), (1, 2, 101)).copy()
    out = HealthStatus(("any",), activity, younger).of_run(0)
    adjusted = out[0, sex - 1, age - 55, -1] * age
    assert adjusted == pytest.approx(age - shift_by_hand(u, sex, age, HORIZON), abs=2e-4)
    assert younger.adjusted_ages(0)[-1, sex - 1, age - 55] == pytest.approx(adjusted, abs=1e-9)


def test_one_worked_age():
    """A man of 75 in 2043 at the median, with the figures of the published tables written out."""
    healthy = 59.426 / 100 * 20.4 - 10.45  # median of 2043 x life expectancy at 65 in 2043
    gained = healthy * (12.9 - 11.6) / (20.4 - 18.8)  # at 75 against at 65, since 2023
    healthy = 57.169 / 100 * 18.8 - 10.45  # mean of 2023 x life expectancy at 65 in 2023
    already = healthy * (11.6 - 11.3) / (18.8 - 18.4)  # since 2021
    assert shift_by_hand(0.5, 1, 75, HORIZON) == pytest.approx(gained - already, abs=0.0005)
    assert gained - already == pytest.approx(1.136, abs=0.0005)


@settings(deadline=None)
@given(st.floats(-30, 30), st.floats(0, 5))
def test_factors_are_never_negative(shift, slope):
    """However far the age moves, activity stays that of an age from 0 to 100."""
    activity = np.broadcast_to(slope * (np.arange(101.0) - 20), (1, 2, 101)).copy()
    out = np.empty((1, 2, 36, 1))
    health_factors(np.full((1, 2), shift), np.full((2, 36), 2.5), np.zeros((2, 36)), activity, out)
    assert np.all(out >= 0)
    assert np.all(np.isfinite(out))


def test_no_table_of_activity_is_no_change():
    activity = np.zeros((1, 2, 101))
    out = np.empty((1, 2, 36, 1))
    health_factors(np.full((1, 2), 3.0), np.ones((2, 36)), np.zeros((2, 36)), activity, out)
    assert np.all(out == 1.0)


def rising_activity() -> dict:
    """Activity that doubles every ten years of age, for one health group and sex 1."""
    age = np.arange(101)
    return {
        "hsagrp": np.full(101, "emerg"),
        "sex": np.ones(101, dtype=int),
        "age": age,
        "activity": 2.0 ** ((age - 60) / 10),
    }


OLD = {**SPELL, "age": 75}
KINDS = {
    "old": OLD,
    "young": {**OLD, "age": 54},
    "woman": {**OLD, "sex": 2},
    "other group": {**OLD, "hsagrp": "ordelec"},
}
PROVIDER = provider_of(
    ip=[(200, {**row, "sitetret": name}) for name, row in KINDS.items()],
    activity=rising_activity(),
)


def health_draws(runs: int) -> np.ndarray:
    """The uniform of each run for health status."""
    scenario = load_scenario({"name": "x", "runs": runs, "horizon_year": HORIZON})
    return draw_assumptions(resolve(scenario, "RXX", YEAR, YEARS[-1]))[3]


def test_counts_follow_the_health_of_each_run():
    runs = 300
    projection = project(PROVIDER, {"runs": runs, "health_status": True}, [HALFWAY])
    u = health_draws(runs)
    table = rising_activity()
    adjusted = np.array([75 - shift_by_hand(x, 1, 75, HORIZON) for x in u[:60]])
    factor = np.interp(adjusted, table["age"], table["activity"]) / table["activity"][75]
    found = counted(projection, "ip_people", "admissions", sitetret="old")[-1]
    z = (found[:60] - 200 * factor) / np.sqrt(200 * factor)
    assert abs(z.mean()) < 4.5 / np.sqrt(60)
    assert abs(z.std() - 1) < 4.5 / np.sqrt(120)
    # The factor differs between the runs, and the counts with it.
    assert np.corrcoef(found[:60], factor)[0, 1] > 0.3


def test_people_and_health_by_the_definition():
    """Their product is shared too: Shapley parts of three factors, in the run's own health."""
    provider = provider_of(
        ip=[(200, OLD)], activity=rising_activity(), population={HALFWAY: 1.5, HORIZON: 3.0}
    )
    assumed = {
        "runs": 4,
        "health_status": True,
        "expat": {"ip": {"non-elective": {"300": 0.5}}},
    }
    projection = project(provider, assumed)
    table = rising_activity()
    for run, u in enumerate(health_draws(4)):
        adjusted = 75 - shift_by_hand(u, 1, 75, HORIZON)
        factor = np.interp(adjusted, table["age"], table["activity"]) / table["activity"][75]
        factors = {
            "demographic_adjustment": 3.0,
            "health_status_adjustment": factor,
            "expat": 0.5,
        }
        for name, value in shapley(factors, 200).items():
            found = part(projection, change_factor=name, measure="admissions")[-1, run]
            assert found == pytest.approx(value, abs=0.002), name


@pytest.mark.parametrize("name", ["young", "woman", "other group"])
def test_who_has_no_table_or_is_young_keeps_the_activity(name):
    projection = project(PROVIDER, {"runs": 200, "health_status": True}, [HALFWAY])
    found = counted(projection, "ip_people", "admissions", sitetret=name)
    error = np.sqrt(200 / 200)
    assert np.all(np.abs(found.mean(axis=1) - 200) < 4.5 * error)


def test_off_is_no_step():
    projection = project(PROVIDER, {"runs": 2})
    assert "health_status_adjustment" not in projection.attribution.keys["change_factor"]
    assert "health_status_adjustment" not in projection.step_counts.keys["change_factor"]


def test_years_before_the_elicitation_are_refused():
    first, last = health.years_covered()
    with pytest.raises(AcutecastError, match=f"covers {first} to {last}, not {last + 1}"):
        health.younger(np.array([0.5]), YEAR, (HALFWAY, last + 1))


def test_both_sexes_move_with_one_draw():
    status = health.younger(np.array([0.2, 0.8]), YEAR, (HALFWAY, HORIZON))
    (low, by_age), (high, _) = status.of_run(0), status.of_run(1)
    assert np.all(low < high)
    assert np.all(by_age[:, 65 - 55] == 1.0)


def test_each_variant_has_its_life_table_where_the_facts_hold_it():
    assert health.life_table_of("migration_category") == "ppp"
    # The lookup names a high life expectancy for it, which the facts do not hold.
    assert health.life_table_of("high_population") == "ppp"
    assert health.life_table_of("a catchment of one's own") == "ppp"
