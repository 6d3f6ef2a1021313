"""What records say in more than one way: what was decided, on records by hand."""

import json
import re
from pathlib import Path

import pytest

from acutecast.extract.accounting import accounting
from acutecast.extract.derivation_notes import derivation_notes
from acutecast.extract.rules import read_rules
from extract.small_records import RULES, derived, write

FRACTIONS = Path(__file__).parents[3] / "shared" / "data" / "alcohol_fractions.json"


def made(tmp_path, **records):
    for record, changes in records.items():
        write(tmp_path / "records", record, *changes)
    return derived(tmp_path / "records", tmp_path / "scratch")


def spells(con, columns):
    return con.sql(f"SELECT {columns} FROM spells ORDER BY rn").fetchall()


def reasons(con):
    return {line["reason"]: line["rows"] for line in accounting(con).to_pylist()}


@pytest.mark.parametrize(
    ("admission", "start", "age"),
    [
        (999, 44, 44),
        (150, 44, 44),
        ("", 44, 44),
        (999, 7003, 0),
        (999, 101, 90),
        (7002, 44, 0),
        (45, 44, 45),
        (45, 999, 45),
    ],
)
def test_an_age_on_admission_that_says_nothing_gives_way_to_the_one_at_the_start(
    tmp_path, admission, start, age
):
    con = made(tmp_path, apc=[{"admiage": admission, "startage": start}])
    assert spells(con, "age") == [(age,)]
    said = [note for note in derivation_notes(con) if "the age at the start" in note]
    assert bool(said) == (admission in (999, 150, ""))


def test_two_ages_that_say_nothing_set_the_spell_aside(tmp_path):
    con = made(tmp_path, apc=[{"admiage": 999, "startage": 999}, {"admiage": 999, "startage": ""}])
    assert reasons(con) == {"age is missing or not from 0 to 120": 2}


SAME = {"susspellid": "S1"}


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        # The last episode's own discharge counts, whatever another's says.
        ({"disdate": "2023-05-09"}, {"disdate": "2023-05-05"}, ("E2", "2023-05-05", 4)),
        ({"disdate": ""}, {"disdate": "2023-05-05"}, ("E2", "2023-05-05", 4)),
        # Without one, or with one before the admission, another episode's says it.
        ({"disdate": "2023-05-05"}, {"disdate": ""}, ("E2", "2023-05-05", 4)),
        ({"disdate": "2023-05-05"}, {"disdate": "2023-04-05"}, ("E2", "2023-05-05", 4)),
        # But not where the last episode went on after it.
        ({"disdate": "2023-05-05"}, {"disdate": "", "epiend": "2023-05-06"}, None),
        ({"disdate": "2023-05-05"}, {"disdate": "", "epistart": "2023-05-06"}, None),
    ],
)
def test_the_discharge_is_the_last_episodes_or_that_of_another(tmp_path, first, last, expected):
    con = made(tmp_path, apc=[SAME | {"epiorder": 1} | first, SAME | {"epiorder": 2} | last])
    assert spells(con, "rn, disdate::VARCHAR, speldur") == ([expected] if expected else [])
    if expected is None:
        assert reasons(con)["no date of discharge"] == 1
    borrowed = expected is not None and last["disdate"] != "2023-05-05"
    said = "1 spell has no date of discharge in the last episode"
    assert any(note.startswith(said) for note in derivation_notes(con)) == borrowed


def test_a_spell_whose_last_episode_is_set_aside_is_counted_by_an_earlier_one_and_said(tmp_path):
    con = made(
        tmp_path,
        apc=[
            SAME | {"epiorder": 1, "disdate": "", "mainspef": 301},
            SAME | {"epiorder": 2, "sex": 9, "mainspef": 430},
        ],
    )
    # The discharge is the spell's: that of the episode without a sex.
    assert spells(con, "rn, mainspef, disdate::VARCHAR") == [("E1", "301", "2023-05-05")]
    notes = derivation_notes(con)
    assert notes[0] == (
        "1 spell has an earlier episode instead of the last, which is set aside "
        "(sex is not 1 or 2: 1)."
    )


