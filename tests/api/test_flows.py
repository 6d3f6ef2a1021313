"""Activity that moves between providers: none is lost and none is made, in any run and year."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import acutecast as ac
from acutecast.api.national import run_national
from acutecast.errors import AcutecastError
from acutecast.provider import write_provider
from acutecast.scenario import load_national

MEASURES = ("beddays", "admissions", "procedures", "attendances", "tele_attendances", "arrivals")
YEARS = (2033, 2043)
BASE = {
    "name": "Moving",
    "runs": 6,
    "efficiencies": {
        "ip": {
            "same_day_emergency_care_high": [0.4, 0.7],
            "day_procedures_usually_dc": [0.3, 0.6],
            "day_procedures_usually_op": [0.3, 0.6],
        },
        "op": {"convert_to_tele_adult_surgical": [0.6, 0.8]},
    },
    "activity_avoidance": {"ip": {"falls_related_admissions": [0.6, 0.9]}},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("flows") / "data"
    for number, code in enumerate(("R00", "R01")):
        made = ac.demo_provider(seed=number + 1, size=0.004)
        write_provider(dataclasses.replace(made, dataset=code), root)
    return root


@pytest.fixture(scope="module")
def still(data, tmp_path_factory):
    """The same with nothing moving."""
    out = tmp_path_factory.mktemp("still") / "out"
    return run_national({"scenario": BASE}, data, out, years=YEARS[:1])


def moved(flows, data, out):
    return run_national({"scenario": BASE, "flows": flows}, data, out, years=YEARS[:1])


SHARES = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)).map(lambda x: round(x, 3))
FLOWS = st.lists(
    st.one_of(
        st.fixed_dictionaries(
            {
                "from": st.sampled_from(["R00", "R01"]),
                "to": st.sampled_from(["R00", "R01", "NEW"]),
                "site": st.sampled_from(["S1", "S2"]),
                "activity": st.just("ip"),
                "group": st.sampled_from(["elective", "non-elective"]),
                "share": SHARES,
            }
        ),
        st.fixed_dictionaries(
            {
                "from": st.sampled_from(["R00", "R01"]),
                "to": st.sampled_from(["R01", "NEW"]),
                "site": st.sampled_from(["S1", "S2"]),
                "activity": st.sampled_from(["op", "aae"]),
                "share": SHARES,
            }
        ),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda f: (f["from"], f["to"], f["site"], f["activity"], f.get("group")),
)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(flows=FLOWS)
def test_activity_is_conserved(flows, data, still, tmp_path_factory):
    after = moved(flows, data, tmp_path_factory.mktemp("moved") / "out")
    for measure in MEASURES:
        before = still.nation().values(measure, by=("pod",), years=YEARS)
        now = after.nation().values(measure, by=("pod",), years=YEARS)
        assert before.keys["pod"].tolist() == now.keys["pod"].tolist()
        assert np.array_equal(before.values, now.values), measure
        assert np.array_equal(before.baseline, now.baseline)
        everyone = [after.provider(code) for code in after.providers]
        assert all((run.values(measure, years=YEARS).values >= 0).all() for run in everyone)
    for run in everyone:
        parts = run.parts("attribution")
        for measure in ("admissions", "attendances", "walk-in"):
            mine = parts.keys["measure"].among([measure]) & (parts.year == YEARS[1])
            answer = run.values(measure)
            change = answer.values[0, 0] - answer.baseline[0]
            assert np.array_equal(parts.values[mine].sum(axis=0), change)


def test_a_new_hospital_borrows_from_a_named_one(data, still, tmp_path):
    flow = {"from": "R00", "to": "NEW", "site": "NEW01", "activity": "ip", "group": "elective"}
    after = moved([flow | {"share": 1.0}], data, tmp_path / "out")
    elective = {"by": ("sitetret",), "where": {"pod": ["ip_elective_admission"]}}
    here = after.provider("NEW").values("admissions", **elective)
    there = still.provider("R00").values("admissions", **elective)
    assert here.keys["sitetret"].tolist() == ["NEW01"]
    assert np.array_equal(here.values[0], there.values.sum(axis=0))
    assert here.baseline.tolist() == [0]
    left = after.provider("R00").values("admissions", **elective).values
    assert not left.any()


def test_a_share_moves_about_that_share_and_grows_evenly(data, still, tmp_path):
    flow = {"from": "R01", "to": "R00", "site": "R00X", "activity": "op", "share": 0.5}
    after = moved([flow], data, tmp_path / "out")
    mine = {"where": {"sitetret": "R00X"}, "years": YEARS}
    came = after.provider("R00").values("attendances", **mine).values.sum(axis=(0, 2))
    whole = still.provider("R01").values("attendances", years=YEARS).values.sum(axis=(0, 2))
    assert came / whole == pytest.approx([0.25, 0.5], abs=0.01)
    draws = after.nation().draws()
    assert draws["flows.R01.R00.R00X.op..."].unique().to_list() == [0.5]


@pytest.mark.long
def test_two_processes_move_the_same(data, tmp_path):
    flow = {"from": "R00", "to": "R01", "activity": "aae", "share": [0.2, 0.6]}
    one = moved([flow], data, tmp_path / "one")
    two = run_national(
        {"scenario": BASE, "flows": [flow]}, data, tmp_path / "two", years=YEARS[:1], workers=2
    )
    for code in ("R00", "R01"):
        names = one.provider(code).info["tables"]
        for name in names:
            a, b = (Path(r.provider(code).path, name).read_bytes() for r in (one, two))
            assert a == b, name


def test_what_is_wrong_with_flows_is_said_at_once():
    flows = [
        {"from": "R00", "to": "R01", "activity": "ip", "group": "first", "share": 0.2},
        {"from": "R00", "to": "R01", "activity": "aae", "specialty": "110", "share": 0.2},
        {"from": "R00", "to": "R00", "activity": "op", "share": 0.2},
        {"from": "R00", "to": "R01", "activity": "op", "share": 1.2},
    ]
    with pytest.raises(AcutecastError) as error:
        load_national({"scenario": BASE, "flows": flows})
    said = {p.where: p.what for p in error.value.problems}
    assert {"flows.0", "flows.1", "flows.2"} <= said.keys()
    assert any(where.startswith("flows.3.share") for where in said), said
    assert "goes nowhere" in said["flows.2"]


def test_a_flow_from_an_unknown_provider_is_refused(data, tmp_path):
    flow = {"from": "RZZ", "to": "R01", "activity": "op", "share": 0.2}
    with pytest.raises(AcutecastError, match="RZZ"):
        moved([flow], data, tmp_path / "out")
