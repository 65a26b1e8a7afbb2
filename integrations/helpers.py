"""What the tests share: programs that are started and killed, ports, and waiting."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

# Long enough for a slow machine. A test that passes does not wait for it.
TIMEOUT = 120.0


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(
    condition: Callable[[], T], what: str, timeout: float = TIMEOUT, pause: float = 0.05
) -> T:
    """Return the first true value of a condition. Fails if there is none in time."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {timeout} s: {what}"
        time.sleep(pause)
    return value


class Program:
    """A program in a process group of its own, whose output is in a file."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log
        self._killed = False

    @property
    def pid(self) -> int:
        """The id of the process, and of its group."""
        return self.process.pid

    @property
    def output(self) -> str:
        """What the program wrote so far."""
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """Kill the program and its children, as the end of a machine does (SIGKILL)."""
        if self._killed:
            return
        self._killed = True
        # The group may outlive the process that leads it.
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def terminate(self) -> None:
        """Ask the program to end (SIGTERM)."""
        self.process.terminate()

    def wait(self, timeout: float = TIMEOUT) -> int:
        """Return the exit code, once the program has ended."""
        return self.process.wait(timeout)


class Programs:
    """Starts programs. At the end of the block it kills what still runs of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Program] = []

    def start(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> Program:
        """Start a program. The environment is added to the one of the tests."""
        name = Path(command[0]).name
        log = self._folder / f"{len(self._started)}-{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [os.fspath(word) for word in command],
                cwd=folder or self._folder,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(Program(process, log))
        return self._started[-1]

    def __enter__(self) -> Programs:
        """Return self."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill what still runs."""
        for program in reversed(self._started):
            program.kill()
