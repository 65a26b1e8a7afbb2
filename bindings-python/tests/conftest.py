"""Fixtures: the mock server, its worlds, and inputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
sys.path.insert(0, str(ROOT / "bindings-python" / "mock" / "python"))

import viseme  # noqa: E402
from viseme_mock import MockServer, World  # noqa: E402

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
    """Create worlds that are removed after the test."""
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


@pytest.fixture
def lips() -> viseme.AudioToVideo:
    """A valid input."""
    return viseme.AudioToVideo(audio=SAMPLES / "voice.mp3", video=SAMPLES / "face.mp4")


@pytest.fixture
def remote() -> viseme.AudioToVideo:
    """An input of URLs, which uploads nothing. The mock server does not fetch them."""
    return viseme.AudioToVideo(
        audio="https://media.example/voice.mp3", video="https://media.example/face.mp4"
    )


def settings(world: World, **more: object) -> dict[str, object]:
    """Return the settings for a world. Media behind URLs are not checked."""
    return {**world.settings, "check_remote_media": False, "pacing": 0.05, **more}
