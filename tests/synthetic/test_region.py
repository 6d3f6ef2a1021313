"""The built-in region as a whole: the same by seed, sound by the contract, of a stated size."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from acutecast import facts
from acutecast.errors import AcutecastError
from acutecast.provider import check_provider
from acutecast.synthetic import emergency, factors, make_demo, outpatients, spells
from acutecast.synthetic.compare import column

SIZE = 0.25
TAGS = ("ip_activity_avoidance_strategies", "ip_efficiencies_strategies")


@pytest.fixture(scope="module")
def demo():
    return make_demo(seed=1, size=SIZE)


def content(table: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def digest(provider) -> dict[str, str]:
    return {name: content(table) for name, table in provider.tables.items()}


def test_the_same_seed_makes_the_same_bytes_and_another_seed_others():
    first, again, other = (digest(make_demo(seed=s, size=0.02)) for s in (5, 5, 6))
    assert first == again
    for table in ("ip", "op", "aae", *TAGS):
        assert first[table] != other[table]


def test_another_process_makes_the_same_bytes():
    code = (
        "from acutecast.synthetic import make_demo; import sys; sys.path.insert(0, sys.argv[1]);"
        "from synthetic.test_region import digest;"
        "print(sorted(digest(make_demo(5, 0.02)).items()))"
    )
    tests = os.path.dirname(os.path.dirname(__file__))
    done = [
        subprocess.run(
            [sys.executable, "-c", code, tests], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    ]  # fmt: skip
    assert done[0] == done[1] == f"{sorted(digest(make_demo(5, 0.02)).items())}\n"


def test_each_table_has_streams_of_its_own(demo):
    assert content(emergency.emergency(1, SIZE, 2023)) == content(demo.tables["aae"])
    assert content(spells.inpatients(1, SIZE, 2023)[0]) == content(demo.tables["ip"])
    made = outpatients.outpatients(1, SIZE, 2023)
    for name in ("attendances", "tele_attendances"):
        assert made[name].to_numpy().sum() == column(demo, "op", name).sum()


@pytest.mark.parametrize("size", [0.0001, 0.02, SIZE])
def test_it_is_sound_by_the_contract(size):
    assert check_provider(make_demo(seed=3, size=size)) == []


def test_another_year_moves_the_dates_only_within_it():
    demo = make_demo(seed=1, size=0.02, year=2030)
    assert check_provider(demo) == []
    left = column(demo, "ip", "disdate").astype("datetime64[D]")
    assert np.datetime64("2030-04-01") <= left.min() <= left.max() <= np.datetime64("2031-03-31")


@pytest.mark.parametrize("size", [0, -1, float("nan"), float("inf"), 1000])
def test_a_wrong_size_and_year_are_named_together(size):
    with pytest.raises(AcutecastError) as error:
        make_demo(size=size, year=2060)
    assert [problem.where for problem in error.value.problems] == ["size", "year"]


def test_size_scales_everything(demo):
    small = make_demo(seed=1, size=0.05)
    ratio = SIZE / 0.05
    rows = demo.tables["ip"].num_rows / small.tables["ip"].num_rows
    assert rows == pytest.approx(ratio, rel=0.05)
    for table, name in (("op", "attendances"), ("aae", "arrivals")):
        whole, part = column(demo, table, name).sum(), column(small, table, name).sum()
        assert whole / part == pytest.approx(ratio, rel=0.05)
    for made in (factors.demographic_factors, factors.birth_factors):
        one, two = (made(size)["2030"].to_numpy() for size in (0.1, 0.2))
        np.testing.assert_allclose(two, 2 * one, rtol=1e-3, atol=0.01)


def test_totals_are_those_of_a_trust():
    demo = make_demo()
    assert demo.tables["ip"].num_rows == pytest.approx(100_000, rel=0.02)
    assert column(demo, "op", "attendances").sum() == pytest.approx(1_000_000, rel=0.02)
    assert column(demo, "aae", "arrivals").sum() == pytest.approx(120_000, rel=0.02)
    calls = column(demo, "op", "tele_attendances").sum()
    assert 0.17 < calls / (calls + column(demo, "op", "attendances").sum()) < 0.25
    # Aggregated, as real extracts are: several attendances a row.
    assert 130_000 < demo.tables["op"].num_rows < 165_000
    assert 35_000 < demo.tables["aae"].num_rows < 60_000
    assert 0.85 < column(demo, "ip", "is_main_icb").mean() < 0.9
    pod = column(demo, "ip", "pod")
    for name, low, high in (
        ("ip_elective_daycase", 0.40, 0.52), ("ip_maternity_admission", 0.06, 0.08),
        ("ip_regular_day_attender", 0.02, 0.06), ("ip_non-elective_admission", 0.33, 0.42),
    ):  # fmt: skip
        assert low < (pod == name).mean() < high, name
    assert len(set(column(demo, "ip", "tretspef"))) >= 38
    assert 150 < len(set(column(demo, "ip", "sushrg_trimmed"))) < 260
    for table in ("ip", "op", "aae"):
        assert set(column(demo, table, "icb")) == {"QD1", "QD2"}
        assert set(column(demo, table, "sitetret")) == {"RXX01", "RXX02", "RXX03"}
    tagged = {key for table in TAGS for key in column(demo, table, "strategy")}
    general = {"general_los_reduction_elective", "general_los_reduction_emergency"}
    assert tagged == {r["key"] for r in facts.rows("tpmas") if r["activity_type"] == "ip"} - general
