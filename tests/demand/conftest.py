"""Projections that several tests look at, made once."""

import pytest
from hand_made import project
from rich_scenario import RICH

from small_provider import small_provider


@pytest.fixture(scope="session")
def provider():
    return small_provider(300, 3)


@pytest.fixture(scope="session")
def rich(provider):
    """Every year of the rich scenario, on one thread."""
    return project(provider, RICH, "all")
