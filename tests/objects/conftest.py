"""Object stores of our own, on this machine alone: Azurite for Azure, moto's server for S3."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import fsspec
import pytest

# A made-up projection and a small service are where those rooms are tested.
for room in ("results", "service"):
    sys.path.append(str(Path(__file__).parents[1] / room))
ROOT = Path(__file__).parents[2]
_AZURITE = (
    "Azurite is not installed: npm install --no-save azurite@3.35.0, "
    "or name its command in ACUTECAST_AZURITE"
)
_MOTO = "moto's server is not installed: uv sync --group extras"
# The account and key that every emulator of Azure has; Microsoft publishes them.
_ACCOUNT = "devstoreaccount1"
_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
_SECONDS = 60.0
_NUMBERS = count(1)
NewBucket = Callable[[], str]


def _azurite() -> list[str] | None:
    """Give the command of Azurite, where there is one."""
    named = os.environ.get("ACUTECAST_AZURITE")
    if named:
        return shlex.split(named)
    for folder in (f"{ROOT}/node_modules/.bin", None):
        for name in ("azurite-blob", "azurite"):
            found = shutil.which(name, path=folder)
            if found:
                return [found]
    return None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _answers(address: str) -> bool:
    try:
        with urlopen(address, timeout=5):
            return True
    except HTTPError:
        return True
    except OSError:
        return False


def _served(command: list[str], address: str, log: Path) -> Iterator[None]:
    """Start a server, wait until it answers, and end it afterwards."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, cwd=log.parent
        )
    try:
        pause, deadline = threading.Event(), time.monotonic() + _SECONDS
        while not _answers(address):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            pause.wait(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def azure(tmp_path_factory) -> Iterator[NewBucket]:
    """Azure's Blob Storage, for this process and those it starts; gives URLs of new containers."""
    command = _azurite()
    if command is None:
        pytest.skip(_AZURITE)
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    options = [
        "--blobHost", "127.0.0.1", "--blobPort", str(port),
        "--skipApiVersionCheck", "--disableTelemetry", "--inMemoryPersistence", "--silent",
    ]  # fmt: skip
    if not command[-1].endswith("azurite-blob"):
        # The other services are not used, and two processes' must not want the same ports.
        for service in ("queue", "table"):
            options += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(_free_port())]
    log = tmp_path_factory.mktemp("azurite") / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(
            "AZURE_STORAGE_CONNECTION_STRING",
            f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};"
            f"BlobEndpoint={address}/{_ACCOUNT};",
        )
        for _ in _served([*command, *options], address, log):
            yield lambda: _new_bucket("abfs")


@pytest.fixture(scope="session")
def s3(tmp_path_factory) -> Iterator[NewBucket]:
    """S3, for this process and those it starts; gives URLs of new buckets."""
    if any(importlib.util.find_spec(name) is None for name in ("moto", "flask", "flask_cors")):
        pytest.skip(_MOTO)
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    log = tmp_path_factory.mktemp("moto") / "log"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "something",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }.items():
            patch.setenv(name, value)
        patch.delenv("AWS_PROFILE", raising=False)
        for _ in _served(command, f"{address}/moto-api/", log):
            yield lambda: _new_bucket("s3")


def _new_bucket(protocol: str) -> str:
    name = f"bucket-{next(_NUMBERS)}"
    fsspec.filesystem(protocol).mkdir(name)
    return f"{protocol}://{name}"


@pytest.fixture(params=["azure", "s3"])
def bucket(request) -> str:
    """The URL of an empty bucket or container, on each of the stores."""
    return request.getfixturevalue(request.param)()
