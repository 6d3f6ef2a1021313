"""Rows of the built-in region: parts agree with each other and with the rules of the field."""

import numpy as np
import pytest

from acutecast import facts
from acutecast.synthetic import make_demo, people
from acutecast.synthetic.compare import column

TAGS = ("ip_activity_avoidance_strategies", "ip_efficiencies_strategies")


@pytest.fixture(scope="module")
def demo():
    return make_demo(seed=2, size=0.5)


@pytest.fixture(scope="module")
def ip(demo):
    return {name: column(demo, "ip", name) for name in demo.tables["ip"].column_names}


def weekday(days: np.ndarray) -> np.ndarray:
    """Give 0 for Monday to 6 for Sunday."""
    return (days.astype("datetime64[D]").view(np.int64) + 3) % 7


def starts(values: np.ndarray, text: str) -> np.ndarray:
    return np.char.startswith(values.astype(str), text)


def test_age_groups_follow_from_ages(demo):
    group = np.array(facts.age_group_of_age())
    for table in ("ip", "op", "aae"):
        assert (column(demo, table, "age_group") == group[column(demo, table, "age")]).all()


def test_keys_are_unique_and_tags_belong_to_spells(demo, ip):
    assert len(set(ip["rn"])) == len(ip["rn"])
    for table in TAGS:
        rn, strategy = column(demo, table, "rn"), column(demo, table, "strategy")
        assert set(rn) <= set(ip["rn"])
        assert len(set(zip(rn, strategy, strict=True))) == len(rn)
    for table in ("op", "aae"):
        rn = column(demo, table, "rn")
        assert len(set(rn)) == len(rn)


def test_points_of_delivery_and_groups_follow_the_rules(ip):
    classpat, method, age = ip["classpat"], ip["admimeth"], ip["age"]
    mother = (ip["sex"] == 2) & (age >= 13) & (age <= 55)
    maternity = mother & (np.isin(ip["tretspef"], ("501", "560")) | starts(method, "3"))
    group = np.select([maternity, starts(method, "1")], ["maternity", "elective"], "non-elective")
    assert (ip["group"] == group).all()
    pod = np.select(
        [classpat == "2", classpat == "3", classpat == "4"],
        ["ip_elective_daycase", "ip_regular_day_attender", "ip_regular_night_attender"],
        [f"ip_{g}_admission" for g in group],
    )
    assert (ip["pod"] == pod).all()
    newborn = np.isin(method, ("82", "83")) & (age == 0)
    assert newborn.sum() > 100
    assert (ip["ndggrp"] == np.where(newborn, "maternity", group)).all()
    assert ((ip["demog_type"] == "births") == (maternity | newborn)).all()
    assert (ip["hsagrp"][newborn] == "birth").all()
    assert (ip["is_wla"] == (method == "11")).all()
    assert not ip["maternity_delivery_in_spell"][~maternity].any()
    assert ip["maternity_delivery_in_spell"][maternity].mean() > 0.3
    assert (ip["speldur"][np.isin(classpat, ("2", "3", "4"))] == 0).all()


def test_dates_lie_in_the_year_and_differ_by_the_stay(ip):
    admitted, left = (ip[n].astype("datetime64[D]") for n in ("admidate", "disdate"))
    assert ((left - admitted).astype(int) == ip["speldur"]).all()
    assert np.datetime64("2023-04-01") <= left.min()
    assert left.max() <= np.datetime64("2024-03-31")
    for name in ("admihour", "dishour"):
        assert set(ip[name]) <= set(range(24))
    same_day = ip["speldur"] == 0
    assert (ip["dishour"] >= ip["admihour"])[same_day].all()
    assert 13 <= np.median(ip["dishour"][~same_day]) <= 17


def test_weekdays_and_seasons(ip):
    emergency, daycase = ip["hsagrp"] == "emerg", ip["classpat"] == "2"
    arrived = np.bincount(weekday(ip["admidate"])[emergency], minlength=7)
    assert arrived.argmax() == 0
    assert arrived[5:].max() < 0.95 * arrived[:5].min()
    assert np.isin(weekday(ip["admidate"])[daycase], (5, 6)).mean() < 0.05
    stayed = emergency & (ip["speldur"] > 0)
    left = np.bincount(weekday(ip["disdate"])[stayed], minlength=7)
    assert left[5:].max() < 0.9 * left[:5].min()
    month = ip["admidate"].astype("datetime64[M]").view(np.int64) % 12
    length = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    a_day = np.bincount(month[emergency], minlength=12) / length
    assert a_day[[11, 0]].mean() > 1.05 * a_day[[6, 7]].mean()
    elective = np.bincount(month[starts(ip["admimeth"], "1")], minlength=12) / length
    assert elective[7] < elective[[5, 8]].min()


def test_stays_have_a_long_tail(ip):
    nights, emergency = ip["speldur"], ip["hsagrp"] == "emerg"
    assert 4.5 < nights[emergency].mean() < 6
    assert 6 < nights[emergency & (nights > 0)].mean() < 8
    assert nights.max() > 150
    assert np.percentile(nights[emergency], 99) > 25
    means = [
        nights[emergency & (ip["age"] >= a) & (ip["age"] < a + 20)].mean() for a in (20, 50, 71)
    ]
    assert means[0] < means[1] < means[2]


