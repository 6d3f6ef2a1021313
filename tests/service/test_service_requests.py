"""What holds for every request: limits, numbers, a discreet log, and no stack trace."""

import json
import logging
import re
from dataclasses import replace

import pytest
from in_process import Client, dumps
from small_service import CONTENT

from acutecast.service import application
from acutecast.service.application import make_service

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def anna(service):
    return service.by("anna")


@pytest.fixture
def bounded(service):
    """A client of a service that takes requests of at most 1024 bytes."""
    settings = replace(service.ws.settings, max_bytes=1024)
    return replace(service, app=make_service(replace(service.ws, settings=settings))).by("anna")


def test_the_description_is_complete_and_fetches_nothing(service):
    anybody = service.by(None)
    described = anybody.get("/openapi.json")
    assert described.status == 200
    assert described.json()["info"]["title"] == "Acutecast"
    assert anybody.get("/").json()["description"] == "/openapi.json"
    for path in ("/docs", "/redoc"):
        assert service.by("anna").get(path).status == 404
    for operation in (o for p in described.json()["paths"].values() for o in p.values()):
        assert operation["summary"]
        assert operation["description"]


def test_health(service, tmp_path):
    assert service.by(None).get("/health").json()["ok"]


def test_what_is_too_large_is_refused_before_it_is_read(bounded):
    def never():
        raise AssertionError("the body was read")
        yield b""

    content = dumps(CONTENT | {"description": "x" * 2000})
    stated = [("Content-Length", str(len(content)))]
    answer = bounded.ask(
        "POST", "/v1/scenarios/check", body=never(), headers=[*stated, *JSON.items()]
    )
    assert answer.status == 413
    assert "more than 1,024 bytes" in answer.problems[0]["what"]


def test_a_length_that_is_no_number_is_no_fault_of_ours(bounded):
    answer = bounded.ask(
        "POST", "/v1/scenarios/check", body=[dumps(CONTENT)],
        headers=[("Content-Length", "\xb2"), *JSON.items()],
    )  # fmt: skip
    assert answer.status == 200


def test_what_is_too_large_is_refused_in_chunks_too(bounded):
    read = []

    def chunks():
        for _ in range(1000):
            read.append(1)
            yield b" " * 100

    answer = bounded.ask("POST", "/v1/scenarios/check", body=chunks(), headers=JSON)
    assert answer.status == 413
    assert "more than 1,024 bytes" in answer.problems[0]["what"]
    small = [dumps(CONTENT)[:50], dumps(CONTENT)[50:]]
    assert bounded.ask("POST", "/v1/scenarios/check", body=small, headers=JSON).status == 200


def test_nothing_is_read_of_whom_nobody_knows(service):
    def never():
        raise AssertionError("the body was read")
        yield b""

    answer = service.by(None).ask("POST", "/v1/scenarios", body=never(), headers=JSON)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert service.by(None).get("/v1/no/such/address").status == 401


def test_requests_have_numbers(anna):
    given = anna.get("/v1/me", headers={"X-Request-ID": "from-the-proxy.1"})
    assert given.headers["x-request-id"] == "from-the-proxy.1"
    for wrong in ("a b", "x" * 65, "\nfaked"):
        made = anna.get("/v1/me", headers={"X-Request-ID": wrong})
        assert re.fullmatch("[0-9a-f]{32}", made.headers["x-request-id"])


def test_answers_are_kept_by_nobody(anna):
    for path in ("/v1/me", "/v1/runs/nonsense", "/v1/nothing"):
        headers = anna.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_log_says_who_and_where_but_not_what(service, anna, caplog):
    with caplog.at_level(logging.INFO, "acutecast.service.access"):
        anna.get("/v1/runs", {"scenario": "0" * 32, "secret": "hunter2"})
        service.by(None).get("/v1/me", headers={"Authorization": "Bearer acutecast_wrong"})
        anna.get("/v1/%0afaked")
    lines = [record.getMessage() for record in caplog.records if "access" in record.name]
    assert re.fullmatch(r"[0-9a-f]{32} GET /v1/runs 200 \d+ ms anna", lines[0])
    assert re.fullmatch(r"[0-9a-f]{32} GET /v1/me 401 \d+ ms -", lines[1])
    assert re.fullmatch(r"[0-9a-f]{32} GET /v1/%0Afaked 404 \d+ ms anna", lines[2])
    for word in ("hunter2", "0" * 32, "acutecast_wrong", service.tokens["anna"]):
        assert not any(word in line for line in lines)


