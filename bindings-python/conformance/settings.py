"""Converts messages to settings, inputs and options."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import viseme

TYPED = {
    kind.MODEL: kind for kind in (viseme.AudioToVideo, viseme.TextToVideo, viseme.KlingEffects)
}
TYPES = {"backoff": viseme.Backoff, "pacing": viseme.Pacing, "submit_limits": viseme.SubmitLimits}


def settings_of(client: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of a client, and those for tests."""
    given = dict(client.get("settings") or {})
    if "deadline" in given:
        given["timeout"] = given.pop("deadline")
    for name, kind in TYPES.items():
        if name in given:
            given[name] = kind(**given[name])
    settings = {
        "ignore_env": True,
        "base_url": client["base_url"],
        "api_key": client["key"],
        "check_remote_media": False,
        "allow_private_addresses": True,
        **given,
    }
    return settings, {"virtualClock": client.get("virtual_clock", False)}


def input_of(message: dict[str, Any]) -> Any:
    """Return the input that a message describes: a typed one if possible."""
    media = {name: media_of(media) for name, media in (message.get("media") or {}).items()}
    parameters = {**(message.get("params") or {}), **media}
    kind = TYPED.get(message["model"])
    if kind is not None and not message.get("untyped"):
        try:
            return kind(**parameters)
        except TypeError:
            # A missing parameter, or one that the class does not have. Cases try any input.
            return viseme.Input(message["model"], parameters)
    return viseme.Input(message["model"], parameters)


def media_of(media: dict[str, Any]) -> Any:
    """Return a media file in the form that the message names."""
    name = media.get("name") or "file"
    if "path" in media:
        return Path(media["path"])
    if "bytes" in media:
        return viseme.Media.bytes(Path(media["bytes"]).read_bytes(), name)
    if "stream" in media:
        # A stream without a path of its own, which can be read once.
        return viseme.Media.bytes(io.BytesIO(Path(media["stream"]).read_bytes()), name)
    return viseme.Media.url(media["url"])


def options_of(message: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a call."""
    options = dict(message.get("options") or {})
    if "deadline" in options:
        options["timeout"] = options.pop("deadline")
    return options
