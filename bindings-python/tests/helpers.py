"""Starts programs as processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

# Long enough for a slow machine. A test that passes does not wait for it.
TIMEOUT = 60.0

PREAMBLE = """
import asyncio, json, os, signal, sys, threading, time, warnings
import viseme
# A test run in the background of a shell ignores it, and so would this program.
signal.signal(signal.SIGINT, signal.default_int_handler)
SETTINGS = json.loads(sys.argv[1])
GIVEN = viseme.AudioToVideo(audio="https://media.example/v.mp3", video="https://media.example/f.mp4")
"""


# Not -X dev: asyncio then warns on a slow machine.
OPTIONS = ("-X", "faulthandler", "-W", "error::ResourceWarning")


@contextmanager
def program(
    code: str, settings: dict[str, object], options: Sequence[str] = OPTIONS
) -> Iterator[subprocess.Popen[str]]:
    """Start a program, and kill it at the end of the block."""
    text = PREAMBLE + textwrap.dedent(code)
    process = subprocess.Popen(
        [sys.executable, *options, "-c", text, json.dumps(settings)],
        # An inherited pipe would keep the test run waiting for an orphan.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def run(
    code: str, settings: dict[str, object], options: Sequence[str] = OPTIONS
) -> tuple[str, str]:
    """Run a program to its end, which must be a success. Returns its output."""
    with program(code, settings, options) as process:
        out, err = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0, err
        return out, err
