"""The line to the harness."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import viseme

FEATURES = [
    "run",
    "run_many",
    "check",
    "validate",
    "upload",
    "submit",
    "job_wait",
    "job_updates",
    "job_refresh",
    "download",
    "recover",
    "history",
    "models",
    "price",
    "balance",
    "delete",
    "webhook_verify",
    "webhook_receive",
    "any_model",
    "media_path",
    "media_bytes",
    "media_stream",
    "media_url",
    "upload_tickets",
    "media_checks",
    "sync",
    "base64",
    "webhook",
    "deadline",
    "request_timeout",
    "pacing",
    "retry_settings",
    "recovery",
    "submit_limits",
    "client_name",
    "progress",
    "logs",
    "error_codes",
    "error_classes",
    "error_attributes",
    "cancel",
    "lockstep",
    "parallel",
]


class Line:
    """Messages of JSON, one a line."""

    def __init__(self, name: str, features: list[str]) -> None:
        host, port = os.environ["VISEME_CONFORMANCE"].rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)))
        self._lock = threading.Lock()
        hello = {"protocol": 1, "name": name, "version": viseme.__version__}
        self.send({"type": "hello", **hello, "language": "python", "features": features})

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; threads may do so at once."""
        with self._lock:
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def messages(self) -> Iterator[dict[str, Any]]:
        """Give what the harness says until it says bye."""
        for line in self._socket.makefile("rb"):
            message = json.loads(line)
            if message["type"] == "bye":
                return
            yield message
