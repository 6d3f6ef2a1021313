"""TPMA rules: every one selects what it should and leaves what it should not."""

import itertools
from datetime import date, timedelta

import pytest

from acutecast import facts
from acutecast.errors import AcutecastError
from acutecast.extract.contacts import tag_contacts
from acutecast.extract.rules import read_rules
from acutecast.extract.tagging import tag_spells
from extract.rule_examples import FRAIL, SPELLS
from extract.small_records import RULES, derived, rows_of, text_of

LEARNED = {
    "day_procedures_usually_dc",
    "day_procedures_usually_op",
    "day_procedures_occasionally_dc",
    "day_procedures_occasionally_op",
}


def tagged(tmp_path, rules=RULES, **records):
    folder = tmp_path / "records"
    folder.mkdir(exist_ok=True)
    for record, rows in records.items():
        (folder / f"{record}.csv").write_text(text_of(rows))
    con = derived(folder, tmp_path / "scratch", rules)
    tag_spells(con, rules)
    tag_contacts(con, rules)
    return con


def episodes(key, record):
    """Give a record's episodes: itself, and the person's earlier ones."""
    record = dict(record)
    diagnoses, procedures = record.pop("d"), record.pop("p")
    earlier, opdate = record.pop("earlier", []), record.pop("opdate", "2023-05-01")
    record.pop("rate", None)
    (row,) = rows_of("apc", {"epikey": key, "susspellid": key, "person_id": key} | record)
    for i in range(4):
        row[f"diag_{i + 1:02d}"] = (diagnoses + [""] * 4)[i]
        row[f"opertn_{i + 1:02d}"] = (procedures + [""] * 4)[i]
    row["opdate_01"] = opdate if procedures else ""
    found = [row]
    for days, codes in earlier:
        day = (date(2023, 5, 1) - timedelta(days)).isoformat()
        before = row | {
            "epikey": f"{key} before",
            "susspellid": f"{key} before",
            "admidate": day,
            "disdate": day,
        }
        found.append(before | {f"diag_{i + 1:02d}": (codes + [""] * 4)[i] for i in range(4)})
    return found


def cases():
    for key, examples in SPELLS.items():
        for number, (record, misses) in enumerate(examples):
            name = f"{key}/{number}"
            yield name, key, record, True
            for i, change in enumerate(misses):
                yield f"{name} but {i} {change}", key, record | change, False


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    rows = [row for name, _, record, _ in cases() for row in episodes(name, record)]
    con = tagged(tmp_path_factory.mktemp("examples"), apc=rows)
    return {
        (rn, s): rate
        for rn, s, rate in con.sql("SELECT rn, strategy, sample_rate FROM tags").fetchall()
    }


def test_every_stored_rule_has_an_example_and_near_misses():
    stored = {
        r.key for r in RULES.rules.values() if r.activity_type == "ip" and not r.made_by_projection
    }
    assert set(SPELLS) == stored - LEARNED
    assert all(sum(len(misses) for _, misses in examples) >= 2 for examples in SPELLS.values())
    assert set(RULES.rules) == {row["key"] for row in facts.rows("tpmas")}
    assert all(rule.says and rule.source for rule in RULES.rules.values())


@pytest.mark.parametrize("key", SPELLS)
def test_a_rule_selects_its_records_and_leaves_near_misses(found, key):
    for name, of, record, selects in cases():
        if of == key:
            assert ((name, key) in found) == selects, name
            if selects and "rate" in record:
                assert found[name, key] == pytest.approx(record["rate"])


def test_the_largest_fraction_counts(tmp_path):
    rows = episodes(
        "A", {"admimeth": "21", "admiage": 40, "sex": 1, "d": ["G409", "C15X"], "p": []}
    )
    con = tagged(tmp_path, apc=rows)
    sql = "SELECT sample_rate FROM tags WHERE strategy = 'alcohol_partially_attributable_chronic'"
    table = [
        float(row["fraction"])
        for row in RULES.tables["attributable_fractions.csv"]
        if row["source"] == "alcohol_chronic"
        and row["sex"] == "1"
        and row["age_from"] == "35"
        and row["pattern"] in ("G4[01]", "C15")
    ]
    assert len(table) == 2
    assert con.sql(sql).fetchall() == [(max(table),)]


