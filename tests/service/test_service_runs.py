"""Runs over HTTP: asked for, followed, stopped; the same figures as without the service."""

import json
import re
from dataclasses import replace

import pytest
from small_service import CONTENT

import acutecast as ac
from acutecast.capacity import options as capacity_options
from acutecast.service import runs
from acutecast.service.application import make_service
from acutecast.service.refusals import Refused
from acutecast.workspace import Person, delete_job, read_job, work_once
from loops import in_own_loop

ADA = Person("ada", "Ada", "admin", ("*",))


@pytest.fixture
def anna(service):
    return service.by("anna")


def events(answer):
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = re.findall(r"^event: (\w+)\ndata: (.*)\n$", answer.body.decode(), re.MULTILINE)
    return [(name, json.loads(data)) for name, data in found]


def test_a_run_over_http_has_the_figures_of_one_without(
    service, anna, done, result, data, tmp_path
):
    alone = ac.run(
        CONTENT, data, tmp_path / "alone", years=[2028, 2033], empty_tpmas="warn",
        capacity=capacity_options(),
    )  # fmt: skip
    summary = anna.get(f"/v1/runs/{done}/summary", {"years": "all"}).json()
    assert summary["rows"] == alone.summary(years=[2028, 2033]).to_dicts()
    files = anna.get(f"/v1/runs/{done}/files").json()["files"]
    assert {file["name"] for file in files} == set(alone.info["tables"])
    for file in files:
        fetched = anna.get(f"/v1/runs/{done}/files/{file['name']}")
        assert fetched.body == (tmp_path / "alone" / file["name"]).read_bytes()
        assert len(fetched.body) == file["bytes"]


def test_a_run_is_asked_for_and_followed(fresh):
    anna = fresh.by("anna")
    scenario = fresh.scenario()
    asked = {"scenario": scenario, "years": [2028], "runs": 4, "suppress": 5}
    first = anna.post("/v1/runs", asked)
    assert first.status == 202
    where = first.headers["location"]
    said = first.json()
    assert where == f"/v1/runs/{said['id']}"
    assert (said["state"], said["position"], said["who"]) == ("queued", 1, "anna")
    assert said["options"] == {
        "runs": 4, "years": [2028, 2033], "baseline_year": 2023, "capacity": False, "suppress": 5,
    }  # fmt: skip
    # Asked again, it is the same run, so a request may be repeated.
    assert anna.post("/v1/runs", asked).headers["location"] == where
    assert anna.get("/v1/runs", {"scenario": scenario, "state": "queued"}).json()["runs"] == [said]
    waiting = events(anna.get(where + "/events", {"seconds": 1}))
    assert waiting == [("run", said)]
    assert anna.get(where, {"wait": 1}).json() == said
    too_early = anna.get(where + "/summary")
    assert too_early.status == 409
    assert "is queued, so it has no results" in too_early.problems[0]["what"]

    assert work_once(fresh.ws, "worker")

    ended = anna.get(where, {"wait": 60}).json()
    assert (ended["state"], ended["position"]) == ("done", None)
    assert ended["asked_at"] <= ended["started_at"] <= ended["ended_at"]
    assert events(anna.get(where + "/events")) == [("run", ended)]
    assert anna.get(f"/v1/scenarios/{scenario}").json()["last_run"]["state"] == "done"
    assert anna.get("/v1/runs", {"state": "queued"}).json()["runs"] == []
    assert anna.ask("DELETE", where).status == 204
    assert anna.get(where).status == anna.get(where + "/summary").status == 404
    assert not list(fresh.ws.settings.runs.iterdir())


def test_a_scenario_may_come_with_the_request(service, anna):
    asked = {"scenario": CONTENT, "provider": "DEMO", "name": "Sent", "runs": 2}
    answer = anna.post("/v1/runs", asked)
    assert answer.status == 202
    scenario = anna.get(f"/v1/scenarios/{answer.json()['scenario_id']}").json()
    assert (scenario["name"], scenario["owner"], scenario["shared"]) == ("Sent", "anna", False)
    assert answer.json()["provider"] == "DEMO"
    said = anna.post("/v1/runs", {"scenario": CONTENT | {"dataset": "DEMO"}, "runs": 2})
    assert said.status == 202


