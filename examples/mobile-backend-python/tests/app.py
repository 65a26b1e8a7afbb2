"""A backend under test, and what an app sends to it."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import viseme
from accounts import issue_token
from helpers import Program, Programs, free_port, wait_until
from viseme_mock import World

# Another backend can be tested in the same way.
COMMAND = shlex.split(os.environ.get("BACKEND_COMMAND", ""))
BACKEND = Path(__file__).parents[1] / "backend.py"
MODEL = "kwaivgi/kling-lipsync/audio-to-video"
SECRET = "the secret of the tests, which is long enough"
GIVEN = {
    "audio": "https://media.example/voice.mp3",
    "video": "https://media.example/face.mp4",
}


@dataclass
class Backend:
    """A backend that can be killed and started again."""

    world: World
    programs: Programs
    folder: Path
    limits: dict[str, str] = field(default_factory=dict)
    program: Program | None = None
    port: int = field(default_factory=free_port)
    command: list[str] = field(
        default_factory=lambda: COMMAND or [sys.executable, os.fspath(BACKEND)]
    )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {
            "WAVESPEED_BASE_URL": self.world.url,
            "WAVESPEED_API_KEY": self.world.key,
            "TOKEN_SECRET": SECRET,
            "LEDGER": str(self.folder / "ledger.db"),
            **self.limits,
        }
        # Another program may take the port before the backend does.
        for _ in range(5):
            self.program = self.programs.start(
                self.command,
                environment={**environment, "PORT": str(self.port)},
            )
            wait_until(lambda: self.answers() or self.has_ended(), "the backend starts")
            if not self.has_ended():
                return
            self.port = free_port()
        raise AssertionError(self.program.output if self.program else "")

    def has_ended(self) -> bool:
        return self.program is None or self.program.process.poll() is not None

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/nothing").status_code > 0
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        assert self.program is not None
        self.program.kill()

    def client(self, user: str, **more: Any) -> viseme.Client:
        """Return the client of an app: the token of a user takes the place of the key."""
        settings = {
            "base_url": self.url,
            "api_key": issue_token(user, SECRET),
            "ignore_env": True,
            "check_remote_media": False,
            "pacing": 0.1,
        }
        return viseme.Client(**{**settings, **more})

    def send(self, user: str, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {issue_token(user, SECRET)}"}
        url = f"{self.url}/api/v3/{path}"
        return httpx.request(method, url, json=body, headers=headers, timeout=120)

    def submit(self, user: str, body: object = GIVEN, model: str = MODEL) -> httpx.Response:
        return self.send(user, "POST", model, body)


def requests(world: World, kind: str) -> int:
    """Return how many requests of a kind the service got."""
    return sum(exchange["kind"] == kind for exchange in world.journal())
