"""The official Python client through `viseme record`: the results are the same, without secrets."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

from viseme_mock import World

from helpers import Program, Programs, wait_until

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = Path(__file__).with_name("official.py")
TIMELINE = [{"created": "0s"}, {"processing": "1s"}, {"completed": "6s"}]


def recorder_url(recorder: Program) -> str:
    """Return the URL in the first line, once it is there."""
    wait_until(lambda: "\n" in recorder.output, "the recorder starts")
    return str(json.loads(recorder.output.splitlines()[0])["url"])


def test_the_official_client_gets_the_same_and_no_secret_is_written(
    make_world: Callable[..., World], programs: Programs, samples: Path, tmp_path: Path
) -> None:
    world = make_world(jobs=[{"timeline": TIMELINE}])
    program = os.environ.get("VISEME_PROGRAM", ROOT / "target" / "debug" / "viseme")
    folder = tmp_path / "recording"
    recorder = programs.start(
        [program, "record", "--json", "--keep-media", "--out", folder],
        environment={"WAVESPEED_BASE_URL": world.url},
    )
    hashes = []
    for base in (world.url, recorder_url(recorder)):
        client = programs.start([sys.executable, SCRIPT, base, world.key, samples])
        assert client.wait() == 0, client.output
        (output,) = json.loads(client.output.splitlines()[-1])
        assert output.startswith(base)
        with urllib.request.urlopen(output) as response:
            hashes.append(hashlib.sha256(response.read()).hexdigest())
    assert hashes[0] == hashes[1]
    recorder.terminate()
    assert recorder.wait() == 0, recorder.output
    summary = json.loads(recorder.output.splitlines()[-1])
    states = [job["states"] for job in summary["jobs"]]
    assert states == [["created", "processing", "completed"]]

    queries = [urllib.parse.parse_qs(exchange["query"]) for exchange in world.journal()]
    signatures = [value for query in queries for value in query.get("signature", [])]
    assert len(signatures) == 4
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 3, "the recording, the video and the voice"
    for path in files:
        written = path.read_bytes()
        for secret in (world.key, *signatures):
            assert secret.encode() not in written, path