def test_what_cannot_be_run_leaves_nothing_behind(service, anna):
    def there():
        return [
            len(anna.get("/v1/scenarios", {"deleted": deleted}).json()["scenarios"])
            for deleted in (False, True)
        ]

    before = there()
    wrong = {"scenario": CONTENT | {"horizon_year": 2140}, "provider": "DEMO", "runs": 5000}
    answer = anna.post("/v1/runs", wrong)
    assert answer.status == 422
    assert {"runs", "horizon_year"} <= {problem["where"] for problem in answer.problems}
    nowhere = anna.post("/v1/runs", {"scenario": CONTENT})
    assert (nowhere.status, nowhere.problems[0]["where"]) == (422, "provider")
    assert anna.post("/v1/runs", {"scenario": CONTENT, "provider": "RYY"}).status == 404
    assert there() == before
    unknown = anna.post("/v1/runs", {"scenario": CONTENT, "provider": "DEMO", "year": 2030})
    assert (unknown.status, unknown.problems[0]["where"]) == (422, "body.year")


def test_a_run_is_stopped(service, anna):
    run = f"/v1/runs/{service.run(runs=2)}"
    assert service.by("ben").post(run + "/cancel").status == 403
    stopped = anna.post(run + "/cancel").json()
    assert (stopped["state"], stopped["message"]) == ("cancelled", "Stopped by anna.")
    assert anna.post(run + "/cancel").json() == stopped
    assert anna.get(run + "/summary").status == 409


def test_who_follows_a_run_hears_that_it_is_gone(service, anna):
    run = service.run(runs=2)

    async def heard():
        job = read_job(service.ws, ADA, run)
        following = runs._events(service.ws, ADA, job, 60)
        first = await anext(following)
        delete_job(service.ws, ADA, run)
        return first, [told async for told in following]

    first, rest = in_own_loop(heard())
    assert first.startswith("event: run\ndata: {")
    assert rest == ["event: gone\ndata: {}\n\n"]
    assert runs._followers == 0


def test_who_begins_to_follow_is_counted_before_the_answer(service, anna, monkeypatch):
    """Many who come in the same moment do not all pass where there is room for one."""
    run = service.run(runs=2)
    monkeypatch.setattr(runs, "MOST_FOLLOWERS", 1)

    async def came():
        job = read_job(service.ws, ADA, run)
        first, second = (runs._events(service.ws, ADA, job, 60) for _ in range(2))
        assert (await anext(first)).startswith("event: run")
        with pytest.raises(Refused):
            await anext(second)
        # Who leaves makes room.
        await first.aclose()
        assert await anext(runs._events(service.ws, ADA, job, 60))

    in_own_loop(came())
    assert runs._followers == 0


def test_not_too_many_follow_runs(service, anna, done, monkeypatch):
    waiting = f"/v1/runs/{service.run(runs=2)}"
    monkeypatch.setattr(runs, "_followers", runs.MOST_FOLLOWERS)
    for refused in (anna.get(waiting, {"wait": 1}), anna.get(waiting + "/events")):
        assert (refused.status, "retry-after" in refused.headers) == (503, True)
    assert anna.get(waiting).status == 200
    assert anna.get(f"/v1/runs/{done}", {"wait": 60}).status == 200


def test_nobody_fills_the_queue(fresh):
    ws = replace(fresh.ws, settings=replace(fresh.ws.settings, max_queued=2, max_runs=16))
    fresh.app = make_service(ws)
    anna, scenario = fresh.by("anna"), fresh.scenario()
    first, second = (fresh.run(scenario, runs=number) for number in (2, 3))
    refused = anna.post("/v1/runs", {"scenario": scenario, "years": "horizon", "runs": 4})
    assert refused.status == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "as many of your runs wait" in refused.problems[0]["what"]
    assert "cancel one" in refused.problems[0]["remedy"]
    sent = {"scenario": CONTENT, "provider": "DEMO"}
    assert anna.post("/v1/runs", sent).status == 429
    assert len(anna.get("/v1/scenarios").json()["scenarios"]) == 1
    assert anna.get("/v1/scenarios", {"deleted": True}).json()["scenarios"] == []
    # What waits already may be asked for again; others have places of their own.
    again = anna.post("/v1/runs", {"scenario": scenario, "years": "horizon", "runs": 3})
    assert (again.status, again.json()["id"]) == (202, second)
    assert fresh.run(scenario, person="ben", runs=4)
    assert anna.post(f"/v1/runs/{first}/cancel").status == 200
    many = anna.post("/v1/runs", {"scenario": scenario, "runs": 17})
    assert (many.status, many.problems[0]["where"]) == (422, "runs")
    assert "from 1 to 16" in many.problems[0]["what"]
    assert anna.post("/v1/runs", {"scenario": scenario, "runs": 16}).status == 202
