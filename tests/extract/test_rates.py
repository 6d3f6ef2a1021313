"""Catchments, curves, inequalities, tables for setting assumptions: small answers by hand."""

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.extract.assumption_tables import (
    assumption_tables,
    sigma_of_scores,
    suppress_small,
    unit_of,
)
from acutecast.extract.catchment import birth_factors, catchments, demographic_factors
from acutecast.extract.health_curves import extended, smooth
from acutecast.extract.inequality import inequalities, weighted_line


def database(**tables):
    con = duckdb.connect()
    for name, rows in tables.items():
        held = pa.Table.from_pylist(rows)
        con.register("held", held)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM held")
        con.unregister("held")
    for name in {"attendance_cells", "arrivals"} - set(tables):
        con.execute(
            f"CREATE TABLE {name} (fyear INTEGER, procode3 VARCHAR, sex INTEGER, age INTEGER, "
            "demog_type VARCHAR)"
        )
    return con


def patients(provider, area, sex, age, count, start=0):
    return [
        {
            "fyear": 2023,
            "procode3": provider,
            "lad": area,
            "sex": sex,
            "age": age,
            "demog_type": "demographics",
            "person_id": f"{provider}{area}{age}-{start + i}",
            "rn": f"{provider}{area}{age}-{start + i}",
        }
        for i in range(count)
    ]


def people(**areas):
    return [
        {"variant": "v", "area": area, "sex": sex, "age": age, "year": year, "people": n}
        for area, n in areas.items()
        for sex in (1, 2)
        for age in (30, 70)
        for year in (2023, 2024)
    ]


BIRTHS = [
    {"variant": "v", "area": "N", "age": 30, "year": 2023, "births": 40.0},
    {"variant": "v", "area": "N", "age": 30, "year": 2024, "births": 44.0},
]


def test_shares_by_age_and_an_empty_cell_goes_to_the_biggest():
    spells = (
        patients("AAA", "N", 2, 30, 3)
        + patients("BBB", "N", 2, 30, 1)
        # The same person again counts once.
        + patients("BBB", "N", 2, 30, 1)
        + patients("AAA", "S", 1, 70, 1)
        + patients("BBB", "S", 1, 70, 4)
    )
    con = database(spells=spells, population=people(N=1000.0, S=500.0), births=BIRTHS)
    assert catchments(con) == "share of patients by area, age and sex"
    shares = {
        row[:-1]: row[-1]
        for row in con.sql(
            "SELECT procode3, area, sex, age, share FROM catchment_shares"
        ).fetchall()
    }
    assert shares["AAA", "N", 2, 30] == 0.75
    assert (shares["AAA", "N", 1, 30], shares["BBB", "N", 1, 30]) == (1.0, 0.0)
    assert shares["BBB", "S", 1, 70] == 0.8
    assert (shares["AAA", "S", 2, 30], shares["BBB", "S", 2, 30]) == (0.0, 1.0)
    mine = demographic_factors(con, "AAA", 2023).to_pylist()
    assert mine[0] == {"variant": "v", "age": 30, "sex": 1, "2023": 1000.0, "2024": 1000.0}
    assert next(r for r in mine if r["sex"] == 1 and r["age"] == 70)["2023"] == 1000 + 100
    assert birth_factors(con, "BBB", 2023).to_pylist() == [
        {"variant": "v", "age": 30, "sex": 2, "2023": 10.0, "2024": 11.0}
    ]


@settings(deadline=None)  # a database for each example
@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.sampled_from("NS"), st.sampled_from([30, 70])),
        min_size=2,
        max_size=40,
    )
)
def test_everyone_is_served_by_someone(visits):
    spells = [
        row
        for i, (provider, area, age) in enumerate(visits)
        for row in patients(provider, area, 1, age, 1, start=i)
    ]
    spells += patients("A", "N", 2, 30, 1) + patients("B", "S", 2, 30, 1)
    con = database(spells=spells, population=people(N=1000.0, S=500.0), births=BIRTHS)
    catchments(con)
    assert con.sql("SELECT sum(people) FROM catchment WHERE year = 2023").fetchall()[0][0] == (
        pytest.approx(6000)
    )


