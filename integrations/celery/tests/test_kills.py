"""What one clip costs if something dies or fails: the recipe beside a POST in a retrying task."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
import viseme
from celery.result import AsyncResult
from pipeline import Pipeline, children

from helpers import wait_until

SOON = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}
# The first job takes longer.
LATER = {
    "jobs": [
        {"match": {"nth": 1}, "timeline": [{"processing": "0s"}, {"completed": "4s"}]},
        *SOON["jobs"],
    ]
}
NO_ANSWER = {"at": "submit", "nth": 1, "when": "after_accept", "do": "silence"}

both = pytest.mark.parametrize(("recipe", "charges"), [("clips", 1), ("naive", 2)])
Make = Callable[..., Pipeline]


def check(pipeline: Pipeline, recipe: str, charges: int) -> None:
    if recipe == "naive":
        # On a slow machine, the time limits of the test may end a further attempt.
        assert pipeline.charges() >= charges
    else:
        assert pipeline.charges() == charges
        assert pipeline.output().stat().st_size > 0
        ledger = pipeline.world.ledger()
        assert (ledger["orphaned"], ledger["duplicates"]) == (0, 0)


@both
def test_a_worker_process_is_killed_after_the_post(
    make_pipeline: Make, recipe: str, charges: int
) -> None:
    pipeline = make_pipeline(**SOON, faults=[NO_ANSWER])
    worker = pipeline.start_worker(recipe)
    task = pipeline.send(recipe)
    wait_until(pipeline.charges, "the POST")
    for child in children(worker):
        os.kill(child, signal.SIGKILL)
    pipeline.result(task)
    check(pipeline, recipe, charges)


@both
def test_a_machine_dies_after_the_post(make_pipeline: Make, recipe: str, charges: int) -> None:
    pipeline = make_pipeline(**SOON, faults=[NO_ANSWER])
    worker = pipeline.start_worker(recipe)
    task = pipeline.send(recipe)
    wait_until(pipeline.charges, "the POST")
    worker.kill()
    pipeline.start_worker(recipe, visibility_timeout=5)
    pipeline.result(task)
    check(pipeline, recipe, charges)


@both
def test_a_machine_dies_in_the_wait(make_pipeline: Make, recipe: str, charges: int) -> None:
    pipeline = make_pipeline(**LATER)
    worker = pipeline.start_worker(recipe)
    task = pipeline.send(recipe)
    wait_until(lambda: pipeline.requests("poll"), "the first poll")
    worker.kill()
    pipeline.start_worker(recipe, visibility_timeout=5)
    pipeline.result(task)
    check(pipeline, recipe, charges)


@both
@pytest.mark.parametrize("fault", [{"status": 503}, "reset"], ids=["503", "reset"])
def test_the_response_of_an_accepted_post_is_lost(
    make_pipeline: Make, recipe: str, charges: int, fault: object
) -> None:
    lost = {"at": "submit", "nth": 1, "when": "after_accept", "do": fault}
    pipeline = make_pipeline(**SOON, faults=[lost])
    pipeline.start_worker(recipe)
    pipeline.result(pipeline.send(recipe))
    check(pipeline, recipe, charges)


@both
def test_a_soft_time_limit_ends_the_task_after_the_post(
    make_pipeline: Make, recipe: str, charges: int
) -> None:
    pipeline = make_pipeline(**SOON, faults=[NO_ANSWER])
    pipeline.start_worker(recipe, soft_time_limit=3)
    pipeline.result(pipeline.send(recipe))
    check(pipeline, recipe, charges)


@both
def test_the_visibility_timeout_is_shorter_than_the_post(
    make_pipeline: Make, recipe: str, charges: int
) -> None:
    slow = {"at": "submit", "nth": 1, "do": {"delay": "6s"}}
    pipeline = make_pipeline(**SOON, faults=[slow])
    pipeline.start_worker(recipe, concurrency=2, visibility_timeout=2)
    pipeline.result(pipeline.send(recipe))
    check(pipeline, recipe, charges)


@pytest.mark.parametrize("recipe", ["clips", "naive"])
def test_a_warm_shutdown_ends_the_task_first(make_pipeline: Make, recipe: str) -> None:
    pipeline = make_pipeline(**LATER)
    worker = pipeline.start_worker(recipe)
    task = pipeline.send(recipe)
    wait_until(lambda: pipeline.requests("poll"), "the first poll")
    worker.terminate()
    assert worker.wait() == 0
    assert task.successful()
    assert pipeline.charges() == 1
    check(pipeline, recipe, 1)


def test_a_submit_that_was_never_accepted_is_sent_again_once_its_key_is_given_up(
    make_pipeline: Make,
) -> None:
    pipeline = make_pipeline(**SOON, faults=[{"at": "submit", "nth": 1, "do": {"status": 503}}])
    pipeline.start_worker("clips")
    task = pipeline.send("clips")
    submit = task.parent
    assert isinstance(submit, AsyncResult)
    wait_until(lambda: submit.state == "RETRY", "a retry")
    assert pipeline.charges() == 0
    with viseme.Client(**pipeline.world.settings, ledger=pipeline.ledger) as client:
        (open_submit,) = client.ledger.submits(state="sent")
        assert open_submit.key == "clip-1"
        client.ledger.give_up("clip-1")
    pipeline.result(task)
    check(pipeline, "clips", 1)
