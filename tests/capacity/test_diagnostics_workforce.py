"""Tests and scanners from activity, and nurses from beds, by hand."""

import numpy as np
import pytest

from acutecast.capacity import diagnostics_workforce as dw
from acutecast.capacity.areas import areas
from acutecast.capacity.assumptions import Assumptions, defaults, draw

DEFAULTS = draw(Assumptions(), seed=1, runs=2)


def test_tests_add_up_over_activity():
    activity = {"admission": np.full((3, 2), 1000.0), "outpatient": np.full((3, 2), 5000.0),
                "emergency": np.full((3, 2), 2000.0)}  # fmt: skip
    found = dw.diagnostic_tests(activity, DEFAULTS)
    # CT: 1,000 × 0.15 + 5,000 × 0.015 + 2,000 × 0.08 = 385.
    np.testing.assert_allclose(found["ct"], np.full((3, 2), 385.0))
    assert set(found) == {"ct", "mri", "ultrasound", "xray", "endoscopy_tests", "pathology"}
    assert "pathology" not in dw.scanners(found, DEFAULTS)


def test_scanners():
    # 3.5 × 3,600 × 0.85 = 10,710 scans a scanner.
    assert dw.scanners({"ct": np.array([21_420.0])}, DEFAULTS)["ct"] == pytest.approx([2, 2])


def test_nurses_of_the_published_example():
    # Hurst: 65 nurse hours a day are 65 × 7 × 1.22 / 37.5 = 14.8 WTE.
    assert dw.nursing_wte(65.0, 0.22, 37.5) == pytest.approx(14.803, abs=5e-4)


def test_nurses_from_beds():
    # 24 beds: 4 nurses by day, 3 by night: 4 × 7.5 × 2 + 3 × 10 = 90 h; × 7 × 1.22 / 37.5.
    found = dw.nursing(
        {"ward_adult_non_elective": np.array([24.0]), "op_first": np.ones(1)}, DEFAULTS
    )
    assert set(found) == {"ward_adult_non_elective"}
    assert found["ward_adult_non_elective"] == pytest.approx([20.496, 20.496])


def test_every_nursed_area_has_beds_and_every_figure_its_source():
    beds = {area.key for area in areas() if area.archetype == "bed"}
    assert set(dw.nursed_areas()) < beds
    assert all(d.source and d.low <= d.value <= d.high for d in defaults().values())
