"""Weights in time: complete, near what is published of them, and chosen from as they say."""

import re
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from acutecast import streams
from acutecast.capacity.areas import table_rows
from acutecast.capacity.patterns import choose, hour_weights, weights

WAYS = ("elective", "daycase", "non_elective", "maternity")
ARRIVALS = ("ae", "sdec")
SIZES = {"weekday": 7, "hour": 24, "month": 12, "hours_stayed": 24}
EXPECTED = {
    *(("admissions", way, of) for way in WAYS for of in ("weekday", "hour", "month")),
    *(("discharges", way, "hour") for way in WAYS),
    *(("same_day", way, "hours_stayed") for way in WAYS),
    *(("arrivals", kind, of) for kind in ARRIVALS for of in ("weekday", "hour", "month")),
}


def share(flow: str, kind: str, of: str, first: int, before: int) -> float:
    return float(weights(flow, kind, of)[first:before].sum())


def test_the_table_has_every_flow_once_and_sources_for_all():
    rows = table_rows("patterns")
    places = [(r["flow"], r["kind"], r["unit_of"], r["at"]) for r in rows]
    assert len(set(places)) == len(places)
    assert {place[:3] for place in places} == EXPECTED
    for *_, of, at in places:
        first = 1 if of == "month" else 0
        assert first <= int(at) < first + SIZES[of]
    head = files("acutecast.capacity").joinpath("patterns.csv").read_text(encoding="utf-8")
    listed = set(re.findall(r"^# ([A-Z][\w &]*?): ", head, flags=re.MULTILINE))
    cited = set()
    for row in rows:
        kind, _, reason = row["source"].partition(", after ")
        assert kind.split(":")[0] == "assumption"
        cited |= set(reason.split(":")[0].split("; ")) - {""}
    assert cited == listed


def test_weights_sum_to_one_and_cannot_be_changed():
    for flow, kind, of in EXPECTED:
        found = weights(flow, kind, of)
        assert found.shape == (SIZES[of],)
        assert found.min() >= 0
        assert found.sum() == pytest.approx(1)
        assert found is weights(flow, kind, of)
        with pytest.raises(ValueError, match="read-only"):
            found[0] = 1


def test_rows_are_complete_where_every_place_has_weight():
    for flow, kind, of in EXPECTED:
        if of in ("weekday", "month") or flow == "arrivals":
            assert weights(flow, kind, of).min() > 0


def test_unknown_weights_are_a_key_error():
    with pytest.raises(KeyError):
        weights("arrivals", "elective", "hour")


def test_emergency_arrivals_keep_to_published_figures():
    # NHS Digital 2019/20: 16% on Monday, the busiest day.
    day = weights("arrivals", "ae", "weekday")
    assert 0.155 < day[0] < 0.165
    assert day.argmax() == 0
    # The same: arrivals peak from 10 to 12. HSCIC 2011/12: fewest from 4 to 6.
    hour = weights("arrivals", "ae", "hour")
    assert set(np.argsort(hour)[-2:]) == {10, 11}
    assert set(np.argsort(hour)[:2]) == {4, 5}
    # HSCIC 2012/13: close to 60% from 9:00 to 18:00.
    assert 0.57 < share("arrivals", "ae", "hour", 9, 18) < 0.63
    # HSCIC 2011/12: Monday from 10 to 12 sees about twice the average hour.
    assert 1.8 < day[0] * 7 * hour[10:12].mean() * 24 < 2.2
    # HSCIC 2013: April to June is the busiest quarter.
    quarters = np.roll(weights("arrivals", "ae", "month"), -3).reshape(4, 3).sum(axis=1)
    assert quarters.argmax() == 0


def test_admissions_keep_to_published_figures():
    # HES: few elective admissions at weekends, emergencies an eighth fewer a day.
    assert share("admissions", "elective", "weekday", 5, 7) < 0.12
    assert share("admissions", "daycase", "weekday", 5, 7) < 0.08
    day = weights("admissions", "non_elective", "weekday")
    assert day[5:].mean() / day[:5].mean() == pytest.approx(7 / 8, abs=0.01)
    # Macfarlane 2019: births rise from Monday to Friday and are fewest at weekends.
    births = weights("admissions", "maternity", "weekday")
    assert (np.diff(births[:5]) > 0).all()
    assert births[5:].max() < births[0]
    # NHS England 2025: emergency admissions a day differ by about 3% between months.
    assert np.abs(weights("admissions", "non_elective", "month") * 12 - 1).max() <= 0.031
    # Emergency patients are admitted some hours after they arrive.
    hour = np.arange(24)
    arrived, admitted = (
        weights("arrivals", "ae", "hour"),
        weights("admissions", "non_elective", "hour"),
    )
    assert hour[admitted.argmax()] > hour[arrived.argmax()] + 3


