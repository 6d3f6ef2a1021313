"""NHS England's artificial HES: counts that an independent reading of the files gives."""

import csv
import gzip
import shutil
from collections import Counter
from pathlib import Path

import pytest

from acutecast.extract.accounting import accounting
from acutecast.extract.pipeline import opened_records
from acutecast.extract.sql import one_row

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"
FILES = {
    "apc": "artificial_hes_apc_0102.csv.gz",
    "opa": "artificial_hes_op_0304.csv",
    "ae": "artificial_hes_ae_0708.csv",
}
pytestmark = pytest.mark.skipif(
    not all((REAL / name).exists() for name in FILES.values()),
    reason="no artificial HES in ../shared",
)


def rows_of(record):
    opener = gzip.open if FILES[record].endswith(".gz") else open
    with opener(REAL / FILES[record], "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def con(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hes")
    for record, name in FILES.items():
        shutil.copy(REAL / name, folder / f"{record}{''.join(Path(name).suffixes)}")
    # Every department of these records is 99, not known: the user says what they are.
    (folder / "extract.toml").write_text('[values.ae.aedepttype]\n99 = "01"\n', encoding="utf-8")
    with opened_records(folder, threads=2) as opened:
        yield opened


def kept(con, record):
    rows = accounting(con).to_pylist()
    return Counter({r["reason"]: r["rows"] for r in rows if r["record"] == record})


def test_every_row_is_kept_or_set_aside_with_a_reason(con):
    for record in FILES:
        assert sum(kept(con, record).values()) == len(rows_of(record)) > 0


def test_appointments_are_those_that_were_attended(con):
    rows = rows_of("opa")
    known = [r for r in rows if r["SEX"] in ("1", "2")]
    attended = [r for r in known if r["ATENTYPE"] in ("1", "2", "21", "22")]
    counted = [r for r in attended if r["APPTAGE"]]
    assert kept(con, "opa") == {
        "kept": len(counted),
        "sex is not 1 or 2": len(rows) - len(known),
        "not attended, or not known whether first or follow-up": len(known) - len(attended),
        "age is missing or not from 0 to 120": len(attended) - len(counted),
    }
    first = sum(r["ATENTYPE"] == "1" for r in counted)
    sql = "SELECT sum(attendances), sum(attendances) FILTER (WHERE is_first) FROM attendance_cells"
    assert one_row(con, sql) == (len(counted), first)


def test_arrivals_by_mode_and_disposal(con):
    rows = rows_of("ae")
    known = [r for r in rows if r["SEX"] in ("1", "2")]
    counted = [r for r in known if r["ARRIVALAGE"]]
    assert kept(con, "ae") == {
        "kept": len(counted),
        "sex is not 1 or 2": len(rows) - len(known),
        "age is missing or not from 0 to 120": len(known) - len(counted),
    }
    ambulance = sum(r["AEARRIVALMODE"] == "1" for r in counted)
    left = sum(r["AEATTENDDISP"] in ("12", "13") for r in counted)
    sql = """SELECT sum(arrivals), sum(arrivals) FILTER (WHERE is_ambulance),
        sum(arrivals) FILTER (WHERE is_left_before_treatment) FROM arrivals"""
    assert one_row(con, sql) == (len(counted), ambulance, left)


def test_spells_are_the_finished_episodes_of_a_person_admitted_on_a_day(con):
    rows = rows_of("apc")
    known = [r for r in rows if r["SEX"] in ("1", "2")]
    finished = [r for r in known if r["EPISTAT"] == "3"]
    # 1800-01-01 and 1801-01-01 stand for no date in HES.
    admitted = [r for r in finished if r["ADMIDATE"] > "1900"]
    people = {(r["PROCODE3"], r["PSEUDO_HESID"], r["ADMIDATE"]) for r in admitted}
    assert len(people) == len(admitted)
    left = [r for r in admitted if r["DISDATE"] > "1900"]
    assert kept(con, "apc") == {
        "kept": len(left),
        "sex is not 1 or 2": len(rows) - len(known),
        "the episode is not finished": len(known) - len(finished),
        "no date of admission": len(finished) - len(admitted),
        "no date of discharge": len(admitted) - len(left),
    }
    emergencies = sum(r["ADMIMETH"].startswith("2") for r in left)
    nights = sum(int(float(r["SPELDUR"])) for r in left if r["SPELDUR"])
    sql = """SELECT count(*), count(*) FILTER (WHERE admimeth LIKE '2%'), sum(speldur)
        FROM spells"""
    found = one_row(con, sql)
    assert found[:2] == (len(left), emergencies)
    assert found[2] >= nights > 0


def test_what_is_not_recorded_is_unknown(con):
    unknown = dict(
        con.execute("SELECT strategy, min(columns) FROM unknown_tpmas GROUP BY 1").fetchall()
    )
    # No HRG is filled in any row, so that procedures of appointments cannot be told.
    assert unknown["followup_reduction_adult_surgical"] == "sushrg"
    assert "readmission_within_28_days" not in unknown
