"""Media that are open files or streams: small ones in memory, large ones in temporary files."""

from __future__ import annotations

import asyncio
import io
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import viseme
from conftest import SAMPLES, settings
from viseme_mock import World

VOICE, FACE = SAMPLES / "voice.mp3", SAMPLES / "face.mp4"
LARGE = 40 * 1024 * 1024


class Upload:
    """An upload as frameworks have them: an asynchronous file."""

    def __init__(self, path: Path) -> None:
        self._file = io.BytesIO(path.read_bytes())
        self.filename = path.name

    async def read(self, size: int = -1) -> bytes:
        await asyncio.sleep(0)
        return self._file.read(size)


class LargeFile(io.RawIOBase):
    """A valid video with a large tail, which is made as it is read."""

    name = "face.mp4"

    def __init__(self, size: int) -> None:
        self._start = io.BytesIO(FACE.read_bytes())
        self._left = size
        self.largest_read = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.largest_read = max(self.largest_read, size if size >= 0 else self._left)
        if start := self._start.read(size):
            return start
        # A box of MP4 that readers skip, and that reaches to the end of the file.
        chunk = b"\0\0\0\0free" if self._left == LARGE else b"\0" * min(size, self._left)
        self._left -= min(len(chunk), self._left)
        return chunk if chunk.strip(b"\0") or self._left else b""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of temporary files, which must be empty after each test."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def stream(path: Path, size: int = 1000) -> AsyncIterator[bytes]:
    content = path.read_bytes()

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), size):
            await asyncio.sleep(0)
            yield content[start : start + size]

    return chunks()


def put_sizes(world: World) -> list[int]:
    return [it["request_body"]["size"] for it in world.journal() if it["kind"] == "put"]


async def test_streams_and_asynchronous_files_are_uploaded(quick: World) -> None:
    async with viseme.AsyncClient(**settings(quick)) as client:
        video = await client.upload(Upload(FACE))
        assert video.endswith("/face.mp4")
        audio = await client.upload(viseme.Media.bytes(stream(VOICE), "voice.mp3"))
        assert audio.endswith("/voice.mp3")
        given = viseme.AudioToVideo(audio=stream(VOICE), video=Upload(FACE))
        prediction = await client.run(given)
        assert prediction.status == "completed"
    assert len(quick.ledger()["charges"]) == 1


def test_a_large_file_needs_little_memory(quick: World) -> None:
    file = LargeFile(LARGE)
    with viseme.Client(**settings(quick)) as client:
        tracemalloc.start()
        try:
            url = client.upload(file)  # type: ignore[arg-type]
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert url.endswith("/face.mp4")
    assert file.largest_read <= 1024 * 1024
    # 4 MB are kept before the temporary file, and copied when they grow.
    assert peak < 16 * 1024 * 1024, f"{peak} bytes"


async def test_a_large_stream_needs_little_memory(quick: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        file = LargeFile(LARGE)
        while chunk := file.read(64 * 1024):
            yield chunk

    async with viseme.AsyncClient(**settings(quick)) as client:
        tracemalloc.start()
        try:
            url = await client.upload(viseme.Media.bytes(chunks(), "face.mp4"))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert url.endswith("/face.mp4")
    assert peak < 16 * 1024 * 1024, f"{peak} bytes"


async def test_an_upload_that_fails_is_repeated_from_the_stream(
    make_world: Callable[..., World],
) -> None:
    world = make_world(faults=[{"at": "put", "nth": 1, "do": "reset"}])
    async with viseme.AsyncClient(**settings(world)) as client:
        await client.upload(viseme.Media.bytes(stream(VOICE), "voice.mp3"))
    assert sum(it["kind"] == "put" for it in world.journal()) == 2


async def test_a_stream_that_breaks_is_the_callers_error(quick: World) -> None:
    class HungUpError(Exception):
        pass

    async def breaks() -> AsyncIterator[bytes]:
        yield b"x" * (5 * 1024 * 1024)
        raise HungUpError

    async with viseme.AsyncClient(**settings(quick)) as client:
        with pytest.raises(HungUpError):
            await client.upload(breaks())
    assert quick.journal() == []


async def test_a_cancelled_upload_leaves_nothing(quick: World) -> None:
    started = asyncio.Event()

    async def never_ends() -> AsyncIterator[bytes]:
        yield b"x" * (5 * 1024 * 1024)
        started.set()
        await asyncio.Event().wait()

    async with viseme.AsyncClient(**settings(quick)) as client:
        task = asyncio.create_task(client.upload(never_ends()))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert quick.journal() == []


def test_run_many_takes_open_files_of_any_size(quick: World) -> None:
    rows = [viseme.AudioToVideo(audio=VOICE.open("rb"), video=LargeFile(LARGE)) for _ in range(2)]  # type: ignore[arg-type]
    with viseme.Client(**settings(quick)) as client:
        assert all(result.ok for result in client.run_many(rows))
    for row in rows:
        row.audio.close()  # type: ignore[union-attr]


def test_a_blocking_client_refuses_asynchronous_streams(quick: World) -> None:
    with viseme.Client(**settings(quick)) as client:
        for media in (stream(VOICE), Upload(VOICE)):
            with pytest.raises(viseme.InputError, match="`media` is an asynchronous stream"):
                client.upload(media)


async def test_streams_of_something_else_are_refused(quick: World) -> None:
    async def text() -> AsyncIterator[str]:
        yield "text"

    async def numbers() -> AsyncIterator[int]:
        yield 3

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * (1024 * 1024)

    async with viseme.AsyncClient(**settings(quick)) as client:
        with pytest.raises(viseme.InputError, match="opened for text"):
            await client.upload(text())  # type: ignore[arg-type]
        with pytest.raises(viseme.InputError, match="`media` must be a stream of bytes, got 3"):
            await client.upload(numbers())  # type: ignore[arg-type]
        with pytest.raises(viseme.InputError, match="at most 200 MB"):
            await client.upload(endless())
    assert quick.journal() == []
