"""How clients, inputs and options are made of messages."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import viseme

TYPED = {
    kind.MODEL: kind for kind in (viseme.AudioToVideo, viseme.TextToVideo, viseme.KlingEffects)
}
FORMS = {"backoff": viseme.Backoff, "pacing": viseme.Pacing, "submit_limits": viseme.SubmitLimits}


def settings_of(client: dict[str, Any]) -> dict[str, Any]:
    """Give the settings of a client."""
    given = dict(client.get("settings") or {})
    if "deadline" in given:
        given["timeout"] = given.pop("deadline")
    for name, form in FORMS.items():
        if name in given:
            given[name] = form(**given[name])
    return {
        "ignore_env": True,
        "base_url": client["base_url"],
        "api_key": client["key"],
        "check_remote_media": False,
        "allow_private_addresses": True,
        "lockstep": client.get("lockstep", False),
        **given,
    }


def input_of(message: dict[str, Any]) -> Any:
    """Give the input that a message describes: a typed one where there is one."""
    media = {name: medium_of(medium) for name, medium in (message.get("media") or {}).items()}
    parameters = {**(message.get("params") or {}), **media}
    kind = TYPED.get(message["model"])
    if kind is not None and not message.get("untyped"):
        try:
            return kind(**parameters)
        except TypeError:
            # A parameter that is absent, or that the class does not have: any input may be tried.
            return viseme.Input(message["model"], parameters)
    return viseme.Input(message["model"], parameters)


def medium_of(medium: dict[str, Any]) -> Any:
    """Give a medium as the message hands it over."""
    name = medium.get("name") or "file"
    if "path" in medium:
        return Path(medium["path"])
    if "bytes" in medium:
        return viseme.Media.bytes(Path(medium["bytes"]).read_bytes(), name)
    if "stream" in medium:
        # A stream without a path of its own, which can be read once.
        return viseme.Media.bytes(io.BytesIO(Path(medium["stream"]).read_bytes()), name)
    return viseme.Media.url(medium["url"])


def options_of(message: dict[str, Any]) -> dict[str, Any]:
    """Give the options of a call."""
    options = dict(message.get("options") or {})
    if "deadline" in options:
        options["timeout"] = options.pop("deadline")
    return options
