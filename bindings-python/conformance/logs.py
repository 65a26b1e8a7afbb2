"""The lines that the client logs at its most detailed level."""

from __future__ import annotations

import logging
import threading


class Lines(logging.Handler):
    """Keeps every line until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._guard = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line."""
        with self._guard:
            self._lines.append(f"{record.levelname} {record.name} {record.getMessage()}")

    def take(self) -> list[str]:
        """Give the lines since the last time."""
        with self._guard:
            lines, self._lines = self._lines, []
        return lines


def listen() -> Lines:
    """Begin to keep lines."""
    lines = Lines()
    logger = logging.getLogger("viseme")
    logger.setLevel(1)
    logger.addHandler(lines)
    return lines
