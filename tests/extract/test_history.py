"""What rules look back on: stays and attendances that are not counted are still in the past."""

import pytest

from extract.rule_examples import FRAIL
from extract.small_records import derived, rows_of, text_of, write
from extract.test_rules import episodes, tagged

READMITTED, FRAILTY = "readmission_within_28_days", "frail_elderly_high"
NOW = {"admimeth": "21", "admiage": 80, "d": ["R609"], "p": [], "earlier": [(11, FRAIL)]}
UNTOLD = [
    {"sex": 9},
    {"sex": ""},
    {"admiage": 150},
    {"admiage": ""},
    {"procode3": ""},
    {"admimeth": ""},
    {"tretspef": ""},
    {"classpat": "x"},
    {"admidate": "2020-01-01"},  # 1,205 nights
    {"speldur": -1},
]
NO_STAY = [
    {"epikey": "A"},
    {"epikey": ""},
    {"epistat": 1},
    {"admidate": ""},
    {"disdate": ""},
    {"admidate": "2023-04-21"},  # after its discharge
    {"tretspef": "424", "epitype": 3},
    {"sushrg": "PB03Z"},
    {"person_id": "B"},
]


def tags_of(tmp_path, rows, rn="A"):
    con = tagged(tmp_path, apc=rows)
    sql = "SELECT strategy FROM tags WHERE rn = ? AND strategy IN (?, ?)"
    return {row[0] for row in con.execute(sql, [rn, READMITTED, FRAILTY]).fetchall()}


@pytest.mark.parametrize("change", [{}, *UNTOLD])
def test_a_stay_that_is_not_counted_is_still_looked_back_on(tmp_path, change):
    now, before = episodes("A", NOW)
    rows = [now, before | change]
    assert tags_of(tmp_path, rows) == {READMITTED, FRAILTY}
    con = derived(tmp_path / "records", tmp_path / "again")
    assert con.sql("SELECT count(*) FROM spells").fetchall() == [(1 if change else 2,)]


@pytest.mark.parametrize("change", NO_STAY)
def test_what_is_no_stay_of_the_person_is_not_looked_back_on(tmp_path, change):
    now, before = episodes("A", NOW)
    assert tags_of(tmp_path, [now, before | change]) == set()


def test_an_uncounted_stay_has_the_codes_of_all_its_episodes(tmp_path):
    now, before = episodes("A", NOW)
    parts = [
        before | {"epikey": f"B{i}", "epiorder": i, "sex": 9, "diag_01": code}
        for i, code in enumerate(FRAIL, 1)
    ]
    parts = [part | {f"diag_{i:02d}": "" for i in (2, 3, 4)} for part in parts]
    assert tags_of(tmp_path, [now, *parts]) == {READMITTED, FRAILTY}


@pytest.mark.parametrize(("days", "found"), [(0, {READMITTED}), (1, {READMITTED, FRAILTY})])
def test_frailty_looks_back_on_the_days_before_admission(tmp_path, days, found):
    now, before = episodes("A", NOW | {"earlier": [(days, FRAIL)]})
    before["admidate"] = "2023-04-25"
    assert tags_of(tmp_path, [now, before]) == found


@pytest.mark.parametrize(("days", "found"), [(730, True), (731, False)])
def test_frailty_looks_back_two_years(tmp_path, days, found):
    rows = episodes("A", NOW | {"earlier": [(days, FRAIL)]})
    assert (FRAILTY in tags_of(tmp_path, rows)) == found


def test_of_two_stays_of_no_night_on_one_day_neither_is_the_earlier(tmp_path):
    now, before = episodes("A", NOW | {"disdate": "2023-05-01", "earlier": [(0, FRAIL)]})
    half = FRAIL[:2]  # 7.1 + 4.4: not above 15 without the other two
    now |= {"diag_01": FRAIL[2], "diag_02": FRAIL[3]}
    before |= {f"diag_{i:02d}": [*half, "", ""][i - 1] for i in range(1, 5)}
    assert tags_of(tmp_path, [now, before]) == set()
    assert tags_of(tmp_path, [before, now], "A before") == set()


def attendances(*changes):
    """Give three attendances before one of 1 July, each with a change."""
    days = ["2023-04-01", "2023-05-01", "2023-06-01"]
    return rows_of(
        "ecds",
        {"arrival_date": "2023-07-01"},
        *[{"arrival_date": day} | change for day, change in zip(days, changes, strict=True)],
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, True),
        ({"sex": 9}, True),
        ({"age_at_arrival": ""}, True),
        ({"age_at_arrival": 200}, True),
        ({"ec_department_type": "09"}, True),
        ({"procode3": ""}, True),
        ({"ec_ident": ""}, False),
        ({"ec_ident": "C1"}, False),
        ({"arrival_date": ""}, False),
        ({"arrival_date": "2023-07-01"}, False),
        ({"ec_attendancecategory": "2"}, False),
        ({"person_id": ""}, False),
    ],
)
def test_frequent_attenders_are_found_with_what_is_not_counted(tmp_path, change, found):
    con = tagged(tmp_path, ecds=attendances({}, {}, change))
    sql = "SELECT coalesce(sum(arrivals), 0) FROM arrivals WHERE is_frequent_attender"
    assert con.sql(sql).fetchall() == [(int(found),)]


def test_readmission_and_frailty_do_not_depend_on_the_order_of_rows(tmp_path):
    rows = episodes("A", NOW | {"earlier": [(0, FRAIL), (5, ["R609"])]})
    for i, row in enumerate(rows):
        row |= {"epikey": f"A{i}", "susspellid": f"A{i}"}
    sql = "SELECT rn, strategy FROM tags ORDER BY ALL"
    found = []
    for name, order in (("one", rows), ("other", rows[::-1])):
        folder = tmp_path / name
        folder.mkdir()
        found.append(tagged(folder, apc=order).sql(sql).fetchall())
    assert found[0] == found[1]
    assert (("A0", READMITTED)) in found[0]


def test_what_is_looked_back_on_is_said(tmp_path):
    from acutecast.extract.derivation_notes import derivation_notes

    now, before = episodes("A", NOW)
    (tmp_path / "apc.csv").write_text(text_of([now, before | {"sex": 9}]))
    write(tmp_path, "ecds", {}, {"sex": 9}, {"age_at_arrival": 200})
    notes = derivation_notes(derived(tmp_path, tmp_path / "scratch"))
    assert [note.split(" not counted")[0] for note in notes] == ["1 stay is", "2 attendances are"]
