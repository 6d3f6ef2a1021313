"""Results over HTTP: the figures of the run and of its pages, in every format, and no more."""

import io
import json
import re
import zipfile
from dataclasses import replace

import polars as pl
import pytest

from acutecast.report import views
from acutecast.report.views import Selection, show
from acutecast.results import hide_small_counts
from acutecast.service import tables
from acutecast.service.application import make_service
from acutecast.service.tables import MEDIA


@pytest.fixture
def anna(service):
    return service.by("anna")


@pytest.fixture
def run(done):
    return f"/v1/runs/{done}"


@pytest.fixture
def site(result):
    return result.cube("ip_people").keys["sitetret"].names[0]


def frame(answer, form):
    read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "arrow": pl.read_ipc_stream}[form]
    return read(io.BytesIO(answer.body))


def test_summary(anna, run, result, site):
    query = {
        "by": "sitetret,age_group", "measures": "beddays,admissions", "years": "2028,2033",
        "where": [f"sitetret={site}", "age_group=75-84,85+"],
    }  # fmt: skip
    answer = anna.get(run + "/summary", query)
    assert answer.status == 200
    wanted = result.summary(
        ("sitetret", "age_group", "measure"), {"sitetret": site, "age_group": ("75-84", "85+")},
        (2028, 2033), measures=("beddays", "admissions"),
    )  # fmt: skip
    said = answer.json()
    assert said["columns"] == wanted.columns
    assert said["rows"] == wanted.to_dicts()
    assert said["notes"] == []
    avoided = anna.get(run + "/summary", {"of": "avoided", "measures": "beddays"}).json()["rows"]
    assert avoided == result.summary(measures=("beddays",), of="avoided").to_dicts()


def test_trajectory_attribution_and_values(anna, run, result):
    path = anna.get(run + "/trajectory", {"measure": "beddays", "where": "sex=1"}).json()["rows"]
    assert path == result.trajectory("beddays", {"sex": "1"}).to_dicts()
    query = {"by": "change_factor,strategy", "measures": "beddays", "years": "2028"}
    rows = anna.get(run + "/attribution", query).json()["rows"]
    parts = result.attribution(("change_factor", "strategy"), {"measure": "beddays"}, 2028)
    assert rows == parts.to_dicts()
    query = {"form": "isolated", "measures": "beddays"}
    rows = anna.get(run + "/attribution", query).json()["rows"]
    assert rows == result.attribution(where={"measure": "beddays"}, form="isolated").to_dicts()
    answer = result.values("beddays", ("sex", "measure"), {}, [2028, 2033])
    rows = anna.get(run + "/values", {"by": "sex", "measures": "beddays", "years": "all"}).json()[
        "rows"
    ]
    assert [row["values"] for row in rows] == answer.values.reshape(-1, result.runs).tolist()
    assert [(row["sex"], row["year"]) for row in rows] == [
        ("1", 2028), ("1", 2033), ("2", 2028), ("2", 2033),
    ]  # fmt: skip
    assert [row["baseline"] for row in rows[::2]] == answer.baseline.tolist()


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_tables_come_in_other_formats(anna, run, result, form):
    wanted = result.summary()
    for answer in (
        anna.get(run + "/summary", {"format": form}),
        anna.get(run + "/summary", headers={"Accept": f"text/html;q=0.1, {MEDIA[form]}"}),
    ):
        assert answer.headers["content-type"].partition(";")[0] == MEDIA[form]
        assert answer.headers["vary"] == "Accept"
        found = frame(answer, form)
        assert found.columns == wanted.columns
        assert found.to_dicts() == wanted.to_dicts()


def test_every_run_has_a_column_in_csv_and_a_list_elsewhere(anna, run, result):
    query = {"measures": "beddays", "by": "sex"}
    wide = frame(anna.get(run + "/values", query | {"format": "csv"}), "csv")
    listed = frame(anna.get(run + "/values", query | {"format": "parquet"}), "parquet")
    runs = [name for name in wide.columns if name.startswith("run_")]
    assert runs == [f"run_{number}" for number in range(1, result.runs + 1)]
    assert wide.select(runs).rows() == [tuple(row) for row in listed["values"].to_list()]


