"""Fixtures: the environment of the engines, and the clips that they run."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from clip import ROOT, Clip, Make
from viseme_mock import World

from helpers import Programs


@pytest.fixture(scope="session")
def engines() -> Path:
    """The Python of the environment in which the engines are installed."""
    python = ROOT / "target" / "tools" / "engines" / "bin" / "python"
    return Path(os.environ.get("VISEME_ENGINES_PYTHON", python))


@pytest.fixture(scope="session")
def settings() -> Mapping[str, str]:
    """Variables for the programs of the engine."""
    return {}


@pytest.fixture
def make_clip(
    programs: Programs,
    tmp_path: Path,
    samples: Path,
    make_world: Callable[..., World],
    engines: Path,
    settings: Mapping[str, str],
) -> Make:
    """Create a clip with a folder of its own; the arguments are those of a scenario."""
    count = itertools.count(1)

    def make(**scenario: object) -> Clip:
        folder = tmp_path / f"clip-{next(count)}"
        folder.mkdir()
        return Clip(programs, make_world(**scenario), folder, samples, engines, settings)

    return make