def test_one_provider_has_shares_by_area_alone():
    spells = patients("AAA", "N", 1, 30, 20) + patients("AAA", "S", 1, 30, 5)
    spells += patients("AAA", "N", 2, 70, 60) + patients("AAA", "S", 2, 70, 15)
    con = database(spells=spells, population=people(N=1000.0, S=500.0), births=BIRTHS)
    assert catchments(con) == "share of each area by area alone"
    shares = con.sql("SELECT DISTINCT area, round(share, 6) FROM catchment_shares ORDER BY 1")
    # Half as many patients for each of S's people as of N's, at every age.
    assert shares.fetchall() == [("N", 1.0), ("S", 0.5)]


@pytest.mark.parametrize("size", [20_000, 200_000])
def test_a_known_curve_is_found_again(size):
    ages = np.arange(18, 91)
    truth = 0.05 + 0.5 * np.exp(-0.5 * ((ages - 95) / 14) ** 2)
    heads = np.full(73, size / 73)
    counts = np.random.default_rng(5).poisson(truth * heads)
    found = smooth(counts.astype(float), heads)
    error = np.abs(found / truth - 1)
    raw = np.abs(counts / heads / truth - 1)
    assert error.mean() < 0.5 * raw.mean()
    assert error.max() < (0.35 if size == 20_000 else 0.12)
    assert (found * heads).sum() == pytest.approx(counts.sum())


def test_curves_without_data_and_beyond_the_ages():
    assert smooth(np.zeros(73), np.ones(73)).max() <= 1e-7
    assert smooth(np.full(73, 2.0), np.full(73, 4.0)) == pytest.approx(np.full(73, 0.5), rel=0.05)
    curve = extended(np.linspace(0.1, 0.9, 73))
    assert len(curve) == 101
    assert (curve[:18] == 0.1).all()
    assert (np.diff(curve[90:]) > 0).all()
    assert (np.diff(curve[90:], 2) < 0).all()  # it fades


def gaps_database(counts, people=(2000.0, 1800.0, 1600.0, 1400.0, 1200.0)):
    spells = [
        {
            "fyear": 2023,
            "procode3": "AAA",
            "icb": "Q",
            "sushrg_trimmed": "HN22",
            "imd_quintile": q + 1,
            "admimeth": "11",
        }
        for q, n in enumerate(counts)
        for _ in range(n)
    ]
    procedures = [
        {
            "fyear": 2023,
            "procode3": "AAA",
            "icb": "Q",
            "sushrg_trimmed": "HN22",
            "imd_quintile": 1,
            "n": 10,
        }
    ]
    deprivation = [{"icb": "Q", "imd_quintile": q + 1, "people": n} for q, n in enumerate(people)]
    return database(spells=spells, procedure_counts=procedures, deprivation=deprivation)


def test_inequality_factors():
    rows = inequalities(gaps_database([90, 120, 130, 140, 150]), "AAA", 2023).to_pylist()
    assert [row["imd_quintile"] for row in rows] == [1, 2, 3, 4, 5]
    assert rows[0]["activity_rate"] == pytest.approx(100 / 2000)
    assert rows[-1]["level_up"] == 1
    assert rows[0]["level_down"] == 1
    assert rows[0]["level_up"] == pytest.approx(rows[-1]["fitted_line"] / 0.05)
    people = (2000, 1800, 1600, 1400, 1200)
    total = sum(n * r["activity_rate"] * r["zero_sum"] for n, r in zip(people, rows, strict=True))
    assert total == pytest.approx(100 + 120 + 130 + 140 + 150)


@pytest.mark.parametrize(
    "counts",
    [
        [140, 130, 120, 110, 80],  # falls with the quintile
        [40, 120, 130, 140, 150],  # 50 events with the procedures: kept
        [39, 120, 130, 140, 150],  # 49: too few
        [200, 100, 190, 100, 170],  # no line
    ],
)
def test_which_inequalities_are_listed(counts):
    rows = inequalities(gaps_database(counts), "AAA", 2023).to_pylist()
    listed = counts[0] == 40
    assert (len(rows) == 5) == listed
    if not listed:
        assert rows == [dict.fromkeys(rows[0])]