def planned(number, code, classpat, count):
    base = {"admimeth": "11", "admiage": 50, "classpat": classpat, "d": ["Z098"], "p": [code]}
    return [row for i in range(count) for row in episodes(f"{number}-{i}", base)]


def test_day_procedures_are_learned_from_the_records(tmp_path):
    appointment = {"sushrg": "JC42A", "atentype": 1}
    rows = [
        *planned("a", "T203", 2, 140),
        *planned("b", "T203", 1, 20),  # usually day case
        *planned("c", "T244", 2, 40),
        *planned("d", "T244", 1, 120),  # occasionally
        *planned("e", "P279", 1, 150),
        *planned("f", "P279", 2, 4),  # hardly: 2.6% of them
        *planned("g", "S065", 2, 30),  # usually outpatients
        *planned("h", "T413", 2, 60),
        *planned("i", "T413", 1, 20),  # too few to tell
        *planned("j", "U212", 2, 200),
        *planned("k", "U212", 1, 5),  # no operation
    ]
    opa = rows_of("opa", *[appointment | {"opertn_01": "S065"}] * 120)
    con = tagged(tmp_path, apc=rows, opa=opa)
    counts = con.sql(
        "SELECT strategy, procedure, classpat, count(*) FROM tags JOIN spells USING (rn) "
        "WHERE strategy LIKE 'day_%' GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert counts == [
        ("day_procedures_occasionally_dc", "T244", "1", 120),
        ("day_procedures_usually_dc", "T203", "1", 20),
        ("day_procedures_usually_op", "S065", "2", 30),
    ]


CONTACTS = "SELECT strategy, sum(n), sum(denominator) FROM contact_tags GROUP BY 1"
KINDS = list(itertools.product(("adult", "child"), ("surgical", "non-surgical")))


@pytest.mark.parametrize(("who", "what"), KINDS)
def test_outpatient_rules(tmp_path, who, what):
    person = {
        "apptage": 18 if who == "adult" else 17,
        "tretspef": "100" if what == "surgical" else "300",
    }
    other = {"apptage": 17 if who == "adult" else 18, "tretspef": person["tretspef"]}
    first = {"atentype": 1, "firstatt": 1}
    procedure = {"sushrg": "JC42A"}
    opa = rows_of(
        "opa",
        *[
            person | change
            for change in (
                first | {"refsourc": "03"},
                first | {"refsourc": "03"} | procedure,
                first | {"refsourc": "05", "sushrg": "WF02B"},
                first | {"refsourc": "05", "sushrg": "WF02C"},
                {},
                {"atentype": 22},
                procedure,
                {"refsourc": "03"},
            )
        ],
        other,
        other | first,
    )
    con = tagged(tmp_path, opa=opa)
    end = f"_{who}_{what}"
    rows = con.sql(
        "SELECT strategy, sum(n), sum(denominator) FROM contact_tags GROUP BY 1"
    ).fetchall()
    found = {key.removesuffix(end): (int(n), int(d)) for key, n, d in rows if key.endswith(end)}
    assert found == {
        "gp_referred_first_attendance_reduction": (2, 8),
        "consultant_to_consultant_reduction": (1, 8),
        "followup_reduction": (3, 4),  # for each first attendance
        "convert_to_tele": (5, 6),  # face to face, of all without a procedure
    }


