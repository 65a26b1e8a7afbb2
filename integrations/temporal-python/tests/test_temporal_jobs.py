"""Jobs that go well, errors, webhooks, cancellation and batches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from temporal_engine import TIMING, Engine
from temporalio.client import WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, CancelledError
from viseme_temporal import JobState

Make = Callable[..., Awaitable[Engine]]

SOON = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}


async def test_files_are_uploaded_and_the_output_is_saved(make_engine: Make, samples: Path) -> None:
    engine = await make_engine(**SOON)
    engine.start_worker()
    media = {"audio": str(samples / "voice.mp3"), "video": str(samples / "face.mp4")}
    workflow = await engine.start(media=media)
    result = await engine.result(workflow)
    assert result.path == str(engine.output())
    assert engine.output().stat().st_size > 0
    assert [it["id"] for it in engine.world.jobs()] == [result.job_id]
    assert engine.charges() == 1
    state = await workflow.query("viseme_state", result_type=JobState)
    assert (state.step, state.job_id) == ("done", result.job_id)
    # The key is in no argument, no result and no event.
    history = await engine.history(workflow)
    assert result.job_id in history
    assert engine.world.key not in history


async def failure(engine: Engine, workflow: WorkflowHandle[Any, Any]) -> ApplicationError:
    with pytest.raises(WorkflowFailureError) as caught:
        await engine.result(workflow)
    assert isinstance(caught.value.cause, ApplicationError)
    assert engine.world.key not in await engine.history(workflow)
    return caught.value.cause


async def test_an_invalid_input_is_not_retried(make_engine: Make, samples: Path) -> None:
    engine = await make_engine(**SOON)
    engine.start_worker()
    media = {"audio": str(samples / "face.mp4"), "video": str(samples / "face.mp4")}
    error = await failure(engine, await engine.start(media=media))
    assert error.type == "invalid_input"
    assert "audio" in error.message
    assert (engine.charges(), engine.requests("presign")) == (0, 0)


async def test_a_failed_job_ends_with_its_code_and_its_id(make_engine: Make) -> None:
    engine = await make_engine(jobs=[{"timeline": [{"failed": "100ms"}]}])
    engine.start_worker()
    error = await failure(engine, await engine.start())
    assert error.type == "job_failed"
    assert error.details[0]["job_id"] == engine.world.jobs()[0]["id"]
    assert len(engine.world.jobs()) == 1


async def test_a_rejected_submit_is_sent_again_by_the_workflow(make_engine: Make) -> None:
    faults = [{"at": "submit", "nth": [1, 2], "do": {"status": 429}}]
    engine = await make_engine(**SOON, faults=faults)
    engine.start_worker()
    await engine.result(await engine.start())
    assert engine.charges() == 1


async def test_missing_credits_are_not_retried(make_engine: Make) -> None:
    engine = await make_engine(**SOON, faults=[{"at": "submit", "do": {"status": 402}}])
    engine.start_worker()
    error = await failure(engine, await engine.start())
    assert error.type == "insufficient_credits"
    assert engine.requests("submit") == 1


async def test_a_job_that_was_paid_for_is_only_fetched(make_engine: Make) -> None:
    engine = await make_engine(**SOON)
    engine.start_worker()
    first = await engine.result(await engine.start(path=None))
    assert first.path is None
    handle = await engine.temporal.start_workflow(
        "viseme_job",
        engine.job(job_id=first.job_id),
        id=f"{engine.queue}-again",
        task_queue=engine.queue,
    )
    await engine.result(handle)
    assert engine.output().stat().st_size > 0
    assert engine.charges() == 1


async def test_a_cancellation_in_the_wait_ends_the_workflow_and_names_the_job(
    make_engine: Make,
) -> None:
    engine = await make_engine(jobs=[{"timeline": [{"processing": "0s"}, {"completed": "1h"}]}])
    engine.start_worker()
    workflow = await engine.start()
    await engine.until(lambda: engine.requests("poll"), "the first poll")
    await workflow.cancel()
    with pytest.raises(WorkflowFailureError) as caught:
        await engine.result(workflow)
    assert isinstance(caught.value.cause, CancelledError)
    state = await workflow.query("viseme_state", result_type=JobState)
    assert state.job_id == engine.world.jobs()[0]["id"]


async def test_a_cancellation_between_submits_ends_the_workflow(make_engine: Make) -> None:
    engine = await make_engine(**SOON, faults=[{"at": "submit", "do": {"status": 429}}])
    engine.start_worker()
    workflow = await engine.start()
    await engine.until(lambda: engine.requests("submit") > 3, "several submits")
    await workflow.cancel()
    with pytest.raises(WorkflowFailureError) as caught:
        await engine.result(workflow)
    assert isinstance(caught.value.cause, CancelledError)
    assert engine.charges() == 0


async def test_a_cancellation_in_the_post_waits_for_the_id_of_the_job(make_engine: Make) -> None:
    slow = {"at": "submit", "nth": 1, "when": "after_accept", "do": {"delay": "2s"}}
    engine = await make_engine(**SOON, faults=[slow])
    engine.start_worker()
    workflow = await engine.start(timing=TIMING)
    await engine.until(engine.charges, "the POST")
    await workflow.cancel()
    with pytest.raises(WorkflowFailureError) as caught:
        await engine.result(workflow)
    assert isinstance(caught.value.cause, CancelledError)
    state = await workflow.query("viseme_state", result_type=JobState)
    assert state.job_id == engine.world.jobs()[0]["id"]
    assert engine.charges() == 1
