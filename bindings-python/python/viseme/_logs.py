"""Passes the records of the native part to `logging`.

`logging` is imported by the program that wants records: in instructions, it would be 8 % of what a
client loads.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from . import _native

if TYPE_CHECKING:
    import logging

_NOTHING = 255
"""A level above all others."""


def logger(name: str = "viseme") -> logging.Logger:
    """Return a logger of the library, which is silent unless the program configures logging."""
    import logging

    top = logging.getLogger("viseme")
    if not any(isinstance(handler, logging.NullHandler) for handler in top.handlers):
        top.addHandler(logging.NullHandler())
    return logging.getLogger(name)


def update_log_level() -> None:
    """Set the level of the native part to that of `logging`."""
    level = logger().getEffectiveLevel() if "logging" in sys.modules else _NOTHING
    _native.set_log_level(min(level, _NOTHING))


def deliver_logs() -> None:
    """Pass the records of the native part to `logging`."""
    for record in _native.take_logs():
        _log(*record)


def _log(level: int, name: str, message: str) -> None:
    # Targets are module paths: viseme::client is the logger viseme.client.
    target = logger(name.replace("::", "."))
    if target.isEnabledFor(level):
        target.log(level, "%s", message)


_native.set_log_sink(_log)
