"""The package as a user gets it: its wheel, its README, its exits, and old histories."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from temporal_engine import TESTS, Engine
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from viseme_temporal import BatchWorkflow, JobWorkflow

from helpers import Programs

Make = Callable[..., Awaitable[Engine]]

SOON = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}
PACKAGE = TESTS.parent
HISTORIES = sorted((TESTS / "histories").glob("*.json"))
EXITS = int(os.environ.get("TEMPORAL_EXITS", "12"))

# An abort needs an exit in the moment in which a thread of Temporal's client ends a request.
# Without the pause of viseme_temporal, about one in eight of these exits aborts or crashes, also if
# only temporalio is imported: https://github.com/temporalio/sdk-python/issues/300
EXIT = """
import asyncio, sys
import viseme, viseme_temporal
from temporalio.client import Client
from temporalio.service import RPCError

async def main():
    temporal = await Client.connect(sys.argv[1])
    try:
        await temporal.get_workflow_handle("no workflow has this id").describe()
    except RPCError:
        print("over")

asyncio.run(main())
"""


def test_the_wheel_has_its_types_and_licences(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(tmp_path)]
    subprocess.run([*pip, *offline, str(PACKAGE)], check=True)
    (wheel,) = tmp_path.glob("viseme_temporal-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    sources = {f"viseme_temporal/{it.name}" for it in (PACKAGE / "src/viseme_temporal").iterdir()}
    assert sources - {"viseme_temporal/__pycache__"} <= set(names)
    assert {it.rsplit("/", 1)[-1] for it in names} >= {"LICENSE-MIT", "LICENSE-APACHE", "METADATA"}


async def test_the_example_of_the_readme_works(
    make_engine: Make, programs: Programs, samples: Path, tmp_path: Path
) -> None:
    engine = await make_engine(**SOON)
    blocks = re.findall(r"```python\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    worker, start = (
        next(it for it in blocks if it.startswith(f"# {name}")) for name in ("worker", "start")
    )
    # The tests share a server.
    for name, text in (("worker.py", worker), ("start.py", start)):
        (tmp_path / name).write_text(text.replace('"lip-sync"', repr(engine.queue)))
    for name in ("voice.mp3", "face.mp4"):
        shutil.copy(samples / name, tmp_path)
    environment = engine.environment
    programs.start([sys.executable, "worker.py"], environment=environment, folder=tmp_path)
    program = programs.start([sys.executable, "start.py"], environment=environment, folder=tmp_path)
    await engine.until(lambda: program.process.poll() is not None, "the program ends")
    assert program.output == "out.mp4\n"
    assert (tmp_path / "out.mp4").stat().st_size > 0
    assert engine.charges() == 1


@pytest.mark.parametrize("history", HISTORIES, ids=[it.stem for it in HISTORIES])
async def test_workflows_of_earlier_versions_continue(history: Path) -> None:
    replayer = Replayer(workflows=[JobWorkflow, BatchWorkflow])
    text = await asyncio.to_thread(history.read_text)
    started = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]
    await replayer.replay_workflow(WorkflowHistory.from_json(started["workflowId"], text))


async def test_programs_exit_in_silence(make_engine: Make) -> None:
    engine = await make_engine()
    environment = {**os.environ, **engine.environment}

    def end(_: int) -> tuple[int, str]:
        command = [sys.executable, "-X", "faulthandler", "-c", EXIT, engine.address]
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        return ended.returncode, ended.stdout + ended.stderr

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(end, range(EXITS))) == [(0, "over\n")] * EXITS
