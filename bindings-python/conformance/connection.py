"""The connection to the harness, and the log that goes with each outcome."""

from __future__ import annotations

import json
import logging
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
    "download_outputs",
    "recover",
    "history",
    "models",
    "price",
    "balance",
    "delete",
    "webhook_verify",
    "webhook_receive",
    "set_api_key",
    "any_model",
    "media_path",
    "media_bytes",
    "media_stream",
    "media_url",
    "presigned_uploads",
    "media_checks",
    "sync",
    "base64",
    "webhook",
    "request_headers",
    "deadline",
    "request_timeout",
    "pacing",
    "learned_pacing",
    "retry_settings",
    "recovery",
    "submit_limits",
    "client_name",
    "progress",
    "before_submit",
    "save_record",
    "ledger",
    "progress_errors",
    "logs",
    "error_codes",
    "error_classes",
    "error_attributes",
    "cancel",
    "virtual_clock",
    "parallel",
]


class Connection:
    """Sends and receives JSON messages, one a line."""

    def __init__(self, name: str, features: list[str]) -> None:
        host, port = os.environ["VISEME_CONFORMANCE"].rsplit(":", 1)
        self._socket = socket.create_connection((host, int(port)))
        self._lock = threading.Lock()
        hello = {"protocol": 1, "name": name, "version": viseme.__version__}
        self.send({"type": "hello", **hello, "language": "python", "features": features})

    def send(self, message: dict[str, Any]) -> None:
        """Send a message. Threads may do so at the same time."""
        with self._lock:
            self._socket.sendall(json.dumps(message).encode() + b"\n")

    def messages(self) -> Iterator[dict[str, Any]]:
        """Yield the messages of the harness until it says bye."""
        for line in self._socket.makefile("rb"):
            message = json.loads(line)
            if message["type"] == "bye":
                return
            yield message


class LogRecorder(logging.Handler):
    """Keeps every line that the client logs at its most detailed level."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._guard = threading.Lock()
        logger = logging.getLogger("viseme")
        logger.setLevel(1)
        logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        with self._guard:
            self._lines.append(f"{record.levelname} {record.name} {record.getMessage()}")

    def take(self) -> list[str]:
        """Return the lines since the last call."""
        with self._guard:
            lines, self._lines = self._lines, []
        return lines