def test_only_operations_have_theatre_minutes(ip):
    minutes = ip["theatre_minutes"].astype(float)
    assert np.isnan(minutes[~ip["has_procedure"]]).all()
    assert 20 < np.nanmedian(minutes) < 90


def test_outpatient_flags_follow_the_rules(demo):
    op = {name: column(demo, "op", name) for name in demo.tables["op"].column_names}
    assert (op["has_procedures"] == (op["group"] == "procedure")).all()
    assert op["is_first"][op["group"] == "first"].all()
    assert not op["is_first"][op["group"] == "followup"].any()
    assert not (op["is_gp_ref"] | op["is_cons_cons_ref"])[~op["is_first"]].any()
    assert (op["tele_attendances"][op["group"] == "procedure"] == 0).all()
    assert (op["attendances"] + op["tele_attendances"] > 0).all()
    assert op["is_wla"].all()
    ends = [f"op_{t}_{g}" for t, g in zip(op["type"], op["group"], strict=True)]
    assert (op["hsagrp"] == ends).all()
    adult = np.char.startswith(op["type"].astype(str), "adult")
    assert (op["age"][adult] >= 18).all()
    surgical = [t[0] == "1" and t not in ("180", "190", "192") for t in op["tretspef"][adult]]
    assert (surgical == (op["type"][adult] == "adult_surgical")).all()


def test_emergency_flags_follow_the_rules(demo):
    aae = {name: column(demo, "aae", name) for name in demo.tables["aae"].column_names}
    assert (aae["pod"] == [f"aae_type-{t}" for t in aae["aedepttype"]]).all()
    assert (aae["is_ambulance"] == (aae["group"] == "ambulance")).all()
    assert (aae["attendance_category"][aae["is_frequent_attender"]] == "1").all()
    low_cost = aae["is_low_cost_referred_or_discharged"]
    assert not (aae["is_left_before_treatment"] & low_cost).any()
    weight = aae["arrivals"]
    walk_in = ~aae["is_ambulance"]
    for flag, low, high in (
        ("is_frequent_attender", 0.10, 0.14), ("is_left_before_treatment", 0.01, 0.03),
        ("is_low_cost_referred_or_discharged", 0.30, 0.45),
        ("is_discharged_no_treatment", 0.15, 0.30),
    ):  # fmt: skip
        assert low < np.average(aae[flag][walk_in], weights=weight[walk_in]) < high, flag


def test_inequalities_say_what_the_rows_say(demo, ip):
    table = {n: column(demo, "inequalities", n) for n in demo.tables["inequalities"].column_names}
    pairs = sorted(set(zip(table["icb"], table["sushrg_trimmed"], strict=True)))
    assert len(pairs) >= 4
    op = {
        n: column(demo, "op", n) for n in ("icb", "sushrg_trimmed", "imd_quintile", "attendances")
    }
    shares = {"QD1": 0.87, "QD2": 0.13}
    heads = people.catchment(0.5).sum() * np.array([0.26, 0.22, 0.20, 0.17, 0.15])
    for icb, hrg in pairs:
        mine = (table["icb"] == icb) & (table["sushrg_trimmed"] == hrg)
        spells = starts(ip["admimeth"], "1") & (ip["icb"] == icb) & (ip["sushrg_trimmed"] == hrg)
        procedures = (op["icb"] == icb) & (op["sushrg_trimmed"] == hrg)
        events = np.array(
            [
                (ip["imd_quintile"][spells] == q).sum()
                + op["attendances"][procedures & (op["imd_quintile"] == q)].sum()
                for q in range(1, 6)
            ]
        )
        assert events.min() >= 50
        np.testing.assert_allclose(table["activity_rate"][mine], events / (heads * shares[icb]))
        line, rate = table["fitted_line"][mine], table["activity_rate"][mine]
        assert (np.diff(line) > 0).all()
        slope, at_0 = np.polyfit(np.arange(1, 6), rate, 1, w=np.sqrt(heads))
        np.testing.assert_allclose(line, at_0 + slope * np.arange(1, 6))
        np.testing.assert_allclose(table["level_up"][mine][:-1], line[-1] / rate[:-1])
        np.testing.assert_allclose(table["level_down"][mine][1:], line[0] / rate[1:])
        assert table["level_up"][mine][-1] == table["level_down"][mine][0] == 1
        np.testing.assert_allclose(table["zero_sum"][mine], line.mean() / rate)
    carried = {
        (icb, hrg)
        for icb, hrg in zip(op["icb"], op["sushrg_trimmed"], strict=True)
        if hrg is not None
    }
    assert carried
    assert carried <= set(pairs)


def test_outpatient_rows_differ_in_more_than_counts(demo):
    table = demo.tables["op"]
    keys = [n for n in table.column_names if n not in ("rn", "attendances", "tele_attendances")]
    plain = table.select(keys).to_pylist()
    assert len({tuple(row.values()) for row in plain}) == table.num_rows


