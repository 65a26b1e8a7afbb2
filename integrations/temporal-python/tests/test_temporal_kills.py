"""What one clip costs if something dies or fails, beside a POST in an activity that is retried."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporal_engine import SAMPLES, TIMING, Engine, TemporalServer
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError
from viseme_temporal import JobState

from helpers import Programs

Make = Callable[..., Awaitable[Engine]]

SOON = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}
# The first job takes longer.
LATER = {
    "jobs": [
        {"match": {"nth": 1}, "timeline": [{"processing": "0s"}, {"completed": "6s"}]},
        *SOON["jobs"],
    ]
}
NO_ANSWER = {"at": "submit", "nth": 1, "when": "after_accept", "do": "silence"}
NOT_ACCEPTED = {"at": "submit", "nth": 1, "do": "silence"}


async def compare(run: Callable[[str, int], Awaitable[None]]) -> None:
    """Run the package and the naive workflow side by side, with the charges of one clip."""
    await together(run("viseme", 1), run("naive", 2))


async def together(*runs: Awaitable[None]) -> None:
    """Run these at the same time, because most of their time is waiting. All run to their end."""
    for result in await asyncio.gather(*runs, return_exceptions=True):
        if result is not None:
            raise result


def check(engine: Engine, recipe: str, charges: int) -> None:
    if recipe == "naive":
        # On a slow machine, the time limits of the test may end a further attempt.
        assert engine.charges() >= charges
        return
    assert engine.charges() == charges
    assert engine.output().stat().st_size > 0
    ledger = engine.world.ledger()
    assert (ledger["orphaned"], ledger["duplicates"]) == (0, 0)


async def state_of(workflow: WorkflowHandle[Any, Any]) -> JobState:
    state: JobState = await workflow.query("viseme_state", result_type=JobState)
    return state


async def a_worker_is_killed_after_the_post(make_engine: Make) -> None:
    async def run(recipe: str, charges: int) -> None:
        engine = await make_engine(**SOON, faults=[NO_ANSWER])
        worker = engine.start_worker()
        workflow = await engine.start(recipe)
        await engine.until(engine.charges, "the POST")
        worker.kill()
        engine.start_worker()
        await engine.result(workflow)
        check(engine, recipe, charges)

    await compare(run)


async def a_worker_is_killed_in_the_wait(make_engine: Make) -> None:
    async def run(recipe: str, charges: int) -> None:
        engine = await make_engine(**LATER)
        worker = engine.start_worker()
        workflow = await engine.start(recipe)
        await engine.until(lambda: engine.requests("poll"), "the first poll")
        worker.kill()
        engine.start_worker()
        await engine.result(workflow)
        check(engine, recipe, charges)

    await compare(run)


async def the_response_is_a_503(make_engine: Make) -> None:
    await the_response_of_an_accepted_post_is_lost(make_engine, {"status": 503})


async def the_connection_is_reset(make_engine: Make) -> None:
    await the_response_of_an_accepted_post_is_lost(make_engine, "reset")


async def the_response_of_an_accepted_post_is_lost(make_engine: Make, fault: object) -> None:
    async def run(recipe: str, charges: int) -> None:
        lost = {"at": "submit", "nth": 1, "when": "after_accept", "do": fault}
        engine = await make_engine(**SOON, faults=[lost])
        engine.start_worker()
        await engine.result(await engine.start(recipe))
        check(engine, recipe, charges)

    await compare(run)


async def a_worker_freezes_after_the_post_and_continues_later(make_engine: Make) -> None:
    async def run(recipe: str, charges: int) -> None:
        engine = await make_engine(**SOON, faults=[NO_ANSWER])
        worker = engine.start_worker()
        workflow = await engine.start(recipe)
        await engine.until(engine.charges, "the POST")
        os.killpg(worker.pid, signal.SIGSTOP)
        engine.start_worker()
        await engine.result(workflow)
        os.killpg(worker.pid, signal.SIGCONT)
        check(engine, recipe, charges)

    await compare(run)


async def a_worker_is_killed_in_the_upload(make_engine: Make) -> None:
    silent = {"at": "put", "nth": 1, "do": "silence"}
    engine = await make_engine(**SOON, faults=[silent])
    worker = engine.start_worker()
    media = {"audio": str(SAMPLES / "voice.mp3"), "video": str(SAMPLES / "face.mp4")}
    workflow = await engine.start(media=media)
    await engine.until(lambda: engine.requests("put"), "the upload")
    worker.kill()
    engine.start_worker()
    await engine.result(workflow)
    check(engine, "viseme", 1)


async def a_worker_is_killed_before_it_asks_to_submit(make_engine: Make) -> None:
    engine = await make_engine(**SOON)
    worker = engine.start_worker(die="before_asking")
    workflow = await engine.start()
    await asyncio.to_thread(worker.wait)
    assert engine.requests("submit") == 0
    engine.start_worker()
    await engine.result(workflow)
    check(engine, "viseme", 1)


async def a_worker_is_killed_after_it_asked(make_engine: Make) -> None:
    engine = await make_engine(**SOON)
    worker = engine.start_worker(die="after_asking")
    workflow = await engine.start()
    await asyncio.to_thread(worker.wait)
    await searches_until_somebody_decides(engine, workflow)


async def a_worker_is_killed_before_the_service_accepts(make_engine: Make) -> None:
    engine = await make_engine(**SOON, faults=[NOT_ACCEPTED])
    worker = engine.start_worker()
    workflow = await engine.start()
    await engine.until(lambda: engine.requests("submit"), "the POST")
    worker.kill()
    await searches_until_somebody_decides(engine, workflow)


async def searches_until_somebody_decides(
    engine: Engine, workflow: WorkflowHandle[Any, Any]
) -> None:
    engine.start_worker()
    # It cannot know that nothing was sent: it searches, and never submits.
    await engine.until(lambda: engine.requests("history") > 2, "several searches")
    before = engine.requests("submit")
    state = await state_of(workflow)
    assert (state.step, engine.charges()) == ("recover", 0)
    assert state.record is not None
    # Somebody has looked at the account, and decides.
    await workflow.signal("viseme_give_up")
    await engine.result(workflow)
    assert engine.requests("submit") == before + 1
    check(engine, "viseme", 1)


async def a_search_without_a_result_fails_in_the_end(make_engine: Make) -> None:
    engine = await make_engine(**SOON, faults=[{"at": "submit", "do": {"status": 503}}])
    engine.start_worker()
    workflow = await engine.start(timing=replace(TIMING, recover_for=2))
    with pytest.raises(WorkflowFailureError) as caught:
        await engine.result(workflow)
    assert isinstance(caught.value.cause, ApplicationError)
    assert caught.value.cause.type == "submission_unknown"
    assert (engine.requests("submit"), engine.charges()) == (1, 0)


async def a_job_that_somebody_found_is_adopted(make_engine: Make) -> None:
    lost = {"at": "submit", "nth": 1, "when": "after_accept", "do": {"status": 503}}
    hidden = {"at": "history", "do": {"status": 500}}
    engine = await make_engine(**SOON, faults=[lost, hidden])
    engine.start_worker()
    workflow = await engine.start()
    await engine.until(lambda: engine.requests("history") > 2, "several searches")
    await workflow.signal("viseme_adopt", engine.world.jobs()[0]["id"])
    await engine.result(workflow)
    check(engine, "viseme", 1)


async def a_worker_is_killed_in_the_fetch(make_engine: Make) -> None:
    silent = {"at": "output", "nth": 1, "do": "silence"}
    engine = await make_engine(**SOON, faults=[silent])
    worker = engine.start_worker()
    workflow = await engine.start()
    await engine.until(lambda: engine.requests("output"), "the download")
    worker.kill()
    engine.start_worker()
    await engine.result(workflow)
    check(engine, "viseme", 1)


async def a_worker_is_asked_to_end_in_the_wait(make_engine: Make) -> None:
    async def run(recipe: str, charges: int) -> None:
        engine = await make_engine(**LATER)
        worker = engine.start_worker()
        workflow = await engine.start(recipe)
        await engine.until(lambda: engine.requests("poll"), "the first poll")
        worker.terminate()
        engine.start_worker()
        await engine.result(workflow)
        # The naive activity is cancelled, and runs again.
        check(engine, recipe, charges)
        assert await asyncio.to_thread(worker.wait) == 0, worker.output

    await compare(run)


# Cases that run at the same time.
GROUPS = {
    "before_the_post": (
        a_worker_is_killed_in_the_upload,
        a_worker_is_killed_before_it_asks_to_submit,
        a_worker_is_killed_after_it_asked,
        a_worker_is_killed_before_the_service_accepts,
    ),
    "after_the_post": (
        a_worker_is_killed_after_the_post,
        a_worker_freezes_after_the_post_and_continues_later,
    ),
    "in_the_wait": (
        a_worker_is_killed_in_the_wait,
        a_worker_is_killed_in_the_fetch,
        a_worker_is_asked_to_end_in_the_wait,
    ),
    "lost_responses": (
        the_response_is_a_503,
        the_connection_is_reset,
        a_search_without_a_result_fails_in_the_end,
        a_job_that_somebody_found_is_adopted,
    ),
}


@pytest.mark.parametrize("group", GROUPS)
async def test_one_clip_is_paid_for_once(make_engine: Make, group: str) -> None:
    await together(*(case(make_engine) for case in GROUPS[group]))


async def test_the_server_is_killed_in_the_wait_and_started_again(
    make_engine: Make, programs: Programs, tmp_path: Path
) -> None:
    server = await asyncio.to_thread(TemporalServer, programs, tmp_path / "temporal.db")
    engine = await make_engine(server, **LATER)
    engine.start_worker()
    workflow = await engine.start()
    await engine.until(lambda: engine.requests("poll"), "the first poll")
    server.program.kill()
    await asyncio.to_thread(server.start)
    await engine.connect()
    await engine.result(engine.temporal.get_workflow_handle(workflow.id))
    check(engine, "viseme", 1)
