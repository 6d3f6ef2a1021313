"""Scenarios over HTTP: everything wrong at once, no edit lost, and files in and out."""

import json

import pytest
from small_service import CONTENT

from acutecast.scenario import load_scenario, to_nhp

DEMO = {"provider": "DEMO"}
FALLS = ["activity_avoidance", "ip", "falls_related_admissions"]


@pytest.fixture
def anna(service):
    return service.by("anna")


@pytest.fixture
def scenario(service):
    return f"/v1/scenarios/{service.scenario()}"


def edits(*pairs, **more):
    return {"edits": [{"path": path, "value": value} for path, value in pairs], **more}


def of(revision):
    return {"If-Match": f'"{revision}"'}


def test_a_good_scenario_is_in_order(anna):
    checked = anna.post("/v1/scenarios/check", CONTENT, query=DEMO)
    assert checked.status == 200
    said = checked.json()
    assert (said["name"], said["provider"], said["form"]) == ("Closer to home", "DEMO", "acutecast")
    assert said["assumptions"] > 0
    assert said["problems"] == []


def test_everything_wrong_comes_back_at_once(anna):
    wrong = CONTENT | {"runs": 0, "horizn": 2033, "activity_avoidance": {"ip": {"x": [2, 1]}}}
    checked = anna.post("/v1/scenarios/check", wrong)
    assert checked.status == 422
    problems = {problem["where"]: problem for problem in checked.problems}
    assert {"runs", "horizn", "activity_avoidance.ip.x"} <= set(problems)
    assert set(checked.json()) == {"title", "status", "problems"}
    for problem in problems.values():
        assert set(problem) == {"where", "what", "count", "example", "remedy"}
    # What cannot be made has the same problems.
    made = anna.post("/v1/scenarios", wrong, query=DEMO)
    assert (made.status, made.problems) == (422, checked.problems)


def test_a_scenario_is_checked_against_the_data(anna):
    late = CONTENT | {"horizon_year": 2140}
    assert anna.post("/v1/scenarios/check", late).status == 200
    checked = anna.post("/v1/scenarios/check", late, query=DEMO)
    assert checked.status == 422
    assert "the population of the data ends" in checked.problems[0]["what"]
    assert anna.post("/v1/scenarios/check", CONTENT, query={"provider": "RYY"}).status == 404


def test_nhp_parameters_go_in_and_come_out(anna):
    params = to_nhp(load_scenario({"dataset": "DEMO", "baseline_year": 2023} | CONTENT))
    checked = anna.post("/v1/scenarios/check", params, query=DEMO)
    assert (checked.status, checked.json()["form"]) == (200, "nhp")
    made = anna.post("/v1/scenarios", params, query=DEMO | {"name": "As NHP"})
    assert made.status == 201
    back = anna.get(made.headers["location"] + "/export", {"form": "nhp"})
    assert back.headers["content-disposition"] == 'attachment; filename="params.json"'
    assert back.json()["activity_avoidance"] == params["activity_avoidance"]


def test_make_read_and_export(anna):
    made = anna.post("/v1/scenarios", CONTENT, query=DEMO | {"name": "Mine", "shared": True})
    assert (made.status, made.headers["etag"]) == (201, '"1"')
    read = anna.get(made.headers["location"])
    assert (read.json(), read.headers["etag"]) == (made.json(), '"1"')
    row = read.json()
    assert (row["name"], row["owner"], row["provider"], row["shared"]) == (
        "Mine", "anna", "DEMO", True,
    )  # fmt: skip
    assert row["created_at"].endswith("Z")
    assert row["content"]["activity_avoidance"] == CONTENT["activity_avoidance"]
    exported = anna.get(f"/v1/scenarios/{row['id']}/export").json()
    assert load_scenario(exported).runs == 8
    assert anna.post("/v1/scenarios", query=DEMO).json()["assumptions"] == 0


def test_an_edit_says_which_revision_it_saw(anna, scenario):
    change = edits((["runs"], 9))
    missing = anna.ask("PATCH", scenario, json=change)
    assert missing.status == 428
    assert missing.problems[0]["where"] == "If-Match"
    for nonsense in ('"2"', '"0"', "nonsense", '"' + "9" * 400 + '"'):
        answer = anna.ask("PATCH", scenario, json=change, headers={"If-Match": nonsense})
        assert answer.status == 412, nonsense
    assert anna.get(scenario).json()["revision"] == 1
    edited = anna.ask("PATCH", scenario, json=change, headers=of(1))
    assert (edited.status, edited.headers["etag"]) == (200, '"2"')
    assert edited.json()["content"]["runs"] == 9


def test_edits_of_different_paths_are_both_kept(service, anna, scenario):
    first = anna.ask("PATCH", scenario, json=edits((["runs"], 9)), headers=of(1))
    other = edits((["horizon_year"], 2035), reason="Longer")
    second = service.by("ben").ask("PATCH", scenario, json=other, headers=of(1))
    assert (first.status, second.status) == (200, 200)
    content = second.json()["content"]
    assert (content["runs"], content["horizon_year"]) == (9, 2035)
    latest = anna.get(scenario + "/history").json()["changes"][0]
    assert (latest["who"], latest["reason"], latest["path"]) == ("ben", "Longer", ["horizon_year"])


