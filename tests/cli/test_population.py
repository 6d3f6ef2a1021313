"""The commands about population, whole: what they print, what they leave, and how they fail."""

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import acutecast as ac

TOWN = {
    "name": "New town",
    "runs": 40,
    "population": {
        "variants": {"own_town": 1},
        "own": {
            "own_town": {
                "fertility": [0.85, 1.1],
                "mortality": [0.9, 1.02],
                "housing": {"Town": {"dwellings": {"2030": 90000}, "completed": [0.5, 1.0]}},
            }
        },
    },
}


def acutecast(*arguments, cwd, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "acutecast", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("population")
    (folder / "town.json").write_text(json.dumps(TOWN))
    asked = ("project", "--scenario", "town.json", "--out", "town")
    (folder / "said").write_text(acutecast("population", *asked, cwd=folder).stdout)
    return folder


@pytest.fixture(scope="module")
def run(folder):
    """A run of the scenario that the projection left, on other data."""
    provider = ac.demo_provider(0.02)
    return ac.run(folder / "town" / "scenario.json", provider, folder / "run", years="horizon")


def test_project_leaves_tables_page_and_scenario(folder):
    said = (folder / "said").read_text()
    assert "own_town · 2022 to 2047 · 40 draws" in said
    left = {path.name for path in (folder / "town").iterdir()}
    assert left == {
        "population.csv", "births.csv", "ranges.csv", "accounts.csv", "life_expectancy.csv",
        "scenario.json", "population.html", "projection.json",
    }  # fmt: skip
    accounts = pl.read_csv(folder / "town" / "accounts.csv")
    gap = accounts["opening"] + accounts["births"] - accounts["deaths"]
    gap = gap + accounts["net_migration"] - accounts["closing"]
    assert gap.abs().max() < 0.5
    ranges = pl.read_csv(folder / "town" / "ranges.csv")
    mine = ranges.filter((pl.col("variant") == "own_town") & (pl.col("year") == 2047))
    assert (mine["p10"] < mine["p90"]).all()
    people = pl.read_csv(folder / "town" / "population.csv")
    assert set(people["variant"]) == {"own_town", "migration_category"}
    page = (folder / "town" / "population.html").read_text()
    assert "New town" in page or "Town" in page
    assert page.count("<svg") == 4


def test_the_scenario_it_leaves_runs_on_any_data(run):
    assert set(run.draws()["variant"]) == {"own_town"}
    assert "population.own_town.fertility" in run.draws().columns
    found = ac.sensitivity(run).table()
    assert "population.own_town.mortality" in found["assumption"].to_list()


def test_a_projection_has_the_draws_of_the_run(run):
    made = ac.project_population("england", TOWN)
    fertility = run.draws()["population.own_town.fertility"].to_numpy()
    assert made.projected.levels.fertility[:, -1] == pytest.approx(fertility)


def test_a_folder_gives_its_projection_again(folder):
    again = ac.project_population(folder / "town")
    assert again.about["name"] == "own_town"
    first = pl.read_csv(folder / "town" / "ranges.csv")
    found = again.people()
    known = first.filter(pl.col("variant") == "own_town")["p90"]
    same = found.filter(pl.col("variant") == "own_town")["p90"]
    # The folder has people to a tenth.
    assert (known - same).abs().max() < 100


@pytest.mark.long
def test_nothing_stated_is_the_published_projection(folder):
    acutecast("population", "project", "--out", "plain", "--draws", 2, cwd=folder)
    table = ac.compare_populations("england", folder / "plain")
    assert table["difference"].abs().max() < 20
    said = acutecast("population", "compare", "england", "town", "--every", 25, cwd=folder).stdout
    assert "2047" in said
    assert "own_town" in said
    rows = json.loads(
        acutecast("population", "compare", "town", "england", "--json", cwd=folder).stdout
    )
    assert {"year", "age_group", "difference", "difference_pct"} < set(rows[0])


def test_options_and_a_catchment(folder):
    (folder / "shares.csv").write_text("provider,area,share\nRXX,E92000001,0.01\n")
    said = acutecast(
        "population", "project", "--out", "rates", "--fertility", "0.9,1.1", "--extra-migrants", 2,
        "--name", "own_mine", "--to", 2050, "--catchment", "shares.csv", "--draws", 20, "--json",
        cwd=folder,
    ).stdout  # fmt: skip
    found = json.loads(said)
    assert found["assumptions"] == [
        "population.own_mine.extra_migrants", "population.own_mine.fertility",
    ]  # fmt: skip
    assert (found["years"], found["catchment"]) == ([2022, 2050], "RXX")
    assert "later years continue" in found["notes"][0]
    everyone = [r for r in found["people"] if r["age_group"] == "all"]
    assert everyone[0]["people"] == pytest.approx(571_132, rel=1e-3)
    again = ac.project_population(folder / "rates")
    assert again.projected.total[:, 0].sum(axis=(1, 2)) == pytest.approx(571_132, rel=1e-3)


@pytest.mark.parametrize(
    "kind",
    [
        "fan",
        *(pytest.param(k, marks=pytest.mark.long) for k in ("pyramid", "flows", "life-expectancy")),
    ],
)
def test_pictures(folder, kind):
    out = Path(folder) / f"{kind}.svg"
    acutecast("population", "plot", "town", "--kind", kind, "--out", out, cwd=folder)
    assert out.read_text().startswith("<svg")


def test_a_picture_of_health_status(folder):
    provider = ac.demo_provider(0.02)
    assert ac.plot_health_status(folder / "health.svg", provider, year=2040).exists()
    acutecast("population", "plot", "--kind", "health-status", "--out", "h.png", cwd=folder)
    assert (folder / "h.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("project", "nowhere.csv", "--out", "x"), "there is no such file"),
        (("project", "--out", "x", "--fertility", "high"), "is no number"),
        (("project", "--out", "x", "--fertility", "9"), "outside the valid range"),
        (("project", "--out", "town"), "holds a projection already"),
        (("project", "--out", "x", "--from", "2060"), "begin in one of them"),
        (("project", "--out", "x", "--scenario", "town.json", "--fertility", "1"), "and so does"),
        (("project", "--out", "x", "--scenario", "town.json", "--name", "own_b"), "no projection"),
        (("project", "--out", "x", "--base", "high_fertility"), "no variant high_fertility"),
        (("plot", "--out", "x.png", "--kind", "cake"), "no kind of picture"),
        (("plot", "--out", "x.png", "--kind", "pyramid", "--year", "2099"), "not projected"),
        (("plot", "--out", "x.gif"), "cannot be written in this form"),
        (("compare", "england", "town", "--variant", "ppp"), "no variant ppp"),
    ],
)
def test_mistakes_are_told(folder, arguments, words):
    said = acutecast("population", *arguments, cwd=folder, code=2).stderr
    assert words in said
