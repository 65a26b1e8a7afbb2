"""Media on their way to the native part."""

from __future__ import annotations

import os
from typing import IO, Any, Union, cast

from ._errors import refused

MAX_UPLOAD = 200 * 1024 * 1024
"""The largest file that the service takes in an upload, as its own clients say."""

MediaSource = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, IO[bytes], "Media"]
"""One audio, video or image: a path, a URL, bytes, an open file, or :class:`Media`."""


class Media:
    """A medium that says what it is, where that is not plain, or that names bytes."""

    __slots__ = ("is_path", "name", "source")

    source: Any
    name: str | None
    is_path: bool

    def __init__(self, source: MediaSource, *, name: str | None = None) -> None:
        """Take what :data:`MediaSource` lists; `name` is what bytes are uploaded under."""
        self.source = source.source if isinstance(source, Media) else source
        self.name = name
        self.is_path = isinstance(source, Media) and source.is_path

    @classmethod
    def path(cls, path: str | os.PathLike[str]) -> Media:
        """Take the file at this path, whatever the path looks like."""
        media = cls(os.fspath(path))
        media.is_path = True
        return media

    @classmethod
    def url(cls, url: str) -> Media:
        """Take a URL that the service can fetch; or a ``data:`` or ``file:`` URL."""
        return cls(url)

    @classmethod
    def bytes(cls, content: bytes | bytearray | memoryview | IO[bytes], name: str) -> Media:
        """Take bytes or an open file under this name; its extension is made to fit."""
        return cls(content, name=name)

    def __repr__(self) -> str:
        """Show no content."""
        kind = type(self.source).__name__
        shown = repr(self.source) if isinstance(self.source, str) else f"<{kind}>"
        return f"Media({shown})" if self.name is None else f"Media({shown}, name={self.name!r})"


def is_medium(value: object) -> bool:
    """Tell whether a value is a medium by its type alone; text is not."""
    kinds = (Media, bytes, bytearray, memoryview, os.PathLike)
    return isinstance(value, kinds) or hasattr(value, "read")


def has_file(value: object) -> bool:
    """Tell whether a value is an open file, which takes time to read."""
    return hasattr(value.source if isinstance(value, Media) else value, "read")


def pack(source: MediaSource, contents: list[bytes]) -> dict[str, Any]:
    """Describe the medium; its bytes are added to the contents."""
    name = source.name if isinstance(source, Media) else None
    inner: Any = source.source if isinstance(source, Media) else source
    if isinstance(inner, str):
        is_path = isinstance(source, Media) and source.is_path
        return {"path": inner} if is_path else {"text": inner}
    if isinstance(inner, (bytes, bytearray, memoryview)):
        return _bytes(bytes(cast("bytes", inner)), name, contents)
    if isinstance(inner, os.PathLike):
        return {"path": _text(os.fspath(cast("os.PathLike[str]", inner)))}
    if hasattr(inner, "read"):
        return _bytes(_read(inner), name or _name_of(inner), contents)
    raise refused(
        "invalid_input",
        f"A {type(inner).__name__} is no medium. Pass a path, a URL, bytes or an open file.",
    )


def _bytes(content: bytes, name: str | None, contents: list[bytes]) -> dict[str, Any]:
    contents.append(content)
    return {"bytes": {"at": len(contents) - 1, "name": name or "media"}}


def _read(file: IO[bytes]) -> bytes:
    content: Any = file.read(MAX_UPLOAD + 1)
    if not isinstance(content, bytes):
        raise refused(
            "invalid_input",
            'An open file gives text; open it for bytes: open(path, "rb").',
        )
    if len(content) > MAX_UPLOAD:
        raise refused("invalid_input", "A file is larger than the 200 MB that are taken.")
    return content


def _name_of(file: object) -> str | None:
    name = getattr(file, "name", None)
    return os.path.basename(name) or None if isinstance(name, str) else None


def _text(path: str | bytes) -> str:
    return os.fsdecode(path)
