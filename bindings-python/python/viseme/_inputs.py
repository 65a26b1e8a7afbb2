"""Inputs of models, their media, and how both are encoded for the native part."""

from __future__ import annotations

import math
import os
from collections.abc import AsyncIterable, Iterable, Mapping
from functools import cache
from typing import IO, TYPE_CHECKING, Any, ClassVar, Protocol, Union, cast

from ._deferred import Deferred
from ._errors import VisemeError, make_error
from ._payload import AsyncFile, MediaPayload, is_async_stream, name_of, read_whole
from ._settings import show
from ._signatures import suggest_fields

if not TYPE_CHECKING:
    from ._deferred import dataclass, field
else:
    from dataclasses import dataclass, field

if TYPE_CHECKING:
    from . import _generated_types as types

MediaSource = Union[
    str,
    "os.PathLike[str]",
    bytes,
    bytearray,
    memoryview,
    IO[bytes],
    AsyncFile,
    AsyncIterable[bytes],
    "Media",
]
"""An audio, video or image file: a path, a URL, bytes, an open file, a stream, or ``Media``.

Only an ``AsyncClient`` takes asynchronous files and streams, such as those of a request.
"""


class Media:
    """A media file with an explicit kind of source, or bytes with a name."""

    __slots__ = ("is_path", "name", "source")

    source: Any
    name: str | None
    is_path: bool

    def __init__(self, source: MediaSource, *, name: str | None = None) -> None:
        """Wrap any ``MediaSource``. `name` is the file name under which bytes are uploaded."""
        self.source = source.source if isinstance(source, Media) else source
        self.name = name
        self.is_path = isinstance(source, Media) and source.is_path

    @classmethod
    def path(cls, path: str | os.PathLike[str]) -> Media:
        """Return the file at this path, even if the path has the form of a URL."""
        media = cls(os.fspath(path))
        media.is_path = True
        return media

    @classmethod
    def url(cls, url: str) -> Media:
        """Return the file at a URL that the service can fetch, or a ``data:`` or ``file:`` URL."""
        return cls(url)

    @classmethod
    def bytes(
        cls,
        content: bytes | bytearray | memoryview | IO[bytes] | AsyncFile | AsyncIterable[bytes],
        name: str,
    ) -> Media:
        """Return bytes, an open file or a stream with a name. Its extension is corrected."""
        return cls(content, name=name)

    def __repr__(self) -> str:
        """Return the path or URL, but no content."""
        kind = type(self.source).__name__
        shown = repr(self.source) if isinstance(self.source, str) else f"<{kind}>"
        return f"Media({shown})" if self.name is None else f"Media({shown}, name={self.name!r})"


@suggest_fields
@dataclass(frozen=True)
class AudioToVideo(Deferred):
    """Lip-syncs a video to an audio track.

    Media are paths, URLs, bytes, open files or ``Media``.

    Args:
        audio: The voice: MP3, WAV, M4A or AAC, at most 5 MB; 2 to 60 seconds according to third
            parties.
        video: The face: MP4 or MOV, at most 100 MB, 2 to 10 seconds, 720p or 1080p.
    """

    MODEL: ClassVar[str] = "kwaivgi/kling-lipsync/audio-to-video"

    audio: MediaSource
    video: MediaSource


@suggest_fields
@dataclass(frozen=True)
class TextToVideo(Deferred):
    """Speaks a text and lip-syncs a video to it.

    Args:
        video: The face: a path, a URL, bytes, an open file or ``Media``. MP4 or MOV, at most
            100 MB, 2 to 60 seconds, sides of 720 to 1920 pixels.
        text: The text to speak: at most 120 characters.
        voice_id: The voice. Default ``genshin_klee2``. An unknown voice is a warning, not an error.
        voice_language: ``zh`` or ``en``. Default: the service's choice.
        voice_speed: The speed of the voice, from 0.8 to 2.0 in steps of 0.1. Default 1.
    """

    MODEL: ClassVar[str] = "kwaivgi/kling-lipsync/text-to-video"

    video: MediaSource
    text: str
    voice_id: str | None = None
    voice_language: str | None = None
    voice_speed: float | None = None


@suggest_fields
@dataclass(frozen=True)
class KlingEffects(Deferred):
    """Turns an image into a video of five seconds with an effect.

    Args:
        effect_scene: The effect, such as ``jelly_press``. An unknown effect is a warning, not an
            error.
        image: The image: a path, a URL, bytes, an open file or ``Media``. At most 10 MB, sides of
            300 pixels or more, between 1:2.5 and 2.5:1.
    """

    MODEL: ClassVar[str] = "kwaivgi/kling-effects"

    effect_scene: str
    image: MediaSource


