"""Pictures of capacity: what they show, for which runs, and in which files they can be kept."""

import math
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acutecast.capacity.explain import number, percent
from acutecast.errors import AcutecastError
from acutecast.report import (
    capacity_chart,
    capacity_page,
    overview_chart,
    save_chart,
    shortage_chart,
    trajectory_chart,
    week_chart,
)

AREAS = (
    # area, label, functional area, unit, method, mean in use, target occupancy
    ("ae_resus", "Resuscitation", "ae_beds", "spaces", "hourly", 2.1, 0.7),
    ("ae_major_adult", "Adult majors", "ae_beds", "spaces", "hourly", 31, 0.8),
    ("sdec", "Same day emergency care", "sdec_spaces", "spaces", "hourly", 9, 0.7),
    ("ward_adult_elective", "Adult elective wards", "ward", "beds", "hourly", 88, 0.92),
    ("ward_adult_non_elective", "Adult non-elective wards", "ward", "beds", "hourly", 545, 0.92),
    ("ward_child", "Children's wards", "ward", "beds", "hourly", 24, 0.75),
    ("critical_care_adult", "Adult critical care", "critical_care", "beds", "hourly", 14, 0.8),
    ("critical_care_child", "Children's care", "critical_care", "beds", "hourly", 1.3, 0.8),
    ("birth_emergency_caesarean", "Birth rooms", "birth_rooms", "rooms", "hourly", 0.11, 0.6),
    ("theatre_adult_elective", "Theatres", "theatres", "theatres", "sessions", 7.2, 0.85),
    ("endoscopy", "Endoscopy rooms", "endoscopy_rooms", "rooms", "sessions", 3.4, 0.85),
    ("op_first", "First attendances", "op_consulting", "rooms", "sessions", 41, 0.8),
)  # fmt: skip


