"""Plain results: what the service or the native part reports, as immutable data.

Nothing here knows a client. Optional values are None when the service leaves them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Violation:
    """One broken rule of a model."""

    field: str
    """The parameter of the model, such as ``video``."""
    rule: str
    """The stable code of the rule, such as ``duration`` or ``container``."""
    level: Literal["error", "warning"]
    """``error`` stops the run; ``warning`` does not."""
    actual: str
    """The value that was found: ``10.52 s``."""
    allowed: str
    """The values that are allowed: ``2 to 10 s``."""
    message: str
    """What is wrong, and how to fix it."""

    def __str__(self) -> str:
        """Return the message."""
        return self.message


@dataclass(frozen=True)
class MediaInfo:
    """Facts read from a media file. A fact that could not be read is None."""

    container: str
    """The real format of the file: ``mp4``, ``mov``, ``mp3``, …, or ``unknown``."""
    bytes: int | None = None
    """The size in bytes."""
    duration: float | None = None
    """The playing time in seconds."""
    width: int | None = None
    """The displayed width in pixels."""
    height: int | None = None
    """The displayed height in pixels."""
    video_codec: str | None = None
    """The codec of the video track, such as ``h264``."""
    audio_codec: str | None = None
    """The codec of the audio track, such as ``aac``."""
    corruption: str | None = None
    """How the file is corrupt, as a clause that completes "the file …"."""
    anomaly: str | None = None
    """What is unusual about a file that most players still play."""


@dataclass(frozen=True)
class Report:
    """The result of a check. It is true if the input can be run."""

    ok: bool
    """Whether the input can be run. Warnings do not change it."""
    violations: tuple[Violation, ...]
    """Every broken rule, errors and warnings."""
    media: dict[str, MediaInfo]
    """The facts of each media file that could be read, by parameter name."""

    def __bool__(self) -> bool:
        """Return whether the input can be run."""
        return self.ok

    def __str__(self) -> str:
        """Return one line for each broken rule."""
        return "\n".join(map(str, self.violations)) or "no problems found"


@dataclass(frozen=True)
class SubmitRecord:
    """A submit as plain JSON: enough for ``client.recover``."""

    model: str
    """The id of the model."""
    input: Any
    """The body that was sent, with the URLs of uploaded media."""
    sent_at: str
    """When it was sent, by this machine's clock, such as ``2026-01-01T00:00:00Z``."""


def decode_record(data: dict[str, Any]) -> SubmitRecord:
    """Decode the record of a submit."""
    return SubmitRecord(data["model"], data["input"], data["sentAt"])


@dataclass(frozen=True)
class DownloadedFile:
    """A finished download."""

    path: Path
    """The path of the file."""
    bytes: int
    """The size in bytes."""


@dataclass(frozen=True)
class Model:
    """A model in the service's catalogue."""

    id: str
    """The id, as it appears in the URL of a submit."""
    name: str
    description: str
    category: str
    """The category, such as ``image-to-video``."""
    base_price: float | None
    """The lowest price of a run in USD."""
    formula: str | None
    """The formula of the price in JSONata, if the price is not the base price."""
    schema: Any
    """The schema of the input: JSON Schema with keys of the service's own."""
    extra: dict[str, Any]
    """Every other field of the service's record."""


@dataclass(frozen=True)
class Price:
    """The price of running an input."""

    due: float
    """The amount that is charged: the discounted price if there is one."""
    model: str
    amount: float
    """The price before any discount."""
    discounted: float | None
    """The price after the account's discount."""
    currency: str
    left_out: tuple[str, ...]
    """Parameters that the estimate ignores because their media are not uploaded."""
    extra: dict[str, Any]
    """Every other field of the service's answer."""


@dataclass(frozen=True)
class Billing:
    """One billing record of the account."""

    id: str
    kind: str
    """The kind of record: ``deduct`` for a charge."""
    amount: float | None
    """The amount in USD."""
    original_amount: float | None
    """The amount before any discount."""
    job_id: str | None
    """The job that was charged for."""
    model: str | None
    status: str | None
    key_name: str | None
    """The name of the API key that was used."""
    created_at: datetime | None
    extra: dict[str, Any]
    """Every other field of the service's record."""


