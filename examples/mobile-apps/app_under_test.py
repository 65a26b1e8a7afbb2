"""A sample app as a program, and both backends, each in front of a world of the mock server."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from accounts import issue_token
from app import SECRET, Backend
from helpers import Program, Programs, wait_until

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

BACKENDS = {
    "python": [sys.executable, EXAMPLES / "mobile-backend-python" / "backend.py"],
    "node": ["node", EXAMPLES / "mobile-backend-node" / "dist" / "server.js"],
}


@dataclass
class App:
    """An installed sample app of one user."""

    command: list[str]
    programs: Programs
    folder: Path
    backend: Backend
    user: str
    token: str | None = None

    @property
    def result(self) -> Path:
        """Where the app saves its video."""
        return self.folder / f"{self.user}.mp4"

    @property
    def open_job(self) -> Path:
        """Where the app keeps its open job."""
        return self.result.with_name(f"{self.result.name}.job")

    def start(self) -> Program:
        """Start the app. It knows its backend and the token of its user, and no API key."""
        environment = {
            "VISEME_BASE_URL": self.backend.url,
            "VISEME_TOKEN": self.token or issue_token(self.user, SECRET),
            "WAVESPEED_API_KEY": "",
            "WAVESPEED_BASE_URL": "",
            "VISEME_MOCK": "",
        }
        files = [ROOT / "samples" / "face.mp4", ROOT / "samples" / "voice.mp3", self.result]
        words = [*self.command, *map(os.fspath, files)]
        return self.programs.start(words, environment=environment, folder=ROOT)

    def run(self) -> tuple[int, str]:
        """Start the app, wait until it ends, and return its exit code and output."""
        program = self.start()
        code = program.wait()
        return code, program.output

    def submits(self) -> int:
        """Return how many submits reached the service."""
        return sum(it["kind"] == "submit" for it in self.backend.world.journal())


def wait_for_job(app: App) -> str:
    """Wait until the app has saved the id of its job, and return the id."""

    def saved() -> str:
        text = app.open_job.read_text() if app.open_job.exists() else ""
        return text.removeprefix("job ") if text.startswith("job ") else ""

    return wait_until(saved, "the app saves its job")


def app_command() -> list[str]:
    """Return the command of the app under test."""
    command = shlex.split(os.environ.get("VISEME_APP", ""))
    if not command:
        raise RuntimeError(
            "VISEME_APP is not set: run the tests by `cargo xtask kotlin sample` or "
            "`cargo xtask swift sample`."
        )
    return command
