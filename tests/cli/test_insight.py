"""compare, why, sensitivity and precision, as a user or a script runs them."""

import json
from pathlib import Path

import pytest
from test_commands import acutecast

from acutecast.provider import write_provider
from small_provider import small_provider

FALLS = "activity_avoidance.ip.falls_related_admissions"


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("insight")
    write_provider(small_provider(600), folder / "data")
    scenarios = {
        "base": {"activity_avoidance": {"ip": {"falls_related_admissions": [0.7, 0.9]}}},
        "more": {"activity_avoidance": {"ip": {"falls_related_admissions": [0.2, 0.4]}}},
    }
    for name, content in scenarios.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps({"name": name, "runs": 16, "horizon_year": 2030} | content))
        acutecast("run", path, "--data", folder / "data", "--out", folder / f"run-{name}",
                  "--years", "horizon", "--capacity", "--json")  # fmt: skip
    return folder


def test_compare(stored, tmp_path):
    done = acutecast("compare", stored / "run-base", stored / "run-more", "--by", "pod")
    assert "Non-Elective" in done.stdout
    assert "share their draws" in done.stdout
    told = json.loads(
        acutecast("compare", stored / "run-base", stored / "run-more", "--measure", "admissions",
                  "--by", "", "--json").stdout
    )  # fmt: skip
    (row,) = told["table"]
    assert row["difference"] < 0
    assert row["paired"]
    assert FALLS in {difference["what"] for difference in told["differences"]}


def test_why(stored):
    told = json.loads(
        acutecast("why", stored / "run-base", stored / "run-more", "--where",
                  "measure=admissions", "--json").stdout
    )  # fmt: skip
    parts = {row["part"]: row["mean"] for row in told}
    assert parts[FALLS] < 0
    assert parts["difference"] == pytest.approx(parts[FALLS] + parts["chance"])
    one = acutecast("why", stored / "run-base", "--tpmas").stdout
    assert "falls_related_admissions" in one.replace("\n", "")
    assert "interaction" in acutecast("why", stored / "run-base", "--form", "isolated").stdout
    done = acutecast("why", *[stored / "run-base"] * 3, code=2)
    assert "Name one or two runs" in done.stderr


def test_sensitivity(stored):
    told = json.loads(acutecast("sensitivity", stored / "run-more", "--total", "--json").stdout)
    assert sum(row["share"] for row in told["table"]) == pytest.approx(1)
    found = json.loads(
        acutecast("sensitivity", stored / "run-more", "--measure", "admissions", "--target",
                  round(told["mean"]), "--assumption", FALLS, "--json").stdout
    )  # fmt: skip
    assert found["value"] is None  # there are far fewer admissions than bed days
    done = acutecast("sensitivity", stored / "run-more", "--target", 5, code=2)
    assert "go together" in done.stderr
    assert "WTE" not in acutecast("sensitivity", stored / "run-more", "--area",
                                  "ward_adult_non_elective").stdout  # fmt: skip


def test_precision_and_auto(stored, tmp_path):
    assert "Runs" in acutecast("precision", stored / "run-base").stdout.title()
    acutecast("run", stored / "base.json", "--data", stored / "data", "--out", tmp_path / "auto",
              "--runs", "auto", "--precision", "0.05", "--years", "horizon", "--json")  # fmt: skip
    done = acutecast("run", stored / "base.json", "--data", stored / "data", "--out",
                     tmp_path / "x", "--runs", "lots", code=2)  # fmt: skip
    assert "--runs" in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.long
def test_backtest(stored, tmp_path):
    import acutecast as ac

    earlier = ac.read_provider(stored / "data")
    scenario = {"name": "True", "seed": 5, "horizon_year": 2030}
    write_provider(ac.later_year(earlier, scenario, 2030), tmp_path / "later")
    told = json.loads(
        acutecast("backtest", stored / "run-base", tmp_path / "later", "--json").stdout
    )
    assert {row["measure"] for row in told["summary"]} >= {"admissions", "attendances", "walk-in"}
    done = acutecast("backtest", stored / "run-base", tmp_path / "later")
    assert "strike" in done.stdout
    done = acutecast("backtest", stored / "run-base", stored / "data", code=2)
    assert "has no year 2023" in done.stderr


def test_compare_beds(stored):
    told = json.loads(
        acutecast("compare", stored / "run-base", stored / "run-more", "--area",
                  "ward_adult_non_elective", "--json").stdout
    )  # fmt: skip
    assert {row["figure"] for row in told["table"]} == {"simulated", "preset", "mean_occupied"}
