"""Fixtures: Temporal's development server, and engines of workers on it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporal_engine import Engine, TemporalServer
from viseme_mock import World

from helpers import Programs

_queues = itertools.count()


@pytest.fixture(scope="session")
def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalServer]:
    """A server for all tests that do not kill it."""
    folder = tmp_path_factory.mktemp("temporal")
    with Programs(folder) as programs:
        yield TemporalServer(programs, folder / "temporal.db")


@pytest_asyncio.fixture
async def make_engine(
    programs: Programs,
    temporal_server: TemporalServer,
    tmp_path: Path,
    make_world: Callable[..., World],
) -> AsyncIterator[Callable[..., Awaitable[Engine]]]:
    """Create an engine; the arguments are those of a scenario."""

    async def make(server: TemporalServer = temporal_server, **scenario: object) -> Engine:
        engine = Engine(
            programs, make_world(**scenario), server, f"queue-{next(_queues)}", tmp_path
        )
        await engine.connect()
        return engine

    yield make
