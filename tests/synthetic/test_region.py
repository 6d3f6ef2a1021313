"""The built-in region: the same by seed, sound by the contract, near the published figures."""

import csv
import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest

from acutecast import facts
from acutecast.provider import check_provider
from acutecast.synthetic import make_demo, people

DATA = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason="the reference data is not here")
SIZE = 0.25


@pytest.fixture(scope="module")
def demo():
    return make_demo(seed=1, size=SIZE)


def column(provider, table, name) -> np.ndarray:
    values = provider.tables[table].column(name)
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    return values.to_numpy(zero_copy_only=False)


def digest(provider) -> dict[str, str]:
    return {
        name: hashlib.sha256(
            b"".join(repr(table.column(c).to_pylist()).encode() for c in table.column_names)
        ).hexdigest()
        for name, table in provider.tables.items()
    }


def test_the_same_seed_makes_the_same_rows_and_another_seed_others():
    first, again, other = (digest(make_demo(seed=s, size=0.01)) for s in (5, 5, 6))
    assert first == again
    for table in ("ip", "op", "aae", "ip_efficiencies_strategies"):
        assert first[table] != other[table]


def test_it_is_sound_by_the_contract(demo):
    assert check_provider(demo) == []


def test_size_scales_everything(demo):
    small = make_demo(seed=1, size=0.05)
    ratio = SIZE / 0.05
    assert demo.tables["ip"].num_rows / small.tables["ip"].num_rows == pytest.approx(
        ratio, rel=0.05
    )
    for table, name in (("op", "attendances"), ("aae", "arrivals")):
        whole, part = column(demo, table, name).sum(), column(small, table, name).sum()
        assert whole / part == pytest.approx(ratio, rel=0.05)


def test_totals_are_those_of_a_trust(demo):
    assert demo.tables["ip"].num_rows / SIZE == pytest.approx(100_000, rel=0.05)
    assert column(demo, "op", "attendances").sum() / SIZE == pytest.approx(1_000_000, rel=0.02)
    assert column(demo, "aae", "arrivals").sum() / SIZE == pytest.approx(120_000, rel=0.02)
    assert len(set(column(demo, "ip", "sitetret"))) == 3
    assert set(column(demo, "ip", "icb")) == {"QD1", "QD2"}


def test_dates_lie_in_the_year_and_differ_by_the_stay(demo):
    admitted = column(demo, "ip", "admidate").astype("datetime64[D]")
    left = column(demo, "ip", "disdate").astype("datetime64[D]")
    assert ((left - admitted).astype(int) == column(demo, "ip", "speldur")).all()
    assert left.min() >= np.datetime64("2023-04-01")
    assert left.max() <= np.datetime64("2024-03-31")
    for name in ("admihour", "dishour"):
        assert set(column(demo, "ip", name)) <= set(range(24))
    same_day = column(demo, "ip", "speldur") == 0
    assert (column(demo, "ip", "dishour") >= column(demo, "ip", "admihour"))[same_day].all()


def test_weekdays_and_seasons(demo):
    admitted = column(demo, "ip", "admidate").astype("datetime64[D]")
    weekday = (admitted.view(np.int64) + 3) % 7
    month = admitted.astype("datetime64[M]").view(np.int64) % 12 + 1
    emergency = np.char.startswith(column(demo, "ip", "admimeth").astype(str), "2")
    daycase = column(demo, "ip", "classpat") == "2"
    by_weekday = np.bincount(weekday[emergency], minlength=7)
    assert by_weekday[0] > by_weekday[5:].max()
    assert np.bincount(weekday[daycase], minlength=7)[5:].sum() < 0.05 * daycase.sum()
    days = np.bincount(month[emergency], minlength=13)[1:] / [
        31,
        29,
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ]
    assert days[[11, 0]].mean() > 1.05 * days[[6, 7]].mean()


def test_points_of_delivery_follow_the_rules(demo):
    classpat, pod = column(demo, "ip", "classpat"), column(demo, "ip", "pod")
    assert ((classpat == "2") == (pod == "ip_elective_daycase")).all()
    assert ((classpat == "3") == (pod == "ip_regular_day_attender")).all()
    ordinary = classpat == "1"
    assert (
        pod[ordinary] == [f"ip_{g}_admission" for g in column(demo, "ip", "group")[ordinary]]
    ).all()
    births = column(demo, "ip", "demog_type") == "births"
    assert births.sum() > 0.03 * len(births)
    assert column(demo, "ip", "maternity_delivery_in_spell")[~births].sum() == 0


def test_every_tpma_has_spells():
    tagged = {
        key
        for table in ("ip_activity_avoidance_strategies", "ip_efficiencies_strategies")
        for key in column(make_demo(), table, "strategy")
    }
    general = {"general_los_reduction_elective", "general_los_reduction_emergency"}
    assert tagged == {r["key"] for r in facts.rows("tpmas") if r["activity_type"] == "ip"} - general


def test_stays_have_a_long_tail(demo):
    nights = column(demo, "ip", "speldur")
    emergency = column(demo, "ip", "hsagrp") == "emerg"
    assert 4 < nights[emergency].mean() < 7
    assert 0.2 < (nights[emergency] == 0).mean() < 0.45
    assert nights.max() > 90
    assert np.percentile(nights[emergency], 99) > 25


GROUPS = {
    "walkin": ("walk_in", 0.08), "amb": ("ambulance", 0.08), "emer_n": ("emergency", 0.06),
    "ordelec_n": ("elective_ordinary", 0.08), "daycase_n": ("daycase", 0.08),
    "surg_first": ("op_adult_surgical_first", 0.08),
    "surg_fup": ("op_adult_surgical_followup", 0.08),
    "surg_proc": ("op_adult_surgical_procedure", 0.08),
}  # fmt: skip


@needs_data
@pytest.mark.parametrize(("published", "made", "tolerance"), [(k, *v) for k, v in GROUPS.items()])
def test_activity_per_head_resembles_england(published, made, tolerance):
    heads, rates = people.catchment(1.0), people.rates()
    with (DATA / "england_activity_rates_by_age.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["group"] == published]
    for first, last in ((18, 34), (35, 49), (50, 64), (65, 74), (75, 84), (85, 90)):
        ages = [row for row in rows if first <= int(row["age"]) <= last]
        weight = np.array([heads[:, int(row["age"])] for row in ages])
        england = np.array([[float(row["male"]), float(row["female"])] for row in ages])
        ours = np.array([rates[made][:, int(row["age"])] for row in ages])
        assert (ours * weight).sum() / (england * weight).sum() == pytest.approx(1, abs=tolerance)


@needs_data
def test_tpma_prevalence_resembles_england(demo):
    with (DATA / "tpma_national_trend.csv").open() as file:
        england = {
            row["strategy"]: float(row["n"]) / float(row["p"])
            for row in csv.DictReader(file)
            if row["year"] == "201920"
        }
    sourced = [r["key"] for r in people.read("tpma_tags") if r["source"] == "England"]
    compared = 0
    for table in ("ip_activity_avoidance_strategies", "ip_efficiencies_strategies"):
        strategy, counts = np.unique(column(demo, table, "strategy"), return_counts=True)
        for key, count in zip(strategy, counts, strict=True):
            row = next(r for r in facts.rows("tpmas") if r["key"] == key)
            by_days = row["efficiency_type"] == "all"
            if key in sourced and key in england and not by_days and england[key] > 0.002:
                expected = england[key] * demo.tables["ip"].num_rows
                chance = 4 * np.sqrt(expected)
                assert count == pytest.approx(expected, abs=0.1 * expected + chance), key
                compared += 1
    assert compared >= 15