@dataclass(frozen=True)
class ModelUsage:
    """The usage of one model."""

    model: str
    cost: float | None
    requests: int | None
    extra: dict[str, Any]


@dataclass(frozen=True)
class DailyUsage:
    """The usage of one day."""

    day: str
    """The day, as the service writes it: ``2025-10-01``."""
    cost: float | None
    requests: int | None
    models: tuple[ModelUsage, ...]
    extra: dict[str, Any]


@dataclass(frozen=True)
class Usage:
    """The usage of an account in a period."""

    cost: float | None
    """The total cost in USD."""
    requests: int | None
    """The number of runs."""
    succeeded: int | None
    """The number of runs that succeeded."""
    models: tuple[ModelUsage, ...]
    days: tuple[DailyUsage, ...]
    extra: dict[str, Any]


def decode_datetime(millis: float | None) -> datetime | None:
    """Convert milliseconds since 1970 to a datetime in UTC."""
    return None if millis is None else datetime.fromtimestamp(millis / 1000, timezone.utc)


def decode_seconds(millis: float | None) -> float | None:
    """Convert milliseconds to seconds."""
    return None if millis is None else millis / 1000


def decode_violation(data: dict[str, Any]) -> Violation:
    """Decode a violation."""
    return Violation(**data)


def decode_report(data: dict[str, Any]) -> Report:
    """Decode a report."""
    return Report(
        ok=data["ok"],
        violations=tuple(map(decode_violation, data["violations"])),
        media={name: _decode_media_info(info) for name, info in data["media"].items()},
    )


def _decode_media_info(data: dict[str, Any]) -> MediaInfo:
    return MediaInfo(
        container=data["container"],
        bytes=data.get("bytes"),
        duration=decode_seconds(data.get("durationMs")),
        width=data.get("width"),
        height=data.get("height"),
        video_codec=data.get("videoCodec"),
        audio_codec=data.get("audioCodec"),
        corruption=data.get("corruption"),
        anomaly=data.get("anomaly"),
    )


def decode_downloaded_file(data: dict[str, Any]) -> DownloadedFile:
    """Decode a finished download."""
    return DownloadedFile(Path(data["path"]), data["bytes"])


def decode_model(data: dict[str, Any]) -> Model:
    """Decode a model of the catalogue."""
    return Model(
        id=data["id"],
        name=data["name"],
        description=data["description"],
        category=data["category"],
        base_price=data["basePrice"],
        formula=data["formula"],
        schema=data["schema"],
        extra=data["extra"],
    )


def decode_price(data: dict[str, Any]) -> Price:
    """Decode a price."""
    return Price(
        due=data["due"],
        model=data["model"],
        amount=data["amount"],
        discounted=data["discounted"],
        currency=data["currency"],
        left_out=tuple(data["leftOut"]),
        extra=data["extra"],
    )


def decode_billing(data: dict[str, Any]) -> Billing:
    """Decode a billing record."""
    return Billing(
        id=data["id"],
        kind=data["kind"],
        amount=data["amount"],
        original_amount=data["originalAmount"],
        job_id=data["jobId"],
        model=data["model"],
        status=data["status"],
        key_name=data["keyName"],
        created_at=decode_datetime(data["createdAt"]),
        extra=data["extra"],
    )


def decode_usage(data: dict[str, Any]) -> Usage:
    """Decode the usage of a period."""
    return Usage(
        cost=data["cost"],
        requests=data["requests"],
        succeeded=data["succeeded"],
        models=tuple(ModelUsage(**model) for model in data["models"]),
        days=tuple(_decode_day(day) for day in data["days"]),
        extra=data["extra"],
    )


def _decode_day(data: dict[str, Any]) -> DailyUsage:
    models = tuple(ModelUsage(**model) for model in data["models"])
    return DailyUsage(data["day"], data["cost"], data["requests"], models, data["extra"])
