"""The code that the playground and the guides show runs as it is."""

from __future__ import annotations

import os
import re
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


@pytest.mark.parametrize("guide", ["fit", "dub"])
def test_the_code_of_the_guides_runs(guide: str, quick: World, tmp_path: Path) -> None:
    make = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i"]
    picture = "testsrc=size=1280x720:rate=25:duration=12"
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    subprocess.run([*make, picture, *encoder, "talk.mp4"], cwd=tmp_path, check=True)
    subprocess.run([*make, picture, *encoder, "talk.mkv"], cwd=tmp_path, check=True)
    subprocess.run([*make, "sine=frequency=300:duration=12", "voice.mp3"], cwd=tmp_path, check=True)
    text = (ROOT / "docs" / f"{guide}.md").read_text()
    program = "\n".join(["import viseme", *re.findall("```py\n(.*?)```", text, re.DOTALL)])
    service = {"WAVESPEED_API_KEY": quick.key, "WAVESPEED_BASE_URL": quick.url}
    subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, **service},
        check=True,
        timeout=TIMEOUT,
    )
    assert len(quick.ledger()["charges"]) == (2 if guide == "dub" else 1)
