"""What a client and its calls may be told, on the way to the native part."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Tier = Literal["bronze", "silver", "gold", "ultra"]


@dataclass(frozen=True)
class Pacing:
    """When to poll a job that runs as it should. Times are in seconds."""

    interval: float
    """From the first poll to the second."""
    first: float | None = None
    """From the submit to the first poll. Default `interval`."""
    growth: float = 1.0
    """What each further pause is multiplied by."""
    max: float | None = None
    """The longest pause. Default `interval`."""
    jitter: float = 0.1
    """The random share of a pause, from 0 (none) to 1."""


@dataclass(frozen=True)
class Backoff:
    """The pauses after failures, in seconds."""

    base: float = 1.0
    """The first pause; it doubles with each failure."""
    max: float = 30.0
    """The longest pause."""


@dataclass(frozen=True)
class SubmitLimits:
    """How much the account's tier allows."""

    per_minute: int
    """Submits in a minute."""
    concurrent: int
    """Jobs at the same time."""


def millis(seconds: float | None) -> float | str | None:
    """Make milliseconds of seconds; JSON has no number for infinity."""
    if seconds is None:
        return None
    return "Infinity" if seconds == math.inf else seconds * 1000


def moment(when: datetime | None) -> float | None:
    """Make milliseconds since 1970 of a moment; without a time zone it is local time."""
    return None if when is None else when.timestamp() * 1000


def without_none(options: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not given."""
    return {name: value for name, value in options.items() if value is not None}


def pacing_form(pacing: Pacing | float | None) -> dict[str, Any] | None:
    """Describe a pacing; a number is an even interval."""
    if pacing is None:
        return None
    if not isinstance(pacing, Pacing):
        return {"intervalMs": millis(pacing)}
    form = {
        "firstMs": millis(pacing.first),
        "intervalMs": millis(pacing.interval),
        "growth": pacing.growth,
        "maxMs": millis(pacing.max),
        "jitter": pacing.jitter,
    }
    return without_none(form)


def limits_form(limits: SubmitLimits | Tier | None) -> Any:
    """Describe the limits of an account."""
    if isinstance(limits, SubmitLimits):
        return {"perMinute": limits.per_minute, "concurrent": limits.concurrent}
    return limits


def environment(ignore: bool) -> dict[str, str]:
    """Give the variables that the client reads."""
    if ignore:
        return {}
    return {name: text for name, text in os.environ.items() if name.startswith("WAVESPEED_")}


def run_options(
    *,
    timeout: float | None = None,
    check_media: bool | None = None,
    strict: bool | None = None,
    validate: bool | None = None,
    sync: bool | None = None,
    base64: bool | None = None,
    webhook: str | None = None,
) -> dict[str, Any]:
    """Describe what a run or a submit was told."""
    options = {
        "timeoutMs": millis(timeout),
        "checkMedia": check_media,
        "strict": strict,
        "validate": validate,
        "sync": sync,
        "base64": base64,
        "webhook": webhook,
    }
    return without_none(options)
