"""Who somebody is, from what the server in front says."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from acutecast.workspace import Forbidden, Settings, identify


@pytest.fixture
def access(tmp_path: Path) -> Path:
    file = tmp_path / "access.toml"
    file.write_text(
        """
        [people."anna@x.nhs.uk"]
        role = "analyst"
        providers = ["RXX"]
        [groups.planners]
        role = "admin"
        providers = ["RYY"]
        """
    )
    return file


def principal(*claims: tuple[str, str]) -> str:
    content = {"auth_typ": "aad", "claims": [{"typ": t, "val": v} for t, v in claims]}
    return base64.b64encode(json.dumps(content).encode()).decode().rstrip("=")


ANNA = '{"user": "Anna@x.nhs.uk", "groups": ["planners"]}'
HEADERS = {
    "connect": {"shiny-server-credentials": ANNA, "RStudio-Connect-Credentials": ANNA},
    "proxy": {"x-forwarded-user": "Anna@x.nhs.uk", "X-Forwarded-Groups": " planners , other "},
    "azure": {
        "x-ms-client-principal-name": "Anna@x.nhs.uk",
        "x-ms-client-principal": principal(("groups", "planners"), ("name", "Anna Smith")),
    },
}


def test_on_a_laptop_there_is_one_person_who_may_do_everything(tmp_path):
    person = identify(Settings(tmp_path), {"X-Forwarded-User": "somebody"})
    assert (person.name, person.role, person.providers) == ("local", "admin", ("*",))


@pytest.mark.parametrize("identity", list(HEADERS))
def test_named_by_headers(identity, tmp_path, access):
    settings = Settings(tmp_path, identity=identity, access=access)
    person = identify(settings, HEADERS[identity])
    assert (person.name, person.role) == ("anna@x.nhs.uk", "admin")
    assert person.providers == ("RXX", "RYY")
    assert "planners" in person.groups


@pytest.mark.parametrize("identity", list(HEADERS))
def test_nobody(identity, tmp_path, access):
    settings = Settings(tmp_path, identity=identity, access=access)
    others = {k: v for name, h in HEADERS.items() if name != identity for k, v in h.items()}
    with pytest.raises(Forbidden, match="nobody is signed in"):
        identify(settings, others)
    for value in ("", " ", "x" * 201, "anna\x00", "{}", "[]", "null", '{"user": 1}', "e30="):
        said = dict.fromkeys(HEADERS[identity], value)
        if identity == "proxy" and value in ("{}", "[]", "null", '{"user": 1}', "e30="):
            continue
        if identity == "azure":
            said["x-ms-client-principal-name"] = ""
        with pytest.raises(Forbidden, match="nobody is signed in"):
            identify(settings, said)


def test_who_is_unknown_sees_nothing(tmp_path, access):
    settings = Settings(tmp_path, identity="proxy", access=access)
    person = identify(settings, {"X-Forwarded-User": "eve"})
    assert (person.name, person.role, person.providers) == ("eve", "reader", ())


class TwoOfOneName(dict):
    """Headers as a server gives them where a client sent one of its own."""

    def items(self):
        return [("x-forwarded-user", "anna@x.nhs.uk"), ("x-forwarded-user", "eve")]


def test_a_header_that_stands_twice_is_not_believed(tmp_path, access):
    settings = Settings(tmp_path, identity="proxy", access=access)
    with pytest.raises(Forbidden, match="nobody is signed in"):
        identify(settings, TwoOfOneName())
    with pytest.raises(Forbidden, match="nobody is signed in"):
        identify(
            Settings(tmp_path, identity="connect", access=access),
            {
                "Shiny-Server-Credentials": ANNA,
                "RStudio-Connect-Credentials": '{"user": "eve"}',
            },
        )


def test_azure_without_the_header_of_the_name(tmp_path, access):
    settings = Settings(tmp_path, identity="azure", access=access)
    upn = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
    role = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"
    said = principal((upn, "anna@x.nhs.uk"), (role, "planners"), ("name", "Anna Smith"))
    person = identify(settings, {"X-MS-CLIENT-PRINCIPAL": said})
    assert (person.name, person.title, person.role) == ("anna@x.nhs.uk", "Anna Smith", "admin")
    # A name to be read is not unique, so nobody is known by it.
    with pytest.raises(Forbidden, match="nobody is signed in"):
        identify(settings, {"X-MS-CLIENT-PRINCIPAL": principal(("name", "anna@x.nhs.uk"))})


def test_a_broken_list_lets_nobody_in_and_tells_no_stranger(tmp_path, access, caplog):
    settings = Settings(tmp_path, identity="proxy", access=access)
    access.write_text('[people."secret@x.nhs.uk"]\nrole = "king"')
    with pytest.raises(Forbidden) as raised:
        identify(settings, {"X-Forwarded-User": "anna@x.nhs.uk"})
    assert "secret" not in str(raised.value)
    assert "secret" in caplog.text