def test_weighted_line_against_another_way():
    x, w = np.arange(1.0, 6.0), np.array([5.0, 4, 3, 2, 1])
    y = np.array([1.0, 2.5, 2.7, 4.4, 4.9])
    line, p, slope = weighted_line(x, y, w)
    coefficients = np.polyfit(x, y, 1, w=np.sqrt(w))
    assert slope == pytest.approx(coefficients[0])
    assert line == pytest.approx(np.polyval(coefficients, x))
    assert 0 < p < 0.01
    assert weighted_line(x, 2 * x, w)[1] == 0.0


def rates_database():
    def spell(rn, provider, age, nights, diagnosis, admimeth="21"):
        return {
            "fyear": 2023,
            "procode3": provider,
            "rn": rn,
            "age": age,
            "sex": 1,
            "speldur": nights,
            "diagnosis": diagnosis,
            "procedure": None,
            "admimeth": admimeth,
            "pod": "ip_non-elective_admission",
            "group": "non-elective",
            "tretspef_grouped": "300",
        }

    spells = [spell(f"a{i}", "AAA", 70, i, f"S{i:02d}X") for i in range(9)]
    spells += [spell(f"b{i}", "BBB", 70, 2, "S00X") for i in range(3)]
    tags = [
        {
            "fyear": 2023,
            "procode3": s["procode3"],
            "rn": s["rn"],
            "strategy": key,
            "kind": kind,
            "sample_rate": rate,
        }
        for s in spells
        for key, kind, rate in (
            ("smoking", "activity_avoidance", 0.25),
            ("emergency_elderly", "efficiencies", 1.0),
        )
    ]
    contact = {
        "fyear": 2023,
        "activity_type": "aae",
        "strategy": "left_before_seen_adult_walk-in",
        "kind": "activity_avoidance",
        "sex": 1,
        "sitetret": "x",
        "age": 70,
    }
    contacts = [
        contact | {"procode3": "AAA", "n": 20, "denominator": 100},
        contact | {"procode3": "BBB", "n": 2, "denominator": 50},
    ]
    return database(
        spells=spells,
        tags=tags,
        contact_tags=contacts,
        catchment=[
            {
                "procode3": p,
                "fyear": 2023,
                "variant": "v",
                "sex": 1,
                "age": 70,
                "year": 2023,
                "people": n,
            }
            for p, n in (("AAA", 3000.0), ("BBB", 1000.0))
        ],
        catchment_shares=[
            {"fyear": 2023, "procode3": p, "area": "N", "sex": 1, "age": 70, "share": n}
            for p, n in (("AAA", 0.75), ("BBB", 0.0))
        ],
        attendances=[
            {
                "fyear": 2023,
                "procode3": "AAA",
                "pod": "op_first",
                "group": "first",
                "tretspef_grouped": "100",
                "attendances": 30,
                "tele_attendances": 2,
            }
        ],
        arrivals=[
            {
                "fyear": 2023,
                "procode3": "AAA",
                "pod": "aae_type-01",
                "group": "walk-in",
                "tretspef_grouped": "Other",
                "arrivals": 100,
            }
        ],
        day_procedure_lists=[
            {"strategy": "x", "procedure_code": "T203", "share": 0.7, "total": 150}
        ],
    )


@pytest.fixture(scope="module")
def rates():
    return assumption_tables(rates_database(), [2023])


def row_of(table, **keys):
    (row,) = [r for r in table.to_pylist() if all(r[k] == v for k, v in keys.items())]
    return row


def test_activity_and_rates(rates):
    smoking = row_of(rates["tpma_activity"], procode3="AAA", strategy="smoking")
    assert (smoking["n"], smoking["unit"], smoking["denominator"]) == (
        2.25,
        "per 1,000 people",
        3.0,
    )
    assert smoking["rate_crude"] == 0.75
    stay = row_of(rates["tpma_activity"], procode3="AAA", strategy="emergency_elderly")
    assert (stay["n"], stay["mean_nights"], stay["bed_days"]) == (9, 4.0, 36 + 9)
    assert (stay["unit"], stay["rate_crude"]) == ("mean nights", 4.0)
    left = row_of(rates["tpma_activity"], procode3="BBB", strategy="left_before_seen_adult_walk-in")
    assert (left["unit"], left["rate_crude"]) == ("share of contacts", 0.04)
    # One age band has people: standardised and crude are the same, where shares are of contacts.
    assert left["rate_standardised"] == left["rate_crude"]
    assert left["std_low"] < 0.04 < left["std_high"]


