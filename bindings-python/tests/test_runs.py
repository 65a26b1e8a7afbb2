"""From an input to a file, with both clients."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
import viseme
from conftest import SAMPLES, settings
from viseme_mock import World


def test_run_returns_a_completed_prediction_with_a_video(
    quick: World, lips: viseme.AudioToVideo, tmp_path: Path
) -> None:
    client = viseme.Client(**settings(quick))
    prediction = client.run(lips)
    assert prediction.status == "completed"
    assert prediction.output is not None
    saved = prediction.save(tmp_path / "result.mp4")
    assert saved.path.read_bytes() == prediction.output.read()
    assert saved.bytes == saved.path.stat().st_size > 0
    assert len(quick.ledger()["charges"]) == 1


async def test_async_run_returns_a_completed_prediction_with_a_video(
    quick: World, lips: viseme.AudioToVideo, tmp_path: Path
) -> None:
    async with viseme.AsyncClient(**settings(quick)) as client:
        prediction = await client.run(lips)
        saved = await prediction.save(tmp_path / "result.mp4")
        assert prediction.output is not None
        assert saved.path.read_bytes() == await prediction.output.read()


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "file", "memoryview", "stream"])
def test_media_can_be_paths_text_bytes_files_and_streams(quick: World, kind: str) -> None:
    def media(name: str) -> Any:
        path = SAMPLES / name
        match kind:
            case "path":
                return path
            case "text":
                return str(path)
            case "bytes":
                return path.read_bytes()
            case "file":
                return path.open("rb")
            case "memoryview":
                return memoryview(path.read_bytes())
            case _:
                return viseme.Media.bytes(io.BytesIO(path.read_bytes()), name)

    audio, video = media("voice.mp3"), media("face.mp4")
    try:
        client = viseme.Client(**settings(quick))
        given = viseme.AudioToVideo(audio=audio, video=video)
        assert client.run(given).status == "completed"
    finally:
        for one in (audio, video):
            if hasattr(one, "close"):
                one.close()


def test_calls_for_the_official_package_work_unchanged(quick: World) -> None:
    client = viseme.Client(**settings(quick))
    result = client.run(
        "kwaivgi/kling-lipsync/audio-to-video",
        {"audio": "https://media.example/v.mp3", "video": "https://media.example/f.mp4"},
    )
    assert result["outputs"] == [result.output_url]
    with pytest.raises(KeyError):
        result["nothing"]


def test_callbacks_get_every_event(quick: World, lips: viseme.AudioToVideo) -> None:
    events: list[str] = []
    states: list[str] = []
    client = viseme.Client(**settings(quick))
    client.run(
        lips,
        on_progress=lambda event: events.append(event.event),
        on_update=lambda state: states.append(state.status),
    )
    assert [events[0], events[-1]] == ["checked", "update"]
    assert {"uploading", "uploaded", "submitting", "submitted"} <= set(events)
    assert states[-1] == "completed"


async def test_async_callbacks_can_be_coroutine_functions(
    quick: World, remote: viseme.AudioToVideo
) -> None:
    states: list[str] = []

    async def on_update(prediction: viseme.AsyncPrediction) -> None:
        await asyncio.sleep(0)
        states.append(prediction.status)

    async with viseme.AsyncClient(**settings(quick)) as client:
        await client.run(remote, on_update=on_update)
    assert states[-1] == "completed"


def test_another_client_finds_a_job_by_its_id(quick: World, remote: viseme.AudioToVideo) -> None:
    job = viseme.Client(**settings(quick)).submit(remote)
    other = viseme.Client(**settings(quick))
    states = [update.status for update in other.job(job.id).updates()]
    assert states[-1] == "completed"
    assert other.job(job.id).wait().status == other.job(job.id).refresh().status == "completed"
    assert [past.id for past in other.history()] == [job.id]


def test_run_many_yields_every_result_and_prefetches_inputs(
    quick: World, remote: viseme.AudioToVideo
) -> None:
    taken: list[int] = []

    def inputs() -> Any:
        for index in range(40):
            taken.append(index)
            yield remote if index != 3 else viseme.Input(remote.MODEL, {"audio": "nothing.mp3"})

    client = viseme.Client(**settings(quick))
    with client.run_many(inputs(), limit=4) as runs:
        first = next(runs)
        assert len(taken) < 40
        results = [first, *runs]
    assert sorted(result.index for result in results) == list(range(40))
    failed = [result for result in results if not result.ok]
    assert [result.index for result in failed] == [3]
    with pytest.raises(viseme.InputError):
        failed[0].unwrap()


async def test_run_many_accepts_an_async_iterable(
    quick: World, remote: viseme.AudioToVideo
) -> None:
    async def inputs() -> Any:
        for _ in range(40):
            await asyncio.sleep(0)
            yield remote

    async with viseme.AsyncClient(**settings(quick)) as client:
        results = [result async for result in client.run_many(inputs(), limit=4)]
    assert sorted(result.index for result in results) == list(range(40))
    assert all(result.unwrap().status == "completed" for result in results)


async def test_run_many_raises_an_exception_of_the_inputs(
    quick: World, remote: viseme.AudioToVideo
) -> None:
    async def inputs() -> Any:
        yield remote
        raise LookupError("mine")

    async with viseme.AsyncClient(**settings(quick)) as client:
        with pytest.raises(LookupError, match="mine"):
            async for _ in client.run_many(inputs()):
                pass


def test_invalid_media_raise_before_anything_is_charged(quick: World) -> None:
    client = viseme.Client(**settings(quick))
    given = viseme.AudioToVideo(audio=b"no sound", video=SAMPLES / "face.mp4")
    report = viseme.check(given)
    assert not report
    assert "audio" in str(report)
    with pytest.raises(viseme.InputError) as caught:
        client.run(given)
    assert caught.value.violations[0].field == "audio"
    assert quick.ledger()["charges"] == []
    with pytest.raises(viseme.InputError, match="opened for text"):
        client.upload(io.StringIO("text"))  # type: ignore[arg-type]


def test_a_closed_client_raises_a_config_error(endless: World, remote: viseme.AudioToVideo) -> None:
    client = viseme.Client(**settings(endless))
    job = client.submit(remote)
    client.close()
    for call in (lambda: client.run(remote), job.wait, job.refresh, lambda: client.job("x")):
        with pytest.raises(viseme.ConfigError, match="closed"):
            call()
