"""The workers of one test, and the client that sends them tasks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from celery import Celery
from celery.result import AsyncResult
from viseme_mock import World

from helpers import TIMEOUT, Program, Programs

TESTS = Path(__file__).parent
RECIPE = TESTS.parent


class Pipeline:
    """The workers of one test, and the client that sends them tasks."""

    def __init__(self, programs: Programs, world: World, redis_url: str, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.ledger = folder / "ledger.db"
        self.app = Celery(broker=redis_url, backend=redis_url)
        self._programs = programs
        self._count = 0
        self._environment = {
            "CLIPS_REDIS": redis_url,
            "CLIPS_LEDGER": str(self.ledger),
            "WAVESPEED_BASE_URL": world.url,
            "WAVESPEED_API_KEY": world.key,
            "PYTHONPATH": os.pathsep.join([str(RECIPE), str(TESTS)]),
        }

    def start_worker(
        self,
        recipe: str,
        *,
        app: str | None = None,
        concurrency: int = 1,
        visibility_timeout: float = 3600,
        soft_time_limit: float = 600,
    ) -> Program:
        self._count += 1
        settings = {
            "VISIBILITY_TIMEOUT": str(visibility_timeout),
            "SOFT_TIME_LIMIT": str(soft_time_limit),
        }
        celery = [sys.executable, "-m", "celery", "--app", app or f"workers:{recipe}", "worker"]
        options = [f"--concurrency={concurrency}", f"--hostname=worker{self._count}@localhost"]
        quiet = ["--loglevel=INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"]
        return self._programs.start(
            [*celery, *options, *quiet], environment={**self._environment, **settings}
        )

    def send(self, recipe: str, clip_id: str = "clip-1") -> AsyncResult[Any]:
        """Send one clip to the workers."""
        task: AsyncResult[Any] = self.signature(recipe, clip_id).delay()
        return task

    def signature(self, recipe: str, clip_id: str = "clip-1") -> Any:
        audio = f"https://media.example/{clip_id}.mp3"
        video = "https://media.example/face.mp4"
        if recipe == "naive":
            return self.app.signature("naive.lip_sync", args=(audio, video))
        submit = self.app.signature("clips.submit", args=(clip_id, audio, video))
        return submit | self.app.signature("clips.fetch", args=(str(self.output(clip_id)),))

    def output(self, clip_id: str = "clip-1") -> Path:
        return self.folder / f"{clip_id}.mp4"

    def charges(self) -> int:
        return len(self.world.ledger()["charges"])

    def requests(self, kind: str) -> int:
        return sum(it["kind"] == kind for it in self.world.journal())

    def result(self, task: AsyncResult[Any]) -> Any:
        return task.get(timeout=TIMEOUT, interval=0.1)


def children(program: Program) -> list[int]:
    """Return the ids of a program's children."""
    listing = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    ).stdout
    pairs = [tuple(map(int, line.split())) for line in listing.splitlines()]
    return [pid for pid, parent in pairs if parent == program.pid]