@pytest.mark.parametrize("who", ["adult", "child"])
@pytest.mark.parametrize("mode", ["ambulance", "walk-in"])
def test_emergency_rules(tmp_path, who, mode):
    arrived = {
        "age_at_arrival": 18 if who == "adult" else 17,
        "ec_arrival_mode_snomed_ct": "1048031000000100"
        if mode == "ambulance"
        else "1048061000000105",
        "der_ec_investigation_all": "27171005",
        "sushrg": "VB08Z",
    }
    home = {"discharge_follow_up_snomed_ct": "3780001"}
    ecds = rows_of(
        "ecds",
        *[
            arrived | change | {"person_id": f"Q{i}"}
            for i, change in enumerate(
                (
                    {"der_ec_investigation_all": "", "der_ec_treatment_all": "183964008"},
                    {"der_ec_investigation_all": "1088291000000101,27171005"},
                    {"ec_discharge_status_snomed_ct": "1066311000000101"},
                    home | {"sushrg": "VB11Z"},
                    home,
                    {"sushrg": "VB11Z"},
                )
            )
        ],
        *[arrived | {"person_id": "Often", "arrival_date": f"2023-0{m}-01"} for m in (4, 5, 6, 7)],
    )
    con = tagged(tmp_path, ecds=ecds)
    end = f"_{who}_{mode}"
    rows = con.sql(
        "SELECT strategy, sum(n), sum(denominator) FROM contact_tags GROUP BY 1"
    ).fetchall()
    found = {key.removesuffix(end): (int(n), int(d)) for key, n, d in rows if key.endswith(end)}
    assert found == dict.fromkeys(
        (
            "discharged_no_treatment",
            "left_before_seen",
            "low_cost_discharged",
            "frequent_attenders",
        ),
        (1, 10),
    )


def test_the_older_form_has_the_same_flags(tmp_path):
    base = {
        "aekey": "B1",
        "person_id": "P",
        "procode3": "RXX",
        "arrivaldate": "2018-05-01",
        "activage": 40,
        "sex": 1,
        "aeattendcat": 1,
        "aeattenddisp": "01",
        "aearrivalmode": 2,
        "aedepttype": "1",
        "sushrg": "VB08Z",
        "invest2_01": "01",
        "treat2_01": "01",
    }
    changes = (
        {"aearrivalmode": 1},
        {"aeattenddisp": "12"},
        {"aeattenddisp": "02", "sushrg": "VB09Z"},
        {"aeattenddisp": "03", "invest2_01": "24", "treat2_01": "99"},
    )
    rows = [base | change | {"aekey": f"B{i}"} for i, change in enumerate(changes)]
    con = tagged(tmp_path, ae=rows)
    flags = (
        "is_ambulance",
        "is_left_before_treatment",
        "is_low_cost_referred_or_discharged",
        "is_discharged_no_treatment",
        "is_frequent_attender",
    )
    sums = ", ".join(f"sum(arrivals) FILTER (WHERE {flag})" for flag in flags)
    assert con.sql(f"SELECT {sums}, sum(arrivals), max(pod) FROM arrivals").fetchall() == [
        (1, 1, 1, 1, None, 4, "aae_type-01")
    ]


def test_a_rule_can_be_changed_and_added_without_code(tmp_path):
    own = tmp_path / "rules"
    own.mkdir()
    (own / "ruleset.toml").write_text('name = "Ours"\nversion = "2"\n')
    (own / "ours.toml").write_text(
        """
        source = "our falls team"
        [[tpma]]
        key = "falls_related_admissions"
        says = "Falls, from 60."
        where = { admission = "emergency", age = [60, 120], any_diagnosis = "W[01]" }
        [[tpma]]
        key = "own_short_stays"
        kind = "efficiencies"
        activity_type = "ip"
        says = "Stays of one night."
        where = { nights = [1, 1] }
        """
    )
    rules = read_rules(own)
    assert (rules.name, rules.version) == ("Ours", "2")
    assert rules.digest != RULES.digest
    assert len(rules.rules) == len(RULES.rules) + 1
    row = {"admimeth": "21", "admiage": 62, "d": ["R609", "W190"], "p": [], "disdate": "2023-05-02"}
    con = tagged(tmp_path, rules, apc=episodes("A", row))
    sql = "SELECT strategy FROM tags WHERE strategy NOT LIKE 'alc%' ORDER BY 1"
    assert con.sql(sql).fetchall() == [
        ("falls_related_admissions",),
        ("own_short_stays",),
    ]


