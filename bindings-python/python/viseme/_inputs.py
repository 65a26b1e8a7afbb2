"""Inputs of models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Union, cast

from . import _native
from ._errors import refused
from ._media import MediaSource, has_file, is_medium, pack


@dataclass(frozen=True)
class AudioToVideo:
    """Moves the lips of a video to a voice track."""

    MODEL: ClassVar[str] = "kwaivgi/kling-lipsync/audio-to-video"

    audio: MediaSource
    """The voice: MP3, WAV, M4A or AAC, at most 5 MB; 2 to 60 seconds as third parties say."""
    video: MediaSource
    """The face: MP4 or MOV, at most 100 MB, 2 to 10 seconds, 720p or 1080p."""


@dataclass(frozen=True)
class TextToVideo:
    """Speaks a text and moves the lips of a video to it."""

    MODEL: ClassVar[str] = "kwaivgi/kling-lipsync/text-to-video"

    video: MediaSource
    """The face: MP4 or MOV, at most 100 MB, 2 to 60 seconds, sides of 720 to 1920 pixels."""
    text: str
    """What shall be said: at most 120 characters."""
    voice_id: str | None = None
    """Who says it. Default ``genshin_klee2``. An unknown voice is reported, not refused."""
    voice_language: str | None = None
    """``zh`` or ``en``. Default: the service's choice."""
    voice_speed: float | None = None
    """How fast it is said, from 0.8 to 2.0 in steps of 0.1. Default 1."""


@dataclass(frozen=True)
class KlingEffects:
    """Plays an effect on a picture; gives a video of five seconds."""

    MODEL: ClassVar[str] = "kwaivgi/kling-effects"

    effect_scene: str
    """The effect, such as ``jelly_press``. One that is not known is reported, not refused."""
    image: MediaSource
    """The picture: at most 10 MB, sides of 300 pixels or more, between 1:2.5 and 2.5:1."""


@dataclass(frozen=True)
class Input:
    """An input of any model: JSON, and media, which are uploaded.

    In parameters of models without a class of their own, text stands for itself: for a file, pass
    a :class:`~pathlib.Path` or :class:`Media`.
    """

    model: str
    """The model's id."""
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The parameters by name."""


AnyInput = Union[AudioToVideo, TextToVideo, KlingEffects, Input]
"""An input: a typed one, or one of any model."""

# What text means depends on the parameter; these are media.
_MEDIA: dict[str, frozenset[str]] = {
    model["id"]: frozenset(field["name"] for field in model["fields"] if field["media"])
    for model in json.loads(_native.known_models())
}


def input_of(first: object, second: Mapping[str, Any] | None) -> Input:
    """Make one of the two shapes of a call: an input, or a model's id and parameters."""
    if isinstance(first, str):
        return Input(first, {} if second is None else second)
    if second is not None:
        raise TypeError("parameters belong to a model's id; the input has its own")
    if isinstance(first, Input):
        return first
    if isinstance(first, (AudioToVideo, TextToVideo, KlingEffects)):
        given = {each.name: getattr(first, each.name) for each in fields(first)}
        set_ones = {name: value for name, value in given.items() if value is not None}
        return Input(first.MODEL, set_ones)
    kind = type(first).__name__
    raise TypeError(f"a {kind} is no input; pass an AudioToVideo, another input or a model's id")


def reads_files(given: Input) -> bool:
    """Tell whether packing it reads open files."""
    return any(has_file(value) for value in given.parameters.values())


def pack_input(given: Input, contents: list[bytes]) -> dict[str, Any]:
    """Describe the input; bytes are added to the contents."""
    texts = _MEDIA.get(given.model, frozenset())
    described: list[tuple[str, dict[str, Any]]] = []
    for name, value in given.parameters.items():
        if is_medium(value) or (isinstance(value, str) and name in texts):
            described.append((name, {"media": pack(value, contents)}))
        else:
            _refuse_media_within(name, value)
            described.append((name, {"json": value}))
    return {"model": given.model, "fields": described}


def _refuse_media_within(name: str, value: object) -> None:
    items = cast("list[object]", value) if isinstance(value, (list, tuple)) else []
    if any(map(is_medium, items)):
        raise refused(
            "invalid_input",
            f"{name}: media in a list are not uploaded by themselves. Pass the URLs that "
            "`client.upload` gives.",
        )
