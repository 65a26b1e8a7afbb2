"""The service in a process of its own, in front of the mock server."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from helpers import Program, Programs, free_port, wait_until
from viseme_mock import World

SERVICE = Path(__file__).parents[1]
CLIP = {
    "id": "order-7/clip-1",
    "audio": "https://media.example/voice.mp3",
    "video": "https://media.example/face.mp4",
}
QUICK = {"jobs": [{"timeline": [{"processing": "0s"}, {"completed": "300ms"}]}]}


class Service:
    """A service that can be stopped and started again."""

    def __init__(self, world: World, programs: Programs, folder: Path) -> None:
        self.world = world
        self._programs = programs
        self._folder = folder
        self.start()

    def start(self) -> None:
        # Another program may take the port before the service does.
        for _ in range(5):
            self.url = f"http://127.0.0.1:{free_port()}"
            self.program = self._start()
            wait_until(lambda: self._answers() or self._has_ended(), "the service starts")
            if not self._has_ended():
                return
        raise AssertionError(self.program.output)

    def _start(self) -> Program:
        environment = {
            "WAVESPEED_BASE_URL": self.world.url,
            "WAVESPEED_API_KEY": self.world.key,
            "LEDGER": str(self._folder / "ledger.db"),
            "PUBLIC_URL": self.url,
        }
        port = self.url.rpartition(":")[2]
        command = [sys.executable, "-m", "uvicorn", "service:app", "--port", port]
        return self._programs.start(command, environment=environment, folder=SERVICE)

    def _answers(self) -> bool:
        try:
            return self.get("clips/none").status_code == 404
        except httpx.TransportError:
            return False

    def _has_ended(self) -> bool:
        return self.program.process.poll() is not None

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"{self.url}/{path}", timeout=120)

    def submit(self, timeout: float = 120, **more: object) -> httpx.Response:
        return httpx.post(f"{self.url}/clips", json={**CLIP, **more}, timeout=timeout)

    def completed(self) -> dict[str, Any] | None:
        state: dict[str, Any] = self.get(f"clips/{CLIP['id']}").json()
        return state if state.get("status") == "completed" else None


@pytest.fixture
def start_service(
    make_world: Callable[..., World], programs: Programs, tmp_path: Path
) -> Callable[..., Service]:
    """Start the service; the arguments are those of a scenario."""
    return lambda **scenario: Service(make_world(**scenario), programs, tmp_path)


def test_uploads_are_submitted_and_a_webhook_arrives(
    start_service: Callable[..., Service], samples: Path
) -> None:
    service = start_service(**QUICK)
    urls = {}
    for kind, name in (("audio", "voice.mp3"), ("video", "face.mp4")):
        content = (samples / name).read_bytes()
        answer = httpx.put(f"{service.url}/media/{name}", content=content, timeout=120)
        urls[kind] = answer.json()["url"]
    assert service.submit(**urls).status_code == 202
    state = wait_until(service.completed, "the clip is ready")
    assert state is not None
    assert state["output"].startswith(service.world.url)

    def webhook() -> dict[str, Any] | None:
        found = service.world.request("GET", f"/worlds/{service.world.id}/webhooks")
        return next(iter(found), None)

    wait_until(webhook, "a webhook is sent")
    wait_until(lambda: "204 No Content" in service.program.output, "the webhook is accepted")
    forged = httpx.post(f"{service.url}/hook", json={"id": state["job_id"], "status": "failed"})
    assert forged.status_code == 400


def test_the_same_clip_is_not_paid_for_again(start_service: Callable[..., Service]) -> None:
    service = start_service(**QUICK)
    jobs = {service.submit().json()["job_id"] for _ in range(3)}
    assert len(jobs) == 1
    assert len(service.world.ledger()["charges"]) == 1


def test_only_urls_are_media(start_service: Callable[..., Service]) -> None:
    service = start_service(**QUICK)
    for value in ("/etc/passwd", "file:///etc/passwd", "service.py"):
        assert service.submit(audio=value).status_code == 422
    assert service.world.jobs() == []


def test_an_end_during_a_submit_loses_nothing(start_service: Callable[..., Service]) -> None:
    slow = {"at": "submit", "nth": 1, "when": "after_accept", "do": {"delay": "5s"}}
    service = start_service(**QUICK, faults=[slow])
    with pytest.raises(httpx.ReadTimeout):
        service.submit(timeout=2)
    wait_until(service.world.jobs, "the POST is accepted")
    service.program.terminate()
    service.program.wait()
    service.start()
    wait_until(service.completed, "the clip is ready")
    assert len(service.world.ledger()["charges"]) == 1
    history = [it for it in service.world.journal() if it["kind"] == "history"]
    assert history == [], "the submit was finished, not searched for"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory in /proc")
def test_an_upload_is_not_held_in_memory(
    start_service: Callable[..., Service], samples: Path
) -> None:
    service = start_service(**QUICK)
    size = 95 * 1024 * 1024

    def video() -> Iterator[bytes]:
        yield (samples / "face.mp4").read_bytes()
        # A box that readers of MP4 skip.
        yield (size + 8).to_bytes(4, "big") + b"free"
        for _ in range(size // 65_536):
            yield bytes(65_536)

    before = peak_memory(service.program.pid)
    answer = httpx.put(f"{service.url}/media/face.mp4", content=video(), timeout=300)
    assert answer.status_code == 200, answer.text
    grown = peak_memory(service.program.pid) - before
    assert grown < size // 2, f"{grown} bytes"


def peak_memory(pid: int) -> int:
    """Return the most memory that a process has used, in bytes."""
    status = Path(os.sep, "proc", str(pid), "status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024
