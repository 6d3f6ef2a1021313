"""Views: their figures are those of the run, add up, and hide what is small."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from made_runs import same, stored

from acutecast.errors import AcutecastError
from acutecast.report.views import VIEWS, NotStored, Selection, as_text, show, spec, view

FIGURES = ("baseline", "principal", "p10", "median", "p90", "change", "change_pct")
ACTIVITY = [each.key for each in VIEWS if not each.needs]
SELECTIONS = (
    Selection(),
    Selection(activity="op"),
    Selection(activity="aae", aae_sites=("RXX01",)),
    Selection(measure="admissions", pods=("ip_elective_daycase", "ip_elective_admission")),
    Selection(measure="tele_attendances", op_sites=("RXX02",)),
    Selection(specialties=("100", "Other (Medical)"), ip_sites=("RXX01",)),
    Selection(ages=("75-84", "85+"), activity="ip"),
    Selection(year=2024, pods=("aae_type-01",)),
    Selection(suppress=40),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("views") / "run", runs=16, cells=90)


@pytest.fixture(scope="module")
def horizon_only(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("views") / "horizon", years=(2030,))


@pytest.mark.parametrize("key", ACTIVITY)
@pytest.mark.parametrize("selection", SELECTIONS)
def test_every_view_gives_exactly_its_columns_of_their_kinds(run, key, selection):
    kinds = {"text": pl.String, "year": pl.Int32}
    for seen in show(run, key, selection):
        assert seen.key == key
        assert seen.table.columns == [column.name for column in seen.columns]
        for column in seen.columns:
            assert seen.table.schema[column.name] == kinds.get(column.kind, pl.Float64)
            assert column.label
        assert seen.title
        assert seen.alt
        if seen.table.is_empty():
            assert seen.chart is None
            assert seen.notes
        else:
            assert seen.words


def test_the_summary_is_that_of_the_run(run):
    pods, sites = show(run, "summary")
    table = run.summary(by=("measure", "pod"), measures=("beddays",))
    shown = pods.table.filter(pl.col("counted") == "Inpatient bed days")
    assert shown["pod"][0] == "All of these"
    for name in FIGURES:
        old = "mean" if name == "principal" else name
        assert same(shown[name][1:], table[old])
        assert same(shown[name][:1], run.summary(by=(), measures="beddays")[old])
    counted = sites.table["counted"].unique(maintain_order=True).to_list()
    assert counted == [
        "Inpatient admissions",
        "Inpatient bed days",
        "Outpatient attendances",
        "Outpatient tele-attendances",
        "A&E arrivals",
    ]
    assert sites.table["sitetret"].to_list()[:3] == ["All of these", "RXX01", "RXX02"]


def test_quantiles_are_of_sums_and_not_sums_of_quantiles(run):
    (_, sites) = show(run, "summary", Selection(measure="beddays"))
    total, parts = sites.table.head(1), sites.table.tail(2)
    assert parts["principal"].sum() == pytest.approx(total["principal"][0])
    # Sites are drawn apart here, so that their tails rarely meet.
    assert parts["p90"].sum() > total["p90"][0]
    assert parts["p10"].sum() < total["p10"][0]


def test_types_of_department_are_added_inside_runs(run):
    (pods, _) = show(run, "summary", Selection(activity="aae"))
    total = run.values("arrivals").values[0, 0]
    row = pods.table.row(0, named=True)
    assert row["pod"] == "All of these"
    assert row["principal"] == pytest.approx(total.mean())
    assert row["p90"] == pytest.approx(np.quantile(total, 0.9))


def test_each_activity_type_has_its_own_sites(run):
    picked = Selection(ip_sites=("RXX01",), aae_sites=("RXX02",))
    (pods, _) = show(run, "summary", picked)
    expected = {
        "Inpatient bed days": run.summary((), {"sitetret": "RXX01"}, measures="beddays"),
        "Outpatient attendances": run.summary((), {}, measures="attendances"),
        "A&E arrivals": run.summary((), {"sitetret": "RXX02"}, measures="arrivals"),
    }
    for counted, table in expected.items():
        row = pods.table.filter(pl.col("counted") == counted).row(0, named=True)
        assert row["principal"] == pytest.approx(table["mean"][0])
        assert row["p10"] == pytest.approx(table["p10"][0])
    assert pods.notes[0] == "Only inpatients of site RXX01; emergency care of site RXX02."


def test_the_trajectory_is_that_of_the_run(run):
    (seen,) = show(run, "trajectory", Selection(measure="beddays", ip_sites=("RXX02",)))
    path = run.trajectory("beddays", {"sitetret": "RXX02"})
    assert seen.table["year"].to_list() == path["year"].to_list()
    for name in ("p10", "median", "p90"):
        assert same(seen.table[name], path[name])
    assert same(seen.table["principal"], path["mean"])
    assert seen.table["change"][0] is None


def test_a_run_of_the_horizon_has_a_path_of_two_points(horizon_only):
    (seen,) = show(horizon_only, "trajectory")
    assert seen.table["year"].to_list() == [2023, 2030]
    assert "were not simulated" in seen.words
    for key in ACTIVITY:
        for each in show(horizon_only, key):
            assert each.chart is None or spec(each.chart)["layer"]


def test_specialty_and_age_together_are_the_horizon_alone(run):
    both = Selection(specialties=("100",), ages=("75-84", "85+", "65-74", "50-64"))
    (seen,) = show(run, "trajectory", both)
    assert seen.table["year"].to_list()[-1] == 2030
    assert len(seen.table) <= 2
    assert any("only the horizon" in note for note in seen.notes)
    with pytest.raises(NotStored, match="age and specialty are stored of the horizon"):
        show(run, "distribution", Selection(year=2024, specialties=("100",), ages=("85+",)))


def test_the_distribution_holds_the_runs(run):
    dots, curve = show(run, "distribution", Selection(measure="admissions"))
    values = run.values("admissions").values[0, 0]
    at = dict(zip(dots.table["figure"], dots.table["value"], strict=True))
    assert at["P10"] == pytest.approx(np.quantile(values, 0.1))
    assert at["P95"] == pytest.approx(np.quantile(values, 0.95))
    assert at["Principal projection"] == pytest.approx(values.mean())
    above = dict(zip(dots.table["figure"], dots.table["above"], strict=True))
    assert above["Baseline"] == pytest.approx(100 * (values > at["Baseline"]).mean())
    drawn = spec(dots.chart)["datasets"]["runs"]
    assert sorted(dot["own"] for dot in drawn) == sorted(values.tolist())
    assert sorted(dot["run"] for dot in drawn) == list(range(1, 17))
    assert all(values[dot["run"] - 1] == dot["own"] for dot in drawn)
    assert same(curve.table["value"], np.quantile(values, curve.table["share"] / 100))


def test_the_waterfall_leads_from_the_baseline_to_the_projection(run):
    picked = Selection(measure="beddays", pods=("ip_elective_admission",))
    steps, tpmas = show(run, "impact", picked)
    table = steps.table
    begin, end = table.row(0, named=True), table.row(-1, named=True)
    assert begin["value"] + table["change"][1:-1].sum() == pytest.approx(end["value"])
    assert table["change"][1:-1].sum() == pytest.approx(end["change"])
    total = run.summary((), {"pod": "ip_elective_admission"}, measures="beddays")
    assert end["value"] == pytest.approx(total["mean"][0])
    assert begin["value"] + end["p10"] == pytest.approx(total["p10"][0])
    parts = run.attribution(where={"measure": "beddays", "pod": "ip_elective_admission"})
    assert sorted(table["change"][1:-1]) == pytest.approx(
        sorted(mean for mean in parts["mean"] if mean)
    )
    avoided = table.filter(pl.col("part") == "Activity avoided").row(0, named=True)
    assert tpmas.table["change"].sum() == pytest.approx(avoided["change"])
    bars = spec(steps.chart)["datasets"]["steps"]
    assert all(a["end"] == b["start"] for a, b in pairwise(bars))


def test_tpmas_have_every_measure_that_they_change(run):
    (seen,) = show(run, "tpmas", Selection(activity="aae"))
    parts = run.attribution(("strategy",), {"measure": "arrivals", "activity_type": "aae"})
    parts = parts.filter(pl.col("strategy") != "-")
    assert sorted(seen.table["change"]) == pytest.approx(sorted(parts["mean"]))
    assert set(seen.table["counted"]) == {"A&E arrivals"}


def test_tele_conversions_have_their_names():
    from acutecast.report.views.parts import tpma_label

    assert tpma_label("convert_to_tele_adult_surgical") == (
        "Outpatient Convert to Tele-Attendance (Adult, Surgical)"
    )


@pytest.mark.parametrize(
    ("key", "by", "measure"),
    [
        ("stays", ("los_group",), "beddays"),
        ("pyramid", ("age_group", "sex"), "beddays"),
        ("acuity", ("acuity",), "arrivals"),
        ("specialty", ("tretspef_grouped",), "beddays"),
    ],
)
def test_parts_of_people_and_stays_are_those_of_the_run(run, key, by, measure):
    seen = show(run, key)[0]
    table = run.summary(by, measures=measure)
    table = table.filter((pl.col("baseline") > 0) | (pl.col("mean") > 0))
    if key == "specialty":
        table = table.sort("mean", descending=True, maintain_order=True)
    for name in FIGURES:
        assert same(seen.table[name], table["mean" if name == "principal" else name])
    total = run.summary((), measures=measure)
    assert seen.table["principal"].sum() == pytest.approx(total["mean"][0])
    assert seen.table["baseline"].sum() == total["baseline"][0]


def test_sensitivity_ends_with_what_is_not_explained(run):
    (seen, *_) = show(run, "sensitivity", Selection(measure="attendances"))
    assert seen.table["assumption"][-1] == "Acting together, and chance"
    assert seen.table["share"].sum() == pytest.approx(100)


def test_sensitivity_of_too_few_runs_says_so(horizon_only):
    (seen,) = show(horizon_only, "sensitivity")
    assert seen.table.is_empty()
    assert "at least 8 runs" in seen.notes[0]


@pytest.mark.parametrize("key", ACTIVITY)
def test_small_baselines_are_hidden_in_table_and_chart(run, key):
    picked = Selection(suppress=60, activity="" if key == "acuity" else "ip")
    for seen in show(run, key, picked):
        counts = [v for name in ("baseline", "value") if name in seen.table.columns
                  for v in seen.table[name] if v is not None]  # fmt: skip
        if "baseline" in seen.table.columns:
            assert not [count for count in counts if 0 < count < 60]
            gone = seen.table.filter(pl.col("baseline").is_null())
            assert gone["change"].null_count() == gone["change_pct"].null_count() == len(gone)
        if seen.chart is None:
            continue
        for rows in spec(seen.chart)["datasets"].values():
            for row in rows:
                for name in ("baseline", "x_baseline"):
                    assert not 0 < abs(row.get(name) or 0) < 60
                if "baseline" in row and row["baseline"] is None:
                    assert row.get("change_pct") is None
                    assert "→" not in row.get("text", "")


def test_a_total_beside_a_hidden_part_is_hidden(run):
    (pods, _) = show(run, "summary", Selection(suppress=400, activity="ip"))
    assert pods.table["baseline"].null_count()
    for _, group in pods.table.group_by("counted"):
        parts = group.filter(pl.col("pod") != "All of these")
        total = group.filter(pl.col("pod") == "All of these")
        if parts["baseline"].null_count() and not total.is_empty():
            assert total["baseline"][0] is None
            assert total["change"][0] is None
    assert any("not shown" in note for note in pods.notes)


def test_a_total_hidden_in_one_table_is_not_in_the_other(run):
    whole, hidden = [], []
    for each in show(run, "summary", Selection(suppress=400)):
        split = each.columns[1].name
        totals = {}
        for counted, rows in each.table.group_by("counted"):
            all_of_it = rows.filter((pl.col(split) == "All of these") | (pl.len() == 1))
            totals[counted[0]] = all_of_it["baseline"][0]
        whole.append(totals)
        hidden.append(set(each.table.filter(pl.col("baseline").is_null())["counted"]))
    assert whole[0] == whole[1]
    assert hidden[0] == hidden[1] == {counted for counted, n in whole[0].items() if n is None}


def test_parts_of_a_hidden_baseline_are_not_shown(run):
    for seen in show(run, "impact", Selection(suppress=100_000)):
        assert seen.table.is_empty()
        assert seen.chart is None
        assert "give it back" in seen.notes[0]
    dots, _ = show(run, "distribution", Selection(suppress=100_000))
    baseline = dots.table.row(0, named=True)
    assert baseline["value"] is baseline["above"] is None
    assert "Baseline" not in dots.alt
    (path,) = show(run, "trajectory", Selection(suppress=100_000))
    assert path.table["year"].to_list() == [2024, 2026, 2030]
    assert path.table["change"].null_count() == 3


def test_the_rule_of_a_stored_run_holds_without_being_asked_for(tmp_path):
    run = stored(tmp_path / "run", suppress=12)
    seen = show(run, "stays")[0]
    assert seen.table["baseline"].null_count()
    assert any("1 to 11" in note for note in seen.notes)


def test_a_selection_without_activity_says_so_and_draws_nothing(run):
    none = Selection(pods=("op_procedure",), measure="tele_attendances")
    for key in ("trajectory", "distribution", "impact", "pyramid"):
        for seen in show(run, key, none):
            assert seen.table.is_empty()
            assert seen.chart is None
            assert any(word in seen.notes[-1] for word in ("No activity", "No TPMA"))


def test_what_a_view_cannot_use_is_noted_and_not_used(run):
    seen = show(run, "impact", Selection(ages=("85+",), specialties=("100",)))[0]
    assert "does not use the filter by specialty and age" in seen.notes[0]
    assert seen.table.equals(show(run, "impact")[0].table)
    (mixed,) = show(run, "trajectory", Selection(activity="op", measure="beddays"))
    assert mixed.title.startswith("Outpatient attendances")
    assert any("Bed days are not counted for outpatients" in note for note in mixed.notes)
    seen = show(run, "stays", Selection(pods=("op_first", "ip_elective_daycase")))[0]
    assert any("Not part of this view: First Outpatient" in note for note in seen.notes)
    assert any("Only point of delivery Daycase" in note for note in seen.notes)
    seen = show(run, "acuity", Selection(activity="ip"))[0]
    assert "there is none for inpatients" in seen.notes[0]


def test_the_summary_leaves_out_what_has_no_specialty(run):
    (pods, _) = show(run, "summary", Selection(specialties=("100",)))
    assert "A&E arrivals" not in pods.table["counted"].to_list()
    assert any("has no specialty" in note for note in pods.notes)


def test_unknown_values_are_errors_in_words_all_at_once(run):
    wrong = Selection(pods=("ip_spa",), ip_sites=("RYY",), ages=("100+",), year=2050)
    with pytest.raises(AcutecastError) as caught:
        show(run, "summary", wrong)
    where = {problem.where for problem in caught.value.problems}
    assert where == {"pods", "ip_sites", "ages", "year"}
    assert "RXX01" in str(caught.value)
    with pytest.raises(AcutecastError, match="no such view"):
        show(run, "sumary")
    with pytest.raises(AcutecastError, match=r"ac\.capacity_of\(run\)"):
        show(run, "capacity")


def test_views_name_their_group_and_filters():
    for each in VIEWS:
        assert view(each.key) is each
        assert set(each.filters) <= {
            "activity", "pods", "measure", "sites", "specialties", "ages", "year", "area", "site"
        }  # fmt: skip
    assert len({each.key for each in VIEWS}) == len(VIEWS)


def test_figures_are_written_for_people():
    assert as_text(1234.6, "count") == "1,235"
    assert as_text(-0.2, "count") == "0"
    assert as_text(-12.34, "percent") == "−12.3%"
    assert as_text(2023, "year") == "2023/24"
    assert as_text(None, "count") == "–"
