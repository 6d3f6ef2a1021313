"""Records that would make results wrong stop the work, unless told otherwise; and stay said."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import acutecast as ac
from acutecast.errors import AcutecastError
from acutecast.extract.faults import find_faults
from acutecast.extract.months import LEAST_ROWS, thin_months
from acutecast.provider import read_provider, write_provider
from extract.small_records import derived, write

CASES = Path(__file__).parents[3] / "shared" / "cases"


def faults(tmp_path, record="apc", *changes):
    write(tmp_path / "records", record, *changes)
    found = find_faults(derived(tmp_path / "records", tmp_path / "scratch"))
    return [(f.record, f.column, f.problem.what, f.problem.count) for f in found]


def test_a_tenth_of_the_rows_for_one_reason_is_a_fault_and_less_is_none(tmp_path):
    few = [{"sex": "Q"}] * 5
    assert faults(tmp_path, "apc", *few, *[{}] * 45) == []
    found = faults(tmp_path, "apc", *few, *[{}] * 44)
    assert ("apc", "", "10% of the rows are set aside: sex is not 1 or 2", 5) in found
    assert ("apc", "sex", "10% of the codes are not known", 5) in found


def test_unreadable_dates_and_ages_are_faults_and_less_important_columns_are_none(tmp_path):
    found = faults(
        tmp_path, "apc", *[{"disdate": "soon", "admiage": "old", "imd_decile": "x"}] * 6, *[{}] * 9
    )
    assert {(column, n) for _, column, what, n in found if "cannot be read" in what} == {
        ("disdate", 6), ("admiage", 6),
    }  # fmt: skip


def test_what_is_usual_is_no_fault_but_all_of_a_record_is(tmp_path):
    missed = [{"atentype": "3"}] * 6
    assert faults(tmp_path, "opa", *missed, {}) == []
    (found,) = faults(tmp_path, "opa", *missed)
    assert found[2].startswith("all rows are set aside: not attended")


def test_faults_stop_the_work_all_at_once_and_worst_first(tmp_path):
    rows = [{"sex": "X"}] * 9 + [{"disdate": "soon"}] * 8 + [{"admidate": "04/13/2023"}] * 30
    write(tmp_path / "records", "apc", *rows)
    with pytest.raises(AcutecastError) as stopped:
        ac.extract_records(tmp_path / "records", tmp_path / "out", years=[2023])
    lines = str(stopped.value).splitlines()
    assert "accept_faults=True" in lines[0]
    assert "apc.csv: admidate: the month is first" in lines[1]
    assert 'dates = "month first" in extract.toml' in lines[1]
    assert any("sex is not 1 or 2 (9 rows)" in line for line in lines)
    assert not (tmp_path / "out").exists()


def year_of(months, count=LEAST_ROWS):
    return [
        {"admidate": f"{y}-{m:02d}-10", "disdate": f"{y}-{m:02d}-12", "person_id": f"P{y}{m}{i}"}
        for y, m in months
        for i in range(count)
    ]


MONTHS = [(2023, m) for m in range(4, 13)] + [(2024, m) for m in (1, 2, 3)]


@pytest.fixture
def extracted(tmp_path):
    """Extract a year without two of its months, and with an accepted fault."""
    rows = year_of([m for m in MONTHS if m not in ((2023, 6), (2024, 1))])
    rows += [{"sex": "X", "admidate": "2023-08-01", "disdate": "2023-08-02"}] * 40
    write(tmp_path / "records", "apc", *rows)
    made = ac.extract_records(
        tmp_path / "records", tmp_path / "out", years=[2023], accept_faults=True
    )
    return made, tmp_path


def test_missing_months_and_accepted_faults_stay_with_the_tables(extracted):
    made, folder = extracted
    provider = read_provider(folder / "out", "RXX", 2023)
    notes = [str(note) for note in provider.notes]
    month = (
        "no rows, or next to none, in June 2023, January 2024: the baseline is about 17% too low"
    )
    assert month in notes[0]
    assert any("sex is not 1 or 2" in note and "was accepted" in note for note in notes)
    assert any("17% of the rows are set aside: sex is not 1 or 2" in note for note in notes)
    assert made.info["accepted_faults"]
    (told,) = made.info["provider_notes"]
    assert set(told["notes"]) <= set(notes)
    # They outlive a copy, and go to every run.
    write_provider(provider, folder / "copy")
    assert read_provider(folder / "copy").notes == provider.notes
    run = ac.run({"name": "Base", "runs": 2, "horizon_year": 2024}, provider, folder / "run")
    assert any(month in warning["what"] for warning in run.info["warnings"])


@given(st.lists(st.integers(0, 500), min_size=12, max_size=12))
def test_the_share_that_is_missing(rows):
    missing, share = thin_months(rows)
    assert 0 <= share < 1
    assert bool(missing) == (share > 0)
    assert all(rows[i] < max(rows) for i in missing)


def test_a_small_provider_may_have_months_without_rows():
    assert thin_months([LEAST_ROWS - 1] * 11 + [0]) == ([], 0.0)
    assert thin_months([100] * 10 + [0, 0]) == ([10, 11], pytest.approx(1 / 6))


@pytest.mark.parametrize(("case", "passes"), [("half_sex", True), ("us_dates", False)])
def test_cases(tmp_path, case, passes):
    if not CASES.exists():
        pytest.skip("the shared cases are not here")
    found = find_faults(derived(CASES / case, tmp_path))
    assert (not found) == passes
    if found:
        assert "the month is first" in found[0].problem.what