@pytest.mark.parametrize(
    ("accept", "status"),
    [("*/*", 200), ("", 200), ("text/html,*/*;q=0.8", 200), ("application/*", 200),
     ("image/png", 406), ("application/json;q=0", 406), ("text/csv;q=x", 406)],
)  # fmt: skip
def test_accept(anna, run, accept, status):
    answer = anna.get(run + "/summary", headers={"Accept": accept})
    assert answer.status == status
    if status == 200:
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "query",
    ["by=nonsense", "where=nonsense", "where=sitetret=", "where=sex=1&where=sex=2", "years=2029",
     "years=x", "years=", "measures=nonsense",
     "measures=beddays&where=activity_type=aae&by=sex", "where=sitetret=nowhere", "of=nonsense",
     "suppress=1", "format=xml"],
)  # fmt: skip
def test_wrong_questions_are_refused_in_words(anna, run, query):
    answer = anna.get(f"{run}/summary?{query}")
    assert answer.status == 422
    assert all(problem["what"] for problem in answer.problems)


@pytest.mark.parametrize("key", [view.key for view in views.VIEWS])
def test_views_have_the_figures_of_the_pages(anna, run, result, key):
    answer = anna.get(f"{run}/views/{key}")
    assert answer.status == 200
    pages = show(result, key)
    for said, page in zip(answer.json()["shown"], pages, strict=True):
        assert said["rows"] == page.table.to_dicts()
        assert (said["title"], said["words"], said["notes"]) == (
            page.title, page.words, list(page.notes),
        )  # fmt: skip
        assert [column["name"] for column in said["columns"]] == page.table.columns


def test_a_view_of_a_selection(anna, run, result, site):
    query = {"activity": "ip", "ip_sites": site, "measure": "admissions", "ages": "75-84,85+"}
    selection = Selection("ip", (), "admissions", (site,), ages=("75-84", "85+"))
    (page,) = show(result, "trajectory", selection)
    answer = anna.get(run + "/views/trajectory", query)
    assert answer.json()["shown"][0]["rows"] == page.table.to_dicts()
    table = frame(anna.get(run + "/views/trajectory", query | {"format": "parquet"}), "parquet")
    assert table.equals(page.table)
    second = anna.get(run + "/views/summary", {"format": "csv", "table": 1})
    assert "sitetret" in frame(second, "csv").columns
    assert anna.get(run + "/views/summary", {"format": "csv", "table": 9}).status == 422
    assert anna.get(run + "/views/nonsense").status == 404
    assert anna.get(run + "/views/summary", {"year": "soon"}).status == 422
    listed = anna.get(run + "/views").json()
    assert [view["key"] for view in listed["views"]] == [view.key for view in views.VIEWS]
    assert [site, site] in listed["choices"]["ip_sites"]


def test_capacity(service, anna, run, result):
    from acutecast.capacity import open_capacity

    capacity = open_capacity(result)
    assert capacity is not None
    rows = anna.get(run + "/capacity/needs", {"years": "all"}).json()["rows"]
    assert rows == capacity.needs(years="all").to_dicts()
    assert anna.get(run + "/capacity/needs", {"areas": "nonsense"}).status == 422
    without = service.finished(runs=2)
    answer = anna.get(f"/v1/runs/{without}/capacity/needs")
    assert (answer.status, answer.problems[0]["what"]) == (409, "the run has no capacity")
    assert anna.get(f"/v1/runs/{without}/views/capacity").status == 422


@pytest.mark.parametrize(
    "name",
    ["run.json", "timings.json", "../run.json", "cube/../run.json", "/etc/passwd", "cube",
     "..%2f..%2facutecast.db", "cube%2f..%2f..%2frun.json", "cube/ip_people.parquet/", "%00",
     "capacity/capacity.json"],
)  # fmt: skip
def test_only_files_that_the_run_lists_are_given(anna, run, name):
    assert anna.get(f"{run}/files/{name}").status == 404


def test_reports_are_those_of_the_documents(anna, run, result, tmp_path):
    from acutecast.report.documents import write_report

    book = anna.get(run + "/report.xlsx")
    write_report(result, tmp_path / "report.xlsx")
    assert book.body == (tmp_path / "report.xlsx").read_bytes()
    assert book.headers["content-disposition"].endswith('acutecast-closer-to-home.xlsx"')
    page = anna.get(run + "/report.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-disposition"].startswith("attachment")
    assert anna.get(run + "/report.pdf").status == 404
    assert anna.get(run + "/report.html", {"compare": "0" * 32}).status == 404


def test_nhp_tables_and_the_scenario_as_run(anna, run, result):
    archive = zipfile.ZipFile(io.BytesIO(anna.get(run + "/nhp.zip").body))
    assert "default.parquet" in archive.namelist()
    assert len(archive.namelist()) >= 11
    assert anna.get(run + "/scenario").body.decode() == result.scenario_json


