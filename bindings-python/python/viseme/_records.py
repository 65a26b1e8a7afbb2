"""Plain records: what was submitted, saved, delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._prediction import Prediction


@dataclass(frozen=True)
class SubmitRecord:
    """What was submitted and when: plain JSON, enough for ``client.recover``."""

    model: str
    """The model's id."""
    input: Any
    """The body that was sent, with the URLs of uploaded media."""
    sent_at: str
    """When it was sent, by this machine's clock, such as ``2026-01-01T00:00:00Z``."""


@dataclass(frozen=True)
class DownloadedFile:
    """Where a download ended up."""

    path: Path
    """The file."""
    bytes: int
    """Its size in bytes."""


@dataclass(frozen=True)
class Delivery:
    """A webhook's delivery that was verified."""

    id: str
    """Its id. The service may send a delivery again: do each id's work once."""
    sent_at: datetime
    """When it was sent, in UTC."""
    prediction: Prediction
    """The state of the job, with its input."""
