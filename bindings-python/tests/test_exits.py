"""Exits in numbers: no exit of an interpreter aborts, hangs or prints, whatever runs meanwhile.

An abort at the exit needs a thread that enters the interpreter in its last milliseconds, so that a
single exit proves nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import settings
from helpers import run
from viseme_mock import World

# How often each program exits, in turns in these modes.
EXITS = int(os.environ.get("VISEME_EXITS", "6"))
MODES = (("-X", "faulthandler"), ("-X", "dev", "-W", "error"))

# Threads and tasks that start jobs until the interpreter ends, at a random moment of a job.
START = """
import logging, random
client = viseme.Client(**SETTINGS)
first = threading.Event()

def job(*listener):
    client.run(GIVEN, **dict(zip(["on_update"], listener)))
    first.set()

def jobs(*listener):
    while True:
        job(*listener)

def in_threads(target, *arguments):
    for _ in range(4):
        threading.Thread(target=target, args=arguments, daemon=True).start()

async def quiet():
    # With -X dev, asyncio reports slow steps, which a busy machine has.
    asyncio.get_running_loop().slow_callback_duration = 1e9

async def async_jobs(count):
    await quiet()
    async with viseme.AsyncClient(**SETTINGS) as client:
        async def repeat():
            while True:
                await client.run(GIVEN)
                first.set()
        tasks = [asyncio.create_task(repeat()) for _ in range(4)]
        for task in tasks:
            # A task may start one more job before the loop ends. The closed client refuses it, and
            # asyncio prints an exception that nobody asked for.
            task.add_done_callback(lambda task: task.cancelled() or task.exception())
        await count(tasks)

async def forever(tasks):
    await asyncio.gather(*tasks)

async def until_first(tasks):
    while not first.is_set():
        await asyncio.sleep(0.01)

class ToDescriptor(logging.Handler):
    # Writing releases the GIL, so that the exit can end a thread in the middle of it. A file of
    # Python has a lock that a fork may leave locked.
    target = os.open(os.devnull, os.O_WRONLY)

    def __init__(self, delay):
        super().__init__()
        self.delay = delay

    def emit(self, record):
        time.sleep(self.delay)
        os.write(self.target, self.format(record).encode())

def log_everything(delay=0):
    logging.basicConfig(level=1, handlers=[ToDescriptor(delay)])

def exit_soon():
    first.wait()
    time.sleep(random.random() * 0.03)
    print("over", flush=True)
"""

PROGRAMS = {
    "finished": "job()\nexit_soon()",
    "finished_async": """
async def main():
    await quiet()
    async with viseme.AsyncClient(**SETTINGS) as client:
        await client.run(GIVEN)
asyncio.run(main())
print("over")
""",
    "threads": "in_threads(jobs)\nexit_soon()",
    "listeners": "in_threads(jobs, lambda update: time.sleep(0))\nexit_soon()",
    "logs": "log_everything()\nin_threads(jobs)\nexit_soon()",
    "slow_logs": "log_everything(0.005)\nin_threads(jobs)\nexit_soon()",
    "logs_async": """
log_everything()
in_threads(lambda: asyncio.run(async_jobs(forever)))
exit_soon()
""",
    "tasks": "asyncio.run(async_jobs(until_first))\nexit_soon()",
    "loops": "in_threads(lambda: asyncio.run(async_jobs(forever)))\nexit_soon()",
    "many": """
def many():
    for result in client.run_many([GIVEN] * 100, limit=8):
        first.set()
in_threads(many)
exit_soon()
""",
    "before_the_hook": """
# Called before the hook of the package.
import atexit
atexit.register(in_threads, jobs)
job()
exit_soon()
""",
    "after_the_hook": """
# Called after the hook of the package, as if it had been registered before the import.
import atexit
def late():
    in_threads(jobs)
    try:
        asyncio.run(async_jobs(forever))
    except viseme.ConfigError as error:
        assert "exiting" in str(error), error
    else:
        os._exit(11)
atexit.unregister(viseme._native.shut_down)
atexit.register(late)
atexit.register(viseme._native.shut_down)
first.set()
exit_soon()
""",
}

FORKED = """
log_everything()
in_threads(jobs)
first.wait()
for _ in range(4):
    pid = os.fork()
    if pid == 0:
        client = viseme.Client(**SETTINGS)
        job()
        in_threads(jobs)
        time.sleep(random.random() * 0.03)
        sys.exit(0)
    status = os.waitpid(pid, 0)[1]
    assert status == 0, status
exit_soon()
"""


def exits(world: World, code: str) -> None:
    given = settings(world)
    with ThreadPoolExecutor(2) as pool:
        ends = pool.map(lambda nth: run(START + code, given, MODES[nth % 2]), range(EXITS))
        assert list(ends) == [("over\n", "")] * EXITS


@pytest.fixture
def short(make_world: Callable[..., World]) -> World:
    """A world whose jobs end within a few polls."""
    return make_world(jobs=[{"timeline": [{"processing": "0s"}, {"completed": "20ms"}]}])


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_interpreter_exits_in_silence(short: World, program: str) -> None:
    exits(short, PROGRAMS[program])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_forked_children_and_their_parent_exit_in_silence(short: World) -> None:
    exits(short, FORKED)