def test_units():
    assert unit_of("pre-op_los_1-day", "efficiencies", "ip") == "per 1,000 elective spells"
    assert unit_of("followup_reduction_adult_surgical", "activity_avoidance", "op") == (
        "follow-ups per first attendance"
    )
    assert unit_of("same_day_emergency_care_low", "efficiencies", "ip") == "per 1,000 people"
    assert unit_of("own_short_stays", "efficiencies", "ip") == "mean nights"


def test_top_codes_and_the_rest(rates):
    rows = [
        r
        for r in rates["tpma_diagnoses"].to_pylist()
        if r["procode3"] == "AAA" and r["strategy"] == "smoking"
    ]
    assert [r["diagnosis"] for r in rows] == [*(f"S{i:02d}X" for i in range(6)), "other"]
    assert [r["n"] for r in rows] == [1, 1, 1, 1, 1, 1, 3]
    none = row_of(rates["tpma_procedures"], procode3="BBB", strategy="smoking")
    assert (none["procedure"], none["n"]) == ("none", 3)


def test_funnel_peers_trend_and_baseline(rates):
    key = {"strategy": "left_before_seen_adult_walk-in"}
    ours = row_of(rates["tpma_funnel"], procode3="AAA", **key)
    assert ours["centre"] == pytest.approx(22 / 150, abs=1e-6)
    assert ours["low_3"] <= ours["low_2"] < ours["centre"] < ours["high_2"] < ours["high_3"]
    peers = row_of(rates["tpma_peers"], procode3="AAA", **key)
    assert (peers["peers"], peers["median"]) == (1, 0.04)
    trend = row_of(rates["tpma_trend"], procode3="England", fyear=2019, strategy="smoking")
    assert 0.01 < trend["share_of_spells"] < 0.05
    own = row_of(rates["tpma_trend"], procode3="AAA", strategy="smoking")
    assert own["share_of_spells"] == 0.25
    first = row_of(rates["baseline_counts"], pod="op_first")
    assert (first["n"], first["bed_days"]) == (32, None)


def test_sigma_of_scores():
    assert sigma_of_scores([0.3]) == 1.0
    assert sigma_of_scores([1.0, 2.0, 1.0]) == pytest.approx(1 / 1.128)
    # A range beyond 3.267 times the mean is left out.
    steady = [0.0, 1.0] * 10
    assert sigma_of_scores([*steady, 100.0]) == pytest.approx(1 / 1.128)


def test_small_numbers_are_left_out_with_what_rests_on_them(rates):
    hidden = suppress_small(rates, 5)
    row = row_of(hidden["tpma_activity"], procode3="AAA", strategy="smoking")
    assert row["n"] is None
    assert row["rate_crude"] is None
    assert row["bed_days"] is None
    assert row["denominator"] == 3.0
    kept = row_of(hidden["tpma_activity"], procode3="AAA", strategy="emergency_elderly")
    assert kept["n"] == 9
    for table, column in (
        ("tpma_age_sex", "n"),
        ("tpma_diagnoses", "n"),
        ("tpma_procedures", "n"),
        ("baseline_counts", "n"),
    ):
        counts = hidden[table].column(column).to_pylist()
        assert all(n is None or n == 0 or n >= 5 for n in counts)
    trend = row_of(hidden["tpma_trend"], procode3="AAA", strategy="smoking")
    assert trend["share_of_spells"] is None
    england = row_of(hidden["tpma_trend"], procode3="England", fyear=2019, strategy="smoking")
    assert england["share_of_spells"] is not None
    # With one other provider, the median of the others is its figure.
    peers = row_of(hidden["tpma_peers"], procode3="AAA", strategy="smoking")
    assert peers["median"] is None
