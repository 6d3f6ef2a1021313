"""The folder for Posit Connect: whole, true, and as Posit's own tool would have it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from acutecast.app.connect import requirements, write_bundle
from acutecast.errors import AcutecastError


def made(folder: Path, part: str) -> Path:
    access = folder / "access.toml"
    access.write_text('[people."anna"]\nrole = "analyst"\nproviders = ["DEMO"]\n')
    write_bundle(folder / "bundle", access, ("postgres",), part=part)
    return folder / "bundle"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    return made(tmp_path_factory.mktemp("connect"), "app")


@pytest.fixture(scope="module")
def service(tmp_path_factory) -> Path:
    return made(tmp_path_factory.mktemp("connect"), "service")


@pytest.mark.parametrize(
    ("part", "kind", "entry"), [("bundle", "shiny", "app"), ("service", "fastapi", "app:app")]
)
def test_the_manifest_is_the_one_of_posits_own_tool(part, kind, entry, request, tmp_path):
    bundle = request.getfixturevalue(part)
    ours = json.loads((bundle / "manifest.json").read_text())
    copy = tmp_path / "bundle"
    shutil.copytree(bundle, copy)
    (copy / "manifest.json").unlink()
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "rsconnect"), "write-manifest", kind,
            "--entrypoint", entry, "--package-installer", "PIP", str(copy),
        ],
        env=os.environ | {"NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = json.loads((copy / "manifest.json").read_text())
    assert ours["files"] == theirs["files"]
    assert ours["metadata"] == theirs["metadata"]
    assert ours["version"] == theirs["version"]
    assert ours["python"]["version"] == theirs["python"]["version"]
    manager = theirs["python"]["package_manager"]
    assert ours["python"]["package_manager"]["package_file"] == manager["package_file"]
    assert ours["python"]["package_manager"]["name"] == manager["name"]


def test_requirements_are_public_libraries_at_stated_versions(bundle):
    lines = (bundle / "requirements.txt").read_text().splitlines()
    names = {line.split("==")[0].split("[")[0] for line in lines}
    assert {"shiny", "sqlalchemy", "alembic", "numba", "polars", "xlsxwriter", "psycopg"} <= names
    assert "acutecast" not in names
    assert all("==" in line for line in lines)
    assert not {"pytest", "distributed"} & names
    assert "psycopg" not in {line.split("[")[0] for line in requirements(("app",))}


def test_the_bundle_of_the_service_has_what_it_needs(service):
    names = {
        line.split("==")[0].split("[")[0]
        for line in (service / "requirements.txt").read_text().splitlines()
    }
    assert {"fastapi", "uvicorn", "sqlalchemy", "psycopg"} <= names
    assert "shiny" not in names


CONNECT = """
import json, sys, threading, urllib.error, urllib.request
import app as entry, acutecast, uvicorn
from acutecast.app.serving import listen
assert acutecast.__file__.startswith(sys.argv[1]), acutecast.__file__
sock = listen("127.0.0.1", 0)
server = uvicorn.Server(uvicorn.Config(entry.app, log_level="warning", root_path=sys.argv[2]))
threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True).start()
anna = {"RStudio-Connect-Credentials": json.dumps({"user": "anna", "groups": []})}
def get(path, headers={}):
    address = f"http://127.0.0.1:{sock.getsockname()[1]}{path}"
    request = urllib.request.Request(address, headers=headers)
    try:
        return urllib.request.urlopen(request).read().decode()
    except urllib.error.HTTPError as error:
        return str(error.code)
assert json.loads(get("/health"))["ok"]
"""
"""Asks a bundle as Connect does, in a process of its own."""


def asked(bundle: Path, folder: Path, code: str, prefix: str = "") -> list:
    """Serve a bundle, not the checkout; give what the code prints of it."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("ACUTECAST_")
    }
    data = folder / "data"
    data.mkdir()
    done = subprocess.run(
        [sys.executable, "-P", "-c", CONNECT + code, str(bundle), prefix],
        cwd=bundle,
        env=environment
        | {
            "PYTHONPATH": str(bundle),
            "ACUTECAST_HOME": str(folder / "home"),
            "ACUTECAST_DATA": str(data),
            "ACUTECAST_WORKERS": "0",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_entry_point_serves_pages(bundle, tmp_path):
    code = """
stranger, page = get("/"), get("/", anna)
print(json.dumps(["cannot be shown" in stranger, "anna (analyst)" in page]))
"""
    assert asked(bundle, tmp_path, code) == [True, True]


def test_the_entry_point_serves_programs(service, tmp_path):
    """Connect knows who asks by the key that they send it, and tells as it does for pages."""
    code = """
key = {"Authorization": "Key ABCDEF"}
me, root = json.loads(get("/v1/me", anna | key)), json.loads(get("/"))
print(json.dumps([get("/v1/me"), get("/v1/me", key), me["name"], root["description"]]))
"""
    said = asked(service, tmp_path, code, "/content/abc")
    assert said == ["401", "401", "anna", "/content/abc/openapi.json"]


def test_nothing_of_others_is_written_over(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(AcutecastError, match="other files"):
        write_bundle(tmp_path / "mine", replace=True)
    with pytest.raises(AcutecastError, match="no such file"):
        write_bundle(tmp_path / "new", tmp_path / "access.toml")
    assert not (tmp_path / "new").exists()
    assert (tmp_path / "mine" / "notes.txt").read_text() == "mine"
