"""Several providers in one extract: each gets its tables, and every row has its place."""

import json
import tempfile
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_records import write

import acutecast as ac
from acutecast.cli.main import main
from acutecast.errors import AcutecastError
from acutecast.extract import opened_records, pipeline
from acutecast.extract.catchment import catchments
from acutecast.extract.pipeline import _people, extract_records
from acutecast.extract.providers import IN_TABLES, SET_ASIDE

CASES = Path(__file__).parents[3] / "shared" / "cases"


def rows(made, name, code):
    return pl.read_parquet(made.root / name / "fyear=2023" / f"dataset={code}" / "*.parquet")


@pytest.mark.skipif(not CASES.is_dir(), reason="the shared cases are not here")
@pytest.mark.parametrize(
    ("case", "codes"),
    [
        ("contacts-without-spells-of-that-age", ["RAA", "RBB"]),
        ("small-provider-beside-large", ["RAA", "RZZ"]),
        ("child-spells-only", ["RBB"]),
        ("provider-with-contacts-only", ["NLX", "R1A"]),
    ],
)
def test_the_shared_cases_give_tables_for_everyone(case, codes, tmp_path):
    made = extract_records(CASES / case, tmp_path / "data", years=[2023])
    assert [code for code, _ in made.providers] == codes
    assert not made.failed
    for code in codes:
        ac.read_provider(made.root, code, 2023)


def test_contacts_alone_make_a_provider_and_it_runs(tmp_path):
    write(tmp_path / "in", "apc", {"procode3": "RAA"}, {"procode3": "RAA", "sex": 2})
    write(tmp_path / "in", "ecds", {"procode3": "NLX"}, {"procode3": "NLX", "age_at_arrival": 7})
    made = extract_records(tmp_path / "in", tmp_path / "data", years=[2023])
    assert made.providers == (("NLX", 2023), ("RAA", 2023))
    assert rows(made, "aae", "NLX")["arrivals"].sum() == 2
    assert rows(made, "ip", "NLX").height == 0
    run = ac.run(
        {"name": "x", "runs": 2}, made.root, tmp_path / "run", dataset="NLX", years="horizon"
    )
    assert run.summary().height > 0


def test_children_alone_have_no_health_status_and_run(tmp_path):
    write(tmp_path / "in", "apc", {"admiage": 3}, {"admiage": 12, "sex": 2})
    made = extract_records(tmp_path / "in", tmp_path / "data", years=[2023])
    assert any("health status has nobody to act on" in str(p) for p in made.problems)
    assert rows(made, "hsa_activity_tables", "RXX").height == 0
    run = ac.run({"name": "x", "runs": 2}, made.root, tmp_path / "run", years="horizon")
    assert run.summary().height > 0


def test_an_impossible_code_is_set_aside_and_writes_nowhere(tmp_path):
    bad = ["X/../../../pwn", "A'B", "X' OR fyear=2023 --", "A B", "ABCDEFG", "É1A", "R\u200bA1"]
    write(tmp_path / "in", "apc", {}, *({"procode3": code} for code in bad))
    before = {path for path in tmp_path.rglob("*") if "data" not in path.parts}
    made = extract_records(tmp_path / "in", tmp_path / "data", years=[2023], accept_faults=True)
    assert made.providers == (("RXX", 2023),)
    aside = pq.read_table(made.root / "set_aside.parquet").to_pylist()
    assert len(aside) == len(bad)
    assert {row["reason"] for row in aside} == {
        "provider code is not 3 to 6 capital letters and digits"
    }
    assert any("'X/../../../PWN'" in note for note in made.info["notes"])
    assert {p for p in tmp_path.rglob("*") if "data" not in p.parts} == before
    assert not list(tmp_path.parent.rglob("pwn*"))


def test_what_is_left_out_is_said(tmp_path):
    write(
        tmp_path / "in", "apc", {"procode3": "RAA"}, {"procode3": "RBB"},
        {"procode3": "RAA", "admidate": "2022-05-01", "disdate": "2022-05-02"},
    )  # fmt: skip
    made = extract_records(tmp_path / "in", tmp_path / "data", years=[2023], providers=["RAA"])
    notes = "\n".join(made.info["notes"])
    assert "1 row is of providers that were not asked for: RBB 1." in notes
    assert "years that were not asked for (they serve to look back): 2022 1." in notes


def test_years_without_people_name_the_files(tmp_path):
    write(tmp_path / "in", "apc", {"admidate": "2015-05-01", "disdate": "2015-05-05"})
    with pytest.raises(AcutecastError, match=r"population\.csv and births\.csv") as fault:
        extract_records(tmp_path / "in", tmp_path / "data")
    assert "2015" in str(fault.value)
    assert not (tmp_path / "data").exists()


def damage(monkeypatch, codes):
    """Empty a table of providers as data might; the check itself is real."""
    real = pipeline.provider_tables

    def damaged(con, code, year):
        tables = real(con, code, year)
        if code in codes:
            tables["demographic_factors"] = tables["demographic_factors"].slice(0, 0)
        return tables

    monkeypatch.setattr(pipeline, "provider_tables", damaged)


