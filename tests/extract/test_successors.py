"""Retired codes of districts and providers: what takes their place, and what is said of it."""

import datetime as dt
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_records import write

from acutecast.errors import AcutecastError
from acutecast.extract import opened_records
from acutecast.extract.pipeline import extract_records
from acutecast.extract.quality import quality
from acutecast.extract.successors import (
    Succession,
    area_now,
    last_of,
    merged_by,
    outside_note,
    parts_of,
    successions,
    successor_notes,
)

AREAS = successions("area_successors")
PROVIDERS = successions("provider_successors")
MYSOCIETY = (
    # Retired, successor: some of each year, as mySociety's table of local authorities has them.
    ("E07000150", "E06000061"), ("E07000151", "E06000062"), ("E07000004", "E06000060"),
    ("E06000028", "E06000058"), ("E07000052", "E06000059"), ("E07000201", "E07000245"),
    ("E07000206", "E07000244"), ("E07000029", "E06000063"), ("E07000027", "E06000064"),
    ("E07000165", "E06000065"), ("E07000187", "E06000066"), ("E07000246", "E06000066"),
    ("E06000048", "E06000057"), ("E08000020", "E08000037"), ("E07000100", "E07000240"),
)  # fmt: skip


def people(folder, areas, births=True):
    """Write a population of 10 people of each age and sex in each area, and births."""
    rows = [
        {"variant": "v", "area": area, "sex": sex, "age": age, "2023": 10 * i, "2024": 11 * i}
        for i, area in enumerate(areas, 1)
        for sex in (1, 2)
        for age in range(91)
    ]
    pl.DataFrame(rows).write_csv(folder / "population.csv")
    born = [
        {"variant": "v", "area": area, "age": age, "2023": i, "2024": i}
        for i, area in enumerate(areas, 1)
        for age in range(15, 45)
    ]
    pl.DataFrame(born).write_csv(folder / "births.csv")


def catchment_of(made, code):
    return pl.read_parquet(
        made.root / "demographic_factors" / "fyear=2023" / f"dataset={code}" / "*.parquet"
    )


@pytest.mark.parametrize("table", [AREAS, PROVIDERS])
def test_no_table_has_a_code_twice_or_comes_back_to_one(table):
    keys = [(s.code, s.site) for s in table]
    assert len(keys) == len(set(keys))
    for step in table:
        assert last_of(step.code, step.site, table) not in {s.code for s in table if not s.site}


def test_the_districts_are_those_of_the_source():
    known = {s.code: s.successor for s in AREAS}
    assert set(MYSOCIETY) <= known.items()
    counts = {
        year: sum(s.since.year == year for s in AREAS) for year in {s.since.year for s in AREAS}
    }
    assert counts == {2009: 38, 2012: 2, 2013: 4, 2019: 14, 2020: 4, 2021: 7, 2023: 17, 2025: 2}


def test_a_chain_is_followed_as_far_as_the_population_goes():
    # Taunton Deane became Somerset West and Taunton in 2019, and Somerset in 2023.
    assert area_now("E07000190", {"E06000066"}, AREAS) == "E06000066"
    assert area_now("E07000190", {"E07000246", "E06000066"}, AREAS) == "E07000246"
    assert area_now("E07000190", {"E07000190"}, AREAS) == "E07000190"
    assert area_now("E07000162", {"E06000057"}, AREAS) == "E06000057"
    assert area_now("E07000190", {"E06000061"}, AREAS) is None
    assert area_now("E09999999", {"E06000061"}, AREAS) is None


def test_the_parts_of_a_district_are_all_there_or_none():
    somerset = {"E07000187", "E07000188", "E07000189", "E07000190", "E07000191"}
    assert parts_of("E06000066", somerset, AREAS) == somerset
    assert parts_of("E06000066", somerset - {"E07000191"}, AREAS) == set()


def test_a_merger_counts_once_the_records_reach_it():
    days = {"RDZ": dt.date(2020, 9, 30), "RD3": dt.date(2020, 9, 30)}
    assert merged_by(days, PROVIDERS) == []
    found = merged_by(days | {"R0D": dt.date(2020, 10, 1)}, PROVIDERS)
    assert {(s.code, s.successor) for s in found} == {("RD3", "R0D"), ("RDZ", "R0D")}
    # A chain: what the first merger made is what the second takes over.
    chain = [
        Succession("A", "B", dt.date(2020, 1, 1)),
        Succession("B", "C", dt.date(2022, 1, 1)),
    ]
    assert last_of("A", "", merged_by({"A": dt.date(2022, 1, 1)}, chain)) == "C"
    assert last_of("A", "", merged_by({"A": dt.date(2021, 1, 1)}, chain)) == "B"


