"""The asyncio client: every operation is a task, and is cancelled as one."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import viseme
from line import FEATURES, Line
from logs import Lines, listen
from ops import Ops


def main() -> None:
    """Do what the harness says."""
    asyncio.run(serve(listen()))


async def serve(lines: Lines) -> None:
    """Start and cancel tasks until the harness says bye."""
    line, ops = Line("python-async", FEATURES), Ops(viseme.AsyncClient)
    loop = asyncio.get_running_loop()
    wanted: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    tasks: dict[str, asyncio.Task[None]] = {}

    def read() -> None:
        for message in line.messages():
            loop.call_soon_threadsafe(wanted.put_nowait, message)
        loop.call_soon_threadsafe(wanted.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (message := await wanted.get()) is not None:
        if message["type"] == "close":
            ops.forget(message["client"])
        elif message["type"] == "cancel" and message["id"] in tasks:
            tasks[message["id"]].cancel()
        elif message["type"] == "run":
            task = asyncio.create_task(run(line, lines, ops, message))
            tasks[message["id"]] = task
            task.add_done_callback(lambda _, name=message["id"]: tasks.pop(name, None))


async def run(line: Line, lines: Lines, ops: Ops, message: dict[str, Any]) -> None:
    """Carry an operation out."""
    work = asyncio.ensure_future(ops.carry_out(message))
    if message.get("cancelled_before"):
        work.cancel()
    try:
        outcome = await work
    except asyncio.CancelledError as error:
        outcome = {"cancelled": {"class": type(error).__name__}}
    line.send({"type": "outcome", "id": message["id"], **outcome, "logs": lines.take()})
