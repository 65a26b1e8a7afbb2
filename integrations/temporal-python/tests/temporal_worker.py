"""A worker of the tests, with the short times of tests: `python temporal_worker.py`."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from typing import Any

import viseme
from temporal_naive import NaiveWorkflow, naive_lip_sync
from temporalio.client import Client
from temporalio.worker import Worker
from viseme_temporal import VisemePlugin, _activities

announce = _activities._announce


async def dying_announce(*arguments: Any) -> None:
    """Kill this process, as the end of a machine does, before or after the workflow was asked."""
    if os.environ["DIE"] == "after_asking":
        await announce(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    if os.environ["DIE"]:
        vars(_activities)["_announce"] = dying_announce
    temporal = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    client = viseme.AsyncClient(
        allow_private_addresses=True,
        check_remote_media=False,
        pacing=0.2,
        recovery_window=1.0,
        max_retries=1,
    )
    worker = Worker(
        temporal,
        task_queue=os.environ["TASK_QUEUE"],
        plugins=[VisemePlugin(client)],
        activities=[naive_lip_sync],
        workflows=[NaiveWorkflow],
        max_concurrent_activities=200,
        # How long it waits for activities when it is asked to end.
        graceful_shutdown_timeout=timedelta(0),
        # How long a task waits for the worker that had the workflow last, which may be dead.
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
    )
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    async with worker:
        await over.wait()


asyncio.run(main())