def test_one_hospital_of_a_trust_may_go_elsewhere():
    reached = merged_by({"RM3": dt.date(2023, 1, 1)}, PROVIDERS)
    assert last_of("RW6", "RW601", reached) == "RM3"
    assert last_of("RW6", "RW602", merged_by({"R0A": dt.date(2023, 1, 1)}, PROVIDERS)) == "R0A"
    assert last_of("RM3", "RM301", PROVIDERS) == "RM3"


def two_trusts(folder, **more):
    """Write Poole and Bournemouth before their merger, and the merged trust after it."""
    before = {"admidate": "2020-06-01", "disdate": "2020-06-03", "speldur": 2}
    return write(
        folder, "apc",
        before | {"procode3": "RDZ", "sitetret": "RDZ20", "susspellid": "7"} | more,
        # Another person's spell of the other trust, which has the same number by chance.
        before | {"procode3": "RD300", "sitetret": "", "susspellid": "7", "person_id": "P2"} | more,
        {"procode3": "R0D", "sitetret": "R0D01"} | more,
        {"procode3": "RXX"} | more,
    )  # fmt: skip


def test_two_trusts_merge_with_their_history(tmp_path):
    two_trusts(tmp_path / "in")
    with opened_records(tmp_path / "in") as con:
        spells = con.execute("SELECT procode3, fyear, sitetret FROM spells ORDER BY ALL").fetchall()
        notes = successor_notes(con)
        staged = con.execute("SELECT count(*), count(reason) FROM staged_apc").fetchall()
        told = [row["what"] for row in quality(con)["findings"].to_pylist()]
    assert spells == [
        ("R0D", 2020, "RD3"), ("R0D", 2020, "RDZ20"), ("R0D", 2023, "R0D01"),
        ("RXX", 2023, "RXX01"),
    ]  # fmt: skip
    assert staged == [(4, 0)]
    (note,) = notes
    assert note.startswith("2 rows count to the successors of providers")
    assert sum("count to R0D, of which it is part now" in what for what in told) == 2
    assert "RD3 → R0D 1, RDZ → R0D 1" in note


def test_contacts_of_a_merged_trust_go_along(tmp_path):
    two_trusts(tmp_path / "in")
    early = {"apptdate": "2020-06-01", "procode3": "RDZ"}
    write(tmp_path / "in", "opa", early | {"sitetret": ""}, early | {"procode3": "RXX"})
    write(tmp_path / "in", "ecds", {"arrival_date": "2020-06-01", "procode3": "RD3"})
    with opened_records(tmp_path / "in") as con:
        seen = con.execute(
            "SELECT procode3, sitetret FROM attendance_cells ORDER BY ALL"
        ).fetchall()
        came = con.execute("SELECT procode3, sitetret FROM arrivals").fetchall()
    assert seen == [("R0D", "RDZ"), ("RXX", "RXX01")]
    assert came == [("R0D", "RXX01")]


def test_mergers_can_be_left_alone(tmp_path):
    two_trusts(tmp_path / "in")
    (tmp_path / "in" / "extract.toml").write_text("successors = false\n", encoding="utf-8")
    with opened_records(tmp_path / "in") as con:
        codes = con.execute("SELECT DISTINCT procode3 FROM spells ORDER BY 1").fetchall()
        assert successor_notes(con) == []
    assert codes == [("R0D",), ("RD3",), ("RDZ",), ("RXX",)]


def test_a_switch_that_is_no_switch_is_a_message(tmp_path):
    two_trusts(tmp_path / "in")
    (tmp_path / "in" / "extract.toml").write_text('successors = "no"\n', encoding="utf-8")
    with pytest.raises(AcutecastError, match="Write successors as true or false"):
        extract_records(tmp_path / "in", tmp_path / "data")


def test_asking_for_a_retired_provider_says_where_it_is(tmp_path):
    two_trusts(tmp_path / "in")
    with pytest.raises(AcutecastError, match="Its rows count to R0D"):
        extract_records(tmp_path / "in", tmp_path / "data", years=[2023], providers=["RDZ"])


