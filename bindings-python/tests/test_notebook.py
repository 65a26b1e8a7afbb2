"""The notebooks run from top to bottom, offline."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pytest
from conftest import QUICK, ROOT, SAMPLES
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from viseme_mock import World

NOTEBOOKS = ROOT / "docs" / "notebooks"
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], NotebookClient]:
    """Read a notebook, which runs in a temporary folder."""
    program = os.environ.get("VISEME_MOCK_PROGRAM", ROOT / "target" / "debug" / "viseme-mock")
    monkeypatch.setenv("VISEME_MOCK_PROGRAM", str(program))
    monkeypatch.setenv("VISEME_SAMPLES", str(SAMPLES))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "bindings-python" / "mock" / "python"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))

    def read(name: str) -> NotebookClient:
        notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
        # What is kept in the repository holds no results.
        assert not any(cell.get("outputs") for cell in notebook.cells)
        resources = {"metadata": {"path": str(tmp_path)}}
        # A batch whose kernel died during a submit searches for that job for two minutes.
        return NotebookClient(notebook, timeout=400, resources=resources)

    return read


def shown(client: NotebookClient) -> str:
    """Return what a notebook shows, and keep the notebook if that is wanted."""
    kept = os.environ.get("VISEME_KEEP_NOTEBOOK")
    if kept is not None:
        nbformat.write(client.nb, kept)
    return str([cell.get("outputs") for cell in client.nb.cells])


def test_the_notebook_runs(read: Callable[[str], NotebookClient]) -> None:
    client = read("lipsync.ipynb")
    client.execute()
    text = shown(client)
    assert text.count("<video src=") == 2
    assert "jobs were charged" in text


def test_the_batch_continues_after_the_kernel_died(
    read: Callable[[str], NotebookClient],
    make_world: Callable[..., World],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = make_world(**QUICK)
    monkeypatch.setenv("WAVESPEED_BASE_URL", world.url)
    monkeypatch.setenv("WAVESPEED_API_KEY", world.key)

    def charges() -> int:
        return len(world.ledger()["charges"])

    killed = read("batch.ipynb")

    def kill_half_way() -> None:
        deadline = time.monotonic() + 100
        while charges() < 12 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(killed.km.provisioner.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_half_way)
    killer.start()
    with pytest.raises(DeadKernelError):
        killed.execute()
    killer.join()
    assert 12 <= charges() < 28

    client = read("batch.ipynb")
    client.execute()
    text = shown(client)
    assert "28 done, 2 refused; $1.96" in text
    assert "missing.mp3" not in text
    assert "missing.mp4" in text
    assert text.count("<video src=") == 3
    ledger = world.ledger()
    assert (len(ledger["charges"]), ledger["orphaned"], ledger["duplicates"]) == (28, 0, 0)
