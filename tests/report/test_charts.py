"""The projection picture: what it shows, and in which files it can be kept."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))
from made_projection import PROVIDER, SCENARIO, make_projection

from acutecast.errors import AcutecastError
from acutecast.report.charts import financial_year, projection_chart, save_chart
from acutecast.results.run import open_run
from acutecast.results.store import save_run


def stored(folder, scenario=SCENARIO, **options):
    save_run(make_projection(**options), scenario, PROVIDER, folder)
    return open_run(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return stored(tmp_path_factory.mktemp("run") / "run")


def test_the_picture_shows_the_numbers_of_the_run(run, tmp_path):
    save_chart(projection_chart(run), tmp_path / "page.svg")
    text = (tmp_path / "page.svg").read_text(encoding="utf-8")
    assert "RXX: hospital activity to 2030/31" in text
    for title in ("Bed days", "Emergency admissions", "Day cases", "Outpatient attendances"):
        assert title in text
    total = run.summary(by=(), measures="beddays").row(0, named=True)
    assert f"{total['baseline']:,.0f} → {total['mean']:,.0f}" in text
    assert f"P10–P90: {total['p10']:,.0f} to {total['p90']:,.0f}" in text
    assert "What changes bed days between 2023/24 and 2030/31" in text
    parts = run.attribution(where={"measure": "beddays"})
    for mean in parts["mean"]:
        assert f"{mean:+,.0f}  (".replace("-", "−").strip() in text.replace("\u00a0", " ")
    assert "7 runs, seed 17" in text


def test_a_run_of_the_horizon_only_is_drawn_as_bars(tmp_path):
    run = stored(tmp_path / "run", years=(2030,))
    save_chart(projection_chart(run), tmp_path / "page.svg")
    text = (tmp_path / "page.svg").read_text(encoding="utf-8")
    assert "Grey: baseline" in text
    assert "band:" not in text


def test_a_png_is_a_large_picture(run, tmp_path):
    save_chart(projection_chart(run), tmp_path / "deep" / "page.PNG")
    content = (tmp_path / "deep" / "page.PNG").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert int.from_bytes(content[16:20], "big") > 2000
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["page.PNG"]


def test_a_page_needs_no_network(run, tmp_path):
    save_chart(projection_chart(run), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<script src=" not in text
    assert "Bed days" in text


def test_a_name_is_never_a_script(tmp_path):
    name = "Plan</script><script>alert(1)</script>"
    run = stored(tmp_path / "run", json.dumps(json.loads(SCENARIO) | {"name": name}))
    save_chart(projection_chart(run), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "alert(1)" in text
    assert "<script>alert" not in text
    assert text.count("<script") == text.count("</script>") == 3


def test_the_same_chart_is_the_same_drawing_a_second_time(run, tmp_path):
    import altair as alt

    for name in ("a", "b"):
        # What is cut off at the edge of a plot takes a name inside the drawing.
        data = alt.InlineData(values=[{"x": 1, "y": 2}, {"x": 3, "y": 4}])
        line = alt.Chart(data).mark_line(clip=True).encode(x="x:Q", y="y:Q")
        save_chart(alt.hconcat(line, line), tmp_path / f"{name}.svg")
    first, second = (tmp_path / "a.svg").read_text(), (tmp_path / "b.svg").read_text()
    assert first == second
    assert "url(#part-0)" in first
    assert 'id="part-1"' in first


def test_another_ending_is_an_error(run, tmp_path):
    with pytest.raises(AcutecastError, match=r"\.png, \.svg or \.html"):
        save_chart(projection_chart(run), tmp_path / "page.gif")
    assert not (tmp_path / "page.gif").exists()


def test_financial_years_are_named_by_both_calendar_years():
    assert [financial_year(y) for y in (2023, 2098, 2099)] == ["2023/24", "2098/99", "2099/00"]
