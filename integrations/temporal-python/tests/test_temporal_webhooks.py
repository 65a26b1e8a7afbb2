"""A webhook ends the wait; polling is the fall-back."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue

import pytest
import viseme
from temporal_engine import TIMING, Engine
from viseme_temporal import complete_from_webhook

from helpers import TIMEOUT

Make = Callable[..., Awaitable[Engine]]
Delivered = tuple[str, dict[str, str], bytes]

JOBS = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "1s"}]}]}


class Receiver:
    """An HTTP server that keeps what it gets."""

    def __init__(self) -> None:
        self.deliveries: SimpleQueue[Delivered] = SimpleQueue()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.deliveries.put((self.path, dict(self.headers), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Write nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?tenant=a"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever)
    thread.start()
    yield receiver
    receiver.server.shutdown()
    receiver.server.server_close()
    thread.join()


async def test_a_webhook_ends_the_wait_with_a_single_poll(
    make_engine: Make, receiver: Receiver
) -> None:
    engine = await make_engine(**JOBS)
    engine.start_worker()
    timing = replace(TIMING, webhook_wait=3600)
    workflow = await engine.start(path=None, webhook=receiver.url, timing=timing)
    path, headers, body = await asyncio.to_thread(receiver.deliveries.get, True, TIMEOUT)
    assert engine.requests("poll") == 0
    async with viseme.AsyncClient(**engine.world.settings) as client:
        delivery = await client.receive_webhook(headers, body)
    job_id = delivery.prediction.id
    # Another job, and a workflow that does not exist, change nothing.
    assert await complete_from_webhook(engine.temporal, path, "another")
    assert not await complete_from_webhook(engine.temporal, "/hook?viseme_workflow=none", job_id)
    gone = path.replace(engine.queue, "gone")
    assert not await complete_from_webhook(engine.temporal, gone, job_id)
    assert await complete_from_webhook(engine.temporal, path, job_id)
    result = await engine.result(workflow)
    assert result.job_id == job_id
    assert engine.requests("poll") == 1


async def test_without_a_delivery_the_workflow_polls(make_engine: Make) -> None:
    engine = await make_engine(**JOBS)
    engine.start_worker()
    timing = replace(TIMING, webhook_wait=0.5)
    workflow = await engine.start(webhook="http://127.0.0.1:9/hook", timing=timing)
    await engine.result(workflow)
    assert engine.output().stat().st_size > 0
