"""Who asks: tokens that are known, expired or wrong, the server in front, and one's own machine."""

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from in_process import Client
from typer.testing import CliRunner

from acutecast.cli.main import app as command
from acutecast.errors import AcutecastError
from acutecast.service.application import make_service
from acutecast.service.tokens import (
    PREFIX,
    digest_of,
    find_token,
    new_token,
    parse_tokens,
    read_tokens,
    today,
)
from acutecast.workspace.settings import read_settings

ME = "/v1/me"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def as_told(service, **settings):
    """The same service with other settings."""
    workspace = replace(service.ws, settings=replace(service.ws.settings, **settings))
    return make_service(workspace)


def test_the_command_makes_a_token_and_its_line():
    printed = CliRunner().invoke(command, ["token", "new", "anna@x.nhs.uk", "--group", "planners"])
    assert printed.exit_code == 0
    (text,) = re.findall(rf"^    ({PREFIX}\S+)$", printed.output, re.MULTILINE)
    (line,) = re.findall(r'^    ("[0-9a-f]{64}" = .*)$', printed.output, re.MULTILINE)
    (token,) = parse_tokens(f"[tokens]\n{line}", "here")
    assert find_token([token], text) == token
    assert (token.person, token.groups) == ("anna@x.nhs.uk", ("planners",))
    assert token.expires == today() + timedelta(days=365)
    assert len(text) > 40
    again = CliRunner().invoke(command, ["token", "new", "anna@x.nhs.uk"])
    assert text not in again.output


def test_a_token_is_read_as_it_is_written():
    tokens = [
        new_token('An "odd" näme\\', ("a", "b c"), today())[1],
        new_token("b", (), date(2100, 1, 31))[1],
    ]
    written = "[tokens]\n" + "\n".join(token.line() for token in tokens)
    assert list(parse_tokens(written, "here")) == tokens
    assert find_token(tokens, "nonsense") is None
    for wrong in (("", ()), ("x\ny", ()), ("x" * 201, ()), ("a", ("",))):
        with pytest.raises(AcutecastError):
            new_token(*wrong, today())
    with pytest.raises(AcutecastError, match="is past"):
        new_token("a", (), today() - timedelta(days=1))


def test_everything_wrong_with_the_file_is_said_at_once(tmp_path):
    secret = "acutecast_the-token-itself"
    text = f"""
[token]
[tokens]
"{secret}" = {{ person = "a", expires = 2100-01-01 }}
"{"0" * 64}" = {{ person = "", groups = "planners", expires = "soon", role = "admin" }}
"{"1" * 64}" = "b"
"""
    with pytest.raises(AcutecastError) as caught:
        parse_tokens(text, "tokens.toml")
    where = [problem.where for problem in caught.value.problems]
    assert where == [
        "token", f"tokens.{secret[:8]}…", "tokens.00000000….role", "tokens.00000000….person",
        "tokens.00000000….groups", "tokens.00000000….expires", "tokens.11111111…",
    ]  # fmt: skip
    assert secret not in str(caught.value)
    for broken in ("tokens = 3", "[", '["a"'):
        with pytest.raises(AcutecastError):
            parse_tokens(broken, "tokens.toml")
    with pytest.raises(AcutecastError, match="cannot be read"):
        read_tokens(tmp_path / "missing.toml")


def test_only_known_tokens_are_taken(service):
    client = Client(service.app)
    for headers in (
        {},
        bearer("acutecast_unknown"),
        bearer(""),
        bearer(service.tokens["anna"] + "x"),
        bearer(service.tokens["anna"].upper()),
        bearer(digest_of(service.tokens["anna"])),
        {"Authorization": service.tokens["anna"]},
        {"Authorization": f"Basic {service.tokens['anna']}"},
        [*bearer(service.tokens["anna"]).items(), *bearer(service.tokens["ben"]).items()],
    ):
        answer = client.get(ME, headers=headers)
        assert answer.status == 401, headers
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.problems
    taken = client.get(ME, headers={"authorization": f"bearer {service.tokens['anna']}"})
    assert (taken.status, taken.json()["name"]) == (200, "anna")


def test_tokens_expire_and_are_withdrawn(service, tmp_path):
    yesterday = today() - timedelta(days=1)
    text, token = new_token("Anna", (), today())
    file = tmp_path / "tokens.toml"
    file.write_text(f"[tokens]\n{token.line()}")
    client = Client(as_told(service, tokens=file), bearer(text))
    assert client.get(ME).json()["name"] == "anna"
    file.write_text(f"[tokens]\n{replace(token, expires=yesterday).line()}")
    expired = client.get(ME)
    assert expired.status == 401
    assert "this token expired on" in expired.problems[0]["what"]
    file.write_text("[tokens]\n")
    assert "not known" in client.get(ME).problems[0]["what"]
    file.write_text("[tokens")
    unusable = client.get(ME)
    assert (unusable.status, "retry-after" in unusable.headers) == (503, True)
    assert "TOML" not in unusable.body.decode()