def test_edits_of_the_same_path_conflict_and_none_is_made(service, anna, scenario):
    assert anna.ask("PATCH", scenario, json=edits((FALLS, [0.5, 0.6])), headers=of(1)).status == 200
    mine = edits((FALLS, [0.7, 0.8]), (["runs"], 9))
    refused = service.by("ben").ask("PATCH", scenario, json=mine, headers=of(1))
    assert (refused.status, refused.headers["etag"]) == (409, '"2"')
    (conflict,) = refused.json()["conflicts"]
    assert (conflict["path"], conflict["who"]) == (FALLS, "anna")
    assert (conflict["mine"], conflict["theirs"]) == ([0.7, 0.8], [0.5, 0.6])
    assert refused.problems[0]["what"] == "anna changed this since"
    now = anna.get(scenario).json()
    assert (now["revision"], now["content"]["runs"]) == (2, 8)
    # Seen again, or insisted upon, it is made.
    assert service.by("ben").ask("PATCH", scenario, json=mine, headers=of(2)).status == 200
    forced = anna.ask("PATCH", scenario, json=edits((["runs"], 7), force=True), headers=of(1))
    assert (forced.status, forced.json()["content"]["runs"]) == (200, 7)
    anything = {"If-Match": "*"}
    assert anna.ask("PATCH", scenario, json=edits((["runs"], 6)), headers=anything).status == 200


def test_a_wrong_edit_changes_nothing(anna, scenario):
    wrong = edits((["runs"], 9), (["horizn"], 1), (FALLS, [2, 1]))
    refused = anna.ask("PATCH", scenario, json=wrong, headers=of(1))
    assert refused.status == 422
    assert len(refused.problems) >= 2
    assert anna.get(scenario).json()["revision"] == 1
    fixed = anna.ask("PATCH", scenario, json=edits((["dataset"], "RYY")), headers=of(1))
    assert (fixed.status, fixed.problems[0]["where"]) == (422, "dataset")


def test_a_whole_scenario_is_put_in_place(service, anna, scenario):
    content = anna.get(scenario).json()["content"]
    theirs = edits((["horizon_year"], 2035))
    assert service.by("ben").ask("PATCH", scenario, json=theirs, headers=of(1)).status == 200
    mine = {key: value for key, value in content.items() if key != "activity_avoidance"}
    put = anna.ask("PUT", scenario, {"reason": "Start again"}, mine | {"runs": 5}, headers=of(1))
    assert put.status == 200
    assert put.json()["content"]["horizon_year"] == 2035
    assert put.json()["content"]["runs"] == 5
    assert "activity_avoidance" not in put.json()["content"]
    assert anna.get(scenario, {"revision": 1}).json()["content"] == content
    late = service.by("ben").ask("PUT", scenario, json=content | {"runs": 4}, headers=of(2))
    assert late.status == 409
    assert anna.ask("PUT", scenario, json=content | {"dataset": "RYY"}, headers=of(3)).status == 422


def test_nhp_parameters_are_put_in_place(anna, scenario):
    params = to_nhp(load_scenario({"dataset": "DEMO", "baseline_year": 2023, **CONTENT}))
    put = anna.ask("PUT", scenario, json=params | {"model_runs": 64}, headers=of(1))
    assert (put.status, put.json()["content"]["runs"]) == (200, 64)
    unsaid = {"name": "No provider is said", "runs": 4}
    put = anna.ask("PUT", scenario, json=unsaid, headers=of(2))
    assert (put.status, put.json()["provider"], put.json()["name"]) == (200, "DEMO", unsaid["name"])


def test_share_copy_delete_restore(service, anna):
    scenario = f"/v1/scenarios/{service.scenario(shared=False)}"
    ben = service.by("ben")
    assert ben.get(scenario).status == 404
    assert anna.ask("PUT", scenario + "/shared", json={"shared": True}).json()["shared"]
    copied = ben.post(scenario + "/copy", query={"name": "Ben's"})
    assert (copied.status, copied.json()["owner"], copied.json()["name"]) == (201, "ben", "Ben's")
    assert ben.ask("DELETE", scenario).status == 403
    assert anna.ask("DELETE", scenario).status == 204
    identity = scenario.rpartition("/")[2]

    def listed(query=None):
        return {row["id"] for row in anna.get("/v1/scenarios", query).json()["scenarios"]}

    assert identity not in listed()
    assert identity in listed({"deleted": True})
    assert anna.post("/v1/runs", {"scenario": identity}).status == 422
    assert anna.post(scenario + "/restore").status == 200
    assert identity in listed({"provider": "DEMO"})
    kinds = [row["kind"] for row in anna.get(scenario + "/history").json()["changes"]]
    assert kinds == ["restore", "delete", "share", "create"]
    assert len(anna.get(scenario + "/history", {"limit": 1}).json()["changes"]) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {"Content-Type": "application/json"}, 422),
        (b'{"name": "\xff"}', {"Content-Type": "application/json"}, 400),
        (b"[" * 100_000, {"Content-Type": "application/json"}, 400),
        (b'{"runs": ' + b"9" * 5000 + b"}", {"Content-Type": "application/json"}, 400),
        (b"[]", {"Content-Type": "application/json"}, 422),
        (b"null", {"Content-Type": "application/json"}, 422),
        (b'{"name": "x"}', {"Content-Type": "text/plain"}, 422),
        (b'{"name": "x"}', {}, 422),
        (b'{"name": "\\ud800"}', {"Content-Type": "application/json"}, 422),
        (b'{"name": "x", "runs": NaN}', {"Content-Type": "application/json"}, 422),
        (b'{"name": "x", "\\ud800": "\\ud800"}', {"Content-Type": "application/json"}, 422),
        (b"", {}, 422),
    ],
)
def test_what_is_no_scenario_is_refused_in_words(anna, body, headers, status):
    answer = anna.ask("POST", "/v1/scenarios/check", body=body, headers=headers)
    assert answer.status == status
    assert answer.problems
    json.dumps(answer.problems)
