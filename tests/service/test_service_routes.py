"""Who may use which address: every one has a rule here, or these tests fail."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from small_service import CONTENT

OPEN, OWN, READS, WRITES = "open", "own", "reads", "writes"
"""For everybody; for everybody known, who each see their own; for who sees the thing; for who may
change it."""


@dataclass
class Rule:
    kind: str
    query: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    finished: bool = False
    before: Callable[..., Any] | None = None


def deleted(service, scenario):
    assert service.by("anna").ask("DELETE", f"/v1/scenarios/{scenario}").status == 204


DEMO = {"provider": "DEMO"}
BEDS = {"measure": "beddays"}
RESULT = {"finished": True}
RULES = {
    ("GET", "/health"): Rule(OPEN),
    ("GET", "/v1/me"): Rule(OWN),
    ("GET", "/v1/providers"): Rule(OWN),
    ("POST", "/v1/scenarios/check"): Rule(OWN, json=CONTENT),
    ("GET", "/v1/scenarios"): Rule(OWN),
    ("POST", "/v1/scenarios"): Rule(WRITES, DEMO, CONTENT),
    ("GET", "/v1/scenarios/{scenario}"): Rule(READS),
    ("PATCH", "/v1/scenarios/{scenario}"): Rule(
        WRITES, json={"edits": [{"path": ["runs"], "value": 9}]}, headers={"If-Match": '"1"'}
    ),
    ("PUT", "/v1/scenarios/{scenario}"): Rule(WRITES, json=CONTENT, headers={"If-Match": '"1"'}),
    ("DELETE", "/v1/scenarios/{scenario}"): Rule(WRITES),
    ("POST", "/v1/scenarios/{scenario}/restore"): Rule(WRITES, before=deleted),
    ("POST", "/v1/scenarios/{scenario}/copy"): Rule(WRITES),
    ("PUT", "/v1/scenarios/{scenario}/shared"): Rule(WRITES, json={"shared": False}),
    ("GET", "/v1/scenarios/{scenario}/history"): Rule(READS),
    ("GET", "/v1/scenarios/{scenario}/export"): Rule(READS),
    ("GET", "/v1/runs"): Rule(OWN),
    ("POST", "/v1/runs"): Rule(WRITES, json=DEMO | {"scenario": CONTENT, "runs": 2}),
    ("GET", "/v1/runs/{run}"): Rule(READS),
    ("DELETE", "/v1/runs/{run}"): Rule(WRITES),
    ("GET", "/v1/runs/{run}/events"): Rule(READS, {"seconds": 1}, **RESULT),
    ("POST", "/v1/runs/{run}/cancel"): Rule(WRITES),
    ("GET", "/v1/runs/{run}/summary"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/trajectory"): Rule(READS, BEDS, **RESULT),
    ("GET", "/v1/runs/{run}/attribution"): Rule(READS, {"measures": "beddays"}, **RESULT),
    ("GET", "/v1/runs/{run}/values"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/capacity/needs"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/views"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/views/{key}"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/files"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/files/{name}"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/scenario"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/report.{ending}"): Rule(READS, **RESULT),
    ("GET", "/v1/runs/{run}/nhp.zip"): Rule(READS, **RESULT),
}
OTHER_PARTS = {"key": "trajectory", "name": "cube/ip_people.parquet", "ending": "xlsx"}
ALL = [pytest.param(method, path, id=f"{method} {path}") for method, path in RULES]
BY_ID = [case for case in ALL if "{" in case.values[1]]


def leaves(routes) -> Iterator[Any]:
    """Give every route, those of routers within routers too."""
    for route in routes:
        inner = getattr(route, "original_router", route)
        if hasattr(route, "endpoint"):
            yield route
        else:
            yield from leaves(inner.routes)


def described(app) -> dict[tuple[str, str], str]:
    return {
        (method.upper(), path): operation["operationId"]
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    }


def request(service, person, method, path, rule, scenario, run):
    filled = path.format(scenario=scenario, run=run, **OTHER_PARTS)
    return service.by(person).ask(method, filled, rule.query, json=rule.json, headers=rule.headers)


def test_every_address_has_a_rule(service):
    operations = described(service.app)
    assert set(operations) == set(RULES)
    there = {route.endpoint.__name__ for route in leaves(service.app.routes)}
    # Besides what is described there is only the first page and the description itself.
    assert there - set(operations.values()) == {"root", "openapi"}
    assert len(set(operations.values())) == len(operations)


@pytest.mark.parametrize(("method", "path"), ALL)
def test_only_who_may_gets_an_answer(service, done, method, path):
    rule = RULES[method, path]
    scenario = service.scenario()
    run = done if rule.finished else service.run(scenario, runs=2)
    if rule.before is not None:
        rule.before(service, scenario)

    def status(person):
        return request(service, person, method, path, rule, scenario, run).status

    assert status(None) == (200 if rule.kind == OPEN else 401)
    if rule.kind in (READS, WRITES):
        # Of another provider: as if it did not exist.
        assert status("olaf") == 404
    if rule.kind == WRITES:
        # A deleted scenario is there only for who may restore it.
        assert status("rita") == (404 if rule.before else 403)
    else:
        assert status("rita") == 200
    assert status("anna") in (200, 201, 202, 204)


@pytest.mark.parametrize(("method", "path"), BY_ID)
def test_what_is_private_is_not_found(service, method, path):
    rule = RULES[method, path]
    scenario = service.scenario(shared=False)
    run = service.run(scenario, runs=2)
    if rule.before is not None:
        rule.before(service, scenario)
    private = request(service, "ben", method, path, rule, scenario, run)
    missing = request(service, "ben", method, path, rule, "0" * 32, "0" * 32)
    nonsense = request(service, "ben", method, path, rule, "nonsense", "nonsense")
    assert private.status == missing.status == nonsense.status == 404
    assert private.body == missing.body == nonsense.body
    assert request(service, "ada", method, path, rule, scenario, run).status != 404


def test_lists_have_only_what_one_may_see(service):
    scenario, private = service.scenario(), service.scenario(shared=False)
    run, hidden = service.run(scenario, runs=2), service.run(private, runs=2)

    def seen(person):
        client = service.by(person)
        scenarios = {row["id"] for row in client.get("/v1/scenarios").json()["scenarios"]}
        runs = {row["id"] for row in client.get("/v1/runs", {"limit": 1000}).json()["runs"]}
        return scenarios & {scenario, private}, runs & {run, hidden}

    assert seen("anna") == seen("ada") == ({scenario, private}, {run, hidden})
    assert seen("ben") == seen("rita") == ({scenario}, {run})
    assert seen("olaf") == (set(), set())
    assert service.by("olaf").get("/v1/providers").json() == {"providers": []}
    assert [p["code"] for p in service.by("rita").get("/v1/providers").json()["providers"]] == [
        "DEMO"
    ]


def test_who_one_is(service):
    assert service.by("rita").get("/v1/me").json() == {
        "name": "rita",
        "title": "rita",
        "role": "reader",
        "providers": ["DEMO"],
        "groups": ["readers"],
    }
