"""The notebook runs from top to bottom, offline."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, SAMPLES
from nbclient import NotebookClient

NOTEBOOK = ROOT / "docs" / "notebooks" / "lipsync.ipynb"


@pytest.mark.filterwarnings("default")
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = os.environ.get("VISEME_MOCK_PROGRAM", ROOT / "target" / "debug" / "viseme-mock")
    monkeypatch.setenv("VISEME_MOCK_PROGRAM", str(program))
    monkeypatch.setenv("VISEME_SAMPLES", str(SAMPLES))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "bindings-python" / "mock" / "python"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # What is kept in the repository holds no results.
    assert not any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = str([cell.get("outputs") for cell in notebook.cells])
    assert shown.count("<video src=") == 2
    assert "jobs were charged" in shown
    kept = os.environ.get("VISEME_KEEP_NOTEBOOK")
    if kept is not None:
        nbformat.write(notebook, kept)