def test_projections_and_health_tables_are_whole(demo):
    factors = {n: column(demo, "demographic_factors", n) for n in ("variant", "age", "sex")}
    assert len(set(factors["variant"])) == 6
    assert len(factors["age"]) == 6 * 91 * 2
    years = {y: column(demo, "demographic_factors", str(y)) for y in (2022, 2023, 2047)}
    assert all((values > 0).all() for values in years.values())
    by_variant = {
        v: years[2047][factors["variant"] == v].sum() for v in sorted(set(factors["variant"]))
    }
    zero, low, principal, high = (
        by_variant[v]
        for v in (
            "var_proj_zero_net_migration", "var_proj_low_intl_migration", "migration_category",
            "var_proj_high_intl_migration",
        )
    )  # fmt: skip
    assert zero < low < principal < high
    births = column(demo, "birth_factors", "age")
    assert (births.min(), births.max(), len(births)) == (15, 44, 6 * 30)
    health = {
        n: column(demo, "hsa_activity_tables", n) for n in ("hsagrp", "sex", "age", "activity")
    }
    assert len(set(health["hsagrp"])) == 13
    assert len(health["age"]) == 13 * 2 * 101
    assert (health["activity"] > 0).all()
    emergency = (health["hsagrp"] == "emerg") & (health["sex"] == 1) & (health["age"] >= 55)
    assert (np.diff(health["activity"][emergency]) > 0).all()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("same_day_emergency_care_low", "same_day_emergency_care_high"),
        ("frail_elderly_high", "frail_elderly_intermediate"),
        ("day_procedures_usually_dc", "day_procedures_occasionally_dc"),
        ("enhanced_recovery_hip", "enhanced_recovery_knee"),
        ("eol_care_2_days", "eol_care_3_to_14_days"),
    ],
)
def test_tpmas_of_one_cohort_exclude_each_other(demo, first, second):
    spells = {}
    for table in TAGS:
        rn, strategy = column(demo, table, "rn"), column(demo, table, "strategy")
        spells |= {key: set(rn[strategy == key]) for key in (first, second) if key in strategy}
    assert spells[first]
    assert spells[second]
    assert not spells[first] & spells[second]


def test_virtual_wards_avoid_and_shorten_the_same_spells(demo):
    avoidance, efficiencies = (
        {key: set(column(demo, t, "rn")[column(demo, t, "strategy") == key]) for key in keys}
        for t, keys in zip(
            TAGS,
            (["virtual_wards_activity_avoidance_ari"], ["virtual_wards_efficiencies_ari"]),
            strict=True,
        )
    )
    assert list(avoidance.values()) == list(efficiencies.values())


def test_tags_fall_on_spells_that_make_sense(demo, ip):
    place = {rn: i for i, rn in enumerate(ip["rn"])}
    nights, age, method = ip["speldur"], ip["age"], ip["admimeth"]
    emergency, elective = starts(method, "2"), starts(method, "1")
    sense = {
        "readmission_within_28_days": emergency,
        "enhanced_recovery_hip": elective & (nights > 0) & (ip["tretspef"] == "110"),
        "excess_beddays_emergency": emergency & (nights >= 30),
        "pre-op_los_2-day": elective & (nights >= 2) & ip["has_procedure"],
        "same_day_emergency_care_high": emergency & (nights <= 2) & (age >= 18),
        "zero_los_no_procedure_child": emergency
        & (nights == 0)
        & (age < 18)
        & ~ip["has_procedure"],
        "falls_related_admissions": emergency & (age >= 60),
        "day_procedures_usually_dc": elective & (ip["classpat"] == "1") & ip["has_procedure"],
    }
    for table in TAGS:
        rn, strategy = column(demo, table, "rn"), column(demo, table, "strategy")
        for key in sense.keys() & set(strategy):
            rows = [place[name] for name in rn[strategy == key]]
            assert sense[key][rows].all(), key
    mine = column(demo, TAGS[1], "strategy") == "emergency_elderly"
    assert mine.sum() == (emergency & (age >= 75)).sum()


def test_sample_rates_are_fractions_where_a_cause_explains_a_part(demo, ip):
    strategy, rate = (column(demo, TAGS[0], n) for n in ("strategy", "sample_rate"))
    quintile = dict(zip(ip["rn"], ip["imd_quintile"], strict=True))
    partly = {r["key"] for r in people.read("tpma_tags") if r["rates"]}
    assert (rate[~np.isin(strategy, list(partly))] == 1).all()
    assert (column(demo, TAGS[1], "sample_rate") == 1).all()
    for key in partly:
        assert (rate[strategy == key] < 1).all()
        assert len(set(rate[strategy == key])) >= 5
    smoking = strategy == "smoking"
    poor = np.array([quintile[rn] for rn in column(demo, TAGS[0], "rn")[smoking]])
    assert rate[smoking][poor == 1].mean() > 1.1 * rate[smoking][poor == 5].mean()
