"""The application, served from a small region, and a browser to walk it with."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name of somebody else's that leads to this machine.
    "--host-resolver-rules=MAP attacker.example 127.0.0.1",
)


@dataclass
class Site:
    """A running application."""

    address: str
    home: Path
    process: subprocess.Popen

    def link(self, query: str = "") -> str:
        return f"{self.address}{query}"


def serve(
    home: Path, *more: str, headers: dict[str, str] | None = None, **environment: str
) -> Site:
    """Start `acutecast app` on a free port and wait until it says where it is."""
    log = (home.parent / f"{home.name}.log").open("wb")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "acutecast", "app", "--home", str(home), "--port", "0",
            "--no-open", "--demo-size", "0.02", *more,
        ],
        env=os.environ | environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://\S+", line)
        if found:
            return Site(found[0], home, process)
    raise AssertionError((home.parent / f"{home.name}.log").read_text())


def stop(site: Site) -> None:
    site.process.terminate()
    try:
        site.process.wait(20)
    except subprocess.TimeoutExpired:
        site.process.kill()


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Iterator[Site]:
    """One application for the tests of a process; each test makes its own scenarios."""
    served = serve(tmp_path_factory.mktemp("app") / "home")
    yield served
    stop(served)
    log = (served.home.parent / f"{served.home.name}.log").read_text()
    assert "of the wrong kind" not in log, log
    assert "session is closed" not in log, log


@pytest.fixture(scope="session")
def browser():
    if CHROMIUM is None:
        pytest.skip("Debian's chromium is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    """A new person's browser; a fault in the page's own scripts fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.extend(refused_scripts(said.text)))
    yield opened
    context.close()
    assert not faults, faults


def until(page, expression: str, timeout: float = 60_000) -> None:
    """Wait until JavaScript says that something is so.

    Asked from outside: what Playwright's own waiting evaluates within a page, pages here refuse.
    """
    for _ in range(int(timeout / 50)):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not so after {timeout / 1000:g} s: {expression}")


def refused_scripts(said: str) -> list[str]:
    """Give what a browser's console says where it refuses a page something of its own."""
    return [said] if "Content Security Policy" in said else []


def faults_of_accessibility(page) -> list[str]:
    """Give what axe finds serious or critical on the page as it stands."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"][:5]
    ]