def test_an_unfinished_last_episode_is_said_and_its_finished_copy_stands(tmp_path):
    con = made(
        tmp_path,
        apc=[
            SAME | {"epiorder": 1, "disdate": "2023-05-05"},
            SAME | {"epiorder": 2, "epistat": 1, "disdate": ""},
            # A spell across the end of a year: first unfinished, in the next file whole.
            {"susspellid": "S3", "epiorder": 1, "epistat": 1, "disdate": ""},
            {"susspellid": "S3", "epiorder": 1, "epiend": "2023-05-05"},
        ],
    )
    assert spells(con, "rn") == [("E1",), ("E4",)]
    assert [n for n in derivation_notes(con) if "instead of" in n] == [
        "1 spell has an earlier episode instead of the last, which is set aside "
        "(the episode is not finished: 1)."
    ]


def test_a_spell_that_ends_as_a_well_baby_is_one(tmp_path):
    con = made(
        tmp_path,
        apc=[
            SAME | {"epiorder": 1, "tretspef": 420, "admiage": 0},
            SAME | {"epiorder": 2, "tretspef": 424, "epitype": 3, "admiage": 0},
            {"susspellid": "S2", "epiorder": 1, "tretspef": 424, "epitype": 3, "admiage": 0},
            {"susspellid": "S2", "epiorder": 2, "tretspef": 420, "admiage": 0},
        ],
    )
    assert spells(con, "rn") == [("E4",)]
    assert reasons(con) == {
        "kept": 1,
        "well baby": 2,
        "another episode of a spell that is counted or set aside": 1,
    }


def test_an_empty_well_baby_flag_and_an_empty_stay_set_nothing_aside(tmp_path):
    con = made(tmp_path, apc=[{"well_baby_ind": "", "speldur": ""}, {"well_baby_ind": "Y"}])
    assert spells(con, "rn, speldur") == [("E1", 4)]


@pytest.mark.parametrize(("place", "in_hospital"), [("", True), (0, True), (1, False), (6, False)])
def test_a_delivery_without_a_place_is_one_in_hospital(tmp_path, place, in_hospital):
    mother = {"sex": 2, "admiage": 30, "admimeth": "31", "tretspef": 501, "epitype": 2}
    con = made(tmp_path, apc=[mother | {"delplac": place}])
    assert spells(con, "maternity_delivery_in_spell") == [(in_hospital,)]


@pytest.mark.parametrize(
    ("given", "provider"),
    [
        ("RXX", "RXX"),
        ("RXX01", "RXX"),
        ("TAF72", "TAF"),
        ("NT301", "NT3"),
        ("8HK01", "8HK01"),
        ("RXX1", "RXX1"),
    ],
)
def test_a_site_as_provider_counts_to_its_organisation(tmp_path, given, provider):
    con = made(
        tmp_path,
        apc=[{"procode3": given, "sitetret": ""}],
        opa=[{"procode3": given}],
        ecds=[{"procode3": given}],
    )
    for table in ("spells", "attendance_cells", "arrivals"):
        assert con.sql(f"SELECT procode3 FROM {table}").fetchall() == [(provider,)]
    said = [note for note in derivation_notes(con) if "name a site as the provider" in note]
    assert bool(said) == (given != provider)
    assert all(note.startswith("3 rows") for note in said)


def test_an_appointment_without_an_hrg_has_no_procedure_and_it_is_said(tmp_path):
    referred = {"sushrg": "", "refsourc": "05", "firstatt": 1, "atentype": 1}
    con = made(tmp_path, opa=[{"sushrg": "", "opertn_01": "S065"}, referred, {}])
    columns = "has_procedures, is_cons_cons_ref, attendances"
    found = con.sql(f"SELECT {columns} FROM attendance_cells").fetchall()
    assert {row[:2] for row in found} == {(False, False)}
    assert sum(row[2] for row in found) == 3
    assert derivation_notes(con) == [
        "No HRG in 2 of 3 appointments: counted as without a procedure, and not as referred "
        "by a consultant."
    ]


