"""One clip, which programs of an engine run; and its charges."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from viseme_mock import World

from helpers import Program, Programs

TESTS = Path(__file__).parent
RECIPES = TESTS.parent
ROOT = RECIPES.parents[1]

# Engines take long to start on a busy machine. A test that passes does not wait for it.
SLOW = 300.0
# Jobs that end soon.
SOON = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}
# The first POST is accepted and charged, and its response is lost.
LOST = {"at": "submit", "nth": 1, "when": "after_accept", "do": "reset"}
# The first POST is accepted and charged, and has no response until its client is killed.
SILENCE = {"at": "submit", "nth": 1, "when": "after_accept", "do": "silence"}

Make = Callable[..., "Clip"]


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a program that imports recipes and keeps its files in a folder."""
    package = ROOT / "bindings-python" / "python"
    paths = os.pathsep.join(str(path) for path in (package, RECIPES, TESTS))
    return {"PYTHONPATH": paths, "HOME": str(folder), "DO_NOT_TRACK": "1", **settings}


class Process(NamedTuple):
    """A process that a program started."""

    pid: int
    parent: int
    command: str


def processes(program: Program) -> list[Process]:
    """Return the processes of a program, which its session contains."""
    columns = "pid=,ppid=,sid=,args="
    listing = subprocess.run(
        ["ps", "-A", "-ww", "-o", columns], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.split(maxsplit=3) for line in listing.splitlines()]
    return [
        Process(int(pid), int(parent), command)
        for pid, parent, session, command in lines
        if int(session) == program.pid
    ]


class Clip:
    """One clip, which programs of an engine run in a folder with the ledger and the output."""

    def __init__(
        self,
        programs: Programs,
        world: World,
        folder: Path,
        samples: Path,
        python: Path,
        settings: Mapping[str, str],
    ) -> None:
        self.world = world
        self.folder = folder
        self.python = python
        self.output = folder / "clip-1.mp4"
        self.arguments = {
            "clip_id": "clip-1",
            "audio": str(samples / "voice.mp3"),
            "video": str(samples / "face.mp4"),
            "path": str(self.output),
        }
        self._programs = programs
        service = {"WAVESPEED_BASE_URL": world.url, "WAVESPEED_API_KEY": world.key}
        self.environment = environment(folder, {**service, **settings})

    def program(self, name: str) -> Path:
        """Return a program that is installed with the engine."""
        return self.python.with_name(name)

    def start(self, *command: str | Path) -> Program:
        """Start a program of the engine."""
        return self._programs.start(command, environment=self.environment, folder=self.folder)

    def run(self, code: str) -> Program:
        """Start a program in Python. Its code knows the `arguments` of the clip."""
        return self.start(self.python, "-c", f"arguments = {self.arguments}\n{code}")

    def finish(self, program: Program) -> None:
        """Wait until a program has ended well."""
        assert program.wait(SLOW) == 0, program.output

    def charges(self) -> int:
        return len(self.world.ledger()["charges"])

    def check(self, charges: int) -> None:
        """Check the charges, and that a clip that is paid for once has its output."""
        assert self.charges() == charges
        if charges == 1:
            assert self.output.stat().st_size > 0
            ledger = self.world.ledger()
            assert (ledger["orphaned"], ledger["duplicates"]) == (0, 0)
