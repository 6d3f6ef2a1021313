"""Time profiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_samples import profiles

from acutecast.errors import AcutecastError
from acutecast.scenario import Profile, load_scenario


@given(profiles, st.integers(2000, 2030), st.integers(1, 40))
def test_weights_are_shares_and_full_at_the_horizon(written, baseline, span):
    horizon = baseline + span
    years = range(baseline, horizon + 3)
    weights = Profile.model_validate(written).weights(years, baseline, horizon)
    assert weights.shape == (span + 3,)
    assert ((weights >= 0) & (weights <= 1)).all()
    assert (weights[span:] == 1).all()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("linear", [0, 0.25, 0.5, 0.75, 1]),
        ("front_loaded", [0, 0.4375, 0.75, 0.9375, 1]),
        ("back_loaded", [0, 0.0625, 0.25, 0.5625, 1]),
        ("s_curve", [0, 0.15625, 0.5, 0.84375, 1]),
        ("immediate", [1, 1, 1, 1, 1]),
        ({"step": 2025}, [0, 0, 1, 1, 1]),
        ({"table": {"2025": 0.8, "2027": 1}}, [0, 0.4, 0.8, 0.9, 1]),
        ({"table": {"2025": 1}}, [0, 0.5, 1, 1, 1]),
        ({"table": {"2023": 0.2, "2024": 1}}, [0.2, 1, 1, 1, 1]),
    ],
)
def test_known_weights(written, expected):
    weights = Profile.model_validate(written).weights(range(2023, 2028), 2023, 2027)
    np.testing.assert_allclose(weights, expected, atol=1e-12)


def test_years_in_any_order():
    weights = Profile(shape="linear").weights([2027, 2023], 2023, 2027)
    np.testing.assert_array_equal(weights, [1, 0])


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("linnear", "Did you mean linear"),
        ("step", "no time profile"),
        (3, "not a time profile"),
        ({}, "not a time profile"),
        ({"step": "2030"}, "whole number"),
        ({"step": 2030, "table": {"2030": 1}}, "not a time profile"),
        ({"table": {}}, "names no year"),
        ({"table": {"2030": 0.5}}, "ends at 0.5 in 2030"),
        ({"table": {"2030": 1.5}}, "share in 2030 is 1.5"),
        ({"table": {"2030": float("nan")}}, "share in 2030"),
        ({"table": {"soon": 1}}, "'soon' is not a year"),
        ({"shape": "step"}, "a step has a year"),
    ],
)
def test_wrong_profiles(written, words):
    content = {"name": "x", "expat": {"op": {"100": {"value": 0.9, "profile": written}}}}
    with pytest.raises(AcutecastError, match=words) as error:
        load_scenario(content)
    assert error.value.problems[0].where.startswith("expat.op.100.profile")