def test_one_provider_that_fails_stops_no_other(tmp_path, monkeypatch):
    write(tmp_path / "in", "apc", {"procode3": "RAA"}, {"procode3": "RBB"})
    damage(monkeypatch, ["RAA"])
    made = extract_records(tmp_path / "in", tmp_path / "data", years=[2023])
    assert made.providers == (("RBB", 2023),)
    assert list(made.failed) == [("RAA", 2023)]
    info = json.loads((made.root / "extract.json").read_text())
    assert info["failed"][0]["dataset"] == "RAA"
    assert not list(made.root.rglob("dataset=RAA"))


def command(*arguments):
    """Run the command; give its exit code."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code or 0


def test_the_command_says_what_is_partial_and_what_is_nothing(tmp_path, monkeypatch, capsys):
    write(tmp_path / "in", "apc", {"procode3": "RAA"}, {"procode3": "RBB"})
    asked = ["extract", tmp_path / "in", "--years", "2023", "--out"]
    damage(monkeypatch, ["RAA"])
    assert command(*asked, tmp_path / "some") == 3
    said = capsys.readouterr()
    assert "Partial: 1 provider was not written: RAA 2023" in said.out
    assert "Not written: RAA 2023: demographic_factors: the table has no rows" in said.err
    assert [p.name for p in (tmp_path / "some").rglob("dataset=*") if "ip" in p.parts] == [
        "dataset=RBB"
    ]
    damage(monkeypatch, ["RAA", "RBB"])
    assert command(*asked, tmp_path / "none") == 2
    assert not (tmp_path / "none").exists()


def test_what_is_said_of_providers_is_a_line_whatever_their_number(tmp_path, capsys):
    codes = [f"XQ{letter}" for letter in "ABCDEFGHIJKLMNOP"]
    write(tmp_path / "in", "apc", *({"procode3": code, "admiage": 9} for code in codes))
    asked = ["extract", tmp_path / "in", "--years", "2023", "--out", tmp_path / "data"]
    assert command(*asked) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "has no rows" in line]
    assert len(lines) == 3  # op, aae and hsa_activity_tables
    assert all("XQA 2023, XQB 2023" in line and "and 4 more" in line for line in lines)


ROW = st.tuples(
    st.sampled_from(["apc", "opa", "ecds"]),
    st.sampled_from(["RAA", "RBB", "NLX", "", "A'B"]),
    st.sampled_from([2022, 2023]),
    st.integers(0, 100),
    st.sampled_from([1, 2, 9]),
)
COLUMNS = {
    "apc": ("admiage", "admidate"), "opa": ("apptage", "apptdate"),
    "ecds": ("age_at_arrival", "arrival_date"),
}  # fmt: skip


def write_rows(folder, given_rows):
    by_record = {"apc": [{"procode3": "RAA"}]}
    for record, code, year, age, sex in given_rows:
        age_name, day = COLUMNS[record]
        row = {"procode3": code, "sex": sex, age_name: age, day: f"{year}-06-01"}
        if record == "apc":
            row |= {"disdate": f"{year}-06-02"}
        by_record.setdefault(record, []).append(row)
    for record, changes in by_record.items():
        write(folder, record, *changes)
    return {record: len(changes) for record, changes in by_record.items()}


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ROW, max_size=12), st.sampled_from([None, ["RAA"]]))
def test_rows_in_are_rows_in_tables_and_rows_set_aside(given_rows, asked):
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        written = write_rows(root / "in", given_rows)
        made = extract_records(
            root / "in", root / "data", years=[2023], accept_faults=True, providers=asked
        )
        for record, n in written.items():
            group = "emergency" if record == "ecds" else record
            mine = [r for r in made.info["rows_by_provider"] if r["records"] == group]
            assert sum(row["rows"] for row in mine) == n
        for code, _ in made.providers:
            held = {
                "apc": rows(made, "ip", code).height,
                "opa": rows(made, "op", code)
                .select("attendances", "tele_attendances")
                .sum()
                .sum_horizontal()[0],
                "emergency": rows(made, "aae", code)["arrivals"].sum(),
            }
            said = dict.fromkeys(held, 0)
            for row in made.info["rows_by_provider"]:
                if row["place"] == IN_TABLES and row["dataset"] == code:
                    said[row["records"]] += row["rows"]
            assert {k: v or 0 for k, v in held.items()} == said
        aside = sum(r["rows"] for r in made.info["rows_by_provider"] if r["place"] == SET_ASIDE)
        assert aside == pq.read_table(made.root / "set_aside.parquet").num_rows


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ROW, min_size=1, max_size=15))
def test_shares_add_up_to_one_at_most_and_cover_all_activity(given_rows):
    with tempfile.TemporaryDirectory() as name:
        write_rows(Path(name), given_rows)
        with opened_records(name) as con:
            _people(con)
            catchments(con)
            most = con.execute(
                "SELECT max(s) FROM (SELECT sum(share) AS s FROM catchment_shares "
                "GROUP BY fyear, area, sex, age)"
            ).fetchall()[0][0]
            assert most <= 1 + 1e-9
            assert con.execute(
                "SELECT count(*) FROM activity a ANTI JOIN (SELECT * FROM catchment "
                "WHERE people > 0) c USING (fyear, procode3, sex, age)"
            ).fetchall() == [(0,)]
