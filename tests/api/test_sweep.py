"""A sweep gives what single runs give, to the last byte, and says everything that is wrong."""

import filecmp
import json

import numpy as np
import polars as pl
import pytest

import acutecast as ac
from small_provider import small_provider

BASE = {"runs": 6, "seed": 3, "horizon_year": 2031}
SCENARIOS = {
    "base": BASE,
    "growth": BASE
    | {"non_demographic_growth": {"op": {"first": [1.01, 1.03]}, "aae": {"walk-in": 1.02}}},
    "more growth": BASE
    | {"non_demographic_growth": {"op": {"first": [1.02, 1.03]}, "aae": {"walk-in": 1.02}}},
    "smoking": BASE | {"activity_avoidance": {"ip": {"smoking": [0.6, 0.9]}}},
    "less smoking": BASE | {"activity_avoidance": {"ip": {"smoking": [0.4, 0.6]}}},
    "late": BASE
    | {
        "activity_avoidance": {
            "ip": {"smoking": {"p10": 0.4, "p90": 0.6, "profile": "back_loaded"}}
        }
    },
    "base again": BASE,
    "another seed": BASE | {"seed": 4},
    "people": BASE | {"population": {"variants": {"var_proj_low_intl_migration": 1.0}}},
    "inequalities": BASE | {"health_status": False},
}


@pytest.fixture(scope="module")
def provider():
    return small_provider()


@pytest.mark.parametrize(("years", "suppress"), [("horizon", None), ([2026, 2028], 5)])
def test_each_run_is_that_of_a_single_run(tmp_path, provider, years, suppress):
    swept = ac.sweep(SCENARIOS, provider, years=years, suppress=suppress, threads=2)
    assert [*swept] == [*SCENARIOS]
    for name, scenario in SCENARIOS.items():
        alone = ac.run(
            {"name": name} | scenario, provider, tmp_path / name, years=years, suppress=suppress
        )
        run = swept[name]
        for view in alone.views:
            _same(run.cube(view), alone.cube(view))
        for part in ("attribution", "step_counts"):
            _same(run.parts(part), alone.parts(part))
        assert run.summary(by=("pod", "measure", "sitetret")).equals(
            alone.summary(by=("pod", "measure", "sitetret"))
        )
        assert run.trajectory("beddays").equals(alone.trajectory("beddays"))
        assert run.draws().equals(alone.draws())
        assert run.scenario_json == alone.scenario_json
        stored = run.save(tmp_path / f"{name} stored")
        files = [
            str(p.relative_to(alone.path)) for p in (tmp_path / name).rglob("*") if p.is_file()
        ]
        files.remove("timings.json")
        assert filecmp.cmpfiles(alone.path, stored.path, files, shallow=False)[0] == files


def _same(mine, stored):
    assert {*mine.keys} == {*stored.keys}
    for name, labels in mine.keys.items():
        texts = [np.array([*each.names, ""], dtype=object)[each.codes]
                 for each in (labels, stored.keys[name])]  # fmt: skip
        assert (texts[0] == texts[1]).all()
    for field in ("year", "baseline", "values"):
        a, b = getattr(mine, field), getattr(stored, field)
        assert a.dtype == b.dtype
        assert (a == b).all()


def test_all_scenarios_in_one_table(provider):
    swept = ac.sweep({name: SCENARIOS[name] for name in ("base", "smoking")}, provider)
    table = swept.summary(by=("pod",), measures="beddays")
    assert table.columns[0] == "scenario"
    assert table["scenario"].unique(maintain_order=True).to_list() == ["base", "smoking"]
    mine = table.filter(pl.col("scenario") == "smoking").drop("scenario")
    assert mine.equals(swept["smoking"].summary(by=("pod",), measures="beddays"))
    assert "2 scenarios of RXX, 6 runs each" in repr(swept)
    assert "in memory" in repr(swept["base"])
    assert "<table>" in swept["base"]._repr_html_()
    assert ac.plot(swept["base"]).to_dict()
    assert ac.compare(swept["base"], swept["smoking"])


def test_scenarios_in_a_list_go_by_their_names(provider):
    swept = ac.sweep([BASE | {"name": "A"}, BASE | {"name": "B"}], provider, runs=2, seed=9)
    assert [*swept] == ["A", "B"]
    assert {run.runs for run in swept.values()} == {2}
    assert {run.info["seed"] for run in swept.values()} == {9}
    with pytest.raises(ac.AcutecastError, match="two scenarios have this name"):
        ac.sweep([BASE | {"name": "A"}, BASE | {"name": "A"}], provider)


def test_everything_wrong_is_said_at_once_by_name(provider):
    wrong = {
        "fine": BASE,
        "typo": BASE | {"activity_avoidance": {"ip": {"smokng": 0.5}}},
        "early": BASE | {"horizon_year": 1990},
    }
    told = []
    with pytest.raises(ac.AcutecastError) as caught:
        ac.sweep(wrong, provider, watch=told.append)
    said = str(caught.value)
    assert "typo: " in said
    assert "early: " in said
    assert "fine" not in said
    assert told == []
    with pytest.raises(ac.AcutecastError, match="there is no scenario"):
        ac.sweep({}, provider)
    for one in (BASE | {"name": "A"}, {"scenario": "A", "start_year": 2023}, "A.json"):
        with pytest.raises(ac.AcutecastError, match=r"one scenario, not several\. Give a list"):
            ac.sweep(one, provider)


def test_it_can_be_stopped_and_tells_how_far_it_is(provider):
    told = []
    ac.sweep(dict.fromkeys(("a", "b"), BASE), provider, watch=told.append)
    assert [(e.stage, e.done, e.of) for e in told if e.stage == "scenarios"] == [
        ("scenarios", 1, 2),
        ("scenarios", 2, 2),
    ]
    from acutecast.errors import Cancelled

    with pytest.raises(Cancelled):
        ac.sweep({"a": BASE}, provider, cancelled=lambda: True)


def test_a_saved_run_does_not_replace_another(tmp_path, provider):
    run = ac.sweep({"a": BASE}, provider, runs=2)["a"]
    run.save(tmp_path / "run")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["runs"] == 2
    with pytest.raises(ac.AcutecastError, match="holds a run already"):
        run.save(tmp_path / "run")