@suggest_fields
@dataclass(frozen=True)
class Input(Deferred):
    """An input of any model: JSON values, and media, which are uploaded.

    For models without a class of their own, text is sent as it is: to upload a file, pass a
    ``Path`` or ``Media``.

    Args:
        model: The id of the model.
        parameters: The parameters by name.
    """

    model: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])


AnyInput = Union[AudioToVideo, TextToVideo, KlingEffects, Input, Mapping[str, Any]]
"""An input of a model: one of the typed classes, ``Input`` for any model, or a dict.

A dict has the parameters, and the id of the model as ``model``; without it, the model is that of
``AudioToVideo``. A pandas Series, such as a row of a DataFrame, counts as a dict.
"""


class Table(Protocol):
    """A pandas DataFrame, whose rows are inputs."""

    def iterrows(self) -> Iterable[tuple[Any, Any]]:
        """Iterate over the rows."""
        ...


class Frame(Protocol):
    """A polars DataFrame, whose rows are inputs."""

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return the rows."""
        ...


def normalize_input(input: object, parameters: object) -> Input:
    """Return the input of a call: `input` itself, or a model id with parameters."""
    if isinstance(input, str):
        values = _as_mapping(parameters)
        if parameters is not None and values is None:
            raise invalid_input("parameters", "a dict of the model's parameters", parameters)
        return Input(input, values or {})
    if isinstance(input, Input):
        given = input
    elif isinstance(input, (AudioToVideo, TextToVideo, KlingEffects)):
        values = {name: getattr(input, name) for name in _field_names(cast("Any", type(input)))}
        given = Input(input.MODEL, {name: it for name, it in values.items() if it is not None})
    elif (mapping := _as_mapping(input)) is not None:
        values = dict(mapping)
        given = Input(values.pop("model", AudioToVideo.MODEL), values)
    else:
        expected = "a model id, a dict, or an AudioToVideo, TextToVideo, KlingEffects or Input"
        raise invalid_input("input", expected, input)
    if parameters is not None:
        raise make_error(
            "invalid_input",
            "`parameters` can only be used with a model id; put them into the input itself.",
        )
    return given


@cache
def _field_names(kind: type[Any]) -> tuple[str, ...]:
    from dataclasses import fields

    return tuple(each.name for each in fields(kind))


def encode_input(given: Input, payload: MediaPayload) -> types.InputData:
    """Encode an input. The contents of its media are added to `payload`."""
    if not isinstance(cast("object", given.model), str):
        raise invalid_input("model", "a model id as text", given.model)
    encoded: list[tuple[str, types.FieldData]] = []
    parameters = _as_mapping(given.parameters)
    if parameters is None:
        raise invalid_input("parameters", "a dict of the model's parameters", given.parameters)
    for name, value in parameters.items():
        if not isinstance(cast("object", name), str):
            raise invalid_input("parameters", "a dict with text as keys", dict(parameters))
        if type(value) is str and _is_unicode(value):
            # Most parameters: none of what follows applies to them.
            encoded.append((name, {"value": value}))
            continue
        value = _plain(name, value)
        if _is_media(value):
            encoded.append((name, {"media": encode_media(name, value, payload)}))
        else:
            # The native part knows which parameters are media, and what text means in them.
            check_json(name, value)
            encoded.append((name, {"value": value}))
    return {"model": given.model, "fields": encoded}


def _as_mapping(value: object) -> Mapping[str, Any] | None:
    """Return a dict, or the parameters in a pandas Series by their labels; None for others."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, Any]", value)
    if is_of_library(value, "pandas") and hasattr(value, "to_dict") and hasattr(value, "index"):
        found = cast("Any", value).to_dict()
        return cast("Mapping[str, Any]", found) if isinstance(found, dict) else None
    return None


def is_of_library(value: object, library: str) -> bool:
    """Return whether a library defines the class of a value. Does not import it."""
    return type(value).__module__.partition(".")[0] == library


