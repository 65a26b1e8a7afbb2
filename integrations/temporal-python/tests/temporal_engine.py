"""A server of Temporal, and the workers and workflows of one test."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import socket
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from temporal_naive import NaiveWorkflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import WorkflowIDReusePolicy
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Replayer
from viseme_mock import World
from viseme_temporal import BatchWorkflow, Job, JobWorkflow, Timing

from helpers import TIMEOUT, Program, Programs, free_port, wait_until

T = TypeVar("T")

TESTS = Path(__file__).parent
SAMPLES = Path(os.environ["VISEME_SAMPLES"])
# Of an event: who wrote it, and where.
MACHINE = {"identity", "stackTrace"}
MODEL = "kwaivgi/kling-lipsync/audio-to-video"
# A worker that is dead is found soon; a slow one is only thought to be dead.
TASK_TIMEOUT = timedelta(seconds=3)
TIMING = Timing(heartbeat_timeout=3, submit_timeout=60, recover_pauses=(1,), recover_for=600)


class TemporalServer:
    """Temporal's development server. Its state is in a file."""

    def __init__(self, programs: Programs, file: Path) -> None:
        self._programs = programs
        self._file = file
        # Another program may take a port first.
        for _ in range(5):
            self._port = free_port()
            if self.start():
                return
        raise AssertionError(self.program.output)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> bool:
        """Start it, again after a kill. Returns whether it listens."""
        words = ["server", "start-dev", "--headless", "--ip", "127.0.0.1", "--log-level", "error"]
        files = ["--port", str(self._port), "--db-filename", str(self._file)]
        program = os.environ["VISEME_TEMPORAL_PROGRAM"]
        self.program = self._programs.start([program, *words, *files])

        def started() -> bool:
            return "Server:" in self.program.output or self.program.process.poll() is not None

        wait_until(started, "Temporal starts")
        return self.program.process.poll() is None


def change_payloads(value: Any, change: Callable[[str], str]) -> Any:
    """Return events with the text of their payloads changed, and without machine and traces."""
    if isinstance(value, list):
        return [change_payloads(it, change) for it in value]
    if not isinstance(value, dict):
        return value
    changed = {key: change_payloads(it, change) for key, it in value.items() if key not in MACHINE}
    if "metadata" in value and isinstance(data := value.get("data"), str):
        changed["data"] = change(base64.b64decode(data).decode())
    return changed


class Engine:
    """The workers and the workflows of one test."""

    temporal: Client

    def __init__(
        self, programs: Programs, world: World, server: TemporalServer, queue: str, folder: Path
    ) -> None:
        self.world = world
        self.folder = folder / queue
        self.folder.mkdir()
        self.queue = queue
        self._programs = programs
        self._server = server

    async def connect(self) -> None:
        end = time.monotonic() + TIMEOUT
        while True:
            try:
                # Without metrics and logs of its own.
                runtime = Runtime(telemetry=TelemetryConfig())
                self.temporal = await Client.connect(self._server.address, runtime=runtime)
            except RuntimeError:
                assert time.monotonic() < end, self._server.program.output
                await asyncio.sleep(0.2)
            else:
                return

    @property
    def address(self) -> str:
        return self._server.address

    @property
    def environment(self) -> dict[str, str]:
        """The environment of programs."""
        return {
            "TEMPORAL_ADDRESS": self.address,
            "WAVESPEED_BASE_URL": self.world.url,
            "WAVESPEED_API_KEY": self.world.key,
            "PYTHONPATH": os.pathsep.join([str(TESTS.parent / "src"), str(TESTS)]),
        }

    def start_worker(self, die: str = "") -> Program:
        """Start a worker. It kills itself once at the point `die`."""
        environment = {**self.environment, "TASK_QUEUE": self.queue, "DIE": die}
        program = [sys.executable, "-X", "faulthandler", str(TESTS / "temporal_worker.py")]
        return self._programs.start(program, environment=environment)

    def job(self, name: str = "clip", **more: Any) -> Job:
        audio, video = f"https://media.example/{name}.mp3", "https://media.example/face.mp4"
        given = {
            "model": MODEL,
            "media": {"audio": audio, "video": video},
            "path": str(self.output(name)),
            "timing": TIMING,
        }
        return Job(**{**given, **more})

    async def start(self, recipe: str = "viseme", **more: Any) -> WorkflowHandle[Any, Any]:
        job = self.job(**more)
        workflow_id = f"{self.queue}-{recipe}"
        if recipe == "naive":
            return await self.temporal.start_workflow(
                "naive", job.media, id=workflow_id, task_queue=self.queue, task_timeout=TASK_TIMEOUT
            )
        return await self.temporal.start_workflow(
            JobWorkflow.run,
            job,
            id=workflow_id,
            task_queue=self.queue,
            task_timeout=TASK_TIMEOUT,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        )

    async def result(self, workflow: WorkflowHandle[Any, T]) -> T:
        """Return the result. A replay of the history must take the same steps."""
        result = await asyncio.wait_for(workflow.result(), TIMEOUT)
        replayer = Replayer(workflows=[JobWorkflow, BatchWorkflow, NaiveWorkflow])
        history = await workflow.fetch_history()
        await replayer.replay_workflow(history)
        if folder := os.environ.get("TEMPORAL_SAVE_HISTORIES"):
            self._save(json.loads(history.to_json()), Path(folder) / f"{workflow.id}.json")
        return result

    def _save(self, history: object, file: Path) -> None:
        """Save a history for the test of later versions, without paths of this machine."""

        def change(text: str) -> str:
            text = text.replace(str(SAMPLES), "/samples").replace(str(self.folder), "/results")
            return base64.b64encode(text.encode()).decode()

        text = json.dumps(change_payloads(history, change))
        file.write_text(re.sub(rf"\d+@{re.escape(socket.gethostname())}", "1@host", text) + "\n")

    async def until(self, condition: Callable[[], T], what: str) -> T:
        return await asyncio.to_thread(wait_until, condition, what)

    async def history(self, workflow: WorkflowHandle[Any, Any]) -> str:
        """Return the whole history as text, with its payloads."""
        history = (await workflow.fetch_history()).to_json()
        return history + json.dumps(change_payloads(json.loads(history), str))

    def output(self, name: str = "clip") -> Path:
        return self.folder / f"{name}.mp4"

    def charges(self) -> int:
        return len(self.world.ledger()["charges"])

    def has_charged(self, count: int) -> bool:
        return self.charges() >= count

    def requests(self, kind: str) -> int:
        return sum(it["kind"] == kind for it in self.world.journal())
