"""Fixtures of all tests in Python: the mock server, its worlds, and programs to kill."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bindings-python" / "mock" / "python"))

from viseme_mock import MockServer, World  # noqa: E402

from helpers import Programs  # noqa: E402

# Jobs that end soon, and jobs that do not end while a test runs.
QUICK = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}
ENDLESS = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "1h"}]}]}


@pytest.fixture(scope="session")
def server() -> Iterator[MockServer]:
    """One mock server for all tests."""
    program = os.environ.get("VISEME_MOCK_PROGRAM", ROOT / "target" / "debug" / "viseme-mock")
    with MockServer(program=program) as server:
        yield server


@pytest.fixture
def make_world(server: MockServer) -> Iterator[Callable[..., World]]:
    """Create worlds that are removed after the test; the arguments are those of a scenario."""
    made: list[World] = []

    def make(**scenario: object) -> World:
        made.append(server.new_world(scenario=scenario))
        return made[-1]

    yield make
    for world in made:
        world.remove()


@pytest.fixture
def quick(make_world: Callable[..., World]) -> World:
    """A world whose jobs end soon."""
    return make_world(**QUICK)


@pytest.fixture
def endless(make_world: Callable[..., World]) -> World:
    """A world whose jobs do not end."""
    return make_world(**ENDLESS)


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of the sample media, such as `voice.mp3` and `face.mp4`."""
    return Path(os.environ.get("VISEME_SAMPLES", ROOT / "samples"))


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    """Starts programs, and kills after the test what still runs of them."""
    with Programs(tmp_path) as programs:
        yield programs
