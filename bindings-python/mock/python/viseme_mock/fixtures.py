"""The pytest fixtures. pytest finds them if the package is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ._server import MockServer
from ._world import World


@pytest.fixture(scope="session")
def viseme_mock_server() -> Iterator[MockServer]:
    """Return the mock server of the session."""
    with MockServer() as server:
        yield server


@pytest.fixture
def viseme_mock(viseme_mock_server: MockServer) -> Iterator[World]:
    """Return a new world for the test."""
    world = viseme_mock_server.new_world()
    yield world
    world.remove()
