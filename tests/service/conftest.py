"""A service, and one finished run to ask about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_service import Service, make

import acutecast as ac
from acutecast.provider import write_provider


@pytest.fixture(scope="session")
def data(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("data")
    write_provider(ac.demo_provider(size=0.02), root)
    return root


@pytest.fixture(scope="session")
def service(data, tmp_path_factory) -> Iterator[Service]:
    """One service for all tests of a process; each makes its own scenarios."""
    made = make(tmp_path_factory.mktemp("service"), data, max_queued=500)
    yield made
    made.ws.close()


@pytest.fixture
def fresh(data, tmp_path) -> Iterator[Service]:
    """A service of a test's own, with the limits that an installation has."""
    made = make(tmp_path, data)
    yield made
    made.ws.close()


@pytest.fixture(scope="session")
def done(service) -> str:
    """A finished run of a shared scenario, with capacity and two years."""
    return service.finished(years=[2028, 2033], capacity=True)


@pytest.fixture(scope="session")
def result(service, done):
    """The same run, opened without the service."""
    return ac.open_run(service.ws.settings.runs / done)
