"""Fixtures: a Redis server, and pipelines of workers."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pipeline import RECIPE, Pipeline
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from viseme_mock import World

from helpers import Program, Programs, free_port, wait_until

sys.path.insert(0, str(RECIPE))


def answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisConnectionError:
        return False


def start_redis(programs: Programs) -> tuple[Program, str]:
    port = free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", str(port)]
    server = programs.start([*command, "--save", "", "--appendonly", "no"])
    with Redis(port=port) as redis:
        wait_until(lambda: answers(redis) or server.process.poll() is not None, "Redis starts")
    return server, f"redis://127.0.0.1:{port}/0"


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis server that keeps nothing on disk."""
    with Programs(tmp_path_factory.mktemp("redis")) as programs:
        # Another program may take the port first.
        for _ in range(5):
            server, url = start_redis(programs)
            if server.process.poll() is None:
                break
        assert server.process.poll() is None, server.output
        yield url


@pytest.fixture
def make_pipeline(
    programs: Programs, redis_url: str, tmp_path: Path, make_world: Callable[..., World]
) -> Iterator[Callable[..., Pipeline]]:
    """Create a pipeline; the arguments are those of a scenario."""
    made: list[Pipeline] = []

    def make(**scenario: object) -> Pipeline:
        with Redis.from_url(redis_url) as redis:
            redis.flushall()
        made.append(Pipeline(programs, make_world(**scenario), redis_url, tmp_path))
        return made[-1]

    yield make
    for pipeline in made:
        pipeline.app.close()
