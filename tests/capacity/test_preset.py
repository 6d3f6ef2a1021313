"""Each formula against an example worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acutecast.capacity import preset as p
from acutecast.capacity.areas import areas
from acutecast.capacity.assumptions import Assumptions, draw, load_assumptions
from acutecast.errors import AcutecastError

DEFAULTS = draw(Assumptions(), seed=1, runs=1)


def space(area, **work):
    given = {area: {name: np.array([[value]], dtype=float) for name, value in work.items()}}
    return p.preset(given, DEFAULTS)[area].item()


def test_flow_space():
    # 100,000 × 240 / 60 = 400,000 h; 8,760 h × 0.5 = 4,380 h a space.
    assert space("ae_major_adult", arrivals=100_000) == pytest.approx(400_000 / 4380)
    assert space("ae_major_adult", arrivals=100_000) == pytest.approx(91.324, abs=5e-4)


def test_recovery():
    # 6,120 × 558 / 60 = 56,916 h; 4,032 h × 0.85 = 3,427.2 h a bed.
    assert space("recovery_adult_surgical", spells=6120) == pytest.approx(16.6071, abs=5e-5)


def test_bed():
    # Elective: 10,000 nights + 1,000 × 0.5 − 300 critical care = 10,200; 365 × 0.92 = 335.8.
    found = space("ward_adult_elective", nights=10_000, zero_day_spells=1000)
    assert found == pytest.approx(30.3752, abs=5e-5)
    # Non-elective: 100,000 + 8,000 × 0.5 − 20,000 × 1 assessment − 3,000 = 81,000.
    found = space(
        "ward_adult_non_elective", nights=100_000, zero_day_spells=8000, non_elective_spells=20_000
    )
    assert found == pytest.approx(241.215, abs=5e-4)


def test_parts_of_the_ward():
    assert space("assessment_adult", spells=20_000) == pytest.approx(64.4641, abs=5e-5)
    # 110,000 × 0.03 = 3,300; 365 × 0.7 = 255.5.
    assert space("critical_care_adult", nights=110_000) == pytest.approx(12.9159, abs=5e-5)
    assert space("critical_care_neonatal", nights=5110) == pytest.approx(20)


def test_maternity():
    # Rooms: 1,000 × 1560/1440 = 1,083.33; 300 × 2040/1440 = 425; 400 × 0.5 = 200: 1,708.33.
    # Ward: 6,000 nights + (200 zero-day − 40 planned caesareans) × 0.5 − 1,708.33 = 4,371.67.
    work = {
        "maternity_ward": {
            "nights": 6000.0,
            "zero_day_spells": 200.0,
            "zero_day_planned_caesareans": 40.0,
        },
        "birth_normal": {"spells": 1000.0},
        "birth_assisted": {"spells": 300.0},
        "birth_emergency_caesarean": {"spells": 400.0},
    }
    found = p.preset(
        {a: {k: np.array([[v]]) for k, v in w.items()} for a, w in work.items()}, DEFAULTS
    )
    assert found["birth_normal"].item() == pytest.approx(4.2401, abs=5e-5)
    assert found["maternity_ward"].item() == pytest.approx(4371.6667 / 273.75, abs=1e-5)


def test_time():
    # 4,896 × 90 / 60 = 7,344 h; 2,880 × 0.85 = 2,448 h a theatre.
    assert space("theatre_adult_elective", procedures=4896) == pytest.approx(3)


def test_appointment():
    # 38 + 0.07 / 0.93 × 20 = 39.50538 min; × 60,000 / 60 = 39,505.38 h; 2,860 × 0.85 = 2,431 h.
    assert space("op_first", attendances=60_000) == pytest.approx(16.25067, abs=5e-5)


def test_session():
    assert space("renal_daycase", spells=14_400) == 25


def test_a_ward_never_needs_less_than_nothing():
    assert space("ward_child", nights=0, zero_day_spells=10, non_elective_spells=100) == 0


def every_workload(rng, years=3, runs=4):
    return {
        area: {name: rng.uniform(100, 9000, (years, runs)) for name in names}
        for area, names in p.quantities().items()
    }


@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_space_is_proportional_to_work_in_every_area(seed, factor):
    work = every_workload(np.random.default_rng(seed))
    more = {a: {n: v * factor for n, v in w.items()} for a, w in work.items()}
    assumptions = draw(Assumptions(), 1, 4)
    once, scaled = p.preset(work, assumptions), p.preset(more, assumptions)
    assert set(once) == {area.key for area in areas()}
    for area, value in once.items():
        assert value.shape == (3, 4)
        np.testing.assert_allclose(scaled[area], factor * value, rtol=1e-9)


def test_each_run_uses_its_own_draw():
    stated = load_assumptions({"op_virtual": {"utilisation": [0.6, 0.9]}})
    drawn = draw(stated, 5, 4)
    work = every_workload(np.random.default_rng(0))
    found = p.preset(work, drawn)["op_virtual"] * drawn["op_virtual", "utilisation"]
    expected = p.preset(work, draw(Assumptions(), 5, 4))["op_virtual"] * 0.85
    np.testing.assert_allclose(found, expected)


def test_missing_quantities_are_named_together():
    with pytest.raises(AcutecastError) as error:
        p.preset({"ward_child": {"nights": np.ones((1, 1))}, "kitchen": {}}, DEFAULTS)
    assert {problem.where for problem in error.value.problems} == {
        "workloads.kitchen",
        "workloads.ward_child.zero_day_spells",
        "workloads.ward_child.non_elective_spells",
    }
