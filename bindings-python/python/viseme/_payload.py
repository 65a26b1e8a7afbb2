"""The contents of media that are bytes, open files or streams."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterator
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from ._errors import make_error
from ._settings import show

if TYPE_CHECKING:
    import tempfile

    from . import _generated_types as types

MAX_UPLOAD = 200 * 1024 * 1024
"""The largest file that the service accepts in an upload, according to its own clients."""

MAX_IN_MEMORY = 4 * 1024 * 1024
"""The largest content of a stream that is kept in memory. A longer one goes to a temporary file."""

_CHUNK = 256 * 1024


class AsyncFile(Protocol):
    """A file with an asynchronous ``read``, such as an ``UploadFile`` of FastAPI."""

    def read(self, size: int, /) -> Awaitable[bytes]:
        """Return at most `size` bytes; none at the end."""
        ...


class MediaPayload:
    """The contents of the media of one request. Streams are read by `fill` or `fill_async`."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []
        self._streams: list[tuple[dict[str, Any], str, object, str | None]] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add_bytes(self, content: bytes, name: str | None) -> types.MediaData:
        """Add bytes. Returns their data for the native part."""
        self.contents.append(content)
        return {"bytes": {"at": len(self.contents) - 1, "name": name or "media"}}

    def add_stream(self, parameter: str, source: object, name: str | None) -> types.MediaData:
        """Add an open file or a stream. Its data is complete when it was read."""
        data: dict[str, Any] = {}
        self._streams.append((data, parameter, source, name))
        return cast("types.MediaData", data)

    def fill(self) -> None:
        """Read the open files."""
        for data, parameter, source, name in self._take():
            if is_async_stream(source):
                message = (
                    f"`{parameter}` is an asynchronous stream, got {show(source)}. Pass it to an "
                    "AsyncClient, or pass an open file."
                )
                raise make_error("invalid_input", message)
            self._read(data, parameter, source, name)

    async def fill_async(self) -> None:
        """Read the open files, in a thread, and the asynchronous streams."""
        # Few programs pass streams, and asyncio is slow to import.
        import asyncio

        for data, parameter, source, name in self._take():
            if not is_async_stream(source):
                await asyncio.to_thread(self._read, data, parameter, source, name)
                continue
            with _Spool(self, parameter, name or name_of(source)) as spool:
                async for chunk in _async_chunks(source):
                    spool.write(chunk)
                data.update(spool.finish())

    def _take(self) -> Iterator[tuple[dict[str, Any], str, object, str | None]]:
        while self._streams:
            yield self._streams.pop(0)

    def _read(self, data: dict[str, Any], parameter: str, source: object, name: str | None) -> None:
        with _Spool(self, parameter, name or name_of(source)) as spool:
            while chunk := cast("IO[bytes]", source).read(_CHUNK):
                spool.write(chunk)
            data.update(spool.finish())

    def create_file(self, name: str | None) -> IO[bytes]:
        """Create a temporary file that has the name of its medium."""
        import tempfile

        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="viseme-")
        # Two media may have the same name.
        folder = tempfile.mkdtemp(dir=self._folder.name)
        return open(os.path.join(folder, os.path.basename(name or "") or "media"), "xb")

    def close(self) -> None:
        """Remove the temporary files."""
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()


class _Spool:
    """Takes a stream in, in memory while it is small."""

    def __init__(self, payload: MediaPayload, parameter: str, name: str | None) -> None:
        self._payload = payload
        self._parameter = parameter
        self._name = name
        self._start = bytearray()
        self._file: IO[bytes] | None = None
        self._size = 0

    def write(self, chunk: object) -> None:
        if not isinstance(chunk, (bytes, bytearray, memoryview)):
            raise not_bytes(self._parameter, chunk)
        content = cast("bytes", chunk)
        self._size += len(content)
        if self._size > MAX_UPLOAD:
            raise too_large(self._parameter)
        if self._file is None and self._size > MAX_IN_MEMORY:
            self._file = self._payload.create_file(self._name)
            self._file.write(self._start)
            self._start.clear()
        if self._file is None:
            self._start += content
        else:
            self._file.write(content)

    def finish(self) -> types.MediaData:
        """Return the data of the medium."""
        if self._file is None:
            return self._payload.add_bytes(bytes(self._start), self._name)
        self._file.close()
        return {"path": self._file.name}

    def __enter__(self) -> _Spool:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def is_async_stream(source: object) -> bool:
    """Return whether a source is read by ``await``."""
    if isinstance(source, AsyncIterable):
        return True
    if not hasattr(source, "read"):
        return False
    from inspect import iscoroutinefunction

    # A coroutine function, also behind a bound method; a mock or a wrapper is none.
    return iscoroutinefunction(getattr(source, "read", None))


async def _async_chunks(source: object) -> AsyncIterator[object]:
    if not hasattr(source, "read"):
        async for chunk in cast("AsyncIterable[object]", source):
            yield chunk
        return
    while chunk := await _read_async(cast("AsyncFile", source)):
        yield chunk


async def _read_async(file: AsyncFile) -> object:
    from inspect import isawaitable

    returned: object = file.read(_CHUNK)
    return await returned if isawaitable(returned) else returned


def read_whole(parameter: str, file: IO[bytes]) -> bytes:
    """Return the content of an open file."""
    content: Any = file.read(MAX_UPLOAD + 1)
    if not isinstance(content, bytes):
        raise not_bytes(parameter, content)
    if len(content) > MAX_UPLOAD:
        raise too_large(parameter)
    return content


def name_of(file: object) -> str | None:
    """Return the name of an open file or an upload, if it has one."""
    for attribute in ("filename", "name"):
        name = getattr(file, attribute, None)
        if isinstance(name, str):
            return os.path.basename(name) or None
    return None


def not_bytes(parameter: str, chunk: object) -> Exception:
    """Return the error of a stream of something else."""
    if isinstance(chunk, str):
        message = (
            f"`{parameter}` is a file that was opened for text. Open it for bytes: "
            'open(path, "rb").'
        )
    else:
        message = f"`{parameter}` must be a stream of bytes, got {show(chunk)} from it."
    return make_error("invalid_input", message)


def too_large(parameter: str) -> Exception:
    """Return the error of a file that the service would refuse."""
    return make_error("invalid_input", f"`{parameter}` must be a file of at most 200 MB.")
