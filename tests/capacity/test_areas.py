"""Who uses which functional area: one of a family at most, and every family by itself."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest

from acutecast.capacity.areas import (
    NONE,
    OVERNIGHT,
    ZERO,
    area_of_rows,
    areas,
    check_areas,
    families,
)
from acutecast.provider import Provider
from small_provider import small_provider

FUNCTIONAL = {
    "ae_bays", "ae_beds", "sdec_spaces", "ward", "assessment", "critical_care", "maternity_ward",
    "birth_rooms", "maternity_assessment", "daycase_recovery", "endoscopy_recovery",
    "renal_daycase", "haem_onc_spaces", "inpatient_theatres", "day_theatres",
    "obstetric_theatres", "endoscopy_rooms", "cath_labs", "interventional_radiology",
    "op_consulting", "op_procedure", "op_virtual",
}  # fmt: skip


def spells(*rows: dict) -> pa.Table:
    plain = {
        "age": 60,
        "pod": "ip_elective_admission",
        "tretspef": "110",
        "sushrg_trimmed": "HN22",
        "hsagrp": "ordelec",
        "has_procedure": False,
        "maternity_delivery_in_spell": False,
        "speldur": 0,
    }
    return pa.Table.from_pylist([plain | row for row in rows])


def used(row: dict, stay: int = OVERNIGHT) -> dict[str, str]:
    table = spells(row)
    found = {f: int(area_of_rows(table, "ip", f)[0, stay]) for f in families("ip")}
    return {f: areas()[i].key for f, i in found.items() if i != NONE}


def test_the_22_functional_areas_are_all_there():
    assert {area.functional_area for area in areas()} == FUNCTIONAL
    assert len({area.key for area in areas()}) == len(areas())


CASES = [
    ({"has_procedure": True}, {
        "bed": "ward_adult_elective", "critical_care": "critical_care_adult",
        "procedure": "theatre_adult_elective"}),
    ({"pod": "ip_non-elective_admission", "tretspef": "300"}, {
        "bed": "ward_adult_non_elective", "assessment": "assessment_adult",
        "critical_care": "critical_care_adult"}),
    ({"pod": "ip_non-elective_admission", "tretspef": "320", "sushrg_trimmed": "EY41",
      "has_procedure": True}, {
        "bed": "ward_adult_non_elective", "assessment": "assessment_adult",
        "critical_care": "critical_care_adult", "procedure": "cath_lab"}),
    ({"pod": "ip_non-elective_admission", "tretspef": "420", "age": 17}, {
        "bed": "ward_child", "assessment": "assessment_child",
        "critical_care": "critical_care_child"}),
    ({"pod": "ip_non-elective_admission", "tretspef": "422", "age": 0, "hsagrp": "birth"},
     {"bed": "critical_care_neonatal"}),
    ({"pod": "ip_non-elective_admission", "tretspef": "424", "age": 0, "hsagrp": "birth"}, {}),
    ({"pod": "ip_elective_daycase", "tretspef": "301", "sushrg_trimmed": "FE22",
      "has_procedure": True}, {"recovery": "recovery_endoscopy", "procedure": "endoscopy"}),
    ({"pod": "ip_elective_daycase", "tretspef": "301", "sushrg_trimmed": None,
      "has_procedure": True}, {"recovery": "recovery_endoscopy", "procedure": "endoscopy"}),
    ({"pod": "ip_elective_daycase", "tretspef": "130", "has_procedure": True},
     {"recovery": "recovery_adult_surgical", "procedure": "theatre_day_adult"}),
    ({"pod": "ip_elective_daycase", "tretspef": "410"}, {"recovery": "recovery_adult_medical"}),
    ({"pod": "ip_elective_daycase", "tretspef": "811", "has_procedure": True},
     {"recovery": "recovery_adult_medical", "procedure": "interventional_radiology"}),
    ({"pod": "ip_elective_daycase", "tretspef": "303", "has_procedure": True},
     {"recovery": "haem_onc"}),
    ({"pod": "ip_regular_day_attender", "tretspef": "361"}, {"recovery": "renal_daycase"}),
    ({"pod": "ip_maternity_admission", "tretspef": "501", "age": 30, "sushrg_trimmed": "NZ51",
      "maternity_delivery_in_spell": True}, {
        "bed": "maternity_ward", "birth": "birth_emergency_caesarean",
        "procedure": "theatre_obstetric"}),
]  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), CASES)
def test_a_spell_uses_the_areas_that_a_planner_expects(row, expected):
    assert used(row) == expected


def test_a_stay_decides_where_it_matters():
    antenatal = {"pod": "ip_maternity_admission", "tretspef": "501", "age": 30}
    assert used(antenatal, ZERO) == {"bed": "maternity_assessment"}
    assert used(antenatal, OVERNIGHT) == {
        "bed": "maternity_ward",
    }
    assert "critical_care" not in used({}, ZERO)


def test_emergency_arrivals_by_age_acuity_and_department():
    rows = [
        (17, "urgent", "aae_type-01", "ae_minor_child"),
        (18, "urgent", "aae_type-01", "ae_minor_adult"),
        (18, None, "aae_type-01", "ae_minor_adult"),
        (90, "very-urgent", "aae_type-01", "ae_major_adult"),
        (3, "immediate-resuscitation", "aae_type-01", "ae_resus"),
        (50, "urgent", "aae_type-05", "sdec"),
        (50, "urgent", "aae_type-03", None),
    ]
    table = pa.table(
        {name: [r[i] for r in rows] for i, name in enumerate(("age", "acuity", "pod"))}
    )
    index = area_of_rows(table, "aae", "emergency")
    assert [areas()[i].key if i >= 0 else None for i in index] == [r[3] for r in rows]


def test_no_area_overlaps_another_of_its_family():
    errors = [p for p in check_areas(small_provider(600, seed=3)) if not p.warning]
    assert errors == []


def test_overlaps_and_empty_areas_are_told_together():
    provider = small_provider()
    twin = dataclasses.replace(next(a for a in areas() if a.key == "ward_child"), key="ward_twin")
    problems = check_areas(provider, (*areas(), twin), asked=("renal_daycase",))
    errors = {p.where: p for p in problems if not p.warning}
    assert set(errors) == {"areas.ward_twin", "areas.renal_daycase"}
    overlapping = area_of_rows(provider.tables["ip"], "ip", "bed")
    ward = [a.key for a in areas()].index("ward_child")
    assert errors["areas.ward_twin"].count == np.any(overlapping == ward, axis=1).sum() > 0


def test_missing_groups_and_rows_without_an_area_are_said_aloud():
    provider = small_provider()
    ip = provider.tables["ip"]
    blank = pa.nulls(ip.num_rows, pa.string())
    at = ip.column_names.index("sushrg_trimmed")
    tables = {**provider.tables, "ip": ip.set_column(at, "sushrg_trimmed", blank)}
    problems = check_areas(Provider(provider.dataset, provider.year, tables))
    procedures = np.sum(ip["has_procedure"].to_numpy())
    told = [p for p in problems if p.where == "ip.sushrg_trimmed"]
    assert told[0].count == procedures
    assert any("aae_type-03" in p.what for p in problems)
    assert all(p.warning for p in problems)


def test_an_empty_table_has_no_rows_to_place():
    assert area_of_rows(spells({}).slice(0, 0), "ip", "bed").shape == (0, 2)
