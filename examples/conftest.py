"""Fixtures of the tests of all examples: worlds of the mock server, and servers to kill."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers import Programs
from viseme_mock import MockServer, World

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def make_world(viseme_mock_server: MockServer) -> Iterator[Callable[..., World]]:
    """Create worlds that are removed after the test; the arguments are those of a scenario."""
    made: list[World] = []

    def make(**scenario: object) -> World:
        made.append(viseme_mock_server.new_world(scenario=scenario))
        return made[-1]

    yield make
    for world in made:
        world.remove()


@pytest.fixture
def samples() -> Path:
    """The folder of the sample media, such as `voice.mp3` and `face.mp4`."""
    return ROOT / "samples"


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Starts programs, and kills after the test what still runs of them."""
    with Programs(tmp_path) as programs:
        yield programs