def test_a_retired_district_counts_in_its_successors_catchment(tmp_path):
    corby = {"lad": "E07000150"}
    write(tmp_path / "in", "apc", corby, corby | {"sex": 2}, {"lad": "E06000062"})
    people(tmp_path / "in", ["E06000061", "E06000062"])
    made = extract_records(tmp_path / "in", tmp_path / "old", accept_faults=True)
    write(
        tmp_path / "in", "apc", {"lad": "E06000061"}, {"lad": "E06000061", "sex": 2},
        {"lad": "E06000062"},
    )  # fmt: skip
    plain = extract_records(tmp_path / "in", tmp_path / "new", accept_faults=True)
    assert catchment_of(made, "RXX").equals(catchment_of(plain, "RXX"))
    assert made.info["successors"] == [
        {"kind": "district", "code": "E07000150", "successor": "E06000061", "rows": 2}
    ]
    assert plain.info["successors"] == []
    assert any("E07000150 → E06000061 2" in note for note in made.info["notes"])


def test_a_district_that_the_population_still_has_stays(tmp_path):
    write(tmp_path / "in", "apc", {"lad": "E07000150"}, {"lad": "E06000061"})
    people(tmp_path / "in", ["E06000061", "E07000150"])
    with opened_records(tmp_path / "in") as con:
        assert con.execute("SELECT lad FROM spells ORDER BY 1").fetchall() == [
            ("E06000061",), ("E07000150",),
        ]  # fmt: skip


def test_districts_of_an_older_population_are_added_up(tmp_path):
    # The population is of before 2021 and the records name what came after, and a part of it.
    parts = ["E07000150", "E07000152", "E07000153", "E07000156"]
    write(tmp_path / "in", "apc", {"lad": "E06000061"}, {"lad": "E07000150"})
    people(tmp_path / "in", [*parts, "E06000001"])
    with opened_records(tmp_path / "in") as con:
        lads = con.execute("SELECT DISTINCT lad FROM spells").fetchall()
        sums = con.execute(
            "SELECT area, sum(people) FROM population WHERE year = 2023 GROUP BY 1 ORDER BY 1"
        ).fetchall()
        born = con.execute(
            "SELECT area, sum(births) FROM births WHERE year = 2023 GROUP BY 1 ORDER BY 1"
        ).fetchall()
        notes = successor_notes(con)
    assert lads == [("E06000061",)]
    assert sums == [("E06000001", 50 * 182), ("E06000061", (10 + 20 + 30 + 40) * 182)]
    assert born == [("E06000001", 5 * 30), ("E06000061", (1 + 2 + 3 + 4) * 30)]
    assert any(f"{', '.join(parts)} → E06000061" in note for note in notes)


def test_areas_without_a_successor_are_named(tmp_path):
    write(
        tmp_path / "in", "apc", {"lad": "E07999999"}, {"lad": "E07999999"}, {"lad": "W06000015"},
        {"lad": ""}, {"lad": "E06000061"},
    )  # fmt: skip
    people(tmp_path / "in", ["E06000061"])
    with opened_records(tmp_path / "in") as con:
        (note,) = outside_note(con)
    assert note.startswith("4 of 5 spells are outside the population: 3 of areas")
    assert "(E07999999 2, W06000015 1); 1 of no area" in note


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["RDZ", "RD3", "R0D", "RW6", "RM3", "RXX", ""]),
            st.sampled_from(["RW602", "RM318", "X01", ""]),
            st.sampled_from(["E07000150", "E07000190", "E06000061", "E07999999", ""]),
            st.sampled_from([2019, 2021, 2023]),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_row_is_lost_or_made(rows):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(
            folder, "apc",
            *(
                {"procode3": code, "sitetret": site, "lad": lad, "person_id": f"P{i}",
                 "admidate": f"{year}-06-01", "disdate": f"{year}-06-03", "speldur": 2}
                for i, (code, site, lad, year) in enumerate(rows)
            ),
        )  # fmt: skip
        people(folder, ["E06000061", "E06000066"])
        with opened_records(folder) as con:
            kept, aside = con.execute(
                "SELECT count(*) - count(reason), count(reason) FROM staged_apc"
            ).fetchall()[0]
            sites = con.execute(
                "SELECT sitetret FROM raw_apc WHERE sitetret IS NOT NULL ORDER BY 1"
            ).fetchall()
    assert aside == sum(not code for code, *_ in rows)
    assert kept == len(rows) - aside
    assert [s for (s,) in sites] == sorted(site for _, site, *_ in rows if site)
