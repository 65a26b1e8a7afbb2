"""The commands of README.md that need no API key, or say that it is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from accounts import verify_token
from app import SECRET

FOLDER = Path(__file__).parents[1]


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program of the backend without the variables of the service."""
    kept = {name: it for name, it in os.environ.items() if not name.startswith("WAVESPEED_")}
    command = [sys.executable, *words]
    environment = kept | variables
    return subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, text=True, check=False
    )


def test_a_token_needs_no_api_key() -> None:
    issued = run("accounts.py", "ann", TOKEN_SECRET=SECRET)
    assert issued.returncode == 0, issued.stderr
    assert verify_token(issued.stdout.strip(), SECRET) == "ann"


def test_a_missing_setting_is_named() -> None:
    ended = run("backend.py", TOKEN_SECRET=SECRET)
    assert ended.returncode == 1
    assert ended.stderr == "Set the environment variable WAVESPEED_API_KEY.\n"


def test_a_setting_that_is_no_number_is_named() -> None:
    for name in ("JOBS_PER_DAY", "JOBS_AT_ONCE", "UPLOADS_PER_DAY", "PORT"):
        ended = run(
            "backend.py",
            TOKEN_SECRET=SECRET,
            WAVESPEED_API_KEY="key-of-a-test",
            LEDGER=os.devnull,
            **{name: "-1"},
        )
        assert ended.returncode == 1
        assert ended.stderr == f'{name} must be a whole number, got "-1".\n'