def test_our_faults_have_a_number_that_the_log_has(anna, caplog, monkeypatch):
    def broken(*_):
        raise RuntimeError("/secret/path of a stack trace")

    monkeypatch.setattr(application, "datasets", broken)
    answer = anna.get("/v1/providers", headers={"X-Request-ID": "number-7"})
    assert answer.status == 500
    assert answer.json()["id"] == answer.headers["x-request-id"] == "number-7"
    assert b"secret" not in answer.body
    assert b"Traceback" not in answer.body
    (record,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.getMessage() == "request number-7 failed"
    assert record.exc_info


def test_a_database_that_does_not_answer_is_told_in_words(anna, monkeypatch, service):
    from sqlalchemy.exc import OperationalError

    def silent(*_):
        raise OperationalError("SELECT", {}, Exception("database is locked"))

    monkeypatch.setattr(service.ws.engine, "connect", silent)
    answer = anna.get("/v1/scenarios")
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert "could not be read" in answer.problems[0]["what"]
    assert anna.get("/health").status == 503


def test_a_database_that_is_busy_is_told_in_words(anna, done, monkeypatch, service):
    """All connections are taken, by others who wait for the database."""
    pool = service.ws.engine.pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    taken = [service.ws.engine.connect() for _ in range(pool.size() + pool._max_overflow)]
    try:
        for path in ("/v1/scenarios", f"/v1/runs/{done}/summary"):
            answer = anna.get(path)
            assert (answer.status, "retry-after" in answer.headers) == (503, True)
        assert anna.get("/health").status == 503
    finally:
        for connection in taken:
            connection.close()
    assert anna.get("/health").status == 200


def test_paths_of_the_machine_are_not_told(service, anna, done):
    run = service.finished(runs=2)
    (service.ws.settings.runs / run / "attribution.parquet").unlink()
    answer = anna.get(f"/v1/runs/{run}/summary")
    assert answer.status == 409
    assert answer.problems[0]["where"] == f"WORKSPACE/runs/{run}/attribution.parquet"


def test_it_works_behind_a_prefix(service):
    client = service.by("anna", root_path="/acutecast")
    made = client.post("/v1/scenarios", CONTENT, query={"provider": "DEMO"})
    assert made.headers["location"] == f"/acutecast/v1/scenarios/{made.json()['id']}"
    asked = client.post("/v1/runs", {"scenario": made.json()["id"], "runs": 2})
    assert asked.headers["location"].startswith("/acutecast/v1/runs/")
    described = service.by(None, root_path="/acutecast").get("/openapi.json")
    assert described.json()["servers"] == [{"url": "/acutecast"}]
    assert client.get("/").json()["health"] == "/acutecast/health"
    assert Client(service.app, root_path="/acutecast").get("/v1/me").status == 401


def test_other_methods_and_addresses_are_refused_in_words(anna):
    assert anna.ask("PUT", "/v1/me").status == 405
    assert anna.ask("PUT", "/v1/me").problems
    assert anna.get("/v1/me/").status == 404
    assert anna.get("/v1").status == 404


def test_what_is_nested_deeply_is_refused(anna):
    for depth in (100, 900, 5000, 100_000):
        body = b'{"name": "x", "expat": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        answer = anna.ask("POST", "/v1/scenarios/check", body=body, headers=JSON)
        assert answer.status in (400, 422), depth
        assert answer.problems


def test_problems_can_always_be_written(anna):
    answer = anna.ask("POST", "/v1/runs", body=b'{"scenario": "\\ud800"}', headers=JSON)
    assert answer.status == 422
    assert json.loads(answer.body)["problems"]


@pytest.mark.parametrize("path", ["/v1/scenarios/check", "/v1/runs"])
def test_a_body_of_very_many_unknown_names_is_answered_in_few_words(service, path):
    names = {f"name_{i}": 1 for i in range(110_000)}
    body = {"scenario": names, "provider": "DEMO", "runs": 1} if path.endswith("runs") else names
    answer = service.by("anna").post(path, body)
    assert answer.status == 422
    assert len(answer.body) < 50_000
    assert any("too many for a scenario" in problem["what"] for problem in answer.problems)


@pytest.mark.parametrize("headers", [{"Origin": "https://attacker.example"}, {"Host": "x.example"}])
def test_whom_a_proxy_names_is_asked_by_no_page_of_another_address(fresh, tmp_path, headers):
    settings = replace(fresh.ws.settings, identity="proxy", tokens=None)
    client = Client(make_service(replace(fresh.ws, settings=settings)))
    known = {"X-Forwarded-User": "anna"}
    assert client.get("/v1/me", headers=known).status == 200
    host = "Host" not in headers
    assert client.get("/v1/me", headers=known | headers, host=host).status == 403
    named = replace(settings, proxy_secret="a secret of some length")
    client = Client(make_service(replace(fresh.ws, settings=named)))
    assert client.get("/v1/me", headers=known).status == 401
    right = known | {"X-Acutecast-Secret": "a secret of some length"}
    assert client.get("/v1/me", headers=right).status == 200