def _plain(name: str, value: Any) -> Any:
    """Return a value of numpy or pandas as one of Python. An empty cell is an error."""
    if value is None or isinstance(value, (str, bytes, bool, int)):
        return str(value) if is_of_library(value, "numpy") and isinstance(value, str) else value
    if _is_empty(value):
        message = (
            f"`{name}` is an empty cell ({value!r}). Give it a value, or leave the parameter out."
        )
        raise make_error("invalid_input", message)
    if is_of_library(value, "numpy"):
        if type(value).__name__ in ("float16", "float32"):
            # The shortest text that is this number: 0.8 and not 0.800000011920929.
            return _plain(name, float(str(value)))
        if hasattr(value, "tolist"):
            return _plain(name, value.tolist())
    elif is_of_library(value, "pandas") and hasattr(value, "tolist"):
        return _plain(name, value.tolist())
    if isinstance(value, (list, tuple)):
        items = cast("list[object]", value)
        return [_plain(f"{name}[{at}]", item) for at, item in enumerate(items)]
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {key: _plain(f"{name}.{key}", item) for key, item in fields.items()}
    return value


def _is_empty(value: object) -> bool:
    """Return whether a value stands for an empty cell of a table."""
    if isinstance(value, float):
        return math.isnan(value)
    return is_of_library(value, "pandas") and type(value).__name__ in ("NAType", "NaTType")


def encode_cell(name: str, value: Any) -> Any:
    """Encode a cell of a table as JSON: an empty one as None, a file as its path."""
    is_nan = (
        is_of_library(value, "numpy") and getattr(value, "shape", None) == () and value != value
    )
    if value is None or is_nan or _is_empty(value):
        return None
    value = _plain(name, value.source if isinstance(value, Media) else value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(cast("os.PathLike[str]", value))
    if _is_media(value):
        # A batch reads the file again when it resumes.
        raise invalid_input(name, "a path or a URL: save bytes to a file first", value)
    check_json(name, value)
    return value


def hold_files(given: Input) -> Input:
    """Return an input that can be sent more than once: with the contents of open files."""

    def held(name: str, value: Any) -> Any:
        inner: Any = value.source if isinstance(value, Media) else value
        if is_async_stream(inner):
            raise invalid_input(name, "a path, a URL, bytes or an open file", inner)
        if not hasattr(inner, "read"):
            return value
        own = value.name if isinstance(value, Media) else None
        return Media(read_whole(name, inner), name=own or name_of(inner))

    values = _as_mapping(given.parameters)
    if values is None:
        return given
    return Input(given.model, {name: held(name, value) for name, value in values.items()})


def encode_media(name: str, source: Any, payload: MediaPayload) -> types.MediaData:
    """Encode a media file. Its content, unless it is on disk, is added to `payload`."""
    file_name = source.name if isinstance(source, Media) else None
    inner: Any = source.source if isinstance(source, Media) else source
    if isinstance(inner, str):
        is_path = isinstance(source, Media) and source.is_path
        return {"path": inner} if is_path else {"text": inner}
    if isinstance(inner, (bytes, bytearray, memoryview)):
        return payload.add_bytes(bytes(cast("bytes", inner)), file_name)
    if isinstance(inner, os.PathLike):
        return {"path": os.fsdecode(cast("os.PathLike[str]", inner))}
    if hasattr(inner, "read") or is_async_stream(inner):
        return payload.add_stream(name, inner, file_name)
    raise invalid_input(name, "a path, a URL, bytes or an open file", inner)


def _is_media(value: object) -> bool:
    """Return whether a value is a media file by its type alone. Text is not."""
    kinds = (Media, bytes, bytearray, memoryview, os.PathLike, AsyncIterable)
    return isinstance(value, kinds) or hasattr(value, "read")


def check_json(name: str, value: object) -> None:
    """Raise an InputError that names the place of a value that JSON cannot hold."""
    match value:
        case None | bool() | int():
            return
        case str():
            if _is_unicode(value):
                return
        case float():
            if math.isfinite(value):
                return
        case list() | tuple():
            for index, item in enumerate(cast("list[object]", value)):
                if _is_media(item):
                    raise make_error(
                        "invalid_input",
                        f"`{name}[{index}]` is a media file in a list, which is not uploaded "
                        "automatically. Pass the URL that `client.upload` returns.",
                    )
                check_json(f"{name}[{index}]", item)
            return
        case Mapping():
            for key, item in cast("Mapping[object, object]", value).items():
                if not isinstance(key, str):
                    raise invalid_input(name, "a dict with text as keys", cast("object", value))
                check_json(f"{name}.{key}", item)
            return
        case _:
            pass
    raise invalid_input(
        name, "JSON (text, finite numbers, True, False, None, lists, dicts) or media", value
    )


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def invalid_input(name: str, expected: str, value: object) -> VisemeError:
    """Return the error of a parameter."""
    return make_error("invalid_input", f"`{name}` must be {expected}, got {show(value)}.")
