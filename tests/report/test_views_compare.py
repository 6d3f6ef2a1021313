"""Comparisons as views: names, pairing, differences and what differs."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from made_runs import stored

from acutecast.errors import AcutecastError
from acutecast.report.views import Selection, comparison, spec, svg

POD = np.array(["ip_elective_admission"], dtype=object)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    a = stored(folder / "a", runs=16)
    b = stored(folder / "b", runs=16, seed=2)
    c = stored(folder / "c", runs=12, seed=3, years=(2026, 2030))
    return a, b, c


def by_key(seen):
    return {each.key: each for each in seen}


def test_differences_are_paired_run_by_run(runs):
    a, b, _ = runs
    seen = by_key(comparison((a, b), ("Now", "Bolder")))["comparison-differences"]
    row = seen.table.filter(
        (pl.col("counted") == "Inpatient bed days") & (pl.col("pod") == "All of these")
    ).row(0, named=True)
    change = b.values("beddays").values[0, 0] - a.values("beddays").values[0, 0]
    assert row["difference"] == pytest.approx(change.mean())
    assert row["p90"] == pytest.approx(np.quantile(change, 0.9))
    assert row["more"] == pytest.approx(100 * ((change > 0).mean() + (change == 0).mean() / 2))
    assert row["principal"] - row["reference"] == pytest.approx(row["difference"])
    assert "run by run" in seen.notes[0]
    assert {"other", "reference"} <= set(seen.table.columns)
    assert [c.label for c in seen.columns if c.name == "reference"] == ["Now"]
    assert [c.label for c in seen.columns if c.name == "principal"] == ["Compared scenario"]


def test_colours_and_shapes_follow_the_place_of_a_scenario_and_not_its_name(runs):
    for names in (("Zebra", "Ant", "Mouse"), ("Ant", "Mouse", "Zebra")):
        for seen in comparison(runs, names):
            if seen.chart is None:
                continue
            for layer in spec(seen.chart)["layer"]:
                for channel in ("color", "shape", "strokeDash"):
                    if channel in layer["encoding"]:
                        assert layer["encoding"][channel]["scale"]["domain"] == list(names)


def test_every_scenario_is_told_apart_without_colour(runs):
    seen = by_key(comparison(runs, ("One", "Two", "Three")))
    for key, channels in (
        ("comparison-trajectory", {"strokeDash", "shape"}),
        ("comparison-curve", {"strokeDash", "shape"}),
        ("comparison-scenarios", {"shape"}),
    ):
        layers = spec(seen[key].chart)["layer"]
        used = {name for layer in layers for name in layer["encoding"]}
        assert channels <= used
        assert svg(seen[key].chart).count("Three") >= 1


def test_scenarios_of_one_name_are_numbered(runs):
    seen = by_key(comparison(runs))
    names = seen["comparison-scenarios"].table["scenario"].unique(maintain_order=True).to_list()
    assert names == ["growth ü", "growth ü (2)", "growth ü (3)"]
    with pytest.raises(AcutecastError, match="same name"):
        comparison(runs, ("a", "a", "b"))
    with pytest.raises(AcutecastError, match="at least two"):
        comparison(runs[:1], ("a",))


def test_what_differs_is_in_words(runs):
    seen = by_key(comparison(runs, ("a", "b", "c")))["comparison-inputs"]
    rows = {(row["other"], row["what"]): row for row in seen.table.iter_rows(named=True)}
    assert rows["c", "Number of runs"]["reference"] == "16"
    assert rows["c", "Number of runs"]["value"] == "12"
    assert rows["c", "Years simulated"]["value"] == "2026, 2030"


def test_a_comparison_is_of_a_year_that_all_share(runs, tmp_path):
    seen = by_key(comparison(runs, None, Selection(year=2026)))
    assert "2026/27" in seen["comparison-differences"].title
    with pytest.raises(AcutecastError, match="do not share this year"):
        comparison(runs, None, Selection(year=2024))
    other = stored(tmp_path / "far", years=(2041,))
    with pytest.raises(AcutecastError, match="share no year"):
        comparison((runs[0], other))


def test_paths_and_curves_are_those_of_each_run(runs):
    seen = by_key(comparison(runs, ("a", "b", "c"), Selection(measure="attendances")))
    path = seen["comparison-trajectory"].table
    for name, run in zip(("a", "b", "c"), runs, strict=True):
        own = path.filter(pl.col("scenario") == name)
        known = run.trajectory("attendances")
        assert own["year"].to_list() == known["year"].to_list()
        assert own["principal"].to_list() == pytest.approx(known["mean"].to_list())
        curve = seen["comparison-curve"].table.filter(pl.col("scenario") == name)
        values = run.values("attendances").values[0, 0]
        assert curve["value"].to_list() == pytest.approx(
            np.quantile(values, curve["share"] / 100).tolist()
        )


def test_sites_apply_by_activity_type(runs):
    a, b, _ = runs
    picked = Selection(ip_sites=("RXX01",), op_sites=("RXX02",))
    seen = by_key(comparison((a, b), ("a", "b"), picked))
    table = seen["comparison-scenarios"].table
    for counted, measure, site in (
        ("Inpatient bed days", "beddays", "RXX01"),
        ("Outpatient attendances", "attendances", "RXX02"),
    ):
        row = table.filter((pl.col("counted") == counted) & (pl.col("scenario") == "b"))
        known = b.summary((), {"sitetret": site}, measures=measure)
        assert row["principal"][0] == pytest.approx(known["mean"][0])
    totals = seen["comparison-differences"].table
    row = totals.filter(pl.col("counted") == "Outpatient attendances").row(0, named=True)
    known = a.summary((), {"sitetret": "RXX02"}, measures="attendances")
    assert row["reference"] == pytest.approx(known["mean"][0])
    # Assumptions are those of the whole scenario.
    inputs = seen.pop("comparison-inputs")
    assert all("Only inpatients of site RXX01" in each.notes[0] for each in seen.values())
    assert not any("Only" in note for note in inputs.notes)


def test_small_baselines_are_hidden(runs):
    picked = Selection(suppress=100_000)
    seen = by_key(comparison(runs, ("a", "b", "c"), picked))
    table = seen["comparison-scenarios"].table
    assert table["baseline"].null_count() == table["change"].null_count() == len(table)
    assert seen["comparison-scenarios"].chart is None
    years = seen["comparison-trajectory"].table["year"]
    assert 2023 not in years.to_list()


def test_a_selection_without_activity_says_so(runs):
    none = Selection(pods=("op_procedure",), measure="tele_attendances")
    for seen in comparison(runs, None, none):
        if seen.key != "comparison-inputs":
            assert seen.table.is_empty()
            assert seen.chart is None
            assert any("No activity" in note for note in seen.notes)


def test_why_they_differ_leads_from_one_to_the_other():
    from acutecast.insight.why import Why
    from acutecast.report.views.explained import explained

    rng = np.random.default_rng(0)
    values = rng.normal(-5, 2, (3, 1, 16))
    why = Why(
        parts=("activity_avoidance.ip.smoking", "non-demographic_adjustment.ip", "chance"),
        keys={"measure": np.array(["beddays"], dtype=object)},
        year=2030,
        reference=np.full((1, 16), 500),
        difference=values.sum(axis=0),
        values=values,
        standard_error=np.zeros((3, 1)),
        exact=True,
    )
    (seen,) = explained(why, "Now", "Bolder")
    (of_pod,) = explained(replace(why, keys=why.keys | {"pod": POD}), "Now", "Bolder")
    assert of_pod.title == "Why inpatient bed days differ, 2030/31: Elective Admission"
    table = seen.table
    assert table["value"][0] == 500
    assert table["value"][0] + table["change"][1:-1].sum() == pytest.approx(table["value"][-1])
    assert "Growth beyond demography: inpatients" in table["part"].to_list()
    assert table["part"][-2] == "Chance"
    assert json.dumps(spec(seen.chart))
