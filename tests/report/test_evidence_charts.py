"""Charts of what is known about one TPMA."""

import json

import altair as alt
import polars as pl
import pytest

from acutecast.demand.people import last_year
from acutecast.insight import evidence as ev
from acutecast.report import evidence_charts as ec
from acutecast.report.evidence_people import interval_rows
from acutecast.report.views import png, spec
from acutecast.scenario import load_scenario, resolve
from small_evidence import ELDERLY, FALLS, FOLLOW_UPS, write_evidence
from small_provider import small_provider

PATH = f"activity_avoidance.ip.{FALLS}"


@pytest.fixture(scope="module")
def provider():
    return small_provider(60)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_evidence(tmp_path_factory.mktemp("evidence"))


@pytest.fixture(scope="module")
def scenario(provider):
    given = {
        "name": "some",
        "horizon_year": 2043,
        "activity_avoidance": {"ip": {FALLS: [0.8, 0.9]}},
    }
    end = last_year(provider.tables, provider.year)
    return resolve(load_scenario(given), provider.dataset, provider.year, end)


@pytest.fixture(scope="module")
def shown(provider, root, scenario):
    table = ev.tpma_table(provider, root, scenario)
    tpma = table.row(by_predicate=pl.col("path") == PATH, named=True)
    return {s.key: s for s in ec.tpma_shown(provider, tpma, scenario, root)}


def y_domains(chart):
    """Give the domains of the vertical scales that a chart names."""
    text = spec(chart)
    return {
        tuple(layer["encoding"]["y"]["scale"]["domain"])
        for layer in text["layer"]
        if "scale" in layer["encoding"].get("y", {})
    }


def test_everything_known_is_shown_in_reading_order(shown):
    assert list(shown) == [
        "intervals", "trend", "funnel", "box", "age-sex", "diagnoses", "procedures", "england",
    ]  # fmt: skip
    for part in shown.values():
        assert part.chart is not None
        assert part.title.startswith("Falls Related Admissions: ")
        assert part.words
        assert part.alt.endswith(".")
        assert [c.name for c in part.columns] == part.table.columns
        assert png(part.chart).startswith(b"\x89PNG")


def test_charts_are_valid_and_leave_colours_to_the_theme(shown):
    for part in shown.values():
        text = spec(part.chart)
        alt.LayerChart.from_dict(text)  # checked against the schema of Vega-Lite
        assert text["width"] == "container"
        written = json.dumps(text["layer"])
        assert "#" not in written
        assert '"color"' not in written


def test_trend_funnel_and_box_share_their_axis(shown):
    domains = [y_domains(shown[key].chart) for key in ("trend", "funnel", "box")]
    assert domains[0] == domains[1] == domains[2]
    assert len(domains[0]) == 1
    low, high = next(iter(domains[0]))
    # One's own rates of 10 to 12, those of the others, and what is set: 8 to 9.
    assert low < 8
    assert high > 12


def test_what_is_set_stands_on_the_rate(shown):
    band = spec(shown["funnel"].chart)["datasets"]["band"]
    assert (band[0]["low"], band[0]["high"]) == (pytest.approx(8), pytest.approx(9))
    wedge = spec(shown["trend"].chart)["datasets"]["band"]
    assert [wedge[0]["year"], wedge[-1]["year"]] == [2023, 2043]
    assert wedge[0]["low"] == wedge[0]["high"] == pytest.approx(10)
    assert wedge[10]["low"] == pytest.approx(9)
    for key in ("trend", "funnel", "box"):
        assert "10% to 20% fewer" in shown[key].words


def test_pictures_say_their_figures_in_words(shown):
    assert "RXX from 12.0 in 2021/22 to 10.0 in 2023/24" in shown["trend"].alt
    assert "4 providers; this one has 10.0, all together 9.0" in shown["funnel"].alt
    assert "this provider has 10.0, the median of 3 others is 9.0" in shown["box"].alt
    assert "S720 (injury or poisoning) 60%" in shown["diagnoses"].alt
    assert "most at ages 70–74 (female, 20)" in shown["age-sex"].alt
    assert "What is set: 10% to 20%" in shown["intervals"].alt
    assert "England from 2.0%" in shown["england"].alt


def test_shares_are_told_in_percent(shown):
    table = shown["england"].table
    assert shown["england"].columns[2].kind == "percent"
    assert table["rate"].to_list() == [2.0] * 5
    causes = shown["diagnoses"].table
    assert causes["percent"].to_list() == [60, 30, 10]


def test_intervals_are_how_much_goes(provider, root, scenario):
    table = ev.tpma_table(provider, root, scenario)
    tpma = table.row(by_predicate=pl.col("path") == PATH, named=True)
    rows = interval_rows(tpma)
    assert rows["kind"].to_list() == ["set", "elicited", "peers"]
    assert rows["least"].to_list() == pytest.approx([10, 1.3, 0])
    assert rows["most"].to_list() == pytest.approx([20, 43.1, 18])
    # The peers' median of 9 is a tenth below one's own 10.
    assert rows["middle"].to_list()[1:] == pytest.approx([14.1, 10])
    assert (rows["least"] + rows["remaining_high"]).to_list() == pytest.approx([100] * 3)
    stays = table.row(by_predicate=pl.col("key") == ELDERLY, named=True)
    assert "shorter stays" in ec.intervals_shown(stays).alt
    assert ec.intervals_shown(stays).notes == ("Nothing is set yet.",)


def test_england_does_not_flatten_the_others(provider, root):
    trend, funnel = (find(provider, FOLLOW_UPS, root) for find in (ev.trend, ev.funnel))
    far = trend.table.with_columns(
        pl.when(pl.col("own")).then(pl.col("value")).otherwise(pl.lit(90.0)).alias("value")
    )
    trend = ev.Evidence(trend.key, far, trend.unit, trend.notes)
    scale = ec.scale_of(trend, funnel)
    assert scale.domain[1] < 20
    shown = ec.trend_shown(trend, "Follow-ups", scale)
    assert "not that of the other charts" in shown.notes[-1]
    assert next(iter(y_domains(shown.chart)))[1] > 90


def test_nothing_known_is_said_without_a_blank_chart(provider):
    tpma = ev.tpma_table(provider).row(by_predicate=pl.col("path") == PATH, named=True)
    shown = ec.tpma_shown(provider, tpma)
    assert [s.key for s in shown] == [
        "intervals", "trend", "funnel", "box", "age-sex", "diagnoses", "procedures",
    ]  # fmt: skip
    assert shown[0].chart is not None
    for part in shown[1:]:
        assert part.chart is None
        assert part.table.is_empty()
        assert "acutecast extract" in part.notes[0]


def test_a_provider_alone_has_no_limits(provider, tmp_path, scenario):
    root = write_evidence(tmp_path, ("RXX",))
    chosen = ev.chosen(provider, scenario, PATH)
    funnel, box = (find(provider, FALLS, root) for find in (ev.funnel, ev.peers_box))
    alone = ec.funnel_shown(funnel, "Falls", None, chosen)
    assert set(spec(alone.chart)["datasets"]) == {"mine", "band"}
    assert alone.alt == "Falls: 1 provider; this one has 10.0."
    assert "several" in alone.notes[0]
    box = ec.box_shown(box, "Falls", None, chosen)
    assert set(spec(box.chart)["datasets"]) == {"mine", "band", "points"}
    assert png(box.chart, dark=True).startswith(b"\x89PNG")
