"""What ends a call early names the jobs that continue at the service."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import Callable

import pytest
import viseme
from conftest import settings
from helpers import TIMEOUT, program
from viseme_mock import World

# A submit whose response does not come while a test runs.
SILENT = {"faults": [{"at": "submit", "when": "after_accept", "do": "silence"}]}
FAST_THEN_ENDLESS = {
    "jobs": [
        {"match": {"nth": 1}, "timeline": [{"completed": "50ms"}]},
        {"timeline": [{"processing": "0s"}]},
    ]
}

INTERRUPTED = """
import logging
logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
client = viseme.Client(**SETTINGS)
def on_progress(event, index=None):
    if event.event == "submitted":
        print(event.job_id, flush=True)
try:
    {call}
except KeyboardInterrupt as error:
    notes = getattr(error, "__notes__", [])
    print(json.dumps([error.job_id, error.job_ids, notes]), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
@pytest.mark.parametrize(
    "call",
    [
        "client.run(GIVEN, on_progress=on_progress)",
        "list(client.run_many([GIVEN], on_progress=on_progress))",
        "job = client.submit(GIVEN); print(job.id, flush=True); job.wait()",
        "job = client.submit(GIVEN); print(job.id, flush=True); list(job.updates())",
    ],
)
def test_ctrl_c_names_the_job(endless: World, call: str) -> None:
    with program(INTERRUPTED.format(call=call), settings(endless)) as process:
        assert process.stdout is not None
        job_id = process.stdout.readline().strip()
        # It waits by now.
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
    found, ids, notes = json.loads(out)
    assert found == job_id
    assert ids == [job_id]
    assert f"viseme WARNING The call ended early. The job {job_id} continues" in err
    if sys.version_info >= (3, 11):
        assert notes == [
            f"The job {job_id} continues at the service: client.job('{job_id}').wait() waits for "
            "it again."
        ]


async def submitted_job(world: World) -> str:
    """Wait for the first job of a world, and return its id."""
    await until(lambda: world.ledger()["charges"])
    return str(world.ledger()["charges"][0]["job_id"])


async def until(holds: Callable[[], object]) -> None:
    """Wait until a condition holds, and until its responses are here."""
    while not holds():  # noqa: ASYNC110 - the mock server is another process
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)


async def test_a_timeout_of_asyncio_names_the_job(
    endless: World, remote: viseme.AudioToVideo, caplog: pytest.LogCaptureFixture
) -> None:
    async with viseme.AsyncClient(**settings(endless)) as client:
        with pytest.raises(asyncio.TimeoutError) as caught:
            await asyncio.wait_for(client.run(remote), 1)
    job_id = await submitted_job(endless)
    cancelled = caught.value.__cause__
    assert isinstance(cancelled, asyncio.CancelledError)
    assert vars(cancelled)["job_id"] == job_id
    assert vars(cancelled)["job_ids"] == (job_id,)
    [record] = [it for it in caplog.records if it.name == "viseme"]
    assert record.levelno == logging.WARNING
    assert job_id in record.getMessage()


async def test_a_cancelled_task_names_the_job(endless: World, remote: viseme.AudioToVideo) -> None:
    async with viseme.AsyncClient(**settings(endless)) as client:
        task = asyncio.create_task(client.run(remote))
        job_id = await submitted_job(endless)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        assert vars(caught.value)["job_id"] == job_id

        async def wait() -> None:
            await client.job(job_id).wait()

        task2 = asyncio.create_task(wait())
        await asyncio.sleep(0.2)
        task2.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task2
        assert vars(caught.value)["job_id"] == job_id


async def test_a_cancelled_run_many_names_all_open_jobs(
    make_world: Callable[..., World], remote: viseme.AudioToVideo
) -> None:
    world = make_world(**FAST_THEN_ENDLESS)
    finished: list[str] = []

    async def run(client: viseme.AsyncClient) -> None:
        async for result in client.run_many([remote] * 3):
            finished.append(result.unwrap().id)

    async with viseme.AsyncClient(**settings(world)) as client:
        task = asyncio.create_task(run(client))
        await until(lambda: finished and len(world.ledger()["charges"]) == 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
    charged = {charge["job_id"] for charge in world.ledger()["charges"]}
    assert set(vars(caught.value)["job_ids"]) == charged - set(finished)
    assert len(charged) == 3


def test_leaving_the_loop_of_run_many_logs_the_open_jobs(
    make_world: Callable[..., World],
    remote: viseme.AudioToVideo,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = make_world(**FAST_THEN_ENDLESS)
    client = viseme.Client(**settings(world))
    with client.run_many([remote] * 3) as results:
        first = next(results).unwrap()
        while len(world.ledger()["charges"]) < 3:
            time.sleep(0.02)
        time.sleep(0.3)
    [record] = [it for it in caplog.records if it.name == "viseme"]
    open_jobs = {charge["job_id"] for charge in world.ledger()["charges"]} - {first.id}
    assert all(job in record.getMessage() for job in open_jobs)
    assert first.id not in record.getMessage()


async def test_a_submit_without_a_response_leaves_its_record(
    make_world: Callable[..., World], remote: viseme.AudioToVideo
) -> None:
    world = make_world(**SILENT)
    async with viseme.AsyncClient(**settings(world)) as client:
        task = asyncio.create_task(client.run(remote))
        job_id = await submitted_job(world)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        left = vars(caught.value)
        assert left["job_id"] is None
        assert (await client.recover(left["records"][0])).id == job_id


async def test_a_closed_client_names_the_job(endless: World, remote: viseme.AudioToVideo) -> None:
    client = viseme.AsyncClient(**settings(endless))
    task = asyncio.create_task(client.run(remote))
    job_id = await submitted_job(endless)
    await client.aclose()
    with pytest.raises(viseme.ConfigError, match="closed") as caught:
        await task
    assert caught.value.job_id == job_id


async def test_a_call_that_ends_before_the_submit_names_nothing(
    endless: World, remote: viseme.AudioToVideo, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(event: object) -> None:
        if isinstance(event, viseme.Submitting):
            raise LookupError("mine")

    async with viseme.AsyncClient(**settings(endless)) as client:
        with pytest.raises(LookupError, match="mine") as caught:
            await client.run(remote, on_progress=refuse)
    assert not hasattr(caught.value, "job_id")
    assert caplog.records == []
    assert endless.ledger()["charges"] == []