@pytest.mark.parametrize("kind", ["elective", "non_elective", "maternity"])
def test_discharges_keep_to_published_figures(kind):
    hour = weights("discharges", kind, "hour")
    assert hour.argmax() in (15, 16, 17)
    assert hour[11:19].sum() > 0.7
    # HSJ 2015: 17.6% before noon over all; elective patients leave earlier.
    assert 0.15 < hour[:12].sum() < (0.25 if kind == "elective" else 0.2)
    # The Times 2012: 3.5% from 23:00 to 6:00 over all.
    assert hour[23] + hour[:6].sum() < (0.02 if kind == "elective" else 0.045)


def test_hours_stayed_have_the_means_they_state():
    means = {way: weights("same_day", way, "hours_stayed") @ np.arange(24.0) for way in WAYS}
    assert means == pytest.approx(
        {"elective": 8, "daycase": 7, "non_elective": 6, "maternity": 4}, abs=0.1
    )


def test_hour_weights_are_products():
    # Monday in January, Sunday in December: two days worked by hand.
    found = hour_weights("arrivals", "ae", np.array([0, 6]), np.array([1, 12])).reshape(2, 24)
    assert found.sum() == pytest.approx(1)
    np.testing.assert_allclose(found[0] / found[0].sum(), weights("arrivals", "ae", "hour"))
    ratio = (16.0 * 0.95) / (14.3 * 0.99)
    assert found[0].sum() / found[1].sum() == pytest.approx(ratio)


@given(
    days=hnp.arrays(np.int32, st.integers(1, 30), elements=st.integers(0, 6)),
    month=st.integers(1, 12),
    opens=st.integers(0, 23),
    length=st.integers(1, 24),
)
def test_nobody_comes_while_closed(days, month, opens, length):
    months = np.full(len(days), month)
    found = hour_weights("arrivals", "sdec", days, months, opens, opens + length)
    assert found.shape == (len(days) * 24,)
    assert found.sum() == pytest.approx(1)
    open_hours = {hour % 24 for hour in range(opens, opens + length)}
    assert {hour % 24 for hour in np.flatnonzero(found)} == open_hours


def test_nobody_ever_comes_is_an_error():
    day = np.array([0])
    with pytest.raises(ValueError, match="nobody comes from 20:00 to 23:00"):
        hour_weights("admissions", "elective", day, day + 1, opens=20, closes=23)


@given(
    weight=hnp.arrays(np.float64, st.integers(1, 40), elements=st.sampled_from([0.0, 0.1, 1, 7.3])),
    u=hnp.arrays(np.float64, st.integers(0, 50), elements=st.floats(0, 1, exclude_max=True)),
)
def test_choose_never_takes_what_has_no_weight(weight, u):
    weight[len(weight) // 2] = 0.1
    found = choose(weight, u)
    assert found.shape == u.shape
    assert (weight[found] > 0).all()
    assert (np.diff(choose(weight, np.sort(u))) >= 0).all()


def test_choose_by_hand():
    # Cumulated: 0.25, 0.25, 0.75, 1.
    found = choose(np.array([1.0, 0, 2, 1]), np.array([[0.0, 0.24, 0.25], [0.74, 0.75, 0.999]]))
    np.testing.assert_array_equal(found, [[0, 0, 2], [2, 3, 3]])


def test_choose_keeps_the_shares():
    u = streams.uniforms(streams.key("test", "patterns"), np.arange(100_000))
    wanted = weights("arrivals", "ae", "hour")
    counts = np.bincount(choose(wanted, u), minlength=24)
    error = np.sqrt(len(u) * wanted * (1 - wanted))
    assert (np.abs(counts - len(u) * wanted) < 4.5 * error).all()
