"""Many clips on workers that are killed, and batches that run again."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from temporal_engine import TASK_TIMEOUT, Engine
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError
from viseme_temporal import Batch, BatchResult, BatchWorkflow, JobState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Make = Callable[..., Awaitable[Engine]]

CLIPS = int(os.environ.get("TEMPORAL_CLIPS", "60"))
KILLS = int(os.environ.get("TEMPORAL_KILLS", "2"))
ABOUT_A_SECOND = {"timeline": [{"processing": "0s"}, {"completed": "800ms"}]}
SLOW = {"at": "submit", "when": "after_accept", "do": {"delay": "300ms"}}


async def start_batch(
    engine: Engine, names: list[str], limit: int, run_length: int = 500
) -> WorkflowHandle[BatchWorkflow, BatchResult]:
    batch = Batch({name: engine.job(name, path=None) for name in names}, limit, run_length)
    return await engine.temporal.start_workflow(
        BatchWorkflow.run,
        batch,
        id=f"batch-{engine.queue}",
        task_queue=engine.queue,
        task_timeout=TASK_TIMEOUT,
    )


async def give_up_what_was_never_accepted(engine: Engine, batch: str, names: list[str]) -> None:
    """Decide as a person would who looked: the workflow searches, and the service has no job."""
    for name in names:
        clip = engine.temporal.get_workflow_handle(f"{batch}/{name}")
        with suppress(RPCError):
            if (await clip.describe()).status != WorkflowExecutionStatus.RUNNING:
                continue
            state: JobState = await clip.query("viseme_state", result_type=JobState)
            is_searching = state.step == "recover" and "shows no job" in (state.error or "")
            if is_searching and not any(f"/{name}.mp3" in str(job) for job in engine.world.jobs()):
                await clip.signal("viseme_give_up")


@asynccontextmanager
async def somebody_who_decides(engine: Engine, batch: str, names: list[str]) -> AsyncIterator[None]:
    """Give up submits that a kill prevented after their workflow had allowed them."""

    async def look() -> None:
        while True:
            await asyncio.sleep(2)
            await give_up_what_was_never_accepted(engine, batch, names)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def test_many_clips_are_paid_for_once_while_workers_are_killed(
    make_engine: Make,
) -> None:
    engine = await make_engine(jobs=[ABOUT_A_SECOND], faults=[SLOW])
    workers = [engine.start_worker(), engine.start_worker()]
    names = [f"clip-{index}" for index in range(CLIPS)]
    begin = time.monotonic()
    workflow = await start_batch(engine, names, limit=30, run_length=CLIPS // 2)
    async with somebody_who_decides(engine, workflow.id, names):
        for kill in range(KILLS):
            some = CLIPS * (kill + 1) // (KILLS + 2)
            await engine.until(partial(engine.has_charged, some), f"{some} charges")
            workers[kill % 2].kill()
            workers[kill % 2] = engine.start_worker()
        result = await engine.result(workflow)
    seconds = time.monotonic() - begin
    # With `-s`.
    print(f"{CLIPS} clips, {KILLS} kills, {engine.charges()} charges, {seconds:.1f} s")
    assert result.failed == []
    assert sorted(result.completed) == sorted(names)
    assert len(set(result.completed.values())) == CLIPS
    assert engine.charges() == CLIPS
    # It continued as new: the last run has the results of all.
    described = await engine.temporal.get_workflow_handle(workflow.id).describe()
    assert described.run_id != workflow.first_execution_run_id


async def test_a_failed_clip_does_not_stop_the_others_and_a_second_run_pays_for_none(
    make_engine: Make,
) -> None:
    failed = {"match": {"nth": 1}, "timeline": [{"failed": "0s"}]}
    engine = await make_engine(jobs=[failed, ABOUT_A_SECOND])
    engine.start_worker()
    names = ["a", "b", "c"]
    first = await engine.result(await start_batch(engine, names, limit=1))
    assert [(it.key, it.code) for it in first.failed] == [("a", "job_failed")]
    assert first.failed[0].job_id in {it["id"] for it in engine.world.jobs()}
    assert sorted(first.completed) == ["b", "c"]
    second = await engine.result(await start_batch(engine, names, limit=3))
    assert [it.code for it in second.failed] == ["already_started"] * 3
    assert engine.requests("submit") == 3


async def test_an_empty_batch_ends(make_engine: Make) -> None:
    engine = await make_engine()
    engine.start_worker()
    assert await engine.result(await start_batch(engine, [], limit=1)) == BatchResult()
