"""Processes, threads, signals and event loops. Most tests run a program of their own."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import viseme
from conftest import settings
from helpers import TIMEOUT, program, run
from viseme_mock import World


def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    end = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        time.sleep(0.02)


def polls(world: World) -> int:
    """Return the number of polls."""
    return sum(exchange["kind"] == "poll" for exchange in world.journal())


def assert_no_more_polls(world: World) -> None:
    # One may be under way; after it, none comes.
    time.sleep(0.3)
    before = polls(world)
    time.sleep(0.7)
    assert polls(world) == before


def test_ctrl_c_interrupts_a_blocking_call_at_once(endless: World) -> None:
    code = """
    try:
        viseme.Client(**SETTINGS).run(GIVEN)
    except KeyboardInterrupt:
        print(time.monotonic())
    """
    with program(code, settings(endless)) as process:
        until(lambda: polls(endless) > 1)
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=TIMEOUT)
        assert err == ""
        # 100 ms are promised; a busy machine gets some more.
        assert float(out) - sent < 1.0
    assert_no_more_polls(endless)


def test_signal_handlers_run_while_a_call_blocks(quick: World) -> None:
    code = """
    signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
    threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGUSR1)).start()
    print(viseme.Client(**SETTINGS).run(GIVEN).status)
    """
    out, _ = run(code, settings(quick, pacing=1.0))
    assert out.split() == ["handled", "completed"]


async def test_cancelling_a_task_stops_its_polls(
    endless: World, remote: viseme.AudioToVideo
) -> None:
    client = viseme.AsyncClient(**settings(endless))
    task = asyncio.create_task(client.run(remote))
    await asyncio.to_thread(until, lambda: polls(endless) > 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(assert_no_more_polls, endless)


async def test_wait_for_stops_the_polls(endless: World, remote: viseme.AudioToVideo) -> None:
    client = viseme.AsyncClient(**settings(endless))
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(client.run(remote), 0.5)
    await asyncio.to_thread(assert_no_more_polls, endless)


async def test_leaving_an_iteration_stops_its_polls(
    endless: World, remote: viseme.AudioToVideo
) -> None:
    client = viseme.AsyncClient(**settings(endless))
    job = await client.submit(remote)
    async with job.updates() as updates:
        async for _ in updates:
            break
    await asyncio.to_thread(assert_no_more_polls, endless)


def test_closing_the_client_ends_an_iteration_and_its_polls(
    endless: World, remote: viseme.AudioToVideo
) -> None:
    client = viseme.Client(**settings(endless))
    runs = iter(client.run_many([remote] * 3))
    threading.Timer(0.5, client.close).start()
    with pytest.raises(viseme.ConfigError):
        next(runs)
    del runs
    gc.collect()
    assert_no_more_polls(endless)


async def test_a_blocking_client_works_inside_a_running_loop(
    quick: World, remote: viseme.AudioToVideo
) -> None:
    assert viseme.Client(**settings(quick)).run(remote).status == "completed"


def test_a_blocking_call_releases_the_gil(quick: World, remote: viseme.AudioToVideo) -> None:
    client = viseme.Client(**settings(quick))
    steps = 0
    over = threading.Event()

    def count() -> None:
        nonlocal steps
        while not over.is_set():
            steps += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    try:
        client.run(remote)
    finally:
        over.set()
        counter.join()
    assert steps > 50


def test_threads_share_a_client(quick: World, remote: viseme.AudioToVideo) -> None:
    client = viseme.Client(**settings(quick))
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(client.run(remote).status)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["completed"] * 8
    assert len(quick.ledger()["charges"]) == 8


def test_one_client_serves_several_event_loops(quick: World) -> None:
    code = """
    client = viseme.AsyncClient(**SETTINGS)
    async def main():
        return (await client.run(GIVEN)).status
    print(asyncio.run(main()), asyncio.run(main()))
    found = []
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(main()))) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print(*found)
    """
    out, err = run(code, settings(quick))
    assert out.split() == ["completed"] * 5
    assert err == ""


@pytest.mark.parametrize(
    "code",
    [
        "threading.Thread(target=lambda: client.run(GIVEN), daemon=True).start()",
        "iterator = iter(client.run_many([GIVEN] * 20)); "
        "threading.Thread(target=lambda: next(iterator), daemon=True).start()",
        """
