"""Drives the asyncio client: every operation is a task, and is cancelled as one."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import viseme
from connection import FEATURES, Connection, LogRecorder
from operations import Operations


def main() -> None:
    """Serve the harness."""
    asyncio.run(serve(LogRecorder()))


async def serve(log: LogRecorder) -> None:
    """Start and cancel tasks until the harness says bye."""
    connection = Connection("python-async", FEATURES)
    operations = Operations(viseme.AsyncClient)
    loop = asyncio.get_running_loop()
    messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    tasks: dict[str, asyncio.Task[None]] = {}

    def read() -> None:
        for message in connection.messages():
            loop.call_soon_threadsafe(messages.put_nowait, message)
        loop.call_soon_threadsafe(messages.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (message := await messages.get()) is not None:
        if message["type"] == "close":
            operations.forget(message["client"])
        elif message["type"] == "cancel" and message["id"] in tasks:
            tasks[message["id"]].cancel()
        elif message["type"] == "run":
            task = asyncio.create_task(run(connection, log, operations, message))
            tasks[message["id"]] = task
            task.add_done_callback(lambda _, name=message["id"]: tasks.pop(name, None))


async def run(
    connection: Connection, log: LogRecorder, operations: Operations, message: dict[str, Any]
) -> None:
    """Execute an operation."""
    execution = asyncio.ensure_future(operations.execute(message))
    if message.get("cancelled_before"):
        execution.cancel()
    try:
        outcome = await execution
    except asyncio.CancelledError as error:
        outcome = {"cancelled": {"class": type(error).__name__}}
    connection.send({"type": "outcome", "id": message["id"], **outcome, "logs": log.take()})
