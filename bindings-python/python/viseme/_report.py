"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Violation:
    """One broken rule."""

    field: str
    """The model's parameter, such as ``video``."""
    rule: str
    """The rule's stable code, such as ``duration`` or ``container``."""
    level: Literal["error", "warning"]
    """Whether it stops the run."""
    actual: str
    """What was found: ``10.52 s``."""
    allowed: str
    """What is accepted: ``2 to 10 s``."""
    message: str
    """What is wrong where, then what to do."""

    def __str__(self) -> str:
        """Say what is wrong."""
        return self.message


@dataclass(frozen=True)
class MediaInfo:
    """What a media file says of itself. What could not be read is None."""

    container: str
    """What the file really is: ``mp4``, ``mov``, ``mp3``, …, or ``unknown``."""
    bytes: int | None = None
    """Size in bytes."""
    duration: float | None = None
    """Playing time in seconds."""
    width: int | None = None
    """Displayed width in pixels."""
    height: int | None = None
    """Displayed height in pixels."""
    video_codec: str | None = None
    """The video track's codec, such as ``h264``."""
    audio_codec: str | None = None
    """The sound track's codec, such as ``aac``."""
    corruption: str | None = None
    """What is wrong with the file, as a clause that completes "the file …"."""
    anomaly: str | None = None
    """What is odd about a file that most players play all the same."""


@dataclass(frozen=True)
class Report:
    """What a check found; true where nothing speaks against running the input."""

    ok: bool
    """Whether nothing speaks against running the input; warnings do not."""
    violations: tuple[Violation, ...]
    """Every broken rule, errors and warnings."""
    media: dict[str, MediaInfo]
    """What each medium that could be read says of itself, by the parameter's name."""

    def __bool__(self) -> bool:
        """Tell whether the input can be run."""
        return self.ok

    def __str__(self) -> str:
        """Say every broken rule on a line."""
        return "\n".join(map(str, self.violations)) or "nothing speaks against it"


def violation_of(data: dict[str, Any]) -> Violation:
    """Make a violation of what came over the border."""
    return Violation(
        field=data["field"],
        rule=data["rule"],
        level=data["level"],
        actual=data["actual"],
        allowed=data["allowed"],
        message=data["message"],
    )


def report_of(data: dict[str, Any]) -> Report:
    """Make a report of what came over the border."""
    return Report(
        ok=data["ok"],
        violations=tuple(map(violation_of, data["violations"])),
        media={name: _info_of(info) for name, info in data["media"].items()},
    )


def _info_of(data: dict[str, Any]) -> MediaInfo:
    duration = data.get("durationMs")
    return MediaInfo(
        container=data["container"],
        bytes=data.get("bytes"),
        duration=None if duration is None else duration / 1000,
        width=data.get("width"),
        height=data.get("height"),
        video_codec=data.get("videoCodec"),
        audio_codec=data.get("audioCodec"),
        corruption=data.get("corruption"),
        anomaly=data.get("anomaly"),
    )
