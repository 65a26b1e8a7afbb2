"""The blocking client: one operation after the other, on the main thread.

It is cancelled as users do it, by the signal of Ctrl-C.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Coroutine
from typing import Any

import viseme
from line import FEATURES, Line
from logs import listen
from ops import Ops


class Interrupt:
    """Sends SIGINT, which interrupts the operation that it is meant for and nothing else."""

    def __init__(self) -> None:
        self._running: str | None = None
        self._wanted: str | None = None
        signal.signal(signal.SIGINT, self._handle)

    def _handle(self, _number: int, _frame: object) -> None:
        if self._running is not None and self._running == self._wanted:
            raise KeyboardInterrupt

    def begin(self, operation: str, at_once: bool) -> None:
        """Let it be interrupted."""
        self._running = operation
        if at_once:
            self.ask(operation)

    def end(self) -> None:
        """Let nothing be interrupted."""
        self._running = None

    def ask(self, operation: str) -> None:
        """Interrupt the operation, if it is running."""
        self._wanted = operation
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def main() -> None:
    """Do what the harness says."""
    lines = listen()
    line = Line("python-sync", [word for word in FEATURES if word != "parallel"])
    ops, interrupt = Ops(viseme.Client), Interrupt()
    wanted: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def read() -> None:
        for message in line.messages():
            if message["type"] == "cancel":
                interrupt.ask(message["id"])
            else:
                wanted.put(message)
        wanted.put(None)

    threading.Thread(target=read, daemon=True).start()
    while (message := wanted.get()) is not None:
        if message["type"] == "close":
            ops.forget(message["client"])
        elif message["type"] == "run":
            outcome = run(ops, interrupt, message)
            line.send({"type": "outcome", "id": message["id"], **outcome, "logs": lines.take()})


def run(ops: Ops, interrupt: Interrupt, message: dict[str, Any]) -> dict[str, Any]:
    """Carry an operation out."""
    try:
        interrupt.begin(message["id"], bool(message.get("cancelled_before")))
        outcome = finish(ops.carry_out(message))
        interrupt.end()
    except KeyboardInterrupt as error:
        interrupt.end()
        return {"cancelled": {"class": type(error).__name__}}
    return outcome


def finish(coroutine: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Run what never waits for anything."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: dict[str, Any] = end.value
        return value
    raise RuntimeError("a blocking operation waited")
