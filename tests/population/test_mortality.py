"""Deaths and life expectancy: known answers, paths of improvement, the published tables."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutecast.facts import rows
from acutecast.population import health_status, mortality

SHARED = Path(__file__).parents[3] / "shared" / "data"


@given(st.floats(0.01, 0.3))
def test_a_constant_hazard_has_a_known_life_expectancy(hazard):
    """Survival exp(-h t): the years lived are 1 / h, to Simpson's rule and the end of the table."""
    years = mortality.life_expectancy(np.full((2, 107), hazard))
    known = (1 - np.exp(-hazard * np.arange(126, 19, -1))) / hazard
    assert np.allclose(years[0, 5:80], known[5:80], rtol=2e-3)


def test_the_last_age_stands_for_the_older():
    hazard = mortality.hazards(2023, 1)
    folded = mortality.together_from(hazard, 90)
    assert folded.shape == (1, 2, 92)
    q = -np.expm1(-hazard[0, :, 91:])
    assert np.all(folded[0, :, -1] > hazard[0, :, 91])
    assert np.all(-np.expm1(-folded[0, :, -1]) < q.max(axis=1))


def test_improvement_moves_to_the_long_term():
    base = np.full((2, 107), 0.1)
    path = mortality.improving(base, 0.02, 0.01, converging=2, n=4)
    falls = 1 - path[1:, 0, 0] / path[:-1, 0, 0]
    assert falls == pytest.approx([0.015, 0.01, 0.01])
    assert np.array_equal(path[0], base)


def test_no_improvement_is_no_change():
    base = mortality.hazards(2023, 1)[0]
    path = mortality.improving(base, 0.0, 0.0, converging=0, n=5)
    period = mortality.life_expectancy(path[-1])
    cohort = mortality.cohort_life_expectancy(path)
    # The same life table; a cohort at mid-year and a life from a birthday are the same then.
    assert np.allclose(period, cohort, atol=1e-9)


def test_cohorts_live_longer_where_mortality_falls():
    by_year = mortality.hazards(2023, 60)
    cohort = mortality.cohort_life_expectancy(by_year)
    assert np.all(cohort[:, :90] > mortality.life_expectancy(by_year[0])[:, :90])


def test_hazards_go_through_the_published_years():
    table = rows("mortality")
    for year in (2022, 2037, 2072):
        found = -np.expm1(-mortality.hazards(year, 1)[0]) * 1e5
        known = np.array([float(row[str(year)]) for row in table]).reshape(2, -1)
        assert np.allclose(found, known, rtol=1e-9)
    fall = mortality.hazards(2022, 60)
    assert np.all(fall[1:] <= fall[:-1] * (1 + 1e-12))


# Period and cohort life expectancy, England, at exact ages, from the ONS's 2020-based tables, which
# are rounded to 0.1 year: (kind, year, sex, age, years).
PUBLISHED = [
    ("period", 2030, 1, 0, 80.9), ("period", 2030, 2, 0, 84.2),
    ("period", 2030, 1, 65, 19.6), ("period", 2030, 2, 65, 21.9),
    ("period", 2045, 1, 65, 20.8), ("period", 2045, 2, 65, 22.9),
    ("period", 2045, 1, 85, 6.9), ("period", 2045, 2, 85, 7.7),
    ("cohort", 2022, 1, 55, 29.3), ("cohort", 2022, 2, 55, 32.0),
    ("cohort", 2030, 1, 65, 20.7), ("cohort", 2030, 2, 65, 23.0),
    ("cohort", 2045, 1, 75, 13.7), ("cohort", 2045, 2, 75, 15.3),
    ("cohort", 2045, 1, 85, 7.1), ("cohort", 2045, 2, 85, 8.0),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "year", "sex", "age", "years"), PUBLISHED)
def test_life_expectancy_is_the_published_one(kind, year, sex, age, years):
    """Within the rounding of the tables and that of the seven years of rates that are stored."""
    by_year = mortality.hazards(year - 1, 120)
    if kind == "period":
        found = mortality.period_life_expectancy(by_year[:2])[0]
    else:
        found = mortality.cohort_life_expectancy(by_year, at=1)
    assert found[sex - 1, age] == pytest.approx(years, abs=0.08)


def test_the_gain_of_life_is_none_without_a_change():
    gained = health_status.life_expectancy_gained((2030, 2043), np.array([1.0, 0.9]))
    assert np.all(gained[0] == 0.0)
    assert np.all(gained[1] > 0.0)
    # A tenth fewer deaths at 65 is most of a year.
    assert 0.5 < gained[1, 0, 65 - 55] < 1.2


def test_the_facts_hold_period_life_expectancy():
    """A cohort's is two years more at 65; the health status step uses that of periods."""
    if not SHARED.is_dir():
        pytest.skip("the reference data is not there")
    with (SHARED / "life_expectancy.csv").open() as file:
        known = {(r["year"], r["sex"], r["age"]): float(r["ex"]) for r in csv.DictReader(file)}
    period = mortality.period_life_expectancy(mortality.hazards(2022, 26))
    cohort = mortality.cohort_life_expectancy(mortality.hazards(2023, 120))
    for sex in (1, 2):
        published = known["2023", str(sex), "65"]
        assert abs(period[0, sex - 1, 65] - published) < 0.35
        assert cohort[sex - 1, 65] - published > 1.0
    later = [abs(period[2043 - 2023, s - 1, 65] - known["2043", str(s), "65"]) for s in (1, 2)]
    assert max(later) < 0.4
    assert json.loads((SHARED / "variant_lookup.json").read_text())["migration_category"] == "ppp"
