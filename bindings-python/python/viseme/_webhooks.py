"""Webhook deliveries: reading requests of any framework, and verifying them without a client."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Union, cast

from . import _native
from ._errors import decode_error, make_error
from ._models import Delivery, decode_delivery, decode_prediction
from ._settings import DURATION, MOMENT, SECRET, encode_optional, encode_value, show

WebhookHeaders = Union[
    Mapping[str, str],
    Mapping[bytes, bytes],
    Iterable["tuple[str, str]"],
    Iterable["tuple[bytes, bytes]"],
]
"""The headers of a request, in any order and case: a mapping, or pairs as in ASGI and WSGI."""


class WebhookVerifier:
    """Verifies webhook deliveries with a secret, for receivers that have no API key."""

    __slots__ = ("_secrets", "_tolerance")

    def __init__(self, secret: str | Iterable[str], *, tolerance: float | None = None) -> None:
        """Create a verifier.

        Args:
            secret: The webhook secret of the account, ``whsec_…``; several while you rotate it.
            tolerance: How many seconds the time of a delivery may differ from now. Default 300.
        """
        secrets = [secret] if isinstance(secret, str) else secret
        if not isinstance(cast("object", secrets), Iterable):
            encode_value("secret", secret, SECRET, code="webhook")
        self._secrets = [encode_value("secret", it, SECRET, code="webhook") for it in secrets]
        self._tolerance = encode_optional("tolerance", tolerance, DURATION)

    def verify(
        self, headers: WebhookHeaders, body: bytes | str, *, now: datetime | None = None
    ) -> Delivery:
        """Verify and decode a delivery. Raises a WebhookError if it is not authentic."""
        request = {
            "secrets": self._secrets,
            "headers": encode_headers(headers),
            "toleranceMs": self._tolerance,
            "now": encode_optional("now", now, MOMENT),
        }
        text = _native.verify_webhook(json.dumps(request), encode_body(body))
        message = json.loads(text)
        if "error" in message:
            raise decode_error(message["error"], lambda data: decode_prediction(data, None))
        return decode_delivery(message["value"], None)

    def __repr__(self) -> str:
        """Return the number of secrets, but no secret."""
        return f"<WebhookVerifier with {len(self._secrets)} secrets>"


def encode_headers(headers: Any) -> list[tuple[str, str]]:
    """Return the headers as pairs of text."""
    pairs = headers.items() if hasattr(headers, "items") else headers
    try:
        return [(_text(name), _text(value)) for name, value in pairs]
    except (TypeError, ValueError):
        message = f"`headers` must be a mapping or pairs of text, got {show(headers)}."
        raise make_error("webhook", message) from None


def encode_body(body: Any) -> bytes:
    """Return the body as bytes."""
    if isinstance(body, str):
        return body.encode()
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", body))
    raise make_error(
        "webhook",
        f"`body` must be the raw body as bytes or text, got a {type(body).__name__}: the signature "
        "covers the raw body. Use `await request.body()` in Starlette, `request.get_data()` in "
        "Flask.",
    )


def _text(part: Any) -> str:
    return part.decode("latin-1") if isinstance(part, bytes) else str(part)
