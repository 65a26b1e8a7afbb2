"""Drives the blocking client: one operation after the other, on the main thread.

Operations are cancelled by the signal of Ctrl-C, as users do it.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Coroutine
from typing import Any

import viseme
from connection import FEATURES, Connection, LogRecorder
from operations import Operations


class Interrupt:
    """Interrupts one operation with SIGINT, and nothing else."""

    def __init__(self) -> None:
        self._running: str | None = None
        self._target: str | None = None
        signal.signal(signal.SIGINT, self._handle)

    def _handle(self, _number: int, _frame: object) -> None:
        if self._running is not None and self._running == self._target:
            raise KeyboardInterrupt

    def start(self, operation: str, at_once: bool) -> None:
        """Allow interrupts of this operation."""
        self._running = operation
        if at_once:
            self.request(operation)

    def end(self) -> None:
        """Allow no interrupts."""
        self._running = None

    def request(self, operation: str) -> None:
        """Interrupt the operation, if it is running."""
        self._target = operation
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def main() -> None:
    """Serve the harness."""
    log = LogRecorder()
    connection = Connection("python-sync", [it for it in FEATURES if it != "parallel"])
    operations, interrupt = Operations(viseme.Client), Interrupt()
    messages: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def read() -> None:
        for message in connection.messages():
            if message["type"] == "cancel":
                interrupt.request(message["id"])
            else:
                messages.put(message)
        messages.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (message := messages.get()) is not None:
        if message["type"] == "close":
            operations.forget(message["client"])
        elif message["type"] == "run":
            outcome = run(operations, interrupt, message)
            connection.send({"type": "outcome", "id": message["id"], **outcome, "logs": log.take()})


def run(operations: Operations, interrupt: Interrupt, message: dict[str, Any]) -> dict[str, Any]:
    """Execute an operation."""
    try:
        interrupt.start(message["id"], bool(message.get("cancelled_before")))
        outcome = finish(operations.execute(message))
        interrupt.end()
    except KeyboardInterrupt as error:
        interrupt.end()
        return {"cancelled": {"class": type(error).__name__}}
    return outcome


def finish(coroutine: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: dict[str, Any] = end.value
        return value
    raise RuntimeError("a blocking operation waited")