def test_whom_the_file_of_roles_does_not_name_sees_nothing(service, tmp_path):
    text, token = new_token("stranger", (), today())
    file = tmp_path / "tokens.toml"
    file.write_text(f"[tokens]\n{token.line()}")
    client = Client(as_told(service, tokens=file), bearer(text))
    assert client.get(ME).json()["providers"] == []
    assert client.get("/v1/scenarios").json() == {"scenarios": []}


def test_without_tokens_only_ones_own_machine_is_answered(service):
    app = as_told(service, tokens=None, access=None)
    assert Client(app).get(ME).json()["role"] == "admin"
    assert Client(app, client="::1").get(ME).status == 200
    assert Client(app, client="192.0.2.7").get(ME).status == 401
    for headers in (
        {"Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "elsewhere.example"},
        # A proxy of this machine asks on behalf of others.
        {"X-Forwarded-For": "192.0.2.7"},
        {"Forwarded": "for=192.0.2.7"},
        {"Via": "1.1 proxy"},
    ):
        assert _with(app, headers).status == 401, headers
    for headers in ({"Host": "localhost:8060"}, {"Host": "[::1]:8060"}, {"Host": "127.0.0.1"}):
        assert _with(app, headers).status == 200, headers


def _with(app, headers):
    """Ask with these headers and, where they name no host, the usual one."""
    client = Client(app)
    if "Host" not in headers:
        return client.get(ME, headers=headers)
    return client.get(ME, headers=headers, host=False)


def test_a_server_in_front_says_who_asks(service):
    app = as_told(service, identity="proxy")
    client = Client(app)
    assert client.get(ME).status == 401
    named = client.get(ME, headers={"X-Forwarded-User": "Ben"})
    assert (named.json()["name"], named.json()["role"]) == ("ben", "analyst")
    # A token of ours goes before; that of somebody else's is left alone.
    both = {"X-Forwarded-User": "ben"} | bearer(service.tokens["anna"])
    assert client.get(ME, headers=both).json()["name"] == "anna"
    foreign = {"X-Forwarded-User": "ben"} | bearer("eyJhbGciOi.of.others")
    assert client.get(ME, headers=foreign).json()["name"] == "ben"
    wrong = {"X-Forwarded-User": "ben"} | bearer("acutecast_unknown")
    assert client.get(ME, headers=wrong).status == 401


def test_tokens_need_roles(tmp_path):
    tokens = tmp_path / "tokens.toml"
    tokens.write_text("[tokens]\n")
    with pytest.raises(AcutecastError, match="who may see what"):
        read_settings({"ACUTECAST_TOKENS": str(tokens)})
    with pytest.raises(AcutecastError, match="there is no such file"):
        read_settings(
            {"ACUTECAST_TOKENS": str(tmp_path / "missing"), "ACUTECAST_ACCESS": str(tokens)}
        )
    for variable, name in (("MAX_BYTES", "max_bytes"), ("MAX_QUEUED", "max_queued"),
                           ("MAX_RUNS", "max_runs")):  # fmt: skip
        assert getattr(read_settings({f"ACUTECAST_{variable}": "2000"}), name) == 2000
        with pytest.raises(AcutecastError, match="no whole number"):
            read_settings({f"ACUTECAST_{variable}": "0"})


@pytest.mark.parametrize("part", ["app", "serve"])
def test_no_part_listens_to_all_who_could_say_that_they_are_the_proxy(part, tmp_path, monkeypatch):
    access = tmp_path / "access.toml"
    access.write_text('[default]\nrole = "reader"\nproviders = ["*"]\n')
    monkeypatch.setenv("ACUTECAST_IDENTITY", "proxy")
    monkeypatch.setenv("ACUTECAST_ACCESS", str(access))
    arguments = [part, "--host", "0.0.0.0", "--home", str(tmp_path / "home")]
    refused = CliRunner().invoke(command, arguments)
    assert isinstance(refused.exception, AcutecastError)
    assert "taken for the proxy" in str(refused.exception)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "example.org"])
def test_nobody_else_is_served_without_tokens(host, tmp_path):
    arguments = ["serve", "--host", host, "--home", str(tmp_path / "home")]
    refused = CliRunner().invoke(command, arguments)
    assert isinstance(refused.exception, AcutecastError)
    assert "nobody is asked who they are" in str(refused.exception)
    assert not (tmp_path / "home").exists()
