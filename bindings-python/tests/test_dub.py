"""Dubs: a clip of any length, whose segments are paid for once."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
import viseme
from conftest import settings
from viseme_mock import World

TONE = "sine=frequency=300:sample_rate=44100:duration=12"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A video and a voice of 12 seconds."""
    folder = tmp_path_factory.mktemp("clip")
    video, audio = folder / "face.mp4", folder / "voice.mp3"
    picture = "testsrc=size=1280x720:rate=25:duration=12"
    quiet = ["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i"]
    encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    subprocess.run([*quiet, picture, *encoder, str(video)], check=True)
    subprocess.run([*quiet, TONE, str(audio)], check=True)
    return video, audio


def charges(world: World) -> int:
    return len(world.ledger()["charges"])


def test_a_plan_submits_nothing_and_covers_the_clip(
    quick: World, clip: tuple[Path, Path], tmp_path: Path
) -> None:
    video, audio = clip
    out = tmp_path / "dubbed.mp4"
    plan = viseme.Client(**settings(quick)).dub(video=video, audio=audio, out=out).plan()
    assert plan.jobs == sum(it.kind == "dub" for it in plan.segments) == 2
    assert plan.segments[0].start == 0
    assert plan.segments[0].end == plan.segments[1].start
    assert plan.segments[-1].end == plan.duration == pytest.approx(12, abs=0.1)
    assert (charges(quick), list(tmp_path.iterdir())) == (0, [])


def test_a_stopped_dub_is_resumed_by_the_same_call_and_pays_once(
    quick: World, clip: tuple[Path, Path], tmp_path: Path
) -> None:
    video, audio = clip
    out = tmp_path / "dubbed.mp4"
    client = viseme.Client(**settings(quick))
    with client.dub(video=video, audio=audio, out=out, limit=1, preset="ultrafast") as dub:
        for update in dub:
            if update.state == "submitted":
                break
    assert dub.result is None
    assert not out.exists()
    assert charges(quick) >= 1
    updates = list(client.dub(video=video, audio=str(audio), out=str(out), preset="ultrafast"))
    assert out.read_bytes()
    assert updates[-1].stage == "joining"
    assert charges(quick) == 2
    with pytest.raises(viseme.InputError, match="exists already"):
        list(dub)


def test_asyncio_dubs_and_has_the_result(
    quick: World, clip: tuple[Path, Path], tmp_path: Path
) -> None:
    video, audio = clip

    async def main() -> viseme.DubResult | None:
        async with viseme.AsyncClient(**settings(quick)) as client:
            out = tmp_path / "dubbed.mp4"
            dub = client.dub(video=video, audio=audio, out=out, preset="ultrafast")
            assert (await dub.plan()).jobs == 2
            async for update in dub:
                assert 0 <= update.fraction <= 1
            return dub.result

    result = asyncio.run(main())
    assert result is not None
    assert (result.out, result.segments) == (tmp_path / "dubbed.mp4", 2)
    assert charges(quick) == 2


def test_errors_name_the_parameter(quick: World, clip: tuple[Path, Path], tmp_path: Path) -> None:
    video, audio = clip
    client = viseme.Client(**settings(quick))
    out = tmp_path / "dubbed.mp4"
    with pytest.raises(viseme.InputError, match=r"`length` must be one of 'shorter', .* got 'max'"):
        client.dub(video=video, audio=audio, out=out, length="max")  # type: ignore[arg-type]
    with pytest.raises(viseme.InputError, match="`max_cost` must be a non-negative number"):
        client.dub(video=video, audio=audio, out=out, max_cost=-1)
    with pytest.raises(viseme.InputError, match="`video` must be a path, got 3"):
        client.dub(video=3, audio=audio, out=out)  # type: ignore[arg-type]


def test_the_limit_of_cost_is_an_error_and_keeps_what_is_paid_for(
    quick: World, clip: tuple[Path, Path], tmp_path: Path
) -> None:
    video, audio = clip
    client = viseme.Client(**settings(quick))
    out = tmp_path / "dubbed.mp4"
    with pytest.raises(viseme.LedgerError):
        list(client.dub(video=video, audio=audio, out=out, max_cost=0.001, preset="ultrafast"))
    assert charges(quick) == 0