async def main():
    client = viseme.AsyncClient(**SETTINGS)
    tasks = [asyncio.create_task(client.run(GIVEN)) for _ in range(20)]
    await asyncio.sleep(0.5)
asyncio.run(main())
        """,
        """
async def main():
    client = viseme.AsyncClient(**SETTINGS)
    results = client.run_many([GIVEN] * 20)
    task = asyncio.ensure_future(anext(results))
    await asyncio.sleep(0.5)
asyncio.run(main())
        """,
    ],
    ids=["thread", "many", "tasks", "many-tasks"],
)
def test_the_interpreter_exits_with_running_jobs(endless: World, code: str) -> None:
    start = "client = viseme.Client(**SETTINGS)\n"
    end = "\ntime.sleep(0.5)\nprint('over')"
    out, err = run(start + code.strip() + end, settings(endless))
    assert out.split() == ["over"]
    assert err == ""
    assert polls(endless) > 0
    assert_no_more_polls(endless)


def test_event_loops_that_end_with_running_jobs_print_nothing(endless: World) -> None:
    code = """
    client = viseme.AsyncClient(**SETTINGS)
    async def main():
        tasks = [asyncio.create_task(client.run(GIVEN)) for _ in range(5)]
        await asyncio.sleep(0.01)
    for _ in range(40):
        asyncio.run(main())
    print("over")
    """
    out, err = run(code, settings(endless))
    assert out.split() == ["over"]
    assert err == ""


FORK = """
client = viseme.Client(**SETTINGS)
assert client.run(GIVEN).status == "completed"
job = client.submit(GIVEN)

def child():
    for call in (lambda: client.run(GIVEN), job.wait, client.balance):
        try:
            call()
        except viseme.ConfigError as error:
            assert "fork" in str(error), error
        else:
            os._exit(11)
    if viseme.Client(**SETTINGS).run(GIVEN).status != "completed":
        os._exit(12)
    async def main():
        async with viseme.AsyncClient(**SETTINGS) as client:
            return await client.run(GIVEN)
    if asyncio.run(main()).status != "completed":
        os._exit(13)

for _ in range(3):
    pid = os.fork()
    if pid == 0:
        child()
        # The usual end, with everything that is torn down then.
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
# The parent is as it was.
assert client.run(GIVEN).status == "completed"
print("over")
"""


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="there is no fork here")
def test_a_fork_raises_in_the_child_and_leaves_the_parent_intact(quick: World) -> None:
    out, err = run(FORK, settings(quick))
    assert out.split() == ["over"]
    assert err == ""


def test_logs_never_contain_the_key(quick: World, remote: viseme.AudioToVideo, caplog: Any) -> None:
    caplog.set_level(1, logger="viseme")
    viseme.Client(**settings(quick)).run(remote)
    shown = "\n".join(f"{one.name} {one.getMessage()} {vars(one)}" for one in caplog.records)
    assert "viseme" in shown
    assert len(caplog.records) > 3
    assert quick.key not in shown


def test_nothing_is_logged_by_default(
    quick: World, remote: viseme.AudioToVideo, caplog: Any
) -> None:
    viseme.Client(**settings(quick)).run(remote)
    assert [one for one in caplog.records if one.name.startswith("viseme")] == []


def test_progress_bars_show_runs_downloads_and_many_runs(
    quick: World, lips: viseme.AudioToVideo, capfd: Any, tmp_path: Any
) -> None:
    client = viseme.Client(**settings(quick))
    client.run(lips, progress=True).save(tmp_path / "a.mp4", progress=True)
    assert all(result.ok for result in client.run_many([lips] * 2, progress=True))
    shown = capfd.readouterr().err
    assert "completed" in shown
    assert "downloading" in shown
    assert "2/2" in shown