ARRIVAL = {
    "aekey": "B1", "person_id": "P", "procode3": "RXX", "arrivaldate": "2018-05-01",
    "activage": 40, "sex": 1, "aeattendcat": 1, "aeattenddisp": "03", "aearrivalmode": 2,
    "aedepttype": "1", "sushrg": "VB08Z", "invest2_01": "24", "treat2_01": "99",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "untreated", "left"),
    [
        ({}, True, False),
        ({"invest2_01": "", "treat2_01": ""}, True, False),
        ({"invest2_01": "99"}, False, False),  # another investigation
        ({"invest2_01": "22"}, False, False),
        ({"treat2_01": "24"}, False, False),
        ({"treat2_01": "22"}, False, False),  # advice
        ({"aeattenddisp": "02"}, False, False),
        ({"aeattenddisp": ""}, False, False),
        ({"aeattenddisp": "12"}, False, True),
        ({"aeattenddisp": "13"}, False, True),
        ({"aeattenddisp": "14"}, False, False),
    ],
)
def test_the_older_emergency_form(tmp_path, change, untreated, left):
    folder = tmp_path / "records"
    folder.mkdir()
    row = {name: str(value) for name, value in (ARRIVAL | change).items()}
    (folder / "ae.csv").write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n")
    con = derived(folder, tmp_path / "scratch")
    columns = "is_discharged_no_treatment, is_left_before_treatment"
    assert con.sql(f"SELECT {columns} FROM arrivals").fetchall() == [(untreated, left)]


def theirs(group):
    """Give the NHP model's fractions: unanchored pattern, outcome, sex, ages, fraction."""
    held = json.loads(FRACTIONS.read_text())
    spans = list(zip(held["ages"], [*held["ages"][1:], 1000], strict=True))
    for conditions in held["data"][group].values():
        for value in conditions.values():
            both = value if "mortality" in value else {"mortality": value, "morbidity": value}
            for outcome, of in both.items():
                for sex, name in ((1, "male"), (2, "female")):
                    for (low, high), share in zip(spans, of.get(name, []), strict=False):
                        if 0 < share <= 1:
                            yield of["regex"], outcome, sex, low, high - 1, share


def ours(group):
    for row in RULES.tables["attributable_fractions.csv"]:
        if row["source"] == f"alcohol_{group}":
            for outcome in ("mortality", "morbidity"):
                for sex in (1, 2):
                    fits = row["outcome"] in ("", "died" if outcome == "mortality" else "survived")
                    if fits and row["sex"] in ("", str(sex)):
                        low, high = int(row["age_from"] or 0), int(row["age_to"] or 999)
                        yield f"^(?:{row['pattern']})", outcome, sex, low, high, row["fraction"]


def shares(rows, codes, ages=(15, 16, 24, 25, 34, 35, 44, 45, 54, 55, 64, 65, 74, 75, 84, 85, 90)):
    found = {}
    rows = list(rows)
    matching = {p: [c for c in codes if re.search(p, c)] for p in {row[0] for row in rows}}
    for pattern, outcome, sex, low, high, share in rows:
        for code in matching[pattern]:
            for age in ages:
                if low <= age <= high:
                    key = code, outcome, sex, age
                    found[key] = max(found.get(key, 0.0), float(share))
    return found


@pytest.mark.parametrize("group", ["chronic", "acute"])
def test_shares_of_alcohol_are_the_nhp_models_but_where_differs_says_otherwise(group):
    if not FRACTIONS.exists():
        pytest.skip("the published fractions are not there")
    codes = [
        f"{letter}{number:03d}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for number in range(1000)
    ]
    codes += [f"{letter}{n:02d}X" for letter in "CGIM" for n in range(100)]
    fillers = [f"M{n:02d}X{site}" for n in range(100) for site in range(10)]
    a, b = (shares(rows, codes) for rows in (theirs(group), ours(group)))
    assert a == b
    assert len(a) > 1000
    differs = read_rules().rules[f"alcohol_partially_attributable_{group}"].differs
    wrong = shares(theirs(group), fillers)
    assert bool(wrong) == ("filler" in differs) == (group == "acute")
    assert shares(ours(group), fillers) == {}
