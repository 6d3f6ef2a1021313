"""Defaults as published, and what a user states instead: checked at once, drawn per run."""

import json

import numpy as np
import pytest

from acutecast.capacity.areas import table_rows
from acutecast.capacity.assumptions import Assumptions, defaults, draw, load_assumptions
from acutecast.errors import AcutecastError

# The published table, typed anew: area, then its values.
FLOW = {"ae_minor_adult": (60, 8760, 0.5), "ae_minor_child": (60, 8760, 0.5),
        "ae_major_adult": (240, 8760, 0.5), "ae_major_child": (240, 8760, 0.5),
        "ae_resus": (240, 8760, 0.5), "sdec": (240, 4380, 0.5),
        "theatre_adult_elective": (90, 2880, 0.85), "theatre_adult_non_elective": (80, 2880, 0.85),
        "theatre_child_elective": (90, 2880, 0.85), "theatre_child_non_elective": (80, 2880, 0.85),
        "theatre_day_adult": (40, 2880, 0.85), "theatre_day_child": (40, 2880, 0.85),
        "theatre_obstetric": (60, 5110, 0.5), "cath_lab": (120, 2880, 0.85),
        "interventional_radiology": (120, 2880, 0.85), "endoscopy": (60, 2880, 0.85),
        "haem_onc": (240, 2880, 0.85)}  # fmt: skip
RECOVERY = {"recovery_adult_medical": (420, 4032, 0.85),
            "recovery_child_medical": (420, 4032, 0.85),
            "recovery_adult_surgical": (558, 4032, 0.85), "recovery_endoscopy": (420, 4032, 0.85),
            "recovery_child_surgical": (558, 4032, 0.85),
            "maternity_assessment": (120, 3600, 0.85)}  # fmt: skip
WARD = {"ward_adult_elective": (720, 365, 0.92), "ward_adult_non_elective": (720, 365, 0.92),
        "ward_child": (720, 365, 0.92)}  # fmt: skip
BED = {"assessment_adult": (1440, 365, 0.85), "assessment_child": (1440, 365, 0.85),
       "birth_normal": (1560, 365, 0.7), "birth_assisted": (2040, 365, 0.7),
       "birth_emergency_caesarean": (720, 365, 0.7)}  # fmt: skip
CRITICAL = {"critical_care_adult": (0.03, 365, 0.7), "critical_care_child": (0.03, 365, 0.7),
            "critical_care_neonatal": (1, 365, 0.7)}  # fmt: skip
ROOMS = {"op_first": (38, 0.07, 20, 2860, 0.85), "op_follow_up": (20, 0.089, 20, 2860, 0.85),
         "op_virtual": (26, 0.07, 20, 1920, 0.85),
         "op_procedure": (28, 0.07, 20, 2860, 0.85)}  # fmt: skip
MATERNITY = {"maternity_ward": (720, 0, 365, 0.75)}
NAMES = [
    (FLOW, ("minutes", "hours", "utilisation")),
    (RECOVERY, ("minutes", "hours", "occupancy")),
    (WARD, ("zero_day_minutes", "days", "occupancy")),
    (BED, ("minutes", "days", "occupancy")),
    (CRITICAL, ("overnight_share", "days", "occupancy")),
    (ROOMS, ("minutes", "dna_rate", "dna_minutes", "hours", "utilisation")),
    (MATERNITY,
     ("zero_day_minutes", "zero_day_planned_caesarean_minutes", "days", "occupancy")),
    ({"renal_daycase": (576,)}, ("sessions",)),
]  # fmt: skip


def test_every_default_is_the_published_one():
    published = {
        (area, name): value
        for table, names in NAMES
        for area, values in table.items()
        for name, value in zip(names, values, strict=True)
    }
    preset = [(row["area"], row["name"]) for row in table_rows("assumptions")]
    assert {key: defaults()[key].value for key in preset} == published
    assert Assumptions().value("sdec", "hours") == 4380


def test_bad_values_are_named_together():
    bad = {
        "ward_child": {"occupancy": 92, "beds": 3},
        "wards": {"occupancy": 0.9},
        "op_first": {"minutes": -3, "hours": 0, "utilisation": [0.9, 0.5]},
        "cath_lab": {"utilisation": 0},
        "sdec": {"minutes": {"value": 200, "profile": "linear"}},
    }
    with pytest.raises(AcutecastError) as error:
        load_assumptions(bad)
    assert {p.where for p in error.value.problems} >= {
        "ward_child.occupancy",
        "ward_child.beds",
        "wards",
        "op_first.minutes",
        "op_first.hours",
        "op_first.utilisation",
        "cath_lab.utilisation",
    }
    assert "0.92 for 92%" in str(error.value)
    with pytest.raises(AcutecastError, match=r"sdec.minutes: .*no time profile"):
        load_assumptions({"sdec": bad["sdec"]})


@pytest.mark.parametrize("kind", ["toml", "json"])
def test_a_file_reads_like_its_content(tmp_path, kind):
    content = {"ward_child": {"occupancy": [0.8, 0.9], "days": 360}}
    text = (
        json.dumps(content)
        if kind == "json"
        else "[ward_child]\noccupancy = [0.8, 0.9]\ndays = 360\n"
    )
    path = tmp_path / f"mine.{kind}"
    path.write_text(text)
    read = load_assumptions(path)
    assert read == load_assumptions(content)
    assert read.value("ward_child", "days") == 360
    assert read.value("ward_child", "occupancy") == pytest.approx(0.85)
    rows = {(r["area"], r["name"]): r["source"] for r in read.table()}
    assert rows["ward_child", "days"] == "stated by the user"
    assert rows["ward_child", "zero_day_minutes"].startswith("OpenPlan")


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [("a.toml", "[x", "not valid TOML"), ("a.json", "{", "ends too early"),
     ("a.json", "{x}", "not valid JSON"), ("a.json", '{"a": 1, "a": 2}', "stands twice"),
     ("a.json", "[" * 100_000, "nests too deeply"),
     ("a.toml", "x=" + "[" * 9000, "nests too deeply"),
     ("a.json", "[]", "holds no areas"), (None, "", "no such file")],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_said_so(tmp_path, name, text, what):
    path = tmp_path / (name or "absent.toml")
    if name:
        path.write_text(text)
    with pytest.raises(AcutecastError, match=what):
        load_assumptions(path)


def test_draws_follow_the_interval_and_leave_each_other_alone():
    one = load_assumptions({"ward_child": {"occupancy": [0.8, 0.9]}})
    two = load_assumptions({"ward_child": {"occupancy": [0.8, 0.9], "days": [300, 360]}})
    first, second = draw(one, 7, 2000), draw(two, 7, 4000)
    mine = first["ward_child", "occupancy"]
    np.testing.assert_array_equal(mine, second["ward_child", "occupancy"][:2000])
    np.testing.assert_allclose(np.quantile(mine, [0.1, 0.9]), [0.8, 0.9], atol=0.008)
    assert mine.max() <= 1
    assert np.ptp(first["ward_child", "days"]) == 0
    assert not np.array_equal(mine, draw(one, 8, 2000)["ward_child", "occupancy"])
    assert set(first) == set(defaults())
