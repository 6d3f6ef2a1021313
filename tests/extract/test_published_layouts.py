"""Walks over what NHS England publishes: every column and every code of its extracts is known."""

import csv
import re
from pathlib import Path

import pytest

from acutecast.extract.records import (
    RECORDS,
    columns_of_record,
    find_column,
    find_unread,
    match_columns,
    unread_columns,
)
from acutecast.extract.values import known

REAL = Path(__file__).parents[3] / "shared" / "data" / "real"
RECORD_OF = {"apc": "apc", "op": "opa", "ae": "ae", "ecds": "ecds"}

needs_columns = pytest.mark.skipif(
    not (REAL / "hes_ecds_columns.csv").exists(), reason="no published columns in ../shared"
)
needs_codes = pytest.mark.skipif(
    not (REAL / "hes_codes.csv").exists(), reason="no published codes in ../shared"
)


def published(name):
    with (REAL / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@needs_columns
@pytest.mark.parametrize("dataset", RECORD_OF)
def test_every_published_column_is_read_or_said_not_to_be(dataset):
    record = RECORD_OF[dataset]
    names = [r["column"] for r in published("hes_ecds_columns.csv") if r["dataset"] == dataset]
    read = set(match_columns(record, names, None).values())
    other = [n for n in names if n not in read]
    # A second name of a column that is read is known too.
    unknown = [
        n for n in other if not find_unread(record, n) and not match_columns(record, [n], None)
    ]
    assert unknown == []
    assert len(names) > 100


@needs_columns
@pytest.mark.parametrize("dataset", RECORD_OF)
def test_a_published_layout_has_all_that_is_needed(dataset):
    record = RECORD_OF[dataset]
    names = [r["column"] for r in published("hes_ecds_columns.csv") if r["dataset"] == dataset]
    found = match_columns(record, names, "hes")
    assert [
        c.name for c in columns_of_record(record) if c.need == "yes" and c.name not in found
    ] == []
    for group in {c.group for c in columns_of_record(record) if c.need == "one"}:
        assert any(c.name in found for c in columns_of_record(record) if c.group == group)


def test_a_column_is_not_both_read_and_unread():
    for column in unread_columns():
        assert column.record in RECORDS
        assert column.how in ("derived", "ignored")
        assert column.reason
        name = column.name.replace("NN", "99")
        assert match_columns(column.record, [name], None) == {}, column


def test_numbered_and_odd_spellings_of_unread_columns_are_known():
    assert find_unread("ecds", " Treatment Date 11").how == "ignored"
    assert find_unread("apc", "DIAG_3_07").how == "derived"
    assert find_unread("apc", "hospital_cat") is None


# Published columns by our own name, where codes are listed.
CODES_OF = {
    ("apc", "sex"): "SEX", ("apc", "classpat"): "CLASSPAT", ("apc", "epitype"): "EPITYPE",
    ("apc", "epistat"): "EPISTAT", ("apc", "admimeth"): "ADMIMETH", ("apc", "dismeth"): "DISMETH",
    ("apc", "delplac"): "DELPLAC_n", ("apc", "well_baby_ind"): "WELL_BABY_IND",
    ("apc", "lad"): "RESLADST_ONS", ("apc", "diag_01"): "DIAG_nn",
    ("opa", "sex"): "SEX", ("opa", "atentype"): "ATENTYPE", ("opa", "attended"): "ATTENDED",
    ("opa", "firstatt"): "FIRSTATT", ("opa", "refsourc"): "REFSOURC",
    ("opa", "lad"): "RESLADST_ONS",
    ("ae", "sex"): "SEX", ("ae", "aeattendcat"): "AEATTENDCAT",
    ("ae", "aeattenddisp"): "AEATTENDDISP", ("ae", "aearrivalmode"): "AEARRIVALMODE",
    ("ae", "aedepttype"): "AEDEPTTYPE", ("ae", "invest2_01"): "INVEST2_nn",
    ("ae", "treat2_01"): "TREAT2_nn",
    ("apc", "spelend"): "SPELEND", ("opa", "sitetret"): "SITETRET", ("ae", "procode3"): "PROCODE5",
}  # fmt: skip
# Patterns and remarks of the list ("4an to 6an"), and words for nothing, are no codes.
NO_CODES = re.compile(r".* .*|\d*an|an\d|n+|null", re.IGNORECASE)


@needs_codes
@pytest.mark.parametrize("key", CODES_OF, ids="-".join)
def test_every_published_code_is_known(key):
    record, name = key
    dataset = {of: key for key, of in RECORD_OF.items()}[record]
    codes = [
        row["code"] for row in published("hes_codes.csv")
        if (row["dataset"], row["column"]) == (dataset, CODES_OF[key])
        and not NO_CODES.fullmatch(row["code"])
    ]  # fmt: skip
    column = find_column(record, name)
    assert codes
    assert [code for code in codes if not known(code, column)] == []


@pytest.mark.parametrize(
    ("record", "name", "code"),
    [
        ("apc", "tretspef", "&"), ("opa", "mainspef", "&"), ("apc", "lad", "W06000015"),
        ("apc", "lad", "S12000036"), ("apc", "lsoa11", "W01000001"), ("ae", "lsoa11", "S01006506"),
        ("opa", "lsoa11", "95AA01S1"),
    ],
)  # fmt: skip
def test_areas_beyond_england_and_unknown_specialties_are_known(record, name, code):
    column = find_column(record, name)
    assert known(code, column)
    assert not known("?", column)
