"""Runs the example of the README with an installed package. Usage: smoke.py REPOSITORY."""

import os
import sys
import tempfile
from pathlib import Path

root = Path(sys.argv[1])
sys.path.append(str(root / "bindings-python" / "mock" / "python"))

import viseme  # noqa: E402

assert Path(viseme.__file__).is_relative_to(sys.prefix), viseme.__file__
program = os.environ.get("VISEME_MOCK_PROGRAM")
with tempfile.TemporaryDirectory() as folder, viseme.mock(program=program):
    given = viseme.AudioToVideo(
        audio=root / "samples" / "voice.mp3", video=root / "samples" / "face.mp4"
    )
    saved = viseme.run(given).save(Path(folder, "result.mp4"))
    print(f"{saved.path.name}: {saved.bytes} bytes")
