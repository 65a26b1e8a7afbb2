"""The code that the playground shows runs as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, SAMPLES
from helpers import TIMEOUT
from viseme_mock import World


@pytest.mark.parametrize("call", ["audio-to-video", "text-to-video", "effects"])
def test_the_code_of_the_playground_completes_a_job_that_is_charged_once(
    call: str, quick: World, tmp_path: Path
) -> None:
    for name in ["face.mp4", "face.jpg", "voice.mp3"]:
        shutil.copy(SAMPLES / name, tmp_path)
    program = ROOT / "playground" / "snippets" / f"{call}.py"
    service = {"WAVESPEED_API_KEY": quick.key, "WAVESPEED_BASE_URL": quick.url}
    subprocess.run(
        [sys.executable, str(program)],
        cwd=tmp_path,
        env={**os.environ, **service},
        check=True,
        timeout=TIMEOUT,
    )
    assert (tmp_path / "result.mp4").read_bytes()[4:8] == b"ftyp"
    assert len(quick.ledger()["charges"]) == 1
