"""What you decide: the secrets, the models, and what one user may do."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

MB = 1024 * 1024


def required(name: str) -> str:
    """Return an environment variable. Without it, the program ends with a sentence."""
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"Set the environment variable {name}.")
    return value


def token_secret() -> str:
    """Return the secret of the tokens. A short one can be guessed from a token."""
    value = required("TOKEN_SECRET")
    if len(value.encode()) < 32:
        raise SystemExit("TOKEN_SECRET must have at least 32 bytes.")
    return value


def count(name: str, default: int) -> int:
    """Return an environment variable that is a whole number."""
    value = os.environ.get(name) or str(default)
    if not (value.isascii() and value.isdigit()):
        raise SystemExit(f'{name} must be a whole number, got "{value}".')
    return int(value)


@dataclass(frozen=True)
class Settings:
    """The settings of the backend. The defaults come from the environment."""

    base_url: str = field(
        default_factory=lambda: os.environ.get("WAVESPEED_BASE_URL", "https://api.wavespeed.ai")
    )
    api_key: str = field(default_factory=lambda: required("WAVESPEED_API_KEY"), repr=False)
    # Signs the users' tokens. At least 32 bytes.
    token_secret: str = field(default_factory=token_secret, repr=False)
    # Knows which submits were paid for, and for whom. A file on a local disk.
    ledger: str = field(default_factory=lambda: os.environ.get("LEDGER", "ledger.db"))

    # The models that users may run, each with its parameters that are media.
    models: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "kwaivgi/kling-lipsync/audio-to-video": ("audio", "video"),
            "kwaivgi/kling-lipsync/text-to-video": ("video",),
        }
    )
    jobs_per_day: int = field(default_factory=lambda: count("JOBS_PER_DAY", 20))
    jobs_at_once: int = field(default_factory=lambda: count("JOBS_AT_ONCE", 2))
    uploads_per_day: int = field(default_factory=lambda: count("UPLOADS_PER_DAY", 100))
    max_audio_bytes: int = 5 * MB
    max_video_bytes: int = 100 * MB
