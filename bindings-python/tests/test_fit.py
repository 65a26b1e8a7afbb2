"""Fits: media that a model accepts, made from media that it does not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import viseme
from conftest import ROOT, settings
from viseme_mock import World

VOICE = ROOT / "samples" / "voice.mp3"
FACE = ROOT / "samples" / "face.mp4"


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video that is too long, too small and in another container."""
    video = tmp_path_factory.mktemp("talk") / "talk.mkv"
    source = ["-f", "lavfi", "-i", "testsrc=size=640x360:rate=25:duration=12"]
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    words = ["ffmpeg", "-nostdin", "-v", "error", *source, *encoder, str(video)]
    subprocess.run(words, check=True)
    return video


def test_a_fitted_input_runs_and_the_source_is_not_touched(
    quick: World, talk: Path, tmp_path: Path
) -> None:
    content = talk.read_bytes()
    client = viseme.Client(**settings(quick))
    given = viseme.AudioToVideo(audio=VOICE, video=talk)
    assert not client.check(given).ok
    fitted = client.fit(given, out=tmp_path / "fitted", start=1, end=6)
    voice, face = sorted(fitted.files, key=lambda file: file.field)
    assert (voice.steps, voice.path, voice.after) == ((), None, None)
    assert {step.fix.kind for step in face.steps} == {"convert", "cut", "scale"}
    assert any(step.lossy for step in face.steps)
    assert face.after is not None
    assert (face.before.width, face.after.width) == (640, 1280)
    assert face.after.duration == pytest.approx(5, abs=0.1)
    assert "720 (lossy)" in str(fitted)
    assert fitted.input.parameters == {"audio": VOICE, "video": face.path}
    assert talk.read_bytes() == content
    assert client.check(fitted.input).ok
    assert client.run(fitted.input).status == "completed"


def test_a_dry_run_makes_no_file(quick: World, talk: Path, tmp_path: Path) -> None:
    client = viseme.Client(**settings(quick))
    given = viseme.AudioToVideo(audio=VOICE, video=talk)
    fitted = client.fit(given, out=tmp_path / "fitted", dry_run=True)
    face = next(file for file in fitted.files if file.field == "video")
    assert face.steps
    assert (face.path, face.after, face.violations) == (None, None, ())
    assert fitted.input.parameters["video"] == talk
    assert not (tmp_path / "fitted").exists()


def test_an_open_file_that_is_acceptable_can_still_be_sent(quick: World, tmp_path: Path) -> None:
    client = viseme.Client(**settings(quick))
    with FACE.open("rb") as face:
        given = {"audio": VOICE.read_bytes(), "video": face}
        fitted = client.fit(given, out=tmp_path / "fitted")
        assert [file.steps for file in fitted.files] == [(), ()]
        assert client.run(fitted.input).status == "completed"


def test_asyncio_fits_too(quick: World, talk: Path, tmp_path: Path) -> None:
    async def main() -> viseme.FitResult:
        async with viseme.AsyncClient(**settings(quick)) as client:
            model = viseme.AudioToVideo.MODEL
            parameters = {"audio": VOICE, "video": talk}
            return await client.fit(model, parameters, out=tmp_path, crop=True)

    fitted = asyncio.run(main())
    assert viseme.check(fitted.input).ok


def test_errors_say_what_is_wrong(quick: World, talk: Path, tmp_path: Path) -> None:
    client = viseme.Client(**settings(quick))
    given = {"audio": VOICE, "video": talk}
    with pytest.raises(viseme.InputError, match="`out` is missing"):
        client.fit(given)
    with pytest.raises(viseme.InputError, match="`start` must be a non-negative number"):
        client.fit(given, out=tmp_path, start=-1)
    with pytest.raises(TypeError, match="Did you mean 'crop'"):
        client.fit(given, out=tmp_path, crob=True)  # type: ignore[call-arg]
    with pytest.raises(viseme.InputError, match="file not found"):
        client.fit({"audio": VOICE, "video": "missing.mp4"}, out=tmp_path)
    text = tmp_path / "notes.mp4"
    text.write_text("not a video")
    with pytest.raises(viseme.InputError) as caught:
        client.fit({"audio": VOICE, "video": text}, out=tmp_path / "fitted")
    assert [violation.field for violation in caught.value.violations] == ["video"]
    assert not (tmp_path / "fitted").exists()


SCRIPT = """
import sys
import viseme

if sys.argv[2] == "without":
    sys.modules["imageio_ffmpeg"] = None
client = viseme.Client(api_key="offline-key")
print(len(client.fit({"video": sys.argv[1]}, dry_run=True).files[0].steps))
"""


def test_the_ffmpeg_of_the_extra_is_used_where_the_path_has_none(
    talk: Path, tmp_path: Path
) -> None:
    def run(extra: str) -> subprocess.CompletedProcess[str]:
        hidden = ("VISEME_FFMPEG", "IMAGEIO_FFMPEG_EXE")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        environment["PATH"] = str(tmp_path)
        command = [sys.executable, "-c", SCRIPT, str(talk), extra]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    found = run("with")
    assert int(found.stdout) > 0, found.stderr
    missing = run("without")
    assert "ffmpeg was not found" in missing.stderr
    assert "pip install 'viseme[media]'" in missing.stderr
