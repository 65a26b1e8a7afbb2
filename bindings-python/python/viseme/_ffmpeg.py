"""The ffmpeg of the extra ``media``."""

from __future__ import annotations

from importlib import import_module


def packaged_ffmpeg() -> str | None:
    """Return the program of imageio-ffmpeg, which ``viseme[media]`` brings; None without it."""
    try:
        program = import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        return None
    return str(program)
