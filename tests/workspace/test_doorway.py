"""Who is let in by the name they ask for, the page that asks for them, and the proxy they use."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acutecast.errors import AcutecastError
from acutecast.workspace import Forbidden, identify
from acutecast.workspace.doorway import (
    SECRET_HEADER,
    Door,
    exposure_problem,
    name_of,
    refusal,
    through_proxy,
)
from acutecast.workspace.processes import environment_of
from acutecast.workspace.settings import Settings, read_settings
from loops import in_own_loop

HERE = {"host": "127.0.0.1:8050"}
PAGE = {**HERE, "origin": "http://127.0.0.1:8050"}
FOREIGN = {**HERE, "origin": "http://attacker.example"}


def scope(headers, kind="websocket", method="GET", path="/"):
    pairs = headers.items() if isinstance(headers, dict) else headers
    made = {
        "type": kind, "path": path, "root_path": "",
        "headers": [(k.lower().encode(), v.encode()) for k, v in pairs],
    }  # fmt: skip
    return made | ({"method": method} if kind == "http" else {})


def let_in(headers, kind="websocket", method="GET", **settings: Any):
    return refusal(Settings(Path("home"), **settings), scope(headers, kind, method)) is None


@pytest.mark.parametrize("identity", ["local", "proxy", "azure", "connect"])
def test_a_page_of_another_address_opens_no_websocket(identity):
    assert let_in(PAGE, identity=identity, hosts=("a.example",))
    assert not let_in(FOREIGN, identity=identity, hosts=("a.example",))
    assert not let_in({**HERE, "origin": "null"}, identity=identity, hosts=("a.example",))
    assert not let_in({**HERE, "origin": "http://127.0.0.1:9000"}, identity=identity,
                      hosts=("a.example",))  # fmt: skip
    assert not let_in({**PAGE, "sec-fetch-site": "same-site"}, identity=identity)


@pytest.mark.parametrize("identity", ["local", "proxy", "azure"])
def test_a_name_that_somebody_made_lead_here_is_none_of_ours(identity):
    rebound = {"host": "attacker.example:8050", "origin": "http://attacker.example:8050"}
    for kind in ("http", "websocket"):
        assert not let_in(rebound, kind, identity=identity)
        assert not let_in([*HERE.items(), ("host", "attacker.example")], kind, identity=identity)
        assert not let_in({}, kind, identity=identity)
        assert not let_in({"host": ""}, kind, identity=identity)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_requests_of_other_pages_are_refused_but_links_are_followed(method):
    assert let_in(HERE, "http", method)
    assert let_in({**PAGE, "sec-fetch-site": "same-origin"}, "http", method)
    assert not let_in(FOREIGN, "http", method)
    assert not let_in({**HERE, "sec-fetch-site": "cross-site"}, "http", method)
    followed = {**HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert let_in(followed, "http", method) == (method == "GET")


def test_a_proxy_that_hands_on_another_host_needs_the_name_in_the_settings():
    public = {"host": "127.0.0.1:8000", "origin": "https://acutecast.example.org"}
    assert not let_in(public, identity="proxy")
    named = ("acutecast.example.org",)
    assert let_in(public, identity="proxy", hosts=named)
    assert let_in({**public, "host": "acutecast.example.org"}, identity="proxy", hosts=named)
    other = {**public, "origin": "https://acutecast.example.org:8443"}
    assert not let_in(other, identity="proxy", hosts=named)
    assert let_in(other, identity="proxy", hosts=("acutecast.example.org:8443",))
    assert let_in({**FOREIGN, "host": "x.example", "origin": "http://x.example"}, hosts=("any",))
    assert not let_in({**FOREIGN, "host": "x.example"}, hosts=("any",))


def test_connect_lets_in_by_the_address_that_it_says_was_asked_for():
    at = {"host": "localhost:3939", "x-rsc-request": "https://connect.example.org/content/1/"}
    assert let_in({**at, "origin": "https://connect.example.org"}, identity="connect")
    assert not let_in({**at, "origin": "https://attacker.example"}, identity="connect")
    assert let_in({"host": "connect.example.org", "origin": "https://connect.example.org"},
                  identity="connect")  # fmt: skip
    assert not let_in({"host": "connect.example.org", "origin": "https://attacker.example"},
                      identity="connect")  # fmt: skip


@pytest.mark.parametrize(
    ("host", "name"),
    [("A.example:80", "a.example"), ("[::1]:8050", "::1"), ("[::1]", "::1"), ("a", "a")],
)
def test_the_name_of_a_host(host, name):
    assert name_of(host) == name


def test_a_proxy_is_known_by_its_secret_and_its_address():
    secret = "a secret of some length"
    of = Settings(Path("home"), identity="proxy", proxy_secret=secret, proxies=("10.1.0.0/16",))
    right = {SECRET_HEADER: secret}
    assert through_proxy(of, right, "10.1.2.3")
    assert through_proxy(of, {SECRET_HEADER.lower(): secret}, "::ffff:10.1.2.3")
    for headers, client in [
        ({}, "10.1.2.3"), ({SECRET_HEADER: "another"}, "10.1.2.3"),
        ({SECRET_HEADER: "é"}, "10.1.2.3"), (right, "10.2.0.1"),
        (right, None), (right, "nowhere"), (right, "::1"),
    ]:  # fmt: skip
        assert not through_proxy(of, headers, client)
    assert secret not in repr(of)
    headers = {"X-Forwarded-User": "anna"}
    with pytest.raises(Forbidden, match="nobody is signed in"):
        identify(of, headers, "10.1.2.3")
    assert identify(of, headers | right, "10.1.2.3").name == "anna"


def test_a_proxy_that_nothing_tells_apart_may_not_be_on_all_interfaces():
    open_to_all = Settings(Path("home"), identity="proxy")
    problem = exposure_problem(open_to_all, "0.0.0.0")
    assert problem is not None
    assert "ACUTECAST_PROXY_SECRET" in problem.remedy
    assert exposure_problem(open_to_all, "127.0.0.1") is None
    told_apart = [
        replace(open_to_all, proxy_secret="x" * 16),
        replace(open_to_all, proxies=("10.0.0.1",)),
        replace(open_to_all, proxies=("any",)),
    ]
    for settings in told_apart:
        assert exposure_problem(settings, "::") is None
    assert exposure_problem(Settings(Path("home")), "0.0.0.0") is None


def test_the_settings_are_read_and_handed_to_workers():
    said = {
        "ACUTECAST_HOSTS": "Acutecast.example.org, localhost:8050",
        "ACUTECAST_PROXIES": "10.1.0.0/16 ::1",
        "ACUTECAST_FRAMES": "https://intranet.example.org",
        "ACUTECAST_PROXY_SECRET": "x" * 32,
    }
    settings = read_settings(said)
    assert settings.hosts == ("acutecast.example.org", "localhost:8050")
    assert settings.proxies == ("10.1.0.0/16", "::1")
    assert read_settings(environment_of(settings)) == settings
    wrong = dict.fromkeys(said, "?!")
    with pytest.raises(AcutecastError) as caught:
        read_settings(wrong)
    assert {p.where for p in caught.value.problems} == set(said)
    assert all(p.remedy for p in caught.value.problems)


def asked(door, **more):
    sent = []

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    in_own_loop(door(scope(**more), receive, send))
    return sent


def test_the_door_closes_on_strangers_and_gives_safe_headers():
    came = []

    async def inside(scope, receive, send):
        came.append(scope["path"])
        start = {"type": "http.response.start", "status": 200, "headers": [(b"x-mine", b"1")]}
        await send(start)

    door = Door(inside, Settings(Path("home")), {"X-Mine": "2", "X-More": "3"}, ("/static/",))
    (closed,) = asked(door, headers=FOREIGN)
    assert closed == {"type": "websocket.close", "code": 1008}
    start, body = asked(door, headers={"host": "attacker.example"}, kind="http")
    assert start["status"] == 403
    assert b"ACUTECAST_HOSTS" in body["body"]
    assert (b"cache-control", b"no-store") in start["headers"]
    assert not came
    (start,) = asked(door, headers=HERE, kind="http")
    assert sorted(start["headers"]) == [
        (b"cache-control", b"no-store"), (b"x-mine", b"1"), (b"x-more", b"3")
    ]  # fmt: skip
    (start,) = asked(door, headers=HERE, kind="http", path="/static/a.js")
    assert b"cache-control" not in dict(start["headers"])
    asked(door, headers={"host": "10.1.2.3:8000"}, kind="http", path="/health")
    assert came == ["/", "/static/a.js", "/health"]
