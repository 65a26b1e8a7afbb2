"""The program, from Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import TracebackType
from typing import Any

from ._world import World

STOP_WITHIN = 10.0
"""Seconds that the program has to end when it is asked to."""


class MockServer:
    """A mock server that runs while the context is open, or from `start` to `stop`."""

    def __init__(
        self,
        *,
        scenario: str | os.PathLike[str] | None = None,
        port: int = 0,
        program: str | os.PathLike[str] | None = None,
    ) -> None:
        """Set a server up.

        Args:
            scenario: A file in YAML or JSON that says how jobs go and what fails.
            port: The port to listen on; 0 takes a free one.
            program: Another build of the program than that of this package.
        """
        self._arguments = ["--port", str(port)]
        if scenario is not None:
            self._arguments += ["--scenario", os.fspath(scenario)]
        self._program = program
        self._process: subprocess.Popen[str] | None = None
        self._told: dict[str, Any] = {}

    def start(self) -> MockServer:
        """Start it, and wait until it listens."""
        if self.is_running:
            return self
        # Where it cannot listen, it says why on standard error and ends.
        self._process = subprocess.Popen(
            [_program(self._program), *self._arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError("the mock server did not start; see standard error")
        self._told = json.loads(line)
        return self

    def stop(self) -> None:
        """Stop it. Does nothing where it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def url(self) -> str:
        """Its base URL."""
        return str(self._here()["url"])

    @property
    def key(self) -> str:
        """The API key of its first world."""
        return str(self._here()["key"])

    @property
    def settings(self) -> dict[str, Any]:
        """What a client of Viseme has to be told; its jobs take seconds, so polls come quickly."""
        return self.world.settings

    @property
    def world(self) -> World:
        """The world of its own key."""
        return World(self.url, self.key, "default")

    def new_world(self, **given: Any) -> World:
        """Make another world: a key with jobs, faults, journal and ledger of its own."""
        made = World(self.url, "", "").ask("POST", "/worlds", given)
        return World(self.url, made["key"], made["id"])

    def _here(self) -> dict[str, Any]:
        if not self.is_running:
            raise RuntimeError("the mock server does not run; call start() or use `with`")
        return self._told

    def __enter__(self) -> MockServer:
        """Start it."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()


def _program(given: str | os.PathLike[str] | None) -> str:
    if given is not None:
        return os.fspath(given)
    name = "viseme-mock.exe" if sys.platform == "win32" else "viseme-mock"
    # Beside this Python first: PATH may have that of another environment.
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        beside = Path(folder, name)
        if beside.exists():
            return str(beside)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError("the program viseme-mock is not installed with this Python")
    return found
