"""A server, a worker and Redis in processes of their own, in front of the mock server."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers import Program, Programs, free_port, wait_until
from viseme_mock import World

PROJECT = Path(__file__).parents[1]
ORDER = {
    "audio": "https://media.example/voice.mp3",
    "video": "https://media.example/face.mp4",
}
QUICK = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}


class Shop:
    """The programs of the project."""

    def __init__(self, world: World, programs: Programs, folder: Path) -> None:
        self.world = world
        self._programs = programs
        self._environment = {
            "WAVESPEED_BASE_URL": world.url,
            "WAVESPEED_API_KEY": world.key,
            "SECRET_KEY": "the secret of the tests",
            "SHOP_DATA": str(folder),
            # The tests kill workers, and wait until another one gets the message.
            "VISIBILITY_TIMEOUT": "5",
        }
        self._start_redis()
        migrate = self._start(sys.executable, "manage.py", "migrate", "--verbosity", "0")
        assert migrate.wait() == 0, migrate.output
        self._start_server()

    def _start(self, *command: str) -> Program:
        return self._programs.start(command, environment=self._environment, folder=PROJECT)

    def _start_redis(self) -> None:
        # Another program may take the port first.
        for _ in range(5):
            port = str(free_port())
            options = ["--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no"]
            redis = self._start("redis-server", *options)
            ready = "Ready to accept connections"
            wait_until(lambda: ready in redis.output or redis.process.poll() is not None, "Redis")  # noqa: B023
            if redis.process.poll() is None:
                self._environment["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
                return
        raise AssertionError(redis.output)

    def _start_server(self) -> None:
        for _ in range(5):
            address = f"127.0.0.1:{free_port()}"
            self.url = f"http://{address}"
            server = self._start(sys.executable, "manage.py", "runserver", "--noreload", address)
            wait_until(lambda: self._answers() or server.process.poll() is not None, "Django")  # noqa: B023
            if server.process.poll() is None:
                return
        raise AssertionError(server.output)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/clips").status_code == 405
        except httpx.TransportError:
            return False

    def start_worker(self) -> Program:
        celery = ["-m", "celery", "--app", "shop", "worker", "--concurrency", "1"]
        return self._start(sys.executable, *celery)

    def order(self, **more: object) -> httpx.Response:
        return httpx.post(f"{self.url}/clips", json={**ORDER, **more}, timeout=60)

    def clip(self, clip_id: str) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}/clips/{clip_id}", timeout=60).json()
        return found

    def wait_for(self, clip_id: str, state: str) -> dict[str, Any]:
        wait_until(lambda: self.clip(clip_id)["state"] == state, f"the clip is {state}")
        return self.clip(clip_id)


@pytest.fixture
def start_shop(
    make_world: Callable[..., World], programs: Programs, tmp_path: Path
) -> Callable[..., Shop]:
    """Start the programs but the worker; the arguments are those of a scenario."""
    return lambda **scenario: Shop(make_world(**scenario), programs, tmp_path)


def test_an_ordered_clip_is_made(start_shop: Callable[..., Shop]) -> None:
    shop = start_shop(**QUICK)
    shop.start_worker()
    answer = shop.order()
    assert answer.status_code == 202
    clip = shop.wait_for(answer.json()["id"], "ready")
    assert clip["output"].startswith(shop.world.url)
    assert len(shop.world.ledger()["charges"]) == 1


def test_a_worker_that_is_killed_after_the_post_does_not_pay_twice(
    start_shop: Callable[..., Shop],
) -> None:
    silence = {"at": "submit", "nth": 1, "when": "after_accept", "do": "silence"}
    shop = start_shop(**QUICK, faults=[silence])
    worker = shop.start_worker()
    clip_id = shop.order().json()["id"]
    wait_until(shop.world.jobs, "the POST is accepted")
    worker.kill()
    shop.start_worker()
    clip = shop.wait_for(clip_id, "ready")
    ledger = shop.world.ledger()
    assert (len(ledger["charges"]), ledger["duplicates"]) == (1, 0)
    assert clip["job_id"] == shop.world.jobs()[0]["id"]


def test_a_failed_job_is_told(start_shop: Callable[..., Shop]) -> None:
    failure = {"timeline": {"after_polls": 1, "ends": "failed"}, "code": 1200, "error": "Refused."}
    shop = start_shop(jobs=[failure])
    shop.start_worker()
    clip = shop.wait_for(shop.order().json()["id"], "failed")
    assert "content moderation" in clip["error"]


def test_only_urls_are_media(start_shop: Callable[..., Shop]) -> None:
    shop = start_shop(**QUICK)
    for value in ("/etc/passwd", "file:///etc/passwd", "manage.py", 3, None):
        assert shop.order(audio=value).status_code == 400, value
