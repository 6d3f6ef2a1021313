"""Charts of views: they draw, in light and dark, on pages of any width and on paper."""

import json
import re

import pytest
from altair.utils.schemapi import SchemaValidationError
from made_runs import stored

from acutecast.report.views import (
    VIEWS,
    Selection,
    colours,
    comparison,
    for_print,
    png,
    show,
    spec,
    svg,
    theme,
)

ACTIVITY = [each.key for each in VIEWS if not each.needs]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("charts")
    return stored(folder / "a", runs=16), stored(folder / "b", runs=16, seed=2, name="b")


@pytest.fixture(scope="module")
def charts(runs):
    seen = [each for key in ACTIVITY for each in show(runs[0], key)]
    seen += comparison(runs, ("Now", "Bolder"))
    return [each for each in seen if each.chart is not None]


def words_of(text):
    return re.sub(r"<[^>]+>", " ", text)


def test_every_chart_draws_with_its_figures(charts):
    for seen in charts:
        text = svg(seen.chart, title=seen.title)
        assert text.startswith("<svg")
        # Marks with data, beside axes and grid.
        assert text.count("<path") + text.count("<text") > 10, seen.title
        assert "NaN" not in text
        assert "undefined" not in words_of(text)


def test_every_chart_is_valid_vega_lite(charts):
    for seen in charts:
        try:
            found = seen.chart.to_dict()
        except SchemaValidationError as error:
            pytest.fail(f"{seen.key}, {seen.title}: {error}")
        assert found["$schema"].startswith("https://vega.github.io/schema/vega-lite/")


def test_a_specification_holds_its_data_and_no_theme(charts):
    for seen in charts:
        found = spec(seen.chart)
        assert found["width"] == "container"
        assert "config" not in found
        named = {layer["data"]["name"] for layer in found["layer"]}
        assert named == set(found["datasets"])
        text = json.dumps(found, allow_nan=False)
        assert len(text) < 100_000
        # Colours are roles that a theme fills in.
        assert not re.search(r'"#[0-9A-Fa-f]{6}"|"white"|"black"', text)


def test_every_axis_of_numbers_says_its_unit(charts):
    for seen in charts:
        layers = spec(seen.chart)["layer"]
        numbers = [
            channel
            for layer in layers
            for name, channel in layer["encoding"].items()
            if name in ("x", "y") and channel.get("type") == "quantitative" and "axis" in channel
        ]
        assert any(channel.get("title") for channel in numbers), seen.title


def test_roles_have_a_colour_in_both_themes():
    light, dark = theme(), theme(dark=True)
    assert set(light["style"]) == set(dark["style"])
    assert set(colours()) == set(colours(dark=True))
    for name, style in light["style"].items():
        if name not in ("halo", "rim"):
            assert style["color"] != dark["style"][name]["color"]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, other):
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
def test_text_and_marks_stand_out_from_their_ground(dark):
    found = colours(dark)
    for role in ("ink", "soft"):
        assert contrast(found[role], found["ground"]) >= 4.5
    for role in ("projection", "strong", "baseline", "less", "axis"):
        assert contrast(found[role], found["ground"]) >= 3
    for colour in found["series"]:
        assert contrast(colour, found["ground"]) >= 3


def test_print_is_wide_as_asked_on_white(charts):
    found = for_print(charts[0].chart, width=500, title="A title").to_dict()
    assert found["width"] == 500
    assert found["background"] == "#FFFFFF"
    assert found["title"]["text"] == ["A title"]
    assert found["config"]["style"]["projection"]["color"] == colours()["projection"]
    assert spec(charts[0].chart)["width"] == "container"


def test_pictures_are_light_or_dark_and_twice_the_size_of_the_screen(charts):
    light, dark = png(charts[0].chart, width=400), png(charts[0].chart, dark=True, width=400)
    assert light.startswith(b"\x89PNG")
    assert light != dark
    assert int.from_bytes(light[16:20], "big") > 800
    assert colours(dark=True)["ground"].lower() in svg(charts[0].chart, dark=True).lower()


def test_more_runs_than_dots_are_bars_and_a_curve_of_quantiles(tmp_path):
    run = stored(tmp_path / "run", runs=520, cells=8, years=(2030,))
    dots, curve = show(run, "distribution")
    bars = spec(dots.chart)["datasets"]["runs"]
    assert sum(bar["height"] for bar in bars) == 520
    assert len(spec(curve.chart)["datasets"]["curve"]) == 513
    assert "The higher, the more runs" in dots.words
    assert svg(dots.chart).startswith("<svg")


def test_every_selection_is_drawn_or_said_to_be_empty(runs):
    for selection in (
        Selection(activity="aae", aae_sites=("RXX01",), ages=("85+",)),
        Selection(pods=("ip_maternity_admission",), measure="procedures", suppress=30),
    ):
        for key in ACTIVITY:
            for seen in show(runs[0], key, selection):
                if seen.chart is None:
                    assert seen.notes or not seen.table.is_empty()
                else:
                    assert svg(seen.chart).startswith("<svg")