def test_everything_wrong_with_rules_is_said_at_once(tmp_path):
    (tmp_path / "bad.toml").write_text(
        """
        [[tpma]]
        key = "falls_related_admissions"
        says = "x"
        where = { admision = "emergency", age = [70, 60], primary_diagnosis = "W[", sex = 3 }
        [[tpma]]
        key = "mine"
        says = "x"
        where = {}
        [[tpma]]
        key = "smoking"
        says = "x"
        fraction = { table = "none.csv", source = "smoking" }
        [[tpma]]
        key = "raid_ip"
        where = { over_trim_point = { table = "none.csv", column = "x" } }
        """
    )
    (tmp_path / "worse.toml").write_text("[[tpma]\n")
    with pytest.raises(AcutecastError) as fault:
        read_rules(tmp_path)
    said = str(fault.value)
    for part in (
        '"admision" is no condition',
        "age has a value",
        "primary_diagnosis: a pattern cannot be read",
        "sex has a value",
        "mine",
        'no table "none.csv"',
        "no words",
        "not TOML",
    ):
        assert part in said
    with pytest.raises(AcutecastError, match="no such folder"):
        read_rules(tmp_path / "nowhere")


def test_tables_and_columns_of_rules_are_checked(tmp_path):
    (tmp_path / "points.csv").write_text("code,weight\nF00,seven\n")
    (tmp_path / "bare.csv").write_text("a\n1\n")
    (tmp_path / "latin.csv").write_bytes("code\nSé\n".encode("latin-1"))
    (tmp_path / "ours.toml").write_text(
        """
        [[tpma]]
        key = "frail_elderly_high"
        says = "x"
        where = { frailty = { weights = "points.csv", years = 2, above = 15 } }
        [[tpma]]
        key = "excess_beddays_elective"
        says = "x"
        where = { over_trim_point = { table = "bare.csv", column = "elective" } }
        [[tpma]]
        key = "day_procedures_usually_dc"
        says = "x"
        where = { day_procedure = { setting = "at home", over = 0.5 } }
        [[tpma]]
        key = "left_before_seen_adult_walk-in"
        says = "x"
        where = { is_bored = true, hsagrp = { like = "x" } }
        [[flag]]
        name = "is_ambulance"
        on = "ecds"
        says = "x"
        where = { arrived_by = "horse" }
        """
    )
    with pytest.raises(AcutecastError) as fault:
        read_rules(tmp_path)
    said = str(fault.value)
    for part in (
        "weight is no number (1 row, for example seven)",
        "bare.csv lacks sushrg, elective",
        "latin.csv: the table is not UTF-8 text",
        "day_procedure has a value that it cannot have",
        '"is_bored" is no column',
        '"like" is no condition on a column',
        '"arrived_by" is no column',
    ):
        assert part in said, part


def test_frailty_scores_anyone_whom_a_rule_asks_about(tmp_path):
    own = tmp_path / "rules"
    own.mkdir()
    (own / "ours.toml").write_text(
        """
        [[tpma]]
        key = "own_frail_early"
        kind = "activity_avoidance"
        activity_type = "ip"
        says = "Frail from 50."
        where = { age = [50, 74], frailty = { weights = "frailty_weights.csv", above = 15 } }
        """
    )
    rows = episodes("A", {"admimeth": "21", "admiage": 50, "d": FRAIL, "p": []})
    con = tagged(tmp_path, read_rules(own), apc=rows)
    sql = "SELECT count(*) FROM tags WHERE strategy = 'own_frail_early'"
    assert con.sql(sql).fetchall() == [(1,)]
