"""What the records do not tell is neither true nor false: it is said, and not offered."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from acutecast.demand.engine import simulate
from acutecast.errors import AcutecastError
from acutecast.extract.pipeline import extract_records
from acutecast.extract.unknown import MOST_LACKING, SPELL_NEEDS, needs_of_flag, needs_of_rule
from acutecast.extract.vocabulary import SPELL_CONDITIONS
from acutecast.provider import check_provider, read_provider
from acutecast.scenario import load_scenario, resolve
from extract.small_records import RULES, derived, write

CASES = Path(__file__).parents[3] / "shared" / "cases"
INVESTIGATED = {"der_ec_investigation_all", "der_ec_treatment_all"}
NO_TREATMENT = "discharged_no_treatment_adult_walk-in"


def attendances(folder, n, *, without=(), name="ecds", first=1, **changes):
    """Write attendances; a file of its own may lack columns."""
    path = write(
        folder, "ecds", *[{"ec_ident": f"{name}{i}"} | changes for i in range(first, first + n)]
    )
    lines = path.read_text(encoding="utf-8").splitlines()
    header = lines[0].split(",")
    kept = [i for i, column in enumerate(header) if column not in without]
    path.unlink()
    text = "\n".join(",".join(line.split(",")[i] for i in kept) for line in lines) + "\n"
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")


def flags(con, column="is_discharged_no_treatment"):
    rows = con.execute(f"SELECT {column}, sum(arrivals)::INT FROM arrivals GROUP BY ALL ORDER BY 1")
    return dict(rows.fetchall())


def test_every_condition_on_spells_says_which_columns_it_needs():
    assert set(SPELL_NEEDS) == set(SPELL_CONDITIONS) - {"says"}


def test_every_flag_of_the_rules_rests_on_columns():
    needed = {key: needs_of_flag(key[0], flag.where) for key, flag in RULES.flags.items()}
    assert needed["ecds", "is_discharged_no_treatment"] == (
        "der_ec_investigation_all", "der_ec_treatment_all",
    )  # fmt: skip
    assert needed["ae", "is_frequent_attender"] == ("person_id", "aeattendcat")
    assert needed["opa", "has_procedures"] == ("sushrg",)
    # Whether an attendance is the first one is told by columns that every file has.
    assert all(columns for key, columns in needed.items() if key != ("opa", "is_first"))


def test_rules_on_readmission_need_persons():
    assert needs_of_rule(RULES.rules["readmission_within_28_days"]) == ("person_id",)


def test_whoever_is_not_said_to_have_died_counts_as_not_died_without_the_column_too(tmp_path):
    assert "dismeth" not in needs_of_rule(RULES.rules["raid_ip"])
    assert "dismeth" in needs_of_rule(RULES.rules["eol_care_2_days"])
    path = write(tmp_path / "in", "apc", {"diag_01": "F200"})
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    place = lines[0].index("dismeth")
    text = "\n".join(",".join(line[:place] + line[place + 1 :]) for line in lines) + "\n"
    path.write_text(text, encoding="utf-8")
    made = extract_records(tmp_path / "in", tmp_path / "data", years=[2023])
    activity = pq.read_table(Path(made.root) / "assumptions" / "tpma_activity.parquet")
    assert "raid_ip" in activity.column("strategy").to_pylist()
    lacking = {row["strategy"]: row["lacks"] for row in made.info["unknown_tpmas"]}
    assert lacking["eol_care_2_days"] == "dismeth"
    assert "raid_ip" not in lacking
    said = [note for note in made.info["notes"] if "TPMAs are not offered" in note]
    assert len(said) == 1
    assert f": {len(lacking)} TPMAs are not offered" in said[0]
    assert "for 1 provider (extract.json lists them)." in said[0]


def test_wide_codes_are_investigations_and_treatments(tmp_path):
    wide = {"investigation_code_1": "167252002", "treatment_code_1": "266712008"}
    attendances(tmp_path / "in", 3, without=INVESTIGATED, **wide)
    assert flags(derived(tmp_path / "in", tmp_path / "s")) == {False: 3}


def test_wide_codes_of_nothing_done_are_nothing_done(tmp_path):
    wide = {
        "investigation_code_1": "1088291000000101", "treatment_code_1": "183964008",
        "investigation_code_2": "", "treatment_code_2": "",
    }  # fmt: skip
    attendances(tmp_path / "in", 3, without=INVESTIGATED, **wide)
    assert flags(derived(tmp_path / "in", tmp_path / "s")) == {True: 3}


def test_without_any_such_column_nobody_went_untreated(tmp_path):
    attendances(tmp_path / "in", 3, without=INVESTIGATED)
    con = derived(tmp_path / "in", tmp_path / "s")
    assert flags(con) == {False: 3}
    unknown = con.execute("SELECT DISTINCT strategy FROM unknown_tpmas").fetchall()
    assert {key for (key,) in unknown} == {
        f"discharged_no_treatment_{age}_{mode}"
        for age in ("adult", "child") for mode in ("ambulance", "walk-in")
    }  # fmt: skip


@pytest.mark.parametrize(("lacking", "known"), [(1, True), (2, True), (3, False), (10, False)])
def test_a_file_without_the_columns_among_others(tmp_path, lacking, known):
    attendances(tmp_path / "in", 20, name="ecds_a", der_ec_treatment_all="183964008")
    attendances(tmp_path / "in", lacking, without=INVESTIGATED, name="ecds_b", first=100)
    con = derived(tmp_path / "in", tmp_path / "s")
    assert (lacking / (20 + lacking) <= MOST_LACKING) == known
    # Those that do not tell count as no; where they are many, the others do as well.
    assert flags(con).get(True, 0) == (20 if known else 0)
    assert (con.execute("SELECT count(*) FROM unknown_tpmas").fetchall() == [(0,)]) == known


def test_another_provider_is_not_touched(tmp_path):
    attendances(tmp_path / "in", 5, name="ecds_a", procode3="RAA")
    attendances(tmp_path / "in", 5, without=INVESTIGATED, name="ecds_b", procode3="RBB")
    con = derived(tmp_path / "in", tmp_path / "s")
    found = con.execute(
        "SELECT procode3, sum(arrivals)::INT FROM arrivals WHERE is_discharged_no_treatment "
        "GROUP BY 1"
    )
    assert found.fetchall() == [("RAA", 5)]
    assert con.execute("SELECT DISTINCT procode3 FROM unknown_tpmas").fetchall() == [("RBB",)]


def test_first_attendances_are_known_by_their_type_where_the_code_is_missing(tmp_path):
    path = write(tmp_path / "in", "opa", {"atentype": 1}, {"atentype": 2}, {"atentype": 21})
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    i = lines[0].index("firstatt")
    path.write_text("\n".join(",".join([*r[:i], *r[i + 1 :]]) for r in lines), encoding="utf-8")
    con = derived(tmp_path / "in", tmp_path / "s")
    n = con.execute(
        "SELECT sum(attendances + tele_attendances)::INT FROM attendance_cells WHERE is_gp_ref"
    )
    assert n.fetchall() == [(2,)]


@pytest.fixture(scope="module")
def lacking(tmp_path_factory):
    """Give an extract whose attendances tell of no treatment, and whose episodes of no person."""
    root = tmp_path_factory.mktemp("lacking")
    attendances(root / "in", 30, without=INVESTIGATED)
    write(root / "in", "apc", *[{"epikey": f"E{i}"} for i in range(30)])
    return extract_records(root / "in", root / "out", years=[2023])


def test_an_extract_says_it_and_keeps_it_with_the_data(lacking):
    assert any("der_ec_investigation_all" in note for note in lacking.info["notes"])
    stored = json.loads((Path(lacking.root) / "extract.json").read_text(encoding="utf-8"))
    assert stored["notes"] == list(lacking.info["notes"])
    # Once for all providers, and not again for each.
    assert not any("der_ec_investigation_all" in str(problem) for problem in lacking.problems)
    provider = read_provider(lacking.root)
    assert "der_ec_investigation_all" in provider.unknown[NO_TREATMENT]
    assert any("der_ec_investigation_all" in str(p) for p in check_provider(provider))
    assert "frequent_attenders_adult_walk-in" not in provider.unknown
    activity = pq.read_table(Path(lacking.root) / "assumptions" / "tpma_activity.parquet")
    keys = set(activity.column("strategy").to_pylist())
    assert NO_TREATMENT not in keys
    assert "frequent_attenders_adult_walk-in" in keys


def test_setting_it_is_refused_with_the_reason(lacking):
    provider = read_provider(lacking.root)
    scenario = load_scenario(
        {"name": "x", "runs": 4, "horizon_year": 2030,
         "activity_avoidance": {"aae": {NO_TREATMENT: 0.9}}}
    )  # fmt: skip
    resolved = resolve(scenario, provider.dataset, provider.year, 2047)
    with pytest.raises(AcutecastError, match="the records lack der_ec_investigation_all"):
        simulate(provider, resolved)


@pytest.mark.skipif(not CASES.exists(), reason="no small cases in ../shared")
def test_the_case_of_wide_codes(tmp_path):
    made = extract_records(CASES / "ecds-wide-codes", tmp_path / "out", years=[2023])
    rows = read_provider(made.root).tables["aae"].to_pylist()
    assert [(r["arrivals"], r["is_discharged_no_treatment"]) for r in rows] == [(1, False)]
    assert NO_TREATMENT not in read_provider(made.root).unknown


@pytest.mark.skipif(not CASES.exists(), reason="no small cases in ../shared")
def test_the_case_of_the_person_key_of_attendances(tmp_path):
    made = extract_records(CASES / "pseudo-hesid-in-ae", tmp_path / "out", years=[2023])
    rows = read_provider(made.root).tables["aae"].to_pylist()
    assert {r["is_frequent_attender"]: r["arrivals"] for r in rows} == {False: 3, True: 2}
