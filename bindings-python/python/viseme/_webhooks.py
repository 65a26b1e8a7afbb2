"""Deliveries of webhooks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Union, cast

from . import _native
from ._errors import refused
from ._prediction import moment_of, prediction_of
from ._progress import PredictionOf
from ._reach import Reach, error_of
from ._records import Delivery
from ._settings import millis, moment, without_none

WebhookHeaders = Union[
    Mapping[str, str],
    Mapping[bytes, bytes],
    Iterable["tuple[str, str]"],
    Iterable["tuple[bytes, bytes]"],
]
"""A request's headers, in any order and case: a mapping, or pairs, as ASGI and WSGI have them."""


class WebhookVerifier:
    """Verifies deliveries with a secret of your own; for receivers that hold no API key."""

    __slots__ = ("_secrets", "_tolerance")

    def __init__(self, secret: str | Iterable[str], *, tolerance: float | None = None) -> None:
        """Take the account's webhook secret, ``whsec_…``; several while one is being replaced.

        `tolerance` is how many seconds a delivery's time may be from now, either way; default 300.
        """
        self._secrets = [secret] if isinstance(secret, str) else list(secret)
        self._tolerance = tolerance

    def verify(
        self, headers: WebhookHeaders, body: bytes | str, *, now: datetime | None = None
    ) -> Delivery:
        """Verify a delivery and read it. Raises a WebhookError that says what does not fit."""
        request = {
            "secrets": self._secrets,
            "headers": pairs_of(headers),
            "toleranceMs": millis(self._tolerance),
            "now": moment(now),
        }
        text = _native.verify_webhook(json.dumps(without_none(request)), body_of(body))
        message = json.loads(text)
        if "error" in message:
            raise error_of(message["error"], None)
        return delivery_of(message["value"], None, prediction_of)

    def __repr__(self) -> str:
        """Show no secret."""
        return f"<WebhookVerifier of {len(self._secrets)} secrets>"


def pairs_of(headers: Any) -> list[tuple[str, str]]:
    """Make pairs of text of the headers."""
    pairs = headers.items() if hasattr(headers, "items") else headers
    return [(_text(name), _text(value)) for name, value in pairs]


def body_of(body: Any) -> bytes:
    """Give the body as bytes."""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", body))
    raise refused(
        "webhook",
        "The webhook's body was parsed before it got here, so its signature cannot be verified. "
        "Take the raw body: `await request.body()` in Starlette, `request.get_data()` in Flask.",
    )


def delivery_of(
    data: dict[str, Any], reach: Reach | None, make_prediction: PredictionOf
) -> Delivery:
    """Make a delivery of what came over the border."""
    sent_at = moment_of(data["sentAt"])
    assert sent_at is not None  # noqa: S101 - the native part always gives it
    return Delivery(data["id"], sent_at, make_prediction(data["prediction"], reach))


def _text(part: Any) -> str:
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)
