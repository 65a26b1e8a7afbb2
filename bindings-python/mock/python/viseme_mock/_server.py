"""Starts and stops the program `viseme-mock`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from ._world import World

STOP_TIMEOUT = 10.0
"""How many seconds the program has to exit before it is killed."""


class MockServer:
    """A mock server. It runs inside a ``with`` block, or from `start` to `stop`."""

    def __init__(
        self,
        *,
        scenario: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        port: int = 0,
        program: str | os.PathLike[str] | None = None,
    ) -> None:
        """Create a server.

        Args:
            scenario: How jobs go and what fails: a file in YAML or JSON, or a dict.
            port: The port to listen on; 0 picks a free one.
            program: The program to run instead of the one in this package.
        """
        # It ends with its standard input, and so with this process, even if that is killed.
        self._arguments = ["--port", str(port), "--end-with-stdin"]
        self._scenario = scenario
        self._program = program
        self._process: subprocess.Popen[str] | None = None
        self._address: dict[str, Any] = {}

    def start(self) -> MockServer:
        """Start the server, and wait until it listens. Returns self."""
        if self.is_running:
            return self
        with ExitStack() as files:
            # If it cannot listen, it says why on standard error and exits.
            self._process = subprocess.Popen(
                [_program(self._program), *self._arguments, *self._scenario_arguments(files)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert self._process.stdout is not None
            # It has read the scenario when it prints its address.
            line = self._process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError("The mock server did not start. Its message is on standard error.")
        self._address = json.loads(line)
        return self

    def stop(self) -> None:
        """Stop the server. Does nothing if it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def is_running(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def url(self) -> str:
        """The base URL of the server."""
        return str(self._running()["url"])

    @property
    def key(self) -> str:
        """The API key of the default world."""
        return str(self._running()["key"])

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of a client for the default world. Polls are fast, as jobs take seconds."""
        return self.world.settings

    @property
    def world(self) -> World:
        """The default world."""
        return World(self.url, self.key, "default")

    def new_world(self, **given: Any) -> World:
        """Create a world: an API key with its own jobs, faults, journal and ledger."""
        made = World(self.url, "", "").request("POST", "/worlds", given)
        return World(self.url, made["key"], made["id"])

    def _scenario_arguments(self, files: ExitStack) -> list[str]:
        if self._scenario is None:
            return []
        if isinstance(self._scenario, Mapping):
            folder = files.enter_context(tempfile.TemporaryDirectory(prefix="viseme-mock-"))
            path = Path(folder, "scenario.json")
            path.write_text(json.dumps(self._scenario), encoding="utf-8")
            return ["--scenario", str(path)]
        return ["--scenario", os.fspath(self._scenario)]

    def _running(self) -> dict[str, Any]:
        if not self.is_running:
            raise RuntimeError("The mock server does not run. Call start() or use `with`.")
        return self._address

    def __enter__(self) -> MockServer:
        """Start the server."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()


def _program(given: str | os.PathLike[str] | None) -> str:
    if given is not None:
        return os.fspath(given)
    name = "viseme-mock.exe" if sys.platform == "win32" else "viseme-mock"
    # Next to this Python first: PATH may have the one of another environment.
    for folder in (sysconfig.get_path("scripts"), str(Path(sys.executable).parent)):
        beside = Path(folder, name)
        if beside.exists():
            return str(beside)
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(
            "The program viseme-mock is not installed. Run: pip install viseme-mock"
        )
    return found
