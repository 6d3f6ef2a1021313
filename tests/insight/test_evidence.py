"""What is known about each TPMA, and edits made from it."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import acutecast as ac
from acutecast import facts
from acutecast.demand.people import last_year
from acutecast.errors import AcutecastError
from acutecast.insight import evidence as ev
from acutecast.insight.tpma_volumes import kept_with, volumes
from acutecast.scenario import load_scenario, resolve
from small_evidence import AMBULATORY, ELDERLY, FALLS, FOLLOW_UPS, write_evidence
from small_provider import small_provider

FALLS_PATH = f"activity_avoidance.ip.{FALLS}"
SMOKING_PATH = "activity_avoidance.ip.smoking"
ELDERLY_PATH = f"efficiencies.ip.{ELDERLY}"
GENERAL_PATH = "efficiencies.ip.general_los_reduction_emergency"


def tags(*entries):
    rn, strategy, rate = zip(*entries, strict=True) if entries else ((), (), ())
    return pa.table(
        {
            "rn": pa.array(list(rn), pa.string()),
            "strategy": pa.array(list(strategy), pa.string()).dictionary_encode(),
            "sample_rate": pa.array(list(rate), pa.float64()),
        }
    )


@pytest.fixture(scope="module")
def provider():
    """Four spells with TPMAs: s0 (9 nights), s1, s2 and s7 (1 night)."""
    whole = small_provider(40)
    avoidance = tags(
        ("s0", FALLS, 1.0), ("s1", FALLS, 1.0), ("s2", FALLS, 1.0),
        ("s0", "smoking", 0.25), ("s7", "smoking", 0.5), ("s7", "own_wounds", 1.0),
    )  # fmt: skip
    efficiencies = tags(
        ("s0", ELDERLY, 1.0), ("s7", ELDERLY, 1.0), ("s0", "pre-op_los_2-day", 1.0),
        ("s7", "pre-op_los_2-day", 1.0), ("s1", "day_procedures_usually_dc", 1.0),
    )  # fmt: skip
    return replace(whole, tables={
        **whole.tables, "ip_activity_avoidance_strategies": avoidance,
        "ip_efficiencies_strategies": efficiencies,
    })  # fmt: skip


def row(table, path):
    return table.row(by_predicate=pl.col("path") == path, named=True)


def test_every_tpma_has_a_row_and_own_ones_too(provider):
    table = ev.tpma_table(provider)
    assert len(table) == len(facts.rows("tpmas")) + 1 == 93
    assert table["path"].is_unique().all()
    own = row(table, "activity_avoidance.ip.own_wounds")
    assert (own["name"], own["code"], own["cases"], own["set"]) == ("Wounds", "", 1, False)
    groups = ev.groups(table)
    assert groups["tpmas"].sum() == len(table)
    # Rows of a group stand together, in the order of the groups.
    assert table["group"].unique(maintain_order=True).to_list() == groups["group"].to_list()
    assert not (table["group"] != table["group"].shift()).sum() > len(groups)


def test_volumes_are_in_the_unit_that_a_tpma_acts_on(provider):
    table = ev.tpma_table(provider)
    smoking, elderly = row(table, SMOKING_PATH), row(table, ELDERLY_PATH)
    assert (smoking["volume"], smoking["unit"], smoking["cases"]) == (0.75, "spells", 2)
    assert smoking["share"] == pytest.approx(0.75 / 40)
    # Nights of 9 and of 1; before an operation no more than two of them.
    assert (elderly["volume"], elderly["unit"], elderly["cases"]) == (10, "nights", 2)
    before = row(table, "efficiencies.ip.pre-op_los_2-day")
    assert (before["volume"], before["unit"]) == (3, "nights")
    nights = provider.tables["ip"].column("speldur").to_numpy()
    assert elderly["share"] == pytest.approx(10 / nights.sum())
    moved = row(table, "efficiencies.ip.day_procedures_usually_dc")
    assert (moved["volume"], moved["unit"]) == (1, "spells")


def test_contacts_are_found_by_their_flags(provider):
    table = ev.tpma_table(provider)
    op = pl.from_arrow(provider.tables["op"])
    mine = op.filter((pl.col("type") == "adult_surgical") & ~pl.col("has_procedures"))
    follow = mine.filter(~pl.col("is_first"))
    found = row(table, f"activity_avoidance.op.{FOLLOW_UPS}")
    assert found["unit"] == "attendances"
    assert found["volume"] == follow["attendances"].sum() + follow["tele_attendances"].sum()
    tele = row(table, "efficiencies.op.convert_to_tele_adult_surgical")
    assert (tele["volume"], tele["unit"]) == (mine["attendances"].sum(), "face to face attendances")
    assert tele["share"] == pytest.approx(mine["attendances"].sum() / op["attendances"].sum())
    aae = pl.from_arrow(provider.tables["aae"])
    left = aae.filter(
        pl.col("is_left_before_treatment") & (pl.col("hsagrp") == "aae_adult_walk-in")
    )
    found = row(table, "activity_avoidance.aae.left_before_seen_adult_walk-in")
    assert (found["volume"], found["unit"]) == (left["arrivals"].sum(), "arrivals")


def test_overlap_counts_the_cases_with_another_tpma_that_is_set(provider):
    none = volumes(provider)
    assert none["overlap"].drop_nulls().sum() == 0
    assert set(none["overlaps"]) == {""}
    table = volumes(provider, frozenset({FALLS_PATH, SMOKING_PATH, ELDERLY_PATH}))
    falls, smoking = row(table, FALLS_PATH), row(table, SMOKING_PATH)
    # Of the three spells with falls one has others: smoking, and being old.
    assert falls["overlap"] == pytest.approx(1 / 3)
    assert falls["overlaps"].split("; ") == [
        "Smoking Related Admissions", "Emergency Admission of Older People",
    ]  # fmt: skip
    assert smoking["overlap"] == 1
    assert smoking["overlaps"].split("; ")[0] == "Emergency Admission of Older People"
    # A TPMA does not overlap with itself, and one that is not set overlaps with what is.
    moved = row(table, "efficiencies.ip.day_procedures_usually_dc")
    assert (moved["overlap"], moved["overlaps"]) == (1, "Falls Related Admissions")
    assert row(volumes(provider, frozenset({FALLS_PATH})), FALLS_PATH)["overlap"] == 0


def test_general_reduction_of_stays_has_what_nothing_else_covers(provider):
    ip = pl.from_arrow(provider.tables["ip"])
    free = ip.filter(
        (pl.col("speldur") > 0)
        & (pl.col("classpat").cast(pl.String) == "1")
        & pl.col("admimeth").cast(pl.String).str.starts_with("2")
    )
    alone = row(volumes(provider), GENERAL_PATH)
    assert alone["volume"] == free["speldur"].sum()
    both = row(volumes(provider, frozenset({GENERAL_PATH, ELDERLY_PATH})), GENERAL_PATH)
    assert both["volume"] == free.filter(~pl.col("rn").is_in(["s0", "s7"]))["speldur"].sum()
    assert both["overlap"] == 0


def test_what_is_set_is_told_as_a_change_and_as_what_remains(provider):
    scenario = load_scenario(
        {
            "name": "some",
            "activity_avoidance": {
                "ip": {
                    FALLS: {"p10": 0.88, "p90": 0.95, "reason": "Community teams"},
                    "smoking": 0.9,
                }
            },
            "efficiencies": {"ip": {ELDERLY: {"p10": 0.8, "p90": 0.9, "profile": "immediate"}}},
            "reasons": {"activity_avoidance": {"ip": {"smoking": "Quit lines"}}},
        }
    )
    table = ev.tpma_table(provider, None, scenario)
    falls = row(table, FALLS_PATH)
    assert falls["set"]
    assert (falls["change"], falls["reason"]) == ("5% to 12% fewer", "Community teams")
    assert (falls["low"], falls["high"]) == (pytest.approx(0.88), pytest.approx(0.95))
    assert (falls["profile"], falls["default_profile"]) == ("evenly", "linear")
    assert row(table, SMOKING_PATH)["reason"] == "Quit lines"
    assert row(table, ELDERLY_PATH)["change"] == "10% to 20% shorter stays"
    assert row(table, ELDERLY_PATH)["profile"] == "at once"
    assert ev.groups(table)["set"].sum() == 3
    assert table.filter(~pl.col("set"))["change"].null_count() == len(table) - 3


def test_elicited_values_are_those_of_the_facts(provider):
    table = ev.tpma_table(provider)
    falls = row(table, FALLS_PATH)
    ends = (falls["elicited_low"], falls["elicited_mean"], falls["elicited_high"])
    assert ends == (0.569, 0.859, 0.987)
    assert row(table, GENERAL_PATH)["elicited_mean"] is None
    assert table["elicited_mean"].is_not_null().sum() == 70


def test_peers_suggest_what_would_remain_at_their_rates(provider, tmp_path):
    table = ev.tpma_table(provider, write_evidence(tmp_path))
    falls = row(table, FALLS_PATH)
    # The others have 8, 9 and 12; P10 is 8.2 and P90 11.4; one's own is 10.
    assert (falls["rate"], falls["peers"], falls["peer_median"]) == (10, 3, 9)
    assert falls["suggested_low"] == pytest.approx(0.82)
    assert falls["suggested_high"] == 1
    # Below all others already: they suggest nothing.
    assert row(table, f"activity_avoidance.ip.{AMBULATORY}")["suggested_low"] is None
    assert row(table, SMOKING_PATH)["rate"] is None
    assert ev.suggested_by_peers(10.0, 5.0, 8.0, 4) == (0.5, 0.8)
    assert ev.suggested_by_peers(None, 5.0, 8.0, 4) is None
    assert ev.suggested_by_peers(0.0, 0.0, 8.0, 4) is None
    assert ev.suggested_by_peers(10.0, 5.0, 8.0, 1) is None


def test_the_trend_marks_the_baseline_and_has_england_where_units_agree(provider, tmp_path):
    root = write_evidence(tmp_path)
    found = ev.trend(provider, FALLS, root)
    assert found.unit == "per 1,000 people"
    assert found.table["value"].to_list() == [12, 11, 10]
    assert found.table["label"].to_list() == ["2021/22", "2022/23", "2023/24"]
    assert found.table["baseline"].to_list() == [False, False, True]
    beside = ev.trend(provider, FALLS, root, beside_england=True)
    assert beside.unit == "share of all spells"
    assert beside.table["series"].to_list() == ["RXX"] * 3 + ["England"] * 2
    assert beside.table["baseline"].sum() == 1
    nights = ev.trend(provider, ELDERLY, root)
    assert nights.unit == "mean nights"
    assert nights.table.filter(~pl.col("own"))["value"].to_list() == [8, 8]


def test_the_funnel_has_everyone_and_the_box_the_others(provider, tmp_path):
    root = write_evidence(tmp_path)
    funnel = ev.funnel(provider, FALLS, root).table
    assert funnel["provider"].to_list() == ["AAA", "BBB", "CCC", "RXX"]
    assert funnel["own"].to_list() == [False, False, False, True]
    own = funnel.row(-1, named=True)
    # (10 - 9) over 2 * sqrt(9 / 300)
    assert own["z"] == pytest.approx(1 / (2 * np.sqrt(9 / 300)))
    box = ev.peers_box(provider, FALLS, root).table
    ends = [box[n][0] for n in ("p10", "p25", "median", "p75", "p90")]
    assert ends == pytest.approx([8.2, 8.5, 9.0, 10.5, 11.4])
    assert box.filter("own")["rate"].to_list() == [10]


def test_people_and_causes_have_labels_and_hidden_counts_stay_hidden(provider, tmp_path):
    root = write_evidence(tmp_path)
    found = ev.age_sex(provider, FALLS, root)
    assert found.table["age"].unique(maintain_order=True).to_list() == [
        "70–74", "75–79", "80–84", "85–89", "90+",
    ]  # fmt: skip
    assert found.table.filter((pl.col("age") == "80–84") & (pl.col("sex") == "Female"))[
        "n"
    ].to_list() == [None]
    assert found.table.filter(pl.col("age") == "75–79")["n"].to_list() == [0, 0]
    assert "hidden" in found.notes[0]
    assert found.table["share"].sum() == pytest.approx(1)
    causes = ev.top_diagnoses(provider, FALLS, root).table
    assert causes["label"].to_list() == [
        "S720 (injury or poisoning)", "S220 (injury or poisoning)", "All others",
    ]  # fmt: skip
    assert causes["share"].to_list() == [0.6, 0.3, 0.1]
    operations = ev.top_procedures(provider, FALLS, root).table
    assert operations.filter(pl.col("code") == "")["label"].to_list() == [
        "No procedure", "All others",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "code", "words"),
    [
        ("diagnosis", "I21", "I21 (circulatory system)"),
        ("diagnosis", "D48X", "D48X (neoplasm)"),
        ("diagnosis", "D500", "D500 (blood or immune system)"),
        ("diagnosis", "h59.1", "h59.1 (eye)"),
        ("procedure", "W371", "W371 (other bones or joints)"),
        ("procedure", "I21", "I21"),
        ("diagnosis", "999", "999"),
    ],
)
def test_codes_have_the_words_of_their_chapter(what, code, words):
    from acutecast.insight.tpma_people import code_words

    assert code_words(what, code) == words


def test_missing_evidence_says_how_to_get_it(provider, tmp_path):
    for find in (ev.trend, ev.funnel, ev.peers_box, ev.age_sex, ev.top_diagnoses):
        nothing = find(provider, FALLS)
        assert nothing.table.is_empty()
        assert nothing.table.width > 1
        assert "acutecast extract" in nothing.notes[0]
    alone = write_evidence(tmp_path / "alone", ("RXX",))
    assert "several" in ev.funnel(provider, FALLS, alone).notes[0]
    box = ev.peers_box(provider, FALLS, alone).table
    assert box["median"].to_list() == [None]
    root = write_evidence(tmp_path / "all")
    assert "depends on the scenario" in ev.trend(
        provider, "general_los_reduction_elective", root
    ).notes[0]  # fmt: skip
    assert "not counted by diagnosis" in ev.top_diagnoses(provider, FOLLOW_UPS, root).notes[0]
    (root / "tpma_funnel.parquet").write_bytes(b"not a table")
    with pytest.raises(AcutecastError, match="cannot be read"):
        ev.funnel(provider, FALLS, root)


def test_what_is_chosen_follows_its_profile(provider):
    scenario = resolve(
        load_scenario({
            "name": "some", "horizon_year": 2033,
            "activity_avoidance": {"ip": {FALLS: [0.8, 0.9]}},
            "efficiencies": {"ip": {ELDERLY: {"p10": 0.8, "p90": 0.9, "profile": "immediate"}}},
        }),
        provider.dataset, provider.year, last_year(provider.tables, provider.year),
    )  # fmt: skip
    falls = ev.chosen(provider, scenario, FALLS_PATH)
    assert falls is not None
    assert falls.years == tuple(range(2023, 2034))
    assert falls.low_by_year[0] == 1
    assert falls.low_by_year[5] == pytest.approx(0.9)
    assert falls.high_by_year[-1] == pytest.approx(0.9)
    elderly = ev.chosen(provider, scenario, ELDERLY_PATH)
    assert elderly is not None
    assert elderly.low_by_year[:2] == (1, pytest.approx(0.8))
    assert ev.chosen(provider, scenario, SMOKING_PATH) is None


CONTENT = {"name": "mine", "activity_avoidance": {"ip": {FALLS: [0.9, 0.95]}}}


def test_prefill_never_overwrites_what_is_set_unless_told():
    edits = ev.prefill(CONTENT, [FALLS, "smoking"], "elicitation")
    assert [path for path, _ in edits] == [("activity_avoidance", "ip", "smoking")]
    value = edits[0][1]
    assert (value["p10"], value["p90"]) == (0.6, 0.989)
    assert "National Elicitation Exercise" in value["reason"]
    both = ev.prefill(CONTENT, [FALLS_PATH, "smoking"], "elicitation", replace=True)
    assert len(both) == 2
    # What experts were not asked about is left alone.
    assert ev.prefill(CONTENT, ["general_los_reduction_elective"], "elicitation") == []


def test_prefill_from_every_source_gives_a_valid_scenario(provider, tmp_path):
    table = ev.tpma_table(provider, write_evidence(tmp_path))
    keys = [FALLS, ELDERLY, FOLLOW_UPS, AMBULATORY, "own_wounds"]
    other = {
        "activity_avoidance": {"ip": {"own_wounds": 0.7}},
        "efficiencies": {"ip": {ELDERLY: {"p10": 0.7, "p90": 0.8, "reason": "Ours"}}},
    }
    found = {
        "peers": ev.prefill({}, keys, "peers", table=table),
        "scenario": ev.prefill({}, keys, "scenario", table=table, other=other),
        "bulk": ev.prefill({}, keys, "bulk", table=table, interval=(0.9, 0.9), reason="Trial"),
        "elicitation": ev.prefill({}, keys, "elicitation", table=table),
    }
    assert len(found["bulk"]) == 5
    assert found["bulk"][0][1] == {"value": 0.9, "reason": "Trial"}
    assert {path[-1] for path, _ in found["scenario"]} == {ELDERLY, "own_wounds"}
    assert {path[-1] for path, _ in found["peers"]} == {FALLS, ELDERLY, FOLLOW_UPS}
    assert found["peers"][0][1]["p10"] == pytest.approx(0.82)
    for edits in found.values():
        plain: dict = {"name": "filled"}
        for (section, activity, key), value in edits:
            plain.setdefault(section, {}).setdefault(activity, {})[key] = value
        assert len(load_scenario(plain).assumptions()) == len(edits) + 8  # and primary growth


def test_prefill_refuses_what_it_cannot_do():
    with pytest.raises(AcutecastError, match="no TPMA"):
        ev.prefill(CONTENT, ["flying"], "elicitation")
    with pytest.raises(AcutecastError, match="P10 first"):
        ev.prefill(CONTENT, [FALLS], "bulk", interval=(0.95, 0.9))
    with pytest.raises(AcutecastError, match="peers are not given"):
        ev.prefill(CONTENT, [FALLS], "peers")
    with pytest.raises(AcutecastError, match="other scenario"):
        ev.prefill(CONTENT, [FALLS], "scenario")


def test_what_is_kept_goes_with_its_provider():
    made = []
    mine = small_provider(40)
    gone = weakref.ref(mine)
    for _ in range(2):
        assert kept_with(mine, "test", lambda p: made.append(p.dataset) or len(made)) == 1
    del mine
    gc.collect()
    assert gone() is None
    assert made == ["RXX"]


def test_the_tables_of_an_extract_are_understood(tmp_path_factory):
    root = tmp_path_factory.mktemp("region")
    ac.synth(root / "records", trusts=3, years=(2022, 2023), size=0.003)
    made = ac.extract_records(root / "records", root / "data", threads=2)
    provider = ac.read_provider(made.root, "DEMO")
    table = ev.tpma_table(provider)
    known = table.filter(pl.col("rate").is_not_null())
    assert len(known) > 50
    assert known["peers"].drop_nulls().max() == 2
    suggested = table.drop_nulls("suggested_low")
    assert len(suggested) > 5
    assert suggested["suggested_low"].is_between(0, 1).all()
    # Counted from the tables, and counted by the extraction.
    activity = pl.read_parquet(root / "data" / "assumptions" / "tpma_activity.parquet")
    mine = activity.filter((pl.col("fyear") == 2023) & (pl.col("procode3") == "DEMO"))
    both = table.join(mine, left_on="key", right_on="strategy")
    same = both.filter(pl.col("unit").is_in(["spells", "arrivals", "attendances"]))
    assert len(same) > 30
    assert (same["volume"] - same["n"]).abs().max() < 0.01
    nights = both.filter(pl.col("rate_unit") == "mean nights")
    assert (nights["volume"] - nights["mean_nights"] * nights["n"]).abs().max() < 0.1
    key = FOLLOW_UPS
    assert len(ev.funnel(provider, key).table) == 3
    assert ev.trend(provider, key).table["own"].sum() == 2
    assert ev.age_sex(provider, key).table["n"].sum() == pytest.approx(
        row(table, f"activity_avoidance.op.{key}")["volume"]
    )