def test_small_numbers_are_hidden_as_the_installation_says(service, run, result, done):
    ws = service.ws
    strict = replace(ws, settings=replace(ws.settings, suppress=1000))
    anna = replace(service, ws=strict, app=make_service(strict)).by("anna")
    query = {"by": "age_group", "suppress": 5}
    said = anna.get(run + "/summary", query).json()
    shown = hide_small_counts(result.summary(("age_group", "measure")), 1000)
    assert shown["baseline"].null_count() > 0
    assert said["rows"] == shown.to_dicts()
    assert said["notes"] == [
        "Baseline counts of 1 to 999, and figures that would give them back, are not shown."
    ]
    values = anna.get(run + "/values", query).json()["rows"]
    assert [row["baseline"] for row in values] == shown["baseline"].to_list()
    (small,) = [
        row for row in result.summary(("age_group",), measures="beddays").to_dicts()
        if row["age_group"] == "35-49"
    ]  # fmt: skip
    assert 1 <= small["baseline"] < 1000
    rows = {"measure": "beddays", "where": "age_group=35-49"}
    path = anna.get(run + "/trajectory", rows).json()["rows"]
    assert path[0] == {"year": 2023, "mean": None, "p10": None, "median": None, "p90": None}
    assert path[-1]["mean"] == small["mean"]
    parts = {"by": "pod,change_factor", "measures": "procedures"}
    all_parts = service.by("anna").get(run + "/attribution", parts).json()["rows"]
    kept = anna.get(run + "/attribution", parts).json()["rows"]
    assert kept == [row for row in all_parts if not 1 <= row["baseline"] < 1000]
    view = anna.get(run + "/views/pyramid").json()["shown"][0]["rows"]
    assert view == show(result, "pyramid", Selection(suppress=1000))[0].table.to_dicts()
    # Files say what was stored.
    refused = anna.get(run + "/files/cube/ip_people.parquet")
    assert (refused.status, refused.problems[0]["remedy"][:21]) == (409, "Run the scenario agai")
    nhp = {
        name: zipfile.ZipFile(io.BytesIO(client.get(run + "/nhp.zip").body)).read("default.parquet")
        for name, client in (("strict", anna), ("open", service.by("anna")))
    }
    assert nhp["strict"] != nhp["open"]


def test_stored_parts_of_hidden_counts_are_given_by_no_file(service, anna):
    """Parts are stored in full, and a projection less its parts is the count it started from."""
    run = f"/v1/runs/{service.finished(runs=2, suppress=5)}"
    names = {file["name"] for file in anna.get(run + "/files").json()["files"]}
    assert "cube/ip_people.parquet" in names
    for name in ("attribution.parquet", "step_counts.parquet"):
        assert name not in names
        refused = anna.get(f"{run}/files/{name}")
        assert refused.status == 409
        assert "would give them back" in refused.problems[0]["what"]
    for name in names:
        table = pl.read_parquet(io.BytesIO(anna.get(f"{run}/files/{name}").body))
        assert "change_factor" not in table.columns
        if "baseline" in table.columns:
            assert table.filter(pl.col("baseline").is_between(1, 4)).is_empty()


def test_small_counts_are_hidden_in_notes_and_spaces(service, anna, run, result):
    from acutecast.capacity import open_capacity

    strict = service.finished(runs=2, suppress=1000, capacity=True)
    rows = re.compile(r"\((\d+) rows?\b")
    message = anna.get(f"/v1/runs/{strict}").json()["message"]
    notes = anna.get(f"/v1/runs/{strict}/capacity/needs").json()["notes"]
    for text in (message, *notes):
        assert all(int(count) >= 1000 for count in rows.findall(text))
    capacity = open_capacity(result)
    assert capacity is not None
    assert rows.search(" ".join(anna.get(run + "/capacity/needs").json()["notes"]))
    hidden = anna.get(run + "/capacity/needs", {"suppress": 1000}).json()
    assert "No space of the baseline is shown" in hidden["notes"][-1]
    assert not any(rows.search(note) for note in hidden["notes"])
    shown = capacity.needs().to_dicts()
    assert hidden["rows"] == [row | {"baseline": None} for row in shown]


def test_no_csv_holds_a_live_formula():
    sites = pl.DataFrame({"sitetret": ["=cmd|' /C calc'!A0", "RXX01"], "mean": [-1.5, 2.0]})
    text = tables.answer(tables.Table(sites), "csv", "summary").body
    assert bytes(text) == b"sitetret,mean\n'=cmd|' /C calc'!A0,-1.5\nRXX01,2.0\n"
    said = json.loads(bytes(tables.answer(tables.Table(sites), "json", "summary").body))
    assert said["rows"][0]["sitetret"] == "=cmd|' /C calc'!A0"