@dataclass(frozen=True)
class MadeCapacity:
    """Poisson demand around a mean that grows by the year and differs by the run."""

    years: tuple[int, ...] = tuple(range(2024, 2042))
    runs: int = 16
    name: str = "principal"
    dataset: str = "RXX"
    baseline_year: int = 2023
    risk: float = 0.01
    sites: tuple[str, ...] = ("all",)
    known_baseline: bool = True
    only: tuple[str, ...] = tuple(row[0] for row in AREAS)
    label: str = ""
    load: float | None = None
    info: dict = field(default_factory=lambda: {"acutecast": "0.1.0", "seed": 17}, hash=False)

    @property
    def horizon(self):
        return self.years[-1]

    def areas(self):
        rows = [(row[0], self.label or row[1], *row[2:5]) for row in AREAS if row[0] in self.only]
        names = ["area", "label", "functional_area", "unit", "method"]
        return pl.DataFrame(rows, schema=names, orient="row")

    def _load(self, area, year):
        mean = self.load or next(row[5] for row in AREAS if row[0] == area)
        growth = np.random.default_rng(3).normal(0.011, 0.004, self.runs)
        return mean * (1 + growth) ** (year - self.baseline_year)

    def _target(self, area):
        return next(row[6] for row in AREAS if row[0] == area)

    def _exceeded(self, area, year):
        return exceeded(tuple(self._load(area, year).tolist()))

    def _figures(self, area, year):
        load = self._load(area, year)
        preset = load / self._target(area)
        if self.areas().row(by_predicate=pl.col("area") == area, named=True)["method"] != "hourly":
            return {"preset": preset, "simulated": preset * 1.07}
        need = (self._exceeded(area, year) > self.risk).sum(axis=0).astype(float)
        return {
            "preset": preset,
            "simulated": need,
            "worst_week": np.ceil(need * 1.1),
            "mean_occupied": load,
            "peak_occupied": np.ceil(need * 1.15),
            "peak_month": load * 1.05,
            "occupancy": load / need,
        }

    def needs(self, areas=None, years=None):
        chosen = self.years if years == "all" else (self.horizon,) if years is None else years
        rows = []
        for area, label, _, unit, _ in self.areas().iter_rows():
            if areas is not None and area not in areas:
                continue
            before = self._figures(area, self.baseline_year)
            for site in self.sites:
                for year in chosen:
                    for figure, values in self._figures(area, year).items():
                        then = float(before[figure].mean()) if self.known_baseline else None
                        ends = np.quantile(values, (0.1, 0.5, 0.9)).tolist()
                        kind = "share" if figure == "occupancy" else unit
                        mean = float(values.mean())
                        rows.append((area, label, kind, site, year, figure, then, mean, *ends))
        names = ["area", "label", "unit", "site", "year", "figure", "baseline", "mean"]
        schema = dict.fromkeys((*names, "p10", "median", "p90")) | {"baseline": pl.Float64}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def shortage(self, area, site="all", year=None):
        share = self._exceeded(area, year or self.horizon)
        return spread(share, {"beds": np.arange(len(share))}).with_columns(
            suffice=(share <= self.risk).mean(axis=1)
        )

    def week(self, area, site="all", year=None):
        hour = np.arange(168)
        swing = 0.04 if "ward" in area else 0.5
        shape = 1 + swing * np.sin((hour % 24 - 9) / 24 * 2 * math.pi) - 0.03 * (hour >= 120)
        values = shape[:, None] * self._load(area, self.horizon)
        return spread(values, {"weekday": hour // 24, "hour": hour % 24})

    def months(self, area, site="all", year=None):
        values = np.ones((12, 1)) * self._load(area, self.horizon)
        return spread(values, {"month": np.arange(1, 13)})

    def explain(self, area, site="all"):
        label = self.areas().row(by_predicate=pl.col("area") == area, named=True)["label"]
        return f"{label} at {site}: " + "what it needs, and why the two methods differ. " * 12


@cache
def exceeded(loads):
    """Share of hours in which Poisson demand exceeds 0, 1, … beds, (beds, runs)."""
    most = int(max(loads) + 6 * math.sqrt(max(loads)) + 4)
    count = np.arange(most)
    log_factorial = np.cumsum(np.log(np.maximum(count, 1)))
    loads = np.asarray(loads)
    chance = np.exp(count[:, None] * np.log(loads) - loads - log_factorial[:, None])
    return np.clip(1 - np.cumsum(chance, axis=0), 0, 1).round(6)


def spread(values, labels):
    low, high = np.quantile(values, (0.1, 0.9), axis=1)
    return pl.DataFrame({**labels, "mean": values.mean(axis=1), "p10": low, "p90": high})


EVERY_YEAR = MadeCapacity(years=(2024, 2030, 2036, 2041), runs=8)
HORIZON = MadeCapacity(years=(2041,), runs=8)
UNKNOWN = replace(EVERY_YEAR, known_baseline=False)
WARD, SMALL, ONE_BED, BOOKED = (
    "ward_adult_non_elective",
    "critical_care_child",
    "birth_emergency_caesarean",
    "op_first",
)
FEW = replace(EVERY_YEAR, only=(WARD, ONE_BED, BOOKED))


def parts(spec):
    """Give every part of a specification that has data, innermost."""
    for name in ("vconcat", "hconcat", "concat", "layer"):
        for part in spec.get(name, ()):
            yield from parts(part)
    if "data" in spec:
        yield spec


def data(chart, *columns):
    """Give all rows of a chart's data that have these columns, as one frame."""
    spec = chart.to_dict()
    rows = [
        {name: row[name] for name in columns}
        for name in dict.fromkeys(part["data"]["name"] for part in parts(spec))
        for row in spec["datasets"][name]
        if set(columns) <= row.keys()
    ]
    return pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)


def figure(capacity, area, name):
    needs = capacity.needs(areas=[area])
    return needs.row(by_predicate=pl.col("figure") == name, named=True)


@pytest.mark.parametrize(
    ("capacity", "area"),
    [
        (EVERY_YEAR, WARD),
        (UNKNOWN, ONE_BED),
        (replace(HORIZON, runs=1, known_baseline=False), ONE_BED),
    ],
)
def test_every_chart_of_an_area_becomes_a_picture(capacity, area, tmp_path):
    for draw in (shortage_chart, week_chart, trajectory_chart):
        save_chart(draw(capacity, area), tmp_path / "chart.svg")
        text = (tmp_path / "chart.svg").read_text(encoding="utf-8")
        label = capacity.areas().row(by_predicate=pl.col("area") == area, named=True)["label"]
        assert f"{label}, RXX" in text
        assert f"{capacity.runs} runs, seed 17" in text
        assert "NaN" not in text
        assert "Infinity" not in text


@pytest.mark.parametrize("area", [WARD, SMALL, ONE_BED])
def test_the_shortage_curve_shows_the_rows_of_the_frame(area):
    frame = EVERY_YEAR.shortage(area)
    shown = data(shortage_chart(EVERY_YEAR, area), *frame.columns)
    ends = shown["beds"].min(), shown["beds"].max()
    assert shown.equals(frame.filter(pl.col("beds").is_between(*ends)))


@pytest.mark.parametrize("area", [WARD, SMALL, ONE_BED])
def test_the_shortage_curve_marks_need_and_preset(area):
    marks = data(shortage_chart(EVERY_YEAR, area), "mark", "beds", "share", "p10", "p90", "text")
    marks = {row["mark"]: row for row in marks.iter_rows(named=True)}
    need, preset = (figure(EVERY_YEAR, area, name) for name in ("simulated", "preset"))
    assert [marks["simulated"][k] for k in ("beds", "p10", "p90")] == [
        need[k] for k in ("mean", "p10", "p90")
    ]
    assert marks["simulated"]["share"] == EVERY_YEAR.risk
    whole = math.ceil(preset["mean"])
    share = EVERY_YEAR.shortage(area)["mean"][whole]
    assert (marks["preset"]["beds"], marks["preset"]["share"]) == (whole, share)
    assert f"{whole:,} too few in {percent(share)}" in marks["preset"]["text"]


@settings(deadline=None, max_examples=8)
@given(
    load=st.floats(0.02, 700),
    risk=st.sampled_from([0.0005, 0.001, 0.01, 0.05, 0.2]),
)
def test_need_and_preset_are_always_on_the_picture(load, risk):
    capacity = MadeCapacity(years=(2041,), runs=4, load=load, risk=risk)
    chart = shortage_chart(capacity, WARD)
    marks = data(chart, "beds", "share", "p10", "p90", "words")
    band = chart.to_dict()["vconcat"][0]["layer"][0]["encoding"]
    first, last = band["x"]["scale"]["domain"]
    low, high = band["y"]["scale"]["domain"]
    for name in ("beds", "p10", "p90"):
        assert marks[name].is_between(first, last).all()
    assert low < risk < high
    assert marks["share"].max() <= high
    assert any(low <= tick <= high for tick in band["y"]["axis"]["values"])


def test_the_week_shows_every_hour_of_the_frame():
    frame = EVERY_YEAR.week(WARD)
    chart = week_chart(EVERY_YEAR, WARD)
    assert data(chart, *frame.columns).equals(frame)
    need = figure(EVERY_YEAR, WARD, "simulated")["mean"]
    rule = data(chart, "beds", "text")
    assert rule.row(0) == (need, f"{number(need)} beds needed")


@pytest.mark.parametrize(
    ("capacity", "area"),
    [(EVERY_YEAR, WARD), (HORIZON, ONE_BED), (UNKNOWN, ONE_BED), (HORIZON, BOOKED)],
)
def test_the_trajectory_shows_the_needs_of_every_year_after_the_baseline(capacity, area):
    columns = ["figure", "year", "mean", "p10", "median", "p90"]
    shown = data(trajectory_chart(capacity, area), *columns).unique(maintain_order=True)
    needs = capacity.needs(areas=[area], years="all")
    needs = needs.filter(pl.col("figure").is_in(["simulated", "preset"]))
    after = shown.filter(pl.col("year") > capacity.baseline_year).sort("figure", "year")
    assert after.equals(needs.select(columns).sort("figure", "year"))
    before = shown.filter(pl.col("year") == capacity.baseline_year)
    assert len(before) == (2 if capacity.known_baseline else 0)
    for row in before.iter_rows(named=True):
        then = figure(capacity, area, row["figure"])["baseline"]
        assert [row[name] for name in columns[2:]] == [then] * 4


@pytest.mark.parametrize("capacity", [EVERY_YEAR, UNKNOWN])
def test_the_overview_shows_every_area_under_its_unit(capacity):
    names = ("kind", "label", "preset", "simulated", "p10", "p90", "occupancy", "baseline_text")
    spec = overview_chart(capacity)
    shown = data(spec, *names, "occupancy_text").filter(pl.col("kind") == "area").unique()
    areas = capacity.areas()
    assert len(shown) == len(areas) == len(AREAS)
    for area, label, _, _, method in areas.iter_rows():
        row = shown.row(by_predicate=pl.col("label") == label, named=True)
        need, preset = (figure(capacity, area, name) for name in ("simulated", "preset"))
        assert row["preset"] == preset["mean"]
        assert [row["simulated"], row["p10"], row["p90"]] == [
            need[name] for name in ("mean", "p10", "p90")
        ]
        then = need["baseline"]
        assert row["baseline_text"] == ("–" if then is None else number(then))
        if method == "hourly":
            assert row["occupancy"] == figure(capacity, area, "occupancy")["mean"]
        else:
            assert (row["occupancy"], row["occupancy_text"]) == (None, "booked")
    lines = data(spec, "kind", "label", "row").unique().sort("row")
    units = lines.filter(pl.col("kind") == "unit")["label"].to_list()
    assert units == ["Spaces", "Beds", "Rooms", "Theatres"]


def test_a_page_shows_all_areas_and_the_one_with_most_beds(tmp_path):
    save_chart(capacity_chart(FEW), tmp_path / "page.svg")
    text = (tmp_path / "page.svg").read_text(encoding="utf-8")
    assert "RXX: space the hospital needs in 2041/42" in text
    assert "How often beds run short, 2041/42" in text
    assert "Adult non-elective wards at all: what it needs" in text
    for title in ("The typical week", "Beds needed to 2041/42", "First attendances"):
        assert title in text


def test_a_page_of_booked_work_has_no_hours(tmp_path):
    save_chart(capacity_chart(HORIZON, BOOKED), tmp_path / "page.svg")
    text = (tmp_path / "page.svg").read_text(encoding="utf-8")
    assert "Rooms needed to 2041/42" in text
    assert "run short" not in text
    assert "The typical week" not in text


def test_a_chart_becomes_png_and_html(tmp_path):
    chart = shortage_chart(HORIZON, SMALL)
    save_chart(chart, tmp_path / "page.png")
    save_chart(chart, tmp_path / "page.html")
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
    assert "Children's care, RXX" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_site_is_named_and_drawn_alone(tmp_path):
    capacity = replace(HORIZON, sites=("RXX01", "RXX02"))
    save_chart(overview_chart(capacity, "RXX02"), tmp_path / "page.svg")
    assert "RXX, site RXX02: space" in (tmp_path / "page.svg").read_text(encoding="utf-8")
    assert set(data(trajectory_chart(capacity, WARD, "RXX01"), "year")["year"]) == {2023, 2041}
    with pytest.raises(AcutecastError, match="Choose among RXX01, RXX02"):
        overview_chart(capacity)


def test_everything_wrong_is_said_at_once():
    with pytest.raises(AcutecastError) as caught:
        trajectory_chart(HORIZON, "ward_cats", "RXX09")
    assert [problem.where for problem in caught.value.problems] == ["site", "area"]
    for draw in (shortage_chart, week_chart):
        with pytest.raises(AcutecastError, match="booked by session"):
            draw(HORIZON, BOOKED)
        with pytest.raises(AcutecastError, match='no area "ward_cats"'):
            draw(HORIZON, "ward_cats")


@pytest.fixture(scope="module")
def page():
    return capacity_page(FEW)


def test_the_interactive_page_has_a_part_for_every_area(page):
    for area, label, _, unit, method in FEW.areas().iter_rows():
        section = page.split(f'<section id="{area}"')[1].split("</section>")[0]
        assert label.replace("'", "&#x27;") in section
        assert section.count("data-chart=") == (3 if method == "hourly" else 1)
        need = figure(FEW, area, "simulated")
        cells = [need[name] for name in ("baseline", "mean", "p10", "median", "p90")]
        row = "".join(f"<td>{number(cell)}</td>" for cell in cells)
        assert f'<th scope="row">Simulated need</th>{row}' in section
        assert f"{unit} in 2041/42</caption>" in section
        assert f'<option value="{area}">' in page
        assert f'<a href="#{area}">' in page
    assert f'data-first="{WARD}"' in page


def test_the_interactive_page_stands_alone_and_is_small(page):
    assert '<html lang="en-GB">' in page
    for outside in ("<script src", "<link", "@import", 'src="http', 'href="http'):
        assert outside not in page
    assert len(page.encode()) < 5_000_000
    assert page.count("aria-label=") >= page.count("<figure")


def test_texts_of_users_are_escaped():
    nasty = "</script><script>alert(1)</script> & 'co'"
    capacity = MadeCapacity(
        years=(2041,), runs=2, only=(WARD,), name=nasty, dataset=nasty, label=nasty
    )
    page = capacity_page(capacity)
    assert "<script>alert" not in page
    assert "&lt;/script&gt;&lt;script&gt;alert(1)" in page
    specs = page.split('id="charts"')[1].split("</script>")[0]
    assert "\\u003cscript>alert(1)" in specs
