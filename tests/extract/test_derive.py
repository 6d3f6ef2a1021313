"""From episodes, appointments and arrivals to what the projection counts: by hand, row by row."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.extract.accounting import accounting
from extract import small_records
from extract.small_records import write


def derived(tmp_path, codes="spell", **records):
    for record, changes in records.items():
        write(tmp_path / "records", record, *changes)
    return small_records.derived(tmp_path / "records", tmp_path / "scratch", codes=codes)


def rows(con, sql) -> list[dict[str, Any]]:
    return con.sql(sql).to_arrow_table().to_pylist()


def spell(tmp_path, **change) -> dict[str, Any]:
    (found,) = rows(derived(tmp_path, apc=[change]), "SELECT * FROM spells")
    return found


def test_three_episodes_are_one_spell(tmp_path):
    same = {"susspellid": "S1"}
    con = derived(
        tmp_path,
        apc=[
            same | {"epiorder": 2, "diag_01": "I509", "diag_02": "S720", "tretspef": 430},
            same
            | {
                "epiorder": 1,
                "diag_01": "S720",
                "diag_02": "W190",
                "opertn_01": "W371",
                "opdate_01": "2023-05-02",
            },
            same
            | {
                "epiorder": 3,
                "diag_01": "N390",
                "diag_02": "",
                "tretspef": 110,
                "disdate": "2023-05-09",
            },
        ],
    )
    (only,) = rows(con, "SELECT rn, speldur, tretspef, diagnosis, procedure, disdate FROM spells")
    # The last episode stands for the spell; the first says why the patient came.
    assert only == {
        "rn": "E3",
        "speldur": 8,
        "tretspef": "110",
        "diagnosis": "S720",
        "procedure": "W371",
        "disdate": date(2023, 5, 9),
    }
    codes = con.sql("SELECT diag_order, diagnosis FROM spell_diagnoses ORDER BY 1").fetchall()
    assert codes == [(1, "S720"), (2, "W190"), (3, "I509"), (4, "N390")]


def test_codes_of_the_last_episode_alone(tmp_path):
    same = {"susspellid": "S1"}
    con = derived(
        tmp_path,
        "last episode",
        apc=[same | {"epiorder": 1}, same | {"epiorder": 2, "diag_01": "N390", "diag_02": ""}],
    )
    assert con.sql("SELECT rn, diag_order, diagnosis FROM spell_diagnoses").fetchall() == [
        ("E2", 1, "N390")
    ]


def test_spells_without_a_key_are_put_together_by_person_and_day(tmp_path):
    con = derived(
        tmp_path,
        apc=[
            {"susspellid": "", "epiorder": 1},
            {"susspellid": "", "epiorder": 2},
            {"susspellid": "", "person_id": "P2"},
        ],
    )
    assert con.sql("SELECT rn FROM spells ORDER BY rn").fetchall() == [("E2",), ("E3",)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sex": 9}, "sex is not 1 or 2"),
        ({"procode3": ""}, "provider is missing"),
        ({"epistat": 1}, "the episode is not finished"),
        ({"sushrg": "PB03Z"}, "well baby"),
        ({"tretspef": 424, "epitype": 3}, "well baby"),
        ({"admidate": ""}, "no date of admission"),
        ({"disdate": ""}, "no date of discharge"),
        ({"disdate": "2023-04-30"}, "discharge before admission"),
        ({"admiage": 150}, "age is missing or not from 0 to 120"),
        ({"admiage": ""}, "age is missing or not from 0 to 120"),
        ({"disdate": "2026-05-01"}, "stay of more than 730 nights"),
        ({"classpat": "x"}, "patient class is not 1 to 5"),
        ({"admimeth": ""}, "no method of admission"),
        ({"tretspef": ""}, "no treatment specialty"),
        ({"epikey": ""}, "the key is missing"),
        ({"epikey": "E1"}, "the key is there already"),
    ],
)
def test_what_is_not_counted_is_set_aside_with_the_reason(tmp_path, change, reason):
    con = derived(tmp_path, apc=[{}, change])
    assert con.sql("SELECT rn FROM spells").fetchall() == [("E1",)]
    assert accounting(con).to_pylist() == [
        {"record": "apc", "file": "apc.csv", "reason": "kept", "rows": 1},
        {"record": "apc", "file": "apc.csv", "reason": reason, "rows": 1},
    ]


def test_a_long_stay_in_psychiatry_counts(tmp_path):
    assert spell(tmp_path, disdate="2026-05-01", mainspef="712")["speldur"] == 1096


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {},
            ("non-elective", "non-elective", "demographics", "emerg", "ip_non-elective_admission"),
        ),
        (
            {"admimeth": "11"},
            ("elective", "elective", "demographics", "ordelec", "ip_elective_admission"),
        ),
        (
            {"admimeth": "12", "classpat": 2},
            ("elective", "elective", "demographics", "daycase", "ip_elective_daycase"),
        ),
        (
            {"admimeth": "13", "classpat": 3},
            ("elective", "elective", "demographics", "reg", "ip_regular_day_attender"),
        ),
        (
            {"admimeth": "13", "classpat": 4},
            ("elective", "elective", "demographics", "reg", "ip_regular_night_attender"),
        ),
        (
            {"admimeth": "31", "sex": 2, "admiage": 30, "tretspef": 501},
            ("maternity", "maternity", "births", "maternity", "ip_maternity_admission"),
        ),
        # Treatment specialty makes the group, main specialty the health group (data.md).
        (
            {"admimeth": "21", "sex": 2, "admiage": 30, "tretspef": 560},
            ("maternity", "maternity", "births", "emerg", "ip_maternity_admission"),
        ),
        (
            {"admimeth": "31", "sex": 1, "admiage": 30},
            (
                "non-elective",
                "non-elective",
                "demographics",
                "unknown",
                "ip_non-elective_admission",
            ),
        ),
        (
            {"admimeth": "82", "admiage": 7003},
            ("non-elective", "maternity", "births", "birth", "ip_non-elective_admission"),
        ),
        (
            {"mainspef": 420, "admiage": 6},
            ("non-elective", "non-elective", "demographics", "paeds", "ip_non-elective_admission"),
        ),
        (
            {"admimeth": "81"},
            (
                "non-elective",
                "non-elective",
                "demographics",
                "transfer",
                "ip_non-elective_admission",
            ),
        ),
    ],
)
def test_groups_of_a_spell(tmp_path, change, expected):
    found = spell(tmp_path, **change)
    names = ("group", "ndggrp", "demog_type", "hsagrp", "pod")
    assert tuple(found[name] for name in names) == expected


@pytest.mark.parametrize(("given", "age"), [(0, 0), (7002, 0), (17, 17), (90, 90), (104, 90)])
def test_age(tmp_path, given, age):
    assert spell(tmp_path, admiage=given)["age"] == age


def test_year_by_discharge_and_other_columns(tmp_path):
    found = spell(
        tmp_path,
        disdate="2024-04-01",
        admidate="2024-03-30",
        admimeth="11",
        imd_decile=10,
        opertn_01="W37.1",
        sitetret="",
    )
    assert found["fyear"] == 2024
    assert found["is_wla"]
    assert found["is_main_icb"]
    assert found["has_procedure"]
    assert (found["imd_quintile"], found["sushrg_trimmed"], found["sitetret"]) == (5, "HE11", "RXX")
    assert found["tretspef_grouped"] == "300"
    assert not spell(tmp_path / "imaging", opertn_01="U05.1")["has_procedure"]


def test_delivery_in_any_episode_of_the_spell(tmp_path):
    same = {"susspellid": "S1", "sex": 2, "admiage": 30, "admimeth": "31", "tretspef": 501}
    con = derived(
        tmp_path,
        apc=[same | {"epitype": 2, "epiorder": 1}, same | {"epitype": 1, "epiorder": 2}],
    )
    assert con.sql("SELECT maternity_delivery_in_spell FROM spells").fetchall() == [(True,)]
    at_home = derived(tmp_path / "home", apc=[same | {"epitype": 2, "delplac": 1}])
    assert at_home.sql("SELECT maternity_delivery_in_spell FROM spells").fetchall() == [(False,)]


def test_boards_come_from_look_ups_where_they_are_not_given(tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    (folder / "ccg_to_icb.csv").write_text("ccg,icb\n01A,QD1\n02B,QD2\n")
    con = derived(
        tmp_path,
        apc=[
            {"icb": "", "ccg_residence": "01A", "ccg_responsibility": "02B"},
            {"icb": "", "ccg_residence": "zz", "ccg_responsibility": "02B"},
            {"icb": "QD1"},
            {"icb": ""},
        ],
    )
    found = con.sql("SELECT icb, is_main_icb FROM spells ORDER BY rn").fetchall()
    assert found == [("QD1", True), ("QD2", False), ("QD1", True), (None, False)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("adult_surgical", "followup", "op_follow-up", "op_adult_surgical_followup", 1, 0)),
        ({"atentype": 1}, ("adult_surgical", "first", "op_first", "op_adult_surgical_first", 1, 0)),
        (
            {"atentype": 21},
            ("adult_surgical", "first", "op_first", "op_adult_surgical_first", 0, 1),
        ),
        (
            {"sushrg": "JC42A"},
            ("adult_surgical", "procedure", "op_procedure", "op_adult_surgical_procedure", 1, 0),
        ),
        # No procedure is done by telephone.
        (
            {"sushrg": "JC42A", "atentype": 22},
            ("adult_surgical", "followup", "op_follow-up", "op_adult_surgical_followup", 0, 1),
        ),
        (
            {"tretspef": "190"},
            (
                "adult_non-surgical",
                "followup",
                "op_follow-up",
                "op_adult_non-surgical_followup",
                1,
                0,
            ),
        ),
        (
            {"tretspef": "300", "apptage": 17},
            (
                "child_non-surgical",
                "followup",
                "op_follow-up",
                "op_child_non-surgical_followup",
                1,
                0,
            ),
        ),
        (
            {"tretspef": "501"},
            ("maternity", "followup", "op_follow-up", "op_maternity_followup", 1, 0),
        ),
    ],
)
def test_kinds_of_attendance(tmp_path, change, expected):
    con = derived(tmp_path, opa=[change])
    (found,) = rows(con, "SELECT * FROM attendances")
    names = ("type", "group", "pod", "hsagrp", "attendances", "tele_attendances")
    assert tuple(found[name] for name in names) == expected
    assert found["demog_type"] == ("births" if change.get("tretspef") == "501" else "demographics")


def test_referrals(tmp_path):
    con = derived(
        tmp_path,
        opa=[
            {"firstatt": 1, "atentype": 1},
            {"firstatt": 1, "atentype": 1, "refsourc": "05", "sushrg": "WF02B"},
            {"firstatt": 2, "atentype": 2, "refsourc": "03"},
        ],
    )
    sql = "SELECT is_gp_ref, is_cons_cons_ref, is_first FROM attendances ORDER BY ALL"
    assert con.sql(sql).fetchall() == [
        (False, False, False),
        (False, True, True),
        (True, False, True),
    ]


def test_attended_and_first_stand_for_the_type(tmp_path):
    con = derived(
        tmp_path,
        opa=[
            {"atentype": "", "attended": 5, "firstatt": 1},
            {"atentype": "", "attended": 6, "firstatt": 4},
            {"atentype": "", "attended": 3, "firstatt": 1},
            {"atentype": 3, "attended": "", "firstatt": 1},
        ],
    )
    total = con.sql("SELECT sum(attendances), sum(tele_attendances) FROM attendances").fetchall()[0]
    assert total == (1, 1)
    reasons = {line["reason"]: line["rows"] for line in accounting(con).to_pylist()}
    assert reasons == {"kept": 2, "not attended, or not known whether first or follow-up": 2}


def test_arrivals(tmp_path):
    con = derived(
        tmp_path,
        ecds=[
            {
                "ec_arrival_mode_snomed_ct": "1048031000000100",
                "age_at_arrival": 80,
                "der_ec_investigation_all": "1088291000000101",
                "der_ec_treatment_all": "",
            },
            {
                "ec_discharge_status_snomed_ct": "1066301000000103",
                "age_at_arrival": 4,
                "der_ec_investigation_all": "27171005",
            },
            {
                "discharge_follow_up_snomed_ct": "3780001",
                "ec_department_type": "3",
                "der_ec_treatment_all": "1,2",
            },
        ],
    )
    found = {row["hsagrp"]: row for row in rows(con, "SELECT * FROM arrivals")}
    assert set(found) == {"aae_adult_ambulance", "aae_child_walk-in", "aae_adult_walk-in"}
    flags = (
        "is_ambulance",
        "is_left_before_treatment",
        "is_low_cost_referred_or_discharged",
        "is_discharged_no_treatment",
        "is_frequent_attender",
    )
    assert {k: tuple(v[f] for f in flags) for k, v in found.items()} == {
        "aae_adult_ambulance": (True, False, False, True, False),
        "aae_child_walk-in": (False, True, False, False, False),
        "aae_adult_walk-in": (False, False, True, False, False),
    }
    assert found["aae_adult_walk-in"]["pod"] == "aae_type-03"
    assert found["aae_adult_walk-in"]["acuity"] == "standard"


def test_the_fourth_attendance_in_a_year_is_a_frequent_attenders(tmp_path):
    days = ["2022-07-01", "2022-07-02", "2023-01-01", "2023-06-30", "2023-07-01", "2023-07-01"]
    con = derived(tmp_path, ecds=[{"arrival_date": day} for day in days])
    sql = "SELECT sum(arrivals) FROM arrivals WHERE is_frequent_attender"
    # 30 June 2023 has three in the 365 days before; so have both of 1 July.
    assert con.sql(sql).fetchall()[0] == (3,)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "epikey": st.sampled_from(["E1", "E2", "", "E9"]),
                "susspellid": st.sampled_from(["S1", "S2", ""]),
                "person_id": st.sampled_from(["P1", "P2", ""]),
                "sex": st.sampled_from([1, 2, 9, ""]),
                "procode3": st.sampled_from(["RXX", "RXY", ""]),
                "admidate": st.sampled_from(["2023-05-01", "1/5/2023", "never", ""]),
                "disdate": st.sampled_from(["2023-05-03", "2023-04-01", ""]),
                "epistat": st.sampled_from([1, 3]),
                "epiorder": st.sampled_from([1, 2, ""]),
                "admiage": st.sampled_from([3, 7001, 200, ""]),
                "spelend": st.sampled_from(["Y", "N", ""]),
            },
        ),
        min_size=1,
        max_size=12,
    )
)
def test_rows_in_are_rows_kept_and_set_aside(tmp_path_factory, changes):
    con = derived(tmp_path_factory.mktemp("rows"), apc=changes)
    found = accounting(con).to_pylist()
    assert sum(line["rows"] for line in found) == len(changes)
    kept = sum(line["rows"] for line in found if line["reason"] == "kept")
    assert con.sql("SELECT count(*), count(DISTINCT rn) FROM spells").fetchall()[0] == (kept, kept)
